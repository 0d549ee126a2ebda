package collections

import (
	"fmt"
	"strconv"
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
	promotedShare = analyze.NewLimit(
		0.05,
		"1",
		"what is allocated that reaches the old generation",
		"GC log analysers use 5 %",
	)
	promotedWaste = analyze.NewLimit(
		0.5,
		"1",
		"what the old generation held that is dead when it is collected",
		"most of what came died soon",
	)
)

var prematurePromotion = &analyze.Rule{
	ID:     ids.PrematurePromotion,
	Doc:    "Objects that soon die reach the old generation, which has to be collected for their sake.",
	Needs:  needsGC,
	Fix:    "Remove what keeps objects from the survivor spaces, or give the young generation room.",
	Unless: []string{ids.HeapTooSmall, ids.MemoryLeak, ids.HumongousAllocations},
	Claims: []loss.Kind{loss.GC},
	Limits: limits(fullGCShare, promotedShare, promotedWaste, views.GCOverheadCritical),
	Run:    each(collections, judgePromotion),
}

// oldWork are pauses that clean the old generation.
func oldWork(k gc.Kind, cause string) bool {
	return views.Ordinary(k, cause) && (k == gc.KindFull || k == gc.KindMixed)
}

// promotion is what reaches the old generation, and what of it was worth it.
type promotion struct {
	rate      float64 // bytes a second
	share     float64 // of what is allocated
	perYoung  int64   // bytes a young collection
	wasted    float64 // of what was in use before the collections of the old generation, dead then
	n         int64   // such collections
	sum       time.Duration
	every     time.Duration
	timeShare float64
}

func (v *gcView) promoted() (p promotion, ok bool) {
	rate, ok1 := v.Log.PromotionRate()
	allocated, ok2 := v.Log.AllocationRate()
	if !ok1 || !ok2 || allocated <= 0 || !v.Log.Collector.Promotes() {
		return p, false
	}
	p.rate, p.share = rate, min(1, rate/allocated) // a collection that fails half-way may copy the same twice
	p.n, p.sum = v.Spent(oldWork)
	p.timeShare = v.ShareOf(oldWork)
	var before, after float64
	young := 0
	for _, x := range v.Pauses {
		switch {
		case !x.Flags.Has(gc.FlagHeap):
		case oldWork(x.Kind, v.Log.Cause(x)):
			before, after = before+float64(x.Before), after+float64(x.After)
		case x.Kind.Evacuates():
			young++
		}
	}
	if p.n < 2 || before <= 0 || young == 0 || v.Span() <= 0 {
		return p, false
	}
	p.wasted = 1 - after/before
	p.every = v.Span() / time.Duration(p.n)
	p.perYoung = int64(rate * v.Span().Seconds() / float64(young))
	return p, true
}

// judgePromotion wants much promotion, of which most is dead soon, and collections of the old generation that cost
// time.
func judgePromotion(_ *analyze.Pass, v *gcView) []analyze.Finding {
	p, ok := v.promoted()
	if !ok || p.share < promotedShare.Value || p.wasted < promotedWaste.Value ||
		p.timeShare < v.Mark(fullGCShare.Value) {
		return nil
	}
	share := v.ShareOf(views.Ordinary) // young collections too take long for what they move
	f := analyze.Finding{Severity: v.Severe(share), Confidence: v.Sure(), Weight: min(1, share)}
	f.Say("Short-lived objects reach the old generation: %s of what is allocated, %s, and %s of what it held was dead "+
		"at its collections, one every %s", say.Share("promoted_share", p.share), say.Flow("promoted", p.rate),
		say.Share("dead_share", p.wasted), say.Time("interval", p.every))
	f.Impact = fmt.Sprintf(
		"%s of the time %s goes to collections, %s to those of the old generation",
		say.Percent(share),
		v.Over(),
		say.Percent(p.timeShare),
	)
	f.Explanation = "What survives a young collection should stay in the survivor spaces until it dies, which is " +
		"cheap. Here they are too small for it, or it may not stay: it is moved on, dies in the old generation, " +
		"and only a collection of that frees it."
	heap, heapAt, _ := v.MaxHeap()
	f.Evidence = cite.Known(heapAt)
	if _, at, ok := v.Live(); ok {
		f.Evidence = append(f.Evidence, v.CiteLive(at))
	}
	f.Evidence = append(f.Evidence, v.CiteLongest(3, v.OfCause(oldWork))...)
	advice, at := v.promotionAdvice(p, heap)
	if at.Entry != "" {
		f.Evidence = append(f.Evidence, at)
	}
	advice.Effect = fmt.Sprintf("What dies young is freed by young collections: the old generation fills as much "+
		"more slowly as less reaches it, so that its collections, %s of the time now, "+
		"become rare.", say.Percent(p.timeShare))
	advice.Rollback = "The old options and a restart."
	advice.Verify = fmt.Sprintf("The next capture shows less than %s of what is allocated promoted, and "+
		"collections of the old generation minutes apart.", say.Percent(promotedShare.Value))
	f.Advice = []analyze.Advice{advice}
	f.References = []string{"HotSpot Virtual Machine Garbage Collection Tuning Guide: Survivor Space Sizing"}
	return []analyze.Finding{f}
}

// survivorFlags are settings that keep objects from staying in the survivor spaces, with what is usual.
var survivorFlags = []struct {
	flag, usual string
	harmful     func(n int64) bool
}{
	{"MaxTenuringThreshold", "15", func(n int64) bool { return n <= 2 }},
	{"SurvivorRatio", "8", func(n int64) bool { return n > 8 }},
	{"TargetSurvivorRatio", "50", func(n int64) bool { return n < 50 }},
}

// promotionAdvice is the one change: a setting that hinders goes first, else the young generation grows.
func (v *gcView) promotionAdvice(p promotion, heap int64) (analyze.Advice, analyze.Evidence) {
	for _, s := range survivorFlags {
		n, at, ok := v.setTo(s.flag)
		if ok && s.harmful(n) {
			return analyze.Advice{Action: fmt.Sprintf("Remove -XX:%s=%d: survivors then have the room and the "+
				"time to die young.", s.flag, n),
				Setting: "-XX:" + s.flag,
				From:    fmt.Sprint(n),
				To:      "not set (" + s.usual + ")",
				Risk:    "The survivor spaces take a little of eden: young collections come slightly more often."}, at
		}
	}
	// Both survivor spaces are a tenth of the young generation each; they should be half empty after a collection.
	young := vm.RoundUp64(20 * float64(p.perYoung))
	if v.Log.Collector == gc.G1 || heap == 0 || 2*young > heap {
		to := vm.RoundUp64(2 * float64(heap))
		setting, from, options := v.heapChange(to)
		risk, _ := v.room(to)
		return analyze.Advice{Action: fmt.Sprintf("Raise the maximum heap to %s: the young generation grows with "+
			"it, to hold %s that survive each collection.", say.Bytes(to), say.Bytes(p.perYoung)),
			Setting: setting, From: from, To: options, Risk: risk}, analyze.Evidence{}
	}
	return analyze.Advice{Action: fmt.Sprintf("Give the young generation %s, so that a survivor space holds the "+
		"%s that are promoted each time.", say.Bytes(young), say.Bytes(p.perYoung)),
		Setting: "-Xmn",
		From:    "the JVM's own choice",
		To:      fmt.Sprintf("-Xmn%dm", young/say.MB),
		Risk:    "The old generation loses as much room; its live set must fit into the rest."}, analyze.Evidence{}
}

// setTo reads a flag that somebody set, from VM.flags or from the command line.
func (v *gcView) setTo(flag string) (int64, analyze.Evidence, bool) {
	if text, at, ok := cite.Option(v.JVM, "-XX:"+flag+"="); ok {
		n, err := strconv.ParseInt(text, 10, 64)
		return n, at, err == nil
	}
	if n, ok := v.JVM.Int(flag); ok && vm.Chosen(v.JVM, flag) {
		at, _ := cite.Flag(v.JVM, flag)
		return n, at, true
	}
	return 0, analyze.Evidence{}, false
}
