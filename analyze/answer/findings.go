package answer

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"casefile/analyze"
)

// FindingLine is a finding in short. Number, from 1, names it among all of the capture.
type FindingLine struct {
	Number        int                `json:"number"`
	ID            string             `json:"id"`
	Severity      analyze.Severity   `json:"severity"`
	Confidence    analyze.Confidence `json:"confidence"`
	Title         string             `json:"title"`
	Nodes         []string           `json:"nodes"`
	Subject       string             `json:"subject,omitempty"`
	Impact        string             `json:"impact,omitempty"`
	Evidence      int                `json:"pieces_of_evidence"`
	First         *Place             `json:"first_evidence,omitempty"`
	ConsequenceOf int                `json:"consequence_of,omitempty"`
}

// FindingsQuery narrows the list.
type FindingsQuery struct {
	Of
	Severity string `json:"severity,omitempty" jsonschema:"only those at least so severe: info, warning or critical"`
	Text     string `json:"text,omitempty" jsonschema:"only those whose id, title, impact or advice contains this"`
	Offset   int    `json:"offset,omitempty" jsonschema:"how many to skip"`
	Limit    int    `json:"limit,omitempty" jsonschema:"at most so many, up to 100; default 30"`
}

// FindingList is a part of the findings of a capture.
type FindingList struct {
	Capture  string        `json:"capture"`
	Findings []FindingLine `json:"findings"`
	More     int           `json:"more"`
}

// Findings lists findings, worst first.
func (c *Capture) Findings(q FindingsQuery) *FindingList {
	list := []FindingLine{}
	for i := range c.Result.Findings {
		if f := &c.Result.Findings[i]; q.takes(f) {
			list = append(list, lineOf(i, f))
		}
	}
	out := &FindingList{Capture: c.Name}
	out.Findings, out.More = page(list, q.Offset, q.Limit, 30)
	return out
}

func (q *FindingsQuery) takes(f *analyze.Finding) bool {
	if !q.process(f.Subject) || q.Severity != "" && !f.Severity.AtLeast(analyze.Severity(q.Severity)) {
		return false
	}
	if q.Node != "" && !slices.ContainsFunc(f.Nodes, func(n string) bool { return has(n, q.Node) }) {
		return false
	}
	return has(f.ID, q.Text) || has(f.Title, q.Text) || has(f.Impact, q.Text) ||
		slices.ContainsFunc(f.Advice, func(a analyze.Advice) bool { return has(a.Action, q.Text) || has(a.Setting, q.Text) })
}

func lineOf(i int, f *analyze.Finding) FindingLine {
	l := FindingLine{Number: i + 1, ID: f.ID, Severity: f.Severity, Confidence: f.Confidence, Title: f.Title,
		Nodes: append([]string{}, f.Nodes...), Subject: f.Subject, Impact: f.Impact, Evidence: len(f.Evidence), ConsequenceOf: f.ConsequenceOf}
	if len(f.Evidence) > 0 {
		l.First = &Place{f.Evidence[0].Entry, f.Evidence[0].Lines}
	}
	return l
}

// FindingDetail is one finding with the lines that it rests on.
type FindingDetail struct {
	Number       int             `json:"number"`
	Finding      analyze.Finding `json:"finding"`
	Excerpts     []Excerpt       `json:"excerpts"`
	MoreEvidence int             `json:"more_evidence,omitempty"`
	Consequences []FindingLine   `json:"consequences,omitempty"`
	Command      string          `json:"command"`
}

// Excerpt is lines of an entry as they stand there, each behind its number: "120: at a.B.run(B.java:7)".
type Excerpt struct {
	Place
	Says   string   `json:"says,omitempty"`
	Text   []string `json:"text"`
	Failed string   `json:"failed,omitempty"`
}

// Most pieces of evidence, and lines of each, of one answer.
const (
	detailEvidence = 12
	detailLines    = 24
	excerptLines   = 40
)

// Finding gives a finding by its number, or the worst of an id.
func (c *Capture) Finding(ctx context.Context, which string) (*FindingDetail, error) {
	at := slices.IndexFunc(c.Result.Findings, func(f analyze.Finding) bool { return f.ID == which })
	if n, err := strconv.Atoi(which); err == nil && n >= 1 && n <= len(c.Result.Findings) {
		at = n - 1
	}
	if at < 0 {
		var ids []string
		for _, f := range c.Result.Findings {
			ids = append(ids, f.ID)
		}
		return nil, notThere("finding "+strconv.Quote(which), ids)
	}
	f := c.Result.Findings[at]
	d := &FindingDetail{Number: at + 1, MoreEvidence: max(0, len(f.Evidence)-detailEvidence),
		Command: fmt.Sprintf("casefile show %s %s", c.Name, f.ID)}
	f.Evidence = slices.Clone(f.Evidence[:min(len(f.Evidence), detailEvidence)])
	d.Finding, d.Excerpts = f, c.excerpts(ctx, f.Evidence, detailLines)
	for i := range c.Result.Findings {
		if o := &c.Result.Findings[i]; o.ConsequenceOf == at+1 {
			d.Consequences = append(d.Consequences, lineOf(i, o))
		}
	}
	return d, nil
}

func (c *Capture) excerpts(ctx context.Context, evidence []analyze.Evidence, most int) []Excerpt {
	cited := c.Cited(ctx, []analyze.Finding{{Evidence: evidence}})
	out := make([]Excerpt, 0, len(evidence))
	for _, e := range evidence {
		x := Excerpt{Place: Place{e.Entry, e.Lines}, Says: e.Text, Text: []string{}}
		lines, err := cited.Lines(e, most)
		if err != nil {
			x.Failed = err.Error()
		}
		for _, l := range lines {
			if l.Number == 0 {
				x.Text = append(x.Text, fmt.Sprintf("(%d lines left out)", l.Left))
			} else {
				x.Text = append(x.Text, fmt.Sprintf("%d: %s", l.Number, l.Text))
			}
		}
		out = append(out, x)
	}
	return out
}

// Excerpt gives lines of an entry, "120-164", at most forty.
func (c *Capture) Excerpt(ctx context.Context, entry, lines string) (*Excerpt, error) {
	if lines == "" {
		lines = fmt.Sprintf("1-%d", excerptLines)
	}
	x := c.excerpts(ctx, []analyze.Evidence{{Entry: entry, Lines: lines}}, excerptLines)[0]
	if x.Failed != "" {
		return nil, fmt.Errorf("%s lines %s: %w: %s", entry, lines, ErrNotThere, x.Failed)
	}
	return &x, nil
}
