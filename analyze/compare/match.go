package compare

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// subject is one process, or one machine, in one run.
type subject struct {
	run     *Run
	node    *analyze.Node
	jvm     *analyze.JVM
	service *analyze.Service
	access  []*applog.Access
	name    string // "4711-shop"; empty for the machine
	app     string // "shop"

	memo memo
}

// Pair is a process or machine that both sides have.
type Pair struct {
	Node    string
	Subject string // the process by its application; empty: the machine
	// How says by what the two were taken for one, where it was not by their names.
	How  string
	Load Load

	machine       Way        // where the CPUs that a process shares moved, if they were all busy
	before, after []*subject // a run each
	readings      []*Reading
	oneSided      []string
}

// Where names the pair in a sentence.
func (p *Pair) Where() string {
	switch {
	case p.Subject == "":
		return p.Node
	case p.Node == "" || p.Node == analyze.LooseNode:
		return p.Subject
	}
	return p.Subject + " on " + p.Node
}

// Target is how the later capture names the process, "4711-shop"; empty: the pair is a machine.
func (p *Pair) Target() string {
	if p.Subject == "" || len(p.after) == 0 {
		return ""
	}
	return p.after[len(p.after)-1].name
}

// Dumps are the thread dumps of the last run of each side; nil: none.
func (p *Pair) Dumps() (before, after *threads.Series) {
	if len(p.before) == 0 || len(p.after) == 0 {
		return nil, nil
	}
	return p.before[len(p.before)-1].dumps(), p.after[len(p.after)-1].dumps()
}

func (s *subject) dumps() *threads.Series {
	switch {
	case s.jvm != nil:
		return s.jvm.Dumps
	case s.service != nil:
		return s.service.Goroutines
	}
	return nil
}

// match pairs nodes by name, and their processes by application. Where every capture has but one, they are one.
func (c *Comparison) match() {
	before, after := nodeNames(c.Before), nodeNames(c.After)
	if lonely(c.Before) && lonely(c.After) {
		how := ""
		if len(before) != 1 || len(after) != 1 || before[0] != after[0] {
			how = fmt.Sprintf("node %s before is taken for %s after: each capture has one", say.List(before), say.List(after))
		}
		only := func(r *Run) *analyze.Node { return r.Case.Nodes[0] }
		c.matchProcesses(after[0], only, only, how)
		return
	}
	for _, n := range pairUp(before, after, func(name string) string { return name }) {
		switch {
		case n.after == "":
			c.Unmatched = append(c.Unmatched, fmt.Sprintf("node %s is missing after", n.before))
			continue
		case n.before == "":
			c.Unmatched = append(c.Unmatched, fmt.Sprintf("node %s is new: there is nothing to compare it with", n.after))
			continue
		}
		how := ""
		if n.before != n.after {
			how = fmt.Sprintf("node %s before is taken for %s after: no other is left", n.before, n.after)
		}
		c.matchProcesses(n.after, named(n.before), named(n.after), how)
	}
}

// lonely reports whether each capture has one node.
func lonely(runs []Run) bool {
	return !slices.ContainsFunc(runs, func(r Run) bool { return len(r.Case.Nodes) != 1 })
}

// named picks a node by its name; nil: the capture has none such.
func named(name string) func(*Run) *analyze.Node {
	return func(r *Run) *analyze.Node {
		for _, n := range r.Case.Nodes {
			if n.Name == name {
				return n
			}
		}
		return nil
	}
}

func nodeNames(runs []Run) (names []string) {
	for _, r := range runs {
		for _, n := range r.Case.Nodes {
			if !slices.Contains(names, n.Name) {
				names = append(names, n.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// twins are two names for one thing; one is empty where there is no other.
type twins struct{ before, after string }

// pairUp pairs what has one key, and what alone is left on both sides; the rest has no partner.
func pairUp(before, after []string, key func(string) string) (out []twins) {
	left := slices.Clone(after)
	var rest []string
	for _, b := range before {
		i := slices.IndexFunc(left, func(a string) bool { return key(a) == key(b) })
		if i < 0 {
			rest = append(rest, b)
			continue
		}
		out = append(out, twins{b, left[i]})
		left = slices.Delete(left, i, i+1)
	}
	if len(rest) == 1 && len(left) == 1 {
		return append(out, twins{rest[0], left[0]})
	}
	for _, b := range rest {
		out = append(out, twins{before: b})
	}
	for _, a := range left {
		out = append(out, twins{after: a})
	}
	return out
}

// matchProcesses pairs what runs on one node, and the node itself.
func (c *Comparison) matchProcesses(node string, ofBefore, ofAfter func(*Run) *analyze.Node, how string) {
	before, after := subjects(c.Before, ofBefore), subjects(c.After, ofAfter)
	c.Pairs = append(c.Pairs, &Pair{Node: node, How: how, before: machines(c.Before, ofBefore), after: machines(c.After, ofAfter)})
	if single(before) && single(after) {
		p := &Pair{Node: node, Subject: after[0][0].app, before: slices.Concat(before...), after: slices.Concat(after...)}
		if names := appsOf(p.before); names != appsOf(p.after) {
			p.How = fmt.Sprintf("%s before is taken for %s after: each capture has one process on %s", names, appsOf(p.after), node)
		}
		c.Pairs = append(c.Pairs, p)
		return
	}
	b, a := processes(before), processes(after)
	for _, t := range pairUp(keysOf(b), keysOf(a), func(key string) string { return key }) {
		switch {
		case t.after == "":
			c.Unmatched = append(c.Unmatched, fmt.Sprintf("%s on %s is missing after", plainKey(t.before), node))
		case t.before == "":
			c.Unmatched = append(c.Unmatched, fmt.Sprintf("%s on %s is new", plainKey(t.after), node))
		default:
			p := &Pair{Node: node, Subject: plainKey(t.after), before: b[t.before], after: a[t.after]}
			if t.before != t.after {
				p.How = fmt.Sprintf("%s before is taken for %s after: no other is left on %s", plainKey(t.before), plainKey(t.after), node)
			}
			c.Pairs = append(c.Pairs, p)
		}
	}
}

// single reports whether each run has one process.
func single(runs [][]*subject) bool {
	return !slices.ContainsFunc(runs, func(list []*subject) bool { return len(list) != 1 })
}

// appsOf names the applications of some runs, each once.
func appsOf(list []*subject) string {
	var names []string
	for _, s := range list {
		if !slices.Contains(names, s.app) {
			names = append(names, s.app)
		}
	}
	return say.List(names)
}

func machines(runs []Run, pick func(*Run) *analyze.Node) (out []*subject) {
	for i := range runs {
		if n := pick(&runs[i]); n != nil {
			out = append(out, &subject{run: &runs[i], node: n})
		}
	}
	return out
}

// subjects are the processes of a node in each run that has it.
func subjects(runs []Run, pick func(*Run) *analyze.Node) (out [][]*subject) {
	for i := range runs {
		if n := pick(&runs[i]); n != nil {
			out = append(out, subjectsOf(&runs[i], n))
		}
	}
	return out
}

// processes are those of a node by application, and by number where one application has several.
func processes(runs [][]*subject) map[string][]*subject {
	out := map[string][]*subject{}
	for _, list := range runs {
		seen := map[string]int{}
		for _, s := range list {
			seen[s.app]++
			key := fmt.Sprintf("%s\x00%03d", s.app, seen[s.app])
			out[key] = append(out[key], s)
		}
	}
	return out
}

func keysOf(m map[string][]*subject) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// plainKey is the application, with its number from the second on.
func plainKey(key string) string {
	app, number, _ := strings.Cut(key, "\x00")
	if number = strings.TrimLeft(number, "0"); number == "1" {
		return app
	}
	return app + " " + number
}

func subjectsOf(run *Run, n *analyze.Node) (out []*subject) {
	for _, j := range n.JVMs {
		s := &subject{run: run, node: n, jvm: j, name: j.Target, app: appOf(j), access: j.Access}
		if len(n.JVMs) == 1 {
			s.access = j.AllAccess()
		}
		out = append(out, s)
	}
	for _, v := range n.Services {
		out = append(out, &subject{run: run, node: n, service: v, name: v.Target, app: cmp.Or(v.Name, v.Target)})
	}
	if len(n.LooseAccess) > 0 && len(n.JVMs) != 1 {
		out = append(out, &subject{run: run, node: n, name: "access logs", app: "access logs", access: n.LooseAccess})
	}
	slices.SortStableFunc(out, func(a, b *subject) int { return strings.Compare(a.name, b.name) })
	return out
}

// appOf is the application of a JVM; of loose files the name of the file without its folder.
func appOf(j *analyze.JVM) string {
	if j.PID == 0 && j.App == "" {
		return path.Base(strings.ReplaceAll(j.Target, `\`, "/"))
	}
	return cmp.Or(j.App, j.Target)
}
