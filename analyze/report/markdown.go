package report

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"strings"

	"casefile/analyze"
	"casefile/analyze/compare"
	"casefile/analyze/say"
)

// Meta is what a report says that neither case nor result knows. All of it may be empty.
type Meta struct {
	Title      string // of the HTML page
	BundleName string // file name of the bundle
	Tool       string // "casefile"
	Version    string
	// Commands is how the capture was made: the plan in words, or command lines.
	Commands []string
	// Overhead is what the capture cost, a sentence each.
	Overhead []string
	Cited    *Cited // nil: no lines of evidence
	// Rules say what findings mean, from which figures on, and after which sources; nil: that is left out.
	Rules []*analyze.Rule
	// Against is the comparison with an earlier capture; nil: none was given.
	Against *compare.Comparison
	// Review is the checklist, what limits the cluster and what support needs; nil: not looked at.
	Review *Review
}

func (m *Meta) tool() string { return joined(" ", cmp.Or(m.Tool, "casefile"), m.Version) }

// Limits of SUMMARY.md.
const (
	markdownLines    = 196
	markdownNodes    = 24
	markdownGaps     = 20
	markdownEvidence = 4
	markdownAdvice   = 3
	markdownItems    = 8 // commands, overhead, problems
)

// Markdown writes SUMMARY.md: what to paste into a ticket, below 200 lines. Only
// headings, lists and plain tables are used, which GitHub and Jira both read.
func Markdown(w io.Writer, c *analyze.Case, r *analyze.Result, m Meta) error {
	var head, tail page
	story := NewStory(c, r)
	head.add("# " + md(story.Headline))
	head.add("")
	if verdict := story.Scope.Verdict.Text; verdict != story.Headline {
		head.add("**" + md(verdict) + "**")
		head.add("")
	}
	head.add(joined("  \n", md(caseLine(c)), md(bundleLine(&m))))
	head.story(story)
	head.nodes(c)
	tail.against(m.Against)
	tail.review(m.Review)
	tail.tuning(r.Tuning)
	tail.gaps(c.Gaps)
	tail.list("Could not be read", c.Problems)
	tail.list("Checks that failed", r.Broken)
	tail.notEvaluated(r.NotEvaluated)
	tail.unparsed(unparsedOf(c))
	tail.list("How it was captured", m.Commands)
	tail.list("What the capture cost", m.Overhead)

	body := findingsPage(c, r.Findings, markdownLines-head.lines-tail.lines)
	_, err := io.WriteString(w, head.String()+body.String()+tail.String())
	return err
}

func bundleLine(m *Meta) string {
	name := fileName(m.BundleName)
	if name != "" {
		name = "bundle " + name
	}
	return joined(" · ", name, "by "+m.tool())
}

// page counts its lines.
type page struct {
	strings.Builder
	lines int
}

func (p *page) add(s string) {
	if s == "" && p.lines == 0 {
		return
	}
	p.WriteString(s + "\n")
	p.lines += 1 + strings.Count(s, "\n")
}

func (p *page) heading(s string) {
	p.WriteString("\n")
	p.lines++
	p.add("## " + s)
	p.add("")
}

func (p *page) table(columns []string, rows [][]string, most int) {
	p.add("| " + strings.Join(columns, " | ") + " |")
	p.add("|" + strings.Repeat("---|", len(columns)))
	for i, row := range rows {
		if i == most {
			p.add("")
			p.add(fmt.Sprintf("%d more are in the report.", len(rows)-most))
			return
		}
		for k := range row {
			row[k] = cmp.Or(md(cut(row[k], 160)), "–")
		}
		p.add("| " + strings.Join(row, " | ") + " |")
	}
}

var mdEscapes = strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", ">", "&gt;", "&", "&amp;", "`", "\\`", "[", "\\[", "]", "\\]",
	"*", "\\*", "{", "\\{", "}", "\\}")

// mention is an @ that could call a user of the tracker.
var mention = regexp.MustCompile(`(^|[^\w.])@(\w)`)

// md makes a text of the case safe inside a line of Markdown: no table cell, tag,
// link, code, macro of Jira or mention begins in it.
func md(s string) string { return mention.ReplaceAllString(mdEscapes.Replace(clean(s)), "$1@\u2060$2") }

// code sets a text in code style; a backtick in it would end that, so it becomes a quote.
func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(clean(s), "`", "'") + "`"
}

func (p *page) nodes(c *analyze.Case) {
	var rows [][]string
	for _, n := range c.Nodes {
		load := ""
		if n.Host != nil && n.Host.CPU.Load1.Known() {
			load = say.Number(n.Host.CPU.Load1.Value)
		}
		common := func(what, version, collector, heap string) []string {
			return []string{nameOf(n), what, version, collector, heap, cpusOf(n), load}
		}
		for _, j := range n.JVMs {
			heap := ""
			if v := j.MaxHeap(); v > 0 {
				heap = say.Bytes(float64(v))
			}
			rows = append(rows, common(j.Target, jvmVersion(j), string(j.Collector()), heap))
		}
		for _, s := range n.Services {
			rows = append(rows, common(s.Target, "Go", "", ""))
		}
		if len(n.JVMs)+len(n.Services) == 0 {
			rows = append(rows, common("", "", "", ""))
		}
	}
	if len(rows) == 0 {
		return
	}
	p.heading("Nodes")
	p.table([]string{"Node", "Process", "Version", "Collector", "Max heap", "CPUs", "Load"}, rows, markdownNodes)
}

// markdownAction is how long an action may be, in characters: a command that is cut cannot be carried out.
const markdownAction = 1000

// firstPart is what stands in bold of a long action: its first sentence, or what stands before its first colon.
func firstPart(action string) (first, rest string) {
	const long = 120
	if len(action) <= long {
		return action, ""
	}
	end := len(action)
	for _, mark := range []string{". ", ": "} {
		if i := strings.Index(action, mark); i > 0 {
			end = min(end, i+1)
		}
	}
	return action[:end], strings.TrimSpace(action[end:])
}

// story is what to do first, and the key figures.
func (p *page) story(s *Story) {
	if text := figuresLine(s.Figures); text != "" {
		p.add("")
		p.add(md(text) + ".")
	}
	if len(s.Scope.Missing) > 0 {
		p.add("")
		p.add("Missing: " + md(cut(strings.Join(s.Scope.Missing, "; "), 300)) + ".")
	}
	if len(s.Actions) == 0 {
		return
	}
	p.heading("Do first")
	for i := range s.Actions {
		a := &s.Actions[i]
		first, rest := firstPart(cut(a.Action, markdownAction))
		p.add(joined(" ", fmt.Sprintf("%d. **%s**", i+1, md(first)), md(rest), code(cut(change(&a.Advice), 300))))
		detail := []string{}
		for _, l := range [][2]string{{"on", a.where()}, {"because of", a.ID}, {"effect:", a.Effect}, {"risk:", a.Risk}, {"verify:", a.Verify}} {
			if l[1] != "" {
				detail = append(detail, l[0]+" "+md(strings.TrimSuffix(cut(l[1], 240), ".")))
			}
		}
		p.add("   " + strings.Join(detail, "; "))
	}
}

// findingsPage takes as many findings as fit into the lines left, worst first.
func findingsPage(c *analyze.Case, list []analyze.Finding, room int) *page {
	p := &page{}
	if len(list) == 0 {
		return p
	}
	p.heading("Findings")
	for i := range list {
		one := &page{}
		if list[i].ConsequenceOf > 0 {
			one.consequence(&list[i])
		} else {
			one.finding(i+1, &list[i])
			one.evidence(c, list[i].Evidence)
		}
		if p.lines+one.lines > room-3 {
			p.add(fmt.Sprintf("%s more: see the report.", count(len(list)-i, "finding")))
			return p
		}
		p.WriteString(one.String())
		p.lines += one.lines
	}
	return p
}

// consequence is a point of the finding before it: its own advice would treat a symptom.
func (p *page) consequence(f *analyze.Finding) {
	p.add("- **Follows from it:** " + joined(" · ", code(f.ID), md(cut(f.Title, 300)), md(cut(where(f), 200)), md(cut(f.Impact, 200))))
}

func (p *page) finding(number int, f *analyze.Finding) {
	if number > 1 {
		p.WriteString("\n")
		p.lines++
	}
	p.add(fmt.Sprintf("### %d. %s: %s", number, strings.ToUpper(md(string(f.Severity))), md(cut(f.Title, 300))))
	p.add("")
	p.add("- " + joined(" · ", code(f.ID), md(cut(where(f), 200)), md(cut(f.Impact, 200)), md("confidence "+string(f.Confidence))))
	if f.Chain != "" {
		p.add("- " + md(cut(f.Chain, 500)))
	}
	if f.Explanation != "" {
		p.add("- " + md(cut(f.Explanation, 900)))
	}
	for i := range f.Advice {
		if i == markdownAdvice {
			break
		}
		a := &f.Advice[i]
		text := "- **Do:** " + md(cut(a.Action, markdownAction))
		if ch := change(a); ch != "" {
			text += " " + code(cut(ch, 300))
		}
		for _, s := range [][2]string{{"Effect", a.Effect}, {"Risk", a.Risk}, {"Verify", a.Verify}} {
			if s[1] != "" {
				text += " " + s[0] + ": " + strings.TrimSuffix(md(cut(s[1], 300)), ".") + "."
			}
		}
		p.add(text)
	}
}

// evidence tells each thing once; what says the same of other places is counted.
func (p *page) evidence(c *analyze.Case, list []analyze.Evidence) {
	told := 0
	groups := alikes(list)
	for i, g := range groups {
		if i == markdownEvidence {
			p.add("- " + count(len(list)-told, "more piece") + " of evidence: see the report")
			return
		}
		e := &list[g[0]]
		told += len(g)
		more := ""
		if n := len(g) - 1; n > 0 {
			more = fmt.Sprintf("(%d more say the same)", n)
		}
		p.add("- Evidence: " + joined(" ", code(cut(citeShort(c, e), 200)), md(cut(e.Text, 240)), more))
	}
}

func (p *page) gaps(gaps []analyze.Gap) {
	if len(gaps) == 0 {
		return
	}
	p.heading("Missing from this capture")
	var rows [][]string
	for _, g := range groupGaps(gaps) {
		rows = append(rows, []string{g.Item, g.places(), g.Reason, g.Fix})
	}
	p.table([]string{"What", "Where", "Why", "Fix"}, rows, markdownGaps)
}

func (p *page) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	p.heading(title)
	for i, s := range items {
		if i == markdownItems {
			p.add(fmt.Sprintf("- %d more are in the report", len(items)-i))
			return
		}
		p.add("- " + md(cut(s, 300)))
	}
}

// tuning is what to set, each JVM in one table: one restart with all of it.
func (p *page) tuning(list []analyze.Tuning) {
	const most = 12
	for _, t := range list {
		nodes := onNode(strings.Join(t.Nodes, ", "))
		if nodes != "" {
			nodes = "(" + nodes + ")"
		}
		p.heading("Settings to change on " + md(joined(" ", t.Subject, nodes)))
		var rows [][]string
		for _, ch := range t.Changes {
			rows = append(rows, []string{ch.Setting, ch.From, ch.To, strings.Join(ch.Findings, ", "), ch.Risk})
		}
		p.table([]string{"Setting", "From", "To", "Because of", "Costs"}, rows, most)
	}
}

func (p *page) notEvaluated(list []analyze.NotEvaluated) {
	if len(list) == 0 {
		return
	}
	var ids []string
	near := 0
	for near < len(list) && list[near].Near {
		near++
	}
	for _, n := range list[near:] {
		ids = append(ids, code(cut(n.ID, 60)))
	}
	p.add("")
	p.add(fmt.Sprintf("Not evaluated for lack of data (%d). What to record for each is in the report.", len(list)))
	for _, n := range list[:near] {
		p.add("- " + code(n.ID) + " needs " + md(n.Needs))
	}
	if len(ids) > 0 {
		p.add("- " + strings.Join(ids[:min(len(ids), 80)], ", ") + " need evidence of other kinds")
	}
}

func (p *page) unparsed(list []Unparsed) {
	if len(list) == 0 {
		return
	}
	var lines int64
	for _, u := range list {
		lines += u.Lines
	}
	p.add("")
	p.add(fmt.Sprintf("Not understood: %s in %s.", count(lines, "line"), count(len(list), "source")))
}
