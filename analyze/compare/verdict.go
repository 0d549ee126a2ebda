package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"casefile/analyze/say"
)

// VerdictKind is what a comparison may say.
type VerdictKind string

// The kinds.
const (
	Improvement   VerdictKind = "improvement"
	Regression    VerdictKind = "regression"
	Mixed         VerdictKind = "mixed"
	NoChange      VerdictKind = "no-change"
	DifferentLoad VerdictKind = "different-load"
	NotComparable VerdictKind = "not-comparable"
	Untellable    VerdictKind = "cannot-tell"
)

// Verdict is the headline.
type Verdict struct {
	Kind VerdictKind
	Text string
	// Why are what else to know of it, a sentence each: what else changed, what cannot be told.
	Why []string
}

// Worse reports whether something got worse.
func (v *Verdict) Worse() bool { return v.Kind == Regression || v.Kind == Mixed }

// Told reports whether it says if the change helped.
func (v *Verdict) Told() bool { return v.Kind != Untellable && v.Kind != NotComparable }

// Changed are the readings that changed, of some roles.
func (c *Comparison) Changed(roles ...Role) []*Reading {
	return c.With(Changed, roles...)
}

// With are the readings of a status and of some roles; of all without.
func (c *Comparison) With(status Status, roles ...Role) (out []*Reading) {
	for _, r := range c.Readings {
		if r.Status == status && (len(roles) == 0 || slices.Contains(roles, r.Role)) {
			out = append(out, r)
		}
	}
	return out
}

// mostNamed is how many measures and settings a sentence names.
const mostNamed = 3

// decide makes the verdict.
func (c *Comparison) decide() {
	var worse, better []*Reading
	for _, r := range c.Changed(Outcome, Cause) {
		if r.Class != "" {
			continue
		}
		switch r.Goes {
		case Worse:
			worse = append(worse, r)
		case Better:
			better = append(better, r)
		}
	}
	load := c.differentLoad()
	v := &c.Verdict
	switch {
	case len(c.Pairs) == 0:
		v.Kind, v.Text = Untellable, "Cannot tell: the two sides have no process and no machine in common"
	case outweighs(worse, better):
		v.Kind, v.Text = Regression, "Worse: "+inWords(worse)
	case outweighs(better, worse):
		v.Kind, v.Text = Improvement, "Better: "+inWords(better)
	case len(worse) > 0 && len(better) > 0:
		v.Kind, v.Text = Mixed, "Better and worse: "+inWords(better[:1])+"; but "+inWords(worse[:1])
	case load != nil && load.Zone == LoadBeyond:
		v.Kind, v.Text = NotComparable, "Not comparable: "+load.sentence()+", beyond the "+say.Number(Comparable)+" times up to which it can be compared"
	case load != nil:
		v.Kind, v.Text = DifferentLoad, "Different load: "+load.sentence()+"; what the load may explain is not called a change"
	default:
		v.Kind, v.Text = c.quiet()
	}
	if load != nil && (v.Kind == Regression || v.Kind == Improvement || v.Kind == Mixed) {
		v.Text += ". The load is different too: " + load.sentence()
	}
	if s := c.settingsSentence(); s != "" {
		v.Text += ". " + s
	}
	v.Text = strings.TrimSuffix(v.Text, ".")
	c.explain()
}

// outweighs reports whether one list decides: outcomes before causes, and the other has nothing near as heavy.
func outweighs(a, b []*Reading) bool {
	if len(a) == 0 {
		return false
	}
	felt := func(list []*Reading) bool {
		return slices.ContainsFunc(list, func(r *Reading) bool { return r.Role == Outcome })
	}
	if felt(a) != felt(b) && len(b) > 0 {
		return felt(a)
	}
	return heaviest(a) > 3*heaviest(b)
}

func heaviest(list []*Reading) (most float64) {
	for _, r := range list {
		most = max(most, r.Effect)
	}
	return most
}

// inWords says the heaviest readings: one that requests feel, and those that explain it.
func inWords(list []*Reading) string {
	var out []string
	for _, role := range []Role{Cause, Outcome} {
		for _, r := range list {
			if r.Role == role && len(out) < mostNamed && (len(out) == 0 || r.Role == Outcome || r.Effect > list[0].Effect/3) {
				out = append(out, r.Sentence())
				break
			}
		}
	}
	return strings.Join(out, "; ")
}

// Sentence says how the measure differs: "time in GC pauses fell by 72 % (65 % to 78 %), from 41 % to 11 %, on shop".
func (r *Reading) Sentence() string {
	return fmt.Sprintf("%s %s, from %s to %s, %s", r.Title, r.Moved(), r.Unit.Text(r.Before.Value), r.Unit.Text(r.After.Value), r.of())
}

func (r *Reading) of() string {
	if r.Class != "" {
		return r.Class + ", " + r.Pair.Where()
	}
	return r.Pair.Where()
}

// tripled is the change from which on times are read more easily than per cent.
const tripled = 2

// Moved says the change with its interval: "rose by 20 % (16 % to 24 %)", "rose to 12 times as much (9.1 to 16 times)".
func (r *Reading) Moved() string {
	if r.Relative && r.Change >= tripled {
		return fmt.Sprintf("rose to %s times as much (%s to %s times)", say.Number(1+r.Change), say.Number(1+r.Low), say.Number(1+r.High))
	}
	if r.Change < 0 {
		return fmt.Sprintf("fell by %s (%s)", r.amount(-r.Change), r.bounds(-r.High, -r.Low))
	}
	return fmt.Sprintf("rose by %s (%s)", r.amount(r.Change), r.bounds(r.Low, r.High))
}

func (r *Reading) amount(v float64) string {
	if r.Relative {
		return percent(v)
	}
	return r.Unit.Text(v)
}

func (r *Reading) bounds(low, high float64) string { return r.amount(low) + " to " + r.amount(high) }

// percent writes a change, which may be below nothing.
func percent(v float64) string {
	if v < 0 {
		return "-" + say.Percent(-v)
	}
	return say.Percent(v)
}

// differentLoad is the load that differs most; nil: none does.
func (c *Comparison) differentLoad() (most *Load) {
	for _, p := range c.Pairs {
		l := &p.Load
		if l.Zone == LoadNear || l.Zone == LoadFar || l.Zone == LoadBeyond {
			if most == nil || math.Abs(math.Log(l.Factor())) > math.Abs(math.Log(most.Factor())) {
				most = l
			}
		}
	}
	return most
}

func (l *Load) sentence() string {
	what := "requests a second"
	if l.By != "requests" {
		what = "the allocation, which stands for the load where no access log counts requests,"
	}
	return fmt.Sprintf("%s of %s went from %s to %s (%s times)", what, l.Pair.Where(), l.Unit.Text(l.Before.Value), l.Unit.Text(l.After.Value),
		say.Number(l.Factor()))
}

// quiet is the verdict where nothing changed that requests feel.
func (c *Comparison) quiet() (VerdictKind, string) {
	var sure []*Reading
	for _, r := range c.With(Unchanged, Outcome, Cause) {
		if r.Class == "" && !r.tiny() {
			sure = append(sure, r)
		}
	}
	if text := c.withoutLoad(); text != "" {
		return Untellable, text
	}
	unsure := c.With(CannotTell, Outcome, Cause)
	tiny := len(c.With(Unchanged, Outcome, Cause)) - len(sure)
	slices.SortStableFunc(unsure, func(a, b *Reading) int { return cmp.Compare(b.hidden(), a.hidden()) })
	switch {
	case len(unsure) > 0 && len(sure) > 0 && unsure[0].hidden() >= Precise:
		r := unsure[0]
		return Untellable, fmt.Sprintf("Cannot tell: nothing changed significantly, but %s could have, %s; it needs %s", r.Title, r.of(), r.Needs)
	case len(sure) > 0:
		best := sure[0]
		for _, r := range sure {
			if r.Relative && r.part > best.part {
				best = r
			}
		}
		text := fmt.Sprintf("No significant change in %s", say.Count(len(sure)+tiny, "measure"))
		if best.Relative {
			text += fmt.Sprintf("; of %s, %s more or less would have been seen", best.Title, say.Percent(max(math.Expm1(2*best.Half), Relevant)))
		}
		return NoChange, text
	case len(unsure) > 0:
		r := unsure[0]
		return Untellable, fmt.Sprintf("Cannot tell: too little was captured; %s of %s needs %s", r.Title, r.of(), r.Needs)
	case tiny > 0:
		return Untellable, "Cannot tell: there was hardly any work to compare; capture under load"
	}
	return Untellable, "Cannot tell: the two sides have no measure in common that requests feel: capture access logs, GC logs, " +
		"thread dumps or figures of the process on both"
}

// withoutLoad names what moved where the load is not known; empty: nothing did.
func (c *Comparison) withoutLoad() string {
	var moved []*Reading
	for _, r := range c.With(OfLoad, Outcome, Cause) {
		if r.Class == "" && (r.Pair.Load.Zone == LoadUnknown || r.Pair.machine != "") && r.significant() {
			moved = append(moved, r)
		}
	}
	if len(moved) > 0 && moved[0].Pair.machine != "" {
		return "Cannot tell whether the service changed or how long it waits for the CPUs of its machine, which were all busy: " + inWords(moved)
	}
	if len(moved) == 0 {
		return ""
	}
	return "Cannot tell whether the service changed or its load, which is not known (access logs count requests, GC logs what is " +
		"allocated): " + inWords(moved)
}

// settingsSentence names what else changed, what explains most first.
func (c *Comparison) settingsSentence() string {
	var names []string
	for i := range c.Settings {
		s := &c.Settings[i]
		if kindRank(s.Kind) > kindRank("option") && s.Followed == "" {
			continue
		}
		text := s.String()
		if s.Followed != "" {
			text += " (as " + s.Followed + " advised)"
		}
		if !slices.Contains(names, text) {
			names = append(names, text)
		}
	}
	if len(names) == 0 {
		return ""
	}
	if n := len(names) - mostNamed; n > 0 {
		names = append(names[:mostNamed:mostNamed], say.Count(n, "other setting"))
	}
	return "Also changed: " + say.List(names)
}

// full is the share of a machine's CPU from which on work takes turns: what one process measures is then also of others.
const full = 0.95

// saturated names machines whose CPUs were all busy, those that were as busy in one sentence.
func (c *Comparison) saturated() (out []string) {
	nodes := map[[2]string][]string{}
	var order [][2]string
	for _, p := range c.Pairs {
		r := p.reading("host_cpu")
		if r == nil || max(r.Before.Value, r.After.Value) < full {
			continue
		}
		busy := [2]string{say.Percent(r.Before.Value), say.Percent(r.After.Value)}
		if nodes[busy] == nil {
			order = append(order, busy)
		}
		nodes[busy] = append(nodes[busy], p.Node)
	}
	for _, busy := range order {
		out = append(out, fmt.Sprintf("the CPUs of %s were %s busy before and %s after: what waits for them is measured too, and differs from run to run",
			say.List(nodes[busy]), busy[0], busy[1]))
	}
	return out
}

// explain adds what the verdict leaves open.
func (c *Comparison) explain() {
	v := &c.Verdict
	v.Why = append(v.Why, c.Unmatched...)
	for _, p := range c.Pairs {
		if p.How != "" {
			v.Why = append(v.Why, p.How)
		}
		v.Why = append(v.Why, p.lost()...)
	}
	v.Why = append(v.Why, c.saturated()...)
	for _, r := range c.Changed(Resource) {
		if r.Class == "" {
			v.Why = append(v.Why, say.Sentence(r.Sentence()))
		}
	}
	if n := len(c.With(CannotTell, Outcome, Cause)); n > 0 && v.Kind != Untellable {
		r := c.With(CannotTell, Outcome, Cause)[0]
		v.Why = append(v.Why, fmt.Sprintf("%s cannot be told; %s of %s needs %s", say.Count(n, "measure"), r.Title, r.of(), r.Needs))
	}
	if n := len(c.Findings.Untold); n > 0 {
		v.Why = append(v.Why, say.Count(n, "finding")+" of before can no longer be told: that is no improvement")
	}
}
