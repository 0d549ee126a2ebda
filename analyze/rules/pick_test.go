package rules

import (
	"slices"

	"casefile/analyze"
	"casefile/analyze/rules/collections"
	"casefile/analyze/rules/machines"
	"casefile/analyze/rules/settings"
)

// rule gives one of all rules.
func rule(id string) *analyze.Rule {
	all := All()
	return all[slices.IndexFunc(all, func(r *analyze.Rule) bool { return r.ID == id })]
}

// systemRules are those about one JVM and its machine that need no dumps.
func systemRules() []*analyze.Rule {
	return slices.Concat(collections.Rules(), settings.Rules(), machines.Rules())
}
