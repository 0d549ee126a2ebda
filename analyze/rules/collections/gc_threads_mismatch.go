package collections

import (
	"fmt"
	"math"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
)

var gcThreadsMismatch = &analyze.Rule{
	ID:     ids.GCThreadsMismatch,
	Doc:    "The number of GC threads does not fit the CPUs that the JVM may use.",
	Needs:  "a GC log, the JVM's flags and its CPU limit: casefile collect",
	Fix:    "Fit the number of GC threads to the CPUs.",
	After:  []string{ids.GCOverhead},
	Limits: limits(views.GCOverheadWarn),
	Run:    each(collections, judgeGCThreads),
}

// judgeGCThreads compares the number of GC threads with the CPUs that the JVM may use.
func judgeGCThreads(pass *analyze.Pass, v *gcView) []analyze.Finding {
	workers, ok := v.JVM.Int("ParallelGCThreads")
	at, _ := cite.Flag(v.JVM, "ParallelGCThreads")
	if !ok && v.Log.Settings.ParallelWorkers > 0 {
		workers, ok, at = int64(v.Log.Settings.ParallelWorkers), true, analyze.Evidence{
			Entry: v.Log.Source,
			Text:  fmt.Sprintf("%d parallel workers", v.Log.Settings.ParallelWorkers),
		}
	}
	cpus, share := v.cpus(), v.Share()
	if !ok || v.Host == nil || cpus <= 0 || workers <= 0 || v.Log.Collector == gc.Serial {
		return nil
	}
	few := workers == 1 && cpus >= 4 && vm.Chosen(v.JVM, "ParallelGCThreads")
	many := float64(workers) > 2*math.Ceil(cpus) && workers > 4
	if !few && !many || share < v.Mark(views.GCOverheadWarn.Value/2) ||
		few && len(pass.Found(ids.GCOverhead, v.About())) > 0 {
		return nil
	}
	f := analyze.Finding{Severity: analyze.Warning, Confidence: v.Sure(), Weight: share}
	f.Say("%s for the %s CPUs that the JVM may use; collections take %s of the time",
		say.Counted("gc_threads", int(workers), "GC thread"), say.Amount("cpus", cpus, "CPUs"), say.Share("time_share", share))
	f.Impact = fmt.Sprintf("%s of the time %s goes to collections", say.Percent(share), v.Over())
	f.Explanation = "One thread does alone what all CPUs could do together while the application stands still."
	if many {
		f.Explanation = "More threads than CPUs wait for each other in a collection, and use up a container's CPU " +
			"quota in a moment. An old JVM, or an option, took the CPUs of the machine for its own."
	}
	f.Evidence = cite.Known(at)
	if g := v.Host.CgroupOf(v.JVM.PID); g != nil && g.EffectiveCPUs.Known() {
		f.Evidence = append(f.Evidence, cite.Ref(g.EffectiveCPUs.Ref, fmt.Sprintf("%s CPUs", say.Number(cpus))))
	} else {
		f.Evidence = append(f.Evidence, cite.Known(cite.Ref(v.Host.CPU.Count.Ref, fmt.Sprintf("%s CPUs", say.Number(cpus))))...)
	}
	f.Advice = []analyze.Advice{
		{
			Action:  "Fit the threads to the CPUs.",
			Setting: "-XX:ParallelGCThreads",
			From:    fmt.Sprint(workers),
			To: fmt.Sprintf(
				"%.0f, or not set on a JVM that knows its container (8u191, 10 and later)",
				math.Max(1, math.Ceil(cpus)),
			),
			Effect:   "Shorter pauses.",
			Risk:     "None.",
			Rollback: "The old value.",
			Verify: "User and system time of a " +
				"collection are near its real time times the CPUs.",
		},
	}
	return []analyze.Finding{f}
}
