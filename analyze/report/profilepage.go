package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"casefile/analyze/profile"
	"casefile/analyze/say"
)

// Profile is an on-demand profile, to be shown as a page or on a terminal.
type Profile struct {
	Title string // "cpu profile of 4711-confluence"
	Facts []Fact
	View  profile.View
	// Nodes are the parts of the view by node; empty for one node.
	Nodes []NodeProfile
	// Before is the profile to compare with; BeforeName says which that is.
	Before     *profile.View
	BeforeName string
	// Notes say what is missing or left out.
	Notes []string
}

// Fact is a name with its value.
type Fact struct{ Name, Value string }

// NodeProfile is the part of one node.
type NodeProfile struct {
	Name string
	View profile.View
}

const (
	pageRows  = 40
	pageNodes = 8 // columns of the table
)

// ProfileHTML writes the page: one file that needs nothing from outside.
func ProfileHTML(w io.Writer, p *Profile) error {
	return p.page().write(w)
}

// againstBefore is the choice of the earlier side of a comparison.
const againstBefore = "before"

func against(before bool) string {
	if before {
		return againstBefore
	}
	return ""
}

// partsPage is a page of parts one below the other, without findings.
type partsPage struct {
	Title, Kicker string
	Level         string // of the colour of its head
	Skip          string // what the first link leads to
	Facts         []fact
	Notes         []string
	Stacks        *explorer // nil: none
	StacksLast    bool      // below the parts
	Heading       string    // above the parts
	Parts         []part
}

// write writes the page: one file that needs nothing from outside.
func (p *partsPage) write(w io.Writer) error {
	return writePage(w, document(p.Title, headBlocks(),
		h.A(h.Class("skip"), h.Href("#main"), g.Text(p.Skip)), newline,
		h.Header(h.Class("top "+p.Level), h.Div(h.Class("wrap"),
			para("kicker", p.Kicker), newline,
			h.H1(g.Text(p.Title)), newline,
			h.Div(h.Class("case"), facts("facts", p.Facts)))), newline,
		h.Div(h.Class("wrap"), h.Main(h.ID("main"), g.If(!p.StacksLast, p.Stacks.node()),
			h.Div(h.Class("panel"), h.H2(g.Text(p.Heading)), stacked(p.Parts, (*part).node),
				g.If(len(p.Notes) > 0, g.Group{h.H3(g.Text("Notes")), bullets(p.Notes)})),
			g.If(p.StacksLast, p.Stacks.node())))))
}

func (p *Profile) page() *partsPage {
	page := &partsPage{Title: p.Title, Kicker: "casefile profile", Level: "info", Skip: "Skip to the flame graph", Heading: "Functions", Notes: p.Notes}
	for _, f := range p.Facts {
		page.Facts = append(page.Facts, fact(f))
	}
	if e, ok := p.stacks().explore("Flame graph and call tree", against(p.Before != nil)); ok {
		page.Stacks = e
	}
	page.Parts = append(page.Parts, part{Tables: []table{p.topTable()}})
	if p.Before != nil {
		page.Parts = append(page.Parts, part{Title: "Changed", Tables: []table{p.changes()}})
	}
	if t := p.labels(); len(t) > 0 {
		page.Parts = append(page.Parts, part{Title: "By label", Tables: t})
	}
	return page
}

// stacks are the samples of the profile, with those of the one before it.
func (p *Profile) stacks() *stackSet {
	s := newStackSet()
	place := func(label func(string) string) int {
		return s.placeOf(stackPlace{Node: cmp.Or(label(profile.NodeLabel), "this node"), Process: label(profile.ProcessLabel)})
	}
	s.view(sideNow, p.View, place)
	if p.Before != nil {
		s.before = p.BeforeName
		s.view(sideBefore, *p.Before, place)
	}
	s.bound()
	return s
}

func (p *Profile) topTable() table {
	names := []string{"Function", "#Own", "#With callees"}
	nodes := p.Nodes[:min(len(p.Nodes), pageNodes)]
	shares := make([]map[string]float64, len(nodes))
	for i, n := range nodes {
		names = append(names, "#Own on "+n.Name)
		shares[i] = map[string]float64{}
		for _, r := range n.View.Top(-1) {
			shares[i][r.Frame] = r.SelfPct
		}
	}
	t := table{Title: "Functions", Columns: columns(names...)}
	for _, r := range p.View.Top(pageRows) {
		name := cell{Text: cut(r.Frame, 160), Code: true}
		if r.Via != "" {
			name.Sub = "in " + cut(r.Via, 120)
		}
		row := []cell{name, {Text: say.Percent(r.SelfPct / 100), Sub: valueText(p.View.Unit, r.Self)}, text(say.Percent(r.CumPct / 100))}
		for i := range nodes {
			row = append(row, text(say.Percent(shares[i][r.Frame]/100)))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (p *Profile) changes() table {
	t := table{Columns: columns("Function", "#Before", "#Now", "#Change"), Note: "own shares, against " + p.BeforeName}
	for _, c := range profile.Compare(*p.Before, p.View, pageRows/2) {
		t.Rows = append(t.Rows, []cell{{Text: cut(c.Frame, 160), Code: true}, text(say.Percent(c.BeforePct / 100)), text(say.Percent(c.AfterPct / 100)),
			text(points(c))})
	}
	return t
}

func points(c profile.Change) string {
	s := say.Number(c.Points())
	if c.Points() > 0 {
		s = "+" + s
	}
	return s + " points"
}

// labels are tables of the string labels that tell apart.
func (p *Profile) labels() []table {
	const values = 12
	var list []table
	for _, l := range p.View.Labels() {
		if l.Distinct < 2 {
			continue
		}
		t := table{Title: strings.ToUpper(l.Key[:1]) + l.Key[1:], Columns: columns("Value", "#Share")}
		for _, v := range l.Values[:min(len(l.Values), values)] {
			name := v.Value
			if name == "" {
				name = "(none)"
			}
			t.Rows = append(t.Rows, []cell{text(cut(name, 120)), {Text: say.Percent(v.Pct / 100), Sub: valueText(p.View.Unit, v.Total)}})
		}
		if l.Distinct > values {
			t.Note = fmt.Sprintf("%s are left out", count(l.Distinct-min(len(l.Values), values), "smaller value"))
		}
		list = append(list, t)
	}
	return list
}

// ProfileTerminal writes the largest functions as a table.
func ProfileTerminal(w io.Writer, p *Profile, rows int, o Options) error {
	t := &terminal{o: o, width: o.width()}
	t.line(t.paint(bold, clean(p.Title)))
	var facts []string
	for _, f := range p.Facts {
		facts = append(facts, f.Name+" "+f.Value)
	}
	t.text("", "", "", strings.Join(facts, " · "), 4)
	if len(p.View.Top(1)) == 0 {
		t.line("no samples")
	} else {
		t.line(t.paint(dim, fmt.Sprintf("%8s %8s  %s", "own", "callees", "function")))
	}
	for _, r := range p.View.Top(rows) {
		name := r.Frame
		if r.Via != "" {
			name += "  (in " + shortFunc(r.Via) + ")"
		}
		t.line(fmt.Sprintf("%7.1f%% %7.1f%%  %s", r.SelfPct, r.CumPct, cut(clean(name), max(t.width-19, 20))))
	}
	if p.Before != nil {
		t.line("")
		t.line(t.paint(dim, fmt.Sprintf("%8s %8s %8s  %s", "before", "now", "change", "function, against "+p.BeforeName)))
		for _, c := range profile.Compare(*p.Before, p.View, rows) {
			t.line(fmt.Sprintf("%7.1f%% %7.1f%% %+8.1f  %s", c.BeforePct, c.AfterPct, c.Points(), cut(clean(c.Frame), max(t.width-28, 20))))
		}
	}
	for _, n := range p.Notes {
		t.text("note: ", "      ", "", n, 3)
	}
	_, err := w.Write(t.buf.Bytes())
	return err
}
