package analyze

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze/loss"
)

// Rule looks for one kind of problem, and says what it needs: of the capture and of other rules.
type Rule struct {
	// ID is the finding's id, one of package ids; a rule may report no other.
	ID string
	// Doc says in a sentence what the finding means, and when it holds.
	Doc string
	// Needs says what must be captured for the rule to be able to tell, and how to get it.
	Needs string
	// Fix says in a sentence how the problem is cured as a rule; the advice of a finding says it for the case at hand.
	Fix string

	// After are rules whose findings Run looks at, see [Pass.Found]: they run before.
	After []string
	// Unless are rules that say the same more exactly: where one of them found something about a subject, this one
	// is silent about it.
	Unless []string
	// ExplainedBy are rules whose finding about the same process makes this one a mere consequence: curing the cause
	// cures both. A consequence stands behind its cause, and is not more severe.
	ExplainedBy []string
	// Behind are rules of whose finding this one is a mere consequence where that one explains half or more of its
	// threads, see [Claimer].
	Behind []string
	// Repeats are rules that see the same problem with another instrument: where both findings are about the same
	// thing of a process, see [Finding.About], this one is a note with what its own instrument measured.
	Repeats []string
	// Claims are the kinds of time that the finding explains all of, see [loss.Account.ClaimKind]. What threads it
	// explains beyond them its
	// Detail tells, see [Claimer].
	Claims []loss.Kind
	// Lasts says that the finding is as bad while a JVM starts as it is later. Other findings of threads are notes then, see [Rule.OfThreads].
	Lasts bool
	// OfThreads says that the finding is of what threads did at the moments of dumps.
	OfThreads bool
	// HostWide findings are about a machine, whatever their subject says.
	HostWide bool
	// Compares says that findings are about nodes against each other: those of two nodes are never one.
	Compares bool

	// Limits are the figures from which on the rule speaks up.
	Limits []Threshold
	// Run reports to the pass. An error means that the rule broke, not that it found something. [Each] makes one of
	// a judge.
	Run func(*Pass) error
}

// earlier are the rules that must have run before.
func (r *Rule) earlier() []string { return slices.Concat(r.After, r.Unless) }

// Subject is what a finding is about: a process of a node, or with an empty name the machine.
type Subject struct {
	Node string
	Name string
	// Source is the evidence that was judged, where a process has several of one kind that are judged each for
	// itself; else empty.
	Source string
}

// Pass is one run of one rule over a case.
type Pass struct {
	*Case

	rule      *Rule
	run       *run
	findings  []Finding
	evaluated bool
	needs     []string
}

// Evaluated notes that the rule had what it needs, at least for one subject.
func (p *Pass) Evaluated() { p.evaluated = true }

// Report adds a finding. The rule's id is filled in. A finding that an Unless of the rule covers is dropped.
func (p *Pass) Report(f Finding) {
	f.ID, f.alone = p.rule.ID, p.rule.Compares
	p.evaluated = true
	for _, s := range f.subjects() {
		for _, id := range p.rule.Unless {
			if len(p.Found(id, s)) > 0 {
				return
			}
		}
	}
	p.findings = append(p.findings, f)
}

// Lacks notes what is missing for one subject, when it is not what Needs says.
func (p *Pass) Lacks(what string) {
	if !slices.Contains(p.needs, what) {
		p.needs = append(p.needs, what)
	}
}

// Found gives the findings of an earlier rule about a subject. The rule must name it in After or Unless.
func (p *Pass) Found(id string, s Subject) []*Finding {
	var out []*Finding
	for _, f := range p.AllFound(id) {
		if slices.ContainsFunc(f.subjects(), func(o Subject) bool { return o.covers(s) }) {
			out = append(out, f)
		}
	}
	return out
}

// AllFound gives the findings of an earlier rule about any subject.
func (p *Pass) AllFound(id string) []*Finding {
	if !slices.Contains(p.rule.earlier(), id) {
		panic(fmt.Sprintf("rule %s asks for findings of %s, which it does not name in After or Unless", p.rule.ID, id))
	}
	return p.run.found[id]
}

// covers reports whether two subjects are one; without a source all of it is meant.
func (s Subject) covers(o Subject) bool {
	return s.Node == o.Node && s.Name == o.Name && (s.Source == o.Source || s.Source == "" || o.Source == "")
}

// subjects are the process or machine of the finding, on each of its nodes.
func (f *Finding) subjects() []Subject {
	if len(f.Processes) > 0 {
		return f.Processes
	}
	out := make([]Subject, 0, len(f.Nodes))
	for _, n := range f.Nodes {
		out = append(out, Subject{Node: n, Name: f.Subject, Source: f.source})
	}
	return out
}

// View is one subject of a case as the rules of a wing look at it.
type View interface{ About() Subject }

// A Judge looks at one subject, and gives what it finds; whose it is, [Each] fills in. A judge that knows only in
// the course of its work
// whether it has what it needs calls [Pass.Evaluated].
type Judge[V View] func(*Pass, V) []Finding

// Each makes the Run of a rule whose judge looks at one subject after the other. The views say which those are.
func Each[V View](views func(*Pass) []V, judge Judge[V]) func(*Pass) error {
	return func(p *Pass) error {
		for _, v := range views(p) {
			about := v.About()
			for _, f := range judge(p, v) {
				if f.Nodes == nil {
					f.Nodes = []string{about.Node}
				}
				if f.Subject == "" {
					f.Subject = about.Name
				}
				f.source = about.Source
				p.Report(f)
			}
		}
		return nil
	}
}

// Sequence makes one Run of several, for a rule that judges subjects of several kinds.
func Sequence(runs ...func(*Pass) error) func(*Pass) error {
	return func(p *Pass) error {
		for _, run := range runs {
			if err := run(p); err != nil {
				return err
			}
		}
		return nil
	}
}

// Memo is what several rules need of a case: made when the first of them asks for it, once a run.
type Memo[T any] struct{ build func(*Pass) T }

// NewMemo makes a memo of a function that looks at nothing but the case.
func NewMemo[T any](build func(*Pass) T) *Memo[T] { return &Memo[T]{build} }

// Of gives the value for the run of a pass.
func (m *Memo[T]) Of(p *Pass) T {
	if v, ok := p.run.memo[m]; ok {
		return v.(T) //nolint:forcetypeassert // only this memo stores under its own key
	}
	v := m.build(p)
	p.run.memo[m] = v
	return v
}

// do keeps a rule's panic from ending the analysis.
func (p *Pass) do() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return p.rule.Run(p)
}

// lacks says what is missing when the rule could not tell.
func (p *Pass) lacks() string {
	if len(p.needs) > 0 {
		return strings.Join(p.needs, "; ")
	}
	return p.rule.Needs
}
