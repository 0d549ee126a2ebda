package capacity

import (
	"fmt"
	"math"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/host"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/series"
)

// measured is what the resources of a case are read from.
type measured struct {
	c       *analyze.Case
	r       *analyze.Result
	traffic map[*analyze.JVM]traffic
	total   traffic
	servers []server // of databases
	silent  []string // nodes that serve requests, and whose access log is not there
	looks   int      // dumps of the process with the most
	unseen  float64  // of the time a lock may be held that no dump shows
	hidden  float64  // the same of one that shows only while something waits for it
}

func measure(c *analyze.Case, r *analyze.Result) *measured {
	m := &measured{c: c, r: r, traffic: map[*analyze.JVM]traffic{}, servers: serversOf(c)}
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			t := trafficOf(c, n, j)
			m.traffic[j] = t
			m.total.add(t)
		}
	}
	for _, s := range r.Loss {
		if s.RequestThreadSeconds <= 0 {
			continue
		}
		m.looks = max(m.looks, s.Dumps)
		if m.traffic[m.find(s)].requests == 0 && !slices.Contains(m.silent, s.Node) {
			m.silent = append(m.silent, s.Node)
		}
	}
	for _, s := range r.Loss {
		if s.Dumps == m.looks && m.looks > 0 && s.RequestThreadSeconds > 0 {
			held := m.busy(s).High // by a thread at work
			m.unseen, m.hidden = max(m.unseen, min(unseen(m.looks), held)), max(m.hidden, min(unqueued(1, m.looks), held))
		}
	}
	return m
}

func (m *measured) resources() (out []Resource) {
	for _, n := range m.c.Nodes {
		out = append(out, m.ofMachine(n)...)
	}
	for _, s := range m.r.Loss {
		out = append(out, m.ofProcess(s)...)
	}
	for _, n := range m.c.Nodes {
		for _, j := range n.JVMs {
			out = append(out, ofLocks(j)...)
			out = append(out, ofHeap(j)...)
		}
	}
	return append(out, ofServers(m.servers)...)
}

// spins is what the kernel says of a disk with one arm.
const spins = "1"

// ofMachine is the CPUs, what a container may use of them, and the disks of a node.
func (m *measured) ofMachine(n *analyze.Node) (out []Resource) {
	if n.Host == nil {
		return nil
	}
	if cpu, ok := m.cpu(n); ok {
		out = append(out, cpu)
	}
	for i := range n.Host.Cgroups {
		if x, ok := m.cpuLimit(n, &n.Host.Cgroups[i]); ok {
			out = append(out, x)
		}
	}
	for _, d := range n.Host.Disks {
		if b := d.BusyPercent; b.Known() && b.Mean >= 100*Told.Value {
			x := Resource{Name: "disk " + d.Name, Node: n.Name, Used: m.windows(b, 100), Each: true,
				Text: fmt.Sprintf("%s of the time with a request in flight", say.Percent(b.Mean/100)), At: cite.Known(cite.Ref(b.Ref, "busy"))}
			if d.Rotational.Value != spins {
				x.Used.Low /= AtOnce.Value
				x.Text += "; one that serves several at once may have room"
			}
			out = append(out, x)
		}
	}
	return out
}

// windows is a figure between its mean, as sure as the number of requests makes it, and its busiest window.
func (m *measured) windows(s host.Spread, whole float64) Range {
	return Range{s.Mean / whole * (1 - m.total.doubt()), max(s.Mean*(1+m.total.doubt()), s.P95) / whole}
}

// cpu leaves out what ran at lowered priority: it gives way. What the captured processes do not use may not grow with the requests.
func (m *measured) cpu(n *analyze.Node) (Resource, bool) {
	b := n.Host.CPU.Ordinary
	if !b.Known() {
		b = n.Host.CPU.Busy
	}
	if !b.Known() {
		return Resource{}, false
	}
	x := Resource{Name: "CPU", Node: n.Name, Used: m.windows(b, 100), Each: true, Text: say.Percent(b.Mean/100) + " busy on average",
		At: cite.Known(cite.Ref(b.Ref, "busy"))}
	own := 0.0
	for _, j := range n.JVMs {
		own += cores(j.Process)
	}
	for _, s := range n.Services {
		own += cores(s.Process)
	}
	if low := n.Host.CPU.Busy.Mean - b.Mean; low >= 100*Grows.Value {
		x.Text += fmt.Sprintf("; %s more at lowered priority, which is taken to give way: within one control group it does", say.Percent(low/100))
	}
	if count := n.Host.CPU.Count.Value; count > 0 && own > 0 {
		own /= count
		x.Used = Range{max(x.Used.Low, own*(1-m.total.doubt())), max(x.Used.High, own)}
		x.Fixed = max(0, x.Used.Low-own)
		x.Text = fmt.Sprintf("%s by the captured processes, ", say.Percent(own)) + x.Text
	}
	return x, true
}

// cpuLimit is what a container or service may use of the CPUs. A group that used more than it may is limited in another one than it is counted in; then
// what the captured processes used is counted.
func (m *measured) cpuLimit(n *analyze.Node, g *host.Cgroup) (Resource, bool) {
	const more = 1.1 // times the limit, which bursts take
	captured, own := false, 0.0
	for _, j := range n.JVMs {
		if n.Host.CgroupOf(j.PID) == g {
			captured, own = true, own+cores(j.Process)
		}
	}
	for _, s := range n.Services {
		if n.Host.CgroupOf(s.PID) == g {
			captured, own = true, own+cores(s.Process)
		}
	}
	limit, used := g.CPULimit.Value, g.CPUUsed
	if !used.Known() || used.Mean > more*limit {
		used.Mean, used.P95 = own, own
	}
	if !captured || limit <= 0 || used.Mean <= 0 {
		return Resource{}, false
	}
	return Resource{Name: "CPU limit", Node: n.Name, Used: m.windows(used, limit), Each: true,
		Text: fmt.Sprintf("%s of %s CPUs used on average by %s", say.Number(used.Mean), say.Number(limit), g.Name),
		At:   cite.Known(cite.Ref(g.CPULimit.Ref, "CPU limit"))}, true
}

// cores is how many CPUs a process used on average.
func cores(s *series.Series) float64 {
	if s == nil || len(s.Times) < 2 {
		return 0
	}
	last := len(s.Times) - 1
	span := s.Times[last].Sub(s.Times[0]).Seconds()
	user, system := s.Values(entries.CPUUser), s.Values(entries.CPUSystem)
	if span <= 0 || user == nil || system == nil {
		return 0
	}
	used := user[last] - user[0] + system[last] - system[0]
	if math.IsNaN(used) {
		return 0
	}
	return max(0, used/span)
}

// ofHeap goes by the share of time in collections, which grows with the load. It has its end where they take all of the time at the latest, which the whole
// log tells, and at GCShare at the earliest, which its worst minute does.
func ofHeap(j *analyze.JVM) (out []Resource) {
	for _, l := range j.GC {
		percent, ok := l.Throughput()
		if !ok || l.Collector == gc.Go {
			continue
		}
		taken := 1 - percent/100
		worst := taken
		if w, ok := l.WorstWindow(time.Minute, 0, l.Span); ok {
			worst = max(taken, w.Share())
		}
		out = append(out, Resource{Name: "heap and collections", Node: j.Node.Name, Used: Range{taken, worst / GCShare.Value}, Each: true,
			Text: fmt.Sprintf("collections take %s of the time; it is short from %s on, and at 100 %% nothing else runs", say.Percent(taken), say.Percent(GCShare.Value)),
			At:   []analyze.Evidence{{Entry: l.Source}}})
	}
	return out
}

func (m *measured) find(s *loss.Statement) *analyze.JVM {
	for _, n := range m.c.Nodes {
		for _, j := range n.JVMs {
			if n.Name == s.Node && j.Subject() == s.Subject {
				return j
			}
		}
	}
	return nil
}
