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
	lossWarn = analyze.NewLimit(1.0, "%", "exchanges lost: warning", "Mathis et al. (1997): one TCP stream "+
		"over 10 ms gets about 14 Mbit/s")
	lossCritical = analyze.NewLimit(5.0, "%", "exchanges lost for certain (95 %): critical", "Mathis et al. (1997): one TCP stream "+
		"over 10 ms gets about 6 Mbit/s")
	lossLeast = analyze.NewLimit(3, "exchanges", "lost, at least", "one may be anybody's")
	lossSent  = analyze.NewLimit(50, "exchanges", "sent, at least", "fewer prove nothing")
)

var packetLoss = &analyze.Rule{
	ID:       ids.PacketLoss,
	Doc:      "Packets between two nodes get lost.",
	Needs:    "UDP exchanges between the nodes: casefile collect --cluster FILE, and UDP allowed between them",
	Fix:      "Follow the drop and error counters along the way.",
	Compares: true,
	Limits:   []analyze.Threshold{lossWarn, lossCritical, lossLeast, lossSent},
	Run:      analyze.Each(wholeCluster, judgeLoss),
}

// judgeLoss goes by the exchanges of each link that got no answer.
func judgeLoss(pass *analyze.Pass, c *cluster) []analyze.Finding {
	var lossy []*pair
	loss := map[*pair]timing.Loss{}
	for _, x := range c.pairs() {
		l := x.lost()
		if l.Sent < lossSent.Value {
			continue
		}
		pass.Evaluated()
		if l.Lost >= lossLeast.Value && l.Percent() >= lossWarn.Value {
			lossy, loss[x] = append(lossy, x), l
		}
	}
	if len(lossy) == 0 {
		return nil
	}
	return []analyze.Finding{lossFinding(c, lossy, loss)}
}

// lossFinding is about all links that lose something.
func lossFinding(c *cluster, lossy []*pair, loss map[*pair]timing.Loss) analyze.Finding {
	slices.SortStableFunc(lossy, func(a, b *pair) int { return cmp.Compare(loss[b].Percent(), loss[a].Percent()) })
	worst := loss[lossy[0]]
	f := analyze.Finding{
		Severity:   analyze.Warning,
		Confidence: analyze.Medium,
		Nodes:      namesOf(lossy),
		Weight:     min(1, worst.Percent()/20),
	}
	if worst.Lost >= 10 {
		f.Confidence = analyze.High
	}
	if worst.AtLeast() >= lossCritical.Value && f.Confidence == analyze.High {
		f.Severity = analyze.Critical
	}
	f.Say("%s of the packets between %s get lost", say.Share("lost_share", worst.Percent()/100), lossy[0].name())
	if name := common(lossy); name != "" {
		f.Add("; all %s links that lose some are those of %s", say.Amount("links", len(lossy), "links"), name)
	}
	f.Impact = "a lost packet costs a TCP connection 200 ms or more; heartbeats by UDP or multicast get lost for good"
	f.Explanation = "Questions by UDP had no answer while others had. TCP repeats what is lost, which shows as " +
		"single calls that take long."
	for _, x := range lossy[:min(len(lossy), cite.Most)] {
		f.Evidence = append(
			f.Evidence,
			timed(fmt.Sprintf("%s: %d of %d exchanges by UDP without an answer", x.name(), loss[x].Lost, loss[x].Sent)),
		)
	}
	for _, n := range c.Nodes {
		if n.Host != nil && n.Host.Network.RetransmitPercent.Value >= lossWarn.Value &&
			slices.Contains(f.Nodes, n.Name) {
			r := n.Host.Network.RetransmitPercent
			f.Evidence = append(
				f.Evidence,
				cite.Ref(r.Ref, fmt.Sprintf("%s: TCP sent %s of its segments again", n.Name, say.Percent(r.Value/100))),
			)
		}
	}
	f.Advice = []analyze.Advice{{
		Action: "Look at the drop and error counters along the way: `ip -s link` on both nodes, the switch ports, the security groups' and the firewall's limits for UDP.",
		Effect: "Calls between the nodes stop taking 200 ms now and then.",
		Risk:   "None in looking.",
		Verify: "No exchange of the next capture is lost.",
	}}
	f.References = []string{"Mathis, Semke, Mahdavi, Ott (1997): The macroscopic behavior of the TCP congestion " +
		"avoidance algorithm"}
	return f
}

// lost sums up both sides' exchanges by UDP, of all phases.
func (p pair) lost() (sum timing.Loss) {
	for _, l := range p.links {
		sum = sum.Plus(l.UDP)
	}
	return sum
}
