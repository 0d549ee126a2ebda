package capacity

import "math"

// Range is two ends between which a figure lies.
type Range struct{ Low, High float64 }

// Middle is as many times the lower end as the upper end is times it, both taken to lie between nothing and all: what wide bounds tell of is no more
// than that.
func (r Range) Middle() float64 {
	return math.Sqrt(min(1, max(0, r.Low)) * min(1, max(0, r.Low, r.High)))
}

func (r Range) times(f float64) Range { return Range{r.Low * f, r.High * f} }

// sure is how many standard errors make the bounds of a figure that was sampled: 95 of 100 hold the truth.
const sure = 1.96

// sampled are the bounds of the mean of so many looks at a number of threads that come and go by themselves: its variance is its mean.
func sampled(mean float64, looks int) Range { return score(mean, looks, 0) }

// queued are those of a number of threads that wait for one another: its variance is m(1+m), as in the M/M/1 queue.
func queued(mean float64, looks int) Range { return score(mean, looks, 1) }

// score gives the means m that are within the sure errors of what was seen, where the variance is m + square*m*m: those between the roots of
// (mean - m)^2 = z^2 (m + square*m^2) / looks.
func score(mean float64, looks int, square float64) Range {
	z := sure * sure / float64(max(1, looks))
	a, b, c := 1-square*z, 2*mean+z, mean*mean
	if a <= 0 { // so few looks that nothing is too much
		return Range{c / b, math.Inf(1)}
	}
	root := math.Sqrt(max(0, b*b-4*a*c))
	return Range{(b - root) / (2 * a), (b + root) / (2 * a)}
}

// share are the bounds of a share that so many of all looks show: Wilson's score interval.
func share(shown, looks int) Range {
	if looks <= 0 {
		return Range{0, 1}
	}
	n, z := float64(looks), sure
	p := min(1, float64(shown)/n)
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return Range{max(0, middle-half), min(1, middle+half)}
}

// unseen is the largest share of the time in which something may be in use that none of so many looks shows, in 95 of 100 cases.
func unseen(looks int) float64 {
	if looks <= 0 {
		return 1
	}
	return 1 - math.Pow(0.05, 1/float64(looks))
}

// queueAt is the mean length of the queue of an M/M/c system at a utilisation below 1 (Erlang C), and the share of the time in which there is one.
func queueAt(servers int, use float64) (length, share float64) {
	load := use * float64(servers)
	blocked := 1.0 // Erlang B, by its recursion
	for k := 1; k <= servers; k++ {
		blocked = load * blocked / (float64(k) + load*blocked)
	}
	waits := blocked / (1 - use*(1-blocked))
	return waits * use / (1 - use), waits * use
}

// turned gives the utilisation at which a figure that grows with it reaches a value.
func turned(figure func(use float64) float64, value float64) float64 {
	low, high := 0.0, 1.0
	for range 50 {
		if mid := (low + high) / 2; figure(mid) < value {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// unqueued is the largest use of so many servers before which none of so many looks shows a queue, in 95 of 100 cases with random arrivals.
func unqueued(servers, looks int) float64 {
	return turned(func(use float64) float64 { _, share := queueAt(servers, use); return share }, unseen(looks))
}

// QueueUse is how much so many servers are used before which so many wait on average. It turns round the mean length of a queue between that of
// random services (M/M/c) and that of services of one length (M/D/c), whose queue is about half as long.
func QueueUse(servers int, waiting float64) Range {
	if waiting <= 0 || servers <= 0 {
		return Range{}
	}
	length := func(use float64) float64 { n, _ := queueAt(servers, use); return n }
	return Range{turned(length, waiting), turned(length, 2*waiting)}
}

// LockUse is the share of the time that a lock is held, of which so many threads wait on average.
func LockUse(waiting float64) Range { return QueueUse(1, waiting) }

// Growth is how many times the load a resource bears until it is full: the utilisation law. Fixed is the part of its use that may grow with the load,
// stay, or go. A resource that is not used at all has no end.
func Growth(used Range, fixed float64, full Range) Range {
	most := math.Inf(1)
	if grows := used.Low - fixed; grows > 0 {
		most = full.High / grows
	}
	least := math.Inf(1)
	if used.High > 0 {
		least = full.Low / used.High
	}
	return Range{min(least, most), max(least, most)}
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
