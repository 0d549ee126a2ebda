package timing

import (
	"math"
	"slices"
	"time"

	"casefile/bundle/format/timing"
)

// maxParties is up to how many parties all ways between them are followed: the work
// grows with the third power. Above, a pair is compared by its own link and those of
// the reference.
const maxParties = 256

// Skew is how far B's clock is ahead of A's at the end of the capture.
type Skew struct {
	A, B     string
	OffsetMS float64
	ErrorMS  float64
}

// Clock is a party's clock against the reference.
type Clock struct {
	Party             string
	OffsetMS, ErrorMS float64
	DriftPPM          float64
	DriftErrorPPM     float64
	Steps             []timing.Step
}

// bounds fills in what every link says about its two clocks, and what follows.
func (c *Cluster) bounds() {
	for _, l := range c.Links {
		c.party(l.From)
		c.party(l.To)
	}
	c.direct = square(len(c.parties))
	c.rough = c.roughly()
	for _, l := range c.Links {
		if l.Clock == nil {
			continue
		}
		i, j := c.index[l.From], c.index[l.To]
		// The end of the capture as From's clock shows it.
		off, bound := l.Clock.Offset(c.moment().Add(duration(c.rough[i])))
		c.direct[i][j] = min(c.direct[i][j], off+bound)
		c.direct[j][i] = min(c.direct[j][i], bound-off)
	}
	c.follow()
}

func (c *Cluster) party(name string) {
	if _, known := c.index[name]; !known {
		c.index[name] = len(c.parties)
		c.parties = append(c.parties, name)
	}
}

// moment is the time on the reference clock at which clocks are compared.
func (c *Cluster) moment() time.Time {
	if c.Ended.IsZero() {
		return c.Started
	}
	return c.Ended
}

func duration(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// square is a table in which nobody is bounded but by himself.
func square(n int) [][]float64 {
	t := make([][]float64, n)
	for i := range t {
		t[i] = make([]float64, n)
		for j := range t[i] {
			if i != j {
				t[i][j] = math.Inf(1)
			}
		}
	}
	return t
}

// roughly returns each party's offset against the reference along any links, good
// enough to read drifts at the right moment.
func (c *Cluster) roughly() []float64 {
	offsets := make([]float64, len(c.parties))
	start, known := c.index[c.Reference]
	if !known {
		return offsets
	}
	type edge struct {
		to  int
		off float64
	}
	edges := make([][]edge, len(c.parties))
	for _, l := range c.Links {
		if l.Clock != nil {
			i, j := c.index[l.From], c.index[l.To]
			edges[i] = append(edges[i], edge{j, l.Clock.OffsetMS})
			edges[j] = append(edges[j], edge{i, -l.Clock.OffsetMS})
		}
	}
	seen := make([]bool, len(c.parties))
	seen[start] = true
	for todo := []int{start}; len(todo) > 0; todo = todo[1:] {
		for _, e := range edges[todo[0]] {
			if !seen[e.to] {
				seen[e.to] = true
				offsets[e.to] = offsets[todo[0]] + e.off
				todo = append(todo, e.to)
			}
		}
	}
	return offsets
}

// follow tightens the bounds by all ways between two parties: if B is at most x ahead
// of A and C at most y ahead of B, then C is at most x+y ahead of A. That A were ahead
// of itself is a contradiction.
func (c *Cluster) follow() {
	n := len(c.parties)
	all := make([][]float64, n)
	for i := range all {
		all[i] = slices.Clone(c.direct[i])
	}
	via := make([]int, 0, n)
	for k := range n {
		if n <= maxParties || c.parties[k] == c.Reference {
			via = append(via, k)
		}
	}
	for _, k := range via {
		for i := range n {
			for j, kj := range all[k] {
				if w := all[i][k] + kj; w < all[i][j] {
					all[i][j] = w
				}
			}
		}
	}
	for i := range all {
		if all[i][i] < 0 {
			c.torn = true
			c.all = c.direct
			return
		}
	}
	c.all = all
}

// Between returns the skew of two parties; false: no link connects them.
func (c *Cluster) Between(a, b string) (Skew, bool) {
	i, known := c.index[a]
	j, also := c.index[b]
	if !known || !also {
		return Skew{}, false
	}
	hi, lo := c.all[i][j], -c.all[j][i]
	if math.IsInf(hi, 0) || math.IsInf(lo, 0) {
		return Skew{}, false
	}
	// A torn pair may have lo above hi: what lies between is not known then.
	return Skew{A: a, B: b, OffsetMS: (hi + lo) / 2, ErrorMS: math.Abs(hi-lo) / 2}, true
}

// Clocks are all parties but the reference, each against it, in the order of the record.
func (c *Cluster) Clocks() []Clock {
	var list []Clock
	for _, p := range c.parties {
		s, known := c.Between(c.Reference, p)
		if p == c.Reference || !known {
			continue
		}
		clock := Clock{Party: p, OffsetMS: s.OffsetMS, ErrorMS: s.ErrorMS}
		for _, l := range c.Links {
			if l.From == c.Reference && l.To == p && l.Clock != nil {
				clock.DriftPPM, clock.DriftErrorPPM, clock.Steps = l.Clock.DriftPPM, l.Clock.DriftErrorPPM, l.Clock.Steps
			}
		}
		list = append(list, clock)
	}
	return list
}
