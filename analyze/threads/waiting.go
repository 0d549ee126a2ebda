package threads

import (
	"slices"
	"strings"
)

// Wait is what a thread waits for.
type Wait struct {
	Kind WaitKind
	Text string // in plain words, without the thread's name: "waits for a database connection (HikariCP)"
	Site *Frame // the call that waits: the first frame outside the runtime's own packages; nil when there is none
	Lock *Lock  // of WaitLock
	// Caller is the first frame outside the runtime and the known libraries (pools, drivers, clients, frameworks): the program's own. Nil when
	// there is none.
	Caller *Frame
	// Idle says that the thread has nothing to do. It is also true of a sleep or a queue in a thread's own outermost loop.
	Idle bool
	// Spins says that the thread uses the CPU while it waits: it asks again and again whether the wait is over.
	Spins bool
}

// Busy says that the thread has work: it runs, or something keeps it from going on.
func (w Wait) Busy() bool { return !w.Idle && w.Kind != WaitUnknown }

// Blocked says that it has work and does not run.
func (w Wait) Blocked() bool { return w.Busy() && w.Kind != WaitRunning }

type index struct {
	exact  map[string]*signature
	prefix []*signature
}

func newIndex(table []signature) *index {
	ix := &index{exact: make(map[string]*signature, len(table))}
	for i := range table {
		s := &table[i]
		if last := s.method[len(s.method)-1]; last == '.' || last == '$' {
			ix.prefix = append(ix.prefix, s)
		} else if _, twice := ix.exact[s.method]; !twice {
			ix.exact[s.method] = s
		}
	}
	return ix
}

func (ix *index) find(fn string) *signature {
	if s := ix.exact[fn]; s != nil {
		return s
	}
	return ix.under(fn)
}

// under finds by the beginning of a name only.
func (ix *index) under(fn string) *signature {
	for _, s := range ix.prefix {
		if strings.HasPrefix(fn, s.method) {
			return s
		}
	}
	return nil
}

// A Classifier says what threads wait for. It is safe for concurrent use.
type Classifier struct{ natives, specific, generic, bare, barest *index }

// NewClassifier prepares the tables.
func NewClassifier() *Classifier {
	return &Classifier{newIndex(natives), newIndex(specific), newIndex(generic), newIndex(bare), newIndex(barest)}
}

// Classify says what one thread waits for; for many threads keep a [Classifier], or ask a [Series].
func Classify(t *Thread) Wait { return NewClassifier().Classify(t) }

// Classify looks at the lock lines first, then at the innermost method, then for a method that tells why the thread is parked.
func (c *Classifier) Classify(t *Thread) Wait {
	if t.VMInternal {
		return Wait{Kind: WaitIdle, Idle: true, Text: "is a thread of the runtime"}
	}
	if t.goroutine {
		return classifyGo(t)
	}
	frames := t.Stack.Frames
	if w := c.woken(t); w.Idle {
		return w
	}
	if l := blockingLock(t); l != nil {
		return Wait{Kind: WaitLock, Text: lockText(l), Site: site(frames), Caller: caller(frames), Lock: l}
	}
	if text := unnamedLock(t); text != "" {
		return Wait{Kind: WaitLock, Text: text, Site: site(frames), Caller: caller(frames)}
	}
	if t.Mounted != 0 {
		return Wait{Kind: WaitRunning, Text: "carries a virtual thread"}
	}
	if len(frames) == 0 {
		return stackless(t)
	}
	if t.State == Terminated || t.State == New {
		return Wait{Kind: WaitIdle, Idle: true, Text: "does not run"}
	}
	if s := idleWorker(frames); s != nil {
		return Wait{Kind: WaitIdle, Idle: true, Text: s.words, Site: site(frames), Caller: caller(frames)}
	}
	w := c.reason(t)
	w.Site, w.Caller = site(frames), caller(frames)
	known := w.Caller == nil && !ServesRequest(frames) && !holds(t) // nothing of the program, and no request
	switch w.Kind {
	case WaitIdle:
		w.Idle = w.Caller == nil || !ServesRequest(frames)
		if peer := asksPeer(frames); peer != "" && w.Caller != nil { // a client that selects for its answer
			w.Kind, w.Text, w.Idle = WaitSocketRead, "waits for an answer of "+peer, false
		}
		if !w.Idle { // a request that accepts or selects by itself does not wait for work
			w.Kind = WaitSocketRead
		}
	case WaitPermit, WaitOthers, WaitResult:
		w.Idle = known && (w.Site == nil || InServer(w.Site.Func)) || w.Kind != WaitResult && signalled(frames) && !holds(t)
	case WaitQueue, WaitCondition, WaitSleep, WaitProcess:
		w.Idle = known || InOwnLoop(frames) && !holds(t)
		if w.Kind == WaitCondition && waitsInQueue(w.Site, frames) {
			w.Kind, w.Text, w.Idle = WaitQueue, "waits for an element of a queue", !holds(t)
		}
	case WaitSocketRead:
		switch {
		case onlyServer(frames) && !ServesRequest(frames):
			w.Idle, w.Text = true, "waits for the next request of a connection"
		case InOwnLoop(frames) && !holds(t) && asksPeer(frames) == "": // who asked waits for the answer
			w.Idle, w.Text = true, "waits for data of its connection"
		}
	}
	return w
}

// waitsInQueue knows queues that programs wrote themselves: a class so named, near the thread's start.
func waitsInQueue(site *Frame, frames []*Frame) bool {
	if site == nil {
		return false
	}
	class := site.Class()
	if !strings.Contains(class[strings.LastIndexByte(class, '.')+1:], "Queue") {
		return false
	}
	for i, f := range frames {
		if f == site {
			return len(frames)-i <= 5
		}
	}
	return false
}

// ownMonitors are classes that a thread locks for itself while it reads.
var ownMonitors = []string{"java.io.", "java.net.", "java.nio.", "sun.", "javax.net."}

// holds says that the thread keeps a monitor others may want: it is not idle while it does.
func holds(t *Thread) bool {
	for i := range t.Locks {
		if l := &t.Locks[i]; l.Kind == Locked && !waitsFor(t, l.Addr) && !hasPrefixOf(l.Class, ownMonitors) {
			return true
		}
	}
	return false
}

func blockingLock(t *Thread) *Lock {
	for i := range t.Locks {
		if l := &t.Locks[i]; l.Kind != Locked && blocks(t, l) {
			return l
		}
	}
	return nil
}

func lockText(l *Lock) string {
	what := l.Class
	if what == "" {
		what = "a lock"
	}
	switch l.Kind {
	case ClassInit:
		return "waits until another thread has initialised " + what
	case Parking:
		return "waits for the lock " + what
	}
	return "waits to enter a monitor of " + what
}

func stackless(t *Thread) Wait {
	switch {
	case t.State == Blocked:
		return Wait{Kind: WaitLock, Text: "waits to enter a monitor"}
	case t.Elapsed < 0 && t.CPU < 0 && t.State == StateUnknown:
		return Wait{Kind: WaitUnknown, Text: "has no stack"}
	}
	return Wait{Kind: WaitIdle, Idle: true, Text: "has no Java frames"}
}

// woken is the wait of a worker that was told of work, or asks again by itself, and has to enter the queue's monitor anew: it is as idle as
// before. The zero Wait: the thread is none.
func (c *Classifier) woken(t *Thread) Wait {
	frames := t.Stack.Frames
	if t.State != Blocked || len(frames) < 2 || !strings.HasPrefix(frames[0].Func, "java.lang.Object.wait") {
		return Wait{}
	}
	if s := c.explain(frames[:min(len(frames), 48)]); s != nil && s.kind == WaitIdle && caller(frames) == nil {
		return Wait{Kind: WaitIdle, Idle: true, Text: s.words, Site: site(frames)}
	}
	return Wait{}
}

// reason finds the signature that explains the top of the stack.
func (c *Classifier) reason(t *Thread) Wait {
	frames := t.Stack.Frames
	top := frames[0]
	parked := t.State == Waiting || t.State == TimedWaiting || parks(top.Func)
	if s := c.natives.find(top.Func); s != nil && !(parked && s.kind == WaitIdle && len(frames) < 2) {
		if r := c.refine(s, frames); r != nil {
			s = r
		}
		return Wait{Kind: s.kind, Text: s.words}
	}
	if !parked && !pollsSocket(top.Func) {
		if s := c.spins(frames); s != nil {
			return Wait{Kind: s.kind, Text: s.words, Spins: true}
		}
		return Wait{Kind: WaitRunning, Text: "runs"}
	}
	if s := c.explain(frames[:min(len(frames), 48)]); s != nil {
		w := Wait{Kind: s.kind, Text: s.words}
		if pool := pooled(frames, s.kind); pool != nil {
			w = Wait{Kind: pool.kind, Text: pool.words}
		}
		switch {
		case w.awaitsOthers() && asksMember(frames):
			w = Wait{Kind: WaitMember, Text: "waits for an answer of another cluster member"}
		case w.Kind == WaitResult || w.Kind == WaitOthers, w.awaitsOthers() && ServesRequest(frames): // no loop that takes what comes
			if peer := asksPeer(frames); peer != "" {
				w = Wait{Kind: WaitSocketRead, Text: "waits for an answer of " + peer}
			}
		}
		return w
	}
	return Wait{Kind: WaitCondition, Text: "waits"}
}

// spins finds the wait of a thread that runs in nothing but the waiting itself: a join of JDK 17 asks the pool for work in a loop.
// A thread that helps with a task has the task's frames above the join.
func (c *Classifier) spins(frames []*Frame) *signature {
	for _, f := range frames {
		switch {
		case strings.HasSuffix(f.Func, ".doExec"):
			return nil
		case f.Func == "java.lang.Thread.yield", f.Func == "java.lang.Thread.onSpinWait":
			continue
		case !strings.HasPrefix(f.Func, "java.util.concurrent."):
			return nil
		}
		if s := c.specific.exact[f.Func]; s != nil && (s.kind == WaitResult || s.kind == WaitOthers) {
			return s
		}
	}
	return nil
}

// explain looks for what the program called, then for what the runtime did for it, then for how the thread waits.
func (c *Classifier) explain(near []*Frame) *signature {
	for i, f := range near {
		if s := c.specific.find(f.Func); s != nil && (s.kind != WaitIdle || onlyLibrary(near[:i], s.method)) {
			return s
		}
	}
	inner := near[:innerCalls(near)]
	for _, f := range inner {
		if s := c.generic.exact[f.Func]; s != nil {
			return s
		}
	}
	for _, ix := range []*index{c.generic, c.bare, c.barest} {
		for _, f := range inner {
			if s := ix.find(f.Func); s != nil {
				return s
			}
		}
	}
	return nil
}

// innerCalls counts the runtime's frames above the first that is not its own.
func innerCalls(frames []*Frame) int {
	for i, f := range frames {
		if !InRuntime(f.Func) {
			return i
		}
	}
	return len(frames)
}

// unnamedLock is what a thread waits for that cannot enter a monitor or a class of which the dump has no line: those of class loaders, and
// class initialisation before JDK 21, where the thread is RUNNABLE "in Object.wait()" without that method.
func unnamedLock(t *Thread) string {
	switch {
	case len(t.Stack.Frames) == 0:
		return ""
	case t.State == Blocked:
		return "waits to enter a monitor that the dump does not name"
	case t.State == Runnable && t.StateText == inObjectWait && !parks(t.Stack.Top()):
		return initText
	case t.State == Runnable && t.StateText == atMonitorEntry:
		return "waits to enter a monitor that the dump does not name"
	}
	return ""
}

const initText = "waits until another thread has initialised a class"

// AwaitsInit reports whether the thread waits for a class initialisation, which only JVMs from 21 on say in words.
func (t *Thread) AwaitsInit() bool {
	if t.Stack == nil || unnamedLock(t) == initText {
		return t.Stack != nil
	}
	l := blockingLock(t)
	return l != nil && l.Kind == ClassInit
}

// onlyLibrary says that the frames above an idle spot are the runtime's or the same library's: a worker's run method stands below its jobs too.
func onlyLibrary(above []*Frame, method string) bool {
	lib := method
	for i, dots := 0, 0; i < len(method); i++ {
		if method[i] == '.' {
			if dots++; dots == 3 {
				lib = method[:i+1]
				break
			}
		}
	}
	for _, f := range above {
		if !InRuntime(f.Func) && !strings.HasPrefix(f.Func, lib) {
			return false
		}
	}
	return true
}

// idleWorkers are methods in which an executor's thread fetches its next task: whatever stands above them is the queue's.
var idleWorkers = []signature{
	{"ThreadPoolExecutor.getTask", WaitIdle, "waits for a task"},
	{"java.util.concurrent.ForkJoinPool.awaitWork", WaitIdle, "waits for a task"},
	{"java.util.concurrent.ForkJoinPool.idleAwaitWork", WaitIdle, "waits for a task"},
	{"forkjoin.ForkJoinPool.awaitWork", WaitIdle, "waits for a task"}, // Scala's copy
}

func idleWorker(frames []*Frame) *signature {
	for _, f := range frames[:min(len(frames), 24)] {
		for i := range idleWorkers {
			if strings.HasSuffix(f.Func, idleWorkers[i].method) {
				return &idleWorkers[i]
			}
		}
	}
	return nil
}

// refine looks below a native method whose meaning depends on its caller: a selector that serves a single read, a read that is a socket's, a
// sleep inside a pool.
func (c *Classifier) refine(s *signature, frames []*Frame) *signature {
	switch s.kind {
	case WaitIdle, WaitDisk:
		for _, f := range frames[1:min(len(frames), 10)] {
			if r := c.specific.find(f.Func); r != nil && r.kind != WaitIdle {
				return r
			}
		}
	case WaitSleep:
		for _, f := range frames[1:min(len(frames), 24)] {
			if r := c.specific.find(f.Func); r != nil {
				return r
			}
			if !InLibrary(f.Func) {
				return nil // the program sleeps, whatever called it
			}
		}
	}
	return nil
}

func parks(fn string) bool {
	return strings.HasSuffix(fn, "Unsafe.park") || fn == "java.lang.Object.wait" || fn == "java.lang.Object.wait0" ||
		strings.HasPrefix(fn, "java.lang.VirtualThread.park") || fn == "jdk.internal.vm.Continuation.yield"
}

// pollsSocket recognises the poll under a blocking socket call since JDK 13.
func pollsSocket(fn string) bool {
	return fn == "sun.nio.ch.Net.poll" || fn == "sun.nio.ch.NioSocketImpl.park" || fn == "sun.nio.ch.Net.pollConnect"
}

// InRuntime says that a method is the Java runtime's.
func InRuntime(fn string) bool {
	return hasPrefixOf(fn, runtimePackages)
}

// InLibrary says that a method is the runtime's or a known library's (pools, drivers, clients, frameworks), which stand between a program
// and what it waits for.
func InLibrary(fn string) bool {
	return InRuntime(fn) || hasPrefixOf(fn, libraries)
}

// InServer says that a method is a connector's or a container's, which call the program. A server's connection pool is a library.
func InServer(fn string) bool { return hasPrefixOf(fn, servers) && !hasPrefixOf(fn, libraries) }

// caller is the innermost frame that is neither the runtime's nor a known library's.
func caller(frames []*Frame) *Frame {
	for _, f := range frames {
		if !InLibrary(f.Func) && !InServer(f.Func) {
			return f
		}
	}
	return nil
}

// onlyServer says that no program's frame stands between the socket and the thread's start: a connector reads the next request, or the
// runtime (RMI, LDAP, HTTP server) its own connection.
func onlyServer(frames []*Frame) bool {
	for _, f := range frames {
		if !InRuntime(f.Func) && !InServer(f.Func) {
			return false
		}
	}
	return true
}

func hasPrefixOf(fn string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(fn, p) {
			return true
		}
	}
	return false
}

// site is the innermost frame that is not the runtime's.
func site(frames []*Frame) *Frame {
	for _, f := range frames {
		if !InRuntime(f.Func) {
			return f
		}
	}
	return nil
}

// InOwnLoop says that the wait stands in the thread's outermost loop: at most two calls between the runtime's waiting methods and the frames
// that start a thread.
func InOwnLoop(frames []*Frame) bool {
	end := len(frames)
	for end > 0 && startsThread(frames[end-1].Func) {
		end--
	}
	own := 0
	for i := 0; i < end; i++ {
		if !InRuntime(frames[i].Func) {
			own = end - i
			break
		}
	}
	return own <= 2
}

// signalled says that the thread waits in the outermost loop of its own class for a sign to begin: a permit for each piece of work, a
// latch or a barrier at the start.
func signalled(frames []*Frame) bool {
	class := ""
	for _, f := range frames {
		if InRuntime(f.Func) {
			continue
		}
		if class == "" {
			class = OuterClass(f.Func)
		}
		if OuterClass(f.Func) != class {
			return false
		}
	}
	written := slices.DeleteFunc(slices.Clone(frames), func(f *Frame) bool { return generatedCode(f.Func) })
	return class != "" && InOwnLoop(written)
}

func startsThread(fn string) bool {
	switch fn {
	case "java.lang.Thread.run", "java.lang.Thread.runWith", "jdk.internal.misc.InnocuousThread.run", "sun.misc.InnocuousThread.run",
		"java.lang.VirtualThread.run", "jdk.internal.vm.Continuation.enter", "jdk.internal.vm.Continuation.enter0",
		"java.lang.VirtualThread$VThreadContinuation$1.run", "java.lang.Thread.startThreadFromVM":
		return true
	}
	return false
}
