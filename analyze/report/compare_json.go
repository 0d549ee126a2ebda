package report

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"casefile/analyze"
	"casefile/analyze/compare"
	"casefile/analyze/profile"
)

// Comparison is the object that `compare --output json` prints. Arrays are never null.
type Comparison struct {
	SchemaVersion int             `json:"schema_version"`
	Verdict       CompareVerdict  `json:"verdict"`
	Before        []ComparedRun   `json:"before"`
	After         []ComparedRun   `json:"after"`
	Pairs         []ComparedPair  `json:"pairs"`
	Unmatched     []string        `json:"unmatched"`
	OneSided      []string        `json:"one_sided"` // measures that only one side has
	Requests      []Measured      `json:"requests"`  // what changed that requests feel
	Changed       []Measured      `json:"changed"`   // what changed else: where their time goes first, by its effect on them
	Unchanged     []Measured      `json:"unchanged"`
	DifferentLoad []Measured      `json:"different_load"` // not judged, for the load differs
	CannotTell    []Measured      `json:"cannot_tell"`
	Settings      []Setting       `json:"settings"`
	Advice        []Advised       `json:"advice"`
	Findings      ComparedRulings `json:"findings"`
	Profiles      []Profiled      `json:"profiles"`
}

// CompareVerdict is the headline.
type CompareVerdict struct {
	Kind compare.VerdictKind `json:"kind"`
	Text string              `json:"text"`
	Why  []string            `json:"why"`
}

// ComparedRun is one capture.
type ComparedRun struct {
	Name     string     `json:"name"`
	ID       string     `json:"id"`
	Started  *time.Time `json:"started"`
	Ended    *time.Time `json:"ended"`
	Problems []string   `json:"problems"`
}

// ComparedPair is a process or machine that both sides have.
type ComparedPair struct {
	Node    string `json:"node"`
	Subject string `json:"subject"`
	How     string `json:"how,omitempty"` // it was found again, if not by its name
	Load    *Load  `json:"load"`          // null: of a machine, or not known
}

// Load is how much was asked of a process.
type Load struct {
	By     string       `json:"by"`
	Zone   compare.Zone `json:"zone"`
	Before float64      `json:"before"`
	After  float64      `json:"after"`
	Factor float64      `json:"factor"`
	Low    float64      `json:"low"`
	High   float64      `json:"high"`
	Unit   compare.Unit `json:"unit"`
}

// Measured is one measure of a pair. Change, low and high are relative where the change is ("relative"), else in the unit.
type Measured struct {
	Name     string         `json:"name"`
	Title    string         `json:"title"`
	Role     compare.Role   `json:"role"`
	Node     string         `json:"node"`
	Subject  string         `json:"subject"`
	Class    string         `json:"class,omitempty"` // of URLs, the kind of pause, the disk
	Unit     compare.Unit   `json:"unit"`
	Source   string         `json:"source"`
	Sampled  string         `json:"sampled"`
	Before   Side           `json:"before"`
	After    Side           `json:"after"`
	Relative bool           `json:"relative"`
	Change   *float64       `json:"change"`
	Low      *float64       `json:"low"`
	High     *float64       `json:"high"`
	P        float64        `json:"p"`          // that there is no difference
	Adjusted float64        `json:"p_adjusted"` // for the number of measures
	Goes     compare.Way    `json:"goes"`       // worse, better or empty
	Effect   float64        `json:"effect"`     // on the time of requests, 0 to 1
	Status   compare.Status `json:"status"`
	Needs    string         `json:"needs,omitempty"`
}

// Side is a measure of one side with its interval.
type Side struct {
	Value   *float64 `json:"value"`
	Low     *float64 `json:"low"`
	High    *float64 `json:"high"`
	Runs    int      `json:"runs"`
	N       int      `json:"n"` // windows or events
	Seconds float64  `json:"seconds"`
}

// Setting is what differs besides measures.
type Setting struct {
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Node     string `json:"node,omitempty"`
	Subject  string `json:"subject,omitempty"`
	Before   string `json:"before"`
	After    string `json:"after"`
	Followed string `json:"advised_by,omitempty"`
}

// Advised is an advice of before that after carries out.
type Advised struct {
	Finding  string     `json:"finding"`
	Where    string     `json:"where"`
	Setting  string     `json:"setting"`
	To       string     `json:"to"`
	Set      string     `json:"set"`
	Fully    bool       `json:"fully"`
	Expected string     `json:"expected"`
	Measured []Measured `json:"measured"`
	Gone     bool       `json:"finding_gone"`
}

// ComparedRulings are what became of the findings of before.
type ComparedRulings struct {
	Went   []analyze.Finding `json:"went"`
	Stayed []StayedFinding   `json:"stayed"`
	Came   []analyze.Finding `json:"came"`
	Untold []UntoldFinding   `json:"untold"`
}

// StayedFinding is a finding of both sides.
type StayedFinding struct {
	Before analyze.Finding `json:"before"`
	After  analyze.Finding `json:"after"`
}

// UntoldFinding is a finding of before that after cannot tell of.
type UntoldFinding struct {
	Finding analyze.Finding `json:"finding"`
	Why     string          `json:"why"`
}

// Profiled are the profiles of one kind.
type Profiled struct {
	Node    string       `json:"node"`
	Subject string       `json:"subject"`
	Kind    profile.Kind `json:"kind"`
	Methods []Method     `json:"methods"`
}

// Method is a function whose share changed; low and high are points.
type Method struct {
	profile.Change
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// CompareJSON writes a comparison as one object.
func CompareJSON(w io.Writer, c *compare.Comparison) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(NewComparison(c))
}

// NewComparison makes the object.
func NewComparison(c *compare.Comparison) *Comparison {
	d := &Comparison{SchemaVersion: SchemaVersion, Verdict: CompareVerdict{c.Verdict.Kind, c.Verdict.Text, listed(c.Verdict.Why)},
		Before: runsOf(c.Before), After: runsOf(c.After), Pairs: []ComparedPair{}, Unmatched: listed(c.Unmatched), OneSided: listed(c.OneSided),
		Requests:      measuredOf(c.Changed(compare.Outcome)),
		Changed:       measuredOf(c.Changed(compare.Cause, compare.Resource, compare.Machine)),
		Unchanged:     measuredOf(c.With(compare.Unchanged)),
		DifferentLoad: measuredOf(c.With(compare.OfLoad)), CannotTell: measuredOf(c.With(compare.CannotTell)),
		Settings: []Setting{}, Advice: []Advised{}, Profiles: []Profiled{},
		Findings: ComparedRulings{listed(c.Findings.Went), []StayedFinding{}, listed(c.Findings.Came), []UntoldFinding{}}}
	for _, p := range c.Pairs {
		d.Pairs = append(d.Pairs, ComparedPair{p.Node, p.Subject, p.How, loadOf(&p.Load)})
	}
	for _, s := range c.Settings {
		d.Settings = append(d.Settings, Setting{s.Kind, s.Name, s.Node, s.Subject, s.Before, s.After, s.Followed})
	}
	for _, a := range c.Advice {
		d.Advice = append(d.Advice, Advised{a.Finding, a.Where, a.Setting, a.To, a.Set, a.Fully, a.Effect, measuredOf(a.Measured), a.Gone})
	}
	for _, s := range c.Findings.Stayed {
		d.Findings.Stayed = append(d.Findings.Stayed, StayedFinding(s))
	}
	for _, u := range c.Findings.Untold {
		d.Findings.Untold = append(d.Findings.Untold, UntoldFinding{u.Finding, u.Why})
	}
	for _, p := range c.Profiles {
		one := Profiled{p.Pair.Node, p.Pair.Subject, p.Kind, []Method{}}
		for _, m := range p.Methods {
			one.Methods = append(one.Methods, Method{m.Change, m.Low, m.High})
		}
		d.Profiles = append(d.Profiles, one)
	}
	return d
}

// listed is a list that is not null.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func runsOf(runs []compare.Run) (out []ComparedRun) {
	for _, r := range runs {
		out = append(out, ComparedRun{r.Name, r.Case.ID, instant(r.Case.Started), instant(r.Case.Ended), listed(r.Case.Problems)})
	}
	return out
}

func loadOf(l *compare.Load) *Load {
	if l.Reading == nil {
		return nil
	}
	return &Load{l.By, l.Zone, l.Before.Value, l.After.Value, l.Factor(), 1 + l.Low, 1 + l.High, l.Unit}
}

// measuredOf gives readings as they are printed.
func measuredOf(list []*compare.Reading) []Measured {
	out := []Measured{}
	for _, r := range list {
		out = append(out, Measured{Name: r.Name, Title: r.Title, Role: r.Role, Node: r.Pair.Node, Subject: r.Pair.Subject, Class: r.Class, Unit: r.Unit,
			Source: r.Source, Sampled: r.Sampled, Before: sideOf(r, true), After: sideOf(r, false), Relative: r.Relative,
			Change: finite(r.Change), Low: finite(r.Low), High: finite(r.High), P: r.P, Adjusted: r.Adjusted, Goes: r.Goes, Effect: r.Effect,
			Status: r.Status, Needs: r.Needs})
	}
	return out
}

func sideOf(r *compare.Reading, before bool) Side {
	e := r.After
	if before {
		e = r.Before
	}
	return Side{finite(e.Value), finite(e.Low), finite(e.High), e.Runs, e.N, e.Seconds}
}

// finite is a number as JSON has it.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
