package gclog

import (
	"casefile/analyze/gc"
)

// messageReader reads the messages of unified logging that begin with a text.
type messageReader struct {
	begins string
	read   func(p *parser, id uint32, numbered bool, m []byte) class
	whole  bool // the message is no more than that
}

// messageReaders in the order in which they are tried.
var messageReaders = []messageReader{
	{begins: promotionFailed, whole: true, read: (*parser).promotionFailed},
	{begins: "Pause ", read: (*parser).pauseMessage},
	{begins: "PSYoungGen:", read: youngOf(func(u *unifiedState) { u.seenParallel = true })},
	{begins: "ParNew:", read: youngOf(func(u *unifiedState) { u.seenCMS = true })},
	{begins: "DefNew:", read: youngOf(func(u *unifiedState) { u.seenSerial = true })},
	{begins: "ParOldGen:", read: oldOf(func(u *unifiedState) { u.seenParallel = true })},
	{begins: "PSOldGen:", read: oldOf(func(u *unifiedState) { u.seenParallel = true })},
	{begins: "CMS:", read: oldOf(func(u *unifiedState) { u.seenCMS = true })},
	{begins: "Tenured:", read: oldOf(nil)},
	{begins: "Old regions:", read: withID((*parser).oldRegions)},
	{begins: "Old:", read: oldOf(nil)},
	{begins: "To-space exhausted", read: withID((*parser).evacuationFailed)},
	{begins: "To-space overflow", read: withID((*parser).evacuationFailed)},
	{begins: "Total time for which", read: plain((*parser).safepointLine)},
	{begins: stopping, whole: true, read: (*parser).stopsNow},
	{begins: modeFailure, whole: true, read: (*parser).modeFailed},
	{begins: modeInterrupted, whole: true, read: (*parser).modeInterrupted},
	{begins: "Concurrent ", read: (*parser).concurrentMessage},
	{begins: "Coalescing and filling", read: (*parser).concurrentMessage},
	{begins: "Rendezvous ", read: (*parser).concurrentMessage},
	{begins: gc.PhaseHeapDump, read: (*parser).concurrentMessage},
	{begins: gc.PhaseHistogram, read: (*parser).concurrentMessage},
	{begins: "Out Of Memory (", read: (*parser).outOfMemory},
	{begins: "Humongous regions:", read: plain((*parser).humongousRegions)},
	{begins: "Humongous region ", read: plain((*parser).humongousObject)},
	{begins: "Heap region size:", read: plain((*parser).regionSize)},
	{begins: "Heap Region Size:", read: plain((*parser).regionSize)},
	{begins: "Heap: ", read: plain((*parser).epsilonHeap)},
	{begins: "User=", read: withID((*parser).cpuLine)},
	{begins: "Using ", read: plain((*parser).using)},
	{begins: "Metaspace:", read: (*parser).metaspaceMessage},
	{begins: "Minor Collection", read: (*parser).generationsCycle},
	{begins: "Major Collection", read: (*parser).generationsCycle},
	{begins: "Garbage Collection (", read: withID((*parser).zCycle)},
	{begins: "Trigger", read: plain((*parser).trigger)},
	{begins: "Allocation Stall (", read: plain((*parser).stall)},
	{begins: "Relocation Stall (", read: plain((*parser).relocationStall)},
}

// messagesBy are the readers by the first byte of their messages.
var messagesBy = func() (by [256][]messageReader) {
	for _, r := range messageReaders {
		by[r.begins[0]] = append(by[r.begins[0]], r)
	}
	return by
}()

// plain makes a reader of one that needs no number of a collection.
func plain(read func(*parser, []byte) class) func(*parser, uint32, bool, []byte) class {
	return func(p *parser, _ uint32, _ bool, m []byte) class { return read(p, m) }
}

func withID(read func(*parser, uint32, []byte) class) func(*parser, uint32, bool, []byte) class {
	return func(p *parser, id uint32, _ bool, m []byte) class { return read(p, id, m) }
}

// youngOf reads the change of a young generation, whose name tells the collector.
func youngOf(saw func(*unifiedState)) func(*parser, uint32, bool, []byte) class {
	return func(p *parser, _ uint32, _ bool, m []byte) class {
		saw(&p.unified)
		return p.youngChange(m)
	}
}

// oldOf reads the change of an old generation, whose name may tell the collector.
func oldOf(saw func(*unifiedState)) func(*parser, uint32, bool, []byte) class {
	return func(p *parser, id uint32, _ bool, m []byte) class {
		if saw != nil {
			saw(&p.unified)
		}
		return p.oldChange(id, m)
	}
}

func (p *parser) pauseMessage(id uint32, numbered bool, m []byte) class {
	switch {
	case ofOneThread(m):
		return detail
	case !numbered && shenandoahStat(m):
		return p.statsLine(m)
	}
	return p.pauseLine(id, m)
}

func (p *parser) concurrentMessage(id uint32, _ bool, m []byte) class {
	if ofOneThread(m) {
		return detail
	}
	return p.concurrent(id, m)
}

func (p *parser) promotionFailed(id uint32, _ bool, m []byte) class {
	return p.failedInCycle(id, gc.FlagPromotionFailed, &p.log.PromotionFailures, m)
}

func (p *parser) modeFailed(id uint32, _ bool, m []byte) class {
	return p.failedInCycle(id, gc.FlagConcurrentModeFailure, &p.log.ConcurrentModeFailures, m)
}

func (p *parser) modeInterrupted(id uint32, _ bool, m []byte) class {
	return p.failedInCycle(id, gc.FlagConcurrentModeInterrupted, &p.log.ConcurrentModeInterrupted, m)
}

func (p *parser) stopsNow(uint32, bool, []byte) class {
	p.unified.stopping = true
	return detail
}

// outOfMemory reads ZGC's "Out Of Memory (thread name)".
func (p *parser) outOfMemory(_ uint32, _ bool, m []byte) class {
	p.mention(&p.log.OutOfMemory, m)
	return fact
}

func (p *parser) metaspaceMessage(_ uint32, _ bool, m []byte) class {
	return p.metaspace(m[len("Metaspace:"):])
}

func (p *parser) generationsCycle(id uint32, _ bool, m []byte) class {
	p.unified.generational = true
	return p.zCycle(id, m)
}
