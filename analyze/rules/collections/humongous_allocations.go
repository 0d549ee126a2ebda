package collections

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/jfr"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var (
	humongousShare = analyze.NewLimit(
		0.3,
		"1",
		"pauses that humongous allocations start",
		"own judgement: less is a minor part",
	)
	humongousMinute = analyze.NewLimit(
		6.0,
		"a minute",
		"pauses that humongous allocations start",
		"own judgement: a marking cycle each 10 s",
	)
)

var humongousAllocations = &analyze.Rule{
	ID:     ids.HumongousAllocations,
	Doc:    "Objects of half a G1 region or more start many of the collections.",
	Needs:  needsGC,
	Fix:    "Allocate smaller pieces, or take larger regions.",
	Claims: []loss.Kind{loss.GC},
	Limits: limits(humongousShare, humongousMinute, views.GCOverheadCritical),
	Run:    each(collections, judgeHumongous),
}

const largestRegion = 32 * say.MB // 512 MB from JDK 18 on, but the JVM chooses none above 32 MB

// judgeHumongous counts the pauses that allocations of half a region or more begin.
func judgeHumongous(_ *analyze.Pass, v *gcView) []analyze.Finding {
	n, sum := v.Spent(views.HumongousCause)
	all, _ := v.Spent(views.AnyPause)
	minutes := v.Span().Minutes()
	if n < 3 || minutes <= 0 || float64(n) < humongousShare.Value*float64(all)/2 ||
		float64(n)/minutes < v.Mark(humongousMinute.Value) {
		return nil
	}
	// A humongous request starts a concurrent cycle: its remark and cleanup are its doing too.
	started, _ := v.Spent(func(k gc.Kind, c string) bool { return k.Evacuates() || k == gc.KindFull })
	if float64(n) < humongousShare.Value*float64(started) {
		return nil
	}
	region := v.Log.Settings.RegionSize
	if r, ok := v.JVM.Int("G1HeapRegionSize"); ok && r > 0 {
		region = r
	}
	share := float64(sum) / float64(v.Span())
	f := analyze.Finding{Severity: v.Severe(share), Confidence: v.Sure(), Weight: max(min(1, share), 0.1)}
	if float64(n)/minutes >= 10*humongousMinute.Value {
		f.Weight = max(f.Weight, 0.2) // marking runs nearly all the time and takes its CPU
	}
	f.Say("Humongous objects start %s of %s collections, one every %s", say.Amount("started", n, "collections"),
		say.Amount("collections", started, "collections"), say.Time("interval", v.Span()/time.Duration(n)))
	f.Impact = fmt.Sprintf(
		"%s concurrent cycles a minute over the whole heap, and %s of stopped time in %s", say.Number(float64(n)/minutes), say.Took(sum),
		say.Took(v.Span()),
	)
	f.Explanation = "An object of half a region or more gets regions of its own in the old generation, and the " +
		"rest of the last one is lost. Each such request beyond a mark starts a marking cycle."
	if region > 0 {
		f.Add("; with regions of %s each object from %s on is one", say.Size("region", region), say.Size("humongous_from", region/2))
	}
	if v.Log.Humongous.PeakRegions > 0 {
		f.Explanation += fmt.Sprintf(
			" At most %d humongous regions were in use before a collection.",
			v.Log.Humongous.PeakRegions,
		)
	}
	f.Evidence = append(
		v.CiteMentions(v.Log.Humongous.Requests, 2),
		v.CiteLongest(4, v.OfCause(views.HumongousCause))...)
	if e, ok := cite.Flag(v.JVM, "G1HeapRegionSize"); ok {
		f.Evidence = append(f.Evidence, e)
	}
	heap, _, _ := v.MaxHeap()
	to := region
	largest := v.largestHumongous(region)
	if largest > 0 {
		for to > 0 && to < largestRegion && to <= 2*largest {
			to *= 2
		}
	}
	if code := (analyze.Advice{Action: "Find who asks for such large arrays (casefile collect --jfr: allocations " +
		"outside of TLABs), and read or write in pieces or reuse buffers.",
		Effect: "No humongous objects.", Risk: "A change of code.", Verify: "No pause with the cause G1 Humongous " +
			"Allocation."}); to > region && (heap == 0 || heap/to >= 16) {
		size := fmt.Sprintf("%dm", to/say.MB)
		f.Advice = []analyze.Advice{{Action: fmt.Sprintf("Take regions of %s: objects below %s are then ordinary "+
			"ones.", say.Bytes(to), say.Bytes(to/2)),
			Setting:  "-XX:G1HeapRegionSize",
			From:     fmt.Sprintf("%dm", region/say.MB),
			To:       size,
			Effect:   "Large objects die in the young generation, at the price of copying.",
			Risk:     "Fewer, larger regions: G1 has less choice in a small heap.",
			Rollback: "Take the option away and restart.",
			Verify: "No pause with the cause G1 Humongous Allocation; " + v.since9(
				"-Xlog:gc+humongous=debug",
				"-XX:+PrintAdaptiveSizePolicy",
			) + " names the sizes that are left."}, code}
	} else {
		f.Advice = []analyze.Advice{code}
		switch {
		case largest == 0:
			f.Advice = append(f.Advice, analyze.Advice{
				Action: "Have the log name the sizes (" + v.since9("-Xlog:gc+humongous=debug", "-XX:+PrintAdaptiveSizePolicy") +
					"): regions of more than twice the largest make such objects ordinary ones.",
				Effect: "The region size that helps is known.", Risk: "More lines in the log.", Verify: "The next capture advises a region size.",
			})
		case heap > 0 && region > 0 && to > region:
			code.Action = fmt.Sprintf("The heap of %s is too small for larger regions; with a heap of %s regions "+
				"of %s become possible.", say.Bytes(heap), say.Bytes(max(2*heap, 16*to)), say.Bytes(to))
			code.Effect, code.Risk = "Large objects die in the young generation.", "More memory."
			f.Advice = append(f.Advice, code)
		}
	}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Garbage-First, Humongous Objects"}
	return []analyze.Finding{f}
}

// largestHumongous is the largest object that the log at level debug, or a recording of allocations outside of TLABs, shows; 0 unknown.
func (v *gcView) largestHumongous(region int64) int64 {
	largest := v.Log.Humongous.LargestObject
	for _, rec := range v.JVM.Recordings {
		for i := range rec.Samples {
			if s := &rec.Samples[i]; s.Kind == jfr.AllocOutside && s.Max >= region/2 {
				largest = max(largest, s.Max)
			}
		}
	}
	return largest
}
