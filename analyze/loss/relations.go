package loss

import (
	"math"
	"slices"
	"strings"

	"casefile/analyze/threads"
)

// Holders are the threads that are past a place where others wait: busy in the same call of the program, or in the one
// that led there, and not waiting with them. Of a lock all methods of its site's class count. Empty when fewer than
// half of the dumps with waiters show one.
func (a *Account) Holders(p *Place) []Sighting {
	wanted := nearCalls(p, 2)
	class := ""
	if p.Kind == Lock && p.Site != nil && !p.Site.OfNoType() {
		class = threads.OuterClass(p.Site.Func)
	}
	past := func(t *threads.Thread) bool {
		return slices.ContainsFunc(threads.Calls(t.Stack.Frames), func(f *threads.Frame) bool {
			return wanted[f.Func] || class != "" && threads.OuterClass(f.Func) == class
		})
	}
	return a.inMost(p, func(c *cell) bool { return c.kind != Idle && past(c.Thread) })
}

// Past are the threads that are busy below the very call in which others wait, and not waiting with them: each has
// what it waited for there. Empty when fewer than half of the dumps with waiters show one.
func (a *Account) Past(p *Place) []Sighting {
	wanted := nearCalls(p, 1)
	return a.inMost(p, func(c *cell) bool {
		calls := threads.Calls(c.Thread.Stack.Frames)
		return c.kind != Idle && slices.ContainsFunc(calls, func(f *threads.Frame) bool { return wanted[f.Func] })
	})
}

// PastClass are the threads that are busy in the class at whose calls others wait - its two innermost calls there - and
// do not wait with them: a pool that a program wrote itself lends by one method, and uses what it lent in another.
func (a *Account) PastClass(p *Place) []Sighting {
	class := ""
	if path := p.Path(); len(path) > 0 {
		class = threads.OuterClass(path[0].Func)
	}
	wanted := nearCalls(p, 2)
	return a.inMost(p, func(c *cell) bool {
		calls := threads.Calls(c.Thread.Stack.Frames)
		return c.kind != Idle && slices.ContainsFunc(calls, func(f *threads.Frame) bool { return wanted[f.Func] && threads.OuterClass(f.Func) == class })
	})
}

// Exactly are the request threads below one call of the program, outside of a place, of which there are as many in each dump as the pool
// is large that the others wait for: most likely they have its objects. Among several such calls the innermost counts; nil: none.
func (a *Account) Exactly(p *Place, size int) (found []Sighting) {
	type under struct {
		perDump []int
		depth   int
		list    []Sighting
	}
	of := map[string]*under{}
	for i := range a.cells {
		c := &a.cells[i]
		if !c.request || c.kind == Idle || c.place == p {
			continue
		}
		seen := map[string]bool{}
		for depth, f := range threads.Calls(c.Thread.Stack.Frames) {
			u := of[f.Func]
			if u == nil {
				u = &under{perDump: make([]int, len(p.PerDump))}
				of[f.Func] = u
			}
			if seen[f.Func] {
				continue
			}
			seen[f.Func] = true
			u.perDump[c.Dump] += c.Count()
			u.depth += depth
			u.list = append(u.list, c.Sighting)
		}
	}
	waiting := nearCalls(p, math.MaxInt)
	least, best := math.MaxInt, ""
	for fn, u := range of {
		all := !slices.ContainsFunc(u.perDump, func(n int) bool { return n != size })
		if all && !waiting[fn] && (u.depth < least || u.depth == least && fn < best) {
			least, best, found = u.depth, fn, u.list
		}
	}
	return found
}

// nearCalls are the innermost calls of the program at which the threads of a place stand, so many of each.
func nearCalls(p *Place, depth int) map[string]bool {
	calls := map[string]bool{}
	for _, s := range p.Sightings {
		own := threads.Calls(s.Thread.Stack.Frames)
		for _, f := range own[:min(depth, len(own))] {
			calls[f.Func] = true
		}
	}
	return calls
}

// inMost gives the threads outside of a place for which is holds, in the dumps that show threads in the place; none
// when they are missing in half of those dumps.
func (a *Account) inMost(p *Place, is func(*cell) bool) (found []Sighting) {
	with := map[int]bool{}
	verdict := map[*threads.Stack]bool{}
	for i := range a.cells {
		c := &a.cells[i]
		if c.place == p || c.place != nil && c.place.key.site == p.key.site && c.place.Kind == p.Kind || p.PerDump[c.Dump] == 0 {
			continue
		}
		yes, known := verdict[c.Thread.Stack]
		if !known {
			yes = is(c)
			verdict[c.Thread.Stack] = yes
		}
		if yes {
			with[c.Dump] = true
			found = append(found, c.Sighting)
		}
	}
	if 2*len(with) < p.Dumps(1) {
		return nil
	}
	return found
}

// Takers are the threads that take from the queue in which others wait for room: those of the same class, or of a class
// within it, that are at work: one that waits for work stands at another queue, and one that reads from a socket in its
// own loop may be at either.
func (a *Account) Takers(p *Place) []Sighting {
	if p.Site == nil {
		return nil
	}
	classes := map[string]bool{threads.OuterClass(p.Site.Func): true}
	for _, s := range p.Sightings {
		for _, f := range s.Thread.Stack.Frames[:min(12, len(s.Thread.Stack.Frames))] {
			if !threads.InRuntime(f.Func) {
				classes[threads.OuterClass(f.Func)] = true
				break
			}
		}
	}
	return a.inMost(p, func(c *cell) bool {
		atWork := c.kind != Idle || a.Series.Wait(c.Thread).Kind == threads.WaitSocketRead
		ofClass := func(f *threads.Frame) bool { return classes[threads.OuterClass(f.Func)] }
		return !c.request && atWork && slices.ContainsFunc(c.Thread.Stack.Frames, ofClass)
	})
}

// Cycle is a deadlock that no JVM sees: a thread keeps a monitor while it waits for something that another one is to
// give, and that one waits for the monitor.
type Cycle struct {
	Owner, Giver *threads.Track
	Lock         *threads.LockState // of the last dump
	Place        *Place             // where the owner waits
	Sightings    []Sighting         // both, and those that wait for the monitor too
	Sure         bool               // both work for the same library or class; else the giver is the only one at work that could
}

// Cycles finds them among threads that do not move over all dumps.
func (a *Account) Cycles() (out []Cycle) {
	last := len(a.Series.Dumps) - 1
	if last < 1 {
		return nil
	}
	graph := a.Series.Graph(last)
	for _, st := range graph.Locks() {
		if st.Owner == nil || len(st.Waiters) == 0 || !a.givenByOthers(st.Owner) {
			continue
		}
		owner := a.Series.TrackOf(st.Owner)
		if same, _ := a.Series.Stood(owner, 0, last); !same {
			continue
		}
		giver, sure := a.giver(st, last)
		if giver == nil {
			continue
		}
		c := Cycle{Owner: owner, Giver: giver, Lock: st, Place: a.places[st.Owner], Sure: sure}
		c.Sightings = a.behind(st.Owner)
		out = append(out, c)
	}
	return out
}

// givenByOthers reports whether a thread waits for what another thread is to give.
func (a *Account) givenByOthers(t *threads.Thread) bool {
	switch kindOf(a.Series.Wait(t)) {
	case Socket, Database:
		return t.State != threads.Runnable // parked: the client's own thread is to give it
	case Future, Others, Room, Queue, Condition, Permit, Pool, Member:
		return true
	}
	return false
}

// giver is the thread among those that want a lock which its owner waits for.
func (a *Account) giver(st *threads.LockState, last int) (giver *threads.Track, sure bool) {
	ours := packages(st.Owner)
	site := a.Series.Wait(st.Owner).Site
	candidates := 0
	for _, t := range st.Waiters {
		tr := a.Series.TrackOf(t)
		if same, _ := a.Series.Stood(tr, 0, last); !same {
			continue
		}
		loop := threads.Loop(t.Stack.Frames) != ""
		if crew := a.Series.CrewOf(t); crew.Requests && !loop {
			continue
		}
		switch {
		case site != nil && slices.ContainsFunc(t.Stack.Frames, func(f *threads.Frame) bool { return threads.OuterClass(f.Func) == threads.OuterClass(site.Func) }):
			return tr, true
		case loop && overlaps(ours, packages(t)):
			return tr, true
		case loop || threads.InTask(t.Stack.Frames):
			giver = tr
			candidates++
		}
	}
	if candidates == 0 || a.othersWork(st) {
		return nil, false
	}
	return giver, false
}

// packages are those of libraries on a stack, of three parts each.
func packages(t *threads.Thread) map[string]bool {
	out := map[string]bool{}
	for _, f := range t.Stack.Frames {
		if threads.InRuntime(f.Func) || !threads.InLibrary(f.Func) {
			continue
		}
		parts := strings.SplitN(f.Func, ".", 4)
		if len(parts) == 4 {
			out[strings.Join(parts[:3], ".")] = true
		}
	}
	return out
}

func overlaps(a, b map[string]bool) bool {
	for k := range a {
		if b[k] {
			return true
		}
	}
	return false
}

// othersWork reports whether any thread but the lock's owner and its waiters is at a task, in the last dump.
func (a *Account) othersWork(st *threads.LockState) bool {
	waits := map[*threads.Thread]bool{st.Owner: true}
	for _, t := range st.Waiters {
		waits[t] = true
	}
	last := len(a.Series.Dumps) - 1
	for i := range a.cells {
		c := &a.cells[i]
		if c.Dump == last && c.kind != Idle && !waits[c.Thread] && (threads.InTask(c.Thread.Stack.Frames) || threads.Loop(c.Thread.Stack.Frames) != "") {
			return true
		}
	}
	return false
}

// behind are all sightings of a thread and of those that it blocks, directly or not.
func (a *Account) behind(root *threads.Thread) (out []Sighting) {
	owner := a.Series.TrackOf(root)
	for dump := range a.Series.Dumps {
		t := owner.Obs[dump]
		if t == nil {
			continue
		}
		out = append(out, Sighting{dump, t})
		for _, c := range a.Series.Graph(dump).Chains() {
			if c.Root == t {
				for _, b := range c.Blocked {
					out = append(out, Sighting{dump, b})
				}
			}
		}
	}
	return out
}

// Starved is a pool each of whose threads waits for a task that only the pool itself could run.
type Starved struct {
	Crew      *threads.Crew
	Place     *Place     // where most of them wait
	Sightings []Sighting // its threads, and those that wait for its tasks
}

// StarvedPools finds pools of which all threads stand in a task and wait for another one, while no other pool works.
func (a *Account) StarvedPools() (out []Starved) {
	last := len(a.Series.Dumps) - 1
	if last < 1 {
		return nil
	}
	for _, crew := range a.Series.Crews() {
		if crew.Runtime || len(crew.Threads) == 0 || crew.Sizes[0] != crew.Sizes[last] {
			continue
		}
		if s := a.starved(crew, last); s != nil {
			out = append(out, *s)
		}
	}
	return out
}

func (a *Account) starved(crew *threads.Crew, last int) *Starved {
	submitted := 0
	for _, tr := range crew.Threads {
		t := tr.Obs[last]
		if t == nil {
			return nil
		}
		same, _ := a.Series.Stood(tr, 0, last)
		p := a.places[t]
		if !same || p == nil || p.Kind != Future && p.Kind != Others || !threads.InTask(t.Stack.Frames) {
			return nil
		}
		if waitsForTask(t) || composed(t) {
			submitted++
		}
	}
	if submitted < len(crew.Threads) { // a latch may be counted down, and a future be completed, by anything
		return nil
	}
	if a.worksElsewhere(crew, last) {
		return nil
	}
	s := &Starved{Crew: crew, Place: a.places[crew.Threads[0].Obs[last]]}
	for i := range a.cells {
		c := &a.cells[i]
		if c.crew == crew || c.kind == Future || c.kind == Others && c.request {
			s.Sightings = append(s.Sightings, c.Sighting)
		}
	}
	return s
}

// taskWaits are waits for what was given to an executor.
var taskWaits = []string{"java.util.concurrent.FutureTask.", "java.util.concurrent.ForkJoinTask.", "java.util.concurrent.AbstractExecutorService.invokeA",
	"java.util.concurrent.ExecutorCompletionService."}

// composed reports whether a task of a CompletableFuture waits for another one.
func composed(t *threads.Thread) bool {
	const future = "java.util.concurrent.CompletableFuture"
	waits, task := false, false
	for _, f := range t.Stack.Frames {
		waits = waits || !task && strings.HasPrefix(f.Func, future+".")
		task = task || strings.HasPrefix(f.Func, future+"$Async")
	}
	return waits && task
}

func waitsForTask(t *threads.Thread) bool {
	for _, f := range t.Stack.Frames[:min(len(t.Stack.Frames), 12)] {
		if !threads.InRuntime(f.Func) {
			return false
		}
		if slices.ContainsFunc(taskWaits, func(p string) bool { return strings.HasPrefix(f.Func, p) }) {
			return true
		}
	}
	return false
}

// worksElsewhere reports whether a thread of another crew runs a task that is not itself a wait for one.
func (a *Account) worksElsewhere(crew *threads.Crew, dump int) bool {
	for i := range a.cells {
		c := &a.cells[i]
		if c.Dump == dump && c.crew != crew && !c.request && c.kind != Idle && c.kind != Future && c.kind != Others && threads.InTask(c.Thread.Stack.Frames) {
			return true
		}
	}
	return false
}

// Works reports whether threads of other crews than those of a place compute for tasks in half of the dumps or more: what the place waits
// for may be their work.
func (a *Account) Works(p *Place) bool {
	dumps := map[int]bool{}
	for i := range a.cells {
		c := &a.cells[i]
		if c.crew != p.Crew && !c.request && c.kind == Running && threads.InTask(c.Thread.Stack.Frames) {
			dumps[c.Dump] = true
		}
	}
	return 2*len(dumps) >= len(a.Series.Dumps)
}

// Knot is a class whose initialiser does not end: threads wait for it, and those inside wait for each other's classes
// or something else.
type Knot struct {
	Inside    []*threads.Track // in an initialiser, waiting for another one's class
	Classes   []string         // those initialised, parallel to Inside
	Sightings []Sighting
}

// InitKnot finds threads that stand in static initialisers and wait for other classes to be initialised; nil: none.
func (a *Account) InitKnot() *Knot {
	last := len(a.Series.Dumps) - 1
	if last < 1 {
		return nil
	}
	k := &Knot{}
	for i := range a.cells {
		c := &a.cells[i]
		if !c.Thread.AwaitsInit() {
			continue
		}
		tr := a.Series.TrackOf(c.Thread)
		if same, _ := a.Series.Stood(tr, 0, last); !same {
			continue
		}
		k.Sightings = append(k.Sightings, c.Sighting)
		if c.Dump != last {
			continue
		}
		for _, f := range c.Thread.Stack.Frames {
			if class, ok := strings.CutSuffix(f.Func, ".<clinit>"); ok {
				k.Inside, k.Classes = append(k.Inside, tr), append(k.Classes, class)
				break
			}
		}
	}
	if len(k.Inside) < 2 {
		return nil
	}
	return k
}
