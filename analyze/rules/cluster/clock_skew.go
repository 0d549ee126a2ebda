package cluster

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	wire "casefile/bundle/format/timing"
)

var (
	clockInfo = analyze.NewLimit(
		100*time.Millisecond,
		"",
		"a clock off the others: worth knowing",
		"below it the order of lines of two logs can be trusted",
	)
	divergence    = wire.LimitFor(wire.MeasureClock)
	clockWarn     = analyze.NewLimit(millisToSpan(divergence.Good), "", "a clock off the others: warning", divergence.Source)
	clockCritical = analyze.NewLimit(millisToSpan(divergence.Bad), "", "a clock off the others: critical", divergence.Source)
)

var clockSkew = &analyze.Rule{
	ID:  ids.ClockSkew,
	Doc: "The clocks of two nodes differ by more than the cluster, or a reader of its logs, can bear.",
	Needs: "clocks of two nodes or more, measured against each other: casefile collect --cluster FILE, or --node " +
		"for each",
	Fix:      "Let one time service set all clocks from the same servers.",
	Compares: true,
	Limits:   []analyze.Threshold{clockInfo, clockWarn, clockCritical},
	Run:      analyze.Sequence(analyze.Each(wholeCluster, judgeSkew), analyze.Each(wholeCluster, judgeSteps)),
}

// skew is how much the clock of one node is ahead of another's, give or take the bound.
type skew struct {
	ahead, behind *analyze.Node
	by, bound     time.Duration
}

// sure is the part of the difference that the error cannot explain.
func (s *skew) sure() time.Duration { return s.by - s.bound }

// widest finds the two nodes whose clocks surely differ most; nil: fewer than two clocks are known.
func widest(c *cluster) *skew {
	var far *skew
	for i, a := range c.Nodes {
		x, ok1 := clockOf(c.Case, a)
		for _, b := range c.Nodes[i+1:] {
			y, ok2 := clockOf(c.Case, b)
			if !ok1 || !ok2 {
				continue
			}
			s := &skew{ahead: b, behind: a, by: y.Offset - x.Offset, bound: x.Error + y.Error}
			s.direct(c)
			if s.by < 0 {
				s.ahead, s.behind, s.by = a, b, -s.by
			}
			if far == nil || s.sure() > far.sure() {
				far = s
			}
		}
	}
	return far
}

// direct takes what the links say of the two clocks where that is more exact.
func (s *skew) direct(c *cluster) {
	if c.measured == nil {
		return
	}
	k, known := c.measured.Between(s.behind.Name, s.ahead.Name)
	if bound := millisToSpan(k.ErrorMS); known && bound > 0 && bound < s.bound {
		s.by, s.bound = millisToSpan(k.OffsetMS), bound
	}
}

func millisToSpan(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// judgeSkew is about the two clocks that differ most.
func judgeSkew(pass *analyze.Pass, c *cluster) []analyze.Finding {
	s := widest(c)
	if s == nil {
		return nil
	}
	pass.Evaluated()
	if s.sure() < clockInfo.Value {
		return nil
	}
	f := analyze.Finding{Severity: analyze.Info, Confidence: analyze.High, Nodes: []string{s.ahead.Name, s.behind.Name}}
	switch {
	case s.sure() >= clockCritical.Value:
		f.Severity = analyze.Critical
	case s.sure() >= clockWarn.Value:
		f.Severity = analyze.Warning
	}
	f.Weight = min(1, float64(s.by)/float64(2*clockCritical.Value))
	f.Say("The clock of %s is ahead of that of %s by %s", s.ahead.Name, s.behind.Name, giveOrTake("ahead", s.by, s.bound))
	f.Impact = "what happened first cannot be told from the nodes' own logs; times in this report are put right"
	if f.Severity.AtLeast(analyze.Warning) {
		f.Impact = "locks with an expiry, sessions, caches, scheduled jobs and the order of changes go by these " +
			"clocks; times in this report are put right"
	}
	f.Explanation = "The clocks were compared over the network with four readings each time. However the round " +
		"trip was split between the two ways, the truth lies within the bound."
	f.Evidence = citeClocks(c.Case, s.ahead, s.behind)
	f.Advice = []analyze.Advice{{
		Action: "Let one time service (chrony, systemd-timesyncd) set the clocks of all nodes from the same " +
			"servers, and no second one next to it: not the hypervisor's guest tools as well.",
		Effect: "Clocks agree within milliseconds.", Risk: "A clock that is set back makes time repeat: let the " +
			"service slew it, or set it while the application is stopped.",
		Rollback: "The old configuration of the time service.", Verify: "The next capture shows offsets below 100 ms.",
	}}
	f.References = []string{"Atlassian: Confluence Data Center technical overview, clocks of the nodes must not " +
		"diverge", "Hazelcast HealthMonitor: cluster.timeDiff"}
	return []analyze.Finding{f}
}

// citeClocks cites where the offsets of nodes stand, and what the nodes think of their own clocks.
func citeClocks(c *analyze.Case, nodes ...*analyze.Node) (list []analyze.Evidence) {
	entry := "casefile.json"
	if c.Timing != nil {
		entry = wire.RecordFile
	}
	for _, n := range nodes {
		text := fmt.Sprintf(
			"%s: %+.1f ms against the reference, give or take %s ms",
			n.Name,
			millisOf(n.Clock.Offset), say.Number(millisOf(n.Clock.Error)),
		)
		list = append(list, analyze.Evidence{Entry: entry, Text: text})
	}
	for _, n := range nodes {
		if n.Host != nil && n.Host.Clock.Known() && !n.Host.Clock.Synchronised {
			list = append(list, cite.Ref(n.Host.Clock.Ref, n.Name+": the kernel says that its clock is not "+
				"synchronised"))
		}
	}
	return list
}

// judgeSteps is about clocks that were set while they were watched, each told once.
func judgeSteps(_ *analyze.Pass, c *cluster) (out []analyze.Finding) {
	if c.Timing == nil {
		return nil
	}
	told := map[string]bool{}
	for _, l := range c.Timing.Links {
		if l.Clock == nil {
			continue
		}
		for i := range l.Clock.Steps {
			s := &l.Clock.Steps[i]
			name := l.To
			if s.Whose == "from" {
				name = l.From
			}
			if !s.Certain || s.Whose == "" || told[name] || name == c.Timing.Reference {
				continue
			}
			if f, ok := stepFinding(&l, s, name); ok {
				told[name] = true
				out = append(out, f)
			}
		}
	}
	return out
}

// stepFinding is about one step of the clock of a node; ok is false when it is small.
func stepFinding(l *wire.Link, s *wire.Step, name string) (f analyze.Finding, ok bool) {
	by, bound := millisToSpan(s.ByMS).Abs(), millisToSpan(s.ErrorMS)
	if by-bound < clockInfo.Value {
		return f, false
	}
	f = analyze.Finding{
		Severity:   analyze.Info,
		Confidence: analyze.High,
		Nodes:      []string{name},
		Weight:     min(1, float64(by)/float64(2*clockCritical.Value)),
	}
	if by-bound >= clockWarn.Value {
		f.Severity = analyze.Warning
	}
	f.Say("The clock of %s was set by %s during the capture", name, giveOrTake("step", by, bound))
	f.Impact = "timeouts, leases and schedules that go by this clock ended early or late by as much"
	f.Explanation = "A time service that lets the clock drift and then sets it, or a second one that fights the " +
		"first, makes time jump. Services expect it to run evenly."
	f.Evidence = []analyze.Evidence{
		timed(
			fmt.Sprintf(
				"%s to %s: a step of %+.1f ms between %s and %s",
				l.From,
				l.To,
				s.ByMS,
				clockTime(s.After),
				clockTime(s.Before),
			),
		),
	}
	f.Advice = []analyze.Advice{{Action: "See in the log of the time service who set the clock (journalctl -u chronyd -u systemd-timesyncd -u ntpd); let one service " +
		"slew it (chrony: makestep only at its start) and switch off the time sync of the guest tools.",
		Effect: "The clock runs evenly.",
		Risk:   "None while the offset is small.",
		Verify: "No step in the next capture.",
	}}
	return f, true
}
