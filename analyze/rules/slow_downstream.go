package rules

import (
	"fmt"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/threads"
)

var (
	downstreamThreads = analyze.NewLimit(5, "threads", "in one call, on average over the dumps", "as for waiters at a monitor")
	downstreamShare   = analyze.NewLimit(0.25, "1", "request-thread time in one call", "below a quarter a service that mostly asks its database is healthy")
)

var slowDownstream = &analyze.Rule{
	ID:    ids.SlowDownstream,
	Doc:   "Many threads wait for answers from the network under one call of the program, over several dumps.",
	Needs: needsDumps(2),
	Run:   analyze.Each(dumped(2), judgeDownstream),
}

// asked is the waits for one peer under one call.
type asked struct {
	site      *threads.Frame
	peer      string
	kind      threads.WaitKind // of the first one
	sightings []sighting
}

func judgeDownstream(_ *analyze.Pass, v *view) []analyze.Finding {
	if v.jvm == nil {
		return nil // goroutines that wait for the network cost next to nothing and have no pool to fill
	}
	var out []analyze.Finding
	for _, a := range v.calls() {
		if len(a.sightings) < downstreamThreads.Value*v.dumps() || v.atLeast(a.sightings, downstreamThreads.Value) < contentionDumps.Value {
			continue
		}
		lost := v.lossOf(a.sightings)
		if lost.share < downstreamShare.Value {
			continue
		}
		out = append(out, v.downstreamProblem(a, lost))
	}
	return out
}

// calls groups the threads that wait for the network by the program's own call.
func (v *view) calls() []*asked {
	bySite := map[string]*asked{}
	var order []*asked
	waits := v.sightings(func(t *threads.Thread, w threads.Wait) bool {
		switch w.Kind {
		case threads.WaitSocketRead, threads.WaitConnect, threads.WaitHTTPPool:
			return w.Busy() && (v.request(t) || within(t.Stack.Frames, workFrames))
		}
		return false
	})
	for _, s := range waits {
		site, peer, own := callSite(s.thread.Stack.Frames)
		if !own {
			continue
		}
		a := bySite[site.Func]
		if a == nil {
			a = &asked{site: site, peer: peer, kind: v.series.Wait(s.thread).Kind}
			bySite[site.Func] = a
			order = append(order, a)
		}
		a.sightings = append(a.sightings, s)
	}
	return order
}

func (v *view) downstreamProblem(a *asked, lost loss) analyze.Finding {
	peer := a.peer
	if peer == "" {
		peer = "the network"
	}
	what := "wait for an answer of " + peer
	switch a.kind {
	case threads.WaitConnect:
		what = "try to connect to " + peer
	case threads.WaitHTTPPool:
		what = "wait for a free connection to " + peer
	}
	p := problem{account: account{sightings: a.sightings}}
	p.Severity, p.Weight = lost.severity(contentionCritical.Value), lost.weight()
	p.Confidence = analyze.Medium
	moved, known := v.returned(a.sightings)
	lasting := known && 4*moved < len(a.sightings) // most calls outlast the time between two dumps
	if lasting {
		p.Confidence = analyze.High
	}
	if !lost.requests || !lasting && lost.share < contentionCritical.Value {
		p.Severity = analyze.Info // a pool of jobs may do nothing else by design; short calls may just be many
	}
	p.About = []string{short(a.site.Func)}
	p.Title = fmt.Sprintf("%s %s under %s", sentence(v.crowd(v.peak(a.sightings))), what, short(a.site.Func))
	p.Impact = fmt.Sprintf("%s: on average %.1f threads at a time", lost.impact(), float64(len(a.sightings))/float64(v.dumps()))
	p.Explanation = "The threads do nothing but wait for another system. It answers slowly, or not at all, and each waiting request keeps a thread, and what it holds besides."
	p.Evidence = v.citeAll(a.sightings, maxEvidence)
	measure := "Measure the other side of this call: its own response times, and the network between. `ss -tnp` on the node shows the peer's address by process."
	if addr := v.namePeers(&p.Finding, a.sightings, a.kind, a.peer); addr != "" {
		if what += " at " + addr; a.peer == "" {
			what = strings.Replace(what, "the network at ", "", 1)
		}
		p.Title = fmt.Sprintf("%s %s under %s", sentence(v.crowd(v.peak(a.sightings))), what, short(a.site.Func))
		measure = "Measure " + addr + ": its own response times, and the network between."
	}
	p.Advice = []analyze.Advice{{
		Action: measure,
		Effect: "Shows whether the peer or the way to it is slow.",
		Risk:   "None.",
		Verify: "Response times of the peer match the waits seen here.",
	}, {
		Action: "Give the call a connect and a read timeout below what a user waits for, and limit how many threads may be in it at once.",
		Effect: "A slow peer costs its own function, not the whole pool.",
		Risk:   "Slow answers that are still wanted become errors.",
		Verify: fmt.Sprintf("Fewer than %d threads wait under %s when the peer is slow.", downstreamThreads.Value, short(a.site.Func)),
	}}
	p.References = []string{"Java API: Socket.setSoTimeout, URLConnection.setReadTimeout", "Atlassian: Troubleshooting Slow Performance Using Page Request Profiling"}
	return p.finding()
}

// returned counts the waits that ended before the next dump, by the CPU the thread used in between; known is false where no CPU time tells.
func (v *view) returned(list []sighting) (moved int, known bool) {
	for _, s := range list {
		if s.dump+1 >= v.dumps() {
			continue
		}
		used, source := v.series.TrackOf(s.thread).CPU(s.dump, s.dump+1)
		if !source.Exact() {
			continue
		}
		known = true
		if used > stuckCPU.Value {
			moved++
		}
	}
	return moved, known
}
