package dumps

import (
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	unservedLeast = analyze.NewLimit(3, "connections", "that wait at the process's own ports, in the dump with the fewest but one",
		"own judgement: one or two may have come this moment")
	soleThread = analyze.NewLimit(2, "threads", "that serve all connections, at most", "as many as an acceptor and its poller")
	soleBusy   = analyze.NewLimit(0.8, "1", "dumps that find the thread at work", "utilisation above which a line of one server grows fast (M/M/1)")
)

// soleServer is a thread, or the event loops, that serve all connections and are never free, while connections wait at the process's ports.
type soleServer struct {
	crew      *threads.Crew
	sightings []views.Sighting
	waiting   []int // connections by dump
	worst     int   // dump with most of them
	port      uint16
	line      int
	source    string
}

// unserved looks at the process's own ports in each dump; nil: nobody looked each time, or too few wait.
func (v *view) unserved() *soleServer {
	s := &soleServer{}
	free := 0
	for i := range v.Series.Dumps {
		look, ok := v.socketsAt(i)
		if !ok {
			return nil
		}
		n, port, line := look.Unserved()
		if s.waiting = append(s.waiting, n); n < unservedLeast.Value {
			free++
		}
		if n > s.waiting[s.worst] || s.source == "" {
			s.worst, s.port, s.line, s.source = i, port, line, look.Source
		}
	}
	if free > 1 {
		return nil
	}
	return s
}

// judgeSoleServer looks for a thread that serves all, where connections wait and no pool is full.
func (v *view) judgeSoleServer(known map[*threads.Thread]bool) *soleServer {
	const enough = 3
	if v.JVM == nil || v.Dumps() < enough {
		return nil
	}
	s := v.unserved()
	if s == nil {
		return nil
	}
	for _, crew := range v.Series.Crews() {
		list, always := v.atWork(crew, nil)
		if always && crew.MaxSize() <= soleThread.Value { // of a pool that is full it does not matter why
			list, always = v.atWork(crew, known)
		}
		loops := always && !slices.ContainsFunc(list, func(s views.Sighting) bool { return threads.Loop(s.Thread.Stack.Frames) != "event loop" })
		switch {
		case crew.Runtime || !always || crew.Virtual:
		case crew.MaxSize() > soleThread.Value && !loops: // a pool that is full
			return nil
		case s.crew != nil: // which of them is it
			return nil
		default:
			s.crew, s.sightings = crew, list
		}
	}
	if s.crew == nil {
		return nil
	}
	return s
}

// atWork are the dumps in which the crew's threads have work of the program; always says that these are nearly all, of each of them.
func (v *view) atWork(crew *threads.Crew, known map[*threads.Thread]bool) (list []views.Sighting, always bool) {
	for _, tr := range crew.Threads {
		n := 0
		if v.standsAside(tr) {
			return nil, false
		}
		for i, t := range tr.Obs {
			if t == nil || known[t] || !v.Series.Wait(t).Busy() || len(threads.Calls(t.Stack.Frames)) == 0 {
				continue
			}
			n++
			list = append(list, views.Sighting{Dump: i, Thread: t})
		}
		if float64(n) < soleBusy.Value*float64(v.Dumps()) {
			return nil, false
		}
	}
	return list, len(list) > 0
}

// standsAside reports whether a thread did nothing in all the time but stand in a wait that is no call made for a request: for input, an end,
// a signal.
func (v *view) standsAside(tr *threads.Track) bool {
	if !v.stoodAll(tr) {
		return false
	}
	switch v.Series.Wait(tr.Obs[0]).Kind {
	case threads.WaitDisk, threads.WaitProcess, threads.WaitSleep, threads.WaitQueue, threads.WaitCondition, threads.WaitResult, threads.WaitOthers:
		return true
	}
	return false
}

func (v *view) soleProblem(s *soleServer) *problem {
	p := &problem{account: account{sightings: s.sightings}}
	p.Severity, p.Confidence, p.Weight = analyze.Critical, analyze.Medium, 0.9
	if v.lacksCPU() { // it may be just that
		p.Severity, p.Confidence, p.Weight = analyze.Info, analyze.Low, 0.2
	}
	name, n := views.NameOf(s.crew.Threads[0].Name), len(s.crew.Threads)
	who := say.Text("%s alone serves all connections, and is", name)
	if n > 1 {
		who = say.Text("%s threads like %s serve all connections, and are", say.Amount("threads", n, "threads"), name)
	}
	does, at := v.mostly(s.sightings)
	seen := len(v.seenDumps(s.sightings))
	p.Say("%s found at work in %s of %s dumps, while up to %s: it %s", who, say.Amount("busy_dumps", seen, "dumps"), say.Amount("dumps", v.Dumps(), "dumps"),
		say.As(fmt.Sprintf("%d connections wait at port %d", s.waiting[s.worst], s.port), "connections wait"), does)
	p.About = []string{at}
	if own := threads.Calls(s.sightings[0].Thread.Stack.Frames); len(own) > 0 {
		p.About = []string{say.Short(own[0].Func)}
	}
	idle := v.idleCrew(s.crew)
	p.Impact = "all requests stand in one line, however many threads and CPUs are free"
	p.Explanation = fmt.Sprintf("Connections that nobody has accepted, or of which nobody has read what came, lay at the process's own ports: %s. Only this is at "+
		"work on them, one after the other; no thread shows those that wait.", counts(s.waiting))
	if idle != nil {
		p.Explanation += fmt.Sprintf(" The %s meanwhile have nothing to do.", say.Count(idle.MaxSize(), idle.Name+" thread"))
	}
	p.Evidence = v.CiteAll(s.sightings, cite.Most-1)
	if s.line > 0 {
		p.Evidence = append(p.Evidence, analyze.Evidence{Entry: s.source, Lines: analyze.Lines(s.line, s.line),
			Text: fmt.Sprintf("%d connections wait at port %d", s.waiting[s.worst], s.port)})
	}
	p.Advice = []analyze.Advice{{
		Action: fmt.Sprintf("Have %s only accept and select, and give each request to a pool of workers: what keeps it now is %s. As many workers as CPUs where the work "+
			"computes, more where it waits.", name, at),
		Effect: "As many requests at once as there are workers.", Risk: codeChange + " What was in turn runs at once then: look at what it shares.",
		Verify: "A new collect at the same load shows no connections that wait at the port.",
	}}
	p.References = []string{"Java API: ServerSocketChannel, Selector", "Linux: listen(2), the queue of connections to be accepted"}
	return p
}

// counts tells figures of the dumps in order: "19, 20 and 20 in the 3 dumps".
func counts(list []int) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = fmt.Sprint(n)
	}
	return fmt.Sprintf("%s in the %d dumps", say.List(words), len(list))
}

func (v *view) seenDumps(list []views.Sighting) map[int]bool {
	seen := map[int]bool{}
	for _, s := range list {
		seen[s.Dump] = true
	}
	return seen
}

// idleCrew is the largest other crew of which all threads are idle in all dumps; nil: none.
func (v *view) idleCrew(but *threads.Crew) *threads.Crew {
	for _, c := range v.Series.Crews() {
		if c == but || c.Runtime || c.MaxSize() < 2 {
			continue
		}
		busy := slices.ContainsFunc(c.Threads, func(tr *threads.Track) bool {
			return slices.ContainsFunc(tr.Obs, func(t *threads.Thread) bool { return t != nil && v.Series.Wait(t).Busy() })
		})
		if !busy {
			return c
		}
	}
	return nil
}
