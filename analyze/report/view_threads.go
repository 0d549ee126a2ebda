package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/threads"
)

const (
	chartPools    = 6  // by name in one chart
	poolNameWidth = 40 // characters
)

// threadCharts are what a series of dumps shows over time: threads by state, busy threads by pool, the busiest pool.
func threadCharts(n *analyze.Node, s *threads.Series, title string) (list []figureChart) {
	names, times := dumpNames(n, s), dumpTimes(n, s)
	add := func(title string, layers []layer) {
		if fig, ok := barChart(title, names, layers); ok {
			fig.plot = times.plot(layers)
			list = append(list, fig)
		}
	}
	add(title+" by state", stateLayers(s))
	pools := s.Pools(nil)
	if layers := busyLayers(s, pools); len(layers) > 1 {
		add("Busy threads by pool", layers)
	}
	if pool := busiestPool(pools); pool != nil {
		add("Pool "+clean(cut(pool.Name, poolNameWidth)), poolLayers(pool))
	}
	return list
}

// moments are the times of dumps, in seconds from the first.
type moments struct {
	start time.Time // zero: no wall clock
	at    []moment
}

// dumpTimes are the times of the dumps on the reference clock; where a dump gives no zone, since the first one. Nil: they are not known.
func dumpTimes(n *analyze.Node, s *threads.Series) *moments {
	m := &moments{}
	for i, d := range s.Dumps {
		if d.Time.IsZero() {
			return nil
		}
		since := d.Time.Sub(s.Dumps[0].Time).Seconds()
		if i > 0 && float64(m.at[i-1]) >= since { // two at one time have no place on an axis of time
			return nil
		}
		m.at = append(m.at, moment(since))
	}
	if !slices.ContainsFunc(s.Dumps, func(d *threads.Dump) bool { return !d.ZoneKnown }) {
		m.start = n.Clock.Reference(s.Dumps[0].Time)
	}
	return m
}

// plot is the bars of a chart over time; nil: there is no time.
func (m *moments) plot(layers []layer) *plotData {
	if m == nil || len(m.at) < 2 {
		return nil
	}
	p := &plotData{Stack: true, Bars: true, Times: m.at}
	if !m.start.IsZero() {
		p.Start = m.start.UnixMilli()
	}
	sums := make([]int, len(m.at))
	for _, l := range layers {
		c := plotCurve{Name: l.name, Class: l.class}
		for i, v := range l.values {
			sums[i] += v
			c.Values = append(c.Values, number(sums[i]))
		}
		p.Curves = append(p.Curves, c)
	}
	return p
}

// busyLayers are the busy threads of the pools that had most of them, and of all others.
func busyLayers(s *threads.Series, pools []*threads.Pool) []layer {
	busy := func(p *threads.Pool) (n int) {
		for _, c := range p.Counts {
			n += c.Busy
		}
		return n
	}
	pools = slices.DeleteFunc(slices.Clone(pools), func(p *threads.Pool) bool { return busy(p) == 0 })
	slices.SortStableFunc(pools, func(a, b *threads.Pool) int { return cmp.Compare(busy(b), busy(a)) })
	var layers []layer
	classes := [chartPools]string{"s1", "s2", "s3", "s5", "s4", "s7"}
	for i, p := range pools {
		if i < chartPools {
			layers = append(layers, layer{classes[i], clean(cut(p.Name, poolNameWidth)), make([]int, len(s.Dumps))})
		}
		if i == chartPools {
			layers = append(layers, layer{"s6", fmt.Sprintf("%d other pools", len(pools)-i), make([]int, len(s.Dumps))})
		}
		for k, c := range p.Counts {
			layers[min(i, chartPools)].values[k] += c.Busy
		}
	}
	return layers
}

// lookChart is what could be seen of a process from outside when it gave no dump.
func lookChart(n *analyze.Node, looks []analyze.Look) (figureChart, bool) {
	if len(looks) < 2 {
		return figureChart{}, false
	}
	first := looks[0].Time
	c := chart{title: "Threads as seen from outside", time: timeline{n.Clock.Reference(first), looks[len(looks)-1].Time.Sub(first).Seconds()},
		note:   "from /proc, while the JVM gave no dump",
		curves: []curve{{name: "threads", class: "s1"}, {name: "kept from running", class: "s4"}, {name: "in a sleep that nothing interrupts, mostly of a disk", class: "s2"}}}
	for _, l := range looks {
		for i, v := range []int{l.Threads, l.Stopped, l.Disk} {
			c.curves[i].points = append(c.curves[i].points, point{l.Time.Sub(first).Seconds(), float64(v)})
		}
	}
	return c.draw()
}
