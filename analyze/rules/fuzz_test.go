package rules

import (
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/rules/cite"
	"casefile/analyze/threads"
)

// FuzzThreadRules gives the rules whatever the parser makes of a text: no rule may break, and what is found can be opened.
func FuzzThreadRules(f *testing.F) {
	f.Add(scene(3, every, func(i int, s *stage) { s.system(); deadlocked(s); s.idle("http-nio-8090", 3, 5) }))
	f.Add(scene(3, every, func(i int, s *stage) { s.system(); blocked(s, holdsCache, wantsCache, 8, 8) }))
	f.Add(scene(3, every, func(i int, s *stage) {
		s.carrier(1, "jdk.internal.misc.Unsafe.park(Native Method)\njava.lang.VirtualThread.parkOnCarrierThread(VirtualThread.java:819)")
		s.thread("pool-1-thread-1", "RUNNABLE", time.Duration(i)*every, queries)
		s.finalizer("com.acme.A.finalize(A.java:1)\njava.lang.ref.Finalizer.runFinalizer(Finalizer.java:88)")
	}))
	f.Add("goroutine 1 [sync.Mutex.Lock]:\nsync.(*Mutex).Lock(...)\n\t/a.go:1\nmain.f()\n\t/a.go:2\n\ngoroutine 2 [running]:\nmain.main()\n\t/a.go:3\n")
	f.Fuzz(func(t *testing.T, text string) {
		dumps, _, err := threads.ParseAll("d", strings.NewReader(text))
		if err != nil || len(dumps) == 0 {
			return
		}
		lines := strings.Count(text, "\n") + 1
		for _, c := range []*analyze.Case{caseOf(dumps), serviceOf(dumps)} {
			for _, found := range run(t, c).Findings {
				if found.Title == "" || found.Weight < 0 || found.Weight > 1 || len(found.Evidence) > cite.Most {
					t.Errorf("%+v", found)
				}
				for _, e := range found.Evidence {
					if from, _, _ := strings.Cut(e.Lines, "-"); from == "" || len(from) > len("1000000") {
						t.Errorf("evidence at %q of %d lines", e.Lines, lines)
					}
				}
			}
		}
	})
}
