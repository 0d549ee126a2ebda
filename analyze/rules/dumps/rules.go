// Package dumps holds the rules about threads, from dumps of JVMs and goroutine profiles of Go services.
package dumps

import "casefile/analyze"

// Rules lists those about threads, from dumps of them.
func Rules() []*analyze.Rule {
	return []*analyze.Rule{
		unresponsiveJVM,
		deadlock,
		lockContention,
		hotThread,
		stuckThread,
		threadLeak,
		threadPoolExhausted,
		dbPoolExhausted,
		poolMismatch,
		slowDownstream,
		finalizerBacklog,
		classLoadingLock,
		loggingLock,
		pinnedVirtualThreads,
		appSignature,
	}
}
