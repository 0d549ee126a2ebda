package dumps

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var eventLoopBlocked = &analyze.Rule{
	ID: ids.EventLoopBlocked,
	Doc: "A thread that serves many in turn - an event loop, a timer, a scheduler of one thread - stands in " +
		"one task over all dumps; or one thread alone serves all connections and is never free, while others wait at the port.",
	Needs:  needsDumps(2),
	Fix:    "Take blocking work off the thread that serves many.",
	After:  loopCauses,
	Limits: []analyze.Threshold{standSpan, unservedLeast, soleThread, soleBusy},
	Run:    analyze.Each(dumped(2), judgeEventLoop),
}

// loopCauses are findings that may explain the same thread.
var loopCauses = append([]string{ids.ObjectPoolExhausted, ids.QueueFull, ids.ClusterCall, ids.HotThread}, poolWaits...)

// judgeEventLoop looks at the threads that serve many connections each.
func judgeEventLoop(pass *analyze.Pass, v *view) (out []analyze.Finding) {
	if v.JVM == nil || v.Series.Duration() < standSpan.Value {
		return nil
	}
	known := explained(v.found(pass, loopCauses...)...)
	a := v.lossAccount(pass)
	last := v.Dumps() - 1
	at := map[*loss.Place]*blockedLoops{}
	var order []*blockedLoops
	for _, tr := range v.Series.Threads() {
		t := tr.Obs[last]
		if t == nil || known[t] {
			continue
		}
		what := threads.Loop(t.Stack.Frames)
		p := a.PlaceOf(t)
		if what == "" || p == nil || !loopStands(what, p.Kind) || what == "scheduler" && v.Series.CrewOf(t).MaxSize() > 1 {
			continue
		}
		stood := v.stoodAll(tr)
		if !stood && (what != "event loop" || !v.comesBack(a, tr, p)) {
			continue
		}
		if at[p] == nil {
			at[p] = &blockedLoops{what: what, place: v.weigh(a, p), moves: !stood}
			order = append(order, at[p])
		}
		at[p].threads = append(at[p].threads, tr)
	}
	for _, l := range order {
		if l.what != "event loop" {
			l.waiting = v.waitFor(a, l, known)
		}
		found := v.loopProblem(l)
		out = append(out, found.finding())
	}
	if len(out) == 0 {
		if s := v.judgeSoleServer(explained(v.found(pass, poolWaits...)...)); s != nil {
			found := v.soleProblem(s)
			out = append(out, found.finding())
		}
	}
	return out
}

// blockedLoops are loops that stand in one place.
type blockedLoops struct {
	what    string
	place   *place
	threads []*threads.Track
	moves   bool             // they stand there in every dump, with other work each time
	waiting []views.Sighting // threads that wait for tasks of the same class
}

// comesBack reports whether every one of three or more dumps finds the thread in one place that keeps it, whatever it did in between: a loop
// with time for others is found in its selector.
func (v *view) comesBack(a *loss.Account, tr *threads.Track, p *loss.Place) bool {
	const enough = 3
	for _, t := range tr.Obs {
		if t == nil || a.PlaceOf(t) != p {
			return false
		}
	}
	return v.Dumps() >= enough
}

// waitFor are the threads that wait for results or latches in a class whose task the loop stands in: their own tasks stand in its queue.
func (v *view) waitFor(a *loss.Account, l *blockedLoops, known map[*threads.Thread]bool) (list []views.Sighting) {
	classes := map[string]bool{}
	for _, f := range threads.Calls(l.threads[0].Obs[v.Dumps()-1].Stack.Frames) {
		classes[threads.OuterClass(f.Func)] = true
	}
	for _, p := range a.Places() {
		path := p.Path()
		if p.Kind != loss.Future && p.Kind != loss.Others || len(path) == 0 || !classes[threads.OuterClass(path[0].Func)] {
			continue
		}
		for _, s := range p.Sightings {
			if !known[s.Thread] {
				list = append(list, s)
			}
		}
	}
	return list
}

// loopStands: jobs of timers may sleep and wait for work by design; an event loop may not.
func loopStands(what string, kind loss.Kind) bool {
	switch kind {
	case loss.Sleep, loss.Queue, loss.Condition, loss.Process, loss.Disk:
		return what == "event loop"
	}
	return true
}

func (v *view) loopProblem(l *blockedLoops) *problem {
	p := &problem{}
	for i := range v.Dumps() {
		for _, tr := range l.threads {
			p.sightings = append(p.sightings, views.Sighting{Dump: i, Thread: tr.Obs[i]})
		}
	}
	lost := v.LossOf(p.sightings)
	p.Severity, p.Confidence, p.Weight = analyze.Warning, analyze.High, max(0.4, lost.Weight())
	who, does := say.Text("The %s %s stands", l.what, views.NameOf(l.threads[0].Name)), say.Brief(l.place.words())
	if len(l.threads) > 1 {
		p.Severity = lost.Severity(waitHalf.Value)
		who, does = say.Text("%s, each of which is one %s for many, "+
			"stand", v.Crowd(v.Peak(p.sightings)).Capital(), l.what), asPlural(does)
		does = "they " + does
	} else {
		does = "it " + does
	}
	if len(l.waiting) > 0 {
		p.sightings = append(p.sightings, l.waiting...)
		lost := v.LossOf(p.sightings)
		p.Severity, p.Weight = lost.Severity(waitHalf.Value), max(p.Weight, lost.Weight())
	}
	p.About = l.place.about()
	if l.moves {
		p.Say("%s %s in each of %s dumps, time after time: %s", who, l.place.where(), say.Amount("dumps", v.Dumps(), "dumps"), does)
	} else {
		p.Say("%s %s for %s, over all %s dumps: %s", who, l.place.where(), say.Time("stood", v.Series.Duration()),
			say.Amount("dumps", v.Dumps(), "dumps"), does)
	}
	p.Impact = "all that this " + l.what + " serves waits for it"
	if n := len(v.Peak(l.waiting)); n > 0 {
		p.Add("; %s for its other tasks %s", plural(n, "thread waits", "threads wait"), v.whereAll(l.waiting))
		p.Impact += ", " + v.LossOf(l.waiting).Impact()
	}
	p.Explanation = "One thread serves many in turn: connections, timers or tasks. While it stands in one of " +
		"them, none of the others is served, whatever their number."
	p.Evidence = v.CiteAll(p.sightings, cite.Most)
	p.Advice = []analyze.Advice{{
		Action: fmt.Sprintf("Take the call in %s out of the %s: give it to a pool of workers, and come back with "+
			"its result.", l.place.at(), l.what),
		Effect: "The " + l.what + " is free for the others at once.",
		Risk:   codeChange,
		Verify: "A new collect shows " + say.Quote(l.threads[0].Name) + " waiting for work.",
	}}
	p.References = []string{"Netty user guide: do not block the event loop", "Java API: java.util.Timer"}
	return p
}
