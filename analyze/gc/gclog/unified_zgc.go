package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
)

// zState is what ZGC's lines leave for later ones.
type zState struct {
	name           []byte
	generationRows bool // "Young Generation 40M->46M" rows give the heap; the collection's own line repeats them
	young          youngTable
}

// youngTable follows the table "Young Generation Statistics". Between two young collections the young generation only
// grows, by what was allocated; the heap does not tell, as old collections free memory at the same time.
type youngTable struct {
	open bool          // the rows are of this table
	seen bool          // one collection is behind us
	end  int64         // used at the end of the last collection
	at   time.Duration // when that was
}

// row takes the rows "Used" and then "Allocated" of the table.
func (y *youngTable) row(p *parser, row []byte) {
	if has(row, "Used:") {
		start, ok1 := column(row, 0)
		end, ok2 := column(row, 3)
		if ok1 && ok2 {
			if y.seen {
				p.b.AllocatedBetween(y.at, p.last, start-y.end)
			}
			y.end, y.at, y.seen = end, p.last, true
		}
		return
	}
	if v, ok := column(row, 3); ok {
		p.b.Allocated(v)
	}
}

// ofOneThread tells the parts of ZGC's phases that one thread did, which lines of level debug and trace give with its name:
// "Pause Roots CodeCache (ZWorker#0) 0.008ms", "Pause Roots Setup (VM Thread) 0.005ms". The phase's own line has them all.
// Threads of one kind are numbered: ZWorkerYoung#0, XWorker#1 (ZGC without generations in 21 to 23), RuntimeWorker#0.
func ofOneThread(m []byte) bool {
	i := bytes.LastIndexByte(m, '(')
	if i < 0 {
		return false
	}
	name, _, _ := bytes.Cut(m[i+1:], []byte{')'})
	return bytes.IndexByte(name, '#') > 0 || string(name) == "VM Thread" || has(name, "ZDriver")
}

// zGeneration reads the lines of generational ZGC, "GC(4) Y: Pause Mark End 0.004ms": y is a minor collection, Y the young
// and O the old part of a major one.
func (p *parser) zGeneration(id uint32, gen byte, m []byte) class {
	u := &p.unified
	u.generational = true
	flag := gc.FlagYoungGen
	if gen|0x20 == 'o' {
		flag = gc.FlagOldGen
	}
	switch {
	case ofOneThread(m):
		return detail
	case has(m, "Pause "):
		return p.pauseOf(id, m, flag)
	case has(m, "Concurrent "):
		return p.zConcurrent(gen, m)
	case has(m, "Metaspace:"):
		return p.metaspace(m[len("Metaspace:"):])
	case hasSuffix(m, " Statistics:"):
		u.z.young.open = has(m, "Young ")
		return detail
	case has(m, "Young Generation "), has(m, "Old Generation "):
		return p.zPart(m)
	case len(m) > 0 && m[0] == ' ':
		return p.zRow(id, gen, trimLeft(m))
	case has(m, "Max Capacity:"):
		return p.setting(m)
	}
	return detail
}

func (p *parser) zConcurrent(gen byte, m []byte) class {
	i := bytes.LastIndexByte(m, ' ')
	if string(m[i+1:]) == "ms" { // a blank before the unit
		i = bytes.LastIndexByte(m[:i], ' ')
	}
	d, r, ok := nanos(m[i+1:], milli)
	if !ok || string(trim(r)) != "ms" {
		return detail // the start of the phase
	}
	z := &p.unified.z
	if gen|0x20 == 'o' {
		z.name = append(z.name[:0], "Old "...)
	} else {
		z.name = append(z.name[:0], "Young "...)
	}
	z.name = append(z.name, m[:i]...)
	p.b.Phase(z.name, d)
	return fact
}

// zPart reads "Young Generation 40M(62%)->46M(72%) 0.002s", the end of one generation's collection.
func (p *parser) zPart(m []byte) class {
	i := bytes.Index(m, []byte("Generation ")) + len("Generation ")
	c, r, ok := readChange(m[i:])
	if !ok {
		return detail // its start, or the title of a table
	}
	d, _, ok := nanos(trimLeft(r), second)
	if !ok {
		return unparsed
	}
	p.b.Phase(m[:i-1], d)
	if m[0] == 'Y' {
		z := &p.unified.z
		z.generationRows = true
		if z.young.seen {
			p.b.HeapSeen(c.before, c.after, 0)
		} else {
			p.b.HeapReading(p.stampOf(d), c.before, c.after, 0)
		}
	}
	return fact
}

// zCycle reads "Garbage Collection (Proactive) 40M(62%)->46M(72%)" and, generational, "Minor Collection (Timer)
// 40M(62%)->46M(72%) 0.017s". Without figures it is the start.
func (p *parser) zCycle(id uint32, m []byte) class {
	i := bytes.IndexByte(m, '(')
	if i < 0 {
		return detail
	}
	cause, r, ok := group(m[i:])
	if !ok {
		return unparsed
	}
	cy := p.unified.cycle(id)
	if p.log.Collector == "" {
		p.log.Collector = gc.ZGC
	}
	r = trimLeft(r)
	if len(r) == 0 {
		cy.cause, cy.start = p.b.Cause(cause), p.last
		return detail
	}
	if has(r, "Aborted") { // the JVM ended
		return detail
	}
	c, r, ok := readChange(r)
	if !ok {
		return unparsed
	}
	d, _, timed := nanos(trimLeft(r), second)
	if !timed && cy.start > 0 {
		d, timed = max(0, p.last-cy.start), true
	}
	if timed {
		p.b.Phase(m[:len(m)-len(trimLeft(m[i+len(cause)+2:]))-1], d)
	}
	if !has(m, "Minor ") { // a minor one collects the young generation only
		p.b.Cycle(gc.Cycle{Time: p.last, Duration: d, Before: c.before, After: c.after, CauseID: p.b.Cause(cause), Line: uint32(p.line)})
		p.zHeapMax(m)
	}
	if !p.unified.z.generationRows {
		p.b.HeapReading(p.stampOf(d), c.before, c.after, 0)
		p.b.Live(p.last, c.after, gc.LiveLow, p.line) // it holds what was allocated meanwhile
	}
	return fact
}

// zHeapMax estimates the maximum heap, where nothing states it, from what a collection says it is a share of: "3980M(97%)->3890M(95%)".
func (p *parser) zHeapMax(m []byte) {
	i := bytes.Index(m, arrow)
	if p.log.Settings.HeapMax > 0 || i < 0 {
		return
	}
	from := bytes.LastIndexByte(m[:i], ' ') + 1
	used, r, ok := size(m[from:])
	if !ok || !has(r, "(") {
		return
	}
	if percent, r, ok := digits(r[1:]); ok && has(r, "%)") && percent >= 10 && percent <= 100 {
		p.b.HeapShare(used, float64(percent)/100)
	}
}

// zRow reads the rows of the heap table that carry facts. Its columns are Mark Start, Mark End, Relocate Start and
// Relocate End, "-" where there is no value. gen is 0 without generations.
func (p *parser) zRow(id uint32, gen byte, row []byte) class {
	old := gen|0x20 == 'o'
	switch {
	case has(row, "Live:"):
		v, ok := column(row, 1)
		if !ok {
			return detail
		}
		cy := p.unified.cycle(id)
		switch {
		case gen == 0, old:
			p.b.Live(p.last, v+cy.youngLive, gc.LiveMarked, p.line)
		default:
			cy.youngLive = v
		}
		return fact
	case gen != 0 && !old && (has(row, "Used:") || has(row, "Allocated:")):
		if y := &p.unified.z.young; y.open {
			y.row(p, row)
			return fact
		}
	case has(row, "Allocated:"):
		if v, ok := column(row, 3); ok && !old {
			p.b.Allocated(v)
			return fact
		}
	case has(row, "Promoted:"):
		if v, ok := column(row, 3); ok {
			p.b.Promoted(p.last, v)
			return fact
		}
	case has(row, "Capacity:"):
		if v, ok := column(row, 3); ok {
			p.log.Heap.PeakCommitted = max(p.log.Heap.PeakCommitted, v)
			return fact
		}
	case gen == 0:
		return foreign
	}
	return detail
}

// column reads the n-th value behind the name of a row, from 0.
func column(row []byte, n int) (v int64, ok bool) {
	i := bytes.IndexByte(row, ':')
	b := trimLeft(row[i+1:])
	for ; len(b) > 0; n-- {
		if b[0] == '-' {
			ok = false
			b = b[1:]
		} else if v, b, ok = size(b); !ok {
			return 0, false
		}
		b = trimLeft(b)
		if _, r, paren := group(b); paren { // "(38%)"
			b = trimLeft(r)
		}
		if n == 0 {
			return v, ok
		}
	}
	return 0, false
}

// stall reads "Allocation Stall (thread name) 29.092ms". The name may hold parentheses.
func (p *parser) stall(m []byte) class {
	if m[len(m)-1] == ')' {
		return detail // its start, at level trace
	}
	name, d, ok := stalled(m)
	if !ok {
		return unparsed
	}
	p.b.Stall(name, d, gc.Mention{Line: p.line, Time: p.last, Text: p.stallText(m)})
	return fact
}

func (p *parser) stallText(m []byte) string {
	if p.b.Full(&p.log.Stalls.Lines) {
		return ""
	}
	return clip(m, 200)
}

func (p *parser) relocationStall(m []byte) class {
	if m[len(m)-1] == ')' {
		return detail
	}
	_, d, ok := stalled(m)
	if !ok {
		return unparsed
	}
	p.b.RelocationStall(d)
	return fact
}

func stalled(m []byte) (name []byte, d time.Duration, ok bool) {
	from, to := bytes.IndexByte(m, '('), bytes.LastIndexByte(m, ')')
	if from < 0 || to < from {
		return nil, 0, false
	}
	d, r, ok := nanos(trimLeft(m[to+1:]), milli)
	return m[from+1 : to], d, ok && string(trim(r)) == "ms"
}
