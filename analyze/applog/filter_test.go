package applog

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// A filter lets pass every line that has one of its words, wherever it stands and in capitals or not.
func TestFilterMissesNoWord(t *testing.T) {
	words := []string{"panic event", "removed member", "too many open files", "Out of Memory [x"}
	f := newFilter(words)
	rnd := rand.New(rand.NewPCG(1, 2))
	passed := 0
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789 .[]()"
	for range 20_000 {
		var line strings.Builder
		for range rnd.IntN(60) {
			line.WriteByte(letters[rnd.IntN(len(letters))])
		}
		if f.may([]byte(line.String())) {
			passed++
		}
		word := words[rnd.IntN(len(words))]
		if rnd.IntN(2) == 0 {
			word = strings.ToUpper(word)
		}
		if line.WriteString(word); rnd.IntN(2) == 0 {
			line.WriteString(" and more")
		}
		if !f.may([]byte(line.String())) {
			t.Fatalf("%q: does not pass", line.String())
		}
	}
	if passed > 2000 {
		t.Errorf("%d of 20000 lines without a word pass", passed)
	}
}

func TestFilterOfMarksWithoutWords(t *testing.T) {
	for name, marks := range map[string][]Mark{"none": nil, "short": {{Words: []string{"abc"}}}, "a mark without": {{Words: []string{"panic"}}, {}}} {
		if !filterOf(marks).may([]byte("x")) {
			t.Errorf("%s: a line is left out", name)
		}
	}
}
