package collections

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var concurrentModeFailure = &analyze.Rule{
	ID:     ids.ConcurrentModeFailure,
	Doc:    "CMS did not finish its cycle in time and stopped the application for a full collection.",
	Needs:  needsGC,
	Fix:    "Change to G1, or start the cycle of CMS earlier.",
	Unless: []string{ids.HeapExhausted, ids.HeapTooSmall, ids.MemoryLeak},
	Claims: []loss.Kind{loss.GC},
	Limits: limits(fullGCShare, longPause, views.GCOverheadCritical),
	Run:    each(collections, judgeConcurrentMode),
}

// judgeConcurrentMode counts the stops that CMS makes when its cycle comes too late.
func judgeConcurrentMode(_ *analyze.Pass, v *gcView) []analyze.Finding {
	failed := func(p *gc.Pause) bool { return p.Flags.Has(gc.FlagConcurrentModeFailure | gc.FlagPromotionFailed) }
	n := 0
	var sum time.Duration
	for _, p := range v.Pauses {
		if failed(p) {
			n, sum = n+1, sum+p.Duration
		}
	}
	if n == 0 || v.Log.Collector != gc.CMS {
		return nil
	}
	share := float64(sum) / float64(max(v.Span(), 1))
	f := analyze.Finding{Severity: v.Severe(share), Confidence: v.Sure(), Weight: min(1, share)}
	if share < fullGCShare.Value && sum/time.Duration(n) < longPause.Value {
		f.Severity = analyze.Info
	}
	f.Say("CMS came too late %s and stopped the application for %s", say.Times("failures", n), say.Time("stopped", sum))
	f.Impact = fmt.Sprintf("%s of the time %s", say.Percent(share), v.Over())
	f.Explanation = "The old generation was full, or in too small pieces, before the concurrent cycle had freed " +
		"it. The JVM then collects the whole heap in one pause, with one thread."
	f.Evidence = v.CiteLongest(cite.Most, failed)
	f.Advice = []analyze.Advice{
		{
			Action:   "Change to G1: CMS is gone from JDK 14 on, and G1 compacts in steps.",
			Setting:  "collector",
			From:     "-XX:+UseConcMarkSweepGC",
			To:       "-XX:+UseG1GC, and none of the CMS options",
			Effect:   "No such stops in normal operation.",
			Risk:     "Test under load; on JDK 8 take a late update.",
			Rollback: "The old options.",
			Verify:   "No full pause in the next GC log.",
		},
		{
			Alternative: true,
			Action:      "If CMS must stay, start its cycle earlier.",
			Setting:     "-XX:CMSInitiatingOccupancyFraction",
			From:        "as it is",
			To:          "60, with -XX:+UseCMSInitiatingOccupancyOnly",
			Effect:      "The cycle ends in time.",
			Risk:        "More cycles, more CPU.",
			Rollback:    "The old value.",
			Verify:      "No \"concurrent mode failure\" in the next GC log.",
		},
	}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide (Java 8): Concurrent Mark " +
		"Sweep Collector, Concurrent Mode Failure"}
	return []analyze.Finding{f}
}
