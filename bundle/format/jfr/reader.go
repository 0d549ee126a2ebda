package jfr

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Limits bound what is read. Zero fields mean the default.
type Limits struct {
	ChunkBytes int // of one chunk in memory; default 512 MiB. JDKs write 12 MB by default
	Constants  int // indexed in one chunk; default 8 million
}

func (l Limits) withDefaults() Limits {
	if l.ChunkBytes <= 0 {
		l.ChunkBytes = 512 << 20
	}
	l.ChunkBytes = min(max(l.ChunkBytes, HeaderSize), 1<<30)
	if l.Constants <= 0 {
		l.Constants = 8 << 20
	}
	return l
}

// Reader reads the chunks of a recording, or of several after each other.
type Reader struct {
	// Skipped is how many bytes between chunks were none of a chunk.
	Skipped int64

	src    io.Reader
	lim    Limits
	buf    []byte // from the start of the current chunk
	offset int64  // of buf in the input
	used   int    // bytes of buf that the current chunk has
	begun  bool
	eof    error // what the source ended with, io.EOF usually
	chunk  Chunk
	types  typeCache
}

// NewReader reads from r, which is already unpacked.
func NewReader(r io.Reader, lim Limits) *Reader { return &Reader{src: r, lim: lim.withDefaults()} }

// Next returns the next chunk, which is valid until the next call, or io.EOF. ErrNotJFR: the input does not begin with a
// chunk. A *VersionError ends the reading. An error of the source is returned after the chunk that it cut.
func (r *Reader) Next() (*Chunk, error) {
	if err := r.advance(); err != nil {
		return nil, err
	}
	h, err := parseHeader(r.buf, r.offset)
	if err != nil {
		return nil, err
	}
	c := &r.chunk
	*c = Chunk{Header: h, Offset: r.offset, r: r, counts: c.counts, far: c.far, checkpoints: c.checkpoints[:0], pools: c.pools}
	if h.Finished() {
		r.finished(c)
	} else {
		r.open(c)
	}
	r.begun = true
	c.readTypes()
	return c, nil
}

// advance moves the start of the buffer to the next header.
func (r *Reader) advance() error {
	r.drop(r.used)
	r.used = 0
	for {
		if !r.fill(HeaderSize) && len(r.buf) < HeaderSize {
			return r.rest()
		}
		if isHeader(r.buf) || !r.begun {
			break
		}
		// Garbage: go on at the next thing that looks like a header.
		r.fill(min(len(r.buf)+64<<10, r.lim.ChunkBytes))
		skip := nextHeader(r.buf, true)
		if skip == 0 {
			skip = len(r.buf) - HeaderSize + 1
		}
		r.Skipped += int64(skip)
		r.drop(skip)
	}
	return nil
}

// rest is called with less than a header left.
func (r *Reader) rest() error {
	switch {
	case r.eof != nil && !errors.Is(r.eof, io.EOF) && !errors.Is(r.eof, io.ErrUnexpectedEOF):
		return fmt.Errorf("JFR recording, byte %d: %w", r.offset+int64(len(r.buf)), r.eof)
	case !r.begun && len(r.buf) > 0 && (len(r.buf) < 4 || string(r.buf[:4]) != magic):
		return fmt.Errorf("%w: it has %d bytes", ErrNotJFR, len(r.buf))
	}
	r.Skipped += int64(len(r.buf))
	r.drop(len(r.buf))
	return io.EOF
}

// finished reads a closed chunk, of which the header knows the size.
func (r *Reader) finished(c *Chunk) {
	size := c.Header.Size
	keep := min(size, int64(r.lim.ChunkBytes))
	r.fill(int(keep) + HeaderSize)
	whole := int64(len(r.buf)) >= keep
	r.used = int(min(keep, int64(len(r.buf))))
	c.data = r.buf[:r.used]
	next := nextHeader(r.buf[:min(len(r.buf), r.used+HeaderSize-1)], c.Compressed)
	if next > 0 { // the chunk was cut, and another one follows where it should go on
		c.data, r.used = c.data[:next], next
	}
	c.walk(nil)
	switch {
	case next > 0:
		c.cut(c.end, fmt.Sprintf("the chunk has %d bytes, another one begins after %d", size, next))
	case !whole:
		c.cut(c.end, fmt.Sprintf("the chunk has %d bytes, %d are there", size, r.used))
	case keep < size:
		c.cut(c.end, fmt.Sprintf("the chunk has %d bytes, more than the limit of %d", size, keep))
		r.discard(size - int64(len(r.buf)))
		r.used = int(min(size, int64(len(r.buf))))
	}
	if c.Cut != nil {
		c.Cut.Lost = size - int64(c.end)
	}
}

// open reads a chunk that was never closed: up to the next header, or the end.
func (r *Reader) open(c *Chunk) {
	c.walk(r.more)
	r.used = c.end
	if next := nextHeader(r.buf, c.Compressed); c.Cut != nil && next > 0 { // it may begin within what was taken for an event
		reason := c.Cut.Reason
		c.Cut, c.data, r.used = nil, r.buf[:next], next
		c.walk(nil)
		c.cut(c.end, reason)
	}
	c.cut(c.end, StillOpen)
	c.Cut.Open = true
}

// nextHeader is where another chunk begins; 0: nowhere. HotSpot writes copies of a chunk's header into it, as the constant of a
// type of its own: behind the key 1 and the length of an array of 68 bytes.
func nextHeader(b []byte, compressed bool) int {
	before := []byte{1, HeaderSize}
	if !compressed {
		before = []byte{1, 0, 0, 0, HeaderSize}
	}
	for at := 1; at+HeaderSize <= len(b); at++ {
		i := bytes.Index(b[at:], []byte(magic))
		if i < 0 {
			break
		}
		at += i
		if isHeader(b[at:]) && !bytes.HasSuffix(b[:at], before) {
			return at
		}
	}
	return 0
}

// more gives a walk at least n bytes of an open chunk if there are as many.
func (r *Reader) more(n int) []byte {
	if n > len(r.buf) && n <= r.lim.ChunkBytes {
		r.fill(min(max(n, len(r.buf)+1<<20), r.lim.ChunkBytes))
	}
	return r.buf
}

// fill reads until the buffer has n bytes; false: the input ended before.
func (r *Reader) fill(n int) bool {
	const step = 64 << 20 // a header may lie about its size
	for len(r.buf) < n && r.eof == nil {
		if cap(r.buf) < n {
			grown := make([]byte, len(r.buf), min(n, max(cap(r.buf)+cap(r.buf)/2, step)))
			copy(grown, r.buf)
			r.buf = grown
		}
		room := r.buf[len(r.buf):min(cap(r.buf), n)]
		got, err := io.ReadFull(r.src, room)
		r.buf = r.buf[:len(r.buf)+got]
		r.eof = err
	}
	return len(r.buf) >= n
}

func (r *Reader) drop(n int) {
	r.offset += int64(n)
	r.buf = r.buf[:copy(r.buf, r.buf[n:])]
}

// discard skips what is not kept of a chunk that is too large.
func (r *Reader) discard(n int64) {
	if n <= 0 {
		return
	}
	got, err := io.CopyN(io.Discard, r.src, n)
	r.offset += got
	if err != nil {
		r.eof = err
	}
}
