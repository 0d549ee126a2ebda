package report

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomStacks are many stacks of many places and pools, most of them rare.
func randomStacks(r *rand.Rand, stacks int) *stackSet {
	s := newStackSet()
	t := s.tree(threadStacks, "threads", unitThreads)
	for range stacks {
		place := s.placeOf(stackPlace{Node: fmt.Sprint("n", r.IntN(40))})
		slice := t.of(stackSlice{place, s.poolOf(fmt.Sprint("pool-", r.IntN(30))), r.IntN(len(stackStates)), r.IntN(2)})
		var frames []int32
		for depth := range 2 + r.IntN(20) {
			frames = append(frames, s.names.of(fmt.Sprintf("layer%d.call%d", depth, r.IntN(3))))
		}
		n := 1 + int64(r.ExpFloat64()*3)
		t.add(frames, slice, n)
		t.samples[slice] += float64(n)
	}
	return s
}

// What is left out of a tree stays in the sums: of all, of each side, of each state.
func TestPrunedStacksKeepTheirSums(t *testing.T) {
	s := randomStacks(rand.New(rand.NewPCG(1, 2)), 6000)
	sums := func() (out []float64) {
		tree := s.trees[0]
		out = append(out, tree.totals(nil)[0])
		for side := range 2 {
			for state := range stackStates {
				out = append(out, tree.totals(func(x stackSlice) bool { return x.side == side && x.state == state })[0])
			}
		}
		return out
	}
	before, nodes := sums(), len(s.trees[0].nodes)
	s.bound()
	if after := sums(); !slices.Equal(before, after) {
		t.Errorf("sums are\n%v, were\n%v", after, before)
	}
	tree := s.trees[0]
	left := 0
	for _, n := range tree.nodes {
		left += n.left
	}
	kept := slices.DeleteFunc(slices.Clone(tree.nodes), func(n stackNode) bool { return n.left > 0 })
	if left == 0 || len(kept) > stackNodes || len(kept)+left != nodes {
		t.Errorf("%d calls are kept and %d counted as left out, of %d", len(kept), left, nodes)
	}
	if len(s.places) != stackPlaces+1 || len(s.pools) != stackPools+1 {
		t.Errorf("%d places, %d pools", len(s.places), len(s.pools))
	}
}

// What the page's script reads is what the tree has.
func TestStacksAsTheScriptReadsThem(t *testing.T) {
	s := randomStacks(rand.New(rand.NewPCG(3, 4)), 200)
	s.bound()
	var d struct {
		Names []any
		Kinds []struct {
			F int64
			T []int64
		}
	}
	if err := json.Unmarshal([]byte(s.data("")), &d); err != nil {
		t.Fatal(err)
	}
	var names []string
	last := ""
	for i := 0; i < len(d.Names); i += 2 {
		last = last[:int(d.Names[i].(float64))] + d.Names[i+1].(string)
		names = append(names, last)
	}
	tree, flat := s.trees[0], d.Kinds[0].T
	depth, at := map[int32]int64{}, int64(-1)
	for i := range tree.nodes {
		n := &tree.nodes[i]
		if i > 0 {
			depth[int32(i)] = depth[n.parent] + 1
		}
		up, name, values := int64(0), flat[0], flat[:0]
		if flat[0] < 0 {
			up, name, values = -1-flat[0], flat[1], flat[3:3+2*flat[2]]
			flat = flat[2:]
		}
		flat = flat[1+len(values):]
		if at += 1 - up; at != depth[int32(i)] {
			t.Fatalf("call %d is at depth %d, want %d", i, at, depth[int32(i)])
		}
		switch {
		case n.left > 0:
			if name != -int64(n.left) {
				t.Fatalf("call %d stands for %d, want %d", i, -name, n.left)
			}
		case i > 0:
			if names[name] != s.names.list[n.name] {
				t.Fatalf("call %d is %s, want %s", i, names[name], s.names.list[n.name])
			}
		}
		if len(values) != 2*len(n.self) {
			t.Fatalf("call %d has %v, want %v", i, values, n.self)
		}
		for k, v := range n.self {
			if values[2*k] != int64(v.slice) || values[2*k+1]*d.Kinds[0].F != v.value {
				t.Fatalf("call %d has %v, want %v", i, values, n.self)
			}
		}
	}
	if len(flat) != 0 {
		t.Errorf("%d numbers too many", len(flat))
	}
}

// A change that so few samples may show by chance has no colour.
func TestChangeClass(t *testing.T) {
	for _, x := range []struct {
		now, before float64
		samples     float64
		want        string
	}{{0.5, 0.2, 1000, "f2"}, {0.2, 0.5, 1000, "f3"}, {0.5, 0.2, 8, "f4"}, {0.205, 0.2, 1e9, "f4"}, {0.02, 0, 10000, "f2"}} {
		if got := changeClass(x.now, x.before, [2]float64{x.samples, x.samples}); got != x.want {
			t.Errorf("%v after %v of %v samples: %s, want %s", x.now, x.before, x.samples, got, x.want)
		}
	}
}

func TestStepsOfTimes(t *testing.T) {
	for _, x := range []struct {
		times []moment
		want  []int64
	}{{[]moment{0.25, 1.25, 2.25, 3.25, 4.5}, []int64{250, 1000, -2, 1250}}, {[]moment{0}, []int64{0}}, {[]moment{1, 2, 1.5, 3}, []int64{1000, 1000, 0, 1000}},
		{[]moment{1, 2, 3}, []int64{1000, 1000, -1}}} {
		if got := stepsOf(x.times); !slices.Equal(got, x.want) {
			t.Errorf("%v: %v, want %v", x.times, got, x.want)
		}
	}
}
