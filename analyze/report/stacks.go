package report

import (
	"cmp"
	"fmt"
	"slices"

	"casefile/analyze/threads"
)

// Limits of merged stacks on a page. What is beyond is counted.
const (
	stackDepth  = 400   // frames from the root
	stackNodes  = 2500  // calls of one kind
	stackShare  = 0.004 // least weight of a call, see weights
	stackPlaces = 24    // processes
	stackPools  = 14
	stackName   = 160 // characters of a function's name
	deepest     = "[deeper]"
)

// stackSlice says of whom samples are: of a pool's threads, in a state, of the process at a place, of one side of a comparison;
// and of which of the set's moments, from 1, where it is known.
type stackSlice struct{ place, pool, state, side, moment int }

// sides of a comparison.
const (
	sideNow = iota
	sideBefore
)

// stackStates are the states of threads; those without work are apart, whatever their state is.
var stackStates = []struct {
	name, class string
	of          []threads.State
}{
	{"runnable", "f1", []threads.State{threads.Runnable}},
	{"blocked", "f2", []threads.State{threads.Blocked}},
	{"waiting", "f3", []threads.State{threads.Waiting}},
	{"timed waiting", "f6", []threads.State{threads.TimedWaiting}},
	{"other state", "f4", nil},
	{"without work", "f7", nil},
}

const (
	stateOther = 4
	stateIdle  = 5
	stateNone  = -1 // of samples that say nothing of it
)

// stackTree merges stacks from the root, with what each call has of its own by slice.
type stackTree struct {
	id, name, unit string
	slices         []stackSlice
	samples        []float64 // by slice: how many observations its value stands for
	nodes          []stackNode

	at    map[stackSlice]int
	child map[[2]int32]int32
}

// stackNode is one call. Nodes come after their parents; the first is the root.
type stackNode struct {
	name   int32 // of the page's names
	parent int32
	self   []sliceValue
	left   int // calls that are left out, for the node that stands for them
}

type sliceValue struct {
	slice int
	value int64
}

func newStackTree(id, name, unit string) *stackTree {
	return &stackTree{id: id, name: name, unit: unit, nodes: []stackNode{{}}, at: map[stackSlice]int{}, child: map[[2]int32]int32{}}
}

// of gives the number of a slice.
func (t *stackTree) of(s stackSlice) int {
	i, known := t.at[s]
	if !known {
		i = len(t.slices)
		t.at[s] = i
		t.slices, t.samples = append(t.slices, s), append(t.samples, 0)
	}
	return i
}

// add takes a stack, root first.
func (t *stackTree) add(frames []int32, slice int, value int64) {
	at := int32(0)
	for _, f := range frames {
		key := [2]int32{at, f}
		next, known := t.child[key]
		if !known {
			next = int32(len(t.nodes))
			t.child[key] = next
			t.nodes = append(t.nodes, stackNode{name: f, parent: at})
		}
		at = next
	}
	t.nodes[at].take(slice, value)
}

func (n *stackNode) take(slice int, value int64) {
	for i := range n.self {
		if n.self[i].slice == slice {
			n.self[i].value += value
			return
		}
	}
	n.self = append(n.self, sliceValue{slice, value})
}

// totals are what each node has with all below it, of the slices that keep chooses; nil: of all.
func (t *stackTree) totals(keep func(stackSlice) bool) []float64 {
	out := make([]float64, len(t.nodes))
	for i := len(t.nodes) - 1; i >= 0; i-- {
		for _, v := range t.nodes[i].self {
			if keep == nil || keep(t.slices[v.slice]) {
				out[i] += float64(v.value)
			}
		}
		if i > 0 {
			out[t.nodes[i].parent] += out[i]
		}
	}
	return out
}

// weights say how much a call matters: its share of all, or half of its share of a process, or a quarter of that of a pool.
// No call has more than its caller.
func (t *stackTree) weights() []float64 {
	weights := make([]float64, len(t.nodes))
	raise := func(factor float64, keep func(stackSlice) bool) {
		totals := t.totals(keep)
		if totals[0] <= 0 {
			return
		}
		for i, v := range totals {
			weights[i] = max(weights[i], factor*v/totals[0])
		}
	}
	raise(1, nil)
	seen := map[[2]int]bool{}
	for _, s := range t.slices {
		if at := [2]int{s.place, s.side}; !seen[at] {
			seen[at] = true
			raise(0.5, func(x stackSlice) bool { return x.place == s.place && x.side == s.side })
		}
	}
	pools := map[int]bool{}
	for _, s := range t.slices {
		if !pools[s.pool] {
			pools[s.pool] = true
			raise(0.25, func(x stackSlice) bool { return x.pool == s.pool })
		}
	}
	return weights
}

// pruned is the tree of the calls that matter most. One child stands for all that a call has lost; nothing of the values is.
func (t *stackTree) pruned(names *nameTable) *stackTree {
	weights := t.weights()
	order := make([]int32, len(t.nodes))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(weights[b], weights[a]) })
	kept := make([]bool, len(t.nodes))
	for _, i := range order[:min(len(order), stackNodes)] {
		kept[i] = i == 0 || weights[i] >= stackShare
	}
	rest := make([]stackNode, len(t.nodes)) // what a node has of calls that are left out
	children := make([][]int32, len(t.nodes))
	totals := t.totals(nil)
	for i := len(t.nodes) - 1; i > 0; i-- {
		n := &t.nodes[i]
		if kept[i] {
			children[n.parent] = append(children[n.parent], int32(i))
			continue
		}
		to := &rest[n.parent]
		to.left += 1 + rest[i].left
		for _, v := range append(rest[i].self, n.self...) {
			to.take(v.slice, v.value)
		}
	}
	out := &stackTree{id: t.id, name: t.name, unit: t.unit, slices: t.slices, samples: t.samples}
	var write func(i, parent int32)
	write = func(i, parent int32) {
		at := int32(len(out.nodes))
		out.nodes = append(out.nodes, stackNode{name: t.nodes[i].name, parent: parent, self: t.nodes[i].self})
		slices.SortFunc(children[i], func(a, b int32) int {
			return cmp.Or(cmp.Compare(totals[b], totals[a]), cmp.Compare(names.list[t.nodes[a].name], names.list[t.nodes[b].name]))
		})
		for _, c := range children[i] {
			write(c, at)
		}
		if rest[i].left > 0 {
			out.nodes = append(out.nodes, stackNode{parent: at, self: rest[i].self, left: rest[i].left})
		}
	}
	write(0, 0)
	return out
}

// joinSlices gives slices other numbers of places and pools; those that become alike are one.
func (t *stackTree) joinSlices(place, pool []int) {
	old, samples := t.slices, t.samples
	t.slices, t.samples, t.at = nil, nil, map[stackSlice]int{}
	to := make([]int, len(old))
	for i, s := range old {
		s.place, s.pool = place[s.place], pool[s.pool]
		to[i] = t.of(s)
		t.samples[to[i]] += samples[i]
	}
	for i := range t.nodes {
		self := t.nodes[i].self
		t.nodes[i].self = nil
		for _, v := range self {
			t.nodes[i].take(to[v.slice], v.value)
		}
	}
}

// nameTable numbers names.
type nameTable struct {
	list []string
	at   map[string]int32
}

func newNameTable() *nameTable { return &nameTable{at: map[string]int32{}} }

func (n *nameTable) of(name string) int32 {
	i, known := n.at[name]
	if !known {
		i = int32(len(n.list))
		n.at[name] = i
		n.list = append(n.list, clean(cut(name, stackName)))
	}
	return i
}

// stackPlace is a process; its number in the page's filter is 0 where there is none.
type stackPlace struct {
	Node    string `json:"n"`
	Process string `json:"p,omitempty"`
	Filter  int    `json:"i,omitempty"`
}

// stackSet is all merged stacks of a page.
type stackSet struct {
	places []stackPlace
	pools  []string // the first is of threads of no pool
	names  *nameTable
	pool   map[string]int
	trees  []*stackTree
	notes  []string
	before string // what the other side of a comparison is; empty: there is none
	rounds []round
}

func newStackSet() *stackSet {
	return &stackSet{names: newNameTable(), pools: []string{""}, pool: map[string]int{"": 0}}
}

func (s *stackSet) placeOf(p stackPlace) int {
	p.Node, p.Process = clean(cut(p.Node, nodeNameWidth)), clean(cut(p.Process, nodeNameWidth))
	for i, have := range s.places {
		if have.Node == p.Node && have.Process == p.Process {
			return i
		}
	}
	s.places = append(s.places, p)
	return len(s.places) - 1
}

func (s *stackSet) poolOf(name string) int {
	i, known := s.pool[name]
	if !known {
		i = len(s.pools)
		s.pool[name] = i
		s.pools = append(s.pools, clean(cut(name, 60)))
	}
	return i
}

func (s *stackSet) tree(id, name, unit string) *stackTree {
	for _, t := range s.trees {
		if t.id == id {
			return t
		}
	}
	t := newStackTree(id, name, unit)
	s.trees = append(s.trees, t)
	return t
}

// bound joins the smallest of too many places and pools, and prunes the trees.
func (s *stackSet) bound() {
	s.trees = slices.DeleteFunc(s.trees, func(t *stackTree) bool { return t.totals(nil)[0] <= 0 })
	place := s.largest(len(s.places), stackPlaces, 0, func(x stackSlice) int { return x.place })
	pool := s.largest(len(s.pools), stackPools, 1, func(x stackSlice) int { return x.pool })
	for _, t := range s.trees {
		t.joinSlices(place.to, pool.to)
	}
	if n := len(s.places) - len(place.kept); n > 0 {
		s.places = append(picked(s.places, place.kept), stackPlace{Node: fmt.Sprintf("%d smaller processes", n)})
	}
	if n := len(s.pools) - len(pool.kept); n > 0 {
		s.pools = append(picked(s.pools, pool.kept), fmt.Sprintf("%d smaller pools", n))
	}
	for i, t := range s.trees {
		s.trees[i] = t.pruned(s.names)
	}
}

// fewer is a choice of some numbers, and what each number becomes.
type fewer struct{ kept, to []int }

// largest keeps most of n numbers of slices, those with the largest shares of a kind, and always the first ones; all others become one.
func (s *stackSet) largest(n, most, always int, of func(stackSlice) int) fewer {
	share := make([]float64, n)
	for _, t := range s.trees {
		sums, all := make([]float64, n), 0.0
		for i := range t.nodes {
			for _, v := range t.nodes[i].self {
				sums[of(t.slices[v.slice])] += float64(v.value)
				all += float64(v.value)
			}
		}
		for i, v := range sums {
			share[i] = max(share[i], v/all)
		}
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order[min(always, n):], func(a, b int) int { return cmp.Compare(share[b], share[a]) })
	f := fewer{kept: order[:min(n, most)], to: make([]int, n)}
	slices.Sort(f.kept)
	for i := range f.to {
		f.to[i] = len(f.kept)
	}
	for at, i := range f.kept {
		f.to[i] = at
	}
	return f
}

func picked[T any](list []T, at []int) []T {
	out := make([]T, len(at))
	for i, k := range at {
		out[i] = list[k]
	}
	return out
}
