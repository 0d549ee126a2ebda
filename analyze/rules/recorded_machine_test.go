package rules

import (
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/jfr"
)

// A recording alone tells of a full machine and of a full swap; one with room left does not.
func TestRecordedMachine(t *testing.T) {
	for name, c := range map[string]struct {
		machine float32
		free    int64
		want    string
	}{"busy": {0.99, 3 << 30, ids.CPUSaturated}, "swapping": {0.3, 100 << 20, ids.MemorySwapping}, "healthy": {0.6, 3 << 30, ""}} {
		rec := &jfr.Recording{Source: "r.jfr", Covered: time.Minute, Threads: []jfr.Thread{{}}, Stacks: []jfr.Stack{{}}, Texts: []string{""}, Spans: []jfr.Span{{}},
			System: jfr.System{HWThreads: 4, Memory: 16 << 30, MemoryUsed: 16<<30 - 50<<20, Swap: 4 << 30, SwapFree: c.free}}
		for range 60 {
			rec.Load.CPU = append(rec.Load.CPU, jfr.CPULoad{User: 0.2, System: 0.1, Machine: c.machine})
		}
		n := &analyze.Node{Name: "n1"}
		n.JVMs = []*analyze.JVM{{Node: n, Target: "r.jfr", Recordings: []*jfr.Recording{rec}}}
		res, err := analyze.Run(t.Context(), &analyze.Case{Nodes: []*analyze.Node{n}}, []*analyze.Rule{rule(ids.CPUSaturated), rule(ids.MemorySwapping)})
		if err != nil || len(res.Broken) > 0 {
			t.Fatal(err, res.Broken)
		}
		got := ""
		for _, f := range res.Findings {
			got += f.ID
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
