package gclog

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"casefile/bundle/format/charset"

	"github.com/klauspost/compress/zstd"
)

// zstdWindow bounds the memory of a zstd decoder; larger windows are refused.
const zstdWindow = 32 << 20

// plainText unpacks a log and gives it as UTF-8.
func plainText(r *bufio.Reader) (io.Reader, error) {
	plain, err := decompress(r)
	if err != nil {
		return nil, err
	}
	return charset.NewReader(plain), nil
}

// decompress looks at the first bytes and unpacks gzip, zstd and zip; anything else is passed through. Gzip members and
// the files of a zip follow one another as one stream.
func decompress(r *bufio.Reader) (io.Reader, error) {
	head, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		return z, nil
	case len(head) == 4 && binary.LittleEndian.Uint32(head) == 0xfd2fb528:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return z.IOReadCloser(), nil
	case len(head) == 4 && binary.LittleEndian.Uint32(head) == zipLocalHeader:
		return &zipStream{r: r}, nil
	}
	return r, nil
}

// zipStream reads a zip from the front, without its directory, so that a stream will do. Files that are stored with an
// unknown size cannot be read this way.
type zipStream struct {
	r    *bufio.Reader
	file io.Reader
	desc bool // a data descriptor follows the file
}

const (
	zipLocalHeader    = 0x04034b50
	zipDataDescriptor = 0x08074b50
)

// Read gives the bytes of all files, a line end between two of them.
func (z *zipStream) Read(b []byte) (int, error) {
	for {
		if z.file == nil {
			if err := z.next(); err != nil {
				return 0, err
			}
		}
		n, err := z.file.Read(b)
		if errors.Is(err, io.EOF) {
			if err := z.skipDescriptor(); err != nil {
				return n, err
			}
			z.file = nil
			if n == 0 && len(b) > 0 {
				b[0] = '\n'
				return 1, nil
			}
			return n, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// next opens the next file; io.EOF at the directory.
func (z *zipStream) next() error {
	var h [30]byte
	if _, err := io.ReadFull(z.r, h[:4]); err != nil {
		return io.EOF
	}
	if binary.LittleEndian.Uint32(h[:]) != zipLocalHeader {
		return io.EOF
	}
	if _, err := io.ReadFull(z.r, h[4:]); err != nil {
		return fmt.Errorf("zip: header: %w", err)
	}
	le := binary.LittleEndian
	flags, method, size := le.Uint16(h[6:]), le.Uint16(h[8:]), le.Uint32(h[18:])
	name := make([]byte, le.Uint16(h[26:]))
	if _, err := io.ReadFull(z.r, name); err != nil {
		return fmt.Errorf("zip: name: %w", err)
	}
	if _, err := z.r.Discard(int(le.Uint16(h[28:]))); err != nil {
		return fmt.Errorf("zip: %q: %w", name, err)
	}
	defer func() {
		if z.file != nil && notALog(string(name)) {
			z.file = &skipped{z.file}
		}
	}()
	z.desc = flags&8 != 0
	switch {
	case flags&1 != 0:
		return errors.New("zip: the file is encrypted")
	case method == 8:
		z.file = flate.NewReader(z.r)
	case method == 0 && !z.desc:
		z.file = io.LimitReader(z.r, int64(size))
	default:
		return fmt.Errorf("zip: compression method %d", method)
	}
	return nil
}

func (z *zipStream) skipDescriptor() error {
	if !z.desc {
		return nil
	}
	n := 12
	if h, err := z.r.Peek(4); err == nil && binary.LittleEndian.Uint32(h) == zipDataDescriptor {
		n = 16
	}
	if _, err := z.r.Discard(n); err != nil {
		return fmt.Errorf("zip: descriptor: %w", err)
	}
	return nil
}

// notALog tells of archive members that are never logs: what macOS adds.
func notALog(name string) bool {
	return strings.HasPrefix(name, "__MACOSX/") || strings.HasSuffix(name, "/.DS_Store") || strings.HasSuffix(name, "/")
}

// skipped reads a member to its end and gives none of it.
type skipped struct{ r io.Reader }

func (s *skipped) Read([]byte) (int, error) {
	if _, err := io.Copy(io.Discard, s.r); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

// ZipFiles lists the logs in a zip, for ParseFiles, which puts them into time order.
func ZipFiles(r io.ReaderAt, size int64) ([]File, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("zip: %w", err)
	}
	var out []File
	for _, f := range z.File {
		if !notALog(f.Name) {
			out = append(out, File{Name: f.Name, Open: f.Open})
		}
	}
	return out, nil
}
