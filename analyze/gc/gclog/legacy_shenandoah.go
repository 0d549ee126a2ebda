package gclog

import (
	"bytes"

	"casefile/analyze/gc"
)

// shenandoah8 reads the records of the JDK 8 backport, which have the words of unified logging in brackets:
//
//	2.469: [Pause Init Mark (process weakrefs), start]
//	2.472: [Pause Init Mark (process weakrefs), 3.341 ms]
//	2.480: [Concurrent cleanup 1198M->1190M(1200M), 0.055 ms]
func (p *parser) shenandoah8(rest []byte) class {
	end := bytes.LastIndexByte(rest, ']')
	comma := bytes.LastIndex(rest, []byte(", "))
	if end < 0 || comma < 0 || comma > end {
		return unparsed
	}
	p.format = gc.FormatPreUnified
	if p.log.Collector == "" {
		p.log.Collector = gc.Shenandoah
	}
	name, took := rest[1:comma], rest[comma+2:end]
	if string(took) == "start" {
		if has(name, "Concurrent reset") {
			p.legacy.cycle++
		}
		return detail
	}
	m := append(append(append(make([]byte, 0, 96), name...), ' '), bytes.TrimSuffix(took, []byte(" ms"))...)
	m = append(m, "ms"...)
	if has(name, "Pause ") {
		return p.pauseOf(p.legacy.cycle, m, 0)
	}
	return p.concurrent(p.legacy.cycle, m)
}

// shenandoah8Detail reads what the backport prints outside of brackets: settings, triggers and its footer.
func (p *parser) shenandoah8Detail(rest []byte) class {
	if has(rest, "Pause ") {
		return p.statsLine(rest)
	}
	if c := p.setting(rest); c != foreign {
		return c
	}
	for _, k := range shenandoahWords {
		if has(trimLeft(rest), k) {
			return detail
		}
	}
	if i := bytes.Index(rest, []byte(" us")); i > 0 && i+3 <= len(rest) && (isDigit(rest[i-1]) || bytes.Contains(rest, []byte("lvls, us"))) {
		return detail
	}
	return foreign
}

var shenandoahWords = []string{
	"Using ", "Pacer ", "Trigger", "Free: ", "Regions: ", "Humongous object", "Max TLAB", "GC threads", "Heuristics ", "Shenandoah ",
	"Reference processing", "Soft Max", "Good progress", "Bad progress", "Cancelling", "Failed to allocate", "Adaptive CSet", "Collectable",
	"Immediate Garbage", "All times are", "all workers", "Concurrent ", "Pacing", "Allocation pacing", "Uncommit", "Max ", "Avg ", "Delays",
	"Under allocation", "under stop-the-world", "tune GC", "to avoid", "successful", "invoked", "caused by", "happened at", "upgraded",
	"[", "<total>", "Workers:", "Mutators:", "Dropping", "Resize",
}
