package rules

import (
	"testing"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/bundle/format/timing"
)

// probed is a node that asked a database with a query of that median, so many times, of which some failed.
func probed(median float64, tries, failures int) *analyze.Case {
	step := timing.Timed{Name: timing.StepQuery, Spread: timing.Spread{Count: int64(tries - failures), Min: median / 2, P50: median, P99: 3 * median}}
	probe := timing.Probe{Target: "db1:5432", Kind: "postgresql", Tries: tries, Failures: failures, Steps: []timing.Timed{step},
		Limit: &timing.Limit{Measure: timing.MeasureDatabase, Good: 5, Bad: 20, Source: "the vendor"}}
	n := &analyze.Node{Name: "n1", Timing: &timing.Node{Name: "n1", Databases: []timing.Probe{probe}}, TimingSource: "nodes/n1/timing/probes.json"}
	return &analyze.Case{Nodes: []*analyze.Node{n}}
}

func TestSlowDependency(t *testing.T) {
	for name, c := range map[string]struct {
		on       *analyze.Case
		severity analyze.Severity // empty: nothing is found
		title    string
	}{
		"fast":         {probed(2, 20, 0), "", ""},
		"neither":      {probed(12, 20, 0), "", ""},
		"slow":         {probed(45, 20, 0), analyze.Warning, "The database db1:5432 answers slowly: a query takes 45 ms, and above 20 ms is bad"},
		"dead":         {probed(2, 20, 15), analyze.Critical, "The database db1:5432 does not answer: 15 of 20 probes failed"},
		"asked thrice": {probed(45, 3, 0), "", ""},
	} {
		res, err := analyze.Run(t.Context(), c.on, []*analyze.Rule{rule(ids.SlowDependency), rule(ids.CPUSaturated), rule(ids.CPUThrottled), rule(ids.CPUSteal)})
		if err != nil || len(res.Broken) > 0 {
			t.Fatalf("%s: %v %v", name, err, res.Broken)
		}
		switch {
		case c.severity == "" && len(res.Findings) > 0:
			t.Errorf("%s: found %q", name, res.Findings[0].Title)
		case c.severity == "":
		case len(res.Findings) != 1 || res.Findings[0].Severity != c.severity || res.Findings[0].Title != c.title:
			t.Errorf("%s: %+v", name, res.Findings)
		}
	}
}
