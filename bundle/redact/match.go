package redact

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// matcher finds any of many values in one pass over a text. Long values are looked for in jumps (Wu and Manber, 1994), for
// short ones, over which a jump would be short too, every place is looked at. It is immutable.
type matcher struct {
	tables  []finder
	longest int // bytes of the longest value
}

// finder returns the first value at or after from, the longest one that starts there.
type finder interface {
	next(b []byte, from int) (match, bool)
}

// buckets are values by the hash of the last four of the first bytes, as many as the shortest of them has.
type buckets struct {
	heads map[uint32][]entry // longest value first
}

type entry struct {
	text  string
	value string // whose form the text is
	bare  bool   // letters or digits only: counts at a word boundary only
}

const (
	blockLen    = 4
	longWindow  = 14 // bytes: the shortest of the long values; most forms that encode each byte are as long
	longestJump = longWindow - blockLen + 1
	hashBits    = 18
)

func blockHash(block []byte) uint32 {
	return binary.LittleEndian.Uint32(block) * 2654435761 >> (32 - hashBits)
}

func newMatcher(values []string, forms func(string) []string) *matcher {
	m := &matcher{}
	var short, long []entry
	for _, v := range values {
		for _, text := range forms(v) {
			switch e := (entry{text, v, isBare(text)}); { // two characters of Chinese are six bytes in UTF-8 and four in UTF-16
			case len(text) >= longWindow:
				long = append(long, e)
			case len(text) >= minLearned:
				short = append(short, e)
			}
			m.longest = max(m.longest, len(text))
		}
	}
	if len(short) > 0 {
		m.tables = append(m.tables, newEachPlace(short))
	}
	if len(long) > 0 {
		m.tables = append(m.tables, newJumps(long))
	}
	return m
}

// newBuckets sorts values, each of at least window bytes, into buckets.
func newBuckets(list []entry, window int) buckets {
	s := buckets{heads: map[uint32][]entry{}}
	for _, e := range list {
		h := blockHash([]byte(e.text[window-blockLen : window]))
		s.heads[h] = append(s.heads[h], e)
	}
	for _, bucket := range s.heads {
		slices.SortFunc(bucket, func(a, b entry) int {
			return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.text, b.text))
		})
	}
	return s
}

// startsAt returns the value that starts at start, from those with that hash.
func (s *buckets) startsAt(b []byte, start int, hash uint32) (match, bool) {
	for _, e := range s.heads[hash] {
		if end := start + len(e.text); end <= len(b) && string(b[start:end]) == e.text && !(e.bare && insideWord(b, start, end)) {
			return match{start, end, e.value}, true
		}
	}
	return match{}, false
}

// eachPlace looks at every place of the text. No step waits for the one before.
type eachPlace struct {
	buckets
	set [1 << hashBits / 64]uint64 // of hashes
}

func newEachPlace(list []entry) *eachPlace {
	f := &eachPlace{buckets: newBuckets(list, minLearned)}
	for h := range f.heads {
		f.set[h/64] |= 1 << (h % 64)
	}
	return f
}

func (f *eachPlace) next(b []byte, from int) (match, bool) {
	const before = minLearned - blockLen
	if from+minLearned > len(b) {
		return match{}, false
	}
	text := b[from+before:]
	for i := 0; i <= len(text)-blockLen; i++ {
		h := blockHash(text[i : i+blockLen : len(text)])
		if f.set[h/64]>>(h%64)&1 == 0 {
			continue
		}
		if m, ok := f.startsAt(b, from+i, h); ok {
			return m, true
		}
	}
	return match{}, false
}

// jumps slides a window over the text; the hash of its last bytes tells how far it may jump without missing a value. A jump
// of 0 means that the first bytes of some value end here, and only then values are compared.
type jumps struct {
	buckets
	short [1 << hashBits]uint8 // by hash: how much shorter than longestJump the jump is
}

func newJumps(list []entry) *jumps {
	f := &jumps{buckets: newBuckets(list, longWindow)}
	for _, e := range list {
		head := []byte(e.text[:longWindow])
		for end := blockLen; end <= longWindow; end++ {
			h := blockHash(head[end-blockLen : end])
			f.short[h] = max(f.short[h], uint8(longestJump-(longWindow-end)))
		}
	}
	return f
}

func (f *jumps) next(b []byte, from int) (match, bool) {
	for at := from + longWindow - blockLen; at+blockLen <= len(b); {
		h := blockHash(b[at : at+blockLen])
		if j := longestJump - int(f.short[h]); j > 0 {
			at += j
			continue
		}
		if m, ok := f.startsAt(b, at+blockLen-longWindow, h); ok {
			return m, true
		}
		at++
	}
	return match{}, false
}

// match is a place of a value.
type match struct {
	start, end int
	value      string // whose form it is
}

// search walks over the values in a text.
type search struct {
	b    []byte
	next []tableSearch
}

type tableSearch struct {
	table finder
	hit   match
	state searchState
}

type searchState uint8

const (
	unsearched searchState = iota
	hasHit
	exhausted
)

func (m *matcher) search(b []byte) *search {
	s := &search{b: b}
	for _, t := range m.tables {
		s.next = append(s.next, tableSearch{table: t})
	}
	return s
}

// from returns the first value at or after an offset, which never goes back; the longest one that starts there.
func (s *search) from(at int) (first match, ok bool) {
	for i := range s.next {
		n := &s.next[i]
		if n.state == unsearched || n.state == hasHit && n.hit.start < at {
			n.state = exhausted
			if hit, ok := n.table.next(s.b, at); ok {
				n.hit, n.state = hit, hasHit
			}
		}
		if n.state == hasHit && (!ok || n.hit.start < first.start || n.hit.start == first.start && n.hit.end > first.end) {
			first, ok = n.hit, true
		}
	}
	return first, ok
}

// isBare reports whether a value may be a part of an identifier or of a number.
func isBare(v string) bool {
	letters, digits := 0, 0
	for i := range len(v) {
		switch c := v[i]; {
		case isLetter(c):
			letters++
		case isDigit(c):
			digits++
		}
	}
	return letters == len(v) && len(v) < 16 || digits == len(v)
}

// insideWord reports whether b[start:end] is a part of a longer identifier.
func insideWord(b []byte, start, end int) bool {
	return start > 0 && joins(b[start-1]) || end < len(b) && joins(b[end]) && !(b[end] == '.' && (end+1 == len(b) || !isKeyByte(b[end+1])))
}

func joins(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '_' || c == '.' || c == '$' || c == '-'
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0 || c == '\f' || c == '\v'
}
