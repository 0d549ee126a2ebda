package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
)

// statistics reads a row of PrintSafepointStatistics (JDK 6 to 8), whose times are milliseconds:
//
//	         vmop                    [threads: total initially_running wait_to_block]    [time: spin block sync cleanup vmop] page_trap_count
//	0.179: GenCollectForAllocation          [      11          0              1    ]      [     0     3     3     0    16    ]  0
//
// Spinning and blocking are parts of sync. Where the log has lines of the stopped time too, those are finer, come behind
// their rows, and take only the name of the operation from them.
func (p *parser) statistics(rest []byte, at time.Duration) class {
	open := bytes.IndexByte(rest, '[')
	if open < 2 || rest[open-1] != ' ' {
		return foreign
	}
	if has(rest[open:], "[threads: ") || has(rest[open:], "[time: ") {
		return detail
	}
	var threads [3]int64
	var took [5]int64 // spin, block, sync, cleanup, vmop
	r, ok := row(rest[open:], threads[:])
	if !ok {
		return foreign
	}
	if _, ok = row(trimLeft(r), took[:]); !ok {
		return foreign
	}
	s := &p.legacy
	s.flushStop(p)
	reach, op := time.Duration(took[2])*time.Millisecond, time.Duration(took[3]+took[4])*time.Millisecond
	s.stop = gc.Safepoint{Operation: p.b.Operation(trimRight(rest[:open])), Start: max(0, at), Reach: reach, At: op, Total: reach + op, Line: p.line}
	s.hasStop = true
	return fact
}

// flushStop hands on the last row of the statistics unless the log has lines of the stopped time.
func (s *legacyState) flushStop(p *parser) {
	if s.hasStop && !s.stopLines {
		p.b.Safepoint(s.stop)
	}
	s.hasStop = false
}

// stopLine reads a line of the stopped time, which may end what a row of the statistics began.
func (p *parser) stopLine(rest []byte) class {
	s := &p.legacy
	p.unified.operation = ""
	if s.hasStop {
		p.unified.operation, s.hasStop = s.stop.Operation, false
	}
	s.stopLines = true
	return p.legacyFact(p.stoppedTime(rest))
}

// row reads "[ 1 2 3 ]".
func row(b []byte, to []int64) (rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '[' {
		return b, false
	}
	b = b[1:]
	for i := range to {
		if to[i], b, ok = digits(trimLeft(b)); !ok {
			return b, false
		}
	}
	if b = trimLeft(b); len(b) == 0 || b[0] != ']' {
		return b, false
	}
	return b[1:], true
}
