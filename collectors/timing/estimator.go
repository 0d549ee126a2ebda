package timing

import (
	"cmp"
	"slices"
	"time"

	"casefile/bundle/format/timing"
)

// Estimator turns exchanges with one other clock into its offset at any moment.
// The zero value is ready. It is not safe for concurrent use, and keeps at most
// maxKept exchanges: of more, the faster of two neighbours.
type Estimator struct {
	kept  []sample
	even  []sample // one of stride exchanges, whatever their delay
	seen  int
	every int // stride

	first    Exchange
	shift    float64 // seconds by which the axis is ahead of the own clock, which was set back
	lastBack float64 // when the newest answer came, on the axis
	parts    []segment
	settings []setting
	fresh    bool // parts and settings are of kept
}

// sample is an exchange on an axis that never goes back: seconds since the first.
type sample struct {
	at, delay float64 // seconds, milliseconds
	// offset is as if no clock had been set since the first exchange. own and other
	// are by how much each was, where that is known; all in milliseconds.
	offset, own, other float64
	sent               time.Time
}

const maxKept = 1024

// granularity is how fine clocks are read, in milliseconds.
const granularity = 0.001

// Add takes an exchange, in the order in which answers came. An error says that it
// cannot have happened as it says; it is left out then.
func (e *Estimator) Add(x Exchange) error {
	if err := x.check(); err != nil {
		return err
	}
	if e.seen == 0 {
		e.first = x
	}
	s := sample{delay: inMillis(x.Delay()), sent: x.T1}
	s.own, s.other = e.wasSet(x)
	s.offset = inMillis(x.Offset()) + s.own - s.other
	s.at = x.T1.Sub(e.first.T1).Seconds() + e.shift
	if x.Up1 != 0 && e.first.Up1 != 0 {
		s.at = (x.Up1 - e.first.Up1).Seconds()
	}
	back := s.at + x.T4.Sub(x.T1).Seconds()
	if back < e.lastBack && e.seen > 0 {
		e.shift += e.lastBack - back
		s.at += e.lastBack - back
		back = e.lastBack
	}
	e.lastBack = back
	e.keep(s)
	return nil
}

// wasSet returns by how much each clock was set since the first exchange, in
// milliseconds: by how much more it moved on than the one of its side that never is.
func (e *Estimator) wasSet(x Exchange) (own, other float64) {
	moved := wall(x.T1).Sub(wall(e.first.T1))
	if x.Up1 != 0 && e.first.Up1 != 0 {
		own = inMillis(moved - (x.Up1 - e.first.Up1))
	} else {
		own = inMillis(moved - x.T1.Sub(e.first.T1))
	}
	if x.Up2 != 0 && e.first.Up2 != 0 {
		other = inMillis(wall(x.T2).Sub(wall(e.first.T2)) - (x.Up2 - e.first.Up2))
	}
	return own, other
}

func (e *Estimator) keep(s sample) {
	e.fresh = false
	if e.every == 0 {
		e.every = 1
	}
	if e.seen%e.every == 0 {
		e.even = append(e.even, s)
	}
	if len(e.even) == maxKept {
		for i := range maxKept / 2 {
			e.even[i] = e.even[2*i]
		}
		e.even, e.every = e.even[:maxKept/2], 2*e.every
	}
	e.seen++
	e.kept = append(e.kept, s)
	if len(e.kept) < maxKept {
		return
	}
	slices.SortStableFunc(e.kept[1:], byTime)
	for i := 1; i < maxKept/2; i++ { // the first stays: the axis starts there
		a, b := e.kept[2*i-1], e.kept[2*i]
		if b.delay < a.delay {
			a = b
		}
		e.kept[i] = a
	}
	e.kept = e.kept[:maxKept/2]
}

func byTime(a, b sample) int { return cmp.Compare(a.at, b.at) }

// At returns the other clock at a moment of the own one; false without exchanges.
func (e *Estimator) At(t time.Time) (timing.Clock, bool) {
	if len(e.kept) == 0 {
		return timing.Clock{}, false
	}
	parts := e.segments()
	at := e.axis(t)
	i := e.covering(at)
	c := e.told(i, at)
	c.At = t
	if i+1 < len(parts) && at > parts[i].end() {
		// A clock was set in the gap, before or after this moment.
		c = either(c, e.told(i+1, at))
	}
	c.Since, c.Until = e.validity(i, at)
	c.Steps = e.Steps()
	return c, true
}

// either covers two answers of which one holds.
func either(a, b timing.Clock) timing.Clock {
	lo := min(a.OffsetMS-a.ErrorMS, b.OffsetMS-b.ErrorMS)
	hi := max(a.OffsetMS+a.ErrorMS, b.OffsetMS+b.ErrorMS)
	a.OffsetMS, a.ErrorMS = (lo+hi)/2, (hi-lo)/2
	return a
}

// covering returns the newest part that begins at or before a place on the axis.
func (e *Estimator) covering(at float64) int {
	for i := len(e.parts) - 1; i > 0; i-- {
		if e.parts[i].samples[0].at <= at {
			return i
		}
	}
	return 0
}

// axis places a moment of the own clock between the exchanges around it.
func (e *Estimator) axis(t time.Time) float64 {
	near := e.kept[0]
	for _, s := range e.kept {
		if !wall(s.sent).After(wall(t)) && s.at >= near.at {
			near = s
		}
	}
	return near.at + wall(t).Sub(wall(near.sent)).Seconds()
}

func (e *Estimator) segments() []segment {
	if !e.fresh {
		sorted := slices.Clone(e.kept)
		slices.SortStableFunc(sorted, byTime)
		e.parts, e.settings, e.fresh = split(sorted), settingsOf(sorted), true
	}
	return e.parts
}

// maxSteps is how many steps are told; what steps more often is noise.
const maxSteps = 32

// Steps returns the jumps of either clock, and the changes of route that look like one.
func (e *Estimator) Steps() []timing.Step {
	if len(e.kept) == 0 {
		return nil
	}
	parts := e.segments()
	steps := knownSteps(e.settings)
	for i := 1; i < len(parts) && len(steps) < maxSteps; i++ {
		before, after := &parts[i-1], &parts[i]
		last, first := before.samples[len(before.samples)-1], after.samples[0]
		a, b := before.clock(first.at), after.clock(first.at)
		steps = append(steps, timing.Step{After: wall(last.sent), Before: wall(first.sent),
			ByMS: b.OffsetMS - a.OffsetMS, ErrorMS: a.ErrorMS + b.ErrorMS, Certain: contradict(before, after)})
	}
	slices.SortStableFunc(steps, func(a, b timing.Step) int { return a.Before.Compare(b.Before) })
	return steps
}

// Points returns the fastest exchange of each of n equal parts of the time.
func (e *Estimator) Points(n int) []timing.Point {
	if len(e.kept) == 0 || n <= 0 {
		return nil
	}
	e.segments()
	sorted := slices.Clone(e.kept)
	slices.SortStableFunc(sorted, byTime)
	begin, span := sorted[0].at, sorted[len(sorted)-1].at-sorted[0].at
	best := make([]*sample, n)
	for i := range sorted {
		k := 0
		if span > 0 {
			k = min(n-1, int(float64(n)*(sorted[i].at-begin)/span))
		}
		if best[k] == nil || sorted[i].delay < best[k].delay {
			best[k] = &sorted[i]
		}
	}
	var points []timing.Point
	for _, s := range best {
		if s != nil {
			points = append(points, timing.Point{At: wall(s.sent), OffsetMS: s.offset + e.settings[e.setting(s.at)].sum(), RTTMS: s.delay})
		}
	}
	return points
}

// leastForQueue is how few exchanges say nothing about a 90th percentile.
const leastForQueue = 20

// Queue tells how long messages waited on each way, beyond the fastest.
func (e *Estimator) Queue() *timing.Queue {
	if len(e.even) < leastForQueue {
		return nil
	}
	e.segments()
	var there, back []float64
	for _, s := range e.even {
		p := &e.parts[e.covering(s.at)]
		// An offset above the line means that the question took longer than the answer.
		extra, off := (s.delay-p.fastest)/2, s.offset-p.line(s.at)
		there = append(there, max(0, extra+off))
		back = append(back, max(0, extra-off))
	}
	return &timing.Queue{ThereP90: quantile(there, 0.9), BackP90: quantile(back, 0.9)}
}

func quantile(list []float64, q float64) float64 {
	slices.Sort(list)
	return list[min(len(list)-1, int(q*float64(len(list))))]
}

// Join estimates the clock of a link at a moment from the points of its phases.
func Join(phases []timing.Phase, t time.Time) (timing.Clock, bool) {
	var points []timing.Point
	for _, p := range phases {
		points = append(points, p.Points...)
	}
	slices.SortStableFunc(points, func(a, b timing.Point) int { return a.At.Compare(b.At) })
	var e Estimator
	for _, p := range points {
		_ = e.Add(fromPoint(p)) // an impossible point of a foreign record says nothing
	}
	return e.At(t)
}
