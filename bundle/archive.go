package bundle

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"

	"casefile/bundle/format/budget"
)

// maxWindow bounds the memory a hostile zstd frame can ask for.
const maxWindow = 32 << 20

// archive gives the files of a container one after the other. next returns
// io.EOF at a proper end and any other error where the container is cut or broken.
type archive interface {
	next() (name string, record []byte, body io.Reader, size int64, err error)
	Close() error
}

// openArchive tells a container by its first bytes. What comes out of it is
// counted against the budget of the context.
func openArchive(ctx context.Context, path string) (archive, Format, error) {
	switch st, err := os.Stat(path); {
	case err == nil && st.IsDir():
		a, err := openDir(ctx, path)
		return a, Dir, err
	case err == nil && !st.Mode().IsRegular():
		return nil, "", fmt.Errorf("%s: %w", path, ErrNotArchive) // to open a pipe may wait for ever
	}
	f, err := openInput(ctx, path)
	if err != nil {
		return nil, "", err
	}
	a, format, err := archiveIn(ctx, f, path)
	if err != nil {
		f.Close()
		return nil, "", err
	}
	if f.sealed {
		a = &sealedArchive{a, f}
	}
	return a, format, nil
}

// sealedArchive is one within a sealed file.
type sealedArchive struct {
	archive
	in *input
}

// archiveIn chooses the reader for what the file begins with. After an error the caller closes the file.
func archiveIn(ctx context.Context, f *input, path string) (archive, Format, error) {
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	head = head[:n]
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, "", err
	}
	room := budget.NewRoom(ctx, f.Size())
	switch {
	case n < 4 && (bytes.HasPrefix(zstdMagic, head) || bytes.HasPrefix(zipMagic, head)):
		return &emptyArchive{f}, TarZstd, nil
	case bytes.HasPrefix(head, zstdMagic):
		a, err := openTarZstd(f, room)
		return a, TarZstd, err
	case bytes.HasPrefix(head, zipMagic):
		return openZip(f, f.Size(), mostEntries(ctx), room), Zip, nil
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, "", err
		}
		return &tarArchive{f: f, room: room, tr: tar.NewReader(room.Reader(z))}, TarZstd, nil
	case budget.IsBzip2(head):
		return &tarArchive{f: f, room: room, tr: tar.NewReader(room.Reader(bzip2.NewReader(bufio.NewReader(f))))}, TarZstd, nil
	case budget.IsXZ(head):
		z, err := budget.NewXZ(f)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", path, err)
		}
		return &tarArchive{f: f, room: room, tr: tar.NewReader(room.Reader(z))}, TarZstd, nil
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return &tarArchive{f: f, room: room, tr: tar.NewReader(room.Reader(f))}, TarZstd, nil
	}
	return nil, "", fmt.Errorf("%s: %w", path, ErrNotArchive)
}

// ErrNotArchive says that a file is no tar.zst, tar, tar.gz, tar.xz, tar.bz2, zip or folder.
var ErrNotArchive = errors.New("not a bundle or archive")

// What the formats begin with.
var (
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
	zipMagic  = []byte("PK\x03\x04")
)

// mostEntries is how many entries a list is made for.
func mostEntries(ctx context.Context) int {
	if most := budget.From(ctx).MostEntries(); most >= 0 {
		return most
	}
	return math.MaxInt32
}

// emptyArchive is a bundle cut within its first bytes.
type emptyArchive struct{ f *input }

func (e *emptyArchive) next() (string, []byte, io.Reader, int64, error) {
	return "", nil, nil, 0, io.ErrUnexpectedEOF
}
func (e *emptyArchive) Close() error { return e.f.Close() }

type tarArchive struct {
	f    *input
	z    *zstd.Decoder
	room *budget.Room
	tr   *tar.Reader

	read *counted // nil: not a bundle of casefile
	end  int64    // of the last entry, in what was read; 0: there is none, or not one of ours
}

// counted counts what is read.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

const (
	tarBlock   = 512
	tarTrailer = 2 * tarBlock // of zeros, which end a whole tar; tar.Reader does not insist on them
)

func openTarZstd(f *input, room *budget.Room) (archive, error) {
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	in := &counted{r: room.Reader(z)}
	return &tarArchive{f: f, z: z, room: room, tr: tar.NewReader(in), read: in}, nil
}

func (t *tarArchive) next() (string, []byte, io.Reader, int64, error) {
	for {
		h, err := t.tr.Next()
		switch {
		case errors.Is(err, io.EOF) && t.end > 0 && t.read.n < t.end+tarTrailer:
			return "", nil, nil, 0, io.ErrUnexpectedEOF
		case err != nil:
			return "", nil, nil, 0, err
		}
		record := h.PAXRecords["comment"]
		if t.end = 0; record != "" && t.read != nil {
			t.end = t.read.n + (h.Size+tarBlock-1)/tarBlock*tarBlock
		}
		if h.Typeflag == tar.TypeReg {
			return h.Name, []byte(strings.TrimRight(record, " ")), t.body(h), h.Size, nil
		}
	}
}

// body counts what is made up: the holes of a sparse file are in no stream.
func (t *tarArchive) body(h *tar.Header) io.Reader {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return t.room.Reader(t.tr)
		}
	}
	return t.tr
}

func (t *tarArchive) Close() error {
	if t.z != nil {
		t.z.Close()
	}
	return t.f.Close()
}
