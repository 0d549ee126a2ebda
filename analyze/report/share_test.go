package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// Lines that several cells of a section have stand once; the others lead there, and what is alone stays as it is.
func TestLinesStandOnce(t *testing.T) {
	stack := []string{"a.B.c", "d.E.f"}
	row := func(lines ...string) []cell { return []cell{{Text: "x", More: "2 frames", Lines: lines}} }
	s := section{Anchor: "jvm-1", Parts: []part{{Tables: []table{
		{Columns: columns("Frame"), Rows: [][]cell{row(stack...), row("alone")}}, {Columns: columns("Frame"), Rows: [][]cell{row(stack...), row()}}}}}}
	s.shareLines()
	var page bytes.Buffer
	if err := s.node().Render(&page); err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]int{"d.E.f": 1, "alone": 1, `<details id="jvm-1-lines-1">`: 1, `<a href="#jvm-1-lines-1">2 frames as above</a>`: 1, "<details>": 1} {
		if got := strings.Count(page.String(), part); got != want {
			t.Errorf("%q stands %d times, want %d:\n%s", part, got, want, page.String())
		}
	}
}

// An excerpt that follows one like it keeps what differs, and counts what does not.
func TestExcerptsThatRepeat(t *testing.T) {
	before := []excerptLine{{Number: 10, Text: `"exec-1" cpu=1ms`}, {Number: 11, Text: "at a"}, {Left: 20}, {Number: 32, Text: "at b"}, {Number: 33, Text: "lock <1>"}, {Number: 34, Text: "at c"}}
	after := []excerptLine{{Number: 50, Text: `"exec-1" cpu=2ms`}, {Number: 51, Text: "at a"}, {Left: 20}, {Number: 72, Text: "at b"}, {Number: 73, Text: "lock <2>"}, {Number: 74, Text: "at c"}}
	want := []excerptLine{after[0], {Left: 22, Above: true}, after[4], after[5]}
	if got := unlike(after, before); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if text := excerptText(want); !strings.Contains(text, "… 22 lines as in the first of these") {
		t.Error(text)
	}
	if got := unlike(after[:3], before); !slices.Equal(got, after[:3]) {
		t.Errorf("%+v: of another length, so nothing is left out", got)
	}
}
