// Package views holds what the rules look at: processes with their dumps, the stretch of a GC log that is judged,
// recordings. Each is measured
// once a run, whichever rule asks first; a wing wraps a view to add measures of its own.
package views

import (
	"slices"

	"casefile/analyze"
	"casefile/analyze/loss"
	"casefile/analyze/threads"
)

// Processes are those of the case that have thread dumps, each measured once a run.
var Processes = analyze.NewMemo(func(p *analyze.Pass) (all []*Process) {
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			if j.Dumps != nil && len(j.Dumps.Dumps) > 0 {
				v := newView(n, j.Subject(), j.Dumps)
				if j.Dumps.Dumps[0].Format != threads.FormatGo { // loose files of goroutines are of a Go service
					v.JVM = j
				}
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

// Process is one process with its series of dumps.
type Process struct {
	Node    *analyze.Node
	JVM     *analyze.JVM // nil: a Go service
	Subject string
	Series  *threads.Series

	Pools    []*threads.Pool
	Crews    map[string][]int // threads by crew and dump
	Serves   map[*threads.Track]bool
	requests int // request threads, times dumps
}

func newView(n *analyze.Node, subject string, s *threads.Series) *Process {
	v := &Process{Node: n, Subject: subject, Series: s, Pools: s.Pools(nil), Crews: map[string][]int{}, Serves: map[*threads.Track]bool{}}
	for _, c := range s.Crews() {
		v.Crews[c.Name] = c.Sizes
		v.serve(c)
		for _, tr := range c.Threads {
			v.Serves[tr] = c.Requests && (!c.Virtual || v.servesRequest(tr))
			for _, t := range tr.Obs {
				if t != nil && v.Serves[tr] {
					v.requests += Times(t)
				}
			}
		}
	}
	return v
}

// serve has a pool serve requests of whose threads that was found otherwise than by its name.
func (v *Process) serve(c *threads.Crew) {
	for _, p := range v.Pools {
		p.Requests = p.Requests || c.Requests && p.Name == c.Name && len(p.Threads) == len(c.Threads) && !c.Virtual
	}
}

// servesRequest tells by its stack that a virtual thread, or a goroutine, serves a request: most have no name that
// would.
func (v *Process) servesRequest(tr *threads.Track) bool {
	return slices.ContainsFunc(tr.Obs, func(t *threads.Thread) bool { return t != nil && v.Series.AtRequest(t) })
}

// Noun is what the process's threads are called.
func (v *Process) Noun() string {
	if v.JVM == nil {
		return "goroutine"
	}
	return "thread"
}

// Crew names the pool of a thread, else its family.
func (v *Process) Crew(t *threads.Thread) string { return v.Series.CrewOf(t).Name }

// Request says that the thread belongs to a pool that serves requests.
func (v *Process) Request(t *threads.Thread) bool { return v.Serves[v.Series.TrackOf(t)] }

func (v *Process) Dumps() int { return len(v.Series.Dumps) }

// About names the process.
func (v *Process) About() analyze.Subject { return analyze.Subject{Node: v.Node.Name, Name: v.Subject} }

// Sighting is one thread in one dump.
type Sighting = loss.Sighting

// Sightings are the threads that keep holds for, in the order of the dumps.
func (v *Process) Sightings(keep func(*threads.Thread, threads.Wait) bool) []Sighting {
	var out []Sighting
	for i, d := range v.Series.Dumps {
		for _, t := range d.Threads {
			if keep(t, v.Series.Wait(t)) {
				out = append(out, Sighting{Dump: i, Thread: t})
			}
		}
	}
	return out
}

// PerDump counts sightings by dump.
func (v *Process) PerDump(list []Sighting) []int {
	counts := make([]int, v.Dumps())
	for _, s := range list {
		counts[s.Dump] += s.Count()
	}
	return counts
}

// Times is the number of threads an entry of a dump stands for.
func Times(t *threads.Thread) int { return max(1, int(t.Count)) }

// Peak gives the dump with most of the sightings, and those.
func (v *Process) Peak(list []Sighting) []Sighting {
	counts := v.PerDump(list)
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	var out []Sighting
	for _, s := range list {
		if s.Dump == best {
			out = append(out, s)
		}
	}
	return out
}

// AtLeast counts the dumps with n sightings or more.
func (v *Process) AtLeast(list []Sighting, n int) int {
	dumps := 0
	for _, c := range v.PerDump(list) {
		if c >= n {
			dumps++
		}
	}
	return dumps
}
