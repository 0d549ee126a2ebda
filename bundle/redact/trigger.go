package redact

import (
	"math/bits"
	"sync"
)

// idSet is a set of numbers below 64*len.
type idSet [6]uint64

func (s *idSet) add(id int)      { s[id/64] |= 1 << (id % 64) }
func (s *idSet) has(id int) bool { return s[id/64]&(1<<(id%64)) != 0 }
func (s *idSet) empty() bool     { return *s == idSet{} }
func (s *idSet) join(other *idSet) {
	for i := range s {
		s[i] |= other[i]
	}
}

// each gives the numbers in their order.
func (s *idSet) each(yield func(int) bool) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			if !yield(i*64 + bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}

// trigger are words, in lower case, that ask for a rule.
type trigger struct {
	id    int
	words []string
}

// triggerWords finds the words without which no rule can match: a line that holds none of them is passed on without a
// closer look. That is nearly every line of a dump or log.
var triggerWords = sync.OnceValue(func() *wordIndex {
	var list []trigger
	for i := range rules {
		id := i
		for rules[id].with != "" {
			id = ruleIndex(rules[id].with)
		}
		list = append(list, trigger{id, rules[i].words})
	}
	return newWordIndex(append(list, trigger{len(rules), foldWords}))
})

// wordIndex finds words: three characters of the text, each cut down to five bits, tell whether a word may start there, and
// only then a trie is walked. The table of the first step is small enough for the processor's nearest cache, and no step
// waits for the one before.
type wordIndex struct {
	begins  [1 << (3 * gramBits) / 64]uint64
	fourth  [1 << (4 * gramBits) / 64]uint64 // likewise of four characters: asked only where three of them fit
	class   [256]uint8
	classes int
	next    []uint16 // by state*classes+class; 0 is none
	ids     []idSet  // by state: whose words end there
	ends    []bool   // by state
}

const (
	gramBits = 5
	gramMask = 1<<(3*gramBits) - 1
	// fourthMask is that of four characters.
	fourthMask = 1<<(4*gramBits) - 1
)

// gramCode are the five bits of a character: letters have their own, whatever their case.
var gramCode = func() (code [256]uint32) {
	for c := range 256 {
		switch {
		case isLetter(byte(c)):
			code[c] = uint32(c|0x20) - 'a' + 1
		case isDigit(byte(c)):
			code[c] = 27
		case c >= 0x80 || c < ' ' && c != '\t' && c != '\n' && c != '\r', c == '@': // rare in logs
			code[c] = 28
		case c == ' ':
			code[c] = 29
		case c == '=' || c == ':' || c == '"':
			code[c] = 30
		case c == '_' || c == '/' || c == '-':
			code[c] = 31
		}
	}
	return code
}()

func newWordIndex(triggers []trigger) *wordIndex {
	x := &wordIndex{classes: 1}
	for _, t := range triggers {
		for _, w := range t.words {
			x.addClasses(w)
		}
	}
	x.newState()
	for _, t := range triggers {
		for _, w := range t.words {
			x.add(w, t.id)
		}
	}
	return x
}

func (x *wordIndex) addClasses(word string) {
	for i := range len(word) {
		c := word[i]
		if x.class[c] != 0 {
			continue
		}
		x.class[c] = uint8(x.classes)
		if isLetter(c) {
			x.class[c&^0x20] = uint8(x.classes)
		}
		x.classes++
	}
}

func (x *wordIndex) newState() uint16 {
	x.ids, x.ends = append(x.ids, idSet{}), append(x.ends, false)
	x.next = append(x.next, make([]uint16, x.classes)...)
	return uint16(len(x.ids) - 1)
}

func (x *wordIndex) add(word string, id int) {
	state := uint16(0)
	for i := range len(word) {
		at := int(state)*x.classes + int(x.class[word[i]])
		if x.next[at] == 0 {
			to := x.newState() // may move next
			x.next[at] = to
		}
		state = x.next[at]
	}
	x.ids[state].add(id)
	x.ends[state] = true
	setGrams(x.begins[:], word, 3)
	setGrams(x.fourth[:], word, 4)
}

// setGrams adds the grams of n characters that begin with a word.
func setGrams(set []uint64, word string, n int) {
	gram, grams := uint32(0), uint32(1)
	for i := range n {
		if gram <<= gramBits; i < len(word) {
			gram |= gramCode[word[i]]
		} else {
			grams <<= gramBits
		}
	}
	for g := gram; g < gram+grams; g++ {
		set[g/64] |= 1 << (g % 64)
	}
}

// may reports whether a word may start with three characters, the last of which the gram is made, and the one at at.
func (x *wordIndex) may(gram uint32, b []byte, at int) bool {
	if at >= len(b) {
		return true
	}
	gram = (gram<<gramBits | gramCode[b[at]]) & fourthMask
	return x.fourth[gram/64]>>(gram%64)&1 != 0
}

// find returns the offset after the first byte of a word that starts at or after from; -1 when there is none.
func (x *wordIndex) find(b []byte, from int) int {
	if from+2 >= len(b) {
		return -1
	}
	gram := gramCode[b[from]]<<gramBits | gramCode[b[from+1]]
	for i, c := range b[from+2:] {
		gram = gram<<gramBits | gramCode[c] // older characters stay in front: the next step waits for less
		if g := gram & gramMask; x.begins[g/64]>>(g%64)&1 != 0 && x.may(gram, b, from+i+3) && x.at(b[from+i:], nil) {
			return from + i + 1
		}
	}
	return -1
}

// all adds to ids whose words stand in b.
func (x *wordIndex) all(b []byte, ids *idSet) {
	if len(b) < 3 {
		return
	}
	gram := gramCode[b[0]]<<gramBits | gramCode[b[1]]
	for i, c := range b[2:] {
		gram = gram<<gramBits | gramCode[c] // older characters stay in front: the next step waits for less
		if g := gram & gramMask; x.begins[g/64]>>(g%64)&1 != 0 && x.may(gram, b, i+3) {
			x.at(b[i:], ids)
		}
	}
}

// at reports whether b begins with a word. With ids it adds whose the words are that b begins with.
func (x *wordIndex) at(b []byte, ids *idSet) bool {
	found := false
	state := 0
	for _, c := range b {
		state = int(x.next[state*x.classes+int(x.class[c])])
		switch {
		case state == 0:
			return found
		case !x.ends[state]:
		case ids == nil:
			return true
		default:
			ids.join(&x.ids[state])
			found = true
		}
	}
	return found
}
