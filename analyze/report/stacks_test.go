package report

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"casefile/analyze"
	"casefile/analyze/threads"
)

// randomStacks are many stacks of many places and pools, most of them rare.
func randomStacks(r *rand.Rand, stacks int) *stackSet {
	s := newStackSet()
	t := s.tree(threadStacks, "threads", unitThreads)
	for range stacks {
		place := s.placeOf(stackPlace{Node: fmt.Sprint("n", r.IntN(40))})
		slice := t.of(stackSlice{place, s.poolOf(fmt.Sprint("pool-", r.IntN(30))), r.IntN(len(stackStates)), r.IntN(2), 1 + r.IntN(6)})
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

// readCall is a call as the page's script reads it.
type readCall struct {
	name, caller string
	depth        int
	left         int64
	values       map[stackSlice]int64 // by round
}

// readStacks reads trees as assets/stacks.js does.
func readStacks(t *testing.T, data []byte) (kinds [][]readCall) {
	t.Helper()
	var d struct {
		Names []any
		Kinds []struct {
			F int64
			S [][]int
			T string
		}
	}
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	var names []string
	last := ""
	for i := 0; i < len(d.Names); i += 2 {
		last = last[:int(d.Names[i].(float64))] + d.Names[i+1].(string)
		names = append(names, last)
	}
	likely := map[string][]string{}
	for _, k := range d.Kinds {
		var calls []readCall
		var path []string
		add := func(depth int, code int64, values []int64) {
			c := readCall{depth: depth, values: map[stackSlice]int64{}}
			if depth > 0 {
				c.caller = path[depth-1]
			}
			switch known := likely[c.caller]; {
			case code < 0:
				c.left = -code
			case depth == 0:
			case code < int64(len(known)):
				c.name = known[code]
				likely[c.caller] = slices.Insert(slices.Delete(slices.Clone(known), int(code), int(code)+1), 0, c.name)
			default:
				c.name = names[code-int64(len(known))]
				likely[c.caller] = slices.Insert(slices.Clone(known), 0, c.name)
			}
			for i := 0; i < len(values); i += 2 {
				s := k.S[values[i]]
				of := stackSlice{place: s[0], pool: s[1], state: s[2], side: s[3]}
				if len(s) == 4 {
					c.values[of] += values[i+1] * k.F
					continue
				}
				for round := range mostRounds {
					if s[4]>>round&1 == 1 {
						of.moment = round + 1
						c.values[of] += values[i+1] * k.F
					}
				}
			}
			path = append(path[:depth], c.name)
			calls = append(calls, c)
		}
		for flat := readVLQ(t, k.T); len(flat) > 0; {
			n, next := flat[0], len(path)
			switch {
			case n < 0:
				end := 3 + 2*flat[2]
				add(next+1+int(n), flat[1], flat[3:end])
				flat = flat[end:]
				continue
			case n%2 == 1:
				add(next, (n+1)/2, nil)
			default:
				for i := range n/2 + 1 {
					add(next+int(i), 0, nil)
				}
			}
			flat = flat[1:]
		}
		kinds = append(kinds, calls)
	}
	return kinds
}

// What the page's script reads is what the trees have: also of a second tree, which knows the names of the first.
func TestStacksAsTheScriptReadsThem(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	s := randomStacks(r, 200)
	second := s.tree("cpu", "CPU", "nanoseconds")
	for range 200 {
		slice := second.of(stackSlice{place: r.IntN(len(s.places)), pool: r.IntN(len(s.pools)), state: stateNone})
		second.add([]int32{int32(r.IntN(3)), int32(r.IntN(9)), int32(r.IntN(9))}, slice, 1+r.Int64N(9))
	}
	s.bound()
	read := readStacks(t, []byte(s.data("")))
	if len(read) != len(s.trees) {
		t.Fatalf("%d trees, want %d", len(read), len(s.trees))
	}
	for k, tree := range s.trees {
		if len(read[k]) != len(tree.nodes) {
			t.Fatalf("%s has %d calls, want %d", tree.id, len(read[k]), len(tree.nodes))
		}
		depth := map[int32]int{0: 0}
		for i := range tree.nodes {
			n, got := &tree.nodes[i], read[k][i]
			want := readCall{left: int64(n.left), values: map[stackSlice]int64{}}
			if i > 0 {
				depth[int32(i)] = depth[n.parent] + 1
				want.depth, want.caller = depth[int32(i)], read[k][n.parent].name
				if n.left == 0 {
					want.name = s.names.list[n.name]
				}
			}
			for _, v := range n.self {
				of := tree.slices[v.slice]
				if of.side == sideBefore {
					of.moment = 0 // which no zoom asks for
				}
				want.values[of] += v.value
			}
			if !cmp.Equal(got, want, cmp.AllowUnexported(readCall{}, stackSlice{})) {
				t.Fatalf("call %d of %s is %+v, want %+v", i, tree.id, got, want)
			}
		}
	}
}

// Dumps of one moment are one round on all nodes; of many there are not more rounds than the zoom can tell apart.
func TestRoundsOfDumps(t *testing.T) {
	c := &analyze.Case{}
	for i := range 3 {
		var dumps []*threads.Dump
		for k := range 6 {
			dumps = append(dumps, &threads.Dump{Time: began.Add(time.Duration(k)*10*time.Second + time.Duration(i)*40*time.Millisecond), ZoneKnown: true})
		}
		n := &analyze.Node{Name: fmt.Sprint("n", i)}
		n.JVMs = []*analyze.JVM{{Node: n, Dumps: &threads.Series{Dumps: dumps}}}
		c.Nodes = append(c.Nodes, n)
	}
	rounds := roundsOf(c)
	if len(rounds) != 6 || rounds[5].first != began.Add(50*time.Second) || rounds[5].last != began.Add(50*time.Second+80*time.Millisecond) {
		t.Errorf("%v", rounds)
	}
	s := &stackSet{rounds: rounds}
	for i, d := range c.Nodes[1].JVMs[0].Dumps.Dumps {
		if got := s.roundOf(d, &c.Nodes[1].Clock); got != i+1 {
			t.Errorf("dump %d is of round %d", i+1, got)
		}
	}
	if got := s.roundOf(&threads.Dump{Time: began}, &analyze.Clock{}); got != 0 {
		t.Errorf("round %d of a dump whose zone is not known", got)
	}
	var many []*threads.Dump
	for k := range 500 {
		many = append(many, &threads.Dump{Time: began.Add(time.Duration(k*k) * time.Millisecond), ZoneKnown: true})
	}
	c.Nodes[0].JVMs[0].Dumps.Dumps = many
	if rounds := roundsOf(c); len(rounds) > mostRounds || rounds[len(rounds)-1].last != many[499].Time {
		t.Errorf("%d rounds, the last ends at %v", len(rounds), rounds[len(rounds)-1].last)
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
