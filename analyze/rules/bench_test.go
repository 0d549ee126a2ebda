package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/threads"
)

// BenchmarkThreadRules runs all thread rules over 60 dumps of 1,000 threads, half of which want one lock.
func BenchmarkThreadRules(b *testing.B) {
	text := scene(60, 10*time.Second, func(i int, s *stage) {
		s.system()
		s.thread(workers(1)[0], "TIMED_WAITING", 0, holdsCache)
		for k := 2; k <= 500; k++ {
			s.thread(workers(k)[0], "BLOCKED", 0, wantsCache)
		}
		s.idle("http-nio-8090", 501, 900)
		for k := range 100 {
			s.thread(fmt.Sprintf("import-%d", k), "RUNNABLE", s.at/10, fmt.Sprintf("com.acme.Import.step%d(Import.java:%d)%s", k, i, served))
		}
	})
	dumps, _, err := threads.ParseAll("dumps", strings.NewReader(text))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		res, err := analyze.Run(b.Context(), caseOf(dumps), threadRules())
		if err != nil || len(res.Findings) == 0 {
			b.Fatal(err)
		}
	}
}
