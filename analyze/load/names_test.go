package load

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casefile/bundle/format/entries"
)

// Each entry is read, or the table marks it as raw evidence.
func TestEntriesAreRead(t *testing.T) {
	for _, d := range append(slices.Clone(entries.JVM), entries.Go...) {
		read := slices.ContainsFunc(readers, func(r reader) bool { return r.file == d.File })
		if read == d.Raw {
			t.Errorf("%s: marked as raw %v, has a reader %v", d.File, d.Raw, read)
		}
	}
	for _, d := range entries.Kubernetes {
		if read := slices.ContainsFunc(podReaders, func(r podReader) bool { return r.file == d.File }); read == d.Raw {
			t.Errorf("%s: marked as raw %v, has a reader %v", d.File, d.Raw, read)
		}
	}
	for i, r := range readers {
		if slices.ContainsFunc(readers[:i], func(before reader) bool { return before.file.Match(r.file.Of("x")) }) {
			t.Errorf("%s is never reached: a reader before it takes its entries", r.file)
		}
	}
}

// Each column of a process series is written, and read by a rule or a chart unless
// the table marks it as raw; collectors name entries by constants only.
func TestNamesHaveTwoSides(t *testing.T) {
	written, read := uses(t, "../../collectors"), uses(t, "..")
	raw := map[string]bool{}
	for _, c := range entries.ProcessColumns {
		raw[c.Name] = c.Raw
	}
	for name, value := range constants(t) {
		if _, column := raw[value]; !column || strings.HasPrefix(name, "Item") {
			continue
		}
		if !written[name] {
			t.Errorf("column %s is not written", name)
		}
		if read[name] == raw[value] {
			t.Errorf("column %s: marked as raw %v, read %v", name, raw[value], read[name])
		}
	}
}

func sources(t *testing.T, dir string, look func(string, *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err == nil {
			look(name, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// uses are the names of package entries that the sources below dir use. What a
// collector stores must be named by one: a name written out is an error.
func uses(t *testing.T, dir string) map[string]bool {
	found := map[string]bool{}
	sources(t, dir, func(file string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "entries" {
					found[n.Sel.Name] = true
				}
			case *ast.BasicLit:
				if text := strings.Trim(n.Value, `"`); column(text) {
					t.Errorf("%s: the column %s is named in place: use the constant of bundle/format/entries", file, text)
				}
			case *ast.CompositeLit:
				if name := literalName(n); name != "" {
					t.Errorf("%s: the entry %s is named in place: name it in bundle/format/entries", file, name)
				}
			}
			return true
		})
	})
	return found
}

func column(name string) bool {
	return name != entries.Threads && // a word of many uses
		slices.ContainsFunc(entries.ProcessColumns, func(c entries.Column) bool { return c.Name == name })
}

// literalName is the path that a collectors.Evidence is given as text.
func literalName(lit *ast.CompositeLit) (text string) {
	if s, ok := lit.Type.(*ast.SelectorExpr); !ok || s.Sel.Name != "Evidence" {
		return ""
	}
	for _, e := range lit.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if key, isName := pair.Key.(*ast.Ident); ok && isName && key.Name == "Name" {
			ast.Inspect(pair.Value, func(n ast.Node) bool {
				if b, ok := n.(*ast.BasicLit); ok && strings.Contains(b.Value, "/") {
					text = b.Value
				}
				return true
			})
		}
	}
	return text
}

// constants of package entries, by name.
func constants(t *testing.T) map[string]string {
	all := map[string]string{}
	sources(t, "../../bundle/format/entries", func(_ string, f *ast.File) {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				for i, x := range v.Values {
					if b, ok := x.(*ast.BasicLit); ok {
						all[v.Names[i].Name] = strings.Trim(b.Value, `"`)
					}
				}
			}
		}
	})
	return all
}
