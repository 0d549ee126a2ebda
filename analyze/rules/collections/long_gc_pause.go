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
	longPause = analyze.NewLimit(time.Second, "", "one pause", "what users of an interactive service notice, "+
		"and the mark of GC log analysers")
	longPauses     = analyze.NewLimit(5, "pauses", "of that length, however long the log", "own judgement: one may have been the machine")
	longPauseShare = analyze.NewLimit(0.001, "1", "time in long pauses", "less is once in many hours")
)

var longGCPause = &analyze.Rule{
	ID:    ids.LongGCPause,
	Doc:   "Single collections stop the application so long that users notice.",
	Needs: needsGC,
	Fix:   "Take a collector that works while the application runs, or look for what kept the machine from working.",
	Unless: []string{
		ids.HeapExhausted, ids.HeapTooSmall, ids.MemoryLeak, ids.GCOverhead, ids.FullGC, ids.ConcurrentModeFailure, ids.SysTimeInGC,
	},
	After: append([]string{ids.EvacuationFailure}, starvers...),
	ExplainedBy: []string{
		ids.HeapTooSmall, ids.MemoryLeak, ids.FullGC, ids.PrematurePromotion, ids.MemorySwapping,
	},
	Claims: []loss.Kind{loss.GC},
	Limits: limits(longPause, longPauses, longPauseShare, starvedLongest, views.GCOverheadCritical),
	Run:    analyze.Sequence(each(anyLength, judgeLongPause), each(untimed, judgeLongPause)),
}

// longs are the long pauses of a run that nobody asked for.
type longs struct {
	list         []*gc.Pause // longest first
	n            int
	sum, longest time.Duration
	cpu, real    float64 // seconds, where both are told
}

// starved reports whether the collector's threads got less CPU than the pauses took, so that even one of them had to wait.
func (l *longs) starved() bool { return l.real > 0 && l.cpu < l.real }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// longOnes finds them: in all of a run without a capture, else in the stretch.
func (v *gcView) longOnes(pass *analyze.Pass) (l longs) {
	failures := len(pass.Found(ids.EvacuationFailure, v.About())) > 0
	early := v.Born + views.StartUpSpan.Value
	for i := range v.Log.Longest {
		p := &v.Log.Longest[i]
		cause := v.Log.Cause(p)
		switch {
		case p.Duration < longPause.Value || p.Flags.Has(gc.FlagNested):
		case views.ExplicitCause(p.Kind, cause) || views.InspectionCause(p.Kind, cause): // these have rules of their own
		case failures && p.Flags.Has(gc.FlagEvacuationFailure): // told already
		case !v.Loose && v.Log.Timed && (p.End() < v.From || p.Start > v.To):
		case v.Log.Timed && p.Start < early && p.Duration < 5*longPause.Value && !v.Totals:
		default:
			l.list = append(l.list, p)
			l.n, l.sum, l.longest = l.n+1, l.sum+p.Duration, max(l.longest, p.Duration)
			if p.Flags.Has(gc.FlagCPU) {
				l.cpu, l.real = l.cpu+float64(p.User+p.Sys), l.real+float64(p.Real)
			}
		}
	}
	return l
}

// judgeLongPause looks at single pauses, anywhere in a run.
func judgeLongPause(pass *analyze.Pass, v *gcView) []analyze.Finding {
	l := v.longOnes(pass)
	if l.n == 0 {
		return nil
	}
	span := v.Span()
	if v.Loose {
		span = v.Run.Last - v.Run.First
	}
	over := span
	if l.n == 1 { // of a log of seconds it is no share
		span = max(span, views.SpanSure.Value)
	}
	share := min(1, float64(l.sum)/float64(max(span, l.sum)))
	if !v.Log.Timed {
		share = 0.05 // of a time that is not known
	}
	f := analyze.Finding{Severity: v.Severe(share), Confidence: v.Sure(), Weight: share}
	if share < longPauseShare.Value && l.longest < 5*longPause.Value && l.n < longPauses.Value {
		f.Severity = analyze.Info // once in many hours
	}
	worst := l.list[0]
	f.Say("%s of %s or more, the longest %s (%s)", say.Counted("long_pauses", l.n, "collection"),
		say.Took(longPause.Value), say.Time("longest", l.longest), v.kindAndCause(worst))
	f.Impact = fmt.Sprintf("the application stood still for %s in %s", say.Took(l.sum), say.Took(over))
	if v.Log.Timed {
		f.Add(" at %s", v.Clock(worst.Start))
	} else {
		f.Add("; the log has no time stamps")
		f.Impact = fmt.Sprintf("the application stood still for %s; in what time, a log without stamps does not say", say.Took(l.sum))
	}
	if l.starved() {
		f.Add("; the collector's threads got %s of CPU in %s of pause", say.Time("cpu", seconds(l.cpu)), say.Time("real", seconds(l.real)))
		f.Because = v.starvedBy(pass)
	}
	f.Explanation = "While such a pause lasts no request is answered; in a cluster other nodes may take this one " +
		"for dead (Hazelcast waits 30 s)."
	if views.MetaspaceCause(worst.Kind, v.Log.Cause(worst)) {
		f.Explanation += " The longest was for want of metaspace: its mark was reached, by classes that are loaded or class loaders that are made."
	}
	for _, p := range l.list[:min(len(l.list), cite.Most)] {
		f.Evidence = append(f.Evidence, v.CitePause(p))
	}
	if l.starved() {
		v.ofStarvation(pass, &f, l.longest)
	}
	f.Advice = v.longPauseAdvice(&l, worst)
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Garbage-First Garbage " +
		"Collector Tuning"}
	return []analyze.Finding{f}
}

func (v *gcView) kindAndCause(p *gc.Pause) string {
	if cause := v.Log.Cause(p); cause != "" {
		return p.Kind.String() + ", " + cause
	}
	return p.Kind.String()
}

// longPauseAdvice goes by what the log tells of the longest pause.
func (v *gcView) longPauseAdvice(l *longs, worst *gc.Pause) []analyze.Advice {
	switch {
	case l.starved():
		return []analyze.Advice{{Action: fmt.Sprintf("Look for what kept the machine from working, as the collector's "+
			"threads got %s s of CPU in %s s of pause: swapping (vmstat 1: si and so), a busy hypervisor (vmstat 1: st), a CPU quota "+
			"(nr_throttled in /sys/fs/cgroup/cpu.stat), or a GC log on a slow disk (iostat -x 1).", say.Number(l.cpu), say.Number(l.real)),
			Effect: "Pauses of the length of their work.", Risk: "None in looking.", Verify: "User and system " +
				"time of a pause are above its real time."}}
	case views.MetaspaceCause(worst.Kind, v.Log.Cause(worst)):
		return []analyze.Advice{{Action: "Find who loads classes (jcmd PID VM.classloader_stats, twice, and compare), and set the first mark of " +
			"metaspace (-XX:MetaspaceSize) above what is in use once the program runs.",
			Effect: "No such collection.", Risk: "None: it is a mark, not a reservation.", Verify: "No pause with a metadata cause in the next GC log."}}
	case worst.Flags.Has(gc.FlagEvacuationFailure):
		return v.reserveAdvice()
	case v.Log.Collector.Concurrent():
		return v.outrunAdvice()
	case v.Log.Collector == gc.G1 && worst.Kind == gc.KindFull:
		return v.fullAdvice()
	case v.Log.Collector == gc.G1:
		return v.goalAdvice()
	case !v.Log.Collector.HotSpot():
		return v.otherAdvice()
	}
	return []analyze.Advice{{
		Action: "Take a collector that works while the application runs.", Setting: "collector", From: string(v.Log.Collector), To: "-XX:+UseG1GC",
		Effect: "Pauses near its goal of 200 ms.", Risk: "Some per cent of throughput.", Rollback: "The old option and a restart.",
		Verify: "No pause of a second or more in the next GC log.",
	}}
}

// outrunAdvice is for collectors that work while the application runs and were outrun by its allocation.
func (v *gcView) outrunAdvice() []analyze.Advice {
	heap, _, _ := v.MaxHeap()
	to := vm.RoundUp64(1.5 * float64(heap))
	setting, from, options := v.heapChange(to)
	risk, _ := v.room(to)
	list := []analyze.Advice{{Action: fmt.Sprintf("Allocation outran the collector: a larger heap (%s), more -XX:ConcGCThreads, longer pacing, so that a "+
		"cycle ends before the memory does.", say.Bytes(to)), Setting: setting, From: from, To: options, Effect: "Room for what is allocated while a cycle runs.",
		Risk: risk, Rollback: "The old options and a restart.", Verify: "No degenerated or full collection in the next GC log."}}
	if heap == 0 {
		list[0] = analyze.Advice{Action: "Allocation outran the collector: a larger heap, more -XX:ConcGCThreads, longer pacing.",
			Effect: list[0].Effect, Risk: "More memory, or CPU that is missing elsewhere.", Verify: list[0].Verify}
	}
	threads := analyze.Advice{Alternative: true, Action: "Give the cycle more threads (-XX:ConcGCThreads; by default a quarter of the CPUs), where CPU is free.",
		Effect: "Cycles end sooner.", Risk: "The CPU is missing elsewhere.", Rollback: "Take the option away.", Verify: "As above."}
	if n := v.Log.Settings.ConcurrentWorkers; n > 0 && v.cpus() >= float64(2*n) {
		threads.Setting, threads.From, threads.To = "-XX:ConcGCThreads", fmt.Sprint(n), fmt.Sprint(2*n)
	}
	list = append(list, threads)
	if v.Log.Collector.IsShenandoah() {
		list = append(list, analyze.Advice{Alternative: true, Action: "Let it slow down who allocates for longer before it gives up: pacing " +
			"(-XX:ShenandoahPacingMaxDelay, 10 ms by default; pacing must not be switched off).",
			Effect: "Short delays instead of a stop.", Risk: "Requests that allocate much are slower.", Rollback: "Take the option away.", Verify: "As above."})
	}
	return list
}

// reserveAdvice is for G1 that found no room to copy to.
func (v *gcView) reserveAdvice() []analyze.Advice {
	heap, _, _ := v.MaxHeap()
	to := vm.RoundUp64(1.25 * float64(heap))
	setting, from, options := v.heapChange(to)
	risk, _ := v.room(to)
	return []analyze.Advice{{Action: fmt.Sprintf("Give G1 free regions to copy to: raise the maximum heap to %s, or keep more of it in reserve "+
		"(-XX:G1ReservePercent, 10 by default).", say.Bytes(to)), Setting: setting, From: from, To: options, Effect: "Room for survivors.", Risk: risk,
		Rollback: "The old options and a restart.", Verify: "No \"To-space exhausted\" in the next GC log."}}
}

// fullAdvice is for full collections of G1 that do not come of a full heap.
func (v *gcView) fullAdvice() []analyze.Advice {
	a := analyze.Advice{Action: "Start G1's concurrent cycle earlier (" + startOfCycle(v.JVM) + "), so that it need not fall back to a full collection.",
		Effect: "No full collection, if the cycle ended too late.", Risk: "More concurrent cycles, some CPU.", Rollback: "Take the option away and restart.",
		Verify: "No full pause in the next GC log."}
	if n, ok := v.JVM.Int("InitiatingHeapOccupancyPercent"); ok && n > 35 {
		a.Setting, a.From, a.To = startOfCycle(v.JVM), fmt.Sprint(n), "30"
	}
	return []analyze.Advice{a}
}

// goalAdvice is for young and mixed pauses of G1.
func (v *gcView) goalAdvice() []analyze.Advice {
	a := analyze.Advice{
		Action: "See which phase took the time (" + v.since9("-Xlog:gc+phases=debug", "-XX:+PrintGCDetails") + "). A fixed young generation " +
			"(-Xmn, NewRatio) keeps G1 from meeting its goal: remove it.",
		Effect: "Smaller young generation, shorter pauses.", Risk: "More collections: throughput falls.", Rollback: "The old value.",
		Verify: "Pauses stay near the goal.",
	}
	if goal, known := v.JVM.Int("MaxGCPauseMillis"); known && goal > 100 {
		a.Action += " Else lower the goal."
		a.Setting, a.From, a.To = "-XX:MaxGCPauseMillis", fmt.Sprint(goal), "100"
	}
	if v.JVM.Major() >= 21 {
		a.Action += " Where no pause may be felt at all, take -XX:+UseZGC (with -XX:+ZGenerational before JDK 23)."
	}
	return []analyze.Advice{a}
}

// otherAdvice is for JVMs without HotSpot's options.
func (v *gcView) otherAdvice() []analyze.Advice {
	a := analyze.Advice{Action: "Find what the collection had to go through: a large live set (jcmd PID GC.class_histogram), or memory that was swapped out " +
		"(VmSwap in /proc/PID/status).",
		Effect: "Names the cause.", Risk: "A class histogram stops the JVM for seconds.", Verify: "No pause of a second or more in the next GC log."}
	if v.Log.Collector.IsOpenJ9() {
		a = analyze.Advice{Action: "Let the scavenger work while the application runs (-Xgc:concurrentScavenge with -Xgcpolicy:gencon), or take " +
			"-Xgcpolicy:balanced, which collects a large heap in parts.", Effect: "Shorter stops.", Risk: "Some per cent of throughput.",
			Rollback: "The old options and a restart.", Verify: "No pause of a second or more in the next log."}
	}
	return []analyze.Advice{a}
}

// startOfCycle is the option for the share of the heap at which G1 begins to mark.
func startOfCycle(j *analyze.JVM) string {
	if j.Major() >= 27 { // the old name is deprecated there
		return "-XX:G1IHOP"
	}
	return "-XX:InitiatingHeapOccupancyPercent"
}
