package bundle

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// errFrame is a stream that is no sequence of zstd frames.
var errFrame = errors.New("not a zstd frame")

// frame reads one zstd frame as it is, without decoding it (RFC 8878, 3.1.1: magic, frame header, blocks, checksum).
// io.EOF before its first byte is the end of the stream, and after its last that of the frame.
type frame struct {
	r    *bufio.Reader
	left int64 // bytes that it may take yet
	n    int64 // bytes read of it
	part int64 // what is left of its header, block or checksum
	// stage is what comes after that part.
	stage    func(*frame) error
	checksum bool
	whole    bool // read to its end
}

// newFrame reads the frame that is next in r; one longer than limit is an error.
func newFrame(r *bufio.Reader, limit int64) *frame {
	return &frame{r: r, left: limit, stage: (*frame).head}
}

func (f *frame) Read(p []byte) (int, error) {
	for f.part == 0 {
		if err := f.stage(f); err != nil {
			return 0, err
		}
		if f.n+f.part > f.left {
			return 0, fmt.Errorf("frame is longer than %d bytes", f.left)
		}
	}
	n, err := f.r.Read(p[:min(int64(len(p)), f.part)])
	f.n += int64(n)
	f.part -= int64(n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (f *frame) head() error {
	h, err := frameHeader(f.r)
	if err != nil {
		return err
	}
	f.part, f.checksum, f.stage = int64(h.length), h.checksum, (*frame).block
	return nil
}

func (f *frame) block() error {
	h, err := f.r.Peek(3)
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	v := uint32(h[0]) | uint32(h[1])<<8 | uint32(h[2])<<16
	size := int64(v >> 3)
	switch kind := v >> 1 & 3; kind {
	case 1: // RLE: one byte stands for all
		size = 1
	case 3:
		return fmt.Errorf("%w: reserved block type", errFrame)
	}
	f.part = 3 + size
	if v&1 == 1 {
		f.stage = (*frame).last
	}
	return nil
}

func (f *frame) last() error {
	if !f.checksum {
		f.whole = true
		return io.EOF
	}
	f.part, f.checksum = 4, false
	return nil
}

type frameHead struct {
	length   int
	checksum bool
}

// frameHeader looks at the header of the next frame without consuming it.
func frameHeader(r *bufio.Reader) (frameHead, error) {
	const most = 4 + 1 + 1 + 4 + 8
	b, err := r.Peek(most)
	if len(b) == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			return frameHead{}, io.EOF
		}
		return frameHead{}, err
	}
	if len(b) < 6 {
		return frameHead{}, io.ErrUnexpectedEOF
	}
	if binary.LittleEndian.Uint32(b) != binary.LittleEndian.Uint32(zstdMagic) {
		return frameHead{}, errFrame
	}
	d := b[4]
	single := d&0x20 != 0
	h := frameHead{length: 5, checksum: d&0x04 != 0}
	if !single {
		h.length++ // window descriptor
	}
	h.length += []int{0, 1, 2, 4}[d&3] // dictionary id
	content := []int{0, 2, 4, 8}[d>>6]
	if content == 0 && single {
		content = 1
	}
	h.length += content
	return h, nil
}
