package dumps

import (
	"cmp"
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

var (
	poolExhaustedShare = analyze.NewLimit(0.75, "1", "dumps in which no worker was idle", "own judgement: less is a peak")
	poolMinimum        = analyze.NewLimit(4, "threads", "size of the pool, at least", "smaller pools are full by "+
		"nature")
	poolCertain = analyze.NewLimit(8, "threads", "of a request pool whose maximum is not known, for it to be full",
		"own judgement: servers start with ten; a few that are busy are as many as there are requests")
	poolGrowth = analyze.NewLimit(1.1, "times", "growth of a pool over the series", "one that grew by "+
		"more has not met its maximum")
)

var threadPoolExhausted = &analyze.Rule{
	ID:          ids.ThreadPoolExhausted,
	Doc:         "No thread of a pool was idle in most of the dumps: new work waits.",
	Needs:       needsDumps(2),
	Fix:         "Cure what keeps the threads busy; enlarge the pool only where CPU and database have room.",
	After:       append([]string{ids.Deadlock}, poolCauses...),
	ExplainedBy: []string{ids.HeapTooSmall, ids.MemoryLeak, ids.GCOverhead, ids.AllocationStall},
	Behind: slices.Concat(behindChains, []string{
		ids.Deadlock, ids.LockContention, ids.DBPoolExhausted, ids.SlowDownstream, ids.ClassLoadingLock, ids.LoggingLock,
		ids.HiddenDeadlock, ids.SelfStarvation, ids.ObjectPoolExhausted, ids.QueueFull, ids.ClusterCall, ids.EventLoopBlocked, ids.StuckThread,
	}),
	Limits: []analyze.Threshold{hotThreadFull, poolExhaustedShare, poolMinimum, poolCertain, poolGrowth},
	Run:    analyze.Each(dumped(2), judgeThreadPool),
}

// poolCauses are findings that say why the threads of a pool are busy.
var poolCauses = []string{
	ids.LockContention, ids.ClassLoadingLock, ids.LoggingLock, ids.DBPoolExhausted, ids.SlowDownstream, ids.StuckThread, ids.HotThread,
	ids.HiddenDeadlock, ids.SelfStarvation, ids.ObjectPoolExhausted, ids.QueueFull, ids.ClusterCall, ids.EventLoopBlocked, ids.UnexplainedWait,
	ids.DistributedDeadlock, ids.DBLockWait, ids.SlowStatement,
}

// judgeThreadPool looks at the pools of which no thread is idle, and names what keeps them busy.
func judgeThreadPool(pass *analyze.Pass, v *view) []analyze.Finding {
	if v.JVM == nil {
		return nil
	}
	dead := explained(v.found(pass, forEver...)...)
	causes := v.found(pass, poolCauses...)
	var out []analyze.Finding
	for _, p := range v.Pools {
		if !v.full(p) {
			continue
		}
		busy := v.busyIn(p)
		victims := 0
		for _, s := range busy {
			if dead[s.Thread] {
				victims++
			}
		}
		if 2*victims > len(busy) || v.mayHaveFree(busy, causes) {
			continue
		}
		out = append(out, v.poolProblem(p, busy, causes))
	}
	return out
}

// mayHaveFree reports whether some of the busy threads may as well wait for work.
func (v *view) mayHaveFree(busy []views.Sighting, causes []*analyze.Finding) bool {
	for _, f := range causes {
		if !accountOf(f).mayBeIdle {
			continue
		}
		in := explained(f)
		for _, s := range busy {
			if in[s.Thread] {
				return true
			}
		}
	}
	return false
}

// full says that the pool's threads were all busy, and that it did not answer by growing.
func (v *view) full(p *threads.Pool) bool {
	if p.Kind == "JVM" || p.Virtual || p.MaxSize() < poolMinimum.Value || v.carries(p) {
		return false
	}
	exhausted := p.Exhausted()
	if exhausted < 2 || float64(exhausted) < poolExhaustedShare.Value*float64(v.Dumps()) {
		return false
	}
	if !p.Requests && 2*v.consuming(p) > busyCount(p) {
		return false
	}
	if limit := v.threadLimit(p); float64(p.MaxSize())*poolGrowth.Value < float64(limit) {
		return false // busy, but it may still grow
	}
	first, last := p.Counts[0].Size, p.Counts[len(p.Counts)-1].Size
	return first > 0 && float64(last) <= poolGrowth.Value*float64(first)
}

// threadLimit is the maximum size of a connector's pool as its configuration states it; 0: it does not.
func (v *view) threadLimit(p *threads.Pool) int {
	if v.JVM == nil || p.Kind != "Tomcat" || !p.Requests {
		return 0
	}
	s := v.JVM.Settings()
	for _, c := range s.Connectors {
		if c.Port != "" && strings.HasSuffix(p.Name, "-"+c.Port) {
			return c.MaxThreads
		}
	}
	return 0
}

// consuming counts the busy sightings of a pool that wait for what others bring: loops that consume a queue or wait
// for a signal
// live in pools of jobs, and are idle there.
func (v *view) consuming(p *threads.Pool) int {
	n := 0
	for _, d := range p.Doing {
		switch d.Kind {
		case threads.WaitQueue, threads.WaitCondition, threads.WaitSleep, threads.WaitProcess:
			n += d.Count
		}
	}
	return n
}

func busyCount(p *threads.Pool) int {
	n := 0
	for _, c := range p.Counts {
		n += c.Busy
	}
	return n
}

// carries says that the pool's threads carry virtual threads: it is as large as there are CPUs, and busy by design.
func (v *view) carries(p *threads.Pool) bool {
	for _, tr := range p.Threads {
		for _, t := range tr.Obs {
			if t != nil && t.Mounted != 0 {
				return true
			}
		}
	}
	return false
}

// computes says that all threads of a pool of jobs use a core each, or nearly. A pool that serves requests has a
// cause in what one of
// them asks for; here the work is the pool's own.
func (v *view) computes(p *threads.Pool) bool {
	if p.Requests || p.MaxSize() < poolMinimum.Value {
		return false
	}
	hot := map[*threads.Track]bool{}
	for _, h := range v.Series.Hot() {
		hot[h.Track] = h.Cores >= hotThreadFull.Value
	}
	for _, tr := range p.Threads {
		if !hot[tr] {
			return false
		}
	}
	return v.full(p)
}

func (v *view) busyIn(p *threads.Pool) []views.Sighting {
	var out []views.Sighting
	for i := range v.Series.Dumps {
		for _, tr := range p.Threads {
			if t := tr.Obs[i]; t != nil && v.Series.Wait(t).Busy() {
				out = append(out, views.Sighting{Dump: i, Thread: t})
			}
		}
	}
	return out
}

func (v *view) poolProblem(pool *threads.Pool, busy []views.Sighting, causes []*analyze.Finding) analyze.Finding {
	exhausted, size := pool.Exhausted(), pool.MaxSize()
	p := problem{account: account{sightings: busy}}
	p.Confidence = analyze.Medium // the dumps do not show the pool's maximum, nor its queue
	share := float64(exhausted) / float64(v.Dumps())
	p.Severity, p.Weight = analyze.Info, share/4
	if pool.Requests {
		p.Severity, p.Weight = analyze.Critical, share
		p.Confidence = analyze.High
	}
	if pool.Requests && v.threadLimit(pool) == 0 && size < poolCertain.Value { // as many as there are requests, and more may come
		p.Severity, p.Weight, p.Confidence = analyze.Info, share/4, analyze.Low
	}
	main := pool.Doing[0]
	scattered := float64(main.Count) < 0.1*float64(len(busy))
	in := ""
	if main.Site != "" {
		in = " in " + say.Short(main.Site)
		if at := v.whereAll(v.doingAt(busy, main)); at != "" && !scattered {
			in = " " + at
		}
	}
	doing := say.Text("%s of them %s%s", say.Share("doing_share", float64(main.Count)/float64(len(busy))), asPlural(say.Brief(main.Text)), in)
	if scattered {
		doing = say.Text("with many different things")
	}
	p.Say("All %s threads of pool %s are busy in %s of %s: %s", say.Amount("pool_size", size, "threads"), pool.Name,
		say.Amount("full_dumps", exhausted, "dumps"), say.Counted("dumps", v.Dumps(), "dump"), doing)
	if pool.Counts[0].Size != size || exhausted < v.Dumps() {
		p.Say("No thread of pool %s (up to %s) is idle in %s of %s: %s", pool.Name, say.Amount("pool_size", size, "threads"),
			say.Amount("full_dumps", exhausted, "dumps"), say.Counted("dumps", v.Dumps(), "dump"), doing)
	}
	p.Impact = fmt.Sprintf("in %s of the dumps new work for this pool had to wait", say.Percent(share))
	p.Explanation = "Work that arrives now stands in the pool's queue and its time counts before anything is done " +
		"for it."
	if !scattered {
		p.Explanation += " What the threads do: " + v.doings(pool, len(busy)) + "."
	}
	cause := causeOf(busy, causes)
	switch {
	case cause != nil && cause.ID == ids.HotThread && v.computes(pool):
		// The pool is what is short: its threads do what they are for, and there are no others for the work that waits.
		p.Severity, p.Weight = cause.Severity, min(1, cause.Weight/views.Behind)
		p.Explanation += " Every thread of the pool computes all the time (hot-thread says where); work of " +
			"another kind that shares the pool waits behind it."
		cause = nil
	case cause != nil:
		p.Because = append(p.Because, cause.ID)
		p.Explanation += " The cause is the finding " + cause.ID + ": a larger pool would only let more threads " +
			"wait there."
		// What follows from a finding stands behind it, and is no second problem of the same weight.
		if p.Severity == analyze.Critical {
			p.Severity = analyze.Warning
		}
		if !cause.Severity.AtLeast(p.Severity) {
			p.Severity = cause.Severity
		}
		p.Weight = views.Behind * min(p.Weight, cause.Weight)
	}
	p.Evidence = v.CiteAll(busy, cite.Most)
	p.Advice = poolAdvice(pool, v.threadLimit(pool), cause)
	p.References = poolReferences(pool)
	return p.finding()
}

// doingAt are the busy threads that do one thing.
func (v *view) doingAt(busy []views.Sighting, d threads.Doing) (list []views.Sighting) {
	for _, s := range busy {
		w := v.Series.Wait(s.Thread)
		if w.Kind == d.Kind && w.Text == d.Text && (w.Site == nil || w.Site.Func == d.Site) {
			list = append(list, s)
		}
	}
	return list
}

// causeOf finds the problem that explains most of the busy threads; nil when none explains a third, or two thirds where the threads
// come back: a pool may as well be too small for its work.
func causeOf(busy []views.Sighting, causes []*analyze.Finding) *analyze.Finding {
	var best *analyze.Finding
	most := len(busy) / 3
	for _, cause := range causes {
		in := explained(cause)
		n := 0
		for _, s := range busy {
			if in[s.Thread] {
				n++
			}
		}
		if n > most && (!accountOf(cause).moves || 3*n >= 2*len(busy)) {
			best, most = cause, n
		}
	}
	return best
}

// doings lists the three most frequent activities.
func (v *view) doings(pool *threads.Pool, busy int) string {
	var words []string
	for i, d := range pool.Doing {
		if i == 3 {
			break
		}
		text := say.Percent(float64(d.Count)/float64(busy)) + " " + asPlural(say.Brief(d.Text))
		if d.Site != "" {
			text += " in " + say.Short(d.Site)
		}
		words = append(words, text)
	}
	return say.List(words)
}

func poolAdvice(pool *threads.Pool, limit int, cause *analyze.Finding) []analyze.Advice {
	first := analyze.Advice{
		Action: "Make what the threads do shorter: " + cmp.Or(slowest(pool), "see the calls in the evidence") + ".",
		Effect: "Threads come back to the pool sooner.",
		Risk:   "A change of code or of data.",
		Verify: "Dumps under the same load show idle threads in " + pool.Name + ".",
	}
	if cause != nil {
		first.Action = "Remove the cause first: " + cause.ID + "."
		first.Risk = "See there."
	}
	size := analyze.Advice{
		Action: "Enlarge the pool only when CPU and database have room for more at once, and its database pool " +
			"with it.",
		Effect: "More work runs at once; each part takes no less time.",
		Risk:   "More load on CPU, heap and database: a saturated service gets slower.",
		Verify: "Throughput rises and response times fall under the same load.",
	}
	if pool.Kind == "Vert.x" && pool.Requests {
		size.Setting = "VertxOptions.setWorkerPoolSize (20 by default; of a named pool: createSharedWorkerExecutor)"
		size.From, size.To = fmt.Sprint(pool.MaxSize()), fmt.Sprint(pool.MaxSize()+max(pool.MaxSize()/4, 1))
	}
	if pool.Kind == "Tomcat" && pool.Requests {
		size.Setting = "maxThreads of the Connector in server.xml"
		limit = cmp.Or(limit, pool.MaxSize())
		size.From = fmt.Sprint(limit)
		size.To = fmt.Sprint(limit + max(limit/4, 1))
	}
	return []analyze.Advice{first, size}
}

// slowest says in which call most threads of a pool are, with what; empty: none is known.
func slowest(pool *threads.Pool) string {
	for _, d := range pool.Doing {
		if d.Site != "" {
			return fmt.Sprintf("most %s in %s", asPlural(say.Brief(d.Text)), say.Short(d.Site))
		}
	}
	return ""
}

func poolReferences(pool *threads.Pool) []string {
	switch pool.Kind {
	case "Tomcat":
		return []string{
			"Apache Tomcat Configuration Reference: The HTTP Connector, maxThreads",
			"Atlassian: Maximum number of threads created for connector",
		}
	case "Vert.x":
		return []string{"Vert.x Core manual: Running blocking code"}
	case "Jetty":
		return []string{"Eclipse Jetty Operations Guide: Thread pool"}
	}
	return []string{"Java API: ThreadPoolExecutor"}
}

// asPlural makes "waits for a lock" fit many threads.
func asPlural(text string) string {
	verb, rest, more := strings.Cut(text, " ")
	switch verb {
	case "is":
		verb = "are"
	case "has":
		verb = "have"
	case "watches":
		verb = "watch"
	default:
		if n := len(verb); n > 1 && verb[n-1] == 's' {
			verb = verb[:n-1]
		}
	}
	if !more {
		return verb
	}
	return verb + " " + rest
}
