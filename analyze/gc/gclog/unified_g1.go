package gclog

import (
	"bytes"

	"casefile/analyze/gc"
)

// evacuationFailed reads "To-space exhausted" (before JDK 22), which precedes the end of its pause, and marks the pause.
func (p *parser) evacuationFailed(id uint32, m []byte) class {
	cy := p.unified.cycle(id)
	if !cy.flags.Has(gc.FlagEvacuationFailure) {
		cy.flags |= gc.FlagEvacuationFailure
		p.mention(&p.log.EvacuationFailures, m)
	}
	return fact
}

// oldRegions reads "Old regions: 2->13"; "Old regions: 2->13(20)" from some versions.
func (p *parser) oldRegions(id uint32, m []byte) class {
	c, ok := named(m)
	if !ok {
		return unparsed
	}
	p.unified.seenG1 = true
	cy := p.unified.cycle(id)
	cy.oldRegions, cy.hasRegions = c, true
	if r := p.log.Settings.RegionSize; r > 0 {
		h := &p.log.Heap
		h.OldLast, h.OldPeak = c.after*r, max(h.OldPeak, c.after*r)
	}
	return fact
}

// humongousRegions reads "Humongous regions: 4->0".
func (p *parser) humongousRegions(m []byte) class {
	c, ok := named(m)
	if !ok {
		return unparsed
	}
	h := &p.log.Humongous
	h.PeakRegions = max(h.PeakRegions, c.before, c.after)
	h.Reclaimed += max(0, c.before-c.after)
	return fact
}

// humongousObject reads "Humongous region 0 (object size 700016 @ 0x...) remset 0 ..." of gc+humongous=debug.
func (p *parser) humongousObject(m []byte) class {
	b, ok := after(m, "object size ")
	if !ok {
		return detail
	}
	v, _, ok := digits(b)
	if !ok {
		return unparsed
	}
	p.log.Humongous.LargestObject = max(p.log.Humongous.LargestObject, v)
	return fact
}

func (p *parser) regionSize(m []byte) class {
	b, _ := after(m, "size:")
	if b == nil {
		b, _ = after(m, "Size:")
	}
	v, _, ok := size(b)
	if !ok {
		return unparsed
	}
	p.log.Settings.RegionSize = v
	return fact
}

// indented reads the messages that begin with blanks: tables, worker times, age tables. Few carry facts.
func (p *parser) indented(id uint32, numbered bool, m []byte) class {
	t := trimLeft(m)
	if numbered && p.unified.d.tags&tagHeap != 0 {
		if c := p.zRow(id, 0, t); c != foreign {
			return c
		}
	}
	switch {
	case has(t, "Reference Processing:"), has(t, "Reference Processing "):
		if b := t[bytes.IndexByte(t, 'g')+1:]; len(b) > 0 {
			b = trimLeft(bytes.TrimLeft(b, ": "))
			if d, r, ok := nanos(b, milli); ok && has(r, "ms") {
				p.log.References.Time += d
				return fact
			}
		}
	case len(t) > 0 && has(t, "- age"):
		return detail
	}
	return detail
}
