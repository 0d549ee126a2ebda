// Package machines holds the rules about machines, containers and the resources that processes take of them.
package machines

import "casefile/analyze"

// Rules lists those about machines and containers.
func Rules() []*analyze.Rule {
	return []*analyze.Rule{
		cpuSaturated,
		cpuThrottled,
		cpuSteal,
		memorySwapping,
		oomRisk,
		nativeMemory,
		diskSaturated,
		hostStall,
		fdExhaustion,
		diskFull,
		oomKilled,
		podRestarts,
		podNotReady,
		nodePressure,
	}
}
