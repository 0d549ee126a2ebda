package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
)

// Logs before JDK 9 nest records in brackets, and a record may run over many lines, with those of other threads and
// tables between them:
//
//	2.235: [GC[YG occupancy: 16910 K (18240 K)]2.235: [Rescan (parallel) , 0.0141 secs] [1 CMS-remark: 27451K(40512K)] 44361K(58752K), 0.0143 secs] [Times: user=0.03 sys=0.00, real=0.02 secs]
//	5.702: [Full GC 5.702: [Tenured: 60756K->48950K(349568K), 0.1340 secs] 84919K->60756K(506944K), [Perm : 36863K->36863K(36864K)], 0.1341 secs]
//	3.735: [GC pause (G1 Evacuation Pause) (young)
//	Desired survivor size 33554432 bytes, new threshold 15 (max 15)
//	, 0.0310490 secs]
//
// The reader keeps a stack of open records over lines. A pause is handed on when the lines that may follow it are over.
type legacyState struct {
	stack   [16]record
	depth   int
	skipped int // brackets opened beyond the stack
	held    []record
	labels  [16][]byte // of the records on the stack

	pending    gc.Pause // the last pause, waiting for its heap and CPU times
	hasPending bool
	pendingOld change // old generation after it, where it was told

	stamp  time.Duration // last stamp in the line
	closed recordType    // type of the last closed record, for the CPU times behind it
	id     uint32        // of the record to come (PrintGCID)
	inner  bool          // the heap was printed inside the open record: a pause comes that lies in it
	marked bool          // verbose CMS: the initial mark was seen, the next bare pause is the remark
	cycle  uint32        // of the Shenandoah backport
	swept  bool          // a CMS sweep has ended, and no young pause since

	stop      gc.Safepoint // the last row of PrintSafepointStatistics
	hasStop   bool
	stopLines bool // the log has lines of the stopped time

	seenG1  bool
	seenCMS bool
	seenPar bool // a generation of Parallel
	seenNew bool // ParNew
	seenDef bool // DefNew
}

// recordType is what a bracket holds, by its first words.
type recordType uint8

const (
	recOther recordType = iota
	recYoung            // [GC
	recFull             // [Full GC
	recG1               // [GC pause
	recG1Remark
	recG1Cleanup
	recConcurrent
	recInitialMark // [1 CMS-initial-mark
	recRemark      // [1 CMS-remark, [YG occupancy
	recYoungGen
	recOldGen
	recPermGen
	recTimes
	recErgo
	recReference
	recEden
	recordTypes
)

func (t recordType) pause() bool { return t >= recYoung && t <= recG1Cleanup }

// recordNames in the order they are tried; the name must not go on with a letter unless open is set.
var recordNames = []struct {
	name string
	typ  recordType
	open bool
}{
	{"GC pause", recG1, false},
	{"GC remark", recG1Remark, false},
	{"GC cleanup", recG1Cleanup, false},
	{"GC concurrent-", recConcurrent, true},
	{"GC ref-proc", recOther, true},
	{"GC Worker", recOther, true},
	{"GC", recYoung, false},
	{"Full GC", recFull, false},
	{"CMS-concurrent-", recConcurrent, true},
	{"1 CMS-initial-mark", recInitialMark, false},
	{"1 CMS-remark", recRemark, false},
	{"YG occupancy", recRemark, false},
	{"Times", recTimes, false},
	{"G1Ergonomics", recErgo, false},
	{"ParNew", recYoungGen, false},
	{"DefNew", recYoungGen, false},
	{"PSYoungGen", recYoungGen, false},
	{"ASParNew", recYoungGen, false},
	{"CMS Perm", recPermGen, true},
	{"CMS", recOldGen, false},
	{"ASCMS", recOldGen, false},
	{"Tenured", recOldGen, false},
	{"PSOldGen", recOldGen, false},
	{"ParOldGen", recOldGen, false},
	{"Perm", recPermGen, false},
	{"PSPermGen", recPermGen, false},
	{"Metaspace", recPermGen, false},
	{"SoftReference", recReference, false},
	{"WeakReference", recReference, false},
	{"FinalReference", recReference, false},
	{"PhantomReference", recReference, false},
	{"JNI Weak Reference", recReference, false},
	{"Ref Proc", recReference, false},
	{"Eden", recEden, false},
}

// record is an open bracket.
type record struct {
	typ     recordType
	name    byte // first letter, tells references and old generations apart
	pause   gc.Pause
	heap    change
	hasHeap bool // heap holds figures of this record itself
	took    time.Duration
	timed   bool
	caused  bool
	gens    [3]change // young, old, perm
	hasGen  [3]bool
	line    int
	label   []byte
	refs    int64
}

func (s *legacyState) top() *record { return &s.stack[s.depth-1] }

// close hands on what is pending and drops what is open: the end of a file or of a JVM's run.
func (s *legacyState) close(p *parser) {
	if s.depth > 0 && s.stack[0].typ.pause() {
		s.suspend(p)
	}
	s.dropHeld(p)
	s.flush(p)
	s.flushStop(p)
	s.depth, s.skipped = 0, 0
}

// flush hands the pending pause to the Builder.
func (s *legacyState) flush(p *parser) {
	if !s.hasPending {
		return
	}
	s.hasPending = false
	pause := s.pending
	if p.stamped {
		p.b.Seen(pause.End(), int(pause.Line))
	}
	if pause.Kind == gc.KindFull && s.pendingOld.after > 0 {
		p.b.OldGeneration(s.pendingOld.after, max(s.pendingOld.cap, 0))
	}
	s.pendingOld = change{}
	p.b.Pause(pause)
}

// legacyLine reads a line of a log before JDK 9.
func (p *parser) legacyLine(line []byte) class {
	s := &p.legacy
	if s.depth == 0 && (s.held == nil || (line[0] != ':' && line[0] != ',')) {
		if c := p.legacyStart(line); c != foreign {
			return c
		}
	} else if inTable(line) {
		s.inner = s.inner || s.depth > 0 && has(line, heapBefore)
		return detail
	}
	if s.depth > 0 && startsPause(line) && !s.mayNest() {
		s.suspend(p)
	}
	if s.depth == 0 && s.held != nil && (line[0] == ':' || line[0] == ',') {
		s.resume()
	}
	return p.scanRecords(line)
}

// suspend sets the open record aside: its lines may go on behind those of the pause that begins now, when two threads
// wrote at once. One record is held; another one then has no end.
func (s *legacyState) suspend(p *parser) {
	s.dropHeld(p)
	s.held = append([]record(nil), s.stack[:s.depth]...)
	s.labels = [16][]byte{}
	s.depth, s.skipped = 0, 0
}

func (s *legacyState) resume() {
	s.depth = copy(s.stack[:], s.held)
	s.held = nil
}

func (s *legacyState) dropHeld(p *parser) {
	if s.held != nil {
		p.b.Mention(&p.log.Unparsed, gc.Mention{Line: s.held[0].line, Time: s.held[0].pause.Start,
			Text: "record without end: " + clip(s.held[0].label, 100)})
		s.held = nil
	}
}

// heapBefore begins the table of PrintHeapAtGC, which comes before the record of its pause.
const heapBefore = "{Heap before GC"

// mayNest reports whether a pause may begin on a new line inside the open record: a CMS remark collects the young
// generation first (CMSScavengeBeforeRemark).
func (s *legacyState) mayNest() bool {
	return s.depth == 1 && s.stack[0].typ == recYoung && (s.stack[0].pause.Kind == gc.KindRemark || s.inner)
}

// startsPause reports whether a line begins, behind its stamps, with "[GC " or "[Full GC".
func startsPause(line []byte) bool {
	_, _, _, rest := lineStamps(line)
	return has(rest, "[Full GC") || (has(rest, "[GC") && !has(rest, "[GC concurrent") && !has(rest, "[GC Worker"))
}

// lineStamps takes the date, the uptime and the number of the collection (PrintGCID) from the front of a line. Two
// threads that write at once leave theirs among each other, as in "2026-11-25T17:00:34.734+00002026-11-25T17:00:34.734+0000: :
// 0.291: 0.291: "; the last ones count.
func lineStamps(line []byte) (w wallClock, at time.Duration, timed bool, rest []byte) {
	rest = line
	for len(rest) > 1 {
		switch c := rest[0]; {
		case c == '#':
			_, r, ok := digits(rest[1:])
			if !ok || !has(r, ": ") {
				return w, at, timed, rest
			}
			rest = trimLeft(r[2:])
		case c == ':' && rest[1] == ' ' && len(rest) < len(line):
			rest = trimLeft(rest[1:])
		case !isDigit(c):
			return w, at, timed, rest
		case looksISO(rest) && rest[10] == 'T':
			n := isoLen(rest)
			r := rest[n:]
			if !has(r, ": ") && !looksISO(r) {
				return w, at, timed, rest
			}
			w.iso, rest = rest[:n], trimLeft(bytes.TrimPrefix(r, []byte{':'}))
		default:
			v, r, ok := nanos(rest, second)
			if !ok || !has(r, ": ") || !pointed(rest, r) {
				return w, at, timed, rest
			}
			at, timed, rest = v, true, trimLeft(r[2:])
		}
	}
	return w, at, timed, rest
}

// legacyStart reads a line that begins outside of any record. foreign asks for the record scanner.
func (p *parser) legacyStart(line []byte) class {
	if t := trimLeft(line); line[0] == ' ' && len(t) > 0 && isDigit(t[0]) { // PrintAdaptiveSizePolicy indents by one
		line = t
	}
	w, at, timed, rest := lineStamps(line)
	if timed {
		at = p.mend(at)
		defer func() { p.legacy.stamp = at }()
	}
	if len(rest) == 0 {
		return other
	}
	switch c := rest[0]; {
	case c == '[':
		p.lineTime(w, at, timed)
		if has(rest, "[Pause ") || has(rest, "[Concurrent ") {
			return p.shenandoah8(rest)
		}
		return foreign
	case c == ' ' || c == '\t':
		if t := trimBlanks(rest); len(t) > 0 && t[0] == '[' {
			return p.indentedRecord(t)
		}
	case has(rest, "Total time for which"):
		p.lineTime(w, at, timed)
		return p.stopLine(rest)
	case has(rest, "Application time: "):
		p.lineTime(w, at, timed)
		return p.legacyFact(p.safepointLine(rest))
	}
	if p.log.Collector == gc.Shenandoah {
		if c := p.shenandoah8Detail(rest); c != foreign {
			return c
		}
	}
	if timed || has(trimLeft(rest), "vmop ") {
		if c := p.statistics(rest, at); c != foreign {
			return p.legacyFact(c)
		}
	}
	if knownTable(rest) {
		return p.tableLine(rest)
	}
	if p.format == gc.FormatPreUnified && histogramRow(trimLeft(rest)) {
		return detail
	}
	if i := bytes.Index(line, []byte("[GC")); i >= 0 || bytes.Contains(line, []byte("[Full GC")) ||
		bytes.Contains(line, []byte("[CMS-concurrent")) {
		return foreign // behind other output in the same line
	}
	if p.format == gc.FormatPreUnified && bytes.Contains(line, []byte(" secs]")) {
		return unparsed
	}
	return other
}

func (p *parser) legacyFact(c class) class {
	if c == fact && p.format == "" {
		p.format = gc.FormatPreUnified
	}
	return c
}

// lineTime notes the stamps of a line.
func (p *parser) lineTime(w wallClock, at time.Duration, timed bool) {
	p.legacy.stamp = p.last
	switch {
	case timed:
		p.stamp(at, w)
		p.legacy.stamp = at
	case w.given():
		p.wallStamp(w)
		p.legacy.stamp = p.last
	}
}

// indentedRecord reads the lines below a G1 pause. Only a few carry facts; the rest are times of its workers.
func (p *parser) indentedRecord(t []byte) class {
	s := &p.legacy
	switch {
	case p.format == gc.FormatPreUnified && ofWorkers(t):
		return detail
	case has(t, "[Times:"):
		p.cpuTimes(t)
		return fact
	case has(t, "[Eden:"):
		return p.edenLine(t)
	case has(t, "[Ref Proc:"), has(t, "[Ref Proc "):
		if d, _, ok := nanos(trimLeft(t[len("[Ref Proc:"):]), milli); ok {
			p.log.References.Time += d
			return fact
		}
		return detail
	case len(t) > 2 && (isDigit(t[1]) || (t[1] == ' ' && isDigit(t[2]))) && s.hasPending:
		if c, _, ok := readChange(trimLeft(t[1:])); ok { // JDK 6: "[ 1924K->1705K(8192K)]"
			s.pendingHeap(c)
			return fact
		}
		return detail
	case bytes.IndexByte(t[1:], '[') > 0 && bytes.Contains(t, []byte(": [CMS-concurrent-")): // behind what the phase counted (PrintCMSStatistics)
		return foreign
	case has(t, "[GC pause"), has(t, "[Full GC"), has(t, "[GC ("), has(t, "[CMS-concurrent"), has(t, "[GC concurrent-"):
		return foreign
	case has(t, "[PSYoungGen"), has(t, "[ParNew"), has(t, "[DefNew"): // the rest of a record whose beginning was lost
		return other
	}
	if p.format == gc.FormatPreUnified {
		return detail
	}
	return other
}

func (s *legacyState) pendingHeap(c change) {
	s.pending.Before, s.pending.After, s.pending.Committed = c.before, c.after, max(c.cap, 0)
	s.pending.Flags |= gc.FlagHeap
}

// edenLine reads G1's "[Eden: 24.0M(24.0M)->0.0B(13.0M) Survivors: 0.0B->3072.0K Heap: 24.0M(256.0M)->21.2M(256.0M)]",
// to which JDK 8 adds a Metaspace change on full collections.
func (p *parser) edenLine(t []byte) class {
	s := &p.legacy
	eden, _ := after(t[1:], "Eden: ")
	e, r, ok1 := readChange(eden)
	v, r, ok2 := readChange(wordAfter(t, r, "Survivors: "))
	c, r, ok := readChange(wordAfter(t, r, "Heap: "))
	if !ok {
		return unparsed
	}
	if b, ok := after(r, "Metaspace: "); ok {
		if m, _, ok := readChange(b); ok {
			p.b.MetaspaceBefore(m.before)
			p.b.Metaspace(p.last, m.after, 0, m.cap)
		}
	}
	if !s.hasPending {
		return other // its pause was lost
	}
	s.pendingHeap(c)
	if ok1 && ok2 {
		p.log.Heap.YoungPeak = max(p.log.Heap.YoungPeak, e.beforeCap+v.before, e.cap+v.after)
		old := c.after - e.after - v.after
		p.log.Heap.OldLast, p.log.Heap.OldPeak = max(old, 0), max(p.log.Heap.OldPeak, old)
		if s.pending.Kind.Evacuates() {
			// What left the young generation and did not leave the heap went to the old one.
			p.b.Promoted(s.pending.Start, (e.before+v.before-e.after-v.after)-(c.before-c.after))
		}
	}
	return fact
}

// wordAfter gives what follows a name in t, at once where it is the next word of what is left.
func wordAfter(t, left []byte, name string) []byte {
	if left = trimLeft(left); has(left, name) {
		return left[len(name):]
	}
	b, _ := after(t, name)
	return b
}

// cpuTimes reads "[Times: user=0.03 sys=0.00, real=0.02 secs]" and ends the pending pause.
func (p *parser) cpuTimes(t []byte) {
	s := &p.legacy
	user, sys, real, ok := times(t, "user=", "sys=", "real=")
	if !ok {
		return
	}
	if s.closed == recConcurrent || !s.hasPending {
		if s.closed == recConcurrent {
			p.log.CPU.ConcurrentPhases += user + sys
		}
		return
	}
	s.pending.User, s.pending.Sys, s.pending.Real = float32(user), float32(sys), float32(real)
	s.pending.Flags |= gc.FlagCPU
	s.flush(p)
}
