package rules

import (
	"slices"
	"sync"

	"casefile/analyze"
	"casefile/analyze/threads"
)

// views keeps what several thread rules need of one process, so that a series of
// dumps is measured once in a run and not once for each rule.
type views struct {
	mu     sync.Mutex
	ofCase *analyze.Case
	limits analyze.Thresholds
	list   []*view
}

// of gives a view for each process of the case that has dumps.
func (vs *views) of(p *analyze.Pass) []*view {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if vs.ofCase == p.Case && vs.limits == p.Limits {
		return vs.list
	}
	vs.ofCase, vs.limits, vs.list = p.Case, p.Limits, nil
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			if j.Dumps != nil && len(j.Dumps.Dumps) > 0 {
				vs.list = append(vs.list, newView(n, j.Subject(), j.Dumps, p.Limits))
				vs.list[len(vs.list)-1].jvm = j
			}
		}
		for _, s := range n.Services {
			if s.Goroutines != nil && len(s.Goroutines.Dumps) > 0 {
				vs.list = append(vs.list, newView(n, s.Target, s.Goroutines, p.Limits))
			}
		}
	}
	return vs.list
}

// view is one process with its series of dumps.
type view struct {
	node    *analyze.Node
	jvm     *analyze.JVM // nil: a Go service
	subject string
	series  *threads.Series
	limits  analyze.Thresholds

	pools    []*threads.Pool
	crewOf   map[*threads.Track]string
	crews    map[string][]int // threads by crew and dump
	serves   map[*threads.Track]bool
	requests int // request threads, times dumps

	problems map[string][]problem
	locks    []*contended // once asked for
}

func newView(n *analyze.Node, subject string, s *threads.Series, limits analyze.Thresholds) *view {
	v := &view{node: n, subject: subject, series: s, limits: limits, pools: s.Pools(nil), problems: map[string][]problem{},
		crewOf: map[*threads.Track]string{}, crews: map[string][]int{},
		serves: map[*threads.Track]bool{}}
	serving := map[string]bool{}
	for _, p := range v.pools {
		serving[p.Name] = serving[p.Name] || p.Requests
	}
	for _, p := range v.pools {
		name := p.Name
		if !p.Requests && serving[name] { // a connector's acceptor and poller bear its name too
			name += " connector"
		}
		for _, tr := range p.Threads {
			v.crewOf[tr], v.serves[tr] = name, p.Requests || p.Virtual && servesRequest(tr)
		}
	}
	for _, tr := range s.Threads() {
		if v.crewOf[tr] == "" {
			v.crewOf[tr] = threads.NormalizeName(tr.Name)
		}
		crew := v.crews[v.crewOf[tr]]
		if crew == nil {
			crew = make([]int, v.dumps())
			v.crews[v.crewOf[tr]] = crew
		}
		for i, t := range tr.Obs {
			if t == nil {
				continue
			}
			crew[i] += times(t)
			if v.serves[tr] {
				v.requests += times(t)
			}
		}
	}
	return v
}

// servesRequest tells by its stack that a virtual thread serves a request: most have no name that would.
func servesRequest(tr *threads.Track) bool {
	return slices.ContainsFunc(tr.Obs, func(t *threads.Thread) bool { return t != nil && within(t.Stack.Frames, requestFrames) })
}

// crew names the pool of a thread, else its family.
func (v *view) crew(t *threads.Thread) string { return v.crewOf[v.series.TrackOf(t)] }

// request says that the thread belongs to a pool that serves requests.
func (v *view) request(t *threads.Thread) bool { return v.serves[v.series.TrackOf(t)] }

func (v *view) dumps() int { return len(v.series.Dumps) }

// problem is a finding with the threads it explains.
type problem struct {
	analyze.Finding
	sightings []sighting
	signature string // of app-signature
}

// sighting is one thread in one dump.
type sighting struct {
	dump   int
	thread *threads.Thread
}

// A judge looks for one kind of problem in a process. Judges may ask for the
// problems of other judges, as long as no circle comes of it.
type judge func(*view) []problem

// judged runs a judge once.
func (v *view) judged(id string, j judge) []problem {
	found, done := v.problems[id]
	if !done {
		found = j(v)
		for i := range found {
			found[i].ID = id
			found[i].Nodes = []string{v.node.Name}
			found[i].Subject = v.subject
		}
		v.problems[id] = found
	}
	return found
}

// threadRule makes a rule of a judge. Series with fewer dumps than it needs are passed over.
func threadRule(vs *views, id, doc string, dumps int, j judge) *analyze.Rule {
	return &analyze.Rule{ID: id, Doc: doc, Needs: needsDumps(dumps), Run: func(p *analyze.Pass) error {
		for _, v := range vs.of(p) {
			if v.dumps() < dumps {
				continue
			}
			p.Evaluated()
			for _, found := range v.judged(id, j) {
				p.Report(found.Finding)
			}
		}
		return nil
	}}
}

// sightings are the threads that keep holds for, in the order of the dumps.
func (v *view) sightings(keep func(*threads.Thread, threads.Wait) bool) []sighting {
	var out []sighting
	for i, d := range v.series.Dumps {
		for _, t := range d.Threads {
			if keep(t, v.series.Wait(t)) {
				out = append(out, sighting{i, t})
			}
		}
	}
	return out
}

// perDump counts sightings by dump.
func (v *view) perDump(list []sighting) []int {
	counts := make([]int, v.dumps())
	for _, s := range list {
		counts[s.dump] += times(s.thread)
	}
	return counts
}

// times is the number of threads an entry of a dump stands for.
func times(t *threads.Thread) int { return max(1, int(t.Count)) }

// peak gives the dump with most of the sightings, and those.
func (v *view) peak(list []sighting) []sighting {
	counts := v.perDump(list)
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	var out []sighting
	for _, s := range list {
		if s.dump == best {
			out = append(out, s)
		}
	}
	return out
}

// atLeast counts the dumps with n sightings or more.
func (v *view) atLeast(list []sighting, n int) int {
	dumps := 0
	for _, c := range v.perDump(list) {
		if c >= n {
			dumps++
		}
	}
	return dumps
}

// explained collects the threads of other judges' problems.
func explained(lists ...[]problem) map[*threads.Thread]bool {
	out := map[*threads.Thread]bool{}
	for _, problems := range lists {
		for _, p := range problems {
			for _, s := range p.sightings {
				out[s.thread] = true
			}
		}
	}
	return out
}
