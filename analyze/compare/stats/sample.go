package stats

import (
	"math"
	"slices"
)

// Most values of one sample that are looked at. More windows are joined to fewer; of more events every k-th stays.
const (
	maxWindows = 1024
	maxEvents  = 8192
)

// Sample is what one run shows of a measure, in the order of time.
type Sample struct {
	// Num and Den are sums of windows: the measure is sum(Num)/sum(Den). A nil Den counts windows: their mean.
	Num, Den []float64
	// Quantile, between 0 and 1, makes it that quantile of Num, which are events then.
	Quantile float64
	// Resolution is the step that values are rounded to; 0: none.
	Resolution float64
	// Seconds is how much time the sample covers.
	Seconds float64
	// Scale multiplies the measure where it is not 0; ScaleSE is the standard error of its logarithm.
	Scale, ScaleSE float64
	// Given is a median with the standard error of its logarithm, where no single values were kept; Num is nil then.
	Given *Given
}

// Given is a figure that was summed up before.
type Given struct {
	Value, SE float64
	N         int
}

// Len is the number of windows or events.
func (s *Sample) Len() int {
	if s.Given != nil {
		return s.Given.N
	}
	return len(s.Num)
}

// Value is the measure; NaN where the sample does not say.
func (s *Sample) Value() float64 {
	if s.Scale != 0 {
		return s.Scale * s.plain()
	}
	return s.plain()
}

func (s *Sample) plain() float64 {
	switch {
	case s.Given != nil:
		return s.Given.Value
	case len(s.Num) == 0:
		return math.NaN()
	case s.Quantile > 0:
		return quantile(slices.Sorted(slices.Values(s.Num)), s.Quantile)
	}
	return ratio(sum(s.Num), s.total())
}

func (s *Sample) total() float64 {
	if s.Den == nil {
		return float64(len(s.Num))
	}
	return sum(s.Den)
}

// quantile is by nearest rank.
func quantile(sorted []float64, q float64) float64 {
	return sorted[rankOf(len(sorted), q)]
}

func rankOf(n int, q float64) int {
	return min(max(int(math.Ceil(q*float64(n)))-1, 0), n-1)
}

func sum(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

func ratio(num, den float64) float64 {
	if den == 0 {
		return math.NaN()
	}
	return num / den
}

// bounded is the sample with so few values that a bootstrap of it is fast.
func (s *Sample) bounded() *Sample {
	out := *s
	if s.Quantile > 0 {
		if each := (len(s.Num) + maxEvents - 1) / maxEvents; each > 1 {
			out.Num = nil
			for i := 0; i < len(s.Num); i += each {
				out.Num = append(out.Num, s.Num[i])
			}
		}
		return &out
	}
	if each := (len(s.Num) + maxWindows - 1) / maxWindows; each > 1 {
		out.Num, out.Den = joined(s.Num, each), joined(s.denominators(), each)
	}
	return &out
}

func (s *Sample) denominators() []float64 {
	if s.Den != nil {
		return s.Den
	}
	ones := make([]float64, len(s.Num))
	for i := range ones {
		ones[i] = 1
	}
	return ones
}

func joined(v []float64, each int) (out []float64) {
	for chunk := range slices.Chunk(v, each) {
		out = append(out, sum(chunk))
	}
	return out
}

// influence is how far each value pulls the measure, apart from a constant: what its autocorrelation is judged by.
func (s *Sample) influence() []float64 {
	at := s.plain()
	out := make([]float64, len(s.Num))
	den := s.denominators()
	for i, v := range s.Num {
		if s.Quantile > 0 {
			if v <= at {
				out[i] = 1
			}
			continue
		}
		out[i] = v - at*den[i]
	}
	return out
}

// Error is the standard error of the logarithm of the measure.
func (s *Sample) Error() float64 {
	se, _ := errorOf(s, true)
	return se
}
