package main

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casefile/bundle"
	"casefile/bundle/format/entries"
)

// causesTold reports the lines of the ledgers of all bundles below a folder that miss something and do not say of what
// kind the cause is.
func causesTold(ctx context.Context, folder string) error {
	var untold []error
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".tar.zst") && !strings.HasSuffix(path, ".zip") {
			return err
		}
		r, err := bundle.Open(ctx, path)
		if err != nil {
			return nil // a script cuts bundles, and writes others that are none
		}
		for _, c := range r.Manifest.Coverage {
			if c.Status != bundle.OK && (c.Cause == entries.Other || !slices.Contains(entries.Causes, c.Cause)) {
				untold = append(untold, fmt.Errorf("%s: %s of %s %s is %s with cause %q: %s",
					filepath.Base(path), c.Item, c.Collector, c.Target, c.Status, c.Cause, c.Reason))
			}
		}
		return nil
	})
	return errors.Join(append(untold, err)...)
}

// Whoever writes a line of the ledger that something is missing says of what kind the cause is.
func TestLedgerLinesHaveCauses(t *testing.T) {
	written := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			line, ok := n.(*ast.CompositeLit)
			if !ok || nameOf(line.Type) != "Coverage" {
				return true
			}
			keys := map[string]string{}
			for _, e := range line.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					keys[nameOf(kv.Key)] = nameOf(kv.Value)
				}
			}
			if len(keys) == 0 || keys["Status"] == "OK" {
				return true
			}
			written++
			if cause, told := keys["Cause"]; !told || cause == "Other" {
				t.Errorf("%s writes a line of the ledger without a cause: %v", path, keys)
			}
			return true
		})
		return nil
	})
	if err != nil || written == 0 {
		t.Fatal(err, written)
	}
}

// nameOf is the last name of an expression: Coverage of bundle.Coverage.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
