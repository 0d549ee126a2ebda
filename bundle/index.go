package bundle

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"

	"casefile/bundle/format/budget"
)

// The index is a skippable frame (RFC 8878, 3.1.2) behind the tar's end, so that one entry of a large bundle is read without
// those before it. Other tools pass over it, and a bundle without one, as a cut one is, is read from its beginning.
//
//	frame    magic 0x184D2A5C, length of the rest, 4 bytes each, little-endian
//	content  for each entry in order: how many bytes of the file its frame begins after that of the entry before it, 0 in
//	         the same frame; how many bytes of plain text before its header there. Unsigned LEB128 numbers.
//	end      length of the content, 4 bytes; "casefile"
const (
	indexMagic = 0x184D2A5C
	indexName  = "casefile"
	indexEnd   = 4 + len(indexName)
	maxIndex   = 4 << 20
)

// spot is where the header of an entry stands.
type spot struct {
	frame int64 // offset of its frame in the file
	plain int64 // bytes of plain text of that frame before it
}

// appendIndex adds the frame to b.
func appendIndex(b []byte, spots []spot) []byte {
	var content []byte
	var last spot
	for _, s := range spots {
		content = binary.AppendUvarint(content, uint64(s.frame-last.frame))
		content = binary.AppendUvarint(content, uint64(s.plain))
		last = s
	}
	if len(content) > maxIndex {
		return b
	}
	b = binary.LittleEndian.AppendUint32(b, indexMagic)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(content)+indexEnd))
	b = append(b, content...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(content)))
	return append(b, indexName...)
}

var errNoIndex = errors.New("no index")

// readIndex reads the index of a file of that size.
func readIndex(f io.ReaderAt, size int64) ([]spot, error) {
	end := make([]byte, indexEnd)
	if size < int64(len(end)) {
		return nil, errNoIndex
	}
	if _, err := f.ReadAt(end, size-int64(len(end))); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(end))
	if string(end[4:]) != indexName || n > maxIndex || n+8 > size-int64(indexEnd) {
		return nil, errNoIndex
	}
	b := make([]byte, 8+n)
	if _, err := f.ReadAt(b, size-int64(indexEnd)-int64(len(b))); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(b) != indexMagic || int64(binary.LittleEndian.Uint32(b[4:])) != n+int64(indexEnd) {
		return nil, errNoIndex
	}
	var spots []spot
	var last spot
	for b = b[8:]; len(b) > 0; {
		frame, i := binary.Uvarint(b)
		plain, j := binary.Uvarint(b[max(i, 0):])
		if i <= 0 || j <= 0 || frame > uint64(size-last.frame) || plain > 1<<62 {
			return nil, errNoIndex
		}
		last = spot{last.frame + int64(frame), int64(plain)}
		spots, b = append(spots, last), b[i+j:]
	}
	return spots, nil
}

// indexed gives single entries of a bundle by its index.
type indexed struct {
	f     *input
	room  *budget.Room
	spots []spot
}

// openIndexed opens a bundle that has an index; errNoIndex for any other file.
func openIndexed(ctx context.Context, path string) (*indexed, error) {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return nil, errNoIndex
	}
	f, err := openInput(ctx, path)
	if err != nil {
		return nil, err
	}
	head := make([]byte, len(zstdMagic))
	_, err = f.ReadAt(head, 0)
	var spots []spot
	if err == nil && f.cut == nil && bytes.Equal(head, zstdMagic) {
		spots, err = readIndex(f, f.Size())
	}
	if err != nil || len(spots) == 0 {
		f.Close()
		return nil, errNoIndex
	}
	return &indexed{f, budget.NewRoom(ctx, f.Size()), spots}, nil
}

func (x *indexed) Close() error { return x.f.Close() }

// entry gives entry i to visit.
func (x *indexed) entry(i int, visit func(Entry, io.Reader) error) error {
	at := x.spots[i]
	z, err := zstd.NewReader(bufio.NewReader(io.NewSectionReader(x.f, at.frame, 1<<62)),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return err
	}
	defer z.Close()
	in := x.room.Reader(z)
	if _, err := io.CopyN(io.Discard, in, at.plain); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	files := tar.NewReader(in)
	h, err := files.Next()
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	e, err := entryOf(h.Name, []byte(h.PAXRecords["comment"]), h.Size)
	if err != nil {
		return err
	}
	if h.Typeflag != tar.TypeReg || e.SHA256 == "" {
		return fmt.Errorf("index: %q is no recorded file", h.Name)
	}
	return visit(e, files)
}
