package analyze

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Rule looks for one kind of problem.
type Rule struct {
	// ID is the finding's id; a rule may report no other.
	ID string
	// Doc says in a sentence what the finding means, and when it holds.
	Doc string
	// Needs says what must be captured for the rule to be able to tell, and how to get it.
	Needs string
	// Run reports to the pass. An error means that the rule broke, not that it found something.
	Run func(*Pass) error
}

// Pass is one run of one rule over a case.
type Pass struct {
	*Case
	Limits Thresholds

	rule      *Rule
	findings  []Finding
	evaluated bool
	needs     []string
}

// Evaluated notes that the rule had what it needs, at least for one subject.
func (p *Pass) Evaluated() { p.evaluated = true }

// Report adds a finding. The rule's id is filled in.
func (p *Pass) Report(f Finding) {
	f.ID = p.rule.ID
	p.evaluated = true
	p.findings = append(p.findings, f)
}

// Lacks notes what is missing for one subject, when it is not what Needs says.
func (p *Pass) Lacks(what string) {
	if !slices.Contains(p.needs, what) {
		p.needs = append(p.needs, what)
	}
}

// Result is what all rules said about a case.
type Result struct {
	Findings     []Finding
	NotEvaluated []NotEvaluated
	// Tuning is what the findings advise to set, for each JVM as one set without contradictions.
	Tuning []Tuning
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

// Validate tells whether a set of rules can run: ids unique, docs and needs there.
func Validate(rules []*Rule) error {
	seen := map[string]bool{}
	var errs []error
	for _, r := range rules {
		switch {
		case r.ID == "" || r.Doc == "" || r.Needs == "" || r.Run == nil:
			errs = append(errs, fmt.Errorf("rule %q lacks id, doc, needs or run", r.ID))
		case seen[r.ID]:
			errs = append(errs, fmt.Errorf("rule id %q is used twice", r.ID))
		}
		seen[r.ID] = true
	}
	return errors.Join(errs...)
}

// Run runs the rules over a case. A rule that breaks costs only its own findings.
func Run(ctx context.Context, c *Case, rules []*Rule, limits Thresholds) (*Result, error) {
	if err := Validate(rules); err != nil {
		return nil, err
	}
	res := &Result{Findings: []Finding{}, NotEvaluated: []NotEvaluated{}}
	for _, r := range rules {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := &Pass{Case: c, Limits: limits, rule: r}
		if err := p.run(); err != nil {
			res.Broken = append(res.Broken, fmt.Sprintf("%s: %v", r.ID, err))
			continue
		}
		res.Findings = append(res.Findings, p.findings...)
		if !p.evaluated {
			needs := r.Needs
			if len(p.needs) > 0 {
				needs = strings.Join(p.needs, "; ")
			}
			res.NotEvaluated = append(res.NotEvaluated, NotEvaluated{ID: r.ID, Needs: needs})
		}
	}
	rank(res.Findings)
	order(res.Findings)
	res.Tuning = foldTuning(reconcile(res.Findings))
	res.Findings = fold(res.Findings, len(c.Nodes))
	return res, nil
}

// run keeps a rule's panic from ending the analysis.
func (p *Pass) run() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return p.rule.Run(p)
}
