// Package dumps holds the rules about threads, from dumps of JVMs and goroutine profiles of Go services.
package dumps

import (
	"slices"

	"casefile/analyze"
)

// Rules lists those about threads, from dumps of them.
func Rules() []*analyze.Rule { return slices.Clone(all) }

var all = ofThreads(
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
	shutdownHangs,
	unexplainedWait,
	finalizerBacklog,
	classLoadingLock,
	loggingLock,
	pinnedVirtualThreads,
	appSignature,
)

func ofThreads(list ...*analyze.Rule) []*analyze.Rule {
	for _, r := range list {
		r.OfThreads = true
	}
	return list
}
