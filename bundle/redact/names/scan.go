package names

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Found is a place of a name in a text.
type Found struct {
	Start, End int
	Kind       Kind
	As         string // what stands there from now on
}

// Rewriter replaces names in texts. It is used by one goroutine.
type Rewriter struct {
	set     *Set
	x       *index
	learn   bool // note what is found in set, and what words the evidence is made of
	line    []byte
	found   []Found
	mixed   bool // found is not in order
	inSQL   bool // a statement began on the line
	urlEnd  int  // where the last URL of the line ends
	words   map[uint64]bool
	out     []byte
	counts  [Kinds]int
	onFound func(offset int, kind Kind)
	decided [places]map[string]string // what stands for texts at places; empty: they stay
	ips     map[uint32]string         // the same by address
	public  map[string]bool           // authorities of URLs: of the makers of software
}

// Rewriter makes one for what the set knows by now.
func (s *Set) Rewriter() *Rewriter {
	return &Rewriter{set: s, x: s.compiled(), public: map[string]bool{}, ips: map[uint32]string{}}
}

// Learner makes one whose Text learns and changes nothing.
func (s *Set) Learner() *Rewriter {
	r := s.Rewriter()
	r.learn, r.words = true, map[uint64]bool{}
	return r
}

// Done hands what a learner found to its set.
func (r *Rewriter) Done() {
	if len(r.words) > 0 {
		r.set.sayWords(r.words)
		clear(r.words)
	}
}

// OnFound calls fn for each place in later texts, with its offset in the text.
func (r *Rewriter) OnFound(fn func(offset int, kind Kind)) { r.onFound = fn }

// Counts are the places replaced so far, by the name of their kind.
func (r *Rewriter) Counts() map[string]int {
	counts := map[string]int{}
	for k, n := range r.counts {
		if n > 0 {
			counts[Kind(k).String()] = n
		}
	}
	return counts
}

// Text returns b, of whole lines, with pseudonyms for names. The result is valid until the next call; it is b
// itself where nothing was found.
func (r *Rewriter) Text(b []byte) []byte {
	r.out = r.out[:0]
	done := 0 // of b, in out
	for at := 0; at < len(b); {
		end := len(b)
		if n := bytes.IndexByte(b[at:], '\n'); n >= 0 {
			end = at + n
		}
		for _, f := range r.Line(b[at:end]) {
			r.count(f.Kind, at+f.Start)
			if r.learn {
				continue
			}
			r.out = append(append(r.out, b[done:at+f.Start]...), f.As...)
			done = at + f.End
		}
		at = end + 1
	}
	if done == 0 {
		return b
	}
	r.out = append(r.out, b[done:]...)
	return r.out
}

func (r *Rewriter) count(kind Kind, offset int) {
	r.counts[kind]++
	if r.onFound != nil {
		r.onFound(offset, kind)
	}
}

// String is Text for one value.
func (r *Rewriter) String(s string) string {
	return string(r.Text([]byte(s)))
}

// Value is Text for one value whose name is known: of a property, a field, a label. An empty name says nothing.
func (r *Rewriter) Value(name, text string) string {
	if name == "" {
		return r.String(text)
	}
	prefix := name + "="
	if out := r.String(prefix + text); strings.HasPrefix(out, prefix) {
		return out[len(prefix):]
	}
	return r.String(text)
}

// Line finds the names in one line, in order and disjoint; valid until the next call.
func (r *Rewriter) Line(line []byte) []Found {
	r.line, r.found, r.mixed, r.inSQL, r.urlEnd = line, r.found[:0], false, false, 0
	if isFrame(line) {
		r.frameWords(line)
		return nil
	}
	r.leading()
	r.scan()
	if r.mixed {
		r.sort()
	}
	return r.found
}

func (r *Rewriter) add(start, end int, kind Kind, as string) {
	if start >= end || string(r.line[start:end]) == as {
		return
	}
	if n := len(r.found); n > 0 && start < r.found[n-1].End {
		r.mixed = true
	}
	r.found = append(r.found, Found{start, end, kind, as})
}

// sort puts what was found in order; of two that overlap the longer one counts.
func (r *Rewriter) sort() {
	slices.SortStableFunc(r.found, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start),
			cmp.Compare(b.End, a.End))
	})
	kept := r.found[:0]
	for _, f := range r.found {
		n := len(kept)
		switch {
		case n == 0 || f.Start >= kept[n-1].End:
			kept = append(kept, f)
		case f.End-f.Start > kept[n-1].End-kept[n-1].Start:
			kept[n-1] = f
		}
	}
	r.found = kept
}

// class of a byte: what a word consists of, and what asks for a closer look.
const (
	other uint8 = iota
	letter
	shape // a sign that stands in an address, a URL or a query
)

var classes = func() (c [256]uint8) {
	for i := range c {
		switch b := byte(i); {
		case isWord(b):
			c[i] = letter
		case b == '.' || b == ':' || b == '@' || b == '?' || b == '-' || b == ';':
			c[i] = shape
		}
	}
	return c
}()

var lowered = func() (l [256]uint8) {
	for i := range l {
		l[i] = lower(byte(i))
	}
	return l
}()

const (
	hashSeed  = 0xcbf29ce484222325
	hashPrime = 0x9e3779b97f4a7c15
	bitBits   = 15
)

// hash is that of a word in lower case.
func hash(word string) uint64 {
	h := uint64(hashSeed)
	for i := range len(word) {
		h = (h ^ uint64(lower(word[i]))) * hashPrime
	}
	return h
}

// scan looks at each word and sign of the line.
func (r *Rewriter) scan() {
	line, x := r.line, r.x
	word := -1 // start of the last word
	for at := 0; at < len(line); {
		switch classes[line[at]] {
		case letter:
			if line[at] == 'D' && at > 0 && line[at-1] == '-' && at+1 < len(line) &&
				classes[line[at+1]] == letter { // -Duser.name=x
				at++
			}
			word = at
			h := uint64(hashSeed)
			for at < len(line) && classes[line[at]] == letter {
				h = (h ^ uint64(lowered[line[at]])) * hashPrime
				at++
			}
			i := h >> (64 - bitBits)
			if x.bits[i/64]>>(i%64)&1 != 0 {
				at = max(at, r.word(word, at, h))
			}
			if word > 0 && line[word-1] == '.' && topBits[i/64]>>(i%64)&1 != 0 {
				if look := tops[h]; look != nil {
					at = max(at, look(r, word, at))
				}
			}
		case shape:
			at = max(at+1, r.sign(word, at))
		default:
			at++
		}
	}
}

// sign looks at a sign after the word that starts at word, and returns where to go on.
func (r *Rewriter) sign(word, at int) int {
	line := r.line
	if at+1 >= len(line) {
		return at
	}
	next := line[at+1]
	switch line[at] {
	case '.':
		if word >= 0 && isDigit(next) && isDigit(line[at-1]) && at-word <= 3 {
			return r.address4(word)
		}
	case ':':
		switch {
		case next == '/' || next == '\\':
			return r.url(word, at)
		case next == ':' || at > 0 && isHex(line[at-1]) && isHex(next):
			return r.colons(at)
		}
	case '-':
		if at >= 2 && isHex(line[at-1]) && isHex(next) {
			return r.hardware(at, '-')
		}
	case '@':
		return r.mail(at)
	case '?':
		if at > 0 && line[at-1] > ' ' && isLetter(next) {
			return r.query(at+1, false)
		}
	case ';':
		if at > 0 && line[at-1] > ' ' && isLetter(next) {
			return r.query(at+1, true)
		}
	}
	return at
}

// isFrame reports whether a line is a frame of a stack, or a monitor: at a.b.C.d(E.java:1), - locked <0x1> (a b.C).
func isFrame(line []byte) bool {
	at := 0
	for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
		at++
	}
	if len(line)-at < 4 {
		return false
	}
	switch {
	case line[at] == 'a' && line[at+1] == 't' && line[at+2] == ' ':
		open := bytes.IndexByte(line[at+3:], '(')
		return open > 0 && bytes.IndexByte(line[at+3:at+3+open], ' ') < 0
	case line[at] == '-' && line[at+1] == ' ':
		return bytes.Contains(line[at:], []byte("<0x"))
	}
	return false
}

// frameWords notes the words of a frame, and what their names in camel case consist of.
func (r *Rewriter) frameWords(line []byte) {
	if !r.learn || len(r.words) > maxWords {
		return
	}
	for at := 0; at < len(line); {
		if !isWord(line[at]) {
			at++
			continue
		}
		start := at
		h, part := uint64(hashSeed), uint64(hashSeed)
		for ; at < len(line) && isWord(line[at]); at++ {
			c := line[at]
			if at > start && (c >= 'A' && c <= 'Z') != (line[at-1] >= 'A' && line[at-1] <= 'Z') && c >= 'A' && c <= 'Z' {
				r.words[part] = true
				part = hashSeed
			}
			h = (h ^ uint64(lowered[c])) * hashPrime
			part = (part ^ uint64(lowered[c])) * hashPrime
		}
		r.words[h], r.words[part] = true, true
	}
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isHex(c byte) bool    { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) || c >= 0x80 }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}
