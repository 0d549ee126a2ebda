package report

import (
	"context"
	"strings"
	"testing"

	"casefile/analyze"
)

// TestEvidenceThatSaysTheSame is told once, and counted; none of it is lost.
func TestEvidenceThatSaysTheSame(t *testing.T) {
	d := drawer{}
	for _, text := range []string{`"exec-1" waits for <0xf0a1>`, `"exec-2" waits for <0xf0a1>`, "the holder sleeps for 4.5 s", `"exec-13" waits for <0xf0a1>`, ""} {
		d.take(evidenceCard{Text: text, Cite: text})
	}
	d.take(evidenceCard{})
	if len(d.Evidence) != 4 || len(d.Evidence[0].Alike) != 2 || d.Evidence[0].Alike[1].Cite != `"exec-13" waits for <0xf0a1>` {
		t.Errorf("folded to %+v", d.Evidence)
	}
}

// TestDrawer: what a finding rests on and what speaks against it come from the catalogue of rules.
func TestDrawer(t *testing.T) {
	run := func(*analyze.Pass) error { return nil }
	rules := []*analyze.Rule{{ID: "pool", Doc: "All threads are busy.", Needs: "dumps", ExplainedBy: []string{"lock", "gc", "steal"}, Run: run,
		Limits: []analyze.Threshold{analyze.NewLimit(0.5, "1", "busy in dumps", "own judgement: half")}}}
	f := analyze.Finding{ID: "pool", Severity: analyze.Warning, Confidence: analyze.Medium, Title: "busy", Nodes: []string{"n1"},
		Evidence: []analyze.Evidence{{Entry: "a.txt", Text: "x"}, {Entry: "b.txt", Text: "y"}}}
	r := &analyze.Result{Findings: []analyze.Finding{f, {ID: "gc", Severity: analyze.Warning}}, NotEvaluated: []analyze.NotEvaluated{{ID: "steal", Needs: "host counters"}}}
	c := &analyze.Case{Nodes: []*analyze.Node{{Name: "n1"}}}
	page := string(renderHTML(t, c, r, Meta{Rules: rules, BundleName: "/tmp/a b.zip"}))
	for _, want := range []string{"All threads are busy.", "busy in dumps", "50 %", "own judgement: half", "2 pieces in 2 files",
		"Confidence is medium", "Not looked for: steal, which could explain it. It needs host counters.",
		"Looked for as its cause and not found: lock.", "casefile show &#39;a b.zip&#39; pool"} {
		if !strings.Contains(page, want) {
			t.Errorf("the drawer lacks %q", want)
		}
	}
	if _, err := analyze.Run(context.Background(), c, rules); err != nil {
		t.Errorf("the rule of this test is none: %v", err)
	}
}
