package analyze

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze/say"
)

// place is one process or machine that a finding or a set of settings is about.
type place struct{ node, subject string }

// foldedEvidence is how many places a finding about several nodes cites, at most.
const foldedEvidence = 12

// foldedTitles is how many nodes a finding tells the figures of, beside the first.
const foldedTitles = 8

// fold makes one finding of those that say the same of several nodes: what is wrong
// everywhere is one problem, to be cured in one place. They are in order, so the
// first of each kind is the one that weighs most, and its figures lead.
func fold(list []Finding, nodes int) []Finding {
	var out []Finding
	groups := map[string][]int{} // of findings in out, by what they say
	members := make([][]Finding, 0, len(list))
next:
	for _, f := range list {
		key, may := sayingOf(&f)
		if may {
			for _, i := range groups[key] {
				if !slices.ContainsFunc(members[i], func(m Finding) bool { return m.Nodes[0] == f.Nodes[0] }) {
					members[i] = append(members[i], f)
					continue next
				}
			}
			groups[key] = append(groups[key], len(out))
		}
		out, members = append(out, f), append(members, []Finding{f})
	}
	for i, same := range members {
		if len(same) > 1 {
			out[i] = joined(same, nodes)
		}
	}
	return out
}

// sayingOf is what a finding says without its figures: its kind, of which
// application, about what, and which settings it would change. A finding about several
// nodes, or about its node against others, is of no other.
func sayingOf(f *Finding) (key string, ok bool) {
	if len(f.Nodes) != 1 || f.Nodes[0] == "" || f.alone {
		return "", false
	}
	what := strings.Join(f.About, "\x00")
	if what == "" {
		what = patternOf(f)
	}
	parts := []string{f.ID, string(f.Severity), say.App(f.Subject), what}
	for _, a := range f.Advice {
		parts = append(parts, a.Setting)
	}
	return strings.Join(parts, "\x01"), true
}

// patternOf is the title without figures and process id.
func patternOf(f *Finding) string {
	pattern := f.pattern
	if pattern == "" {
		pattern = f.Title
	}
	if f.Subject == "" {
		return pattern
	}
	return strings.ReplaceAll(pattern, f.Subject, say.App(f.Subject))
}

// sameFigures reports whether two findings that say the same do so of the same numbers.
func sameFigures(a, b *Finding) bool {
	return patternOf(a) == patternOf(b) && slices.Equal(a.Figures, b.Figures)
}

// joined is one finding of several that say the same.
func joined(same []Finding, nodes int) Finding {
	f := same[0]
	first := f.Nodes[0]
	f.Nodes, f.Advice, f.Evidence, f.References = nil, slices.Clone(f.Advice), nil, slices.Clone(f.References)
	subject := f.Subject
	if slices.ContainsFunc(same, func(m Finding) bool { return m.Subject != subject }) {
		f.Subject = say.App(subject)
	}
	var figures []string
	alike := true
	for i, m := range same {
		f.Nodes = append(f.Nodes, m.Nodes[0])
		if i > 0 && i <= foldedTitles {
			alike = alike && sameFigures(&m, &same[0])
			figures = append(figures, m.Nodes[0]+": "+plainTitle(m)+".")
		}
		if m.Confidence != f.Confidence {
			f.Confidence = Medium
		}
	}
	f.Evidence = evidenceOf(same)
	slices.Sort(f.Nodes)
	if !alike {
		slices.Sort(figures)
		f.Explanation += fmt.Sprintf(
			"\nThe figures are of %s, where it weighs most.\n",
			first,
		) + strings.Join(
			figures,
			"\n",
		)
		if left := len(same) - 1 - len(figures); left > 0 {
			f.Explanation += fmt.Sprintf("\nAnd %d more nodes alike.", left)
		}
	}
	f.Title = onNodes(f.Nodes, nodes) + ": " + strings.ReplaceAll(f.Title, subject, f.Subject)
	for k := range f.Advice {
		a := &f.Advice[k]
		a.From = perNode(same, func(m *Finding) string { return m.Advice[k].From })
		a.To = perNode(same, func(m *Finding) string { return m.Advice[k].To })
		if f.Subject != subject {
			a.Action = strings.ReplaceAll(a.Action, subject, f.Subject)
			a.Verify = strings.ReplaceAll(a.Verify, subject, f.Subject)
		}
	}
	return f
}

// evidenceOf takes from each node in turn: whoever reads only the first has seen all.
func evidenceOf(same []Finding) (out []Evidence) {
	for round := 0; ; round++ {
		before := len(out)
		for _, m := range same {
			if round < len(m.Evidence) && len(out) < foldedEvidence {
				out = append(out, m.Evidence[round])
			}
		}
		if len(out) == before {
			return out
		}
	}
}

func plainTitle(m Finding) string { return strings.TrimSuffix(m.Title, ".") }

// onNodes says where: "On n1 and n2", "On all 3 nodes", "On 8 of 12 nodes".
func onNodes(names []string, nodes int) string {
	switch n := len(names); {
	case n == nodes && n == 2:
		return "On both nodes"
	case n == nodes:
		return fmt.Sprintf("On all %d nodes", n)
	case n <= 3:
		return "On " + andOf(names)
	default:
		return fmt.Sprintf("On %d of %d nodes", n, nodes)
	}
}

// perNode is a value that is the same everywhere, or each node's own: "2g on n1 and n2, 3g on n3".
func perNode(same []Finding, read func(*Finding) string) string {
	var values []string
	nodes := map[string][]string{}
	for i := range same {
		v := read(&same[i])
		if nodes[v] == nil {
			values = append(values, v)
		}
		nodes[v] = append(nodes[v], same[i].Nodes[0])
	}
	if len(values) == 1 {
		return values[0]
	}
	var parts []string
	for i, v := range values {
		if i == foldedTitles {
			parts = append(parts, fmt.Sprintf("and %d other values", len(values)-i))
			break
		}
		parts = append(parts, v+" on "+andOf(nodes[v]))
	}
	return strings.Join(parts, ", ")
}

// andOf lists some names, and counts many.
func andOf(names []string) string {
	switch n := len(names); {
	case n == 1:
		return names[0]
	case n <= 3:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	default:
		return fmt.Sprintf("%d nodes", n)
	}
}

// foldTuning makes one set of those that change the same on several nodes.
func foldTuning(list []Tuning) []Tuning {
	var out []Tuning
next:
	for _, t := range list {
		if len(t.Nodes) == 1 {
			t.of = []place{{t.Nodes[0], t.Subject}}
			for i := range out {
				o := &out[i]
				if sameChanges(o.Changes, t.Changes) && say.App(o.Subject) == say.App(t.Subject) && len(o.of) > 0 && !slices.Contains(o.Nodes, t.Nodes[0]) {
					if o.Subject != t.Subject {
						o.Subject = say.App(t.Subject)
					}
					o.Nodes, o.of = append(slices.Clone(o.Nodes), t.Nodes[0]), append(o.of, t.of...)
					slices.Sort(o.Nodes)
					continue next
				}
			}
		}
		out = append(out, t)
	}
	return out
}

func sameChanges(a, b []Change) bool {
	return slices.EqualFunc(
		a,
		b,
		func(x, y Change) bool { return x.Setting == y.Setting && x.From == y.From && x.To == y.To },
	)
}

// Concerns tells whether the set is for a JVM.
func (t *Tuning) Concerns(node, subject string) bool {
	return slices.Contains(t.of, place{node, subject}) ||
		len(t.of) == 0 && slices.Contains(t.Nodes, node) && t.Subject == subject
}
