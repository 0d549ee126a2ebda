package rules

import "casefile/analyze"

// systemRules are those about collections, memory, settings and machines.
func systemRules() []*analyze.Rule {
	return []*analyze.Rule{
		heapTooSmall(),
		memoryLeak(),
		gcOverhead(),
		explicitGC(),
		cpuSaturated(),
		cpuThrottled(),
		fdExhaustion(),
		diskFull(),
		unsafeConfig(),
	}
}
