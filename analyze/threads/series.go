package threads

import (
	"cmp"
	"slices"
	"time"
)

// ThreadCPU is what the operating system counted for one thread since it started.
type ThreadCPU struct {
	CPU      time.Duration
	State    byte // R, S, D, ... as in /proc/PID/task/TID/stat
	RunDelay time.Duration
	Switches uint64
}

// CPUSample is the CPU of all threads of the process at one moment, by OS thread id as in the dump's nid.
type CPUSample struct {
	Time    time.Time
	Threads map[int64]ThreadCPU
}

// Series is a number of dumps of one process, in the order of their times. Build it once and ask it; it is not changed by asking, except for
// what it remembers, so that it is not safe for concurrent use.
type Series struct {
	Dumps []*Dump

	cpu     []CPUSample
	tracks  []*Track
	graphs  []*LockGraph
	spans   []time.Duration // between dump i and i+1; 0 unknown
	classes *Classifier
	waits   map[waitKey]Wait
	namer   *poolNamer
}

// Track is one thread over the dumps.
type Track struct {
	Name        string // the last one: pools rename their threads
	Num, NID    int64
	TID         uint64
	Obs         []*Thread // parallel to Series.Dumps; nil where the dump lacks the thread
	First, Last int       // indexes of the first and last dump that have it
	cpu         []time.Duration
	source      CPUSource
}

// CPUSource says where a thread's CPU time comes from.
type CPUSource uint8

const (
	NoCPU    CPUSource = iota
	FromDump           // cpu= of the dump, exact at its moment
	FromProc           // the operating system's counter, read near the dump
)

func (c CPUSource) String() string { return [...]string{"none", "dump", "proc"}[min(c, 2)] }

// NewSeries orders dumps of one process by time and finds the threads again over them. The CPU samples may be nil; they serve threads whose
// dump gives no cpu= (JDK 8 to 10), and are matched to dumps by time, or by position when the dumps give none and are as many.
//
// Dumps from several sources get their stacks unified: Thread.Stack is changed to one that all of them share.
func NewSeries(dumps []*Dump, cpu []CPUSample) *Series {
	s := &Series{Dumps: slices.Clone(dumps), cpu: slices.Clone(cpu), classes: NewClassifier(), waits: map[waitKey]Wait{}}
	slices.SortStableFunc(s.Dumps, func(a, b *Dump) int {
		if a.Time.IsZero() || b.Time.IsZero() {
			return 0
		}
		return a.Time.Compare(b.Time)
	})
	slices.SortStableFunc(s.cpu, func(a, b CPUSample) int { return a.Time.Compare(b.Time) })
	unify(s.Dumps)
	s.follow()
	s.measureSpans()
	s.readCPU()
	return s
}

type identity struct {
	num  int64
	tid  uint64
	name string
}

// identityOf takes what stays for a thread's life: its Java id and the address of its structure; the name only where neither is there.
func identityOf(t *Thread) identity {
	switch {
	case t.Num != 0:
		return identity{num: t.Num}
	case t.TID != 0:
		return identity{tid: t.TID}
	case t.NID >= 0:
		return identity{num: -t.NID, name: t.Name}
	}
	return identity{name: t.Name}
}

// follow joins the threads of successive dumps to tracks. A number that comes back with another structure, or with less time elapsed, is
// another thread: the process was restarted.
func (s *Series) follow() {
	open := map[identity]*Track{}
	for i, d := range s.Dumps {
		used := make(map[identity]int, len(d.Threads))
		for _, t := range d.Threads {
			id := identityOf(t)
			if used[id]++; used[id] > 1 && id.name != "" { // twins that only a count tells apart
				id.tid = uint64(used[id])
			}
			tr := open[id]
			if tr == nil || tr.Obs[i] != nil || !sameThread(tr.Obs[tr.Last], t) {
				tr = &Track{Obs: make([]*Thread, len(s.Dumps)), First: i}
				open[id] = tr
				s.tracks = append(s.tracks, tr)
			}
			tr.Obs[i], tr.Last = t, i
			tr.Name, tr.Num, tr.TID = t.Name, t.Num, t.TID
			if t.NID >= 0 || i == tr.First {
				tr.NID = t.NID
			}
		}
	}
}

func sameThread(a, b *Thread) bool {
	switch {
	case a.TID != 0 && b.TID != 0 && a.TID != b.TID:
		return false
	case a.NID >= 0 && b.NID >= 0 && a.NID != b.NID:
		return false
	case a.Elapsed >= 0 && b.Elapsed >= 0 && b.Elapsed < a.Elapsed:
		return false
	case a.TID == 0 && a.Num == 0 && a.Name != b.Name:
		return false
	}
	return true
}

// measureSpans takes the time between dumps from the threads' elapsed=, which has a hundredth of a second, else from the dates.
func (s *Series) measureSpans() {
	if len(s.Dumps) < 2 {
		return
	}
	s.spans = make([]time.Duration, len(s.Dumps)-1)
	var diffs []time.Duration
	for i := range s.spans {
		diffs = diffs[:0]
		for _, tr := range s.tracks {
			if a, b := tr.Obs[i], tr.Obs[i+1]; a != nil && b != nil && a.Elapsed >= 0 && b.Elapsed >= 0 {
				diffs = append(diffs, b.Elapsed-a.Elapsed)
			}
		}
		if len(diffs) > 0 {
			slices.Sort(diffs)
			s.spans[i] = diffs[len(diffs)/2]
		} else if a, b := s.Dumps[i].Time, s.Dumps[i+1].Time; !a.IsZero() && !b.IsZero() {
			s.spans[i] = b.Sub(a)
		}
	}
}

// Span is the time from dump i to dump j; 0 when unknown.
func (s *Series) Span(i, j int) time.Duration {
	var sum time.Duration
	for k := i; k < j && k < len(s.spans); k++ {
		sum += s.spans[k]
	}
	return sum
}

func (s *Series) readCPU() {
	nearest := s.matchSamples()
	for _, tr := range s.tracks {
		tr.cpu = make([]time.Duration, len(s.Dumps))
		for i := range tr.cpu {
			tr.cpu[i] = -1
		}
		tr.source = s.trackCPU(tr, nearest)
	}
}

func (s *Series) trackCPU(tr *Track, nearest []*CPUSample) CPUSource {
	source := NoCPU
	for i, t := range tr.Obs {
		if t != nil && t.CPU >= 0 {
			tr.cpu[i], source = t.CPU, FromDump
		}
	}
	if source != NoCPU || tr.NID < 0 {
		return source
	}
	for i, t := range tr.Obs {
		if t == nil || nearest[i] == nil {
			continue
		}
		if c, ok := nearest[i].Threads[tr.NID]; ok {
			tr.cpu[i], source = c.CPU, FromProc
		}
	}
	return source
}

// matchSamples gives each dump the sample next to it in time. Within a tenth of a minute they are taken for the same moment.
func (s *Series) matchSamples() []*CPUSample {
	near := make([]*CPUSample, len(s.Dumps))
	timed := true
	for _, d := range s.Dumps {
		timed = timed && !d.Time.IsZero()
	}
	for i, d := range s.Dumps {
		if !timed {
			if len(s.cpu) == len(s.Dumps) {
				near[i] = &s.cpu[i]
			}
			continue
		}
		best := 6 * time.Second
		for k := range s.cpu {
			if gap := s.cpu[k].Time.Sub(d.Time).Abs(); gap <= best {
				best, near[i] = gap, &s.cpu[k]
			}
		}
	}
	return near
}

// Threads gives all threads of the series, in order of appearance.
func (s *Series) Threads() []*Track { return s.tracks }

// CPU is what the thread used between dumps i and j, and where the number comes from; -1 when unknown.
func (tr *Track) CPU(i, j int) (time.Duration, CPUSource) {
	if tr.cpu[i] < 0 || tr.cpu[j] < 0 || tr.cpu[j] < tr.cpu[i] {
		return -1, NoCPU
	}
	return tr.cpu[j] - tr.cpu[i], tr.source
}

// Born and Died say that the thread appeared after the first dump, or was gone before the last.
func (tr *Track) Born() bool { return tr.First > 0 }
func (tr *Track) Died() bool { return tr.Last < len(tr.Obs)-1 }

// Seen is the number of dumps that have the thread.
func (tr *Track) Seen() int {
	n := 0
	for _, t := range tr.Obs {
		if t != nil {
			n++
		}
	}
	return n
}

// Graph gives the lock graph of dump i.
func (s *Series) Graph(i int) *LockGraph {
	if s.graphs == nil {
		s.graphs = make([]*LockGraph, len(s.Dumps))
	}
	if s.graphs[i] == nil {
		s.graphs[i] = NewLockGraph(s.Dumps[i])
	}
	return s.graphs[i]
}

type waitKey struct {
	stack   *Stack
	state   State
	lock    *Lock
	mounted bool
	vm      bool
}

// Wait says what a thread of the series waits for.
func (s *Series) Wait(t *Thread) Wait {
	k := waitKey{stack: t.Stack, state: t.State, mounted: t.Mounted != 0, vm: t.VMInternal}
	if len(t.Locks) > 0 {
		k.lock = &t.Locks[0]
	}
	w, ok := s.waits[k]
	if !ok {
		w = s.classes.Classify(t)
		s.waits[k] = w
	}
	return w
}

// HotThread is a thread with the CPU it used over the series.
type HotThread struct {
	*Track
	CPU    time.Duration
	Span   time.Duration // over which it was used
	Cores  float64       // CPU / Span; 0 when the span is unknown
	Share  float64       // of the CPU of all threads
	Source CPUSource
	Stacks []StackCount // what it was seen doing, idle or not, most frequent first
}

// StackCount is a stack with the number of times it was seen.
type StackCount struct {
	Stack *Stack
	Count int
}

// Hot gives the threads that used CPU between their first and last dump, most first. Threads of the runtime (GC, compiler) are among them. It is
// empty when no CPU is known, or the series has one dump only.
func (s *Series) Hot() []HotThread {
	var hot []HotThread
	var total time.Duration
	for _, tr := range s.tracks {
		used, source := tr.CPU(tr.First, tr.Last)
		if used <= 0 || tr.First == tr.Last {
			continue
		}
		h := HotThread{Track: tr, CPU: used, Span: s.Span(tr.First, tr.Last), Source: source, Stacks: tr.stacks()}
		if h.Span > 0 {
			h.Cores = float64(h.CPU) / float64(h.Span)
		}
		total += used
		hot = append(hot, h)
	}
	for i := range hot {
		hot[i].Share = float64(hot[i].CPU) / float64(total)
	}
	slices.SortStableFunc(hot, func(a, b HotThread) int { return cmp.Compare(b.CPU, a.CPU) })
	return hot
}

func (tr *Track) stacks() []StackCount {
	var out []StackCount
	for _, t := range tr.Obs {
		if t == nil || t.Stack == emptyStack {
			continue
		}
		i := slices.IndexFunc(out, func(c StackCount) bool { return c.Stack == t.Stack })
		if i < 0 {
			out = append(out, StackCount{Stack: t.Stack})
			i = len(out) - 1
		}
		out[i].Count++
	}
	slices.SortStableFunc(out, func(a, b StackCount) int { return cmp.Compare(b.Count, a.Count) })
	return out
}

// StuckThread is a thread that has work and shows the same stack in successive dumps.
type StuckThread struct {
	*Track
	From, To int // dumps
	Stack    *Stack
	Wait     Wait
	Span     time.Duration // from the first to the last of those dumps; 0 unknown
	CPU      time.Duration // used in that time; -1 unknown. Much CPU on one stack is a loop, none is a wait
}

// Stuck gives the threads that were busy on one stack in at least so many successive dumps, longest first. Threads of the runtime and
// those that are idle are left out.
func (s *Series) Stuck(dumps int) []StuckThread {
	var out []StuckThread
	for _, tr := range s.tracks {
		from, to := s.longestRun(tr)
		if from < 0 || to-from+1 < dumps {
			continue
		}
		t := tr.Obs[to]
		cpu, _ := tr.CPU(from, to)
		out = append(out, StuckThread{Track: tr, From: from, To: to, Stack: t.Stack, Wait: s.Wait(t), Span: s.Span(from, to), CPU: cpu})
	}
	slices.SortStableFunc(out, func(a, b StuckThread) int { return cmp.Compare(b.To-b.From, a.To-a.From) })
	return out
}

// longestRun finds the longest run of dumps with the same busy stack; from is -1 when there is none.
func (s *Series) longestRun(tr *Track) (from, to int) {
	from, to = -1, -1
	start := -1
	for i, t := range tr.Obs {
		busy := t != nil && t.Stack != emptyStack && s.Wait(t).Busy()
		if !busy {
			start = -1
			continue
		}
		if start < 0 || tr.Obs[i-1].Stack != t.Stack {
			start = i
		}
		if i-start > to-from || from < 0 {
			from, to = start, i
		}
	}
	return from, to
}

// Progress says how a thread moved over the dumps that have it.
type Progress struct {
	Stacks int           // different stacks seen
	Common int           // frames, from the outermost inward, that all its stacks share
	CPU    time.Duration // -1 unknown
	Busy   int           // dumps in which it had work
}

// Progress of a thread over the series.
func (s *Series) Progress(tr *Track) Progress {
	p := Progress{Stacks: len(tr.stacks())}
	p.CPU, _ = tr.CPU(tr.First, tr.Last)
	var first *Stack
	for _, t := range tr.Obs {
		if t == nil {
			continue
		}
		if s.Wait(t).Busy() {
			p.Busy++
		}
		if first == nil {
			first, p.Common = t.Stack, len(t.Stack.Frames)
		}
		p.Common = min(p.Common, commonRoot(first, t.Stack))
	}
	return p
}

func commonRoot(a, b *Stack) int {
	n := 0
	for n < len(a.Frames) && n < len(b.Frames) && a.Frames[len(a.Frames)-1-n] == b.Frames[len(b.Frames)-1-n] {
		n++
	}
	return n
}
