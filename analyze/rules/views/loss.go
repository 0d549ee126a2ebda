package views

import (
	"casefile/analyze"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// Loss is what share of a process's time its threads spend in some state: of
// request-thread time where requests are among them, else of their own pool or family.
type Loss struct {
	Share    float64
	of       string // "request-thread time", "the time of the pool-6 threads"
	Requests bool
}

// LossOf measures sightings against all sightings of the same kind of thread.
func (v *Process) LossOf(list []Sighting) Loss {
	requests := 0
	for _, s := range list {
		if v.Request(s.Thread) {
			requests += Times(s.Thread)
		}
	}
	if requests > 0 {
		return Loss{Share: float64(requests) / float64(v.requests), of: "request-thread time", Requests: true}
	}
	counts := map[string]int{}
	most := ""
	for _, s := range list {
		name := v.Crew(s.Thread)
		counts[name] += Times(s.Thread)
		if counts[name] > counts[most] || counts[name] == counts[most] && name < most {
			most = name
		}
	}
	if most == "" {
		return Loss{}
	}
	return Loss{Share: float64(counts[most]) / float64(v.crewSize(most)), of: "the time of the " + most + " " + v.Noun() + "s"}
}

// Weight counts threads that serve no request for half: what they do is not known to keep a user waiting.
func (l Loss) Weight() float64 {
	if l.Requests {
		return min(l.Share, 1)
	}
	return min(l.Share, 1) / 2
}

// Severity is critical only where requests lose most of their time.
func (l Loss) Severity(critical float64) analyze.Severity {
	if l.Requests && l.Share >= critical {
		return analyze.Critical
	}
	return analyze.Warning
}

func (l Loss) Impact() string { return say.Percent(l.Share) + " of " + l.of }

func (v *Process) crewSize(name string) int {
	n := 0
	for _, c := range v.Crews[name] {
		n += c
	}
	return n
}

// Crowd puts the threads of one dump in words: "38 of 48 http-nio-8090 threads and 2 others".
func (v *Process) Crowd(list []Sighting) say.Phrase {
	counts := map[string]int{}
	most, all := "", 0
	for _, s := range list {
		name := v.Crew(s.Thread)
		counts[name] += Times(s.Thread)
		all += Times(s.Thread)
		if counts[name] > counts[most] || counts[name] == counts[most] && name < most {
			most = name
		}
	}
	if all == 0 {
		return say.Text("no thread")
	}
	size := v.Crews[most][list[0].Dump]
	var words say.Phrase
	switch {
	case size == 1:
		words = ThreadName(list[0].Thread)
	case counts[most] == size:
		words = say.Text("all %s", say.Counted("waiters", size, most+" "+v.Noun()))
	default:
		words = say.Text("%s of %s", say.Amount("waiters", counts[most], most+" "+v.Noun()+"s"),
			say.Counted("pool_size", size, most+" "+v.Noun()))
	}
	switch others := all - counts[most]; {
	case others == 1:
		return say.Text("%s and another one", words)
	case others > 1:
		return say.Text("%s and %s", words, say.Counted("other_waiters", others, "other"))
	}
	return words
}

// ThreadName is a thread by its name, which stands for its family.
func ThreadName(t *threads.Thread) say.Phrase { return NameOf(t.Name) }

// NameOf is the name of a thread, which stands for its family.
func NameOf(name string) say.Phrase { return say.As(say.Quote(name), threads.NormalizeName(name)) }
