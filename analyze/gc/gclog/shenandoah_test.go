package gclog

import (
	"fmt"
	"strings"
	"testing"
)

// The footer of a JVM leaves out what came after it began to stop, and nothing else.
func TestShenandoahFooter(t *testing.T) {
	const pause = "[%d.000s][info][gc] GC(%d) Pause Init Mark (unload classes) 0.044ms\n"
	const stop = "[8.000s][info][gc] Cancelling GC: Stopping VM\n"
	footer := func(n int) string {
		return fmt.Sprintf("[9.900s][info][gc,stats] Pause Init Mark (N)            =    0.001 s (a =       50 us) (n =    %d) (lvls, us =       34)\n", n)
	}
	before := fmt.Sprintf(pause, 1, 0) + fmt.Sprintf(pause, 2, 1)
	late := fmt.Sprintf(pause, 9, 2)
	for _, c := range []struct {
		name, text string
		ours       float64
		agree      bool
		note       string
	}{
		{"all before the end", before + stop + footer(2), 2, true, ""},
		{"one after it", before + stop + late + footer(2), 3, true, "1 of casefile's"},
		{"one after it, and counted", before + stop + late + footer(3), 3, false, "1 of casefile's"},
		{"one lost before it", before + stop + late + footer(1), 3, false, "1 of casefile's"},
		{"one too many", before + footer(1), 2, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			checks := parseText(t, "[0.001s][info][gc] Using Shenandoah\n"+c.text).Checks
			if len(checks) != 1 {
				t.Fatalf("%d checks: %+v", len(checks), checks)
			}
			got := checks[0]
			if got.Ours != c.ours || got.Agree != c.agree || (c.note == "") != (got.Note == "") || !strings.HasPrefix(got.Note, c.note) {
				t.Errorf("%+v, want ours %v, agree %v, note %q", got, c.ours, c.agree, c.note)
			}
		})
	}
}

// The line before a cycle says who asked for it; its pauses are of that cause, those of the next cycle are not.
func TestShenandoahRequests(t *testing.T) {
	const pause = "[%d.000s][info][gc] GC(%d) Pause Init Mark (unload classes) 0.044ms\n"
	for trigger, cause := range map[string]string{"Trigger: Explicit GC request (System.gc())": "System.gc()", "Trigger (Global): GC request (System.gc())": "System.gc()",
		"Trigger (Global): Metadata GC Threshold": "Metadata GC Threshold", "Trigger: Learning 1 of 5. Free (91648K) is below initial threshold (91750K)": ""} {
		l := parseText(t, "[0.001s][info][gc] Using Shenandoah\n[1.000s][info][gc] "+trigger+"\n"+fmt.Sprintf(pause, 1, 0)+fmt.Sprintf(pause, 2, 1))
		if len(l.Pauses) != 2 || l.Cause(&l.Pauses[0]) != cause || l.Cause(&l.Pauses[1]) != "" {
			t.Errorf("%s: %d pauses, %q then %q", trigger, len(l.Pauses), l.Cause(&l.Pauses[0]), l.Cause(&l.Pauses[1]))
		}
	}
}
