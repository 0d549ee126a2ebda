package gclog

import (
	"bytes"

	"casefile/analyze/gc"
)

// youngChange reads "DefNew: 17472K(19648K)->2175K(19648K) ..." of the young generation.
func (p *parser) youngChange(m []byte) class {
	c, ok := named(m)
	if !ok {
		return foreign
	}
	p.log.Heap.YoungPeak = max(p.log.Heap.YoungPeak, c.cap)
	return fact
}

// oldChange reads "Tenured: 1166K(43712K)->12303K(43712K)" of the old generation. "Old:" comes at the end of a CMS cycle.
func (p *parser) oldChange(id uint32, m []byte) class {
	c, ok := named(m)
	if !ok {
		return foreign
	}
	h := &p.log.Heap
	h.OldPeak, h.OldLast = max(h.OldPeak, c.cap), c.after
	if has(m, "Old:") {
		p.b.Live(p.last, c.after, gc.LiveOld, p.line)
		return fact
	}
	cy := p.unified.cycle(id)
	cy.old, cy.hasOld = c, true
	return fact
}

// named reads the change behind "Name: ".
func named(m []byte) (c change, ok bool) {
	i := bytes.IndexByte(m, ':')
	if i < 0 {
		return c, false
	}
	c, _, ok = readChange(trimLeft(m[i+1:]))
	return c, ok
}

// metaspace reads what stands behind "Metaspace:", in the wording of
//
//	JDK 9-15   3644K->3644K(1056768K)                       used, reserved
//	JDK 16-    81K(320K)->81K(320K) NonClass: ... Class: ...  used, committed
//	ZGC        17M used, 17M committed, 1040M reserved
//	Epsilon    1088M reserved, 384K (0.03%) committed, 134K (0.01%) used
func (p *parser) metaspace(m []byte) class {
	m = trimLeft(m)
	if c, _, ok := readChange(m); ok {
		p.b.MetaspaceBefore(c.before)
		if c.beforeCap >= 0 {
			p.b.Metaspace(p.last, c.after, c.cap, 0)
		} else {
			p.b.Metaspace(p.last, c.after, 0, c.cap)
		}
		return fact
	}
	used, ok := amountBefore(m, "used")
	if !ok {
		return unparsed
	}
	committed, _ := amountBefore(m, "committed")
	reserved, _ := amountBefore(m, "reserved")
	p.b.Metaspace(p.last, used, committed, reserved)
	return fact
}

// amountBefore reads the size that stands before a word in a list such as "17M used, 17M committed", a percentage between
// the two is skipped.
func amountBefore(m []byte, word string) (v int64, ok bool) {
	for part := range bytes.SplitSeq(m, []byte(",")) {
		part = trimLeft(part)
		if !hasSuffix(part, " "+word) {
			continue
		}
		v, _, ok = size(part)
		return v, ok
	}
	return 0, false
}

// epsilonHeap reads "Heap: 1024M reserved, 504M (49.28%) committed, 449M (43.94%) used": the heap of a collector that
// never collects.
func (p *parser) epsilonHeap(m []byte) class {
	m = m[len("Heap: "):]
	used, ok := amountBefore(m, "used")
	if !ok {
		return foreign
	}
	committed, _ := amountBefore(m, "committed")
	if reserved, ok := amountBefore(m, "reserved"); ok && p.log.Settings.HeapMax == 0 {
		p.log.Settings.HeapMax = reserved
	}
	p.b.HeapReading(p.last, used, used, committed)
	return fact
}
