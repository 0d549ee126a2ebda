package timing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// network is two clocks and the ways between them, on a virtual clock: true time is
// what a perfect clock of the first party's start would read.
type network struct {
	rng *rand.Rand
	// own and other clock at true second s read s*(1+ppm/1e6) + offset, and from the
	// step's moment on that much more.
	own, other  virtualClock
	there, back way
	loss        float64
	monotonic   bool // exchanges carry the readings of clocks that are never set
}

type virtualClock struct{ offset, ppm, stepAt, step float64 } // seconds, ppm

var simulationEpoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (c virtualClock) at(s float64) time.Time {
	v := s + s*c.ppm/1e6 + c.offset
	if c.step != 0 && s >= c.stepAt {
		v += c.step
	}
	return simulationEpoch.Add(time.Duration(math.Round(v * 1e9)))
}

// up is what its clock that is never set reads.
func (c virtualClock) up(s float64) time.Duration {
	return time.Hour + time.Duration(math.Round((s+s*c.ppm/1e6)*1e9))
}

// way takes least seconds, and on average queue more.
type way struct{ least, queue float64 }

func (w way) take(rng *rand.Rand) float64 { return w.least + rng.ExpFloat64()*w.queue }

// exchange starts one at a true moment; false: lost.
func (n network) exchange(at float64) (Exchange, float64, bool) {
	f, hold, b := n.there.take(n.rng), n.rng.Float64()*50e-6, n.back.take(n.rng)
	x := Exchange{T1: n.own.at(at), T2: n.other.at(at + f), T3: n.other.at(at + f + hold), T4: n.own.at(at + f + hold + b)}
	if n.monotonic {
		x.Up1, x.Up2 = n.own.up(at), n.other.up(at+f)
	}
	return x, f + b, n.rng.Float64() >= n.loss
}

// truth is the offset at a true moment, in milliseconds.
func (n network) truth(at float64) float64 {
	return n.other.at(at).Sub(n.own.at(at)).Seconds() * 1000
}

func between(rng *rand.Rand, lo, hi float64) float64 { return lo * math.Pow(hi/lo, rng.Float64()) }

func sign(rng *rand.Rand) float64 { return float64(2*rng.IntN(2) - 1) }

// draw makes a network: offsets from a millisecond to minutes, drift up to 100 ppm,
// half of them with very different ways, loss up to 20 %.
func draw(seed uint64) (n network, every, span float64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	n = network{rng: rng, loss: []float64{0, 0.02, 0.2}[rng.IntN(3)]}
	n.other = virtualClock{offset: sign(rng) * between(rng, 1e-3, 300), ppm: sign(rng) * between(rng, 0.1, 100)}
	n.own = virtualClock{ppm: sign(rng) * between(rng, 0.1, 100)}
	one := between(rng, 20e-6, 50e-3)
	n.there = way{one, one * between(rng, 0.01, 2)}
	n.back = n.there
	if rng.IntN(2) == 1 {
		other := way{one * between(rng, 0.01, 30), one * between(rng, 0.01, 2)}
		if rng.IntN(2) == 1 {
			n.there = other
		} else {
			n.back = other
		}
	}
	return n, between(rng, 0.05, 0.5), between(rng, 2, 60)
}

func (n network) run(e *Estimator, every, span float64) (rtts []float64) {
	for s := 0.0; s < span; s += every {
		if x, rtt, ok := n.exchange(s); ok && e.Add(x) == nil {
			rtts = append(rtts, rtt)
		}
	}
	return rtts
}

// twice tells whether a clock that was set back shows the reading of a moment twice,
// or so soon after that no exchange has told of it.
func twice(c virtualClock, at, every float64) bool {
	if at < c.stepAt {
		return !c.at(at).Before(c.at(c.stepAt))
	}
	return at < c.stepAt+10*every
}

const trials = 200

// within counts how often the truth lies within what is told, at some moments of a run and after it.
func within(t *testing.T, kind string, seedBase uint64, prepare func(*network, float64)) {
	t.Helper()
	checked, held, driftHeld := 0, 0, 0
	var worst string
	for seed := range uint64(trials) {
		n, every, span := draw(seedBase + seed)
		prepare(&n, span)
		var e Estimator
		if len(n.run(&e, every, span)) == 0 {
			t.Fatalf("%s %d: every exchange lost", kind, seed)
		}
		ok := true
		for _, at := range []float64{span, span / 2, span * n.rng.Float64(), 0, span + 10} {
			if n.own.step < 0 && twice(n.own, at, every) {
				continue
			}
			c, known := e.At(n.own.at(at))
			if !known {
				t.Fatal("no estimate")
			}
			if off := math.Abs(c.OffsetMS - n.truth(at)); !(off <= c.ErrorMS) {
				ok = false
				worst = fmt.Sprintf("seed %d, %.2f of %.2f s: %.4f ms, truth %.4f, bound %.4f, steps %d (%.2f %.2f)", seedBase+seed, at, span, c.OffsetMS, n.truth(at), c.ErrorMS, len(c.Steps), n.own.stepAt, n.other.stepAt)
				t.Log(worst)
			}
		}
		checked++
		if ok {
			held++
		}
		c, _ := e.At(n.own.at(span))
		if math.Abs(c.DriftPPM-(n.other.ppm-n.own.ppm)) <= c.DriftErrorPPM+0.01 {
			driftHeld++
		}
	}
	t.Logf("%s: the truth was within the bound in %d of %d trials, drift in %d", kind, held, checked, driftHeld)
	if held*100 < checked*99 {
		t.Errorf("%s: %d of %d trials within the bound; %s", kind, held, checked, worst)
	}
	if driftHeld*100 < checked*99 {
		t.Errorf("%s: drift within its error in %d of %d trials", kind, driftHeld, checked)
	}
}

func TestSimulatedClocks(t *testing.T) {
	within(t, "even clocks", 0, func(*network, float64) {})
}

// Steps of both clocks that the other side's monotonic clock gives away.
func TestSimulatedSteps(t *testing.T) {
	both := map[string]func(*network) *virtualClock{
		"other": func(n *network) *virtualClock { return &n.other },
		"own":   func(n *network) *virtualClock { return &n.own },
	}
	for whose, clock := range both {
		within(t, whose+" clock set", 1000, func(n *network, span float64) {
			n.monotonic = true
			c := clock(n)
			c.stepAt, c.step = span*(0.2+0.6*n.rng.Float64()), sign(n.rng)*between(n.rng, 1e-3, 100)
		})
	}
}

// Without monotonic readings a step shows only where it is larger than the round trip.
func TestSimulatedStepsUntold(t *testing.T) {
	within(t, "other clock set, untold", 2000, func(n *network, span float64) {
		n.other.stepAt, n.other.step = span*(0.2+0.6*n.rng.Float64()), sign(n.rng)*between(n.rng, 0.2, 100)
	})
}
