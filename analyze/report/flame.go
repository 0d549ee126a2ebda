package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"casefile/analyze/profile"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

const (
	flameRow   = 19.0
	flameDepth = 160   // rows
	flameShare = 0.005 // least share of a drawn frame
	flameNodes = 2500  // of one graph
	flameName  = 160   // characters of a function's name
)

// flameNode is a frame of an icicle graph.
type flameNode struct {
	name     string
	class    string
	total    int64
	self     int64
	children []*flameNode
}

// flame is a graph ready for the page.
type flame struct {
	Title   string
	Legend  []legendItem
	SVG     template.HTML
	Note    string
	Summary string // what the whole width stands for
}

// stateClasses colour a frame by the state most of its threads are in.
var stateClasses = []struct {
	state threads.State
	item  legendItem
}{
	{threads.Runnable, legendItem{"f1", "runnable"}},
	{threads.Blocked, legendItem{"f2", "blocked"}},
	{threads.Waiting, legendItem{"f3", "waiting"}},
	{threads.TimedWaiting, legendItem{"f3", "waiting"}},
}

func stateClass(n *threads.Node) string {
	best, class := 0, "f4"
	sums := map[string]int{}
	for _, s := range stateClasses {
		sums[s.item.Class] += n.States[s.state]
		if sums[s.item.Class] > best {
			best, class = sums[s.item.Class], s.item.Class
		}
	}
	return class
}

// threadFlame draws the merged stacks of the threads that have work, over all dumps.
func threadFlame(s *threads.Series) (flame, bool) {
	keep := func(t *threads.Thread) bool { return s.Wait(t).Busy() }
	root := s.Tree(keep)
	what := "threads with work"
	if root.Count == 0 {
		root, what = s.Tree(nil), "threads"
	}
	if root.Count == 0 {
		return flame{}, false
	}
	root.Func = "all " + what
	f := flame{Title: "What " + what + " do", Legend: []legendItem{{"f1", "runnable"}, {"f2", "blocked"}, {"f3", "waiting"}},
		Summary: fmt.Sprintf("%s × dumps; idle pool threads are left out", count(root.Count, "thread"))}
	if what == "threads" {
		f.Summary = fmt.Sprintf("%s × dumps; none of them has work", count(root.Count, "thread"))
	}
	f.draw(fromThreads(root, float64(root.Count)*flameShare), "", func(v int64) string { return say.Whole(v) })
	return f, true
}

func fromThreads(n *threads.Node, least float64) *flameNode {
	out := &flameNode{name: n.Func, class: stateClass(n), total: int64(n.Count), self: int64(n.Self)}
	for _, c := range n.Children {
		if float64(c.Count) >= least {
			out.children = append(out.children, fromThreads(c, least))
		}
	}
	return out
}

// profileFlame draws a profile.
func profileFlame(t *profile.Tree) (flame, bool) {
	if t.Total <= 0 || t.Root == nil || len(t.Root.Children) == 0 {
		return flame{}, false
	}
	f := flame{Title: string(t.Kind) + " profile", Summary: "in all: " + valueText(t.Unit, t.Total)}
	f.draw(fromProfile(t.Root, float64(t.Total)*flameShare), "", func(v int64) string { return valueText(t.Unit, v) })
	return f, true
}

func fromProfile(n *profile.Node, least float64) *flameNode {
	out := &flameNode{name: n.Name, class: "f5", total: n.Total, self: n.Self}
	for _, c := range n.Children {
		if float64(c.Total) >= least {
			out.children = append(out.children, fromProfile(c, least))
		}
	}
	return out
}

// placed is a frame with its place, as shares of the whole width.
type placed struct {
	*flameNode
	x, w  float64
	depth int
}

// draw lays out the tree from the root down until the limit of frames is reached.
func (f *flame) draw(root *flameNode, unit string, value func(int64) string) {
	list := []placed{{root, 0, 1, 0}}
	left, depth := 0, 0
	for i := 0; i < len(list); i++ {
		p := list[i]
		x := p.x
		for _, c := range p.children {
			w := float64(c.total) / float64(max(root.total, 1))
			if len(list) < flameNodes && p.depth+1 < flameDepth {
				list = append(list, placed{c, x, w, p.depth + 1})
				depth = max(depth, p.depth+1)
			} else {
				left++
			}
			x += w
		}
	}
	slices.SortStableFunc(list, func(a, b placed) int { return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(a.x, b.x)) })
	s := &svg{}
	height := num(float64(depth+1) * flameRow)
	s.raw(`<svg class="flame" width="100%" height="`, height, `" role="img" aria-label="`, esc(f.Title), `">`)
	for _, p := range list {
		s.frame(p, root.total, unit, value)
	}
	f.SVG = s.done()
	f.Legend = slices.DeleteFunc(f.Legend, func(l legendItem) bool {
		return !slices.ContainsFunc(list, func(p placed) bool { return p.class == l.Class })
	})
	f.Note = "frames below 0.5 % are left out"
	if left > 0 {
		f.Note += fmt.Sprintf(", and %s beyond the limit of this page", count(left, "frame"))
	}
}

func pct(share float64) string {
	return strconv.FormatFloat(math.Round(1e5*share)/1e3, 'f', -1, 64) + "%"
}

// frame writes one box. A nested svg clips the name to it.
func (s *svg) frame(p placed, total int64, unit string, value func(int64) string) {
	name := cut(clean(p.name), flameName)
	title := fmt.Sprintf("%s\n%s (%s)", name, joined(" ", value(p.total), unit), say.Percent(float64(p.total)/float64(max(total, 1))))
	if p.self > 0 {
		title += fmt.Sprintf(", %s of its own", say.Percent(float64(p.self)/float64(max(total, 1))))
	}
	s.raw(`<svg class="f `, p.class, `" x="`, pct(p.x), `" width="`, pct(p.w), `" y="`, num(float64(p.depth)*flameRow), `" height="`, num(flameRow-1), `">`)
	s.title(title)
	s.raw(`<rect/>`)
	if p.w > 0.012 {
		s.raw(`<text x="4" y="13">`, esc(shortFunc(name)), `</text>`)
	}
	s.raw(`</svg>`)
}

// shortFunc leaves class and method of a name, without package and module.
func shortFunc(name string) string {
	if strings.ContainsAny(name, " ([") && !strings.Contains(name, ".(") {
		return name
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 { // Go: the last part of the import path
		return name[i+1:]
	}
	if strings.Contains(name, ".(") {
		return name
	}
	last := strings.LastIndexByte(name, '.')
	if last <= 0 {
		return name
	}
	if i := strings.LastIndexByte(name[:last], '.'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// valueText writes a value of a profile in its unit.
func valueText(unit string, v int64) string {
	switch unit {
	case "nanoseconds":
		return say.Number(float64(v)/1e9) + " s"
	case "bytes":
		return say.Bytes(float64(v))
	case "count", "":
		return say.Whole(v)
	}
	return joined(" ", say.Whole(v), unit)
}

// Value writes a value of a profile in its unit, for people.
func Value(unit string, v int64) string { return valueText(unit, v) }
