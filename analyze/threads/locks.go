package threads

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// LockState is one lock of a dump: who has it, who wants it.
type LockState struct {
	Addr  uint64 // 0: a class initialisation, or a dump without addresses
	Class string
	Kind  LockKind // Locked for a monitor, OwnsSynchronizer for a java.util.concurrent lock, ClassInit

	Owner      *Thread // nil when the dump does not tell
	OwnerDepth int     // frame in which the owner took it; -1 unknown
	Evidence   string  // how the owner is known

	Waiters   []*Thread // blocked until the owner lets go
	WaitingOn []*Thread // in Object.wait, or parked on something that is no lock: not blocked by an owner
}

// LockGraph joins the lock lines of a dump: a thread points to the lock it is blocked on, a lock to its owner.
type LockGraph struct {
	Dump  *Dump
	locks map[lockKey]*LockState
	wants map[*Thread]*LockState
	order []*LockState
}

type lockKey struct {
	addr  uint64
	class string
}

// NewLockGraph builds the graph of one dump. The owner of a lock is the thread that entered it and does not wait for it; else the one
// that the dump names: in its list of owned synchronizers, its deadlock section, or behind "owned by". The owner of a class
// initialisation is the thread inside the class's <clinit>.
func NewLockGraph(d *Dump) *LockGraph {
	g := &LockGraph{Dump: d, locks: map[lockKey]*LockState{}, wants: map[*Thread]*LockState{}}
	for _, t := range d.Threads {
		g.addThread(t)
	}
	names := sync.OnceValue(func() names { return newNames(d) }) // few dumps name an owner
	g.ownersByReport(names)
	g.ownersByName(names)
	g.ownersByClinit()
	g.sort()
	return g
}

func (g *LockGraph) key(l *Lock) (lockKey, bool) {
	switch {
	case l.Addr == 0:
		return lockKey{0, l.Class}, l.Kind == ClassInit && l.Class != ""
	case g.Dump.Format == FormatHotSpot:
		return lockKey{addr: l.Addr}, true
	}
	return lockKey{l.Addr, l.Class}, true // identity hashes are not unique
}

func (g *LockGraph) state(l *Lock) *LockState {
	k, ok := g.key(l)
	if !ok {
		return nil
	}
	s := g.locks[k]
	if s == nil {
		s = &LockState{Addr: l.Addr, Class: l.Class, OwnerDepth: -1}
		g.locks[k] = s
		g.order = append(g.order, s)
	}
	if s.Class == "" {
		s.Class = l.Class
	}
	return s
}

func (g *LockGraph) addThread(t *Thread) {
	for i := range t.Locks {
		l := &t.Locks[i]
		switch l.Kind {
		case Locked, OwnsSynchronizer:
			if s := g.state(l); s != nil && s.Owner == nil && !waitsFor(t, l.Addr) {
				s.Owner, s.OwnerDepth, s.Kind = t, int(l.Depth), l.Kind
				s.Evidence = "locked in its stack"
				if l.Kind == OwnsSynchronizer {
					s.Evidence = "among its owned synchronizers"
				}
			}
		case WaitingToLock, WaitingToRelock, WaitingOn, Parking, ClassInit:
			g.addWaiter(t, l)
		}
	}
}

func (g *LockGraph) addWaiter(t *Thread, l *Lock) {
	s := g.state(l)
	if s == nil {
		return
	}
	if !blocks(t, l) {
		if !slices.Contains(s.WaitingOn, t) {
			s.WaitingOn = append(s.WaitingOn, t)
		}
		return
	}
	if g.wants[t] != nil {
		return
	}
	g.wants[t] = s
	s.Waiters = append(s.Waiters, t)
	switch l.Kind {
	case Parking:
		s.Kind = OwnsSynchronizer
	case ClassInit:
		s.Kind = ClassInit
	}
}

func waitsFor(t *Thread, addr uint64) bool {
	for i := range t.Locks {
		switch t.Locks[i].Kind {
		case WaitingOn, WaitingToLock, WaitingToRelock:
			if t.Locks[i].Addr == addr {
				return true
			}
		}
	}
	return false
}

// blocks says whether the thread cannot go on before another one lets the lock go. In Object.wait only the state tells: a notified thread
// that waits to re-enter its monitor is BLOCKED, be its line "waiting on" or, as JDK 9 to 11 have it next to that line for every thread in
// wait, "waiting to re-lock in wait()".
func blocks(t *Thread, l *Lock) bool {
	switch l.Kind {
	case WaitingToLock, ClassInit:
		return true
	case WaitingOn, WaitingToRelock:
		return t.State == Blocked
	case Parking:
		return l.Owner != "" || isLockClass(l.Class, t.Stack)
	}
	return false
}

// Parked-on classes that have no owner.
var notLocks = []string{"ConditionObject", "CountDownLatch", "Semaphore", "CyclicBarrier", "Phaser", "Exchanger", "SynchronousQueue", "FutureTask", "CompletableFuture", "ForkJoinPool", "ThreadPoolExecutor$Worker"}

// Methods below a park that mean a lock is wanted, for classes that extend ReentrantLock or the like.
var lockMethods = []string{"java.util.concurrent.locks.ReentrantLock.", "java.util.concurrent.locks.ReentrantReadWriteLock$", "java.util.concurrent.locks.StampedLock."}

func isLockClass(class string, stack *Stack) bool {
	for _, n := range notLocks {
		if strings.Contains(class, n) {
			return false
		}
	}
	if strings.HasPrefix(class, "java.util.concurrent.locks.") {
		return true
	}
	for _, f := range stack.Frames[:min(len(stack.Frames), 8)] {
		for _, m := range lockMethods {
			if strings.HasPrefix(f.Func, m) {
				return true
			}
		}
	}
	return false
}

// names finds threads by name, which is not unique, or by #id.
type names map[string][]*Thread

func newNames(d *Dump) names {
	n := make(names, len(d.Threads))
	for _, t := range d.Threads {
		n[t.Name] = append(n[t.Name], t)
		if t.Num != 0 && d.Format != FormatHotSpot {
			num := "#" + strconv.FormatInt(t.Num, 10)
			n[num] = append(n[num], t)
		}
	}
	return n
}

// find prefers a thread for which fits holds.
func (n names) find(name string, fits func(*Thread) bool) *Thread {
	all := n[name]
	for _, t := range all {
		if fits(t) {
			return t
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return nil
}

func (g *LockGraph) ownersByReport(byName func() names) {
	for i := range g.Dump.Reported {
		w := &g.Dump.Reported[i]
		if w.Addr == 0 || w.Owner == "" {
			continue
		}
		s := g.state(&Lock{Addr: w.Addr, Class: w.Class})
		if s.Owner == nil {
			s.Owner = byName().find(w.Owner, func(t *Thread) bool { return g.wants[t] != nil && g.wants[t] != s })
			s.Evidence = "named in the JVM's deadlock section"
		}
		if w.Ownable {
			s.Kind = OwnsSynchronizer
		}
	}
}

func (g *LockGraph) ownersByName(byName func() names) {
	for _, t := range g.Dump.Threads {
		for i := range t.Locks {
			l := &t.Locks[i]
			if l.Owner == "" {
				continue
			}
			if s := g.state(l); s != nil && s.Owner == nil {
				s.Owner = byName().find(l.Owner, func(o *Thread) bool { return o != t })
				s.Evidence = "named by the waiting thread"
			}
		}
	}
}

func (g *LockGraph) ownersByClinit() {
	wanted := map[string]*LockState{}
	for _, s := range g.order {
		if s.Kind == ClassInit && s.Owner == nil {
			wanted[s.Class+".<clinit>"] = s
		}
	}
	if len(wanted) == 0 {
		return
	}
	for _, t := range g.Dump.Threads {
		for depth, f := range t.Stack.Frames {
			if s := wanted[f.Func]; s != nil && s.Owner == nil && g.wants[t] != s {
				s.Owner, s.OwnerDepth, s.Evidence = t, depth, "inside the class's initialiser"
			}
		}
	}
}

func (g *LockGraph) sort() {
	slices.SortStableFunc(g.order, func(a, b *LockState) int { return cmp.Compare(len(b.Waiters), len(a.Waiters)) })
}

// Locks gives all locks of the dump, those with most blocked threads first.
func (g *LockGraph) Locks() []*LockState { return g.order }

// BlockedOn gives the lock that keeps the thread from going on; nil when none does.
func (g *LockGraph) BlockedOn(t *Thread) *LockState { return g.wants[t] }

// holder is the thread that t is blocked by; nil when t is not blocked, or the owner is not known, or is t itself.
func (g *LockGraph) holder(t *Thread) *Thread {
	s := g.wants[t]
	if s == nil || s.Owner == t {
		return nil
	}
	return s.Owner
}

// Deadlock is a cycle: Threads[i] is blocked on Locks[i], which Threads[i+1] owns; the last one's lock is owned by Threads[0].
type Deadlock struct {
	Threads []*Thread
	Locks   []*LockState
}

// Deadlocks gives all cycles of the graph, whether or not the JVM reported them. A thread waits for one lock at most, so that cycles
// share no thread.
func (g *LockGraph) Deadlocks() []Deadlock {
	var found []Deadlock
	round := make(map[*Thread]int, len(g.wants))
	for i, t := range g.Dump.Threads {
		n := i + 1
		for t != nil && round[t] == 0 && g.wants[t] != nil {
			round[t] = n
			t = g.holder(t)
		}
		if t != nil && round[t] == n {
			found = append(found, g.cycle(t))
		}
	}
	return found
}

func (g *LockGraph) cycle(first *Thread) Deadlock {
	var d Deadlock
	for t := first; ; {
		d.Threads = append(d.Threads, t)
		d.Locks = append(d.Locks, g.wants[t])
		if t = g.holder(t); t == first {
			return d
		}
	}
}

// Chain is a thread that blocks others and is not blocked itself by a lock whose owner is known.
type Chain struct {
	Root     *Thread
	Blocked  []*Thread  // directly or through others; nearest first
	Direct   int        // the first Direct of Blocked wait for a lock of Root
	Depth    int        // longest way to Root, in locks
	RootWait *LockState // the lock Root itself is blocked on, its owner unknown; nil mostly
}

// Chains gives the blocking chains of the dump, those with most blocked threads first. Deadlocks, and what waits for them, have no root and are
// left out.
func (g *LockGraph) Chains() []Chain {
	blocked := map[*Thread][]*Thread{}
	for _, t := range g.Dump.Threads {
		if h := g.holder(t); h != nil {
			blocked[h] = append(blocked[h], t)
		}
	}
	var chains []Chain
	for _, t := range g.Dump.Threads {
		if len(blocked[t]) == 0 || g.holder(t) != nil {
			continue
		}
		c := Chain{Root: t, Direct: len(blocked[t]), RootWait: g.wants[t]}
		for level := blocked[t]; len(level) > 0; c.Depth++ {
			c.Blocked = append(c.Blocked, level...)
			var next []*Thread
			for _, b := range level {
				next = append(next, blocked[b]...)
			}
			level = next
		}
		chains = append(chains, c)
	}
	slices.SortStableFunc(chains, func(a, b Chain) int { return cmp.Compare(len(b.Blocked), len(a.Blocked)) })
	return chains
}
