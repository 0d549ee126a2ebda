package report

import (
	"cmp"
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/analyze/compare"
	"casefile/analyze/profile"
	"casefile/analyze/profile/fromjfr"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// unitThreads is the unit of stacks of dumps: a thread that six dumps show counts six times.
const unitThreads = "threads"

// threadStacks is the id of the tree of the thread dumps.
const threadStacks = "threads"

// stackKinds are the kinds of profiles by their importance, as people call them.
var stackKinds = []struct {
	kind profile.Kind
	name string
}{
	{profile.CPU, "CPU"}, {profile.Wall, "wall clock"}, {profile.Alloc, "allocation"}, {profile.Lock, "lock"}, {profile.Mutex, "mutex"}, {profile.Block, "blocking"},
	{profile.IO, "input and output"}, {profile.Exception, "exceptions"}, {profile.Native, "native code"}, {profile.Heap, "live heap"}, {profile.NativeMem, "native memory"},
	{profile.Goroutine, "goroutines"}, {profile.ThreadCreate, "thread creation"}, {profile.Other, "other"},
}

// threads takes the stacks of dumps; of those whose clock is given it is kept when they were taken.
func (s *stackSet) threads(place, side int, series *threads.Series, clock *analyze.Clock) {
	if series == nil || len(series.Dumps) == 0 {
		return
	}
	t := s.tree(threadStacks, "threads in the dumps", unitThreads)
	byState := map[threads.State]int{}
	for i, st := range stackStates {
		for _, of := range st.of {
			byState[of] = i
		}
	}
	known := map[*threads.Stack][]int32{}
	for _, d := range series.Dumps {
		round := s.roundOf(d, clock)
		type seen struct {
			stack *threads.Stack
			slice int
		}
		sums, order := map[seen]int64{}, []seen{}
		for _, th := range d.Threads {
			if len(th.Stack.Frames) == 0 {
				continue
			}
			state, ok := byState[th.State]
			switch {
			case !series.Wait(th).Busy():
				state = stateIdle
			case !ok:
				state = stateOther
			}
			pool, _ := series.PoolOf(th)
			n := max(1, int64(th.Count))
			slice := t.of(stackSlice{place, s.poolOf(pool), state, side, round})
			t.samples[slice] += float64(n) / float64(len(series.Dumps))
			key := seen{th.Stack, slice}
			if sums[key] == 0 {
				order = append(order, key)
			}
			sums[key] += n
		}
		for _, at := range order {
			frames, ok := known[at.stack]
			if !ok {
				frames = s.frames(len(at.stack.Frames), func(i int) string { return at.stack.Frames[i].Func })
				known[at.stack] = frames
			}
			t.add(frames, at.slice, sums[at])
		}
	}
}

// frames numbers the functions of a stack that is given innermost first.
func (s *stackSet) frames(n int, name func(i int) string) []int32 {
	out := make([]int32, 0, min(n, stackDepth))
	for i := n - 1; i >= 0; i-- {
		if len(out) == stackDepth-1 && i > 0 {
			return append(out, s.names.of(deepest))
		}
		out = append(out, s.names.of(name(i)))
	}
	return out
}

// view takes the samples of a profile; place may depend on a sample's labels.
func (s *stackSet) view(side int, v profile.View, place func(label func(string) string) int) {
	id, name := string(v.Kind), string(v.Kind)
	for _, k := range stackKinds {
		if k.kind == v.Kind {
			name = k.name
		}
	}
	for _, t := range s.trees {
		if t.id == id && t.unit != v.Unit { // what cannot be added stands apart
			id, name = id+"-"+v.Unit, name+", in "+v.Unit
			break
		}
	}
	t := s.tree(id, name, v.Unit)
	each := 0.0
	if total := v.Total(); total > 0 {
		each = float64(v.Samples()) / float64(total)
	}
	v.Each(func(frames []string, value int64, label func(string) string) {
		if value <= 0 || len(frames) == 0 {
			return
		}
		slice := t.of(stackSlice{place: place(label), pool: s.poolOf(label(fromjfr.PoolLabel)), state: stateNone, side: side})
		t.add(s.frames(len(frames), func(i int) string { return frames[i] }), slice, value)
		t.samples[slice] += each * float64(value)
	})
}

// profiles takes, of each kind, the profile with most samples: others of the same time would count it twice.
func (s *stackSet) profiles(place int, list []*profile.Profile) {
	for _, k := range stackKinds {
		var best profile.View
		n := 0
		for _, p := range list {
			if v, ok := p.View(k.kind); ok && v.Total() > 0 {
				if n++; best.Kind == "" || v.Samples() > best.Samples() {
					best = v
				}
			}
		}
		if n > 1 && k.kind != profile.Other {
			s.notes = append(s.notes, fmt.Sprintf("Of %d %s profiles of %s the one with most samples is shown here.", n, k.name, s.places[place].full()))
		}
		if best.Kind != "" {
			s.view(sideNow, best, func(func(string) string) int { return place })
		}
	}
}

func (p stackPlace) full() string {
	if p.Process == "" {
		return p.Node
	}
	return p.Process + " on " + p.Node
}

// caseStacks merges what all processes of a case did, with what they did before where there is a comparison.
func (b *viewBuilder) caseStacks(c *analyze.Case) *stackSet {
	s := newStackSet()
	s.rounds = roundsOf(c)
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			place := s.placeOf(stackPlace{nameOf(n), j.Target, b.places[n.Name]})
			s.threads(place, sideNow, j.Dumps, &n.Clock)
			s.profiles(place, j.Profiles)
		}
		for _, v := range n.Services {
			place := s.placeOf(stackPlace{nameOf(n), v.Target, b.places[n.Name]})
			s.threads(place, sideNow, v.Goroutines, &n.Clock)
			s.profiles(place, v.Profiles)
		}
	}
	if against := b.meta.Against; against != nil {
		s.before = base(against.Before[len(against.Before)-1].Name)
		s.pairs(against, b.places, false)
	}
	s.order()
	s.bound()
	return s
}

// pairs takes the earlier side of a comparison; with both, the later one as well.
func (s *stackSet) pairs(c *compare.Comparison, filter map[string]int, both bool) {
	placeOf := func(p *compare.Pair) int {
		return s.placeOf(stackPlace{cmp.Or(clean(cut(p.Node, nodeNameWidth)), "this node"), cmp.Or(p.Target(), p.Subject), filter[p.Node]})
	}
	for _, p := range c.Pairs {
		before, after := p.Dumps()
		if before == nil || after == nil {
			continue
		}
		s.threads(placeOf(p), sideBefore, before, nil)
		if both {
			s.threads(placeOf(p), sideNow, after, nil)
		}
	}
	for i := range c.Profiles {
		x := &c.Profiles[i]
		place := placeOf(x.Pair)
		at := func(func(string) string) int { return place }
		s.view(sideBefore, x.Before, at)
		if both {
			s.view(sideNow, x.After, at)
		}
	}
}

// order puts the kinds into the order of their importance: the dumps, which are always there, first.
func (s *stackSet) order() {
	rankOf := func(t *stackTree) int {
		return slices.IndexFunc(stackKinds, func(k struct {
			kind profile.Kind
			name string
		}) bool {
			return t.id == string(k.kind)
		})
	}
	slices.SortStableFunc(s.trees, func(a, b *stackTree) int {
		return cmp.Or(-cmp.Compare(btoi(a.id == threadStacks), btoi(b.id == threadStacks)), cmp.Compare(rankOf(a), rankOf(b)))
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// unitValue writes a value of a tree.
func unitValue(unit string, v float64) string {
	if unit == unitThreads {
		return say.Whole(int64(v))
	}
	return valueText(unit, int64(v))
}
