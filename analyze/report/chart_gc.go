package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/say"
)

// logTimeline is the time axis of a GC log, on the reference clock where it has a wall clock.
func logTimeline(l *gc.Log, clock analyze.Clock) timeline {
	t := timeline{length: (l.Last - l.First).Seconds()}
	if wall, ok := l.Wall(l.First); ok {
		t.start = clock.Reference(wall)
	}
	return t
}

// pauseClass groups kinds of pauses to what a reader tells apart.
type pauseClass struct {
	class, name string
	tips        int // how many, the longest, get a tooltip
}

var (
	pauseYoung = pauseClass{"s1", "young", 12}
	pauseMixed = pauseClass{"s3", "mixed", 12}
	pauseOther = pauseClass{"s6", "other phases", 12}
	pauseFull  = pauseClass{"full", "full GC", 40}
	pauseOrder = []pauseClass{pauseYoung, pauseMixed, pauseOther, pauseFull}
)

func classOf(k gc.Kind) pauseClass {
	switch k {
	case gc.KindFull, gc.KindDegenerated:
		return pauseFull
	case gc.KindMixed, gc.KindPrepareMixed:
		return pauseMixed
	case gc.KindYoung, gc.KindConcurrentStart:
		return pauseYoung
	}
	return pauseOther
}

// shortestShown is the least pause of the chart, in ms; shorter ones lie on its floor.
const shortestShown = 0.01

// pauseChart draws each pause as a dot, on a logarithmic axis.
func pauseChart(l *gc.Log, clock analyze.Clock) (figureChart, bool) {
	if !l.Timed || len(l.Pauses) == 0 || l.Last <= l.First {
		return figureChart{}, false
	}
	low, high := math.Inf(1), 0.0
	for i := range l.Pauses {
		ms := max(inMillis(l.Pauses[i].Duration), shortestShown)
		low, high = min(low, ms), max(high, ms)
	}
	lo, hi, ticks := decades(low, high, func(ms float64) string { return say.Took(time.Duration(ms * float64(time.Millisecond))) })
	t := logTimeline(l, clock)
	title := "Pauses"
	f := newFrame(title, scale{max: t.length}, t.ticks(), scale{min: lo, max: hi, log: true}, ticks)
	fig := figureChart{Title: title}
	for _, class := range pauseOrder {
		if n := f.pauses(l, t, class); n > 0 {
			fig.Legend = append(fig.Legend, legendItem{class.class, class.name})
		}
	}
	if l.Dropped > 0 {
		fig.Note = count(l.Dropped, "pause") + " of the log are in the table, but not drawn"
	}
	fig.SVG = f.done()
	fig.plot = pauseData(l, t)
	return fig, true
}

// pauses draws one class: all as one path of dots, one for each place, and the
// longest as circles with a tooltip.
func (f *frame) pauses(l *gc.Log, t timeline, class pauseClass) int {
	var all []*gc.Pause
	for i := range l.Pauses {
		if classOf(l.Pauses[i].Kind) == class {
			all = append(all, &l.Pauses[i])
		}
	}
	slices.SortStableFunc(all, func(a, b *gc.Pause) int { return cmp.Compare(b.Duration, a.Duration) })
	at := func(p *gc.Pause) (x, y float64) {
		return f.x.at((p.Start - l.First).Seconds()), f.y.at(max(inMillis(p.Duration), shortestShown))
	}
	rest := map[[2]int]bool{}
	for i, p := range all {
		if x, y := at(p); i >= class.tips {
			rest[[2]int{int(math.Round(x)), int(math.Round(y/2)) * 2}] = true
		}
	}
	dots := &pen{}
	for _, d := range slices.SortedFunc(maps.Keys(rest), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }) {
		dots.dot(d[0], d[1])
	}
	f.path("dots "+class.class, dots.data())
	for _, p := range all[:min(len(all), class.tips)] {
		r := 2.4
		if class == pauseFull {
			r = 3.6
		}
		x, y := at(p)
		f.circle("dot "+class.class, x, y, r, pauseText(l, p, t))
	}
	return len(all)
}

func pauseText(l *gc.Log, p *gc.Pause, t timeline) string {
	text := joined(", ", p.Kind.String()+" "+say.Took(p.Duration), l.Cause(p), t.label((p.Start - l.First).Seconds()))
	if p.Flags.Has(gc.FlagHeap) {
		text += "\nheap " + say.Bytes(float64(p.Before)) + " -> " + say.Bytes(float64(p.After))
	}
	return text
}

// heapChart draws the heap after each collection, and the live set where the log tells it.
func heapChart(l *gc.Log, clock analyze.Clock) (figureChart, bool) {
	if !l.Timed {
		return figureChart{}, false
	}
	after := curve{name: "after collection", class: "s1"}
	before := curve{name: "before collection", class: "s6"}
	for i := range l.Pauses {
		p := &l.Pauses[i]
		if !p.Flags.Has(gc.FlagHeap) {
			continue
		}
		at := (p.Start - l.First).Seconds()
		before.points = append(before.points, point{at, float64(p.Before)})
		after.points = append(after.points, point{at, float64(p.After)})
	}
	c := chart{title: "Heap", unit: "bytes", time: logTimeline(l, clock), curves: []curve{before, after}}
	if _, src, ok := l.LiveSet(); ok && src != gc.LiveLow {
		live := curve{name: "live set (" + src.String() + ")", class: "s2"}
		for _, p := range l.LivePoints(src) {
			live.points = append(live.points, point{(p.Time - l.First).Seconds(), float64(p.Bytes)})
		}
		if len(live.points) > 1 {
			c.curves = append(c.curves, live)
		}
	}
	if l.Heap.Max > 0 {
		name := "largest seen"
		if l.Heap.MaxStated {
			name = "maximum"
		}
		c.limit = &limitLine{float64(l.Heap.Max), name}
	}
	return c.draw()
}

// allocationChart draws how fast the application allocates.
func allocationChart(l *gc.Log, clock analyze.Clock) (figureChart, bool) {
	cv := curve{name: "bytes per second", class: "s5"}
	for _, p := range l.Allocation.Series.Points {
		cv.points = append(cv.points, point{(p.Time - l.First).Seconds(), p.Value})
	}
	c := chart{title: "Allocation rate", unit: "bytes", time: logTimeline(l, clock), curves: []curve{cv}}
	return c.draw()
}

// mmuTicks are the marked window lengths.
var mmuTicks = []time.Duration{time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second, 10 * time.Second,
	time.Minute, 10 * time.Minute, time.Hour}

// mmuChart draws the share of time left to the application in the worst window of each length.
func mmuChart(l *gc.Log) (figureChart, bool) {
	us := l.MMU(gc.MMUWindows())
	if len(us) < 2 {
		return figureChart{}, false
	}
	seconds := func(u gc.Utilisation) float64 { return u.Window.Seconds() }
	var xTicks []tick
	for _, w := range mmuTicks {
		if w >= us[0].Window && w <= us[len(us)-1].Window {
			xTicks = append(xTicks, tick{w.Seconds(), since(w, w)})
		}
	}
	_, yTicks := linear(100, 4, func(v float64) string { return say.Percent(v / 100) })
	title := "Time left to the application in the worst window"
	f := newFrame(title, scale{min: seconds(us[0]), max: seconds(us[len(us)-1]), log: true}, xTicks, scale{max: 100}, yTicks)
	var d strings.Builder
	for i, u := range us {
		cmd := "L"
		if i == 0 {
			cmd = "M"
		}
		d.WriteString(cmd + num(f.x.at(seconds(u))) + " " + num(f.y.at(100*u.MMU)))
	}
	f.path("line s3", d.String())
	for _, u := range us {
		f.circle("dot s3", f.x.at(seconds(u)), f.y.at(100*u.MMU), 2.6, fmt.Sprintf("window of %s: at least %s for the application", say.Took(u.Window), say.Percent(u.MMU)))
	}
	return figureChart{Title: title, SVG: f.done(), Note: "minimum mutator utilisation by window length"}, true
}
