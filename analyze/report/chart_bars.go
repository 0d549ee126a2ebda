package report

import (
	"casefile/analyze/say"
	"fmt"
	"html/template"
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
	for i := range n {
		x, base := f.x.at(float64(i)+0.5)-width/2, 0
		text := names[i]
		for _, l := range layers {
			if l.values[i] > 0 {
				text += fmt.Sprintf("\n%s: %d", l.name, l.values[i])
			}
		}
		f.raw("<g>")
		f.title(text)
		for _, l := range layers {
			if l.values[i] == 0 {
				continue
			}
			y1, y2 := f.y.at(float64(base)), f.y.at(float64(base+l.values[i]))
			f.rect("bar "+l.class, x, y2, width, y1-y2, "")
			base += l.values[i]
		}
		f.raw("</g>")
	}
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
	for i := range n {
		y, text := height, fmt.Sprintf("dump %d", i+1)
		for _, l := range layers {
			text += fmt.Sprintf("\n%s: %d", l.name, l.values[i])
		}
		s.raw("<g>")
		s.title(text)
		for _, l := range layers {
			h := height * float64(l.values[i]) / float64(top)
			if h == 0 {
				continue
			}
			y -= h
			s.rect("bar "+l.class, float64(i)*slot, y, slot-2, h, "")
		}
		s.raw("</g>")
	}
	return s.done()
}
