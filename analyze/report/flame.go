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

const (
	flameRow   = 18
	flameWide  = 1000  // units of the picture
	flameLeast = 0.004 // least share of a frame of the picture without script
	flameText  = 60    // least width of a frame with its name
	flameDepth = 60    // rows of it
	// changeFrom is the difference of shares from which on a frame is coloured, in points.
	changeFrom = 1.0
	// clump is by how much samples of one stack are more alike than independent ones.
	clump = 2
)

// flame is a graph as the page shows it without script.
type flame struct {
	Legend []legendItem
	SVG    template.HTML
	Note   string
}

// changeLegend are the colours of a comparison.
var changeLegend = []legendItem{{"f2", "larger share than before"}, {"f3", "smaller"}, {"f4", "about the same"}}

// flame draws what is shown of a tree, from the root down.
func (s *stackSet) flame(t *stackTree, l *look) (f flame) {
	children, states := t.children(), t.byState(l.idle)
	shapes, names := map[string]*strings.Builder{}, &svg{}
	rows, left := 0, 0
	var draw func(at int32, x float64, row int)
	draw = func(at int32, x float64, row int) {
		n, width := &t.nodes[at], l.shown[at]/l.shown[0]
		if width < flameLeast || row >= flameDepth {
			if width > 0 {
				left += max(1, n.left)
			}
			return
		}
		rows = max(rows, row+1)
		class, name := l.class(at, states), "all"
		switch {
		case n.left > 0:
			class, name = "f7", count(n.left, "rarer call")
		case at > 0:
			name = s.names.list[n.name]
		}
		if shapes[class] == nil {
			shapes[class] = &strings.Builder{}
		}
		w := max(width*flameWide-0.5, 0.5)
		fmt.Fprintf(shapes[class], "M%s %dh%sv%dh-%sz", num(x*flameWide), row*flameRow, num(w), flameRow-1, num(w))
		if chars := int((w - 8) / 6); w >= flameText {
			names.raw(`<text x="`, num(x*flameWide+4), `" y="`, num(float64(row*flameRow+13)), `">`, esc(cut(shortFunc(name), chars)), `</text>`)
		}
		for _, c := range children[at] {
			draw(c, x, row+1)
			x += l.shown[c] / l.shown[0]
		}
	}
	draw(0, 0, 0)
	pic := &svg{}
	pic.open("flame", flameWide, float64(rows*flameRow), "Flame graph of "+t.name)
	for _, class := range slices.Sorted(maps.Keys(shapes)) {
		pic.path(class, shapes[class].String())
	}
	pic.raw(names.b.String())
	f.SVG = pic.done()
	f.Legend = s.legend(t, l, shapes)
	if left > 0 {
		f.Note = fmt.Sprintf("%s with less than 0.4 %% each, or deeper than %d, are not drawn", count(left, "call"), flameDepth)
	}
	return f
}

func (s *stackSet) legend(t *stackTree, l *look, used map[string]*strings.Builder) (out []legendItem) {
	switch {
	case l.other != nil:
		out = changeLegend
	case t.unit == unitThreads:
		for _, st := range stackStates {
			out = append(out, legendItem{st.class, st.name})
		}
	}
	return slices.DeleteFunc(slices.Clone(out), func(i legendItem) bool { return used[i.Class] == nil })
}

// class is the colour of a call: of its change, else of the state that most of its threads are in.
func (l *look) class(at int32, states [][]float64) string {
	switch {
	case l.other != nil:
		return changeClass(l.shown[at]/l.shown[0], l.other[at]/l.other[0], l.counts)
	case states == nil:
		return "f5"
	}
	class, most := "f4", 0.0
	for i, of := range states {
		if of[at] > most {
			class, most = stackStates[i].class, of[at]
		}
	}
	return class
}

// changeClass colours a change of shares that is more than a point, and more than chance makes of so many samples.
func changeClass(now, before float64, counts [2]float64) string {
	n, m := max(counts[sideNow]/clump, 1), max(counts[sideBefore]/clump, 1)
	noise := 1.96 * math.Sqrt(now*(1-now)/n+before*(1-before)/m+0.25/(n*n)+0.25/(m*m))
	switch d := now - before; {
	case math.Abs(d) < max(changeFrom/100, noise):
		return "f4"
	case d > 0:
		return "f2"
	}
	return "f3"
}

// shortFunc leaves class and method of a name, without package and module.
func shortFunc(name string) string {
	if strings.ContainsAny(name, " ([") && !strings.Contains(name, ".(") {
		return name
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 { // Go: the last part of the import path
		return name[i+1:]
	}
	if strings.Contains(name, ".(") {
		return name
	}
	last := strings.LastIndexByte(name, '.')
	if last <= 0 {
		return name
	}
	if i := strings.LastIndexByte(name[:last], '.'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// valueText writes a value of a profile in its unit.
func valueText(unit string, v int64) string {
	switch unit {
	case "nanoseconds":
		return say.Number(float64(v)/1e9) + " s"
	case "bytes":
		return say.Bytes(float64(v))
	case "count", "":
		return say.Whole(v)
	}
	return joined(" ", say.Whole(v), unit)
}

// Value writes a value of a profile in its unit, for people.
func Value(unit string, v int64) string { return valueText(unit, v) }
