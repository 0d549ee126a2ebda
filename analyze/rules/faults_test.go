package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/testdata/faults"
)

// Faults of made-up programs, whose classes, methods and threads have names that no list knows: the first finding names the place and the
// number of threads in all, and nothing is said about their healthy twins.
func TestFaultsOfNoList(t *testing.T) {
	missed := 0
	for i, f := range faults.All(150) {
		res := run(t, caseOf(parseText(t, "dumps.txt", f.Text)))
		if problem := judgeFault(&f, res.Findings); problem != "" {
			missed++
			t.Errorf("%d %s: %s\n%s", i, f.Kind, problem, show(res.Findings[:min(len(res.Findings), 2)]))
		}
		twin := run(t, caseOf(parseText(t, "twin.txt", f.Twin)))
		if twin.Worst().AtLeast(analyze.Warning) {
			t.Errorf("%d, the healthy twin of %s:\n%s", i, f.Kind, show(twin.Findings))
		}
	}
	t.Logf("%d of 150 missed", missed)
}

func judgeFault(f *faults.Fault, found []analyze.Finding) string {
	if len(found) == 0 || !found[0].Severity.AtLeast(analyze.Warning) {
		return "no warning"
	}
	title := found[0].Title
	if !slices.ContainsFunc(f.Places, func(p string) bool { return strings.Contains(title, p) }) {
		return fmt.Sprintf("the first finding names none of %v", f.Places)
	}
	if f.Threads == 1 && !strings.Contains(title, f.Thread) {
		return "the first finding does not name " + f.Thread
	}
	if f.Threads > 1 && !slices.Contains(strings.FieldsFunc(title, func(r rune) bool { return r < '0' || r > '9' }), fmt.Sprint(f.Threads)) {
		return fmt.Sprintf("the first finding does not tell of %d threads", f.Threads)
	}
	return ""
}
