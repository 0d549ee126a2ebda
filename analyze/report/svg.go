package report

import (
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// svg builds one picture. Everything visible is styled by classes of the page, so
// that it follows the colour scheme; nothing needs an inline style.
type svg struct{ b strings.Builder }

// num writes a coordinate with at most one decimal.
func num(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0")
}

// open begins a picture of w times h units that is described by label.
func (s *svg) open(class string, w, h float64, label string) {
	s.b.WriteString(`<svg class="` + class + `" viewBox="0 0 ` + num(w) + ` ` + num(h) + `" role="img" aria-label="` + esc(label) + `">`)
}

func (s *svg) done() template.HTML {
	s.b.WriteString("</svg>")
	return template.HTML(s.b.String()) // escaped where it was put together
}

func esc(text string) string { return html.EscapeString(clean(text)) }

func (s *svg) raw(parts ...string) {
	for _, p := range parts {
		s.b.WriteString(p)
	}
}

func (s *svg) line(class string, x1, y1, x2, y2 float64) {
	s.raw(`<line class="`, class, `" x1="`, num(x1), `" y1="`, num(y1), `" x2="`, num(x2), `" y2="`, num(y2), `"/>`)
}

// rect draws a rectangle; a title is its tooltip.
func (s *svg) rect(class string, x, y, w, h float64, title string) {
	s.raw(`<rect class="`, class, `" x="`, num(x), `" y="`, num(y), `" width="`, num(w), `" height="`, num(h), `"`)
	s.tip("rect", title)
}

func (s *svg) circle(class string, x, y, r float64, title string) {
	s.raw(`<circle class="`, class, `" cx="`, num(x), `" cy="`, num(y), `" r="`, num(r), `"`)
	s.tip("circle", title)
}

// tip ends an element that was begun, with its tooltip.
func (s *svg) tip(element, title string) {
	if title == "" {
		s.raw("/>")
		return
	}
	s.raw(">")
	s.title(title)
	s.raw("</", element, ">")
}

// title is the tooltip of what is open; it may have several lines.
func (s *svg) title(text string) {
	s.raw("<title>")
	for i, l := range strings.Split(text, "\n") {
		if i > 0 {
			s.raw("\n")
		}
		s.raw(esc(l))
	}
	s.raw("</title>")
}

// text writes at a point; anchor is start, middle or end.
func (s *svg) text(class, anchor string, x, y float64, text string) {
	s.raw(`<text class="`, class, `" text-anchor="`, anchor, `" x="`, num(x), `" y="`, num(y), `">`, esc(text), `</text>`)
}

// label writes within a group that has class and anchor; whole units are enough.
func (s *svg) label(x, y float64, text string) {
	s.raw(`<text x="`, num(math.Round(x)), `" y="`, num(math.Round(y)), `">`, esc(text), `</text>`)
}

func (s *svg) path(class, d string) {
	if d != "" {
		s.raw(`<path class="`, class, `" d="`, d, `"/>`)
	}
}

// pen writes the data of a path in whole units: relative, a command once for all that follow with it, and one step for all
// that go on in one direction.
type pen struct {
	b       strings.Builder
	last    byte
	x, y    int // where it stands, with the step that is not yet written
	dx, dy  int
	digit   bool // a digit stands last: a number that is not negative needs a blank
	started bool
}

// move begins anew, at a point.
func (p *pen) move(x, y int) {
	p.flush()
	if p.started {
		p.write('m', x-p.x, y-p.y)
	} else {
		p.write('M', x, y)
	}
	p.x, p.y, p.started = x, y, true
}

// line goes to a point.
func (p *pen) line(x, y int) {
	dx, dy := x-p.x, y-p.y
	p.x, p.y = x, y
	if dx == 0 && dy == 0 {
		return
	}
	if p.dx*dy == p.dy*dx && p.dx*dx+p.dy*dy > 0 { // the same direction, not its opposite
		p.dx, p.dy = p.dx+dx, p.dy+dy
		return
	}
	p.flush()
	p.dx, p.dy = dx, dy
}

// dot marks a point, which the ends of lines make visible.
func (p *pen) dot(x, y int) {
	p.move(x, y)
	p.write('h', 0)
}

// box is a filled rectangle from its upper edge to its floor.
func (p *pen) box(x, top, width, floor float64) {
	left, right, up, low := int(math.Round(x)), int(math.Round(x+width)), int(math.Round(top)), int(math.Round(floor))
	p.move(left, low)
	p.line(left, up)
	p.line(max(right, left+1), up)
	p.line(max(right, left+1), low)
	p.flush()
	p.write('Z')
	p.x, p.y = left, low
}

// down closes an area at a floor.
func (p *pen) down(floor, first int) {
	p.flush()
	p.write('V', floor)
	p.write('H', first)
	p.write('Z')
	p.x, p.y, p.started = first, floor, false
}

func (p *pen) flush() {
	switch {
	case p.dx == 0 && p.dy == 0:
	case p.dy == 0:
		p.write('h', p.dx)
	case p.dx == 0:
		p.write('v', p.dy)
	default:
		p.write('l', p.dx, p.dy)
	}
	p.dx, p.dy = 0, 0
}

func (p *pen) write(command byte, numbers ...int) {
	if command != p.last || command == 'm' { // what follows the numbers of a move would be a line
		p.b.WriteByte(command)
		p.last, p.digit = command, false
	}
	for _, n := range numbers {
		if p.digit && n >= 0 {
			p.b.WriteByte(' ')
		}
		p.b.WriteString(strconv.Itoa(n))
		p.digit = true
	}
}

// data is the path that was drawn.
func (p *pen) data() string {
	p.flush()
	return p.b.String()
}
