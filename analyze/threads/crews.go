package threads

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Crew is threads of one kind: a pool by its name, else a family of like names, else threads that began in one method
// of the program.
type Crew struct {
	Name     string
	Requests bool // its threads serve requests, by the pool's name or by what they were seen doing
	Runtime  bool // of the JVM itself
	Virtual  bool // each lives as long as its work
	Threads  []*Track
	Sizes    []int // threads per dump

	entries bool // requests were seen on its stacks
}

// MaxSize is the largest number of threads in one dump.
func (c *Crew) MaxSize() int { return slices.Max(c.Sizes) }

// Sum is threads times dumps.
func (c *Crew) Sum() int {
	n := 0
	for _, k := range c.Sizes {
		n += k
	}
	return n
}

// Crews gives all threads of the series by crew, largest first.
func (s *Series) Crews() []*Crew {
	if s.crews == nil {
		s.makeCrews()
	}
	return s.crews
}

// CrewOf gives the crew of a thread of the series; nil for one of another series.
func (s *Series) CrewOf(t *Thread) *Crew {
	s.Crews()
	if tr := s.TrackOf(t); tr != nil {
		return s.crewOf[tr.index-1]
	}
	return nil
}

func (s *Series) makeCrews() {
	namer := s.poolNames()
	of := map[string]*Crew{}
	s.crews, s.crewOf = []*Crew{}, make([]*Crew, len(s.tracks))
	serving := map[string]bool{}
	for _, tr := range s.tracks {
		if k := namer.of(tr.Name); k.name != "" && k.requests {
			serving[k.name] = true
		}
	}
	for i, tr := range s.tracks {
		k := namer.of(tr.Name)
		name := k.name
		switch {
		case name == "":
			name = NormalizeName(tr.Name)
		case serving[name] && !k.requests: // a connector's acceptor and poller bear its name too
			name += " connector"
		}
		c := of[name]
		if c == nil {
			c = &Crew{Name: name, Requests: k.requests, Runtime: k.kind == "JVM", Virtual: true, Sizes: make([]int, len(s.Dumps))}
			of[name] = c
			s.crews = append(s.crews, c)
		}
		c.add(tr)
		s.crewOf[i] = c
	}
	s.joinSingles()
	for _, c := range s.crews {
		s.seeRequests(c)
	}
	slices.SortStableFunc(s.crews, func(a, b *Crew) int { return cmp.Compare(b.MaxSize(), a.MaxSize()) })
}

func (c *Crew) add(tr *Track) {
	c.Threads = append(c.Threads, tr)
	for i, t := range tr.Obs {
		if t != nil {
			c.Sizes[i] += max(1, int(t.Count))
			c.Virtual = c.Virtual && t.Virtual
			c.Runtime = c.Runtime || t.VMInternal
		}
	}
}

// minSingles is how many threads with names of their own make a crew when they began in the same method.
const minSingles = 4

// joinSingles puts threads that no name joins to others together by the program's method that they began in.
func (s *Series) joinSingles() {
	byRoot := map[string][]*Crew{}
	for _, c := range s.crews {
		if len(c.Threads) == 1 && !c.Requests && !c.Runtime {
			if root := rootOf(c.Threads[0].Obs[c.Threads[0].Last]); root != "" {
				byRoot[root] = append(byRoot[root], c)
			}
		}
	}
	gone := map[*Crew]bool{}
	for root, singles := range byRoot {
		if len(singles) < minSingles {
			continue
		}
		class, _ := splitFunc(root)
		joined := singles[0]
		joined.Name = class
		for _, c := range singles[1:] {
			joined.add(c.Threads[0])
			s.crewOf[c.Threads[0].index-1] = joined
			gone[c] = true
		}
	}
	s.crews = slices.DeleteFunc(s.crews, func(c *Crew) bool { return gone[c] })
}

// rootOf is the outermost method that is not the runtime's.
func rootOf(t *Thread) string {
	for i := len(t.Stack.Frames) - 1; i >= 0; i-- {
		if f := t.Stack.Frames[i]; !InRuntime(f.Func) && !inGoStandard(f) {
			return f.Func
		}
	}
	return ""
}

// seeRequests looks whether most of what the crew was seen at is requests.
func (s *Series) seeRequests(c *Crew) {
	busy, entries := 0, 0
	for _, tr := range c.Threads {
		for _, t := range tr.Obs {
			if t == nil {
				continue
			}
			e := s.entry(t)
			if e.wait.Idle {
				continue
			}
			busy++
			if e.request {
				entries++
			}
		}
	}
	c.entries = entries > 0
	if entries > 0 && (2*entries > busy || ofServer(c)) {
		c.Requests = true
	}
}

// ofServer reports whether a crew is goroutines that the standard library's server began: those that are at no request are between two.
func ofServer(c *Crew) bool {
	t := c.Threads[0].Obs[c.Threads[0].First]
	return t.goroutine && strings.HasPrefix(t.Name, "net/http.(*conn).")
}

// NeverFree reports whether all threads of a crew are at a task of their pool in all dumps, and none waits for work.
func (s *Series) NeverFree(c *Crew) bool {
	for _, n := range c.Sizes {
		if n != c.Sizes[0] {
			return false
		}
	}
	for _, tr := range c.Threads {
		for _, t := range tr.Obs {
			if t == nil || !InTask(t.Stack.Frames) || s.Wait(t).Idle {
				return false
			}
		}
	}
	return len(c.Threads) > 0
}

// Serve makes a crew one that serves requests, on evidence other than its dumps.
func (s *Series) Serve(c *Crew) { c.Requests = true }

// AtRequest is what [Thread.AtRequest] reports of a thread that is not idle, remembered by stack.
func (s *Series) AtRequest(t *Thread) bool { return s.entry(t).request }

// learnIdle finds idle places that no list knows. In a crew whose work shows as requests, a thread whose stack shows
// none, and nothing but the package that its loop lies in, waits for the next one. In any crew, a place to which its
// threads come back from work is where they wait for it.
func (s *Series) learnIdle() {
	s.idle = map[*Stack]bool{}
	for _, c := range s.Crews() {
		if len(c.Threads) < 2 || c.Runtime {
			continue
		}
		loop := s.loopOf(c)
		if loop == "" {
			continue
		}
		for _, tr := range c.Threads {
			for i, t := range tr.Obs {
				if t == nil || s.idle[t.Stack] || !s.mayIdle(t) || !within(t.Stack.Frames, loop) {
					continue
				}
				if c.entries || s.comesBack(tr, i) {
					s.idle[t.Stack] = true
				}
			}
		}
	}
}

// mayIdle reports whether a thread's wait is one that a loop uses to wait for work.
func (s *Series) mayIdle(t *Thread) bool {
	w := s.classify(t)
	if w.Idle || s.AtRequest(t) || holds(t) || InTask(t.Stack.Frames) {
		return false
	}
	switch w.Kind {
	case WaitQueue, WaitCondition, WaitPermit, WaitOthers, WaitPool:
		return true
	}
	return false
}

// taskFrames are methods of executors below which a task runs.
var taskFrames = []string{"java.util.concurrent.ThreadPoolExecutor.runWorker", "java.util.concurrent.FutureTask.run", "java.util.concurrent.ForkJoinTask.doExec",
	"java.util.concurrent.CompletableFuture$Async", "java.util.TimerThread.mainLoop"}

// InTask reports whether a thread runs a task of an executor.
func InTask(frames []*Frame) bool {
	for _, f := range frames {
		if hasPrefixOf(f.Func, taskFrames) {
			return idleWorker(frames) == nil
		}
	}
	return false
}

// loopOf is the package of the outermost call that all stacks of a crew have in common and that is not the runtime's;
// "" when there is none.
func (s *Series) loopOf(c *Crew) string {
	root := ""
	for _, tr := range c.Threads {
		for _, t := range tr.Obs {
			if t == nil || len(t.Stack.Frames) == 0 {
				continue
			}
			r := rootOf(t)
			if root == "" {
				root = r
			}
			if r != root {
				return ""
			}
		}
	}
	return packageOf(root)
}

func packageOf(fn string) string {
	class := fn[:max(0, lastDot(fn))]
	return class[:max(0, lastDot(class))]
}

func lastDot(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return i
		}
	}
	return -1
}

// within reports whether all frames are the runtime's or of one package.
func within(frames []*Frame, pkg string) bool {
	for _, f := range frames {
		if !InRuntime(f.Func) && packageOf(f.Func) != pkg {
			return false
		}
	}
	return pkg != ""
}

// comesBack reports whether a thread stood on the stack of dump i before it worked elsewhere, and again after that.
func (s *Series) comesBack(tr *Track, i int) bool {
	left := false
	for k := i + 1; k < len(tr.Obs); k++ {
		switch t := tr.Obs[k]; {
		case t == nil:
			return false
		case t.Stack != tr.Obs[i].Stack:
			left = true
		case left:
			return true
		}
	}
	return false
}

// still is the CPU that a thread uses at most in the time between two dumps while it does not come back from a call:
// one short call to a socket costs 0.1 ms, measured on JDK 17 and 25.
const still = 50 * time.Microsecond

// Stood reports whether a thread is on one stack in all dumps from i to j, and whether it is proven that it did not
// leave it in between: it used no CPU, and was given none where that is counted.
func (s *Series) Stood(tr *Track, i, j int) (same, proven bool) {
	first := tr.Obs[i]
	if first == nil || i >= j {
		return false, false
	}
	for k := i + 1; k <= j; k++ {
		t := tr.Obs[k]
		if t == nil || t.Stack != first.Stack || t.call != first.call { // a connection's goroutine may be at its next request
			return false, false
		}
	}
	used, source := tr.CPU(i, j)
	if used > still*time.Duration(j-i) {
		return false, false
	}
	if n := tr.Switches(i, j); n > 2*(j-i) {
		return false, false
	}
	return true, source.Exact()
}
