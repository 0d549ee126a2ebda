package rules

import (
	"slices"

	"casefile/analyze"
	"casefile/analyze/threads"
)

// processes are those of the case that have thread dumps, each measured once a run.
var processes = analyze.NewMemo(func(p *analyze.Pass) (all []*view) {
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			if j.Dumps != nil && len(j.Dumps.Dumps) > 0 {
				v := newView(n, j.Subject(), j.Dumps)
				v.jvm = j
				all = append(all, v)
			}
		}
		for _, s := range n.Services {
			if s.Goroutines != nil && len(s.Goroutines.Dumps) > 0 {
				all = append(all, newView(n, s.Target, s.Goroutines))
			}
		}
	}
	return all
})

// dumped gives the processes with so many dumps or more.
func dumped(least int) func(*analyze.Pass) []*view {
	return func(p *analyze.Pass) (enough []*view) {
		for _, v := range processes.Of(p) {
			if v.dumps() >= least {
				p.Evaluated()
				enough = append(enough, v)
			}
		}
		return enough
	}
}

// view is one process with its series of dumps.
type view struct {
	node    *analyze.Node
	jvm     *analyze.JVM // nil: a Go service
	subject string
	series  *threads.Series

	pools    []*threads.Pool
	crewOf   map[*threads.Track]string
	crews    map[string][]int // threads by crew and dump
	serves   map[*threads.Track]bool
	requests int // request threads, times dumps

	locks []*contended // once asked for
}

func newView(n *analyze.Node, subject string, s *threads.Series) *view {
	v := &view{node: n, subject: subject, series: s, pools: s.Pools(nil),
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

// About names the process.
func (v *view) About() analyze.Subject { return analyze.Subject{Node: v.node.Name, Name: v.subject} }

// problem is a finding in the making, with the threads it explains.
type problem struct {
	analyze.Finding
	account
}

// account is the detail of a finding about threads.
type account struct {
	sightings []sighting
	signature string // of app-signature
}

// finding hands the threads on with the finding.
func (p *problem) finding() analyze.Finding {
	p.Detail = &p.account
	return p.Finding
}

// accountOf gives the threads of a finding of this wing.
func accountOf(f *analyze.Finding) *account {
	a, _ := f.Detail.(*account)
	if a == nil {
		return &account{}
	}
	return a
}

// sighting is one thread in one dump.
type sighting struct {
	dump   int
	thread *threads.Thread
}

// found gives what earlier rules found about the process.
func (v *view) found(pass *analyze.Pass, ids ...string) (all []*analyze.Finding) {
	for _, id := range ids {
		all = append(all, pass.Found(id, v.About())...)
	}
	return all
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

// explained collects the threads of findings.
func explained(findings ...*analyze.Finding) map[*threads.Thread]bool {
	out := map[*threads.Thread]bool{}
	for _, f := range findings {
		for _, s := range accountOf(f).sightings {
			out[s.thread] = true
		}
	}
	return out
}
