package gc

import (
	"slices"
	"time"
)

// WorstWindow is the window of one length, between two times of the log, in which pauses took most time: their sum in it, and where it
// begins. It is exact over the kept pauses. ok is false when the stretch is shorter than the window or without pauses.
func (l *Log) WorstWindow(length, from, to time.Duration) (w Window, ok bool) {
	if !l.Timed || length <= 0 || to-from < length {
		return Window{}, false
	}
	busy := slices.DeleteFunc(l.busy(), func(v interval) bool { return v.to <= from || v.from >= to })
	if len(busy) == 0 {
		return Window{}, false
	}
	busy[0].from = max(busy[0].from, from)
	busy[len(busy)-1].to = min(busy[len(busy)-1].to, to)
	u := worst(busy, length, from, to)
	w = Window{Start: u.Start, Length: length}
	for _, v := range busy {
		if part := min(v.to, w.Start+length) - max(v.from, w.Start); part > 0 {
			w.Paused += part
			w.Pauses += v.pauses
			w.FullGCs += v.full
		}
	}
	return w, true
}

// StallWindow is the window of one length in which most stalls ended: their number, sum and longest.
type StallWindow struct {
	Start, Length time.Duration
	Count         int
	Sum, Max      time.Duration
}

// WorstStalls finds the window of one length with most time in stalls, of those that are kept; ok is false without any. A log shorter than
// the window is one window.
func (l *Log) WorstStalls(length time.Duration) (best StallWindow, ok bool) {
	list := slices.Clone(l.Stalls.List)
	slices.SortStableFunc(list, func(a, b Stall) int { return int(a.End - b.End) })
	lo, open := 0, StallWindow{Length: length}
	for _, s := range list {
		open.Count++
		open.Sum = plus(open.Sum, s.Duration)
		for list[lo].End < s.End-length {
			open.Count--
			open.Sum -= list[lo].Duration
			lo++
		}
		if open.Sum > best.Sum {
			best, ok = open, true
			best.Start = list[lo].End
		}
	}
	for _, s := range list {
		if s.End >= best.Start && s.End <= best.Start+length {
			best.Max = max(best.Max, s.Duration)
		}
	}
	return best, ok
}
