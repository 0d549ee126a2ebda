package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The direction of imports, by the beginning of a package's path: what it may
// import of the project. The longest beginning counts.
var mayImport = map[string][]string{
	"bundle":             {"bundle"},
	"bundle/format":      {"bundle/format"},
	"bundle/redact":      {"bundle/redact", "bundle/format"},
	"collectors":         {"collectors", "bundle"},
	"analyze":            {"analyze/loss", "analyze/threads", "analyze/gc", "analyze/jfr", "analyze/profile", "analyze/timing", "analyze/host", "analyze/applog", "analyze/appconf", "analyze/say", "bundle/format"},
	"analyze/threads":    {"analyze/threads", "bundle/format"},
	"analyze/gc":         {"analyze/gc", "bundle/format"},
	"analyze/loss":       {"analyze/loss", "analyze/threads", "analyze/gc", "bundle/format"},
	"analyze/profile":    {"analyze/profile", "bundle/format"},
	"analyze/jfr":        {"analyze/jfr", "bundle/format"},
	"analyze/host":       {"analyze/host", "bundle/format"},
	"analyze/applog":     {"analyze/applog", "bundle/format"},
	"analyze/appconf":    {"analyze/appconf", "bundle/format"},
	"analyze/timing":     {"analyze/timing", "bundle/format"},
	"analyze/load":       {"analyze", "bundle"},
	"analyze/rules":      {"analyze", "bundle/format"},
	"analyze/ids":        {"analyze/ids"},
	"analyze/say":        {"analyze/say"},
	"analyze/signatures": {"analyze", "bundle/format"},
	"analyze/report":     {"analyze", "bundle/format"},
	"cmd":                {"cmd", "analyze", "collectors", "bundle", "testdata"},
	"testdata":           {"testdata"},

	// Bridges: recordings in the models of other subjects.
	"analyze/profile/fromjfr": {"analyze/jfr", "analyze/profile", "analyze/threads", "bundle/format"},
	"analyze/gc/fromjfr":      {"analyze/jfr", "analyze/gc", "bundle/format"},
}

func TestImportDirection(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "casefile/...").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		pkg := strings.TrimPrefix(words[0], "casefile/")
		allowed := mayImport[longestPrefix(pkg)]
		if allowed == nil {
			t.Errorf("%s has no place in the layout", pkg)
		}
		for _, imp := range words[1:] {
			rel, ours := strings.CutPrefix(imp, "casefile/")
			if ours && !below(rel, allowed) {
				t.Errorf("%s imports %s", pkg, rel)
			}
		}
	}
}

// A wing of the rules knows no other wing, and what reads a bundle knows no rule.
func TestWingsStandAlone(t *testing.T) {
	wings := []string{"dumps", "collections", "settings", "machines", "cluster", "recordings"}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "casefile/analyze/load", "casefile/analyze/rules").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		for _, imp := range words[1:] {
			wing, is := strings.CutPrefix(imp, "casefile/analyze/rules/")
			if !is || !slices.Contains(wings, wing) {
				continue
			}
			seen++
			if words[0] != "casefile/analyze/rules" {
				t.Errorf("%s imports %s", words[0], imp)
			}
		}
		if words[0] == "casefile/analyze/load" && strings.Contains(line, "casefile/analyze/rules") {
			t.Error("load imports rules")
		}
	}
	if seen < len(wings) {
		t.Errorf("only %d of %d wings are part of the rules", seen, len(wings))
	}
}

func longestPrefix(pkg string) string {
	best := ""
	for p := range mayImport {
		if below(pkg, []string{p}) && len(p) > len(best) {
			best = p
		}
	}
	return best
}

func below(pkg string, dirs []string) bool {
	for _, d := range dirs {
		if pkg == d || strings.HasPrefix(pkg, d+"/") {
			return true
		}
	}
	return false
}
