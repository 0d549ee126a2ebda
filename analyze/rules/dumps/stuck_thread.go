package dumps

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	stuckDumps = analyze.NewLimit(3, "dumps", "with the same stack", "two may be chance")
	stuckSpan  = analyze.NewLimit(10*time.Second, "", "on the same stack", "own judgement: longer than users wait")
)

var stuckThread = &analyze.Rule{
	ID:    ids.StuckThread,
	Doc:   "A request stands at the same place over all dumps, and nothing else explains it.",
	Needs: needsDumps(3),
	Fix:   "Give the call a time limit, and ask the other side why it does not answer.",
	After: knownWaits,
	ExplainedBy: []string{
		ids.Deadlock, ids.LockContention, ids.DBPoolExhausted, ids.HeapTooSmall, ids.MemoryLeak,
	},
	Limits: []analyze.Threshold{contentionCritical, stuckDumps, stuckSpan, views.StuckCPU},
	Run:    analyze.Each(dumped(3), judgeStuck),
}

// knownWaits are findings that say why a request does not move.
var knownWaits = []string{
	ids.Deadlock, ids.LockContention, ids.ClassLoadingLock, ids.LoggingLock, ids.DBPoolExhausted, ids.SlowDownstream, ids.HotThread,
	ids.HiddenDeadlock, ids.SelfStarvation, ids.ObjectPoolExhausted, ids.QueueFull, ids.ClusterCall, ids.EventLoopBlocked, ids.UnexplainedWait,
	ids.DistributedDeadlock, ids.DBLockWait, ids.SlowStatement, ids.SlowFile,
}

// stuckGroup is requests that stand at the same place.
type stuckGroup struct {
	site      string
	threads   []threads.StuckThread
	sightings []views.Sighting
	proven    bool // the threads' CPU time did not move
}

// judgeStuck groups the requests that stand at one place, and believes those that did not move or are too few to
// be chance.
func judgeStuck(pass *analyze.Pass, v *view) []analyze.Finding {
	if v.JVM == nil {
		return nil // a goroutine that waits for ever is a leak only when there are more and more of them
	}
	known := explained(v.found(pass, knownWaits...)...)
	bySite := map[string]*stuckGroup{}
	var order []*stuckGroup
	for _, s := range v.Series.Stuck(stuckDumps.Value) {
		t := s.Obs[s.To]
		if known[t] || !v.serving(t) || s.Span < stuckSpan.Value || v.waitsForHolder(s.To, t) {
			continue
		}
		at := views.WhereIs(t, s.Wait)
		g := bySite[at]
		if g == nil {
			g = &stuckGroup{site: at, proven: true}
			bySite[at] = g
			order = append(order, g)
		}
		g.proven = g.proven && v.stood(s)
		g.threads = append(g.threads, s)
		for i := s.From; i <= s.To; i++ {
			g.sightings = append(g.sightings, views.Sighting{Dump: i, Thread: s.Obs[i]})
		}
	}
	var out []analyze.Finding
	busy := sync.OnceValue(v.busyPlaces)
	for _, g := range order {
		if g.proven || v.rare(g, busy) {
			out = append(out, v.stuckProblem(g).finding())
		}
	}
	return out
}

// serving says that the thread works for a request: by its pool, or by its frames.
func (v *view) serving(t *threads.Thread) bool {
	return v.Request(t) || threads.ServesRequest(t.Stack.Frames)
}

// waitsForHolder says that another thread keeps this one from going on: then that one is stuck, or is nobody's fault.
func (v *view) waitsForHolder(dump int, t *threads.Thread) bool {
	l := v.Series.Graph(dump).BlockedOn(t)
	return l != nil && l.Owner != nil
}

// stood says that the thread did not leave its place between the dumps: a thread that waits uses no CPU, one that
// comes back does.
func (v *view) stood(s threads.StuckThread) bool {
	_, source := s.Track.CPU(s.From, s.To)
	return source.Exact() && s.CPU <= views.StuckCPU.Value
}

// rare accepts threads whose CPU time moved or is not known, when they are too few for their place to be a common
// one and were
// seen there too often for chance.
func (v *view) rare(g *stuckGroup, busy func() map[string]int) bool {
	if len(g.threads) > 2 {
		return false
	}
	for _, s := range g.threads {
		if s.To-s.From+1 < stuckDumps.Value+2 || s.Span < 3*stuckSpan.Value {
			return false
		}
	}
	return busy()[g.site] <= len(g.sightings)
}

// busyPlaces counts where busy requests were seen, over all dumps.
func (v *view) busyPlaces() map[string]int {
	places := map[string]int{}
	for _, d := range v.Series.Dumps {
		for _, t := range d.Threads {
			if w := v.Series.Wait(t); w.Busy() && v.serving(t) {
				places[views.WhereIs(t, w)]++
			}
		}
	}
	return places
}

func (v *view) stuckProblem(g *stuckGroup) *problem {
	first := g.threads[0]
	n := first.To - first.From + 1
	p := &problem{account: account{sightings: g.sightings}}
	lost := v.LossOf(g.sightings)
	p.Severity, p.Weight = lost.Severity(contentionCritical.Value), lost.Weight()
	p.Confidence = analyze.Medium
	if g.proven {
		p.Confidence = analyze.High
	}
	who, verb := views.NameOf(first.Name), "has stood"
	if len(g.threads) > 1 {
		who, verb = say.Text("%s requests, as in %s,", say.Amount("requests", len(g.threads), "requests"), who), "have stood"
	}
	p.Say("%s %s in %s for %s, over %s dumps: %s", who, verb, v.programCall(first.Stack, g.site), say.Time("stuck", first.Span),
		say.Amount("dumps", n, "dumps"), actor(first.Wait.Text, len(g.threads)))
	p.Impact = lost.Impact()
	p.Explanation = "The stack is the same in each dump"
	if g.proven {
		p.Explanation += fmt.Sprintf(
			", and the thread used %s in between: it has not come back from this call.",
			cpuWords(first.CPU),
		)
	} else {
		p.Explanation += "; whether it is one request all the time the dumps do not prove."
	}
	p.Explanation += " Its user waits, and its thread is missing in the pool."
	p.Evidence = v.CiteAll(g.sightings, cite.Most)
	p.Advice = []analyze.Advice{stuckAdvice(first.Wait.Kind, v.programCall(first.Stack, g.site))}
	p.References = []string{"Apache Tomcat: Stuck Thread Detection Valve", "Atlassian: Troubleshooting a " +
		"Confluence outage or hang with thread dumps"}
	_, peer, _ := threads.CallSite(first.Stack.Frames)
	if addr := v.namePeers(&p.Finding, g.sightings, first.Wait.Kind, peer); addr != "" {
		p.Add(", connected to %s", say.As(addr, "one address"))
	}
	if v.addTraces(p, g) {
		return p
	}
	p.Advice = append(p.Advice, analyze.Advice{
		Action: "Join the thread's name with the access log, or with what StuckThreadDetectionValve wrote to " +
			"catalina.out, to see the request's address and user.",
		Effect: "Shows which page or call it is.",
		Risk:   "None.",
		Verify: "The request's time in the access log matches.",
	})
	return p
}

// addTraces adds what the logs tell about the requests; false when they tell nothing.
func (v *view) addTraces(p *problem, g *stuckGroup) bool {
	const most = 2 // requests whose log lines are shown
	var what []string
	shown := 0
	for _, s := range g.threads {
		t := v.trace(s)
		if t.note != "" && shown == 0 && !strings.Contains(p.Explanation, t.note) {
			p.Explanation += " " + t.note
		}
		if len(t.at) == 0 || shown == most {
			continue
		}
		shown++
		p.Evidence = append(p.Evidence[:min(len(p.Evidence), cite.Most-len(t.at))], t.at...)
		if t.what != "" && !slices.Contains(what, t.what) {
			what = append(what, t.what)
		}
	}
	if len(what) > 0 {
		p.Add("; it serves %s", say.As(cite.Line(what[0]), "one request"))
	}
	return shown > 0
}

func cpuWords(d time.Duration) string {
	if d <= 0 {
		return "no CPU"
	}
	return d.Round(10*time.Microsecond).String() + " of CPU"
}

// actor makes "waits for ..." fit several threads.
func actor(text string, n int) string {
	if n == 1 {
		return "it " + text
	}
	return "each " + text
}

// programCall names the program's own call beneath the libraries.
func (v *view) programCall(s *threads.Stack, fallback string) string {
	if site, _, own := threads.CallSite(s.Frames); own {
		return say.Short(site.Func)
	}
	return fallback
}

func stuckAdvice(kind threads.WaitKind, at string) analyze.Advice {
	a := analyze.Advice{
		Effect: "The request ends with an error its user sees, and the thread is free.",
		Risk:   "Answers that come later than the limit are lost.",
	}
	switch kind {
	case threads.WaitSocketRead, threads.WaitSocketWrite, threads.WaitConnect, threads.WaitHTTPPool:
		a.Action = "Set a connect and a read timeout for the call in " + at + ", and ask the other side why it does not answer."
	case threads.WaitDBPool:
		a.Action = "Set a limit for the wait for a connection (HikariCP connectionTimeout, c3p0 checkoutTimeout), " +
			"and find who keeps the connections."
	case threads.WaitLock, threads.WaitResult, threads.WaitQueue, threads.WaitCondition, threads.WaitPermit, threads.WaitRoom, threads.WaitOthers, threads.WaitPool:
		a.Action = "Find the thread that is to wake " + at + ", which the dumps do not name, and wait with a time " +
			"limit."
	default:
		a.Action = "Find out what " + at + " works on, and limit its input or its time."
	}
	a.Verify = "No request stands in " + at + " over several dumps."
	return a
}
