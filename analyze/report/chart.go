package report

import (
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"casefile/analyze/say"
)

// Size of a chart in its own units; the page scales it to its column.
const (
	chartWidth  = 560.0
	chartHeight = 210.0
	padLeft     = 58.0
	padRight    = 12.0
	padTop      = 12.0
	padBottom   = 26.0
	maxPoints   = 600 // of a line
	svgPoints   = 110 // of one without script, or on paper
)

// timeline is the horizontal axis: seconds from a beginning.
type timeline struct {
	start  time.Time // zero: no wall clock, labels count from zero
	length float64   // seconds
}

func (t timeline) ticks() []tick {
	if t.start.IsZero() {
		return sinceTicks(time.Duration(t.length*float64(time.Second)), 6)
	}
	return timeTicks(t.start, t.start.Add(time.Duration(t.length*float64(time.Second))), 6)
}

// label is a moment in a tooltip.
func (t timeline) label(at float64) string {
	d := time.Duration(at * float64(time.Second))
	if t.start.IsZero() {
		return "at " + say.Took(d)
	}
	return t.start.Add(d).UTC().Format("15:04:05.000")
}

// point is a value at seconds from the timeline's beginning.
type point struct{ at, v float64 }

// curve is one line, or one layer of a stack.
type curve struct {
	name   string
	class  string // s1 to s6, or full
	points []point
}

// chart is what all charts of time share.
type chart struct {
	title string // what it shows, for the heading
	unit  string // how values are labelled: see labels
	// labelled labels values instead, where it is there.
	labelled func(float64) string
	time     timeline
	curves   []curve
	stacked  bool
	top      float64 // least upper end of the value axis
	limit    *limitLine
	note     string
}

// limitLine is a horizontal line, such as the maximum heap.
type limitLine struct {
	v    float64
	name string
}

// labels write values by unit.
var labels = map[string]func(float64) string{
	"bytes": say.Bytes[float64], "%": func(v float64) string { return say.Percent(v / 100) }, "ms": func(v float64) string { return say.Number(v) + " ms" },
	"": say.Number, "cores": say.Number, "/s": say.Number,
}

func (c *chart) label(v float64) string {
	if c.labelled != nil {
		return c.labelled(v)
	}
	if f := labels[c.unit]; f != nil {
		return f(v)
	}
	return say.Number(v)
}

// figureChart is a chart ready for the page.
type figureChart struct {
	Title  string
	Legend []legendItem
	SVG    template.HTML
	plot   *plotData // where the page can zoom; nil: the picture is all there is
	Note   string
}

type legendItem struct{ Class, Name string }

// frame is the plot area with its axes.
type frame struct {
	*svg
	x, y scale
}

// newFrame draws axes and grid.
func newFrame(label string, x scale, xTicks []tick, y scale, yTicks []tick) *frame {
	f := &frame{svg: &svg{}, x: x, y: y}
	f.x.from, f.x.to = padLeft, chartWidth-padRight
	f.y.from, f.y.to = chartHeight-padBottom, padTop
	f.open("chart", chartWidth, chartHeight, label)
	var grid, marks strings.Builder
	f.raw(`<g class="tick y">`)
	for _, t := range yTicks {
		at := f.y.at(t.value)
		grid.WriteString("M" + num(padLeft) + " " + num(math.Round(at)) + "H" + num(chartWidth-padRight))
		f.label(padLeft-7, at+3.5, t.label)
	}
	f.raw(`</g><g class="tick x">`)
	for _, t := range xTicks {
		at := f.x.at(t.value)
		marks.WriteString("M" + num(math.Round(at)) + " " + num(chartHeight-padBottom) + "v4")
		f.label(min(at, chartWidth-padRight-14), chartHeight-padBottom+16, t.label)
	}
	f.raw(`</g>`)
	f.path("grid", grid.String())
	f.path("mark", marks.String())
	f.line("axis", padLeft, chartHeight-padBottom, chartWidth-padRight, chartHeight-padBottom)
	return f
}

// draw makes lines, or layers, over time. ok is false when there is nothing to draw.
func (c *chart) draw() (fig figureChart, ok bool) {
	top, points := c.top, 0
	if c.stacked {
		c.curves = slices.DeleteFunc(c.curves, func(cv curve) bool { return cv.flat() })
		c.stack()
	}
	for i := range c.curves {
		c.curves[i].points = c.thin(c.curves[i].points, maxPoints)
		for _, p := range c.curves[i].points {
			if !math.IsNaN(p.v) {
				top = max(top, p.v)
				points++
			}
		}
	}
	if points < 2 || c.time.length <= 0 {
		return fig, false
	}
	if c.limit != nil {
		top = max(top, c.limit.v)
	}
	fig = figureChart{Title: c.title, Note: c.note, plot: c.data()}
	for i := range c.curves {
		c.curves[i].points = c.thin(c.curves[i].points, svgPoints)
	}
	f := c.frame(top)
	for i := range c.curves {
		if c.stacked { // each layer reaches down to zero: the lower ones cover it
			i = len(c.curves) - 1 - i
		}
		c.curve(f, i)
	}
	for _, cv := range c.curves {
		fig.Legend = append(fig.Legend, legendItem{cv.class, clean(cv.name)})
	}
	if c.limit != nil {
		at := f.y.at(c.limit.v)
		f.line("limit", padLeft, at, chartWidth-padRight, at)
		f.text("limit-name", "end", chartWidth-padRight-4, at+13, c.limit.name+" "+c.label(c.limit.v))
	}
	fig.SVG = f.done()
	return fig, true
}

func (c *chart) frame(top float64) *frame {
	upper, ticks := linear(top, 4, c.label)
	if c.unit == "bytes" {
		upper, ticks = bytesAxis(top, 4)
	}
	return newFrame(c.title, scale{max: c.time.length}, c.time.ticks(), scale{max: upper}, ticks)
}

// flat tells that a curve never leaves zero.
func (cv curve) flat() bool {
	for _, p := range cv.points {
		if p.v > 0 {
			return false
		}
	}
	return true
}

// stack turns each curve into the sum of itself and those before it.
func (c *chart) stack() {
	for i := 1; i < len(c.curves); i++ {
		below := c.curves[i-1].points
		for k := range min(len(below), len(c.curves[i].points)) {
			c.curves[i].points[k].v += below[k].v
		}
	}
}

// curve draws one line with gaps where values are missing, or one filled layer, in whole units of the picture.
func (c *chart) curve(f *frame, i int) {
	cv := &c.curves[i]
	p := &pen{}
	down, first := false, 0
	floor := int(math.Round(f.y.at(0)))
	lift := func() {
		if c.stacked && down {
			p.down(floor, first)
		}
		down = false
	}
	for _, pt := range cv.points {
		if math.IsNaN(pt.v) {
			lift()
			continue
		}
		x, y := int(math.Round(f.x.at(pt.at))), int(math.Round(f.y.at(pt.v)))
		if !down {
			p.move(x, y)
			down, first = true, x
		}
		p.line(x, y)
	}
	lift()
	class := "line "
	if c.stacked {
		class = "area "
	}
	f.path(class+cv.class, p.data())
}

// thin bounds the points of a curve. Layers of a stack must keep the same moments.
func (c *chart) thin(points []point, most int) []point {
	if !c.stacked || len(points) <= most {
		return thinned(points, most)
	}
	each := (len(points) + most - 1) / most
	var out []point
	for i := 0; i < len(points); i += each {
		out = append(out, points[i])
	}
	return out
}

// thinned keeps the largest of neighbouring points, so that peaks stay.
func thinned(points []point, most int) []point {
	if len(points) <= most {
		return points
	}
	each := (len(points) + most - 1) / most
	out := make([]point, 0, most)
	for i := 0; i < len(points); i += each {
		best := points[i]
		for _, p := range points[i:min(i+each, len(points))] {
			if p.v > best.v || math.IsNaN(best.v) {
				best = p
			}
		}
		out = append(out, best)
	}
	return out
}
