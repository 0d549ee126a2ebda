package report

import (
	"encoding/json"
	"html/template"
	"math"
	"slices"
	"strconv"

	"casefile/analyze/gc"
)

// plotData is a chart for the page's script: the points of the picture that is shown without it, and more of them.
type plotData struct {
	Start  int64       `json:"t0,omitempty"` // of time, ms of Unix time; 0: no wall clock, times count from a start
	Unit   string      `json:"unit,omitempty"`
	Stack  bool        `json:"stack,omitempty"` // each curve is the sum of itself and those before it
	Log    bool        `json:"log,omitempty"`
	Dots   bool        `json:"dots,omitempty"`
	Top    number      `json:"top,omitempty"` // least upper end of the value axis
	Limit  *plotLimit  `json:"limit,omitempty"`
	Times  []moment    `json:"x,omitempty"` // seconds from Start, of all curves that have none of their own
	Curves []plotCurve `json:"s"`
}

type plotLimit struct {
	Value number `json:"v"`
	Name  string `json:"n"`
}

type plotCurve struct {
	Name   string   `json:"n"`
	Class  string   `json:"c"`
	Times  []moment `json:"x,omitempty"`
	Values []number `json:"y"`
}

// number is written with at most four digits that matter, which no picture shows more of; not a number is null.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	v := float64(n)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	if v >= 1e4 && v < 1e15 { // whole numbers, cut to what matters
		unit := math.Pow(10, math.Floor(math.Log10(v))-3)
		return strconv.AppendFloat(nil, math.Round(v/unit)*unit, 'f', 0, 64), nil
	}
	return strconv.AppendFloat(nil, v, 'g', 4, 64), nil
}

// moment is a time in seconds, written to the millisecond.
type moment float64

func (m moment) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, math.Round(float64(m)*1000)/1000, 'f', -1, 64), nil
}

func (p *plotData) script() template.JS {
	text, err := json.Marshal(p)
	if err != nil {
		return "" // the picture is there
	}
	return template.JS(text) // JSON as encoding/json writes it is free of markup
}

// data gives the curves as they are drawn.
func (c *chart) data() template.JS {
	p := plotData{Unit: c.unit, Stack: c.stacked, Top: number(c.top)}
	if c.labelled != nil {
		return "" // its values have names of their own
	}
	if !c.time.start.IsZero() {
		p.Start = c.time.start.UnixMilli()
	}
	if c.limit != nil {
		p.Limit = &plotLimit{number(c.limit.v), clean(c.limit.name)}
	}
	for _, cv := range c.curves {
		out := plotCurve{Name: clean(cv.name), Class: cv.class}
		for _, pt := range cv.points {
			out.Times = append(out.Times, moment(pt.at))
			out.Values = append(out.Values, number(pt.v))
		}
		p.Curves = append(p.Curves, out)
	}
	p.share()
	return p.script()
}

// share tells the times once where all curves have the same.
func (p *plotData) share() {
	for i := range p.Curves {
		if !slices.Equal(p.Curves[i].Times, p.Curves[0].Times) {
			return
		}
	}
	for i := range p.Curves {
		p.Times, p.Curves[i].Times = p.Curves[i].Times, nil
	}
}

// plotPauses is how many pauses of one class can be zoomed into: the longest of each stretch.
const plotPauses = 700

func pauseData(l *gc.Log, t timeline) template.JS {
	p := plotData{Unit: "ms", Log: true, Dots: true}
	if !t.start.IsZero() {
		p.Start = t.start.UnixMilli()
	}
	for _, class := range pauseOrder {
		var points []point
		for i := range l.Pauses {
			if x := &l.Pauses[i]; classOf(x.Kind) == class {
				points = append(points, point{(x.Start - l.First).Seconds(), max(inMillis(x.Duration), shortestShown)})
			}
		}
		out := plotCurve{Name: class.name, Class: class.class}
		for _, pt := range thinned(points, plotPauses) {
			out.Times, out.Values = append(out.Times, moment(pt.at)), append(out.Values, number(pt.v))
		}
		if len(points) > 0 {
			p.Curves = append(p.Curves, out)
		}
	}
	return p.script()
}
