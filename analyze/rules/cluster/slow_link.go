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
	wire "casefile/bundle/format/timing"
)

var (
	published    = wire.LimitFor(wire.MeasureLink)
	linkWarn     = analyze.NewLimit(published.Good, "ms", "median round trip between two nodes: warning", published.Source)
	linkCritical = analyze.NewLimit(published.Bad, "ms", "median round trip between two nodes: critical", published.Source)
	linkSamples  = analyze.NewLimit(int64(timing.Enough), "round trips", "measured over a link, at least", "fewer prove nothing")
)

const needsLinks = "round trips between the nodes themselves: agents or ssh on two nodes or more, casefile " +
	"collect --cluster FILE"

var slowLink = &analyze.Rule{
	ID:       ids.SlowLink,
	Doc:      "A message between two nodes takes longer than a cluster that shares its caches can bear.",
	Needs:    needsLinks,
	Fix:      "Put the nodes into one local network.",
	Compares: true,
	After:    busyEnds,
	Limits:   []analyze.Threshold{linkWarn, linkCritical, linkSamples},
	Run:      analyze.Each(wholeCluster, judgeLinks),
}

// judgeLinks goes by the median round trip of each link.
func judgeLinks(pass *analyze.Pass, c *cluster) []analyze.Finding {
	var slow []*pair
	rtt := map[*pair]float64{}
	for _, x := range c.pairs() {
		m := x.roundTrip()
		if m == nil {
			continue
		}
		pass.Evaluated()
		if rtt[x] = m.RTT.P50; m.RTT.P50 > linkWarn.Value {
			slow = append(slow, x)
		}
	}
	if len(slow) == 0 {
		return nil
	}
	f := slowFinding(slow, rtt)
	if short := shortOfCPU(pass, slow); len(short) > 0 {
		f.Severity, f.Weight, f.Confidence = analyze.Info, 0.01, analyze.Low
		f.Explanation += " But the CPUs of " + say.List(short) + " were busy: a program that waits for a CPU answers late, however short the link."
	}
	return []analyze.Finding{f}
}

// shortOfCPU are the ends of links that had no CPU to answer with.
func shortOfCPU(pass *analyze.Pass, links []*pair) (names []string) {
	for _, name := range namesOf(links) {
		for _, id := range busyEnds {
			for _, f := range pass.AllFound(id) {
				if slices.Contains(f.Nodes, name) && f.Severity.AtLeast(analyze.Warning) && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

// busyEnds are findings about a node that make it answer late.
var busyEnds = []string{ids.CPUSaturated, ids.CPUThrottled, ids.CPUSteal}

// slowFinding is about all slow links; rtt are their median round trips in milliseconds.
func slowFinding(slow []*pair, rtt map[*pair]float64) analyze.Finding {
	slices.SortStableFunc(slow, func(a, b *pair) int { return cmp.Compare(rtt[b], rtt[a]) })
	worst := slow[0]
	f := analyze.Finding{
		Severity:   analyze.Warning,
		Confidence: analyze.High,
		Nodes:      namesOf(slow),
		Weight:     min(1, rtt[worst]/(2*linkCritical.Value)),
	}
	if rtt[worst] > linkCritical.Value {
		f.Severity = analyze.Critical
	}
	f.Say("A message between %s and back takes %s", worst.name(), say.Measured("round_trip", rtt[worst], "ms"))
	switch name := common(slow); {
	case name != "":
		f.Add("; all %s slow links are those of %s", say.Amount("links", len(slow), "links"), name)
	case len(slow) > 1:
		f.Add("; %s links are slow", say.Amount("links", len(slow), "links"))
	}
	f.Impact = "each call of the cluster between them (cache, lock, heartbeat) waits at least that long, often " +
		"several times for one page"
	f.Explanation = fmt.Sprintf("The median round trip is above %s ms. Nodes of such a cluster belong into one "+
		"local network.", say.Number(linkWarn.Value))
	for _, x := range slow[:min(len(slow), cite.Most)] {
		l := x.roundTrip()
		f.Evidence = append(
			f.Evidence,
			timed(
				fmt.Sprintf(
					"%s to %s by %s: p50 %s ms, least %s, p99 %s, of %d",
					l.From,
					l.To,
					l.Transport, say.Number(l.RTT.P50), say.Number(l.RTT.Min), say.Number(l.RTT.P99), l.RTT.Count,
				),
			),
		)
	}
	f.Advice = []analyze.Advice{{
		Action: "Follow the way with traceroute or mtr from both ends: a VPN, a firewall, a far data centre or " +
			"zone stands between. Put the nodes into one local network.",
		Effect:   "Round trips far below a millisecond.",
		Risk:     "Moving a node is a restart of it.",
		Rollback: "Move it back.",
		Verify:   fmt.Sprintf("The median round trip of the next capture is below %s ms.", say.Number(linkWarn.Value)),
	}}
	f.References = []string{published.Source}
	return f
}
