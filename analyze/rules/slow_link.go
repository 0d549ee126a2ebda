package rules

import (
	"cmp"
	"fmt"
	"slices"

	"casefile/analyze"
)

const needsLinks = "round trips between the nodes themselves: agents or ssh on two nodes or more, casefile collect --cluster FILE"

func slowLink() *analyze.Rule {
	return &analyze.Rule{ID: "slow-link", Doc: "A message between two nodes takes longer than a cluster that shares its caches can bear.", Needs: needsLinks, Run: func(p *analyze.Pass) error {
		var slow []*pair
		rtt := map[*pair]float64{}
		for _, x := range pairs(p.Case) {
			m, _ := x.roundTrip(p.Limits.LinkSamples)
			if m == nil {
				continue
			}
			p.Evaluated()
			if rtt[x] = m.RTT.P50; m.RTT.P50 > p.Limits.LinkWarn {
				slow = append(slow, x)
			}
		}
		if len(slow) == 0 {
			return nil
		}
		slices.SortStableFunc(slow, func(a, b *pair) int { return cmp.Compare(rtt[b], rtt[a]) })
		worst := slow[0]
		f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.High, Nodes: namesOf(slow), Weight: min(1, rtt[worst]/(2*p.Limits.LinkCritical))}
		if rtt[worst] > p.Limits.LinkCritical {
			f.Severity = analyze.Critical
		}
		f.Title = fmt.Sprintf("A message between %s and back takes %.1f ms", worst.name(), rtt[worst])
		switch name := common(slow); {
		case name != "":
			f.Title += fmt.Sprintf("; all %d slow links are those of %s", len(slow), name)
		case len(slow) > 1:
			f.Title += fmt.Sprintf("; %d links are slow", len(slow))
		}
		f.Impact = "each call of the cluster between them (cache, lock, heartbeat) waits at least that long, often several times for one page"
		f.Explanation = fmt.Sprintf("The median round trip is above %.0f ms. Nodes of such a cluster belong into one local network.", p.Limits.LinkWarn)
		for _, x := range slow[:min(len(slow), maxEvidence)] {
			m, l := x.roundTrip(p.Limits.LinkSamples)
			f.Evidence = append(f.Evidence, timed(fmt.Sprintf("%s to %s by %s: p50 %.1f ms, least %.1f, p99 %.1f, of %d", l.From, l.To, m.Transport, m.RTT.P50, m.RTT.Min, m.RTT.P99, m.RTT.Count)))
		}
		f.Advice = []analyze.Advice{{
			Action: "Follow the way with traceroute or mtr from both ends: a VPN, a firewall, a far data centre or zone stands between. Put the nodes into one local network.",
			Effect: "Round trips far below a millisecond.", Risk: "Moving a node is a restart of it.", Rollback: "Move it back.",
			Verify: fmt.Sprintf("The median round trip of the next capture is below %.0f ms.", p.Limits.LinkWarn),
		}}
		f.References = []string{"Atlassian, thresholds for Confluence: internode latency good below 10 ms, bad above 50 ms"}
		p.Report(f)
		return nil
	}}
}
