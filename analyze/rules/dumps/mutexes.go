package dumps

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// judgeMutexes finds mutexes of a Go service by the function that wants them: goroutine dumps name no holder.
func judgeMutexes(v *view) []analyze.Finding {
	bySite := map[string][]views.Sighting{}
	var order []string
	for _, s := range v.Sightings(func(t *threads.Thread, w threads.Wait) bool { return w.Kind == threads.WaitLock && w.Site != nil }) {
		at := v.Series.Wait(s.Thread).Site.Func
		if bySite[at] == nil {
			order = append(order, at)
		}
		bySite[at] = append(bySite[at], s)
	}
	var out []analyze.Finding
	for _, at := range order {
		list := bySite[at]
		if v.AtLeast(list, contentionWaiters.Value) < contentionDumps.Value {
			continue
		}
		worst, sum := 0, 0
		for _, n := range v.PerDump(list) {
			worst, sum = max(worst, n), sum+n
		}
		alike := v.Crews[v.Crew(list[0].Thread)]
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
		p.Say("%s wait for a mutex in %s", say.Counted("waiters", worst, "goroutine"), say.Short(at))
		p.Impact = fmt.Sprintf(
			"on average %s goroutines blocked, %s of their kind", say.Number(float64(sum)/float64(v.Dumps())), say.Percent(share),
		)
		p.Explanation = "Only one goroutine at a time gets past a mutex. The dumps do not name the holder: it is " +
			"a goroutine in the same code that does not wait for the mutex."
		p.Evidence = v.CiteAll(list, cite.Most)
		p.Advice = []analyze.Advice{{
			Action: "Move slow work out of what " + say.Short(at) + " does under the mutex, or divide the mutex " +
				"by key.",
			Effect: "Goroutines wait for moments only.",
			Risk:   "A change of code: run its tests with the race detector.",
			Verify: "The mutex profile no longer names " + say.Short(at) + " first.",
		}}
		p.References = []string{"Go documentation: Diagnostics, mutex and block profiles"}
		out = append(out, p.finding())
	}
	return out
}
