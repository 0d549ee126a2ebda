package names

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
)

// index finds known names, and the words that ask for a look at their place, by their first word.
type index struct {
	bits  [1 << bitBits / 64]uint64
	names map[uint64][]known
}

// known is a name to look for.
type known struct {
	text string // in lower case
	kind Kind
}

func (x *index) set(h uint64) {
	i := h >> (64 - bitBits)
	x.bits[i/64] |= 1 << (i % 64)
}

// compiled returns the searcher for what is known.
func (s *Set) compiled() *index {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index != nil {
		return s.index
	}
	x := &index{names: map[uint64][]known{}}
	for h := range triggers {
		x.set(h)
	}
	for _, name := range slices.Sorted(maps.Keys(s.known)) {
		kind := s.known[name]
		if kind != Domain && !s.free(kind, name) {
			continue
		}
		h := hash(firstWord(name))
		x.set(h)
		x.names[h] = append(x.names[h], known{name, kind})
	}
	for _, list := range x.names {
		slices.SortFunc(list, func(a, b known) int {
			return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.text, b.text))
		})
	}
	s.index = x
	return x
}

// firstWord is the letters and digits that a name begins with, after signs.
func firstWord(name string) string {
	start := 0
	for start < len(name) && !isWord(name[start]) {
		start++
	}
	end := start
	for end < len(name) && isWord(name[end]) {
		end++
	}
	return name[start:end]
}

// free reports whether a name is looked for everywhere: it is no other word. Names of several words are none.
func (s *Set) free(kind Kind, name string) bool {
	if !isWord(name[0]) {
		return false
	}
	word := firstWord(name)
	if len(word) < len(name) {
		return len(name) >= 5 && strings.Trim(name, "0123456789.-_") != ""
	}
	digits := strings.ContainsAny(name, "0123456789")
	switch {
	case s.words[hash(name)] || commonWords[name]:
		return false
	case len(name) < 3 || len(name) == 3 && !digits:
		return false
	}
	return kind != Host || digits || len(name) > 4 || s.sure[name]
}

// word looks at the word [start, end) with that hash, and returns where to go on.
func (r *Rewriter) word(start, end int, h uint64) int {
	for _, k := range r.x.names[h] {
		stop := start + len(k.text)
		if stop > len(r.line) || !equalFold(r.line[start:stop], k.text) || !r.alone(start, stop, k.kind == Domain) {
			continue
		}
		switch k.kind {
		case Domain:
			return r.domainAt(start, stop)
		case Host:
			if full := r.hostEnd(stop); full > stop { // with its domain
				if at := r.hostName(start, full); at > 0 {
					return at
				}
			}
			r.at(place(Host), start, stop)
		default:
			r.at(place(k.kind), start, stop)
		}
		return stop
	}
	if t, ok := triggers[h]; ok {
		return t(r, start, end)
	}
	return end
}

func equalFold(b []byte, lowerText string) bool {
	if len(b) != len(lowerText) {
		return false
	}
	for i, c := range b {
		if lowered[c] != lowerText[i] {
			return false
		}
	}
	return true
}

// alone reports whether line[start:end] is no part of another name: of an identifier, or of a package with a
// class, whose names do not end like domains.
func (r *Rewriter) alone(start, end int, domain bool) bool {
	line := r.line
	if end < len(line) && (isWord(line[end]) || line[end] == '$') || start > 0 && (isWord(line[start-1]) ||
		line[start-1] == '$') {
		return false
	}
	if (end < len(line) && line[end] == '_' || start > 0 && line[start-1] == '_') &&
		bytes.ContainsAny(line[start:end], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		return false // of a variable
	}
	if domain || bytes.IndexByte(line[start:end], '-') >= 0 { // in no package
		return true
	}
	inDots := start > 1 && line[start-1] == '.' && isWord(line[start-2])
	return !inDots || !(end+1 < len(line) && line[end] == '.' && isLetter(line[end+1]))
}
