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
	fullGCInterval = analyze.NewLimit(time.Minute, "", "between full collections", "GC log analysers flag closer ones")
	fullGCShare    = analyze.NewLimit(0.02, "1", "time in full collections", "own judgement: a fifth of the mark "+
		"of all collections")
)

var fullGC = &analyze.Rule{
	ID: ids.FullGC,
	Doc: "Full collections follow each other closely, for another reason than a full heap, a leak, metaspace " +
		"or an explicit call.",
	Needs: needsGC,
	Fix:   "Give the old generation room until the next cycle, or take G1.",
	Unless: []string{
		ids.HeapExhausted, ids.HeapTooSmall, ids.MemoryLeak, ids.GCOverhead, ids.HumongousAllocations, ids.EvacuationFailure,
		ids.ConcurrentModeFailure, ids.PrematurePromotion,
	},
	ExplainedBy: []string{ids.FinalizerBacklog,
		ids.HeapTooSmall, ids.PrematurePromotion, ids.MemoryLeak, ids.ExplicitGC, ids.MetaspacePressure,
		ids.HumongousAllocations, ids.EvacuationFailure,
	},
	Claims: []loss.Kind{loss.GC},
	Limits: limits(fullGCInterval, fullGCShare, views.GCOverheadCritical),
	Run:    each(collections, judgeFullGC),
}

func fullOrdinary(k gc.Kind, cause string) bool { return k == gc.KindFull && views.Ordinary(k, cause) }

// judgeFullGC looks at full collections that nothing else explains.
func judgeFullGC(_ *analyze.Pass, v *gcView) []analyze.Finding {
	n, sum := v.Spent(fullOrdinary)
	share := v.ShareOf(fullOrdinary)
	if n < 2 || share < v.Mark(fullGCShare.Value) {
		return nil
	}
	if young, _ := v.Spent(func(k gc.Kind, _ string) bool { return k.Evacuates() }); young == 0 &&
		!v.Log.Collector.Promotes() {
		return nil // a collector that knows no other kind
	}
	every := v.Span() / time.Duration(n)
	if every > fullGCInterval.Value {
		return nil
	}
	f := analyze.Finding{Severity: v.Severe(share), Confidence: v.Sure(), Weight: share}
	f.Say("%s full collections, one every %s, %s on average, take %s of the time",
		say.Amount("full_collections", n, "collections"), say.Time("interval", every),
		say.Time("mean_pause", sum/time.Duration(n)), say.Share("time_share", share))
	if longest := v.longestOrdinary(); longest > sum/time.Duration(n)*11/10 {
		f.Add(", the longest %s", say.Time("longest", longest))
	}
	f.Impact = fmt.Sprintf("%s of the time %s goes to full collections", say.Percent(share), v.Over())
	f.Explanation = "Each stops the application for the whole heap. "
	heap, heapAt, _ := v.MaxHeap()
	live, at, known1 := v.Live()
	to := vm.RoundUp64(1.5 * float64(heap))
	if known1 && heap > 0 {
		f.Explanation += fmt.Sprintf("Afterwards %s of %s are in use, so the old generation fills again with what "+
			"dies soon after it got there. ", say.Bytes(live), say.Bytes(heap))
		f.Evidence = cite.Known(heapAt, v.CiteLive(at))
	}
	switch c := v.Log.Collector; {
	case c.Concurrent():
		f.Explanation += "This collector makes them only when allocation outran it."
	case c == gc.G1:
		f.Explanation += "G1 makes them only when its concurrent cycles come too late."
	case c == gc.CMS:
		f.Explanation += "CMS makes them when its concurrent cycle comes too late, or the old generation is in pieces."
	case c.OldByFull():
		f.Explanation += "This collector has no other way to clean the old generation: G1 does it while the " +
			"application runs."
	}
	f.Evidence = append(f.Evidence, v.CiteLongest(4, v.OfCause(fullOrdinary))...)
	risk, _ := v.room(to)
	setting, from, options := v.heapChange(to)
	f.Advice = []analyze.Advice{{Action: fmt.Sprintf("Raise the maximum heap to %s, so that the old generation "+
		"has room until the next cycle.", say.Bytes(to)), Setting: setting, From: from, To: options,
		Effect:   "Fewer full collections.",
		Risk:     risk,
		Rollback: "The old options and a restart.",
		Verify:   "Full collections are minutes apart, or gone.",
	}}
	if v.Log.Collector.Concurrent() {
		f.Advice = v.outrunAdvice()
	}
	if c := v.Log.Collector; c == gc.Parallel || c == gc.Serial {
		f.Advice[0] = analyze.Advice{
			Action:   "Change to G1, which cleans the old generation in small steps.",
			Setting:  "collector",
			From:     string(c),
			To:       "-XX:+UseG1GC",
			Effect:   "No full collection in normal operation, pauses of some 200 ms at most.",
			Risk:     "Some per cent of throughput, and some memory outside the heap.",
			Rollback: "The old option.",
			Verify:   "No full pause in the next GC log.",
		}
	}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Garbage-First, Observing " +
		"Full Garbage Collections"}
	return []analyze.Finding{f}
}
