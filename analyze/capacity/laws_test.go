package capacity

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The bounds hold what a simulated queue does: of so many servers at a known utilisation.
func TestQueueUseHoldsTheTruth(t *testing.T) {
	for _, servers := range []int{1, 5, 20} {
		for _, even := range []bool{false, true} {
			for _, use := range []float64{0.3, 0.6, 0.8, 0.9} {
				waiting, queues := simulated(servers, use, even)
				if length, share := queueAt(servers, use); !even && (math.Abs(length-waiting) > 0.05+0.1*length || math.Abs(share-queues) > 0.03) {
					t.Errorf("%d servers, in use for %.2f: the queue is %.2f long and there for %.2f of the time, simulated %.2f and %.2f", servers, use, length, share, waiting, queues)
				}
				if waiting < 0.01 {
					continue // nothing waits that tells
				}
				if got := QueueUse(servers, waiting); use < got.Low-0.03 || use > got.High+0.03 || got.Low > got.High {
					t.Errorf("%d servers, even %v: in use for %.2f of the time is told as %.2f to %.2f", servers, even, use, got.Low, got.High)
				}
			}
		}
	}
	if got := LockUse(0); got != (Range{}) {
		t.Errorf("a lock that nobody waits for: %+v", got)
	}
}

// simulated gives how many wait on average, and for which share of the time some do.
func simulated(servers int, use float64, even bool) (waiting, share float64) {
	r := rand.New(rand.NewPCG(7, uint64(100*use)+uint64(servers))) //nolint:gosec // a simulation
	free := make([]float64, servers)
	var clock, waited, queue, until float64
	const n = 300_000
	for range n {
		clock += r.ExpFloat64() / (use * float64(servers))
		first := 0
		for i := range free {
			if free[i] < free[first] {
				first = i
			}
		}
		start := max(clock, free[first])
		waited += start - clock
		if from := max(clock, until); start > from {
			queue, until = queue+start-from, start
		}
		took := 1.0
		if !even {
			took = r.ExpFloat64()
		}
		free[first] = start + took
	}
	return waited / clock, queue / clock
}

// What grows with the load, what does not and what goes may be any part of what is used: the truth lies between the bounds.
func TestGrowthHoldsTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // a property that holds for all
	for range 1000 {
		fixed, own := 0.5*r.Float64(), 0.01+0.45*r.Float64()
		gone := fixed * r.Float64()
		still := (fixed - gone) * r.Float64() // the rest of it grows too
		used := fixed + own
		truth := (1 - still) / (used - still - gone)
		if got := Growth(Range{used, used}, fixed, Range{Full.Value, 1}); truth < got.Low || truth > got.High+1e-9 {
			t.Fatalf("%.2f used, of which %.2f does not grow and %.2f goes: %.2f times is not in %+v", used, still, gone, truth, got)
		}
	}
	if got := Growth(Range{}, 0, Range{Good.Value, Good.Value}); !math.IsInf(got.Low, 1) {
		t.Errorf("%+v", got)
	}
}

// Where each request needs up to a tenth less each time the load doubles, the truth is no higher than the growth and no lower than the use foretold.
func TestLighterRequests(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10)) //nolint:gosec // a property that holds for all
	for range 1000 {
		less, now := Falls.Value*r.Float64(), 0.05+0.9*r.Float64()
		use := func(times float64) float64 { return now * times * math.Pow(1-less, math.Log2(times)) }
		truth := 1.0
		for use(truth) < 1 {
			truth += 0.001
		}
		if growth := lighter(1 / now); growth < truth-0.01 {
			t.Fatalf("%.2f used, %.2f less: it grows %.2f times, told %.2f", now, less, truth, growth)
		}
		if times := 1 + 3*r.Float64(); lightened(now, now*times) > use(times)+1e-9 {
			t.Fatalf("%.2f used, %.2f less, %.2f times the load: %.3f used, told at least %.3f", now, less, times, use(times), lightened(now, now*times))
		}
	}
}

// Of looks at random moments 95 of 100 bounds hold the truth; some more are let pass.
func TestSharesHoldTheTruth(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // a property that holds for all
	const tries = 2000
	for _, looks := range []int{3, 6, 20} {
		for _, truth := range []float64{0.02, 0.2, 0.5, 0.8, 0.97} {
			held, hidden := 0, 0
			for range tries {
				shown := 0
				for range looks {
					if r.Float64() < truth {
						shown++
					}
				}
				if got := share(shown, looks); truth >= got.Low && truth <= got.High {
					held++
				}
				if shown == 0 && truth > unseen(looks) {
					hidden++
				}
			}
			if held < tries*83/100 || hidden > tries*6/100 {
				t.Errorf("%d looks, %.2f: %d of %d bounds hold it, in %d it is used more than may be unseen", looks, truth, held, tries, hidden)
			}
		}
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
