package dumps

import (
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/threads"
)

// The rules of waits that are known by their kind, whatever the classes are called.
var (
	objectPoolExhausted = waitRule(ids.ObjectPoolExhausted, "Requests wait for an object of a bounded pool, or a "+
		"permit of a semaphore, over several dumps.",
		"Give objects back sooner; only then a larger pool.",
		poolWaits, loss.Pool, loss.Permit, loss.HTTPPool, loss.DBPool)
	queueFull = waitRule(ids.QueueFull, "Threads wait for room in a queue, or for somebody who takes from it, "+
		"over several dumps.",
		"Make the consumer faster, or refuse work that the queue has no room for.",
		poolWaits, loss.Room)
	clusterCall = waitRule(ids.ClusterCall, "Requests wait for the answer of a member of the cluster, over "+
		"several dumps.",
		"Look at the member that does not answer; give calls between members a time limit.",
		poolWaits, loss.Member)
	unexplainedWait = waitRule(ids.UnexplainedWait, "Much time of request threads, or a whole family of workers, "+
		"goes to one wait that no other rule explains.",
		"Find who is to end the wait: the stacks say where it is, block and mutex profiles or a recording who "+
			"comes there.",
		append([]string{ids.ObjectPoolExhausted, ids.QueueFull, ids.ClusterCall, ids.EventLoopBlocked, ids.HotThread, ids.PinnedVirtualThreads, ids.FinalizerBacklog, ids.ThreadLeak}, poolWaits...))
)

// poolWaits explain waits of any kind, and come first; what is claimed stays with the first of them.
var poolWaits = []string{ids.DistributedDeadlock, ids.DBLockWait, ids.IdleInTransaction, ids.SlowStatement, ids.SlowFile, ids.Deadlock, ids.HiddenDeadlock, ids.SelfStarvation, ids.LockContention, ids.ClassLoadingLock, ids.LoggingLock,
	ids.DBPoolExhausted, ids.SlowDownstream}

// Claimed are the threads that the finding explains, see [analyze.Claimer].
func (a *account) Claimed() []*threads.Thread {
	out := make([]*threads.Thread, len(a.sightings))
	for i, s := range a.sightings {
		out[i] = s.Thread
	}
	return out
}
