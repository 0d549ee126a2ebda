package rules

import (
	"bytes"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
)

// BenchmarkGCLog parses a log of G1 of 13 MB, and runs all rules over it: that costs less than parsing. The metric rules/parse
// is the ratio of the two.
func BenchmarkGCLog(b *testing.B) {
	const size = 13 << 20
	w := newLog(4096, "G1")
	for at := 5.0; w.text.Len() < size; at += 0.9 {
		live := 1500 + int(at/500)%400
		switch n := w.n % 50; n {
		case 0:
			w.pause(at, "Remark", live+900, live+900, 12)
		case 25:
			w.pause(at, mixed, live+1400, live, 40)
		default:
			ms := 18 + float64(n)
			if w.text.Len() < size/2 {
				ms *= 4 // the whole of the log is judged, not its end
			}
			w.pause(at, young, live+1200, live+100, ms)
		}
	}
	text := w.text.Bytes()
	parse := func() *gc.Log {
		l, err := gclog.Parse("gc/gc.log", bytes.NewReader(text), gclog.Options{})
		if err != nil {
			b.Fatal(err)
		}
		return l
	}
	var parsing time.Duration
	b.Run("parse", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			parse()
		}
		parsing = b.Elapsed() / time.Duration(b.N)
	})
	b.Run("rules", func(b *testing.B) {
		n := &analyze.Node{Name: "n1"}
		n.JVMs = []*analyze.JVM{{Node: n, Target: "4711-shop", PID: 4711, GC: []*gc.Log{parse()}}}
		c := &analyze.Case{Nodes: []*analyze.Node{n}}
		for b.Loop() {
			res, err := analyze.Run(b.Context(), c, All())
			if err != nil || len(res.Broken) > 0 {
				b.Fatal(err, res.Broken)
			}
		}
		if parsing > 0 {
			b.ReportMetric(float64(b.Elapsed()/time.Duration(b.N))/float64(parsing), "rules/parse")
		}
	})
}
