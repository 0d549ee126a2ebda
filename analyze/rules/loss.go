package rules

import (
	"casefile/analyze"
)

// loss is what share of a process's time its threads spend in some state: of
// request-thread time where requests are among them, else of their own pool or family.
type loss struct {
	share    float64
	of       string // "request-thread time", "the time of the pool-6 threads"
	requests bool
}

// lossOf measures sightings against all sightings of the same kind of thread.
func (v *view) lossOf(list []sighting) loss {
	requests := 0
	for _, s := range list {
		if v.request(s.thread) {
			requests += times(s.thread)
		}
	}
	if requests > 0 {
		return loss{share: float64(requests) / float64(v.requests), of: "request-thread time", requests: true}
	}
	counts := map[string]int{}
	most := ""
	for _, s := range list {
		name := v.crew(s.thread)
		counts[name] += times(s.thread)
		if counts[name] > counts[most] || counts[name] == counts[most] && name < most {
			most = name
		}
	}
	if most == "" {
		return loss{}
	}
	return loss{share: float64(counts[most]) / float64(v.crewSize(most)), of: "the time of the " + most + " threads"}
}

// weight counts threads that serve no request for half: what they do is not known to keep a user waiting.
func (l loss) weight() float64 {
	if l.requests {
		return min(l.share, 1)
	}
	return min(l.share, 1) / 2
}

// severity is critical only where requests lose most of their time.
func (l loss) severity(critical float64) analyze.Severity {
	if l.requests && l.share >= critical {
		return analyze.Critical
	}
	return analyze.Warning
}

func (l loss) impact() string { return percent(l.share) + " of " + l.of }

func (v *view) crewSize(name string) int {
	n := 0
	for _, c := range v.crews[name] {
		n += c
	}
	return n
}

// crowd puts the threads of one dump in words: "38 of 48 http-nio-8090 threads and 2 others".
func (v *view) crowd(list []sighting) string {
	counts := map[string]int{}
	most, all := "", 0
	for _, s := range list {
		name := v.crew(s.thread)
		counts[name] += times(s.thread)
		all += times(s.thread)
		if counts[name] > counts[most] || counts[name] == counts[most] && name < most {
			most = name
		}
	}
	if all == 0 {
		return "no thread"
	}
	size := v.crews[most][list[0].dump]
	words := ""
	switch {
	case size == 1:
		words = quote(list[0].thread.Name)
	case counts[most] == size:
		words = "all " + count(size, most+" thread")
	default:
		words = countOf(counts[most], size, most+" thread")
	}
	switch others := all - counts[most]; {
	case others == 1:
		return words + " and another one"
	case others > 1:
		return words + " and " + count(others, "other")
	}
	return words
}
