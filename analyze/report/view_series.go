package report

import (
	"fmt"
	"math"

	"casefile/analyze"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/series"
)

// Counters of hsperfdata. Spaces and collectors are numbered; times are ticks.
const (
	perfFrequency = "sun.os.hrt.frequency"
	perfSafepoint = "sun.rt.safepointTime"
	perfClasses   = "java.cls.loadedClasses"
)

// columnsOf reads a series over its timeline.
type columnsOf struct {
	*series.Series
	time timeline
}

func readColumns(n *analyze.Node, s *series.Series) (columnsOf, bool) {
	if s == nil || len(s.Times) < 2 {
		return columnsOf{}, false
	}
	first, last := s.Times[0], s.Times[len(s.Times)-1]
	return columnsOf{s, timeline{start: n.Clock.Reference(first), length: last.Sub(first).Seconds()}}, true
}

func (c columnsOf) at(i int) float64 { return c.Times[i].Sub(c.Times[0]).Seconds() }

// has reports whether there is a column.
func (c columnsOf) has(name string) bool { return c.Values(name) != nil }

// gauge is the sum of columns; one that is missing counts as nothing.
func (c columnsOf) gauge(factor float64, names ...string) []point {
	var out []point
	for i := range c.Times {
		sum, seen := 0.0, false
		for _, name := range names {
			if col := c.Values(name); col != nil && !math.IsNaN(col[i]) {
				sum, seen = sum+col[i]*factor, true
			}
		}
		if !seen {
			sum = math.NaN()
		}
		out = append(out, point{c.at(i), sum})
	}
	return out
}

// rate is the growth per second of the sum of counters; a fall counts as none.
func (c columnsOf) rate(factor float64, names ...string) []point {
	levels := c.gauge(factor, names...)
	var out []point
	for i := 1; i < len(levels); i++ {
		dt := levels[i].at - levels[i-1].at
		v := math.NaN()
		if dt > 0 {
			v = max(0, levels[i].v-levels[i-1].v) / dt
		}
		out = append(out, point{levels[i].at, v})
	}
	return out
}

// share is the growth of some counters in percent of the growth of others.
func (c columnsOf) share(part, whole []string) []point {
	a, b := c.rate(1, part...), c.rate(1, whole...)
	for i := range a {
		if b[i].v > 0 {
			a[i].v = 100 * min(1, a[i].v/b[i].v)
		} else {
			a[i].v = math.NaN()
		}
	}
	return a
}

// numbered gives the names of a numbered column, from 0 until one is missing.
func (c columnsOf) numbered(pattern string) []string {
	var out []string
	for i := 0; c.has(fmt.Sprintf(pattern, i)); i++ {
		out = append(out, fmt.Sprintf(pattern, i))
	}
	return out
}

// counterPart is what the counters of a JVM and its process show.
func counterPart(n *analyze.Node, j *analyze.JVM) part {
	p := part{Title: "Counters", Charts: processCharts(n, j.Process)}
	c, ok := readColumns(n, j.Counters)
	if !ok {
		return p
	}
	p.add(perfHeap(c).draw())
	p.add(perfShares(c, j).draw())
	p.add((&chart{title: "Threads", time: c.time, curves: []curve{{"live", "s1", c.gauge(1, "java.threads.live")}}}).draw())
	return p
}

// perfHeap is the heap by generation.
func perfHeap(c columnsOf) *chart {
	ch := &chart{title: "Heap used", unit: "bytes", time: c.time, stacked: true}
	names := []curve{{name: "old", class: "s1"}, {name: "young", class: "s5"}}
	generations := len(c.numbered("sun.gc.generation.%d.capacity"))
	if generations == 0 {
		generations = len(c.numbered("sun.gc.generation.%d.space.0.used"))
	}
	if generations == 1 {
		names = []curve{{name: "heap", class: "s1"}}
	}
	limit := 0.0
	for g := min(generations, 2) - 1; g >= 0; g-- {
		cv := names[len(ch.curves)]
		cv.points = c.gauge(1, c.numbered(fmt.Sprintf("sun.gc.generation.%d.space.%%d.used", g))...)
		ch.curves = append(ch.curves, cv)
		if v, ok := c.Last(fmt.Sprintf("sun.gc.generation.%d.capacity", g)); ok {
			limit += v
		}
	}
	if limit > 0 {
		ch.limit = &limitLine{limit, "committed"}
	}
	return ch
}

// perfShares is the share of time in each collector and at safepoints.
func perfShares(c columnsOf, j *analyze.JVM) *chart {
	ch := &chart{title: "Time in collectors and at safepoints", unit: "%", time: c.time, top: 1,
		note: "of a concurrent collector the counter may run while the application does"}
	freq, ok := c.Last(perfFrequency)
	if !ok || freq <= 0 {
		return ch
	}
	classes := []string{"s1", "full", "s3", "s5"}
	for i, name := range c.numbered("sun.gc.collector.%d.time") {
		if i == len(classes) {
			break
		}
		label := fmt.Sprintf("collector %d", i)
		if j.Perf != nil {
			if s, ok := j.Perf.Str(fmt.Sprintf("sun.gc.collector.%d.name", i)); ok && s != "" {
				label = cut(s, 40)
			}
		}
		ch.curves = append(ch.curves, curve{label, classes[i], c.rate(100/freq, name)})
	}
	if c.has(perfSafepoint) {
		ch.curves = append(ch.curves, curve{"safepoints, collections included", "s2", c.rate(100/freq, perfSafepoint)})
	}
	return ch
}

// processCharts are the figures of one process.
func processCharts(n *analyze.Node, s *series.Series) []figureChart {
	c, ok := readColumns(n, s)
	if !ok {
		return nil
	}
	var p part
	p.add((&chart{title: "CPU of the process, in cores", unit: "cores", time: c.time, stacked: true, curves: []curve{
		{"system", "s2", c.rate(1, entries.CPUSystem)}, {"user", "s1", c.rate(1, entries.CPUUser)}}}).draw())
	p.add((&chart{title: "Memory of the process", unit: "bytes", time: c.time, stacked: true, curves: []curve{
		{"resident", "s1", c.gauge(1, entries.Resident)}, {"swapped out", "s4", c.gauge(1, entries.SwappedOut)}}}).draw())
	fds := &chart{title: "Open files", time: c.time, curves: []curve{{"open", "s1", c.gauge(1, entries.OpenFiles)}}}
	if most, ok := c.Max(entries.OpenFiles); ok {
		if limit, ok := c.Last(entries.FileLimit); ok && limit < 4*most {
			fds.limit = &limitLine{limit, "limit"}
		}
	}
	p.add(fds.draw())
	return p.Charts
}
