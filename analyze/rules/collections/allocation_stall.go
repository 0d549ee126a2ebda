package collections

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
)

var (
	stallsMinute   = analyze.NewLimit(10.0, "a minute", "allocation stalls: warning", "GC log analysers")
	stallsCritical = analyze.NewLimit(100.0, "a minute", "allocation stalls: critical", "GC log analysers")
)

var allocationStall = &analyze.Rule{
	ID:     ids.AllocationStall,
	Doc:    "Threads wait for memory, as a concurrent collector does not keep up with them (ZGC).",
	Needs:  needsGC,
	Fix:    "Raise the maximum heap; take the generational mode.",
	Unless: []string{ids.HeapTooSmall, ids.MemoryLeak},
	Claims: []loss.Kind{loss.Stall},
	Limits: limits(
		stallsMinute, stallsCritical, heapTarget, vm.CompressedOopsLimit, vm.CompressedOopsAgain,
		views.GCOverheadWarn,
	),
	Run: analyze.Each(collections, judgeStalls),
}

// judgeStalls goes by the waits for memory that the log has.
func judgeStalls(_ *analyze.Pass, v *gcView) []analyze.Finding {
	stalls := v.Log.Stalls.Total
	if stalls == nil || stalls.Count == 0 || v.Log.Span <= 0 {
		return nil
	}
	// Stalls are known for all of the log; what counts is that there are some in the stretch.
	recent := 0
	for _, m := range v.Log.Stalls.Lines.Lines {
		if m.Time >= v.From && m.Time <= v.To {
			recent++
		}
	}
	minute := float64(stalls.Count) / max(v.Log.Span.Minutes(), 0.25)
	if recent == 0 && stalls.Count <= int64(len(v.Log.Stalls.Lines.Lines)) || minute < v.Mark(stallsMinute.Value) {
		return nil
	}
	share := min(1, stalls.Sum.Seconds()/v.Log.Span.Seconds())
	f := analyze.Finding{Severity: analyze.Warning, Confidence: v.Sure(), Weight: share}
	if minute >= stallsCritical.Value && share >= views.GCOverheadWarn.Value {
		f.Severity = analyze.Critical
	}
	f.Say("Threads waited %s for memory, %s together, up to %s at once", say.Times("stalls", int(stalls.Count)),
		say.Time("stalled", stalls.Sum), say.Time("longest", stalls.Max))
	if by := v.Log.Stalls.ByThread; len(by) > 0 {
		f.Add("; most of it %s", say.As(say.Quote(by[0].Thread), "one thread"))
	}
	f.Impact = fmt.Sprintf(
		"%s waits a minute; %s of waiting in %s", say.Number(minute), say.Took(stalls.Sum),
		say.Took(v.Log.Span),
	)
	f.Explanation = "The program allocates faster than the collector frees, though it runs all the time: threads " +
		"then wait until a cycle ends. For them that is as long a stop as any pause."
	heap, heapAt, _ := v.MaxHeap()
	f.Evidence = append(cite.Known(heapAt), v.CiteMentions(v.Log.Stalls.Lines, 5)...)
	to := vm.RoundUp64(1.5 * float64(heap))
	if live, at, ok := v.Live(); ok {
		to = max(to, v.heapFor(live))
		f.Evidence = append(f.Evidence, v.CiteLive(at))
	}
	setting, from, options := v.heapChange(to)
	risk, _ := v.room(to)
	advice := analyze.Advice{
		Action:   fmt.Sprintf("Raise the maximum heap to %s.", say.Bytes(to)),
		Setting:  setting,
		From:     from,
		To:       options,
		Effect:   "Room for what is allocated while a cycle runs.",
		Risk:     risk,
		Rollback: "The old options and a restart.",
		Verify:   "No \"Allocation Stall\" in the next GC log.",
	}
	f.Advice = []analyze.Advice{advice}
	if major := vm.Major(v.JVM.Version); v.Log.Collector == "ZGC" && major >= 21 && major < 24 {
		f.Advice = append(
			f.Advice,
			analyze.Advice{
				Action:   "Take its generational mode.",
				Setting:  "-XX:+ZGenerational",
				From:     "off",
				To:       "-XX:+ZGenerational",
				Effect:   "Young objects are freed several times as fast.",
				Risk:     "Young in JDK 21, the only mode from 24 on.",
				Rollback: "Take the option away.",
				Verify:   "As above.",
			},
		)
	}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: The Z Garbage Collector, " +
		"Setting the Heap Size"}
	return []analyze.Finding{f}
}
