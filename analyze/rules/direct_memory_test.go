package rules

import (
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
)

const reserving = `java.nio.Bits.reserveMemory(java.base@17.0.15/Bits.java:163)
	java.nio.DirectByteBuffer.<init>(java.base@17.0.15/DirectByteBuffer.java:118)
	java.nio.ByteBuffer.allocateDirect(java.base@17.0.15/ByteBuffer.java:317)
	com.acme.export.Pages.render(Pages.java:41)
	java.lang.Thread.run(java.base@17.0.15/Thread.java:840)`

// Threads that wait for room for direct buffers are found; those that only pass there are not.
func TestDirectMemory(t *testing.T) {
	for name, test := range map[string]struct {
		stack string
		found bool
	}{"wait": {"java.lang.Thread.sleep(java.base@17.0.15/Native Method)\n" + reserving, true}, "pass": {reserving, false}} {
		c := caseOf(parseText(t, "dumps.txt", scene(3, 5*time.Second, func(_ int, s *stage) {
			s.system()
			s.thread("export-1", "TIMED_WAITING", 0, test.stack)
			s.thread("export-2", "TIMED_WAITING", 0, test.stack)
		})))
		j := c.JVMs()[0]
		j.Options, j.OptionsSource = []string{"-Xmx1g", "-XX:MaxDirectMemorySize=64m", "-XX:+DisableExplicitGC"}, "cmdline"
		res, err := analyze.Run(t.Context(), c, []*analyze.Rule{rule(ids.DirectMemory)})
		if err != nil || len(res.Broken) > 0 {
			t.Fatal(err, res.Broken)
		}
		f := find(res, ids.DirectMemory)
		if (f != nil) != test.found {
			t.Fatalf("%s: %s", name, show(res.Findings))
		}
		if f == nil {
			continue
		}
		if want := "Direct buffers are at their limit of 64 MB, asked for by Pages.render: 2 threads waited for room in 3 dumps"; f.Title != want {
			t.Errorf("%q, want %q", f.Title, want)
		}
		if len(f.Advice) != 3 || f.Advice[0].Setting != "-XX:+DisableExplicitGC" || f.Advice[2].To != "128m" || !strings.Contains(f.Advice[1].Action, "Pages.render") {
			t.Errorf("advice %+v", f.Advice)
		}
	}
}
