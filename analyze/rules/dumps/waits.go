package dumps

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	waitShare = analyze.NewLimit(0.10, "1", "request-thread time in one wait that is never for "+
		"work", "thread dump analysers' mark of congestion")
	waitAnyShare = analyze.NewLimit(0.25, "1", "request-thread time in one wait of any other kind, when it "+
		"lasts", "a quarter of a service that waits for one thing by design is healthy")
	waitHalf = analyze.NewLimit(0.5, "1", "request-thread time in one wait: critical; or told although it "+
		"does not last", "half of the service's capacity")
	waitThreads = analyze.NewLimit(3, "threads", "in one wait at once, or a third of their "+
		"kind", "two may meet by chance")
	waitLasts = analyze.NewLimit(0.5, "1", "threads of a wait that are still there in the next "+
		"dump", "most calls outlast the time between two dumps")
	standThreads = analyze.NewLimit(5, "threads", "of one kind that stand on one stack in all "+
		"dumps", "a lock with five waiters is what analysers flag")
	standFamily = analyze.NewLimit(4, "threads", "that are all of their kind, and stand in all "+
		"dumps", "smaller families have tasks of their own")
	standSpan = analyze.NewLimit(5*time.Second, "", "without a move", "longer than a healthy pool lends anything")
	meetStay  = analyze.NewLimit(200*time.Millisecond, "", "that goroutines of requests stand at one object, or at a bounded pool, on average",
		"a healthy service lends what requests share for milliseconds")
	ownStay = analyze.NewLimit(time.Second, "", "that goroutines of requests stand in one wait that each has for itself, on average",
		"a user notices a second")
	streamStay = analyze.NewLimit(10*time.Second, "", "that goroutines of requests stand in a select of their handler, on average: a note",
		"streams and long polls last that long, and few calls do")
	loneDumpShare = analyze.NewLimit(0.5, "1", "request-thread time in one wait of a single dump: a "+
		"note", "half of the service's capacity")
)

// place is a place where threads wait, with what it costs.
type place struct {
	*loss.Place
	v        *view
	lost     views.Loss
	standing []*threads.Track // over all dumps
	proven   bool             // that they did not move
	lasting  float64
	lasts    bool // lasting is known and most of them stay
	lone     bool // there is one dump only
	meeting  loss.Meeting
	stay     loss.Stay   // of goroutines
	past     func() bool // others are past the wait, or were started by those who wait: of goroutines
	works    bool        // workers wait for what others may be computing
	beside   bool        // a finding explains why other request threads stand in what is never a wait for work
}

// waitRule makes a rule of a kind of waits.
func waitRule(id, doc, fix string, after []string, kinds ...loss.Kind) *analyze.Rule {
	return &analyze.Rule{
		ID: id, Doc: doc, Needs: needsDumps(2), Fix: fix, After: after,
		Limits: []analyze.Threshold{waitShare, waitAnyShare, waitHalf, waitThreads, waitLasts, standThreads, standFamily, standSpan, meetStay, ownStay, streamStay, loneDumpShare, poolCertain},
		Run: analyze.Each(alsoOneDump, func(pass *analyze.Pass, v *view) []analyze.Finding {
			return v.judgePlaces(pass, after, kinds)
		}),
	}
}

// alsoOneDump gives all processes with dumps; one dump is not enough to tell that nothing is wrong.
func alsoOneDump(p *analyze.Pass) []*view {
	all := processes.Of(p)
	for _, v := range all {
		if v.Dumps() > 1 {
			p.Evaluated()
		}
	}
	return all
}

// lossAccount is the account of lost time of the process.
func (v *view) lossAccount(pass *analyze.Pass) *loss.Account {
	return analyze.AccountOf(pass, v.Series)
}

// judgePlaces reports where threads wait for things of some kinds that no earlier finding explains.
func (v *view) judgePlaces(pass *analyze.Pass, after []string, kinds []loss.Kind) (out []analyze.Finding) {
	a := v.lossAccount(pass)
	explained := []views.Sighting{}
	for _, f := range v.found(pass, after...) {
		a.Claim(f.ID, claimedOf(f))
		explained = append(explained, accountOf(f).sightings...)
	}
	lost := v.LossOf(explained)
	beside := lost.Requests && lost.Share >= waitShare.Value || v.standsElse(a)
	for _, p := range a.Unclaimed() {
		if len(kinds) > 0 && !slices.Contains(kinds, p.Kind) {
			continue
		}
		if w := v.weigh(a, p); w.hurts() {
			w.beside = beside
			found := w.problem(a)
			if w.byThreads() {
				found.Because = []string{ids.Deadlock, ids.HiddenDeadlock, ids.SelfStarvation}
			}
			if v.JVM == nil && w.Kind == loss.Future { // what keeps those that they started
				found.Because = append(found.Because, explainers(v.found(pass, after...), a.Made(p))...)
			}
			out = append(out, found.finding())
		}
	}
	return out
}

func (v *view) weigh(a *loss.Account, p *loss.Place) *place {
	w := &place{Place: p, v: v, lone: v.Dumps() == 1 || p.Crew.Virtual && seenIn(p.Crew) == 1}
	w.standing, w.proven = a.Standing(p)
	var known bool
	w.lasting, known = a.Lasting(p)
	w.lasts = known && w.lasting >= waitLasts.Value
	w.works = !p.Requests && (p.Kind == loss.Future || p.Kind == loss.Others) && a.Works(p)
	w.lost = v.LossOf(w.sightings())
	if v.JVM == nil {
		w.meeting, w.past = p.Meeting(), sync.OnceValue(func() bool { return len(a.Past(p)) > 0 || len(a.Made(p)) > 0 })
	}
	if v.JVM == nil && w.lost.Share >= waitShare.Value { // which few are: each asks all goroutines
		w.stay = a.Stay(p)
	}
	return w
}

// seenIn is the number of dumps that list threads of a crew: virtual threads are listed by a call of its own, which a busy JVM may not
// answer in time.
func seenIn(c *threads.Crew) (n int) {
	for _, size := range c.Sizes {
		if size > 0 {
			n++
		}
	}
	return n
}

func (w *place) sightings() []views.Sighting {
	return slices.Clone(w.Sightings)
}

// never reports whether the wait is of a kind that no worker is in for want of work.
func (w *place) never() bool {
	switch w.Kind {
	case loss.Queue, loss.Condition, loss.Sleep, loss.Process, loss.Disk, loss.Socket, loss.Database:
		return false
	}
	return true
}

// byThreads reports whether a thread of the process may be to end the wait: one that stands for ever never does.
func (w *place) byThreads() bool {
	switch w.Kind {
	case loss.Lock, loss.DBPool, loss.HTTPPool, loss.Pool, loss.Permit, loss.Room, loss.Queue, loss.Future, loss.Others, loss.Condition:
		return true
	}
	return false
}

// standsElse reports whether a good part of the request time goes to a wait that no thread is in for want of work.
func (v *view) standsElse(a *loss.Account) bool {
	for _, p := range a.Unclaimed() {
		w := &place{Place: p, v: v}
		if p.Requests && (w.never() || p.Kind == loss.Sleep) && v.LossOf(w.sightings()).Share >= waitShare.Value {
			return true
		}
	}
	return false
}

// mayBeIdle reports whether threads wait for work in such a way too.
func (w *place) mayBeIdle() bool {
	return w.Kind == loss.Queue || w.Kind == loss.Condition
}

// hurts reports whether the wait takes enough of the process's time to be told.
func (w *place) hurts() bool {
	peak := w.peak()
	switch {
	case w.Kind == loss.Client:
		return false
	case w.lone:
		return (w.Requests || w.v.JVM == nil) && w.never() && peak >= standThreads.Value && w.lost.Share >= loneDumpShare.Value
	case w.v.JVM == nil:
		return w.hurtsGoroutines(peak)
	case w.Requests:
		return w.hurtsRequests(peak)
	}
	return w.standsStill()
}

func (w *place) peak() int {
	n, _ := w.Peak()
	return n
}

func (w *place) hurtsRequests(peak int) bool {
	many := peak >= waitThreads.Value || w.lost.Share >= 1./3
	often := w.Dumps(1) >= 2 && 2*w.Dumps(1) >= w.v.Dumps()
	if !many || !often {
		return false
	}
	switch {
	case w.Kind == loss.Future || w.Kind == loss.Connect || w.Kind == loss.Lock: // of which a healthy service has short ones
		return w.lost.Share >= waitShare.Value && w.lasts || w.lost.Share >= waitHalf.Value
	case w.never(): // a queue that is full now and then holds its producers back by design, for moments
		crowded := w.Total() >= waitThreads.Value*w.v.Dumps()
		return w.lost.Share >= waitShare.Value && (w.lasts || crowded) || w.lost.Share >= waitHalf.Value
	}
	return w.lost.Share >= waitAnyShare.Value && w.lasts || w.lost.Share >= waitHalf.Value && w.Kind != loss.Database
}

// standsStill reports whether a family of workers stands in a call that is never a wait for work, in all dumps.
func (w *place) standsStill() bool {
	if !w.never() || w.Site == nil || len(threads.Calls(w.Sightings[0].Thread.Stack.Frames)) == 0 {
		return false
	}
	n := len(w.standing)
	if w.Kind == loss.FileLock { // taken for a moment, or by a standby on purpose
		return n > 0 && w.v.Series.Duration() >= standSpan.Value
	}
	all := n == w.Crew.MaxSize() && n >= standFamily.Value
	if w.heldBack() { // it looks anew four times a second whether it may go on
		all = slices.Min(w.PerDump) == w.Crew.MaxSize() && w.Crew.MaxSize() >= standFamily.Value
	}
	return (n >= standThreads.Value || all) && w.v.Series.Duration() >= standSpan.Value
}

// heldBack reports whether an index holds its writers back until its segments are merged or written: no pipeline does so by design.
func (w *place) heldBack() bool { return strings.Contains(w.Text, "have caught up") }

// inOwnLoop reports whether a whole family of workers waits for a signal in the very loop that it runs, with no piece of work on any stack: a
// semaphore or a barrier that tells of new work looks like that, and so do permits that all went lost.
func (w *place) inOwnLoop() bool {
	if w.Requests || w.Kind != loss.Permit && w.Kind != loss.Others || len(w.standing) < w.Crew.MaxSize() {
		return false
	}
	return !slices.ContainsFunc(w.Sightings, func(s views.Sighting) bool { return !threads.InOwnLoop(s.Thread.Stack.Frames) })
}

// severity: a family of workers is not known to keep a user waiting, and one dump cannot prove that anything lasts.
func (w *place) severity() (analyze.Severity, float64, analyze.Confidence) {
	switch {
	case w.lone:
		return analyze.Info, w.lost.Weight() / 2, analyze.Low
	case w.Kind == loss.FileLock && !w.Requests && len(w.standing) < standFamily.Value:
		return analyze.Info, w.lost.Weight(), w.confidence()
	case (w.Kind == loss.Room || w.Kind == loss.Lock) && !w.lasts && len(w.standing) == 0 && w.v.lacksCPU(): // whoever is to end the wait is ready to, and gets no CPU
		return analyze.Info, w.lost.Weight() / 4, analyze.Low
	case w.works: // they coordinate work that is being done
		return analyze.Info, w.lost.Weight() / 2, analyze.Low
	case w.v.JVM == nil && !w.numbered(): // others may stand there each time
		return analyze.Info, w.lost.Weight() / 2, analyze.Low
	case w.mayStream():
		return analyze.Info, w.lost.Weight() / 2, analyze.Low
	case w.v.JVM == nil && !w.remains(w.peak()) && !w.waitsLong(): // nothing tells that any of them waits for long
		return analyze.Info, w.lost.Weight() / 2, analyze.Low
	case w.v.JVM == nil && !w.remains(w.peak()):
		return w.lost.Severity(waitHalf.Value), w.lost.Weight(), analyze.Medium
	case w.inOwnLoop():
		return analyze.Info, w.lost.Weight() / 2, analyze.Low
	case !w.Requests:
		return analyze.Warning, w.lost.Weight(), w.confidence()
	case w.moves() && !w.never() && w.Total() < poolCertain.Value*w.v.Dumps(): // a few that work by waiting
		return analyze.Info, w.lost.Weight() / 4, analyze.Low
	case (w.moves() || w.Kind == loss.Sleep) && w.lost.Share >= poolExhaustedShare.Value: // it is what fills the pool
		return w.lost.Severity(waitHalf.Value), w.lost.Weight(), analyze.Medium
	case w.moves() || w.Kind == loss.Sleep: // the pool may as well be too small for its work
		return analyze.Warning, w.lost.Weight() / 2, analyze.Medium
	}
	return w.lost.Severity(waitHalf.Value), w.lost.Weight(), w.confidence()
}

// lacksCPU reports whether the threads of the process that could run waited for a CPU for longer than they had one.
func (v *view) lacksCPU() bool {
	var used, wanted time.Duration
	for _, tr := range v.Series.Threads() {
		if tr.First == tr.Last {
			continue
		}
		if cpu, source := tr.CPU(tr.First, tr.Last); source != threads.NoCPU {
			used += max(0, cpu)
		}
		wanted += max(0, tr.Starved(tr.First, tr.Last))
	}
	return wanted > used && float64(wanted) > waitShare.Value*float64(v.Series.Duration())
}

// moves reports whether the threads come back from the wait before the next dump, and the wait alone does not show
// that something is short.
func (w *place) moves() bool { return !w.lone && !w.lasts && !w.bounded() }

// bounded waits show that something is short, however briefly each thread waits.
func (w *place) bounded() bool {
	switch w.Kind {
	case loss.Pool, loss.Permit, loss.Room, loss.DBPool, loss.HTTPPool:
		return true
	}
	return false
}

func (w *place) confidence() analyze.Confidence {
	if w.proven || w.lasts {
		return analyze.High
	}
	return analyze.Medium
}

// problem puts a place in words.
func (w *place) problem(a *loss.Account) *problem {
	row := rowOf(w)
	list := w.sightings()
	rel := row.related(a, w)
	p := &problem{account: account{sightings: append(list, rel.explained...), moves: w.moves() || w.Kind == loss.Sleep}}
	p.Severity, p.Weight, p.Confidence = w.severity()
	if w.beside && !rel.any && w.mayBeIdle() {
		p.Severity, p.Weight, p.Confidence, p.mayBeIdle = analyze.Info, p.Weight/4, analyze.Low, true
		rel.story += " Others of the pool stand for a reason that is known; these may as well have nothing to do."
	}
	p.About = w.about()
	p.Say("%s%s", w.title(list), rel.title)
	p.Impact = fmt.Sprintf("%s: on average %s threads stand there", w.lost.Impact(), say.Number(float64(w.Total())/float64(w.v.Dumps())))
	p.Explanation = w.story(row) + rel.story
	p.Evidence = append(w.v.CiteAll(list, cite.Most-len(rel.evidence)), rel.evidence...)
	p.Advice = row.advice(w, rel)
	if own, called, waits := w.via(); called != nil && !rel.any {
		p.Advice[0].Action = w.libraryAdvice(own, called, waits)
	}
	if w.Kind == loss.Future && !rel.any {
		if addr := w.v.namePeers(&p.Finding, list, threads.WaitSocketRead, ""); addr != "" {
			p.Explanation += " As many connections are open to " + addr + " in all dumps: that may be whose answer they wait for."
		}
	}
	p.References = row.references
	if len(p.References) == 0 {
		p.References = []string{"Java Platform, Standard Edition Troubleshooting Guide: Troubleshoot Process " +
			"Hangs and Loops"}
	}
	if w.v.JVM == nil {
		p.References = []string{"Go documentation: Diagnostics, goroutine and block profiles"}
	}
	return p
}

// title says who waits for what, where, and how often that was seen.
func (w *place) title(list []views.Sighting) say.Phrase {
	who, does := w.v.Crowd(w.v.Peak(list)), say.Brief(w.words())
	if n, _ := w.Peak(); n > 1 {
		does = asPlural(does)
	}
	if w.lone {
		return say.Text("In one dump %s %s %s%s", who, does, w.where(), w.through())
	}
	return say.Text("%s %s %s%s, in %s", who.Capital(), does, w.where(), w.through(), w.inDumps())
}

// story says how sure it is that the threads do not move.
func (w *place) story(row *waitRow) string {
	text := row.means
	switch {
	case w.lone:
		return text + " One dump cannot prove that it lasts: take three or more, some seconds apart (casefile collect)."
	case w.v.JVM == nil && !w.numbered():
		return text + " Dumps at debug=1 do not tell whether they are the same ones each time: take goroutine?debug=2."
	case len(w.standing) > 1:
		text += fmt.Sprintf(" %d of them are on one stack in all %d dumps, over "+
			"%s", len(w.standing), w.v.Dumps(), say.Seconds(w.v.Series.Duration()))
		if w.proven {
			text += ", and used no CPU"
		}
		text += "."
	}
	if w.v.JVM == nil {
		text += w.meets()
	}
	if w.spins() {
		text += " They ask again and again whether it is over, and use CPU while they wait."
	}
	return text
}

// spins reports whether most of the threads use the CPU while they wait.
func (w *place) spins() bool {
	n := 0
	for _, s := range w.Sightings {
		if w.v.Series.Wait(s.Thread).Spins {
			n++
		}
	}
	return 2*n > len(w.Sightings)
}

func (w *place) inDumps() say.Phrase {
	n := w.Dumps(1)
	if n == w.v.Dumps() {
		return say.Text("all %s dumps", say.Amount("dumps", n, "dumps"))
	}
	return say.Text("%s of %s", say.Amount("seen_dumps", n, "dumps"), say.Counted("dumps", w.v.Dumps(), "dump"))
}
