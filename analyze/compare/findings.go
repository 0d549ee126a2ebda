package compare

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
)

// Findings are what became of the findings of before.
type Findings struct {
	Went   []analyze.Finding
	Stayed []Stayed
	Came   []analyze.Finding
	// Untold are gone from sight: that they were cured nothing shows.
	Untold []Untold
}

// Stayed is a finding on both sides.
type Stayed struct{ Before, After analyze.Finding }

// Untold is a finding of before that after cannot tell of.
type Untold struct {
	analyze.Finding
	Why string
}

// compareFindings compares those of the last run before with those of the last run after, at warning and above.
func (c *Comparison) compareFindings() {
	before, after := &c.Before[len(c.Before)-1], &c.After[len(c.After)-1]
	if before.Result == nil || after.Result == nil {
		return
	}
	left := worth(after.Result.Findings)
	var rest []analyze.Finding
	for _, same := range []func(b, a *analyze.Finding) bool{c.sameThing, c.sameKind} {
		rest = nil
		list := worth(before.Result.Findings)
		for _, b := range list {
			if c.Findings.stayed(&b) {
				continue
			}
			i := slices.IndexFunc(left, func(a analyze.Finding) bool { return same(&b, &a) })
			if i < 0 {
				rest = append(rest, b)
				continue
			}
			c.Findings.Stayed = append(c.Findings.Stayed, Stayed{b, left[i]})
			left = slices.Delete(left, i, i+1)
		}
	}
	for _, b := range rest {
		if why := c.unseen(&b, after); why != "" {
			c.Findings.Untold = append(c.Findings.Untold, Untold{b, why})
		} else {
			c.Findings.Went = append(c.Findings.Went, b)
		}
	}
	c.Findings.Came = left
}

func worth(list []analyze.Finding) (out []analyze.Finding) {
	for _, f := range list {
		if f.Severity.AtLeast(analyze.Warning) {
			out = append(out, f)
		}
	}
	return out
}

func (f *Findings) stayed(b *analyze.Finding) bool {
	return slices.ContainsFunc(f.Stayed, func(s Stayed) bool { return s.Before.Title == b.Title && s.Before.ID == b.ID })
}

// is reports whether a finding's subject is this process: by its target, or by its application where it is about several.
func (s *subject) is(of string) bool { return of != "" && (of == s.name || of == s.app) }

// sameThing: the same is said about one thing of one application.
func (c *Comparison) sameThing(b, a *analyze.Finding) bool {
	return c.sameKind(b, a) && (len(b.About)+len(a.About) == 0 ||
		slices.ContainsFunc(b.About, func(x string) bool { return slices.Contains(a.About, x) }))
}

// sameKind: the same is said about one application, if of another thing of it.
func (c *Comparison) sameKind(b, a *analyze.Finding) bool {
	return b.ID == a.ID && (b.Subject == a.Subject || slices.ContainsFunc(c.Pairs, func(p *Pair) bool {
		return slices.ContainsFunc(p.before, func(s *subject) bool { return s.is(b.Subject) }) &&
			slices.ContainsFunc(p.after, func(s *subject) bool { return s.is(a.Subject) })
	}))
}

// unseen says why the side after cannot tell of a finding; empty: it can.
func (c *Comparison) unseen(f *analyze.Finding, after *Run) string {
	for _, n := range after.Result.NotEvaluated {
		if n.ID == f.ID {
			return "it takes " + n.Needs
		}
	}
	for _, b := range after.Result.Broken {
		if strings.HasPrefix(b, f.ID+":") {
			return "the check failed: " + b
		}
	}
	pair := c.pairOf(f)
	if pair == nil {
		return "what it is about is not there after"
	}
	x, y := evidenceOf(pair.before[len(pair.before)-1]), evidenceOf(pair.after[len(pair.after)-1])
	for _, e := range f.Evidence {
		for kind, sources := range x {
			if len(y[kind]) == 0 && slices.ContainsFunc(sources, func(s string) bool { return s == e.Entry }) {
				return "it was seen in " + kind + ", which are absent after"
			}
		}
	}
	return ""
}

// pairOf is what a finding is about; nil: only one side has it.
func (c *Comparison) pairOf(f *analyze.Finding) *Pair {
	for _, p := range c.Pairs {
		if f.Subject == "" && p.Subject == "" && (len(f.Nodes) == 0 || slices.Contains(f.Nodes, p.before[0].node.Name)) {
			return p
		}
		if f.Subject != "" && p.Subject != "" && slices.ContainsFunc(p.before, func(s *subject) bool {
			return s.is(f.Subject)
		}) {
			return p
		}
	}
	return nil
}

// evidenceOf are the entries that a subject was read from, by their kind.
func evidenceOf(s *subject) map[string][]string {
	out := map[string][]string{}
	add := func(kind string, sources ...string) {
		for _, x := range sources {
			if x != "" {
				out[kind] = append(out[kind], x)
			}
		}
	}
	if s.node.Host != nil {
		add("figures of the host", s.node.Host.Parts...)
	}
	if s.jvm == nil {
		return out
	}
	j := s.jvm
	if j.Dumps != nil {
		for _, d := range j.Dumps.Dumps {
			add("thread dumps", d.Source)
		}
	}
	for _, l := range j.GC {
		add("GC logs", append(l.Files, l.Source)...)
	}
	for _, r := range j.Recordings {
		add("flight recordings", append(r.Files, r.Source)...)
	}
	for _, p := range j.Profiles {
		add("profiles", p.Name)
	}
	for _, a := range s.access {
		add("access logs", a.Source)
	}
	for _, l := range j.Logs {
		add("application logs", l.Source)
	}
	add("flags", j.FlagsSource)
	add("counters", j.CountersSource, j.PerfSource)
	add("figures of the process", j.ProcessSource)
	return out
}

// lost says which kinds of evidence of the pair only one side has.
func (p *Pair) lost() (out []string) {
	b, a := evidenceOf(p.before[len(p.before)-1]), evidenceOf(p.after[len(p.after)-1])
	for _, kind := range []string{"thread dumps", "GC logs", "access logs", "flight recordings", "profiles", "figures of the host",
		"figures of the process", "counters", "flags", "application logs"} {
		switch {
		case len(b[kind]) > 0 && len(a[kind]) == 0:
			out = append(out, fmt.Sprintf("%s of %s are there before, and absent after", kind, p.Where()))
		case len(b[kind]) == 0 && len(a[kind]) > 0:
			out = append(out, fmt.Sprintf("%s of %s are absent before, and there after", kind, p.Where()))
		}
	}
	return out
}
