package threads

import (
	"cmp"
	"slices"
	"time"
)

// HotThread is a thread with the CPU it used over the series.
type HotThread struct {
	*Track
	CPU    time.Duration
	Span   time.Duration // over which it was used
	Cores  float64       // CPU / Span; 0 when the span is unknown
	Wanted float64       // cores it would have used had it never waited for a CPU; Cores when that is unknown
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
			h.Wanted = h.Cores + float64(max(0, tr.Starved(tr.First, tr.Last)))/float64(h.Span)
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
