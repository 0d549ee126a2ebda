package gc

import (
	"cmp"
	"slices"
	"time"
)

// Safepoint adds a stop of the application. total runs from the request until the threads go on; cleanup and leaving are
// part of it, whatever the JDK's wording.
func (b *Builder) Safepoint(s Safepoint) {
	sp := &b.log.Safepoints
	s.Start = b.Timeline(s.Start)
	s.File = b.file
	sp.Count++
	sp.Total.Add(s.Total)
	sp.Reach.Add(s.Reach)
	op := b.ops[s.Operation]
	if op == nil {
		name := s.Operation
		if len(b.ops) >= b.lim.Names {
			name = "other operations"
		}
		if op = b.ops[name]; op == nil {
			op = &SafepointOp{Operation: name}
			b.ops[name] = op
		}
	}
	op.Count++
	op.ReachSum, op.ReachMax = plus(op.ReachSum, s.Reach), max(op.ReachMax, s.Reach)
	op.AtSum, op.AtMax = plus(op.AtSum, s.At), max(op.AtMax, s.At)
	op.TotalSum, op.TotalMax = plus(op.TotalSum, s.Total), max(op.TotalMax, s.Total)
	ws := sp.WorstReach
	if len(ws) == b.lim.Samples && s.Reach <= ws[len(ws)-1].Reach {
		return
	}
	i, _ := slices.BinarySearchFunc(ws, s, func(a, b Safepoint) int { return cmp.Compare(b.Reach, a.Reach) })
	ws = slices.Insert(ws, i, s)
	sp.WorstReach = ws[:min(len(ws), b.lim.Samples)]
}

// Operation gives a string for the name of an operation without allocating for known ones.
func (b *Builder) Operation(name []byte) string {
	if op := b.ops[string(name)]; op != nil {
		return op.Operation
	}
	return string(name)
}

// AppTime adds time in which the application ran between safepoints.
func (b *Builder) AppTime(d time.Duration) {
	b.log.Safepoints.AppTime = plus(b.log.Safepoints.AppTime, d)
	b.log.Safepoints.AppTimeLines++
}
