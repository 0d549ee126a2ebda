package load

import (
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/bundle"
)

// The output of a JVM that prints no stamps tells known errors, captured or loose; of a member that left it does not tell when.
func TestLogWithoutStamps(t *testing.T) {
	const printed = "ready\nException in thread \"main\" java.lang.OutOfMemoryError: Java heap space\n\tat a.B.c(B.java:1)\nRemoving Member [10.0.0.2]:5801\n"
	const oom = "out-of-memory-error"
	own := &target{jvm: &analyze.JVM{}}
	for _, text := range []string{printed, "ready\n"} {
		if err := own.readLog(&builder{}, bundle.Entry{Path: "logs/out"}, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	c := read(t, tree(t, map[string]string{"out.txt": printed}))
	for where, logs := range map[string][]*applog.Log{"captured": own.jvm.Logs, "loose": c.Nodes[0].LooseLogs} {
		if len(logs) != 1 || logs[0].Of("removal") != nil || logs[0].Of(oom) == nil || logs[0].Of(oom).Newest[0].Line != 2 {
			t.Errorf("%s: %d logs, want one with the error", where, len(logs))
		}
	}
	if len(c.Problems) > 0 {
		t.Errorf("problems: %q", c.Problems)
	}
}
