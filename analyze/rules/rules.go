// Package rules holds the rules that turn a case into findings: a package for each kind of evidence, one file a
// rule. A rule is a row with
// what it means, what it needs, its limits, and which other rules it depends on; see [analyze.Rule].
package rules

import (
	"casefile/analyze"
	"casefile/analyze/rules/chains"
	"casefile/analyze/rules/cluster"
	"casefile/analyze/rules/collections"
	"casefile/analyze/rules/dumps"
	"casefile/analyze/rules/machines"
	"casefile/analyze/rules/recordings"
	"casefile/analyze/rules/settings"
)

// All gives all rules, by subject.
func All() (all []*analyze.Rule) {
	for _, w := range wings() {
		all = append(all, w.Rules...)
	}
	return all
}

// wings are the rules by the evidence that they look at.
func wings() []Wing {
	return []Wing{
		{"Collections and safepoints", collections.Rules()},
		{"Settings of a JVM", settings.Rules()},
		{"Machines and containers", machines.Rules()},
		{"Nodes of a cluster", cluster.Rules()},
		{"Waits through databases and nodes", chains.Rules()},
		{"Flight recordings", recordings.Rules()},
		{"Threads", dumps.Rules()},
	}
}
