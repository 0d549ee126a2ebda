package checklist

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casefile/analyze/say"
)

var updateDocs = flag.Bool("update-docs", false, "write docs/checklist.md anew")

// The page about the checklist is the one that its data makes: make docs.
func TestChecklistIsDocumented(t *testing.T) {
	items, err := Items()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# The checklist\n\n`casefile check [BUNDLE]` answers these questions: ok, not ok with the measured value and its fix, or not known and how to " +
		"get it. The report and SUMMARY.md have them too. Products are asked what is about them; *who shows one* is asked about a database, a shared home or a " +
		"directory where the capture has a sign of it or somebody named it. This page is made of analyze/checklist/items.yaml by `make docs`.\n\n" +
		"**All ok, exit code 0.** `casefile check --cluster cluster.yaml --use-app-credentials` asks the database with the application's own login, for which agents are started with " +
		"`--allow-app-credentials`; a shared home is named in cluster.yaml and admitted with `--allow-storage`. Then nothing of a sound cluster stays open. What is only worth a note (info) " +
		"and what only people know (the licence) keeps no exit code 0 away; `--question ID=n/a` answers the rest, for good in a file: `--answers`.\n")
	for _, g := range Groups {
		fmt.Fprintf(&b, "\n## %s\n\n| id | question | good | bad | asked of | source | fix | how to get the answer |\n|---|---|---|---|---|---|---|---|\n", g[1])
		for _, i := range items {
			if i.Group == g[0] {
				good, bad := marks(i)
				for _, product := range slices.Sorted(maps.Keys(i.Marks)) {
					own := i.of(map[string]bool{product: true})
					g, b := marks(own)
					good, bad = good+"; "+product+": "+g, bad+"; "+product+": "+b
				}
				of := strings.Join(i.Products, ", ")
				if i.Where != "" {
					of = strings.TrimPrefix(of+", who shows one", ", ")
				}
				if of == "" {
					of = "all"
				}
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", i.ID, i.Question, good, bad, of, pipe(sources(i)), pipe(i.Fix), pipe(i.How))
			}
		}
	}
	path := filepath.Join("..", "..", "docs", "checklist.md")
	if *updateDocs {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != b.String() {
		t.Errorf("docs/checklist.md is not what items.yaml says: make docs (%v)", err)
	}
}

func sources(i *Item) string {
	text := i.Source
	for _, product := range slices.Sorted(maps.Keys(i.Marks)) {
		text += "; " + i.Marks[product].Source
	}
	return text
}

func pipe(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

func marks(i *Item) (good, bad string) {
	unit := func(v float64) string { return strings.TrimSpace(say.Number(v) + " " + i.Unit) }
	switch i.Test {
	case Below:
		return "up to " + unit(i.Good), "from " + unit(i.Bad)
	case Above:
		return "from " + unit(i.Good), "below " + unit(i.Bad)
	case Same:
		return "the same", "differs"
	case Among:
		return strings.ReplaceAll(strings.Join(i.Wants, ", "), "*", "\\*"), "another"
	case Yes:
		return "yes", "no"
	case Findings:
		return "nothing found", strings.Join(i.Rules, ", ")
	}
	return "people know", ""
}
