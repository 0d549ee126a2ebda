package gc

import (
	"cmp"
	"slices"
	"time"
)

// Builder collects events into a Log. Sources call its methods in the order of their lines; times are stamps of the
// source (uptime, or time since the first wall clock stamp), which the Builder places on the timeline.
type Builder struct {
	log    *Log    // of the current run
	parts  []*Log  // of earlier runs
	early  *joiner // of the first of very many runs
	lim    Limits
	budget int
	noted  []string

	causeIDs map[string]uint16
	groups   map[uint32]*Dist
	phases   map[string]*Dist
	ops      map[string]*SafepointOp
	threads  map[string]*ThreadStalls

	file      uint16
	uncleared bool  // since a collection that found no room to copy to
	lastHeap  int64 // heap after the last reading, -1 when none
	heapAt    time.Duration
	promoted  time.Duration // when the last promotion was read
	lowBytes  int64         // lowest heap after a young collection in the open stretch
	lowCount  int
	lowPoint  LivePoint
	lastSeen  time.Duration
	seen      bool

	oldUsed, oldCommitted int64 // of the full pause to come
}

// NewBuilder starts a Log of the given source and format.
func NewBuilder(source string, format Format, lim Limits) *Builder {
	lim = lim.withDefaults()
	b := &Builder{lim: lim, budget: lim.Exact}
	b.begin(&Log{Source: source, Format: format, Files: []string{source}}, Run{FirstLine: 1})
	return b
}

// begin starts the log of a run, which keeps what is set in l.
func (b *Builder) begin(l *Log, r Run) {
	l.Limits, l.Runs = b.lim, []Run{r}
	if l.causes == nil { // numbers of causes are those of all runs
		l.causes, b.causeIDs = []string{""}, map[string]uint16{"": 0}
	}
	l.Total = newDist(&b.budget)
	l.Stalls = Stalls{Total: newDist(&b.budget), Relocate: newDist(&b.budget)}
	l.Safepoints = Safepoints{Total: newDist(&b.budget), Reach: newDist(&b.budget)}
	for _, s := range []*Series{&l.Allocation.Series, &l.Promotion.Series, &l.Metaspace.Series} {
		s.limit = b.lim.Points
	}
	b.log = l
	b.groups, b.phases = map[uint32]*Dist{}, map[string]*Dist{}
	b.ops, b.threads = map[string]*SafepointOp{}, map[string]*ThreadStalls{}
	b.uncleared, b.lastHeap, b.promoted, b.lowCount = false, -1, 0, 0
}

// Forget drops all that was added, as if the source began now. What lines were counted stays.
func (b *Builder) Forget() {
	old := b.log
	kept := Log{Source: old.Source, Format: old.Format, Files: old.Files, Lines: old.Lines, DetailLines: old.DetailLines,
		OtherLines: old.OtherLines, Unparsed: old.Unparsed, CutLines: old.CutLines, OutOfMemory: old.OutOfMemory}
	b.parts, b.early, b.budget, b.seen, b.lastSeen = nil, nil, b.lim.Exact, false, 0
	*old = kept
	b.begin(old, Run{FirstLine: 1})
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ v, d *int }{
		{&l.Pauses, &d.Pauses}, {&l.Exact, &d.Exact}, {&l.Longest, &d.Longest}, {&l.Points, &d.Points},
		{&l.Samples, &d.Samples}, {&l.Names, &d.Names}, {&l.Threads, &d.Threads}, {&l.Runs, &d.Runs}, {&l.Stalls, &d.Stalls},
	} {
		if *f.v <= 0 {
			*f.v = *f.d
		}
	}
	return l
}

// Log gives the log as it stands, for sources to set plain fields (Collector, Settings, counters of lines).
func (b *Builder) Log() *Log { return b.log }

// SetFile says from which part of a series the following lines come.
func (b *Builder) SetFile(name string) {
	if len(b.log.Files) == 1 && !b.seen && b.log.Lines == 0 {
		b.log.Files[0] = name
		return
	}
	if len(b.log.Files) < 1<<16-1 {
		b.log.Files = append(b.log.Files, name)
		b.file = uint16(len(b.log.Files) - 1)
	}
}

// What is longer is a broken line, and sums of it would overflow.
const (
	longestStamp    = 50 * year // uptime of a JVM
	longestTimeline = 100 * year
	longestPause    = year
	year            = 365 * 24 * time.Hour
)

// Seen notes the stamp of any line: it moves First, Last, Span and the gaps.
func (b *Builder) Seen(at time.Duration, line int) {
	if at < 0 || at > longestStamp {
		return
	}
	r := b.run()
	t := r.Base + at
	if !b.seen {
		b.seen, b.log.Timed = true, true
		b.log.First, r.First, r.Last, b.lastSeen = t, t, t, t
		return
	}
	b.log.Timed = true
	if t <= b.lastSeen {
		return
	}
	if gap := t - b.lastSeen; gap >= time.Second {
		b.gap(Gap{b.lastSeen, t, line})
	}
	b.lastSeen, r.Last = t, t
}

// mostGaps is how many stretches without lines are kept.
const mostGaps = 16

func (b *Builder) gap(g Gap) {
	const keep = mostGaps
	gs := b.log.Gaps
	if len(gs) == keep && g.To-g.From <= gs[keep-1].To-gs[keep-1].From {
		return
	}
	i, _ := slices.BinarySearchFunc(gs, g, func(a, b Gap) int { return cmp.Compare(b.To-b.From, a.To-a.From) })
	gs = slices.Insert(gs, i, g)
	b.log.Gaps = gs[:min(len(gs), keep)]
}

func (b *Builder) run() *Run { return &b.log.Runs[len(b.log.Runs)-1] }

// SetWall states the wall clock of a stamp of the current run; the first one counts.
func (b *Builder) SetWall(at time.Duration, wall time.Time) {
	if r := b.run(); r.WallZero.IsZero() {
		r.WallZero = wall.Add(-at)
	}
}

// NewRun begins another JVM start. first is its first stamp, wall the wall clock of that stamp or zero.
func (b *Builder) NewRun(first time.Duration, wall time.Time, line int) {
	prev := *b.run()
	first = min(first, longestStamp)
	base := b.lastSeen - first
	next := Run{FirstLine: line}
	if !wall.IsZero() {
		next.WallZero = wall.Add(-first)
		if !prev.WallZero.IsZero() {
			byWall := prev.Base + next.WallZero.Sub(prev.WallZero)
			base = max(base, byWall)
		}
	}
	if base > longestTimeline {
		base = min(b.lastSeen, longestTimeline) - first
	}
	next.Base, next.First, next.Last = base, base+first, base+first
	b.startRun(next)
	b.lastSeen = next.First
}

// Resume begins a run that goes on where the source misses a stretch: the JVM is the same, and the time between counts for neither side.
func (b *Builder) Resume(first time.Duration, line int) {
	prev := *b.run()
	at := prev.Base + min(first, longestStamp)
	b.startRun(Run{FirstLine: line, Base: prev.Base, WallZero: prev.WallZero, First: at, Last: at, Resumed: true})
	b.lastSeen = max(b.lastSeen, at)
}

// startRun ends the log of the current run and begins that of another one, of which the same is known until it tells otherwise.
func (b *Builder) startRun(next Run) {
	const most = 64 // runs with a log of their own
	old := b.log
	b.parts = append(b.parts, b.finishRun())
	if len(b.parts) > most { // the JVM starts again and again: the first runs are as good as one
		if b.early == nil {
			b.early = newJoiner(b.lim)
		}
		b.early.add(b.parts[0])
		b.parts = append(b.parts[:0], b.parts[1:]...)
	}
	b.begin(&Log{Source: old.Source, Format: old.Format, Files: old.Files, Collector: old.Collector, JVMVersion: old.JVMVersion,
		Settings: old.Settings, Timed: old.Timed, causes: old.causes}, next)
	if old.Timed {
		b.log.First = next.First
	}
}

// Timeline places a stamp of the current run on the timeline.
func (b *Builder) Timeline(at time.Duration) time.Duration {
	return b.run().Base + min(at, longestStamp)
}

// Cause interns the name of a cause.
func (b *Builder) Cause(name []byte) uint16 {
	if id, ok := b.causeIDs[string(name)]; ok {
		return id
	}
	if len(b.log.causes) >= b.lim.Names {
		name = []byte("other causes")
		if id, ok := b.causeIDs[string(name)]; ok {
			return id
		}
	}
	id := uint16(len(b.log.causes))
	s := string(name)
	b.log.causes = append(b.log.causes, s)
	b.causeIDs[s] = id
	return id
}

// CauseName gives the name behind an interned cause.
func (b *Builder) CauseName(id uint16) string { return b.log.causes[id] }

// Pause adds a pause; p.Start is a stamp of the current run. The result may be changed (CPU times and heap come on later
// lines) until the next event; it is a copy in Pauses while there is room and a scratch record after that.
func (b *Builder) Pause(p Pause) {
	l := b.log
	if l.Total.Count == 0 {
		const few = 8 // of a short run
		l.Pauses, l.Longest = slices.Grow(l.Pauses, few), slices.Grow(l.Longest, few)
	}
	p.Start = min(p.Start, longestStamp) + b.run().Base
	p.Duration = min(max(p.Duration, 0), longestPause)
	p.File = b.file
	if n := len(l.Pauses); n > 0 && l.Dropped == 0 && nests(&p, &l.Pauses[n-1]) {
		inner := &l.Pauses[n-1]
		inner.Flags |= FlagNested
		l.Stopped -= inner.Duration
	}
	l.Total.Add(p.Duration)
	b.group(p.Kind, p.CauseID).Add(p.Duration)
	if !p.Flags.Has(FlagNested) {
		l.Stopped = plus(l.Stopped, p.Duration)
	}
	if p.Kind == KindFull {
		l.FullGCs++
	}
	b.longest(p)
	if len(l.Pauses) < b.lim.Pauses {
		if n := len(l.Pauses); n == cap(l.Pauses) && n >= 1<<13 { // a long log: once, not in steps that leave garbage
			l.Pauses = slices.Grow(l.Pauses, b.lim.Pauses-n)
		}
		l.Pauses = append(l.Pauses, p)
	} else {
		l.Dropped++
	}
	if p.Kind == KindFull || p.Kind == KindDegenerated && p.Flags.Has(FlagHeap) { // which ends a cycle while the application stands still
		b.cycle(Cycle{Time: p.End() - b.run().Base, Duration: p.Duration, Before: p.Before, After: p.After, Committed: p.Committed,
			OldAfter: b.oldUsed, OldCommitted: b.oldCommitted, CauseID: p.CauseID, Line: p.Line})
	}
	if p.Kind == KindFull || p.Kind.Evacuates() {
		b.oldUsed, b.oldCommitted = 0, 0
	}
	if p.Flags.Has(FlagHeap) {
		b.pauseHeap(&p)
	}
	if p.Flags.Has(FlagCPU) {
		b.AddCPU(float64(p.User), float64(p.Sys), float64(p.Real), &p)
	}
}

// nests reports whether a collection was logged inside the pause p, whose line comes later: a full one inside the young one
// that could not end (Serial, Parallel), a young one inside a remark (CMSScavengeBeforeRemark).
func nests(p, inner *Pause) bool {
	const stampError = 2 * time.Millisecond
	pair := p.Kind == KindYoung && inner.Kind == KindFull || p.Kind == KindRemark && inner.Kind == KindYoung
	return pair && !inner.Flags.Has(FlagNested) &&
		p.GCID < inner.GCID && p.Duration >= inner.Duration && p.Start <= inner.Start+stampError
}

// Counted adds n pauses of which only the sum is known.
func (b *Builder) Counted(kind Kind, cause uint16, n int64, sum time.Duration) {
	sum = min(max(sum, 0), longestPause)
	b.log.Total.addUnseen(n, sum)
	b.group(kind, cause).addUnseen(n, sum)
	b.log.Stopped = plus(b.log.Stopped, sum)
	if kind == KindFull {
		b.log.FullGCs += n
	}
}

// Cycle takes a collection of the whole heap that ran while the application did. Its Time is a stamp of the current run; sizes may be zero.
func (b *Builder) Cycle(c Cycle) {
	c.Concurrent = true
	b.cycle(c)
}

func (b *Builder) cycle(c Cycle) {
	l := b.log
	if len(l.Cycles) >= b.lim.Points {
		half := len(l.Cycles) / 2
		for i := range half {
			l.Cycles[i] = l.Cycles[2*i+1]
		}
		l.Cycles = l.Cycles[:half]
	}
	c.Time, c.File = b.Timeline(c.Time), b.file
	l.Cycles = append(l.Cycles, c)
}

// OldGeneration states the old generation after the full pause that comes next, in bytes.
func (b *Builder) OldGeneration(used, committed int64) { b.oldUsed, b.oldCommitted = used, committed }

// HeapShare takes that an amount is a share of the maximum heap, from 0 to 1: of several, the most exact estimate of the maximum stays.
func (b *Builder) HeapShare(used int64, share float64) {
	h := &b.log.Heap
	if share > h.share {
		h.share, h.Estimated = share, int64(float64(used)/share)
	}
}

// Note says something about the source that whoever reads the result must know.
func (b *Builder) Note(text string) {
	const most = 16
	if len(b.noted) < most && !slices.Contains(b.noted, text) {
		b.noted = append(b.noted, text)
	}
}

func (b *Builder) group(k Kind, cause uint16) *Dist {
	key := uint32(k)<<16 | uint32(cause)
	d := b.groups[key]
	if d == nil {
		d = newDist(&b.budget)
		b.groups[key] = d
	}
	return d
}

func (b *Builder) longest(p Pause) {
	ls := b.log.Longest
	if len(ls) == b.lim.Longest && p.Duration <= ls[len(ls)-1].Duration {
		return
	}
	i, _ := slices.BinarySearchFunc(ls, p, func(a, b Pause) int { return cmp.Compare(b.Duration, a.Duration) })
	ls = slices.Insert(ls, i, p)
	b.log.Longest = ls[:min(len(ls), b.lim.Longest)]
}

// Phase adds a piece of concurrent work.
func (b *Builder) Phase(name []byte, d time.Duration) {
	p := b.phases[string(name)]
	if p == nil {
		if len(b.phases) >= b.lim.Names {
			name = []byte("other phases")
		}
		if p = b.phases[string(name)]; p == nil {
			p = newDist(&b.budget)
			b.phases[string(name)] = p
		}
	}
	p.Add(d)
}

// Stall adds an allocation stall of a thread.
func (b *Builder) Stall(thread []byte, d time.Duration, m Mention) {
	s := &b.log.Stalls
	s.Total.Add(d)
	if len(s.List) < b.lim.Stalls {
		s.List = append(s.List, Stall{End: b.Timeline(m.Time), Duration: d, Line: uint32(m.Line), File: b.file})
	}
	b.Mention(&s.Lines, m)
	t := b.threads[string(thread)]
	if t == nil {
		if len(b.threads) >= b.lim.Threads {
			return
		}
		t = &ThreadStalls{Thread: string(thread)}
		b.threads[t.Thread] = t
	}
	t.Count++
	t.Sum = plus(t.Sum, d)
	t.Max = max(t.Max, d)
}

// RelocationStall adds a wait of a thread for the relocation of an object.
func (b *Builder) RelocationStall(d time.Duration) { b.log.Stalls.Relocate.Add(d) }

// Mention counts a line and keeps it while there is room.
func (b *Builder) Mention(ms *Mentions, m Mention) {
	ms.Count++
	if len(ms.Lines) < b.lim.Samples {
		m.File = b.file
		m.Time = b.Timeline(m.Time)
		ms.Lines = append(ms.Lines, m)
	}
}

// Full reports whether another mention of a kind would only be counted: a caller can save itself the text.
func (b *Builder) Full(ms *Mentions) bool { return len(ms.Lines) >= b.lim.Samples }

// AddCPU adds the CPU times of one pause, in seconds. Of the pause, Kind, Duration and Line are used.
func (b *Builder) AddCPU(user, sys, real float64, p *Pause) {
	const worthMentioning = 0.02 // two ticks of the usual 10 ms resolution
	c := &b.log.CPU
	k := p.Kind
	c.Pauses++
	c.Took = plus(c.Took, p.Duration)
	c.User += user
	c.Sys += sys
	c.Real += real
	if sys > user && sys >= worthMentioning {
		c.SysHeavy++
		b.Mention(&c.Lines, Mention{Line: int(p.Line)})
	}
	if (k.Evacuates() || k == KindFull) && user+sys < real && real >= worthMentioning {
		c.Inverted++
	}
}

// PauseCPU sets the CPU times, in seconds, of the last pause with the given GC number, kind and duration: they follow it in the log. They
// are in [Log.Pauses], as far as it is kept, and in [Log.Longest].
func (b *Builder) PauseCPU(gcid uint32, kind Kind, took time.Duration, user, sys, real float64) {
	set := func(p *Pause) bool {
		if p.GCID != gcid || p.Kind != kind || p.Duration != took {
			return false
		}
		p.User, p.Sys, p.Real = float32(user), float32(sys), float32(real)
		p.Flags |= FlagCPU
		return true
	}
	const behind = 8 // so many pauses may lie between a pause and its times
	for i := len(b.log.Pauses) - 1; b.log.Dropped == 0 && i >= 0 && i >= len(b.log.Pauses)-behind && !set(&b.log.Pauses[i]); i-- {
	}
	for i := range b.log.Longest {
		if p := &b.log.Longest[i]; !p.Flags.Has(FlagCPU) && set(p) {
			return
		}
	}
}

// Metaspace takes a reading in bytes; zero fields are unknown.
func (b *Builder) Metaspace(at time.Duration, used, committed, reserved int64) {
	m := &b.log.Metaspace
	m.Used, m.PeakUsed = used, max(m.PeakUsed, used)
	if committed > 0 {
		m.Committed = committed
	}
	if reserved > 0 {
		m.Reserved = reserved
	}
	m.Series.Add(b.Timeline(at), float64(used))
}

// MetaspaceBefore takes what was used before the collection whose reading follows: it may be what made it necessary.
func (b *Builder) MetaspaceBefore(used int64) {
	b.log.Metaspace.PeakUsed = max(b.log.Metaspace.PeakUsed, used)
}
