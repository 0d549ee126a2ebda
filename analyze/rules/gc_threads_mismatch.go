package rules

import (
	"fmt"
	"math"

	"casefile/analyze"
	"casefile/analyze/ids"
)

var gcThreadsMismatch = &analyze.Rule{
	ID:    ids.GCThreadsMismatch,
	Doc:   "The number of GC threads does not fit the CPUs that the JVM may use.",
	Needs: "a GC log, the JVM's flags and its CPU limit: casefile collect",
	After: []string{ids.GCOverhead},
	Run:   analyze.Each(collections, judgeGCThreads),
}

func judgeGCThreads(pass *analyze.Pass, v *gcView) []analyze.Finding {
	workers, ok := flagInt(v.jvm, "ParallelGCThreads")
	at, _ := citeFlag(v.jvm, "ParallelGCThreads")
	if !ok && v.log.Settings.ParallelWorkers > 0 {
		workers, ok, at = int64(v.log.Settings.ParallelWorkers), true, analyze.Evidence{Entry: v.log.Source, Text: fmt.Sprintf("%d parallel workers", v.log.Settings.ParallelWorkers)}
	}
	cpus, share := v.cpus(), v.share()
	if !ok || v.host == nil || cpus <= 0 || workers <= 0 || v.log.Collector == "Serial" {
		return nil
	}
	few := workers == 1 && cpus >= 4 && chosen(v.jvm, "ParallelGCThreads")
	many := float64(workers) > 2*math.Ceil(cpus) && workers > 4
	if !few && !many || share < v.mark(gcOverheadWarn.Value/2) || few && len(pass.Found(ids.GCOverhead, v.About())) > 0 {
		return nil
	}
	f := analyze.Finding{Severity: analyze.Warning, Confidence: v.sure(), Weight: share}
	f.Title = fmt.Sprintf("%s for the %.3g CPUs that the JVM may use; collections take %s of the time", count(int(workers), "GC thread"), cpus, percent(share))
	f.Impact = fmt.Sprintf("%s of the time %s goes to collections", percent(share), v.over())
	f.Explanation = "One thread does alone what all CPUs could do together while the application stands still."
	if many {
		f.Explanation = "More threads than CPUs wait for each other in a collection, and use up a container's CPU quota in a moment. An old JVM, or an option, took the CPUs of the machine for its own."
	}
	f.Evidence = known(at)
	if g := v.host.CgroupOf(v.jvm.PID); g != nil && g.EffectiveCPUs.Known() {
		f.Evidence = append(f.Evidence, citeRef(g.EffectiveCPUs.Ref, fmt.Sprintf("%.3g CPUs", cpus)))
	} else {
		f.Evidence = append(f.Evidence, known(citeRef(v.host.CPU.Count.Ref, fmt.Sprintf("%.0f CPUs", cpus)))...)
	}
	f.Advice = []analyze.Advice{{Action: "Fit the threads to the CPUs.", Setting: "-XX:ParallelGCThreads", From: fmt.Sprint(workers), To: fmt.Sprintf("%.0f, or not set on a JVM that knows its container (8u191, 10 and later)", math.Max(1, math.Ceil(cpus))),
		Effect: "Shorter pauses.", Risk: "None.", Rollback: "The old value.", Verify: "User and system time of a collection are near its real time times the CPUs."}}
	return []analyze.Finding{f}
}
