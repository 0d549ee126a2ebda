package collections

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/say"
)

var (
	cyclesSecond = analyze.NewLimit(2.0, "a second", "concurrent cycles, one after another", "own judgement: a healthy heap has one in minutes")
	cyclesSpan   = analyze.NewLimit(20*time.Second, "", "of such cycles", "a burst of requests ends sooner")
)

var backToBackCycles = &analyze.Rule{
	ID:          ids.BackToBackCycles,
	Doc:         "G1's concurrent cycles follow one another without a break: what is in use stays above the mark that starts them.",
	Needs:       needsGC,
	Fix:         "Find what stays in use above the mark: a leak, or a heap that is too small.",
	Unless:      []string{ids.HumongousAllocations, ids.HeapExhausted},
	ExplainedBy: []string{ids.MemoryLeak, ids.HeapTooSmall},
	Limits:      limits(cyclesSecond, cyclesSpan),
	Run:         each(collections, judgeCycles),
}

// judgeCycles counts the ends of marking, of which each cycle has one.
func judgeCycles(_ *analyze.Pass, v *gcView) []analyze.Finding {
	if v.Log.Collector != gc.G1 {
		return nil
	}
	var ends []*gc.Pause
	for i := range v.Log.Pauses {
		if p := &v.Log.Pauses[i]; p.Kind == gc.KindRemark && (v.Loose || p.Start >= v.From && p.Start <= v.To) {
			ends = append(ends, p)
		}
	}
	window, lo, most, last := cyclesSpan.Value, 0, 0, 0
	for hi := range ends {
		for ends[hi].Start-ends[lo].Start > window {
			lo++
		}
		if hi-lo+1 > most {
			most, last = hi-lo+1, hi
		}
	}
	rate := float64(most) / window.Seconds()
	if rate < cyclesSecond.Value {
		return nil
	}
	first := ends[last-most+1]
	f := analyze.Finding{Severity: analyze.Warning, Confidence: analyze.High, Weight: 0.15}
	f.Say("Concurrent cycles follow one another %s a second, from %s on", say.Amount("cycles", float64(int(rate+0.5)), "times"), v.Clock(first.Start))
	f.Impact = "marking takes its CPU from the program all the time"
	f.Explanation = "G1 starts a cycle when what is in use passes a share of the heap (InitiatingHeapOccupancyPercent). Here it stays above that " +
		"share after the cycle, so the next one starts at once and finds nothing either."
	f.Evidence = []analyze.Evidence{v.CitePause(first), v.CitePause(ends[last])}
	f.Advice = []analyze.Advice{{
		Action: "Find what stays in use (jcmd PID GC.class_histogram, twice, some minutes apart): if it grows it is a leak, else the heap is too small for it. " +
			"The mark is not the cause.",
		Effect: fmt.Sprintf("The CPU of %s a second.", say.Count(int(rate+0.5), "cycle")), Risk: "A class histogram stops the JVM for seconds.",
		Verify: "Cycles are minutes apart.",
	}}
	return []analyze.Finding{f}
}
