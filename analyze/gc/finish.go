package gc

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Finish completes the Log. The Builder must not be used after it.
func (b *Builder) Finish() *Log {
	last := b.finishRun()
	if len(b.parts) == 0 {
		last.Notes = b.noted
		last.release()
		return last
	}
	parts := append(b.parts, last)
	if b.early != nil {
		parts = append([]*Log{b.early.finish(parts[0])}, parts...)
	}
	for _, p := range parts {
		p.Format, p.Files = last.Format, last.Files
		p.Collector = cmp.Or(p.Collector, last.Collector)
		p.JVMVersion = cmp.Or(p.JVMVersion, last.JVMVersion)
	}
	l := join(parts, b.lim)
	l.Parts, l.Notes = parts, b.noted
	for _, p := range append(parts, l) {
		p.release()
	}
	return l
}

// finishRun completes the log of the current run.
func (b *Builder) finishRun() *Log {
	l := b.log
	b.flushLow()
	r := l.Runs[0]
	l.First, l.Last, l.Span = r.First, r.Last, r.Last-r.First
	for key, d := range b.groups {
		l.groups = append(l.groups, &Group{Kind: Kind(key >> 16), Cause: l.causes[key&0xffff], Dist: d})
	}
	sortGroups(l.groups)
	for name, d := range b.phases {
		l.Phases = append(l.Phases, Phase{name, d})
	}
	for _, op := range b.ops {
		l.Safepoints.ByOperation = append(l.Safepoints.ByOperation, *op)
	}
	for _, t := range b.threads {
		l.Stalls.ByThread = append(l.Stalls.ByThread, *t)
	}
	l.settle()
	return l
}

// settle puts lists in order and works out what follows from the rest.
func (l *Log) settle() {
	slices.SortFunc(l.Phases, func(a, b Phase) int {
		return cmp.Or(cmp.Compare(b.Sum, a.Sum), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(l.Safepoints.ByOperation, func(a, b SafepointOp) int {
		return cmp.Or(cmp.Compare(b.TotalSum, a.TotalSum), cmp.Compare(a.Operation, b.Operation))
	})
	slices.SortFunc(l.Stalls.ByThread, func(a, b ThreadStalls) int {
		return cmp.Or(cmp.Compare(b.Sum, a.Sum), cmp.Compare(a.Thread, b.Thread))
	})
	l.Metaspace.Threshold, l.Humongous.Pauses = 0, 0
	for _, g := range l.groups {
		if strings.Contains(g.Cause, "Metadata") {
			l.Metaspace.Threshold += g.Count
		}
		if strings.Contains(g.Cause, "Humongous") {
			l.Humongous.Pauses += g.Count
		}
	}
	if l.Settings.HeapMax > 0 {
		l.Heap.Max, l.Heap.MaxStated = l.Settings.HeapMax, true
	} else {
		l.Heap.Max = max(l.Heap.PeakCommitted, l.Heap.Estimated)
	}
	l.Promotion.Over = l.Span
	l.check()
}

// The figures that check compares.
const (
	checkReal   = "pauses against their real time"
	checkWithin = "pauses within safepoints"
)

// check compares our figures with others that the same log states.
func (l *Log) check() {
	l.Checks = slices.DeleteFunc(l.Checks, func(c Check) bool { return c.What == checkReal || c.What == checkWithin })
	const tick = 0.016 // gc,cpu and [Times: ...] are in hundredths of a second, from a clock of 64 Hz on Windows
	if c := &l.CPU; c.Pauses > 0 {
		diff := c.Took.Seconds() - c.Real
		l.Checks = append(l.Checks, Check{What: checkReal, Ours: c.Took.Seconds(), JVM: c.Real, Unit: "s",
			Agree: math.Abs(diff) <= tick*float64(c.Pauses)+0.02*c.Real})
	}
	if sp := &l.Safepoints; sp.Count > 0 && l.Total.Count > 0 && sp.Total.Sum > 0 && l.Format != FormatCounters {
		l.Checks = append(l.Checks, Check{What: checkWithin, Ours: l.Stopped.Seconds(), JVM: sp.Total.Sum.Seconds(), Unit: "s",
			Agree: l.Stopped <= sp.Total.Sum+sp.Total.Max})
	}
}

func sortGroups(gs []*Group) {
	slices.SortFunc(gs, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(b.Sum, a.Sum), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Cause, b.Cause))
	})
}

// release cuts the distributions from the Builder's budget, so that it can be collected.
func (l *Log) release() {
	ds := []*Dist{l.Total, l.Stalls.Total, l.Stalls.Relocate, l.Safepoints.Total, l.Safepoints.Reach}
	for _, g := range l.groups {
		ds = append(ds, g.Dist)
	}
	for _, p := range l.Phases {
		ds = append(ds, p.Dist)
	}
	for _, d := range ds {
		d.budget = nil
	}
}
