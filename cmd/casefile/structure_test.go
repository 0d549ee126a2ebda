package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layer is what packages whose path begins so may import of the project. The longest beginning counts.
type layer struct {
	path string
	may  []string // beginnings of paths
	what string
}

// layers of the code, from the bottom up; docs/architecture.md shows them.
var layers = []layer{
	{"bundle/format", []string{"bundle/format"}, "formats that travel in a bundle and are read on both sides; each a leaf"},
	{"bundle/newfile", []string{"bundle/newfile"}, "a new file of one owner that is there as a whole or not at all"},
	{"bundle/redact", []string{"bundle/redact", "bundle/format", "bundle/newfile"}, "scrubs secrets while it writes"},
	{"bundle/seal", []string{"bundle/seal"}, "encrypts to recipients while it writes, and reads what is still written or was cut"},
	{"bundle/send", []string{"bundle/send"}, "delivers files: S3, SFTP, HTTPS, WebDAV"},
	{"bundle", []string{"bundle"}, "the file format: writer, reader, manifest, parts, verify"},

	{"collectors", []string{"collectors", "bundle"}, "the capture side (Linux only)"},

	{"analyze/say", []string{"analyze/say"}, "words and numbers of findings and reports"},
	{"analyze/threads", []string{"analyze/threads", "analyze/say", "bundle/format"}, "thread dumps: parsers, waits, locks, crews"},
	{"analyze/gc", []string{"analyze/gc", "analyze/say", "bundle/format"}, "collections and safepoints; gclog below it parses the logs"},
	{"analyze/jfr", []string{"analyze/jfr", "bundle/format"}, "what recordings say"},
	{"analyze/profile", []string{"analyze/profile", "bundle/format"}, "profiles"},
	{"analyze/host", []string{"analyze/host", "bundle/format"}, "figures of the host"},
	{"analyze/timing", []string{"analyze/timing", "bundle/format"}, "clocks, round trips, probes"},
	{"analyze/applog", []string{"analyze/applog", "analyze/say", "bundle/format"}, "logs of applications and access logs"},
	{"analyze/appconf", []string{"analyze/appconf", "bundle/format"}, "configuration files of applications"},
	{"analyze/gc/fromjfr", []string{"analyze/jfr", "analyze/gc", "analyze/say", "bundle/format"}, "bridge: collections out of recordings"},
	{"analyze/profile/fromjfr", []string{"analyze/jfr", "analyze/profile", "analyze/threads", "bundle/format"},
		"bridge: profiles out of recordings"},
	{"analyze/loss", []string{"analyze/loss", "analyze/threads", "analyze/gc", "analyze/say", "bundle/format"}, "where the threads' time went"},
	{"analyze/database", []string{"analyze/database", "bundle/format"}, "sessions, locks and statements of database servers"},
	{"analyze/waits", []string{"analyze/waits", "analyze/database", "analyze/loss", "analyze/threads", "analyze/say", "bundle/format"},
		"the wait graph: who waits for whom over threads, databases and nodes"},
	{"analyze/ids", []string{"analyze/ids"}, "ids of the rules"},

	{"analyze", []string{"analyze/loss", "analyze/threads", "analyze/gc", "analyze/jfr", "analyze/profile", "analyze/timing",
		"analyze/host", "analyze/applog", "analyze/appconf", "analyze/database", "analyze/waits", "analyze/say", "bundle/format"},
		"Case, Rule, Finding, Run: the evidence of all nodes on one clock, and what rules say about it"},
	{"analyze/compare/stats", []string{"analyze/compare/stats"}, "how a measure differs between runs, and how sure that is"},
	{"analyze/compare", []string{"analyze", "bundle/format", "bundle/redact"}, "two sides: what changed, by how much, and what else did"},
	{"analyze/signatures", []string{"analyze", "bundle/format"}, "known problems of products, as data"},
	{"analyze/checklist", []string{"analyze", "bundle/format"}, "questions to a cluster, as data, answered from the Case"},
	{"analyze/capacity", []string{"analyze", "bundle/format"}, "what ends the growth of a cluster, and what happens when a node dies"},
	{"analyze/ticket", []string{"analyze", "bundle/format"}, "what support asks for, and what of it a capture has"},
	{"analyze/load", []string{"analyze", "bundle"}, "bundle or loose files -> Case"},
	{"analyze/rules", []string{"analyze", "bundle/format"}, "the rules, in wings"},
	{"analyze/report", []string{"analyze", "bundle/format"}, "Case and findings -> HTML, Markdown, JSON, terminal"},

	{"analyze/answer", []string{"analyze", "bundle/format"}, "questions to one capture, answered as bounded data with entry and lines"},
	{"analyze/shelf", []string{"analyze", "bundle"}, "the captures at some paths, and what was found in each"},
	{"analyze/assistant", []string{"analyze"}, "answers as tools of the Model Context Protocol"},
	{"analyze/page", []string{"analyze"}, "captures as pages of a local server"},

	{"cmd/samples", []string{"cmd/samples", "bundle/format"}, "sample programs with planted problems, for casefile demo and the tests"},
	{"cmd", []string{"cmd", "analyze", "collectors", "bundle"}, "the verbs; only they see both sides"},
}

// systems are those that casefile is built for, as make cross builds it.
var systems = []string{"linux", "darwin", "windows"}

// imports gives what each package of the project that the patterns need imports of the project.
func imports(t *testing.T, system string, patterns ...string) map[string][]string {
	t.Helper()
	args := append([]string{"list", "-deps", "-f", `{{.ImportPath}} {{join .Imports " "}}`}, patterns...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	cmd.Stderr = new(bytes.Buffer)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", system, err, cmd.Stderr)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		var own []string
		for _, p := range strings.Fields(line) {
			if rel, ours := strings.CutPrefix(p, "casefile/"); ours {
				own = append(own, rel)
			}
		}
		if strings.HasPrefix(line, "casefile/") {
			all[own[0]] = own[1:]
		}
	}
	return all
}

func TestImportDirection(t *testing.T) {
	for _, system := range systems {
		patterns := []string{"casefile/cmd/casefile"}
		if system == "linux" {
			patterns = append(patterns, "casefile/...")
		}
		packages := imports(t, system, patterns...)
		if packages["bundle"] == nil {
			t.Errorf("%s: the binary does not even have bundle", system)
		}
		for pkg, list := range packages {
			l := layerOf(pkg)
			if l == nil {
				t.Errorf("%s: %s has no place in the layout", system, pkg)
				continue
			}
			for _, imp := range list {
				if !below(imp, l.may) {
					t.Errorf("%s: %s imports %s", system, pkg, imp)
				}
			}
			if system != "linux" && below(pkg, []string{"collectors", "cmd/samples"}) {
				t.Errorf("%s: %s is part of a binary that captures nothing", system, pkg)
			}
		}
	}
}

// A wing of the rules knows no other wing, and what reads a bundle knows no rule.
func TestWingsStandAlone(t *testing.T) {
	wings := []string{"dumps", "collections", "settings", "machines", "cluster", "recordings", "chains"}
	seen := 0
	for pkg, list := range imports(t, "linux", "casefile/analyze/load", "casefile/analyze/rules") {
		for _, imp := range list {
			wing, is := strings.CutPrefix(imp, "analyze/rules/")
			if is && slices.Contains(wings, wing) {
				seen++
				if pkg != "analyze/rules" {
					t.Errorf("%s imports %s", pkg, imp)
				}
			}
		}
		if pkg == "analyze/load" && slices.ContainsFunc(list, func(imp string) bool { return below(imp, []string{"analyze/rules"}) }) {
			t.Error("load imports rules")
		}
	}
	if seen < len(wings) {
		t.Errorf("only %d of %d wings are part of the rules", seen, len(wings))
	}
}

// What is built for Linux only stands in files without a twin for other systems, which no binary would compile.
func TestNoFileForSystemsWithoutCapture(t *testing.T) {
	err := filepath.WalkDir(filepath.Join("..", "..", "collectors"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		first, _, _ := strings.Cut(string(text), "\npackage ")
		if strings.Contains(first, "//go:build !") {
			t.Errorf("%s is part of no binary", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var updateDocs = flag.Bool("update-docs", false, "write the layers of docs/architecture.md anew")

const layersBegin, layersEnd = "<!-- layers: written by make docs -->\n", "<!-- end of layers -->\n"

// The layers of docs/architecture.md are those that hold: go test ./cmd/casefile -run LayersAreDocumented -update-docs.
func TestLayersAreDocumented(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "architecture.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(page), layersBegin)
	_, after, ends := strings.Cut(rest, layersEnd)
	if !begins || !ends {
		t.Fatalf("%s has no place for the layers", path)
	}
	want := before + layersBegin + layersTable() + layersEnd + after
	if *updateDocs {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(page) != want {
		t.Error("docs/architecture.md does not show the layers of structure_test.go: make docs")
	}
}

func layersTable() string {
	var b strings.Builder
	b.WriteString("| package | what it is | may import |\n|---|---|---|\n")
	for _, l := range layers {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", l.path, l.what, strings.Join(l.may, ", "))
	}
	return b.String()
}

func layerOf(pkg string) (best *layer) {
	for i, l := range layers {
		if below(pkg, []string{l.path}) && (best == nil || len(l.path) > len(best.path)) {
			best = &layers[i]
		}
	}
	return best
}

func below(pkg string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(d string) bool { return pkg == d || strings.HasPrefix(pkg, d+"/") })
}

// The unit that docs/agent.md shows is the one in the packages.
func TestUnitIsDocumented(t *testing.T) {
	unit, err := os.ReadFile("../dist/files/casefile-agent.service")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/agent.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for line := range strings.Lines(strings.TrimRight(string(unit), "\n")) {
		if strings.TrimSpace(line) != "" {
			shown.WriteString("    ")
		}
		shown.WriteString(line)
	}
	if !strings.Contains(string(page), shown.String()) {
		t.Errorf("docs/agent.md shows another unit than cmd/dist/files/casefile-agent.service:\n%s", shown.String())
	}
}
