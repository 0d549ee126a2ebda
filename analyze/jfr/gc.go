package jfr

import (
	"cmp"
	"slices"
	"time"

	format "casefile/bundle/format/jfr"
)

// GC is what the recording says about collections and safepoints, in order of time.
type GC struct {
	Collections []Collection
	// Pauses are the stops of collections one by one; a collection may have several.
	Pauses     []Pause
	Concurrent []Phase
	// Metaspace are readings before and after collections.
	Metaspace  []Metaspace
	Safepoints []Safepoint
	Operations []Operation
	Stalls     []Stall // of ZGC
	SystemGCs  []SystemGC

	EvacuationFailed, PromotionFailed, ConcurrentModeFailed []uint32 // ids of collections
}

// Collection is jdk.GarbageCollection with what other events say about the same one.
type Collection struct {
	ID           uint32
	Start        time.Time
	Duration     time.Duration // of the whole collection, concurrent parts included
	Name         string        // "G1New", "G1Old", "ParallelOld", "ZGC Minor", ...
	Type         string        // of G1: "Normal", "Mixed", ...
	Cause        string
	SumOfPauses  time.Duration
	LongestPause time.Duration
	// Heap in bytes, -1: not recorded.
	Before, After, Committed int64
	Reserved                 int64
	User, System, Real       time.Duration // CPU time; all 0: not recorded
}

// Pause is one jdk.GCPhasePause.
type Pause struct {
	ID       uint32
	Start    time.Time
	Duration time.Duration
	Name     string
}

// Phase is one concurrent phase.
type Phase struct {
	ID       uint32
	Start    time.Time
	Duration time.Duration
	Name     string
}

// Metaspace is one reading, bytes.
type Metaspace struct {
	ID                        uint32
	Time                      time.Time
	After                     bool
	Used, Committed, Reserved int64
	ClassUsed                 int64
	Threshold                 int64
}

// Safepoint is one stop of all threads. Parts that were not recorded are 0.
type Safepoint struct {
	ID        int64
	Start     time.Time
	Reach     time.Duration // until all threads stood still
	Total     time.Duration // until they may run again
	Operation string
	Operated  time.Duration
	Threads   int64
}

// Operation is one VM operation, in a safepoint or not.
type Operation struct {
	Start       time.Time
	Duration    time.Duration
	Name        string
	Caller      int32 // thread that asked for it
	SafepointID int64 // 0: not known
	Safepoint   bool
}

// Stall is a wait for memory.
type Stall struct {
	Start    time.Time
	Duration time.Duration
	Thread   int32
	Bytes    int64
}

// SystemGC is a call of System.gc and the like.
type SystemGC struct {
	Start    time.Time
	Duration time.Duration
	Thread   int32
	Stack    int32
}

type gcState struct {
	byID  map[uint32]int // place in Collections
	heap  map[uint32]*heapReading
	cpu   map[uint32][3]time.Duration
	g1    map[uint32]string
	begun map[int64]int // place in Safepoints
}

type heapReading struct{ before, after, committed, reserved int64 }

func newGCState() gcState {
	return gcState{byID: map[uint32]int{}, heap: map[uint32]*heapReading{}, cpu: map[uint32][3]time.Duration{}, g1: map[uint32]string{}, begun: map[int64]int{}}
}

// room reports whether a list may grow.
func room[T any](b *Builder, list []T, what string) bool {
	if len(list) >= b.lim.Collections {
		b.lose(what, 1)
		return false
	}
	return true
}

func roomMap[K comparable, V any](b *Builder, m map[K]V) bool { return len(m) < b.lim.Collections }

var gcEvents = []plainEvent{
	{"jdk.GarbageCollection", []string{"startTime", "duration", "gcId", "name", "cause", "sumOfPauses", "longestPause"}, (*Builder).readCollection},
	{"jdk.GCPhasePause", []string{"startTime", "duration", "gcId", "name"}, func(b *Builder, r *format.Row) {
		if g := &b.rec.GC; room(b, g.Pauses, "GC pauses") {
			g.Pauses = append(g.Pauses, Pause{uint32(r.Int(2)), r.Time(0), r.Duration(1), r.Word(3)})
		}
	}},
	{"jdk.GCPhaseConcurrent", []string{"startTime", "duration", "gcId", "name"}, func(b *Builder, r *format.Row) {
		if g := &b.rec.GC; room(b, g.Concurrent, "concurrent GC phases") {
			g.Concurrent = append(g.Concurrent, Phase{uint32(r.Int(2)), r.Time(0), r.Duration(1), r.Word(3)})
		}
	}},
	{"jdk.GCHeapSummary", []string{"gcId", "when", "heapUsed", "heapSpace.committedSize", "heapSpace.reservedSize"}, (*Builder).readHeap},
	{"jdk.MetaspaceSummary", []string{"startTime", "gcId", "when", "gcThreshold", "metaspace.used", "metaspace.committed", "metaspace.reserved", "classSpace.used"},
		func(b *Builder, r *format.Row) {
			if g := &b.rec.GC; room(b, g.Metaspace, "metaspace readings") {
				g.Metaspace = append(g.Metaspace, Metaspace{ID: uint32(r.Int(1)), Time: r.Time(0), After: r.Word(2) == "After GC", Threshold: r.Int(3),
					Used: r.Int(4), Committed: r.Int(5), Reserved: r.Int(6), ClassUsed: r.Int(7)})
			}
		}},
	{"jdk.GCCPUTime", []string{"gcId", "userTime", "systemTime", "realTime"}, func(b *Builder, r *format.Row) {
		if roomMap(b, b.gc.cpu) {
			b.gc.cpu[uint32(r.Int(0))] = [3]time.Duration{r.Duration(1), r.Duration(2), r.Duration(3)}
		}
	}},
	{"jdk.G1GarbageCollection", []string{"gcId", "type"}, func(b *Builder, r *format.Row) {
		if roomMap(b, b.gc.g1) {
			b.gc.g1[uint32(r.Int(0))] = r.Word(1)
		}
	}},
	{"jdk.EvacuationFailed", []string{"gcId"}, failed(func(g *GC) *[]uint32 { return &g.EvacuationFailed })},
	{"jdk.PromotionFailed", []string{"gcId"}, failed(func(g *GC) *[]uint32 { return &g.PromotionFailed })},
	{"jdk.ConcurrentModeFailure", []string{"gcId"}, failed(func(g *GC) *[]uint32 { return &g.ConcurrentModeFailed })},
	{"jdk.SafepointBegin", []string{"startTime", "duration", "safepointId", "totalThreadCount"}, func(b *Builder, r *format.Row) {
		if g := &b.rec.GC; room(b, g.Safepoints, "safepoints") {
			b.gc.begun[r.Int(2)] = len(g.Safepoints)
			g.Safepoints = append(g.Safepoints, Safepoint{ID: r.Int(2), Start: r.Time(0), Reach: r.Duration(1), Threads: r.Int(3)})
		}
	}},
	{"jdk.SafepointStateSynchronization", []string{"duration", "safepointId"}, func(b *Builder, r *format.Row) {
		if at, ok := b.gc.begun[r.Int(1)]; ok {
			s := &b.rec.GC.Safepoints[at]
			s.Reach = max(s.Reach, r.Duration(0))
		}
	}},
	{"jdk.SafepointEnd", []string{"startTime", "duration", "safepointId"}, func(b *Builder, r *format.Row) {
		if at, ok := b.gc.begun[r.Int(2)]; ok {
			s := &b.rec.GC.Safepoints[at]
			s.Total = r.Time(0).Add(r.Duration(1)).Sub(s.Start)
		}
	}},
	{"jdk.ExecuteVMOperation", []string{"startTime", "duration", "operation", "caller", "safepointId", "safepoint"}, func(b *Builder, r *format.Row) {
		if g := &b.rec.GC; room(b, g.Operations, "VM operations") {
			g.Operations = append(g.Operations, Operation{r.Time(0), r.Duration(1), r.Word(2), b.thread(r.Int(3)), r.Int(4), r.Bool(5)})
		}
	}},
	{"jdk.ZAllocationStall", []string{"startTime", "duration", "eventThread", "size"}, func(b *Builder, r *format.Row) {
		if g := &b.rec.GC; room(b, g.Stalls, "allocation stalls") {
			g.Stalls = append(g.Stalls, Stall{r.Time(0), r.Duration(1), b.thread(r.Int(2)), r.Int(3)})
		}
	}},
	{"jdk.SystemGC", []string{"startTime", "duration", "eventThread", "stackTrace"}, func(b *Builder, r *format.Row) {
		if g := &b.rec.GC; room(b, g.SystemGCs, "System.gc calls") {
			g.SystemGCs = append(g.SystemGCs, SystemGC{r.Time(0), r.Duration(1), b.thread(r.Int(2)), b.stack(r.Int(3))})
		}
	}},
}

func failed(list func(*GC) *[]uint32) func(*Builder, *format.Row) {
	return func(b *Builder, r *format.Row) {
		l, id := list(&b.rec.GC), uint32(r.Int(0))
		if n := len(*l); n > 0 && (*l)[n-1] == id { // one event a thread
			return
		}
		if room(b, *l, "failed collections") {
			*l = append(*l, id)
		}
	}
}

func (b *Builder) readCollection(r *format.Row) {
	g := &b.rec.GC
	if !room(b, g.Collections, "collections") {
		return
	}
	g.Collections = append(g.Collections, Collection{ID: uint32(r.Int(2)), Start: r.Time(0), Duration: r.Duration(1), Name: r.Word(3), Cause: r.Word(4),
		SumOfPauses: r.Duration(5), LongestPause: r.Duration(6), Before: -1, After: -1, Committed: -1, Reserved: -1})
}

func (b *Builder) readHeap(r *format.Row) {
	id := uint32(r.Int(0))
	h := b.gc.heap[id]
	if h == nil {
		if !roomMap(b, b.gc.heap) {
			return
		}
		h = &heapReading{-1, -1, -1, -1}
		b.gc.heap[id] = h
	}
	if r.Word(1) == "Before GC" {
		h.before = r.Int(2)
		return
	}
	h.after = r.Int(2)
	if r.Has(3) {
		h.committed, h.reserved = r.Int(3), r.Int(4)
	}
}

// finishGC joins what events say about one collection or safepoint, and puts all in order: events are written when they end.
func (b *Builder) finishGC() {
	g := &b.rec.GC
	for i := range g.Collections {
		c := &g.Collections[i]
		if h := b.gc.heap[c.ID]; h != nil {
			c.Before, c.After, c.Committed, c.Reserved = h.before, h.after, h.committed, h.reserved
		}
		if t, ok := b.gc.cpu[c.ID]; ok {
			c.User, c.System, c.Real = t[0], t[1], t[2]
		}
		c.Type = b.gc.g1[c.ID]
	}
	for i := range g.Operations {
		o := &g.Operations[i]
		if at, ok := b.gc.begun[o.SafepointID]; ok && o.Safepoint {
			s := &g.Safepoints[at]
			s.Operation, s.Operated = o.Name, s.Operated+o.Duration
		}
	}
	slices.SortStableFunc(g.Collections, func(a, b Collection) int { return a.Start.Compare(b.Start) })
	slices.SortStableFunc(g.Pauses, func(a, b Pause) int { return a.Start.Compare(b.Start) })
	slices.SortStableFunc(g.Concurrent, func(a, b Phase) int { return a.Start.Compare(b.Start) })
	slices.SortStableFunc(g.Metaspace, func(a, b Metaspace) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	slices.SortStableFunc(g.Safepoints, func(a, b Safepoint) int { return a.Start.Compare(b.Start) })
	slices.SortStableFunc(g.Operations, func(a, b Operation) int { return a.Start.Compare(b.Start) })
	clear(b.gc.begun) // places moved
}
