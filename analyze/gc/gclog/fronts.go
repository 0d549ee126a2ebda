package gclog

import (
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
	quiet  bool   // indented messages of a collection are detail
	silent bool   // so are others, unless a reader knows them
	next   *front // the one that came after it
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
	const loud = tagStats | tagHeap | tagOther | tagNone // indented lines of these may say something
	h := &front{text: string(text), tags: d.tags, level: d.level, quiet: d.tags&tagGC != 0 && d.tags&loud == 0}
	h.silent = h.quiet && d.tags&tagSub != 0 && (d.level == levelDebug || d.level == levelTrace)
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
		return detail, p.workerLine(line)
	case gc.FormatUnified:
		return p.behindKnownFront(line)
	}
	return other, false
}

// behindKnownFront takes a line of the same stamps as the one before, by what its decorators say.
func (p *parser) behindKnownFront(line []byte) (c class, ok bool) {
	u := &p.unified
	n := len(u.ds.before.text)
	if !u.settled || len(line) < n || string(line[:n]) != string(u.ds.before.text) {
		return other, false
	}
	f := u.ds.fronts.of(line[n:])
	if f == nil || !f.quiet {
		return other, false
	}
	id, m, numbered := collectionOf(line[n+len(f.text):])
	switch {
	case len(m) == 0 || numbered && p.part.name != "" && p.part.news(id):
		return other, false
	case m[0] == ' ':
		return detail, numbered && indentedDetail(m)
	case !f.silent || generationOf(m) != 0 || p.readerOf(m) != nil:
		return other, false
	}
	if c = p.setting(m); c == foreign {
		c = detail
	}
	return c, true
}

// indentedDetail reports whether parser.indented has nothing to read in a message.
func indentedDetail(m []byte) bool {
	t := trimLeft(m)
	return len(t) > 0 && len(t) < len(m) && t[0] != 'R' // "Reference Processing"
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
