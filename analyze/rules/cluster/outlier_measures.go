package cluster

import (
	"math"
	"slices"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/series"
)

// measure is something that nodes of one cluster should have in common.
type measure struct {
	name string
	// A difference below least, or of less than ratio to one, is none that anybody would act on.
	least, ratio float64
	print        func(name string, v float64) say.Figure
	// One of the two: of the machine, or of a JVM that runs on all nodes.
	machine func(*gauge, *analyze.Node) (float64, analyze.Evidence, bool)
	jvm     func(*gauge, *analyze.JVM) (float64, analyze.Evidence, bool)
	because []string // rules whose finding on the node explains that it has more of it
}

var measures = []measure{
	{name: "CPU busy", least: 25, ratio: 1.5, print: inPercent, machine: busyCPU},
	{name: "load average per CPU", least: 1, ratio: 2, print: amount("tasks"), machine: loadPerCPU},
	{
		name:    "fastest median round trip to another node",
		least:   2,
		ratio:   2,
		print:   measured("ms"),
		machine: nearestPeer,
	},
	{name: "CPUs used by the JVM", least: 0.5, ratio: 2, print: amount("CPUs"), jvm: processCPU},
	{name: "time in collections", least: 5, ratio: 2, print: inPercent, jvm: gcShare},
	{name: "live set of the maximum heap", least: 25, ratio: 1.5, print: inPercent, jvm: liveShare},
	{name: "threads", least: 100, ratio: 1.5, print: amount("threads"), jvm: threadCount, because: waits},
	{name: "busy request threads", least: 10, ratio: 2, print: amount("threads"), jvm: busyRequests, because: waits},
	{name: "open files and sockets", least: 500, ratio: 2, print: amount("files"), jvm: openFiles},
}

// waits are findings that keep request threads busy: while one holds on a node, the node has more of them than its peers.
var waits = []string{
	ids.Deadlock, ids.LockContention, ids.DBPoolExhausted, ids.SlowDownstream, ids.DBLockWait, ids.SlowStatement,
	ids.ClassLoadingLock, ids.LoggingLock, ids.UnexplainedWait,
}

func inPercent(name string, v float64) say.Figure { return say.Share(name, v/100) }

func amount(unit string) func(string, float64) say.Figure {
	return func(name string, v float64) say.Figure { return say.Amount(name, v, unit) }
}

func measured(unit string) func(string, float64) say.Figure {
	return func(name string, v float64) say.Figure { return say.Measured(name, v, unit) }
}

// gauge reads measures of a case.
type gauge struct {
	*cluster
	gc    map[*analyze.JVM]*views.Collections
	dumps map[*analyze.JVM]*member
}

// About names nothing: each finding names its node.
func (g *gauge) About() analyze.Subject { return analyze.Subject{} }

// gauges is the gauge of a cluster that is large enough.
func gauges(p *analyze.Pass) []*gauge {
	if len(p.Nodes) < outlierNodes.Value {
		return nil
	}
	g := &gauge{cluster: whole.Of(p), gc: map[*analyze.JVM]*views.Collections{}, dumps: map[*analyze.JVM]*member{}}
	for _, v := range views.Logs.Of(p) {
		if g.gc[v.JVM] == nil {
			g.gc[v.JVM] = v
		}
	}
	for _, v := range members.Of(p) {
		if v.JVM != nil {
			g.dumps[v.JVM] = v
		}
	}
	return []*gauge{g}
}

// read gives groups of readings that can be compared: of all machines, or of one application on each node.
func (g *gauge) read(m measure) (groups [][]reading) {
	if m.machine != nil {
		var all []reading
		for _, n := range g.Nodes {
			if v, at, ok := m.machine(g, n); ok && !math.IsNaN(v) {
				all = append(all, reading{node: n, value: v, at: at})
			}
		}
		return [][]reading{all}
	}
	for _, same := range twins(g.Case) {
		var all []reading
		for _, j := range same {
			if v, at, ok := m.jvm(g, j); ok && !math.IsNaN(v) {
				all = append(all, reading{node: j.Node, subject: j.Subject(), value: v, at: at})
			}
		}
		groups = append(groups, all)
	}
	return groups
}

// twins are the JVMs of one application on several nodes. Where a node runs it twice, nobody knows which is whose twin.
func twins(c *analyze.Case) (groups [][]*analyze.JVM) {
	var apps []string
	for _, j := range c.JVMs() {
		if j.App != "" && !slices.Contains(apps, j.App) {
			apps = append(apps, j.App)
		}
	}
	for _, app := range apps {
		var group []*analyze.JVM
		for _, n := range c.Nodes {
			var here []*analyze.JVM
			for _, j := range n.JVMs {
				if j.App == app {
					here = append(here, j)
				}
			}
			if len(here) == 1 {
				group = append(group, here[0])
			}
		}
		if len(group) > 1 {
			groups = append(groups, group)
		}
	}
	return groups
}

func busyCPU(g *gauge, n *analyze.Node) (float64, analyze.Evidence, bool) {
	if n.Host == nil || !n.Host.CPU.Busy.Known() || n.Host.Span < views.SpanLeast.Value {
		return 0, analyze.Evidence{}, false
	}
	return n.Host.CPU.Busy.Mean, cite.Ref(n.Host.CPU.Busy.Ref, ""), true
}

func loadPerCPU(_ *gauge, n *analyze.Node) (float64, analyze.Evidence, bool) {
	if n.Host == nil || !n.Host.CPU.Load1.Known() || n.Host.CPU.Count.Value <= 0 {
		return 0, analyze.Evidence{}, false
	}
	return n.Host.CPU.Load1.Value / n.Host.CPU.Count.Value, cite.Ref(n.Host.CPU.Load1.Ref, ""), true
}

// nearestPeer takes the best of a node's links: one slow link is of two nodes, and only one of them has no other.
func nearestPeer(g *gauge, n *analyze.Node) (float64, analyze.Evidence, bool) {
	least := math.NaN()
	for _, x := range g.pairs() {
		if x.a != n.Name && x.b != n.Name {
			continue
		}
		if m := x.roundTrip(); m != nil && !(least <= m.RTT.P50) {
			least = m.RTT.P50
		}
	}
	return least, timed(""), true
}

// perSecond is how fast columns grow together.
func perSecond(s *series.Series, columns ...string) (float64, bool) {
	sum := 0.0
	for _, c := range columns {
		grown, over, ok := s.Delta(c)
		if !ok || over < views.SpanLeast.Value {
			return 0, false
		}
		sum += grown / over.Seconds()
	}
	return sum, true
}

func processCPU(g *gauge, j *analyze.JVM) (float64, analyze.Evidence, bool) {
	if j.Process == nil {
		return 0, analyze.Evidence{}, false
	}
	v, ok := perSecond(j.Process, entries.CPUUser, entries.CPUSystem)
	return v, analyze.Evidence{Entry: j.ProcessSource}, ok
}

func gcShare(g *gauge, j *analyze.JVM) (float64, analyze.Evidence, bool) {
	v := g.gc[j]
	if v == nil || v.Span() < views.SpanLeast.Value || v.StartUp {
		return 0, analyze.Evidence{}, false
	}
	return 100 * v.Share(), analyze.Evidence{Entry: v.Log.Source}, true
}

// liveShare leaves out what is only known after young collections: that holds garbage too.
func liveShare(g *gauge, j *analyze.JVM) (float64, analyze.Evidence, bool) {
	v := g.gc[j]
	if v == nil {
		return 0, analyze.Evidence{}, false
	}
	live, at, ok := v.Live()
	heap, _, _ := v.MaxHeap()
	if !ok || heap <= 0 || at.Source == gc.LiveLow {
		return 0, analyze.Evidence{}, false
	}
	return 100 * float64(live) / float64(heap), v.CiteLive(at), true
}

func threadCount(g *gauge, j *analyze.JVM) (float64, analyze.Evidence, bool) {
	if j.Process != nil {
		if n, ok := j.Process.Last(entries.Threads); ok {
			return n, analyze.Evidence{Entry: j.ProcessSource}, true
		}
	}
	if v := g.dumps[j]; v != nil {
		last := v.Series.Dumps[v.Dumps()-1]
		return float64(len(last.Threads)), analyze.Evidence{Entry: last.Source}, true
	}
	return 0, analyze.Evidence{}, false
}

// busyRequests is a mean over the dumps: one dump may catch anything.
func busyRequests(g *gauge, j *analyze.JVM) (float64, analyze.Evidence, bool) {
	v := g.dumps[j]
	if v == nil || v.Dumps() < 3 {
		return 0, analyze.Evidence{}, false
	}
	busy, seen := 0, false
	for _, pool := range v.Pools {
		if !pool.Requests {
			continue
		}
		seen = true
		for _, c := range pool.Counts {
			busy += c.Busy
		}
	}
	return float64(busy) / float64(v.Dumps()), analyze.Evidence{Entry: v.Series.Dumps[0].Source}, seen
}

func openFiles(_ *gauge, j *analyze.JVM) (float64, analyze.Evidence, bool) {
	if j.Process == nil {
		return 0, analyze.Evidence{}, false
	}
	n, ok := j.Process.Last(entries.OpenFiles)
	return n, analyze.Evidence{Entry: j.ProcessSource}, ok
}
