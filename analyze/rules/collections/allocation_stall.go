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
	"casefile/analyze/threads"
)

var (
	stallsMinute   = analyze.NewLimit(10.0, "a minute", "allocation stalls: warning", "GC log analysers")
	stallLong      = analyze.NewLimit(2*time.Second, "", "one allocation stall", "as a pause of that length")
	stallSpan      = analyze.NewLimit(10*time.Minute, "", "in which stalls are counted: the worst", "own judgement: the length of an incident")
	stallsCritical = analyze.NewLimit(100.0, "a minute", "allocation stalls: critical", "GC log analysers")
)

var allocationStall = &analyze.Rule{
	ID:     ids.AllocationStall,
	Doc:    "Threads wait for memory, as a concurrent collector does not keep up with them (ZGC).",
	Needs:  needsGC,
	Fix:    "Raise the maximum heap; take the generational mode.",
	Unless: []string{ids.HeapExhausted, ids.HeapTooSmall, ids.MemoryLeak},
	Claims: []loss.Kind{loss.Stall},
	Limits: limits(
		stallsMinute, stallsCritical, stallLong, stallSpan, heapTarget, vm.CompressedOopsLimit, vm.CompressedOopsAgain,
		views.GCOverheadWarn,
	),
	Run: each(collections, judgeStalls),
}

// stallWindow is the worst stretch of ten minutes, or less when the log or the stretch that is judged is shorter.
func (v *gcView) stallWindow() (gc.StallWindow, bool) {
	w, ok := v.Log.WorstStalls(stallSpan.Value)
	if !ok || !v.Loose && (w.Start > v.To || w.Start+w.Length < v.From) {
		return w, false
	}
	w.Length = min(w.Length, v.Run.Last-v.Run.First)
	return w, true
}

// mostStalled names the thread that waited for more than half of the time, or the threads of one name but for numbers.
func mostStalled(by []gc.ThreadStalls, all time.Duration) (name say.Phrase, ok bool) {
	if len(by) > 0 && 2*by[0].Sum > all {
		return say.As(say.Quote(by[0].Thread), "one thread"), true
	}
	sums, crews := map[string]time.Duration{}, map[string][]string{}
	for _, t := range by {
		crew := threads.NormalizeName(t.Thread)
		sums[crew] += t.Sum
		crews[crew] = append(crews[crew], t.Thread)
	}
	for crew, sum := range sums {
		if list := crews[crew]; 2*sum > all && len(list) > 1 {
			return say.As(fmt.Sprintf("of %s like %s", say.Count(len(list), "thread"), say.Quote(list[0])), "of threads of one name"), true
		}
	}
	return name, false
}

// judgeStalls goes by the waits for memory that the log has.
func judgeStalls(_ *analyze.Pass, v *gcView) []analyze.Finding {
	stalls := v.Log.Stalls.Total
	if stalls == nil || stalls.Count == 0 || v.Log.Span <= 0 {
		return nil
	}
	w, ok := v.stallWindow()
	if !ok {
		return nil
	}
	minute := float64(w.Count) / max(w.Length.Minutes(), 0.25)
	if minute < v.Mark(stallsMinute.Value) && w.Max < stallLong.Value {
		return nil
	}
	share := min(1, w.Sum.Seconds()/max(w.Length.Seconds(), 1))
	f := analyze.Finding{Severity: analyze.Warning, Confidence: v.Sure(), Weight: share}
	if minute >= stallsCritical.Value && share >= views.GCOverheadWarn.Value {
		f.Severity = analyze.Critical
	}
	f.Say("Threads waited %s for memory, %s together, up to %s at once", say.Times("stalls", int(stalls.Count)),
		say.Time("stalled", stalls.Sum), say.Time("longest", stalls.Max))
	if w.Count < int(stalls.Count) || v.Run.Last-v.Run.First > 2*w.Length {
		f.Add(", %s within %s from %s on", say.Times("stalls_in_window", w.Count), say.Took(w.Length), v.Clock(w.Start))
	}
	if name, ok := mostStalled(v.Log.Stalls.ByThread, stalls.Sum); ok {
		f.Add("; most of it %s", name)
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
	if major := v.JVM.Major(); v.Log.Collector == gc.ZGC && major >= 21 && major < 24 {
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
