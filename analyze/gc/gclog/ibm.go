package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
	"casefile/analyze/say"
)

// ibmLine reads the lines of one collection of IBM's JVM 1.3, which is no longer made; its time is that of "GC cycle started".
//
//	<GC(1): GC cycle started Thu Sep 25 15:57:30 2003
//	<GC(1): freed 56558264 bytes, 94% free (63714696/67107328), in 1077 ms>
func (p *parser) ibmLine(line []byte) class {
	t := trimLeft(line)
	switch {
	case has(t, "<GC("), has(t, "<GC["):
	case p.format == formatIBM && (has(t, "<AF[") || has(t, "<CON[")):
		return detail
	default:
		return foreign
	}
	p.format, p.log.Collector = formatIBM, gc.IBM
	i := bytes.Index(t, []byte(": "))
	if i < 0 {
		return detail
	}
	m := t[i+2:]
	switch {
	case has(m, "GC cycle started "):
		if at, err := time.ParseInLocation("Mon Jan _2 15:04:05 2006", string(m[len("GC cycle started "):]), say.NoZone); err == nil {
			p.wallStamp(wallClock{epoch: time.Duration(at.UnixNano())})
			return fact
		}
		return unparsed
	case has(m, "freed "):
		return p.ibmPause(m)
	}
	return detail
}

func (p *parser) ibmPause(m []byte) class {
	freed, _, ok1 := digits(m[len("freed "):])
	paren, _ := after(m, "(")
	free, r, ok2 := digits(paren)
	in, _ := after(m, ", in ")
	d, unit, ok3 := nanos(in, milli)
	if !ok1 || !ok2 || !ok3 || !has(r, "/") || !has(unit, " ms") {
		return unparsed
	}
	total, _, _ := digits(r[1:])
	used := total - free
	p.b.Pause(gc.Pause{Kind: gc.KindFull, Start: p.last, Duration: d, Before: used + freed, After: used, Committed: total,
		Flags: gc.FlagHeap, Line: uint32(p.line)})
	return fact
}
