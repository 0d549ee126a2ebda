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
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
)

var (
	longPause = analyze.NewLimit(time.Second, "", "one pause", "what users of an interactive service notice, "+
		"and the mark of GC log analysers")
	longPauseShare = analyze.NewLimit(0.001, "1", "time in long pauses", "less is once in many hours")
)

var longGCPause = &analyze.Rule{
	ID:    ids.LongGCPause,
	Doc:   "Single collections stop the application so long that users notice.",
	Needs: needsGC,
	Fix:   "Take a collector that works beside the application, or look for what kept the machine from working.",
	Unless: []string{
		ids.HeapTooSmall, ids.MemoryLeak, ids.GCOverhead, ids.FullGC, ids.ConcurrentModeFailure, ids.SysTimeInGC,
	},
	ExplainedBy: []string{
		ids.HeapTooSmall, ids.MemoryLeak, ids.FullGC, ids.PrematurePromotion, ids.MemorySwapping,
	},
	Claims: []loss.Kind{loss.GC},
	Limits: limits(longPause, longPauseShare, views.GCOverheadCritical),
	Run:    analyze.Each(collections, judgeLongPause),
}

// judgeLongPause looks at single pauses, where nothing says why all of them are long.
func judgeLongPause(_ *analyze.Pass, v *gcView) []analyze.Finding {
	var sum, longest time.Duration
	var worst *gc.Pause
	n := 0
	long := func(p *gc.Pause) bool {
		return p.Duration >= longPause.Value && views.Ordinary(p.Kind, v.Log.Cause(p)) &&
			!p.Flags.Has(gc.FlagNested|gc.FlagInferred)
	}
	var cpu, real float64
	for _, p := range v.Pauses {
		if !long(p) {
			continue
		}
		n, sum = n+1, sum+p.Duration
		if p.Duration > longest {
			longest, worst = p.Duration, p
		}
		if p.Flags.Has(gc.FlagCPU) {
			cpu, real = cpu+float64(p.User+p.Sys), real+float64(p.Real)
		}
	}
	if n == 0 || v.StartUp && longest < 5*longPause.Value {
		return nil
	}
	share := float64(sum) / float64(v.Span())
	f := analyze.Finding{Severity: v.Severe(share), Confidence: v.Sure(), Weight: min(1, share)}
	if share < longPauseShare.Value && longest < 5*longPause.Value {
		f.Severity = analyze.Info // once in many hours
	}
	f.Say("%s of %s or more, the longest %s (%s)", say.Counted("long_pauses", n, "collection"),
		say.Took(longPause.Value), say.Time("longest", longest), worst.Kind)
	f.Impact = fmt.Sprintf("the application stood still for %s in %s", say.Took(sum), say.Took(v.Span()))
	f.Explanation = "While such a pause lasts no request is answered; in a cluster other nodes may take this one " +
		"for dead (Hazelcast waits 30 s)."
	f.Evidence = v.CiteLongest(cite.Most, long)
	goal, known := vm.Int(v.JVM, "MaxGCPauseMillis")
	advice := analyze.Advice{
		Action:   "Take a collector that works beside the application.",
		Setting:  "collector",
		From:     v.Log.Collector,
		To:       "-XX:+UseG1GC",
		Effect:   "Pauses near its goal of 200 ms.",
		Risk:     "Some per cent of throughput.",
		Rollback: "The old option and a restart.",
		Verify:   "No pause of a second or more in the next GC log.",
	}
	switch {
	case real > 0 && cpu < real:
		advice = analyze.Advice{Action: fmt.Sprintf("Look for what kept the machine from working: the collector's "+
			"threads got %s s of CPU in %s s of pause. Swapping, a CPU quota, a busy hypervisor, or a GC log "+
			"on a slow disk.", say.Number(cpu), say.Number(real)),
			Effect: "Pauses of the length of their work.", Risk: "None in looking.", Verify: "User and system " +
				"time of a pause are above its real time."}
	case worst.Kind == gc.KindFull && v.Log.Collector == "G1":
		advice = analyze.Advice{Action: "Start G1's concurrent cycle earlier, so that it need not fall back to a " +
			"full collection.", Setting: startOfCycle(v.JVM), From: v.since9("45 (adaptive)", "45"), To: "30",
			Effect:   "No full collection.",
			Risk:     "More concurrent cycles, some CPU.",
			Rollback: "Take the option away and restart.",
			Verify:   "No full pause in the next GC log.",
		}
	case v.Log.Collector == "G1":
		from := "200"
		if known {
			from = fmt.Sprint(goal)
		}
		advice = analyze.Advice{
			Action: "See which phase took the time (" + v.since9(
				"-Xlog:gc+phases=debug",
				"-XX:+PrintGCDetails",
			) + "). A fixed young generation (-Xmn, NewRatio) keeps G1 from meeting its goal: remove it; else " +
				"lower the goal.",
			Setting: "-XX:MaxGCPauseMillis",
			From:    from,
			To:      "100",
			Effect: "Smaller young generation, shorter " +
				"pauses.",
			Risk:     "More collections: throughput falls.",
			Rollback: "The old value.",
			Verify:   "Pauses stay near the goal.",
		}
		if vm.Major(v.JVM.Version) >= 21 {
			advice.Action += " Where no pause may be felt at all, take -XX:+UseZGC (with -XX:+ZGenerational " +
				"before JDK 23)."
		}
	}
	f.Advice = []analyze.Advice{advice}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Garbage-First Garbage " +
		"Collector Tuning"}
	return []analyze.Finding{f}
}

// startOfCycle is the option for the share of the heap at which G1 begins to mark.
func startOfCycle(j *analyze.JVM) string {
	if vm.Major(j.Version) >= 27 { // the old name is deprecated there
		return "-XX:G1IHOP"
	}
	return "-XX:InitiatingHeapOccupancyPercent"
}
