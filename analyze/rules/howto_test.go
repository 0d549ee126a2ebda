package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"casefile/analyze"
)

// looking begins an action that has the reader find something out; namesHow is what tells with which command, file, option or page.
var (
	looking  = regexp.MustCompile(`^(?:As a first step, |Then |First )?(?:Look|See|Find|Check|Measure|Ask (?:who|the|those)|Follow|Join|Record|Capture|Watch)\b`)
	namesHow = regexp.MustCompile("`|casefile (?:collect|profile|compare|show)|\\b(?:jcmd|jstack|kubectl|vmstat|iostat|iotop|pidstat|top|free|dmesg|journalctl|traceroute|mtr|ss|du|df|ls|curl|gcore|nc|find|chronyc) |" +
		"\\((?:top|iotop|pidstat|free|dmesg|df|vmstat)\\b|-Xlog|-XX:|/proc/|select |EXPLAIN|the plan of|access log|lsof|transaction manager")
)

// literals joins the texts of an expression, those of what it calls with included.
func literals(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
	case *ast.BinaryExpr:
		return literals(e.X) + literals(e.Y)
	case *ast.CallExpr:
		var all strings.Builder
		for _, a := range e.Args {
			all.WriteString(literals(a))
		}
		return all.String()
	}
	return ""
}

// eachAdvice visits every analyze.Advice that the rules write, with the function around it.
func eachAdvice(t *testing.T, visit func(at string, fields map[string]ast.Expr, in string)) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			fields := []map[string]ast.Expr{}
			var assigned strings.Builder
			var at []string
			ast.Inspect(decl, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CompositeLit:
					of := map[string]ast.Expr{}
					for _, e := range n.Elts {
						if kv, ok := e.(*ast.KeyValueExpr); ok {
							if key, ok := kv.Key.(*ast.Ident); ok {
								of[key.Name] = kv.Value
							}
						}
					}
					if of["Action"] != nil {
						fields, at = append(fields, of), append(at, files.Position(n.Pos()).String())
					}
				case *ast.AssignStmt:
					for _, l := range n.Lhs {
						if s, ok := l.(*ast.SelectorExpr); ok {
							assigned.WriteString(s.Sel.Name + " ")
						}
					}
				}
				return true
			})
			for i, of := range fields {
				seen++
				visit(at[i], of, assigned.String())
			}
		}
		return nil
	})
	if err != nil || seen < 100 {
		t.Fatalf("%d actions, %v", seen, err)
	}
}

// An advice that names a setting says what to set it to.
func TestSettingsHaveValues(t *testing.T) {
	eachAdvice(t, func(at string, of map[string]ast.Expr, assigned string) {
		if of["Setting"] != nil && of["To"] == nil && !strings.Contains(assigned, "To ") {
			t.Errorf("%s names a setting and no value", at)
		}
	})
}

// An action that has the admin look for something says with what: a command, a file, a page.
func TestLookingSaysHow(t *testing.T) {
	eachAdvice(t, func(at string, of map[string]ast.Expr, _ string) {
		if text := literals(of["Action"]); looking.MatchString(text) && !namesHow.MatchString(text) {
			t.Errorf("%s: %s", at, text)
		}
	})
}

// stopping are the commands that stop a JVM for seconds and more; saysStops is how the risk tells it.
var (
	stopping  = regexp.MustCompile(`jcmd \S+ (?:twice, )?GC\.(?:class_histogram|heap_dump)|jmap -\S+ (?:PID|[0-9])`)
	saysStops = regexp.MustCompile(`\bstops?\b|\bpauses?\b`)
)

// What stops the JVM says so.
func TestStoppingIsARisk(t *testing.T) {
	eachAdvice(t, func(at string, of map[string]ast.Expr, _ string) {
		if stopping.MatchString(literals(of["Action"])) && !saysStops.MatchString(literals(of["Risk"])) {
			t.Errorf("%s: %s; risk: %s", at, literals(of["Action"]), literals(of["Risk"]))
		}
	})
}

// actable holds all advice of a result to what an admin needs: what to set to what, what it costs, and how to see that it worked.
func actable(t *testing.T, res *analyze.Result) {
	t.Helper()
	for _, f := range res.Findings {
		for i, a := range f.Advice {
			if a.Action == "" || a.Effect == "" || a.Risk == "" || a.Verify == "" || a.Setting != "" && a.To == "" {
				t.Errorf("%s, advice %d lacks something: %+v", f.ID, i+1, a)
			}
			if stopping.MatchString(a.Action) && !saysStops.MatchString(a.Risk) {
				t.Errorf("%s, advice %d stops the JVM, and does not say so: %+v", f.ID, i+1, a)
			}
		}
	}
}
