package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// process makes n values around a mean, with the deviation sd and the correlation rho of one with the next.
func process(r *rand.Rand, n int, mean, sd, rho float64) []float64 {
	out := make([]float64, n)
	at := r.NormFloat64()
	for i := range out {
		out[i] = mean * (1 + sd*at)
		at = rho*at + math.Sqrt(1-rho*rho)*r.NormFloat64()
	}
	return out
}

// pauses makes n times of a long tail, whose level drifts.
func pauses(r *rand.Rand, n int, median float64) []float64 {
	level := process(r, n, 1, 0.2, 0.8)
	for i := range level {
		level[i] = median * math.Exp(level[i]-1+0.4*r.NormFloat64())
	}
	return level
}

// The intervals hold the truth about as often as they say, for series of every kind, and what is the same is seldom told
// to differ.
func TestIntervals(t *testing.T) {
	const trials, factor = 120, 1.2
	for _, c := range []struct {
		name string
		make func(r *rand.Rand, scale float64) Sample
	}{
		{"independent", func(r *rand.Rand, k float64) Sample { return Sample{Num: process(r, 60, k, 0.2, 0)} }},
		{"correlated", func(r *rand.Rand, k float64) Sample { return Sample{Num: process(r, 120, k, 0.2, 0.7)} }},
		{"much correlated", func(r *rand.Rand, k float64) Sample { return Sample{Num: process(r, 300, k, 0.2, 0.9)} }},
		{"few", func(r *rand.Rand, k float64) Sample { return Sample{Num: process(r, 8, k, 0.1, 0)} }},
		{"ratio", func(r *rand.Rand, k float64) Sample {
			den := process(r, 100, 50, 0.3, 0.5)
			num := process(r, 100, k, 0.1, 0.3)
			for i := range num {
				num[i] *= den[i]
			}
			return Sample{Num: num, Den: den}
		}},
		{"median of pauses", func(r *rand.Rand, k float64) Sample { return Sample{Num: pauses(r, 200, k), Quantile: 0.5} }},
		{"p90 of pauses", func(r *rand.Rand, k float64) Sample { return Sample{Num: pauses(r, 400, k), Quantile: 0.9} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			covered, alarms, found := 0, 0, 0
			for range trials {
				d := Compare([]Sample{c.make(r, 10)}, []Sample{c.make(r, 10*factor)}, 0.001)
				if 1+d.Low <= factor && factor <= 1+d.High {
					covered++
				}
				if d.P < 0.05 {
					found++
				}
				if same := Compare([]Sample{c.make(r, 10)}, []Sample{c.make(r, 10)}, 0.001); same.P < 0.05 {
					alarms++
				}
			}
			t.Logf("covered %d, alarms %d, found %d of %d", covered, alarms, found, trials)
			if covered < trials*90/100 || alarms > trials*10/100 {
				t.Errorf("intervals hold the truth in %d of %d, %d false alarms", covered, trials, alarms)
			}
		})
	}
}

// Runs that differ from each other widen the interval as much as they differ.
func TestRuns(t *testing.T) {
	const trials, factor, apart = 300, 1.2, 0.05
	r := rand.New(rand.NewPCG(3, 4))
	side := func(level float64) (runs []Sample) {
		for range 4 {
			runs = append(runs, Sample{Num: process(r, 40, level*math.Exp(apart*r.NormFloat64()), 0.1, 0.3)})
		}
		return runs
	}
	covered := 0
	for range trials {
		d := Compare(side(10), side(10*factor), 0.02)
		if 1+d.Low <= factor && factor <= 1+d.High {
			covered++
		}
	}
	if covered < trials*88/100 {
		t.Errorf("intervals hold the truth in %d of %d", covered, trials)
	}
}

// Rare events are compared exactly.
func TestFewEvents(t *testing.T) {
	count := func(events int) Sample {
		s := Sample{Num: make([]float64, 60), Den: make([]float64, 60)}
		for i := range s.Den {
			s.Den[i] = 1
		}
		for i := range events {
			s.Num[i*60/max(events, 1)]++
		}
		return s
	}
	for _, c := range []struct {
		a, b      int
		different bool
	}{{0, 0, false}, {1, 3, false}, {0, 3, false}, {2, 14, true}, {0, 10, true}, {15, 3, true}, {8, 11, false}} {
		d := Compare([]Sample{count(c.a)}, []Sample{count(c.b)}, 0.02)
		if d.P < 0.05 != c.different || math.IsNaN(d.Change) || d.Low > d.Change || d.High < d.Change {
			t.Errorf("%d and %d events: p %.3f, %+v", c.a, c.b, d.P, d)
		}
	}
}

// Too little is told, with how much more it takes.
func TestTooLittle(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	short := Compare([]Sample{{Num: process(r, 3, 10, 0.1, 0)}}, []Sample{{Num: process(r, 60, 10, 0.1, 0)}}, 0.02)
	if short.Enough || short.Lacks < 1.5 {
		t.Errorf("three values are enough: %+v", short)
	}
	tail := Compare([]Sample{{Num: pauses(r, 50, 10), Quantile: 0.99}}, []Sample{{Num: pauses(r, 50, 10), Quantile: 0.99}}, 0.02)
	if tail.Enough || tail.Lacks < 5 {
		t.Errorf("the last of 50 values is a percentile: %+v", tail)
	}
	noisy := Compare([]Sample{{Num: process(r, 20, 10, 1, 0)}}, []Sample{{Num: process(r, 20, 10, 1, 0)}}, 0.02)
	if more := noisy.More(0.1); !(more > 2) {
		t.Errorf("an interval of %.0f %% needs %.1f times the time", 100*noisy.Half, more)
	}
	if empty := Compare([]Sample{{}}, []Sample{{}}, 0.02); empty.Enough {
		t.Error("nothing is enough")
	}
}

func TestBlockLength(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	mean := func(rho float64) (b float64) {
		for range 50 {
			b += BlockLength(process(r, 500, 10, 0.2, rho)) / 50
		}
		return b
	}
	if a, b, c := mean(0), mean(0.5), mean(0.9); !(a < 4 && a < b && b < c && c > 12) {
		t.Errorf("blocks of %.1f, %.1f, %.1f values", a, b, c)
	}
	if BlockLength(make([]float64, 100)) != 1 {
		t.Error("a constant has no correlation")
	}
}

func TestCorrect(t *testing.T) {
	got := Correct([]float64{0.01, 0.04, 0.03, 0.5})
	want := []float64{0.04, 0.16 / 3, 0.16 / 3, 0.5}
	if !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
		t.Errorf("%v, want %v", got, want)
	}
}
