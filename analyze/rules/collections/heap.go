package collections

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
	"casefile/bundle/format/jdk"
)

var (
	heapFullShare = analyze.NewLimit(0.80, "1", "live set, of the maximum heap", "from there on each collection "+
		"frees little")
	leakR2     = analyze.NewLimit(0.7, "R²", "of the line through the live set", "an even rise, not steps")
	leakGrowth = analyze.NewLimit(
		0.10,
		"1",
		"growth of the live set, of the maximum heap",
		"less is noise of the readings",
	)
	leakReadings  = analyze.NewLimit(5, "readings", "of the live set, at least", "fewer make no line")
	leakSpan      = analyze.NewLimit(20*time.Second, "", "of the readings, at least", "a third of a default capture")
	leakHeapShare = analyze.NewLimit(
		0.4,
		"1",
		"live set at the end, of the maximum heap",
		"below it caches may still fill",
	)
	leakSoon = analyze.NewLimit(2*time.Minute, "", "to a full heap: fewer readings do then, when they lie on a straight line",
		"own judgement: whoever waits for more readings reads them after the OutOfMemoryError")
	leakLongSpan = analyze.NewLimit(
		30*time.Minute,
		"",
		"of readings from which on no cache still fills",
		"own judgement: caches fill within minutes of load",
	)
)

// trendSources are readings that can stand next to each other on one line. Those of the third set still hold
// garbage. What is in use after young collections is no reading: nobody knows how much of it is garbage.
var trendSources = [][]gc.LiveSource{
	{gc.LiveMarked},
	{gc.LiveFull},
	{gc.LiveFull, gc.LiveMixed, gc.LiveOld},
}

// growth is a live set that rises.
type growth struct {
	trend  gc.Trend
	first  gc.LivePoint
	last   gc.LivePoint
	points []gc.LivePoint
	grown  float64 // bytes, of the line
	// firstLevel and lastLevel are readings: of the first and of the last stretch.
	firstLevel, lastLevel float64
	in                    time.Duration
	ends                  bool // in is known
}

// growth finds a steady rise of the live set over the JVM's life as far as the log goes; nil when there is none. The
// best
// source with enough readings decides.
func (v *gcView) growth() *growth {
	heap, _, _ := v.MaxHeap()
	if heap <= 0 {
		return nil
	}
	after := v.Born + views.StartUpNoise
	if v.Run.Last-v.Born > 6*views.StartUpSpan.Value {
		after = v.Born + views.StartUpSpan.Value
	}
	for _, set := range trendSources {
		var ps []gc.LivePoint
		for _, p := range v.Log.Live {
			if slices.Contains(set, p.Source) && p.Time >= after && p.Time >= v.Run.First {
				ps = append(ps, p)
			}
		}
		if v.fillsSoon(ps, float64(heap)) {
			return v.rises(ps, float64(heap))
		}
		if len(ps) < leakReadings.Value {
			continue
		}
		over := ps[len(ps)-1].Time - ps[0].Time
		if over < leakSpan.Value || over < (v.Run.Last-max(after, v.Run.First))/2 {
			continue
		}
		return v.rises(ps, float64(heap))
	}
	return nil
}

// fillsSoon reports whether the readings rise on a straight line, for ten seconds or more, and will fill the heap in moments.
func (v *gcView) fillsSoon(ps []gc.LivePoint, heap float64) bool {
	if len(ps) < leakReadings.Value-1 || ps[len(ps)-1].Time-ps[0].Time < leakSpan.Value/2 || float64(ps[len(ps)-1].Bytes) < 0.75*heap {
		return false
	}
	line := make([]gc.Point, len(ps))
	for i, p := range ps {
		if i > 0 && float64(p.Bytes) < float64(ps[i-1].Bytes)-leakSlack*heap {
			return false
		}
		line[i] = gc.Point{Time: p.Time, Value: float64(p.Bytes)}
	}
	t := gc.FitTrend(line)
	t.From, t.To = ps[0].Time, ps[len(ps)-1].Time
	t.Last = t.Intercept + t.Slope*t.To.Seconds()
	in, ends := t.Exhausted(heap)
	return ends && in <= leakSoon.Value && t.R2 >= leakStraight
}

// A reading between two marks of G1 holds some garbage: it may lie so much of the heap below the one before, on a line that is straight.
const (
	leakSlack    = 0.02
	leakStraight = 0.9
)

func (v *gcView) rises(ps []gc.LivePoint, heap float64) *growth {
	g := &growth{first: ps[0], last: ps[len(ps)-1], points: ps}
	line := levels(ps)
	g.firstLevel, g.lastLevel = line[0].Value, line[len(line)-1].Value
	g.trend = gc.FitTrend(line)
	g.trend.From, g.trend.To = g.first.Time, g.last.Time // the line goes from the first reading to the last
	g.trend.First = g.trend.Intercept + g.trend.Slope*g.first.Time.Seconds()
	g.trend.Last = g.trend.Intercept + g.trend.Slope*g.last.Time.Seconds()
	g.grown = g.trend.Last - g.trend.First
	long := g.last.Time-g.first.Time >= leakLongSpan.Value
	a, b, c := thirds(line)
	stillRises := c-b >= 0.4*(b-a)
	full := c >= 0.85*heap && c-a >= 0.25*heap // it cannot rise any further
	switch {
	case g.trend.Slope <= 0 || g.trend.R2 < leakR2.Value || g.grown < leakGrowth.Value*heap:
		return nil
	case isStep(line, g.trend):
		return nil
	case b <= a || c <= b && !full || !stillRises && !full:
		return nil
	case float64(g.last.Bytes) < g.trend.Last-0.5*g.grown: // it was let go
		return nil
	case g.trend.Last < leakHeapShare.Value*heap && !long:
		return nil
	}
	g.in, g.ends = g.trend.Exhausted(heap)
	return g
}

// isStep: two levels tell as much of the readings as a line does. What was loaded once is no leak.
func isStep(line []gc.Point, t gc.Trend) bool {
	step, ok := gc.FitStep(line)
	return ok && step.Rest <= 1-t.R2
}

// levels gives one reading for each of 16 equal stretches: the median of true ones, the least where they hold
// garbage too.
func levels(ps []gc.LivePoint) []gc.Point {
	const most = 16
	first, width := ps[0].Time, (ps[len(ps)-1].Time-ps[0].Time)/most+1
	groups := map[time.Duration][]gc.LivePoint{}
	garbage := false
	for _, p := range ps {
		garbage = garbage || p.Source > gc.LiveFull
		groups[(p.Time-first)/width] = append(groups[(p.Time-first)/width], p)
	}
	var out []gc.Point
	for i := range time.Duration(most) {
		group := groups[i]
		if len(group) == 0 {
			continue
		}
		slices.SortFunc(
			group,
			func(a, b gc.LivePoint) int { return cmp.Or(cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Time, b.Time)) },
		)
		level := group[len(group)/2]
		if garbage {
			level = group[0]
		}
		out = append(out, gc.Point{Time: level.Time, Value: float64(level.Bytes)})
	}
	return out
}

// thirds are the means of the beginning, the middle and the end.
func thirds(ps []gc.Point) (a, b, c float64) {
	mean := func(ps []gc.Point) (m float64) {
		for _, p := range ps {
			m += p.Value / float64(len(ps))
		}
		return m
	}
	n := len(ps)
	if n < 3 {
		return 0, 0, 0
	}
	return mean(ps[:n/3]), mean(ps[n/3 : n-n/3]), mean(ps[n-n/3:])
}

// cost is the share of time that ordinary collections take from the application, waits for memory included.
func (v *gcView) cost() float64 {
	stalls := 0.0
	if s := v.Log.Stalls.Total; s != nil && v.Log.Span > 0 {
		stalls = min(1, s.Sum.Seconds()/v.Log.Span.Seconds())
	}
	return max(v.ShareOf(views.Ordinary), stalls)
}

// heapChange is the advice to change the maximum heap from what it is: the options to write, and where they stood.
func (v *gcView) heapChange(to int64) (setting, from, options string) {
	current, _, stated := v.MaxHeap()
	setting, from, options = "-Xmx", vm.Xmx(current), vm.Xmx(to)
	if !stated {
		from = "about " + say.Bytes(current) + ", by what the log shows"
	}
	if current == 0 {
		from = "-Xmx0m" // not known: such advice is not given
	}
	if text, _, ok := cite.Option(v.JVM, "-Xmx"); ok {
		from = "-Xmx" + text
	} else if text, _, ok := cite.Option(v.JVM, "-XX:MaxRAMPercentage="); ok {
		from = fmt.Sprintf("-XX:MaxRAMPercentage=%s (%s)", text, say.Bytes(current))
	} else if len(v.JVM.Flags) > 0 {
		from = fmt.Sprintf("%s, the JVM's own choice", say.Bytes(current))
	}
	if text, _, ok := cite.Option(v.JVM, "-Xms"); ok {
		if n := jdk.Size(text); n > 0 && n == current {
			setting, options = "-Xms and -Xmx", strings.Replace(options, "-Xmx", "-Xms", 1)+" "+options
			from = "-Xms" + text + " " + from
		}
	}
	return setting, from, options
}

// room says whether the machine, or the container, has the memory that a larger heap takes.
func (v *gcView) room(to int64) (text string, enough bool) {
	current, _, _ := v.MaxHeap()
	more := float64(to - current)
	if v.Host == nil {
		return fmt.Sprintf("Needs %s more memory: check that the machine has it.", say.Bytes(more)), true
	}
	if g := v.Host.CgroupOf(v.JVM.PID); g != nil && g.MemoryLimit.Known() {
		free := g.MemoryLimit.Value
		switch {
		case g.WorkingSetPercent.Known():
			free *= max(0, 1-g.WorkingSetPercent.Value/100)
		case g.MemoryUsage.Known():
			free = max(0, free-g.MemoryUsage.Value)
		}
		if free < more {
			return fmt.Sprintf("Needs %s more, and the container's limit of %s leaves %s: raise that limit by %s "+
				"first, or the kernel kills the JVM.",
				say.Bytes(more), say.Bytes(g.MemoryLimit.Value), say.Bytes(free), say.Bytes(more-free)), false
		}
		return fmt.Sprintf(
			"Needs %s more memory; the container's limit of %s leaves %s.",
			say.Bytes(more),
			say.Bytes(g.MemoryLimit.Value),
			say.Bytes(free),
		), true
	}
	if a := v.Host.Memory.Available; a.Known() {
		if a.Value < more {
			return fmt.Sprintf("Needs %s more, and the machine has only %s available: make room or add memory "+
				"first, else it swaps.", say.Bytes(more), say.Bytes(a.Value)), false
		}
		return fmt.Sprintf(
			"Needs %s more memory; %s are available on the machine.",
			say.Bytes(more),
			say.Bytes(a.Value),
		), true
	}
	return fmt.Sprintf("Needs %s more memory: check that the machine has it.", say.Bytes(more)), true
}

// middle is the reading halfway.
func (g *growth) middle() gc.LivePoint {
	best := g.first
	for _, p := range g.points {
		if p.Time <= g.first.Time+(g.last.Time-g.first.Time)/2 {
			best = p
		}
	}
	return best
}

// words tell what the readings are of.
func (g *growth) words() string {
	if g.last.Source == g.first.Source {
		return views.LiveWords[g.last.Source]
	}
	return views.LiveWords[gc.LiveOld]
}
