package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
)

// GraalVM's native images log in three ways. Those of 23.0 and later write the words of unified logging, which the unified reader
// takes: "[3.497s] GC(0) Pause Incremental GC (Collect on allocation) 13.00M->3.00M 2.440ms". Before that (GCImpl.printGCAfter):
//
//	[Incremental GC (CollectOnAllocation) 286720K->24576K, 0.0008521 secs]
//	[1350 msec: Full GC (CollectOnAllocation) 286720K->24576K, 0.0108521 secs]          with PrintGCTimeStamps
//
// and with VerboseGC, around or without that line:
//
//	[Heap policy parameters:
//	      MaximumHeapSize: 858993459
//	[[47201169170742 GC: before  epoch: 778  cause: CollectOnAllocation]
//	 [47201170042867 GC: after   epoch: 778  cause: CollectOnAllocation  policy: by space and time  type: incremental
//	  collection time: 852161 nanoSeconds]]
//
// The number there is the machine's clock in nanoseconds, or "1350 msec:".
type nativeState struct {
	zero  time.Duration // the machine's clock at the first stamp
	known bool
	open  bool // between before and after
	told  bool // the line of the pause has come
	pause gc.Pause
}

const (
	nativeIncremental = "Incremental GC ("
	nativeFull        = "Full GC ("
	nativePolicy      = "[Heap policy parameters:"
)

func beginsNative(_ *decorators, line []byte) bool {
	_, _, m := nativeStamp(trimLeft(line))
	return has(m, nativeIncremental) || has(m, nativeFull) && nativeChange(m) || has(m, "GC: before  epoch: ") || has(line, nativePolicy)
}

// nativeStamp takes the brackets and the stamp off a line.
func nativeStamp(t []byte) (at time.Duration, stamped bool, m []byte) {
	if len(t) == 0 || t[0] != '[' {
		return 0, false, nil
	}
	m = bytes.TrimLeft(t, "[")
	v, r, ok := digits(m)
	switch {
	case !ok:
		return 0, false, m
	case has(r, " msec: "):
		if v > int64(time.Duration(1<<62)/time.Millisecond) {
			return 0, false, nil
		}
		return time.Duration(v) * time.Millisecond, true, trimLeft(r[len(" msec: "):])
	case has(r, " GC: "):
		return time.Duration(v), true, r[1:]
	}
	return 0, false, nil
}

// nativeChange reports whether the sizes stand without a capacity, which HotSpot always gives.
func nativeChange(m []byte) bool {
	_, r, ok := group(m[len(nativeFull)-1:])
	if !ok {
		return false
	}
	c, r, ok := readChange(trimLeft(r))
	return ok && c.cap < 0 && c.beforeCap < 0 && has(r, ", ") && hasSuffix(r, " secs]")
}

// nativeLine reads a line of those older forms.
func (p *parser) nativeLine(line []byte) class {
	if p.format != formatNative {
		if !beginsNative(nil, line) {
			return foreign
		}
		p.format, p.log.Collector = formatNative, gc.Native
	}
	at, stamped, m := nativeStamp(trimLeft(line))
	if stamped {
		p.nativeTime(at, has(m, "GC: "))
	}
	s := &p.native
	switch {
	case has(m, nativeIncremental):
		return p.nativePause(gc.KindYoung, m[len(nativeIncremental)-1:])
	case has(m, nativeFull):
		return p.nativePause(gc.KindFull, m[len(nativeFull)-1:])
	case has(m, "GC: before"):
		*s = nativeState{zero: s.zero, known: s.known, open: true, pause: gc.Pause{Start: p.last, Kind: gc.KindYoung, CauseID: p.nativeCause(m)}}
		return fact
	case has(m, "GC: after"):
		if bytes.Contains(m, []byte("type: complete")) {
			s.pause.Kind = gc.KindFull
		}
		return fact
	}
	return p.nativeDetail(trimLeft(line))
}

// nativeTime notes a stamp. The machine's clock counts from the first one.
func (p *parser) nativeTime(at time.Duration, clock bool) {
	s := &p.native
	if clock && at > 48*time.Hour || s.known {
		if !s.known {
			s.zero, s.known = at, true
		}
		at -= s.zero
	}
	p.stamp(max(0, at), wallClock{})
}

func (p *parser) nativeCause(m []byte) uint16 {
	b, _ := after(m, "cause: ")
	if i := bytes.IndexByte(b, ']'); i >= 0 {
		b = b[:i]
	}
	if i := bytes.Index(b, []byte("  ")); i >= 0 {
		b = b[:i]
	}
	return p.b.Cause(b)
}

func (p *parser) nativePause(kind gc.Kind, m []byte) class {
	cause, r, ok := group(m)
	if !ok {
		return unparsed
	}
	c, r, ok := readChange(trimLeft(r))
	if !ok || !has(r, ", ") {
		return unparsed
	}
	d, r, ok := nanos(r[2:], second)
	if !ok || !has(r, " secs]") {
		return unparsed
	}
	pause := gc.Pause{Kind: kind, CauseID: p.b.Cause(cause), Before: c.before, After: c.after, Duration: d, Start: p.stampOf(d),
		Flags: gc.FlagHeap, Line: uint32(p.line)}
	if p.native.open {
		pause.Start, p.native.told = p.last, true
	}
	p.began = true
	p.b.Pause(pause)
	return fact
}

// nativeDetail reads what stands around the collections.
func (p *parser) nativeDetail(t []byte) class {
	s := &p.native
	if m, ok := bytes.CutPrefix(t, []byte("collection time: ")); ok {
		v, r, ok := digits(m)
		if !ok || !has(r, " nanoSeconds") {
			return unparsed
		}
		if s.open && !s.told {
			s.pause.Duration, s.pause.Line = time.Duration(v), uint32(p.line)
			p.b.Pause(s.pause)
		}
		s.open = false
		return fact
	}
	if m, ok := bytes.CutPrefix(t, []byte("MaximumHeapSize: ")); ok {
		p.log.Settings.HeapMax, _, _ = digits(m)
		return fact
	}
	for _, k := range nativeRows {
		if has(t, k) {
			return detail
		}
	}
	return other
}

// nativeRows are what VerboseGC and PrintHeapShape print besides.
var nativeRows = []string{
	nativePolicy, "YoungGenerationSize:", "MinimumHeapSize:", "AlignedChunkSize:", "LargeArrayThreshold:", "Young generation:", "Old generation:",
	"Eden:", "Survivors:", "Survivor-", "edenSpace:", "aligned", "unaligned", "oldFromSpace:", "oldToSpace:", "0x", "[...]", "GC-timers", "GC timers",
	"Unused:", "ReadOnly", "Writable", "[Image heap", "]",
}
