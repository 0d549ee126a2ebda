package cluster

import (
	"cmp"
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	"casefile/analyze/timing"
)

var (
	asymmetryInfo = analyze.NewLimit(
		5.0,
		"ms",
		"waiting on one way beyond the other: worth knowing",
		"half of what Atlassian calls a good round trip",
	)
	asymmetryWarn = analyze.NewLimit(10.0, "ms", "waiting on one way beyond the other: warning", "all of what "+
		"Atlassian calls a good round trip")
)

var asymmetricRoute = &analyze.Rule{
	ID:       ids.AsymmetricRoute,
	Doc:      "Messages between two nodes wait much longer on one way than on the other.",
	Needs:    needsLinks,
	Fix:      "Compare the two ways, and look for a full queue on the slow one.",
	Compares: true,
	Limits:   []analyze.Threshold{asymmetryInfo, asymmetryWarn, linkCritical, linkSamples},
	Run:      analyze.Each(wholeCluster, judgeWays),
}

// judgeWays compares the two ways of each link.
func judgeWays(pass *analyze.Pass, c *cluster) []analyze.Finding {
	var found []oneWay
	for _, x := range c.pairs() {
		var worst *oneWay
		for _, l := range x.links {
			for _, w := range []*oneWay{slowerWay(c, x, l), longerWay(x, l)} {
				if w == nil {
					continue
				}
				pass.Evaluated()
				if w.by() >= asymmetryInfo.Value && w.slow >= 2*w.other && (worst == nil || worst.by() < w.by()) {
					worst = w
				}
			}
		}
		if worst != nil {
			found = append(found, *worst)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return []analyze.Finding{asymmetry(found)}
}

// slowerWay is what one end of a link says of its two ways; nil: nothing.
func slowerWay(c *cluster, x *pair, l *timing.Link) *oneWay {
	if l.RTT.Count < linkSamples.Value || l.Queue == nil {
		return nil
	}
	w := &oneWay{pair: x, from: l.From, to: l.To, slow: l.Queue.ThereP90, other: l.Queue.BackP90, l: l}
	if o := x.opposite(l); o != nil {
		w.slow, w.other = min(w.slow, o.Queue.BackP90), min(w.other, o.Queue.ThereP90)
	}
	if w.slow < w.other {
		w.from, w.to, w.slow, w.other = l.To, l.From, w.other, w.slow
	}
	w.machine = lateness(c.Case, x)
	return w
}

// longerWay is what clocks of third nodes say of the fastest messages of a link: their difference is always there, and
// looks like a wrong clock to the two ends.
func longerWay(x *pair, l *timing.Link) *oneWay {
	if l.Asymmetry == nil || l.RTT.Count < linkSamples.Value {
		return nil
	}
	w := &oneWay{pair: x, from: l.From, to: l.To, slow: l.Asymmetry.AtLeast(), always: true, l: l}
	if w.slow < 0 {
		w.from, w.to, w.slow = l.To, l.From, -w.slow
	}
	return w
}

// asymmetry is about all links with a slower way.
func asymmetry(found []oneWay) analyze.Finding {
	slices.SortStableFunc(found, func(a, b oneWay) int { return cmp.Compare(b.by(), a.by()) })
	worst, names := found[0], []*pair{}
	f := analyze.Finding{
		Severity:   analyze.Info,
		Confidence: analyze.Medium,
		Weight:     min(1, worst.by()/(2*linkCritical.Value)),
	}
	if worst.by() >= asymmetryWarn.Value {
		f.Severity = analyze.Warning
	}
	for _, w := range found {
		names = append(names, w.pair)
		f.Evidence = append(f.Evidence, timed(w.text()))
	}
	f.Evidence = f.Evidence[:min(len(f.Evidence), cite.Most)]
	f.Nodes = namesOf(names)
	take := "wait up to"
	if worst.always {
		take = "take at least"
	}
	f.Say("From %s to %s messages "+take+" %s longer than on the way back", worst.from, worst.to,
		say.Measured("longer", worst.by(), "ms"))
	f.Impact = "one direction of the cluster's traffic is held up, and clocks that are set over this way go wrong " +
		"by half the difference"
	f.Explanation = "The waiting beyond the fastest message of each way is known for each way alone. A difference " +
		"that is always the same looks like a clock that is wrong and cannot be told from it by two nodes: it " +
		"lies within the error bound of their clocks."
	if worst.always {
		f.Explanation = "Even the fastest messages take longer on one way: the clocks of the two nodes, as other nodes " +
			"see them, leave no other answer."
	}
	f.Advice = []analyze.Advice{{
		Action: fmt.Sprintf(
			"Compare traceroute from %s to %s with the other direction, and look for a full queue on the slow way: a backup, a shaped or saturated link (`tc -s qdisc`, `ip -s link`).",
			worst.from,
			worst.to,
		),
		Effect: "Both ways take the same time.", Risk: "None in looking.", Verify: "The next capture shows the " +
			"same waiting on both ways.",
	}}
	return f
}

// opposite is what the other end measured of the same two ways. Who reads a message late, because his machine
// is busy, makes one way look slow; the way itself is slow only where both ends see it.
func (p pair) opposite(l *timing.Link) *timing.Link {
	for _, o := range p.links {
		if o.From == l.To && o.To == l.From && o.RTT.Count >= linkSamples.Value && o.Queue != nil {
			return o
		}
	}
	return nil
}

// lateness is how late threads of the two machines ran that only had to wake up, one in ten: what a message
// waited for that long may have been the machine. Milliseconds.
func lateness(c *analyze.Case, x *pair) (ms float64) {
	for _, n := range c.Nodes {
		if (n.Name == x.a || n.Name == x.b) && n.Timing != nil && n.Timing.Hiccups != nil {
			ms = max(ms, n.Timing.Hiccups.Late.P90)
		}
	}
	return ms
}

// oneWay is a way that is slower than the way back; times are milliseconds.
type oneWay struct {
	pair        *pair
	from, to    string
	slow, other float64
	machine     float64 // what of it may be the machines'
	always      bool    // of the fastest messages too; then slow is the difference of the ways
	l           *timing.Link
}

// text says what was measured.
func (w oneWay) text() string {
	if w.always {
		return fmt.Sprintf("%s to %s: the fastest messages take at least %s ms longer than on the way back, by the clocks "+
			"of other nodes; %d round trips by %s", w.from, w.to, say.Number(w.slow), w.l.RTT.Count, w.l.Transport)
	}
	return fmt.Sprintf("%s to %s: one in ten messages waits %s ms or more on the way, %s ms on the way back; %d round "+
		"trips by %s", w.from, w.to, say.Number(w.slow), say.Number(w.other), w.l.RTT.Count, w.l.Transport)
}

func (w oneWay) by() float64 { return w.slow - w.other - w.machine }
