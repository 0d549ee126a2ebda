package rules

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
)

var (
	humongousShare  = analyze.NewLimit(0.3, "1", "pauses that humongous allocations start", "less is a minor part of the load")
	humongousMinute = analyze.NewLimit(6.0, "a minute", "pauses that humongous allocations start", "a marking cycle each 10 s")
)

var humongousAllocations = &analyze.Rule{
	ID:    ids.HumongousAllocations,
	Doc:   "Objects of half a G1 region or more start many of the collections.",
	Needs: needsGC,
	Run:   analyze.Each(collections, judgeHumongous),
}

const largestRegion = 32 * mb // 512 MB from JDK 18 on, but the JVM chooses none above 32 MB

func judgeHumongous(_ *analyze.Pass, v *gcView) []analyze.Finding {
	n, sum := v.spent(humongousCause)
	all, _ := v.spent(anyPause)
	minutes := v.span().Minutes()
	if n < 3 || minutes <= 0 || float64(n) < humongousShare.Value*float64(all)/2 || float64(n)/minutes < v.mark(humongousMinute.Value) {
		return nil
	}
	// A humongous request starts a concurrent cycle: its remark and cleanup are its doing too.
	started, _ := v.spent(func(k gc.Kind, c string) bool { return k.Evacuates() || k == gc.KindFull })
	if float64(n) < humongousShare.Value*float64(started) {
		return nil
	}
	region := v.log.Settings.RegionSize
	if r, ok := flagInt(v.jvm, "G1HeapRegionSize"); ok && r > 0 {
		region = r
	}
	share := float64(sum) / float64(v.span())
	f := analyze.Finding{Severity: v.severe(share), Confidence: v.sure(), Weight: max(min(1, share), 0.1)}
	if float64(n)/minutes >= 10*humongousMinute.Value {
		f.Weight = max(f.Weight, 0.2) // marking runs nearly all the time and takes its CPU
	}
	f.Title = fmt.Sprintf("Humongous objects start %d of %d collections, one every %s", n, started, took(v.span()/time.Duration(n)))
	f.Impact = fmt.Sprintf("%.0f concurrent cycles a minute over the whole heap, and %s of stopped time in %s", float64(n)/minutes, took(sum), took(v.span()))
	f.Explanation = "An object of half a region or more gets regions of its own in the old generation, and the rest of the last one is lost. Each such request beyond a mark starts a marking cycle."
	if region > 0 {
		f.Title += fmt.Sprintf("; with regions of %s each object from %s on is one", bytesOf(region), bytesOf(region/2))
	}
	if v.log.Humongous.PeakRegions > 0 {
		f.Explanation += fmt.Sprintf(" At most %d humongous regions were in use before a collection.", v.log.Humongous.PeakRegions)
	}
	f.Evidence = append(v.citeMentions(v.log.Humongous.Requests, 2), v.citeLongest(4, ofCause(v, humongousCause))...)
	if e, ok := citeFlag(v.jvm, "G1HeapRegionSize"); ok {
		f.Evidence = append(f.Evidence, e)
	}
	heap, _, _ := v.maxHeap()
	to := region
	if largest := v.log.Humongous.LargestObject; largest > 0 {
		for to > 0 && to < largestRegion && to <= 2*largest {
			to *= 2
		}
	} else {
		to = min(4*region, largestRegion)
	}
	if code := (analyze.Advice{Action: "Find who asks for such large arrays (casefile collect --jfr: allocations outside of TLABs), and read or write in pieces or reuse buffers.",
		Effect: "No humongous objects.", Risk: "A change of code.", Verify: "No pause with the cause G1 Humongous Allocation."}); to > region && (heap == 0 || heap/to >= 16) {
		size := fmt.Sprintf("%dm", to/mb)
		f.Advice = []analyze.Advice{{Action: fmt.Sprintf("Take regions of %s: objects below %s are then ordinary ones.", bytesOf(to), bytesOf(to/2)), Setting: "-XX:G1HeapRegionSize", From: fmt.Sprintf("%dm", region/mb), To: size,
			Effect: "Large objects die in the young generation, at the price of copying.", Risk: "Fewer, larger regions: G1 has less choice in a small heap.", Rollback: "Take the option away and restart.",
			Verify: "No pause with the cause G1 Humongous Allocation; " + v.since9("-Xlog:gc+humongous=debug", "-XX:+PrintAdaptiveSizePolicy") + " names the sizes that are left."}, code}
	} else {
		f.Advice = []analyze.Advice{code}
		if heap > 0 && region > 0 {
			code.Action = fmt.Sprintf("The heap of %s is too small for larger regions; with a heap of %s regions of %s become possible.", bytesOf(heap), bytesOf(max(2*heap, 16*to)), bytesOf(to))
			code.Effect, code.Risk = "Large objects die in the young generation.", "More memory."
			f.Advice = append(f.Advice, code)
		}
	}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Garbage-First, Humongous Objects"}
	return []analyze.Finding{f}
}
