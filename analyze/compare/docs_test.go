package compare

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var updateDocs = flag.Bool("update-docs", false, "write the table of measures into docs/compare.md")

// The table of measures in the documentation is the one of the code.
func TestMeasuresAreDocumented(t *testing.T) {
	const begin, end = "<!-- measures: written by make docs -->\n", "<!-- end of measures -->"
	path := filepath.Join("..", "..", "docs", "compare.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatal("docs/compare.md has no place for the table")
	}
	var b strings.Builder
	b.WriteString("| measure | what | unit | better | role | source | how sampled |\n|---|---|---|---|---|---|---|\n")
	seen := map[string]bool{}
	list := Measures()
	for _, p := range parts {
		list = append(list, p.measure)
	}
	for _, m := range list {
		if m.Name == "" || m.Title == "" || m.Source == "" || m.Sampled == "" || m.Least <= 0 || m.Between <= 0 || seen[m.Name] {
			t.Errorf("%q lacks something, or is there twice", m.Name)
		}
		seen[m.Name] = true
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", m.Name, m.Title, m.Unit, m.Best, m.Role, m.Source, m.Sampled)
	}
	want := before + begin + b.String() + end + after
	switch {
	case want == string(text):
	case *updateDocs:
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Error("docs/compare.md has another table of measures: make docs")
	}
}
