package bundle

import (
	"archive/zip"
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/flate"
)

// zipExtraID marks our extra field in zip headers.
const zipExtraID = 0xCA5E

type zipContainer struct {
	out appendFile
	zw  *zip.Writer
	// broken is set when an entry could not be written whole: zip.Writer already
	// counts it, so no directory is written and readers scan the local headers.
	broken error
}

func newZip(out appendFile) container {
	return &zipContainer{out: out, zw: zip.NewWriter(out.f)}
}

func (z *zipContainer) codec(dst *overflow) (codec, error) {
	w, err := flate.NewWriter(dst, flate.DefaultCompression)
	return &zipBody{w}, err
}

type zipBody struct{ *flate.Writer }

func (b *zipBody) finish(int64) error { return b.Close() }

func (z *zipContainer) add(e Entry, crc uint32, body stored) error {
	h, err := zipHeader(e, crc, body.length())
	if err != nil {
		return err
	}
	if z.broken != nil {
		return z.broken
	}
	need := body.length() + 2*int64(len(h.Name)+len(h.Extra)) + 128
	if err := z.out.room(need + room(e)); err != nil {
		return err
	}
	z.broken = z.out.append(0, func(io.Writer) error {
		w, err := z.zw.CreateRaw(h)
		if err != nil {
			return err
		}
		if err := body.copyTo(w); err != nil {
			return err
		}
		return z.zw.Flush()
	})
	return z.broken
}

func zipHeader(e Entry, crc uint32, packed int64) (*zip.FileHeader, error) {
	record, err := compact(e)
	if err != nil {
		return nil, err
	}
	extra := binary.LittleEndian.AppendUint16(nil, zipExtraID)
	extra = binary.LittleEndian.AppendUint16(extra, uint16(len(record)))
	h := &zip.FileHeader{
		Name: e.Path, Method: zip.Deflate, Modified: e.Ended, Extra: append(extra, record...),
		CRC32: crc, CompressedSize64: uint64(packed), UncompressedSize64: uint64(e.Bytes),
	}
	h.SetMode(0o600)
	return h, nil
}

func (z *zipContainer) close() error {
	err := z.broken
	if err == nil {
		err = z.out.append(0, func(io.Writer) error { return z.zw.Close() })
	}
	return firstError(err, z.out.close())
}
