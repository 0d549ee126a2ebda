package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/say"
	"casefile/bundle/format/hostseries"
	"casefile/bundle/format/timing"
)

// Limits of the heat map.
const (
	heatBins  = 48
	heatNodes = 16
	heatWide  = 4 // so many nodes have a strip for each measure; more have one, of the worst
)

// heatMap is what went on at each node over the window of the capture.
type heatMap struct {
	Rows   []heatRow
	Left   int // nodes that are not shown
	Legend []legendItem
	Ticks  []heatTick
	Lanes  []string // names of the strips of a row; none: one, of the worst
}

// heatTick is a moment below the map, in ms of Unix time and in UTC.
type heatTick struct {
	At   int64
	Text string
}

type heatRow struct {
	Node, Anchor, Worst string
	SVG                 template.HTML
	Badges              []badge
	From, Bin           int64 // ms of Unix time, and of one cell
}

// heatLane is one measure over time. The marks are where its four colours begin.
type heatLane struct {
	name   string
	marks  [4]float64
	say    func(float64) string
	values func(n *analyze.Node, w heatWindow) []float64 // NaN: not known
}

func percents(v float64) string { return say.Percent(v / 100) }

var heatLanes = []heatLane{
	{"waiting requests", [4]float64{5, 25, 50, 75}, percents, waitingOver},
	{"pauses", [4]float64{1, 5, 20, 50}, percents, pausesOver},
	{"CPU", [4]float64{50, 70, 85, 95}, percents, cpuOver},
	{"stalls", [4]float64{10, 100, 500, 1000}, func(v float64) string { return say.Number(v) + " ms" }, stallsOver},
}

// heatWindow is the time that the map is of, on the reference clock.
type heatWindow struct {
	from time.Time
	bin  time.Duration
}

func (w heatWindow) binOf(t time.Time) int {
	return int(math.Floor(float64(t.Sub(w.from)) / float64(w.bin)))
}

// heat draws the map; nil: the window is not known, or nothing was measured in it.
func (b *viewBuilder) heat(c *analyze.Case, nodes []*analyze.Node) *heatMap {
	if c.Started.IsZero() || !c.Ended.After(c.Started) {
		return nil
	}
	w := heatWindow{c.Started, c.Ended.Sub(c.Started) / heatBins}
	m := &heatMap{}
	seen := false
	for i, n := range nodes {
		if i == heatNodes {
			m.Left = len(nodes) - i
			break
		}
		row, any := heatRowOf(n, w, len(nodes) <= heatWide)
		row.Anchor = b.anchors[n]
		row.Badges = slices.DeleteFunc(badgesOf(b.result.Findings, n.Name), func(x badge) bool { return x.Level == level(analyze.Info) })
		seen = seen || any
		m.Rows = append(m.Rows, row)
	}
	if !seen {
		return nil
	}
	if len(nodes) <= heatWide {
		for _, l := range heatLanes {
			m.Lanes = append(m.Lanes, l.name)
		}
	}
	for i, name := range []string{"calm", "some", "much", "very much", "nearly all"} {
		m.Legend = append(m.Legend, legendItem{fmt.Sprintf("q%d", i), name})
	}
	for i := range 5 {
		at := c.Started.Add(c.Ended.Sub(c.Started) * time.Duration(i) / 4)
		m.Ticks = append(m.Ticks, heatTick{at.UnixMilli(), at.UTC().Format(time.TimeOnly)})
	}
	return m
}

const (
	heatCell = 12.0
	heatLow  = 11.0 // height of a strip of several
	heatHigh = 22.0 // of one alone
)

// heatRowOf draws one node, and tells in words where it was worst.
func heatRowOf(n *analyze.Node, w heatWindow, wide bool) (row heatRow, any bool) {
	row.Node, row.Worst = nameOf(n), "nothing of it was measured"
	values, levels := make([][]float64, len(heatLanes)), make([][]string, len(heatLanes))
	worst, worstLevel := "", -1
	for i, l := range heatLanes {
		values[i] = l.values(n, w)
		levels[i] = l.classes(values[i])
		peak, at := math.Inf(-1), 0
		for k, v := range values[i] {
			if v > peak {
				peak, at = v, k
			}
		}
		if math.IsInf(peak, -1) {
			continue
		}
		any = true
		if lv := l.level(peak); lv > worstLevel {
			worstLevel = lv
			worst = fmt.Sprintf("%s, %s at %s", l.name, l.say(peak), say.UTC(w.from.Add(time.Duration(at)*w.bin), time.TimeOnly))
		}
	}
	if any {
		row.Worst = "worst: " + worst
	}
	height := heatHigh
	if wide {
		height = heatLow * float64(len(heatLanes))
	}
	s := &svg{}
	class := "heat one"
	if wide {
		class = "heat"
	}
	s.open(class, heatCell*heatBins, height, row.Node+", "+row.Worst)
	cells := map[string]*strings.Builder{}
	tips := make([]string, heatBins)
	for k := range heatBins {
		tips[k] = heatBin(values, w, k)
	}
	if wide {
		for i := range heatLanes {
			strip(cells, levels[i], heatLow*float64(i)+heatLow/2)
		}
	} else {
		strip(cells, worstOf(levels), heatHigh/2)
	}
	for _, class := range sortedKeys(cells) {
		s.path(class, cells[class].String())
	}
	for k, tip := range tips { // which a click chooses
		s.raw(`<rect class="bin" x="`, num(heatCell*float64(k)), `"`)
		s.tip("rect", tip)
	}
	row.SVG = s.done()
	row.From, row.Bin = w.from.UnixMilli(), w.bin.Milliseconds()
	return row, any
}

func (l *heatLane) level(v float64) int {
	n := 0
	for _, m := range l.marks {
		if v >= m {
			n++
		}
	}
	return n
}

// classes are the colours of a lane; "qx" is not known.
func (l *heatLane) classes(values []float64) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = "qx"
		if !math.IsNaN(v) {
			out[i] = fmt.Sprintf("q%d", l.level(v))
		}
	}
	return out
}

// worstOf is the worst colour of each stretch of time; q0 to q4 sort as they are bad.
func worstOf(levels [][]string) []string {
	out := slices.Clone(levels[0])
	for _, lane := range levels[1:] {
		for k, class := range lane {
			if class != "qx" && (out[k] == "qx" || class > out[k]) {
				out[k] = class
			}
		}
	}
	return out
}

// strip adds one line for each run of one colour, which the style cuts into cells.
func strip(cells map[string]*strings.Builder, lane []string, y float64) {
	for k := 0; k < len(lane); {
		end := k
		for end < len(lane) && lane[end] == lane[k] {
			end++
		}
		if cells[lane[k]] == nil {
			cells[lane[k]] = &strings.Builder{}
		}
		fmt.Fprintf(cells[lane[k]], "M%s %sh%s", num(heatCell*float64(k)), num(y), num(heatCell*float64(end-k)))
		k = end
	}
}

// heatBin says the values of one stretch of time.
func heatBin(values [][]float64, w heatWindow, k int) string {
	text := say.UTC(w.from.Add(time.Duration(k)*w.bin), time.TimeOnly)
	for i, l := range heatLanes {
		if v := values[i][k]; !math.IsNaN(v) {
			text += "\n" + l.name + ": " + l.say(v)
		}
	}
	return text
}

func unknownBins() []float64 {
	out := make([]float64, heatBins)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

// most keeps the larger of what a bin has and a value.
func most(bins []float64, at int, v float64) {
	if at >= 0 && at < len(bins) && !math.IsNaN(v) && !(bins[at] >= v) {
		bins[at] = v
	}
}

// waitingOver is the share of request threads that wait for something, from each dump to the next.
func waitingOver(n *analyze.Node, w heatWindow) []float64 {
	out := unknownBins()
	for _, j := range n.JVMs {
		if j.Dumps == nil {
			continue
		}
		pools := j.Dumps.Pools(nil)
		for i, d := range j.Dumps.Dumps {
			size, waiting := 0, 0
			for _, p := range pools {
				if p.Requests && i < len(p.Counts) {
					size, waiting = size+p.Counts[i].Size, waiting+p.Counts[i].Waiting
				}
			}
			if size == 0 || d.Time.IsZero() || !d.ZoneKnown {
				continue
			}
			first := w.binOf(n.Clock.Reference(d.Time))
			until := first + 1
			if i+1 < len(j.Dumps.Dumps) {
				until = max(until, w.binOf(n.Clock.Reference(j.Dumps.Dumps[i+1].Time)))
			}
			for k := max(first, 0); k < min(until, heatBins); k++ {
				most(out, k, 100*float64(waiting)/float64(size))
			}
		}
	}
	return out
}

// pausesOver is the share of time in pauses.
func pausesOver(n *analyze.Node, w heatWindow) []float64 {
	out := unknownBins()
	for _, j := range n.JVMs {
		for _, log := range j.GC {
			first, ok := log.Wall(log.First)
			last, _ := log.Wall(log.Last)
			if !ok {
				continue
			}
			for k := max(0, w.binOf(n.Clock.Reference(first))); k < min(heatBins, w.binOf(n.Clock.Reference(last))+1); k++ {
				most(out, k, 0)
			}
			for i := range log.Pauses {
				p := &log.Pauses[i]
				if at, ok := log.Wall(p.Start); ok {
					smear(out, w, n.Clock.Reference(at), p.Duration)
				}
			}
		}
	}
	return out
}

// smear adds a pause to the bins that it reaches into, in percent of each.
func smear(out []float64, w heatWindow, from time.Time, took time.Duration) {
	until := from.Add(took)
	for k := max(0, w.binOf(from)); k < min(heatBins, w.binOf(until)+1); k++ {
		begin := w.from.Add(time.Duration(k) * w.bin)
		part := min(until.Sub(begin), w.bin) - max(from.Sub(begin), 0)
		if math.IsNaN(out[k]) {
			out[k] = 0
		}
		out[k] = min(100, out[k]+100*float64(part)/float64(w.bin))
	}
}

func cpuOver(n *analyze.Node, w heatWindow) []float64 {
	out := unknownBins()
	if n.Host == nil {
		return out
	}
	c, ok := readColumns(n, n.Host.Series)
	if !ok {
		return out
	}
	busy := []string{
		hostseries.CPUUser, hostseries.CPUNice, hostseries.CPUSystem, hostseries.CPUIRQ, hostseries.CPUSoftIRQ,
		hostseries.CPUSteal,
	}
	fill(out, c.share(busy, append(busy, hostseries.CPUIdle, hostseries.CPUIOWait)), c.time, w)
	return out
}

// fill takes points into bins; each point is of the time since the one before it.
func fill(out []float64, points []point, t timeline, w heatWindow) {
	before := 0.0
	for _, p := range points {
		at := func(seconds float64) int { return w.binOf(t.start.Add(time.Duration(seconds * float64(time.Second)))) }
		for k := max(0, at(before)); k <= min(heatBins-1, at(p.at)); k++ {
			most(out, k, p.v)
		}
		before = p.at
	}
}

func stallsOver(n *analyze.Node, w heatWindow) []float64 {
	out := unknownBins()
	if c, ok := readColumns(n, n.Hiccups); ok {
		fill(out, c.gauge(1, timing.HiccupMax), c.time, w)
	}
	return out
}
