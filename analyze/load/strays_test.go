package load

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// Every line of a file belongs to a process or a log, or is counted as not understood, with a sample that says where.
func TestLinesOfNoProcess(t *testing.T) {
	goroutines, err := os.ReadFile("../../testdata/threads/go-debug2.txt")
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	for i := range 40 {
		fmt.Fprintf(&logged, "[%d.000s][info][gc] GC(%d) Pause Young (Normal) (G1 Evacuation Pause) 9M->5M(16M) 1.000ms\n", 100+i, i)
	}
	const odd = 7
	junk := strings.Repeat("a line of nothing known\n", odd)
	app := "2026-03-01 10:00:00,123 INFO [main] [com.example.shop.Store] put 12 goods\n"
	half := logged.Len() / 2
	half += strings.IndexByte(logged.String()[half:], '\n') + 1
	for name, c := range map[string]struct {
		text string
		want int64
		line int // of the first; 0: any
	}{
		"before a dump":             {junk + jvmOf{1, time.Hour}.dump(0), odd, 1},
		"before a dump, numbered":   {each(func(n int, s string) string { return fmt.Sprintf("%6d\t%s", n+1, s) })(junk + jvmOf{1, time.Hour}.dump(0)), odd, 1},
		"around goroutines":         {junk + string(goroutines) + "\n" + junk, 2 * odd, 1},
		"in a GC log":               {logged.String()[:half] + junk + logged.String()[half:], odd, 0},
		"after a GC log":            {logged.String() + junk, odd, 41},
		"a dump alone":              {jvmOf{1, time.Hour}.dump(0), 0, 0},
		"a GC log alone":            {logged.String(), 0, 0},
		"an application's log":      {app + junk + jvmOf{1, time.Hour}.dump(0) + app, 0, 0}, // further lines of its first entry
		"an application's, with GC": {app + logged.String() + app, 0, 0},
	} {
		got := read(t, tree(t, map[string]string{"out.txt": c.text}))
		var lines int64
		for _, s := range got.Strays {
			lines += s.Lines
			if len(s.Sample) == 0 || !strings.Contains(s.Sample[0].Text, "nothing known") || c.line > 0 && s.Sample[0].Line != c.line {
				t.Errorf("%s: sample %+v", name, s.Sample)
			}
		}
		if lines != c.want {
			t.Errorf("%s: %d lines of no process, want %d; %v", name, lines, c.want, got.Problems)
		}
	}
}
