package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
)

// hsErrState reads what hs_err_pid.log, which a JVM writes when it dies, tells of its last collections:
//
//	GC Heap History (20 events):                                      JDK 8 to 22
//	Event: 1.088 GC heap before
//	{Heap before GC invocations=156 (full 103):
//	 def new generation   total 14784K, used 14652K [0x...)
//	 tenured generation   total 32768K, used 32680K [0x...)
//	}
//	Event: 1.090 GC heap after
//
//	GC Heap Usage History (20 events):                                JDK 23 and later
//	Event: 0.946 {heap Before GC invocations=201 (full 37):
//	 garbage-first heap   total reserved 49152K, committed 49152K, used 47627K [0x...)
//
//	VM Operations (20 events):
//	Event: 1.015 Executing VM operation: G1CollectForAllocation
//	Event: 1.017 Executing VM operation: G1CollectForAllocation done
//
// A pause is what lies between before and after; ZGC and Shenandoah work while the application runs meanwhile.
type hsErrState struct {
	part       hsErrPart
	inHeap     bool
	after      bool
	concurrent bool
	full       int64
	used       int64
	capacity   int64
	before     hsErrHeap
	operation  string
	began      time.Duration // of the operation
}

type hsErrHeap struct {
	known    bool
	at       time.Duration
	used     int64
	fullSeen int64
}

// hsErrPart is a section of the file.
type hsErrPart uint8

const (
	hsErrOther hsErrPart = iota
	hsErrHistory
	hsErrOperations
	hsErrPrecious
	hsErrExceptions
)

// hsErrParts are the headings of the sections that are read.
var hsErrParts = []struct {
	heading string
	part    hsErrPart
}{
	{"GC Heap History (", hsErrHistory}, {"GC Heap Usage History (", hsErrHistory}, {"VM Operations (", hsErrOperations},
	{"GC Precious Log:", hsErrPrecious}, {"Internal exceptions (", hsErrExceptions},
}

func beginsHsErr(_ *decorators, line []byte) bool {
	return has(line, hsErrParts[0].heading) || has(line, hsErrParts[1].heading) || has(line, hsErrFatal)
}

const (
	hsErrFatal = "# A fatal error has been detected by the Java Runtime Environment"
	oomWord    = "OutOfMemory"
)

func (p *parser) hsErrLine(line []byte) class {
	if p.format != formatHsErr {
		if !beginsHsErr(nil, line) {
			return foreign
		}
		p.format = formatHsErr
	}
	s := &p.hsErr
	for _, h := range hsErrParts {
		if has(line, h.heading) {
			s.part = h.part
			return detail
		}
	}
	switch {
	case has(line, "Event: "):
		return p.hsErrEvent(line)
	case line[0] == '#' && bytes.Contains(line, []byte(oomWord)):
		p.mention(&p.log.OutOfMemory, line)
		return fact
	case s.inHeap:
		return p.hsErrSpace(trimLeft(line))
	case s.part == hsErrHistory && has(line, "{Heap "):
		return p.hsErrHeapBegins(line)
	case s.part == hsErrPrecious:
		if c := p.setting(trimLeft(line)); c != foreign {
			return c
		}
	case has(line, "Command Line:"):
		return p.otherTag(line)
	case has(line, "Memory: "):
		p.memoryLine(line)
		return fact
	case has(line, "# JRE version:"):
		if b, ok := after(line, "(build "); ok {
			p.log.JVMVersion = clip(bytes.TrimRight(firstWord(b), ",)"), 64)
			return fact
		}
	}
	if line[0] != ' ' && line[0] != '{' && line[0] != '}' && s.part != hsErrOther && hasSuffix(line, ":") {
		s.part = hsErrOther
	}
	return other
}

// hsErrEvent reads a line of one of the histories.
func (p *parser) hsErrEvent(line []byte) class {
	s := &p.hsErr
	at, m, ok := nanos(line[len("Event: "):], second)
	if !ok {
		return other
	}
	m = trimLeft(m)
	switch s.part {
	case hsErrHistory:
		p.stamp(at, wallClock{})
		if has(m, "{heap ") {
			return p.hsErrHeapBegins(m)
		}
		return detail
	case hsErrOperations:
		return p.hsErrOperation(at, m)
	case hsErrExceptions:
		if bytes.Contains(m, []byte("java/lang/OutOfMemoryError")) {
			p.mention(&p.log.OutOfMemory, line)
			return fact
		}
	}
	return other
}

// hsErrHeapBegins reads "{Heap before GC invocations=156 (full 103):" and "{heap After GC invocations=202 (full 37):".
func (p *parser) hsErrHeapBegins(m []byte) class {
	s := &p.hsErr
	s.inHeap, s.used, s.capacity, s.concurrent = true, 0, 0, false
	s.after = bytes.Contains(m, []byte("fter "))
	if b, ok := after(m, "(full "); ok {
		s.full, _, _ = digits(b)
	}
	return fact
}

// hsErrSpaces are the spaces that make up the heap; others are parts of them.
var hsErrSpaces = []struct {
	name       string
	concurrent bool
	collector  gc.Collector
}{
	{"def new generation", false, gc.Serial}, {"DefNew", false, gc.Serial}, {"tenured generation", false, ""}, {"Tenured", false, ""},
	{"par new generation", false, gc.CMS}, {"concurrent mark-sweep generation", false, gc.CMS}, {"PSYoungGen", false, gc.Parallel},
	{"ParOldGen", false, gc.Parallel}, {"PSOldGen", false, gc.Parallel}, {"garbage-first heap", false, gc.G1},
	{"ZHeap", true, gc.ZGC}, {"Z Heap", true, gc.ZGC}, {"Shenandoah Heap", true, gc.Shenandoah},
}

func (p *parser) hsErrSpace(t []byte) class {
	s := &p.hsErr
	if len(t) > 0 && t[0] == '}' {
		s.inHeap = false
		return p.hsErrHeapEnds()
	}
	for _, space := range hsErrSpaces {
		if !has(t, space.name) {
			continue
		}
		if space.collector != "" {
			p.log.Collector, s.concurrent = space.collector, space.concurrent
		}
		used, _ := after(t, "used ")
		if v, _, ok := size(used); ok {
			s.used += v
		}
		for _, word := range []string{"committed ", "total ", "capacity "} {
			if b, ok := after(t, word); ok {
				if v, _, ok := size(b); ok {
					s.capacity += v
					break
				}
			}
		}
		return fact
	}
	return detail
}

func (p *parser) hsErrHeapEnds() class {
	s := &p.hsErr
	if !s.after {
		s.before = hsErrHeap{known: true, at: p.last, used: s.used, fullSeen: s.full}
		return detail
	}
	b := s.before
	s.before.known = false
	if !b.known || s.used == 0 {
		return detail
	}
	p.began = true
	if s.concurrent {
		p.b.Cycle(gc.Cycle{Time: p.last, Duration: p.last - b.at, Before: b.used, After: s.used, Committed: s.capacity, Line: uint32(p.line)})
		p.b.HeapReading(p.last, b.used, s.used, s.capacity)
		return fact
	}
	kind := gc.KindYoung
	if s.full > b.fullSeen {
		kind = gc.KindFull
	}
	p.b.Pause(gc.Pause{Kind: kind, Start: b.at, Duration: max(0, p.last-b.at), Before: b.used, After: s.used, Committed: s.capacity,
		Flags: gc.FlagHeap | gc.FlagInferred, Line: uint32(p.line)})
	return fact
}

// hsErrOperation reads "Executing VM operation: G1CollectForAllocation done"; JDK 25 says "safepoint VM operation" and adds the cause.
func (p *parser) hsErrOperation(at time.Duration, m []byte) class {
	s := &p.hsErr
	i := bytes.Index(m, []byte("VM operation: "))
	if i < 0 {
		return other
	}
	if bytes.Contains(m[:i], []byte("non-safepoint")) {
		return detail
	}
	name, done := bytes.CutSuffix(m[i+len("VM operation: "):], []byte(" done"))
	name = firstWord(name)
	if !done {
		s.operation, s.began = p.b.Operation(name), at
		return detail
	}
	if s.operation != string(name) || at < s.began {
		return detail
	}
	d := at - s.began
	p.b.Safepoint(gc.Safepoint{Operation: s.operation, Start: s.began, At: d, Total: d, Line: p.line})
	s.operation = ""
	return fact
}
