package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// place is one process or machine that a finding or a set of settings is about.
type place struct{ node, subject string }

// applications are the processes of a case by their names, "4711-shop", with what all of an application are called,
// "shop".
type applications struct {
	byTarget map[string]string
	inText   *strings.Replacer
}

// applicationsOf takes the process id out of each name that has it.
func applicationsOf(c *Case) applications {
	app := applications{byTarget: map[string]string{}}
	add := func(target string, pid int) {
		if short, ok := strings.CutPrefix(target, strconv.Itoa(pid)+"-"); ok {
			app.byTarget[target] = short
		}
	}
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			add(j.Target, j.PID)
		}
		for _, s := range n.Services {
			add(s.Target, s.PID)
		}
	}
	var pairs []string
	for _, target := range slices.SortedFunc(maps.Keys(app.byTarget), longerFirst) {
		pairs = append(pairs, target, app.byTarget[target])
	}
	app.inText = strings.NewReplacer(pairs...)
	return app
}

// longerFirst puts a name before those that are a part of it.
func longerFirst(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) }

// of is the name without the process id.
func (app applications) of(target string) string { return cmp.Or(app.byTarget[target], target) }

// foldedEvidence is how many places a finding about several nodes cites, at most.
const foldedEvidence = 12

// foldedTitles is how many nodes a finding tells the figures of, besides the first.
const foldedTitles = 8

// fold makes one finding of those that say the same of several nodes: what is wrong
// everywhere is one problem, to be cured in one place. They are in order, so the
// first of each kind is the one that weighs most, and its figures lead.
func fold(list []Finding, nodes int, app applications) []Finding {
	var out []Finding
	groups := map[string][]int{} // of findings in out, by what they say
	members := make([][]Finding, 0, len(list))
next:
	for _, f := range list {
		key, may := app.sayingOf(&f)
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
			out[i] = joined(same, nodes, app)
		}
	}
	return out
}

// sayingOf is what a finding says without its figures: its kind, of which
// application, about what, and which settings it would change. A finding about several
// nodes, or about its node against others, is of no other.
func (app applications) sayingOf(f *Finding) (key string, ok bool) {
	if len(f.Nodes) != 1 || f.Nodes[0] == "" || f.alone {
		return "", false
	}
	what := strings.Join(f.About, "\x00")
	if what == "" {
		what = app.patternOf(f)
	}
	parts := []string{f.ID, strconv.FormatBool(f.Severity.AtLeast(Warning)), app.of(f.Subject), what} // a threshold between two nodes makes no two problems
	for _, a := range f.Advice {
		parts = append(parts, a.Setting)
	}
	return strings.Join(parts, "\x01"), true
}

// patternOf is the title without figures and process ids.
func (app applications) patternOf(f *Finding) string {
	pattern := f.pattern
	if pattern == "" {
		pattern = f.Title
	}
	return app.inText.Replace(pattern)
}

// sameFigures reports whether two findings that say the same do so of the same numbers.
func (app applications) sameFigures(a, b *Finding) bool {
	return app.patternOf(a) == app.patternOf(b) && slices.Equal(a.Figures, b.Figures)
}

// joined is one finding of several that say the same.
func joined(same []Finding, nodes int, app applications) Finding {
	f := same[0]
	first := f.Nodes[0]
	f.serials = nil
	f.Nodes, f.Advice, f.Evidence, f.References = nil, slices.Clone(f.Advice), nil, slices.Clone(f.References)
	subject := f.Subject
	if slices.ContainsFunc(same, func(m Finding) bool { return m.Subject != subject }) {
		f.Subject = app.of(subject)
	}
	var figures []string
	alike := true
	for i, m := range same {
		f.Nodes, f.serials = append(f.Nodes, m.Nodes[0]), append(f.serials, m.serials...)
		f.cause = cmp.Or(f.cause, m.cause)
		if i > 0 && i <= foldedTitles {
			alike = alike && app.sameFigures(&m, &same[0])
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
func foldTuning(list []Tuning, app applications) []Tuning {
	var out []Tuning
next:
	for _, t := range list {
		if len(t.Nodes) == 1 {
			t.of = []place{{t.Nodes[0], t.Subject}}
			for i := range out {
				o := &out[i]
				if sameChanges(o.Changes, t.Changes) && app.of(o.Subject) == app.of(t.Subject) && len(o.of) > 0 && !slices.Contains(o.Nodes, t.Nodes[0]) {
					if o.Subject != t.Subject {
						o.Subject = app.of(t.Subject)
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

// Concerns reports whether the set is for a JVM.
func (t *Tuning) Concerns(node, subject string) bool {
	return slices.Contains(t.of, place{node, subject}) ||
		len(t.of) == 0 && slices.Contains(t.Nodes, node) && t.Subject == subject
}
