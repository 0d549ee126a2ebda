package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"

	"casefile/analyze"
)

// Options of what is printed for a terminal.
type Options struct {
	Color   bool
	Width   int // columns; 0 means 80
	Verbose bool
	// Bundle is the path that the hint at the end names.
	Bundle string
}

func (o Options) width() int {
	if o.Width == 0 {
		return 80
	}
	return max(o.Width, 40)
}

// Limits of the short form; Verbose has none.
const (
	terminalGaps     = 8
	terminalProblems = 4
	terminalInfos    = 6
)

// Terminal prints the verdict, each finding in a few lines, and what is missing.
func Terminal(w io.Writer, c *analyze.Case, r *analyze.Result, o Options) error {
	t := &terminal{o: o, width: o.width()}
	t.head(c, r)
	t.findings(r)
	t.tuning(r.Tuning)
	t.gaps(c.Gaps)
	t.problems(c, r)
	t.notEvaluated(r.NotEvaluated)
	t.unparsed(unparsedOf(c))
	t.hint(r)
	_, err := w.Write(t.buf.Bytes())
	return err
}

type terminal struct {
	o     Options
	width int
	buf   bytes.Buffer
}

// Colours are the SGR codes of the eight basic ones, which every theme keeps readable.
const (
	plain  = ""
	bold   = "1"
	dim    = "2"
	red    = "1;31"
	yellow = "1;33"
	green  = "1;32"
	blue   = "34"
)

func (t *terminal) paint(code, s string) string {
	if !t.o.Color || code == plain || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *terminal) line(s string) { t.buf.WriteString(strings.TrimRight(s, " ") + "\n") }

// text prints a text wrapped behind a margin, in at most so many lines (0: all).
// The first margin may differ, as in a list.
func (t *terminal) text(first, margin, code, s string, most int) {
	lines := wrap(s, t.width-len([]rune(margin)))
	if most > 0 && len(lines) > most {
		rest := strings.Join(lines[most-1:], " ")
		lines = append(lines[:most-1:most-1], cut(rest, t.width-len([]rune(margin))))
	}
	for i, l := range lines {
		if i > 0 {
			first = margin
		}
		t.line(first + t.paint(code, l))
	}
}

// marks are the words that stand for a severity, all of one width.
var marks = []struct{ word, code string }{{"CRITICAL", red}, {"WARNING ", yellow}, {"INFO    ", blue}}

const margin = "          "

func (t *terminal) head(c *analyze.Case, r *analyze.Result) {
	v := analyze.Headline(c, r)
	code := green
	switch {
	case r.Worst() == analyze.Critical:
		code = red
	case r.Worst() == analyze.Warning:
		code = yellow
	case v.Kind == analyze.CannotTell:
		code = bold
	}
	t.text("", "", code, clean(v.Text), 0)
	t.text("", "", dim, caseLine(c), 0)
	t.text("", "", plain, figuresLine(keyFigures(c, r)), 0)
}

func (t *terminal) findings(r *analyze.Result) {
	var infos []*analyze.Finding
	for i := range r.Findings {
		f := &r.Findings[i]
		switch {
		case rank(f.Severity) == 2 && !t.o.Verbose:
			infos = append(infos, f)
		case f.ConsequenceOf > 0 && !t.o.Verbose:
			t.consequence(f)
		default:
			t.finding(f, i == 0)
		}
	}
	if len(infos) == 0 {
		return
	}
	t.line("")
	t.text(t.paint(blue, marks[2].word)+"  ", margin, plain, count(len(infos), "note")+": "+strings.Join(idsOf(infos), ", "), 2)
}

// idsOf names each kind of finding once: "io-site (2)".
func idsOf(list []*analyze.Finding) (ids []string) {
	times := map[string]int{}
	for _, f := range list {
		if times[f.ID]++; times[f.ID] == 1 {
			ids = append(ids, f.ID)
		}
	}
	for i, id := range ids {
		if i == terminalInfos {
			return append(ids[:i], count(len(ids)-i, "more kind"))
		}
		if ids[i] = clean(id); times[id] > 1 {
			ids[i] += fmt.Sprintf(" (%d)", times[id])
		}
	}
	return ids
}

// consequence is a line or two below what it follows from.
func (t *terminal) consequence(f *analyze.Finding) {
	t.text(margin+t.paint(blue, "So:")+" ", margin+"    ", plain, clean(joined(" · ", f.Title, strings.Join(f.Nodes, ", "), f.ID)), 2)
}

// figuresLine is the key figures that are known: "Request time lost 58 % (n1) · Longest pause 1.6 s (n1)".
func figuresLine(list []KeyFigure) string {
	var parts []string
	for _, k := range list {
		if k.Value == "" {
			continue
		}
		node := k.Node
		if node != "" {
			node = "(" + node + ")"
		}
		parts = append(parts, joined(" ", k.Name, k.Value, node))
	}
	return strings.Join(parts, " · ")
}

// finding takes two lines for the title at most, one for place and impact, and the action two and the setting one, but all of what is to be done first: a
// command that is cut cannot be carried out.
func (t *terminal) finding(f *analyze.Finding, first bool) {
	m := marks[rank(f.Severity)]
	t.line("")
	t.text(t.paint(m.code, m.word)+"  ", margin, bold, clean(f.Title), 2)
	t.text(margin, margin, dim, joined(" · ", where(f), clean(f.Impact)), 1)
	if f.Chain != "" {
		t.text(margin, margin+"  ", plain, clean(f.Chain), 3)
	}
	if f.ConsequenceOf > 0 {
		t.text(margin, margin, dim, fmt.Sprintf("Follows from finding %d: cured with it", f.ConsequenceOf), 1)
	}
	if len(f.Advice) > 0 {
		a, most := &f.Advice[0], 2
		if first {
			most = 0
		}
		t.text(margin+t.paint(green, "Do: "), margin+"    ", plain, strings.TrimSuffix(clean(a.Action), "."), most)
		if to := change(a); to != "" {
			t.text(margin+t.paint(green, "Set: "), margin+"     ", plain, to, most/2)
		}
	}
}

func (t *terminal) section(title string) {
	t.line("")
	t.line(t.paint(bold, title))
}

func (t *terminal) gaps(gaps []analyze.Gap) {
	if len(gaps) == 0 {
		return
	}
	t.section("Missing from this capture")
	groups := groupGaps(gaps)
	shown := groups
	if !t.o.Verbose {
		shown = groups[:min(len(groups), terminalGaps)]
	}
	for i := range shown {
		g := &shown[i]
		text := joined(": ", joined(" of ", g.Item, g.places()), g.Reason)
		most := 2
		if t.o.Verbose {
			most = 0
		}
		t.text("- ", "  ", plain, text, most)
		if g.Fix != "" {
			t.text("  Fix: ", "       ", plain, g.Fix, most)
		}
	}
	if n := len(groups) - len(shown); n > 0 {
		t.line(fmt.Sprintf("  and %d more", n))
	}
}

func (t *terminal) problems(c *analyze.Case, r *analyze.Result) {
	t.list("Could not be read", c.Problems)
	t.list("Checks that failed (their findings are missing)", r.Broken)
}

func (t *terminal) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	t.section(title)
	most := 2
	if t.o.Verbose {
		most = 0
	}
	for i, s := range items {
		if i == terminalProblems && !t.o.Verbose {
			t.line(fmt.Sprintf("  and %d more", len(items)-i))
			return
		}
		t.text("- ", "  ", plain, clean(s), most)
	}
}

// tuning says what to set in one go, where there is more than one thing.
func (t *terminal) tuning(list []analyze.Tuning) {
	for _, set := range list {
		if len(set.Changes) < 2 && !t.o.Verbose {
			continue
		}
		t.line("")
		where, restart := set.Subject, ", in one restart"
		if len(set.Nodes) > 1 {
			where, restart = set.Subject+" of "+strings.Join(set.Nodes, ", "), ", in one restart of each"
		}
		t.text("", "", bold, "Settings to change on "+clean(where)+restart, 0)
		for _, c := range set.Changes {
			what := c.To
			if !strings.HasPrefix(c.To, "-") {
				what = joined(" ", settingOf(c.Setting, c.From, c.To), c.To)
			}
			switch {
			case c.To == analyze.NotSet:
				what = "without " + cmp.Or(c.From, c.Setting)
			case c.From != "":
				what += " instead of " + c.From
			}
			t.text("- ", "  ", plain, clean(what)+" ("+strings.Join(c.Findings, ", ")+")", 0)
		}
	}
}

func (t *terminal) notEvaluated(list []analyze.NotEvaluated) {
	if len(list) == 0 {
		return
	}
	t.line("")
	if t.o.Verbose {
		t.line(t.paint(bold, fmt.Sprintf("Not evaluated: %s lacked data", count(len(list), "check"))))
		for _, n := range list {
			t.text("- ", "  ", plain, clean(n.ID)+": "+clean(n.Needs), 0)
		}
		return
	}
	near := 0
	for near < len(list) && list[near].Near {
		near++
	}
	others := len(list) - near
	const more = " of other kinds of evidence: --verbose names what each needs"
	if near == 0 {
		t.text("", "  ", dim, "Not evaluated: "+count(others, "check")+more, 0)
		return
	}
	t.line(t.paint(dim, fmt.Sprintf("Not evaluated: %s lacked data", count(len(list), "check"))))
	var needs []string
	ids := map[string][]string{}
	for _, n := range list[:near] {
		if ids[n.Needs] == nil {
			needs = append(needs, n.Needs)
		}
		ids[n.Needs] = append(ids[n.Needs], clean(n.ID))
	}
	for _, need := range needs {
		t.text("- ", "  ", dim, "with "+clean(need)+": "+strings.Join(ids[need], ", "), 0)
	}
	if others > 0 {
		t.text("- ", "  ", dim, count(others, "check")+more, 0)
	}
}

func (t *terminal) unparsed(list []Unparsed) {
	if len(list) == 0 {
		return
	}
	var lines int64
	for _, u := range list {
		lines += u.Lines
	}
	text := fmt.Sprintf("Not understood: %s of %s", count(lines, "line"), list[0].Source)
	if len(list) > 1 {
		text = fmt.Sprintf("Not understood: %s in %s", count(lines, "line"), count(len(list), "source"))
	}
	if !t.o.Verbose {
		t.text("", "  ", dim, text, 2)
		return
	}
	t.line(t.paint(dim, text))
	for _, u := range list {
		if len(list) > 1 {
			t.text("- ", "  ", plain, fmt.Sprintf("%s: %s", u.Source, count(u.Lines, "line")), 0)
		}
		for _, l := range u.Sample {
			t.text(fmt.Sprintf("  %d: ", l.Line), "      ", dim, l.Text, 1)
		}
		if more := u.Lines - int64(len(u.Sample)); more > 0 && len(u.Sample) > 0 {
			t.text("  ", "", dim, fmt.Sprintf("and %s more", count(more, "line")), 1)
		}
	}
}

func (t *terminal) hint(r *analyze.Result) {
	if len(r.Findings) == 0 {
		return
	}
	t.line("")
	t.line(t.paint(dim, "Details: ") + fmt.Sprintf("casefile show %s %s", cmp.Or(clean(t.o.Bundle), "<bundle>"), clean(r.Findings[0].ID)))
}
