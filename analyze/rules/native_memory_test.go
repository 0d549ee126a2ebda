package rules

import (
	"testing"

	"casefile/analyze"
	"casefile/analyze/ids"
)

// Resident memory that climbs beyond the JVM's own parts is native-memory; a heap that is first touched, and one that is large and level, are not.
func TestNativeMemory(t *testing.T) {
	const mb = 1 << 20
	for name, c := range map[string]struct {
		rss, heap func(s int) float64
		found     bool
	}{
		"climbs beyond":     {func(s int) float64 { return 900*mb + 2*mb*float64(s) }, func(int) float64 { return 512 * mb }, true},
		"the heap grows":    {func(s int) float64 { return 500*mb + 4*mb*float64(s) }, func(s int) float64 { return 512*mb + 4*mb*float64(s) }, false},
		"large and level":   {func(int) float64 { return 2000 * mb }, func(int) float64 { return 512 * mb }, false},
		"within its parts":  {func(s int) float64 { return 300*mb + 2*mb*float64(s) }, func(int) float64 { return 512 * mb }, false},
		"up and down again": {func(s int) float64 { return 900*mb + 60*mb*float64(s/10%2) }, func(int) float64 { return 512 * mb }, false},
	} {
		t.Run(name, func(t *testing.T) {
			n := &analyze.Node{Name: "n1"}
			n.JVMs = []*analyze.JVM{{Node: n, Target: "4711-shop", PID: 4711,
				Process: samples(t, n, 60, func(s int) map[string]float64 { return map[string]float64{"rss_bytes": c.rss(s)} }),
				Counters: samples(t, n, 60, func(s int) map[string]float64 {
					return map[string]float64{"sun.gc.generation.0.capacity": c.heap(s) / 3, "sun.gc.generation.1.capacity": 2 * c.heap(s) / 3,
						"sun.gc.metaspace.capacity": 60 * mb, "java.threads.live": 40}
				})}}
			res, err := analyze.Run(t.Context(), &analyze.Case{Nodes: []*analyze.Node{n}}, []*analyze.Rule{rule(ids.NativeMemory)})
			if err != nil {
				t.Fatal(err)
			}
			if got := len(res.Findings) > 0; got != c.found {
				t.Errorf("found %v, want %v\n%s", got, c.found, show(res.Findings))
			}
			for _, f := range res.Findings {
				complete(t, f)
			}
		})
	}
}
