package cluster

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	outlierNodes = analyze.NewLimit(3, "nodes", "with the measure, at least", "under three nobody is the odd one out")
	outlierScore = analyze.NewLimit(3.5, "spreads", "from the median of the peers", "Iglewicz and Hoaglin "+
		"(1993): modified z-score by median and MAD")
	outlierSpread = analyze.NewLimit(
		0.1,
		"1",
		"least spread assumed of peers, of their median",
		"two peers may agree by chance",
	)
)

var nodeOutlier = &analyze.Rule{
	ID:       ids.NodeOutlier,
	Doc:      "One node differs from its peers on a measure on which they agree.",
	Needs:    "the same measures of three nodes or more in one capture: casefile collect --cluster FILE",
	Fix:      "Look for what this node alone does or has.",
	Compares: true,
	Limits: []analyze.Threshold{
		outlierNodes, outlierScore, outlierSpread, linkSamples, views.RecentSpan, views.RecentLoose,
		views.SpanLeast, views.StartUpSpan,
	},
	Run: analyze.Each(gauges, judgeOutliers),
}

// judgeOutliers compares each reading with those of the peers; what is odd about one node is one finding.
func judgeOutliers(pass *analyze.Pass, g *gauge) (out []analyze.Finding) {
	byNode := map[*analyze.Node][]outlier{}
	for _, m := range measures {
		for _, group := range g.read(m) {
			if len(group) < outlierNodes.Value {
				continue
			}
			pass.Evaluated()
			for i, r := range group {
				if o, ok := judgeReading(m, group, i); ok {
					byNode[r.node] = append(byNode[r.node], o)
				}
			}
		}
	}
	for _, n := range g.Nodes {
		if list := byNode[n]; len(list) > 0 {
			out = append(out, outlierFinding(n, list))
		}
	}
	return out
}

// reading is the value of a measure on one node.
type reading struct {
	node    *analyze.Node
	subject string // of a JVM; empty for the machine
	value   float64
	at      analyze.Evidence
}

// outlier is a reading that its peers do not share.
type outlier struct {
	reading
	measure
	peers  float64 // their median
	names  []string
	higher bool
	score  float64
}

// judgeReading compares one reading with the others. The spread of the peers is 1.4826 times their median absolute
// deviation, which is the standard deviation of a normal distribution; what two or three peers agree on by chance is
// no measure of it, so that it is taken as a share of their median at least.
func judgeReading(m measure, group []reading, i int) (o outlier, ok bool) {
	var peers, off []float64
	var names []string
	for k, r := range group {
		if k != i {
			peers, names = append(peers, r.value), append(names, r.node.Name)
		}
	}
	mid := median(peers)
	for _, v := range peers {
		off = append(off, math.Abs(v-mid))
	}
	spread := max(1.4826*median(off), outlierSpread.Value*math.Abs(mid))
	r := group[i]
	by := math.Abs(r.value - mid)
	high, low := max(r.value, mid), min(r.value, mid)
	if by < m.least || high < m.ratio*low || by < outlierScore.Value*spread {
		return outlier{}, false
	}
	// Peers beyond the node itself: then they do not agree, and it is not the odd one out.
	for _, v := range peers {
		if r.value > mid && v >= r.value || r.value < mid && v <= r.value {
			return outlier{}, false
		}
	}
	return outlier{
		reading: r,
		measure: m,
		peers:   mid,
		names:   names,
		higher:  r.value > mid,
		score:   by / max(spread, m.least/outlierScore.Value),
	}, true
}

func (o outlier) text() say.Phrase {
	return say.Text("%s %s, %s on %s", o.name, o.print("here", o.value), o.print("peers", o.peers), say.List(o.names))
}

func outlierFinding(n *analyze.Node, out []outlier) analyze.Finding {
	slices.SortStableFunc(out, func(a, b outlier) int {
		if a.higher != b.higher {
			if a.higher {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.score, a.score)
	})
	worst := out[0]
	f := analyze.Finding{
		Severity:   analyze.Info,
		Confidence: analyze.Medium,
		Nodes:      []string{n.Name},
		Subject:    worst.subject,
		Weight:     min(1, worst.score/50),
	}
	if worst.higher { // a node that does less than its peers hurts nobody by that
		f.Severity = analyze.Warning
	}
	f.Because = explainers(out)
	if len(worst.names) >= 4 {
		f.Confidence = analyze.High
	}
	f.Say("%s differs from its peers: %s", n.Name, worst.text())
	if len(out) > 1 {
		f.Add("; and %s", say.Counted("more_measures", len(out)-1, "more measure"))
	}
	f.Impact = fmt.Sprintf("users whose sessions live on %s get another service than all others", n.Name)
	if !worst.higher {
		f.Impact = fmt.Sprintf("%s carries less than its part of the load", n.Name)
	}
	f.Explanation = fmt.Sprintf("The peers agree among themselves; this node is more than %s times their spread "+
		"away (median and median absolute deviation). What all nodes share - database, release, users - does not "+
		"explain it; what is only here does.", say.Number(outlierScore.Value))
	for _, o := range out[:min(len(out), cite.Most)] {
		e := o.at
		e.Text = fmt.Sprintf("%s: %s (median of the others)", n.Name, o.text())
		f.Evidence = append(f.Evidence, e)
	}
	f.Advice = []analyze.Advice{{
		Action: "Find what this node alone does or has, in this order: its share of requests in the access log, against that of its peers; a scheduled job (the " +
			"thread names of its busy stacks); another setting (casefile check has the rows in which nodes differ); another machine or a neighbour on the same host.",
		Effect: "Nodes carry the same load in the same way.",
		Risk:   "None in looking.",
		Verify: fmt.Sprintf("In the next capture %s is near that of the others.", worst.name),
	}}
	f.References = []string{"Iglewicz, Hoaglin (1993): How to detect and handle outliers; modified z-score above 3.5"}
	return f
}

// explainers are the rules that explain all of what the node has more of than its peers.
func explainers(out []outlier) []string {
	if !out[0].higher {
		return nil
	}
	common := slices.Clone(out[0].because)
	for _, o := range out[1:] {
		if o.higher {
			common = slices.DeleteFunc(common, func(id string) bool { return !slices.Contains(o.because, id) })
		}
	}
	return common
}
