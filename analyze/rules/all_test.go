package rules

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"casefile/analyze"
)

// No threshold is there that a rule does not show: each row of the sources is listed by a rule.
func TestEveryLimitIsListed(t *testing.T) {
	listed := map[analyze.Threshold]bool{}
	for _, r := range All() {
		for _, l := range r.Limits {
			listed[l] = true
		}
	}
	rows := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		rows += strings.Count(string(text), "= analyze.NewLimit(")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if rows == 0 || rows != len(listed) {
		t.Errorf("%d limits in the sources, %d in the rules", rows, len(listed))
	}
}

// A title is made by Finding.Say and Add, which keep its figures: none is written by hand.
func TestTitlesKnowTheirFigures(t *testing.T) {
	byHand := regexp.MustCompile(`\.Title \+?= |\bTitle:`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if m := byHand.FindIndex(text); m != nil {
			t.Errorf("%s writes a title at byte %d", path, m[0])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var updateDocs = flag.Bool("update-docs", false, "write docs/rules.md anew")

// The page about the rules is the one that the code writes: go test ./analyze/rules -run Documented -update-docs.
func TestRulesAreDocumented(t *testing.T) {
	var page bytes.Buffer
	if err := WholeCatalogue().Markdown(&page); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", "rules.md")
	if *updateDocs {
		if err := os.WriteFile(path, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(kept, page.Bytes()) {
		t.Errorf("docs/rules.md is not what the rules say: make docs (%v)", err)
	}
	for _, r := range All() {
		if r.Fix == "" {
			t.Errorf("%s does not say how it is cured", r.ID)
		}
	}
}
