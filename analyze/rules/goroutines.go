package rules

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/threads"
)

// judgeMutexes finds mutexes of a Go service by the function that wants them: goroutine dumps name no holder.
func judgeMutexes(v *view) []analyze.Finding {
	bySite := map[string][]sighting{}
	var order []string
	for _, s := range v.sightings(func(t *threads.Thread, w threads.Wait) bool { return w.Kind == threads.WaitLock && w.Site != nil }) {
		at := v.series.Wait(s.thread).Site.Func
		if bySite[at] == nil {
			order = append(order, at)
		}
		bySite[at] = append(bySite[at], s)
	}
	var out []analyze.Finding
	for _, at := range order {
		list := bySite[at]
		if v.atLeast(list, contentionWaiters.Value) < contentionDumps.Value {
			continue
		}
		worst, sum := 0, 0
		for _, n := range v.perDump(list) {
			worst, sum = max(worst, n), sum+n
		}
		alike := v.crews[v.crew(list[0].thread)]
		size := 0
		for _, n := range alike {
			size += n
		}
		share := min(float64(sum)/float64(max(size, 1)), 1)
		if share < contentionShare.Value {
			continue
		}
		p := problem{account: account{sightings: list}}
		p.Severity, p.Confidence, p.Weight = analyze.Warning, analyze.Medium, share/2
		p.Title = fmt.Sprintf("%s wait for a mutex in %s", count(worst, "goroutine"), short(at))
		p.Impact = fmt.Sprintf("on average %.1f goroutines blocked, %s of their kind", float64(sum)/float64(v.dumps()), percent(share))
		p.Explanation = "Only one goroutine at a time gets past a mutex. The dumps do not name the holder: it is a goroutine in the same code that does not wait for the mutex."
		p.Evidence = v.citeAll(list, maxEvidence)
		p.Advice = []analyze.Advice{{
			Action: "Move slow work out of what " + short(at) + " does under the mutex, or divide the mutex by key.",
			Effect: "Goroutines wait for moments only.",
			Risk:   "A change of code: run its tests with the race detector.",
			Verify: "The mutex profile no longer names " + short(at) + " first.",
		}}
		p.References = []string{"Go documentation: Diagnostics, mutex and block profiles"}
		out = append(out, p.finding())
	}
	return out
}
