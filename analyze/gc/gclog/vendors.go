package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
)

// Formats of JVMs that are no longer made, read as far as their lines give pauses:
//
//	JRockit   [memory ] 77.737: Nursery GC 630435K->183741K (1048576K), 566.158 ms
//	          [INFO ][memory ] [OC#1] 24.930-24.979: OC 464309KB->282831KB (524288KB), 0.049 s, sum of pauses 21.081 ms, longest pause 20.957 ms.
//	IBM 1.3   <GC(1): GC cycle started Thu Sep 25 15:57:30 2003
//	          <GC(1): freed 56558264 bytes, 94% free (63714696/67107328), in 1077 ms>
//	Sun 1.2   <GC: 126 milliseconds since last GC>
//	          <GC: freed 18578 objects, 658392 bytes in 26 ms, 78% free (3300328/4192768)>
//	HP-UX     <GC: 1 0  1497.914474 1002 1672 31 ... 0.068434 0.068434 >
//
// JRockit and IBM state one figure a collection, so one Pause is all stops of one collection.
const (
	formatJRockit = "jrockit"
	formatIBM     = "ibm"
	formatHP      = "hp-ux"
	formatSun12   = "sun-1.2"
)

// vendorLine reads a line of those formats; foreign when it is of none.
func (p *parser) vendorLine(line []byte) class {
	switch {
	case bytes.Contains(line[:min(len(line), 64)], []byte("[memory ]")):
		return p.jrockitLine(line)
	case bytes.Contains(line[:min(len(line), 64)], []byte("[gcpause]")):
		return p.detailOf(formatJRockit)
	}
	t := trimLeft(line)
	if m, ok := bytes.CutPrefix(t, []byte("<GC: ")); ok {
		if c := p.sun12Line(m); c != foreign {
			return c
		}
		return p.hpLine(t)
	}
	switch {
	case has(t, "<GC("), has(t, "<GC["):
		return p.ibmLine(t)
	case has(t, "<AF["), has(t, "<CON["):
		return p.detailOf(formatIBM)
	}
	return foreign
}

func (p *parser) detailOf(format string) class {
	if p.format != format {
		return foreign
	}
	return detail
}

// jrockitKinds are the words before the change of the heap.
var jrockitKinds = []struct {
	name string
	kind gc.Kind
}{
	{"Nursery GC ", gc.KindYoung}, {"parallel nursery GC ", gc.KindYoung}, {"YC ", gc.KindYoung}, {"GC ", gc.KindFull}, {"OC ", gc.KindFull},
}

func (p *parser) jrockitLine(line []byte) class {
	p.format, p.log.Collector = formatJRockit, "JRockit"
	m := line
	for { // decorators and "[OC#1]"
		m = trimLeft(m)
		i := bytes.IndexByte(m, ']')
		if len(m) == 0 || m[0] != '[' || i < 0 {
			break
		}
		m = m[i+1:]
	}
	start, r, ok := nanos(m, second)
	if !ok {
		return detail
	}
	end := start
	if has(r, "-") {
		if end, r, ok = nanos(r[1:], second); !ok {
			return detail
		}
	}
	if !has(r, ": ") {
		return detail
	}
	r = r[2:]
	for _, k := range jrockitKinds {
		if has(r, k.name) {
			return p.jrockitPause(k.kind, start, end, r[len(k.name):])
		}
	}
	return detail
}

func (p *parser) jrockitPause(kind gc.Kind, start, end time.Duration, r []byte) class {
	c, ok := jrockitChange(r)
	took := r[bytes.LastIndexByte(r, ',')+1:]
	if b, sum := after(r, "sum of pauses "); sum {
		took = b
	}
	d, unit, ok2 := nanos(trimLeft(took), milli)
	if !ok || !ok2 || !has(unit, " ms") {
		return unparsed
	}
	p.stamp(end, wallClock{})
	p.b.Pause(gc.Pause{Kind: kind, Start: start, Duration: d, Before: c.before, After: c.after, Committed: c.cap,
		Flags: gc.FlagHeap, Line: uint32(p.line)})
	return fact
}

// jrockitChange reads "464309KB->282831KB (524288KB)" and "630435K->183741K (1048576K)".
func jrockitChange(r []byte) (c change, ok bool) {
	kilobytes := func() (v int64) {
		v, r, ok = digits(r)
		ok = ok && has(r, "K")
		if ok {
			r = bytes.TrimPrefix(r[1:], []byte("B"))
		}
		return v << 10
	}
	if c.before = kilobytes(); !ok || !has(r, "->") {
		return c, false
	}
	r = r[2:]
	if c.after = kilobytes(); !ok || !has(r, " (") {
		return c, false
	}
	r = r[2:]
	c.cap = kilobytes()
	return c, ok
}

// ibmLine reads the lines of one collection; its time is that of "GC cycle started".
func (p *parser) ibmLine(t []byte) class {
	p.format, p.log.Collector = formatIBM, "IBM mark-sweep"
	i := bytes.Index(t, []byte(": "))
	if i < 0 {
		return detail
	}
	m := t[i+2:]
	switch {
	case has(m, "GC cycle started "):
		if at, err := time.Parse("Mon Jan _2 15:04:05 2006", string(m[len("GC cycle started "):])); err == nil {
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

// sun12Words are beginnings of its other lines.
var sun12Words = []string{"managing allocation failure", "init&scan", "refs:", "need to expand", "compacting", "expanded", "trying to", "unloaded"}

// sun12Line reads what stands behind "<GC: " in JDK 1.2. The lines of one collection tell how long it is since the last one.
func (p *parser) sun12Line(m []byte) class {
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
	p.format, p.log.Collector = formatSun12, "Sun 1.2 mark-sweep"
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

// hpLine reads HP's -Xverbosegc: of its fields, 1 is the kind (1 scavenge), 3 the start in seconds, 7-9, 10-12 and 13-15
// used before, after and capacity of eden, survivors and old generation in bytes, and 20 the stop in seconds.
func (p *parser) hpLine(line []byte) class {
	f := bytes.Fields(bytes.TrimSuffix(line[len("<GC: "):], []byte(">")))
	if len(f) < 20 {
		return unparsed
	}
	start, _, ok1 := nanos(f[2], second)
	d, _, ok2 := nanos(f[19], second)
	if !ok1 || !ok2 {
		return unparsed
	}
	p.format, p.log.Collector = formatHP, "HP-UX"
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
