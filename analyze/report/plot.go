package report

import (
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"

	"casefile/analyze/gc"
)

// plotData is a chart for the page's script: the points of the picture that is shown without it, and more of them.
type plotData struct {
	Start  int64       `json:"t0,omitempty"` // of time, ms of Unix time; 0: no wall clock, times count from a start
	Length moment      `json:"l,omitempty"`  // seconds that the source is of
	Unit   string      `json:"unit,omitempty"`
	Stack  bool        `json:"stack,omitempty"` // each curve is the sum of itself and those before it
	Log    bool        `json:"log,omitempty"`
	Dots   bool        `json:"dots,omitempty"`
	Bars   bool        `json:"bars,omitempty"`
	Top    number      `json:"top,omitempty"` // least upper end of the value axis
	Limit  *plotLimit  `json:"limit,omitempty"`
	Times  []moment    `json:"-"`           // seconds from Start, of all curves that have none of their own
	Axis   int         `json:"a,omitempty"` // where the page has Times, from 1
	Curves []plotCurve `json:"s"`
}

type plotLimit struct {
	Value number `json:"v"`
	Name  string `json:"n"`
}

type plotCurve struct {
	Name   string   `json:"n"`
	Class  string   `json:"c"`
	Times  []moment `json:"-"`
	Axis   int      `json:"a,omitempty"` // as of plotData
	Values []number `json:"y"`
	exact  bool     // each value keeps digits of its own, as a logarithmic axis wants
}

// finestLevel is how many digits of a curve's largest value follow its first one: more than a picture shows, so that one can zoom in.
const finestLevel = 4

// MarshalJSON writes values as whole multiples of a unit "f", each as its distance from the known value before it, in one text "v"
// (see appendVLQ): a curve that hardly moves takes a character a point. Curves without a unit have their values as they are.
func (c plotCurve) MarshalJSON() ([]byte, error) {
	type plain plotCurve // without this method
	unit := c.unit()
	if unit == 0 {
		return json.Marshal(plain(c))
	}
	var text []byte
	last := int64(0)
	for _, v := range c.Values {
		v := float64(v)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			text = append(text, vlqMissing)
			continue
		}
		level := int64(math.Round(v / unit))
		text, last = appendVLQ(text, level-last), level
	}
	return json.Marshal(struct {
		plain
		Unit   float64  `json:"f"`
		Text   string   `json:"v"`
		Values []number `json:"y,omitempty"` // instead of those of plain
	}{plain: plain(c), Unit: unit, Text: string(text)})
}

// unit is the power of ten that the values are written in; 0: there is none.
func (c *plotCurve) unit() float64 {
	largest := 0.0
	for _, v := range c.Values {
		if v := math.Abs(float64(v)); v > largest && !math.IsInf(v, 0) {
			largest = v
		}
	}
	if largest == 0 || c.exact {
		return 0
	}
	return math.Pow(10, math.Floor(math.Log10(largest))-finestLevel)
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
func (c *chart) data() *plotData {
	p := &plotData{Length: moment(c.time.length), Unit: c.unit, Stack: c.stacked, Top: number(c.top)}
	if c.labelled != nil {
		return nil // its values have names of their own
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
	return p
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

func pauseData(l *gc.Log, t timeline) *plotData {
	p := &plotData{Length: moment(t.length), Unit: "ms", Log: true, Dots: true}
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
		out := plotCurve{Name: class.name, Class: class.class, exact: true}
		for _, pt := range thinned(points, plotPauses) {
			out.Times, out.Values = append(out.Times, moment(pt.at)), append(out.Values, number(pt.v))
		}
		if len(points) > 0 {
			p.Curves = append(p.Curves, out)
		}
	}
	return p
}

// axes are the times of all charts of a page; charts of one source share theirs.
type axes struct {
	list [][]int64
	at   map[string]int
}

// of gives the number of an axis, from 1; 0: it has no times.
func (a *axes) of(times []moment) int {
	if len(times) == 0 {
		return 0
	}
	steps := stepsOf(times)
	key := fmt.Sprint(steps)
	n, known := a.at[key]
	if !known {
		a.list = append(a.list, steps)
		n = len(a.list)
		a.at[key] = n
	}
	return n
}

// stepsOf writes times as milliseconds: the first, then each as its distance from the one before. -n stands for n more of the
// distance before it.
func stepsOf(times []moment) (out []int64) {
	last, again := int64(0), int64(0)
	flush := func() {
		if again > 0 {
			out = append(out, -again)
		}
		again = 0
	}
	for i, t := range times {
		ms := max(last, int64(math.Round(float64(t)*1000))) // a clock that was set back has no place on an axis
		step := ms - last
		last = ms
		if i > 1 && len(out) > 1 && step > 0 && step == out[len(out)-1] {
			again++
			continue
		}
		flush()
		out = append(out, step)
	}
	flush()
	return out
}

// shareAxes numbers the times of all charts of the page, and gives them as the page's script reads them.
func (v *view) shareAxes() template.JS {
	a := &axes{at: map[string]int{}}
	for _, list := range [][]section{v.Sections, v.Processes, v.Hosts} {
		for _, s := range list {
			for _, p := range s.Parts {
				for _, c := range p.Charts {
					c.plot.number(a)
				}
			}
		}
	}
	text, err := json.Marshal(a.list)
	if err != nil {
		return ""
	}
	return template.JS(text)
}

func (p *plotData) number(a *axes) {
	if p == nil {
		return
	}
	p.Axis = a.of(p.Times)
	for i := range p.Curves {
		p.Curves[i].Axis = a.of(p.Curves[i].Times)
	}
}
