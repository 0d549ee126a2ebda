package gc

import (
	"cmp"
	"slices"
	"strings"
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
	sp.WorstReach = keepLongest(sp.WorstReach, s, b.lim.Samples, func(s *Safepoint) time.Duration { return s.Reach })
	if s.Operation != "" && !Collects(s.Operation) {
		sp.Longest = keepLongest(sp.Longest, s, b.lim.Samples, func(s *Safepoint) time.Duration { return s.At })
	}
}

// keepLongest inserts a stop into a list of the longest ones, longest first.
func keepLongest(list []Safepoint, s Safepoint, most int, of func(*Safepoint) time.Duration) []Safepoint {
	if len(list) == most && of(&s) <= of(&list[most-1]) {
		return list
	}
	i, _ := slices.BinarySearchFunc(list, s, func(a, b Safepoint) int { return cmp.Compare(of(&b), of(&a)) })
	list = slices.Insert(list, i, s)
	return list[:min(len(list), most)]
}

// collecting are words in the names of operations that are collections, or a collector's part of one (vmOperations.hpp of JDK 8 to 25).
var collecting = []string{
	"Collect", "G1", "ParallelGC", "ParallelFailed", "ParallelSystem", "CMS_", "GenGC", "Shenandoah", "CGC_Operation", "IncCollection",
	"Metadata", "MetaspaceGC",
}

// zOperations are the operations of ZGC, whose names begin with its letter.
var zOperations = []string{"ZMark", "ZRelocate", "ZVerify", "ZOperation", "ZRendezvous", "XMark", "XRelocate", "XVerify", "XOperation"}

// Collects reports whether a safepoint operation is a collection or a part of one: the log tells of it elsewhere.
func Collects(operation string) bool {
	for _, w := range collecting {
		if strings.Contains(operation, w) {
			return true
		}
	}
	for _, w := range zOperations {
		if strings.HasPrefix(operation, w) {
			return true
		}
	}
	return false
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
