package rules

import (
	"slices"
	"testing"

	"casefile/analyze"
)

// reworded holds that findings do not hang on how a reason is worded: with other words they are the same.
func reworded(t *testing.T, c *analyze.Case, want *analyze.Result, rules []*analyze.Rule) {
	t.Helper()
	other := *c
	other.Gaps = slices.Clone(c.Gaps)
	for i := range other.Gaps {
		other.Gaps[i].Reason, other.Gaps[i].Fix = "x", "x"
	}
	got, err := analyze.Run(t.Context(), &other, rules)
	if err != nil {
		t.Fatal(err)
	}
	name := func(f analyze.Finding) string { return string(f.Severity) + " " + f.ID + " of " + f.Subject }
	var a, b []string
	for _, f := range want.Findings {
		a = append(a, name(f))
	}
	for _, f := range got.Findings {
		b = append(b, name(f))
	}
	if !slices.Equal(a, b) {
		t.Errorf("with other words for what is missing: %q, not %q", b, a)
	}
}
