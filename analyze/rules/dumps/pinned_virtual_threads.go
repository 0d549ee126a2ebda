package dumps

import (
	"fmt"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/jfr"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	pinnedShare    = analyze.NewLimit(0.5, "1", "the carriers' time: warning", "half of the machine is missing")
	pinnedCritical = analyze.NewLimit(0.95, "1", "the carriers' time: critical", "nothing else can run")
)

var pinnedVirtualThreads = &analyze.Rule{
	ID: ids.PinnedVirtualThreads,
	Doc: "Virtual threads wait without leaving their carriers, dump after dump: the carriers are missing for " +
		"all others.",
	Needs:  needsDumps(2),
	Fix:    "Take waiting calls out of synchronized (before JDK 24), native frames and class initialisers.",
	Limits: []analyze.Threshold{pinnedShare, pinnedCritical, views.StuckCPU},
	Run:    analyze.Each(dumped(2), judgePinned),
}

// judgePinned counts the carriers that a waiting virtual thread keeps from carrying others.
func judgePinned(_ *analyze.Pass, v *view) []analyze.Finding {
	var pinned []views.Sighting
	carriers := map[*threads.Track]bool{}
	for _, tr := range v.Series.Threads() {
		for i, t := range tr.Obs {
			if t == nil || t.Mounted == 0 {
				continue
			}
			if v.pins(tr, i) {
				carriers[tr] = true
				pinned = append(pinned, views.Sighting{Dump: i, Thread: v.mountedOn(i, t)})
			}
		}
	}
	if len(pinned) == 0 || v.AtLeast(pinned, 1) < 2 {
		return nil
	}
	all := v.scheduler(carriers)
	share := float64(len(pinned)) / float64(all*v.Dumps())
	p := problem{account: account{sightings: pinned}}
	p.Severity, p.Weight, p.Confidence = analyze.Info, min(share, 1), analyze.High
	switch {
	case share >= pinnedCritical.Value:
		p.Severity = analyze.Critical
	case share >= pinnedShare.Value:
		p.Severity = analyze.Warning
	}
	last := pinned[len(pinned)-1].Thread
	why := pinReason(last)
	if last.Mounted != 0 {
		p.Confidence = analyze.Medium // this JVM does not print the virtual thread's own stack
	}
	peak := len(v.Peak(pinned))
	p.Say("%s pinned by virtual threads that wait%s", carriersWords(peak, all), why)
	p.Impact = say.Percent(share) + " of the carriers' time"
	p.Explanation = "A virtual thread that waits normally leaves its carrier to another one. Inside a native " +
		"frame or a class initialiser, and before JDK 24 inside synchronized, it cannot: the carrier waits with " +
		"it. With all carriers pinned no virtual thread runs."
	recorded := v.recordedPins()
	p.Evidence = append(v.CiteAll(pinned, cite.Most-len(recorded)), recorded...)
	p.Advice = []analyze.Advice{{
		Action: "Move the waiting call out of what pins it" + why + ". On JDK 21 to 23 replace synchronized " +
			"around blocking calls by ReentrantLock, or go to JDK 24 or later, where synchronized no longer pins " +
			"(JEP 491).",
		Effect: "Carriers are free while virtual threads wait.",
		Risk:   "A change of code or of the JDK.",
		Verify: "The event jdk.VirtualThreadPinned of a recording no longer shows the call.",
	}, {
		Action:  "As a stopgap give the scheduler more carriers.",
		Setting: "-Djdk.virtualThreadScheduler.parallelism",
		From:    fmt.Sprint(all),
		To:      fmt.Sprint(4 * all),
		Effect:  "Others can run while some are pinned.",
		Risk:    "More threads run at once than there are CPUs.",
		Verify:  "Dumps show carriers without a virtual thread.",
	}}
	p.References = []string{"JEP 444: Virtual Threads", "JEP 491: Synchronize Virtual Threads without Pinning"}
	return []analyze.Finding{p.finding()}
}

// recordedPins is what a recording of the same JVM says of pinned waits, with the call that was most in them.
func (v *view) recordedPins() (evidence []analyze.Evidence) {
	if v.JVM == nil {
		return nil
	}
	for _, rec := range v.JVM.Recordings {
		r := &views.Recording{Node: v.Node, JVM: v.JVM, Rec: rec}
		calls := views.Sites{}
		var n, sum int64
		for i := range rec.Samples {
			s := &rec.Samples[i]
			frames := r.Frames(s.Stack)
			if s.Kind != jfr.Pinned || len(frames) == 0 {
				continue
			}
			n, sum = n+s.Count, sum+s.Amount
			at := views.OwnFrame(frames)
			calls.Add(frames[at], frames, at, s.Amount, "", "")
		}
		if all := calls.Largest(); len(all) > 0 && len(evidence) < 2 {
			evidence = append(
				evidence,
				r.Cite(
					"jdk.VirtualThreadPinned: %d waits of %s in all, most in %s",
					n,
					views.Spent(sum),
					views.ChainOf(all[0]),
				),
			)
		}
	}
	return evidence
}

func carriersWords(n, all int) say.Phrase {
	if n == all {
		return say.Text("All %s of virtual threads are", say.Counted("carriers", all, "carrier"))
	}
	if n == 1 {
		return say.Text("%s of %s of virtual threads is", say.Amount("pinned", n, "carriers"), say.Counted("carriers", all, "carrier"))
	}
	return say.Text("%s of %s of virtual threads are", say.Amount("pinned", n, "carriers"), say.Counted("carriers", all, "carrier"))
}

// pins says that the carrier's virtual thread waits on it in this dump, and stays through a neighbouring one: a
// moment's pin is no harm.
func (v *view) pins(tr *threads.Track, dump int) bool {
	t := tr.Obs[dump]
	for _, other := range []int{dump - 1, dump + 1} {
		if other < 0 || other >= v.Dumps() || tr.Obs[other] == nil || tr.Obs[other].Mounted != t.Mounted {
			continue
		}
		m := v.mountedOn(dump, t)
		if m != t && waitsMounted(m) {
			return true
		}
		if m != t && !inNative(m) {
			continue
		}
		// In native code, or without a stack of the virtual thread: it is the same one, and its carrier used no CPU.
		if used, source := tr.CPU(min(dump, other), max(dump, other)); source.Exact() && used <= views.StuckCPU.Value {
			return true
		}
	}
	return false
}

// mountedOn gives the virtual thread's own entry; the carrier itself when the dump has none.
func (v *view) mountedOn(dump int, carrier *threads.Thread) *threads.Thread {
	for _, t := range v.Series.Dumps[dump].Threads {
		if t.Carrier == carrier {
			return t
		}
	}
	return carrier
}

// inNative reports whether a thread stands in native code, of which a dump does not tell whether it waits.
func inNative(t *threads.Thread) bool { return len(t.Stack.Frames) > 0 && t.Stack.Frames[0].Native }

// waitsMounted recognises a wait that keeps the carrier. Work that runs is not a pin.
func waitsMounted(t *threads.Thread) bool {
	for _, f := range t.Stack.Frames[:min(len(t.Stack.Frames), 6)] {
		if f.Func == "java.lang.VirtualThread.parkOnCarrierThread" ||
			strings.HasPrefix(f.Func, "java.lang.Object.wait") {
			return true
		}
	}
	for _, l := range t.Locks {
		if l.Kind == threads.WaitingToLock || l.Kind == threads.WaitingOn || l.Kind == threads.ClassInit {
			return true
		}
	}
	return false
}

// pinReason names what keeps the virtual thread on its carrier: the class initialiser or native frame beneath the
// wait, else the monitor it holds.
func pinReason(t *threads.Thread) string {
	for _, f := range t.Stack.Frames {
		if strings.HasSuffix(f.Func, ".<clinit>") {
			return " in the initialiser of " + say.ShortClass(strings.TrimSuffix(f.Func, ".<clinit>"))
		}
	}
	for _, l := range t.Locks {
		if l.Kind == threads.Locked && int(l.Depth) < len(t.Stack.Frames) && l.Depth >= 0 {
			return " inside synchronized in " + say.Short(t.Stack.Frames[l.Depth].Func)
		}
	}
	for i, f := range t.Stack.Frames {
		if f.Native && i > 0 {
			return " beneath native code in " + say.Short(f.Func)
		}
	}
	if own := threads.Calls(t.Stack.Frames); inNative(t) && len(own) > 0 {
		return " in native code, " + say.Short(t.Stack.Frames[0].Func) + ", called by " + say.Short(own[0].Func)
	}
	return ""
}

// scheduler counts the carriers: the largest number of threads of their pool in a dump.
func (v *view) scheduler(carriers map[*threads.Track]bool) int {
	most := len(carriers)
	for tr := range carriers {
		for _, n := range v.Crews[v.Crew(tr.Obs[tr.Last])] {
			most = max(most, n)
		}
	}
	return most
}
