package rules

import (
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/jfr"
)

// A recording alone tells of a full machine, a full swap and a full container; one with room left does not.
func TestRecordedMachine(t *testing.T) {
	for name, c := range map[string]struct {
		machine  float32
		free     int64
		resident int64
		heap     int64
		want     string
	}{"busy": {0.99, 3 << 30, 2 << 30, 2 << 30, ids.CPUSaturated}, "swapping": {0.3, 100 << 20, 2 << 30, 2 << 30, ids.MemorySwapping},
		"container full": {0.6, 3 << 30, 3900 << 20, 2 << 30, ids.OOMRisk}, "heap of the container": {0.6, 3 << 30, 1 << 30, 4 << 30, ids.OOMRisk},
		"healthy": {0.6, 3 << 30, 2 << 30, 2 << 30, ""}} {
		rec := &jfr.Recording{Source: "r.jfr", Covered: time.Minute, Threads: []jfr.Thread{{}}, Stacks: []jfr.Stack{{}}, Texts: []string{""}, Spans: []jfr.Span{{}},
			System: jfr.System{HWThreads: 4, Memory: 16 << 30, MemoryUsed: 16<<30 - 50<<20, Swap: 4 << 30, SwapFree: c.free, MemoryLimit: 4 << 30, Resident: c.resident}, JVM: jfr.JVM{HeapMax: c.heap}}
		for range 60 {
			rec.Load.CPU = append(rec.Load.CPU, jfr.CPULoad{User: 0.2, System: 0.1, Machine: c.machine})
		}
		n := &analyze.Node{Name: "n1"}
		n.JVMs = []*analyze.JVM{{Node: n, Target: "r.jfr", Recordings: []*jfr.Recording{rec}}}
		got := ""
		for _, f := range runOf(t, &analyze.Case{Nodes: []*analyze.Node{n}}, ids.CPUSaturated, ids.MemorySwapping, ids.OOMRisk).Findings {
			got += f.ID
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
