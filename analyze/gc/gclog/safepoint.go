package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
)

// safepointLine reads what the safepoint tag prints. The wording changed often, so the fields are read by name:
//
//	9-12  Entering safepoint region: RevokeBias
//	      Leaving safepoint region
//	      Total time for which application threads were stopped: 0.0027879 seconds, Stopping threads took: 0.0000093 seconds
//	      Application time: 0.1163074 seconds
//	13-   Safepoint "Cleanup", Time since last: 1 ns, Reaching safepoint: 1 ns, Cleanup: 1 ns, At safepoint: 1 ns, Total: 1 ns
//	24-   ... At safepoint: 1 ns, Leaving safepoint: 1 ns, Total: 1 ns, Threads: 1 runnable, 12 total
func (p *parser) safepointLine(m []byte) class {
	switch {
	case has(m, "Safepoint \""):
		return p.safepoint(m)
	case has(m, "Entering safepoint region: "):
		p.unified.operation = p.b.Operation(m[len("Entering safepoint region: "):])
		return detail
	case has(m, "Total time for which"):
		return p.stoppedTime(m)
	case has(m, "Application time: "):
		d, r, ok := nanos(m[len("Application time: "):], second)
		if !ok || !has(r, " second") {
			return unparsed
		}
		p.b.AppTime(d)
		return fact
	case has(m, "Leaving safepoint region"):
		return detail
	}
	return foreign
}

func (p *parser) safepoint(m []byte) class {
	m = m[len("Safepoint \""):]
	end := bytes.IndexByte(m, '"')
	if end < 0 {
		return unparsed
	}
	s := gc.Safepoint{Operation: p.b.Operation(m[:end]), Line: p.line}
	reach, ok1 := nanosField(m[end:], "Reaching safepoint: ")
	total, ok2 := nanosField(m[end:], "Total: ")
	if !ok1 || !ok2 {
		return unparsed
	}
	s.Reach, s.Total = reach, total
	s.At = max(0, total-reach)
	if since, ok := nanosField(m[end:], "Time since last: "); ok {
		p.b.AppTime(since)
	}
	s.Start = p.stampOf(total)
	p.b.Safepoint(s)
	return fact
}

func nanosField(m []byte, name string) (time.Duration, bool) {
	b, ok := after(m, name)
	if !ok {
		return 0, false
	}
	v, r, ok := digits(b)
	return time.Duration(v), ok && has(r, " ns")
}

// stoppedTime reads the line of JDK 12 and older. With -Xlog the operation was named before it.
func (p *parser) stoppedTime(m []byte) class {
	b, ok := after(m, "stopped: ")
	if !ok {
		return unparsed
	}
	total, r, ok := nanos(b, second)
	if !ok || !has(r, " second") {
		return unparsed
	}
	s := gc.Safepoint{Operation: p.unified.operation, Total: total, At: total, Line: p.line, Start: p.stampOf(total)}
	if b, ok := after(r, "Stopping threads took: "); ok { // since 7u60
		if s.Reach, _, ok = nanos(b, second); !ok {
			return unparsed
		}
		s.At = max(0, total-s.Reach)
	}
	p.unified.operation = ""
	p.b.Safepoint(s)
	return fact
}
