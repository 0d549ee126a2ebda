package dumps

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var deadlock = &analyze.Rule{
	Lasts: true,
	ID:    ids.Deadlock,
	Doc:   "Threads wait for each other's locks in a circle: a cycle in the lock graph that lasts until the last dump.",
	Needs: needsDumps(1),
	Fix:   "Restart the process; then take the locks in one order everywhere.",
	Run:   analyze.Each(dumped(1), judgeDeadlock),
}

// ring is one cycle of the lock graph, found again over the dumps.
type ring struct {
	threads.Deadlock
	first, last int // dumps
	waiting     []views.Sighting
}

// judgeDeadlock looks for cycles of the lock graph, and believes the JVM's own word where the dump does not tell
// locks.
func judgeDeadlock(_ *analyze.Pass, v *view) []analyze.Finding {
	var out []analyze.Finding
	for _, r := range v.rings() {
		members := len(r.Threads)
		size := members + len(v.behindRing(r.last, r))
		p := problem{account: account{sightings: r.waiting}}
		p.Severity, p.Confidence = analyze.Critical, analyze.High
		p.Say("%s", ringTitle(r, size-members))
		p.Explanation = "None of them can go on before another one of them lets go, and none will: only a restart " +
			"of the process frees them. " +
			"All that need one of these locks later join them, until the pools are empty."
		lost := v.LossOf(r.waiting)
		// Its threads are lost for good and their number only grows: it counts for half of the service at least.
		p.Weight = 0.5 + lost.Weight()/2
		p.Impact = say.Count(size, "thread") + " blocked for ever"
		if lost.Requests {
			p.Impact += ", " + lost.Impact()
		}
		p.Evidence = v.ringEvidence(r)
		p.Advice = []analyze.Advice{{
			Action: "Restart the process once this bundle is kept: nothing else frees the threads.",
			Effect: "The blocked requests fail, new ones are served again.",
			Risk:   "It comes back as soon as the same two paths of the program meet again.",
			Verify: "A new collect shows no cycle.",
		}, {
			Action: "Have the owner of the code take these locks in one order everywhere: " + lockOrder(r) + ".",
			Effect: "No cycle can form.",
			Risk:   "A change of code: test it under load.",
			Verify: "A load test of the paths named in the evidence ends, and its dumps have no cycle.",
		}}
		p.References = deadlockReferences
		out = append(out, p.finding())
	}
	if len(out) == 0 {
		return v.reportedOnly()
	}
	return out
}

var deadlockReferences = []string{"Java Platform, Standard Edition Troubleshooting Guide: Diagnose a Deadlock"}

// reportedOnly believes the JVM where the dump does not tell the locks of its threads, as that of jstack -F.
func (v *view) reportedOnly() []analyze.Finding {
	d := v.Series.Dumps[v.Dumps()-1]
	if d.ReportedDeadlocks == 0 || len(d.Reported) == 0 {
		return nil
	}
	var out []analyze.Finding
	for rest := d.Reported; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Deadlock == rest[0].Deadlock {
			n++
		}
		out = append(out, reportedCycle(d.Source, rest[:n]))
		rest = rest[n:]
	}
	return out
}

func reportedCycle(source string, waits []threads.ReportedWait) analyze.Finding {
	p := analyze.Finding{}
	p.Severity, p.Confidence, p.Weight = analyze.Critical, analyze.High, 0.5
	const most = 4
	var steps []string
	for i := range waits {
		w := &waits[i]
		if len(steps) < most {
			steps = append(
				steps,
				fmt.Sprintf(
					"%s waits for %s held by %s",
					say.Quote(w.Thread),
					say.ShortClass(w.Class),
					say.Quote(w.Owner),
				),
			)
		}
		if len(p.Evidence) < cite.Most {
			p.Evidence = append(p.Evidence, analyze.Evidence{Entry: source, Lines: analyze.Lines(w.Line, w.Line),
				Text: say.Quote(w.Thread) + " waits for " + say.ShortClass(w.Class) + " held by " + say.Quote(
					w.Owner,
				) + ", as the JVM's own search found"})
		}
	}
	p.Say("Deadlock of %s: %s", say.Counted("threads", len(waits), "thread"), say.List(steps))
	p.Impact = say.Count(len(waits), "thread") + " blocked for ever"
	p.Explanation = "The JVM itself reports it. None of these threads can go on, and only a restart of the " +
		"process frees them."
	p.Advice = []analyze.Advice{{
		Action: "Restart the process once a dump with the locks of its threads is kept: casefile collect, or " +
			"jstack without -F.",
		Effect: "The blocked requests fail, new ones are served again.",
		Risk:   "It comes back as soon as the same paths of the program meet again.",
		Verify: "A new collect shows no cycle.",
	}}
	p.References = deadlockReferences
	return p
}

// rings joins the cycles of the dumps. One that a later dump no longer has was a wait with a time limit, not a
// deadlock.
func (v *view) rings() []*ring {
	found := map[string]*ring{}
	var order []*ring
	for i := range v.Series.Dumps {
		for _, d := range v.Series.Graph(i).Deadlocks() {
			k := v.ringKey(d)
			r := found[k]
			if r == nil {
				r = &ring{first: i}
				found[k] = r
				order = append(order, r)
			}
			r.Deadlock, r.last = d, i
			for _, t := range d.Threads {
				r.waiting = append(r.waiting, views.Sighting{Dump: i, Thread: t})
			}
			for _, t := range v.behindRing(i, r) {
				r.waiting = append(r.waiting, views.Sighting{Dump: i, Thread: t})
			}
		}
	}
	return slices.DeleteFunc(order, func(r *ring) bool { return r.last < v.Dumps()-1 })
}

func (v *view) ringKey(d threads.Deadlock) string {
	var ids []string
	for _, t := range d.Threads {
		ids = append(ids, fmt.Sprintf("%p", v.Series.TrackOf(t)))
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

// behindRing gives the threads of a dump that wait for a member of the ring, directly or not.
func (v *view) behindRing(dump int, r *ring) []*threads.Thread {
	g := v.Series.Graph(dump)
	in := map[*threads.Thread]bool{}
	for _, t := range r.Threads {
		in[t] = true
	}
	var out []*threads.Thread
	for grown := true; grown; {
		grown = false
		for _, t := range v.Series.Dumps[dump].Threads {
			if l := g.BlockedOn(t); l != nil && !in[t] && in[l.Owner] {
				in[t], grown = true, true
				out = append(out, t)
			}
		}
	}
	return out
}

func ringTitle(r *ring, victims int) say.Phrase {
	const most = 4
	var steps []say.Phrase
	for i, t := range r.Threads {
		if i == most {
			break
		}
		next := r.Threads[(i+1)%len(r.Threads)]
		steps = append(steps, say.Text("%s waits in %s for %s held by %s", views.ThreadName(t), blockedIn(t),
			say.ShortClass(r.Locks[i].Class), views.ThreadName(next)))
	}
	text := say.Text("Deadlock of %s: %s", say.Counted("threads", len(r.Threads), "thread"), say.Enumerate(steps))
	if len(r.Threads) > most {
		text = say.Text("%s, and so on", text)
	}
	switch {
	case victims == 1:
		text = say.Text("%s; %s waits behind them", text, say.Counted("behind", victims, "more thread"))
	case victims > 1:
		text = say.Text("%s; %s wait behind them", text, say.Counted("behind", victims, "more thread"))
	}
	return text
}

// blockedIn names the call that wants the lock.
func blockedIn(t *threads.Thread) string {
	frames := t.Stack.Frames
	if l := t.Waiting(); l != nil && l.Depth > 0 && int(l.Depth) < len(frames) {
		frames = frames[l.Depth:]
	}
	frames = skipLockCalls(frames)
	if len(frames) == 0 {
		return "native code"
	}
	return say.Short(frames[0].Func)
}

func lockOrder(r *ring) string {
	var names []string
	for _, l := range r.Locks {
		names = append(names, say.ShortClass(l.Class))
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 1 {
		return "here several objects of " + names[0] + ", which need an order among themselves, as by their id"
	}
	return say.List(names)
}

// ringEvidence cites each member in the last dump, and where the cycle was seen first.
func (v *view) ringEvidence(r *ring) []analyze.Evidence {
	var out []analyze.Evidence
	for i, t := range r.Threads {
		if len(out) == cite.Most-1 {
			break
		}
		held := r.Locks[(i+len(r.Locks)-1)%len(r.Locks)]
		out = append(out, v.Cite(r.last, t, fmt.Sprintf("holds %s <0x%x> and waits for %s <0x%x>",
			say.ShortClass(held.Class), held.Addr, say.ShortClass(r.Locks[i].Class), r.Locks[i].Addr)))
	}
	if r.first < r.last {
		if t := v.Series.TrackOf(r.Threads[0]).Obs[r.first]; t != nil {
			out = append(
				out,
				v.Cite(
					r.first,
					t,
					"stood there in the first dump that has the cycle, "+say.Seconds(
						v.Series.Span(r.first, r.last),
					)+" earlier",
				),
			)
		}
	}
	return out
}
