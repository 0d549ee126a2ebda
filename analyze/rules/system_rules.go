package rules

import "casefile/analyze"

// systemRules are those about collections, memory, settings and machines.
func systemRules() []*analyze.Rule {
	return []*analyze.Rule{
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
		sysTimeInGC,
		gcThreadsMismatch,
		serialGCOnServer,
		codeCacheFull,
		jitDisabled,
		cpuSaturated,
		cpuThrottled,
		cpuSteal,
		memorySwapping,
		oomRisk,
		diskSaturated,
		hostStall,
		fdExhaustion,
		diskFull,
		unsafeConfig,
	}
}
