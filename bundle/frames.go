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

// copyFrame copies one zstd frame from r to w as it is, without decoding it, and
// returns its length (RFC 8878, 3.1.1: magic, frame header, blocks, checksum).
// io.EOF at the start of a frame is the end of the stream; a frame longer than
// limit is an error.
func copyFrame(w io.Writer, r *bufio.Reader, limit int64) (int64, error) {
	head, err := frameHeader(r)
	if err != nil {
		return 0, err
	}
	c := &frameCopy{w: w, r: r, left: limit}
	c.copy(int64(head.length))
	for last := false; !last && c.err == nil; {
		var h [3]byte
		if _, c.err = io.ReadFull(r, h[:]); c.err != nil {
			break
		}
		v := uint32(h[0]) | uint32(h[1])<<8 | uint32(h[2])<<16
		last = v&1 == 1
		size := int64(v >> 3)
		switch kind := v >> 1 & 3; kind {
		case 1: // RLE: one byte stands for all
			size = 1
		case 3:
			c.err = fmt.Errorf("%w: reserved block type", errFrame)
		}
		c.write(h[:])
		c.copy(size)
	}
	if head.checksum {
		c.copy(4)
	}
	if errors.Is(c.err, io.EOF) {
		c.err = io.ErrUnexpectedEOF
	}
	return c.n, c.err
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

// frameCopy copies parts and keeps the first error.
type frameCopy struct {
	w    io.Writer
	r    io.Reader
	n    int64
	left int64
	err  error
}

func (c *frameCopy) copy(n int64) {
	if c.err != nil || n == 0 {
		return
	}
	if c.n+n > c.left {
		c.err = fmt.Errorf("frame is longer than %d bytes", c.left)
		return
	}
	var got int64
	got, c.err = io.CopyN(c.w, c.r, n)
	c.n += got
}

func (c *frameCopy) write(b []byte) {
	if c.err == nil {
		_, c.err = c.w.Write(b)
		c.n += int64(len(b))
	}
}
