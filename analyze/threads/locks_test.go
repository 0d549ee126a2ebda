package threads

import (
	"strings"
	"testing"
)

func TestCorpusDeadlocksFromGraph(t *testing.T) {
	seen := 0
	for _, path := range corpusFiles(t) {
		dumps, _ := parseFile(t, path)
		for _, d := range dumps {
			got := NewLockGraph(d).Deadlocks()
			want := d.ReportedDeadlocks
			if strings.HasSuffix(path, "thread-dump-deadlock.txt") { // two threads, and no report
				want = 1
			}
			if len(got) != want {
				t.Errorf("%s line %d: %d cycles in the graph, the JVM reports %d", path, d.Line, len(got), d.ReportedDeadlocks)
			}
			seen += len(got)
			bare := *d
			bare.Reported = nil
			if n := len(NewLockGraph(&bare).Deadlocks()); n != want {
				t.Errorf("%s line %d: %d cycles without the JVM's report, want %d", path, d.Line, n, want)
			}
		}
	}
	if seen == 0 {
		t.Error("no deadlock in the whole corpus")
	}
}
