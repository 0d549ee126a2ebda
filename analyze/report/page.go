package report

import (
	"html/template"
	"io"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// The page is components and no html/template: a template may call any method by name, so that the linker keeps every
// exported method of every package, which is a fifth of the binary. Text and attributes are escaped by the components;
// values are only ever in text, in quoted attributes, and behind the # of a link.

// document is a page with its head; head are its policy, style and script.
func document(title string, head template.HTML, body ...g.Node) g.Node {
	return g.Group{
		g.Raw("<!DOCTYPE html>\n"),
		h.HTML(h.Lang("en"),
			h.Head(
				g.Raw(`<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>`+
					`<meta name="color-scheme" content="light dark"/><meta name="referrer" content="no-referrer"/>`),
				h.TitleEl(g.Text(title)), newline, raw(head)),
			newline,
			h.Body(body...)),
		newline,
	}
}

// writePage writes a page without what control characters do.
func writePage(w io.Writer, page g.Node) error {
	var b strings.Builder
	if err := page.Render(&b); err != nil {
		return err
	}
	_, err := io.WriteString(w, cleanPage(b.String()))
	return err
}

// newline parts rows and blocks, so that the page can be read as text too.
var newline = g.Raw("\n")

// raw is markup that was escaped where it was put together.
func raw(markup template.HTML) g.Node { return g.Raw(string(markup)) }

// para is a paragraph of a class; without text there is none.
func para(class, text string) g.Node {
	return g.If(text != "", h.P(h.Class(class), g.Text(text)))
}

// word is a word of a class, after a space; without text there is none.
func word(class, text string) g.Node {
	return g.If(text != "", g.Group{g.Text(" "), h.Span(h.Class(class), g.Text(text))})
}

// stacked are components below each other.
func stacked[T any](list []T, one func(*T) g.Node) g.Node {
	out := make(g.Group, 0, 2*len(list))
	for i := range list {
		out = append(out, one(&list[i]), newline)
	}
	return out
}

// bullets are texts as a list.
func bullets(list []string) g.Node {
	return h.Ul(stacked(list, func(s *string) g.Node { return h.Li(g.Text(*s)) }))
}

// onNodes marks what belongs to some nodes only, for the filter.
func onNodes(places string) g.Node { return g.If(places != "", h.Data("nodes", places)) }

// scrolled is a box that a keyboard can scroll.
func scrolled(class, label string, body g.Node) g.Node {
	return h.Div(h.Class(class), h.Role("group"), h.Aria("label", label), h.TabIndex("0"), body)
}

// copyButton copies a text; without script it is not shown.
func copyButton(text string) g.Node {
	return h.Button(h.Type("button"), h.Class("copy js"), h.Data("copy", text), g.Text("Copy"))
}

// option is a choice of a select.
func option(value, text string) g.Node { return h.Option(h.Value(value), g.Text(text)) }

// firstFew joins the first of a list and says how many more there are.
func firstFew(list []string, most int, sep, more, after string) string {
	if len(list) <= most {
		return strings.Join(list, sep)
	}
	return strings.Join(list[:most], sep) + more + strconv.Itoa(len(list)-most) + after
}

func legend(list []legendItem, more ...g.Node) g.Node {
	if len(list) == 0 && len(more) == 0 {
		return nil
	}
	keys := stacked(list, func(i *legendItem) g.Node { return key(i.Class, i.Name) })
	return h.Span(h.Class("legend"), keys, g.Group(more))
}

func key(class, name string) g.Node {
	return h.Span(h.Class("key"), h.Span(h.Class("swatch "+class)), g.Text(name))
}

func facts(class string, list []fact) g.Node {
	if len(list) == 0 {
		return nil
	}
	return h.Dl(h.Class(class), g.Map(list, func(f fact) g.Node { return f.node("") }))
}

func (f fact) node(class string) g.Node {
	return h.Div(g.If(class != "", h.Class(class)), h.Dt(g.Text(f.Name)), h.Dd(g.Text(f.Value)))
}
