package report

import (
	"fmt"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/say"
)

func (b *viewBuilder) nodes(c *analyze.Case, r *analyze.Result) {
	for i, n := range c.Nodes {
		if i == htmlNodes {
			b.Left["nodes"] = count(len(c.Nodes)-i, "more node")
			return
		}
		card := nodeCard{Name: nameOf(n), Facts: nodeFacts(n), Level: "fine", Places: b.placesOf(n.Name)}
		card.Badges = badgesOf(r.Findings, n.Name)
		switch {
		case len(card.Badges) > 0:
			card.Level = card.Badges[0].Level
		case n.Failed > 0 || len(r.NotEvaluated) > 0 && n.Host == nil:
			card.Level = "info" // nothing found is no praise when little was seen
		}
		for k, j := range n.JVMs {
			if k == htmlSections {
				card.Processes = append(card.Processes, processCard{Name: fmt.Sprintf("and %d more", len(n.JVMs)-k)})
				break
			}
			card.Processes = append(card.Processes, processCard{Anchor: b.shown[j], Name: j.Target, Facts: jvmFacts(j)})
		}
		for k, s := range n.Services {
			if k == htmlSections {
				break
			}
			card.Processes = append(card.Processes, processCard{Anchor: b.shown[s], Name: s.Target, Facts: []fact{{"Runtime", "Go"}}})
		}
		b.Nodes = append(b.Nodes, card)
	}
}

func nodeFacts(n *analyze.Node) []fact {
	facts := []fact{{"CPUs", cpusOf(n)}}
	if h := n.Host; h != nil {
		if h.CPU.Load1.Known() {
			facts = append(facts, fact{"Load", say.Number(h.CPU.Load1.Value)})
		}
		if h.CPU.Busy.Known() {
			facts = append(facts, fact{"CPU busy", fmt.Sprintf("%s mean, %s peak", say.Percent(h.CPU.Busy.Mean/100), say.Percent(h.CPU.Busy.Max/100))})
		}
		if h.Memory.Total.Known() {
			facts = append(facts, fact{"Memory", fmt.Sprintf("%s, %s available", say.Bytes(h.Memory.Total.Value), say.Bytes(h.Memory.Available.Value))})
		}
		facts = append(facts, fact{"System", joined(", ", h.System.OS.Value, h.System.Kernel.Value)}, fact{"Runs on", joined(", ", machine(h.System.Hypervisor.Value), notNone(h.System.Container.Value))})
	}
	if n.Clock.Offset != 0 || n.Clock.Error != 0 {
		facts = append(facts, fact{"Clock", fmt.Sprintf("%+.1f ms ± %.1f ms", inMillis(n.Clock.Offset), inMillis(n.Clock.Error))})
	}
	if n.Collected+n.Failed > 0 {
		text := fmt.Sprintf("%d collected", n.Collected)
		if n.Failed > 0 {
			text += fmt.Sprintf(", %d failed", n.Failed)
		}
		facts = append(facts, fact{"Evidence", text})
	}
	return known(facts...)
}

// machine names a hypervisor as it is shown.
func machine(hypervisor string) string {
	if hypervisor == "unknown" {
		return "a virtual machine"
	}
	return notNone(hypervisor)
}

func notNone(s string) string {
	if s == "none" {
		return ""
	}
	return s
}

func jvmFacts(j *analyze.JVM) []fact {
	facts := []fact{{"Application", j.App}, {"Container", clean(j.Container)}, {"JVM", jvmVersion(j)}, {"Collector", string(j.Collector())}}
	if v := j.MaxHeap(); v > 0 {
		facts = append(facts, fact{"Max heap", say.Bytes(float64(v))})
	}
	if j.Dumps != nil && len(j.Dumps.Dumps) > 0 {
		facts = append(facts, fact{"Threads", say.Whole(int64(threadCount(j.Dumps.Dumps[len(j.Dumps.Dumps)-1])))})
	}
	s := j.Settings()
	if c := s.Threads(); c != nil {
		facts = append(facts, fact{"Request threads", "up to " + say.Whole(int64(c.MaxThreads))})
	}
	if len(s.Pools) == 1 {
		facts = append(facts, fact{"Database pool", fmt.Sprintf("up to %s (%s)", count(s.Pools[0].Max, "connection"), clean(s.Pools[0].Kind))})
	}
	return known(facts...)
}

// clockText is a moment of a node on the reference clock, as a short label.
func clockText(n *analyze.Node, t time.Time) string {
	return n.Clock.Reference(t).UTC().Round(time.Second).Format(time.TimeOnly)
}

// badgesOf counts the findings of a node; of those that follow from another one of it that one counts.
func badgesOf(list []analyze.Finding, node string) []badge {
	return badges(list, func(f *analyze.Finding) bool {
		if f.ConsequenceOf > 0 && slices.Contains(list[f.ConsequenceOf-1].Nodes, node) {
			return false
		}
		return slices.Contains(f.Nodes, node)
	})
}
