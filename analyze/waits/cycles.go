package waits

import (
	"fmt"
	"slices"
	"strings"
)

// Cycle is a circle of waits that goes through a database or several processes: none of its members can go on, and
// neither a JVM nor a server sees it.
type Cycle struct {
	Edges  []*Edge // of the last round that has it; Edges[i].To is Edges[i+1].From
	Rounds []*Round
	Sure   Certainty
	// Standing are the threads in it and behind it, of all rounds.
	Standing []Standing
}

// Cycles are those that last until the last round with what shows them.
func (g *Graph) Cycles() []*Cycle { return g.cycles }

func (g *Graph) inCycle(v *Vertex) bool {
	return slices.ContainsFunc(g.cycles, func(c *Cycle) bool {
		return slices.ContainsFunc(c.Edges, func(e *Edge) bool {
			return e.From == v || e.From.Kind == OfSession && v.Kind == OfSession && e.From.Session.ID == v.Session.ID &&
				e.From.Look.Key() == v.Look.Key()
		})
	})
}

// findCycles looks for circles in each round, and keeps those that are still there in the last one.
func (g *Graph) findCycles() {
	found := map[string]*Cycle{}
	var order []*Cycle
	for _, r := range g.Rounds {
		for _, edges := range r.circles() {
			if !crosses(edges) {
				continue
			}
			k := g.keyOf(edges)
			c := found[k]
			if c == nil {
				c = &Cycle{Sure: Exact}
				found[k] = c
				order = append(order, c)
			}
			c.Edges = startAtThread(edges)
			c.Rounds = append(c.Rounds, r)
			c.Standing = append(c.Standing, g.behind(r, edges)...)
		}
	}
	last := g.lastJoined()
	for _, c := range order {
		for _, e := range c.Edges {
			c.Sure = min(c.Sure, e.Sure)
		}
		if len(c.Rounds) > 0 && lastOf(c.Rounds) == last {
			g.cycles = append(g.cycles, c)
		}
	}
}

// lastJoined is the last round in which servers were asked, or threads were joined to other processes.
func (g *Graph) lastJoined() (last *Round) {
	for _, r := range g.Rounds {
		for _, v := range r.vertices.order {
			if len(r.Looks) > 0 || v.Kind == OfProcess {
				last = r
				break
			}
		}
	}
	if last == nil {
		return lastOf(g.Rounds)
	}
	return last
}

// circles finds the circles of a round. Of a session that several block, all must let go; a pool needs any one of its
// connections, so that no circle goes through it.
func (r *Round) circles() (out [][]*Edge) {
	state := map[*Vertex]int{} // 1: on the way, 2: done
	var way []*Edge
	var visit func(*Vertex)
	visit = func(v *Vertex) {
		state[v] = 1
		for _, e := range v.Out {
			if e.Any {
				continue
			}
			way = append(way, e)
			switch state[e.To] {
			case 0:
				visit(e.To)
			case 1:
				from := slices.IndexFunc(way, func(w *Edge) bool { return w.From == e.To })
				out = append(out, slices.Clone(way[from:]))
			}
			way = way[:len(way)-1]
		}
		state[v] = 2
	}
	for _, v := range r.vertices.order {
		if state[v] == 0 {
			visit(v)
		}
	}
	return out
}

// crosses reports whether a circle leaves its JVM or its server: what is within one it finds itself.
func crosses(edges []*Edge) bool {
	sessions, processes := 0, map[*Process]bool{}
	for _, e := range edges {
		switch e.From.Kind {
		case OfSession:
			sessions++
		case OfThread:
			processes[e.From.Process] = true
		}
	}
	return len(processes) > 1 || sessions > 0 && len(processes) > 0
}

// keyOf is the same for one circle in all rounds.
func (g *Graph) keyOf(edges []*Edge) string {
	var members []string
	for _, e := range edges {
		switch v := e.From; v.Kind {
		case OfSession:
			members = append(members, fmt.Sprintf("%s %d", v.Look.Key(), v.Session.ID))
		case OfThread:
			members = append(members, fmt.Sprintf("%p", v.Process.Series.TrackOf(v.Thread)))
		}
	}
	slices.Sort(members)
	return strings.Join(members, "\n")
}

// behind are the threads of a round whose chains come to a circle.
func (g *Graph) behind(r *Round, circle []*Edge) (out []Standing) {
	in := map[*Vertex]bool{}
	for _, e := range circle {
		in[e.From] = true
	}
	for _, v := range r.vertices.order {
		if v.Kind == OfThread && in[g.last(v)] {
			out = append(out, Standing{Round: r, Process: v.Process, Dump: v.Dump, Thread: v.Thread, Chain: g.Chain(v)})
		}
	}
	return out
}
