package dumps

import (
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var hiddenDeadlock = &analyze.Rule{
	Lasts: true,
	ID:    ids.HiddenDeadlock,
	Doc: "Threads wait for each other for ever in a way that the JVM does not see: one keeps a lock and waits for " +
		"what another is to give, " +
		"which wants the lock; or classes need each other in their initialisers; or goroutines take two mutexes in different order.",
	Needs:  needsDumps(2),
	Fix:    "Restart the process; then do not wait for another thread while a lock is held that it wants.",
	After:  []string{ids.Deadlock},
	Limits: []analyze.Threshold{standSpan},
	Run:    analyze.Each(dumped(2), judgeHiddenDeadlock),
}

// judgeHiddenDeadlock looks for cycles of waits that the JVM itself cannot see.
func judgeHiddenDeadlock(pass *analyze.Pass, v *view) (out []analyze.Finding) {
	if v.JVM == nil {
		return v.judgeMutexOrder()
	}
	if v.Series.Duration() < standSpan.Value {
		return nil
	}
	a := v.lossAccount(pass)
	for _, c := range a.Cycles() {
		if calls(c.Owner.Obs[v.Dumps()-1], runsHooks) { // shutdown-hangs tells that
			continue
		}
		p := v.cycleProblem(&c)
		out = append(out, p.finding())
	}
	if k := a.InitKnot(); k != nil {
		p := v.knotProblem(k)
		out = append(out, p.finding())
	}
	return out
}

// cycleProblem: a monitor and a wait.
func (v *view) cycleProblem(c *loss.Cycle) *problem {
	p := &problem{account: account{sightings: slices.Clone(c.Sightings)}}
	last := v.Dumps() - 1
	owner, giver := c.Owner.Obs[last], c.Giver.Obs[last]
	p.Severity, p.Confidence = analyze.Critical, analyze.High
	if !c.Sure {
		p.Confidence = analyze.Medium
	}
	lost := v.LossOf(p.sightings)
	p.Weight = 0.5 + lost.Weight()/2
	lock := say.ShortClass(c.Lock.Class)
	wait := v.Series.Wait(owner)
	all := len(v.Peak(p.sightings))
	p.Say("Deadlock of 2 threads that the JVM does not see: %s keeps %s and %s in %s; %s, which is to end that wait, "+
		"waits for %s in %s", views.NameOf(c.Owner.Name), lock, say.Brief(wait.Text),
		v.programCall(owner.Stack, views.WhereIs(owner, wait)), views.NameOf(c.Giver.Name), lock,
		v.programCall(giver.Stack, blockedIn(giver)))
	if all > 2 {
		p.Add("; %s behind them", say.Counted("behind", all-2, "more thread"))
	}
	p.Impact = say.Count(all, "thread") + " blocked for ever"
	if lost.Requests {
		p.Impact += ", " + lost.Impact()
	}
	p.Explanation = fmt.Sprintf("Neither can go on before the other does, and both stood there in all %d dumps, "+
		"%s, without CPU. The JVM reports only circles of locks; here one side is a wait for a result, a queue or "+
		"a signal.",
		v.Dumps(), say.Seconds(v.Series.Duration()))
	if !c.Sure {
		p.Explanation += " That " + say.Quote(c.Giver.Name) + " is the one to end the wait follows from this: no " +
			"other thread is at work that could."
	}
	restart := "Restart the process once this bundle is kept: nothing else frees the threads."
	cure := fmt.Sprintf("Have the owner of the code not wait while it holds %s: let the lock go before it waits, "+
		"or wait with a time limit.", lock)
	if libs.Within(owner.Stack.Frames, libs.LogLibraries) {
		restart = "Restart the process once this bundle is kept: logging stands, and with it all that logs."
		cure = fmt.Sprintf("Remove or change the appender that itself logs while it writes (%s): what it needs "+
			"the lock of logging for must be turned off for it.", v.programCall(giver.Stack, blockedIn(giver)))
	}
	p.Advice = []analyze.Advice{
		{Action: restart, Effect: "The blocked requests fail, new ones are served again.", Risk: "It comes back as " +
			"soon as the same two paths of the program meet " +
			"again.", Verify: "A new collect shows neither thread there."},
		{Action: cure, Effect: "No circle can form.", Risk: codeChange, Verify: "A load test of both paths ends."},
	}
	p.About = []string{lock}
	p.Evidence = []analyze.Evidence{v.Cite(last, owner, "keeps "+lock+" and "+v.Doing(owner)), v.Cite(last, giver, "waits for "+lock+" in "+blockedIn(giver))}
	if first := c.Owner.Obs[0]; first != nil {
		p.Evidence = append(p.Evidence, v.Cite(0, first, "stood there in the first "+
			"dump, "+say.Seconds(v.Series.Duration())+" earlier"))
	}
	p.References = deadlockReferences
	return p
}

// knotProblem: static initialisers that need each other.
func (v *view) knotProblem(k *loss.Knot) *problem {
	p := &problem{account: account{sightings: slices.Clone(k.Sightings)}}
	last := v.Dumps() - 1
	p.Severity, p.Confidence = analyze.Critical, analyze.High
	lost := v.LossOf(p.sightings)
	p.Weight = 0.5 + lost.Weight()/2
	var classes []string
	var who []say.Phrase
	for i, tr := range k.Inside {
		classes = append(classes, say.ShortClass(k.Classes[i]))
		if i < 4 {
			who = append(who, say.Text("%s initialises %s", views.NameOf(tr.Name), say.ShortClass(k.Classes[i])))
		}
		p.Evidence = append(p.Evidence, v.Cite(last, tr.Obs[last], "is in the initialiser "+
			"of "+say.ShortClass(k.Classes[i])+" and waits for another class's"))
	}
	p.Evidence = p.Evidence[:min(len(p.Evidence), cite.Most)]
	slices.Sort(classes)
	classes = slices.Compact(classes)
	p.About = classes
	p.Say("%s wait for classes that wait for each other in their initialisers: %s",
		v.Crowd(v.Peak(p.sightings)).Capital(), say.Enumerate(who))
	p.Impact = say.Count(len(v.Peak(p.sightings)), "thread") + " blocked for ever"
	p.Explanation = "A class is initialised once, by one thread. Each of these threads has begun one and needs " +
		"another one's; the JVM does not report that circle, and does not resolve it. All that use one of these " +
		"classes join them."
	p.Advice = []analyze.Advice{
		{Action: "Restart the process once this bundle is kept: nothing else frees the " +
			"threads.", Effect: "The classes are initialised anew, mostly by one thread.",
			Risk: "It comes back when two threads come first to both classes again.", Verify: "A new collect " +
				"shows no thread there."},
		{Action: "Have the owner of the code break the circle between the static initialisers " +
			"of " + say.List(classes) + ", or touch one of the classes at start, before requests come.",
			Effect: "No circle can form.", Risk: codeChange, Verify: "The start under load ends."},
	}
	p.References = []string{"Java Language Specification 12.4.2: Detailed Initialization Procedure"}
	return p
}

// stood reports whether a track stands on one stack over the whole series.
func (v *view) stoodAll(tr *threads.Track) bool {
	same, _ := v.Series.Stood(tr, 0, v.Dumps()-1)
	return same
}
