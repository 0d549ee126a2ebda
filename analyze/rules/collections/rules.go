// Package collections holds the rules about garbage collections and safepoints, from GC logs, counters and recordings.
package collections

import (
	"casefile/analyze"
	"casefile/analyze/rules/views"
)

// Rules lists those about garbage collections and safepoints, from GC logs and counters.
func Rules() []*analyze.Rule {
	return []*analyze.Rule{
		outOfMemory,
		directMemory,
		heapExhausted,
		heapTooSmall,
		memoryLeak,
		gcOverhead,
		explicitGC,
		fullGC,
		longGCPause,
		humongousAllocations,
		evacuationFailure,
		prematurePromotion,
		gcLocker,
		allocationStall,
		metaspacePressure,
		concurrentModeFailure,
		longSafepoint,
		longOperation,
		backToBackCycles,
		sysTimeInGC,
		gcThreadsMismatch,
		serialGCOnServer,
	}
}

// limits are a rule's own, and those that choose the stretch of the log that is judged.
func limits(own ...analyze.Threshold) []analyze.Threshold { return append(own, views.StretchLimits...) }
