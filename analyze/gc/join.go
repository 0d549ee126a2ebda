package gc

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// join makes one log of the logs of several runs, in order of time: counts and sums are those of all, settings those of the last.
func join(parts []*Log, lim Limits) *Log {
	j := newJoiner(lim)
	for _, p := range parts {
		j.add(p)
	}
	return j.finish(parts[len(parts)-1])
}

func newJoiner(lim Limits) *joiner {
	return &joiner{
		l: &Log{Limits: lim, causes: []string{""}, Total: new(Dist), Stalls: Stalls{Total: new(Dist), Relocate: new(Dist)},
			Safepoints: Safepoints{Total: new(Dist), Reach: new(Dist)}},
		lim: lim, causes: map[string]uint16{"": 0}, groups: map[Group]*Group{}, phases: map[string]*Dist{},
		ops: map[string]*SafepointOp{}, threads: map[string]*ThreadStalls{},
	}
}

// add joins the log of a later run.
func (j *joiner) add(p *Log) {
	j.time(p)
	j.pauses(p)
	j.stops(p)
	j.heap(p)
	j.lines(p)
}

// joiner holds what is joined by name.
type joiner struct {
	l       *Log
	lim     Limits
	causes  map[string]uint16
	groups  map[Group]*Group
	phases  map[string]*Dist
	ops     map[string]*SafepointOp
	threads map[string]*ThreadStalls
}

func (j *joiner) time(p *Log) {
	l := j.l
	if len(l.Runs) == 0 {
		l.First = p.First
	}
	l.Timed = l.Timed || p.Timed
	for _, r := range p.Runs {
		if n := len(l.Runs); n >= j.lim.Runs {
			l.Runs[n-1] = r
		} else {
			l.Runs = append(l.Runs, r)
		}
	}
	l.Last = max(l.Last, p.Last)
	l.Span += p.Span
}

func (j *joiner) cause(name string) uint16 {
	id, ok := j.causes[name]
	if !ok {
		id = uint16(len(j.l.causes))
		j.causes[name] = id
		j.l.causes = append(j.l.causes, name)
	}
	return id
}

func (j *joiner) pauses(p *Log) {
	l := j.l
	causes := make([]uint16, len(p.causes)) // their numbers in the joint log, from the first pause that has them
	move := func(x Pause) Pause {
		id := &causes[x.CauseID]
		if *id == 0 {
			*id = j.cause(p.causes[x.CauseID])
		}
		x.CauseID = *id
		return x
	}
	kept := 0
	if l.Dropped == 0 {
		kept = min(len(p.Pauses), j.lim.Pauses-len(l.Pauses))
	}
	if kept > cap(l.Pauses)-len(l.Pauses) { // twofold: a JVM that starts again and again has hundreds of short runs
		l.Pauses = slices.Grow(l.Pauses, max(kept, len(l.Pauses)))
	}
	for i := range kept {
		l.Pauses = append(l.Pauses, move(p.Pauses[i]))
	}
	l.Dropped += p.Dropped + int64(len(p.Pauses)-kept)
	for _, x := range p.Longest {
		l.Longest = withLongest(l.Longest, move(x), j.lim.Longest, func(x *Pause) time.Duration { return x.Duration })
	}
	l.Total.merge(p.Total)
	l.Stopped = plus(l.Stopped, p.Stopped)
	l.FullGCs += p.FullGCs
	for _, g := range p.groups {
		k := Group{Kind: g.Kind, Cause: g.Cause}
		if j.groups[k] == nil {
			j.groups[k] = &Group{Kind: g.Kind, Cause: g.Cause, Dist: new(Dist)}
			l.groups = append(l.groups, j.groups[k])
		}
		j.groups[k].merge(g.Dist)
	}
	for _, x := range p.Phases {
		if j.phases[x.Name] == nil {
			j.phases[x.Name] = new(Dist)
			l.Phases = append(l.Phases, Phase{x.Name, j.phases[x.Name]})
		}
		j.phases[x.Name].merge(x.Dist)
	}
	c := &l.CPU
	c.Share = p.CPU.Share
	c.Pauses += p.CPU.Pauses
	c.Took = plus(c.Took, p.CPU.Took)
	c.User += p.CPU.User
	c.Sys += p.CPU.Sys
	c.Real += p.CPU.Real
	c.SysHeavy += p.CPU.SysHeavy
	c.ConcurrentPhases += p.CPU.ConcurrentPhases
	c.Inverted += p.CPU.Inverted
	j.mentions(&c.Lines, &p.CPU.Lines)
}

// stops joins stalls and safepoints.
func (j *joiner) stops(p *Log) {
	s := &j.l.Stalls
	s.Total.merge(p.Stalls.Total)
	s.Relocate.merge(p.Stalls.Relocate)
	s.List = append(s.List, p.Stalls.List[:min(len(p.Stalls.List), j.lim.Stalls-len(s.List))]...)
	j.mentions(&s.Lines, &p.Stalls.Lines)
	for _, t := range p.Stalls.ByThread {
		to := j.threads[t.Thread]
		if to == nil {
			to = &ThreadStalls{Thread: t.Thread}
			j.threads[t.Thread] = to
		}
		to.Count, to.Sum, to.Max = to.Count+t.Count, plus(to.Sum, t.Sum), max(to.Max, t.Max)
	}
	sp, from := &j.l.Safepoints, &p.Safepoints
	sp.Count += from.Count
	sp.Total.merge(from.Total)
	sp.Reach.merge(from.Reach)
	sp.AppTime = plus(sp.AppTime, from.AppTime)
	sp.AppTimeLines += from.AppTimeLines
	for _, x := range from.WorstReach {
		sp.WorstReach = withLongest(sp.WorstReach, x, j.lim.Samples, func(s *Safepoint) time.Duration { return s.Reach })
	}
	for _, x := range from.Longest {
		sp.Longest = withLongest(sp.Longest, x, j.lim.Samples, func(s *Safepoint) time.Duration { return s.At })
	}
	for _, op := range from.ByOperation {
		to := j.ops[op.Operation]
		if to == nil {
			to = &SafepointOp{Operation: op.Operation}
			j.ops[op.Operation] = to
		}
		to.Count += op.Count
		to.ReachSum, to.ReachMax = plus(to.ReachSum, op.ReachSum), max(to.ReachMax, op.ReachMax)
		to.AtSum, to.AtMax = plus(to.AtSum, op.AtSum), max(to.AtMax, op.AtMax)
		to.TotalSum, to.TotalMax = plus(to.TotalSum, op.TotalSum), max(to.TotalMax, op.TotalMax)
	}
}

func (j *joiner) heap(p *Log) {
	l := j.l
	h, from := &l.Heap, &p.Heap
	h.PeakUsed, h.PeakAfter = max(h.PeakUsed, from.PeakUsed), max(h.PeakAfter, from.PeakAfter)
	h.PeakCommitted = max(h.PeakCommitted, from.PeakCommitted)
	h.YoungPeak, h.OldPeak = max(h.YoungPeak, from.YoungPeak), max(h.OldPeak, from.OldPeak)
	if from.share > h.share {
		h.Estimated, h.share = from.Estimated, from.share
	}
	h.LastUsed, h.OldLast = cmp.Or(from.LastUsed, h.LastUsed), cmp.Or(from.OldLast, h.OldLast)
	for _, f := range []struct{ to, from *Flow }{{&l.Allocation, &p.Allocation}, {&l.Promotion, &p.Promotion}} {
		f.to.Bytes += f.from.Bytes
		f.to.Over += f.from.Over
		f.to.Known = f.to.Known || f.from.Known
		f.to.Series.append(&f.from.Series, j.lim.Points)
	}
	l.Live = append(l.Live, p.Live...)
	for len(l.Live) > j.lim.Points {
		l.Live = thin(l.Live)
	}
	for _, c := range p.Cycles {
		c.CauseID = j.cause(p.causes[c.CauseID])
		l.Cycles = append(l.Cycles, c)
	}
	if over := len(l.Cycles) - j.lim.Points; over > 0 {
		l.Cycles = append(l.Cycles[:0], l.Cycles[over:]...)
	}
	m, meta := &l.Metaspace, &p.Metaspace
	m.Used, m.Committed, m.Reserved = cmp.Or(meta.Used, m.Used), cmp.Or(meta.Committed, m.Committed), cmp.Or(meta.Reserved, m.Reserved)
	m.PeakUsed, m.PermGen = max(m.PeakUsed, meta.PeakUsed), m.PermGen || meta.PermGen
	m.Series.append(&meta.Series, j.lim.Points)
	u, hum := &l.Humongous, &p.Humongous
	u.PeakRegions, u.LargestObject = max(u.PeakRegions, hum.PeakRegions), max(u.LargestObject, hum.LargestObject)
	u.Reclaimed += hum.Reclaimed
	j.mentions(&u.Requests, &hum.Requests)
	r, refs := &l.References, &p.References
	r.Time = plus(r.Time, refs.Time)
	r.Soft, r.Weak, r.Final, r.Phantom = r.Soft+refs.Soft, r.Weak+refs.Weak, r.Final+refs.Final, r.Phantom+refs.Phantom
}

func (j *joiner) lines(p *Log) {
	l := j.l
	for _, m := range []struct{ to, from *Mentions }{
		{&l.EvacuationFailures, &p.EvacuationFailures}, {&l.PromotionFailures, &p.PromotionFailures},
		{&l.ConcurrentModeFailures, &p.ConcurrentModeFailures}, {&l.ConcurrentModeInterrupted, &p.ConcurrentModeInterrupted},
		{&l.OutOfMemory, &p.OutOfMemory}, {&l.OtherLines, &p.OtherLines}, {&l.Unparsed, &p.Unparsed},
	} {
		j.mentions(m.to, m.from)
	}
	for _, x := range p.Gaps {
		l.Gaps = withLongest(l.Gaps, x, mostGaps, func(g *Gap) time.Duration { return g.To - g.From })
	}
	l.Checks = append(l.Checks, p.Checks...)
	l.Lines += p.Lines
	l.DetailLines += p.DetailLines
	l.CutLines += p.CutLines
}

// withLongest puts one of a later run into the list of the longest, longest first, behind those as long.
func withLongest[T any](list []T, one T, most int, of func(*T) time.Duration) []T {
	long := of(&one)
	if n := len(list); n >= most && (n == 0 || long <= of(&list[n-1])) {
		return list
	}
	i := sort.Search(len(list), func(i int) bool { return of(&list[i]) < long })
	list = slices.Insert(list, i, one)
	return list[:min(len(list), most)]
}

func (j *joiner) mentions(to, from *Mentions) {
	to.Count += from.Count
	to.Lines = append(to.Lines, from.Lines[:max(0, min(len(from.Lines), j.lim.Samples-len(to.Lines)))]...)
}

// finish completes the joint log. What is stated once is taken from like.
func (j *joiner) finish(like *Log) *Log {
	l := j.l
	l.Source, l.Files, l.Format, l.Collector, l.JVMVersion, l.Settings = like.Source, like.Files, like.Format, like.Collector, like.JVMVersion, like.Settings
	sp := &l.Safepoints
	for _, op := range j.ops {
		sp.ByOperation = append(sp.ByOperation, *op)
	}
	for _, t := range j.threads {
		l.Stalls.ByThread = append(l.Stalls.ByThread, *t)
	}
	sortGroups(l.groups)
	l.settle()
	return l
}
