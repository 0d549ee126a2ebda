package entries

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/names.txt anew")

// Bundles of older versions hold these names: one that is changed is read by none of them. To add one is fine:
// go test ./bundle/format/entries -run Names -update.
func TestNamesStay(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				for i, name := range v.Names {
					if i >= len(v.Values) {
						continue
					}
					if word, ok := v.Values[i].(*ast.BasicLit); ok && word.Kind == token.STRING {
						text, _ := strconv.Unquote(word.Value)
						list = append(list, fmt.Sprintf("%s %s", name.Name, text))
					}
				}
			}
		}
	}
	for _, c := range slices.Sorted(maps.Keys(folders)) {
		list = append(list, fmt.Sprintf("folder of %s: %s", c, FolderOf(c)))
	}
	slices.Sort(list)
	got := strings.Join(list, "\n") + "\n"
	golden := filepath.Join("testdata", "names.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("names of the bundle (-were +are):\n%s", diff)
	}
}
