package collections

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
)

var (
	heapTarget = analyze.NewLimit(0.50, "1", "live set, of the heap that is advised", "HotSpot tuning guides: "+
		"twice the live set and more")
)

var heapTooSmall = &analyze.Rule{
	ID:          ids.HeapTooSmall,
	Doc:         "The live set fills most of the maximum heap, does not rise, and collections take much of the time.",
	Needs:       needsGC,
	Fix:         "Raise the maximum heap to twice the live set, where the machine has the memory.",
	Unless:      []string{ids.HeapExhausted, ids.MemoryLeak},
	ExplainedBy: []string{ids.FinalizerBacklog},
	Claims:      []loss.Kind{loss.GC},
	Limits: limits(
		heapFullShare, heapTarget, vm.CompressedOopsLimit, vm.CompressedOopsAgain,
		views.GCOverheadCritical, views.GCOverheadWarn, effectSpread,
	),
	Run: each(collections, judgeHeapTooSmall),
}

// judgeHeapTooSmall wants a live set near the maximum, and collections that take their time for it.
func judgeHeapTooSmall(_ *analyze.Pass, v *gcView) []analyze.Finding {
	if v.Share() == 0 && v.Log.Stalls.Total.Count == 0 {
		return nil
	}
	heap, heapAt, stated := v.MaxHeap()
	live, at, ok := v.Live()
	share := v.cost()
	room, what := v.keeps(heap)
	if !ok || heap <= 0 || float64(live) < heapFullShare.Value*float64(room) ||
		share < v.Mark(views.GCOverheadWarn.Value) {
		return nil
	}
	to := v.heapFor(live)
	f := analyze.Finding{Severity: v.Severe(share), Confidence: v.Sure(), Weight: min(1, share)}
	if !stated {
		f.Confidence = analyze.Low
	}
	f.Say("The heap is too small: %s of %s%s are still in use %s, and collections take %s of the time %s",
		say.Size("live_set", live), say.Size("max_heap", room), what, views.LiveWords[at.Source],
		say.Share("time_share", share), v.Over())
	f.Impact = fmt.Sprintf("%s of the time goes to collections", say.Percent(share))
	f.Explanation = fmt.Sprintf("What the program keeps fills %s of the room that there is for it. Each collection frees "+
		"little, so the next one follows at once. %s",
		say.Percent(min(1, float64(live)/float64(room))), v.flatness())
	pauses := v.CiteLongest(3, v.OfCause(views.Ordinary))
	f.Evidence = cite.Known(append([]analyze.Evidence{heapAt, v.CiteLive(at)}, pauses...)...)
	setting, from, options := v.heapChange(to)
	risk, enough := v.room(to)
	action := fmt.Sprintf(
		"Raise the maximum heap to %s: twice the live set of %s, in steps of 64 MB.",
		say.Bytes(to),
		say.Bytes(live),
	)
	if !enough {
		action = fmt.Sprintf(
			"Make room for a maximum heap of %s (twice the live set of %s), then raise it.",
			say.Bytes(to),
			say.Bytes(live),
		)
	}
	if to == vm.CompressedOopsAgain.Value {
		risk += " Between 32 and 48 GB object references take twice the room, so sizes in between win nothing."
	}
	f.Advice = []analyze.Advice{{
		Action: action, Setting: setting, From: from, To: options,
		Effect:   v.growEffect(to, live, share),
		Risk:     risk,
		Rollback: "The old options and a restart.",
		Verify: fmt.Sprintf("The heap after full or mixed collections stays below %s of its maximum, and "+
			"collections take under 5 %% of the time.", say.Percent(0.6)),
	}, {
		Action: "If the memory is not to be had, find out what fills the heap: a heap dump in a quiet hour, and " +
			"its largest retained objects (caches, sessions).",
		Effect: "A smaller live set has the same effect as a larger heap.",
		Risk:   "A heap dump stops the JVM for seconds, and holds customers' data.",
		Verify: "The live set after full collections is smaller.",
	}}
	f.References = []string{
		"HotSpot Virtual Machine Garbage Collection Tuning Guide: Sizing the Generations",
		"Atlassian: Garbage Collector Performance Issues",
	}
	return []analyze.Finding{f}
}

// keeps is the room for what a program keeps: the maximum heap; for collectors that keep it in an old generation of fixed size, that, once the
// heap has grown to its maximum.
func (v *gcView) keeps(heap int64) (room int64, what string) {
	old := v.Log.Heap.OldPeak
	if !v.Log.Collector.OldByFull() || old < heap/2 || old > heap {
		return heap, ""
	}
	return old, " of the old generation"
}

// heapFor is the heap in which the live set has the share that leaves the collector room.
func (v *gcView) heapFor(live int64) int64 {
	to := vm.RoundUp64(float64(live) / heapTarget.Value)
	if to >= vm.CompressedOopsLimit.Value && to < vm.CompressedOopsAgain.Value {
		return vm.CompressedOopsAgain.Value
	}
	return to
}

// flatness says what the log tells about a leak, which is not claimed.
func (v *gcView) flatness() string {
	if over := v.Run.Last - v.Born; over >= 10*time.Minute {
		return fmt.Sprintf(
			"It does not rise steadily over the %s of the log: that is a working set, not a leak.",
			say.Took(over),
		)
	}
	return "Whether it also grows cannot be told from so short a log; if the larger heap fills as well, look for " +
		"a leak."
}
