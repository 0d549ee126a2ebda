package gclog

import (
	"bytes"
	"time"

	"casefile/analyze/gc"
)

// Servers tell of collections in their own logs. Each tells only of long ones, so that sums are lower bounds.

// retoldTime takes the wall clock of a line of an application's log, "2019-10-10 16:41:34,134" or with a T, wherever it stands in its head.
func (p *parser) retoldTime(line []byte) {
	const head = 64
	for i := 0; i < min(len(line), head); i++ {
		if b := line[i:]; isDigit(b[0]) && looksISO(b) {
			p.wallStamp(wallClock{iso: b[:isoLen(b)]})
			return
		}
	}
}

// retoldPause adds a collection that ended when its line was written. n of them are one figure.
func (p *parser) retoldPause(kind gc.Kind, n int64, d time.Duration, c change, heap bool) {
	id := p.b.Cause(nil)
	p.began = true
	if n > 1 {
		p.b.Counted(kind, id, n, d)
		return
	}
	pause := gc.Pause{Kind: kind, CauseID: id, Start: p.stampOf(d), Duration: d, Line: uint32(p.line), Flags: gc.FlagInferred}
	if heap {
		pause.Before, pause.After, pause.Committed = c.before, c.after, max(c.cap, 0)
		pause.Flags |= gc.FlagHeap
	}
	p.b.Pause(pause)
}

// beanKinds tell by the name of a collector's bean, or of Elasticsearch's pool, what it collects.
var beanKinds = []struct {
	name      string
	collector gc.Collector
	kind      gc.Kind
}{
	{"G1 Young", gc.G1, gc.KindYoung}, {"G1 Old", gc.G1, gc.KindFull}, {"G1 Concurrent", gc.G1, gc.KindRemark},
	{"ConcurrentMarkSweep", gc.CMS, gc.KindOther}, {"ParNew", gc.CMS, gc.KindYoung},
	{"PS Scavenge", gc.Parallel, gc.KindYoung}, {"PS MarkSweep", gc.Parallel, gc.KindFull},
	{"MarkSweepCompact", gc.Serial, gc.KindFull}, {"Copy", gc.Serial, gc.KindYoung},
	{"Shenandoah Pauses", gc.Shenandoah, gc.KindOther}, {"ZGC Pauses", gc.ZGC, gc.KindOther}, {"ZGC Minor Pauses", gc.GenerationalZGC, gc.KindOther},
	{"ZGC Major Pauses", gc.GenerationalZGC, gc.KindOther}, {"young", "", gc.KindYoung}, {"old", "", gc.KindFull},
}

// bean names the kind of a collection by its collector.
func (p *parser) bean(name []byte) gc.Kind {
	for _, b := range beanKinds {
		if has(name, b.name) {
			if b.collector != "" {
				p.log.Collector = b.collector
			}
			return b.kind
		}
	}
	return gc.KindOther
}

// Elasticsearch's and OpenSearch's JvmGcMonitorService (JvmMonitorService before 2.0):
//
//	[2019-10-10T16:41:34,134][WARN ][o.e.m.j.JvmGcMonitorService] [node-1] [gc][old][171436][6] duration [11.6s], collections [1]/[12.6s],
//	  total [11.6s]/[19.5s], memory [9.7gb]->[6.5gb]/[9.8gb], all_pools {[young] [1gb]->[0b]/[1.4gb]}{...}
//	[2019-10-10T16:41:35,134][INFO ][o.e.m.j.JvmGcMonitorService] [node-1] [gc][171437] overhead, spent [500ms] collecting in the last [1s]
//
// The number is that of its look, one a second. A look that told of a duration is not counted again for its overhead.
type monitorState struct {
	look  int64 // the last look of Elasticsearch that told a duration
	stop  time.Duration
	open  bool // a pause of JvmPauseMonitor waits for the lines on its collections
	pools bool // such lines may come
	line  int
	began time.Duration
}

var elasticGC = []byte("[gc][")

func beginsElastic(_ *decorators, line []byte) bool {
	_, ok := elasticMessage(line)
	return ok
}

// elasticMessage gives what follows "[gc]".
func elasticMessage(line []byte) ([]byte, bool) {
	i := bytes.Index(line, elasticGC)
	if i < 0 {
		return nil, false
	}
	m := line[i+len(elasticGC)-1:]
	return m, bytes.Contains(m, []byte("] duration [")) || bytes.Contains(m, []byte("] overhead, spent ["))
}

func (p *parser) elasticLine(line []byte) class {
	m, ok := elasticMessage(line)
	if !ok {
		return foreign
	}
	p.format = formatElastic
	p.retoldTime(line)
	s := &p.monitor
	if spent, ok := after(m, "overhead, spent "); ok {
		look, _, _ := digits(m[1:])
		d, ok := elasticTime(spent)
		if !ok {
			return unparsed
		}
		if look != s.look {
			p.retoldPause(gc.KindOther, 1, d, change{}, false)
		}
		return fact
	}
	name, r, _ := bytes.Cut(m[1:], []byte{']'})
	if b, ok := after(r, "["); ok {
		s.look, _, _ = digits(b)
	}
	took, _ := after(m, "duration ")
	d, ok := elasticTime(took)
	if !ok {
		return unparsed
	}
	n := int64(1)
	if b, ok := after(m, "collections ["); ok {
		n, _, _ = digits(b)
	}
	c, heap := elasticMemory(m)
	p.retoldPause(p.bean(name), max(n, 1), d, c, heap)
	return fact
}

// elasticTime reads "[11.6s]".
func elasticTime(b []byte) (time.Duration, bool) {
	for _, u := range []struct {
		unit  string
		scale time.Duration
	}{{"ms]", time.Millisecond}, {"s]", time.Second}, {"m]", time.Minute}, {"h]", time.Hour}} {
		if len(b) == 0 || b[0] != '[' {
			break
		}
		if d, r, ok := nanos(b[1:], int64(u.scale)); ok && has(r, u.unit) {
			return d, true
		}
	}
	return 0, false
}

// elasticMemory reads "memory [9.7gb]->[6.5gb]/[9.8gb]".
func elasticMemory(m []byte) (c change, ok bool) {
	b, ok := after(m, "memory [")
	for _, to := range []*int64{&c.before, &c.after, &c.cap} {
		if !ok {
			return c, false
		}
		*to, b, ok = size(b)
		b, _ = after(b, "[")
	}
	return c, ok
}

// Cassandra's GCInspector; the time is that in which the application stood still, also for collectors that work next to it:
//
//	INFO  [Service Thread] 2019-10-10 16:42:12,130 GCInspector.java:284 - ParNew GC in 248ms.  CMS Old Gen: 5043436640 -> 5091062064; ...
//	INFO [ScheduledTasks:1] 2013-01-01 00:00:00,000 GCInspector.java (line 116) GC for ParNew: 234 ms for 2 collections, 1234567 used; max is 8000000
var cassandraSource = []byte("GCInspector.java")

func beginsCassandra(_ *decorators, line []byte) bool { return bytes.Contains(line, cassandraSource) }

func (p *parser) cassandraLine(line []byte) class {
	i := bytes.Index(line, cassandraSource)
	if i < 0 {
		return foreign
	}
	m := line[i:]
	p.format = formatCassandra
	if b, ok := after(m, "GC for "); ok {
		return p.cassandraOld(line, b)
	}
	m, ok := after(m, " - ")
	name, r, found := bytes.Cut(m, []byte(" GC in "))
	if !ok || !found {
		return detail
	}
	p.retoldTime(line)
	d, r, ok := nanos(r, milli)
	if !ok || !has(r, "ms") {
		return unparsed
	}
	c, old, heap := cassandraPools(r[len("ms"):])
	kind := p.bean(name)
	if kind == gc.KindOther && p.log.Collector == gc.CMS && d >= time.Second { // its concurrent work stops nobody for so long
		kind = gc.KindFull
	}
	if heap && old.before > 0 {
		p.log.Heap.OldLast = old.after
		if kind != gc.KindYoung {
			p.b.Live(p.last, old.after, gc.LiveOld, p.line)
		}
	}
	p.retoldPause(kind, 1, d, c, heap)
	return fact
}

// cassandraPools sums up "Par Eden Space: 671088640 -> 0; ..." over the pools of the heap.
func cassandraPools(b []byte) (heap, old change, ok bool) {
	for part := range bytes.SplitSeq(b, []byte(";")) {
		name, sizes, found := bytes.Cut(part, []byte(": "))
		name = bytes.TrimLeft(name, " .")
		if !found || has(name, "Code") || has(name, "Metaspace") || has(name, "Compressed Class") {
			continue
		}
		from, r, ok1 := digits(trimLeft(sizes))
		to, _, ok2 := digits(bytes.TrimPrefix(r, []byte(" -> ")))
		if !ok1 || !ok2 || max(from, to) >= 1<<50 {
			continue
		}
		heap.before, heap.after, ok = heap.before+from, heap.after+to, true
		if bytes.Contains(name, []byte("Old")) || bytes.Contains(name, []byte("Tenured")) {
			old = change{before: from, after: to}
		}
	}
	return heap, old, ok
}

// cassandraOld reads what stood in the log before Cassandra 2.1.
func (p *parser) cassandraOld(line, m []byte) class {
	name, r, ok := bytes.Cut(m, []byte(": "))
	d, r, ok1 := nanos(r, milli)
	b, _ := after(r, "for ")
	n, _, ok2 := digits(b)
	if !ok || !ok1 || !ok2 {
		return unparsed
	}
	p.retoldTime(line)
	p.retoldPause(p.bean(name), n, d, change{}, false)
	if b, ok := after(r, "max is "); ok && p.log.Settings.HeapMax == 0 {
		p.log.Settings.HeapMax, _, _ = digits(b)
	}
	return fact
}

// JvmPauseMonitor of Hadoop, HBase, Kudu, Ozone and ZooKeeper notices that a thread slept longer than it wanted:
//
//	2019-10-10 16:41:34,134 WARN  [JvmPauseMonitor] util.JvmPauseMonitor: Detected pause in JVM or host machine (eg GC): pause of approximately 5432ms
//	GC pool 'ParNew' had collection(s): count=1 time=5500ms
//
// With "No GCs detected" it was something else that stopped the JVM.
var pauseDetected = []byte("Detected pause in JVM or host machine (eg GC): pause of approximately ")

const (
	monitorNoGC = "No GCs detected"
	monitorPool = "GC pool '"
	// operationUnknown is a stop of which only the length is known.
	operationUnknown = "stop without a collection"
)

func beginsMonitor(_ *decorators, line []byte) bool { return bytes.Contains(line, pauseDetected) }

func (p *parser) monitorLine(line []byte) class {
	s := &p.monitor
	if i := bytes.Index(line, pauseDetected); i >= 0 {
		p.monitorEnds()
		p.format = formatMonitor
		p.retoldTime(line)
		d, r, ok := nanos(line[i+len(pauseDetected):], milli)
		if !ok || !has(r, "ms") {
			return unparsed
		}
		s.stop, s.open, s.pools, s.line, s.began = d, true, true, p.line, p.stampOf(d)
		return fact
	}
	switch {
	case p.format != formatMonitor || !s.pools:
	case has(line, monitorNoGC):
		p.monitorEnds()
		return fact
	case has(line, monitorPool):
		return p.monitorCollection(line[len(monitorPool):])
	}
	s.pools = false
	return foreign
}

// monitorCollection reads "ParNew' had collection(s): count=1 time=5500ms".
func (p *parser) monitorCollection(m []byte) class {
	name, r, _ := bytes.Cut(m, []byte{'\''})
	b, _ := after(r, "count=")
	n, _, ok1 := digits(b)
	b, _ = after(r, "time=")
	d, unit, ok2 := nanos(b, milli)
	if !ok1 || !ok2 || !has(unit, "ms") {
		return unparsed
	}
	p.monitor.open = false
	kind := p.bean(name)
	if kind == gc.KindOther && d >= time.Second {
		kind = gc.KindFull
	}
	p.retoldPause(kind, n, d, change{}, false)
	return fact
}

// monitorEnds hands on a stop that no collection explains.
func (p *parser) monitorEnds() {
	s := &p.monitor
	if !s.open {
		return
	}
	s.open = false
	p.b.Safepoint(gc.Safepoint{Operation: operationUnknown, Start: s.began, At: s.stop, Total: s.stop, Line: s.line})
}
