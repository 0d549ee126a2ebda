package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/bundle/format/timing"
)

// The page shows how the nodes of a cluster reach each other, how their clocks stand,
// and how fast what they share answers.
func TestClusterSection(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	spread := timing.Spread{Count: 100, Min: 0.3, P50: 12.5, P90: 13, P99: 14.75, Max: 40}
	link := func(from, to string, offset float64, q *timing.Queue) timing.Link {
		return timing.Link{From: from, To: to, Transport: timing.UDP, Clock: &timing.Clock{At: start, OffsetMS: offset, ErrorMS: 0.25, DriftPPM: 20, DriftErrorPPM: 1},
			Phases: []timing.Phase{{When: timing.During, Measured: timing.Measured{Transport: timing.UDP, Count: 100, Lost: 2, RTT: spread, JitterMS: 0.5, Queue: q}}}}
	}
	c := &analyze.Case{Cluster: "wiki", Started: start, Ended: start, Timing: &timing.Record{Version: 1, Reference: "admin", Started: start, Ended: start,
		Links: []timing.Link{link("admin", "n1", 1.5, nil), link("admin", "n2", -2, nil), link("n1", "n2", -3.5, &timing.Queue{ThereP90: 9, BackP90: 1}),
			{From: "n2", To: "n1", Failure: "no answer <b>"}},
		Rounds: []timing.Round{{Number: 1, Starts: make([]timing.Start, 2), SkewMS: 0.25}}, Notes: []string{"20 nodes: each asked 8"}},
		Nodes: []*analyze.Node{{Name: "n1", Timing: &timing.Node{Name: "n1", Databases: []timing.Probe{{Target: "db:5432", Kind: "postgresql", Tries: 3, Failures: 3, Errors: []string{"connection refused"}}},
			Storage: []timing.Probe{{Target: "/shared", Kind: "shared-home", Tries: 9, Steps: []timing.Timed{{Name: timing.StepDurable, Spread: spread}}, Limit: timing.LimitFor(timing.MeasureSharedHome)}}}}, {Name: "n2"}}}
	res := &analyze.Result{}
	var page bytes.Buffer
	if err := HTML(&page, c, res, Meta{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Round trips between the nodes", "12.50 ms", "14.75 ms", "2 %", "there: one in ten waits 9.0 ms", "no answer &lt;b&gt;", "20 nodes: each asked 8",
		"+1.50 ms", "0.25 ms of each other", "/shared", "good below 20 ms, bad above 60 ms", "3 of 3", "connection refused"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	c.Timing, c.Nodes[0].Timing = nil, nil
	page.Reset()
	if err := HTML(&page, c, res, Meta{}); err != nil || strings.Contains(page.String(), "Round trips") {
		t.Errorf("%v, a section without anything in it", err)
	}
}

// Of many nodes the first screen tells those that have the same in one row, and none is left out.
func TestManyNodesHaveTheSame(t *testing.T) {
	c, _ := sampleCluster(t, 50, time.Minute)
	c.Nodes[7].Host = nil
	c.Gaps = []analyze.Gap{{Node: "wiki-9", Item: "GC log"}}
	var got []string
	for _, row := range evidenceTable(c).Rows {
		got = append(got, row[0].Text)
	}
	if want := []string{"wiki-1, wiki-2, wiki-3 and 45 more", "wiki-8", "wiki-9"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	c.Nodes = c.Nodes[:coverageNodes]
	if n := len(evidenceTable(c).Rows); n != coverageNodes {
		t.Errorf("%d rows of %d nodes", n, coverageNodes)
	}
}

// The headline of a cluster names the node, unless it does so already or all have the problem.
func TestHeadlineNamesTheNode(t *testing.T) {
	c := &analyze.Case{Nodes: []*analyze.Node{{Name: "n1"}, {Name: "n2"}}}
	for _, x := range []struct {
		title string
		nodes []string
		want  string
	}{
		{"All threads wait", []string{"n2"}, "n2: All threads wait"},
		{"n2 differs from its peers", []string{"n2"}, "n2 differs from its peers"},
		{"All CPUs are busy", []string{"n1", "n2"}, "All CPUs are busy"},
		{"All threads wait", []string{analyze.LooseNode}, "All threads wait"},
	} {
		if got := headlineOf(c, &analyze.Finding{Title: x.title, Nodes: x.nodes}); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
}
