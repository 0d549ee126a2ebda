package timing

import (
	"slices"

	"casefile/bundle/format/timing"
)

// Latency is one probed thing with the figure that its threshold is about.
type Latency struct {
	Node   string
	Source string
	timing.Probe
	// Measure is the name of the threshold, Part the step that is compared with it.
	Measure string
	Part    timing.Timed
	// Floor: the figure is only a part of what the threshold is about (a connection
	// instead of a query), so "bad" holds and "good" is not shown.
	Floor bool
	// Known: there is a figure at all.
	Known   bool
	Verdict timing.Verdict // of the median; "" when not known or without a threshold
}

// FailurePercent is the share of rounds that failed, 0 to 100.
func (l Latency) FailurePercent() float64 {
	if l.Tries == 0 {
		return 0
	}
	return 100 * float64(l.Failures) / float64(l.Tries)
}

// parts are the steps that a threshold may be compared with, best first; from the
// second on they are only a part of it.
var parts = []struct {
	list    func(*timing.Node) []timing.Probe
	measure string
	steps   []string
}{
	{func(n *timing.Node) []timing.Probe { return n.Databases }, timing.MeasureDatabase, []string{timing.StepQuery, timing.StepConnect}},
	{func(n *timing.Node) []timing.Probe { return n.Storage }, "", []string{timing.StepDurable}},
	{func(n *timing.Node) []timing.Probe { return n.Names }, timing.MeasureNames, []string{timing.StepLookup}},
	{func(n *timing.Node) []timing.Probe { return n.Directories }, timing.MeasureDirectory, []string{timing.StepSearch}},
}

// Latencies are all probes of the node, databases first, then storage, then names.
func (n *Node) Latencies() []Latency {
	var list []Latency
	for _, p := range parts {
		for _, probe := range p.list(n.Node) {
			list = append(list, n.latency(probe, p.measure, p.steps))
		}
	}
	return list
}

func (n *Node) latency(p timing.Probe, measure string, steps []string) Latency {
	l := Latency{Node: n.Name, Source: n.Source, Probe: p, Measure: measure}
	if p.Limit != nil {
		l.Measure = p.Limit.Measure
	}
	for i, name := range steps {
		s := p.Step(name)
		if s == nil || s.Count == 0 {
			continue
		}
		l.Part, l.Known, l.Floor = *s, true, i > 0
		if p.Limit != nil {
			l.Verdict = p.Limit.Judge(s.P50)
		}
		break
	}
	return l
}

// SkewWithin returns the skew below which the given share (0 to 1) of the dump rounds
// started, over all nodes; false without rounds.
func (c *Cluster) SkewWithin(share float64) (ms float64, known bool) {
	var skews []float64
	for _, r := range c.Rounds {
		if len(r.Starts) > 1 {
			skews = append(skews, r.SkewMS)
		}
	}
	if len(skews) == 0 {
		return 0, false
	}
	slices.Sort(skews)
	i := int(share*float64(len(skews))+0.999999) - 1
	return skews[min(max(i, 0), len(skews)-1)], true
}
