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
//	content  for each entry in order, as unsigned LEB128 numbers: in the frame of the entry before it twice the number of tar
//	         blocks from there to its header; in another one 2n+1, where n is how many bytes of the file its frame begins
//	         after that of the entry before it, and then the number of blocks in it before the header
//	end      length of the content, 4 bytes; "casefil2"
//
// Earlier builds ended it with "casefile", and gave each entry two numbers: n as above, 0 in the same frame, and how many
// bytes of plain text of the frame are before its header.
const (
	indexMagic   = 0x184D2A5C
	indexName    = "casefil2"
	indexEarlier = "casefile"
	indexEnd     = 4 + len(indexName)
	maxIndex     = 4 << 20
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
		blocks := s.plain / tarBlock
		if s.frame == last.frame {
			content = binary.AppendUvarint(content, uint64(blocks-last.plain/tarBlock)<<1)
		} else {
			content = binary.AppendUvarint(content, uint64(s.frame-last.frame)<<1|1)
			content = binary.AppendUvarint(content, uint64(blocks))
		}
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
	next := map[string]func([]byte, spot) (spot, int){indexName: nextSpot, indexEarlier: nextSpotEarlier}[string(end[4:])]
	if next == nil || n > maxIndex || n+8 > size-int64(indexEnd) {
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
		to, used := next(b, last)
		if used <= 0 || to.frame < last.frame || to.frame > size || to.plain < 0 {
			return nil, errNoIndex
		}
		spots, last, b = append(spots, to), to, b[used:]
	}
	return spots, nil
}

// nextSpot reads that of the entry after last, and tells how many bytes it has; 0: it is none.
func nextSpot(b []byte, last spot) (spot, int) {
	v, i := binary.Uvarint(b)
	if i <= 0 || v>>1 > maxSpot {
		return spot{}, 0
	}
	if v&1 == 0 {
		return spot{last.frame, last.plain + int64(v>>1)*tarBlock}, i
	}
	blocks, j := binary.Uvarint(b[i:])
	if j <= 0 || blocks > maxSpot {
		return spot{}, 0
	}
	return spot{last.frame + int64(v>>1), int64(blocks) * tarBlock}, i + j
}

func nextSpotEarlier(b []byte, last spot) (spot, int) {
	frame, i := binary.Uvarint(b)
	plain, j := binary.Uvarint(b[max(i, 0):])
	if i <= 0 || j <= 0 || frame > maxSpot || plain > maxSpot {
		return spot{}, 0
	}
	return spot{last.frame + int64(frame), int64(plain)}, i + j
}

// maxSpot bounds the numbers of an index, so that their sums stay numbers.
const maxSpot = 1 << 50

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
