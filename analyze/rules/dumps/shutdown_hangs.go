package dumps

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var shutdownLong = analyze.NewLimit(30*time.Second, "", "of a shutdown that stands: critical",
	"what Kubernetes gives a pod to end (terminationGracePeriodSeconds)")

var shutdownHangs = &analyze.Rule{
	Lasts: true,
	ID:    ids.ShutdownHangs,
	Doc: "The JVM was told to end - by a signal, System.exit, its last thread - and stands: a shutdown hook waits for what does not come. " +
		"Names the hook and what it waits for.",
	Needs:  needsDumps(2),
	Fix:    "Give each wait of a shutdown hook a time limit; end the process by kill -9 once the dumps are taken.",
	Limits: []analyze.Threshold{standSpan, shutdownLong},
	Run:    analyze.Each(dumped(2), judgeShutdown),
}

// ending is a JVM in shutdown.
type ending struct {
	by    *threads.Track // who runs the hooks, and waits for them
	from  int            // the first dump that shows it
	hooks []*threads.Track
}

// runsHooks are methods of the thread in which the JVM ends: it starts the hooks and joins them.
var runsHooks = []string{"java.lang.ApplicationShutdownHooks.runHooks", "java.lang.Shutdown.runHooks", "java.lang.Shutdown.sequence"}

// exits are methods that ask for the end; only one thread at a time may be in them.
var exits = []string{"java.lang.Shutdown.exit", "java.lang.Shutdown.shutdown", "java.lang.Runtime.exit"}

func calls(t *threads.Thread, methods []string) bool {
	return t != nil && slices.ContainsFunc(t.Stack.Frames, func(f *threads.Frame) bool { return slices.Contains(methods, f.Func) })
}

// judgeShutdown looks for a shutdown that stands in its hooks over the last dumps.
func judgeShutdown(_ *analyze.Pass, v *view) []analyze.Finding {
	if v.JVM == nil {
		return nil
	}
	e := v.ending()
	if e == nil || v.Series.Span(e.from, v.Dumps()-1) < standSpan.Value {
		return nil
	}
	p := v.shutdownProblem(e)
	return []analyze.Finding{p.finding()}
}

// ending finds the thread that ends the JVM, and the hooks that are still there; nil: it is not told to end.
func (v *view) ending() *ending {
	last := v.Dumps() - 1
	for _, tr := range v.Series.Threads() {
		if !calls(tr.Obs[last], runsHooks) {
			continue
		}
		e := &ending{by: tr, from: last}
		for e.from > 0 && calls(tr.Obs[e.from-1], runsHooks) {
			e.from--
		}
		e.hooks = v.hooksOf(e)
		return e
	}
	return nil
}

// hooksOf are the threads that the end waits for: the one whose class it joins, those that ask for the end themselves, and those that began long
// after they were made, as hooks do.
func (v *view) hooksOf(e *ending) (out []*threads.Track) {
	last := v.Dumps() - 1
	joined := ""
	for _, l := range e.by.Obs[last].Locks {
		if l.Class != "" && l.Class != "java.lang.Thread" && !strings.HasPrefix(l.Class, "java.lang.Class") {
			joined = l.Class
		}
	}
	for _, tr := range v.Series.Threads() {
		t := tr.Obs[last]
		switch {
		case t == nil || tr == e.by || t.VMInternal || len(t.Stack.Frames) == 0:
		case joined != "" && runsClass(t, joined), joined == "" && (calls(t, exits) || v.madeLongBefore(t, last)):
			out = append(out, tr)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, tr := range v.Series.Threads() { // a dump without ages: what they are called
		name := strings.ToLower(tr.Name)
		if t := tr.Obs[last]; t != nil && tr != e.by && (strings.Contains(name, "shutdown") || strings.Contains(name, "hook")) && !v.Series.Wait(t).Idle {
			out = append(out, tr)
		}
	}
	return out
}

func runsClass(t *threads.Thread, class string) bool {
	return slices.ContainsFunc(t.Stack.Frames, func(f *threads.Frame) bool { return f.Class() == class })
}

// madeLongBefore reports whether a thread is younger than ones that were made after it: threads are numbered when they are made, and their age
// counts from their start.
func (v *view) madeLongBefore(t *threads.Thread, dump int) bool {
	const apart = time.Second
	if t.Elapsed < 0 || t.Num == 0 {
		return false
	}
	for _, o := range v.Series.Dumps[dump].Threads {
		if o.Num > t.Num && o.Elapsed >= t.Elapsed+apart {
			return true
		}
	}
	return false
}

// longestStand is the hook that has stood longest of those that wait for something; the first hook where none stands; nil: no hook is seen.
func (e *ending) longestStand(v *view) *threads.Track {
	last := v.Dumps() - 1
	for _, tr := range e.hooks {
		if same, _ := v.Series.Stood(tr, max(e.from, tr.First), last); same {
			return tr
		}
	}
	if len(e.hooks) > 0 {
		return e.hooks[0]
	}
	return nil
}

func (v *view) shutdownProblem(e *ending) *problem {
	last := v.Dumps() - 1
	span := v.Series.Span(e.from, last)
	p := &problem{}
	p.Severity, p.Confidence, p.Weight = analyze.Warning, analyze.High, 0.8
	if span >= shutdownLong.Value {
		p.Severity = analyze.Critical
	}
	p.Say("The JVM was told to end and does not, for %s", say.Time("ending", span))
	p.Impact = "it takes up its place, and what starts it anew waits"
	p.Explanation = fmt.Sprintf("%s runs the shutdown hooks and waits until each of them has ended; the process ends only then.", say.Quote(e.by.Name))
	p.Evidence = []analyze.Evidence{v.Cite(last, e.by.Obs[last], "ends the JVM: it waits for the shutdown hooks")}
	p.sightings = v.allOf(e.by, e.from)
	p.References = []string{"Java API: Runtime.addShutdownHook: hooks should finish their work quickly", "Java API: ExecutorService, usage examples: " +
		"shutdownAndAwaitTermination"}
	hook := e.longestStand(v)
	if hook == nil {
		p.Confidence = analyze.Medium
		p.Add(": %s waits for its shutdown hooks", views.NameOf(e.by.Name))
		p.Advice = []analyze.Advice{{Action: "Find the hook that does not end (jcmd " + v.pid() + " Thread.print: " +
			"those with the least elapsed= that are no server's), and give its waits a time limit.",
			Effect: "The JVM ends.", Risk: codeChange, Verify: "The process ends within seconds of SIGTERM."}, v.endNow()}
		return p
	}
	v.sayHook(p, e, hook)
	return p
}

// allOf are the sightings of a thread from a dump on.
func (v *view) allOf(tr *threads.Track, from int) (list []views.Sighting) {
	for i := from; i < v.Dumps(); i++ {
		if t := tr.Obs[i]; t != nil {
			list = append(list, views.Sighting{Dump: i, Thread: t})
		}
	}
	return list
}

// sayHook names the hook, what it waits for, and who that is.
func (v *view) sayHook(p *problem, e *ending, hook *threads.Track) {
	last := v.Dumps() - 1
	t := hook.Obs[last]
	w := v.Series.Wait(t)
	at := v.programCall(t.Stack, views.WhereIs(t, w))
	p.About = []string{at}
	p.sightings = append(p.sightings, v.allOf(hook, e.from)...)
	p.Evidence = append(p.Evidence, v.Cite(last, t, "a shutdown hook, "+v.Doing(t)))
	verify := "The process ends within seconds of SIGTERM."
	if calls(t, exits) {
		p.Severity = analyze.Critical
		p.Add(": its hook %s calls System.exit, which waits for the end that waits for the hook", views.NameOf(hook.Name))
		p.Explanation += " Only one thread at a time may end a JVM. The hook asks for it anew, in " + at + ", and waits for ever: no time limit ends that."
		p.Advice = []analyze.Advice{{Action: fmt.Sprintf("Take System.exit out of what %s does in the shutdown hook %s: a hook just returns. Where the exit code "+
			"matters, Runtime.halt ends at once.", at, say.Quote(hook.Name)), Effect: "The JVM ends.", Risk: codeChange, Verify: verify}, v.endNow()}
		return
	}
	p.Add(": its hook %s %s in %s", views.NameOf(hook.Name), say.Brief(w.Text), at)
	a := analyze.Advice{Action: fmt.Sprintf("Give the wait of the shutdown hook %s in %s a time limit of seconds, and go on without what has not come.",
		say.Quote(hook.Name), at), Effect: "The JVM ends in that time.", Risk: "What is not done by then is lost. " + codeChange, Verify: verify}
	if other := v.awaitedBy(e, hook); other != nil {
		o := other.Obs[last]
		ow := v.Series.Wait(o)
		does := say.Brief(ow.Text)
		where := v.programCall(o.Stack, views.WhereIs(o, ow))
		p.Add("; %s %s in %s", views.NameOf(other.Name), does, where)
		p.Explanation += fmt.Sprintf(" Most likely it waits for %s, which does not come back from %s.", say.Quote(other.Name), where)
		p.Evidence = append(p.Evidence[:min(len(p.Evidence), cite.Most-1)], v.Cite(last, o, v.Doing(o)))
		p.sightings = append(p.sightings, v.allOf(other, e.from)...)
		a.Action += fmt.Sprintf(" Have %s end when it is told to: it %s in %s; after shutdownNow or interrupt, that must return, or have a time limit of its own.",
			say.Quote(other.Name), does, where)
	}
	p.Advice = []analyze.Advice{a, v.endNow()}
}

// awaitedBy is the thread that a hook most likely waits for: one that stands in work, first of the same class, then in a task of a pool; nil: none
// does, or several do that nothing tells apart.
func (v *view) awaitedBy(e *ending, hook *threads.Track) *threads.Track {
	last := v.Dumps() - 1
	classes := map[string]bool{}
	for _, f := range threads.Calls(hook.Obs[last].Stack.Frames) {
		classes[threads.OuterClass(f.Func)] = true
	}
	type candidate struct {
		*threads.Track
		rank int
	}
	var list []candidate
	for _, tr := range v.Series.Threads() {
		t := tr.Obs[last]
		if t == nil || tr == hook || tr == e.by || slices.Contains(e.hooks, tr) || t.VMInternal {
			continue
		}
		if same, _ := v.Series.Stood(tr, max(e.from, tr.First), last); !same {
			continue
		}
		own := threads.Calls(t.Stack.Frames)
		switch {
		case slices.ContainsFunc(own, func(f *threads.Frame) bool { return classes[threads.OuterClass(f.Func)] }):
			list = append(list, candidate{tr, 0})
		case len(own) > 0 && threads.InTask(t.Stack.Frames) && !v.Series.Wait(t).Idle:
			list = append(list, candidate{tr, 1})
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(a.rank, b.rank) })
	if len(list) == 0 || len(list) > 1 && list[0].rank > 0 {
		return nil
	}
	return list[0].Track
}

// endNow is how to get rid of a JVM that does not end.
func (v *view) endNow() analyze.Advice {
	return analyze.Advice{
		Action: "End it by `kill -9 " + v.pid() + "`, now that its dumps are kept. systemd does so after TimeoutStopSec, Kubernetes after terminationGracePeriodSeconds.",
		Effect: "The place is free for a new start.", Risk: "Work that the hook wanted to save is lost.", Verify: "The process is gone.",
	}
}
