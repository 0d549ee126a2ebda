package gclog

import (
	"bytes"

	"casefile/analyze/gc"
)

// pauseNames are the words behind "Pause " and the kind they stand for. Longer ones first where one begins another.
var pauseNames = []struct {
	name   string
	kind   gc.Kind
	caused bool // the last parenthesis is the cause
}{
	{"Young", gc.KindYoung, true},
	{"Full GC", gc.KindFull, true}, // native images
	{"Incremental GC", gc.KindYoung, true},
	{"Full", gc.KindFull, true},
	{"Remark", gc.KindRemark, true},
	{"Cleanup", gc.KindCleanup, true},
	{"Mixed", gc.KindMixed, true},
	{"Initial Mark", gc.KindInitialMark, true},
	{"Init Mark", gc.KindInitialMark, false},
	{"Final Mark", gc.KindFinalMark, false},
	{"Init Update Refs", gc.KindInitUpdateRefs, false},
	{"Init Update", gc.KindInitUpdateRefs, false},
	{"Final Update Refs", gc.KindFinalUpdateRefs, false},
	{"Final Update", gc.KindFinalUpdateRefs, false},
	{"Final Roots", gc.KindFinalRoots, false},
	{"Final Evac", gc.KindFinalRoots, false},
	{"Degenerated GC", gc.KindDegenerated, true},
	{"Mark Start", gc.KindMarkStart, false},
	{"Mark End", gc.KindMarkEnd, false},
	{"Relocate Start", gc.KindRelocateStart, false},
	{"Verify", gc.KindVerify, false},
	{"Init Traversal", gc.KindInitialMark, false},
	{"Final Traversal", gc.KindFinalMark, false},
}

// pauseLine reads "Pause Young (Normal) (G1 Evacuation Pause) 19M->13M(64M) 6.277ms". Without a duration it is the start
// of the pause.
func (p *parser) pauseLine(id uint32, m []byte) class { return p.pauseOf(id, m, 0) }

func (p *parser) pauseOf(id uint32, m []byte, flags gc.Flags) class {
	rest := m[len("Pause "):]
	kind, caused := gc.KindOther, false
	for i := range pauseNames {
		if n := &pauseNames[i]; has(rest, n.name) {
			kind, caused, rest = n.kind, n.caused, rest[len(n.name):]
			p.unified.seenNative = p.unified.seenNative || hasSuffix([]byte(n.name), " GC") && kind != gc.KindDegenerated
			break
		}
	}
	cy := p.unified.cycle(id)
	if kind == gc.KindOther { // a pause of a name that is not known yet: keep its figures
		for len(rest) > 0 && rest[0] != '(' && !isDigit(rest[0]) {
			rest = rest[1:]
		}
	}
	rest = trimLeft(rest)
	cause, failed := p.pauseGroups(&kind, &rest, caused)
	if failed && hasSuffix(m, "ms") {
		p.evacuationFailed(id, m)
	}
	if cause == 0 {
		cause = cy.cause
	}
	pause := gc.Pause{Kind: kind, GCID: id, Line: uint32(p.line), CauseID: cause, Flags: cy.flags | flags}
	if len(rest) == 0 {
		cy.cause = cause
		return detail
	}
	if c, r, ok := readChange(rest); ok {
		pause.Before, pause.After, pause.Committed = c.before, c.after, max(c.cap, 0)
		pause.Flags |= gc.FlagHeap
		rest = trimLeft(r)
	}
	d, r, ok := nanos(rest, milli)
	if !ok || string(trim(r)) != "ms" {
		return unparsed
	}
	pause.Duration = d
	pause.Start = max(0, p.last-d)
	p.endPause(cy, pause)
	return fact
}

// pauseGroups reads the parentheses behind a pause's name.
func (p *parser) pauseGroups(kind *gc.Kind, rest *[]byte, caused bool) (cause uint16, failed bool) {
	for {
		g, r, ok := group(*rest)
		if !ok {
			return cause, failed
		}
		*rest = trimLeft(r)
		switch string(g) {
		case "Young", "Global", "Old":
			p.unified.generational = true
			continue
		case "Normal", "Major":
			continue
		case "Mixed":
			if *kind == gc.KindYoung {
				*kind = gc.KindMixed
			}
			continue
		case "Prepare Mixed":
			*kind = gc.KindPrepareMixed
			continue
		case "Concurrent Start", "Initial Mark":
			*kind = gc.KindConcurrentStart
			continue
		}
		if has(g, "Evacuation Failure") { // JDK 22 and later: "(Evacuation Failure: Allocation)", "(...: Pinned)"
			failed = failed || has(g, "Evacuation Failure: Allocation") || string(g) == "Evacuation Failure"
			continue
		}
		if caused {
			p.unified.seenG1 = p.unified.seenG1 || has(g, "G1 ")
			cause = p.b.Cause(g)
		}
	}
}

func (p *parser) endPause(cy *cycle, pause gc.Pause) {
	u := &p.unified
	p.began = true
	u.kinds[pause.Kind] = true
	u.perRun[pause.Kind]++
	if u.stopping {
		u.late[pause.Kind]++
	}
	if u.region == 0 {
		u.region = p.log.Settings.RegionSize
	}
	switch {
	case cy.hasOld && pause.Kind.Evacuates():
		p.b.Promoted(p.last, cy.old.after-cy.old.before)
	case cy.hasRegions && pause.Kind.Evacuates() && u.region > 0:
		p.b.Promoted(p.last, (cy.oldRegions.after-cy.oldRegions.before)*u.region)
	}
	if cy.hasOld && pause.Kind == gc.KindFull {
		p.b.OldGeneration(cy.old.after, max(cy.old.cap, 0))
	}
	cy.hasOld, cy.hasRegions, cy.flags = false, false, 0
	cy.owesCPU, cy.kind, cy.took = true, pause.Kind, pause.Duration
	p.b.Pause(pause)
}

// cpuLine reads "User=0.00s Sys=0.01s Real=0.00s", which follows its pause.
func (p *parser) cpuLine(id uint32, m []byte) class {
	user, sys, real, ok := times(m, "User=", "Sys=", "Real=")
	if !ok {
		return unparsed
	}
	cy := p.unified.cycle(id)
	if !cy.owesCPU {
		p.log.CPU.ConcurrentPhases += user + sys
		return fact
	}
	cy.owesCPU = false
	p.b.PauseCPU(id, cy.kind, cy.took, user, sys, real)
	p.b.AddCPU(user, sys, real, &gc.Pause{Kind: cy.kind, Duration: cy.took, Line: uint32(p.line)})
	return fact
}

// times reads three named amounts of seconds.
func times(m []byte, names ...string) (user, sys, real float64, ok bool) {
	var v [3]float64
	for i, n := range names {
		b, found := after(m, n)
		if !found {
			return 0, 0, 0, false
		}
		d, r, ok := nanos(b, second)
		if !ok {
			return 0, 0, 0, false
		}
		v[i] = d.Seconds()
		m = trimLeft(bytes.TrimPrefix(r, []byte{','}))
	}
	return v[0], v[1], v[2], true
}

// concurrent reads "Concurrent Mark 1163.494ms" and Shenandoah's "Concurrent cleanup 21M->19M(64M) 0.014ms".
func (p *parser) concurrent(id uint32, m []byte) class {
	if !hasSuffix(m, "ms") {
		return detail // the start of the phase
	}
	name := m
	for i := 1; i < len(m); i++ {
		if m[i-1] == ' ' && (m[i] == '(' || isDigit(m[i])) {
			name = m[:i-1]
			break
		}
	}
	rest := trimLeft(m[len(name):])
	for {
		_, r, ok := group(rest)
		if !ok {
			break
		}
		rest = trimLeft(r)
	}
	if c, r, ok := readChange(rest); ok {
		p.unified.shen.cleanup(p, id, c, m)
		rest = trimLeft(r)
	} else if _, r, ok := size(rest); ok && has(r, " (") { // "uncommit 11776K (85504K) 1.996ms"
		if _, r, ok = group(r[1:]); ok {
			rest = trimLeft(r)
		}
	}
	d, r, ok := nanos(rest, milli)
	if !ok || string(trim(r)) != "ms" {
		return foreign
	}
	p.began = true
	p.b.Phase(name, d)
	if string(name) == "Concurrent Mark Cycle" || string(name) == "Concurrent Cycle" { // G1: 14 and later, 9 to 13
		p.b.Cycle(gc.Cycle{Time: p.last, Duration: d, Line: uint32(p.line)})
	}
	return fact
}
