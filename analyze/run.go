package analyze

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"casefile/analyze/loss"
	"casefile/analyze/waits"
)

// Result is what all rules said about a case.
type Result struct {
	Findings     []Finding
	NotEvaluated []NotEvaluated
	// Checks is how many rules there are, those that lacked something included.
	Checks int
	// Tuning is what the findings advise to set, for each JVM as one set without contradictions.
	Tuning []Tuning
	// Loss is where the time of each process's threads went, and what of it findings explain.
	Loss []*loss.Statement
	// Waits is who waits for whom over all nodes; nil: neither a database was asked, nor is it known which connections
	// threads wait at.
	Waits *waits.Graph
	// Broken are rules that failed; their findings are missing.
	Broken []string
}

// Worst returns the highest severity found; empty when there is no finding.
func (r *Result) Worst() Severity {
	if len(r.Findings) == 0 {
		return ""
	}
	return r.Findings[0].Severity // they are in order
}

// run is what the rules of one run share.
type run struct {
	found map[string][]*Finding // by rule
	memo  map[any]any           // by *Memo
}

// Run runs the rules over a case, each after those whose findings it looks at. A rule that breaks costs only its own
// findings. A set
// may be a part of all rules: what the others would have said is then not there.
func Run(ctx context.Context, c *Case, rules []*Rule) (*Result, error) {
	sorted, err := inOrder(rules)
	if err != nil {
		return nil, err
	}
	inferServing(c)
	passes := map[*Rule]*Pass{}
	shared := &run{found: map[string][]*Finding{}, memo: map[any]any{}}
	res := &Result{Findings: []Finding{}, NotEvaluated: []NotEvaluated{}, Checks: len(rules)}
	for _, r := range sorted {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := &Pass{Case: c, rule: r, run: shared}
		if err := p.do(); err != nil {
			res.Broken = append(res.Broken, fmt.Sprintf("%s: %v", r.ID, err))
			continue
		}
		passes[r] = p
		for i := range p.findings {
			shared.found[r.ID] = append(shared.found[r.ID], &p.findings[i])
		}
	}
	for _, r := range rules {
		p := passes[r]
		if p == nil {
			continue
		}
		res.Findings = append(res.Findings, p.findings...)
		if !p.evaluated {
			res.NotEvaluated = append(res.NotEvaluated, NotEvaluated{ID: r.ID, Needs: p.lacks(), Near: len(p.needs) > 0})
		}
	}
	slices.SortStableFunc(res.NotEvaluated, nearFirst)
	demoteStarting(c, res.Findings, rules)
	rank(res.Findings, rules)
	order(res.Findings)
	all := &Pass{Case: c, run: shared}
	res.Loss, res.Waits = lossOf(all, res.Findings, rules), WaitsOf(all)
	app := applicationsOf(c)
	res.Tuning = foldTuning(reconcile(res.Findings), app)
	res.Findings = link(fold(res.Findings, len(c.Nodes), app))
	nameProcesses(c, res.Findings)
	return res, nil
}

// Validate reports what is wrong with a whole set of rules: an id used twice or not known, a rule without doc, needs
// or the source of a
// limit, rules that wait for each other.
func Validate(rules []*Rule) error {
	_, err := inOrder(rules)
	errs := []error{err}
	known := map[string]bool{}
	for _, r := range rules {
		known[r.ID] = true
	}
	for _, r := range rules {
		for _, id := range slices.Concat(r.earlier(), r.ExplainedBy, r.Behind, r.Repeats) {
			if !known[id] {
				errs = append(errs, fmt.Errorf("rule %q names %q, which is none", r.ID, id))
			}
		}
		errs = append(errs, checkLimits(r))
	}
	return errors.Join(errs...)
}

// inOrder sorts rules so that each follows those it looks at, and else as they come.
func inOrder(rules []*Rule) ([]*Rule, error) {
	byID := map[string]*Rule{}
	var errs []error
	for _, r := range rules {
		switch {
		case r.ID == "" || r.Doc == "" || r.Needs == "" || r.Run == nil:
			errs = append(errs, fmt.Errorf("rule %q lacks id, doc, needs or run", r.ID))
		case byID[r.ID] != nil:
			errs = append(errs, fmt.Errorf("rule id %q is used twice", r.ID))
		}
		byID[r.ID] = r
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	s := &sorter{byID: byID, done: map[*Rule]bool{}}
	for _, r := range rules {
		if err := s.add(r); err != nil {
			return nil, err
		}
	}
	return s.sorted, nil
}

// sorter walks from each rule to those it waits for.
type sorter struct {
	byID   map[string]*Rule
	done   map[*Rule]bool
	way    []string // rules that wait for the one at hand
	sorted []*Rule
}

func (s *sorter) add(r *Rule) error {
	if s.done[r] {
		return nil
	}
	if slices.Contains(s.way, r.ID) {
		return fmt.Errorf("rules wait for each other: %s", strings.Join(append(s.way, r.ID), " -> "))
	}
	s.way = append(s.way, r.ID)
	for _, id := range r.earlier() {
		if before := s.byID[id]; before != nil {
			if err := s.add(before); err != nil {
				return err
			}
		}
	}
	s.way = s.way[:len(s.way)-1]
	s.done[r] = true
	s.sorted = append(s.sorted, r)
	return nil
}
