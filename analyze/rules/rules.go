// Package rules holds the rules that turn a case into findings: one file a rule,
// thresholds in [analyze.Thresholds], product knowledge as data in signatures/.
package rules

import "casefile/analyze"

// All gives a fresh set of all rules, by subject. Rules of one set share what they
// measured of a case; a set is for one run after the other, not for several at once.
func All() []*analyze.Rule {
	vs := &views{}
	rules := append(systemRules(), clusterRules(vs)...)
	rules = append(rules, recordedRules()...)
	return append(rules, []*analyze.Rule{
		// threads
		unresponsiveJVM(vs),
		deadlock(vs),
		lockContention(vs),
		hotThread(vs),
		stuckThread(vs),
		threadLeak(vs),
		threadPoolExhausted(vs),
		dbPoolExhausted(vs),
		poolMismatch(vs),
		slowDownstream(vs),
		finalizerBacklog(vs),
		classLoadingLock(vs),
		loggingLock(vs),
		pinnedVirtualThreads(vs),
		appSignature(vs),
	}...)
}

// clusterRules are those that compare nodes.
func clusterRules(vs *views) []*analyze.Rule {
	return []*analyze.Rule{
		// cluster
		clockSkew(),
		slowLink(),
		packetLoss(),
		asymmetricRoute(),
		nodeOutlier(vs),
		configDrift(),
		pausePropagation(vs),
	}
}
