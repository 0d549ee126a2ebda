package load

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// logOf is a log of a JVM that began at a time: a collection each second, by its number.
func logOf(began time.Time, from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "[%s][%d.000s][info][gc] GC(%d) Pause Young (Normal) (G1 Evacuation Pause) 9M->5M(16M) 1.000ms\n",
			began.Add(time.Duration(i)*time.Second).Format("2006-01-02T15:04:05.000-0700"), i, i)
	}
	return b.String()
}

// Logs of two JVMs that ran at the same time are no log of one that was started again, though they stand in one file.
func TestLogsOneAfterTheOther(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		text string
		runs int // 0: refused
	}{
		"a restart":        {logOf(noon, 1, 120) + logOf(noon.Add(3*time.Minute), 1, 120), 2},
		"at the same time": {logOf(noon, 1, 120) + logOf(noon.Add(time.Minute), 1, 120), 0},
		"a clock set back": {logOf(noon, 1, 120) + logOf(noon.Add(2*time.Minute-3*time.Second), 1, 120), 2},
	} {
		got := read(t, tree(t, map[string]string{"gc.log": c.text}))
		runs := 0
		for _, j := range got.JVMs() {
			for _, l := range j.GC {
				runs += len(l.Runs)
			}
		}
		if runs != c.runs || (len(got.Refused) > 0) != (c.runs == 0) {
			t.Errorf("%s: %d runs, refused %q", name, runs, got.Refused)
		}
	}
}

// The parts that logrotate dates are of one log with the part that is written to.
func TestPartsByLogrotate(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, names := range [][3]string{{"gc.log-20260227", "gc.log-20260228", "gc.log"}, {"gc.log.2026-02-27", "gc.log.2026-02-28", "gc.log"},
		{"gc.log-20260227.gz", "gc.log-20260228.gz", "gc.log"}, {"gc.log.1", "gc.log.0", "gc.log"}} {
		files := map[string]string{}
		for i, name := range names {
			files[name] = logOf(noon, 1+60*i, 61+60*i)
			if strings.HasSuffix(name, ".gz") {
				files[name] = gzipped(files[name])
			}
		}
		c := read(t, tree(t, files))
		j := c.JVMs()
		if len(j) != 1 || len(j[0].GC) != 1 || j[0].GC[0].Total.Count != 180 || j[0].GC[0].Span > 3*time.Minute {
			t.Errorf("%s: %d JVMs, problems %q", names, len(j), c.Problems)
		}
		delete(files, names[1])
		c = read(t, tree(t, files))
		if j := c.JVMs(); len(j) != 1 || len(j[0].GC) != 1 || len(c.Problems) == 0 {
			t.Errorf("%s without the second: no word of what is missing", names)
		}
	}
}
