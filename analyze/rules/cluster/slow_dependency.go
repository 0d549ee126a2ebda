package cluster

import (
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/say"
	"casefile/analyze/timing"
	wire "casefile/bundle/format/timing"
)

var (
	probesLeast = analyze.NewLimit(int64(5), "rounds", "probes of one thing, at least", "fewer prove nothing")
	probesFail  = analyze.NewLimit(0.5, "1", "failed rounds of a probe", "own judgement: half of all calls fail")
)

var slowDependency = &analyze.Rule{
	ID: ids.SlowDependency,
	Doc: "A database, a shared folder or a name that the program needs answers a probe of casefile's own slowly, or " +
		"not at all, so that its requests must wait whatever the program does. How slow is bad, the probe carries with " +
		"it: the product's vendor says so.",
	Needs: "probes of what the nodes depend on: databases, folders and names listed in the cluster file, " +
		"casefile collect --cluster FILE",
	Fix:    "Find out what holds up the database, the storage or the name server, or the way to it.",
	After:  busyEnds,
	Limits: []analyze.Threshold{probesLeast, probesFail},
	Run:    analyze.Each(probing, judgeDependencies),
}

// probingNode is a node with what it probed.
type probingNode struct {
	*analyze.Node
	probes []timing.Latency
}

// About names the node.
func (n *probingNode) About() analyze.Subject { return analyze.Subject{Node: n.Name} }

// probing are the nodes that probed anything.
func probing(p *analyze.Pass) (all []*probingNode) {
	for _, n := range p.Nodes {
		if n.Timing == nil {
			continue
		}
		own := &timing.Node{Node: n.Timing, Source: n.TimingSource}
		if list := own.Latencies(); len(list) > 0 {
			all = append(all, &probingNode{n, list})
		}
	}
	return all
}

// judgeDependencies looks at one thing after the other.
func judgeDependencies(pass *analyze.Pass, n *probingNode) (found []analyze.Finding) {
	for _, l := range n.probes {
		if int64(l.Tries) < probesLeast.Value || l.Limit == nil {
			continue
		}
		pass.Evaluated()
		switch fails := l.FailurePercent() / 100; {
		case fails >= probesFail.Value:
			found = append(found, unanswered(n, l, fails))
		case l.Verdict == wire.Bad:
			found = append(found, slowProbe(pass, n, l))
		}
	}
	return found
}

// unanswered is about something that mostly fails.
func unanswered(n *probingNode, l timing.Latency, share float64) analyze.Finding {
	f := analyze.Finding{Severity: analyze.Critical, Confidence: analyze.High, Weight: share, About: []string{l.Target}}
	f.Say("%s %s does not answer: %s of %s failed", kindOf(l), say.As(l.Target, "<target>"),
		say.Amount("failed", l.Failures, "probes"), say.Counted("probes", l.Tries, "probe"))
	f.Impact = "whatever needs it fails, or waits until its time limit"
	if len(l.Errors) > 0 {
		f.Explanation = "The first failure: " + l.Errors[0] + "."
	}
	f.Evidence = []analyze.Evidence{{Entry: l.Source, Text: fmt.Sprintf("%s: %d of %d failed", l.Target, l.Failures, l.Tries)}}
	f.Advice = []analyze.Advice{{
		Action: fmt.Sprintf("Look on %s whether it reaches %s: the name (getent hosts), a firewall (nc -vz HOST PORT), and there whether it works and has connections left.",
			n.Name, l.Target),
		Effect: "Requests that need it are served again.", Risk: "None.", Verify: "The probes of the next capture succeed.",
	}}
	return f
}

// slowProbe is about something whose median is above what the vendor calls bad.
func slowProbe(pass *analyze.Pass, n *probingNode, l timing.Latency) analyze.Finding {
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.High, Weight: min(1, l.Part.P50/(4*l.Limit.Bad)), About: []string{l.Target}}
	f.Say("%s %s answers slowly: a %s takes %s, and above %s is bad", kindOf(l), say.As(l.Target, "<target>"), l.Part.Name,
		say.Measured("median", l.Part.P50, "ms"), say.Measured("bad_above", l.Limit.Bad, "ms"))
	f.Impact = "every request that uses it waits at least that long, once for each call"
	f.Explanation = "The median of " + fmt.Sprint(l.Part.Count) + " probes from " + n.Name + ", next to the load of the program. " +
		"Good is below " + say.Number(l.Limit.Good) + " ms (" + l.Limit.Source + ")."
	if l.Floor {
		f.Explanation += " Only a part of a call could be measured: a whole one takes longer."
	}
	f.Evidence = []analyze.Evidence{{Entry: l.Source, Text: fmt.Sprintf("%s, %s: p50 %s ms, p99 %s, of %d", l.Target, l.Part.Name,
		say.Number(l.Part.P50), say.Number(l.Part.P99), l.Part.Count)}}
	f.Advice = []analyze.Advice{{
		Action: "Measure the same on the machine of " + l.Target + " itself (casefile collect --cluster FILE there): slow there too, it is its own load or disk; " +
			"fast there, it is the way to it (mtr from " + n.Name + ").",
		Effect: "Requests wait less, by the difference for each call.", Risk: "None.",
		Verify: fmt.Sprintf("The median of the next capture is below %s ms.", say.Number(l.Limit.Good)),
	}}
	f.References = []string{l.Limit.Source}
	if l.Measure == wire.MeasureLocalDisk { // most programs do not wait for it
		f.Severity = analyze.Info
	}
	for _, id := range busyEnds {
		if slices.ContainsFunc(pass.AllFound(id), func(b *analyze.Finding) bool {
			return slices.Contains(b.Nodes, n.Name) && b.Severity.AtLeast(analyze.Warning)
		}) {
			f.Severity, f.Confidence, f.Weight = analyze.Info, analyze.Low, 0.01
			f.Explanation += " But the CPUs of " + n.Name + " were busy, which makes any probe late."
			break
		}
	}
	return f
}

// kindOf says what was probed.
func kindOf(l timing.Latency) string {
	switch l.Measure {
	case wire.MeasureDatabase:
		return "The database"
	case wire.MeasureNames:
		return "The name server"
	case wire.MeasureDirectory:
		return "The user directory"
	}
	return "The storage"
}
