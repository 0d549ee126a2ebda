package dumps

import (
	"fmt"
	"slices"
	"strings"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var (
	contentionWaiters = analyze.NewLimit(5, "threads", "blocked at one lock in one dump", "thread dump analysers "+
		"flag a monitor with more than 5 waiters")
	contentionShare = analyze.NewLimit(0.10, "1", "request-thread time lost at one lock", "thread dump "+
		"analysers' mark of congestion")
	contentionDumps = analyze.NewLimit(2, "dumps", "that show it", "one dump may show a moment")
	contentionFew   = analyze.NewLimit(0.25, "1", "request-thread time lost at a lock at which fewer stand, and stay",
		"own judgement: two of eight, for longer than the time between two dumps, are no chance")
	contentionCritical = analyze.NewLimit(
		0.5,
		"1",
		"request-thread time lost: critical",
		"own judgement: half of the service is missing",
	)
)

// lockUse says what a lock guards: each has a rule of its own, because the remedy differs.
type lockUse uint8

const (
	guardsProgram lockUse = iota
	guardsClasses
	guardsLog
	guardsConnections // of a database pool: db-pool-exhausted counts its waiters
	guardsNothing     // an idle thread holds it while it waits for work
)

// contended is a lock that threads are blocked on, with all that wait behind it.
type contended struct {
	*threads.Contention
	use         lockUse
	sightings   []views.Sighting // direct waiters and those behind them
	direct      int              // of them
	suspect     *threads.Track   // the likely holder, of a lock whose holder no dump shows
	suspectCall string           // where it is
	through     []string         // locks that others wait for and whose holders wait for this one
	behind      *contended       // the lock that this one's holders are blocked on; nil mostly
	kept        bool             // most waiters stand over all dumps, and no thread is seen that could hold it
}

// contention gives the locks of the series. Threads that a deadlock holds are left out: their lock will never be free.
func (v *view) contention(pass *analyze.Pass) []*contended {
	if v.locks == nil {
		v.locks = v.findContention(explained(v.found(pass, forEver...)...))
	}
	return v.locks
}

// forEver are findings whose threads no lock will ever let go on.
var forEver = []string{ids.Deadlock, ids.HiddenDeadlock}

func (v *view) findContention(dead map[*threads.Thread]bool) []*contended {
	all := []*contended{}
	of := map[*threads.LockState]*contended{}
	for _, c := range append(v.Series.Contention(), v.unnamedLocks()...) {
		k := &contended{Contention: c}
		uses := [guardsNothing + 1]int{}
		known := map[wanting]lockUse{} // hundreds of waiters have one stack
		for dump, st := range c.States {
			if st == nil {
				continue
			}
			of[st] = k
			for _, t := range st.Waiters {
				if dead[t] {
					continue
				}
				at := wantingOf(t)
				use, ok := known[at]
				if !ok {
					use = useOf(c, at)
					known[at] = use
				}
				uses[use]++
				k.sightings = append(k.sightings, views.Sighting{Dump: dump, Thread: t})
			}
		}
		k.direct = len(k.sightings)
		for use, n := range uses {
			if n > uses[k.use] {
				k.use = lockUse(use)
			}
		}
		if k.direct > 0 {
			all = append(all, k)
		}
	}
	for _, k := range all {
		k.behind = v.behind(k, of)
	}
	for _, k := range all {
		k.passOn(len(all))
	}
	return slices.DeleteFunc(all, func(k *contended) bool { return k.behind != nil })
}

// behind finds the lock that the holders of k are themselves blocked on in most of the dumps that tell.
func (v *view) behind(k *contended, of map[*threads.LockState]*contended) *contended {
	counts := map[*contended]int{}
	known := 0
	for dump, st := range k.States {
		if st == nil || st.Owner == nil {
			continue
		}
		known++
		if next := v.Series.Graph(dump).BlockedOn(st.Owner); next != nil && of[next] != nil && of[next] != k {
			counts[of[next]]++
		}
	}
	for next, n := range counts {
		if 2*n > known {
			return next
		}
	}
	return nil
}

// passOn counts k's own waiters at the lock at the end of the chain. The number of locks bounds the way: a chain may
// lead in a circle
// over the dumps, although no dump has one.
func (k *contended) passOn(locks int) {
	root := k
	for n := 0; root.behind != nil; n++ {
		if root = root.behind; root == k || n > locks {
			k.behind = nil
			return
		}
	}
	if root == k {
		return
	}
	root.sightings = append(root.sightings, k.sightings[:k.direct]...)
	root.through = append(root.through, k.name())
}

// wanting is a place in a stack where a lock is wanted.
type wanting struct {
	stack *threads.Stack
	frame int
}

func wantingOf(t *threads.Thread) wanting {
	if l := t.Waiting(); l != nil && int(l.Depth) < len(t.Stack.Frames) {
		return wanting{t.Stack, max(0, int(l.Depth))}
	}
	return wanting{t.Stack, 0}
}

// useOf looks at the frame that wants the lock and the calls that led to it.
func useOf(c *threads.Contention, at wanting) lockUse {
	if c.Kind == threads.ClassInit {
		return guardsClasses
	}
	frames := skipLockCalls(at.stack.Frames[at.frame:])
	near := frames[:min(len(frames), 4)]
	switch {
	case libs.Within(near, libs.IdleLocks):
		return guardsNothing
	case loadingAbove(frames):
		return guardsClasses
	case libs.Within(near, libs.LogLibraries):
		return guardsLog
	case libs.Within(near, libs.ConnectionPools):
		return guardsConnections
	}
	return guardsProgram
}

func skipLockCalls(frames []*threads.Frame) []*threads.Frame {
	for i, f := range frames {
		if !strings.HasPrefix(f.Func, "java.util.concurrent.locks.") && !strings.HasSuffix(f.Func, "Unsafe.park") {
			return frames[i:]
		}
	}
	return nil
}

// loadingAbove reports whether a class is being loaded before the stack leaves the runtime and the loaders.
func loadingAbove(frames []*threads.Frame) bool {
	for i, f := range frames {
		switch {
		case loadsClass(f.Func):
			return true
		case i > 8 || !threads.InRuntime(f.Func):
			return false
		}
	}
	return false
}

func loadsClass(fn string) bool {
	return strings.HasSuffix(fn, ".loadClass") || libs.StartsWith(fn, libs.ClassLoading)
}

// unnamedLocks are those of threads that are blocked without a line that says on what, by the place where they are.
func (v *view) unnamedLocks() []*threads.Contention {
	of := map[string]*threads.Contention{}
	var out []*threads.Contention
	for i, d := range v.Series.Dumps {
		for _, t := range d.Threads {
			w := v.Series.Wait(t)
			if w.Kind != threads.WaitLock || w.Lock != nil || w.Site == nil || v.JVM == nil {
				continue
			}
			kind, key := threads.Locked, w.Site.Func
			if t.AwaitsInit() {
				kind, key = threads.ClassInit, ""
			}
			c := of[key]
			if c == nil {
				c = &threads.Contention{Kind: kind, Site: w.Site, States: make([]*threads.LockState, v.Dumps()), Waiters: make([]int, v.Dumps())}
				of[key] = c
				out = append(out, c)
			}
			if c.States[i] == nil {
				c.States[i] = &threads.LockState{Kind: kind, OwnerDepth: -1}
				c.Dumps++
			}
			c.States[i].Waiters = append(c.States[i].Waiters, t)
			c.Waiters[i]++
			c.Total++
			c.Max = max(c.Max, c.Waiters[i])
		}
	}
	return out
}

// manyBlocked reports whether so many threads are blocked on a lock that it is no chance: five of them, or a good
// share of their kind that
// stays.
func (v *view) manyBlocked(k *contended, lost views.Loss) bool {
	if v.AtLeast(k.sightings, contentionWaiters.Value) >= contentionDumps.Value {
		return true
	}
	if lost.Share < contentionFew.Value || v.AtLeast(k.sightings, 2) < contentionDumps.Value {
		return false
	}
	stays, all := 0, 0
	for _, s := range k.sightings {
		if s.Dump+1 < v.Dumps() {
			all++
			if same, _ := v.Series.Stood(v.Series.TrackOf(s.Thread), s.Dump, s.Dump+1); same {
				stays++
			}
		}
	}
	return 2*stays > all
}

// judgeLocks reports the contended locks of one use.
func judgeLocks(pass *analyze.Pass, v *view, use lockUse, describe func(*contended, *problem)) []analyze.Finding {
	var out []analyze.Finding
	for _, k := range v.contention(pass) {
		if k.use != use {
			continue
		}
		lost := v.LossOf(k.sightings)
		if lost.Share < contentionShare.Value || !v.manyBlocked(k, lost) {
			continue
		}
		suspects := v.suspects(k)
		p := problem{account: account{sightings: slices.Concat(k.sightings, k.holders())}}
		p.Severity, p.Weight = lost.Severity(contentionCritical.Value), lost.Weight()
		p.Confidence = analyze.High
		p.About = []string{say.ShortClass(k.Class)}
		p.Say("%s wait for %s%s", v.Crowd(v.Peak(k.sightings)).Capital(), k.name(), v.held(k, suspects))
		p.Impact = fmt.Sprintf("%s: on average %s threads blocked, seen in %d of %s", lost.Impact(),
			say.Number(float64(len(k.sightings))/float64(v.Dumps())), k.Dumps, say.Count(v.Dumps(), "dump"))
		p.Explanation = k.story()
		if len(suspects) > 0 {
			s := suspects[len(suspects)-1]
			p.Explanation += fmt.Sprintf(" In %d of %s one thread alone is in %s besides them, most likely the "+
				"holder: %s %s.",
				len(v.sightingDumps(suspects)), say.Count(v.Dumps(), "dump"), v.sharedCall(k, s.Thread), say.Quote(s.Thread.Name), v.Doing(s.Thread))
			if slices.ContainsFunc(v.Peak(k.sightings), wantsToWrite) {
				p.Explanation += " It may hold the lock to read: a writer waits for all readers, and new readers " +
					"wait for the writer."
			}
			k.HolderWait, k.suspectCall = v.Series.Wait(s.Thread), v.sharedCall(k, s.Thread)
			k.suspect = v.Series.TrackOf(s.Thread)
		}
		k.kept = k.Holder == nil && len(suspects) == 0 && v.standFast(k)
		p.Evidence = v.lockEvidence(k, suspects)
		describe(k, &p)
		out = append(out, p.finding())
	}
	return out
}

// story tells what the holder does with the lock, and who else waits behind it.
func (k *contended) story() string {
	text := "Only one thread at a time gets past this lock; the others stand still until it is free."
	if k.Holder != nil {
		what := k.HolderWait.Text
		switch {
		case k.HolderDumps > 1:
			text += fmt.Sprintf(
				" %s kept it over %d dumps, %s at least, and meanwhile %s.",
				say.Quote(k.Holder.Name),
				k.HolderDumps,
				say.Seconds(k.HolderSpan),
				what,
			)
		default:
			text += fmt.Sprintf(" Its holder, %s, %s.", say.Quote(k.Holder.Name), what)
		}
	}
	if len(k.through) > 0 {
		slices.Sort(k.through)
		text += " Part of them wait for " + say.List(slices.Compact(k.through)) + ", whose holders wait for this lock."
	}
	return text
}

// lockEvidence cites holder and waiters of the dump with most waiters, then of the others.
func (v *view) lockEvidence(k *contended, suspects []views.Sighting) []analyze.Evidence {
	var out []analyze.Evidence
	for _, s := range suspects[:min(len(suspects), 2)] {
		out = append(out, v.Cite(s.Dump, s.Thread, v.Doing(s.Thread)+", where it is the only one besides those "+
			"that wait"))
	}
	holders := 0
	for dump, st := range k.States {
		if st == nil || st.Owner == nil || holders == 3 {
			continue
		}
		holders++
		out = append(out, v.Cite(dump, st.Owner, "holds "+k.name()+" and "+v.Doing(st.Owner)))
	}
	return append(out, v.CiteAll(k.sightings, cite.Most-len(out))...)
}

// lockVerify is how to tell that a lock's remedy worked.
func (v *view) lockVerify(k *contended) string {
	return fmt.Sprintf(
		"Collect again under the same load: fewer than %d threads wait for %s.",
		contentionWaiters.Value,
		k.name(),
	)
}
