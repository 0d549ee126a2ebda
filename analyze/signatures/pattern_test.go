package signatures

import (
	"regexp/syntax"
	"testing"
)

func TestNeedle(t *testing.T) {
	for text, want := range map[string]string{
		`Received a panic event`:             "Received a panic event",
		`[Rr]emoving [Mm]ember \[`:           "emoving ",
		`took \[[\d,]+\] milliseconds`:       "] milliseconds",
		`a(bc)+d`:                            "bc",
		`(abc){2,}x`:                         "abc",
		`(abc)?x`:                            "x",
		`(abc){0,2}`:                         "",
		`abc|abd`:                            "ab",
		`abc|xyz`:                            "",
		`(?i)abc`:                            "",
		`java\.lang\.OutOfMemoryError(: |$)`: "java.lang.OutOfMemoryError",
		`Stuck.*active for \[?[\d,.]+\]`:     "active for ",
	} {
		tree, err := syntax.Parse(text, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if got := needle(tree); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// Logs have gigabytes: no pattern may be one that every line must be matched against.
func TestPatternsOfLogsHaveNeedles(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		for _, p := range s.lines {
			if len(p.needle) < 5 {
				t.Errorf("%s: %s has only %q", s.ID, p, p.needle)
			}
		}
	}
}
