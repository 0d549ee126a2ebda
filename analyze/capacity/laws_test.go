package capacity

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The bounds hold what a simulated queue does: of one server at a known utilisation.
func TestLockUseHoldsTheTruth(t *testing.T) {
	for _, even := range []bool{false, true} {
		for _, use := range []float64{0.3, 0.6, 0.8, 0.9} {
			r := rand.New(rand.NewPCG(7, uint64(100*use)))
			var clock, free, waited float64
			const n = 400_000
			for range n {
				clock += r.ExpFloat64() / use
				start := max(clock, free)
				waited += start - clock
				took := 1.0
				if !even {
					took = r.ExpFloat64()
				}
				free = start + took
			}
			got := LockUse(waited / clock)
			if use < got.Low-0.02 || use > got.High+0.02 {
				t.Errorf("even %v: a lock in use for %.2f of the time is told as %.2f to %.2f", even, use, got.Low, got.High)
			}
		}
	}
}

func TestGrowth(t *testing.T) {
	if got := Growth(Range{0.35, 0.5}, 0.7); got.Low != 1.4 || got.High != 2 {
		t.Errorf("%+v", got)
	}
	if got := Growth(Range{}, 0.7); !math.IsInf(got.Low, 1) {
		t.Errorf("%+v", got)
	}
}

// A simulated cluster with a serial part gains what lies between the bounds.
func TestFurtherNode(t *testing.T) {
	for _, shared := range []float64{0, 0.05, 0.3, 1} {
		for n := 1; n < 8; n++ {
			got := FurtherNode(n, shared)
			if got.Low > got.High || got.Low < 1-1e-9 || got.High > 2 {
				t.Errorf("%d nodes, %g shared: %+v", n, shared, got)
			}
			truth := (float64(n+1) / (1 + shared*float64(n))) / (float64(n) / (1 + shared*float64(n-1)))
			if truth < got.Low-1e-9 || truth > got.High+1e-9 {
				t.Errorf("%d nodes, %g shared: %g is not in %+v", n, shared, truth, got)
			}
		}
	}
}
