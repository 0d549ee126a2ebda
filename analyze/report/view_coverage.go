package report

import (
	"fmt"

	"casefile/analyze"
)

// evidenceKinds are the columns of the coverage of nodes: what a node can have, and whether it does.
var evidenceKinds = []struct {
	name string
	has  func(n *analyze.Node) bool
}{
	{"Dumps", func(n *analyze.Node) bool {
		return anyJVM(n, func(j *analyze.JVM) bool { return j.Dumps != nil }) ||
			anyService(n, func(s *analyze.Service) bool { return s.Goroutines != nil })
	}},
	{"GC", func(n *analyze.Node) bool { return anyJVM(n, func(j *analyze.JVM) bool { return len(j.GC) > 0 }) }},
	{"Profiles", func(n *analyze.Node) bool {
		return anyJVM(n, func(j *analyze.JVM) bool { return len(j.Profiles)+len(j.Recordings) > 0 }) ||
			anyService(n, func(s *analyze.Service) bool { return len(s.Profiles) > 0 })
	}},
	{"Counters", func(n *analyze.Node) bool {
		return anyJVM(n, func(j *analyze.JVM) bool { return j.Counters != nil || j.Process != nil }) ||
			anyService(n, func(s *analyze.Service) bool { return s.Process != nil })
	}},
	{"Settings", func(n *analyze.Node) bool {
		return anyJVM(n, func(j *analyze.JVM) bool { return len(j.Flags) > 0 || len(j.Options) > 0 })
	}},
	{"Logs", func(n *analyze.Node) bool {
		return len(n.LooseLogs) > 0 || anyJVM(n, func(j *analyze.JVM) bool { return len(j.Logs)+len(j.Access) > 0 })
	}},
	{"Host", func(n *analyze.Node) bool { return n.Host != nil }},
	{"Timing", func(n *analyze.Node) bool { return n.Timing != nil || n.Hiccups != nil }},
}

func anyJVM(n *analyze.Node, has func(*analyze.JVM) bool) bool {
	for _, j := range n.JVMs {
		if has(j) {
			return true
		}
	}
	return false
}

func anyService(n *analyze.Node, has func(*analyze.Service) bool) bool {
	for _, s := range n.Services {
		if has(s) {
			return true
		}
	}
	return false
}

const coverageNodes = 16

// evidenceTable is what there is of each node, and what is known to be missing. A dash is what was not asked for, or
// is not there. Of many nodes those that have the same are one row.
func evidenceTable(c *analyze.Case) table {
	t := table{Columns: columns("Node")}
	for _, k := range evidenceKinds {
		t.Columns = append(t.Columns, column{Name: k.name})
	}
	several := len(c.Nodes) > coverageNodes
	alike := map[string]int{} // rows by what they show
	var names [][]string
	gaps := map[string][]string{}
	for _, g := range c.Gaps {
		gaps[g.Node] = append(gaps[g.Node], clean(g.Item))
	}
	for _, n := range c.Nodes {
		row := []cell{{}}
		if missing := unique(gaps[n.Name]); len(missing) > 0 {
			row[0].Sub = "missing: " + cut(some(missing, 3), 160)
		}
		for _, k := range evidenceKinds {
			mark := "–"
			if k.has(n) {
				mark = "✓"
			}
			row = append(row, text(mark))
		}
		key := fmt.Sprint(row)
		at, known := alike[key]
		if !known || !several {
			at, alike[key] = len(t.Rows), len(t.Rows)
			t.Rows, names = append(t.Rows, row), append(names, nil)
		}
		names[at] = append(names[at], cut(nameOf(n), 40))
	}
	for i, list := range names {
		t.Rows[i][0].Text = some(list, 3)
	}
	return t.bounded(coverageNodes)
}

func unique(list []string) (out []string) {
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			out = append(out, s)
		}
		seen[s] = true
	}
	return out
}
