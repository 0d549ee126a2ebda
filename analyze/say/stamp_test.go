package say

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestStamps(t *testing.T) {
	local := time.Date(2026, 3, 1, 10, 0, 5, 0, NoZone)
	paris := time.Date(2026, 3, 1, 10, 0, 5, 0, time.FixedZone("", 3600))
	for got, want := range map[string]string{
		Instant(local): "2026-03-01T10:00:05.000", Instant(paris): "2026-03-01T10:00:05.000+01:00", Instant(paris.UTC()): "2026-03-01T09:00:05.000Z",
		Instant(local.Add(time.Hour)): "2026-03-01T11:00:05.000",
		UTC(local, time.TimeOnly):     "10:00:05", UTC(paris, time.TimeOnly): "09:00:05 UTC",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A zone is written here only, where it is known whether there is one: nothing else formats a time with its zone, says UTC, or leaves a
// time to the encoder of JSON, which would write Z.
func TestZonesAreWrittenHere(t *testing.T) {
	const root = ".."
	// document.go has times of the bundle's manifest, cache.go what is read back as a time
	allowed := map[string]bool{"say/stamp.go": true, "report/document.go": true, "shelf/cache.go": true}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name := filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || allowed[name] {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if why := writesZone(n); why != "" {
				t.Errorf("%s: %s: use say.Instant or say.UTC", set.Position(n.Pos()), why)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func writesZone(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CallExpr:
		if sel, ok := n.Fun.(*ast.SelectorExpr); !ok || sel.Sel.Name != "Format" && sel.Sel.Name != "AppendFormat" {
			return ""
		}
		for _, arg := range n.Args {
			if zonedLayout(arg) {
				return "a layout with a zone"
			}
		}
	case *ast.BasicLit:
		if n.Kind == token.STRING && (strings.Contains(n.Value, " UTC\"") || strings.Contains(n.Value, "%s UTC")) {
			return "says UTC"
		}
	case *ast.Field:
		if sel, ok := n.Type.(*ast.SelectorExpr); ok && n.Tag != nil && strings.Contains(n.Tag.Value, "json:") && !strings.Contains(n.Tag.Value, `json:"-"`) && sel.Sel.Name == "Time" {
			return "a time in JSON"
		}
	}
	return ""
}

func zonedLayout(arg ast.Expr) bool {
	switch arg := arg.(type) {
	case *ast.BasicLit:
		return strings.Contains(arg.Value, "Z07") || strings.Contains(arg.Value, "-07") || strings.Contains(arg.Value, "MST")
	case *ast.SelectorExpr:
		return strings.HasPrefix(arg.Sel.Name, "RFC") || arg.Sel.Name == "UnixDate" || arg.Sel.Name == "RubyDate"
	case *ast.BinaryExpr:
		return zonedLayout(arg.X) || zonedLayout(arg.Y)
	}
	return false
}
