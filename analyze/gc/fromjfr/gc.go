// Package fromjfr makes the model of collections (casefile/analyze/gc) of a Flight Recorder recording (casefile/analyze/jfr), as its third
// source next to logs and counters.
package fromjfr

import (
	"slices"
	"strings"
	"time"

	"casefile/analyze/gc"
	"casefile/analyze/jfr"
)

// Log makes the model; nil when the recording has no collection, pause or safepoint. Its timeline is the JVM's uptime where the recording tells
// when the JVM started, else it begins with the recording.
//
//   - Pauses are jdk.GCPhasePause, one stop each, as the lines "Pause ..." of a log. A JVM that does not record them (other than HotSpot's own
//     profiles) has one pause for each jdk.GarbageCollection, of its sum.
//   - The heap around a pause is jdk.GCHeapSummary of its collection, where that has only this pause. Collections that run while the
//     application does (G1Old, Z, Shenandoah) give live sets instead, of their end.
//   - Safepoints are jdk.SafepointBegin; their length is up to jdk.SafepointEnd, and without that event, which profiles leave out, the time to
//     safepoint and the operation. With a threshold on jdk.SafepointBegin, shorter ones are missing.
//   - A young pause of G1 begins after the wait for the scan of root regions, which the line of the log has within.
//   - Of a young collection that ends in a full one, or gives way to it at once (Serial on 17), only the full one is an event.
func Log(rec *jfr.Recording) *gc.Log {
	g := &rec.GC
	if len(g.Collections)+len(g.Pauses)+len(g.Safepoints) == 0 {
		return nil
	}
	c := converter{rec: rec, b: gc.NewBuilder(rec.Source, gc.FormatJFR, gc.Limits{}), zero: rec.Start, byID: map[uint32]*jfr.Collection{}, pauses: map[uint32]int{}}
	if s := rec.JVM.Started; !s.IsZero() && s.Before(rec.Start) {
		c.zero = s
	}
	for i := range g.Collections {
		c.byID[g.Collections[i].ID] = &g.Collections[i]
	}
	for _, p := range g.Pauses {
		c.pauses[p.ID]++
	}
	if len(rec.Files) > 0 {
		c.b.SetFile(rec.Files[0])
	}
	c.settings()
	c.b.Seen(c.at(rec.Start), 0)
	c.b.SetWall(0, c.zero)
	c.collections()
	c.rest()
	c.b.Seen(c.at(rec.End), 0)
	c.b.Log().Gaps = nil // what was recorded is complete, however long nothing happened
	return c.b.Finish()
}

type converter struct {
	rec    *jfr.Recording
	b      *gc.Builder
	zero   time.Time // of the timeline
	byID   map[uint32]*jfr.Collection
	pauses map[uint32]int // of each collection
}

func (c *converter) at(t time.Time) time.Duration { return max(0, t.Sub(c.zero)) }

// collectors tells the collector by the names of its parts, as jdk.GCConfiguration has them.
var collectors = []struct {
	part string
	name gc.Collector
}{
	{"G1", gc.G1}, {"ParallelScavenge", gc.Parallel}, {"ParallelOld", gc.Parallel}, {"PSMarkSweep", gc.Parallel},
	{"ParNew", gc.CMS}, {"ConcurrentMarkSweep", gc.CMS}, {"DefNew", gc.Serial}, {"SerialOld", gc.Serial},
	{"ZGC M", gc.GenerationalZGC}, {"ZMinor", gc.GenerationalZGC}, {"ZMajor", gc.GenerationalZGC}, {"Z", gc.ZGC},
	{"Shenandoah", gc.Shenandoah}, {"Epsilon", gc.Epsilon},
}

func (c *converter) settings() {
	j, log := &c.rec.JVM, c.b.Log()
	names := []string{j.YoungCollector, j.OldCollector}
	if g := c.rec.GC.Collections; len(g) > 0 {
		names = append(names, g[0].Name)
	}
	for _, n := range names {
		for _, k := range collectors {
			if log.Collector == "" && strings.HasPrefix(n, k.part) {
				log.Collector = k.name
			}
		}
	}
	if log.Collector == gc.Shenandoah && strings.Contains(j.Arguments+j.Flags, "ShenandoahGCMode=generational") {
		log.Collector = gc.GenerationalShenandoah
	}
	log.JVMVersion = version(j.Version)
	log.Settings = gc.Settings{CPUs: int(c.rec.System.HWThreads), Memory: c.rec.System.Memory, ParallelWorkers: int(j.ParallelWorkers), ConcurrentWorkers: int(j.ConcurrentWorkers),
		HeapMin: j.HeapMin, HeapInitial: j.HeapInitial, HeapMax: j.HeapMax, CommandLine: j.Arguments}
	if limit := c.rec.System.MemoryLimit; limit > 0 && (limit < log.Settings.Memory || log.Settings.Memory == 0) {
		log.Settings.Memory = limit
	}
}

// version takes "17.0.15+6" out of "OpenJDK 64-Bit Server VM (17.0.15+6-Debian-1) for linux-amd64 JRE (17.0.15+6-Debian-1), ...".
func version(text string) string {
	if _, after, ok := strings.Cut(text, " JRE ("); ok {
		v, _, _ := strings.Cut(after, ")")
		return v
	}
	return ""
}

// collections adds pauses, and what collections that are no pause tell, in the order of time.
func (c *converter) collections() {
	g := &c.rec.GC
	type step struct {
		at time.Time
		do func()
	}
	var steps []step
	for i := range g.Pauses {
		p := &g.Pauses[i]
		steps = append(steps, step{p.Start.Add(p.Duration), func() { c.pause(p) }})
	}
	for i := range g.Collections {
		k := &g.Collections[i]
		end := k.Start.Add(k.Duration)
		if c.pauses[k.ID] == 0 && k.SumOfPauses > 0 && len(g.Pauses) == 0 {
			steps = append(steps, step{end, func() { c.pause(&jfr.Pause{ID: k.ID, Start: k.Start, Duration: k.SumOfPauses, Name: wholePause}) }})
		}
		if concurrent(k.Name) {
			steps = append(steps, step{end, func() { c.cycle(k, end) }})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	for _, s := range steps {
		c.b.Seen(c.at(s.at), 0)
		s.do()
	}
}

// wholePause is how HotSpot names the pause of a collection that is one.
const wholePause = "GC Pause"

func (c *converter) pause(p *jfr.Pause) {
	k := c.byID[p.ID]
	if k == nil {
		k = &jfr.Collection{Before: -1, After: -1}
	}
	out := gc.Pause{Start: c.at(p.Start), Duration: p.Duration, GCID: p.ID, Kind: kindOf(p, k), CauseID: c.b.Cause([]byte(k.Cause))}
	alone := c.pauses[p.ID] <= 1 && !concurrent(k.Name)
	if alone && k.Before >= 0 && k.After >= 0 {
		out.Before, out.After, out.Committed = k.Before, k.After, max(0, k.Committed)
		out.Flags |= gc.FlagHeap
	}
	if alone && k.Real > 0 {
		out.User, out.Sys, out.Real = float32(k.User.Seconds()), float32(k.System.Seconds()), float32(k.Real.Seconds())
		out.Flags |= gc.FlagCPU
	}
	for _, f := range []struct {
		ids      []uint32
		flag     gc.Flags
		mentions *gc.Mentions
	}{
		{c.rec.GC.EvacuationFailed, gc.FlagEvacuationFailure, &c.b.Log().EvacuationFailures},
		{c.rec.GC.PromotionFailed, gc.FlagPromotionFailed, &c.b.Log().PromotionFailures},
		{c.rec.GC.ConcurrentModeFailed, gc.FlagConcurrentModeFailure, &c.b.Log().ConcurrentModeFailures},
	} {
		if slices.Contains(f.ids, p.ID) {
			out.Flags |= f.flag
			c.b.Mention(f.mentions, gc.Mention{Time: out.Start, Text: k.Name + ", " + k.Cause})
		}
	}
	c.b.Pause(out)
}

// pauseKinds tells by words of a pause's name what it does. The first match counts.
var pauseKinds = []struct {
	words string
	kind  gc.Kind
}{
	{"Pause Full", gc.KindFull}, {"Pause Degenerated", gc.KindDegenerated}, {"Pause Remark", gc.KindRemark}, {"Pause Cleanup", gc.KindCleanup},
	{"Pause Init Mark", gc.KindInitialMark}, {"Pause Initial Mark", gc.KindInitialMark}, {"Initial Mark", gc.KindInitialMark},
	{"Pause Final Mark", gc.KindFinalMark}, {"Pause Init Update", gc.KindInitUpdateRefs}, {"Pause Final Update", gc.KindFinalUpdateRefs},
	{"Pause Final Roots", gc.KindFinalRoots}, {"Pause Final Evac", gc.KindFinalRoots}, {"Pause Mark Start", gc.KindMarkStart}, {"Pause Mark End", gc.KindMarkEnd},
	{"Pause Relocate Start", gc.KindRelocateStart}, {"Pause Verify", gc.KindVerify}, {"Remark", gc.KindRemark},
	{"GC remark", gc.KindRemark}, {"GC cleanup", gc.KindCleanup}, {"Final Mark", gc.KindRemark}, // G1 of JDK 8, CMS
}

// wholeKinds tells by a collection's name what its one pause does.
var wholeKinds = map[string]gc.Kind{
	"G1New": gc.KindYoung, "G1Full": gc.KindFull, "ParallelScavenge": gc.KindYoung, "ParallelOld": gc.KindFull, "PSMarkSweep": gc.KindFull,
	"DefNew": gc.KindYoung, "SerialOld": gc.KindFull, "ParNew": gc.KindYoung,
}

// g1Kinds tells by the type of G1's young collection.
var g1Kinds = map[string]gc.Kind{"Mixed": gc.KindMixed, "Prepare Mixed": gc.KindPrepareMixed, "Concurrent Start": gc.KindConcurrentStart, "Initial Mark": gc.KindConcurrentStart}

func kindOf(p *jfr.Pause, k *jfr.Collection) gc.Kind {
	if p.Name == wholePause {
		if kind, known := g1Kinds[k.Type]; known {
			return kind
		}
		return wholeKinds[k.Name]
	}
	for _, n := range pauseKinds {
		if strings.Contains(p.Name, n.words) {
			return n.kind
		}
	}
	return gc.KindOther
}

// concurrent tells collections whose work is mostly done while the application runs.
func concurrent(name string) bool {
	return name == "G1Old" || strings.HasPrefix(name, "Z") || strings.HasPrefix(name, "Shenandoah") || name == "ConcurrentMarkSweep"
}

// cycle takes the heap at the end of a concurrent collection. That of G1 and CMS has young collections within, which tell the allocation.
func (c *converter) cycle(k *jfr.Collection, end time.Time) {
	if k.Before < 0 || k.After < 0 {
		return
	}
	own := strings.HasPrefix(k.Name, "Z") || strings.HasPrefix(k.Name, "Shenandoah")
	if own && !strings.Contains(k.Name, "Minor") {
		c.b.HeapReading(c.at(end), k.Before, k.After, max(0, k.Committed))
	} else {
		c.b.HeapSeen(k.Before, k.After, max(0, k.Committed))
	}
	switch {
	case !own:
		c.b.Live(c.at(end), k.After, gc.LiveOld, 0)
	case !strings.Contains(k.Name, "Minor"): // with what was allocated meanwhile
		c.b.Live(c.at(end), k.After, gc.LiveLow, 0)
	}
}

// rest adds what is not tied to a pause.
func (c *converter) rest() {
	g := &c.rec.GC
	for _, p := range g.Concurrent {
		c.b.Phase([]byte(strings.TrimSpace(p.Name)), p.Duration)
	}
	for _, m := range g.Metaspace {
		c.b.Metaspace(c.at(m.Time), m.Used, m.Committed, m.Reserved)
	}
	for _, s := range g.Safepoints {
		total := s.Total
		if total == 0 {
			total = s.Reach + s.Operated
		}
		c.b.Safepoint(gc.Safepoint{Operation: s.Operation, Start: c.at(s.Start), Reach: s.Reach, At: s.Operated, Total: total})
	}
	for _, s := range g.Stalls {
		c.b.Stall([]byte(c.rec.Threads[s.Thread].Name), s.Duration, gc.Mention{Time: c.at(s.Start), Text: "Allocation Stall (" + c.rec.Threads[s.Thread].Name + ")"})
	}
}
