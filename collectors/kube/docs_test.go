package kube

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// The page names the rights that are asked for, all of them and no others.
func TestRightsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	told := regexp.MustCompile(`(?m)^    (\{apiGroups.*\})$`).FindAllStringSubmatch(string(page), -1)
	var rules []string
	for _, w := range []Way{Exec, Debug} {
		for _, r := range Rights(w) {
			if !slices.Contains(rules, r.Rule()) {
				rules = append(rules, r.Rule())
			}
		}
	}
	for _, rule := range rules {
		if !slices.ContainsFunc(told, func(m []string) bool { return m[1] == rule }) {
			t.Errorf("the page does not name %s", rule)
		}
	}
	if len(told) != len(rules) {
		t.Errorf("the page names %d rules, %d are asked for", len(told), len(rules))
	}
}
