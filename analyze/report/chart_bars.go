package report

import (
	"fmt"
	"html/template"
	"maps"
	"math"
	"slices"
	"strings"

	"casefile/analyze/say"
)

// layer is one part of a stacked bar: a class and a name with a value for each bar.
type layer struct {
	class, name string
	values      []int
}

const maxBars = 120 // in one chart

// barChart draws a stacked bar for each dump.
func barChart(title string, names []string, layers []layer) (figureChart, bool) {
	n := min(len(names), maxBars)
	top := 0
	for i := range n {
		sum := 0
		for _, l := range layers {
			sum += l.values[i]
		}
		top = max(top, sum)
	}
	if top == 0 {
		return figureChart{}, false
	}
	upper, yTicks := linear(float64(max(top, 4)), 4, say.Number) // whole numbers
	f := newFrame(title, scale{max: float64(n)}, barTicks(names[:n]), scale{max: upper}, yTicks)
	slot := (chartWidth - padLeft - padRight) / float64(n)
	width := min(slot*0.72, 46)
	areas := map[string]*pen{}
	tips := &svg{}
	for i := range n {
		x, base := f.x.at(float64(i)+0.5)-width/2, 0
		text := names[i]
		for _, l := range layers {
			if l.values[i] == 0 {
				continue
			}
			text += fmt.Sprintf("\n%s: %d", l.name, l.values[i])
			if areas[l.class] == nil {
				areas[l.class] = &pen{}
			}
			areas[l.class].box(x, f.y.at(float64(base+l.values[i])), width, f.y.at(float64(base)))
			base += l.values[i]
		}
		tips.raw(`<path class="over" d="M`, num(math.Round(x)), ` 12h`, num(math.Round(width)), `v172H`, num(math.Round(x)), `"`)
		tips.tip("path", text)
	}
	for _, class := range slices.Sorted(maps.Keys(areas)) {
		f.path("pile "+class, areas[class].data())
	}
	f.raw(tips.b.String())
	fig := figureChart{Title: title, SVG: f.done()}
	for _, l := range layers {
		fig.Legend = append(fig.Legend, legendItem{l.class, l.name})
	}
	if n < len(names) {
		fig.Note = fmt.Sprintf("the first %d of %d dumps", n, len(names))
	}
	return fig, true
}

// barTicks labels as many bars as there is room for.
func barTicks(names []string) []tick {
	each := (len(names) + 6) / 7
	var out []tick
	for i := 0; i < len(names); i += max(each, 1) {
		out = append(out, tick{float64(i) + 0.5, names[i]})
	}
	return out
}

// spark draws small stacked bars, one a dump, for a table cell.
func spark(label string, layers []layer) template.HTML {
	if len(layers) == 0 {
		return ""
	}
	const height = 26.0
	n := min(len(layers[0].values), 30)
	top := 1
	for i := range n {
		sum := 0
		for _, l := range layers {
			sum += l.values[i]
		}
		top = max(top, sum)
	}
	slot := min(14, 140/float64(max(n, 1)))
	s := &svg{}
	s.open("spark", slot*float64(max(n, 1)), height, label)
	areas := map[string]*pen{}
	var said []string
	for i := range n {
		base, text := 0, fmt.Sprintf("dump %d:", i+1)
		for _, l := range layers {
			text += fmt.Sprintf(" %d %s", l.values[i], l.name)
			if l.values[i] == 0 {
				continue
			}
			if areas[l.class] == nil {
				areas[l.class] = &pen{}
			}
			at := func(v int) float64 { return height - height*float64(v)/float64(top) }
			areas[l.class].box(float64(i)*slot, at(base+l.values[i]), slot-2, at(base))
			base += l.values[i]
		}
		said = append(said, text)
	}
	s.title(strings.Join(said, "\n"))
	for _, class := range slices.Sorted(maps.Keys(areas)) {
		s.path("pile "+class, areas[class].data())
	}
	return s.done()
}
