// Package rules holds the rules that turn a case into findings: one file a rule,
// thresholds in [analyze.Limit], product knowledge as data in signatures/.
package rules

import "casefile/analyze"

// All gives all rules, by subject.
func All() []*analyze.Rule {
	rules := append(systemRules(), clusterRules()...)
	rules = append(rules, recordedRules()...)
	return append(rules, []*analyze.Rule{
		// threads
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
	}...)
}

// clusterRules are those that compare nodes.
func clusterRules() []*analyze.Rule {
	return []*analyze.Rule{
		// cluster
		clockSkew,
		slowLink,
		packetLoss,
		asymmetricRoute,
		nodeOutlier,
		configDrift,
		pausePropagation,
	}
}
