package rules

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/gc/fromjfr"
)

func longSafepoint() *analyze.Rule {
	r := gcRule("long-safepoint", "All threads stand still and wait for one that does not come to its safepoint: the time to get there, not the operation.", judgeSafepoints)
	r.Needs = "a GC log with safepoint messages: casefile collect --duration 60s records one on JDK 9 and later; -Xlog:safepoint, JDK 8: -XX:+PrintGCApplicationStoppedTime; or a flight recording"
	logs := r.Run
	r.Run = func(p *analyze.Pass) error {
		told := map[*analyze.JVM]bool{}
		for _, v := range gcViews(p) {
			told[v.jvm] = told[v.jvm] || v.log.Safepoints.Count > 0
		}
		for _, rec := range recordings(p) {
			if !told[rec.jvm] {
				rec.judgeSafepoints(p)
			}
		}
		return logs(p)
	}
	return r
}

// judgeSafepoints goes by the safepoints of a recording, where no log has any.
func (r *recorded) judgeSafepoints(p *analyze.Pass) {
	if r.rec.Setting("jdk.SafepointBegin", "enabled") != "true" && len(r.rec.GC.Safepoints) == 0 {
		return
	}
	p.Evaluated()
	log := fromjfr.Log(r.rec)
	if log == nil || !log.Timed || len(log.Runs) == 0 {
		return
	}
	for _, f := range judgeSafepoints(newGCView(p, r.jvm, log)) {
		f.Nodes, f.Subject = []string{r.node.Name}, r.jvm.Subject()
		p.Report(f)
	}
}

func judgeSafepoints(v *gcView) []analyze.Finding {
	var worst []gc.Safepoint
	var sum time.Duration
	for _, s := range v.log.Safepoints.WorstReach {
		// The first collections of a JVM are not judged, a loop that holds all of it is at any time.
		if s.Start+s.Total >= v.from-v.limits.SpanLeast && s.Start <= v.to && s.Reach >= v.limits.SafepointReach/10 {
			worst, sum = append(worst, s), sum+s.Reach
		}
	}
	if len(worst) == 0 {
		return nil
	}
	share := min(1, float64(sum)/float64(max(v.span(), 1)))
	top := worst[0]
	if top.Reach < v.limits.SafepointReach && share < v.mark(v.limits.SafepointShare) {
		return nil
	}
	f := analyze.Finding{Severity: v.severe(share), Confidence: analyze.High, Weight: share}
	f.Title = fmt.Sprintf("Threads stood still for up to %s until the last one reached its safepoint", took(top.Reach))
	if top.Operation != "" {
		f.Title += fmt.Sprintf("; the operation (%s) took %s", top.Operation, took(top.At))
	}
	f.Impact = fmt.Sprintf("%s of waiting for %s in %s", took(sum), count(len(worst), "safepoint"), took(v.span()))
	f.Explanation = "To stop, each thread has to come to a poll. A long loop over an int that the compiler left without polls, a copy of a huge array, or a thread that gets no CPU or memory keeps all others waiting meanwhile. The operation itself is not the problem."
	for _, s := range worst[:min(len(worst), 4)] {
		text := fmt.Sprintf("%s to reach the safepoint, %s in it", took(s.Reach), took(s.At))
		if s.Operation != "" {
			text = s.Operation + ": " + text
		}
		f.Evidence = append(f.Evidence, v.place(s.File, s.Line, text))
	}
	f.Advice = v.safepointAdvice(&f)
	f.References = []string{"JDK-8186027: Use loop strip mining", "HotSpot options: SafepointTimeout, SafepointTimeoutDelay"}
	return []analyze.Finding{f}
}

// loopFlags take the polls out of counted loops.
var loopFlags = []struct{ name, bad, to string }{
	{"UseCountedLoopSafepoints", "false", "-XX:+UseCountedLoopSafepoints"},
	{"LoopStripMiningIter", "0", "-XX:LoopStripMiningIter=1000 (the default of G1)"},
}

func (v *gcView) safepointAdvice(f *analyze.Finding) []analyze.Advice {
	find := analyze.Advice{
		Action: "Have the JVM name the thread that is late.", Setting: "-XX:+SafepointTimeout -XX:SafepointTimeoutDelay=500", From: "off", To: "-XX:+SafepointTimeout -XX:SafepointTimeoutDelay=500",
		Effect: "Each late thread is printed; its loop is then found by a profile (casefile profile).", Risk: "A few lines of output.", Rollback: "Take the options away.",
		Verify: "After the fix times to safepoint are below 10 ms.",
	}
	for _, l := range loopFlags {
		if v.jvm.Flags[l.name].Value != l.bad || !chosen(v.jvm, l.name) {
			continue
		}
		e, _ := citeFlag(v.jvm, l.name)
		f.Evidence = append(f.Evidence, e)
		return []analyze.Advice{{
			Action: "Give counted loops their polls back: somebody switched them off.", Setting: "-XX:" + l.name, From: l.bad, To: l.to,
			Effect: "A loop is interrupted after a thousand turns.", Risk: "Tight loops may lose a per cent.", Rollback: "The old option.", Verify: "Times to safepoint are below 10 ms in the next log.",
		}, find}
	}
	if v.log.Collector == "Parallel" || v.log.Collector == "Serial" || majorOf(v.jvm.Version) == 8 {
		return []analyze.Advice{find, {
			Alternative: true,
			Action:      "Where the loop cannot be changed, let the compiler put polls into counted loops; with G1 and ZGC it does so by itself from JDK 10 on.", Setting: "-XX:+UseCountedLoopSafepoints", From: "off", To: "-XX:+UseCountedLoopSafepoints",
			Effect: "No loop without a poll.", Risk: "Tight loops may lose a few per cent.", Rollback: "Take the option away.", Verify: "As above.",
		}}
	}
	return []analyze.Advice{find}
}
