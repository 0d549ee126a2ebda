package report

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"casefile/analyze"
)

// placesOf are the places of nodes in the page's filter, as the attribute data-nodes has them.
func (b *viewBuilder) placesOf(nodes ...string) string {
	var out []string
	for _, n := range nodes {
		if at := b.places[n]; at > 0 {
			out = append(out, strconv.Itoa(at))
		}
	}
	return strings.Join(out, " ")
}

// findings makes a card of each finding; what follows from another stands within that one's.
func (b *viewBuilder) findings(list []analyze.Finding) {
	for i := range list {
		if i == htmlFindings {
			b.Left["findings"] = count(len(list)-i, "more finding") + " in findings.json"
			return
		}
		card := b.finding(i, &list[i])
		if last := len(b.Findings) - 1; list[i].ConsequenceOf > 0 && last >= 0 {
			b.Findings[last].Consequences = append(b.Findings[last].Consequences, card)
			continue
		}
		b.Findings = append(b.Findings, card)
	}
}

// FindingLink is the part of the address of a report that leads to a finding, by its number.
func FindingLink(number int) string { return "#" + findingAnchor(number) }

func findingAnchor(number int) string { return fmt.Sprintf("finding-%d", number) }

func (b *viewBuilder) finding(i int, f *analyze.Finding) findingCard {
	card := findingCard{Anchor: findingAnchor(i + 1), ID: f.ID, Level: level(f.Severity), Title: cut(f.Title, 600),
		Where: where(f), Impact: cut(f.Impact, 400), Chain: cut(f.Chain, 600), Confidence: string(f.Confidence), References: f.References,
		Places: b.placesOf(f.Nodes...)}
	for p := range strings.SplitSeq(f.Explanation, "\n") {
		if p = strings.TrimSpace(p); p != "" {
			card.Explanation = append(card.Explanation, cut(p, 4000))
		}
	}
	for k := range f.Advice {
		a := &f.Advice[k]
		card.Advice = append(card.Advice, adviceCard{Action: a.Action, Setting: settingOf(a.Setting, a.From, a.To), From: a.From, To: a.To,
			Facts: adviceFacts(a)})
	}
	card.Drawer = b.drawer(f)
	return card
}

// first are the actions of the first screen.
func (b *viewBuilder) first() {
	for i := range b.Story.Actions {
		a := &b.Story.Actions[i]
		b.Actions = append(b.Actions, firstAction{StoryAction: a, Anchor: findingAnchor(a.Finding), On: a.where(),
			Copy: a.toCopy(), Facts: adviceFacts(&a.Advice)})
	}
}

// adviceFacts are what one wants to know of an advice before following it.
func adviceFacts(a *analyze.Advice) []fact {
	return known(fact{"Effect", a.Effect}, fact{"Risk", a.Risk}, fact{"Roll back", a.Rollback}, fact{"Verify", a.Verify})
}

// drawer is what a finding rests on.
type drawer struct {
	Doc      string // what the rule means
	Figures  []fact // the numbers that it was judged by
	Limits   table  // from which on it speaks up, with sources
	Evidence []evidenceCard
	Left     int    // pieces of evidence that are not shown
	Samples  string // how much it rests on
	Against  []string
	Command  string
}

func (b *viewBuilder) drawer(f *analyze.Finding) drawer {
	bundle := cmp.Or(fileName(b.meta.BundleName), "BUNDLE")
	d := drawer{Command: joined(" ", "casefile show", shellWord(bundle), shellWord(f.ID))}
	for _, x := range f.Figures {
		d.Figures = append(d.Figures, fact{strings.ReplaceAll(clean(x.Name), "_", " "), x.String()})
	}
	entries := map[string]bool{}
	for k := range f.Evidence {
		e := &f.Evidence[k]
		entries[e.Entry] = true
		if k >= htmlEvidence {
			continue
		}
		d.take(b.evidence(e))
	}
	d.Left = max(0, len(f.Evidence)-htmlEvidence)
	if n := len(f.Evidence); n > 0 {
		d.Samples = fmt.Sprintf("%s in %s", count(n, "piece"), count(len(entries), "file"))
	}
	b.judgedBy(&d, f)
	return d
}

// judgedBy adds what the catalogue of rules knows.
func (b *viewBuilder) judgedBy(d *drawer, f *analyze.Finding) {
	for _, r := range b.meta.Rules {
		if r.ID != f.ID {
			continue
		}
		d.Doc = r.Doc
		d.Limits = table{Columns: columns("Speaks up from", "#Value", "Source")}
		for _, l := range r.Limits {
			row := l.Row()
			d.Limits.Rows = append(d.Limits.Rows, []cell{text(row.What), text(row.Text()), text(row.Source)})
		}
		d.Against = b.against(r, f)
	}
}

// against is what speaks against a finding, or could not be looked at: causes that would make it a mere consequence.
func (b *viewBuilder) against(r *analyze.Rule, f *analyze.Finding) (out []string) {
	if f.Confidence != analyze.High && f.Confidence != "" {
		out = append(out, "Confidence is "+clean(string(f.Confidence))+
			": the evidence fits, but does not exclude another reading.")
	}
	missing := map[string]string{}
	for _, n := range b.result.NotEvaluated {
		missing[n.ID] = n.Needs
	}
	found := map[string]bool{}
	for _, o := range b.result.Findings {
		found[o.ID] = true
	}
	var absent []string
	for _, id := range append(append([]string{}, r.ExplainedBy...), r.Unless...) {
		switch needs, not := missing[id]; {
		case not:
			out = append(out, "Not looked for: "+id+", which could explain it. It needs "+clean(needs)+".")
		case !found[id]:
			absent = append(absent, id)
		}
	}
	if len(absent) > 0 {
		out = append(out, "Looked for as its cause and not found: "+some(absent, 8)+".")
	}
	return out
}

// alike is what differs between lines that say the same of several threads: numbers, and what stands in quotes.
var alike = regexp.MustCompile(`"[^"]*"|\b0x[0-9a-f]+\b|\d[\d.,\x{202f}]*`)

// alikes puts evidence that says the same together, by its numbers in the list.
func alikes(list []analyze.Evidence) (groups [][]int) {
	at := map[string]int{}
	for i := range list {
		key := alike.ReplaceAllString(list[i].Text, "#")
		g, known := at[key]
		if !known || key == "" {
			g, at[key] = len(groups), len(groups)
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	return groups
}

// take adds a piece of evidence, or puts it with those before it that say the same.
func (d *drawer) take(e evidenceCard) {
	key := alike.ReplaceAllString(e.Text, "#")
	for i := range d.Evidence {
		if alike.ReplaceAllString(d.Evidence[i].Text, "#") == key && e.Text != "" {
			e.Excerpt = excerptText(unlike(e.lines, d.Evidence[i].lines))
			d.Evidence[i].Alike = append(d.Evidence[i].Alike, e)
			return
		}
	}
	d.Evidence = append(d.Evidence, e)
}

func (b *viewBuilder) evidence(e *analyze.Evidence) evidenceCard {
	card := evidenceCard{Cite: citeShort(b.of, e), Text: cut(e.Text, 1000)}
	if b.meta.Cited == nil || b.excerpts <= 0 || e.Lines == "" {
		return card
	}
	b.excerpts--
	lines, err := b.meta.Cited.lines(e, excerptHTML)
	if err != nil {
		card.Error = err.Error()
	}
	card.lines, card.Excerpt = lines, excerptText(lines)
	return card
}

// unlike leaves out lines that an excerpt has like the one before it, whatever their numbers are, where they are several in a row.
func unlike(lines, before []excerptLine) (out []excerptLine) {
	if len(lines) != len(before) {
		return lines
	}
	same := func(i int) bool { return lines[i].Text == before[i].Text && lines[i].Left == before[i].Left }
	for i := 0; i < len(lines); {
		end, n := i, 0
		for ; end < len(lines) && same(end); end++ {
			n += max(1, lines[end].Left)
		}
		switch {
		case end-i > 1:
			out = append(out, excerptLine{Left: n, Above: true})
			i = end
		default:
			out = append(out, lines[i])
			i++
		}
	}
	return out
}

// shellWord quotes what a shell would not take as one word.
func shellWord(s string) string {
	s = clean(s)
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Of are the places of nodes, for the template.
func (v *view) Of(nodes []string) string {
	var out []string
	for i, n := range v.Filter {
		for _, o := range nodes {
			if n == clean(cut(o, nodeNameWidth)) {
				out = append(out, strconv.Itoa(i+1))
				break
			}
		}
	}
	return strings.Join(out, " ")
}

// Place is the place of the node of a host's anchor.
func (v *view) Place(anchor string) string { return strings.TrimPrefix(anchor, "host-") }
