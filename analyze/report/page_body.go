package report

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// contents are links to the parts of the page.
func (v *view) contents() g.Node {
	link := func(s *section, title string) g.Node {
		return h.A(h.Href("#"+s.Anchor), onNodes(s.Places), g.Text(title))
	}
	return h.Nav(h.Aria("label", "Parts of the report"), newline,
		g.If(len(v.Findings) > 0, g.Group{h.A(h.Href("#main"), g.Text("Findings")), newline}),
		stacked(v.Sections, func(s *section) g.Node { return h.A(h.Href("#"+s.Anchor), g.Text(s.Title)) }),
		g.If(v.Stacks != nil, g.Group{h.A(h.Href("#stacks"), g.Text("Call tree and flame graphs")), newline}),
		g.If(len(v.Nodes) > 0, g.Group{h.A(h.Href("#nodes"), g.Text("Nodes")), newline}),
		stacked(v.Processes, func(s *section) g.Node {
			if len(v.Filter) > 1 {
				return link(s, s.Title+" on "+s.Where)
			}
			return link(s, s.Title)
		}),
		stacked(v.Hosts, func(s *section) g.Node { return link(s, "Host "+s.Title) }),
		h.A(h.Href("#coverage"), g.Text("Coverage")), newline)
}

// body is all below the first screen.
func (v *view) body() g.Node {
	return g.Group{
		h.Section(h.ID("main"), h.Aria("label", "Findings"),
			v.findings(), newline, para("note", v.Left["findings"])), newline,
		stacked(v.Sections, (*section).node),
		v.Stacks.node(), newline,
		v.nodes(),
		stacked(v.Processes, (*section).node), para("note", v.Left["processes"]),
		g.If(len(v.Hosts) > 0, h.H2(h.Class("head"), g.Text("Hosts"))), newline,
		stacked(v.Hosts, (*section).node), para("note", v.Left["hosts"]),
		h.Script(h.Type("application/json"), h.ID("axes"), g.Raw(string(v.Axes))), newline,
		h.Section(h.Class("panel"), h.ID("coverage"), h.H2(g.Text("Coverage")), newline, v.coverage()), newline,
	}
}

func (v *view) findings() g.Node {
	if len(v.Findings) == 0 {
		return h.P(h.Class("panel nothing"),
			g.Text("No rule found anything to change. What the rules could not look at is listed under "),
			h.A(h.Href("#coverage"), g.Text("Coverage")), g.Text("."))
	}
	return g.Group{
		h.H2(h.Class("head"), g.Text("Findings "), countBadges(v.Counts)), newline,
		stacked(v.Findings, (*findingCard).article),
	}
}

func (v *view) nodes() g.Node {
	if len(v.Nodes) == 0 {
		return nil
	}
	return g.Group{
		h.H2(h.Class("head"), h.ID("nodes"), g.Text("Nodes")), newline,
		h.Section(h.Class("nodes"), h.Aria("label", "Nodes"), newline,
			stacked(v.Nodes, (*nodeCard).node), para("note", v.Left["nodes"])), newline,
	}
}

func (n *nodeCard) node() g.Node {
	return h.Article(h.Class("node "+n.Level), onNodes(n.Places), newline,
		h.H3(h.Class("node-name"), g.Text(n.Name+" "), countBadges(n.Badges)), newline,
		facts("facts", n.Facts), newline,
		h.Div(h.Class("processes"), stacked(n.Processes, (*processCard).node)))
}

func (p *processCard) node() g.Node {
	name := g.Text(p.Name)
	if p.Anchor != "" {
		name = h.A(h.Href("#"+p.Anchor), name)
	}
	return h.Div(h.Class("process"), h.H4(name), facts("facts", p.Facts))
}

// coverage says what is missing and could not be read or judged.
func (v *view) coverage() g.Node {
	listed := func(title string, list []string, more ...g.Node) g.Node {
		if len(list) == 0 {
			return nil
		}
		return g.Group{h.H3(g.Text(title)), newline, bullets(list), newline, g.Group(more)}
	}
	gaps := v.Gaps.node()
	if len(v.Gaps.Rows) == 0 {
		gaps = h.P(g.Text("Nothing that was to be captured is missing."))
	}
	return g.Group{
		gaps, newline,
		listed("Could not be read", v.Problems, para("note", v.Left["problems"])),
		listed("Checks that failed; their findings are missing", v.Broken),
		g.If(len(v.NotEvaluated.Rows) > 0, v.NotEvaluated.node()), newline,
		g.If(len(v.Unparsed.Rows) > 0, v.Unparsed.node()), newline,
		listed("How it was captured", v.Commands),
		listed("What the capture cost", v.Overhead),
	}
}
