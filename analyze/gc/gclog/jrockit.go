package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
)

// jrockitKinds are the words before the change of the heap.
var jrockitKinds = []struct {
	name string
	kind gc.Kind
}{
	{"Nursery GC ", gc.KindYoung}, {"parallel nursery GC ", gc.KindYoung}, {"YC ", gc.KindYoung}, {"GC ", gc.KindFull}, {"OC ", gc.KindFull},
}

// beginsJRockit reports whether a line is of JRockit's -verbose:memory.
func beginsJRockit(_ *decorators, line []byte) bool {
	return bytes.Contains(head(line), jrockitMemory) && (bytes.Contains(line, []byte("heap size:")) || bytes.Contains(line, []byte("GC ")))
}

var jrockitMemory, jrockitPause = []byte("[memory ]"), []byte("[gcpause]")

// head is where the decorators of a line stand.
func head(line []byte) []byte { return line[:min(len(line), 64)] }

// jrockitLine reads a line of JRockit, a JVM that is no longer made:
//
//	[memory ] 77.737: Nursery GC 630435K->183741K (1048576K), 566.158 ms
//	[INFO ][memory ] [OC#1] 24.930-24.979: OC 464309KB->282831KB (524288KB), 0.049 s, sum of pauses 21.081 ms, longest pause 20.957 ms.
//
// It states one figure a collection, so one Pause is all stops of one collection.
func (p *parser) jrockitLine(line []byte) class {
	switch {
	case bytes.Contains(head(line), jrockitMemory):
	case p.format == formatJRockit && bytes.Contains(head(line), jrockitPause):
		return detail
	default:
		return foreign
	}
	p.format, p.log.Collector = formatJRockit, gc.JRockit
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
