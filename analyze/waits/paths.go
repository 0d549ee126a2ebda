package waits

import (
	"slices"
	"time"

	"casefile/analyze/loss"
	"casefile/analyze/threads"
)

// Standing is a thread of one round with the chain of what it waits for.
type Standing struct {
	Round   *Round
	Process *Process
	Dump    int
	Thread  *threads.Thread
	Chain   []*Edge // from the thread on
	// ByCount: no connection tells that the thread stands there, only how many there are on both sides.
	ByCount bool

	sure    Certainty     // of those
	carried time.Duration // since the round with the look that tells what it waits for
}

// Sighting is the same as an account of lost time knows it.
func (s Standing) Sighting() loss.Sighting { return loss.Sighting{Dump: s.Dump, Thread: s.Thread} }

// Serves reports whether the thread serves requests.
func (s Standing) Serves() bool { return s.Process.serves(s.Thread) }

// Sure is how sure the chain is up to the first session that waits for no other: as sure as the least sure step.
func (s Standing) Sure() Certainty {
	if s.ByCount {
		return s.sure
	}
	sure := Exact
	for _, e := range s.Chain {
		if e.From.Kind == OfSession && e.To.Kind != OfSession {
			break
		}
		sure = min(sure, e.Sure)
	}
	return sure
}

// Shares of the threads and connections of one kind that stand behind one thing, from which on it counts as the one.
const (
	mostOfPool    = 0.5 // of the connections: any that comes back would do
	mostOfProcess = 0.9 // of the threads at work on requests: it is one of them, and nothing tells which
)

// step is the edge by which a vertex waits. Of a pool, and of a process of which the thread is not known, it is one of
// those behind which most of its connections or threads stand; nil: they stand behind different things.
func (g *Graph) step(v *Vertex) *Edge {
	if e, known := g.next[v]; known {
		return e
	}
	g.next[v] = nil // while it is looked for: a pool whose holders wait for it
	var chosen *Edge
	switch {
	case len(v.Out) == 0:
	case !v.Out[0].Any:
		chosen = v.Out[0]
	default:
		share := mostOfPool
		if v.Kind == OfProcess {
			share = mostOfProcess
		}
		counts := map[*Vertex]int{}
		for _, e := range v.Out {
			end := g.last(e.To)
			if counts[end]++; float64(counts[end]) > share*float64(len(v.Out)) {
				chosen = e
				break
			}
		}
	}
	g.next[v] = chosen
	return chosen
}

// last is the vertex at the end of a chain; in a circle the first that comes again.
func (g *Graph) last(v *Vertex) *Vertex {
	seen := map[*Vertex]bool{}
	for !seen[v] {
		seen[v] = true
		e := g.step(v)
		if e == nil {
			return v
		}
		v = e.To
	}
	return v
}

// Chain gives the steps from a vertex to the end of its chain; a circle is gone through once.
func (g *Graph) Chain(v *Vertex) (out []*Edge) {
	seen := map[*Vertex]bool{v: true}
	for {
		e := g.step(v)
		if e == nil {
			return out
		}
		out = append(out, e)
		if v = e.To; seen[v] {
			return out
		}
		seen[v] = true
	}
}

// standings are the threads of a round that wait for something known.
func (g *Graph) standings(r *Round) (out []Standing) {
	for _, v := range r.vertices.order {
		if v.Kind != OfThread {
			continue
		}
		if chain := g.Chain(v); len(chain) > 0 {
			out = append(out, Standing{Round: r, Process: v.Process, Dump: v.Dump, Thread: v.Thread, Chain: chain})
		}
	}
	return out
}

// firstSessions are the sessions that a chain goes through first, one behind the other: where it comes to a server, and
// where it ends there.
func firstSessions(chain []*Edge) (first, last *Vertex) {
	for _, e := range chain {
		switch {
		case e.To.Kind == OfSession:
			if first == nil {
				first = e.To
			} else if slices.ContainsFunc(chain, func(o *Edge) bool { return o.From == e.To && o.To == first }) {
				return first, e.To // a circle of sessions alone
			}
			last = e.To
		case first != nil:
			return first, last
		}
	}
	return first, last
}
