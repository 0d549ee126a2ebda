package dumps

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	downstreamShare = analyze.NewLimit(0.25, "1", "request-thread time in one call", "below a quarter a service "+
		"that mostly asks its database is healthy")
)

var slowDownstream = &analyze.Rule{
	ID:          ids.SlowDownstream,
	Doc:         "Many threads wait for answers from the network under one call of the program, over several dumps.",
	Needs:       needsDumps(2),
	Fix:         "Measure the other side; give the call a timeout, and a limit of threads that may be in it.",
	ExplainedBy: []string{ids.PinnedVirtualThreads},
	Behind:      behindChains,
	After:       chained,
	Limits: []analyze.Threshold{
		contentionDumps, contentionCritical, downstreamShare, views.DownstreamThreads, views.StuckCPU, manyCalls,
	},
	Run: analyze.Each(dumped(2), judgeDownstream),
}

// asked is the waits for one peer under one call.
type asked struct {
	site      *threads.Frame
	peer      string
	kind      threads.WaitKind // of the first one
	sightings []views.Sighting
}

// judgeDownstream looks at the calls below which many threads wait for the network.
func judgeDownstream(pass *analyze.Pass, v *view) []analyze.Finding {
	if v.JVM == nil {
		return nil // goroutines that wait for the network cost next to nothing and have no pool to fill
	}
	var out []analyze.Finding
	for _, a := range v.calls(v.explainedByChain(pass)) {
		if len(a.sightings) < views.DownstreamThreads.Value*v.Dumps() ||
			v.AtLeast(a.sightings, views.DownstreamThreads.Value) < contentionDumps.Value {
			continue
		}
		lost := v.LossOf(a.sightings)
		if lost.Share < downstreamShare.Value {
			continue
		}
		out = append(out, v.downstreamProblem(a, lost))
	}
	return out
}

// calls groups the threads that wait for the network by the program's own call, without those of which it is known why.
func (v *view) calls(known map[*threads.Thread]bool) []*asked {
	bySite := map[string]*asked{}
	var order []*asked
	waits := v.Sightings(func(t *threads.Thread, w threads.Wait) bool {
		if known[t] {
			return false
		}
		switch w.Kind {
		case threads.WaitSocketRead, threads.WaitConnect, threads.WaitHTTPPool:
			return w.Busy() && !strings.HasPrefix(w.Text, "resolves") && (v.Request(t) || libs.Within(t.Stack.Frames, libs.WorkFrames))
		}
		return false
	})
	for _, s := range waits {
		site, peer, own := threads.CallSite(s.Thread.Stack.Frames)
		if !own {
			continue
		}
		a := bySite[site.Func]
		if a == nil {
			a = &asked{site: site, peer: peer, kind: v.Series.Wait(s.Thread).Kind}
			bySite[site.Func] = a
			order = append(order, a)
		}
		a.sightings = append(a.sightings, s)
	}
	return order
}

func (v *view) downstreamProblem(a *asked, lost views.Loss) analyze.Finding {
	peer := a.peer
	if peer == "" {
		peer = "the network"
	}
	what := "wait for an answer of " + peer
	borrow, rate := borrowing(a.sightings), 0.
	if borrow == nil {
		rate = v.callRate(a.sightings)
	}
	switch {
	case borrow != nil && a.kind == threads.WaitSocketRead && borrow.Tests:
		what = "wait until " + borrow.Pool + " has tested the connection that they borrow, which asks " + peer
	case borrow != nil && a.kind == threads.WaitSocketRead:
		what = "wait for what " + borrow.Pool + " asks before it hands out the connection that they borrow: it asks " + peer
	case rate >= manyCalls.Value && a.kind == threads.WaitSocketRead:
		what = "ask " + peer + " again and again, in many short calls,"
	}
	switch a.kind {
	case threads.WaitConnect:
		what = "try to connect to " + peer
	case threads.WaitHTTPPool:
		what = "wait for a free connection to " + peer
	}
	p := problem{account: account{sightings: a.sightings}}
	p.Severity, p.Weight = lost.Severity(contentionCritical.Value), lost.Weight()
	p.Confidence = analyze.Medium
	moved, known := v.returned(a.sightings)
	lasting := known && 4*moved < len(a.sightings) // most calls outlast the time between two dumps
	if lasting {
		p.Confidence = analyze.High
	}
	if !lost.Requests || !lasting && lost.Share < contentionCritical.Value {
		p.Severity = analyze.Info // a pool of jobs may do nothing else by design; short calls may just be many
	}
	if lost.Requests && borrow != nil && p.Severity == analyze.Info { // nobody needs it, however short
		p.Severity = analyze.Warning
	}
	p.About = []string{say.Short(a.site.Func)}
	title := func(what string) {
		p.Say("%s %s under %s", v.Crowd(v.Peak(a.sightings)).Capital(), what, say.Short(a.site.Func))
		if rate >= manyCalls.Value && a.kind == threads.WaitSocketRead {
			p.Add(": about %s each", say.Measured("calls_per_second", math.Round(rate), "a second"))
		}
	}
	title(what)
	p.Impact = fmt.Sprintf(
		"%s: on average %s threads at a time",
		lost.Impact(), say.Number(float64(len(a.sightings))/float64(v.Dumps())),
	)
	p.Explanation = "The threads do nothing but wait for another system. It answers slowly, or not at all, and " +
		"each waiting request keeps a thread, and what it holds besides."
	if rate >= manyCalls.Value {
		p.Explanation = fmt.Sprintf("The threads do little but wait for another system, yet none of its answers is slow: each thread was given a CPU about %s times a "+
			"second, so that a call takes some %s, and was found in the same place in the next dump. It is their number that costs, as with one "+
			"statement for each row of a list.", say.Number(rate), say.Seconds(time.Duration(float64(time.Second)/rate)))
	}
	if borrow != nil {
		p.Explanation = "All of them are inside of getConnection: the program has not asked for anything yet. The pool makes each borrower wait, also when the " +
			"connection was used a moment ago."
	}
	p.Evidence = v.CiteAll(a.sightings, cite.Most)
	measure := "Measure the other side of this call: its own response times, and the network between. `ss -tnp` on the node shows the peer's address by process."
	if addr := v.namePeers(&p.Finding, a.sightings, a.kind, a.peer); addr != "" {
		if what += " at " + addr; a.peer == "" {
			what = strings.Replace(what, "the network at ", "", 1)
		}
		title(what)
		measure = "Measure " + addr + ": its own response times, and the network between."
	}
	p.Advice = []analyze.Advice{callAdvice(a, borrow, rate), {
		Action: measure,
		Effect: "Shows whether the peer or the way to it is slow.",
		Risk:   "None.",
		Verify: "Response times of the peer match the waits seen here.",
	}}
	p.References = []string{"Java API: Socket.setSoTimeout, URLConnection.setReadTimeout", "Atlassian: " +
		"Troubleshooting Slow Performance Using Page Request Profiling"}
	return p.finding()
}

// callAdvice says what to change at the call, by what is asked.
func callAdvice(a *asked, borrow *libs.Borrowing, rate float64) analyze.Advice {
	frames := a.sightings[0].Thread.Stack.Frames
	switch {
	case borrow != nil && a.kind == threads.WaitSocketRead:
		return views.TestLess(borrow, say.Short(a.site.Func), cmp.Or(a.peer, "the database"))
	case rate >= manyCalls.Value && a.kind == threads.WaitSocketRead:
		return askOnce(a, rate)
	}
	if strings.HasPrefix(a.peer, "the database") && a.kind == threads.WaitSocketRead {
		return shortenStatement(a.site, a.peer, frames)
	}
	return boundCall(say.Short(a.site.Func), a.peer, frames)
}

// returned counts the waits that ended before the next dump, by the CPU the thread used in between; known is false
// where no CPU time tells.
func (v *view) returned(list []views.Sighting) (moved int, known bool) {
	for _, s := range list {
		if s.Dump+1 >= v.Dumps() {
			continue
		}
		used, source := v.Series.TrackOf(s.Thread).CPU(s.Dump, s.Dump+1)
		if !source.Exact() {
			continue
		}
		known = true
		if used > views.StuckCPU.Value {
			moved++
		}
	}
	return moved, known
}
