package report

import (
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"casefile/analyze/say"
)

// explorer is merged stacks on a page: as a flame graph and as a call tree, of a kind, of a process and pool that the
// reader chooses, next to others. Without script it shows the first kind, of all.
type explorer struct {
	Title   string
	Summary string // what the pictures without script are of
	Kinds   []string
	Flame   flame
	Calls   callTree
	Notes   []string
	Data    template.JS
}

// stackData is what the page's script reads.
type stackData struct {
	Places  []stackPlace `json:"places"`
	Pools   []string     `json:"pools"` // the first has no name
	States  [][2]string  `json:"states"`
	Idle    int          `json:"idle"`
	Names   []any        `json:"names"`            // pairs: how much of the name before it this one begins with, the rest
	Before  string       `json:"before,omitempty"` // the name of the other side
	Against string       `json:"against,omitempty"`
	Kinds   []kindData   `json:"kinds"`
}

// kindData is a tree. Tree has, from the root down, numbers for its calls (see appendVLQ):
//
//   - an even number 2n: n+1 calls, each called by the one before, whose names are the likeliest (see [successors]), without a value
//     of their own;
//   - an odd number 2n-1: one more such call, with n for its name;
//   - a negative number -1-n: a call whose caller is n levels above the one before. Its name follows, or minus how many calls it stands
//     for; how many values it has; each of them after its slice.
type kindData struct {
	ID     string   `json:"id"`
	Name   string   `json:"n"`
	Unit   string   `json:"u"`
	Scale  int64    `json:"f"`           // what a value of 1 is
	Rounds []int64  `json:"r,omitempty"` // when its samples were taken, see spans; none: it is not known
	Slices [][]int  `json:"s"`           // place, pool, state, side, and the rounds as bits: each has the values
	Counts []number `json:"c"`           // by slice: observations
	Tree   string   `json:"t"`
}

// successors number the names that a call may have by the name of its caller: 0 is the one that was there last. A name that is new
// below its caller has the number of those that are known there, and its own number, as a sum.
type successors map[int64][]int64

func (s successors) code(caller, name int64) int64 {
	known := s[caller]
	at := slices.Index(known, name)
	if at < 0 {
		s[caller] = append([]int64{name}, known...)
		return int64(len(known)) + name
	}
	copy(known[1:at+1], known[:at])
	known[0] = name
	return int64(at)
}

// explore makes the page's part; ok is false where there are no stacks. against is the choice that it begins with.
func (s *stackSet) explore(title, against string) (e *explorer, ok bool) {
	if len(s.trees) == 0 {
		return nil, false
	}
	t := s.trees[0]
	e = &explorer{Title: title, Notes: s.notes, Data: s.data(against)}
	for _, t := range s.trees {
		e.Kinds = append(e.Kinds, t.name)
	}
	look := t.looked(against)
	e.Summary = fmt.Sprintf("%s: %s", capital(t.name), look.summary(t))
	e.Flame = s.flame(t, look)
	e.Calls = s.calls(t, look)
	return e, true
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// look is what is shown of a tree, and what that is compared with.
type look struct {
	shown, other []float64 // totals by node; other is nil: nothing is compared
	counts       [2]float64
	idle         bool // threads without work are shown too
}

// looked is what is shown before the reader chooses.
func (t *stackTree) looked(against string) *look {
	l := &look{}
	of := func(side int) func(stackSlice) bool {
		return func(s stackSlice) bool { return s.side == side && (l.idle || s.state != stateIdle) }
	}
	l.shown = t.totals(of(sideNow))
	if l.shown[0] == 0 {
		l.idle = true
		l.shown = t.totals(of(sideNow))
	}
	if against != "" {
		if other := t.totals(of(sideBefore)); other[0] > 0 {
			l.other = other
		}
	}
	for i, s := range t.slices {
		if of(s.side)(s) {
			l.counts[s.side] += t.samples[i]
		}
	}
	return l
}

func (l *look) summary(t *stackTree) string {
	if t.unit != unitThreads {
		return "in all " + unitValue(t.unit, l.shown[0])
	}
	out := count(int(l.shown[0]), "sighting") + " of threads at work, each dump counted"
	if l.idle {
		out = count(int(l.shown[0]), "sighting") + " of threads, each dump counted; none of them has work"
	}
	return out
}

// data is all trees as the page's script reads them.
func (s *stackSet) data(against string) template.JS {
	order, number := s.sortedNames()
	d := stackData{Places: s.places, Pools: s.pools, Idle: stateIdle, Before: s.before, Against: against, Names: fronted(order)}
	for _, st := range stackStates {
		d.States = append(d.States, [2]string{st.name, st.class})
	}
	likely, rounds := successors{}, s.spans()
	for _, t := range s.trees {
		d.Kinds = append(d.Kinds, t.data(number, rounds, likely))
	}
	text, err := json.Marshal(d)
	if err != nil {
		return "" // the pictures without script are there
	}
	return template.JS(text) // JSON as encoding/json writes it is free of markup
}

// sortedNames are the names that the trees use, in order, and the place of each there by its number.
func (s *stackSet) sortedNames() (order []string, number map[int32]int64) {
	number = map[int32]int64{}
	for _, t := range s.trees {
		for _, n := range t.nodes[1:] {
			if n.left == 0 {
				number[n.name] = 0
			}
		}
	}
	var ids []int32
	for id := range number {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b int32) int { return strings.Compare(s.names.list[a], s.names.list[b]) })
	for i, id := range ids {
		order = append(order, s.names.list[id])
		number[id] = int64(i)
	}
	return order, number
}

// fronted writes each name as the length of what it shares with the one before, and the rest. Only ASCII is shared, of
// which all count lengths alike.
func fronted(names []string) []any {
	out := make([]any, 0, 2*len(names))
	last := ""
	for _, n := range names {
		k := 0
		for k < min(len(n), len(last)) && n[k] == last[k] && n[k] < 0x80 {
			k++
		}
		out = append(out, k, n[k:])
		last = n
	}
	return out
}

// data writes a tree; likely are the names of the trees before it.
func (t *stackTree) data(names map[int32]int64, rounds []int64, likely successors) kindData {
	k := kindData{ID: t.id, Name: t.name, Unit: t.unit, Scale: t.scale()}
	m := newMasked(t)
	if m.timed {
		k.Rounds = rounds
	}
	name := func(i int32) int64 {
		if i == 0 {
			return -1
		}
		return names[t.nodes[i].name]
	}
	depth := make([]int, len(t.nodes))
	var tree []int64
	before, run := -1, int64(-1) // run: of likeliest names
	for i := range t.nodes {
		n := &t.nodes[i]
		code := int64(0)
		if i > 0 {
			depth[i] = depth[n.parent] + 1
			if n.left > 0 {
				code = -int64(n.left)
			} else {
				code = likely.code(name(n.parent), name(int32(i)))
			}
		}
		up := int64(before + 1 - depth[i])
		before = depth[i]
		lone := i > 0 && up == 0 && code >= 0 && len(n.self) == 0
		if lone && code == 0 {
			run++
			continue
		}
		if run >= 0 {
			tree, run = append(tree, 2*run), -1
		}
		if lone {
			tree = append(tree, 2*code-1)
			continue
		}
		values := m.values(n.self)
		for v := 1; v < len(values); v += 2 {
			values[v] = (values[v] + k.Scale/2) / k.Scale
		}
		tree = append(append(tree, -1-up, code, int64(len(values)/2)), values...)
	}
	if run >= 0 {
		tree = append(tree, 2*run)
	}
	k.Tree, k.Slices = vlq(tree), m.slices
	for _, c := range m.counts {
		k.Counts = append(k.Counts, number(c))
	}
	return k
}

// finest is how many parts the whole of a tree has at least that no more digits are written than a picture needs.
const finest = 2_000_000

// scale is what divides all values of a tree, or is fine enough.
func (t *stackTree) scale() int64 {
	gcd, sum := int64(0), 0.0
	for i := range t.nodes {
		for _, v := range t.nodes[i].self {
			sum += float64(v.value)
			for a, b := gcd, v.value; ; a, b = b, a%b {
				if b == 0 {
					gcd = a
					break
				}
			}
		}
	}
	return max(1, gcd, int64(sum/finest))
}

// callTree is merged calls from the root that open on demand, also without script.
type callTree struct {
	Calls []call
	Note  string
}

// call is a call, or several that follow each other without a branch.
type call struct {
	Share, Name, Note string
	Path              []string // what leads to it from the call above it, outermost first
	Calls             []call
	Open              bool
}

// Limits of the call tree without script.
const (
	callCount = 70
	callShare = 0.01
	callPath  = 5 // names of one entry
)

// calls lists the largest calls of what is shown.
func (s *stackSet) calls(t *stackTree, l *look) callTree {
	w := &callWriter{set: s, tree: t, look: l, children: t.children(), states: t.byState(l.idle)}
	w.choose()
	out := callTree{Calls: w.below(0, 0)}
	if w.left > 0 {
		out.Note = fmt.Sprintf("%s are in the sums of their callers only", count(w.left, "rarer call"))
	}
	return out
}

// children are the calls below each.
func (t *stackTree) children() [][]int32 {
	out := make([][]int32, len(t.nodes))
	for i := 1; i < len(t.nodes); i++ {
		out[t.nodes[i].parent] = append(out[t.nodes[i].parent], int32(i))
	}
	return out
}

// byState are the totals of each state; nil where samples have none.
func (t *stackTree) byState(idle bool) [][]float64 {
	if t.unit != unitThreads {
		return nil
	}
	var out [][]float64
	for i := range stackStates {
		out = append(out, t.totals(func(s stackSlice) bool { return s.state == i && s.side == sideNow && (idle || i != stateIdle) }))
	}
	return out
}

type callWriter struct {
	set      *stackSet
	tree     *stackTree
	look     *look
	children [][]int32
	states   [][]float64
	shown    []bool
	left     int
}

// choose takes the largest calls; those that follow each other without a branch count as one.
func (w *callWriter) choose() {
	w.shown = make([]bool, len(w.tree.nodes))
	var order []int32
	for i := range w.tree.nodes {
		if i > 0 && w.look.shown[i] > 0 {
			order = append(order, int32(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		switch d := w.look.shown[b] - w.look.shown[a]; {
		case d > 0:
			return 1
		case d < 0:
			return -1
		}
		return 0
	})
	entries := 0
	for _, i := range order {
		n := &w.tree.nodes[i]
		if n.left > 0 || w.look.shown[i] < callShare*w.look.shown[0] || entries >= callCount {
			w.left += max(1, n.left)
			continue
		}
		w.shown[i] = true
		if w.look.shown[n.parent] != w.look.shown[i] {
			entries++
		}
	}
}

func (w *callWriter) below(at int32, depth int) (out []call) {
	for _, c := range w.children[at] {
		if !w.shown[c] {
			continue
		}
		entry := call{Share: say.Percent(w.look.shown[c] / max(w.look.shown[0], 1)), Open: depth < 2}
		for next := w.only(c); next >= 0; next = w.only(c) {
			entry.Path = append(entry.Path, w.set.names.list[w.tree.nodes[c].name])
			c = next
		}
		if n := len(entry.Path) - callPath; n > 0 {
			entry.Path = slices.Concat(entry.Path[:1], []string{fmt.Sprintf("… %d more", n)}, entry.Path[n+1:])
		}
		entry.Name = w.set.names.list[w.tree.nodes[c].name]
		entry.Note = w.note(c)
		entry.Calls = w.below(c, depth+1)
		out = append(out, entry)
	}
	return out
}

// only is the one call below a call that has all of it; -1: there is none.
func (w *callWriter) only(at int32) int32 {
	for _, c := range w.children[at] {
		if w.shown[c] && w.look.shown[c] == w.look.shown[at] {
			return c
		}
	}
	return -1
}

// note is the value of a call, by state where samples have one.
func (w *callWriter) note(at int32) string {
	var parts []string
	for i, of := range w.states {
		if of[at] > 0 {
			parts = append(parts, unitValue(w.tree.unit, of[at])+" "+stackStates[i].name)
		}
	}
	if len(parts) == 1 { // one state: no second number
		return parts[0]
	}
	return joined(" · ", unitValue(w.tree.unit, w.look.shown[at]), strings.Join(parts, ", "))
}
