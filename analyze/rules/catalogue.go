package rules

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"casefile/analyze"
)

// Wing is the rules about one kind of evidence.
type Wing struct {
	Title string
	Rules []*analyze.Rule
}

// Catalogue puts rules in words: what each means, needs and goes by, and what explains what.
type Catalogue struct{ Wings []Wing }

// WholeCatalogue is that of all rules.
func WholeCatalogue() *Catalogue { return &Catalogue{wings()} }

// Find gives a rule by its id.
func (c *Catalogue) Find(id string) (*analyze.Rule, bool) {
	for _, w := range c.Wings {
		for _, r := range w.Rules {
			if r.ID == id {
				return r, true
			}
		}
	}
	return nil, false
}

// List prints each rule with its meaning, a line for each.
func (c *Catalogue) List(w io.Writer) error {
	var b strings.Builder
	for i, wing := range c.Wings {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n", wing.Title)
		for _, r := range wing.Rules {
			fmt.Fprintf(&b, "  %-24s %s\n", r.ID, r.Doc)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Rule prints all of one rule.
func (c *Catalogue) Rule(w io.Writer, r *analyze.Rule) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n\nNeeds: %s.\n", r.ID, r.Doc, strings.TrimSuffix(r.Needs, "."))
	if r.Fix != "" {
		fmt.Fprintf(&b, "Fix: %s\n", r.Fix)
	}
	for _, l := range c.relations(r) {
		fmt.Fprintf(&b, "%s: %s.\n", l.what, strings.Join(l.ids, ", "))
	}
	if len(r.Limits) > 0 {
		b.WriteString("\nThresholds\n")
	}
	for _, l := range r.Limits {
		row := l.Row()
		fmt.Fprintf(&b, "  %-14s %s (%s)\n", row.Text(), row.What, row.Source)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// relation is one way in which a rule depends on others.
type relation struct {
	what string
	ids  []string
}

// relations are those of a rule to others, in both directions.
func (c *Catalogue) relations(r *analyze.Rule) (out []relation) {
	var explains []string
	for _, w := range c.Wings {
		for _, o := range w.Rules {
			if slices.Contains(o.ExplainedBy, r.ID) || slices.Contains(o.Behind, r.ID) {
				explains = append(explains, o.ID)
			}
		}
	}
	for _, l := range []relation{
		{"Explained by", r.ExplainedBy}, {"Explains", explains}, {"Consequence of, where its threads are the same", r.Behind}, {"Silenced by", r.Unless}, {"Repeats", r.Repeats}, {"Looks at", r.After},
	} {
		if len(l.ids) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// Markdown prints the whole catalogue as a page, with the map of what explains what.
func (c *Catalogue) Markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Rules\n\nWhat each finding means, what it needs, and the thresholds it goes by, each with " +
		"its source. " +
		"`casefile rules --output markdown` writes this page, `casefile rules ID` prints one rule.\n\n" +
		"## What explains what\n\nWhere two findings are about one process, the one on the right is the cause: " +
		"curing it cures both, and the one " +
		"on the left stands behind it. A rule is silent where another one says the same more exactly.\n\n" +
		"| finding | explained by | silenced by | repeats, as a note |\n|---|---|---|---|\n")
	for _, wing := range c.Wings {
		for _, r := range wing.Rules {
			causes := slices.Concat(r.ExplainedBy, r.Behind)
			if len(causes)+len(r.Unless)+len(r.Repeats) > 0 {
				fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", r.ID, r.ID, links(causes), links(r.Unless), links(r.Repeats))
			}
		}
	}
	for _, wing := range c.Wings {
		fmt.Fprintf(&b, "\n## %s\n", wing.Title)
		for _, r := range wing.Rules {
			c.section(&b, r)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// section is one rule of the page.
func (c *Catalogue) section(b *strings.Builder, r *analyze.Rule) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n- Needs: %s\n", r.ID, r.Doc, strings.ReplaceAll(r.Needs, "<", "&lt;"))
	if r.Fix != "" {
		fmt.Fprintf(b, "- Fix: %s\n", r.Fix)
	}
	for _, l := range c.relations(r) {
		fmt.Fprintf(b, "- %s: %s\n", l.what, links(l.ids))
	}
	if len(r.Limits) == 0 {
		return
	}
	b.WriteString("\n| threshold | of | source |\n|---|---|---|\n")
	for _, l := range r.Limits {
		row := l.Row()
		fmt.Fprintf(b, "| %s | %s | %s |\n", row.Text(), row.What, row.Source)
	}
}

// links names rules by links to their sections.
func links(ids []string) string {
	var out []string
	for _, id := range ids {
		out = append(out, fmt.Sprintf("[%s](#%s)", id, id))
	}
	return strings.Join(out, ", ")
}
