package threads

import (
	"slices"
	"time"
)

// ThreadCPU is what the operating system counted for one thread since it started.
type ThreadCPU struct {
	CPU      time.Duration
	State    byte // R, S, D, ... as in /proc/PID/task/TID/stat
	RunDelay time.Duration
	Switches uint64 // how often it got a CPU; 0 where only ticks are counted
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
	waits   map[waitKey]int32 // places in found, from 1
	found   []waitEntry
	namer   *poolNamer
	own     []PoolPattern // of the user
	crews   []*Crew
	crewOf  []*Crew         // parallel to tracks
	idle    map[*Stack]bool // learnt; nil until asked for
}

// Track is one thread over the dumps.
type Track struct {
	Name        string // the last one: pools rename their threads
	Num, NID    int64
	TID         uint64
	Obs         []*Thread       // parallel to Series.Dumps; nil where the dump lacks the thread
	First, Last int             // indexes of the first and last dump that have it
	cpu         []time.Duration // from samples
	delay       []time.Duration // that it waited for a CPU, from samples
	switches    []time.Duration // how often it got a CPU, from samples; a column like the others
	source      CPUSource

	index int32 // in Series.tracks, from 1
}

// CPUSource says where a thread's CPU time comes from.
type CPUSource uint8

const (
	NoCPU         CPUSource = iota
	FromDump                // cpu= of the dump, exact at its moment
	FromProc                // the operating system's counter in ticks or per cent, read near the dump
	FromScheduler           // the same in nanoseconds, as Linux has it in schedstat
)

func (c CPUSource) String() string { return [...]string{"none", "dump", "proc"}[min(c, 2)] }

// Exact says that a thread of which this source counts nothing has not run at all.
func (c CPUSource) Exact() bool { return c == FromDump || c == FromScheduler }

// NewSeries orders dumps of one process by time and finds the threads again over them. The CPU samples may be nil; they serve threads whose
// dump gives no cpu= (JDK 8 to 10), and are matched to dumps by time, or by position when the dumps give none and are as many.
//
// Dumps from several sources get their stacks unified: Thread.Stack is changed to one that all of them share.
func NewSeries(dumps []*Dump, cpu []CPUSample) *Series {
	s := &Series{Dumps: slices.Clone(dumps), cpu: slices.Clone(cpu), classes: NewClassifier(), waits: map[waitKey]int32{}}
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
				tr = &Track{Obs: make([]*Thread, len(s.Dumps)), First: i, index: int32(len(s.tracks) + 1)}
				open[id] = tr
				s.tracks = append(s.tracks, tr)
			}
			tr.Obs[i], tr.Last, t.track, t.wait = t, i, tr.index, 0
			tr.Num, tr.TID = t.Num, t.TID
			if !t.Virtual || tr.Name == "" || t.Name != virtualName(t.Num) { // a carrier does not name whom it carries
				tr.Name = t.Name
			}
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

// readCPU takes the samples: what each thread waited for a CPU, and the CPU of those whose dumps give none.
func (s *Series) readCPU() {
	nearest := s.matchSamples()
	for _, tr := range s.tracks {
		for i, t := range tr.Obs {
			if t == nil {
				continue
			}
			if t.CPU >= 0 {
				tr.source, tr.cpu = FromDump, nil
			}
			if nearest[i] == nil || tr.NID < 0 {
				continue
			}
			c, ok := nearest[i].Threads[tr.NID]
			if !ok {
				continue
			}
			tr.delay = tr.note(tr.delay, i, c.RunDelay)
			if c.Switches > 0 {
				tr.switches = tr.note(tr.switches, i, time.Duration(c.Switches))
			}
			if tr.source != FromDump {
				tr.cpu = tr.note(tr.cpu, i, c.CPU)
				if exact := c.Switches > 0; exact && tr.source != FromProc { // a thread that is there has been given a CPU
					tr.source = FromScheduler
				} else {
					tr.source = FromProc
				}
			}
		}
	}
}

// note puts a value into a column that has -1 where nothing is known.
func (tr *Track) note(column []time.Duration, i int, v time.Duration) []time.Duration {
	if column == nil {
		column = make([]time.Duration, len(tr.Obs))
		for k := range column {
			column[k] = -1
		}
	}
	column[i] = v
	return column
}

// at is the CPU counted until dump i; -1 unknown.
func (tr *Track) at(i int) time.Duration {
	switch {
	case tr.source == FromProc, tr.source == FromScheduler:
		return tr.cpu[i]
	case tr.Obs[i] != nil:
		return tr.Obs[i].CPU
	}
	return -1
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

// TrackOf gives the thread that an entry of a dump belongs to; nil for one of another series.
func (s *Series) TrackOf(t *Thread) *Track {
	if t == nil || t.track < 1 || int(t.track) > len(s.tracks) {
		return nil
	}
	return s.tracks[t.track-1]
}

// CPU is what the thread used between dumps i and j, and where the number comes from; -1 when unknown.
func (tr *Track) CPU(i, j int) (time.Duration, CPUSource) {
	from, to := tr.at(i), tr.at(j)
	if from < 0 || to < from {
		return -1, NoCPU
	}
	return to - from, tr.source
}

// Starved is how long the thread wanted to run between dumps i and j and had no CPU; -1 when unknown.
func (tr *Track) Starved(i, j int) time.Duration {
	if tr.delay == nil || tr.delay[i] < 0 || tr.delay[j] < tr.delay[i] {
		return -1
	}
	return tr.delay[j] - tr.delay[i]
}

// Switches is how often the thread got a CPU between dumps i and j; -1 when unknown.
func (tr *Track) Switches(i, j int) int {
	if tr.switches == nil || tr.switches[i] < 0 || tr.switches[j] < tr.switches[i] {
		return -1
	}
	return int(tr.switches[j] - tr.switches[i])
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

// maxGraphs is the length of a series up to which lock graphs are kept: beyond it they would weigh more than the dumps.
const maxGraphs = 64

// Graph gives the lock graph of dump i.
func (s *Series) Graph(i int) *LockGraph {
	if len(s.Dumps) > maxGraphs {
		return NewLockGraph(s.Dumps[i])
	}
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
	inWait  bool // of the header: a class initialisation shows nowhere else
	mounted bool
	vm      bool
}

// Wait says what a thread of the series waits for. Idle places that the series itself shows count next to the known ones.
func (s *Series) Wait(t *Thread) Wait {
	if s.idle == nil {
		s.learnIdle()
		for i := range s.found {
			if e := &s.found[i]; s.idle[e.key.stack] && e.wait.Kind != WaitRunning {
				e.wait.Idle = true
			}
		}
	}
	return s.classify(t)
}

// waitsByHeader reports whether the words of the header say that the thread waits.
func waitsByHeader(t *Thread) bool {
	return t.StateText == inObjectWait || t.StateText == atMonitorEntry
}

const (
	inObjectWait   = "in Object.wait()"
	atMonitorEntry = "waiting for monitor entry"
)

// waitEntry is one answer of classify, with what it is for.
type waitEntry struct {
	key     waitKey
	wait    Wait
	request bool // its stack shows a request
}

// classify says what a thread waits for by what is known of all programs, and remembers it by the thread.
func (s *Series) classify(t *Thread) Wait { return s.entry(t).wait }

func (s *Series) entry(t *Thread) *waitEntry {
	if i := int(t.wait) - 1; i >= 0 && i < len(s.found) {
		if e := &s.found[i]; e.key.stack == t.Stack && e.key.state == t.State { // else of another series of the same dump
			return e
		}
	}
	k := waitKey{stack: t.Stack, state: t.State, inWait: t.State == Runnable && waitsByHeader(t), mounted: t.Mounted != 0, vm: t.VMInternal}
	if len(t.Locks) > 0 {
		k.lock = &t.Locks[0]
	}
	at := s.waits[k]
	if at == 0 {
		w := s.classes.Classify(t)
		w.Idle = w.Idle || s.idle[t.Stack] && w.Kind != WaitRunning
		s.found = append(s.found, waitEntry{k, w, !w.Idle && t.AtRequest()})
		at = int32(len(s.found))
		s.waits[k] = at
	}
	t.wait = at
	return &s.found[at-1]
}
