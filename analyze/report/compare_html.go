package report

import (
	"cmp"
	"io"
	"math"
	"slices"

	"casefile/analyze/compare"
	"casefile/analyze/compare/stats"
	"casefile/analyze/say"
)

// Most charts of a comparison.
const (
	compareCharts = 12
	compareBars   = 40 // of a distribution
)

var verdictLevels = map[compare.VerdictKind]string{compare.Regression: "critical", compare.Mixed: "warning", compare.DifferentLoad: "warning"}

// CompareHTML writes a comparison as a page that needs nothing from outside.
func CompareHTML(w io.Writer, c *compare.Comparison, m Meta) error {
	page := &partsPage{Title: c.Verdict.Text, Kicker: m.tool() + " · compare", Level: cmp.Or(verdictLevels[c.Verdict.Kind], "info"),
		Skip: "Skip to what changed", Notes: c.Verdict.Why, Heading: "What changed, and what did not", Parts: compareParts(c), Stacks: compareStacks(c), StacksLast: true}
	page.Facts = []fact{{"before", sideNames(c.Before)}, {"after", sideNames(c.After)}}
	return page.write(w)
}

// againstSection is a comparison as a part of the report of the later capture.
func againstSection(c *compare.Comparison) *section {
	if c == nil {
		return nil
	}
	s := &section{Anchor: "against", Title: againstTitle(c), Parts: []part{{Title: c.Verdict.Text}}}
	if len(c.Verdict.Why) > 0 {
		t := table{Columns: columns("To know of it")}
		for _, why := range c.Verdict.Why {
			t.Rows = append(t.Rows, []cell{text(cut(why, 300))})
		}
		s.Parts = append(s.Parts, part{Tables: []table{t}})
	}
	s.Parts = append(s.Parts, compareParts(c)...)
	return s
}

func againstTitle(c *compare.Comparison) string { return "Compared with " + base(c.Before[0].Name) }

func sideNames(runs []compare.Run) string {
	var list []string
	for _, r := range runs {
		list = append(list, joined(", ", base(r.Name), between(r.Case.Started, r.Case.Ended)))
	}
	return joined("; ", list...)
}

// compareParts are the tables of a comparison, with charts behind those of what changed.
func compareParts(c *compare.Comparison) (parts []part) {
	var later []part
	for _, b := range blocksOf(c) {
		p := part{Title: b.title, Note: b.note, Tables: []table{b.table()}}
		if b.detail {
			later = append(later, p)
		} else {
			parts = append(parts, p)
		}
	}
	charts := part{Title: "Both sides drawn on one axis"}
	for _, r := range c.Changed() {
		if len(charts.Charts) < 2*compareCharts {
			charts.add(distribution(r))
			charts.add(sideBySide(r))
		}
	}
	if !charts.empty() && len(charts.Charts) > 0 {
		parts = append(parts, charts)
	}
	return append(parts, later...)
}

func (b *block) table() table {
	t := table{Columns: columns(b.columns...)}
	for _, r := range b.rows {
		var row []cell
		for i, s := range r {
			row = append(row, cell{Text: cut(s, 200), Code: b.columns[i] == "Method" || b.columns[i] == "Finding" || b.columns[i] == "What"})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// valuesOf are single values of a side: of events, or of windows.
func valuesOf(runs []stats.Sample) (out []float64) {
	for _, s := range runs {
		for i, v := range s.Num {
			if s.Den != nil {
				if s.Den[i] <= 0 {
					continue
				}
				v /= s.Den[i]
			}
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				out = append(out, v)
			}
		}
	}
	return out
}

// distribution draws how often each value was seen, before and after, on one axis: shares of each side. What lies beyond
// the 99th percentile of both counts at the end.
func distribution(r *compare.Reading) (figureChart, bool) {
	before, after := r.Samples()
	b, a := valuesOf(before), valuesOf(after)
	if len(b) < 5 || len(a) < 5 {
		return figureChart{}, false
	}
	top := max(nearTop(b), nearTop(a))
	low := min(slices.Min(b), slices.Min(a))
	if top <= low {
		return figureChart{}, false
	}
	if low < top/3 {
		low = 0
	}
	curves := [][]float64{shares(b, low, top), shares(a, low, top)}
	most := max(slices.Max(curves[0]), slices.Max(curves[1]))
	upper, yTicks := linear(most, 4, say.Percent)
	var xTicks []tick
	step := niceStep(top-low, 5)
	for v := math.Ceil(low/step) * step; v <= top; v += step {
		xTicks = append(xTicks, tick{v, r.Unit.Text(v)})
	}
	title := r.Title + ", " + r.Where()
	f := newFrame(title+": distribution before and after", scale{min: low, max: top}, xTicks, scale{max: upper}, yTicks)
	for i, name := range []string{"before", "after"} {
		f.path("line "+sideClasses[name], steps(f, curves[i], low, top))
	}
	for i, v := range []float64{r.Before.Value, r.After.Value} {
		x := f.x.at(v)
		f.line("limit", x, padTop, x, chartHeight-padBottom)
		anchor, by := "start", 3.0
		if v == min(r.Before.Value, r.After.Value) && f.x.at(v) > padLeft+chartWidth/4 {
			anchor, by = "end", -3
		}
		f.text("limit-name", anchor, x+by, padTop+9+float64(11*i), []string{"before ", "after "}[i]+r.Unit.Text(v))
	}
	return figureChart{Title: title, Legend: sideLegend, SVG: f.done(),
		Note: "share of the values of each side; the lines mark the measure: " + r.Moved()}, true
}

var sideClasses = map[string]string{"before": "s1", "after": "s2"}

var sideLegend = []legendItem{{"s1", "before"}, {"s2", "after"}}

// nearTop is the 99th percentile.
func nearTop(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[min(len(v)*99/100, len(v)-1)]
}

func shares(v []float64, low, top float64) []float64 {
	out := make([]float64, compareBars)
	for _, x := range v {
		i := int((x - low) / (top - low) * compareBars)
		out[min(max(i, 0), compareBars-1)] += 1 / float64(len(v))
	}
	return out
}

// steps is the outline of a histogram.
func steps(f *frame, v []float64, low, top float64) string {
	width := (top - low) / float64(len(v))
	d := "M" + num(f.x.at(low)) + " " + num(f.y.at(0))
	for i, y := range v {
		from, to := low+width*float64(i), low+width*float64(i+1)
		d += "L" + num(f.x.at(from)) + " " + num(f.y.at(y)) + "L" + num(f.x.at(to)) + " " + num(f.y.at(y))
	}
	return d + "L" + num(f.x.at(top)) + " " + num(f.y.at(0))
}

// sideBySide draws the windows of both sides over the time since each began.
func sideBySide(r *compare.Reading) (figureChart, bool) {
	before, after := r.Samples()
	c := chart{title: r.Title + ", " + r.Where() + ", over time", unit: string(r.Unit)}
	c.labelled = r.Unit.Text
	for i, side := range [][]stats.Sample{before, after} {
		name := sideLegend[i].Name
		s := side[len(side)-1]
		v := valuesOf(side[len(side)-1:])
		if len(v) < 3 || s.Seconds <= 0 {
			return figureChart{}, false
		}
		cv := curve{name: name, class: sideClasses[name]}
		for k, y := range v {
			cv.points = append(cv.points, point{s.Seconds * float64(k) / float64(len(v)), y})
		}
		c.time.length = max(c.time.length, s.Seconds)
		c.curves = append(c.curves, cv)
	}
	return c.draw()
}

// compareStacks are the stacks of both sides: those of after, in the colours of what changed.
func compareStacks(c *compare.Comparison) *explorer {
	s := newStackSet()
	s.before = base(c.Before[len(c.Before)-1].Name)
	s.pairs(c, nil, true)
	s.order()
	s.bound()
	e, _ := s.explore("Call tree and flame graph: after, in the colours of what changed", againstBefore)
	return e
}
