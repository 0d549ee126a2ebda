package report

import (
	"cmp"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

func (s *section) node() g.Node {
	return h.Section(h.Class("panel"), h.ID(s.Anchor), onNodes(s.Places),
		h.H2(g.Text(s.Title), small(s.Where, "on ")), newline,
		facts("facts", s.Facts), newline,
		stacked(s.Parts, (*part).node))
}

// small is what stands smaller behind a heading; without text there is nothing.
func small(text, before string) g.Node {
	return g.If(text != "", g.Group{g.Text(" "), h.Small(g.Text(before + text))})
}

func (p *part) node() g.Node {
	head := para("note", p.Note)
	if p.Title != "" {
		head = h.H3(g.Text(p.Title), small(p.Note, ""))
	}
	return h.Div(h.Class("part"), head,
		facts("stats", p.Stats),
		g.If(len(p.Charts) > 0, h.Div(h.Class("charts"), stacked(p.Charts, (*figureChart).node))),
		stacked(p.Tables, (*table).node))
}

func (f *figureChart) node() g.Node {
	var data g.Node
	if f.plot != nil {
		data = h.Script(h.Type("application/json"), g.Raw(string(f.plot.script())))
	}
	return h.Figure(g.If(f.plot != nil, h.Class("plot")),
		h.FigCaption(h.Strong(g.Text(f.Title)), g.Text(" "), legend(f.Legend)),
		raw(f.SVG), data, para("note", f.Note))
}

// node is a table, folded where it says so.
func (t *table) node() g.Node {
	if t.Fold == "" {
		return t.open()
	}
	return h.Details(h.Class("tablebox"), h.Summary(g.Text(t.Fold)), t.open())
}

func (t *table) open() g.Node {
	return h.Div(h.Class("tablebox"), para("h4", t.Title), g.Iff(len(t.Rows) > 0, t.rows), para("note", t.Note))
}

func (t *table) rows() g.Node {
	head := g.Map(t.Columns, func(c column) g.Node { return h.Th(h.Scope("col"), c.class(), g.Text(c.Name)) })
	rows := stacked(t.Rows, func(row *[]cell) g.Node {
		cells := make(g.Group, len(*row))
		for i := range *row {
			cells[i] = h.Td(t.Columns[i].class(), (*row)[i].node())
		}
		return h.Tr(cells)
	})
	return scrolled("scroll", cmp.Or(t.Title, "Table"), h.Table(h.THead(h.Tr(head)), h.TBody(rows)))
}

func (c column) class() g.Node { return g.If(c.Num, h.Class("num")) }

func (c *cell) node() g.Node {
	body := g.Text(c.Text)
	if c.Code {
		body = h.Code(raw(breaks(c.Text)))
	}
	var more g.Node
	switch {
	case c.As != "":
		more = h.Span(h.Class("sub"), h.A(h.Href("#"+c.As), g.Text(c.More+" as above")))
	case len(c.Lines) > 0:
		text := stacked(c.Lines, func(s *string) g.Node { return g.Text(*s) })
		more = h.Details(g.If(c.Anchor != "", h.ID(c.Anchor)), h.Summary(g.Text(c.More)), preformatted(text))
	}
	return g.Group{raw(c.SVG), body, g.If(c.Sub != "", h.Span(h.Class("sub"), g.Text(c.Sub))), more}
}

// preformatted is text as it is, which a keyboard can scroll.
func preformatted(body g.Node) g.Node { return h.Pre(h.TabIndex("0"), body) }

// plainTable are facts one below the other.
func plainTable(list []fact) g.Node {
	if len(list) == 0 {
		return nil
	}
	return h.Table(h.Class("plain"), h.TBody(stacked(list, func(f *fact) g.Node {
		return h.Tr(h.Th(h.Scope("row"), g.Text(f.Name)), h.Td(g.Text(f.Value)))
	})))
}
