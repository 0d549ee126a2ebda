package gclog

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"casefile/analyze/gc"
)

// front is what stands between the stamps of a line and its message, "[debug][gc,phases      ] ", and what it means. No
// field of it is a number, so that its text decides.
type front struct {
	text   string
	tags   tags
	level  int
	quiet  bool   // indented messages of a collection are detail, of heap tables unless they are of a known row
	silent bool   // so are others, unless a reader knows them
	next   *front // the one that came after it
}

// lead is all that stands before the message of a line: stamps, front and the number of a collection. Most lines have that
// of the line before.
type lead struct {
	text  []byte
	front *front // nil: there is none, or its stamps are no longer those of the line before
	id    uint32
}

// fronts are those of a log, which has few. Most lines have that of the line before, or the one that came next before.
type fronts struct {
	last *front
	seen [256]*front // by slot
}

// longestFront is more than any JVM writes: field names have three dozen bytes.
const longestFront = 160

// of gives the front that a text begins with; nil when it is not known.
func (hs *fronts) of(b []byte) *front {
	h := hs.last
	switch {
	case h == nil:
		return nil
	case has(b, h.text):
		return h
	case h.next != nil && has(b, h.next.text):
		hs.last = h.next
		return h.next
	}
	n := hs.seen[slot(b)]
	if n == nil || !has(b, n.text) {
		return nil
	}
	h.next, hs.last = n, n
	return n
}

func (hs *fronts) keep(text []byte, d decoration) {
	if len(text) > longestFront {
		return
	}
	const loud = tagStats | tagOther | tagNone // indented lines of these may say something
	h := &front{text: string(text), tags: d.tags, level: d.level, quiet: d.tags&tagGC != 0 && d.tags&loud == 0}
	h.silent = h.quiet && d.tags&tagSub != 0
	hs.seen[slot(text)], hs.last = h, h
}

// slot spreads fronts by their first two dozen bytes.
func slot(b []byte) uint8 {
	if len(b) < 24 {
		return uint8(len(b))
	}
	le := binary.LittleEndian
	x := le.Uint64(b) ^ bits.RotateLeft64(le.Uint64(b[8:]), 21) ^ bits.RotateLeft64(le.Uint64(b[16:]), 42)
	return uint8(x * 0x9e3779b97f4a7c15 >> 56)
}

// glanced takes a line of which a look at its front says what to do with it: at debug level most are. classify comes to the same.
func (p *parser) glanced(line []byte) (c class, ok bool) {
	switch p.format {
	case gc.FormatPreUnified:
		return p.legacyGlance(line)
	case gc.FormatUnified:
		return p.behindKnownFront(line)
	}
	return other, false
}

// behindKnownFront takes a line whose decorators are known but for the stamps. It stands in no envelope: a front follows its stamps at once.
func (p *parser) behindKnownFront(line []byte) (c class, ok bool) {
	u := &p.unified
	l := &u.ds.lead
	if u.settled && l.front != nil && bytes.HasPrefix(line, l.text) {
		if p.part.name != "" && p.part.news(l.id) {
			return other, false
		}
		return p.behind(l.front, line, len(l.text), l.id, true)
	}
	var d decoration
	b, fresh := u.afterStamps(&d, line)
	f := u.ds.fronts.of(b)
	if f == nil {
		return other, false
	}
	msg := b[len(f.text):]
	id, m, numbered := collectionOf(msg)
	if numbered && p.part.name != "" && p.part.news(id) {
		return other, false
	}
	if fresh {
		p.unifiedStamp(&d)
	}
	at := len(line) - len(m)
	if numbered && line[at-1] == ' ' {
		*l = lead{text: append(l.text[:0], line[:at]...), front: f, id: id}
	}
	return p.behind(f, line, at, id, numbered)
}

// afterStamps gives what follows the stamps of a line. fresh: they are not those of the line before, and were read into d.
func (u *unifiedState) afterStamps(d *decoration, line []byte) (b []byte, fresh bool) {
	if before := u.ds.before.text; u.settled && bytes.HasPrefix(line, before) {
		return line[len(before):], false
	}
	if b = u.ds.stamps(d, line); len(b) == len(line) {
		return nil, false
	}
	u.settled = false
	return b, true
}

// behind reads the message of a line, which begins at a byte of it, after a known front. Few say anything at debug level.
func (p *parser) behind(f *front, line []byte, at int, id uint32, numbered bool) (c class, ok bool) {
	m := line[at:]
	switch {
	case len(m) == 0:
		return detail, true
	case !f.quiet:
	case m[0] == ' ':
		if numbered && silentRow(f, m) {
			return detail, true
		}
	case f.silent && !maySet(m) && generationOf(m) == 0 && p.readerOf(m) == nil:
		return detail, true
	}
	u := &p.unified
	u.d, _ = u.ds.before.from(line)
	u.d.tags, u.d.level = f.tags, f.level
	if f.tags&tagOther != 0 {
		return p.otherTag(m), true
	}
	if c = p.messageOf(id, numbered, m); c == foreign {
		c = other
	}
	return c, true
}

// silentRow reports whether parser.indented has nothing to read in a message.
func silentRow(f *front, m []byte) bool {
	t := trimLeft(m)
	if len(t) == 0 {
		return false
	}
	switch t[0] {
	case 'R': // "Reference Processing"
		return false
	case 'L', 'A', 'P', 'C': // rows of parser.zRow
		return f.tags&tagHeap == 0
	}
	return true
}

// collectionOf reads "GC(12) " in front of a message.
func collectionOf(msg []byte) (id uint32, m []byte, ok bool) {
	if !has(msg, "GC(") {
		return 0, msg, false
	}
	n, r, ok := digits(msg[len("GC("):])
	if !ok || !has(r, ")") || n >= 1<<32 {
		return 0, msg, false
	}
	if m = r[1:]; len(m) > 0 && m[0] == ' ' {
		m = m[1:]
	}
	return uint32(n), m, true
}
