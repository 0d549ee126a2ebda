package views

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/host"
)

var (
	GCOverheadCritical = analyze.NewLimit(0.25, "1", "time in collections: critical", "a quarter of the service "+
		"is missing")
	RecentSpan = analyze.NewLimit(
		time.Minute,
		"",
		"before the end of the capture that is judged, at least",
		"JDK Mission Control and the JVM's own goals look at windows of 60 s",
	)
	RecentLoose = analyze.NewLimit(5*time.Minute, "", "the worst window of a log without a capture, anywhere "+
		"in it", "five of those windows")
	MinuteShare = analyze.NewLimit(0.30, "1", "time in collections within one minute: warning", "own judgement: "+
		"a minute may be busy, not so busy")
	SpanLeast = analyze.NewLimit(5*time.Second, "", "of evidence, at least", "a shorter stretch proves "+
		"nothing")
	SpanSure = analyze.NewLimit(
		30*time.Second,
		"",
		"of evidence, from which on confidence is high",
		"half a window of 60 s",
	)
	StartUpSpan = analyze.NewLimit(30*time.Second, "", "start-up of a JVM", "class loading and a heap that "+
		"has yet to grow make many collections")
	StartUpFactor = analyze.NewLimit(
		2.0,
		"times",
		"by which a share of time must be higher during start-up",
		"own judgement: start-up makes about twice the collections",
	)
)

// Collections is one JVM with the one log that is judged, and the stretch of it that counts: what is wrong now, not on
// average since last week.
type Collections struct {
	Node    *analyze.Node
	JVM     *analyze.JVM
	Host    *host.Facts // nil: not captured
	subject string
	Log     *gc.Log

	Run      gc.Run        // the JVM's start that the stretch belongs to
	Born     time.Duration // when the JVM started, on the log's timeline
	From, To time.Duration // the stretch
	StartUp  bool          // most of it is the JVM's start-up
	Pauses   []*gc.Pause   // that end in the stretch
	// totals: the log does not give each pause of the stretch, so that its sums over all of it stand for them.
	Totals bool

	sums []pauseSum // of the stretch, once asked for

	// Loose: the log has no capture that says which stretch counts, so that all of its run does.
	Loose bool
	// Window: the stretch is the worst window of a longer run.
	Window bool
	// Before says of a run that has ended what ended it: "before the restart at 03:12"; empty for the last run.
	Before string
	number int // of the run
}

// Logs gives each JVM that has a usable log. Several logs of one JVM (its own, rotated ones, ours) tell the same
// collections: one is picked. Loose files have no such tie, each is judged.
var Logs = analyze.NewMemo(func(p *analyze.Pass) (all []*Collections) {
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			for _, l := range PickLogs(p.Case, n, j) {
				all = append(all, runsOf(p.Case, j, l)...)
			}
		}
	}
	return all
})

// beforeCapture is how long before a capture a run may have ended to be judged too.
const beforeCapture = time.Hour

// runsOf gives each run of a log: the last one, and those before it. A run that is too short to tell anything is none.
func runsOf(c *analyze.Case, j *analyze.JVM, l *gc.Log) (all []*Collections) {
	parts := l.Parts
	if len(parts) == 0 {
		parts = []*gc.Log{l}
	}
	for i, part := range parts {
		if len(part.Runs) == 0 || part != parts[len(parts)-1] && part.Total.Count+part.Stalls.Total.Count == 0 {
			continue
		}
		v := &Collections{Node: j.Node, JVM: j, Host: j.Node.Host, subject: j.Subject(), Log: part,
			Run: part.Runs[len(part.Runs)-1], number: i}
		if i == len(parts)-1 {
			v.Born = v.start()
			v.choose(c)
		} else {
			v.Before = endOf(parts[i+1])
			v.Born = v.Run.Base
			if end, ok := v.position(c.Started.Add(j.Node.Clock.Offset)); ok && !c.Started.IsZero() && end-v.Run.Last > beforeCapture {
				continue
			}
			v.worst()
		}
		all = append(all, v)
	}
	return all
}

// endOf says what came when a run had ended.
func endOf(next *gc.Log) string {
	r := next.Runs[0]
	what := "the restart"
	if r.Resumed {
		what = "the part that is missing"
	}
	if !r.WallZero.IsZero() {
		at := r.WallZero
		if r.Resumed {
			at = at.Add(r.First - r.Base)
		}
		return "before " + what + " at " + written(at, "15:04")
	}
	return "before " + what
}

// NewCollections looks at one log, which is timed.
func NewCollections(c *analyze.Case, j *analyze.JVM, l *gc.Log) *Collections {
	v := &Collections{Node: j.Node, JVM: j, Host: j.Node.Host, subject: j.Subject(), Log: l, Run: l.Runs[len(l.Runs)-1]}
	v.Born = v.start()
	v.choose(c)
	return v
}

// About names the JVM, and which of its logs is judged.
func (v *Collections) About() analyze.Subject {
	source := v.Log.Source
	if v.Before != "" {
		source = fmt.Sprintf("%s, run %d", source, v.number+1)
	}
	return analyze.Subject{Node: v.Node.Name, Name: v.subject, Source: source}
}

func PickLogs(c *analyze.Case, n *analyze.Node, j *analyze.JVM) []*gc.Log {
	var usable []*gc.Log
	for _, l := range j.GC {
		if l.Timed && len(l.Runs) > 0 {
			usable = append(usable, l)
		}
	}
	if c.Started.IsZero() || len(usable) < 2 {
		return usable
	}
	best := usable[0]
	for _, l := range usable[1:] {
		if betterLog(c, n, l, best) {
			best = l
		}
	}
	return []*gc.Log{best}
}

// betterLog prefers the log that shows more of the capture, by a quarter at least, then the one with more to tell.
func betterLog(c *analyze.Case, n *analyze.Node, a, b *gc.Log) bool {
	x, y := covers(c, n, a), covers(c, n, b)
	if d := x - y; d > 0.25 || d < -0.25 {
		return d > 0
	}
	if (a.Format == gc.FormatCounters) != (b.Format == gc.FormatCounters) {
		return b.Format == gc.FormatCounters
	}
	if x == 0 && y == 0 {
		wa, oka := a.Wall(a.Last)
		wb, okb := b.Wall(b.Last)
		if oka && okb {
			return wa.After(wb)
		}
	}
	return a.Lines > b.Lines
}

// covers is the part of the capture that the log shows. A log that was copied when the capture began still shows the
// minute before it: that counts for a little.
func covers(c *analyze.Case, n *analyze.Node, l *gc.Log) float64 {
	from, to := c.Started.Add(n.Clock.Offset), c.Ended.Add(n.Clock.Offset)
	first, ok1 := l.Wall(l.First)
	last, ok2 := l.Wall(l.Last)
	if !ok1 || !ok2 || !to.After(from) {
		return 0
	}
	if last.Before(from) {
		if from.Sub(last) < lately {
			return 0.1
		}
		return 0
	}
	overlap := MinTime(last, to).Sub(MaxTime(first, from))
	return max(0, float64(overlap)/float64(to.Sub(from)))
}

// lately is how old the end of a log may be to tell how things are now: an idle JVM collects seldom.
const lately = 2 * time.Minute

func MinTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func MaxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// position maps the wall clock to the timeline of the last run.
func (v *Collections) position(t time.Time) (time.Duration, bool) {
	if v.Run.WallZero.IsZero() {
		return 0, false
	}
	return v.Run.Base + t.Sub(v.Run.WallZero), true
}

// start tells when the JVM started: its counters know, else stamps count from there.
func (v *Collections) start() time.Duration {
	if v.JVM.Perf != nil {
		if ms, ok := v.JVM.Perf.Int("sun.rt.createVmBeginTime"); ok && ms > 0 {
			if at, ok := v.position(time.UnixMilli(ms)); ok && at <= v.Run.First {
				return at
			}
		}
	}
	if v.Log.Format == gc.FormatCounters || v.Run.First == v.Run.Base {
		return v.Run.Base - StartUpSpan.Value // not known: these stamps count from the first sample, or line
	}
	return v.Run.Base
}

// choose sets the stretch: the capture, and at least the minute before its end. Of a log without a capture it is the
// last
// minutes or all of its last run, whichever lost more time.
func (v *Collections) choose(c *analyze.Case) {
	end := v.Run.Last
	from, ok1 := v.position(c.Started.Add(v.Node.Clock.Offset))
	to, ok2 := v.position(c.Ended.Add(v.Node.Clock.Offset))
	switch {
	case c.Started.IsZero() || !ok1 || !ok2:
		v.worst()
	case from-end > lately: // nothing was collected for long: a log is written when something happens
		v.Stretch(from, to)
	default:
		to = min(max(to, from), max(end, from))
		if end < from {
			to = end
		}
		v.Stretch(min(from, to-RecentSpan.Value), to)
	}
}

// worst sets the stretch of a log without a capture: all of its run when collections take much of that; else the worst five minutes of it,
// wherever they lie, or the worst minute, when they do.
func (v *Collections) worst() {
	v.Loose = true
	v.Stretch(v.Run.First, v.Run.Last)
	all := *v
	if v.Totals || v.Share() >= GCOverheadWarn.Value {
		return
	}
	for _, w := range []struct {
		length time.Duration
		share  float64
	}{{RecentLoose.Value, GCOverheadWarn.Value}, {RecentSpan.Value, MinuteShare.Value}} {
		worst, ok := v.Log.WorstWindow(w.length, all.From, all.To)
		if !ok || worst.Share() < w.share {
			continue
		}
		v.Stretch(worst.Start, worst.Start+w.length)
		v.Window = true
		return
	}
	*v = all
}

// Stretch sets from and to, without start-up where something is left next to it.
func (v *Collections) Stretch(from, to time.Duration) {
	from, to = max(from, v.Run.First), max(to, v.Run.First)
	grown := v.Born + StartUpSpan.Value
	switch {
	case to-grown >= StartUpSpan.Value/2:
		from = max(from, grown)
	case from < grown:
		v.StartUp = true
		if early := v.Born + StartUpNoise; to-early >= SpanLeast.Value {
			from = max(from, early)
		}
	}
	v.From, v.To, v.Pauses, v.sums = from, to, nil, nil
	for i := range v.Log.Pauses {
		if p := &v.Log.Pauses[i]; (p.End() > from || p.End() == from && from == v.Run.First) && p.Start <= to { // the first line's pause counts
			v.Pauses = append(v.Pauses, p)
		}
	}
	v.Totals = v.Log.Format == gc.FormatCounters ||
		v.Log.Dropped > 0 && len(v.Log.Pauses) > 0 && v.Log.Pauses[len(v.Log.Pauses)-1].End() < to
}

// StartUpNoise is never judged: the first collections of any JVM.
const StartUpNoise = 2 * time.Second

// Span is the length of what is judged.
func (v *Collections) Span() time.Duration {
	if v.Totals {
		return v.Log.Span
	}
	return v.To - v.From
}

// Spent is the number and the time of pauses of some kinds and causes. A pause that began before the stretch counts
// for its part.
func (v *Collections) Spent(keep func(kind gc.Kind, cause string) bool) (n int64, sum time.Duration) {
	if v.Totals {
		for _, g := range v.Log.Groups() {
			if keep(g.Kind, g.Cause) {
				n, sum = n+g.Count, sum+g.Sum
			}
		}
		return n, min(sum, v.Log.Stopped)
	}
	if v.sums == nil {
		v.sums = v.sumUp()
	}
	for _, s := range v.sums {
		if keep(s.kind, s.cause) {
			n, sum = n+s.n, sum+s.time
		}
	}
	return n, sum
}

// pauseSum is the number and the time of the pauses of one kind and cause.
type pauseSum struct {
	kind  gc.Kind
	cause string
	n     int64
	time  time.Duration
}

// sumUp walks once through the pauses of the stretch, which rules ask for in many ways.
func (v *Collections) sumUp() []pauseSum {
	type sort struct {
		kind  gc.Kind
		cause uint16
	}
	sums, at := []pauseSum{}, map[sort]int{}
	var last sort
	var sum *pauseSum // of the last sort: most pauses are like the one before
	for _, p := range v.Pauses {
		if p.Flags.Has(gc.FlagNested) {
			continue
		}
		if this := (sort{p.Kind, p.CauseID}); sum == nil || this != last {
			i, known := at[this]
			if !known {
				i = len(sums)
				at[this] = i
				sums = append(sums, pauseSum{kind: p.Kind, cause: v.Log.Cause(p)})
			}
			last, sum = this, &sums[i]
		}
		sum.n++
		sum.time += min(p.End(), v.To) - max(p.Start, v.From)
	}
	return sums
}

// AnyPause keeps all pauses.
func AnyPause(gc.Kind, string) bool { return true }

// Share is the part of the stretch in which collections stopped the application, 0 to 1.
func (v *Collections) Share() float64 { return v.ShareOf(AnyPause) }

func (v *Collections) ShareOf(keep func(gc.Kind, string) bool) float64 {
	_, sum := v.Spent(keep)
	if v.Span() <= 0 {
		return 0
	}
	return min(1, float64(sum)/float64(v.Span()))
}

// Mark raises a share of time from which on a rule speaks up while the JVM starts.
func (v *Collections) Mark(share float64) float64 {
	if v.StartUp {
		return share * StartUpFactor.Value
	}
	return share
}

// Sure is how much a stretch of this length proves.
func (v *Collections) Sure() analyze.Confidence {
	switch {
	case v.StartUp && v.Span() < SpanSure.Value/2 && v.Share() < 0.5:
		return analyze.Low
	case v.StartUp || v.Span() < SpanSure.Value:
		return analyze.Medium
	}
	return analyze.High
}

// Severe is critical from a share of time on.
func (v *Collections) Severe(share float64) analyze.Severity {
	if share >= GCOverheadCritical.Value {
		return analyze.Critical
	}
	return analyze.Warning
}
