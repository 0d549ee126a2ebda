package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"casefile/analyze"
)

// Finding prints one finding in full, with the lines it rests on; nil leaves them out.
func Finding(w io.Writer, c *analyze.Case, f *analyze.Finding, cited *Cited, o Options) error {
	t := &terminal{o: o, width: o.width()}
	m := marks[rank(f.Severity)]
	t.text(t.paint(m.code, m.word)+"  ", margin, bold, clean(f.Title), 0)
	t.text(margin, margin, dim, joined(" · ", where(f), clean(f.Impact), "confidence "+clean(string(f.Confidence))), 0)
	if f.Chain != "" {
		t.text(margin, margin+"  ", plain, clean(f.Chain), 0)
	}
	t.text(margin, margin, dim, joined(" · ", clean(f.ID), caseLine(c)), 0)
	if f.ConsequenceOf > 0 {
		t.text(margin, margin, dim, fmt.Sprintf("follows from finding %d: cured with it", f.ConsequenceOf), 0)
	}
	if f.Explanation != "" {
		t.line("")
		t.paragraphs(f.Explanation)
	}
	t.evidence(f.Evidence, cited)
	t.advice(f.Advice)
	if len(f.References) > 0 {
		t.section("References")
		for _, ref := range f.References {
			t.line("- " + clean(ref))
		}
	}
	_, err := w.Write(t.buf.Bytes())
	return err
}

func (t *terminal) paragraphs(s string) {
	for p := range strings.SplitSeq(s, "\n") {
		if p = clean(p); p != "" {
			t.text("", "", plain, p, 0)
		}
	}
}

func (t *terminal) evidence(list []analyze.Evidence, cited *Cited) {
	if len(list) == 0 {
		return
	}
	t.section("Evidence")
	for i, e := range list {
		if i > 0 {
			t.line("")
		}
		t.text("", "  ", plain, clean(e.Text), 0)
		t.line(t.paint(blue, "  "+cite(&e)))
		if cited == nil {
			continue
		}
		lines, err := cited.lines(&e, excerptLines)
		if err != nil {
			t.text("  ", "  ", dim, "("+clean(err.Error())+")", 0)
		}
		t.excerpt(lines)
	}
}

// cite names an entry and lines of it.
func cite(e *analyze.Evidence) string { return clean(joined(":", e.Entry, e.Lines)) }

// citeShort is cite for what is handed on, see [analyze.Case.Short].
func citeShort(c *analyze.Case, e *analyze.Evidence) string {
	return clean(joined(":", c.Short(e.Entry), e.Lines))
}

func (t *terminal) excerpt(lines []excerptLine) {
	wide := 0
	for _, l := range lines {
		wide = max(wide, len(strconv.Itoa(l.Number)))
	}
	for _, l := range lines {
		if l.Number == 0 {
			what := "left out"
			if l.Above {
				what = "as in the first of these"
			}
			t.line(t.paint(dim, fmt.Sprintf("  %*s … %s %s", wide, "", count(l.Left, "line"), what)))
			continue
		}
		t.line(t.paint(dim, fmt.Sprintf("  %*d │ ", wide, l.Number)) + l.Text)
	}
}

// adviceParts are the labels behind an action, in the order an admin needs them.
func adviceParts(a *analyze.Advice) [][2]string {
	return [][2]string{{"Change", change(a)}, {"Effect", clean(a.Effect)}, {"Risk", clean(a.Risk)},
		{"Roll back", clean(a.Rollback)}, {"Verify", clean(a.Verify)}}
}

func (t *terminal) advice(list []analyze.Advice) {
	if len(list) == 0 {
		return
	}
	t.section("What to do")
	for i := range list {
		a := &list[i]
		number := fmt.Sprintf("%d. ", i+1)
		t.text(number, strings.Repeat(" ", len(number)), plain, clean(a.Action), 0)
		for _, p := range adviceParts(a) {
			if p[1] != "" {
				t.text(fmt.Sprintf("   %s ", t.paint(dim, fmt.Sprintf("%-9s", p[0]))), strings.Repeat(" ", 13), plain, p[1], 0)
			}
		}
	}
}

// excerptText is an excerpt as one text, for HTML.
func excerptText(lines []excerptLine) string {
	t := &terminal{}
	t.excerpt(lines)
	return string(bytes.TrimRight(t.buf.Bytes(), "\n"))
}
