package waits

import (
	"time"

	"casefile/analyze/database"
	"casefile/analyze/threads"
)

// Open is one transaction that is kept open while its session runs nothing, over the rounds.
type Open struct{ At []*Vertex }

// Best is the round in which most is known of whose connection it is.
func (o *Open) Best() *Vertex { return (&Holder{At: o.At}).Best() }

// Longest is how long its session has run nothing, at most.
func (o *Open) Longest() (longest time.Duration) {
	for _, v := range o.At {
		if age, ok := v.Look.Age(v.Session.StateSince); ok {
			longest = max(longest, age)
		}
	}
	return longest
}

// Open gives the transactions whose sessions ran nothing at some round, in the order of their first.
func (g *Graph) Open() (out []*Open) {
	for _, r := range g.Rounds {
		for _, v := range r.vertices.order {
			if v.Kind == OfSession && v.Session.State.InTransaction() {
				out = g.addOpen(out, v)
			}
		}
	}
	return out
}

func (g *Graph) addOpen(list []*Open, v *Vertex) []*Open {
	for _, o := range list {
		last := o.At[len(o.At)-1]
		if last.Session.ID == v.Session.ID && last.Look.Key() == v.Look.Key() && g.oneTransaction(last.Look, last.Session, v.Look, v.Session) {
			o.At = append(o.At, v)
			return list
		}
	}
	return append(list, &Open{At: []*Vertex{v}})
}

// SessionsOf are the sessions of a process at one of its dumps, by the ports of its connections.
func (g *Graph) SessionsOf(of *threads.Series, dump int) (out []*database.Session) {
	for _, r := range g.Rounds {
		for _, p := range r.processes {
			if p.Series != of || r.Dumps[p] != dump {
				continue
			}
			for _, at := range r.sessionsByClient() {
				if at.process == p && at.session.Kind == "" {
					out = append(out, at.session)
				}
			}
		}
	}
	return out
}

// PoolWait is the threads of one round that wait for a connection of a pool, and the sessions of its connections that
// are in use.
type PoolWait struct {
	Standing []Standing
	Sessions []*database.Session
}

// PoolWaits gives them for a process, a round each.
func (g *Graph) PoolWaits(p *Process) (out []PoolWait) {
	for _, r := range g.Rounds {
		pool := r.vertices.pools[p]
		if pool == nil {
			continue
		}
		var w PoolWait
		for _, e := range pool.Out {
			w.Sessions = append(w.Sessions, e.To.Session)
		}
		for _, v := range r.vertices.order {
			if v.Kind == OfThread && len(v.Out) > 0 && v.Out[0].To == pool {
				w.Standing = append(w.Standing, Standing{Round: r, Process: p, Dump: v.Dump, Thread: v.Thread, Chain: g.Chain(v)})
			}
		}
		out = append(out, w)
	}
	return out
}
