package bundle

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"

	"casefile/bundle/format/budget"
)

// openZip uses the central directory where there is one, and else scans the
// local headers of a zip that was cut.
func openZip(f *input, size int64, most int, room *budget.Room) archive {
	if zr, err := readZip(f, size, most); err == nil {
		return &zipArchive{f: f, room: room, files: zr.File}
	}
	return &zipScan{f: f, room: room, r: bufio.NewReaderSize(f, 64<<10)}
}

type zipArchive struct {
	f     *input
	room  *budget.Room
	files []*zip.File
	open  io.ReadCloser
}

func (z *zipArchive) next() (string, []byte, io.Reader, int64, error) {
	if z.open != nil {
		z.open.Close()
		z.open = nil
	}
	for len(z.files) > 0 {
		h := z.files[0]
		z.files = z.files[1:]
		if strings.HasSuffix(h.Name, "/") {
			continue
		}
		r, err := h.Open()
		if err != nil {
			return h.Name, nil, &unreadable{err}, 0, nil
		}
		z.open = r
		return h.Name, zipRecord(h.Extra), z.room.Reader(r), int64(h.UncompressedSize64), nil
	}
	return "", nil, nil, 0, io.EOF
}

func (z *zipArchive) Close() error { return z.f.Close() }

// zipRecord finds our extra field.
func zipRecord(extra []byte) []byte {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if len(extra) < 4+n {
			return nil
		}
		if id == zipExtraID {
			return extra[4 : 4+n]
		}
		extra = extra[4+n:]
	}
	return nil
}

// zipScan reads local headers one after the other (APPNOTE 4.3.7). Our own
// bundles always state the sizes there.
type zipScan struct {
	f    *input
	room *budget.Room
	r    *bufio.Reader
	body *io.LimitedReader
}

func (z *zipScan) next() (string, []byte, io.Reader, int64, error) {
	fail := func(err error) (string, []byte, io.Reader, int64, error) {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return "", nil, nil, 0, err
	}
	if z.body != nil {
		if _, err := io.Copy(io.Discard, z.body); err != nil {
			return fail(err)
		}
		if z.body.N > 0 {
			return fail(io.ErrUnexpectedEOF)
		}
	}
	head := make([]byte, 30)
	if _, err := io.ReadFull(z.r, head); err != nil {
		return fail(err)
	}
	if bytes.HasPrefix(head, []byte("PK\x01\x02")) {
		return fail(io.ErrUnexpectedEOF) // all files are there, the cut went through the directory
	}
	if !bytes.HasPrefix(head, zipMagic) {
		return fail(errors.New("zip: local header expected"))
	}
	le := binary.LittleEndian
	if le.Uint16(head[6:])&8 != 0 {
		return fail(errors.New("zip: cut archive without sizes in its headers"))
	}
	packed, plain := int64(le.Uint32(head[18:])), int64(le.Uint32(head[22:]))
	names := make([]byte, int(le.Uint16(head[26:]))+int(le.Uint16(head[28:])))
	if _, err := io.ReadFull(z.r, names); err != nil {
		return fail(err)
	}
	name, extra := names[:le.Uint16(head[26:])], names[le.Uint16(head[26:]):]
	z.body = &io.LimitedReader{R: z.r, N: packed}
	var body io.Reader = z.body
	if le.Uint16(head[8:]) == zip.Deflate {
		body = flate.NewReader(z.body)
	}
	return string(name), zipRecord(extra), z.room.Reader(body), plain, nil
}

func (z *zipScan) Close() error { return z.f.Close() }

// unreadable stands for an entry that cannot be unpacked; those next to it can.
type unreadable struct{ err error }

func (u *unreadable) Read([]byte) (int, error) { return 0, u }

func (u *unreadable) Error() string { return u.err.Error() }
