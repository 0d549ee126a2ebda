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
var triggerWords = sync.OnceValue(func() *automaton {
	var list []trigger
	for i := range rules {
		id := i
		for rules[id].with != "" {
			id = ruleIndex(rules[id].with)
		}
		list = append(list, trigger{id, rules[i].words})
	}
	return newAutomaton(list)
})

// automaton is an Aho-Corasick machine over lower-cased bytes: one table look-up a byte.
type automaton struct {
	class   [256]uint8
	classes int
	next    []uint16 // by state*classes+class; the high bit marks a state where a word ends
	ids     []idSet  // by state: whose words end there
}

const accepting = 0x8000

func newAutomaton(triggers []trigger) *automaton {
	a := &automaton{classes: 1}
	for _, t := range triggers {
		for _, w := range t.words {
			a.addClasses(w)
		}
	}
	a.newState()
	for _, t := range triggers {
		for _, w := range t.words {
			a.addWord(w, t.id)
		}
	}
	a.link()
	return a
}

func (a *automaton) addClasses(word string) {
	for i := range len(word) {
		c := word[i]
		if a.class[c] != 0 {
			continue
		}
		a.class[c] = uint8(a.classes)
		if isLetter(c) {
			a.class[c&^0x20] = uint8(a.classes)
		}
		a.classes++
	}
}

func (a *automaton) newState() uint16 {
	a.ids = append(a.ids, idSet{})
	a.next = append(a.next, make([]uint16, a.classes)...)
	return uint16(len(a.ids) - 1)
}

func (a *automaton) addWord(word string, id int) {
	state := uint16(0)
	for i := range len(word) {
		at := int(state)*a.classes + int(a.class[word[i]])
		if a.next[at] == 0 {
			to := a.newState() // may move next
			a.next[at] = to
		}
		state = a.next[at]
	}
	a.ids[state].add(id)
}

// link fills the gaps of the trie, breadth first, with what the longest proper suffix would do.
func (a *automaton) link() {
	fail := make([]uint16, len(a.ids))
	var queue []uint16
	for c := range a.classes {
		if to := a.next[c]; to != 0 {
			queue = append(queue, to)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		a.ids[state].join(&a.ids[fail[state]])
		for c := range a.classes {
			at, back := int(state)*a.classes+c, int(fail[state])*a.classes+c
			if to := a.next[at]; to != 0 {
				fail[to] = a.next[back]
				queue = append(queue, to)
			} else {
				a.next[at] = a.next[back]
			}
		}
	}
	for i, to := range a.next {
		if !a.ids[to].empty() {
			a.next[i] |= accepting
		}
	}
}

// find returns the end of the first word at or after from; -1 when there is none.
func (a *automaton) find(b []byte, from int) int {
	state := 0
	classes, next := a.classes, a.next
	for i := from; i < len(b); i++ {
		to := next[state*classes+int(a.class[b[i]])]
		if to&accepting != 0 {
			return i + 1
		}
		state = int(to)
	}
	return -1
}

// all returns whose words stand in b.
func (a *automaton) all(b []byte) *idSet {
	ids := new(idSet)
	state := 0
	for _, c := range b {
		to := a.next[state*a.classes+int(a.class[c])]
		if to&accepting != 0 {
			to &^= accepting
			ids.join(&a.ids[to])
		}
		state = int(to)
	}
	return ids
}
