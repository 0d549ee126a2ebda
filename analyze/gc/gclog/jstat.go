package gclog

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"casefile/analyze/gc"
)

// jstatState reads the tables of jstat -gc, -gcutil, -gccause and -gccapacity: totals since the JVM's start, sizes in KB or percent.
//
//	Timestamp         S0C    S1C    S0U    S1U      EC       EU        OC         OU       MC     MU    CCSC   CCSU   YGC     YGCT    FGC    FGCT    CGC    CGCT     GCT
//	       12.3      1024.0 1024.0  0.0    0.0    8192.0   1000.0   20480.0     3000.0   4480.0 770.0  384.0   76.0      3    0.012     1    0.020     -        -    0.032
//
// The time stamp is the JVM's uptime and there with -t only. What is counted is what rises from row to row: where a row has one
// collection more, that is a pause, else only their number and sum are known.
type jstatState struct {
	columns []string
	last    jstatRow
	has     bool
}

// jstatCounts are the columns of a kind of collection.
var jstatCounts = []struct {
	count, time string
	kind        gc.Kind
}{{"YGC", "YGCT", gc.KindYoung}, {"FGC", "FGCT", gc.KindFull}, {"CGC", "CGCT", gc.KindRemark}}

type jstatRow struct {
	counts [3]int64
	times  [3]time.Duration
	used   int64 // heap in bytes; -1 unknown
	old    int64
	cause  string
}

func beginsJstat(_ *decorators, line []byte) bool { return jstatHeader(line) }

func jstatHeader(line []byte) bool {
	return bytes.Contains(line, []byte("FGC")) && bytes.Contains(line, []byte("YGCT")) && bytes.Contains(line, []byte(" GCT"))
}

func (p *parser) jstatLine(line []byte) class {
	s := &p.jstat
	if jstatHeader(line) {
		p.format, s.columns = formatJstat, strings.Fields(string(line))
		return fact
	}
	if p.format != formatJstat {
		return foreign
	}
	row, at, timed, ok := s.row(line)
	if !ok {
		return other
	}
	if timed {
		p.stamp(at, wallClock{})
	}
	if s.has && !slices.ContainsFunc([]int{0, 1, 2}, func(i int) bool { return row.counts[i] < s.last.counts[i] }) {
		p.jstatRise(&s.last, &row)
	}
	if row.used >= 0 {
		p.log.Heap.LastUsed, p.log.Heap.PeakUsed = row.used, max(p.log.Heap.PeakUsed, row.used)
		p.log.Heap.OldLast = max(row.old, 0)
	}
	s.last, s.has = row, true
	return fact
}

// jstatRise takes what was collected between two rows.
func (p *parser) jstatRise(from, to *jstatRow) {
	for i, c := range jstatCounts {
		n, d := to.counts[i]-from.counts[i], to.times[i]-from.times[i]
		if n <= 0 || d < 0 {
			continue
		}
		kind, cause := c.kind, uint16(0)
		if to.cause != "" {
			cause = p.b.Cause([]byte(to.cause))
		}
		if kind == gc.KindFull && strings.HasPrefix(to.cause, "CMS ") { // its two short pauses count as full collections
			kind = gc.KindRemark
		}
		p.began = true
		if n > 1 {
			p.b.Counted(kind, cause, n, d)
		} else {
			p.b.Pause(gc.Pause{Kind: kind, CauseID: cause, Start: p.stampOf(d), Duration: d, Line: uint32(p.line), Flags: gc.FlagInferred})
		}
		if kind == gc.KindFull && to.used >= 0 {
			p.b.Live(p.last, to.used, gc.LiveFull, p.line)
		}
	}
}

// jstatSpaces are the columns that make up the heap in use, and the old generation alone, in KB.
var jstatSpaces = []string{"S0U", "S1U", "EU", "OU"}

func (s *jstatState) row(line []byte) (r jstatRow, at time.Duration, timed, ok bool) {
	fields := strings.Fields(string(line))
	columns := s.columns
	if i := slices.Index(columns, "LGCC"); i >= 0 && len(fields) > i {
		r.cause = jstatCause(line, fields[:i])
		fields, columns = fields[:i], columns[:i]
	}
	if len(fields) != len(columns) {
		return r, 0, false, false
	}
	r.used = -1
	for i, name := range columns {
		if fields[i] == "-" {
			continue
		}
		v, rest, ok := nanos([]byte(fields[i]), second)
		if !ok || len(rest) > 0 {
			return r, 0, false, false
		}
		if name == "Timestamp" {
			at, timed = v, true
		}
		if slices.Contains(jstatSpaces, name) {
			kb := int64(v / time.Second)
			r.used = max(r.used, 0) + kb<<10
			if name == "OU" {
				r.old = kb << 10
			}
		}
		for k, c := range jstatCounts {
			switch name {
			case c.count:
				r.counts[k] = int64(v / time.Second)
			case c.time:
				r.times[k] = v
			}
		}
	}
	return r, at, timed, true
}

// jstatCause reads the column LGCC, the cause of the last collection, which may hold blanks: two of them end it.
func jstatCause(line []byte, before []string) string {
	rest := string(line)
	for _, f := range before {
		rest = rest[strings.Index(rest, f)+len(f):]
	}
	cause, _, _ := strings.Cut(strings.TrimSpace(rest), "  ")
	if cause == "No GC" {
		return ""
	}
	return cause
}
