package compare

import (
	"math"

	"casefile/analyze/compare/stats"
	"casefile/bundle/format/hostseries"
	"casefile/bundle/format/series"
	"casefile/bundle/format/timing"
)

func sqrt(v float64) float64 { return math.Sqrt(v) }

var cpuModes = []string{hostseries.CPUUser, hostseries.CPUNice, hostseries.CPUSystem, hostseries.CPUIdle, hostseries.CPUIOWait,
	hostseries.CPUIRQ, hostseries.CPUSoftIRQ, hostseries.CPUSteal}

var busyModes = []string{hostseries.CPUUser, hostseries.CPUNice, hostseries.CPUSystem, hostseries.CPUIRQ, hostseries.CPUSoftIRQ, hostseries.CPUSteal}

// machineMeasures are of the host. They explain; whether a change helped, they do not say.
var machineMeasures = []Measure{
	ofCPU("host_cpu", "CPU of the machine", 0.03, busyModes...),
	ofCPU("host_steal", "CPU stolen by the hypervisor", 0.01, hostseries.CPUSteal),
	ofCPU("host_iowait", "CPU idle for disks", 0.02, hostseries.CPUIOWait),
	pressure("cpu"), pressure("memory"), pressure("io"),
	{Name: "swap_in", Title: "pages read from swap", Unit: PerSecond, Best: Lower, Role: Machine, Source: "/proc/vmstat", Sampled: "counter, windows of a second",
		Least: 10, Between: betweenTails, read: func(s *subject) (stats.Sample, bool) { return perSecond(counterFlow(s.host(), 1, hostseries.SwapIn)) }},
	{Name: "retransmits", Title: "TCP segments sent again", Unit: Share, Best: Lower, Role: Machine, Source: "/proc/net/snmp", Sampled: "of the segments of windows",
		Least: 0.002, Between: 0.2, read: func(s *subject) (stats.Sample, bool) {
			return per(counterFlow(s.host(), 1, hostseries.TCPRetransmits), counterFlow(s.host(), 1, hostseries.TCPOutSegments))
		}},
	{Name: "hiccups", Title: "longest stall of a second", Unit: Seconds, Best: Lower, Role: Machine, Source: "a thread that sleeps", Sampled: "the longest of each second",
		Least: 0.005, Between: 0.2, read: func(s *subject) (stats.Sample, bool) { return level(s.node.Hiccups, 0.001, timing.HiccupMax) }},
}

func ofCPU(name, title string, least float64, modes ...string) Measure {
	return Measure{Name: name, Title: title, Unit: Share, Best: Lower, Role: Machine, Source: "/proc/stat", Sampled: "of all CPU time, windows of a second",
		Least: least, Between: betweenTails, read: func(s *subject) (stats.Sample, bool) {
			return per(counterFlow(s.host(), 1, modes...), counterFlow(s.host(), 1, cpuModes...))
		}}
}

func pressure(resource string) Measure {
	return Measure{Name: "pressure_" + resource, Title: "time in which tasks waited for " + resource, Unit: Share, Best: Lower, Role: Machine,
		Source: "/proc/pressure/" + resource, Sampled: "counter, windows of a second", Least: 0.02, Between: betweenTails,
		read: func(s *subject) (stats.Sample, bool) {
			return perSecond(counterFlow(s.host(), 1, hostseries.Of(hostseries.PSISomeTotal, resource)))
		}}
}

func (s *subject) host() *series.Series {
	if s.node.Host == nil {
		return nil
	}
	return s.node.Host.Series
}

func (s *subject) disks() (names []string) {
	if s.node.Host == nil {
		return nil
	}
	for _, d := range s.node.Host.Disks {
		names = append(names, d.Name)
	}
	return names
}

func (s *subject) writeTime(disk string) (stats.Sample, bool) {
	return s.diskTime(disk, hostseries.DiskWriteTime, hostseries.DiskWrites)
}

func (s *subject) readTime(disk string) (stats.Sample, bool) {
	return s.diskTime(disk, hostseries.DiskReadTime, hostseries.DiskReads)
}

// leastIO is how many requests of a disk say how long one takes.
const leastIO = 50

func (s *subject) diskTime(disk, spent, requests string) (stats.Sample, bool) {
	n := counterFlow(s.host(), 1, hostseries.Of(requests, disk))
	if !n.known() || n.total() < leastIO {
		return stats.Sample{}, false
	}
	return per(counterFlow(s.host(), 1, hostseries.Of(spent, disk)), n)
}

// probeParts are what is probed, with the step that says most.
var probeParts = []struct {
	what  string
	list  func(*timing.Node) []timing.Probe
	steps []string
}{
	{"database", func(n *timing.Node) []timing.Probe { return n.Databases }, []string{timing.StepQuery, timing.StepPing, timing.StepConnect}},
	{"storage", func(n *timing.Node) []timing.Probe { return n.Storage }, []string{timing.StepDurable}},
	{"name", func(n *timing.Node) []timing.Probe { return n.Names }, []string{timing.StepLookup}},
	{"user directory", func(n *timing.Node) []timing.Probe { return n.Directories }, []string{timing.StepSearch}},
}

func (s *subject) probes() (names []string) {
	if s.node.Timing == nil {
		return nil
	}
	for _, part := range probeParts {
		for _, p := range part.list(s.node.Timing) {
			names = append(names, part.what+" "+p.Target)
		}
	}
	return names
}

func (s *subject) probe(name string) (stats.Sample, bool) {
	if s.node.Timing == nil {
		return stats.Sample{}, false
	}
	for _, part := range probeParts {
		for _, p := range part.list(s.node.Timing) {
			if part.what+" "+p.Target != name {
				continue
			}
			for _, step := range part.steps {
				if t := p.Step(step); t != nil && t.Count > 0 {
					return summedUp(t.Spread)
				}
			}
		}
	}
	return stats.Sample{}, false
}

// summedUp takes the median of what was summed up, with an error by its 90th percentile: as of a log-normal
// distribution, and of a quarter as many independent values, for one answer is like the one before.
func summedUp(t timing.Spread) (stats.Sample, bool) {
	const z90, ofMedian, independent = 1.2816, 1.2533, 4
	if t.Count < 1 || t.P50 <= 0 {
		return stats.Sample{}, false
	}
	sd := max(math.Log(t.P90/t.P50)/z90, 0.02)
	return stats.Sample{Given: &stats.Given{Value: t.P50 / 1000, SE: ofMedian * sd / sqrt(max(float64(t.Count)/independent, 1)), N: int(t.Count)}}, true
}

func (s *subject) links() (names []string) {
	if s.run.Case.Timing == nil {
		return nil
	}
	for _, l := range s.run.Case.Timing.Links {
		if l.From == s.node.Name {
			names = append(names, l.To)
		}
	}
	return names
}

func (s *subject) roundTrip(to string) (stats.Sample, bool) {
	if s.run.Case.Timing == nil {
		return stats.Sample{}, false
	}
	for _, l := range s.run.Case.Timing.Links {
		if l.From != s.node.Name || l.To != to {
			continue
		}
		for _, p := range l.Phases {
			if p.When == timing.During {
				return summedUp(p.RTT)
			}
		}
	}
	return stats.Sample{}, false
}
