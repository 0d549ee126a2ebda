package capacity

import "math"

// Range is two ends between which a figure lies.
type Range struct{ Low, High float64 }

// Growth is how many times the load of the capture reaches a mark: the utilisation law. A resource that is not used at all has no end.
func Growth(used Range, mark float64) Range {
	times := func(u float64) float64 {
		if u <= 0 {
			return math.Inf(1)
		}
		return mark / u
	}
	return Range{times(used.High), times(used.Low)}
}

// LockUse is the share of the time that a lock is held, of which so many threads wait on average. It turns round the mean length of a queue
// with one server: between that of random holds (M/M/1) and that of holds of one length (M/D/1), which has half the queue.
func LockUse(waiting float64) Range {
	if waiting <= 0 {
		return Range{}
	}
	random := (math.Sqrt(waiting*waiting+4*waiting) - waiting) / 2
	even := math.Sqrt(waiting*waiting+2*waiting) - waiting
	return Range{min(random, even), max(random, even)}
}

// FurtherNode is how many times the capacity of n nodes a cluster of one more has: Amdahl's law between nothing in common and a share of each
// request's time in what all nodes share.
func FurtherNode(n int, shared float64) Range {
	times := func(nodes int, s float64) float64 { return float64(nodes) / (1 + s*float64(nodes-1)) }
	s := min(1, max(0, shared))
	return Range{times(n+1, s) / times(n, s), float64(n+1) / float64(n)}
}

// AfterLoss is what one of n nodes of one size is used when that of the others is gone which carries the most, and the rest share its
// load evenly. Others of which nothing is known are taken to carry as much as this one.
func AfterLoss(n int, used Range, others []Range) Range {
	if n < 2 {
		return Range{math.Inf(1), math.Inf(1)}
	}
	var most Range
	if len(others) < n-1 {
		most = used
	}
	for _, o := range others {
		most = Range{max(most.Low, o.Low), max(most.High, o.High)}
	}
	left := float64(n - 1)
	return Range{used.Low + most.Low/left, used.High + most.High/left}
}

// Point is a throughput at a number of nodes.
type Point struct {
	Nodes int
	Rate  float64
}

// Scalability is the universal scalability law (N. Gunther) through three points or more: Rate(n) = One*n / (1 + Contention*(n-1) +
// Coherence*n*(n-1)). ok is false for fewer, or where no such curve fits.
type Scalability struct{ One, Contention, Coherence float64 }

// Rate is what n nodes carry.
func (s Scalability) Rate(n float64) float64 {
	return s.One * n / (1 + s.Contention*(n-1) + s.Coherence*n*(n-1))
}

// Fit finds the curve by least squares of n/Rate, which is linear in its unknowns.
func Fit(points []Point) (s Scalability, ok bool) {
	if len(points) < 3 {
		return s, false
	}
	var m [3][4]float64
	for _, p := range points {
		if p.Nodes < 1 || p.Rate <= 0 {
			return s, false
		}
		n := float64(p.Nodes)
		row := [3]float64{1, n - 1, n * (n - 1)}
		for i := range 3 {
			for k := range 3 {
				m[i][k] += row[i] * row[k]
			}
			m[i][3] += row[i] * n / p.Rate
		}
	}
	x, ok := solve(m)
	if !ok || x[0] <= 0 {
		return s, false
	}
	s = Scalability{1 / x[0], x[1] / x[0], x[2] / x[0]}
	return s, s.Contention > -0.05 && s.Coherence > -0.01
}

// solve is Gauss with pivots.
func solve(m [3][4]float64) (x [3]float64, ok bool) {
	for c := range 3 {
		best := c
		for r := c + 1; r < 3; r++ {
			if math.Abs(m[r][c]) > math.Abs(m[best][c]) {
				best = r
			}
		}
		m[c], m[best] = m[best], m[c]
		if math.Abs(m[c][c]) < 1e-12 {
			return x, false
		}
		for r := range 3 {
			if r == c {
				continue
			}
			f := m[r][c] / m[c][c]
			for k := c; k < 4; k++ {
				m[r][k] -= f * m[c][k]
			}
		}
	}
	for i := range 3 {
		x[i] = m[i][3] / m[i][i]
	}
	return x, true
}
