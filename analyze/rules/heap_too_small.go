package rules

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
)

var (
	heapTarget = analyze.NewLimit(0.50, "1", "live set, of the heap that is advised", "HotSpot tuning guides: twice the live set and more")
)

var heapTooSmall = &analyze.Rule{
	ID:     ids.HeapTooSmall,
	Doc:    "The live set fills most of the maximum heap, does not rise, and collections take much of the time.",
	Needs:  needsGC,
	Unless: []string{ids.MemoryLeak},
	Run:    analyze.Each(collections, judgeHeapTooSmall),
}

func judgeHeapTooSmall(_ *analyze.Pass, v *gcView) []analyze.Finding {
	if v.share() == 0 && v.log.Stalls.Total.Count == 0 {
		return nil
	}
	heap, heapAt, stated := v.maxHeap()
	live, at, ok := v.live()
	share := v.cost()
	if !ok || heap <= 0 || float64(live) < heapFullShare.Value*float64(heap) || share < v.mark(gcOverheadWarn.Value) {
		return nil
	}
	to := v.heapFor(live)
	f := analyze.Finding{Severity: v.severe(share), Confidence: v.sure(), Weight: min(1, share)}
	if !stated {
		f.Confidence = analyze.Low
	}
	f.Title = fmt.Sprintf("The heap is too small: %s of %s are still in use %s, and collections take %s of the time %s",
		bytesOf(live), bytesOf(heap), liveWords[at.Source], percent(share), v.over())
	f.Impact = fmt.Sprintf("%s of the time goes to collections", percent(share))
	f.Explanation = fmt.Sprintf("What the program keeps fills %s of the maximum heap. Each collection frees little, so the next one follows at once. %s",
		percent(float64(live)/float64(heap)), v.flatness())
	pauses := v.citeLongest(3, ofCause(v, ordinary))
	f.Evidence = known(append([]analyze.Evidence{heapAt, v.citeLive(at)}, pauses...)...)
	setting, from, options := v.heapChange(to)
	risk, enough := v.room(to)
	action := fmt.Sprintf("Raise the maximum heap to %s: twice the live set of %s, in steps of 64 MB.", bytesOf(to), bytesOf(live))
	if !enough {
		action = fmt.Sprintf("Make room for a maximum heap of %s (twice the live set of %s), then raise it.", bytesOf(to), bytesOf(live))
	}
	if to == compressedOopsAgain.Value {
		risk += " Between 32 and 48 GB object references take twice the room, so sizes in between win nothing."
	}
	f.Advice = []analyze.Advice{{
		Action: action, Setting: setting, From: from, To: options,
		Effect:   v.growEffect(to, live, share),
		Risk:     risk,
		Rollback: "The old options and a restart.",
		Verify:   fmt.Sprintf("The heap after full or mixed collections stays below %s of its maximum, and collections take under 5%% of the time.", percent(0.6)),
	}, {
		Action: "If the memory is not to be had, find out what fills the heap: a heap dump in a quiet hour, and its largest retained objects (caches, sessions).",
		Effect: "A smaller live set has the same effect as a larger heap.",
		Risk:   "A heap dump stops the JVM for seconds, and holds customers' data.",
		Verify: "The live set after full collections is smaller.",
	}}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Sizing the Generations", "Atlassian: Garbage Collector Performance Issues"}
	return []analyze.Finding{f}
}

// heapFor is the heap in which the live set has the share that leaves the collector room.
func (v *gcView) heapFor(live int64) int64 {
	to := roundUp64(float64(live) / heapTarget.Value)
	if to >= compressedOopsLimit.Value && to < compressedOopsAgain.Value {
		return compressedOopsAgain.Value
	}
	return to
}

// flatness says what the log tells about a leak, which is not claimed.
func (v *gcView) flatness() string {
	if over := v.run.Last - v.born; over >= 10*time.Minute {
		return fmt.Sprintf("It does not rise steadily over the %s of the log: that is a working set, not a leak.", took(over))
	}
	return "Whether it also grows cannot be told from so short a log; if the larger heap fills as well, look for a leak."
}

// growEffect estimates collections in proportion to the free part of the heap: as much has to be allocated between two of them.
func (v *gcView) growEffect(to, live int64, share float64) string {
	heap, _, _ := v.maxHeap()
	free := float64(max(heap-live, heap/100))
	return fmt.Sprintf("About %.0f times the free space, so about as many times fewer collections: from %s of the time to some %s.",
		float64(to-live)/free, percent(share), percent(share*free/float64(to-live)))
}
