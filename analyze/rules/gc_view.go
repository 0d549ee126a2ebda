package rules

import (
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/host"
)

var (
	gcOverheadCritical = analyze.NewLimit(0.25, "1", "time in collections: critical", "a quarter of the service is missing")
	recentSpan         = analyze.NewLimit(time.Minute, "", "before the end of the capture that is judged, at least", "JDK Mission Control and the JVM's own goals look at windows of 60 s")
	recentLoose        = analyze.NewLimit(5*time.Minute, "", "before the end of a log without a capture that is judged", "five of those windows")
	spanLeast          = analyze.NewLimit(5*time.Second, "", "of evidence, at least", "a shorter stretch proves nothing")
	spanSure           = analyze.NewLimit(30*time.Second, "", "of evidence, from which on confidence is high", "half a window of 60 s")
	startUpSpan        = analyze.NewLimit(30*time.Second, "", "start-up of a JVM", "class loading and a heap that has yet to grow make many collections")
	startUpFactor      = analyze.NewLimit(2.0, "times", "by which a share of time must be higher during start-up", "measured on starts of servers")
)

const needsGC = "a GC log that covers half a minute or more: casefile collect --duration 60s records one on JDK 9 and later; -Xlog:gc*,safepoint:file=gc.log (JDK 8: -Xloggc:gc.log -XX:+PrintGCDetails) keeps one"

// gcView is one JVM with the one log that is judged, and the stretch of it that counts: what is wrong now, not on
// average since last week.
type gcView struct {
	node    *analyze.Node
	jvm     *analyze.JVM
	host    *host.Facts // nil: not captured
	subject string
	log     *gc.Log

	run      gc.Run        // the JVM's start that the stretch belongs to
	born     time.Duration // when the JVM started, on the log's timeline
	from, to time.Duration // the stretch
	startUp  bool          // most of it is the JVM's start-up
	pauses   []*gc.Pause   // that end in the stretch
	// totals: the log does not give each pause of the stretch, so that its sums over all of it stand for them.
	totals bool
}

// gcViews gives each JVM that has a usable log. Several logs of one JVM (its own, rotated ones, ours) tell the same
// collections: one is picked. Loose files have no such tie, each is judged.
var gcViews = analyze.NewMemo(func(p *analyze.Pass) (all []*gcView) {
	for _, n := range p.Nodes {
		for _, j := range n.JVMs {
			for _, l := range pickLogs(p.Case, n, j) {
				all = append(all, newGCView(p.Case, j, l))
			}
		}
	}
	return all
})

// collections gives the logs that are long enough to prove something.
func collections(p *analyze.Pass) (enough []*gcView) {
	for _, v := range gcViews.Of(p) {
		if v.span() < spanLeast.Value {
			p.Lacks("a longer GC log: what there is covers only " + seconds(v.span()) + "; casefile collect --duration 60s")
			continue
		}
		p.Evaluated()
		enough = append(enough, v)
	}
	return enough
}

// newGCView looks at one log, which is timed.
func newGCView(c *analyze.Case, j *analyze.JVM, l *gc.Log) *gcView {
	v := &gcView{node: j.Node, jvm: j, host: j.Node.Host, subject: j.Subject(), log: l, run: l.Runs[len(l.Runs)-1]}
	v.born = v.start()
	v.choose(c)
	return v
}

// About names the JVM, and which of its logs is judged.
func (v *gcView) About() analyze.Subject {
	return analyze.Subject{Node: v.node.Name, Name: v.subject, Source: v.log.Source}
}

// since9 picks what is true of this JVM: -Xlog, and much else of a collector, came with JDK 9.
func (v *gcView) since9(since, before string) string {
	if major := majorOf(v.jvm.Version); v.log.Format == "pre-unified" || major > 0 && major < 9 {
		return before
	}
	return since
}

func pickLogs(c *analyze.Case, n *analyze.Node, j *analyze.JVM) []*gc.Log {
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
	if (a.Format == "counters") != (b.Format == "counters") {
		return b.Format == "counters"
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
	overlap := minTime(last, to).Sub(maxTime(first, from))
	return max(0, float64(overlap)/float64(to.Sub(from)))
}

// lately is how old the end of a log may be to tell how things are now: an idle JVM collects seldom.
const lately = 2 * time.Minute

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func maxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// position maps the wall clock to the timeline of the last run.
func (v *gcView) position(t time.Time) (time.Duration, bool) {
	if v.run.WallZero.IsZero() {
		return 0, false
	}
	return v.run.Base + t.Sub(v.run.WallZero), true
}

// start tells when the JVM started: its counters know, else stamps count from there.
func (v *gcView) start() time.Duration {
	if v.jvm.Perf != nil {
		if ms, ok := v.jvm.Perf.Int("sun.rt.createVmBeginTime"); ok && ms > 0 {
			if at, ok := v.position(time.UnixMilli(ms)); ok && at <= v.run.First {
				return at
			}
		}
	}
	if v.log.Format == "counters" {
		return v.run.Base - startUpSpan.Value // not known: these stamps count from the first sample
	}
	return v.run.Base
}

// choose sets the stretch: the capture, and at least the minute before its end. Of a log without a capture it is the last
// minutes or all of its last run, whichever lost more time.
func (v *gcView) choose(c *analyze.Case) {
	end := v.run.Last
	from, ok1 := v.position(c.Started.Add(v.node.Clock.Offset))
	to, ok2 := v.position(c.Ended.Add(v.node.Clock.Offset))
	switch {
	case c.Started.IsZero() || !ok1 || !ok2:
		v.stretch(v.run.First, end)
		if recent := end - recentLoose.Value; recent > v.run.First {
			all := *v
			v.stretch(recent, end)
			if all.share() >= v.share() {
				*v = all
			}
		}
	case from-end > lately: // nothing was collected for long: a log is written when something happens
		v.stretch(from, to)
	default:
		to = min(max(to, from), max(end, from))
		if end < from {
			to = end
		}
		v.stretch(min(from, to-recentSpan.Value), to)
	}
}

// stretch sets from and to, without start-up where something is left beside it.
func (v *gcView) stretch(from, to time.Duration) {
	from, to = max(from, v.run.First), max(to, v.run.First)
	grown := v.born + startUpSpan.Value
	switch {
	case to-grown >= startUpSpan.Value/2:
		from = max(from, grown)
	case from < grown:
		v.startUp = true
		if early := v.born + startUpNoise; to-early >= spanLeast.Value {
			from = max(from, early)
		}
	}
	v.from, v.to, v.pauses = from, to, nil
	for i := range v.log.Pauses {
		if p := &v.log.Pauses[i]; p.End() > from && p.Start <= to {
			v.pauses = append(v.pauses, p)
		}
	}
	v.totals = v.log.Format == "counters" || v.log.Dropped > 0 && len(v.log.Pauses) > 0 && v.log.Pauses[len(v.log.Pauses)-1].End() < to
}

// startUpNoise is never judged: the first collections of any JVM.
const startUpNoise = 2 * time.Second

// span is the length of what is judged.
func (v *gcView) span() time.Duration {
	if v.totals {
		return v.log.Span
	}
	return v.to - v.from
}

// spent is the number and the time of pauses of some kinds and causes. A pause that began before the stretch counts
// for its part.
func (v *gcView) spent(keep func(kind gc.Kind, cause string) bool) (n int64, sum time.Duration) {
	if v.totals {
		for _, g := range v.log.Groups() {
			if keep(g.Kind, g.Cause) {
				n, sum = n+g.Count, sum+g.Sum
			}
		}
		return n, min(sum, v.log.Stopped)
	}
	for _, p := range v.pauses {
		if keep(p.Kind, v.log.Cause(p)) && !p.Flags.Has(gc.FlagNested) {
			n, sum = n+1, sum+min(p.End(), v.to)-max(p.Start, v.from)
		}
	}
	return n, sum
}

func anyPause(gc.Kind, string) bool { return true }

// share is the part of the stretch in which collections stopped the application, 0 to 1.
func (v *gcView) share() float64 { return v.shareOf(anyPause) }

func (v *gcView) shareOf(keep func(gc.Kind, string) bool) float64 {
	_, sum := v.spent(keep)
	if v.span() <= 0 {
		return 0
	}
	return min(1, float64(sum)/float64(v.span()))
}

// mark raises a share of time from which on a rule speaks up while the JVM starts.
func (v *gcView) mark(share float64) float64 {
	if v.startUp {
		return share * startUpFactor.Value
	}
	return share
}

// sure is how much a stretch of this length proves.
func (v *gcView) sure() analyze.Confidence {
	switch {
	case v.startUp && v.span() < spanSure.Value/2 && v.share() < 0.5:
		return analyze.Low
	case v.startUp || v.span() < spanSure.Value:
		return analyze.Medium
	}
	return analyze.High
}

// severe is critical from a share of time on.
func (v *gcView) severe(share float64) analyze.Severity {
	if share >= gcOverheadCritical.Value {
		return analyze.Critical
	}
	return analyze.Warning
}
