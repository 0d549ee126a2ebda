package threads

import (
	"bytes"
	"slices"
	"time"
)

// body is the text of a thread between its header and the next line that is none of it, with what was read from it.
// Most threads of a series stand as they stood in the dump before, and those of a pool stand alike: comparing texts
// saves reading lines.
type body struct {
	text  string
	lines int // in text

	frames      []*sharedFrame
	locks       []Lock
	said        said
	owned, gap  bool
	stack       *Stack
	end, dumped int // last line of the thread, and of the dump: lines behind the header

	settled settled
	next    *body // the one that came after it
}

// said is what the lines below a header say of the state.
type said struct {
	stated   bool
	detailed bool
	state    State
	detail   string
}

// settled is what finishing a thread with that body made of a state.
type settled struct {
	known         bool
	format        Format
	state, to     State
	detail, toSay string
	locks         []Lock
}

const (
	longestBody = 32 << 10
	mostBodies  = 8 << 20 // bytes of text that are kept
)

// known is a thread of a source: how its header and its body stood last, and which thread came after it.
type known struct {
	Identity
	head headline
	body *body
	next *known
}

// headline is a header without what changes from dump to dump: CPU, times, bytes.
type headline struct {
	front, back string
	words       string
	state       State
}

// changing are the attributes that change. They stand next to one another.
var changing = [][]byte{[]byte(" cpu="), []byte(" elapsed="), []byte(" allocated="), []byte(" defined_classes=")}

// headlineOf splits a header of HotSpot.
func headlineOf(line []byte, words string, state State) (h headline, ok bool) {
	quote := bytes.LastIndexByte(line, '"')
	if quote <= 0 || bytes.Contains(line, []byte(" [reset ")) {
		return h, false
	}
	from := len(line)
	for _, c := range changing {
		if i := bytes.Index(line[quote:], c); i >= 0 {
			from = min(from, quote+i)
		}
	}
	to := len(line)
	if i := bytes.Index(line[from:], []byte(" tid=")); i >= 0 {
		to = from + i
	}
	return headline{string(line[:from]), string(line[to:]), words, state}, true
}

// counts are the attributes of a header that change; -1 absent.
type counts struct{ cpu, elapsed, allocated int64 }

// reads reads a header that is the same but for what changes.
func (h *headline) reads(line []byte) (c counts, ok bool) {
	c = counts{-1, -1, -1}
	n := len(line) - len(h.back)
	if len(h.front) == 0 || n < len(h.front) || string(line[:len(h.front)]) != h.front || string(line[n:]) != h.back {
		return c, false
	}
	for rest := trimFront(line[len(h.front):n]); len(rest) > 0; rest = trimFront(rest) {
		var word []byte
		if word, rest, _ = bytes.Cut(rest, []byte{' '}); !c.take(word) {
			return c, false
		}
	}
	return c, true
}

func (c *counts) take(word []byte) bool {
	key, val, _ := bytes.Cut(word, []byte{'='})
	switch string(key) {
	case "cpu":
		c.cpu = int64(duration(val))
	case "elapsed":
		c.elapsed = int64(duration(val))
	case "allocated":
		c.allocated = size(val)
	case "defined_classes":
	default:
		return false
	}
	return true
}

// expected gives the thread whose header comes next when it is the one that came next before.
func (in *interner) expected(line []byte) (*known, counts) {
	k := in.first
	if in.thread != nil {
		k = in.thread.next
	}
	if k == nil {
		return nil, counts{}
	}
	c, ok := k.head.reads(line)
	if !ok {
		return nil, c
	}
	return k, c
}

// came notes that a thread of the dump was read.
func (in *interner) came(k *known) {
	if in.thread != nil {
		in.thread.next = k
	} else {
		in.first = k
	}
	in.thread = k
}

// reopen opens a thread whose header is as it was.
func (h *hotspot) reopen(s *scan, k *known, c counts) {
	h.finish(s)
	h.phase, h.name.line = inThreads, 0
	t := s.newThread()
	t.Identity, h.t, h.known = &k.Identity, t, k
	t.CPU, t.Elapsed, t.Allocated = time.Duration(c.cpu), time.Duration(c.elapsed), c.allocated
	t.State, t.StateText = k.head.state, k.head.words
	h.follow(s)
}

// headed keeps a header that was read in full.
func (h *hotspot) headed(s *scan, line []byte) {
	k := h.known
	if _, same := k.head.reads(line); !same {
		k.head, _ = headlineOf(line, h.t.StateText, h.t.State)
	}
	h.follow(s)
}

// follow makes the lines below the header be compared with bodies at hand.
func (h *hotspot) follow(s *scan) {
	s.intern.came(h.known)
	h.body, h.at, h.dirty, s.fresh = h.known.body, s.in.n, false, h
}

// replay takes the lines below the header that was just read when they are those of a body at hand.
func (s *scan) replay() {
	h := s.fresh
	s.fresh = nil
	if h != s.format || h.t == nil {
		return
	}
	s.in.record(false)
	text := s.in.buffered()
	for _, b := range [...]*body{h.body, s.intern.body, s.intern.bodyAfter()} {
		if b != nil && len(text) > len(b.text) && text[len(b.text)] == '"' && string(text[:len(b.text)]) == b.text {
			s.stands(h, b)
			return
		}
	}
	h.body = nil
	s.in.record(true)
}

// stands puts what a body says into the thread of which the header was just read.
func (s *scan) stands(h *hotspot, b *body) {
	at := s.in.n
	s.in.skip(len(b.text), b.lines)
	h.body, h.replayed = b, b
	h.frames, h.locks = append(h.frames[:0], b.frames...), append(h.locks[:0], b.locks...)
	h.said, h.owned, h.gap = b.said, b.owned, b.gap
	if b.said.state != StateUnknown {
		h.t.State = b.said.state
	}
	if b.said.detailed {
		h.t.StateDetail = b.said.detail
	}
	h.t.EndLine, s.dump.EndLine = int32(at+b.end), at+b.dumped
	s.intern.stood(b)
}

func (in *interner) bodyAfter() *body {
	if in.body == nil {
		return nil
	}
	return in.body.next
}

// stood notes that a thread had that body.
func (in *interner) stood(b *body) {
	if in.body != nil {
		in.body.next = b
	}
	if in.body = b; len(b.frames) > 0 {
		in.last = b.frames[len(b.frames)-1]
	}
}

// keepBody keeps the text of the thread that ends before this line, unless other lines stood in it.
func (h *hotspot) keepBody(s *scan) {
	if h.at == 0 || h.known == nil {
		return
	}
	b := h.replayed
	if b == nil {
		if b = h.bodyRead(s); b != nil {
			s.intern.stood(b)
		}
	}
	h.known.body = b
	s.in.record(false)
}

func (h *hotspot) bodyRead(s *scan) *body {
	text, t, in := s.in.recorded(), h.t, s.intern
	if h.dirty || len(text) == 0 || len(text) > longestBody || len(s.prefix.shape) > 0 || t.Mounted != 0 || t.Virtual ||
		len(h.frames) >= s.opt.MaxDepth || len(h.locks) >= s.opt.MaxDepth {
		return nil
	}
	stack := in.stack(h.frames)
	if b := in.bodies[stack]; b != nil && b.text == string(text) {
		return b
	}
	if in.bodyBytes > mostBodies {
		return nil
	}
	b := &body{
		text: string(text), lines: s.in.n - 1 - h.at,
		frames: slices.Clone(h.frames), locks: slices.Clone(h.locks), said: h.said, owned: h.owned, gap: h.gap,
		stack: stack, end: int(t.EndLine) - h.at, dumped: s.dump.EndLine - h.at,
	}
	in.bodyBytes += len(text) + 8*len(b.frames) + 300
	in.bodies[stack] = b
	return b
}

// settle gives a thread what the same body came to before.
func (b *body) settle(t *Thread, f Format) bool {
	d := &b.settled
	if !d.known || d.format != f || d.state != t.State || d.detail != t.StateDetail || t.Mounted != 0 || t.Virtual {
		return false
	}
	t.Locks, t.State, t.StateDetail = d.locks, d.to, d.toSay
	return true
}
