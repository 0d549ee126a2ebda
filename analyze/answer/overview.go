package answer

import (
	"casefile/analyze"
	"casefile/analyze/report"
)

// Overview is what to know first of a capture.
type Overview struct {
	Capture   string                 `json:"capture"`
	Case      report.CaseInfo        `json:"case"`
	Story     *report.Story          `json:"story"`
	Findings  []FindingLine          `json:"findings"`
	More      int                    `json:"findings_more,omitempty"`
	Nodes     []report.Node          `json:"nodes"`
	Has       Contents               `json:"has"`
	Gaps      []report.Gap           `json:"gaps"`
	Problems  []string               `json:"not_read"`
	Untold    []analyze.NotEvaluated `json:"not_evaluated"`
	Broken    []string               `json:"broken_rules,omitempty"`
	NextSteps string                 `json:"next_steps"`
}

// Contents counts what there is to ask for.
type Contents struct {
	ThreadSeries int      `json:"thread_series"`
	GCLogs       int      `json:"gc_logs"`
	Recordings   int      `json:"recordings"`
	Profiles     []string `json:"profiles"` // their kinds
	Series       int      `json:"series"`
}

const overviewFindings = 20

// Overview tells the verdict, the findings in a line each, what was captured and what is missing.
func (c *Capture) Overview() *Overview {
	d := report.NewDocument(c.Case, c.Result)
	o := &Overview{Capture: c.Name, Case: d.Case, Story: d.Story, Nodes: d.Nodes, Gaps: d.Gaps, Problems: d.Problems,
		Untold: d.NotEvaluated, Broken: d.BrokenRules,
		NextSteps: "finding gives the evidence of one; threads, gc, profile, series and excerpt give what it rests on"}
	list := c.Findings(FindingsQuery{Limit: overviewFindings})
	o.Findings, o.More = list.Findings, list.More
	o.Has = Contents{ThreadSeries: len(d.Threads), GCLogs: len(d.GC), Recordings: len(d.JFR), Profiles: []string{},
		Series: len(c.allSeries(Of{}))}
	for _, p := range d.Profiles {
		o.Has.Profiles = append(o.Has.Profiles, string(p.Type))
	}
	return o
}
