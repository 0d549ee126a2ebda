package gc

import (
	"slices"
	"time"
)

// Trend is a least-squares line through values over time.
type Trend struct {
	Points    int
	Slope     float64 // units (bytes) per second
	Intercept float64 // value at timeline position zero
	R2        float64 // share of the variance that the line explains, 0 to 1
	From, To  time.Duration
	First     float64 // the line's value at From and To
	Last      float64
}

// Exhausted tells how long after To the line reaches a limit; ok is false when it does not rise.
func (t Trend) Exhausted(limit float64) (in time.Duration, ok bool) {
	if t.Slope <= 0 || t.Points < 2 {
		return 0, false
	}
	s := (limit - t.Last) / t.Slope
	const century = 100 * 365 * 24 * 3600
	if s > century {
		return 0, false
	}
	return time.Duration(max(s, 0) * float64(time.Second)), true
}

// LiveTrend is the trend of the live set. The readings of the best source that has at least four of them over at least half
// of the log (else of any source that has four) are grouped into at most 32 windows of equal length, each stands for its
// median, and the line is drawn through those: a single bad reading moves it little. ok is false with fewer than four
// readings or without times.
func (l *Log) LiveTrend() (t Trend, src LiveSource, ok bool) {
	if !l.Timed {
		return Trend{}, 0, false
	}
	for _, cover := range []time.Duration{(l.Last - l.First) / 2, 0} {
		for src = LiveMarked; src <= LiveLow; src++ {
			ps := l.LivePoints(src)
			if len(ps) < 4 || ps[len(ps)-1].Time-ps[0].Time < cover {
				continue
			}
			pts := make([]Point, len(ps))
			for i, p := range ps {
				pts[i] = Point{Time: p.Time, Value: float64(p.Bytes)}
			}
			return FitTrend(windowMedians(pts, 32)), src, true
		}
	}
	return Trend{}, 0, false
}

// FitTrend draws the least-squares line through points in time order.
func FitTrend(ps []Point) Trend {
	t := Trend{Points: len(ps)}
	if len(ps) == 0 {
		return t
	}
	t.From, t.To = ps[0].Time, ps[len(ps)-1].Time
	n := float64(len(ps))
	var mx, my float64
	for _, p := range ps {
		mx += p.Time.Seconds() / n
		my += p.Value / n
	}
	var sxx, sxy, syy float64
	for _, p := range ps {
		dx, dy := p.Time.Seconds()-mx, p.Value-my
		sxx += dx * dx
		sxy += dx * dy
		syy += dy * dy
	}
	if sxx > 0 {
		t.Slope = sxy / sxx
	}
	if sxx > 0 && syy > 0 {
		t.R2 = min(1, sxy*sxy/(sxx*syy))
	}
	t.Intercept = my - t.Slope*mx
	t.First = t.Intercept + t.Slope*t.From.Seconds()
	t.Last = t.Intercept + t.Slope*t.To.Seconds()
	return t
}

func windowMedians(ps []Point, windows int) []Point {
	if len(ps) <= windows {
		return ps
	}
	from, to := ps[0].Time, ps[len(ps)-1].Time
	if to <= from {
		return ps
	}
	var out []Point
	var group []float64
	var at time.Duration
	flush := func() {
		if len(group) > 0 {
			slices.Sort(group)
			out = append(out, Point{Time: at / time.Duration(len(group)), Value: group[len(group)/2]})
		}
		group, at = group[:0], 0
	}
	edge := 1
	for _, p := range ps {
		for p.Time > from+(to-from)/time.Duration(windows)*time.Duration(edge) && edge < windows {
			flush()
			edge++
		}
		group = append(group, p.Value)
		at += p.Time
	}
	flush()
	return out
}

func median(vs []int64) int64 {
	slices.Sort(vs)
	return vs[len(vs)/2]
}

// Step is the best way to take points for two levels, one before and one from a time on.
type Step struct {
	At            time.Duration // the first point of the second level
	Before, After float64       // means
	Rest          float64       // share of the variance that the two levels leave unexplained, 0 to 1
}

// FitStep cuts points in time order into two levels; ok is false with fewer than four points or without any variance.
func FitStep(ps []Point) (best Step, ok bool) {
	const least = 4
	if len(ps) < least {
		return Step{}, false
	}
	var all, squares float64
	for _, p := range ps {
		all += p.Value
		squares += p.Value * p.Value
	}
	n := float64(len(ps))
	total := squares - all*all/n
	if total <= 0 {
		return Step{}, false
	}
	best.Rest = 2
	var left float64
	for i := 1; i < len(ps); i++ {
		left += ps[i-1].Value
		a, b := float64(i), n-float64(i)
		rest := (squares - left*left/a - (all-left)*(all-left)/b) / total
		if rest < best.Rest {
			best = Step{At: ps[i].Time, Before: left / a, After: (all - left) / b, Rest: max(0, rest)}
		}
	}
	return best, true
}
