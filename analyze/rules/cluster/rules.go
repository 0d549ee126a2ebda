// Package cluster holds the rules that compare nodes, and those about the way between them.
package cluster

import "casefile/analyze"

// Rules lists those about what nodes of a cluster have between them, and in common.
func Rules() []*analyze.Rule {
	return []*analyze.Rule{
		clockSkew,
		slowLink,
		packetLoss,
		asymmetricRoute,
		slowDependency,
		nodeOutlier,
		configDrift,
		pausePropagation,
	}
}
