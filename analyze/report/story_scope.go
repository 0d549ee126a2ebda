package report

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/say"
)

// Scope is what a story is of.
type Scope struct {
	Verdict analyze.Verdict `json:"verdict"`
	Case    string          `json:"case,omitempty"`
	Cluster string          `json:"cluster,omitempty"`
	UTC     string          `json:"utc,omitempty"`   // the window of the capture
	Local   string          `json:"local,omitempty"` // the same on the clocks of the nodes' zone, where evidence tells it
	// Products are applications with their JVMs: "confluence on JVM 17.0.15+6 (3)".
	Products []string `json:"products"`
	Nodes    []string `json:"nodes"`
	// Missing is what was to be captured and is not there, a line for each node: "wiki-2: thread dumps, GC log".
	Missing []string `json:"missing"`
}

func newScope(c *analyze.Case, r *analyze.Result) Scope {
	s := Scope{Verdict: analyze.Headline(c, r), Case: clean(c.ID), Cluster: clean(c.Cluster),
		UTC: between(c.Started, c.Ended), Local: localWindow(c), Products: productsOf(c), Nodes: []string{}, Missing: missingOf(c)}
	for _, n := range c.Nodes {
		s.Nodes = append(s.Nodes, nameOf(n))
	}
	return s
}

// localWindow is the window in the zone that the nodes' GC logs are written in; "": not known, or it is UTC.
func localWindow(c *analyze.Case) string {
	if c.Started.IsZero() {
		return ""
	}
	for _, j := range c.JVMs() {
		for _, log := range j.GC {
			wall, ok := log.Wall(log.First)
			if _, offset := wall.Zone(); !ok || offset == 0 {
				continue
			}
			from, to := c.Started.In(wall.Location()), c.Ended.In(wall.Location())
			return from.Format(time.DateTime) + " – " + say.Local(to, time.TimeOnly)
		}
	}
	return ""
}

// productsOf counts the processes that are of one application and one version.
func productsOf(c *analyze.Case) []string {
	var names []string
	times := map[string]int{}
	add := func(name string) {
		if name == "" {
			return
		}
		if times[name]++; times[name] == 1 {
			names = append(names, name)
		}
	}
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			version := jvmVersion(j)
			if version != "" {
				version = "JVM " + version
			}
			name := j.App
			if name == "" && j.PID > 0 { // a loose file's name is of no product
				name = j.Target
			}
			add(clean(cut(joined(" on ", name, version), 120)))
		}
		for _, s := range n.Services {
			add(clean(cut(cmp.Or(s.Name, s.Target)+" (Go)", 120)))
		}
	}
	out := []string{}
	for _, name := range names {
		if times[name] > 1 {
			name += fmt.Sprintf(" × %d", times[name])
		}
		out = append(out, name)
	}
	return out
}

// missingOf tells the gaps of each node in one line.
func missingOf(c *analyze.Case) []string {
	var nodes []string
	items := map[string][]string{}
	for _, g := range c.Gaps {
		if items[g.Node] == nil {
			nodes = append(nodes, g.Node)
		}
		if item := clean(g.Item); !slices.Contains(items[g.Node], item) {
			items[g.Node] = append(items[g.Node], item)
		}
	}
	out := []string{}
	for _, n := range nodes {
		out = append(out, joined(": ", clean(cut(n, nodeNameWidth)), some(items[n], 4)))
	}
	return out
}

// fileName is the last part of a path of any system: where an admin keeps the file is not told.
func fileName(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	if name == "" {
		return ""
	}
	return path.Base(name)
}
