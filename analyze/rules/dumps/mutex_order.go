package dumps

import (
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// judgeMutexOrder finds mutexes of a Go service that are taken in different order. Goroutine dumps name no holder; but one that waits for
// a mutex behind the line of a function at which others wait for another one most likely has that other one. Where such waits close a circle,
// and all stand still, each waits for the next for ever.
func (v *view) judgeMutexOrder() (out []analyze.Finding) {
	if d := v.Series.Duration(); v.Dumps() < 2 || d > 0 && d < standSpan.Value {
		return nil
	}
	var all []*mutex
	for _, m := range v.mutexes(nil) {
		if slices.ContainsFunc(m.sightings, func(s views.Sighting) bool { return v.standsThere(s.Thread) }) {
			all = append(all, m)
		}
	}
	has := map[*mutex]map[*mutex]*threads.Thread{} // who has one and waits for another
	for _, m := range all {
		has[m] = map[*mutex]*threads.Thread{}
		for _, other := range all {
			if t := v.pastTo(m, other); m != other && t != nil {
				has[m][other] = t
			}
		}
	}
	told := map[*mutex]bool{}
	for _, m := range all {
		if circle := circleOf(all, m, m, has, map[*mutex]bool{}); len(circle) > 1 && !slices.ContainsFunc(circle, func(m *mutex) bool { return told[m] }) {
			for _, m := range circle {
				told[m] = true
			}
			out = append(out, v.orderProblem(circle, has))
		}
	}
	return out
}

// standsThere reports whether a goroutine of the last dump has stood on its stack over all.
func (v *view) standsThere(t *threads.Thread) bool {
	tr := v.Series.TrackOf(t)
	same, _ := v.Series.Stood(tr, 0, v.Dumps()-1)
	return same && tr.Obs[v.Dumps()-1] == t
}

// pastTo is a goroutine that stands at one mutex and is past the line at which others stand at another one; nil: none is.
func (v *view) pastTo(had, wanted *mutex) *threads.Thread {
	for _, s := range wanted.sightings {
		if !v.standsThere(s.Thread) {
			continue
		}
		for _, before := range had.sightings {
			if v.standsThere(before.Thread) && isPast(s.Thread.Stack.Frames, before.Thread.Stack.Frames) {
				return s.Thread
			}
		}
	}
	return nil
}

// isPast reports whether a stack came by the same calls to a later line of the function that calls Lock in another one.
func isPast(frames, before []*threads.Frame) bool {
	caller := len(before) - len(threads.WithinGo(before))
	for i, k := len(frames)-1, len(before)-1; i >= 0 && k >= caller; i, k = i-1, k-1 {
		a, b := frames[i], before[k]
		if a.Func != b.Func {
			return false
		}
		if a.Line != b.Line {
			return k == caller && a.Line > b.Line
		}
	}
	return false
}

// circleOf is the first way from one mutex by those that have it to itself; nil: there is none.
func circleOf(all []*mutex, from, at *mutex, has map[*mutex]map[*mutex]*threads.Thread, seen map[*mutex]bool) []*mutex {
	seen[at] = true
	if has[at][from] != nil && at != from {
		return []*mutex{at}
	}
	for _, next := range all {
		if has[at][next] != nil && !seen[next] {
			if rest := circleOf(all, from, next, has, seen); rest != nil {
				return append([]*mutex{at}, rest...)
			}
		}
	}
	return nil
}

func (v *view) orderProblem(circle []*mutex, has map[*mutex]map[*mutex]*threads.Thread) analyze.Finding {
	p := &problem{}
	p.Severity, p.Confidence = analyze.Critical, analyze.Medium
	last := v.Dumps() - 1
	for i, m := range circle {
		p.sightings = append(p.sightings, m.sightings...)
		next := circle[(i+1)%len(circle)]
		t := has[m][next]
		at := say.Short(v.Series.Wait(t).Site.Func)
		if !slices.Contains(p.About, at) {
			p.About = append(p.About, at)
		}
		p.Evidence = append(p.Evidence, v.Cite(last, t, fmt.Sprintf("is past the line at which others wait for one mutex, and waits for the next in %s", at)))
	}
	lost := v.LossOf(p.sightings)
	p.Weight = 0.5 + lost.Weight()/2
	n := len(v.Peak(p.sightings))
	p.Say("Deadlock of %s: %s mutexes are taken in different order in %s", say.Counted("waiters", n, "goroutine"),
		say.Amount("mutexes", len(circle), "mutexes"), say.List(p.About))
	p.Impact = say.Count(n, "goroutine") + " blocked for ever"
	if lost.Requests {
		p.Impact += ", " + lost.Impact()
	}
	p.Explanation = "Goroutine dumps do not name the holder of a mutex. But each of these waits behind the line of the function at which others wait " +
		"for another one, and none has moved in any dump: each has what the next one wants, and Go reports that only when all goroutines stand."
	p.Evidence = append(p.Evidence, v.CiteAll(p.sightings, max(0, cite.Most-len(p.Evidence)))...)
	p.Advice = []analyze.Advice{
		{Action: "Restart the service once this bundle is kept: nothing else frees the goroutines.", Effect: "New requests are served again.",
			Risk: "It comes back as soon as the same ways of the program meet again.", Verify: "A new collect shows no goroutine there."},
		{Action: "Have the owner of the code take these mutexes in one order everywhere (" + say.List(p.About) + "), or one after the other, or put what " +
			"they guard under one.", Effect: "No circle can form.", Risk: codeChange, Verify: "A load test of all these ways ends."},
	}
	p.References = []string{"Go documentation: Diagnostics, mutex and block profiles"}
	return p.finding()
}
