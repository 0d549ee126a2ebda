package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// shared are fields whose values two places must agree on: each has constants, so that a rename in one place alone does
// not compile.
var shared = []string{"Collector", "Cause", "Format", "Item", "Measure", "Transport"}

// A name that two places share is compared with its constant, never with a word.
func TestSharedNamesAreConstants(t *testing.T) {
	compared := 0
	for _, side := range []string{"analyze", "bundle", "collectors", "cmd/casefile"} {
		err := filepath.WalkDir(filepath.Join("..", "..", side), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			if strings.Contains(path, filepath.Join("analyze", "gc")) {
				return nil // a cause is what a JVM writes there
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			check := func(field, value ast.Expr) {
				name, ok := field.(*ast.SelectorExpr)
				if !ok || !slices.Contains(shared, name.Sel.Name) {
					return
				}
				compared++
				if word, ok := value.(*ast.BasicLit); ok && word.Kind == token.STRING && word.Value != `""` {
					text, _ := strconv.Unquote(word.Value)
					t.Errorf("%s compares %s with the word %q: use its constant", path, name.Sel.Name, text)
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BinaryExpr:
					if n.Op == token.EQL || n.Op == token.NEQ {
						check(n.X, n.Y)
						check(n.Y, n.X)
					}
				case *ast.SwitchStmt:
					for _, c := range n.Body.List {
						for _, value := range c.(*ast.CaseClause).List {
							check(n.Tag, value)
						}
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if compared < 20 {
		t.Errorf("only %d comparisons seen", compared)
	}
}

// Each judge of a rule says what it looks at.
func TestJudgesHaveComments(t *testing.T) {
	judges := 0
	err := filepath.WalkDir(filepath.Join("..", "..", "analyze", "rules"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "judge") {
				continue
			}
			judges++
			if !strings.HasPrefix(f.Doc.Text(), f.Name.Name+" ") {
				t.Errorf("%s: %s has no comment", path, f.Name.Name)
			}
		}
		return nil
	})
	if err != nil || judges < 60 {
		t.Fatal(err, judges)
	}
}
