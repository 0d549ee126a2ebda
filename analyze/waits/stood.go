package waits

import (
	"slices"

	"casefile/analyze/threads"
)

// A server that is slow is asked less often than dumps are taken. A thread that has not moved from its call since the
// dump next to a look, by its stack and its CPU, waits for the same still.

// stood gives the standings of a list in the other rounds that have no look at the server, for threads that stood there.
func (g *Graph) stood(list []Standing, key string) (out []Standing) {
	for _, s := range list {
		tr := s.Process.Series.TrackOf(s.Thread)
		for _, r := range g.Rounds {
			dump, there := r.Dumps[s.Process]
			if r == s.Round || !there || r.asked(key) || tr == nil {
				continue
			}
			if !still(s.Process.Series, tr, min(dump, s.Dump), max(dump, s.Dump)) {
				continue
			}
			o := s
			o.Round, o.Dump, o.Thread, o.carried = r, dump, tr.Obs[dump], r.At.Sub(s.Round.At)
			if !slices.ContainsFunc(out, func(k Standing) bool { return k.Thread == o.Thread }) {
				out = append(out, o)
			}
		}
	}
	return out
}

// still reports whether a thread has not left its place from dump i to dump j. One that waits to enter a monitor uses a
// little CPU: the JVM has it look again from time to time.
func still(s *threads.Series, tr *threads.Track, i, j int) bool {
	if same, _ := s.Stood(tr, i, j); same {
		return true
	}
	first := tr.Obs[i]
	for k := i; k <= j; k++ {
		t := tr.Obs[k]
		if t == nil || t.State != threads.Blocked || t.Stack != first.Stack {
			return false
		}
	}
	return true
}

// asked reports whether a round has a look at a server.
func (r *Round) asked(key string) bool {
	for _, l := range r.Looks {
		if l.Key() == key {
			return true
		}
	}
	return false
}

// carry adds to holders, statements and circles the rounds without looks in which their threads stood.
func (g *Graph) carry() {
	for _, h := range g.holders {
		h.Standing = append(h.Standing, g.stood(h.Standing, h.Last().Look.Key())...)
	}
	for _, a := range g.statements {
		a.Standing = append(a.Standing, g.stood(a.Standing, a.Look.Key())...)
	}
	for _, c := range g.cycles {
		key := ""
		for _, e := range c.Edges {
			if e.From.Kind == OfSession {
				key = e.From.Look.Key()
			}
		}
		c.Standing = append(c.Standing, g.stood(c.Standing, key)...)
		for _, r := range g.Rounds {
			if key != "" && !r.asked(key) && c.stoodIn(r) {
				c.Rounds = append(c.Rounds, r)
			}
		}
	}
}

// stoodIn reports whether all threads of the circle stood in a round.
func (c *Cycle) stoodIn(r *Round) bool {
	for _, e := range c.Edges {
		v := e.From
		if v.Kind != OfThread {
			continue
		}
		dump, there := r.Dumps[v.Process]
		tr := v.Process.Series.TrackOf(v.Thread)
		if !there || tr == nil || dump == v.Dump {
			return false
		}
		if !still(v.Process.Series, tr, min(dump, v.Dump), max(dump, v.Dump)) {
			return false
		}
	}
	return true
}
