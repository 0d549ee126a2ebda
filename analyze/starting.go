package analyze

import (
	"fmt"
	"slices"
	"time"

	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// startOf tells by the last dump of a JVM whether its program was still starting: by whose stack; "" where nothing says so.
func startOf(s *threads.Series) string {
	if s == nil || len(s.Dumps) == 0 {
		return ""
	}
	const longest = 10 * time.Minute // of a start; who is older runs its work from there
	last := s.Dumps[len(s.Dumps)-1]
	t, method := last.Starting()
	if t == nil || age(last) > longest {
		return ""
	}
	return fmt.Sprintf("%s is in %s", say.Quote(t.Name), say.Short(method))
}

// demoteStarting makes notes of what threads of a starting program do: they wait for each other and load classes then, and are done with it.
func demoteStarting(c *Case, list []Finding, rules []*Rule) {
	starting := map[Subject]string{}
	for _, j := range c.JVMs() {
		if why := startOf(j.Dumps); why != "" {
			starting[Subject{Node: j.Node.Name, Name: j.Subject()}] = why
		}
	}
	if len(starting) == 0 {
		return
	}
	for i := range list {
		f := &list[i]
		rule := rules[slices.IndexFunc(rules, func(r *Rule) bool { return r.ID == f.ID })]
		if !rule.OfThreads || rule.Lasts || !f.Severity.AtLeast(Warning) {
			continue
		}
		for _, s := range f.subjects() {
			if why := starting[Subject{Node: s.Node, Name: s.Name}]; why != "" {
				f.Severity = Info
				f.Explanation = "The program was still starting (" + why + "): what would be a problem later is a note. " + f.Explanation
				break
			}
		}
	}
}
