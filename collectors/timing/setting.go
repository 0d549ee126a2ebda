package timing

import (
	"math"
	"time"

	"casefile/bundle/format/timing"
)

// setting is a stretch in which no clock was set, by the clocks' own account.
type setting struct {
	from, to   float64 // axis, first and last exchange
	own, other float64 // by how much they were set since the first exchange, milliseconds
	begin, end time.Time
}

// sum is what the settings add to the offset.
func (s setting) sum() float64 { return s.other - s.own }

// leastSetting is what counts as being set, in milliseconds. A process that is
// stopped between reading its two clocks looks like less, or like one for a moment.
const leastSetting = 0.5

// settingsOf finds where clocks were set, in samples in order of time. One sample
// that differs from both neighbours is a process that was stopped, no setting.
func settingsOf(samples []sample) []setting {
	var list []setting
	for i, s := range samples {
		own, other := s.own, s.other
		if i > 0 && i+1 < len(samples) {
			own = middle(samples[i-1].own, own, samples[i+1].own)
			other = middle(samples[i-1].other, other, samples[i+1].other)
		}
		n := len(list)
		if n == 0 || math.Abs(own-list[n-1].own) > leastSetting || math.Abs(other-list[n-1].other) > leastSetting {
			list = append(list, setting{from: s.at, own: own, other: other, begin: wall(s.sent)})
			n++
		}
		list[n-1].to, list[n-1].end = s.at, wall(s.sent)
	}
	return list
}

func middle(a, b, c float64) float64 { return max(min(a, b), min(max(a, b), c)) }

// setting returns the newest one that began at or before a place on the axis.
func (e *Estimator) setting(at float64) int {
	for i := len(e.settings) - 1; i > 0; i-- {
		if e.settings[i].from <= at {
			return i
		}
	}
	return 0
}

// told is the clock by one segment, as the clocks were set at that moment.
func (e *Estimator) told(part int, at float64) timing.Clock {
	c := e.parts[part].clock(at)
	i := e.setting(at)
	a, b := c, c
	a.OffsetMS += e.settings[i].sum()
	if i+1 == len(e.settings) || at <= e.settings[i].to {
		return a
	}
	b.OffsetMS += e.settings[i+1].sum()
	return either(a, b)
}

// validity is the time around a moment in which no clock was set, on the own clock.
func (e *Estimator) validity(part int, at float64) (since, until time.Time) {
	s := e.settings[e.setting(at)]
	p := e.parts[part].samples
	if s.from > e.settings[0].from || part > 0 {
		since = later(s.begin, wall(p[0].sent))
	}
	if s.to < e.settings[len(e.settings)-1].to || part+1 < len(e.parts) {
		until = earlier(s.end, wall(p[len(p)-1].sent))
	}
	return since, until
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// leastStep is what is told of a clock that was set, in milliseconds; less is
// corrected all the same.
const leastStep = 1.0

// knownSteps lists where a clock said itself that it was set.
func knownSteps(list []setting) []timing.Step {
	var steps []timing.Step
	for i := 1; i < len(list) && len(steps) < maxSteps; i++ {
		a, b := list[i-1], list[i]
		for _, c := range []struct {
			whose    string
			set, sum float64
		}{{"from", b.own - a.own, a.own - b.own}, {"to", b.other - a.other, b.other - a.other}} {
			if math.Abs(c.set) >= leastStep {
				steps = append(steps, timing.Step{After: a.end, Before: b.begin, ByMS: c.sum, ErrorMS: leastSetting, Certain: true, Whose: c.whose})
			}
		}
	}
	return steps
}
