package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Replicates of a bootstrap: the error of a standard error is then 3.5 %.
const replicates = 400

// BlockLength is how many successive values a block of a circular block bootstrap should hold, by the autocorrelation
// of the values (Politis and White 2004; Patton, Politis and White 2009).
func BlockLength(x []float64) float64 {
	n := len(x)
	if n < 4 {
		return 1
	}
	longest := max(1, min(3*math.Sqrt(float64(n)), float64(n)/(leastBlocks+1)))
	lags := int(math.Ceil(math.Sqrt(float64(n)))) + quietLags(n)
	r := autocovariance(x, min(lags, n-1))
	if r[0] <= 0 {
		return 1
	}
	m := min(2*lastLag(r, n), len(r)-1)
	spread, spectrum := 0.0, r[0]
	for k := 1; k <= m; k++ {
		w := flatTop(float64(k) / float64(m))
		spread += 2 * w * float64(k) * r[k]
		spectrum += 2 * w * r[k]
	}
	d := 4.0 / 3 * spectrum * spectrum
	if d <= 0 || spread == 0 {
		return 1
	}
	return min(max(math.Cbrt(2*spread*spread/d*float64(n)), 1), longest)
}

// quietLags is how many lags without correlation end the search for the last one with it.
func quietLags(n int) int { return max(5, int(math.Sqrt(math.Log10(float64(n))))) }

// lastLag is the last lag whose correlation is not noise.
func lastLag(r []float64, n int) int {
	noise := 2 * math.Sqrt(math.Log10(float64(n))/float64(n))
	quiet := 0
	for k := 1; k < len(r); k++ {
		if math.Abs(r[k]/r[0]) >= noise {
			quiet = 0
			continue
		}
		if quiet++; quiet == quietLags(n) {
			return max(k-quiet, 1)
		}
	}
	return max(len(r)-1-quiet, 1)
}

// flatTop is the lag window of Politis and Romano 1995.
func flatTop(t float64) float64 {
	if t <= 0.5 {
		return 1
	}
	return max(0, 2*(1-t))
}

func autocovariance(x []float64, lags int) []float64 {
	mean := sum(x) / float64(len(x))
	r := make([]float64, lags+1)
	for k := range r {
		for i := range len(x) - k {
			r[k] += (x[i] - mean) * (x[i+k] - mean)
		}
		r[k] /= float64(len(x))
	}
	return r
}

// errorOf is the standard error of a sample's measure, of its logarithm or of itself, and how many blocks the sample has.
func errorOf(s *Sample, logarithm bool) (se, blocks float64) {
	se, blocks = plainError(s, logarithm)
	if s.Scale == 0 {
		return se, blocks
	}
	if logarithm {
		return math.Hypot(se, s.ScaleSE), blocks
	}
	return math.Hypot(se*s.Scale, s.ScaleSE*s.Value()), blocks
}

// plainError is the same without the scale, by bootstrap.
func plainError(s *Sample, logarithm bool) (se, blocks float64) {
	if s.Given != nil {
		se = s.Given.SE
		if !logarithm {
			se *= s.Given.Value
		}
		return se, float64(s.Given.N)
	}
	s = s.bounded()
	n := len(s.Num)
	x := s.influence()
	length := BlockLength(x)
	if n < 2 {
		return math.Inf(1), float64(n) / length
	}
	rho := persistence(x)
	se, blocks = s.bootstrap(length, rho, logarithm)
	if n < longBlocks {
		blocks = min(blocks, episodes(x))
	}
	if root := math.Sqrt(float64(n)); n >= longBlocks && root > length {
		if long, fewer := s.bootstrap(root, rho, logarithm); long > se {
			se, blocks = long, fewer
		}
	}
	if rounding := s.Resolution / 2; rounding > 0 {
		if logarithm {
			rounding /= s.plain()
		}
		se = max(se, rounding)
	}
	return se, blocks
}

// episodes is how many independent values a short series has at most, by how often it crosses its mean: independent values do at every other
// step. One hump of a queue that filled once is one episode, however many values tell of it.
func episodes(x []float64) float64 {
	mean, crossed := sum(x)/float64(len(x)), 0
	if slices.Max(x)-slices.Min(x) <= 1e-9*math.Abs(mean) { // it does not move at all
		return float64(len(x))
	}
	for i := 1; i < len(x); i++ {
		if (x[i] > mean) != (x[i-1] > mean) {
			crossed++
		}
	}
	return float64(2*crossed + 1)
}

// longBlocks is from how many values on blocks as long as their root are tried too: a slow drift below much noise shows
// in no single correlation.
const longBlocks = 36

// bootstrap is the standard error by blocks of a length, corrected for what blocks of this length miss of a series whose
// values follow each other with the correlation rho, and for being taken around the sample's own measure.
func (s *Sample) bootstrap(length, rho float64, logarithm bool) (se, blocks float64) {
	whole := max(int(math.Round(length)), 1)
	values := resampled(s, whole)
	if logarithm {
		values = logarithms(values)
	}
	b := float64(whole)
	blocks = float64(len(s.Num)) / b
	all := (1 + rho) / (1 - rho)
	seen := all - 2*rho*(1-math.Pow(rho, b))/(b*(1-rho)*(1-rho))
	return deviation(values) * math.Sqrt(blocks/max(blocks-1, 0.5)) * math.Sqrt(max(all/seen, 1)), blocks
}

// persistence is the correlation of a value with the next, without the bias of a short series (Kendall 1954); one that
// may be noise is none.
func persistence(x []float64) float64 {
	n := float64(len(x))
	r := autocovariance(x, 1)
	if r[0] <= 0 {
		return 0
	}
	rho := r[1] / r[0]
	if rho < 1/math.Sqrt(n) {
		return 0
	}
	return min(rho+(1+3*rho)/n, 0.97)
}

// logarithms leaves out what has none.
func logarithms(values []float64) []float64 {
	out := values[:0]
	for _, v := range values {
		if v > 0 {
			out = append(out, math.Log(v))
		}
	}
	return out
}

func deviation(v []float64) float64 {
	if len(v) < 2 {
		return math.Inf(1)
	}
	mean, squares := sum(v)/float64(len(v)), 0.0
	for _, x := range v {
		squares += (x - mean) * (x - mean)
	}
	return math.Sqrt(squares / float64(len(v)-1))
}

// resampled is the measure of each replicate: blocks of successive values that begin anywhere, the end followed by the
// beginning, until there are as many values as the sample has.
func resampled(s *Sample, length int) []float64 {
	n := len(s.Num)
	random := rand.New(rand.NewPCG(uint64(n), uint64(length)))
	measure := s.replicate()
	out := make([]float64, 0, replicates)
	rows := make([]int, n)
	for range replicates {
		for filled := 0; filled < n; {
			start := random.IntN(n)
			for i := 0; i < length && filled < n; i++ {
				rows[filled] = (start + i) % n
				filled++
			}
		}
		if v := measure(rows); !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, v)
		}
	}
	return out
}

// replicate gives a function for the measure of the values at some rows.
func (s *Sample) replicate() func(rows []int) float64 {
	if s.Quantile > 0 {
		return s.replicateQuantile()
	}
	den := s.denominators()
	return func(rows []int) float64 {
		a, b := 0.0, 0.0
		for _, i := range rows {
			a, b = a+s.Num[i], b+den[i]
		}
		return ratio(a, b)
	}
}

// replicateQuantile counts how often each value was drawn, in the order of the values, instead of sorting anew.
func (s *Sample) replicateQuantile() func(rows []int) float64 {
	n := len(s.Num)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case s.Num[a] < s.Num[b]:
			return -1
		case s.Num[a] > s.Num[b]:
			return 1
		}
		return a - b
	})
	place := make([]int, n)
	for at, i := range order {
		place[i] = at
	}
	drawn := make([]int, n)
	return func(rows []int) float64 {
		clear(drawn)
		for _, i := range rows {
			drawn[place[i]]++
		}
		left := rankOf(n, s.Quantile)
		for at, k := range drawn {
			if left -= k; left < 0 {
				return s.Num[order[at]]
			}
		}
		return math.NaN()
	}
}
