package redact

import (
	"cmp"
	"slices"
)

// matcher finds any of many values in one pass (Wu and Manber, 1994). A window of
// minLearned bytes slides over the text; the hash of its last three bytes tells how far it
// may jump without missing a value. A jump of 0 means that the first bytes of some
// value end here, and only then values are compared.
// It is immutable.
type matcher struct {
	jump    []uint8            // by hash of three bytes
	buckets map[uint32][]entry // by hash, for jump 0; longest value first
	longest int                // bytes of the longest value
}

type entry struct {
	text  string
	value string // whose form the text is
	bare  bool   // letters or digits only: counts at a word boundary only
}

const (
	hashBits = 16
	blockLen = 3
	maxJump  = minLearned - blockLen + 1
)

func blockHash(a, b, c byte) uint32 {
	return (uint32(a) | uint32(b)<<8 | uint32(c)<<16) * 2654435761 >> (32 - hashBits)
}

func newMatcher(values []string, forms func(string) []string) *matcher {
	m := &matcher{}
	if len(values) == 0 {
		return m
	}
	m.jump = make([]uint8, 1<<hashBits)
	for i := range m.jump {
		m.jump[i] = maxJump
	}
	m.buckets = map[uint32][]entry{}
	for _, v := range values {
		for _, text := range forms(v) {
			m.add(text, v)
		}
	}
	for _, bucket := range m.buckets {
		slices.SortFunc(bucket, func(a, b entry) int {
			return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.text, b.text))
		})
	}
	return m
}

func (m *matcher) add(text, value string) {
	if len(text) < minLearned { // two characters of Chinese are six bytes in UTF-8 and four in UTF-16
		return
	}
	for end := blockLen; end <= minLearned; end++ {
		h := blockHash(text[end-3], text[end-2], text[end-1])
		m.jump[h] = min(m.jump[h], uint8(minLearned-end))
	}
	h := blockHash(text[minLearned-3], text[minLearned-2], text[minLearned-1])
	m.buckets[h] = append(m.buckets[h], entry{text, value, isBare(text)})
	m.longest = max(m.longest, len(text))
}

// next returns the first value at or after from, the longest one that starts there.
func (m *matcher) next(b []byte, from int) (start, end int, ok bool) {
	start, end, _, ok = m.nextValue(b, from)
	return start, end, ok
}

// nextValue also returns the value whose form it found.
func (m *matcher) nextValue(b []byte, from int) (start, end int, value string, ok bool) {
	if m.jump == nil {
		return 0, 0, "", false
	}
	for at := from + minLearned; at <= len(b); {
		h := blockHash(b[at-3], b[at-2], b[at-1])
		if j := m.jump[h]; j > 0 {
			at += int(j)
			continue
		}
		start := at - minLearned
		for _, e := range m.buckets[h] {
			if end := start + len(e.text); end <= len(b) && string(b[start:end]) == e.text && !(e.bare && insideWord(b, start, end)) {
				return start, end, e.value, true
			}
		}
		at++
	}
	return 0, 0, "", false
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
