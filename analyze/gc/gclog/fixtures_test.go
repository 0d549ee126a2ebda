package gclog

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"casefile/analyze/gc"
)

var update = flag.Bool("update", false, "rewrite the expected figures")

// golden is what the fixtures' files of expected figures hold.
type golden struct {
	Summary    gc.Summary      `json:"summary"`
	Groups     []goldenGroup   `json:"groups"`
	Phases     map[string]int  `json:"phases"`
	Safepoints map[string]int  `json:"safepoints"`
	HeapMax    int64           `json:"heap_max"`
	OldLast    int64           `json:"old_last"`
	Metaspace  int64           `json:"metaspace"`
	Promoted   int64           `json:"promoted"`
	LiveSource string          `json:"live_source"`
	MMU        []float64       `json:"mmu"`
	Checks     map[string]bool `json:"checks"`
}

type goldenGroup struct {
	Kind  string `json:"kind"`
	Cause string `json:"cause"`
	Count int64  `json:"count"`
	SumNS int64  `json:"sum_ns"`
}

func TestFixtures(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(moduleRoot(t), "testdata", "gc", "*.log"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, path := range paths {
		l := parseFile(t, path)
		consistent(t, l)
		agrees(t, filepath.Base(path), l, countUnified(string(readText(t, path))))
		if l.Unparsed.Count != 0 {
			t.Errorf("%s: not understood: %+v", path, l.Unparsed)
		}
		got, err := json.MarshalIndent(goldenOf(l), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		expected := path[:len(path)-len(".log")] + ".json"
		if *update {
			if err := os.WriteFile(expected, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := mustRead(t, expected); !bytes.Equal(got, want) {
			t.Errorf("%s: the figures changed; -update rewrites them. Got:\n%s", path, got)
		}
	}
}

func goldenOf(l *gc.Log) golden {
	g := golden{
		Summary: l.Summary(), Phases: map[string]int{}, Safepoints: map[string]int{}, Checks: map[string]bool{},
		HeapMax: l.Heap.Max, OldLast: l.Heap.OldLast, Metaspace: l.Metaspace.Used, Promoted: l.Promotion.Bytes,
	}
	for _, x := range l.Groups() {
		g.Groups = append(g.Groups, goldenGroup{x.Kind.String(), x.Cause, x.Count, int64(x.Sum)})
	}
	for _, p := range l.Phases {
		g.Phases[p.Name] = int(p.Count)
	}
	for _, op := range l.Safepoints.ByOperation {
		g.Safepoints[op.Operation] = int(op.Count)
	}
	for _, c := range l.Checks {
		g.Checks[c.What] = c.Agree
	}
	if _, src, ok := l.LiveSet(); ok {
		g.LiveSource = src.String()
	}
	for _, u := range l.MMU(gc.MMUWindows()) {
		g.MMU = append(g.MMU, u.MMU)
	}
	return g
}
