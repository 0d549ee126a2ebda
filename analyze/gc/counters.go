package gc

import (
	"strings"
	"time"
)

// CounterSample is one reading of a JVM's own counters (hsperfdata, JMX). Counts and times are totals since the JVM's
// start; sizes are bytes, zero where the collector does not have the space.
type CounterSample struct {
	Time          time.Time
	Collectors    []CollectorCounter
	HeapUsed      int64
	HeapCommitted int64
	HeapMax       int64
	OldUsed       int64
	OldMax        int64
	EdenUsed      int64
	Safepoints    int64
	SafepointTime time.Duration
	LastCause     string // cause of the last collection; "No GC" where the JVM does not keep it
}

// CollectorCounter is one of the JVM's collectors.
type CollectorCounter struct {
	Name  string // "G1 young collection pauses", "PSScavenge", "G1 Young Generation", ...
	Count int64
	Time  time.Duration
}

// counterKinds tell by words of a collector's name (sun.gc.collector.N.name or the MXBean's) what it counts. The first match counts.
// A collector that counts cycles is not one of pauses: its time runs while the application does.
var counterKinds = []struct {
	words     string
	collector Collector
	kind      Kind
	cycles    bool
}{
	{"Shenandoah full", Shenandoah, KindOther, true}, // hsperfdata: time of whole cycles (measured on 17 and 25)
	{"Shenandoah partial", Shenandoah, KindOther, true},
	{"Shenandoah Pauses", Shenandoah, KindOther, false},
	{"Shenandoah Cycles", Shenandoah, KindOther, true},
	{"ZGC minor collection pauses", GenerationalZGC, KindOther, false},
	{"ZGC major collection pauses", GenerationalZGC, KindOther, false},
	{"Z concurrent cycle pauses", ZGC, KindOther, false},
	{"ZGC Minor Pauses", GenerationalZGC, KindOther, false},
	{"ZGC Major Pauses", GenerationalZGC, KindOther, false},
	{"ZGC Pauses", ZGC, KindOther, false},
	{"ZGC", ZGC, KindOther, true},
	{"G1 young", G1, KindYoung, false},
	{"G1 Young", G1, KindYoung, false},
	{"G1 incremental", G1, KindYoung, false},
	{"G1 full", G1, KindFull, false},
	{"G1 Old", G1, KindFull, false},
	{"G1 stop-the-world full", G1, KindFull, false},
	{"G1 concurrent cycle pauses", G1, KindRemark, false},
	{"G1 Concurrent GC", G1, KindRemark, false},
	{"Parallel young", Parallel, KindYoung, false},
	{"Parallel full", Parallel, KindFull, false},
	{"PSScavenge", Parallel, KindYoung, false},
	{"PS Scavenge", Parallel, KindYoung, false},
	{"PSParallelCompact", Parallel, KindFull, false},
	{"PSMarkSweep", Parallel, KindFull, false},
	{"PS MarkSweep", Parallel, KindFull, false},
	{"ParNew", CMS, KindYoung, false},
	{"PCopy", CMS, KindYoung, false},
	{"ConcurrentMarkSweep", CMS, KindOther, false},
	{"CMS", CMS, KindOther, false}, // initial mark, remark and full collections in one
	{"Serial young", Serial, KindYoung, false},
	{"Serial full", Serial, KindFull, false},
	{"Copy", Serial, KindYoung, false},
	{"MSC", Serial, KindFull, false},
	{"MarkSweepCompact", Serial, KindFull, false},
	{"Epsilon", Epsilon, KindOther, true},
}

// FromCounters builds the model from samples in time order. What a counter cannot tell stays unknown:
//
//   - Counts and sums of pauses are exact, as differences of the totals. A pause that was the only one of its collector
//     between two samples is a Pause with FlagInferred, placed at the end of the interval; several in one interval are only
//     in Total and Groups, and percentiles are of the single ones (Dist.Unseen counts the rest).
//   - The live set is the least old generation (else heap) seen between two collections, as LiveLow, or LiveFull when only a
//     full collection came before the sample.
//   - Allocation is the rise of eden, else of the heap, within intervals without a collection, and Over their time.
//   - A total that falls is another JVM: a new Run, whose first sample is a start, not a difference.
//
// The timeline begins at the first sample.
func FromCounters(source string, samples []CounterSample) *Log {
	b := NewBuilder(source, FormatCounters, Limits{})
	if len(samples) == 0 {
		return b.Finish()
	}
	c := counters{b: b, zero: samples[0].Time}
	c.first(&samples[0])
	for i := 1; i < len(samples); i++ {
		prev, cur := &samples[i-1], &samples[i]
		if cur.Time.Before(prev.Time) {
			continue
		}
		if restarted(prev, cur) {
			c.restart(cur, i)
			continue
		}
		c.interval(prev, cur, i)
	}
	c.flushLow(c.full)
	return b.Finish()
}

type counters struct {
	b     *Builder
	zero  time.Time // wall clock of stamp zero of the current run
	low   int64     // least old generation since the last collection, -1 when none
	lowAt time.Duration
	full  bool // the last collection was a full one
}

func (c *counters) first(s *CounterSample) {
	c.low = -1
	c.b.Seen(0, 1)
	c.b.SetWall(0, s.Time)
	c.heap(s)
}

func (c *counters) restart(s *CounterSample, sample int) {
	c.flushLow(c.full)
	c.full = false
	c.b.NewRun(0, s.Time, sample+1)
	c.zero = s.Time
	c.heap(s)
}

// restarted reports whether a total fell.
func restarted(a, b *CounterSample) bool {
	for _, x := range a.Collectors {
		for _, y := range b.Collectors {
			if x.Name == y.Name && (y.Count < x.Count || y.Time < x.Time) {
				return true
			}
		}
	}
	return b.Safepoints < a.Safepoints
}

func (c *counters) interval(prev, cur *CounterSample, sample int) {
	b, at, wasFull := c.b, cur.Time.Sub(c.zero), c.full
	length := cur.Time.Sub(prev.Time)
	b.Seen(at, sample+1)
	var collections int64
	for _, y := range cur.Collectors {
		var x CollectorCounter
		for _, p := range prev.Collectors {
			if p.Name == y.Name {
				x = p
			}
		}
		n, d := y.Count-x.Count, y.Time-x.Time
		if n <= 0 {
			continue
		}
		collections += n
		c.collected(y.Name, n, d, at, length, cur.LastCause, sample)
	}
	if n := cur.Safepoints - prev.Safepoints; n > 0 {
		sp := &b.log.Safepoints
		sp.Count += n
		sp.Total.addUnseen(n, cur.SafepointTime-prev.SafepointTime)
	}
	if collections > 0 {
		c.flushLow(wasFull)
	} else {
		c.allocated(prev, cur, at, length)
	}
	c.heap(cur)
	c.lowest(cur, at)
}

// collected takes n collections of one collector with d of time in them.
func (c *counters) collected(name string, n int64, d, at, length time.Duration, cause string, sample int) {
	b := c.b
	kind, cycles := KindOther, false
	for _, k := range counterKinds {
		if strings.Contains(name, k.words) {
			kind, cycles = k.kind, k.cycles
			if b.log.Collector == "" || b.log.Collector == ZGC {
				b.log.Collector = k.collector
			}
			break
		}
	}
	if cycles {
		c.full = false
		for range min(n, 1<<16) {
			b.Phase([]byte(name), d/time.Duration(n))
		}
		return
	}
	c.full = kind == KindFull
	if cause == "No GC" {
		cause = ""
	}
	if n == 1 {
		start := max(at-d, at-length)
		b.Pause(Pause{Start: start, Duration: d, Kind: kind, CauseID: b.Cause([]byte(cause)), Line: uint32(sample + 1), Flags: FlagInferred})
		return
	}
	b.log.Total.addUnseen(n, d)
	b.group(kind, 0).addUnseen(n, d)
	b.log.Stopped = plus(b.log.Stopped, d)
	if kind == KindFull {
		b.log.FullGCs += n
	}
}

func (c *counters) heap(s *CounterSample) {
	h := &c.b.log.Heap
	h.PeakUsed, h.LastUsed = max(h.PeakUsed, s.HeapUsed), s.HeapUsed
	h.PeakCommitted = max(h.PeakCommitted, s.HeapCommitted)
	h.OldPeak, h.OldLast = max(h.OldPeak, s.OldMax), s.OldUsed
	if s.HeapMax > 0 {
		c.b.log.Settings.HeapMax = s.HeapMax
	}
}

func (c *counters) allocated(prev, cur *CounterSample, at, length time.Duration) {
	from, to := prev.EdenUsed, cur.EdenUsed
	if from == 0 && to == 0 {
		from, to = prev.HeapUsed, cur.HeapUsed
	}
	end := c.b.Timeline(at)
	c.b.flow(&c.b.log.Allocation, to-from, end-length, end)
}

func (c *counters) lowest(s *CounterSample, at time.Duration) {
	v := s.OldUsed
	if v == 0 {
		v = s.HeapUsed
	}
	if v > 0 && (c.low < 0 || v < c.low) {
		c.low, c.lowAt = v, at
	}
}

func (c *counters) flushLow(afterFull bool) {
	if c.low < 0 {
		return
	}
	src := LiveLow
	if afterFull {
		src = LiveFull
	}
	c.b.Live(c.lowAt, c.low, src, 0)
	c.low = -1
}
