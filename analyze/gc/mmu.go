package gc

import (
	"slices"
	"time"
)

// interval is a stretch of the timeline in which the application stood still.
type interval struct {
	from, to     time.Duration
	pauses, full int
}

// busy gives the union of the kept pauses in time order, without overlaps.
func (l *Log) busy() []interval {
	out := make([]interval, 0, len(l.Pauses))
	for i := range l.Pauses {
		p := &l.Pauses[i]
		if p.Duration <= 0 {
			continue
		}
		v := interval{from: p.Start, to: p.End(), pauses: 1}
		if p.Kind == KindFull {
			v.full = 1
		}
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b interval) int { return int(a.from - b.from) })
	n := 0
	for _, v := range out {
		if n > 0 && v.from < out[n-1].to {
			out[n-1].to = max(out[n-1].to, v.to)
			out[n-1].pauses += v.pauses
			out[n-1].full += v.full
			continue
		}
		out[n] = v
		n++
	}
	return out[:n]
}

// Utilisation is the worst window of one length.
type Utilisation struct {
	Window time.Duration
	MMU    float64       // part of the worst window left to the application, from 0 to 1
	Start  time.Duration // where that window begins
}

// MMUWindows are the usual window lengths of an MMU curve.
func MMUWindows() []time.Duration {
	const ms = time.Millisecond
	return []time.Duration{ms, 2 * ms, 5 * ms, 10 * ms, 20 * ms, 50 * ms, 100 * ms, 200 * ms, 500 * ms,
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute,
		10 * time.Minute, time.Hour}
}

// MMU is the minimum mutator utilisation: for each window length, the least share of time that the application had in any
// window of that length inside the log (Cheng and Blelloch 2001). It is exact over the kept pauses. Windows longer than
// the log are left out, and so is everything when the log has no times.
func (l *Log) MMU(windows []time.Duration) []Utilisation {
	if !l.Timed || l.Span <= 0 {
		return nil
	}
	busy := l.busy()
	var out []Utilisation
	for _, w := range windows {
		if w <= 0 || w > l.Last-l.First {
			continue
		}
		out = append(out, worst(busy, w, l.First, l.Last))
	}
	return out
}

// worst finds the window with most pause time. A worst window begins where a pause begins or ends where one ends.
func worst(busy []interval, w, first, last time.Duration) Utilisation {
	u := Utilisation{Window: w, MMU: 1, Start: first}
	try := func(start time.Duration, paused time.Duration) {
		if m := 1 - float64(min(paused, w))/float64(w); m < u.MMU {
			u.MMU, u.Start = m, start
		}
	}
	var sum time.Duration // of busy[lo:hi], whole intervals
	lo, hi := 0, 0
	for lo = range busy { // windows that begin with a pause
		start := busy[lo].from
		if start+w > last && lo > 0 {
			break
		}
		for hi < len(busy) && busy[hi].from < start+w {
			sum += busy[hi].to - busy[hi].from
			hi++
		}
		paused := sum
		if over := busy[hi-1].to - (start + w); over > 0 {
			paused -= over
		}
		try(start, paused)
		sum -= busy[lo].to - busy[lo].from
	}
	sum, lo = 0, 0
	for hi = range busy { // windows that end with a pause
		start := busy[hi].to - w
		sum += busy[hi].to - busy[hi].from
		for busy[lo].to <= start {
			sum -= busy[lo].to - busy[lo].from
			lo++
		}
		if start < first {
			continue
		}
		paused := sum
		if over := start - busy[lo].from; over > 0 {
			paused -= over
		}
		try(start, paused)
	}
	return u
}
