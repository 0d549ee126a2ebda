package entries

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"testing"
)

func TestFile(t *testing.T) {
	for _, c := range []struct {
		file File
		name string
		want bool
	}{
		{ThreadDump, "threads/dump-01.txt", true},
		{ThreadCPU, ThreadCPU.Of(Dump(0)), true},
		{ThreadCPU, "threads/dump-01.txt", false},
		{CountersFirst, "hsperf/first.hsperfdata", true},
		{CountersFirst, "hsperf/last.hsperfdata", false},
		{ProcessSeries, "process/series.jsonl", false}, // the two dots are not one
		{GCLog, "gc/", true},
	} {
		if got := c.file.Match(c.name); got != c.want {
			t.Errorf("%s.Match(%q) = %v", c.file, c.name, got)
		}
	}
}

func TestBeside(t *testing.T) {
	list := "nodes/n1/jvm/4711-shop/" + VirtualThreads.Of(Dump(1))
	if got, want := VirtualThreads.Beside(list, ThreadDump), "nodes/n1/jvm/4711-shop/"+ThreadDump.Of(Dump(1)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := VirtualThreads.Beside("threads/dump-01.txt", ThreadDump); got != "" {
		t.Errorf("got %q for what is no list", got)
	}
}

// A name of the table is found by itself: no row above it takes it away.
func TestTables(t *testing.T) {
	for _, table := range [][]Doc{JVM, Go, Database, Kubernetes} {
		for i, d := range table {
			first := slices.IndexFunc(table, func(o Doc) bool { return o.File.Match(d.File.Of("x")) })
			if first != i {
				t.Errorf("%s is read as %s", d.File, table[first].File)
			}
			if d.Doc == "" {
				t.Errorf("%s has no doc", d.File)
			}
		}
	}
	names := map[string]bool{}
	for _, c := range ProcessColumns {
		if c.Unit == "" || c.Doc == "" || names[c.Name] {
			t.Errorf("column %+v: no unit, no doc, or twice", c)
		}
		names[c.Name] = true
	}
}

func TestCauseOf(t *testing.T) {
	for err, want := range map[error]Cause{
		fmt.Errorf("asked: %w", NewError(Stopped, "halted")):                    Stopped,
		&fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}:             NotPermitted,
		fmt.Errorf("%w", context.DeadlineExceeded):                              TimedOut,
		fmt.Errorf("the process is stopped (words of a reason are not causes)"): Other,
	} {
		if got := CauseOf(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}
