package collections

import (
	"fmt"
	"slices"
	"strings"
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
	youngTiny = analyze.NewLimit(0.10, "1", "young generation, of the maximum heap", "the JVM's own choice is a "+
		"third, G1's at least 5 %")
)

var gcOverhead = &analyze.Rule{
	ID: ids.GCOverhead,
	Doc: "Collections take much of the time, though the heap is large enough for what the program keeps and " +
		"nobody asks for them.",
	Needs:       needsGC,
	Fix:         "Cure the one reason that the finding names; then allocate less.",
	After:       append(slices.Clone(overheadReasons), starvers...),
	Unless:      []string{ids.HeapExhausted, ids.HeapTooSmall, ids.MemoryLeak},
	ExplainedBy: []string{ids.FinalizerBacklog, ids.HeapTooSmall, ids.MemoryLeak, ids.ExplicitGC, ids.PrematurePromotion},
	Claims:      []loss.Kind{loss.GC},
	Limits: limits(
		failedCopies, youngTiny, heapTarget, goOverhead, vm.CompressedOopsLimit, vm.CompressedOopsAgain,
		views.GCOverheadCritical, views.GCOverheadWarn, copyTime, effectSpread, starvedLongest,
	),
	Run: each(collections, judgeGCOverhead),
}

// overheadReasons are findings that say more exactly why collections take so much.
var overheadReasons = []string{ids.ConcurrentModeFailure, ids.SysTimeInGC, ids.PrematurePromotion, ids.GCLocker}

// judgeGCOverhead tells of much time in ordinary collections, and the one reason to act on.
func judgeGCOverhead(pass *analyze.Pass, v *gcView) []analyze.Finding {
	if v.Log.Collector == gc.Go {
		return v.judgeGo()
	}
	share, all := v.ShareOf(views.Ordinary), v.Share()
	n, sum := v.Spent(views.Ordinary)
	if v.failsOften() || share < v.Mark(views.GCOverheadWarn.Value) || share < all/2 || n < fewPauses {
		return nil
	}
	if longest := v.longestOrdinary(); longest > sum/2 {
		return nil // that is one long pause, and no overhead
	}
	for _, id := range overheadReasons {
		for _, f := range pass.Found(id, v.About()) {
			if f.Weight >= share/2 && f.Severity.AtLeast(analyze.Warning) {
				return nil // that says why
			}
		}
	}
	f := analyze.Finding{Severity: v.Severe(share), Confidence: v.Sure(), Weight: share}
	why := v.whyOverhead()
	rate := ""
	if r, ok := v.Log.AllocationRate(); ok {
		rate = fmt.Sprintf(", the program allocates %s a second", say.Bytes(r))
	}
	f.Say("Collections take %s of the time %s: %s of %s on average, one every %s%s", say.Share("time_share", share), v.Over(),
		say.Counted("pauses", int(n), "pause"), say.Time("mean_pause", sum/time.Duration(max(n, 1))),
		say.Time("interval", v.Span()/time.Duration(max(n, 1))), why.title)
	f.Impact = fmt.Sprintf("%s of the time goes to collections%s", say.Percent(share), rate)
	f.Explanation = why.text
	if heap, _, ok := v.MaxHeap(); ok {
		if live, at, ok := v.Live(); ok {
			f.Explanation += fmt.Sprintf(
				" It is not want of heap: %s of %s are in use %s.",
				say.Bytes(live),
				say.Bytes(heap),
				views.LiveWords[at.Source],
			)
		}
	}
	if _, starved := v.starvedThreads(); starved {
		v.ofStarvation(pass, &f, v.longestOrdinary())
	}
	f.Evidence = cite.Known(append(why.evidence, v.CiteLongest(4, v.OfCause(views.Ordinary))...)...)
	f.Advice = []analyze.Advice{why.advice, {
		Action: "Find out who allocates, and save there: a profile of allocations (casefile collect --jfr) names " +
			"the call sites.",
		Effect: "Half the allocation is half the collections, with any setting.",
		Risk:   "The recording costs a per cent or two of CPU while it runs.",
		Verify: "The allocation rate in the next capture.",
	}}
	f.References = []string{
		"HotSpot Virtual Machine Garbage Collection Tuning Guide: The Young Generation",
		"HotSpot Virtual Machine Garbage Collection Tuning Guide: Ergonomics",
	}
	return []analyze.Finding{f}
}

// longestOrdinary is the longest ordinary pause of the stretch.
func (v *gcView) longestOrdinary() (longest time.Duration) {
	for _, p := range v.Pauses {
		if views.Ordinary(p.Kind, v.Log.Cause(p)) {
			longest = max(longest, p.Duration)
		}
	}
	return longest
}

// fewPauses make no overhead, however long they are: those are long pauses.
const fewPauses = 10

// reason is why collections take so much, and the one change against it.
type reason struct {
	title    say.Phrase
	text     string
	evidence []analyze.Evidence
	advice   analyze.Advice
}

// whyOverhead goes from what is set wrongly to what is merely large. The first reason that holds is the one to act on.
func (v *gcView) whyOverhead() reason {
	for _, why := range []func() (reason, bool){v.tinyYoung, v.oneThread, v.starvedThreads, v.narrowHeap} {
		if r, ok := why(); ok {
			return r
		}
	}
	return v.muchAllocation()
}

// eden is what the program allocates between two collections, as a median over the stretch; 0 unknown.
func (v *gcView) eden() int64 {
	var filled []int64
	for i := 1; i < len(v.Pauses); i++ {
		a, b := v.Pauses[i-1], v.Pauses[i]
		if b.Kind.Evacuates() && a.Flags.Has(gc.FlagHeap) && b.Flags.Has(gc.FlagHeap) && b.Before > a.After {
			filled = append(filled, b.Before-a.After)
		}
	}
	if len(filled) < 5 {
		return 0
	}
	slices.Sort(filled)
	return filled[len(filled)/2]
}

// youngOptions fix or bound the young generation.
var youngOptions = []string{
	"-Xmn",
	"-XX:NewSize=",
	"-XX:MaxNewSize=",
	"-XX:NewRatio=",
	"-XX:G1MaxNewSizePercent=",
	"-XX:G1NewSizePercent=",
}

func (v *gcView) tinyYoung() (reason, bool) {
	heap, _, ok := v.MaxHeap()
	eden := v.eden()
	young, youngKnown := v.JVM.Int("MaxNewSize")
	size := eden
	if youngKnown && young > 0 && v.Log.Collector != gc.G1 {
		size = max(eden, young)
	}
	if _, sum := v.Spent(func(k gc.Kind, c string) bool { return views.Ordinary(k, c) && k.Evacuates() }); !ok ||
		size == 0 ||
		float64(size) >= youngTiny.Value*float64(heap) ||
		float64(sum) < 0.5*v.Share()*float64(v.Span()) {
		return reason{}, false
	}
	r := reason{
		title: say.Text(", as the young generation has %s of a heap of %s", say.Size("young", size), say.Size("max_heap", heap)),
	}
	r.text = "The young generation is too small: it is full after a moment, each time the application stands " +
		"still, and objects that would have died soon are copied into the old generation."
	to := heap / 3
	var set []string
	for _, o := range youngOptions {
		if text, at, found := cite.Option(v.JVM, o); found {
			set = append(set, o+text)
			r.evidence = append(r.evidence, at)
		}
	}
	for _, name := range []string{"MaxNewSize", "NewSize"} {
		if e, found := cite.Flag(v.JVM, name); found && len(r.evidence) < 2 {
			r.evidence = append(r.evidence, e)
		}
	}
	share := v.ShareOf(views.Ordinary)
	r.advice = analyze.Advice{
		Action: "Remove " + say.List(set) + ": the JVM then sizes the young generation itself, up to a third of " +
			"the heap and more.", Setting: say.List(set), From: say.List(set), To: "not set",
		Effect:   v.youngEffect(size, to, share),
		Risk:     "The old generation loses as much room; its live set must fit into the rest.",
		Rollback: "The old options and a restart.",
		Verify:   "Young collections are at least a second apart, and collections take under 5 % of the time.",
	}
	if len(set) == 0 {
		r.advice.Action = fmt.Sprintf("Give the young generation more room: %s.", say.Bytes(to))
		r.advice.Setting, r.advice.From, r.advice.To = "-Xmn", "young generation of "+say.Bytes(
			size,
		), strings.Replace(vm.Xmx(vm.RoundUp64(float64(to))), "-Xmx", "-Xmn", 1)
		if v.Log.Collector == gc.G1 {
			goal, known := v.JVM.Int("MaxGCPauseMillis")
			if !known || goal >= 200 {
				return reason{}, false // G1 has its reasons: the live set, or a heap that still grows
			}
			r.advice.Action = "Allow G1 longer pauses: it keeps the young generation that small to meet its goal."
			r.advice.Setting, r.advice.From, r.advice.To = "-XX:MaxGCPauseMillis", fmt.Sprint(goal), "200 (the default)"
			if e, ok := cite.Flag(v.JVM, "MaxGCPauseMillis"); ok {
				r.evidence = append([]analyze.Evidence{e}, r.evidence...)
			}
		}
	}
	return r, true
}

// cpus is how many CPUs the JVM may use; 0 unknown.
func (v *gcView) cpus() float64 {
	if v.Host != nil {
		if g := v.Host.CgroupOf(v.JVM.PID); g != nil && g.EffectiveCPUs.Known() {
			return g.EffectiveCPUs.Value
		}
		if v.Host.CPU.Count.Known() {
			return v.Host.CPU.Count.Value
		}
	}
	return float64(v.Log.Settings.CPUs)
}

func (v *gcView) oneThread() (reason, bool) {
	cpus := v.cpus()
	workers, known := v.JVM.Int("ParallelGCThreads")
	serial := v.Log.Collector == gc.Serial
	if cpus < 2 || !serial && (!known || workers != 1 || !vm.Chosen(v.JVM, "ParallelGCThreads")) {
		return reason{}, false
	}
	r := reason{title: say.Text(", by one thread on %s CPUs", say.Amount("cpus", cpus, "CPUs"))}
	r.text = fmt.Sprintf("One thread collects while the application stands still, and %s CPUs have nothing to "+
		"do meanwhile.", say.Number(cpus-1))
	r.advice = analyze.Advice{
		Action: "Let all CPUs collect.", Setting: "-XX:ParallelGCThreads", From: "1", To: "not set",
		Effect:   fmt.Sprintf("Pauses up to %s times shorter.", say.Number(cpus)),
		Risk:     "Collections take CPU from other processes of the machine for their length.",
		Rollback: "The old options and a restart.", Verify: "Pauses are shorter, and user time of a collection is " +
			"above its real time.",
	}
	if serial {
		r.advice.Setting, r.advice.From, r.advice.To = "collector", "Serial", "-XX:+UseParallelGC, or "+
			"-XX:+UseG1GC where single pauses matter"
	} else if e, ok := cite.Flag(v.JVM, "ParallelGCThreads"); ok {
		r.evidence = append(r.evidence, e)
	}
	return r, true
}

// starvedThreads: collections whose threads got no CPU took long for another reason than their work.
func (v *gcView) starvedThreads() (reason, bool) {
	var real, cpu float64
	for _, p := range v.Pauses {
		if p.Flags.Has(gc.FlagCPU) {
			real, cpu = real+float64(p.Real), cpu+float64(p.User+p.Sys)
		}
	}
	if real < 1 || cpu > 0.5*real {
		return reason{}, false
	}
	return reason{
		title: say.Text(", with %s of a CPU for its threads", say.Share("cpu_share", cpu/real)),
		text: fmt.Sprintf("Collections took %s s, in which their threads got only %s s of CPU: they waited "+
			"for the machine, not for their own work.", say.Number(real), say.Number(cpu)),
		advice: analyze.Advice{
			Action: "Find out what keeps the CPUs or the memory from the JVM: other processes (top), swapping (vmstat 1: si and so), a hypervisor (vmstat 1: st), " +
				"a CPU quota (nr_throttled in /sys/fs/cgroup/cpu.stat). Findings about the machine, where there are some, have measured it.",
			Effect: fmt.Sprintf(
				"Pauses of about %s of their length.", say.Percent((100*cpu/real)/100),
			), Risk: "None in looking.", Verify: "User and system time of a collection are no longer below its " +
				"real time.",
		},
	}, true
}

// narrowHeap: what is kept leaves less than half of the heap free.
func (v *gcView) narrowHeap() (reason, bool) {
	heap, heapAt, ok := v.MaxHeap()
	live, at, known := v.Live()
	if !ok || !known || float64(live) < heapTarget.Value*float64(heap) {
		return reason{}, false
	}
	to := v.heapFor(live)
	setting, from, options := v.heapChange(to)
	risk, _ := v.room(to)
	return reason{
		title: say.Text("; %s of %s stay in use", say.Size("live_set", live), say.Size("max_heap", heap)),
		text: fmt.Sprintf("What the program keeps fills %s of the heap, which leaves little between two "+
			"collections.", say.Percent(float64(live)/float64(heap))),
		evidence: []analyze.Evidence{heapAt, v.CiteLive(at)},
		advice: analyze.Advice{
			Action: fmt.Sprintf(
				"Raise the maximum heap to %s, twice the live set.",
				say.Bytes(to),
			), Setting: setting, From: from, To: options,
			Effect: v.growEffect(
				to,
				live,
				v.ShareOf(views.Ordinary),
			), Risk: risk, Rollback: "The old options and a restart.", Verify: "Collections take under 5 % of the " +
				"time.",
		},
	}, true
}

func (v *gcView) muchAllocation() reason {
	r := reason{text: "The program allocates faster than this heap takes it."}
	heap, heapAt, ok := v.MaxHeap()
	if !ok {
		r.advice = analyze.Advice{
			Action: "Capture with VM.flags (casefile collect) to see what limits the heap.", Effect: "Tells how much the heap may grow.", Risk: "None.",
			Verify: "The next capture names the maximum heap.",
		}
		return r
	}
	to := vm.RoundUp64(2 * float64(heap))
	setting, from, options := v.heapChange(to)
	risk, _ := v.room(to)
	r.evidence = []analyze.Evidence{heapAt}
	r.advice = analyze.Advice{
		Action: fmt.Sprintf("Double the maximum heap to %s.", say.Bytes(to)), Setting: setting, From: from, To: options,
		Effect:   "About half as many collections.",
		Risk:     risk,
		Rollback: "The old options and a restart.",
		Verify:   "Collections take under 5 % of the time.",
	}
	return r
}
