package gclog

import (
	"bytes"

	"casefile/analyze/gc"
)

// hpLine reads HP's -Xverbosegc: of its fields, 1 is the kind (1 scavenge), 3 the start in seconds, 7-9, 10-12 and 13-15
// used before, after and capacity of eden, survivors and old generation in bytes, and 20 the stop in seconds.
//
//	<GC: 1 0  1497.914474 1002 1672 31 ... 0.068434 0.068434 >
func (p *parser) hpLine(line []byte) class {
	line = trimLeft(line)
	if !has(line, "<GC: ") {
		return foreign
	}
	f := bytes.Fields(bytes.TrimSuffix(line[len("<GC: "):], []byte(">")))
	if len(f) < 20 {
		return unparsed
	}
	start, _, ok1 := nanos(f[2], second)
	d, _, ok2 := nanos(f[19], second)
	if !ok1 || !ok2 {
		return unparsed
	}
	p.format, p.log.Collector = formatHP, gc.HPUX
	kind := gc.KindFull
	if string(f[0]) == "1" {
		kind = gc.KindYoung
	}
	sum := func(from int) (v int64) {
		for i := from; i < from+9; i += 3 {
			n, _, _ := digits(f[i])
			v += n
		}
		return v
	}
	p.stamp(start, wallClock{})
	p.b.Seen(start+d, p.line)
	p.b.Pause(gc.Pause{Kind: kind, Start: start, Duration: d, Before: sum(6), After: sum(7), Committed: sum(8),
		Flags: gc.FlagHeap, Line: uint32(p.line)})
	return fact
}
