package threads

import (
	"path/filepath"
	"slices"
	"testing"
)

// What each labelled series of the corpus is about must come out of the measures.
var scenarios = map[string]func(s *Series) bool{
	"lock-contention": func(s *Series) bool {
		c := s.Contention()
		return len(c) == 1 && c[0].Max == 7 && c[0].Class == "java.lang.Object" && c[0].Holder != nil && c[0].PoolShare > 0.8
	},
	"reentrant-lock": func(s *Series) bool {
		c := s.Contention()
		return len(c) == 1 && c[0].Max == 5 && c[0].Kind == OwnsSynchronizer && c[0].Holder != nil
	},
	"io-stall": func(s *Series) bool {
		return doing(s, "pool-2", WaitSocketRead) == 30
	},
	"thread-pool-exhaustion": func(s *Series) bool {
		p := pool(s, "pool-4")
		return p != nil && p.Exhausted() == 5 && s.Hot()[0].Cores > 0.9
	},
	"mixed-workload": func(s *Series) bool {
		return len(s.Contention()) == 1 && s.Hot()[0].Cores > 0.9 && doing(s, "pool-3", WaitRunning) == 20
	},
	"producer-consumer": func(s *Series) bool {
		return len(s.Contention()) == 0 && doing(s, "pool-2", WaitRunning) == 0
	},
	"thread-waiting": func(s *Series) bool {
		return len(s.Contention()) == 0 && doing(s, "pool-2", WaitCondition) == 25 && len(s.Stuck(4)) >= 5
	},
	"class-loading": func(s *Series) bool {
		return len(s.Contention()) == 0 && s.Hot()[0].Cores < 0.1
	},
}

func TestCorpusScenarios(t *testing.T) {
	dir := corpus(t, "jthreaddump", "src", "test", "resources", "scenarios")
	for name, holds := range scenarios {
		t.Run(name, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(dir, name, "dump-*.txt"))
			if err != nil || len(files) < 5 {
				t.Fatalf("%d files, %v", len(files), err)
			}
			slices.Sort(files)
			var dumps []*Dump
			for _, f := range files {
				d, _ := parseFile(t, f)
				dumps = append(dumps, d...)
			}
			s := NewSeries(dumps, nil)
			if !holds(s) {
				for _, c := range s.Contention() {
					t.Logf("lock %s waiters %v holder %v", c.Class, c.Waiters, c.Holder)
				}
				for _, p := range s.Pools(nil) {
					t.Logf("pool %s %v %v", p.Name, p.Counts, p.Doing)
				}
				t.Error("the scenario does not show")
			}
			for i := range s.Dumps {
				if n := len(s.Graph(i).Deadlocks()); n != 0 {
					t.Errorf("dump %d: %d deadlocks", i, n)
				}
			}
		})
	}
}

func pool(s *Series, name string) *Pool {
	for _, p := range s.Pools(nil) {
		if p.Name == name {
			return p
		}
	}
	return nil
}

func doing(s *Series, name string, kind WaitKind) int {
	n := 0
	if p := pool(s, name); p != nil {
		for _, d := range p.Doing {
			if d.Kind == kind {
				n += d.Count
			}
		}
	}
	return n
}
