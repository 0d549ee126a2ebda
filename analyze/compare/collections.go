package compare

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"casefile/analyze/compare/stats"
	"casefile/analyze/gc"
)

// collectionMeasures are of GC logs, or of recordings and counters where there is no log.
var collectionMeasures = []Measure{
	{Name: "pause_share", Title: "time in GC pauses", Unit: Share, Best: Lower, Role: Cause, Source: "GC log",
		Sampled: "paused time of windows", Grows: true, Least: 0.002, Between: betweenMeans, weight: pauseWeight,
		read: func(s *subject) (stats.Sample, bool) { return perSecond(s.paused()) }},
	{Name: "pause_per_request", Title: "GC pause by request", Unit: SecondsPer, Best: Lower, Role: Cause, Source: "GC log and access log",
		Sampled: "paused time by requests, in windows", PerWork: true, Least: 1e-5, Between: betweenMeans, weight: pauseWeight,
		read: func(s *subject) (stats.Sample, bool) { return per(s.paused(), s.requests()) }},
	pauseLength("pause_p50", "median GC pause", 0.5, betweenMeans),
	pauseLength("pause_p99", "99th percentile of GC pauses", 0.99, betweenTails),
	{Name: "pauses", Title: "GC pauses", Unit: PerSecond, Best: Lower, Role: Cause, Source: "GC log", Sampled: "pauses of windows",
		Grows: true, Least: 0.01, Between: betweenMeans, weight: partly, ofPauses: true,
		read: func(s *subject) (stats.Sample, bool) { return perSecond(s.pauseCount(anyPause)) }},
	{Name: "full_gcs", Title: "full collections", Unit: PerSecond, Best: Lower, Role: Cause, Source: "GC log", Sampled: "full collections of windows",
		Grows: true, Least: 0.005, Between: betweenTails, weight: partly, ofPauses: true,
		read: func(s *subject) (stats.Sample, bool) {
			return perSecond(s.pauseCount(func(p *gc.Pause) bool { return p.Kind == gc.KindFull }))
		}},
	{Name: "worst_second", Title: "paused part of the worst second", Unit: Share, Best: Lower, Role: Resource, Source: "GC log",
		Sampled: "one less the minimum mutator utilisation of a second: an extreme, given with a wide error", Grows: true, Least: 0.05, Between: 0.3,
		read: (*subject).worstSecond},
	{Name: "stalls", Title: "threads in allocation stalls", Unit: Count, Best: Lower, Role: Cause, Source: "GC log",
		Sampled: "stalled thread time of windows", Grows: true, Least: 0.02, Between: betweenRare, weight: func(*Pair) float64 { return 0.5 },
		read: func(s *subject) (stats.Sample, bool) { return perSecond(s.stalled()) }},
	{Name: "to_safepoint", Title: "time to reach safepoints", Unit: Share, Best: Lower, Role: Cause, Source: "hsperfdata",
		Sampled: "counter, windows of a second", Grows: true, Least: 0.01, Between: betweenRare, weight: shareWeight("to_safepoint"),
		read: counter("sun.rt.safepointSyncTime", true)},
	{Name: "allocation", Title: "allocation", Unit: BytesPerSec, Best: Lower, Role: Resource, Source: "GC log",
		Sampled: "allocated bytes of windows", Grows: true, Least: 1 << 20, Between: betweenMeans,
		read: func(s *subject) (stats.Sample, bool) { return perSecond(s.allocated()) }},
	{Name: "allocation_per_request", Title: "allocation of a request", Unit: BytesPer, Best: Lower, Role: Resource, Source: "GC log and access log",
		Sampled: "allocated bytes by requests, in windows", PerWork: true, Least: 1024, Between: betweenMeans,
		read: func(s *subject) (stats.Sample, bool) { return per(s.allocated(), s.requests()) }},
	{Name: "promotion", Title: "promotion to the old generation", Unit: BytesPerSec, Best: Lower, Role: Resource, Source: "GC log",
		Sampled: "rate at each young collection", Grows: true, Least: 1 << 20, Between: betweenTails, read: (*subject).promoted},
	{Name: "live_set", Title: "live set", Unit: Bytes, Best: Lower, Role: Resource, Source: "GC log",
		Sampled: "the best readings that the log has", Least: 16 << 20, Between: betweenTails, read: (*subject).live},
}

func pauseLength(name, title string, q, between float64) Measure {
	return Measure{Name: name, Title: title, Unit: Seconds, Best: Lower, Role: Cause, Source: "GC log", Sampled: "each pause, in their order",
		Grows: true, Least: 0.0005, Between: between, weight: partly, ofPauses: true,
		read: func(s *subject) (stats.Sample, bool) { return s.pauseLengths(q, anyPause) }}
}

func anyPause(*gc.Pause) bool { return true }

// warmUp is the start of a JVM that is not compared where something is left after it.
const warmUp = 30 * time.Second

// log is the one that tells most of the collections, by its last run.
func (s *subject) log() *gc.Log {
	if s.memo.logRead || s.jvm == nil {
		return s.memo.log
	}
	s.memo.logRead = true
	for _, l := range s.jvm.GC {
		if n := len(l.Parts); n > 0 {
			l = l.Parts[n-1]
		}
		if l.Timed && len(l.Runs) > 0 && (s.memo.log == nil || tellsMore(l, s.memo.log)) {
			s.memo.log = l
		}
	}
	return s.memo.log
}

func tellsMore(a, b *gc.Log) bool {
	if (a.Format == gc.FormatCounters) != (b.Format == gc.FormatCounters) {
		return b.Format == gc.FormatCounters
	}
	return a.Lines > b.Lines || a.Lines == b.Lines && len(a.Pauses) > len(b.Pauses)
}

// shift is what turns the log's timeline into seconds of the wall clock; 0 where it has none.
func shift(l *gc.Log) float64 {
	r := l.Runs[len(l.Runs)-1]
	if r.WallZero.IsZero() {
		return 0
	}
	return seconds(r.WallZero) - r.Base.Seconds()
}

// stretch is the part of the log that counts, in seconds of the wall clock: the capture and up to five minutes before
// its end, without the start of the JVM.
func (s *subject) stretch() (l *gc.Log, from, to float64) {
	if l = s.log(); l == nil {
		return nil, 0, 0
	}
	from, to = s.stretchOf(l)
	if n := len(l.Pauses); l.Dropped > 0 && n > 0 { // only some of a long log are kept
		from, to = max(from, l.Pauses[0].Start.Seconds()+shift(l)), min(to, l.Pauses[n-1].End().Seconds()+shift(l))
	}
	return l, from, to
}

func (s *subject) stretchOf(l *gc.Log) (from, to float64) {
	r := l.Runs[len(l.Runs)-1]
	by := shift(l)
	from, to = r.First.Seconds()+by, r.Last.Seconds()+by
	if warm := r.Base.Seconds() + by + warmUp.Seconds(); warm > from && to-warm > (to-from)/2 {
		from = warm
	}
	if start, end, bounded := s.span(); bounded && by != 0 && end > from && start < to {
		from = max(from, min(start, end-lookBack.Seconds()))
		to = max(to, end) // a log is written when something happens
	}
	return from, to
}

// lookBack is how long before the end of a capture a log counts.
const lookBack = 5 * time.Minute

// pauses calls f for each pause of the stretch that keep wants.
func (s *subject) pauses(keep func(*gc.Pause) bool, f func(at float64, p *gc.Pause)) (from, to float64, ok bool) {
	l, from, to := s.stretch()
	if l == nil || to <= from {
		return 0, 0, false
	}
	by := shift(l)
	n := 0
	for i := range l.Pauses {
		p := &l.Pauses[i]
		if at := p.End().Seconds() + by; at > from && at <= to && !p.Flags.Has(gc.FlagNested) && keep(p) {
			f(at, p)
			n++
		}
	}
	return from, to, len(l.Pauses) > 0
}

// sums makes a flow with a moment a window: pauses are events, which come at once.
func (s *subject) sums(keep func(*gc.Pause) bool, amount func(*gc.Pause) float64) *flow {
	_, from, to := s.stretch()
	step := max(window, (to-from)/maxMoments) // a log may claim to be of years
	bins := map[int]float64{}
	if _, _, ok := s.pauses(keep, func(at float64, p *gc.Pause) { bins[int((at-from)/step)] += amount(p) }); !ok {
		return nil
	}
	f := &flow{}
	f.add(from, 0)
	for i := range int((to-from)/step + 1) {
		f.add(min(from+step*float64(i+1), to), bins[i])
	}
	return f
}

func (s *subject) paused() *flow {
	return s.sums(anyPause, func(p *gc.Pause) float64 { return p.Duration.Seconds() })
}

func (s *subject) pauseCount(keep func(*gc.Pause) bool) *flow {
	return s.sums(keep, func(*gc.Pause) float64 { return 1 })
}

func (s *subject) pauseLengths(q float64, keep func(*gc.Pause) bool) (stats.Sample, bool) {
	out := stats.Sample{Quantile: q}
	if l := s.log(); l == nil || l.Format == gc.FormatCounters {
		return out, false // counters give sums
	}
	from, to, ok := s.pauses(keep, func(_ float64, p *gc.Pause) { out.Num = append(out.Num, p.Duration.Seconds()) })
	out.Seconds = to - from
	return out, ok && len(out.Num) > 0
}

// pauseKinds are those with most time.
func (s *subject) pauseKinds() []string {
	spent := map[string]float64{}
	s.pauses(anyPause, func(_ float64, p *gc.Pause) { spent[p.Kind.String()] += p.Duration.Seconds() })
	if len(spent) < 2 {
		return nil
	}
	return slices.SortedFunc(maps.Keys(spent), func(a, b string) int {
		return cmp.Or(cmp.Compare(spent[b], spent[a]), cmp.Compare(a, b))
	})
}

func (s *subject) pausesOfKind(kind string) (stats.Sample, bool) {
	return s.pauseLengths(0.5, func(p *gc.Pause) bool { return p.Kind.String() == kind })
}

func (s *subject) worstSecond() (stats.Sample, bool) {
	l := s.log()
	if l == nil {
		return stats.Sample{}, false
	}
	for _, u := range l.MMU([]time.Duration{time.Second}) {
		return stats.Sample{Given: &stats.Given{Value: 1 - u.MMU, SE: 0.2, N: len(l.Pauses)}}, u.MMU < 1
	}
	return stats.Sample{}, false
}

func (s *subject) stalled() *flow {
	l, from, to := s.stretch()
	if l == nil || len(l.Stalls.List) == 0 {
		return nil
	}
	by := shift(l)
	f := &flow{}
	f.add(from, 0)
	for _, x := range l.Stalls.List {
		if at := x.End.Seconds() + by; at > from && at <= to {
			f.add(at, x.Duration.Seconds())
		}
	}
	f.add(to, 0)
	return f
}

// allocated is the flow of bytes by the source that tells it in the finest steps: what was allocated between two
// readings came evenly.
func (s *subject) allocated() *flow {
	var best *flow
	if s.jvm == nil {
		return nil
	}
	for _, l := range s.jvm.GC {
		if n := len(l.Parts); n > 0 {
			l = l.Parts[n-1]
		}
		if f := s.allocatedBy(l); f.known() && (best == nil || len(f.at) > 2*len(best.at)) {
			best = f
		}
	}
	return best
}

func (s *subject) allocatedBy(l *gc.Log) *flow {
	if !l.Timed || len(l.Runs) == 0 || !l.Allocation.Known {
		return nil
	}
	from, to := s.stretchOf(l)
	by := shift(l)
	f := &flow{}
	last := math.NaN()
	for _, p := range l.Allocation.Series.Points {
		at := p.Time.Seconds() + by
		if at >= from && at <= to && !math.IsNaN(last) {
			if len(f.at) == 0 {
				f.add(last, 0)
			}
			f.add(at, p.Value*p.Weight)
		}
		last = at
	}
	return f
}

// megabytes is the same in MB, as the work that was done.
func (s *subject) megabytes() *flow {
	f := s.allocated()
	if !f.known() {
		return nil
	}
	for i := range f.sum {
		f.sum[i] /= 1 << 20
	}
	return f
}

func (s *subject) promoted() (stats.Sample, bool) {
	l, from, to := s.stretch()
	if l == nil || !l.Promotion.Known {
		return stats.Sample{}, false
	}
	by := shift(l)
	out := stats.Sample{Seconds: to - from}
	for _, p := range l.Promotion.Series.Points {
		if at := p.Time.Seconds() + by; at > from && at <= to {
			out.Num = append(out.Num, p.Value)
		}
	}
	return out, len(out.Num) > 0
}

func (s *subject) live() (stats.Sample, bool) {
	l, from, to := s.stretch()
	if l == nil {
		return stats.Sample{}, false
	}
	_, source, ok := l.LiveSet()
	if !ok {
		return stats.Sample{}, false
	}
	by := shift(l)
	out := stats.Sample{Seconds: to - from}
	for _, p := range l.LivePoints(source) {
		if at := p.Time.Seconds() + by; at > from && at <= to {
			out.Num = append(out.Num, float64(p.Bytes))
		}
	}
	return out, len(out.Num) > 0
}

// pauseWeight is the part of a request's time that collections take.
func pauseWeight(p *Pair) float64 {
	most := 0.0
	for _, s := range slices.Concat(p.before, p.after) {
		if f := s.paused(); f.known() && f.to() > f.from() {
			most = max(most, f.total()/(f.to()-f.from()))
		}
	}
	return most
}

// shareWeight is for a measure that is a share of the time itself.
func shareWeight(name string) func(*Pair) float64 {
	return func(p *Pair) float64 {
		r := p.reading(name)
		return max(r.Before.Value, r.After.Value)
	}
}

// partly is for what only makes up the time in pauses: that stands before it.
func partly(p *Pair) float64 { return partOfPauses * pauseWeight(p) }
