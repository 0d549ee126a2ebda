package page

import (
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"casefile/analyze/answer"
	"casefile/analyze/report"
	"casefile/analyze/say"
)

//go:embed list.css
var listCSS string

// render answers with a page.
func render(w http.ResponseWriter, title string, body g.Node) {
	page := h.Doctype(h.HTML(h.Lang("en"),
		h.Head(h.Meta(h.Charset("utf-8")),
			h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
			h.TitleEl(g.Text(title)), h.StyleEl(g.Raw(listCSS))),
		h.Body(h.Main(body))))
	var b strings.Builder
	if err := page.Render(&b); err != nil {
		http.Error(w, "casefile: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(b.String())) // who has gone needs no answer
}

// enterPage leads to the captures who is not led there by the header.
func enterPage(path string) g.Node { return h.P(h.A(h.Href(path), g.Text("To the captures"))) }

// captured is text that came from a capture: bounded, on one line, isolated from the direction of what is next to it.
func captured(s string) g.Node { return g.El("bdi", g.Text(plain(s))) }

func plain(s string) string { return answer.Text(s, 300) }

func note(body ...g.Node) g.Node { return h.Span(h.Class("note"), g.Group(body)) }

func mark(class, text string) g.Node { return h.Span(h.Class("mark "+class), g.Text(text)) }

func (v *listView) node() g.Node {
	var unknown, all, found g.Node
	if v.Unknown > 0 {
		unknown = h.P(h.Class("note"), h.Role("status"), g.Textf("%d still to be read; this page renews itself.", v.Unknown))
	}
	if v.Query != "" {
		all = g.Group{g.Text(" "), h.A(h.Href("./"), g.Text("All captures"))}
		found = g.Group{h.H2(g.Text("Findings")), v.found()}
	}
	return g.Group{
		h.H1(g.Text(say.Count(len(v.Rows), "capture"))), unknown,
		h.Form(h.Action("./"), h.Method("get"), h.Role("search"),
			h.Label(g.Text("Search the findings "),
				h.Input(h.Type("search"), h.Name("q"), h.Value(v.Query), h.MaxLength(fmt.Sprint(mostQuery)))),
			g.Text(" "), h.Button(g.Text("Search")), all),
		found,
		h.Form(h.Action("compare"), h.Method("get"),
			h.P(h.Button(g.Text("Compare before and after"))),
			h.Div(h.Class("scroll"), h.Role("region"), h.Aria("label", "Captures"), h.TabIndex("0"), v.table())),
	}
}

// found are the findings that have all words of the query.
func (v *listView) found() g.Node {
	if len(v.Hits) == 0 {
		so := "."
		if v.Unknown > 0 {
			so = " so far."
		}
		return h.P(g.Text("No finding has all of these words" + so))
	}
	var more g.Node
	if v.More > 0 {
		more = h.P(h.Class("note"), g.Textf("%d more; search for something narrower.", v.More))
	}
	return g.Group{h.Ul(h.Class("hits"), g.Map(v.Hits, hit.node)), more}
}

func (f hit) node() g.Node {
	about := g.Group{h.Code(g.Text(plain(f.ID))), g.Text(" in "), captured(f.Capture.Name)}
	if f.Subject != "" && f.Subject != f.Capture.Name { // a loose file is both
		about = append(about, g.Text(", "), captured(f.Subject))
	}
	return h.Li(mark(string(f.Severity), string(f.Severity)), g.Text(" "),
		h.A(h.Href("report/"+f.Capture.ID+report.FindingLink(f.Number)), captured(f.Title)), g.Text(" "), note(about))
}

func (v *listView) table() g.Node {
	heads := []string{"Verdict", "Capture", "Taken", "Nodes", "Size", "Before", "After"}
	wide := []string{"Taken", "Nodes", "Size"} // a phone shows them below the capture
	rows := make(g.Group, len(v.Rows))
	for i := range v.Rows {
		rows[i] = v.Rows[i].node(i)
	}
	if len(rows) == 0 {
		rows = g.Group{h.Tr(h.Td(h.ColSpan(fmt.Sprint(len(heads))), g.Text("There are none.")))}
	}
	return h.Table(
		h.THead(h.Tr(g.Map(heads, func(s string) g.Node {
			return h.Th(h.Scope("col"), g.If(slices.Contains(wide, s), h.Class("wide")), g.Text(s))
		}))),
		h.TBody(rows))
}

// node is a row; the newest two are chosen to be compared.
func (r *row) node(i int) g.Node {
	var taken, nodes, about g.Node
	if r.Known {
		taken, nodes = g.Text(utc(r.Started)), g.Text(fmt.Sprint(r.Nodes))
		about = g.Group{note(captured(r.Headline)), h.Span(h.Class("note narrow"),
			g.Textf("%s, %s, %s", utc(r.Started), say.Count(r.Nodes, "node"), say.Bytes(r.Size)))}
	}
	if r.Failed != "" {
		about = note(g.Text(plain(r.Failed)))
	}
	choice := func(name string, chosen bool) g.Node {
		return h.Td(h.Input(h.Type("radio"), h.Name(name), h.Value(r.ID),
			h.Aria("label", name+": "+plain(r.Name)), g.If(chosen, h.Checked())))
	}
	return h.Tr(
		h.Td(mark(r.Level(), r.verdict())),
		h.Td(h.A(h.Href("report/"+r.ID), captured(r.Name)), g.Text(" "), about),
		h.Td(h.Class("wide"), taken), h.Td(h.Class("num wide"), nodes), h.Td(h.Class("num wide"), g.Text(say.Bytes(r.Size))),
		choice("before", i == 1), choice("after", i == 0))
}

func (r *row) verdict() string {
	switch level := r.Level(); {
	case !r.Known:
		return "to be read"
	case r.Failed != "":
		return "not read"
	case level == "fine":
		return "nothing found"
	case level == "unknown":
		return "cannot tell"
	default:
		return level
	}
}
