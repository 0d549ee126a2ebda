package report

import (
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// node is the whole page.
func (v *view) node() g.Node {
	return document(v.Title, reportHead(),
		h.A(h.Class("skip"), h.Href("#main"), g.Text("Skip to the findings")), newline,
		h.Header(h.Class("top "+v.Level), h.Div(h.Class("wrap"), v.head())), newline,
		h.Div(h.Class("bar js"), h.Role("region"), h.Aria("label", "View"), h.Div(h.Class("wrap"), v.choices())), newline,
		h.Main(h.Class("wrap"),
			h.Section(h.Class("figures"), h.Aria("label", "Key figures"),
				stacked(v.Story.Figures, (*KeyFigure).node)), newline,
			h.Div(h.Class("first"), v.first(), newline, h.Div(h.Class("side"), v.mapPanel(), newline, v.covered())), newline,
			v.contents(), newline,
			v.body()), newline,
		h.Footer(h.Class("wrap"),
			h.P(g.Text(v.Tool+". Times are UTC on the reference clock. MB and GB are powers of 1024."))))
}

func (v *view) head() g.Node {
	kicker := v.Tool
	if v.Bundle != "" {
		kicker += " · " + v.Bundle
	}
	scope := &v.Story.Scope
	return g.Group{
		para("kicker", kicker), newline,
		h.H1(g.Text(v.Story.Headline)), newline,
		g.If(scope.Verdict.Text != v.Story.Headline, h.P(h.Class("verdict"), g.Text(scope.Verdict.Text))), newline,
		h.Dl(h.Class("facts scope"), scope.node(v.Window)), newline,
	}
}

// node says what the capture is of.
func (s *Scope) node(w *window) g.Node {
	var times, missing g.Node
	if w != nil {
		times = g.Group{h.Data("from", decimal(w.From)), h.Data("to", decimal(w.To))}
	}
	if len(s.Missing) > 0 {
		missing = h.Div(h.Class("missing"), h.Dt(g.Text("Missing")),
			h.Dd(g.Text(firstFew(s.Missing, 3, "; ", "; and of ", " more nodes")+" "),
				h.A(h.Href("#coverage"), g.Text("why, and how to get it"))))
	}
	return g.Group{
		given("Case", s.Case), given("Cluster", s.Cluster), given("When", s.UTC, times), given("Local", s.Local),
		given("Of", firstFew(s.Products, 4, ", ", " and ", " more")),
		given(count(len(s.Nodes), "node"), firstFew(s.Nodes, 6, ", ", " and ", " more")),
		missing,
	}
}

// given is a fact that is left out where it is not known.
func given(name, value string, attributes ...g.Node) g.Node {
	if value == "" {
		return nil
	}
	return g.Group{h.Div(h.Dt(g.Text(name)), h.Dd(g.Group(attributes), g.Text(value))), newline}
}

// choices are what the reader can set.
func (v *view) choices() g.Node {
	choice := func(name, id string, options ...g.Node) g.Node {
		return g.Group{h.Label(g.Text(name+" "), h.Select(h.ID(id), g.Group(options))), newline}
	}
	var nodes g.Node
	if len(v.Filter) > 1 {
		list := g.Group{option("", "all")}
		for i, n := range v.Filter {
			list = append(list, option(strconv.Itoa(i+1), n))
		}
		nodes = choice("Node", "node", list)
	}
	return g.Group{nodes,
		choice("Time", "zone", option("utc", "UTC"), option("local", "this browser's")),
		choice("Colours", "theme", option("", "system"), option("light", "light"), option("dark", "dark")),
		h.Span(h.ID("zoomed"), h.Role("status")), g.Text(" "),
		h.Button(h.Type("button"), h.ID("reset"), h.Hidden("hidden"), g.Text("Show all")),
	}
}

func (f *KeyFigure) node() g.Node {
	value, note := f.Value, f.Note
	if value == "" {
		value = "–"
	}
	if f.Node != "" {
		note = f.Node + ": " + note
	}
	alarming := f.Level == "critical" || f.Level == "warning"
	return h.Div(h.Class("figure "+f.Level), para("name", f.Name),
		h.P(h.Class("value"), g.Text(value), g.If(alarming, g.Group{g.Text(" "), levelBadge(f.Level)})),
		h.P(h.Class("sub"), g.Text(note)))
}

// first is what to do first.
func (v *view) first() g.Node {
	if len(v.Actions) == 0 {
		verdict := v.Story.Scope.Verdict
		return panelOf("actions", "do", "Nothing to change", h.P(g.Text(verdict.Text+".")), bullets(verdict.Why))
	}
	return panelOf("actions", "do", "Do first", h.Ol(stacked(v.Actions, func(a *firstAction) g.Node {
		on := "because of "
		if a.On != "" {
			on = "on " + a.On + " · " + on
		}
		return h.Li(h.Data("nodes", v.Of(a.Nodes)), newline,
			h.Div(h.Class("do"), h.P(h.Class("action"), g.Text(a.Action)), g.Text(" "), copyButton(a.Copy)), newline,
			changeLine(a.Setting, a.From, a.To), newline,
			h.P(h.Class("sub"), g.Text(on), h.A(h.Href("#"+a.Anchor), g.Text(a.ID))), newline,
			plainTable(a.Facts))
	})))
}

// panelOf is a section that its heading names.
func panelOf(class, id, title string, body ...g.Node) g.Node {
	return h.Section(h.Class(class), h.Aria("labelledby", id), h.H2(h.ID(id), g.Text(title)), newline, g.Group(body))
}

// mapPanel is what went on at each node over time.
func (v *view) mapPanel() g.Node {
	m := v.Heat
	if m == nil {
		return nil
	}
	about := "The worst of: request threads that wait, pauses, CPU, stalls of the machine."
	if len(m.Lanes) > 0 {
		about = "Strips from top to bottom: " + firstFew(m.Lanes, len(m.Lanes), ", ", "", "") + "."
	}
	const click = " A click shows that node and moment in all charts."
	ticks := g.Map(m.Ticks, func(t heatTick) g.Node { return h.Span(h.Data("at", decimal(t.At)), g.Text(t.Text)) })
	var left g.Node
	if m.Left > 0 {
		left = h.P(h.Class("note"), g.Textf("%d more nodes, with less severe findings, are left out here; ", m.Left),
			g.Text("the filter above has them all."))
	}
	return h.Section(h.Class("panel heatbox"), h.Aria("labelledby", "heat"),
		h.H2(h.ID("heat"), g.Text("What went on, node by node "), legend(m.Legend, key("qx", "not measured"))), newline,
		h.P(h.Class("note"), g.Text(about), h.Span(h.Class("js"), g.Text(click))), newline,
		stacked(m.Rows, func(r *heatRow) g.Node { return r.node(v.Place(r.Anchor)) }),
		h.Div(h.Class("heatrow axis-row"), h.Aria("hidden", "true"), para("name zone", "UTC"),
			h.P(h.Class("ticks"), ticks), h.P(h.Class("sub"))),
		left)
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func (r *heatRow) node(place string) g.Node {
	return h.Div(h.Class("heatrow"), h.Data("node", place), h.Data("from", decimal(r.From)), h.Data("bin", decimal(r.Bin)),
		h.P(h.Class("name"), h.Span(h.Class("noscript"), g.Text(r.Node)),
			h.Button(h.Type("button"), h.Class("js only"), g.Text(r.Node))),
		raw(r.SVG), h.P(h.Class("sub"), countBadges(r.Badges), g.If(len(r.Badges) > 0, g.Text(" ")), g.Text(r.Worst)))
}

// covered is what evidence there is of each node.
func (v *view) covered() g.Node {
	if len(v.Evidence.Rows) == 0 {
		return nil
	}
	return panelOf("panel covered", "evidence-of", "What there is of each node", v.Evidence.node())
}
