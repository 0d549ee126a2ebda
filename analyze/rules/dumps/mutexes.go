package dumps

import (
	"cmp"
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// mutex is a mutex of a Go service: by its address, or that of the program's object it lies in, where the dumps have one, else by the function
// that wants it. Dumps of goroutines name no holder.
type mutex struct {
	object    uint64
	site      string
	sightings []views.Sighting
	sites     []string // functions that want it, those with most waiters first
}

// mutexes are those that goroutines of the service wait for, without those that a deadlock holds.
func (v *view) mutexes(dead map[*threads.Thread]bool) (all []*mutex) {
	type key struct {
		object uint64
		site   string
	}
	of := map[key]*mutex{}
	for _, s := range v.Sightings(func(t *threads.Thread, w threads.Wait) bool {
		return w.Kind == threads.WaitLock && w.Site != nil && !dead[t]
	}) {
		k := key{object: s.Thread.Object}
		if k.object == 0 {
			k.site = v.Series.Wait(s.Thread).Site.Func
		}
		if of[k] == nil {
			of[k] = &mutex{object: k.object, site: k.site}
			all = append(all, of[k])
		}
		of[k].sightings = append(of[k].sightings, s)
	}
	all = v.oneOfAKind(all)
	for _, m := range all {
		m.findSites(v)
	}
	return all
}

// oneOfAKind joins mutexes that few wait for and that are wanted by one function: each is of an object of its own, and the function is what
// they have in common.
func (v *view) oneOfAKind(all []*mutex) (out []*mutex) {
	bySite := map[string]*mutex{}
	for _, m := range all {
		if v.AtLeast(m.sightings, contentionWaiters.Value) >= contentionDumps.Value {
			out = append(out, m)
			continue
		}
		at := v.Series.Wait(m.sightings[0].Thread).Site.Func
		if j := bySite[at]; j != nil {
			j.object, j.sightings = 0, append(j.sightings, m.sightings...)
			continue
		}
		bySite[at] = m
		out = append(out, m)
	}
	return out
}

func (m *mutex) findSites(v *view) {
	counts := map[string]int{}
	for _, s := range m.sightings {
		at := v.Series.Wait(s.Thread).Site.Func
		if counts[at] == 0 {
			m.sites = append(m.sites, at)
		}
		counts[at] += s.Count()
	}
	slices.SortStableFunc(m.sites, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
}

// where names the functions that want it, three at most.
func (m *mutex) where() string {
	var names []string
	for _, at := range m.sites[:min(3, len(m.sites))] {
		names = append(names, say.Short(at))
	}
	return say.List(names)
}

// wants counts the goroutines that want to read and to write, under a RWMutex.
func (m *mutex) wants() (read, write int) {
	for _, s := range m.sightings {
		switch s.Thread.StateText {
		case "sync.RWMutex.RLock":
			read++
		case "sync.RWMutex.Lock":
			write++
		}
	}
	return read, write
}

// judgeMutexes finds mutexes of a Go service for which many wait.
func judgeMutexes(pass *analyze.Pass, v *view) (out []analyze.Finding) {
	a := v.lossAccount(pass)
	for _, m := range v.mutexes(explained(v.found(pass, forEver...)...)) {
		if v.AtLeast(m.sightings, contentionWaiters.Value) < contentionDumps.Value {
			continue
		}
		worst, sum := 0, 0
		for _, n := range v.PerDump(m.sightings) {
			worst, sum = max(worst, n), sum+n
		}
		size := 0
		for _, n := range v.Crews[v.Crew(m.sightings[0].Thread)] {
			size += n
		}
		share := min(float64(sum)/float64(max(size, 1)), 1)
		if share < contentionShare.Value {
			continue
		}
		out = append(out, v.mutexProblem(a, m, worst, sum, share))
	}
	return out
}

func (v *view) mutexProblem(a *loss.Account, m *mutex, worst, sum int, share float64) analyze.Finding {
	p := problem{account: account{sightings: m.sightings}}
	p.Severity, p.Confidence, p.Weight = analyze.Warning, analyze.Medium, share/2
	at := m.where()
	what := "a mutex"
	read, write := m.wants()
	if read+write > 0 {
		what = "a RWMutex"
	}
	p.Say("%s wait for %s in %s", say.Counted("waiters", worst, "goroutine"), what, at)
	p.Impact = fmt.Sprintf(
		"on average %s goroutines blocked, %s of their kind", say.Number(float64(sum)/float64(v.Dumps())), say.Percent(share),
	)
	if lost := v.LossOf(m.sightings); lost.Requests {
		p.Severity, p.Weight = lost.Severity(contentionCritical.Value), lost.Weight()
		p.Impact = fmt.Sprintf("%s: on average %s goroutines blocked", lost.Impact(), say.Number(float64(sum)/float64(v.Dumps())))
	}
	p.Explanation = "Only one goroutine at a time gets past a mutex. The dumps do not name the holder: it is " +
		"a goroutine in the same code that does not wait for the mutex."
	fix := "Move slow work out of what " + at + " does under the mutex, or divide the mutex by key."
	if read+write > 0 {
		p.Explanation = "Readers share a RWMutex, a writer has it alone. The dumps do not name the holder: it is a goroutine in the same code that " +
			"does not wait for it."
	}
	if at := a.PlaceOf(v.Peak(m.sightings)[0].Thread); at != nil {
		if r := (&place{Place: at, v: v}).relate(a.Holders(at), "may hold it", "may hold it"); r.any {
			p.Add("%s", r.title)
			p.Explanation += " Those in the same code that do not wait for it " + asPlural(r.holds) + "."
		}
	}
	if read > 0 && write > 0 {
		p.Add("; a writer waits too, and keeps new readers out")
		p.Explanation += " Once a writer waits, no new reader gets in: those that read for long keep it waiting, and with it all others."
		fix = "Shorten the time for which " + at + " reads under the RWMutex: copy what is needed and let it go, or keep the data in an atomic " +
			"pointer that the writer replaces."
	}
	p.Evidence = v.CiteAll(m.sightings, cite.Most)
	p.Advice = []analyze.Advice{{
		Action: fix,
		Effect: "Goroutines wait for moments only.",
		Risk:   "A change of code: run its tests with the race detector.",
		Verify: "The mutex profile no longer names " + say.Short(m.sites[0]) + " first.",
	}}
	p.References = []string{"Go documentation: Diagnostics, mutex and block profiles"}
	return p.finding()
}
