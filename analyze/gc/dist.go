package gc

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

// Dist is a distribution of durations: count, sum, least and largest are always exact. Percentiles are exact while the
// values are kept (Exact), and within 0.1 % after that.
type Dist struct {
	Count int64
	Sum   time.Duration
	Min   time.Duration
	Max   time.Duration
	// Unseen of the values are in Count and Sum only: a counter gave them as a total. Percentiles, Min and Max are of the rest.
	Unseen int64

	values []int64
	sorted bool
	hist   *histogram
	budget *int
}

// newDist makes a distribution that takes room for its values from a budget shared with others.
func newDist(budget *int) *Dist { return &Dist{budget: budget} }

// Add takes one value. Negative ones count as zero.
func (d *Dist) Add(v time.Duration) {
	v = max(v, 0)
	if d.Count == d.Unseen || v < d.Min {
		d.Min = v
	}
	d.Max = max(d.Max, v)
	d.Count++
	d.Sum = plus(d.Sum, v)
	if d.hist != nil {
		d.hist.add(int64(v))
		return
	}
	if d.budget != nil {
		if *d.budget <= 0 {
			d.toHistogram()
			d.hist.add(int64(v))
			return
		}
		*d.budget--
	}
	d.values = append(d.values, int64(v))
	d.sorted = false
}

// addUnseen takes n values of which only the sum is known.
func (d *Dist) addUnseen(n int64, sum time.Duration) {
	d.Count += n
	d.Sum = plus(d.Sum, sum)
	d.Unseen += n
}

func (d *Dist) toHistogram() {
	d.hist = new(histogram)
	for _, v := range d.values {
		d.hist.add(v)
	}
	*d.budget += len(d.values)
	d.values = nil
}

// merge adds all of o to d.
func (d *Dist) merge(o *Dist) {
	if o == nil || o.Count == 0 {
		return
	}
	if seen := o.Count > o.Unseen; seen && (d.Count == d.Unseen || o.Min < d.Min) {
		d.Min = o.Min
	}
	d.Max = max(d.Max, o.Max)
	d.Count += o.Count
	d.Sum = plus(d.Sum, o.Sum)
	d.Unseen += o.Unseen
	if d.hist == nil && o.hist == nil {
		d.values = append(d.values, o.values...)
		d.sorted = false
		return
	}
	if d.hist == nil {
		d.hist = new(histogram)
		for _, v := range d.values {
			d.hist.add(v)
		}
		d.values = nil
	}
	for _, v := range o.values {
		d.hist.add(v)
	}
	if o.hist != nil {
		d.hist.merge(o.hist)
	}
}

// plus adds durations that are not negative; at the largest one it stays there.
func plus(a, b time.Duration) time.Duration {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// Exact reports whether percentiles are exact.
func (d *Dist) Exact() bool { return d == nil || (d.hist == nil && d.Unseen == 0) }

// Mean is Sum / Count; zero without values.
func (d *Dist) Mean() time.Duration {
	if d == nil || d.Count == 0 {
		return 0
	}
	return d.Sum / time.Duration(d.Count)
}

// Percentile gives the nearest-rank percentile: the smallest value such that at least p percent of all values are not
// larger. p is in (0, 100]; without values the result is zero.
func (d *Dist) Percentile(p float64) time.Duration {
	if d == nil || d.Count == d.Unseen {
		return 0
	}
	seen := d.Count - d.Unseen
	rank := rankOf(p, seen)
	if rank >= seen {
		return d.Max
	}
	if d.hist != nil {
		return min(max(time.Duration(d.hist.at(rank)), d.Min), d.Max)
	}
	if !d.sorted {
		slices.Sort(d.values)
		d.sorted = true
	}
	return time.Duration(d.values[rank-1])
}

// rankOf is the nearest rank, from 1. The small subtraction keeps 99.9 % of 1000 at 999 in spite of binary fractions.
func rankOf(p float64, n int64) int64 {
	x := p / 100 * float64(n)
	r := int64(x)
	if x-float64(r) > 1e-9*float64(n) {
		r++
	}
	return min(max(r, 1), n)
}

// Bucket is a bar of a histogram: values above Low and up to High.
type Bucket struct {
	Low, High time.Duration
	Count     int64
}

// Histogram counts the values in the ranges between the given ascending bounds, with one bar below and one above.
func (d *Dist) Histogram(bounds []time.Duration) []Bucket {
	out := make([]Bucket, len(bounds)+1)
	for i := range out {
		if i > 0 {
			out[i].Low = bounds[i-1]
		}
		if i < len(bounds) {
			out[i].High = bounds[i]
		}
	}
	if d == nil {
		return out
	}
	out[len(bounds)].High = d.Max
	d.each(func(v, n int64) {
		i, _ := slices.BinarySearch(bounds, time.Duration(v))
		out[i].Count += n
	})
	return out
}

func (d *Dist) each(f func(v, n int64)) {
	for _, v := range d.values {
		f(v, 1)
	}
	if d.hist != nil {
		d.hist.each(f)
	}
}

// histogram is log-linear: each power of two is split into 512 parts, pages are made when they are touched.
type histogram struct {
	pages [64 - subBits]*[1 << subBits]int64
}

const subBits = 10

func slot(v int64) (page, cell int) {
	page = max(0, bits.Len64(uint64(v))-subBits)
	if page == 0 {
		return 0, int(v)
	}
	// For page > 0 the upper half of the cells is in use.
	return page, int(v >> page)
}

func (h *histogram) add(v int64) { h.addN(v, 1) }

func (h *histogram) addN(v, n int64) {
	p, c := slot(v)
	if h.pages[p] == nil {
		h.pages[p] = new([1 << subBits]int64)
	}
	h.pages[p][c] += n
}

func (h *histogram) merge(o *histogram) { o.each(h.addN) }

func (h *histogram) each(f func(v, n int64)) {
	for p, page := range h.pages {
		if page == nil {
			continue
		}
		for c, n := range page {
			if n > 0 {
				f(middle(p, c), n)
			}
		}
	}
}

func middle(page, cell int) int64 {
	low := int64(cell) << page
	return low + int64(1)<<page/2
}

func (h *histogram) at(rank int64) int64 {
	var seen int64
	for p, page := range h.pages {
		if page == nil {
			continue
		}
		for c, n := range page {
			seen += n
			if seen >= rank {
				return middle(p, c)
			}
		}
	}
	return 0
}
