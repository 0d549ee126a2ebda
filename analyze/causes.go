package analyze

import (
	"slices"

	"casefile/analyze/threads"
)

// rank puts consequences behind their causes, and what repeats another finding among the notes, as the rules say, see
// [Rule.ExplainedBy] and [Rule.Repeats]. A cause counts when it takes a share worth the name.
func rank(list []Finding, rules []*Rule) {
	const worth = 0.1
	byID := map[string]*Rule{}
	for _, r := range rules {
		byID[r.ID] = r
	}
	for i := range list {
		list[i].serials = []int{i + 1}
	}
	for i := range list {
		f := &list[i]
		rule, heaviest := byID[f.ID], 0.0
		for _, c := range list {
			again := slices.Contains(rule.Repeats, c.ID) && sameThing(f, &c)
			consequence := again || slices.Contains(rule.ExplainedBy, c.ID) || slices.Contains(f.Because, c.ID) ||
				slices.Contains(rule.Behind, c.ID) && mostlyOf(f, &c)
			if !consequence || !sameProcess(f, &c, rule.HostWide || byID[c.ID].HostWide) || c.Weight < worth ||
				!c.Severity.AtLeast(Warning) {
				continue
			}
			if again {
				f.Severity = Info
			}
			if c.Weight > heaviest && c.serials[0] != f.serials[0] {
				heaviest, f.cause = c.Weight, c.serials[0]
			}
			f.Weight = min(f.Weight, 0.9*c.Weight)
			if !c.Severity.AtLeast(f.Severity) {
				f.Severity = c.Severity
			}
		}
	}
}

// sameThing: the two are about one method or one class of locks.
func sameThing(a, b *Finding) bool {
	return slices.ContainsFunc(a.About, func(name string) bool { return slices.Contains(b.About, name) })
}

// sameProcess: about one process, or one of them about the machine it runs on.
func sameProcess(a, b *Finding, hostWide bool) bool {
	onNode := slices.ContainsFunc(a.Nodes, func(n string) bool { return slices.Contains(b.Nodes, n) })
	if hostWide {
		return onNode
	}
	return slices.ContainsFunc(a.subjects(), func(s Subject) bool {
		return slices.ContainsFunc(b.subjects(), func(o Subject) bool { return s.Node == o.Node && s.Name == o.Name })
	})
}

// mostlyOf reports whether half or more of the threads of a finding are explained by another one.
func mostlyOf(f, cause *Finding) bool {
	own, ok := f.Detail.(Claimer)
	of, known := cause.Detail.(Claimer)
	if !ok || !known {
		return false
	}
	explained := map[*threads.Thread]bool{}
	for _, t := range of.Claimed() {
		explained[t] = true
	}
	n := 0
	list := own.Claimed()
	for _, t := range list {
		if explained[t] {
			n++
		}
	}
	return n > 0 && 2*n >= len(list)
}

// link puts each consequence directly after what it follows from in the end, and says so in
// [Finding.ConsequenceOf]. The list is in order; those that stand for themselves keep theirs.
func link(list []Finding) []Finding {
	at := map[int]int{} // place in the list, by serial
	for i := range list {
		for _, s := range list[i].serials {
			at[s] = i
		}
	}
	rootOf := make([]int, len(list))
	for i := range list {
		rootOf[i] = rootFrom(list, at, i)
	}
	out := make([]Finding, 0, len(list))
	for root := range list {
		if rootOf[root] != root {
			continue
		}
		out = append(out, list[root])
		number := len(out)
		for i, f := range list {
			if i != root && rootOf[i] == root {
				f.ConsequenceOf = number
				out = append(out, f)
			}
		}
	}
	return out
}

// rootFrom follows causes to the one that stands for itself; of findings that explain each other that is the first.
func rootFrom(list []Finding, at map[int]int, i int) int {
	way := []int{i}
	for {
		next, known := at[list[i].cause]
		if !known || next == i {
			return i
		}
		if k := slices.Index(way, next); k >= 0 {
			return slices.Min(way[k:])
		}
		way, i = append(way, next), next
	}
}
