package shelf

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Bundles of one case, of different nodes at one moment, are offered as one; what is of another case, moment or the same
// node stands for itself, and so does what cannot be read.
func TestCases(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 3, 4, 10, minute, 0, 0, time.UTC) }
	heads := map[string]Head{
		"a-n1.zip":  {"A", "wiki", []string{"n1"}, at(0), at(1)},
		"a-n2.zip":  {"A", "wiki", []string{"n2"}, at(3), at(4)},
		"a-n3.zip":  {"A", "wiki", []string{"n3"}, at(8), at(9)},
		"a2-n1.zip": {"A", "wiki", []string{"n1"}, at(30), at(31)},
		"a2-n2.zip": {"A", "wiki", []string{"n2"}, at(30), at(31)},
		"b-n9.zip":  {"B", "wiki", []string{"n9"}, at(0), at(1)},
		"n7.zip":    {"", "wiki", []string{"n7"}, at(0), at(1)},
		"n8.zip":    {"", "wiki", []string{"n8"}, at(0), at(1)},
		"late.zip":  {"A", "wiki", []string{"n4"}, at(45), at(46)},
		"other.zip": {"A", "jira", []string{"n1"}, at(0), at(1)},
	}
	dir := t.TempDir()
	for name := range heads {
		put(t, filepath.Join(dir, name), name)
	}
	put(t, filepath.Join(dir, "broken.zip"), "x")
	r := &reader{}
	s := New([]string{dir}, nil, r.open)
	asked := 0
	s.Join(func(_ context.Context, path string) (Head, error) {
		asked++
		h, ok := heads[filepath.Base(path)]
		if !ok {
			return h, errors.New("broken")
		}
		return h, nil
	})
	for range 2 {
		list, err := s.Cases(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var wholes []string
		for i, it := range list {
			if len(it.Parts) == 0 {
				continue
			}
			wholes = append(wholes, it.Name)
			if next := list[i+1]; !slices.ContainsFunc(it.Parts, func(p Item) bool { return p.ID == next.ID }) && len(next.Parts) == 0 {
				t.Errorf("%s stands before %s", it.Name, next.Name)
			}
		}
		slices.Sort(wholes)
		want := []string{"A: 2 bundles of n1, n2", "A: 3 bundles of n1, n2, n3"}
		if !slices.Equal(wholes, want) || len(list) != len(heads)+1+len(want) {
			t.Errorf("%d captures, %q; want %q", len(list), wholes, want)
		}
		if asked != len(heads)+1 {
			t.Errorf("%d bundles were asked what they are, want each once", asked)
		}
	}
	list, err := s.Cases(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	it, err := Pick(list, "A: 3")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Open(t.Context(), it)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(r.paths, " "); got != "a-n1.zip a-n2.zip a-n3.zip" || c.Name != it.Name {
		t.Errorf("read %s as %s", got, c.Name)
	}
}
