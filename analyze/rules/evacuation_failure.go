package rules

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
)

func evacuationFailure() *analyze.Rule {
	return gcRule("evacuation-failure", "G1 ran out of free regions while it copied objects.", judgeEvacuation)
}

func judgeEvacuation(v *gcView) []analyze.Finding {
	failed := func(p *gc.Pause) bool { return p.Flags.Has(gc.FlagEvacuationFailure) }
	n := 0
	var sum time.Duration
	for _, p := range v.pauses {
		if failed(p) {
			n, sum = n+1, sum+p.Duration
		}
	}
	share := float64(sum) / float64(max(v.span(), 1))
	if n < 2 || v.culprit() != "" || share < v.mark(v.limits.FullGCShare)/2 || len(judgeGCOverhead(v)) > 0 {
		return nil
	}
	heap, heapAt, _ := v.maxHeap()
	f := analyze.Finding{Severity: v.severe(share), Confidence: v.sure(), Weight: min(1, share)}
	f.Title = fmt.Sprintf("G1 found no room to copy to in %s, which took %s together", count(n, "collection"), took(sum))
	f.Impact = fmt.Sprintf("%s of the time %s", percent(share), v.over())
	f.Explanation = "Objects that could not be copied stay where they are and their regions count as old: the pause is longer than others, and a full collection often follows."
	f.Evidence = append(known(heapAt), v.citeLongest(5, failed)...)
	to := roundUp64(1.25 * float64(heap))
	setting, from, options := v.heapChange(to)
	risk, _ := v.room(to)
	f.Advice = []analyze.Advice{{Action: fmt.Sprintf("Raise the maximum heap to %s.", bytesOf(to)), Setting: setting, From: from, To: options,
		Effect: "Free regions when a burst survives.", Risk: risk, Rollback: "The old options and a restart.", Verify: "No \"To-space exhausted\" or \"Evacuation Failure\" in the next GC log."},
		{Action: "If the heap must stay: keep more of it in reserve.", Setting: "-XX:G1ReservePercent", From: "10", To: "20",
			Effect: "As above, from the same heap.", Risk: "The young generation is smaller, so collections are more frequent.", Rollback: "Take the option away.", Verify: "As above."}}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Garbage-First Garbage Collector Tuning"}
	return []analyze.Finding{f}
}
