package report

import (
	"cmp"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/threads"
)

// mostRounds is how many stretches of time the dumps of a page are told apart by, for the zoom.
const mostRounds = 30

// round is a stretch of time in which dumps were taken, mostly one of each process at once.
type round struct{ first, last time.Time }

// roundsOf are the times of all dumps of a case, on the reference clock: those that follow each other closely are one round.
func roundsOf(c *analyze.Case) (rounds []round) {
	var times []time.Time
	take := func(n *analyze.Node, s *threads.Series) {
		if s == nil {
			return
		}
		for _, d := range s.Dumps {
			if at, ok := dumpTime(d, &n.Clock); ok {
				times = append(times, at)
			}
		}
	}
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			take(n, j.Dumps)
		}
		for _, v := range n.Services {
			take(n, v.Goroutines)
		}
	}
	if len(times) == 0 {
		return nil
	}
	slices.SortFunc(times, time.Time.Compare)
	apart := times[len(times)-1].Sub(times[0]) / mostRounds
	for _, at := range times {
		if n := len(rounds); n > 0 && (n == mostRounds || at.Sub(rounds[n-1].first) <= apart) {
			rounds[n-1].last = at
			continue
		}
		rounds = append(rounds, round{at, at})
	}
	return rounds
}

func dumpTime(d *threads.Dump, clock *analyze.Clock) (time.Time, bool) {
	if clock == nil || d.Time.IsZero() || !d.ZoneKnown {
		return time.Time{}, false
	}
	return clock.Reference(d.Time), true
}

// roundOf is the number of a dump's round, from 1; 0: it is not known when it was taken.
func (s *stackSet) roundOf(d *threads.Dump, clock *analyze.Clock) int {
	at, ok := dumpTime(d, clock)
	if !ok {
		return 0
	}
	return 1 + slices.IndexFunc(s.rounds, func(r round) bool { return !at.After(r.last) })
}

// timed reports whether it is known of all samples of a tree when they were taken; those of before a change are left as they are.
func (t *stackTree) timed() bool {
	now := 0
	for _, s := range t.slices {
		if s.side == sideNow {
			if s.moment == 0 {
				return false
			}
			now++
		}
	}
	return now > 0
}

// spans are the rounds as the page's script reads them: first and last ms of Unix time of each, as distances from the number before.
func (s *stackSet) spans() (out []int64) {
	before := int64(0)
	for _, r := range s.rounds {
		for _, at := range []time.Time{r.first, r.last} {
			out = append(out, at.UnixMilli()-before)
			before = at.UnixMilli()
		}
	}
	return out
}

// masked writes the samples of a tree for the page: what is alike in several rounds is one value, of a slice that names these rounds
// as the bits of a number.
type masked struct {
	tree   *stackTree
	timed  bool
	slices [][]int
	counts []float64
	at     map[maskedSlice]int
	each   []float64 // by slice of the tree: observations of a value of 1
}

type maskedSlice struct {
	of   stackSlice
	mask int
}

func newMasked(t *stackTree) *masked {
	m := &masked{tree: t, timed: t.timed(), slices: [][]int{}, at: map[maskedSlice]int{}, each: make([]float64, len(t.slices))}
	sums := make([]float64, len(t.slices))
	for i := range t.nodes {
		for _, v := range t.nodes[i].self {
			sums[v.slice] += float64(v.value)
		}
	}
	for i, sum := range sums {
		if sum > 0 {
			m.each[i] = t.samples[i] / sum
		}
	}
	return m
}

// values gives the samples of a call as pairs: a slice, and what each of its rounds has.
func (m *masked) values(self []sliceValue) (out []int64) {
	byRound := map[stackSlice][]sliceValue{}
	var order []stackSlice
	for _, v := range self {
		of := m.tree.slices[v.slice]
		of.moment = 0
		if byRound[of] == nil {
			order = append(order, of)
		}
		byRound[of] = append(byRound[of], v)
	}
	for _, of := range order {
		list := byRound[of]
		if !m.timed || of.side != sideNow {
			sum := sliceValue{slice: list[0].slice}
			for _, v := range list {
				sum.value += v.value
			}
			out = append(out, m.of(of, 0, []sliceValue{sum}, sum.value), sum.value)
			continue
		}
		slices.SortFunc(list, func(a, b sliceValue) int { return cmp.Compare(a.value, b.value) })
		done := int64(0)
		for i, v := range list { // what all that are left have; then what those with more of it have above that
			if v.value == done {
				continue
			}
			mask := 0
			for _, x := range list[i:] {
				mask |= 1 << (m.tree.slices[x.slice].moment - 1)
			}
			out = append(out, m.of(of, mask, list[i:], v.value-done), v.value-done)
			done = v.value
		}
	}
	return out
}

// of gives the number of a slice in what is written, and adds the observations of a value that each of its rounds has.
func (m *masked) of(s stackSlice, mask int, rounds []sliceValue, value int64) int64 {
	key := maskedSlice{s, mask}
	i, known := m.at[key]
	if !known {
		i = len(m.slices)
		m.at[key] = i
		written := []int{s.place, s.pool, s.state, s.side}
		if mask > 0 {
			written = append(written, mask)
		}
		m.slices, m.counts = append(m.slices, written), append(m.counts, 0)
	}
	for _, v := range rounds {
		m.counts[i] += m.each[v.slice] * float64(value)
	}
	return int64(i)
}
