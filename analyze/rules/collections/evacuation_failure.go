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
	failedCopies = analyze.NewLimit(0.05, "1", "G1's young collections that found no room", "a healthy G1 has none")
)

var evacuationFailure = &analyze.Rule{
	ID:     ids.EvacuationFailure,
	Doc:    "G1 ran out of free regions while it copied objects.",
	Needs:  needsGC,
	Fix:    "Raise the maximum heap, or keep more of it in reserve.",
	After:  []string{ids.GCOverhead},
	Unless: []string{ids.HeapExhausted, ids.HeapTooSmall, ids.MemoryLeak},
	Claims: []loss.Kind{loss.GC},
	Limits: limits(effectSpread, heapTarget, failedCopies, fullGCShare, views.GCOverheadCritical),
	Run:    each(collections, judgeEvacuation),
}

// judgeEvacuation counts the collections of G1 that found no room, with the full ones that follow them.
func judgeEvacuation(pass *analyze.Pass, v *gcView) []analyze.Finding {
	failed := func(p *gc.Pause) bool { return p.Flags.Has(gc.FlagEvacuationFailure) }
	n, sum := v.failures()
	share := float64(sum) / float64(max(v.Span(), 1))
	longest := v.longestOf(failed)
	if n == 0 || (n < 2 || share < v.Mark(fullGCShare.Value)/2) && longest < longPause.Value {
		return nil
	}
	often := v.failsOften()
	if !often && longest < longPause.Value && len(pass.Found(ids.GCOverhead, v.About())) > 0 {
		return nil
	}
	heap, heapAt, _ := v.MaxHeap()
	if often { // what fails is collected once more, and the collections before were made short of room already
		share = max(share, v.ShareOf(views.Ordinary))
	}
	f := analyze.Finding{Severity: v.Severe(share), Confidence: v.Sure(), Weight: min(1, share)}
	f.Say("G1 found no room to copy to in %s, which took %s", say.Counted("failures", n, "collection"), say.Time("stopped", sum))
	if n > 1 {
		f.Add(" together, the longest %s", say.Time("longest", longest))
	}
	f.Impact = fmt.Sprintf("%s of the time %s", say.Percent(share), v.Over())
	if often {
		f.Impact = fmt.Sprintf("collections take %s of the time %s", say.Percent(share), v.Over())
	}
	f.Explanation = "Objects that could not be copied stay where they are and their regions count as old: the " +
		"pause is longer than others, and a full collection often follows."
	f.Evidence = append(cite.Known(heapAt), v.CiteLongest(5, failed)...)
	to, effect := vm.RoundUp64(1.25*float64(heap)), "Free regions when a burst survives."
	if live, at, ok := v.Live(); ok && often {
		to = max(to, v.heapFor(live))
		effect += " " + v.growEffect(to, live, share)
		f.Evidence = append(f.Evidence, v.CiteLive(at))
	}
	setting, from, options := v.heapChange(to)
	risk, _ := v.room(to)
	f.Advice = []analyze.Advice{
		{Action: fmt.Sprintf("Raise the maximum heap to %s.", say.Bytes(to)), Setting: setting, From: from, To: options,
			Effect:   effect,
			Risk:     risk,
			Rollback: "The old options and a restart.",
			Verify:   "No \"To-space exhausted\" or \"Evacuation Failure\" in the next GC log.",
		},
		{
			Alternative: true,
			Action:      "If the heap must stay: keep more of it in reserve.",
			Setting:     "-XX:G1ReservePercent",
			From:        "10",
			To:          "20",
			Effect:      "As above, from the same heap.",
			Risk: "The young generation is smaller, so collections are " +
				"more frequent.",
			Rollback: "Take the option away.",
			Verify:   "As above.",
		},
	}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Garbage-First Garbage " +
		"Collector Tuning"}
	return []analyze.Finding{f}
}

// longestOf is the longest pause of the stretch of a kind, with the full collection that follows it.
func (v *gcView) longestOf(keep func(*gc.Pause) bool) (longest time.Duration) {
	for _, p := range v.Pauses {
		if keep(p) {
			longest = max(longest, p.Duration)
		}
	}
	return longest
}

// failures counts the collections that found no room, and their time together with that of the full collections
// which follow them.
func (v *gcView) failures() (n int, sum time.Duration) {
	after := false
	for _, p := range v.Pauses {
		switch {
		case p.Flags.Has(gc.FlagEvacuationFailure):
			n, sum, after = n+1, sum+p.Duration, true
		case p.Kind == gc.KindFull && after && views.Ordinary(p.Kind, v.Log.Cause(p)):
			sum, after = sum+p.Duration, false
		case p.Kind.Evacuates():
			after = false
		}
	}
	return n, sum
}

// failsOften: so many collections find no room that the shortage is what costs the time, not the number of collections.
func (v *gcView) failsOften() bool {
	n, _ := v.failures()
	all, _ := v.Spent(func(k gc.Kind, c string) bool { return k.Evacuates() && views.Ordinary(k, c) })
	return n >= fewPauses && float64(n) >= failedCopies.Value*float64(all)
}
