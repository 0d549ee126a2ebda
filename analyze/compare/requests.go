package compare

import (
	"cmp"
	"maps"
	"slices"

	"casefile/analyze/applog"
	"casefile/analyze/compare/stats"
)

// requestMeasures are of access logs.
var requestMeasures = []Measure{
	{Name: "requests", Title: "requests", Unit: PerSecond, Best: Neither, Role: LoadRole, Source: "access log",
		Sampled: "requests in windows of a second", Least: 0.1, Between: betweenMeans,
		read: func(s *subject) (stats.Sample, bool) { return perSecond(s.requests()) }},
	latency("latency_p50", "median request time", 0.5, betweenMeans),
	latency("latency_p90", "90th percentile of request times", 0.9, betweenTails),
	latency("latency_p99", "99th percentile of request times", 0.99, betweenTails),
	{Name: "errors", Title: "requests with status 500 and above", Unit: Share, Best: Lower, Role: Outcome,
		Source: "access log", Sampled: "of the requests of windows of a second", Grows: true, Least: 0.002, Between: betweenTails,
		read: func(s *subject) (stats.Sample, bool) { return per(s.failures(), s.requests()) }},
}

func latency(name, title string, q, between float64) Measure {
	return Measure{Name: name, Title: title, Unit: Seconds, Best: Lower, Role: Outcome, Source: "access log",
		Sampled: "each request, in the order of their ends", Grows: true, Least: 0.001, Between: between,
		read: func(s *subject) (stats.Sample, bool) { return s.latencies(q, "") }}
}

// parts are measures of the things that a subject has several of.
var parts = []partMeasure{
	{Measure{Name: "latency_of_class", Title: "median request time", Unit: Seconds, Best: Lower, Role: Outcome,
		Source: "access log", Sampled: "each request of a class of URLs", Grows: true, Least: 0.001, Between: betweenTails},
		(*subject).urlClasses, func(s *subject, class string) (stats.Sample, bool) { return s.latencies(0.5, class) }},
	{Measure{Name: "pause_of_kind", Title: "median pause", Unit: Seconds, Best: Lower, Role: Cause, Source: "GC log",
		Sampled: "each pause of a kind", Grows: true, Least: 0.0005, Between: betweenTails, weight: partly, ofPauses: true},
		(*subject).pauseKinds, (*subject).pausesOfKind},
	{Measure{Name: "disk_write_time", Title: "time of a write", Unit: Seconds, Best: Lower, Role: Machine, Source: "/proc/diskstats",
		Sampled: "over the writes of windows", Least: 0.001, Between: betweenTails}, (*subject).disks, (*subject).writeTime},
	{Measure{Name: "disk_read_time", Title: "time of a read", Unit: Seconds, Best: Lower, Role: Machine, Source: "/proc/diskstats",
		Sampled: "over the reads of windows", Least: 0.001, Between: betweenTails}, (*subject).disks, (*subject).readTime},
	{Measure{Name: "probe", Title: "answer of", Unit: Seconds, Best: Lower, Role: Machine, Source: "cluster timing",
		Sampled: "median and 90th percentile of the rounds", Least: 0.0005, Between: betweenTails}, (*subject).probes, (*subject).probe},
	{Measure{Name: "round_trip", Title: "round trip to", Unit: Seconds, Best: Lower, Role: Machine, Source: "cluster timing",
		Sampled: "median and 90th percentile of the exchanges", Least: 0.0002, Between: betweenTails}, (*subject).links, (*subject).roundTrip},
}

// served are the requests of the access logs in the time of the capture, in the order of their ends.
func (s *subject) served() []applog.Served {
	if s.memo.servedRead {
		return s.memo.served
	}
	s.memo.servedRead = true
	from, to, bounded := s.span()
	for _, a := range s.access {
		for _, r := range a.Newest() {
			if at := seconds(r.Ended); !bounded || at >= from && at <= to {
				s.memo.served = append(s.memo.served, r)
			}
		}
	}
	slices.SortStableFunc(s.memo.served, func(a, b applog.Served) int { return a.Ended.Compare(b.Ended) })
	return s.memo.served
}

// requests is the flow of requests. Logs stamp whole seconds: those of one second came over it.
func (s *subject) requests() *flow {
	return s.flowOf(func(applog.Served) bool { return true })
}

func (s *subject) failures() *flow {
	return s.flowOf(func(r applog.Served) bool { return r.Failed })
}

func (s *subject) flowOf(keep func(applog.Served) bool) *flow {
	list := s.served()
	if len(list) < leastRequests {
		return nil
	}
	first, last := whole(list[0]), whole(list[len(list)-1])
	f := &flow{}
	f.add(first, 0)
	at, n := first, 0.0
	for _, r := range list {
		for whole(r) > at {
			at++
			f.add(at, n)
			n = 0
			if gap := whole(r) - at; gap > 1 && len(f.at) > maxMoments {
				at = whole(r) - 1
			}
		}
		if keep(r) {
			n++
		}
	}
	f.add(last+1, n)
	return f
}

const (
	leastRequests = 30
	maxMoments    = 1 << 17 // of a flow, beyond which hours without requests are one step
)

func whole(r applog.Served) float64 { return float64(r.Ended.Unix()) }

func (s *subject) latencies(q float64, class string) (stats.Sample, bool) {
	list := s.served()
	out := stats.Sample{Quantile: q, Resolution: s.resolution()}
	for _, r := range list {
		if class == "" || r.Class == class {
			out.Num = append(out.Num, r.Took.Seconds())
		}
	}
	if len(out.Num) < leastRequests || slices.Max(out.Num) == 0 {
		return out, false
	}
	out.Seconds = list[len(list)-1].Ended.Sub(list[0].Ended).Seconds()
	return out, true
}

// resolution is the unit that the access log counts in, seconds.
func (s *subject) resolution() float64 {
	for _, a := range s.access {
		return a.TookUnit.Seconds()
	}
	return 0
}

// meanLatency is the mean time of a request.
func (s *subject) meanLatency() (stats.Sample, bool) {
	list := s.served()
	out := stats.Sample{}
	for chunk := range slices.Chunk(list, max(1, len(list)/maxChunks)) {
		sum := 0.0
		for _, r := range chunk {
			sum += r.Took.Seconds()
		}
		out.Num, out.Den = append(out.Num, sum), append(out.Den, float64(len(chunk)))
	}
	return out, len(list) >= leastRequests && out.Value() > 0
}

const maxChunks = 1000

// urlClasses are those on which most time was spent.
func (s *subject) urlClasses() []string {
	spent := map[string]float64{}
	for _, r := range s.served() {
		spent[r.Class] += r.Took.Seconds()
	}
	if len(spent) < 2 {
		return nil // the class is all there is
	}
	return slices.SortedFunc(maps.Keys(spent), func(a, b string) int {
		return cmp.Or(cmp.Compare(spent[b], spent[a]), cmp.Compare(a, b))
	})
}
