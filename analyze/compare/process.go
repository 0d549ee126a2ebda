package compare

import (
	"math"
	"net/netip"
	"time"

	"casefile/analyze/applog"
	"casefile/analyze/compare/stats"
	"casefile/analyze/gc"
	"casefile/analyze/jfr"
	"casefile/analyze/loss"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/series"
)

// processMeasures are of /proc and of the JVM's counters.
var processMeasures = []Measure{
	{Name: "cpu", Title: "CPU", Unit: CPUs, Best: Lower, Role: Cause, Source: "/proc/PID/stat", Sampled: "CPU time of windows of a second",
		Grows: true, Least: 0.02, Between: betweenMeans, weight: cpuWeight,
		read: func(s *subject) (stats.Sample, bool) { return perSecond(s.cpu()) }},
	{Name: "cpu_per_request", Title: "CPU of a request", Unit: SecondsPer, Best: Lower, Role: Cause, Source: "/proc/PID/stat and access log",
		Sampled: "CPU time by requests, in windows", PerWork: true, Least: 1e-5, Between: betweenMeans, weight: cpuWeight,
		read: func(s *subject) (stats.Sample, bool) { return per(s.cpu(), s.requests()) }},
	{Name: "cpu_per_mb", Title: "CPU by what is allocated", Unit: SecondsMB, Best: Lower, Role: Cause, Source: "/proc/PID/stat and GC log",
		Sampled: "CPU time by MB allocated, in windows", PerWork: true, Least: 1e-6, Between: betweenMeans, weight: cpuWeight,
		read: func(s *subject) (stats.Sample, bool) {
			if s.requests().known() {
				return stats.Sample{}, false // requests say it better
			}
			return per(s.cpu(), s.megabytes())
		}},
	{Name: "rss", Title: "resident memory", Unit: Bytes, Best: Lower, Role: Resource, Source: "/proc/PID/status", Sampled: "gauge, once a second",
		Least: 16 << 20, Between: betweenTails, read: gauge(entries.Resident)},
	{Name: "swap", Title: "memory in swap", Unit: Bytes, Best: Lower, Role: Resource, Source: "/proc/PID/status", Sampled: "gauge, once a second",
		Least: 16 << 20, Between: betweenTails, read: gauge(entries.SwappedOut)},
	{Name: "threads", Title: "threads", Unit: Count, Best: Neither, Role: Resource, Source: "/proc/PID/status", Sampled: "gauge, once a second",
		Least: 5, Between: betweenTails, read: gauge(entries.Threads)},
	{Name: "files", Title: "open files", Unit: Count, Best: Neither, Role: Resource, Source: "/proc/PID/fd", Sampled: "gauge, once a second",
		Least: 20, Between: betweenTails, read: gauge(entries.OpenFiles)},
	{Name: "classes", Title: "classes loaded", Unit: PerSecond, Best: Lower, Role: Resource, Source: "hsperfdata", Sampled: "counter, windows of a second",
		Least: 1, Between: 0.2, read: counter("java.cls.loadedClasses", false)},
	{Name: "compiling", Title: "compiler threads at work", Unit: CPUs, Best: Lower, Role: Resource, Source: "hsperfdata",
		Sampled: "counter, windows of a second", Least: 0.05, Between: 0.2, read: counter("java.ci.totalTime", true)},
	{Name: "code_cache", Title: "compiled code", Unit: Bytes, Best: Neither, Role: Resource, Source: "Compiler.codecache", Sampled: "once",
		Least: 8 << 20, Between: 0.1, read: (*subject).compiled},
}

// memo keeps what several measures need.
type memo struct {
	served     []applog.Served
	servedRead bool
	log        *gc.Log
	logRead    bool
	waits      *waits
	sampled    map[string]*flow // by wait, where it is counted at peers
	peers      map[netip.AddrPort]loss.Kind
	working    map[int64]bool // the threads that have work, as the dumps number them
}

// span is the time of the capture on the node's clock, in seconds; false: loose files, all of which count.
func (s *subject) span() (from, to float64, bounded bool) {
	c := s.run.Case
	if c.Started.IsZero() || !c.Ended.After(c.Started) {
		return 0, 0, false
	}
	return seconds(c.Started.Add(s.node.Clock.Offset)), seconds(c.Ended.Add(s.node.Clock.Offset)), true
}

// process is the series of /proc/PID.
func (s *subject) process() *series.Series {
	switch {
	case s.jvm != nil:
		return s.jvm.Process
	case s.service != nil:
		return s.service.Process
	}
	return nil
}

// cpu is the flow of CPU time: by /proc, else by recordings.
func (s *subject) cpu() *flow {
	if f := counterFlow(s.process(), 1, entries.CPUUser, entries.CPUSystem); f.known() {
		return f
	}
	if s.jvm == nil {
		return nil
	}
	for _, r := range s.jvm.Recordings {
		if f := recordedCPU(r); f.known() {
			return f
		}
	}
	return nil
}

// recordedCPU makes CPU time of the shares that a recording holds.
func recordedCPU(r *jfr.Recording) *flow {
	if r.System.HWThreads <= 0 {
		return nil
	}
	f := &flow{}
	var last time.Time
	for _, l := range r.Load.CPU {
		if last.IsZero() {
			f.add(seconds(l.Time), 0)
		} else {
			share := float64(l.User) + float64(l.System)
			f.add(seconds(l.Time), share*float64(r.System.HWThreads)*max(0, l.Time.Sub(last).Seconds()))
		}
		last = l.Time
	}
	return f
}

func gauge(name string) func(*subject) (stats.Sample, bool) {
	return func(s *subject) (stats.Sample, bool) { return level(s.process(), 1, name) }
}

// counter is a counter of hsperfdata by second; ticks are times.
func counter(name string, ticks bool) func(*subject) (stats.Sample, bool) {
	return func(s *subject) (stats.Sample, bool) { return perSecond(s.counter(name, ticks)) }
}

func (s *subject) counter(name string, ticks bool) *flow {
	if s.jvm == nil || s.jvm.Counters == nil {
		return nil
	}
	scale := 1.0
	if ticks {
		frequency, ok := s.jvm.Counters.Last("sun.os.hrt.frequency")
		if !ok || frequency <= 0 {
			return nil
		}
		scale = 1 / frequency
	}
	return counterFlow(s.jvm.Counters, scale, name)
}

func (s *subject) compiled() (stats.Sample, bool) {
	if s.jvm == nil || s.jvm.CodeCache == nil {
		return stats.Sample{}, false
	}
	used := int64(0)
	for _, h := range s.jvm.CodeCache.Heaps {
		used += h.Used
	}
	return stats.Sample{Given: &stats.Given{Value: float64(used), SE: 0.05, N: 1}}, used > 0
}

// cpuWeight is the part of a request's time that it has a CPU: by access logs and /proc, else by dumps, else all.
func cpuWeight(p *Pair) float64 {
	for _, s := range p.after {
		if f, requests := s.cpu(), s.requests(); f.known() && requests.known() {
			if latency, ok := s.meanLatency(); ok {
				return math.Min(1, f.total()/math.Max(requests.total(), 1)/latency.Value())
			}
		}
		if w := s.waitsOf(); w != nil {
			return w.share(onCPU)
		}
	}
	return 1
}
