package collections

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var memoryLeak = &analyze.Rule{
	ID:          ids.MemoryLeak,
	Doc:         "The live set after full, mixed or old collections rises steadily, and will fill the heap.",
	Needs:       needsGC,
	Fix:         "Compare two heap dumps or class histograms by what only grows; until then restart in a quiet hour.",
	ExplainedBy: []string{ids.FinalizerBacklog},
	Claims:      []loss.Kind{loss.GC},
	Limits: limits(
		heapFullShare, leakR2, leakGrowth, leakReadings, leakSpan, leakSoon, leakHeapShare, leakLongSpan,
	),
	Run: each(collections, judgeMemoryLeak),
}

// judgeMemoryLeak tells of a live set that rises steadily.
func judgeMemoryLeak(_ *analyze.Pass, v *gcView) []analyze.Finding {
	g := v.growth()
	if g == nil {
		return nil
	}
	heap, heapAt, _ := v.MaxHeap()
	now := min(g.lastLevel, float64(heap))
	over := g.last.Time - g.first.Time
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.Medium}
	switch {
	case over >= leakLongSpan.Value && g.trend.R2 >= 0.9 && !v.StartUp:
		f.Confidence = analyze.High
	case over < views.RecentSpan.Value:
		f.Confidence = analyze.Low
	}
	rate := g.trend.Slope * 60
	per := "minute"
	if rate < say.MB {
		rate, per = rate*60, "hour"
	}
	var end say.Phrase
	if g.ends && g.in > 0 {
		end = say.Text("; at this rate it is full in %s", say.Time("full_in", g.in))
	} else if g.ends {
		end = say.Text("; it is full now")
	}
	if g.ends && g.in < 10*time.Minute && g.trend.Last >= heapFullShare.Value*float64(heap) {
		f.Severity = analyze.Critical
	}
	// It takes its part of the heap for good, and at last all of it.
	f.Weight = max(v.Share(), min(0.6, g.trend.Last/float64(heap)))
	f.Say("Memory leak: what is in use %s rose from %s to %s of %s in %s%s", g.words(), say.Size("live_set_before", g.firstLevel),
		say.Size("live_set", now), say.Size("max_heap", heap), say.Time("over", over), end)
	f.Impact = fmt.Sprintf("%s more each %s, now %s of the heap", say.Bytes(rate), per, say.Percent(now/float64(heap)))
	f.Explanation = fmt.Sprintf("A straight line through %s explains %s of what they differ by, and it has not "+
		"flattened. "+
		"When the heap is full, full collections follow each other, and then comes an OutOfMemoryError.", say.Count(len(g.points), "reading"), say.Percent(g.trend.R2))
	if over < leakLongSpan.Value {
		f.Explanation += " So short a time does not rule out a cache that still fills: capture again later."
	}
	f.Evidence = cite.Known(heapAt, v.CiteLive(g.first), v.CiteLive(g.middle()), v.CiteLive(g.last))
	f.Advice = []analyze.Advice{{
		Action: "Find what is kept: jcmd PID GC.class_histogram twice, some minutes apart, names the classes that grow; a heap dump (jcmd " +
			"PID GC.heap_dump FILE, opened in Eclipse MAT) who holds them: maps, sessions and listeners that only grow.",
		Effect: "Names the class and who holds it.",
		Risk: "Either stops the JVM for seconds (casefile collect --allow-pause), and a heap dump holds " +
			"customers' data.",
		Verify: "After the fix the heap after full or mixed collections stays level over hours.",
	}}
	if _, exhausted := v.fullHeap(); !exhausted { // else that says to restart
		until := "in a quiet hour before the heap is full"
		switch {
		case g.ends && g.in > 0:
			until += ", about " + say.Took(g.in) + " from now"
		case g.ends:
			until = "soon: the heap is full"
		}
		f.Advice = append(f.Advice, analyze.Advice{
			Action: "Until then restart the JVM " + until + ". A larger heap only moves that moment.",
			Effect: "Buys time.",
			Risk:   "Requests fail during the restart.",
			Verify: "The live set after the restart, and its rise.",
		})
	}
	if _, ok := v.JVM.Flags["HeapDumpOnOutOfMemoryError"]; ok &&
		v.JVM.Flags["HeapDumpOnOutOfMemoryError"].Value == "false" {
		f.Advice = append(f.Advice, analyze.Advice{
			Action:  "Have the JVM write a heap dump when it runs out of memory; the flag can be set while it runs.",
			Setting: "-XX:+HeapDumpOnOutOfMemoryError",
			From:    "-XX:-HeapDumpOnOutOfMemoryError", To: "-XX:+HeapDumpOnOutOfMemoryError -XX:HeapDumpPath=<a " +
				"disk with room for " + say.Bytes(heap) + ">",
			Effect: "The proof is kept when it happens.", Risk: "Disk space, and it holds customers' data.", Verify: "jcmd PID VM.flags has it.",
		})
	}
	f.References = []string{"Java Platform, Standard Edition Troubleshooting Guide: Troubleshoot Memory Leaks"}
	return []analyze.Finding{f}
}
