package cluster

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/hostseries"
)

var (
	stillSamples = analyze.NewLimit(2, "samples", "in a row in which a JVM's counters stand", "one may be late")
)

// standstill is a time in which a JVM, or all of a machine, did nothing. Times are on the reference clock.
type standstill struct {
	node     *analyze.Node
	jvm      *analyze.JVM // nil: the machine
	from, to time.Time
	// lead is how much earlier than from it may have begun, slack how much later than to
	// it may have ended, by the time between samples.
	lead, slack time.Duration

	what     string // "a full collection", "stopped from outside"
	advice   string
	rank     int // how directly it was seen: of two that overlap the lower one stays
	evidence []analyze.Evidence
}

func (s *standstill) length() time.Duration { return s.to.Sub(s.from) }

func (s *standstill) subject() string {
	if s.jvm != nil {
		return s.jvm.Subject()
	}
	return ""
}

// name gives "4711-shop on n2", "the machine n2".
func (s *standstill) name() string {
	if s.jvm == nil {
		return "the machine " + s.node.Name
	}
	return s.jvm.Subject() + " on " + s.node.Name
}

func (s *standstill) overlaps(o *standstill) bool { return s.from.Before(o.to) && o.from.Before(s.to) }

const (
	adviceGC      = "Cure the collection: see what the findings about this JVM's heap say."
	adviceReach   = "Find the thread that came late to its safepoint: -XX:+SafepointTimeout names it."
	adviceStopped = "Find who stopped the process: a debugger, `kill -STOP`, a paused or frozen container, a snapshot of the virtual machine, a backup that freezes."
	adviceMachine = "Ask who runs the host for migrations, snapshots and backups of this machine at that moment; " +
		"look at swapping and at CPU quotas."
)

// standstills finds all of a node that last long enough for others to notice.
func standstills(p *analyze.Pass, n *analyze.Node) []*standstill {
	var all []*standstill
	for _, j := range n.JVMs {
		list := slices.Concat(stoodStill(n, j), seenStopped(n, j))
		for _, l := range views.PickLogs(p.Case, n, j) {
			list = append(list, stopsOf(n, j, l)...)
		}
		for _, s := range list {
			s.jvm = j
		}
		all = append(all, list...)
	}
	all = append(all, hiccups(n)...)
	all = slices.DeleteFunc(all, func(s *standstill) bool { return s.lead+s.length()+s.slack < propagationPause.Value })
	slices.SortStableFunc(all, func(a, b *standstill) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), -cmp.Compare(a.length(), b.length()), a.from.Compare(b.from))
	})
	var out []*standstill
	for _, s := range all { // one stop seen in several ways is one
		i := slices.IndexFunc(
			out,
			func(o *standstill) bool { return (o.jvm == s.jvm || s.jvm == nil) && o.overlaps(s) },
		)
		if i < 0 {
			out = append(out, s)
		} else if len(out[i].evidence) < cite.Most {
			out[i].evidence = append(out[i].evidence, s.evidence...)
		}
	}
	return out
}

// stopsOf are the long pauses and safepoints of a GC log.
func stopsOf(n *analyze.Node, j *analyze.JVM, l *gc.Log) (out []*standstill) {
	v := &views.Collections{Node: n, JVM: j, Log: l}
	add := func(start, took time.Duration, s *standstill) {
		wall, ok := l.Wall(start)
		if !ok || took < propagationPause.Value {
			return
		}
		s.node, s.from = n, referenceOf(n, wall)
		s.to = s.from.Add(took)
		out = append(out, s)
	}
	pauses := l.Pauses
	if l.Dropped > 0 {
		pauses = l.Longest
	}
	for i := range pauses {
		x := &pauses[i]
		if x.Flags.Has(gc.FlagNested | gc.FlagInferred) {
			continue // taken from counters: when it was is known to a second only
		}
		add(
			x.Start,
			x.Duration,
			&standstill{
				what:     say.Article(x.Kind.String()) + " collection",
				advice:   adviceGC,
				rank:     1,
				evidence: []analyze.Evidence{v.CitePause(x)},
			},
		)
	}
	for _, x := range l.Safepoints.WorstReach {
		what, advice := "a safepoint", adviceReach
		if x.At > x.Reach {
			advice = adviceGC
		}
		if x.Operation != "" {
			what += " (" + x.Operation + ")"
		}
		add(x.Start, x.Total, &standstill{what: what, advice: advice, rank: 2,
			evidence: []analyze.Evidence{v.Place(x.File, x.Line, fmt.Sprintf("threads stood still for %s, %s of "+
				"it to reach the safepoint", say.Took(x.Total), say.Took(x.Reach)))}})
	}
	return out
}

const (
	// heartbeat is a counter that a thread of the JVM renews each 50 ms, in safepoints too (measured on JDK 8 to 17;
	// JDK 25 has it no more).
	heartbeat = "sun.os.hrt.ticks"
	userCPU   = entries.CPUUser
	systemCPU = entries.CPUSystem
	// busyShare is the part of the other samples in which a JVM without heartbeat must have used CPU, for a time
	// without any to mean something.
	busyShare = 0.9
)

// stoodStill looks for successive samples in which a JVM's heartbeat stands. Where there is none, all its counters
// and its CPU time must.
func stoodStill(n *analyze.Node, j *analyze.JVM) (out []*standstill) {
	if c := j.Counters; c != nil {
		if ticks, freq := c.Values(heartbeat), lastOf(c.Last(ticksPerSecond)); ticks != nil && freq > 0 {
			for _, run := range still(ticks, stillSamples.Value) {
				if run[1]+1 == len(ticks) && diedBy(j, c.Times[run[0]]) {
					continue // it was killed and left its counters behind
				}
				s := standsFrom(n, c.Times, run, "stopped from outside")
				if i := run[0] - 1; i >= 0 && ticks[run[0]] > ticks[i] { // when it stopped shows in the last beat
					if ran := time.Duration((ticks[run[0]] - ticks[i]) / freq * float64(time.Second)); ran <= c.Times[run[0]].Sub(
						c.Times[i],
					) {
						s.from, s.lead = referenceOf(n, c.Times[i].Add(ran)), 0
					}
				}
				s.evidence = []analyze.Evidence{{Entry: j.CountersSource, Text: fmt.Sprintf("%s of %s does not "+
					"move from %s to %s", heartbeat, j.Subject(), clockTime(s.from), clockTime(s.to))}}
				out = append(out, s)
			}
			return out
		}
	}
	s := j.Process
	if s == nil {
		return nil
	}
	user, system := s.Values(userCPU), s.Values(systemCPU)
	if user == nil || system == nil {
		return nil
	}
	used := make([]float64, len(user))
	for i := range used {
		used[i] = user[i] + system[i]
	}
	runs := still(used, 2*stillSamples.Value)
	if !worksOtherwise(used, runs) {
		return nil
	}
	for _, run := range runs {
		x := standsFrom(n, s.Times, run, "stopped from outside")
		if !countersStand(j, n, x) {
			continue
		}
		x.rank = 3
		x.evidence = []analyze.Evidence{{Entry: j.ProcessSource, Text: fmt.Sprintf("%s used no CPU from %s to %s, "+
			"and did in nearly all other samples", j.Subject(), clockTime(x.from), clockTime(x.to))}}
		out = append(out, x)
	}
	return out
}

// diedBy reports whether the process was there no more soon after that time.
func diedBy(j *analyze.JVM, at time.Time) bool {
	if j.Process == nil || len(j.Process.Times) == 0 {
		return false
	}
	return j.Process.Times[len(j.Process.Times)-1].Before(at.Add(time.Second))
}

const ticksPerSecond = "sun.os.hrt.frequency"

func lastOf(v float64, ok bool) float64 {
	if !ok {
		return 0
	}
	return v
}

// standsFrom makes a standstill of a run of samples.
func standsFrom(n *analyze.Node, times []time.Time, run [2]int, what string) *standstill {
	s := &standstill{
		node:   n,
		from:   referenceOf(n, times[run[0]]),
		to:     referenceOf(n, times[run[1]]),
		what:   what,
		advice: adviceStopped,
	}
	if prev := run[0] - 1; prev >= 0 {
		s.lead = times[run[0]].Sub(times[prev])
	}
	if next := run[1] + 1; next < len(times) {
		s.slack = times[next].Sub(times[run[1]])
	}
	return s
}

// still finds runs of samples, as first and last index, in which a value that grew before, or grows after, does not: at
// least so many steps.
func still(v []float64, steps int) (runs [][2]int) {
	for i := 0; i < len(v); {
		k := i
		for k+1 < len(v) && v[k+1] == v[i] {
			k++
		}
		if k-i >= steps && !math.IsNaN(v[i]) && (i > 0 || k+1 < len(v)) {
			runs = append(runs, [2]int{i, k})
		}
		i = k + 1
	}
	return runs
}

// worksOtherwise reports whether the value grows in nearly all steps outside of the runs.
func worksOtherwise(v []float64, runs [][2]int) bool {
	grown, all := 0, 0
	for i := 1; i < len(v); i++ {
		if slices.ContainsFunc(runs, func(r [2]int) bool { return i > r[0] && i <= r[1] }) {
			continue
		}
		if all++; v[i] > v[i-1] {
			grown++
		}
	}
	return all >= 4 && float64(grown) >= busyShare*float64(all)
}

// countersStand reports whether no counter of the JVM moved in between; true where it has none.
func countersStand(j *analyze.JVM, n *analyze.Node, s *standstill) bool {
	c := j.Counters
	if c == nil {
		return true
	}
	first, last := -1, -1
	for i, t := range c.Times {
		if at := referenceOf(n, t); at.After(s.from) && at.Before(s.to) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if last <= first {
		return true
	}
	for _, name := range c.Names() {
		if v := c.Values(name); v[first] != v[last] {
			return false
		}
	}
	return true
}

// seenStopped are looks that found the threads kept from running.
func seenStopped(n *analyze.Node, j *analyze.JVM) (out []*standstill) {
	for _, l := range j.Looks {
		if l.Threads == 0 || l.Stopped < l.Threads {
			continue
		}
		at := referenceOf(n, l.Time)
		e := analyze.Evidence{
			Entry: l.Source,
			Text:  fmt.Sprintf("%s: all %d threads are stopped (state T) at %s", j.Subject(), l.Threads, clockTime(at)),
		}
		if k := len(out) - 1; k >= 0 && at.Sub(out[k].from) < 15*time.Second && !running(j, n, out[k].from, at) {
			out[k].to, out[k].evidence = at, append(out[k].evidence, e)
			continue
		}
		out = append(
			out,
			&standstill{
				node:     n,
				from:     at,
				to:       at,
				slack:    time.Second,
				what:     "stopped from outside",
				advice:   adviceStopped,
				rank:     4,
				evidence: []analyze.Evidence{e},
			},
		)
	}
	return out
}

// running reports whether the JVM gave a dump in between.
func running(j *analyze.JVM, n *analyze.Node, from, to time.Time) bool {
	if j.Dumps == nil {
		return false
	}
	for _, d := range j.Dumps.Dumps {
		if at := referenceOf(n, d.Time); at.After(from) && at.Before(to) {
			return true
		}
	}
	return false
}

// hiccups are the stops of the whole machine: by the meter that does nothing but wake up, else by counter samples
// that came late.
func hiccups(n *analyze.Node) (out []*standstill) {
	add := func(due time.Time, late time.Duration, e analyze.Evidence) {
		from := referenceOf(n, due)
		out = append(
			out,
			&standstill{
				node:     n,
				from:     from,
				to:       from.Add(late),
				what:     "a stop of the whole machine",
				advice:   adviceMachine,
				rank:     5,
				evidence: []analyze.Evidence{e},
			},
		)
	}
	if n.Timing != nil && n.Timing.Hiccups != nil {
		for _, h := range n.Timing.Hiccups.Worst {
			late := millisToSpan(h.LateMS)
			add(h.At, late, analyze.Evidence{Entry: n.TimingSource, Text: fmt.Sprintf("%s: a thread that was due "+
				"at %s ran %s late", n.Name, clockTime(referenceOf(n, h.At)), say.Took(late))})
		}
		return out
	}
	if n.Host == nil || n.Host.Series == nil {
		return nil
	}
	for i, late := range n.Host.Series.Values(hostseries.SamplerLate) {
		if late >= 1 {
			d := time.Duration(late * float64(time.Second))
			at := n.Host.Series.Times[i]
			add(
				at.Add(-d),
				d,
				analyze.Evidence{
					Entry: firstOf(append(n.Host.Parts, n.Host.Stall.Source)...),
					Text: fmt.Sprintf(
						"%s: the sample of %s came %s late",
						n.Name,
						clockTime(referenceOf(n, at)),
						say.Took(d),
					),
				},
			)
		}
	}
	return out
}

// refusedDumps cites nothing but the ledger: a dump that could not be taken because the process was stopped.
func refusedDumps(c *analyze.Case, s *standstill) []analyze.Evidence {
	for _, g := range c.Gaps {
		if s.jvm != nil && g.Node == s.node.Name && g.Target == s.jvm.Target &&
			g.Cause == entries.Stopped {
			return []analyze.Evidence{
				{Entry: "casefile.json", Text: fmt.Sprintf("%s of %s: %s", g.Item, g.Target, g.Reason)},
			}
		}
	}
	return nil
}
