package timing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"casefile/bundle/format/timing"
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

// twice reports whether a clock that was set back shows the reading of a moment twice,
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

// What is told is not only true but tight: the bound is half of the smallest round
// trip and what the drift adds, equal ways give the offset itself, and round trips
// are what they are.
func TestSimulatedFigures(t *testing.T) {
	close := 0
	for seed := range uint64(trials) {
		n, every, span := draw(3000 + seed)
		n.back = n.there
		tally := NewTally(timing.UDP, n.own.at(0))
		var rtts []float64
		for s := 0.0; s < span; s += every {
			tally.Sent()
			if x, rtt, ok := n.exchange(s); ok {
				tally.Answered(x)
				rtts = append(rtts, rtt*1000)
			}
		}
		slices.Sort(rtts)
		m := tally.Measured(n.own.at(span))
		if m.Count-m.Lost != len(rtts) || m.Refused > 0 || m.RTT.Count != int64(len(rtts)) {
			t.Fatalf("seed %d: %+v, %d answered", seed, m, len(rtts))
		}
		for _, c := range []struct{ got, want float64 }{{m.RTT.Min, rtts[0]}, {m.RTT.P50, rtts[(len(rtts)-1)/2]}, {m.RTT.Max, rtts[len(rtts)-1]}} {
			if math.Abs(c.got-c.want) > max(0.1*c.want, 0.2) {
				t.Errorf("seed %d: round trip %.4f ms, truth %.4f", seed, c.got, c.want)
			}
		}
		if most := rtts[0]/2 + 2*granularity + m.Clock.DriftErrorPPM*span/1000; m.Clock.ErrorMS > most {
			t.Errorf("seed %d: bound %.4f ms, want at most %.4f", seed, m.Clock.ErrorMS, most)
		}
		if math.Abs(m.Clock.OffsetMS-n.truth(span)) < m.Clock.ErrorMS/2 {
			close++
		}
	}
	if close < trials*9/10 {
		t.Errorf("equal ways: %d of %d offsets within half of the bound", close, trials)
	}
}

// The phases of a link, each with its best points, give one clock for all of it.
func TestJoinedPhases(t *testing.T) {
	held := 0
	for seed := range uint64(trials) {
		n, every, _ := draw(4000 + seed)
		var phases []timing.Phase
		for k, from := range []float64{0, 10, 70} {
			tally := NewTally(timing.UDP, n.own.at(from))
			length := []float64{5, 60, 5}[k]
			for s := from; s < from+length; s += every {
				tally.Sent()
				if x, _, ok := n.exchange(s); ok {
					tally.Answered(x)
				}
			}
			phases = append(phases, timing.Phase{Measured: *tally.Measured(n.own.at(from + length))})
		}
		ok := true
		for _, at := range []float64{0, 7, 40, 75} {
			c, known := Join(phases, n.own.at(at))
			ok = ok && known && math.Abs(c.OffsetMS-n.truth(at)) <= c.ErrorMS
		}
		if ok {
			held++
		}
	}
	if held*100 < trials*99 {
		t.Errorf("the truth was within the bound in %d of %d trials", held, trials)
	}
}

// A long run keeps a bounded number of exchanges and forgets none of the fast ones' use.
func TestEstimatorIsBounded(t *testing.T) {
	n, _, _ := draw(1)
	n.loss = 0
	var e Estimator
	n.run(&e, 0.1, 3600)
	if len(e.kept) > maxKept || len(e.even) > maxKept {
		t.Errorf("%d and %d exchanges kept", len(e.kept), len(e.even))
	}
	c, _ := e.At(n.own.at(3600))
	if math.Abs(c.OffsetMS-n.truth(3600)) > c.ErrorMS || math.Abs(c.DriftPPM-(n.other.ppm-n.own.ppm)) > c.DriftErrorPPM {
		t.Errorf("%+v, truth %v", c, n.truth(3600))
	}
}

// Steps are told with time, size and whose clock it was.
func TestStepsAreTold(t *testing.T) {
	n, _, _ := draw(2)
	n.loss, n.monotonic = 0, true
	n.other.stepAt, n.other.step = 12.05, 0.25
	n.own.stepAt, n.own.step = 30.05, -2
	var e Estimator
	n.run(&e, 0.1, 60)
	steps := e.Steps()
	if len(steps) != 2 {
		t.Fatalf("%+v", steps)
	}
	for i, want := range []timing.Step{{ByMS: 250, Whose: "to"}, {ByMS: 2000, Whose: "from"}} {
		s := steps[i]
		if s.Whose != want.Whose || math.Abs(s.ByMS-want.ByMS) > s.ErrorMS || !s.Certain {
			t.Errorf("%+v, want %+v", s, want)
		}
	}
	var untold Estimator
	n.monotonic, n.own.step = false, 0
	n.run(&untold, 0.1, 60)
	if s := untold.Steps(); len(s) != 1 || !s[0].Certain || math.Abs(s[0].ByMS-250) > s[0].ErrorMS || s[0].After.After(n.own.at(12.05)) || s[0].Before.Before(n.own.at(12.05)) {
		t.Errorf("%+v", s)
	}
}

func TestExchange(t *testing.T) {
	at := func(ms int) time.Time { return simulationEpoch.Add(time.Duration(ms) * time.Millisecond) }
	x := Exchange{T1: at(0), T2: at(105), T3: at(107), T4: at(12)}
	if x.Delay() != 10*time.Millisecond || x.Offset() != 100*time.Millisecond || x.ErrorBound() != 5*time.Millisecond {
		t.Errorf("%v %v %v", x.Delay(), x.Offset(), x.ErrorBound())
	}
	var e Estimator
	for name, bad := range map[string]Exchange{
		"no times": {}, "answer before question": {T1: at(10), T2: at(0), T3: at(1), T4: at(5)},
		"held for longer than it was away": {T1: at(0), T2: at(0), T3: at(20), T4: at(10)}, "backwards there": {T1: at(0), T2: at(5), T3: at(2), T4: at(10)},
		"an hour away": {T1: at(0), T2: at(5), T3: at(5), T4: at(3600_000)},
	} {
		if e.Add(bad) == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, known := e.At(at(0)); known || e.Steps() != nil || e.Points(3) != nil || e.Queue() != nil {
		t.Error("an estimate without exchanges")
	}
}

// Queues are told by direction.
func TestQueue(t *testing.T) {
	n := network{rng: rand.New(rand.NewPCG(5, 5)), there: way{1e-3, 5e-3}, back: way{1e-3, 0.1e-3}, other: virtualClock{offset: 5, ppm: 40}}
	var e Estimator
	n.run(&e, 0.1, 60)
	if q := e.Queue(); q == nil || q.ThereP90 < 5 || q.BackP90 > 2 {
		t.Errorf("%+v", q)
	}
}
