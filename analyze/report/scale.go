package report

import (
	"casefile/analyze/say"
	"math"
	"strconv"
	"time"
)

// scale maps values to coordinates.
type scale struct {
	min, max float64
	from, to float64 // coordinates of min and max
	log      bool
}

func (s scale) at(v float64) float64 {
	a, b := s.min, s.max
	if s.log {
		v, a, b = math.Log10(max(v, s.min)), math.Log10(a), math.Log10(b)
	}
	if b == a {
		return s.from
	}
	return s.from + (s.to-s.from)*min(1, max(0, (v-a)/(b-a)))
}

// tick is a mark of an axis.
type tick struct {
	value float64
	label string
}

// niceStep is 1, 2 or 5 times a power of ten, so that at most n steps make up the range.
func niceStep(span float64, n int) float64 {
	if span <= 0 || math.IsInf(span, 0) || math.IsNaN(span) {
		return 1
	}
	step := math.Pow(10, math.Floor(math.Log10(span/float64(n))))
	for _, f := range []float64{1, 2, 5, 10} {
		if span/(step*f) <= float64(n)*1.0001 {
			return step * f
		}
	}
	return step * 10
}

// linear gives a scale from zero to a round number at or above the top, with at most n steps.
func linear(top float64, n int, label func(float64) string) (upper float64, ticks []tick) {
	if top <= 0 || math.IsNaN(top) || math.IsInf(top, 0) {
		top = 1
	}
	step := niceStep(top, n)
	steps := math.Ceil(top/step - 1e-9)
	for i := 0.0; i <= steps; i++ {
		ticks = append(ticks, tick{i * step, label(i * step)})
	}
	return steps * step, ticks
}

// bytesAxis is linear with steps that are round in powers of 1024.
func bytesAxis(top float64, n int) (upper float64, ticks []tick) {
	unit := 1.0
	for top/unit >= 1024 && unit < 1<<50 {
		unit *= 1024
	}
	upper, ticks = linear(top/unit, n, func(v float64) string { return say.Bytes(v * unit) })
	for i := range ticks {
		ticks[i].value *= unit
	}
	return upper * unit, ticks
}

// decades gives a logarithmic scale of whole powers of ten around the values.
func decades(low, high float64, label func(float64) string) (lo, hi float64, ticks []tick) {
	if low <= 0 || math.IsNaN(low) {
		low = 0.01
	}
	high = max(high, low)
	a, b := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	if b <= a {
		b = a + 1
	}
	for e := a; e <= b; e++ {
		ticks = append(ticks, tick{math.Pow(10, e), label(math.Pow(10, e))})
	}
	return math.Pow(10, a), math.Pow(10, b), ticks
}

// timeSteps are the distances that ticks of a time axis may have.
var timeSteps = []time.Duration{time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

func timeStep(length time.Duration, n int) time.Duration {
	for _, s := range timeSteps {
		if length/s <= time.Duration(n) {
			return s
		}
	}
	day := 24 * time.Hour
	return day * time.Duration(niceStep(float64(length)/float64(day), n))
}

// timeTicks marks round moments in UTC; values are Unix nanoseconds as of axisTime.
func timeTicks(from, to time.Time, n int) []tick {
	if !to.After(from) {
		return nil
	}
	step := timeStep(to.Sub(from), n)
	layout := "15:04:05"
	switch {
	case step >= 24*time.Hour:
		layout = "Jan 2"
	case step >= time.Minute && from.UTC().Format(time.DateOnly) != to.UTC().Format(time.DateOnly):
		layout = "Jan 2 15:04"
	case step >= time.Minute:
		layout = "15:04"
	case step < time.Second:
		layout = "05.000"
	}
	var out []tick
	for t := from.UTC().Truncate(step); !t.After(to) && len(out) < 64; t = t.Add(step) {
		if !t.Before(from) {
			out = append(out, tick{t.Sub(from).Seconds(), t.Format(layout)})
		}
	}
	return out
}

// sinceTicks marks round times since a start; values are seconds.
func sinceTicks(length time.Duration, n int) []tick {
	if length <= 0 {
		return nil
	}
	step := timeStep(length, n)
	var out []tick
	for at := time.Duration(0); at <= length && len(out) < 64; at += step {
		out = append(out, tick{at.Seconds(), since(at, step)})
	}
	return out
}

func since(at, step time.Duration) string {
	switch {
	case at == 0:
		return "0"
	case step < time.Second:
		return millis(at) + " ms"
	case step < time.Minute:
		if at%time.Minute != 0 && at > 2*time.Minute {
			return strconv.Itoa(int(at.Minutes())) + ":" + strconv.Itoa(100 + int(at.Seconds())%60)[1:]
		}
		return say.Took(at)
	case step < time.Hour && at < 2*time.Hour:
		return say.Number(at.Minutes()) + " min"
	case step < 24*time.Hour:
		return say.Number(at.Hours()) + " h"
	}
	return say.Number(at.Hours()/24) + " d"
}
