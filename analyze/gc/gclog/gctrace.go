package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
)

// Go writes a line for each collection with GODEBUG=gctrace=1 (package runtime):
//
//	gc 37 @10.912s 0%: 0.12+11+0.98 ms clock, 0.48+6.7/11/12+3.9 ms cpu, 29->30->15 MB, 30 MB goal, 0 MB stacks, 0 MB globals, 4 P (forced)
//
// The stamp is the start, in seconds since the program's. The percentage is the collector's share of all CPU time since then. The clock
// times are those of stopping for the sweep's end, of concurrent marking, and of stopping for the end of marking (Go 1.5 has five: the
// first, third and fifth are stops). The sizes are the heap when the collection began, when it ended, and what is live.
const (
	collectorGo = "Go"
	goForced    = "runtime.GC()"
)

func beginsGo(_ *decorators, line []byte) bool {
	_, _, _, ok := goHead(line)
	return ok
}

// goHead reads "gc 37 @10.912s 0%: ".
func goHead(line []byte) (id uint32, at time.Duration, rest []byte, ok bool) {
	if !has(line, "gc ") {
		return 0, 0, nil, false
	}
	n, r, ok := digits(line[len("gc "):])
	if !ok || n >= 1<<32 || !has(r, " @") {
		return 0, 0, nil, false
	}
	at, r, ok = nanos(r[2:], second)
	if !ok || !has(r, "s ") {
		return 0, 0, nil, false
	}
	return uint32(n), at, r[2:], true
}

func (p *parser) goLine(line []byte) class {
	id, at, r, ok := goHead(line)
	if !ok {
		if p.format == formatGo && (has(line, "scvg") || has(line, "pacer: ") || has(line, "GC forced")) {
			return detail
		}
		return foreign
	}
	p.format, p.log.Collector = formatGo, gc.Go
	share, r, ok := decimal(r)
	clock, found := bytes.CutPrefix(r, []byte("%: "))
	if !ok || !found {
		return unparsed
	}
	phases, r, ok := goPhases(clock)
	if !ok || !has(r, " ms clock") {
		return unparsed
	}
	p.log.CPU.Share = float64(share) / 1000 / 100
	p.stamp(at, wallClock{})
	cause := p.goCause(line)
	var last gc.Pause
	for i, d := range phases {
		if i%2 == 0 {
			last = gc.Pause{Kind: goKind(i), Start: at, Duration: d, GCID: id, CauseID: cause, Line: uint32(p.line)}
			p.b.Pause(last)
		} else {
			p.b.Phase([]byte("Concurrent mark"), d)
		}
		at += d
	}
	p.stamp(at, wallClock{})
	if p.stamped {
		p.began = true
	}
	return p.goHeap(r)
}

func goKind(phase int) gc.Kind {
	if phase == 0 {
		return gc.KindInitialMark
	}
	return gc.KindRemark
}

// goPhases reads "0.12+11+0.98": three times, or five in Go 1.5.
func goPhases(b []byte) (phases []time.Duration, rest []byte, ok bool) {
	var five [5]time.Duration
	n := 0
	for n < len(five) {
		if five[n], b, ok = nanos(b, milli); !ok {
			return nil, b, false
		}
		n++
		if !has(b, "+") {
			break
		}
		b = b[1:]
	}
	return five[:n], b, n%2 == 1
}

// goState is what goals tell of GOGC: the goal is the live heap of the collection before and as much more as GOGC says. The largest heap tells it best.
type goState struct{ live, largest int64 }

func (p *parser) goGoal(goal int64) {
	const least = 8 // MB: the least goal is 4
	if s := &p.gogc; s.live >= max(least, s.largest) && goal > s.live {
		s.largest = s.live
		p.log.Settings.GOGC = int(min(100*(goal-s.live)/s.live, 1<<20))
	}
}

func (p *parser) goCause(line []byte) uint16 {
	if hasSuffix(line, "(forced)") {
		return p.b.Cause([]byte(goForced))
	}
	return 0
}

// goHeap reads "29->30->15 MB, 30 MB goal, 4 P".
func (p *parser) goHeap(r []byte) class {
	for part := range bytes.SplitSeq(r, []byte(", ")) {
		part = trimLeft(part)
		if n, unit, ok := digits(part); ok && has(unit, " P") {
			p.log.Settings.CPUs = int(min(n, 1<<20))
			continue
		}
		if n, unit, ok := digits(part); ok && has(unit, " MB goal") && n < 1<<40 {
			p.goGoal(n)
			p.gogc.live = p.goNext
			continue
		}
		c, live, ok := readChange(part)
		if !ok || !has(live, "->") {
			continue
		}
		n, unit, ok := digits(live[2:])
		if !ok || !has(unit, " MB") || max(n, c.before, c.after) >= 1<<40 {
			return unparsed
		}
		p.goNext = n
		p.b.HeapReading(p.last, c.before<<20, n<<20, 0)
		p.b.Allocated((c.after - c.before) << 20)
		p.b.Live(p.last, n<<20, gc.LiveMarked, p.line)
	}
	return fact
}
