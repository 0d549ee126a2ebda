package report

import (
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// node is the stacks with their pictures; the script adds the controls. Nil: there are none.
func (e *explorer) node() g.Node {
	if e == nil {
		return nil
	}
	const keys = "A click makes a frame as wide as the graph; arrows, Enter and Escape do so too."
	return h.Section(h.Class("panel stacks"), h.ID("stacks"),
		h.H2(g.Text(e.Title)), newline,
		h.Div(h.Class("tools js"), h.Role("group"), h.Aria("label", "What is shown of the stacks")),
		h.P(h.Class("note shown"), h.Role("status"), g.Text(e.Summary)), newline,
		h.Figure(h.Class("flamebox"),
			h.FigCaption(h.Strong(g.Text("Flame graph")), g.Text(" "), h.Span(h.Class("legends"), legend(e.Flame.Legend)),
				g.Text(" "), h.Span(h.Class("note js"), g.Text(keys))),
			h.Div(h.Class("flamescroll"), raw(e.Flame.SVG)), newline,
			h.P(h.Class("note under"), g.Text(e.Flame.Note))), newline,
		h.Div(h.Class("callbox"), h.P(h.Class("h4"), g.Text("Call tree")),
			h.Div(h.Class("calls"), stacked(e.Calls.Calls, (*call).node)), newline,
			h.P(h.Class("note under"), g.Text(e.Calls.Note))), newline,
		e.others(),
		stacked(e.Notes, func(s *string) g.Node { return para("note", *s) }),
		h.Script(h.Type("application/json"), g.Raw(string(e.Data))))
}

// others says what needs the script to be seen.
func (e *explorer) others() g.Node {
	if len(e.Kinds) < 2 {
		return nil
	}
	return h.P(h.Class("note noscript"), g.Text("With script: also "+strings.Join(e.Kinds[1:], ", ")+", by node and pool."))
}

func (c *call) node() g.Node {
	path := g.Map(c.Path, func(name string) g.Node {
		return g.Group{h.Code(h.Class("via"), raw(breaks(shortFunc(name)))), g.Text(" ")}
	})
	name := g.Group{h.Span(h.Class("share"), g.Text(c.Share)), g.Text(" "), path, h.Code(raw(breaks(c.Name))),
		g.Text(" "), h.Span(h.Class("note"), g.Text(c.Note))}
	if len(c.Calls) == 0 {
		return h.P(h.Class("call"), name)
	}
	return h.Details(h.Class("call"), g.If(c.Open, g.Attr("open", "open")), h.Summary(name), stacked(c.Calls, (*call).node))
}
