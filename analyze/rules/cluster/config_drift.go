package cluster

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
)

var configDrift = &analyze.Rule{
	ID: ids.ConfigDrift,
	Doc: "Nodes of one cluster differ in what should be the same: JVM, heap, collector, options, pools, " +
		"release, operating system.",
	Needs:    "flags and command line of one application on two nodes or more: casefile collect --cluster FILE",
	Fix:      "Give all nodes one configuration from one place.",
	Compares: true,
	Limits:   []analyze.Threshold{driftTolerance},
	Run:      analyze.Each(wholeCluster, judgeDrift),
}

// judgeDrift joins all differences into one finding.
func judgeDrift(pass *analyze.Pass, c *cluster) []analyze.Finding {
	var diffs []difference
	for _, same := range twins(c.Case) {
		pass.Evaluated()
		diffs = append(diffs, driftOf(same)...)
	}
	diffs = append(diffs, hostDrift(c.Case)...)
	if len(c.Nodes) < 2 || len(diffs) == 0 {
		return nil
	}
	return []analyze.Finding{driftFinding(diffs)}
}

// value is what one node has of a setting. Known is false where it was not read: that is no difference.
type value struct {
	node *analyze.Node
	text string
	at   analyze.Evidence
}

// difference is one setting that nodes do not share.
type difference struct {
	what     string
	severity analyze.Severity
	values   []value
}

// groups puts nodes with one value together, the most common value first.
func (d difference) groups() (texts []string, nodes map[string][]string) {
	nodes = map[string][]string{}
	for _, v := range d.values {
		if nodes[v.text] == nil {
			texts = append(texts, v.text)
		}
		nodes[v.text] = append(nodes[v.text], v.node.Name)
	}
	slices.SortStableFunc(texts, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(nodes[b]), len(nodes[a])), cmp.Compare(a, b))
	})
	return texts, nodes
}

// text gives "maximum heap: 2 GB on n1 and n2, 1 GB on n3".
func (d difference) text() string {
	texts, nodes := d.groups()
	var parts []string
	for _, t := range texts {
		parts = append(parts, fmt.Sprintf("%s on %s", say.Quote(t), say.List(nodes[t])))
	}
	return d.what + ": " + strings.Join(parts, ", ")
}

// differ reports whether two nodes or more that know the setting have it otherwise.
func differ(what string, severity analyze.Severity, values []value) (difference, bool) {
	for _, v := range values {
		if v.text != values[0].text {
			return difference{what: what, severity: severity, values: values}, true
		}
	}
	return difference{}, false
}

func driftFinding(diffs []difference) analyze.Finding {
	slices.SortStableFunc(diffs, func(a, b difference) int {
		rank := func(s analyze.Severity) int {
			if s == analyze.Warning {
				return 0
			}
			return 1
		}
		return rank(a.severity) - rank(b.severity)
	})
	f := analyze.Finding{Severity: diffs[0].severity, Confidence: analyze.High, Weight: 0.1}
	odd := map[string]int{}
	for _, d := range diffs {
		texts, nodes := d.groups()
		for _, t := range texts {
			f.Nodes = append(f.Nodes, nodes[t]...)
		}
		for _, t := range texts[1:] {
			for _, n := range nodes[t] {
				odd[n]++
			}
		}
		e := d.values[0].at
		for _, v := range d.values { // cite the odd one
			if v.text != texts[0] {
				e = v.at
			}
		}
		e.Text = d.text()
		if len(f.Evidence) < 2*cite.Most {
			f.Evidence = append(f.Evidence, cite.Known(e)...)
		}
	}
	slices.Sort(f.Nodes)
	f.Nodes = slices.Compact(f.Nodes)
	f.Say("Nodes differ in %s", diffs[0].text())
	if more := len(diffs) - 1; more > 0 {
		f.Add("; and in %s", say.Counted("more_settings", more, "other setting"))
	}
	f.Impact = "the same request behaves otherwise from node to node, and what was tuned on one is not on the next"
	if f.Severity == analyze.Info {
		f.Impact = "none by itself; it makes nodes hard to compare"
	}
	f.Explanation = "A cluster is as good as its weakest node: the load balancer gives each the same. The " +
		"product's rule is the same JDK, heap and release on all nodes."
	f.Advice = []analyze.Advice{{
		Action:   "Give all nodes one configuration from one place, and restart the odd one: " + diffs[0].text() + ".",
		Effect:   "Nodes can stand in for each other.",
		Risk:     "A restart of one node at a time.",
		Rollback: "The old setting.",
		Verify:   "config-drift is silent on the next capture.",
	}}
	f.References = []string{"Atlassian: Confluence Data Center requirements, the same JDK, heap and release on " +
		"all nodes"}
	return f
}
