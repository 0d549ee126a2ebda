package analyze

import "slices"

// rank puts consequences behind their causes, and what repeats another finding among the notes, as the rules say, see
// [Rule.ExplainedBy] and [Rule.Repeats]. A cause counts when it takes a share worth the name.
func rank(list []Finding, rules []*Rule) {
	const worth = 0.1
	byID := map[string]*Rule{}
	for _, r := range rules {
		byID[r.ID] = r
	}
	for i := range list {
		f := &list[i]
		rule := byID[f.ID]
		for _, c := range list {
			again := slices.Contains(rule.Repeats, c.ID) && sameThing(f, &c)
			consequence := again || slices.Contains(rule.ExplainedBy, c.ID)
			if !consequence || !sameProcess(f, &c, rule.HostWide || byID[c.ID].HostWide) || c.Weight < worth ||
				!c.Severity.AtLeast(Warning) {
				continue
			}
			if again {
				f.Severity = Info
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
	return onNode && (hostWide || a.Subject == b.Subject)
}
