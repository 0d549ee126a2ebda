package dumps

import (
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
)

var selfStarvation = &analyze.Rule{
	Lasts: true,
	ID:    ids.SelfStarvation,
	Doc: "All threads of a pool stand in tasks that wait for other tasks of the same pool, which no thread is " +
		"left to run.",
	Needs:  needsDumps(2),
	Fix:    "Let tasks not wait for tasks of their own pool: give the inner ones a pool of their own.",
	After:  []string{ids.Deadlock, ids.HiddenDeadlock},
	Limits: []analyze.Threshold{standSpan},
	Run:    analyze.Each(dumped(2), judgeSelfStarvation),
}

// judgeSelfStarvation looks for pools whose threads wait for tasks of the same pool.
func judgeSelfStarvation(pass *analyze.Pass, v *view) (out []analyze.Finding) {
	if v.JVM == nil || v.Series.Duration() < standSpan.Value {
		return nil
	}
	dead := explained(v.found(pass, ids.Deadlock, ids.HiddenDeadlock)...)
	a := v.lossAccount(pass)
	for _, s := range a.StarvedPools() {
		if dead[s.Crew.Threads[0].Obs[v.Dumps()-1]] {
			continue
		}
		p := v.starvedProblem(a, &s)
		out = append(out, p.finding())
	}
	return out
}

func (v *view) starvedProblem(a *loss.Account, s *loss.Starved) *problem {
	p := &problem{account: account{sightings: slices.Clone(s.Sightings)}}
	w := v.weigh(a, s.Place)
	lost := v.LossOf(p.sightings)
	p.Severity, p.Weight, p.Confidence = analyze.Critical, 0.5+lost.Weight()/2, analyze.High
	size := len(s.Crew.Threads)
	who := say.Text("All %s %s threads wait", say.Amount("pool_size", size, "threads"), s.Crew.Name)
	if size == 1 {
		who = say.Text("The only thread of its pool, %s, waits", views.NameOf(s.Crew.Threads[0].Name))
	}
	p.Say("%s for tasks that only their own pool could run, %s, in %s", who, w.where(), w.inDumps())
	if victims := len(v.Peak(p.sightings)) - size; victims > 0 {
		p.Add("; %s for them", plural(victims, "thread waits", "threads wait"))
	}
	p.About = w.about()
	p.Impact = say.Count(len(v.Peak(p.sightings)), "thread") + " blocked for ever"
	if lost.Requests {
		p.Impact += ", " + lost.Impact()
	}
	p.Explanation = "Each thread of the pool runs a task that has given another task to a pool and waits for its " +
		"result. No thread of the pool is free, and no other pool is at work: the tasks that they wait for stand " +
		"in the pool's own queue, and nothing will ever run them."
	p.Evidence = v.CiteAll(p.sightings, cite.Most)
	p.Advice = []analyze.Advice{{
		Action: "Give the inner tasks that " + w.at() + " waits for a pool of their own, or run them in the same " +
			"thread, or compose futures (thenCompose) instead of waiting.",
		Effect: "A task that waits no longer takes the thread that its own work needs.",
		Risk:   codeChange,
		Verify: "Threads of " + s.Crew.Name + " are seen at work or idle.",
	}, {
		Action: "Restart the process now: nothing else frees the threads. A larger pool only puts it off.",
		Effect: "New work is done until as many such tasks meet again.",
		Risk:   "Requests fail during the restart.",
		Verify: "A new collect shows free threads in " + s.Crew.Name + ".",
	}}
	p.References = []string{"Java Concurrency in Practice, 8.1.1: Thread starvation deadlock"}
	return p
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
