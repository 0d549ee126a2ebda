package collections

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var serialGCOnServer = &analyze.Rule{
	ID:     ids.SerialGCOnServer,
	Doc:    "The Serial collector on a machine with two CPUs or more and a heap where its pauses are felt.",
	Needs:  needsGC,
	Fix:    "Take G1.",
	Unless: []string{ids.HeapExhausted, ids.HeapTooSmall, ids.MemoryLeak, ids.GCOverhead},
	Limits: limits(longPause, views.GCOverheadWarn),
	Run:    each(collections, judgeSerial),
}

// judgeSerial tells of the collector where its pauses are felt; on a small heap it is right.
func judgeSerial(_ *analyze.Pass, v *gcView) []analyze.Finding {
	heap, heapAt, _ := v.MaxHeap()
	cpus, share := v.cpus(), v.ShareOf(views.Ordinary)
	if v.Log.Collector != gc.Serial || cpus < 2 {
		return nil
	}
	var longest analyze.Evidence
	slow := false
	for _, p := range v.Pauses {
		if p.Duration >= longPause.Value && views.Ordinary(p.Kind, v.Log.Cause(p)) {
			slow, longest = true, v.CitePause(p)
		}
	}
	f := analyze.Finding{Severity: analyze.Info, Confidence: analyze.High, Weight: share}
	switch {
	case slow && !v.StartUp || share >= v.Mark(views.GCOverheadWarn.Value/2):
		f.Severity = analyze.Warning
	case heap < 2<<30:
		return nil
	}
	f.Say("The Serial collector runs on %s CPUs with a heap of %s; collections take %s of the time",
		say.Amount("cpus", cpus, "CPUs"), say.Size("max_heap", heap), say.Share("time_share", share))
	f.Impact = fmt.Sprintf("one CPU collects, %s wait", say.Number(cpus-1))
	f.Explanation = "The JVM chooses it for less than two CPUs or 1.8 GB of memory, as it found them at its " +
		"start, or an option did. All its work is done by one thread while the application stands still."
	f.Evidence = cite.Known(
		append([]analyze.Evidence{heapAt, longest}, v.CiteLongest(2, v.OfCause(views.Ordinary))...)...)
	f.Advice = []analyze.Advice{{Action: "Take G1.", Setting: "collector", From: "Serial", To: "-XX:+UseG1GC",
		Effect:   fmt.Sprintf("Collections by %s threads, the old generation in small steps.", say.Number(cpus)),
		Risk:     "Some memory outside the heap (about a tenth of it).",
		Rollback: "The old option.",
		Verify:   "Shorter pauses in the next GC log.",
	}}
	return []analyze.Finding{f}
}
