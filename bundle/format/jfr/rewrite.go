package jfr

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Edit is another string in the place of a Text.
type Edit struct {
	start, end int
	to         string
}

// Edit makes one; the text may be of another length.
func (t *Text) Edit(to string) Edit { return Edit{t.start, t.end, to} }

// Rewrite returns the chunk with other strings. Sizes of events, distances between checkpoints and the offsets of
// the header are those of the new chunk; numbers, keys and the order of events stay. What comes after the last
// complete event is left out.
func (c *Chunk) Rewrite(edits []Edit) []byte {
	slices.SortFunc(edits, func(a, b Edit) int { return cmp.Compare(a.start, b.start) })
	w := rewriter{c: c, edits: edits, moved: map[int]int{}}
	w.out = make([]byte, 0, c.end+len(c.data)/16)
	w.out = append(w.out, c.data[:HeaderSize]...)
	for at := HeaderSize; at < c.end; {
		size, id, next := c.frame(at)
		w.event(at, size, id, next)
		at += size
	}
	return w.header()
}

type rewriter struct {
	c     *Chunk
	edits []Edit // still to come
	out   []byte
	moved map[int]int // new offsets of checkpoints and of the metadata, by their old ones
	body  []byte
}

// event copies one with its edits.
func (w *rewriter) event(at, size int, id int64, next int) {
	if id == checkpointID || id == metadataID {
		w.moved[at] = len(w.out)
	}
	head := w.c.sizeWidth(at)
	w.body = append(w.body[:0], w.c.data[at+head:next]...)
	done := next
	if id == checkpointID {
		done = w.distance(at, next)
	}
	for len(w.edits) > 0 && w.edits[0].start < at+size {
		e := w.edits[0]
		w.edits = w.edits[1:]
		if e.start < done {
			continue
		}
		w.body = append(w.body, w.c.data[done:e.start]...)
		w.body = w.c.appendText(w.body, e.to)
		done = e.end
	}
	w.body = append(w.body, w.c.data[done:at+size]...)
	w.out = w.c.appendSize(w.out, len(w.body), head)
	w.out = append(w.out, w.body...)
}

// distance copies start and duration of a checkpoint, and the distance to the one before it as it is now. It
// returns where in the old chunk what follows begins.
func (w *rewriter) distance(at, next int) int {
	d := decoder{b: w.c.data[:w.c.end], at: next, raw: !w.c.Compressed}
	d.int64()
	d.int64()
	before := d.at
	old := d.int64()
	to, known := w.moved[at+int(old)]
	if d.bad || old == 0 || !known {
		return next
	}
	w.body = append(w.body, w.c.data[next:before]...)
	now := uint64(int64(to - w.moved[at]))
	if d.raw {
		w.body = binary.BigEndian.AppendUint64(w.body, now)
	} else {
		w.body = appendVarint(w.body, now, d.at-before)
	}
	return d.at
}

// header completes the chunk's.
func (w *rewriter) header() []byte {
	place := func(at int, value int) { binary.BigEndian.PutUint64(w.out[at:], uint64(value)) }
	if binary.BigEndian.Uint64(w.out[8:]) != 0 {
		place(8, len(w.out))
	}
	for _, at := range []int{16, 24} {
		if to, known := w.moved[int(binary.BigEndian.Uint64(w.out[at:]))]; known {
			place(at, to)
		}
	}
	return w.out
}

// sizeWidth is how many bytes the size of the event at an offset takes.
func (c *Chunk) sizeWidth(at int) int {
	if !c.Compressed {
		return 4
	}
	_, next := uvarint(c.data, at)
	return next - at
}

// appendSize appends the size of an event: its own bytes and those of its body, in width bytes if they suffice.
func (c *Chunk) appendSize(out []byte, body, width int) []byte {
	if !c.Compressed {
		return binary.BigEndian.AppendUint32(out, uint32(body+4))
	}
	for body+width >= 1<<(7*width) {
		width = max(4, width+1) // as HotSpot has them: one byte, or four
	}
	return appendVarint(out, uint64(body+width), width)
}

// appendVarint appends a compressed integer in width bytes, or in more where they do not suffice.
func appendVarint(out []byte, v uint64, width int) []byte {
	for n := 1; ; n++ {
		switch {
		case n == 9:
			return append(out, byte(v))
		case v < 0x80 && n >= width:
			return append(out, byte(v))
		}
		out = append(out, byte(v)|0x80)
		v >>= 7
	}
}

// appendText appends a string in UTF-8.
func (c *Chunk) appendText(out []byte, text string) []byte {
	if text == "" {
		return append(out, stringEmpty)
	}
	out = append(out, stringUTF8)
	if c.Compressed {
		out = appendVarint(out, uint64(len(text)), 1)
	} else {
		out = binary.BigEndian.AppendUint32(out, uint32(len(text)))
	}
	return append(out, text...)
}
