package collections

import (
	"strings"
	"testing"
)

// A stated range says something: it is at most so many times wide, and below what is now.
func TestEffectIsUsefulOrNotTold(t *testing.T) {
	for _, c := range []struct {
		name string
		e    effect
		now  float64
		want string
	}{
		{"useful", effect{0.09, 0.27}, 0.28, "between 9 % and 27 % of the time instead of 28 %"},
		{"no more than now", effect{0.1, 0.9}, 0.3, "between 10 % and 29 % of the time instead of 30 %"},
		{"too wide", effect{0.01, 0.2}, 0.4, ""},
		{"no gain", effect{0.3, 0.6}, 0.35, ""},
		{"nothing is known", effect{}, 0.35, ""},
	} {
		text, ok := c.e.told(c.now)
		if ok != (c.want != "") || !strings.Contains(text, c.want) {
			t.Errorf("%s: %q, want %q", c.name, text, c.want)
		}
	}
}

// What a program with a pace leaves of a share is the least that one which is held back leaves, which never takes all of the time.
func TestRarer(t *testing.T) {
	for _, share := range []float64{0, 0.1, 0.5, 0.9, 1} {
		for _, times := range []float64{1.5, 4, 100} {
			if paced, heldBack := rarer(share, times); paced > heldBack+0.001 || heldBack > share && share < 0.99 || paced < 0 {
				t.Errorf("%g, %g times rarer: %g and %g", share, times, paced, heldBack)
			}
		}
	}
}
