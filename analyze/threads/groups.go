package threads

import (
	"cmp"
	"slices"
)

// Group is one stack with all the threads that showed it.
type Group struct {
	Stack  *Stack
	Count  int   // threads times dumps
	Dumps  []int // threads per dump
	State  State // the most frequent one
	Wait   Wait
	Sample *Thread  // one of them
	Names  []string // families of names, most frequent first, ten at most
}

// Groups gives the stacks of the series by how often they were seen. With byFunc stacks that differ in line numbers only are one group.
func (s *Series) Groups(byFunc bool) []*Group {
	g := grouping{s: s, byFunc: byFunc, of: map[*Stack]*Group{}, alike: map[string]*Group{}, names: map[*Group]map[string]int{}, states: map[*Group]*[Terminated + 1]int{}}
	for i, d := range s.Dumps {
		for _, t := range d.Threads {
			if len(t.Stack.Frames) > 0 {
				g.add(i, t)
			}
		}
	}
	for _, gr := range g.order {
		gr.Names = mostFrequent(g.names[gr], 10)
		for st, n := range g.states[gr] {
			if n > g.states[gr][gr.State] {
				gr.State = State(st)
			}
		}
	}
	slices.SortStableFunc(g.order, func(a, b *Group) int { return cmp.Compare(b.Count, a.Count) })
	return g.order
}

type grouping struct {
	s      *Series
	byFunc bool
	of     map[*Stack]*Group
	alike  map[string]*Group
	names  map[*Group]map[string]int
	states map[*Group]*[Terminated + 1]int
	order  []*Group
}

func (g *grouping) add(dump int, t *Thread) {
	gr := g.of[t.Stack]
	if gr == nil {
		gr = g.find(t)
		g.of[t.Stack] = gr
	}
	k := max(1, int(t.Count))
	gr.Count += k
	gr.Dumps[dump] += k
	g.names[gr][NormalizeName(t.Name)] += k
	g.states[gr][t.State] += k
}

func (g *grouping) find(t *Thread) *Group {
	key := ""
	if g.byFunc {
		var b []byte
		for _, f := range t.Stack.Frames {
			b = append(append(b, f.Func...), '\n')
		}
		key = string(b)
		if gr := g.alike[key]; gr != nil {
			return gr
		}
	}
	gr := &Group{Stack: t.Stack, Dumps: make([]int, len(g.s.Dumps)), Wait: g.s.Wait(t), Sample: t}
	g.order = append(g.order, gr)
	g.names[gr], g.states[gr] = map[string]int{}, &[Terminated + 1]int{}
	if g.byFunc {
		g.alike[key] = gr
	}
	return gr
}

func mostFrequent(counts map[string]int, n int) []string {
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	return keys[:min(n, len(keys))]
}

// FuncCount is a function with the threads times dumps that had it innermost, or anywhere on the stack.
type FuncCount struct {
	Func       string
	Top, Total int
}

// Functions counts functions over the stacks of all busy threads, those most often innermost first.
func (s *Series) Functions() []FuncCount {
	counts := map[string]*FuncCount{}
	for _, d := range s.Dumps {
		for _, t := range d.Threads {
			if len(t.Stack.Frames) == 0 || !s.Wait(t).Busy() {
				continue
			}
			seen := map[string]bool{} // recursion counts once
			for i, f := range t.Stack.Frames {
				c := counts[f.Func]
				if c == nil {
					c = &FuncCount{Func: f.Func}
					counts[f.Func] = c
				}
				if i == 0 {
					c.Top++
				}
				if !seen[f.Func] {
					seen[f.Func] = true
					c.Total++
				}
			}
		}
	}
	out := make([]FuncCount, 0, len(counts))
	for _, c := range counts {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b FuncCount) int {
		return cmp.Or(cmp.Compare(b.Top, a.Top), cmp.Compare(b.Total, a.Total), cmp.Compare(a.Func, b.Func))
	})
	return out
}
