package collections

import (
	"fmt"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/gc/fromjfr"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
)

var (
	safepointReach = analyze.NewLimit(time.Second, "", "to the safepoint, of one stop", "GC Easy and garbagecat "+
		"warn from there on")
	safepointShare = analyze.NewLimit(0.05, "1", "time to safepoints", "own judgement: half of the mark of collections")
)

var longSafepoint = &analyze.Rule{
	ID: ids.LongSafepoint,
	Doc: "All threads stand still and wait for one that does not come to its safepoint: the time to get there, " +
		"not the operation.",
	Needs: "a GC log with safepoint messages: casefile collect --duration 60s records one on JDK 9 and later; " +
		"-Xlog:safepoint, " +
		"JDK 8: -XX:+PrintGCApplicationStoppedTime; or a flight recording",
	Fix:    "Have the JVM name the thread that is late, and give its loop polls.",
	After:  starvers,
	Claims: []loss.Kind{loss.Safepoint},
	Limits: limits(safepointReach, safepointShare, starvedLongest, views.GCOverheadCritical, views.RecordingSpan),
	Run:    each(safepointLogs, judgeSafepoints),
}

// safepointLogs are GC logs, and where no log of a JVM has any safepoint, those of its recordings.
func safepointLogs(p *analyze.Pass) (logs []*gcView) {
	told := map[*analyze.JVM]bool{}
	for _, v := range gcViews.Of(p) {
		told[v.JVM] = told[v.JVM] || v.Log.Safepoints.Count > 0
	}
	for _, r := range views.Recordings.Of(p) {
		if told[r.JVM] || r.Rec.Setting("jdk.SafepointBegin", "enabled") != "true" && len(r.Rec.GC.Safepoints) == 0 {
			continue
		}
		p.Evaluated()
		if log := fromjfr.Log(r.Rec); log != nil && log.Timed && len(log.Runs) > 0 {
			logs = append(logs, &gcView{views.NewCollections(p.Case, r.JVM, log)})
		}
	}
	return append(logs, collections(p)...)
}

// judgeSafepoints goes by the time to safepoint, not by that of the operation.
func judgeSafepoints(pass *analyze.Pass, v *gcView) []analyze.Finding {
	var worst []gc.Safepoint
	var sum time.Duration
	for _, s := range v.Log.Safepoints.WorstReach {
		// The first collections of a JVM are not judged, a loop that holds all of it is at any time.
		if s.Start+s.Total >= v.From-views.SpanLeast.Value && s.Start <= v.To && s.Reach >= safepointReach.Value/10 {
			worst, sum = append(worst, s), sum+s.Reach
		}
	}
	if len(worst) == 0 {
		return nil
	}
	share := min(1, float64(sum)/float64(max(v.Span(), 1)))
	top := worst[0]
	if top.Reach < safepointReach.Value && share < v.Mark(safepointShare.Value) {
		return nil
	}
	f := analyze.Finding{Severity: v.Severe(share), Confidence: analyze.High, Weight: share}
	f.Say("Threads stood still for up to %s until the last one reached its safepoint", say.Time("longest", top.Reach))
	if top.Operation != "" {
		f.Add("; the operation (%s) took %s", top.Operation, say.Time("operation", top.At))
	}
	f.Impact = fmt.Sprintf(
		"%s of waiting for %s in %s",
		say.Took(sum),
		say.Count(len(worst), "safepoint"),
		say.Took(v.Span()),
	)
	f.Explanation = "To stop, each thread has to come to a poll. A long loop over an int that the compiler left " +
		"without polls, a copy of a huge array, or a thread that gets no CPU or memory keeps all others waiting " +
		"meanwhile. The operation itself is not the problem."
	for _, s := range worst[:min(len(worst), 4)] {
		text := fmt.Sprintf("%s to reach the safepoint, %s in it", say.Took(s.Reach), say.Took(s.At))
		if s.Operation != "" {
			text = s.Operation + ": " + text
		}
		f.Evidence = append(f.Evidence, v.Place(s.File, s.Line, text))
	}
	f.Advice = v.safepointAdvice(&f)
	if f.Because = v.starvedBy(pass); f.Advice[0].Setting != "-XX:UseCountedLoopSafepoints" && f.Advice[0].Setting != "-XX:LoopStripMiningIter" {
		v.ofStarvation(pass, &f, top.Reach)
	}
	if len(f.Because) > 0 {
		f.Advice = slices.Insert(f.Advice, 0, analyze.Advice{Action: "Remove the want of CPU first: " + f.Because[0] + ". A thread that gets no CPU comes late " +
			"to its safepoint.", Effect: "Times to safepoint are short again, unless a loop without polls is to blame too.", Risk: "None.",
			Verify: "Times to safepoint are below 10 ms once CPUs are free."})
	}
	f.References = []string{"JDK-8186027: Use loop strip mining", "HotSpot options: SafepointTimeout, " +
		"SafepointTimeoutDelay"}
	return []analyze.Finding{f}
}

// loopFlags take the polls out of counted loops.
var loopFlags = []struct{ name, bad, to string }{
	{"UseCountedLoopSafepoints", "false", "-XX:+UseCountedLoopSafepoints"},
	{"LoopStripMiningIter", "0", "-XX:LoopStripMiningIter=1000 (the default of G1)"},
}

func (v *gcView) safepointAdvice(f *analyze.Finding) []analyze.Advice {
	find := analyze.Advice{
		Action: "Have the JVM name the thread that is late.", Setting: "-XX:+SafepointTimeout " +
			"-XX:SafepointTimeoutDelay=500", From: "off", To: "-XX:+SafepointTimeout -XX:SafepointTimeoutDelay=500",
		Effect:   "Each late thread is printed; its loop is then found by a profile (casefile profile).",
		Risk:     "A few lines of output.",
		Rollback: "Take the options away.",
		Verify:   "After the fix times to safepoint are below 10 ms.",
	}
	for _, l := range loopFlags {
		if v.JVM.Flags[l.name].Value != l.bad || !vm.Chosen(v.JVM, l.name) {
			continue
		}
		e, _ := cite.Flag(v.JVM, l.name)
		f.Evidence = append(f.Evidence, e)
		return []analyze.Advice{{
			Action:   "Give counted loops their polls back: somebody switched them off.",
			Setting:  "-XX:" + l.name,
			From:     l.bad,
			To:       l.to,
			Effect:   "A loop is interrupted after a thousand turns.",
			Risk:     "Tight loops may lose a per cent.",
			Rollback: "The old option.",
			Verify:   "Times to safepoint are below 10 ms in the next log.",
		}, find}
	}
	if v.Log.Collector.OldByFull() || v.JVM.Major() == 8 {
		return []analyze.Advice{find, {
			Alternative: true,
			Action: "Where the loop cannot be changed, let the compiler put polls into counted loops; with " +
				"G1 and ZGC it does " +
				"so by itself from JDK 10 on.",
			Setting:  "-XX:+UseCountedLoopSafepoints",
			From:     "off",
			To:       "-XX:+UseCountedLoopSafepoints",
			Effect:   "No loop without a poll.",
			Risk:     "Tight loops may lose a few per cent.",
			Rollback: "Take the option away.",
			Verify:   "As above.",
		}}
	}
	return []analyze.Advice{find}
}
