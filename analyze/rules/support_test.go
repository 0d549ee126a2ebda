package rules

import (
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
)

func TestJDKOutOfSupport(t *testing.T) {
	for _, c := range []struct {
		version, at string
		found       bool
	}{
		{"17.0.15+6", "2026-01-05", false}, {"17.0.15+6", "2029-10-01", true}, {"23.0.1+11", "2025-03-31", false}, {"23.0.1+11", "2025-04-01", true},
		{"24.80-b11", "2022-08-01", true}, {"24.80-b11", "2022-07-31", false}, {"1.5.0_22-b03", "2026-01-05", true}, {"25.392-b08", "2026-01-05", false}, {"30+1", "2040-01-01", false},
	} {
		at, err := time.Parse(time.DateOnly, c.at)
		if err != nil {
			t.Fatal(err)
		}
		n := &analyze.Node{Name: "n1"}
		n.JVMs = []*analyze.JVM{{Node: n, Target: "4711-shop", Version: c.version, OptionsSource: "vm/cmdline.txt"}}
		res, err := analyze.Run(t.Context(), &analyze.Case{Ended: at, Nodes: []*analyze.Node{n}}, []*analyze.Rule{rule(ids.JDKOutOfSupport)})
		if err != nil || (len(res.Findings) == 1) != c.found || len(res.NotEvaluated) > 0 {
			t.Errorf("%s in %s: %+v, %v", c.version, c.at, res, err)
		}
		for _, f := range res.Findings {
			if f.Severity != analyze.Info {
				t.Errorf("%s is %s", c.version, f.Severity)
			}
			wholeFinding(t, f)
		}
	}
}
