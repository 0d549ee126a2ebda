package report

import (
	"fmt"
	"strings"

	"casefile/analyze"
	"casefile/analyze/compare"
	"casefile/analyze/say"
)

// block is one table of a comparison, as all its forms print it. Columns that begin with # are numbers.
type block struct {
	title   string
	columns []string
	rows    [][]string
	note    string
	detail  bool // only where there is room
}

// Most rows of one block.
const compareRows = 40

// blocksOf are the tables of a comparison, in the order in which they are read.
func blocksOf(c *compare.Comparison) (out []block) {
	add := func(b block) {
		if len(b.rows) == 0 {
			return
		}
		if n := len(b.rows) - compareRows; n > 0 {
			b.rows, b.note = b.rows[:compareRows], joined("; ", b.note, fmt.Sprintf("%d more are in the JSON", n))
		}
		out = append(out, b)
	}
	add(loadBlock(c))
	add(readingsBlock("Changed: what requests feel", c.Changed(compare.Outcome)))
	add(readingsBlock("Changed: where the time of requests goes, by its effect on them", c.Changed(compare.Cause)))
	add(readingsBlock("Changed: what it uses", c.Changed(compare.Resource)))
	add(readingsBlock("Changed: the machines", c.Changed(compare.Machine)))
	add(methodsBlock(c))
	add(settingsBlock(c))
	add(adviceBlock(c))
	add(findingsBlock(c))
	unjudged := readingsBlock("Not judged, for the load differs", c.With(compare.OfLoad))
	unjudged.detail = true
	add(unjudged)
	same := readingsBlock("Not changed", c.With(compare.Unchanged, compare.Outcome, compare.Cause, compare.Resource, compare.Machine))
	same.detail = true
	add(same)
	add(untellableBlock(c))
	return out
}

func loadBlock(c *compare.Comparison) block {
	b := block{title: "Load", columns: []string{"Of", "Counted by", "#Before", "#After", "#Times", "So"}}
	for _, p := range c.Pairs {
		l := &p.Load
		if p.Subject == "" {
			continue
		}
		if l.Reading == nil {
			b.rows = append(b.rows, []string{p.Where(), "", "", "", "", "not known: capture access logs or GC logs on both sides"})
			continue
		}
		b.rows = append(b.rows, []string{p.Where(), l.By, l.Unit.Text(l.Before.Value), l.Unit.Text(l.After.Value), say.Number(l.Factor()), zoneWords[l.Zone]})
	}
	return b
}

var zoneWords = map[compare.Zone]string{
	compare.LoadSame: "the same load", compare.LoadNear: "different load: what is counted by work, and what moved against the load, is judged",
	compare.LoadUnknown: "not known well enough: what grows with load is not judged", compare.LoadFar: "different load: only what moved against it is judged", compare.LoadBeyond: "not comparable",
}

func readingsBlock(title string, list []*compare.Reading) block {
	b := block{title: title, columns: []string{"Measure", "Of", "#Before", "#After", "#Change", "#95 % interval"}}
	for _, r := range list {
		if r.Before.Value == 0 && r.After.Value == 0 {
			continue
		}
		b.rows = append(b.rows, []string{r.Title, r.Where(), r.Unit.Text(r.Before.Value), r.Unit.Text(r.After.Value), changeOf(r, r.Change),
			changeOf(r, r.Low) + " to " + changeOf(r, r.High)})
	}
	return b
}

// changeOf writes a change with its sign.
func changeOf(r *compare.Reading, v float64) string {
	sign := "+"
	if v < 0 {
		sign, v = "-", -v
	}
	if r.Relative {
		return sign + say.Percent(v)
	}
	return sign + r.Unit.Text(v)
}

func methodsBlock(c *compare.Comparison) block {
	b := block{title: "Changed: shares of profiles", columns: []string{"Profile", "Method", "#Before", "#After", "#Points"}}
	for _, p := range c.Profiles {
		for _, m := range p.Methods {
			b.rows = append(b.rows, []string{string(p.Kind) + " of " + p.Pair.Where(), m.Frame, say.Percent(m.BeforePct / 100), say.Percent(m.AfterPct / 100),
				points(m.Change)})
		}
	}
	return b
}

func settingsBlock(c *compare.Comparison) block {
	b := block{title: "What else changed", columns: []string{"What", "Of", "Before", "After", "Advised by"}}
	for _, s := range c.Settings {
		of := joined(" on ", s.Subject, s.Node)
		b.rows = append(b.rows, []string{s.Name, of, s.Before, s.After, s.Followed})
	}
	return b
}

func adviceBlock(c *compare.Comparison) block {
	b := block{title: "Advice that was followed", columns: []string{"Finding", "Of", "Advice", "Set to", "Expected", "Measured"}}
	for _, a := range c.Advice {
		set := a.Set
		if !a.Fully {
			set += " (in part)"
		}
		measured := "not measured on both sides"
		if len(a.Measured) > 0 {
			r := a.Measured[0]
			measured = r.Title + " " + r.Moved() + statusNotes[r.Status]
		}
		if a.Gone {
			measured += "; the finding is gone"
		}
		b.rows = append(b.rows, []string{a.Finding, a.Where, joined(" -> ", a.Setting, a.To), set, a.Effect, measured})
	}
	return b
}

var statusNotes = map[compare.Status]string{compare.Unchanged: ": no significant change", compare.CannotTell: ": too little to tell",
	compare.OfLoad: ", with a different load"}

func findingsBlock(c *compare.Comparison) block {
	b := block{title: "Findings", columns: []string{"Change", "Finding", "Title", "Why"}}
	row := func(what string, f *analyze.Finding, why string) {
		b.rows = append(b.rows, []string{what, f.ID, cut(f.Title, 160), why})
	}
	for i := range c.Findings.Came {
		row("came", &c.Findings.Came[i], "")
	}
	for i := range c.Findings.Went {
		row("went", &c.Findings.Went[i], "")
	}
	for i := range c.Findings.Stayed {
		row("stayed", &c.Findings.Stayed[i].After, "")
	}
	for i := range c.Findings.Untold {
		row("can no longer be told", &c.Findings.Untold[i].Finding, c.Findings.Untold[i].Why)
	}
	return b
}

func untellableBlock(c *compare.Comparison) block {
	b := block{title: "Cannot be told", columns: []string{"Measure", "Of", "#Before", "#After", "Needs"}, detail: true}
	for _, r := range c.With(compare.CannotTell) {
		b.rows = append(b.rows, []string{r.Title, r.Where(), r.Unit.Text(r.Before.Value), r.Unit.Text(r.After.Value), r.Needs})
	}
	return b
}

// sidesOf names both sides: "before.tar.zst, after.tar.zst".
func sidesOf(c *compare.Comparison) string {
	names := func(runs []compare.Run) string {
		var list []string
		for _, r := range runs {
			list = append(list, joined(" ", r.Name, parenthesised(between(r.Case.Started, r.Case.Ended))))
		}
		return strings.Join(list, ", ")
	}
	return "before: " + names(c.Before) + " · after: " + names(c.After)
}

func parenthesised(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}
