package profile

import (
	"cmp"
	"slices"
)

const (
	// maxDepth bounds the depth of a tree and of exported stacks, counted from
	// the root; what lies deeper becomes one frame named deeper.
	maxDepth = 512
	deeper   = "[deeper]"
	// minShare is the smallest share of the total that a node of a tree has.
	minShare = 0.001
)

// Tree is the data of a flame graph.
type Tree struct {
	Kind  Kind   `json:"kind"`
	Unit  string `json:"unit"`
	Total int64  `json:"total"`
	Root  *Node  `json:"root"`
	// Pruned is how many nodes below 0.1 % of the total were left out. What they
	// had is still in the totals of the nodes above them.
	Pruned int `json:"pruned,omitempty"`
}

// Node is one frame in one calling context. Total is Self plus the totals of
// all children, also of those left out.
type Node struct {
	Name     string  `json:"name"`
	Self     int64   `json:"self,omitempty"`
	Total    int64   `json:"total"`
	Children []*Node `json:"children,omitempty"`
}

// Tree returns the flame graph of the view; children are in order of size.
func (v View) Tree() *Tree {
	b := newTreeBuilder()
	for _, s := range v.stacks() {
		b.add(s.frames, s.value)
	}
	t := &Tree{Kind: v.Kind, Unit: v.Unit, Total: v.Total()}
	t.Root = b.node(0, v.profile.symbols, "all", minShare*float64(t.Total), &t.Pruned)
	return t
}

// stack is the frames of a sample, root first, with its value.
type stack struct {
	frames []int32 // deeperFrame stands for all below maxDepth
	value  int64
}

const deeperFrame = -1

// stacks returns the stacks of the view with equal ones joined, in order of
// first appearance.
func (v View) stacks() []stack {
	var list []stack
	place := map[string]int{}
	var buf []int32
	var key []byte
	for _, sample := range v.samples {
		value := sample.Value[v.index]
		if value == 0 {
			continue
		}
		buf = v.profile.symbols.stack(buf[:0], sample)
		slices.Reverse(buf)
		if len(buf) > maxDepth {
			buf = append(buf[:maxDepth-1], deeperFrame)
		}
		key = key[:0]
		for _, f := range buf {
			key = append(key, byte(f), byte(f>>8), byte(f>>16), byte(f>>24))
		}
		i, known := place[string(key)]
		if !known {
			i = len(list)
			place[string(key)] = i
			list = append(list, stack{frames: slices.Clone(buf)})
		}
		list[i].value = add(list[i].value, value)
	}
	return list
}

func (s *symbols) name(frame int32) string {
	if frame == deeperFrame {
		return deeper
	}
	return s.names[frame]
}

// treeBuilder is a tree in flat arrays: node 0 is the root.
type treeBuilder struct {
	child       map[edge]int32
	frame       []int32
	self, total []int64
	children    [][]int32
}

type edge struct{ parent, frame int32 }

func newTreeBuilder() *treeBuilder {
	return &treeBuilder{child: map[edge]int32{}, frame: []int32{0}, self: []int64{0}, total: []int64{0}, children: [][]int32{nil}}
}

func (b *treeBuilder) add(frames []int32, value int64) {
	at := int32(0)
	b.total[0] = add(b.total[0], value)
	for _, f := range frames {
		at = b.step(at, f)
		b.total[at] = add(b.total[at], value)
	}
	b.self[at] = add(b.self[at], value)
}

func (b *treeBuilder) step(parent, frame int32) int32 {
	e := edge{parent, frame}
	at, known := b.child[e]
	if !known {
		at = int32(len(b.frame))
		b.child[e] = at
		b.frame, b.self, b.total, b.children = append(b.frame, frame), append(b.self, 0), append(b.total, 0), append(b.children, nil)
		b.children[parent] = append(b.children[parent], at)
	}
	return at
}

func (b *treeBuilder) node(at int32, s *symbols, name string, floor float64, pruned *int) *Node {
	n := &Node{Name: name, Self: b.self[at], Total: b.total[at]}
	for _, c := range b.children[at] {
		if float64(abs(b.total[c])) < floor {
			*pruned += b.size(c)
			continue
		}
		n.Children = append(n.Children, b.node(c, s, s.name(b.frame[c]), floor, pruned))
	}
	slices.SortFunc(n.Children, func(x, y *Node) int {
		return cmp.Or(cmp.Compare(abs(y.Total), abs(x.Total)), cmp.Compare(x.Name, y.Name))
	})
	return n
}

func (b *treeBuilder) size(at int32) int {
	n := 1
	for _, c := range b.children[at] {
		n += b.size(c)
	}
	return n
}
