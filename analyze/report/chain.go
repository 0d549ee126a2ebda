package report

import (
	"html/template"

	"casefile/analyze/waits"
)

// Size of the picture of a chain, in its own units.
const (
	linkHeight = 44.0
	linkGap    = 26.0
	linkIndent = 8.0
	linkText   = 78 // characters of a line
)

// linkClasses colour the boxes of a chain by what they are.
var linkClasses = map[waits.Kind]string{
	waits.OfThread: "s1", waits.OfLock: "s4", waits.OfPool: "s2", waits.OfSession: "s5", waits.OfProcess: "s7", waits.OfFile: "s3",
}

// chainPicture draws a chain from top to bottom: each box waits for the one below it. A step that is not certain is
// dashed, and says how it is known.
func chainPicture(chain []waits.Link) template.HTML {
	s := &svg{}
	height := float64(len(chain))*(linkHeight+linkGap) - linkGap + 2
	s.open("chart chain", chartWidth, height, waits.Line(chain))
	for i, l := range chain {
		y := 1 + float64(i)*(linkHeight+linkGap)
		if i > 0 {
			arrow(s, y-linkGap, l.By)
		}
		s.rect("link", 1, y, chartWidth-2, linkHeight, l.String())
		s.rect("bar "+linkClasses[l.Kind], 1, y, 5, linkHeight, "")
		if l.Sub == "" {
			s.text("link-title", "start", 14+linkIndent, y+linkHeight/2+4.5, cut(clean(l.Name), linkText))
			continue
		}
		s.text("link-title", "start", 14+linkIndent, y+18, cut(clean(l.Name), linkText))
		s.text("tick", "start", 14+linkIndent, y+34, cut(clean(l.Sub), linkText))
	}
	return s.done()
}

// arrow leads from one box to the next below it.
func arrow(s *svg, y float64, by string) {
	const x = 30.0
	class := "step"
	if by != "" {
		class = "step unsure"
		s.text("tick", "start", x+12, y+linkGap/2+4, cut(clean(by), linkText))
	}
	s.line(class, x, y+2, x, y+linkGap-6)
	s.path("tip", "M"+num(x-4)+" "+num(y+linkGap-7)+"h8l-4 6z")
}
