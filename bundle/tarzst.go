package bundle

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"
)

// The window bounds what a reader must hold and what each encoder costs us.
const zstdWindow = 1 << 20

func newZstd(w io.Writer) (*zstd.Encoder, error) {
	return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(zstdWindow))
}

type tarContainer struct {
	out    appendFile
	header *zstd.Encoder
}

func newTar(out appendFile) (container, error) {
	enc, err := newZstd(nil)
	return &tarContainer{out: out, header: enc}, err
}

func (t *tarContainer) codec(dst io.Writer) (codec, error) {
	enc, err := newZstd(dst)
	return &tarBody{enc}, err
}

// tarBody is a zstd frame that holds an entry's content and its padding.
type tarBody struct{ *zstd.Encoder }

func (b *tarBody) finish(plain int64) error {
	if pad := (tarBlock - plain%tarBlock) % tarBlock; pad > 0 {
		if _, err := b.Write(make([]byte, pad)); err != nil {
			return err
		}
	}
	return b.Close()
}

func (t *tarContainer) add(e Entry, _ uint32, body *overflow) error {
	raw, err := tarHeader(e)
	if err != nil {
		return err
	}
	head := t.header.EncodeAll(raw, nil)
	return t.out.append(int64(len(head))+body.size+room(e), func(w io.Writer) error {
		if _, err := w.Write(head); err != nil {
			return err
		}
		return body.copyTo(w)
	})
}

// room is what must stay free behind an entry: nothing behind those the reserve is for.
func room(e Entry) int64 {
	switch e.Path {
	case ManifestFile, SummaryFile, FindingsFile, ReportFile:
		return 0
	}
	return reserve
}

func tarHeader(e Entry) ([]byte, error) {
	record, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	err = tar.NewWriter(&buf).WriteHeader(&tar.Header{
		Typeflag:   tar.TypeReg,
		Format:     tar.FormatPAX,
		Name:       e.Path,
		Size:       e.Bytes,
		Mode:       0o600,
		ModTime:    e.Ended.Truncate(time.Second),
		PAXRecords: map[string]string{"comment": string(record)},
	})
	return buf.Bytes(), err
}

func (t *tarContainer) close() error {
	end := t.header.EncodeAll(make([]byte, 1024), nil) // two zero blocks
	err := t.out.append(0, func(w io.Writer) error { _, err := w.Write(end); return err })
	return firstError(err, t.header.Close(), t.out.close())
}
