// Package rules holds the rules that turn a case into findings: a package for each kind of evidence, one file a
// rule. A rule is a row with
// what it means, what it needs, its limits, and which other rules it depends on; see [analyze.Rule].
package rules

import (
	"slices"

	"casefile/analyze"
	"casefile/analyze/rules/cluster"
	"casefile/analyze/rules/collections"
	"casefile/analyze/rules/dumps"
	"casefile/analyze/rules/machines"
	"casefile/analyze/rules/recordings"
	"casefile/analyze/rules/settings"
)

// All gives all rules, by subject.
func All() []*analyze.Rule {
	return slices.Concat(
		collections.Rules(),
		settings.Rules(),
		machines.Rules(),
		cluster.Rules(),
		recordings.Rules(),
		dumps.Rules(),
	)
}
