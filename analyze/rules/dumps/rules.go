// Package dumps holds the rules about threads, from dumps of JVMs and goroutine profiles of Go services.
package dumps

import "casefile/analyze"

// Rules lists those about threads, from dumps of them.
func Rules() []*analyze.Rule {
	return []*analyze.Rule{
		unresponsiveJVM,
		deadlock,
		hiddenDeadlock,
		selfStarvation,
		lockContention,
		hotThread,
		stuckThread,
		threadLeak,
		threadPoolExhausted,
		dbPoolExhausted,
		poolMismatch,
		slowDownstream,
		objectPoolExhausted,
		queueFull,
		clusterCall,
		eventLoopBlocked,
		unexplainedWait,
		finalizerBacklog,
		classLoadingLock,
		loggingLock,
		pinnedVirtualThreads,
		appSignature,
	}
}
