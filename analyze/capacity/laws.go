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
