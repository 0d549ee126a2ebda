package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
)

// sun12Words are beginnings of its other lines.
var sun12Words = []string{"managing allocation failure", "init&scan", "refs:", "need to expand", "compacting", "expanded", "trying to", "unloaded"}

// sun12Line reads Sun's JDK 1.2. The lines of one collection tell how long it is since the last one.
//
//	<GC: 126 milliseconds since last GC>
//	<GC: freed 18578 objects, 658392 bytes in 26 ms, 78% free (3300328/4192768)>
func (p *parser) sun12Line(line []byte) class {
	m, ok := bytes.CutPrefix(trimLeft(line), []byte("<GC: "))
	if !ok {
		return foreign
	}
	n, r, ok := digits(m)
	switch {
	case ok && has(r, " milliseconds since last GC"):
		p.stamp(p.last+time.Duration(n)*time.Millisecond, wallClock{})
		return p.sun12(fact)
	case ok && (bytes.Contains(r, []byte("-marked objects")) || bytes.Contains(r, []byte("-marked handles"))):
		return p.sun12(detail)
	case has(m, "freed "):
		return p.sun12Pause(m)
	}
	for _, w := range sun12Words {
		if has(m, w) {
			return p.sun12(detail)
		}
	}
	return foreign
}

func (p *parser) sun12(c class) class {
	p.format, p.log.Collector = formatSun12, gc.Sun12
	return c
}

func (p *parser) sun12Pause(m []byte) class {
	b, _ := after(m, " objects, ")
	freed, _, ok1 := digits(b)
	in, _ := after(m, " bytes in ")
	d, unit, ok2 := nanos(in, milli)
	paren, _ := after(m, "(")
	free, r, ok3 := digits(paren)
	if !ok1 || !ok2 || !ok3 || !has(unit, " ms") || !has(r, "/") {
		return foreign
	}
	total, _, _ := digits(r[1:])
	p.stamp(p.last, wallClock{})
	used := total - free
	p.b.Pause(gc.Pause{Kind: gc.KindFull, Start: p.last, Duration: d, Before: used + freed, After: used, Committed: total,
		Flags: gc.FlagHeap, Line: uint32(p.line)})
	p.stamp(p.last+d, wallClock{})
	return p.sun12(fact)
}
