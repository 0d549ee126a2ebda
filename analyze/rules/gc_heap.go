package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
)

var (
	heapFullShare = analyze.NewLimit(0.80, "1", "live set, of the maximum heap", "from there on each collection frees little")
	leakR2        = analyze.NewLimit(0.7, "R²", "of the line through the live set", "an even rise, not steps")
	leakGrowth    = analyze.NewLimit(0.10, "1", "growth of the live set, of the maximum heap", "less is noise of the readings")
	leakReadings  = analyze.NewLimit(5, "readings", "of the live set, at least", "fewer make no line")
	leakSpan      = analyze.NewLimit(20*time.Second, "", "of the readings, at least", "a third of a default capture")
	leakHeapShare = analyze.NewLimit(0.4, "1", "live set at the end, of the maximum heap", "below it caches may still fill")
	leakLongSpan  = analyze.NewLimit(30*time.Minute, "", "of readings from which on no cache still fills", "caches fill within minutes of load")
	leakLowR2     = analyze.NewLimit(0.9, "R²", "of the line through heaps after young collections", "they hold garbage too")
	leakLowGrowth = analyze.NewLimit(0.25, "1", "growth of heaps after young collections, of the maximum heap", "they hold garbage too")
)

// flagInt reads a flag of the JVM; ok is false when VM.flags was not captured or does not have it.
func flagInt(j *analyze.JVM, name string) (int64, bool) {
	v, err := strconv.ParseUint(j.Flags[name].Value, 10, 64)
	if err != nil || v > 1<<62 { // "no limit" is the largest number of its type
		return 0, false
	}
	return int64(v), true
}

// chosen tells a flag that somebody set from one the JVM chose.
func chosen(j *analyze.JVM, name string) bool {
	switch j.Flags[name].Origin {
	case "", "default", "ergonomic":
		return false
	}
	return true
}

// maxHeap is the maximum heap in bytes, and where that stands; stated is false when it is only the largest size seen.
func (v *gcView) maxHeap() (size int64, at analyze.Evidence, stated bool) {
	if n, ok := flagInt(v.jvm, "MaxHeapSize"); ok && n > 0 {
		e, _ := citeFlag(v.jvm, "MaxHeapSize")
		return n, e, true
	}
	if text, e, ok := citeOption(v.jvm, "-Xmx"); ok {
		if n := parseSize(text); n > 0 {
			return n, e, true
		}
	}
	if n := cmp.Or(v.log.Settings.HeapMax, v.log.Heap.Max); n > 0 {
		return n, analyze.Evidence{Entry: v.log.Source, Text: "maximum heap " + bytesOf(n)}, v.log.Settings.HeapMax > 0 || v.log.Heap.MaxStated
	}
	return 0, analyze.Evidence{}, false
}

// parseSize reads "512m", "2g", "1073741824"; 0 when it is none.
func parseSize(s string) int64 {
	unit := int64(1)
	if len(s) > 0 {
		if i := strings.IndexByte("kmgt", s[len(s)-1]|0x20); i >= 0 {
			unit, s = 1<<(10*(i+1)), s[:len(s)-1]
		}
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil && unit == 1 {
		n, err = strconv.ParseInt(s, 10, 62)
	}
	if err != nil || n < 0 {
		return 0
	}
	return n * unit
}

// liveWords tell what a reading is of.
var liveWords = map[gc.LiveSource]string{
	gc.LiveMarked: "as marked by the collector", gc.LiveFull: "after full collections", gc.LiveMixed: "after mixed collections",
	gc.LiveOld: "after collections of the old generation", gc.LiveLow: "at its lowest after young collections",
}

// liveSources in the order of trust: after a mixed collection more garbage is gone than at the end of G1's marking.
var liveSources = []gc.LiveSource{gc.LiveMarked, gc.LiveFull, gc.LiveMixed, gc.LiveOld}

// live is the live set in the stretch that is judged, with the reading that shows it.
func (v *gcView) live() (bytes int64, at gc.LivePoint, ok bool) {
	for _, src := range liveSources {
		var ps []gc.LivePoint
		for _, p := range v.log.LivePoints(src) {
			if p.Time >= v.from && p.Time <= v.to {
				ps = append(ps, p)
			}
		}
		if len(ps) == 0 {
			continue
		}
		ps = slices.Clone(ps[max(0, len(ps)-5):])
		slices.SortFunc(ps, func(a, b gc.LivePoint) int { return cmp.Compare(a.Bytes, b.Bytes) })
		at = ps[len(ps)/2]
		if src == gc.LiveMixed || src == gc.LiveOld {
			at = ps[0] // these still hold garbage: the least comes closest
		}
		return at.Bytes, at, true
	}
	return 0, gc.LivePoint{}, false
}

func (v *gcView) citeLive(p gc.LivePoint) analyze.Evidence {
	return v.place(p.File, int(p.Line), fmt.Sprintf("live set %s %s", bytesOf(p.Bytes), liveWords[p.Source]))
}

// trendSources are readings that can stand beside each other on one line. Those of the third set still hold garbage, the
// last ones most of all.
var trendSources = [][]gc.LiveSource{{gc.LiveMarked}, {gc.LiveFull}, {gc.LiveFull, gc.LiveMixed, gc.LiveOld}, {gc.LiveLow}}

// growth is a live set that rises.
type growth struct {
	trend  gc.Trend
	first  gc.LivePoint
	last   gc.LivePoint
	points []gc.LivePoint
	grown  float64 // bytes, of the line
	in     time.Duration
	ends   bool // in is known
}

// growth finds a steady rise of the live set over the JVM's life as far as the log goes; nil when there is none. The best
// source with enough readings decides.
func (v *gcView) growth() *growth {
	heap, _, _ := v.maxHeap()
	if heap <= 0 {
		return nil
	}
	after := v.born + startUpNoise
	if v.run.Last-v.born > 6*startUpSpan.Value {
		after = v.born + startUpSpan.Value
	}
	for _, set := range trendSources {
		var ps []gc.LivePoint
		for _, p := range v.log.Live {
			if slices.Contains(set, p.Source) && p.Time >= after && p.Time >= v.run.First {
				ps = append(ps, p)
			}
		}
		if len(ps) < leakReadings.Value {
			continue
		}
		over := ps[len(ps)-1].Time - ps[0].Time
		if over < leakSpan.Value || over < (v.run.Last-after)/2 {
			continue
		}
		return v.rises(ps, float64(heap))
	}
	return nil
}

func (v *gcView) rises(ps []gc.LivePoint, heap float64) *growth {
	g := &growth{first: ps[0], last: ps[len(ps)-1], points: ps}
	line := levels(ps)
	g.trend = gc.FitTrend(line)
	g.trend.From, g.trend.To = g.first.Time, g.last.Time // the line goes from the first reading to the last
	g.trend.First = g.trend.Intercept + g.trend.Slope*g.first.Time.Seconds()
	g.trend.Last = g.trend.Intercept + g.trend.Slope*g.last.Time.Seconds()
	g.grown = g.trend.Last - g.trend.First
	r2, least := leakR2.Value, leakGrowth.Value
	long := g.last.Time-g.first.Time >= leakLongSpan.Value
	if g.last.Source == gc.LiveLow {
		if r2, least = leakLowR2.Value, leakLowGrowth.Value; !long {
			return nil
		}
	}
	a, b, c := thirds(line)
	stillRises := c-b >= 0.4*(b-a)
	full := c >= 0.85*heap && c-a >= 0.25*heap // it cannot rise any further
	switch {
	case g.trend.Slope <= 0 || g.trend.R2 < r2 || g.grown < least*heap:
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

// levels gives one reading for each of 16 equal stretches: the median of true ones, the least where they hold garbage too.
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
		slices.SortFunc(group, func(a, b gc.LivePoint) int { return cmp.Or(cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Time, b.Time)) })
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

// Causes as the JVM names them.
func explicitCause(_ gc.Kind, cause string) bool {
	switch cause {
	case "System.gc()", "System", "Diagnostic Command", "JvmtiEnv ForceGarbageCollection":
		return true
	}
	return false
}

func metaspaceCause(_ gc.Kind, cause string) bool {
	return strings.HasPrefix(cause, "Metadata GC") || cause == "Last ditch collection" || strings.HasPrefix(cause, "Permanent Generation")
}

func humongousCause(_ gc.Kind, cause string) bool { return cause == "G1 Humongous Allocation" }

func inspectionCause(_ gc.Kind, cause string) bool {
	return cause == "Heap Inspection Initiated GC" || cause == "Heap Dump Initiated GC"
}

// ordinary is what only the size of the heap and the rate of allocation bring about.
func ordinary(k gc.Kind, cause string) bool {
	return !explicitCause(k, cause) && !metaspaceCause(k, cause) && !humongousCause(k, cause) && !inspectionCause(k, cause)
}

// cost is the share of time that ordinary collections take from the application, waits for memory included.
func (v *gcView) cost() float64 {
	stalls := 0.0
	if s := v.log.Stalls.Total; s != nil && v.log.Span > 0 {
		stalls = min(1, s.Sum.Seconds()/v.log.Span.Seconds())
	}
	return max(v.shareOf(ordinary), stalls)
}

// roundUp64 rounds up to whole 64 MB.
func roundUp64(n float64) int64 {
	const unit = 64 * mb
	return (int64(n) + unit - 1) / unit * unit
}

// xmx writes a size as the option takes it.
func xmx(n int64) string {
	if n%(1<<30) == 0 {
		return fmt.Sprintf("-Xmx%dg", n>>30)
	}
	return fmt.Sprintf("-Xmx%dm", n>>20)
}

// heapChange is the advice to change the maximum heap from what it is: the options to write, and where they stood.
func (v *gcView) heapChange(to int64) (setting, from, options string) {
	current, _, _ := v.maxHeap()
	setting, from, options = "-Xmx", xmx(current), xmx(to)
	if text, _, ok := citeOption(v.jvm, "-Xmx"); ok {
		from = "-Xmx" + text
	} else if text, _, ok := citeOption(v.jvm, "-XX:MaxRAMPercentage="); ok {
		from = fmt.Sprintf("-XX:MaxRAMPercentage=%s (%s)", text, bytesOf(current))
	} else if len(v.jvm.Flags) > 0 {
		from = fmt.Sprintf("%s, the JVM's own choice", bytesOf(current))
	}
	if text, _, ok := citeOption(v.jvm, "-Xms"); ok {
		if n := parseSize(text); n > 0 && n == current {
			setting, options = "-Xms and -Xmx", strings.Replace(options, "-Xmx", "-Xms", 1)+" "+options
			from = "-Xms" + text + " " + from
		}
	}
	return setting, from, options
}

// room says whether the machine, or the container, has the memory that a larger heap takes.
func (v *gcView) room(to int64) (text string, enough bool) {
	current, _, _ := v.maxHeap()
	more := float64(to - current)
	if v.host == nil {
		return fmt.Sprintf("Needs %s more memory: check that the machine has it.", bytesOf(more)), true
	}
	if g := v.host.CgroupOf(v.jvm.PID); g != nil && g.MemoryLimit.Known() {
		free := g.MemoryLimit.Value
		switch {
		case g.WorkingSetPercent.Known():
			free *= max(0, 1-g.WorkingSetPercent.Value/100)
		case g.MemoryUsage.Known():
			free = max(0, free-g.MemoryUsage.Value)
		}
		if free < more {
			return fmt.Sprintf("Needs %s more, and the container's limit of %s leaves %s: raise that limit by %s first, or the kernel kills the JVM.",
				bytesOf(more), bytesOf(g.MemoryLimit.Value), bytesOf(free), bytesOf(more-free)), false
		}
		return fmt.Sprintf("Needs %s more memory; the container's limit of %s leaves %s.", bytesOf(more), bytesOf(g.MemoryLimit.Value), bytesOf(free)), true
	}
	if a := v.host.Memory.Available; a.Known() {
		if a.Value < more {
			return fmt.Sprintf("Needs %s more, and the machine has only %s available: make room or add memory first, else it swaps.", bytesOf(more), bytesOf(a.Value)), false
		}
		return fmt.Sprintf("Needs %s more memory; %s are available on the machine.", bytesOf(more), bytesOf(a.Value)), true
	}
	return fmt.Sprintf("Needs %s more memory: check that the machine has it.", bytesOf(more)), true
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
		return liveWords[g.last.Source]
	}
	return liveWords[gc.LiveOld]
}
