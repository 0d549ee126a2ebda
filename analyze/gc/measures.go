package gc

import "time"

// Groups gives the pauses by kind and cause, most time first.
func (l *Log) Groups() []*Group { return l.groups }

// ByKind joins the groups of one kind; Cause is empty. Most time first.
func (l *Log) ByKind() []*Group {
	return l.join(func(g *Group) Group { return Group{Kind: g.Kind} })
}

// ByCause joins the groups of one cause over all kinds; Kind is KindOther. Most time first.
func (l *Log) ByCause() []*Group {
	return l.join(func(g *Group) Group { return Group{Cause: g.Cause} })
}

func (l *Log) join(key func(*Group) Group) []*Group {
	at := map[Group]*Group{}
	var out []*Group
	for _, g := range l.groups {
		k := key(g)
		j := at[k]
		if j == nil {
			j = &Group{Kind: k.Kind, Cause: k.Cause, Dist: new(Dist)}
			at[k] = j
			out = append(out, j)
		}
		j.merge(g.Dist)
	}
	sortGroups(out)
	return out
}

// Kind gives the pauses of one kind; an empty distribution when there are none.
func (l *Log) Kind(k Kind) *Dist {
	d := new(Dist)
	for _, g := range l.groups {
		if g.Kind == k {
			d.merge(g.Dist)
		}
	}
	return d
}

// CauseDist gives the pauses with a cause; an empty distribution when there are none.
func (l *Log) CauseDist(cause string) *Dist {
	d := new(Dist)
	for _, g := range l.groups {
		if g.Cause == cause {
			d.merge(g.Dist)
		}
	}
	return d
}

// Throughput is the percentage of Span in which no GC pause stopped the application: 100 * (1 - Stopped/Span). Pauses
// before the first stamp's line are part of neither. It says nothing about CPU that concurrent collectors take. ok is
// false without times, when the log covers nothing but its pauses, and when it shows no pauses at all (ZGC at plain gc
// level).
func (l *Log) Throughput() (percent float64, ok bool) {
	if !l.Timed || l.Span <= l.Stopped || (l.Total.Count == 0 && l.Collector != Epsilon) {
		return 0, false
	}
	return 100 * max(0, 1-float64(l.Stopped)/float64(l.Span)), true
}

// AllocationRate is bytes per second allocated by the application between the first and the last heap reading: the sum of
// all rises of the used heap from the end of one collection to the start of the next, over that time. ok is false with
// fewer than two readings.
func (l *Log) AllocationRate() (bytesPerSecond float64, ok bool) { return l.Allocation.rate() }

// PromotionRate is bytes per second that young collections moved into the old generation, over Span. ok is false when the
// log does not tell the generations apart.
func (l *Log) PromotionRate() (bytesPerSecond float64, ok bool) { return l.Promotion.rate() }

func (f *Flow) rate() (float64, bool) {
	if !f.Known || f.Over <= 0 {
		return 0, false
	}
	return float64(f.Bytes) / f.Over.Seconds(), true
}

// LiveSet is the best reading of the live set: the median of the last (at most five) points of a source. Sources are tried
// in the order of LiveSource, first for readings in the second half of the log: full collections at start-up say little about
// the hours after them. ok is false when the log has no reading at all. A LiveLow result is an upper bound.
func (l *Log) LiveSet() (bytes int64, src LiveSource, ok bool) {
	for _, since := range []time.Duration{l.First + (l.Last-l.First)/2, 0} {
		for src = LiveMarked; src <= LiveLow; src++ {
			var vs []int64
			for _, p := range l.LivePoints(src) {
				if p.Time >= since {
					vs = append(vs, p.Bytes)
				}
			}
			if len(vs) > 0 {
				return median(vs[max(0, len(vs)-5):]), src, true
			}
		}
	}
	return 0, 0, false
}

// LivePoints gives the readings of one source in time order.
func (l *Log) LivePoints(src LiveSource) []LivePoint {
	var out []LivePoint
	for _, p := range l.Live {
		if p.Source == src {
			out = append(out, p)
		}
	}
	return out
}

// GCInterval is the mean time between the ends and starts of pauses of a kind; zero with fewer than two of them.
func (l *Log) GCInterval(k Kind) time.Duration {
	d := l.Kind(k)
	if d.Count < 2 || !l.Timed {
		return 0
	}
	return max(0, (l.Span-d.Sum)/time.Duration(d.Count))
}

// Window is a stretch of time and what pauses took of it.
type Window struct {
	Start   time.Duration
	Length  time.Duration
	Paused  time.Duration
	Pauses  int
	FullGCs int
}

// Share is the paused part of the window, from 0 to 1.
func (w Window) Share() float64 {
	if w.Length <= 0 {
		return 0
	}
	return min(1, float64(w.Paused)/float64(w.Length))
}

// Windows cuts Span into stretches of the given length (the last one of each run may be shorter) and gives the share of
// pauses in each. Only kept pauses count (see Dropped). At most 100000 windows; the length grows when there would be more.
func (l *Log) Windows(length time.Duration) []Window {
	const most = 100000
	if !l.Timed || length <= 0 || l.Span <= 0 {
		return nil
	}
	length = max(length, l.Span/most+1)
	var out []Window
	for _, r := range l.Runs {
		for at := r.First; at < r.Last; at += length {
			out = append(out, Window{Start: at, Length: min(length, r.Last-at)})
		}
	}
	busy := l.busy()
	w := 0
	for _, p := range busy {
		for w < len(out) && out[w].Start+out[w].Length <= p.from {
			w++
		}
		for i := w; i < len(out) && out[i].Start < p.to; i++ {
			out[i].Paused += min(p.to, out[i].Start+out[i].Length) - max(p.from, out[i].Start)
			if p.from >= out[i].Start || i == w {
				out[i].Pauses += p.pauses
				out[i].FullGCs += p.full
				p.pauses, p.full = 0, 0
			}
		}
	}
	return out
}
