package report

import (
	"io"
	"strings"
	"unicode/utf8"

	"casefile/analyze/compare"
	"casefile/analyze/say"
)

var verdictCodes = map[compare.VerdictKind]string{
	compare.Regression: red, compare.Mixed: yellow, compare.Improvement: green, compare.NoChange: green, compare.DifferentLoad: yellow,
	compare.NotComparable: bold, compare.Untellable: bold,
}

// CompareTerminal prints a comparison: the verdict first, then what changed.
func CompareTerminal(w io.Writer, c *compare.Comparison, o Options) error {
	t := &terminal{o: o, width: o.width()}
	t.text("", "", verdictCodes[c.Verdict.Kind], clean(c.Verdict.Text), 0)
	t.text("", "", dim, clean(sidesOf(c)), 0)
	for _, s := range c.Verdict.Why {
		t.text("- ", "  ", plain, clean(s), 4)
	}
	left := 0
	for _, b := range blocksOf(c) {
		if b.detail && !o.Verbose {
			left += len(b.rows)
			continue
		}
		t.block(b)
	}
	if left > 0 {
		t.line("")
		t.text("", "", dim, say.Count(left, "measure")+" did not change, or cannot be judged: casefile compare -v lists them", 0)
	}
	_, err := w.Write(t.buf.Bytes())
	return err
}

// block prints a table whose columns are as wide as they need; the widest texts are cut to the width of the terminal.
func (t *terminal) block(b block) {
	t.line("")
	t.line(t.paint(bold, b.title))
	widths := make([]int, len(b.columns))
	rows := [][]string{headings(b.columns)}
	for _, r := range b.rows {
		row := make([]string, len(r))
		for i := range r {
			row[i] = clean(r[i])
		}
		rows = append(rows, row)
	}
	for _, row := range rows {
		for i, text := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	t.fit(widths)
	for n, row := range rows {
		var line strings.Builder
		for i, text := range row {
			text = cut(text, widths[i])
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if strings.HasPrefix(b.columns[i], "#") {
				text = pad + text
			} else {
				text += pad
			}
			line.WriteString(text + "  ")
		}
		code := plain
		if n == 0 {
			code = dim
		}
		t.line("  " + t.paint(code, strings.TrimRight(line.String(), " ")))
	}
	if b.note != "" {
		t.line("  " + t.paint(dim, b.note))
	}
}

func headings(columns []string) (out []string) {
	for _, c := range columns {
		out = append(out, strings.TrimPrefix(c, "#"))
	}
	return out
}

// fit makes the widest columns narrower until a row fits.
func (t *terminal) fit(widths []int) {
	const least = 12
	for {
		total, widest := 2, 0
		for i, w := range widths {
			total += w + 2
			if w > widths[widest] {
				widest = i
			}
		}
		if total-2 <= t.width || widths[widest] <= least {
			return
		}
		widths[widest]--
	}
}

// AgainstTerminal prints the verdict of a comparison with an earlier capture; nothing where there is none.
func AgainstTerminal(w io.Writer, c *compare.Comparison, o Options) error {
	if c == nil {
		return nil
	}
	t := &terminal{o: o, width: o.width()}
	t.line("")
	t.text("", "", verdictCodes[c.Verdict.Kind], clean("Against "+c.Before[0].Name+": "+c.Verdict.Text), 0)
	_, err := w.Write(t.buf.Bytes())
	return err
}

// against adds the comparison with an earlier capture: the verdict, and the tables of what changed.
func (p *page) against(c *compare.Comparison) {
	if c == nil {
		return
	}
	p.heading(md(againstTitle(c)))
	p.add(md(c.Verdict.Text) + ".")
	for _, b := range blocksOf(c) {
		if !b.detail {
			p.add("")
			p.add("**" + b.title + "**")
			p.add("")
			p.table(headings(b.columns), b.rows, againstRows)
		}
	}
}

// againstRows bounds the tables of a comparison within a summary.
const againstRows = 6

// CompareMarkdown writes a comparison for a ticket.
func CompareMarkdown(w io.Writer, c *compare.Comparison, m Meta) error {
	p := &page{}
	p.add("# " + md(c.Verdict.Text))
	p.add("")
	p.add(md(sidesOf(c)) + "  \n" + md("compared by "+m.tool()))
	if len(c.Verdict.Why) > 0 {
		p.add("")
	}
	for _, s := range c.Verdict.Why {
		p.add("- " + md(cut(s, 400)))
	}
	for _, b := range blocksOf(c) {
		p.heading(b.title)
		p.table(headings(b.columns), b.rows, compareRows)
		if b.note != "" {
			p.add("")
			p.add(md(b.note))
		}
	}
	_, err := io.WriteString(w, p.String())
	return err
}
