package gclog

import (
	"bytes"

	"casefile/analyze/gc"
)

// scanRecords reads a line of nested records, from the state the lines before it left.
func (p *parser) scanRecords(line []byte) class {
	s := &p.legacy
	found := s.depth > 0
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == '[':
			i = p.openRecord(line, i)
			found = true
		case c == ']':
			p.closeRecord()
			i++
		case c == '(':
			i += p.parenthesis(line[i:])
		case isDigit(c):
			i += p.figure(line[i:], i > 0 && line[i-1] == '=')
		case c >= 'A' && c <= 'z' && c != '\\' && c != '^':
			for i++; i < len(line) && (line[i] >= 'a' && line[i] <= 'z' || line[i] >= 'A' && line[i] <= 'Z' ||
				isDigit(line[i]) || line[i] == '_'); i++ {
			}
		case c == '-':
			if has(line[i:], "--") && s.depth > 0 && s.top().typ == recG1 { // without PrintGCDetails: "(young)-- 54430K->52801K"
				s.failed(p, s.top(), gc.FlagEvacuationFailure, &p.log.EvacuationFailures, line)
			}
			i++
		case c == '{':
			s.inner = s.inner || s.depth > 0 && has(line[i:], heapBefore)
			i++
		case c == '#':
			v, r, ok := digits(line[i+1:])
			if ok {
				s.id = uint32(v)
			}
			i = len(line) - len(r)
		default:
			i++
		}
	}
	if !found {
		return other
	}
	return fact
}

// openRecord takes a bracket and the name behind it, and gives where to read on.
func (p *parser) openRecord(line []byte, i int) int {
	s := &p.legacy
	name := line[i+1:]
	typ, n := recordTypeOf(name)
	switch typ {
	case recErgo: // long and frequent
		p.humongousRequest(name)
		if end := bytes.IndexByte(name, ']'); end >= 0 {
			return i + 1 + end + 1
		}
		return len(line)
	case recTimes:
		if end := bytes.IndexByte(name, ']'); end >= 0 {
			if s.depth == 0 || s.closed == recConcurrent {
				p.cpuTimes(name[:end])
			}
			return i + 1 + end + 1
		}
	}
	if typ.pause() {
		if s.depth == 0 {
			s.flush(p)
		}
	}
	if typ == recConcurrent {
		p.format = gc.FormatPreUnified
	}
	if s.depth == len(s.stack) {
		s.skipped++
		return i + 1 + n
	}
	s.inner = s.inner && !typ.pause()
	s.depth++
	s.stack[s.depth-1] = record{typ: typ, line: p.line}
	r := s.top()
	if len(name) > 0 {
		r.name = name[0]
	}
	s.note(typ, name)
	switch {
	case typ.pause():
		r.pause = gc.Pause{Kind: pauseKind(typ), Start: s.stamp, Line: uint32(p.line), GCID: s.id}
		r.label = s.labelled(line[:min(len(line), 100)])
		if has(name, "GC--") { // Parallel: survivors did not fit
			r.pause.Flags |= gc.FlagPromotionFailed
			p.mention(&p.log.PromotionFailures, line)
		}
	case typ == recConcurrent:
		end := bytes.IndexAny(name, ":],")
		if end < 0 {
			end = len(name)
		}
		r.label = s.labelled(name[:end])
		n = end
	case typ == recInitialMark || typ == recRemark:
		kind := gc.KindRemark
		if typ == recInitialMark {
			kind = gc.KindInitialMark
		}
		if s.depth > 1 && s.stack[s.depth-2].typ == recYoung {
			s.stack[s.depth-2].pause.Kind = kind
		}
	}
	return i + 1 + n
}

// labelled copies text for the record on top of the stack.
func (s *legacyState) labelled(text []byte) []byte {
	b := &s.labels[s.depth-1]
	*b = append((*b)[:0], text...)
	return *b
}

// humongousRequest reads why G1 starts a cycle (PrintAdaptiveSizePolicy):
//
//	[G1Ergonomics (Concurrent Cycles) request concurrent cycle initiation, reason: occupancy higher than threshold,
//	occupancy: 1 bytes, allocation request: 5242896 bytes, threshold: 1 bytes (45.00 %), source: concurrent humongous allocation]
func (p *parser) humongousRequest(name []byte) {
	if !has(name, "G1Ergonomics (Concurrent Cycles)") || !bytes.Contains(name, []byte("humongous")) {
		return
	}
	if b, ok := after(name, "allocation request: "); ok {
		v, _, _ := digits(b)
		h := &p.log.Humongous
		h.LargestObject = max(h.LargestObject, v)
		p.mention(&h.Requests, name)
	}
}

func pauseKind(t recordType) gc.Kind {
	switch t {
	case recFull:
		return gc.KindFull
	case recG1Remark:
		return gc.KindRemark
	case recG1Cleanup:
		return gc.KindCleanup
	}
	return gc.KindYoung
}

// recordTypeOf finds the type of a record by its name and how many bytes the name takes.
func recordTypeOf(name []byte) (recordType, int) {
	for i := range recordNames {
		n := &recordNames[i]
		if !has(name, n.name) {
			continue
		}
		rest := name[len(n.name):]
		if n.open || len(rest) == 0 || !isLetter(rest[0]) || glued(rest) {
			return n.typ, len(n.name)
		}
	}
	return recOther, 0
}

// glued reports whether a table begins right behind the name of a record, as in "[GCBefore GC:".
func glued(rest []byte) bool {
	return has(rest, "Before GC:") || has(rest, "bailing out") || has(rest, "AdaptiveSize") || has(rest, "PSAdaptive") || has(rest, "Desired survivor")
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// figure reads a number and what it says, and gives how many bytes that took: a change of sizes, an occupancy
// "27451K(40512K)", seconds, or a stamp.
func (p *parser) figure(b []byte, assigned bool) int {
	s := &p.legacy
	if looksISO(b) && b[10] == 'T' {
		if i := bytes.IndexByte(b, ' '); i > 0 {
			return i
		}
		return len(b)
	}
	if assigned || s.depth == 0 {
		v, r, ok := nanos(b, second)
		if ok && !assigned && has(r, ": ") {
			s.stamp = p.mend(v)
		}
		return skipNumber(b)
	}
	top := s.top()
	if v, r, ok := size(b); ok {
		cap, behind, capped := inParens(r)
		if has(behind, "->") {
			if c, r, ok := readChange(b); ok {
				top.heap, top.hasHeap = c, true
				return len(b) - len(r)
			}
		}
		if capped && !top.hasHeap {
			top.heap, top.hasHeap = change{before: v, after: v, cap: cap}, true
			return len(b) - len(behind)
		}
	}
	d, r, ok := nanos(b, second)
	if !ok {
		return skipNumber(b)
	}
	switch {
	case has(r, " secs"), has(r, "]") && top.typ == recConcurrent:
		top.took, top.timed = d, true
	case has(r, " refs"):
		top.refs, _, _ = digits(b)
	}
	return len(b) - len(r)
}

func skipNumber(b []byte) int {
	i := 1
	for i < len(b) && (isDigit(b[i]) || b[i] == '.' || b[i] == ',' && i+1 < len(b) && isDigit(b[i+1])) {
		i++
	}
	return i
}

// parenthesis reads "(...)": a cause or a remark on what happened.
func (p *parser) parenthesis(b []byte) int {
	s := &p.legacy
	inner, rest, ok := group(b)
	if !ok || s.depth == 0 || len(inner) == 0 || !isLetter(inner[0]) {
		return 1
	}
	s.remark(p, inner)
	return len(b) - len(rest)
}

func (s *legacyState) remark(p *parser, inner []byte) {
	pause := s.pauseRecord()
	if pause == nil {
		return
	}
	if has(inner, "full ") { // of a heap table: "{Heap before GC invocations=1 (full 0):"
		return
	}
	switch string(inner) {
	case "young", "parallel", "non-parallel", "ms":
		return
	case "mixed", "partial":
		pause.pause.Kind = gc.KindMixed
		return
	case "initial-mark":
		if pause.typ == recG1 {
			pause.pause.Kind = gc.KindConcurrentStart
		}
		return
	case "to-space exhausted", "to-space overflow":
		s.failed(p, pause, gc.FlagEvacuationFailure, &p.log.EvacuationFailures, inner)
		return
	case "promotion failed":
		s.failed(p, pause, gc.FlagPromotionFailed, &p.log.PromotionFailures, inner)
		return
	case "concurrent mode failure":
		s.failed(p, pause, gc.FlagConcurrentModeFailure, &p.log.ConcurrentModeFailures, inner)
		return
	case "concurrent mode interrupted":
		s.failed(p, pause, gc.FlagConcurrentModeInterrupted, &p.log.ConcurrentModeInterrupted, inner)
		return
	}
	if top := s.top(); top == pause && !pause.caused && !pause.hasHeap {
		pause.caused = true
		pause.pause.CauseID = p.b.Cause(inner)
	}
}

func (s *legacyState) failed(p *parser, r *record, f gc.Flags, ms *gc.Mentions, text []byte) {
	if !r.pause.Flags.Has(f) {
		r.pause.Flags |= f
		p.mention(ms, text)
	}
}

// pauseRecord is the innermost open pause.
func (s *legacyState) pauseRecord() *record {
	for i := s.depth - 1; i >= 0; i-- {
		if s.stack[i].typ.pause() {
			return &s.stack[i]
		}
	}
	return nil
}

// closeRecord takes a closing bracket.
func (p *parser) closeRecord() {
	s := &p.legacy
	if s.skipped > 0 {
		s.skipped--
		return
	}
	if s.depth == 0 {
		return
	}
	r := s.top() // it stays as it is until another one is opened
	s.depth--
	switch {
	case r.typ.pause():
		s.closed = r.typ
		p.closePause(r)
	case r.typ == recConcurrent:
		s.closed = recConcurrent
		s.swept = s.swept || (has(r.label, "CMS-concurrent-sweep") && r.timed)
		if r.timed {
			p.b.Phase(phaseName(r.label), r.took)
		}
	case r.typ == recReference:
		p.log.References.Time += r.took
		p.countRefs(r.name, r.refs)
	case r.typ >= recYoungGen && r.typ <= recPermGen && r.hasHeap:
		if in := s.pauseRecord(); in != nil {
			in.gens[r.typ-recYoungGen], in.hasGen[r.typ-recYoungGen] = r.heap, true
		}
	}
}

// phaseName takes "GC " and "-end" from the name of a concurrent phase.
func phaseName(b []byte) []byte {
	if has(b, "GC ") {
		b = b[3:]
	}
	return bytes.TrimSuffix(b, []byte("-end"))
}

func (p *parser) countRefs(first byte, n int64) {
	r := &p.log.References
	switch first {
	case 'S':
		r.Soft += n
	case 'W':
		r.Weak += n
	case 'F':
		r.Final += n
	case 'P':
		r.Phantom += n
	}
}

// closePause completes a pause. Inside another record it is handed on at once, else it waits for its CPU times.
func (p *parser) closePause(r *record) {
	s := &p.legacy
	pause := r.pause
	if !r.timed { // no pause, whatever it is: an application may print "[GC]" too
		if p.format == gc.FormatPreUnified {
			p.mention(&p.log.Unparsed, r.label)
		}
		return
	}
	p.format = gc.FormatPreUnified
	pause.Duration = r.took
	if r.hasHeap {
		pause.Before, pause.After, pause.Committed = r.heap.before, r.heap.after, max(r.heap.cap, 0)
		pause.Flags |= gc.FlagHeap
	}
	young, old, perm := r.gens[0], r.gens[1], r.gens[2]
	h := &p.log.Heap
	if r.hasGen[0] {
		h.YoungPeak = max(h.YoungPeak, young.cap)
	}
	if r.hasGen[1] {
		h.OldPeak, h.OldLast = max(h.OldPeak, old.cap), old.after
		if pause.Kind == gc.KindYoung { // the old generation was collected too
			pause.Kind = gc.KindFull
		}
	}
	if r.hasGen[2] {
		p.b.MetaspaceBefore(perm.before)
		p.b.Metaspace(pause.Start, perm.after, 0, perm.cap)
	}
	if pause.Kind == gc.KindYoung && r.typ == recYoung && r.hasHeap {
		switch {
		case r.hasGen[0]:
			p.b.Promoted(pause.Start, (young.before-young.after)-(r.heap.before-r.heap.after))
			h.OldLast = max(0, r.heap.after-young.after)
			if s.swept { // the first look at the old generation after a CMS cycle
				s.swept = false
				p.b.Live(pause.Start, h.OldLast, gc.LiveOld, p.line)
			}
		case r.heap.beforeCap == 0 && r.heap.before == r.heap.after:
			pause.Kind = s.bareCMS(p, pause.CauseID) // -verbose:gc: "[GC 46914K(83008K), 0.0067790 secs]"
		}
	}
	if s.depth > 0 {
		pause.Flags |= gc.FlagNested
		s.statesOld(p, &pause, r)
		p.b.Pause(pause)
		return
	}
	s.flush(p)
	s.pending, s.hasPending = pause, true
	if r.hasGen[1] {
		s.pendingOld = old
	}
}

// statesOld hands on the old generation after a full pause.
func (s *legacyState) statesOld(p *parser, pause *gc.Pause, r *record) {
	if r.hasGen[1] && pause.Kind == gc.KindFull {
		p.b.OldGeneration(r.gens[1].after, max(r.gens[1].cap, 0))
	}
}

// bareCMS tells the two short pauses of CMS apart, which -verbose:gc prints alike: they alternate.
func (s *legacyState) bareCMS(p *parser, cause uint16) gc.Kind {
	s.seenCMS = true
	switch p.b.CauseName(cause) {
	case "CMS Initial Mark":
		s.marked = true
		return gc.KindInitialMark
	case "CMS Final Remark":
		s.marked = false
		return gc.KindRemark
	}
	s.marked = !s.marked
	if s.marked {
		return gc.KindInitialMark
	}
	return gc.KindRemark
}
