package gclog

import (
	"bytes"
	"fmt"
	"time"

	"casefile/analyze/gc"
)

// shenandoahState holds the last cleanup of a cycle: the heap after the last one is the cycle's live set.
type shenandoahState struct {
	open  bool
	id    uint32
	bytes int64
	at    time.Duration
	line  int
	young bool
}

// cleanup takes "Concurrent cleanup 21M->19M(64M) 0.014ms". A cycle has an early and a final one.
func (s *shenandoahState) cleanup(p *parser, id uint32, c change, m []byte) {
	if s.open && s.id != id {
		s.flush(p)
	}
	p.b.HeapReading(p.last, c.before, c.after, max(c.cap, 0))
	*s = shenandoahState{open: true, id: id, bytes: c.after, at: p.last, line: p.line, young: bytes.Contains(m, []byte("(Young)"))}
}

func (s *shenandoahState) flush(p *parser) {
	if !s.open {
		return
	}
	s.open = false
	src := gc.LiveOld
	if s.young {
		src = gc.LiveLow
	}
	p.b.Live(s.at, s.bytes, src, s.line)
}

// trigger takes from the line before a cycle of Shenandoah who asked for it:
//
//	Trigger: Explicit GC request (System.gc())
//	Trigger (Global): GC request (System.gc())
//	Trigger (Global): Metadata GC Threshold
func (p *parser) trigger(m []byte) class {
	if cause, ok := after(m, "GC request ("); ok && hasSuffix(cause, ")") {
		p.unified.requested = p.b.Cause(cause[:len(cause)-1])
	} else if i := bytes.Index(m, []byte(": Metadata GC ")); i >= 0 {
		p.unified.requested = p.b.Cause(m[i+len(": "):])
	}
	return detail
}

// statsLine reads the footer that Shenandoah prints at exit, to compare it with what was read:
//
//	Pause Init Mark (N)            =    0.001 s (a =       22 us) (n =    59) (lvls, us = ...)
//
// (N) is the time inside the operation, which is what the pause's own line shows; (G) includes the safepoint.
func (p *parser) statsLine(m []byte) class {
	if !has(m, "Pause ") {
		return detail
	}
	name, rest, ok := bytes.Cut(m, []byte("(N)"))
	if !ok || !bytes.Contains(rest, []byte("(n =")) {
		return detail
	}
	b, _ := after(rest, "(n =")
	n, _, ok := digits(b)
	if !ok {
		return unparsed
	}
	words := bytes.Fields(name[len("Pause "):])
	kind := gc.KindOther
	for i := range pauseNames {
		if string(bytes.Join(words, []byte(" "))) == pauseNames[i].name {
			kind = pauseNames[i].kind
		}
	}
	if kind == gc.KindOther {
		return detail
	}
	p.log.Checks = append(p.log.Checks, gc.Check{What: "pauses " + kind.String(), JVM: float64(n), Unit: "count", Line: p.line})
	p.unified.shenChecks = append(p.unified.shenChecks, kind)
	return fact
}

// shenandoahStat tells a row of its statistics in a log whose decorators lack the tags:
//
//	Pause Init Mark (N)                 428 us
func shenandoahStat(m []byte) bool {
	return bytes.Contains(m, []byte(" (N)  ")) || bytes.Contains(m, []byte(" (G)  "))
}

// stopping is what Shenandoah logs when the JVM ends, with or without a cycle at work. From then on it measures no phase
// any more (ShenandoahPhaseTimings::record_phase_time): a cycle that runs on to its next pause logs it, and leaves it out of the footer.
const stopping = "Cancelling GC: Stopping VM"

// checkFooter fills in our counts next to those of the footer.
func (p *parser) checkFooter() {
	u := &p.unified
	for i, k := range u.shenChecks {
		c := &p.log.Checks[len(p.log.Checks)-len(u.shenChecks)+i]
		late := u.late[k]
		c.Ours = float64(u.perRun[k])
		c.Agree = c.Ours-float64(late) == c.JVM
		if late > 0 {
			c.Note = fmt.Sprintf("%d of casefile's count came after the JVM had begun to stop, which its footer leaves out", late)
		}
	}
	u.shenChecks, u.stopping = nil, false
	clear(u.perRun)
	clear(u.late)
}
