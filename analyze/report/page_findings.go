package report

import (
	"fmt"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// article is a finding with those that follow from it.
func (f *findingCard) article() g.Node {
	var follows g.Node
	if len(f.Consequences) > 0 {
		follows = g.Group{h.H4(g.Text("Follows from it: cured with it")), stacked(f.Consequences, (*findingCard).consequence)}
	}
	return h.Article(h.Class("finding "+f.Level), h.ID(f.Anchor), onNodes(f.Places), newline, f.node(), newline, follows)
}

func (f *findingCard) consequence() g.Node {
	return h.Details(h.Class("consequence "+f.Level), h.ID(f.Anchor),
		h.Summary(levelBadge(f.Level), g.Text(" "+f.Title)), newline,
		para("note", "Its own advice counts only if it remains once the cause above is gone."), newline,
		f.node())
}

func levelBadge(level string) g.Node { return h.Span(h.Class("badge "+level), g.Text(level)) }

func countBadges(list []badge) g.Node {
	return stacked(list, func(b *badge) g.Node { return h.Span(h.Class("badge "+b.Level), g.Textf("%d %s", b.N, b.Word)) })
}

func (f *findingCard) node() g.Node {
	meta := g.Group{levelBadge(f.Level), g.Text(" "), h.Code(g.Text(f.ID))}
	if f.Where != "" {
		meta = append(meta, g.Text(" "), h.Span(g.Text(f.Where)))
	}
	if f.Confidence != "" {
		meta = append(meta, g.Text(" "), h.Span(g.Text("confidence "+f.Confidence)))
	}
	link := h.A(h.Class("link"), h.Href("#"+f.Anchor), h.Aria("label", "Link to this finding"), g.Text("#"))
	refs := g.Map(f.References, func(r string) g.Node { return g.Group{h.Span(g.Text(r)), g.Text(" ")} })
	return g.Group{
		h.P(h.Class("meta"), meta, g.Text(" "), link), newline,
		h.H3(g.Text(f.Title)), newline,
		para("impact", f.Impact), para("chain-line", f.Chain),
		stacked(f.Explanation, func(s *string) g.Node { return h.P(g.Text(*s)) }),
		advices(f.Advice),
		f.Drawer.node(), newline,
		g.If(len(refs) > 0, h.P(h.Class("refs"), refs)),
	}
}

func advices(list []adviceCard) g.Node {
	if len(list) == 0 {
		return nil
	}
	return g.Group{h.H4(g.Text("What to do")), newline, h.Ol(h.Class("advice"), stacked(list, func(a *adviceCard) g.Node {
		return h.Li(h.P(h.Class("action"), g.Text(a.Action)), newline,
			changeLine(a.Setting, a.From, a.To), newline,
			plainTable(a.Facts))
	})), newline}
}

// changeLine says which setting to change, from what to what.
func changeLine(setting, from, to string) g.Node {
	var was, arrow g.Node
	switch {
	case setting == "" && from == "" && to == "":
		return nil
	case from != "" && to != "":
		was = h.Span(h.Class("from"), g.Text(from))
	case from != "":
		was = h.Span(h.Class("now"), g.Text("now "+from))
	}
	if to != "" {
		arrow = g.Group{g.Text(" "),
			h.Span(h.Class("arrow"), h.Role("img"), h.Aria("label", "to"), g.Text("→")), word("to", to)}
	}
	return h.P(h.Class("change"), g.If(setting != "", g.Group{h.Code(g.Text(setting)), g.Text(" ")}), was, arrow)
}

func (d *drawer) node() g.Node {
	about := func(title string, body g.Node) g.Node { return g.Group{para("h5", title), body, newline} }
	return h.Details(h.Class("drawer"),
		h.Summary(g.Text("Evidence"), word("note", d.Samples)), newline,
		g.If(len(d.Evidence) > 0, g.Group{
			h.Ul(h.Class("evidence"), stacked(d.Evidence, (*evidenceCard).node)), newline,
			g.If(d.Left > 0, para("note", fmt.Sprintf("%d more pieces of evidence are in findings.json", d.Left))),
		}),
		g.If(len(d.Figures) > 0, about("Judged by these numbers", facts("facts", d.Figures))),
		g.If(d.Doc != "", about("The rule", h.P(g.Text(d.Doc)))),
		g.If(len(d.Limits.Rows) > 0, d.Limits.node()),
		g.If(len(d.Against) > 0, about("What speaks against it", bullets(d.Against))),
		h.P(h.Class("command"), h.Code(g.Text(d.Command)), g.Text(" "), copyButton(d.Command)))
}

func (e *evidenceCard) node() g.Node {
	var alike g.Node
	if len(e.Alike) > 0 {
		alike = h.Details(h.Summary(g.Textf("and %d more that say the same", len(e.Alike))),
			h.Ul(stacked(e.Alike, (*evidenceCard).node)))
	}
	return h.Li(g.Text(e.Text+" "), e.cited(), alike)
}

// cited is the place that evidence comes from, with its lines where there are any.
func (e *evidenceCard) cited() g.Node {
	cite := raw(breaks(e.Cite))
	if e.Excerpt != "" {
		return h.Details(h.Summary(h.Code(cite)), preformatted(g.Text(e.Excerpt)))
	}
	return g.Group{h.Code(h.Class("cite"), cite), g.If(e.Error != "", word("note", "("+e.Error+")"))}
}
