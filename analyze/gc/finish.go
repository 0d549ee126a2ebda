package gc

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Finish completes the Log. The Builder must not be used after it.
func (b *Builder) Finish() *Log {
	l := b.log
	b.flushLow()
	l.Last, l.Span = l.First, b.span
	for i := range l.Runs {
		r := &l.Runs[i]
		l.Span += r.Last - r.First
		l.Last = max(l.Last, r.Last)
	}
	for key, d := range b.groups {
		g := &Group{Kind: Kind(key >> 16), Cause: l.causes[key&0xffff], Dist: d}
		l.groups = append(l.groups, g)
		if strings.Contains(g.Cause, "Metadata") {
			l.Metaspace.Threshold += g.Count
		}
		if strings.Contains(g.Cause, "Humongous") {
			l.Humongous.Pauses += g.Count
		}
	}
	sortGroups(l.groups)
	for name, d := range b.phases {
		l.Phases = append(l.Phases, Phase{name, d})
	}
	slices.SortFunc(l.Phases, func(a, b Phase) int {
		return cmp.Or(cmp.Compare(b.Sum, a.Sum), cmp.Compare(a.Name, b.Name))
	})
	for _, op := range b.ops {
		l.Safepoints.ByOperation = append(l.Safepoints.ByOperation, *op)
	}
	slices.SortFunc(l.Safepoints.ByOperation, func(a, b SafepointOp) int {
		return cmp.Or(cmp.Compare(b.TotalSum, a.TotalSum), cmp.Compare(a.Operation, b.Operation))
	})
	for _, t := range b.threads {
		l.Stalls.ByThread = append(l.Stalls.ByThread, *t)
	}
	slices.SortFunc(l.Stalls.ByThread, func(a, b ThreadStalls) int {
		return cmp.Or(cmp.Compare(b.Sum, a.Sum), cmp.Compare(a.Thread, b.Thread))
	})
	if l.Settings.HeapMax > 0 {
		l.Heap.Max, l.Heap.MaxStated = l.Settings.HeapMax, true
	} else {
		l.Heap.Max = l.Heap.PeakCommitted
	}
	l.Promotion.Over = l.Span
	l.check()
	l.release()
	return l
}

// check compares our figures with others that the same log states.
func (l *Log) check() {
	const tick = 0.016 // gc,cpu and [Times: ...] are in hundredths of a second, from a clock of 64 Hz on Windows
	if c := &l.CPU; c.Pauses > 0 {
		diff := c.Took.Seconds() - c.Real
		l.Checks = append(l.Checks, Check{What: "pauses against their real time", Ours: c.Took.Seconds(), JVM: c.Real, Unit: "s",
			Agree: math.Abs(diff) <= tick*float64(c.Pauses)+0.02*c.Real})
	}
	if sp := &l.Safepoints; sp.Count > 0 && l.Total.Count > 0 && sp.Total.Sum > 0 && l.Format != "counters" {
		l.Checks = append(l.Checks, Check{What: "pauses within safepoints", Ours: l.Stopped.Seconds(), JVM: sp.Total.Sum.Seconds(), Unit: "s",
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
