package rules

import (
	"cmp"
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/bundle/format/timing"
)

func asymmetricRoute() *analyze.Rule {
	return &analyze.Rule{ID: "asymmetric-route", Doc: "Messages between two nodes wait much longer on one way than on the other.", Needs: needsLinks, Run: func(p *analyze.Pass) error {
		var found []oneWay
		for _, x := range pairs(p.Case) {
			for _, l := range x.links {
				m := typical(l, p.Limits.LinkSamples)
				if m == nil || m.Queue == nil {
					continue
				}
				p.Evaluated()
				w := oneWay{pair: x, from: l.From, to: l.To, slow: m.Queue.ThereP90, other: m.Queue.BackP90, m: m}
				if o := x.opposite(l, p.Limits.LinkSamples); o != nil {
					w.slow, w.other = min(w.slow, o.Queue.BackP90), min(w.other, o.Queue.ThereP90)
				}
				if w.slow < w.other {
					w.from, w.to, w.slow, w.other = l.To, l.From, w.other, w.slow
				}
				w.machine = lateness(p.Case, x)
				k := slices.IndexFunc(found, func(o oneWay) bool { return o.pair == x })
				switch {
				case w.by() < p.Limits.AsymmetryInfo || w.slow < 2*w.other:
				case k < 0:
					found = append(found, w)
				case found[k].by() < w.by():
					found[k] = w
				}
			}
		}
		if len(found) == 0 {
			return nil
		}
		slices.SortStableFunc(found, func(a, b oneWay) int { return cmp.Compare(b.by(), a.by()) })
		worst, names := found[0], []*pair{}
		f := analyze.Finding{Severity: analyze.Info, Confidence: analyze.Medium, Weight: min(1, worst.by()/(2*p.Limits.LinkCritical))}
		if worst.by() >= p.Limits.AsymmetryWarn {
			f.Severity = analyze.Warning
		}
		for _, w := range found {
			names = append(names, w.pair)
			f.Evidence = append(f.Evidence, timed(fmt.Sprintf("%s to %s: one in ten messages waits %.1f ms or more on the way, %.1f ms on the way back; %d round trips by %s",
				w.from, w.to, w.slow, w.other, w.m.RTT.Count, w.m.Transport)))
		}
		f.Evidence = f.Evidence[:min(len(f.Evidence), maxEvidence)]
		f.Nodes = namesOf(names)
		f.Title = fmt.Sprintf("From %s to %s messages wait up to %.1f ms longer than on the way back", worst.from, worst.to, worst.by())
		f.Impact = "one direction of the cluster's traffic is held up, and clocks that are set over this way go wrong by half the difference"
		f.Explanation = "The waiting beyond the fastest message of each way is known for each way alone. A difference that is always the same looks like a clock that is wrong and cannot be told from it by two nodes: it lies within the error bound of their clocks."
		f.Advice = []analyze.Advice{{
			Action: fmt.Sprintf("Compare traceroute from %s to %s with the other direction, and look for a full queue on the slow way: a backup, a shaped or saturated link (`tc -s qdisc`, `ip -s link`).", worst.from, worst.to),
			Effect: "Both ways take the same time.", Risk: "None in looking.", Verify: "The next capture shows the same waiting on both ways.",
		}}
		p.Report(f)
		return nil
	}}
}

// opposite is what the other end measured of the same two ways. Who reads a message late, because his machine
// is busy, makes one way look slow; the way itself is slow only where both ends see it.
func (p pair) opposite(l *timing.Link, least int64) *timing.Measured {
	for _, o := range p.links {
		if o.From == l.To && o.To == l.From {
			if m := typical(o, least); m != nil && m.Queue != nil {
				return m
			}
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
	m           *timing.Measured
}

func (w oneWay) by() float64 { return w.slow - w.other - w.machine }
