package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// document is a page that says what the packages hold.
func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// installed are the paths that the packages with systemd put onto a system.
func installed(t *testing.T) (paths []string) {
	t.Helper()
	r := &release{source: filepath.Join("..", ".."), out: t.TempDir(), version: "1.2.3"}
	for _, c := range r.info(targets[0], "deb").Contents {
		paths = append(paths, c.Destination)
	}
	return paths
}

var systemPath = regexp.MustCompile("(?:^|[\\s`(=])(/(?:usr|etc|var/lib)/[A-Za-z0-9_./-]*[A-Za-z0-9_-])")

// made are paths that are named and no package brings: who makes them.
var made = map[string]string{
	"/etc/casefile/node.pem":  "the admin",
	"/etc/casefile/db":        "the admin, an example of --allow-credential",
	"/var/lib/casefile":       "StateDirectory of the unit",
	"/usr/local/bin":          "the system",
	"/usr/local/bin/casefile": "the admin, from an archive",
}

// The pages name no path of casefile that the packages do not have.
func TestDocumentedPaths(t *testing.T) {
	have := installed(t)
	for _, page := range []string{"README.md", "docs/agent.md", "docs/kubernetes.md", "docs/packages.md"} {
		seen := 0
		for _, m := range systemPath.FindAllStringSubmatch(document(t, page), -1) {
			path := m[1]
			if !strings.Contains(path, "casefile") {
				continue
			}
			seen++
			below := slices.ContainsFunc(have, func(p string) bool { return strings.HasPrefix(p, path+"/") })
			if !slices.Contains(have, path) && !below && made[path] == "" {
				t.Errorf("%s names %s, which no package has", page, path)
			}
		}
		if seen == 0 && page != "docs/kubernetes.md" {
			t.Errorf("%s names no path of casefile", page)
		}
	}
}

// The unit in the page is that of the packages, and so is the figure of its sandbox.
func TestDocumentedUnit(t *testing.T) {
	unit, err := os.ReadFile("files/casefile-agent.service")
	if err != nil {
		t.Fatal(err)
	}
	page := document(t, "docs/agent.md")
	var block strings.Builder
	for line := range strings.Lines(string(unit)) {
		if strings.TrimSpace(line) != "" {
			line = "    " + line
		}
		block.WriteString(line)
	}
	if !strings.Contains(page, block.String()) {
		t.Error("docs/agent.md shows another unit than files/casefile-agent.service")
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("no systemd-analyze on this machine")
	}
	out := command(t, "systemd-analyze", "security", "--offline=true", "--no-pager", "files/casefile-agent.service")
	m := exposure.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("systemd-analyze security says\n%s", out)
	}
	if !strings.Contains(page, "exposure of "+m[1]+".") {
		t.Errorf("docs/agent.md states another exposure than %s", m[1])
	}
}

// The capabilities that the page explains are those of the unit.
func TestDocumentedCapabilities(t *testing.T) {
	unit := document(t, "cmd/dist/files/casefile-agent.service")
	capability := regexp.MustCompile(`CAP_[A-Z_]+`)
	line := regexp.MustCompile(`(?m)^AmbientCapabilities=(.*)$`).FindStringSubmatch(unit)
	if line == nil {
		t.Fatal("the unit has no AmbientCapabilities")
	}
	for _, c := range capability.FindAllString(line[1], -1) {
		if !regexp.MustCompile(`(?m)^\| [^|]*` + c + `[^|]*\|`).MatchString(document(t, "docs/agent.md")) {
			t.Errorf("docs/agent.md does not say what %s is for", c)
		}
	}
}

// README begins with the installation on each system, in one line each, and then the two commands.
func TestReadmeBeginsWithInstallation(t *testing.T) {
	page := document(t, "README.md")
	install, capture, demo := strings.Index(page, "\n## Install\n"), strings.Index(page, "\n## Capture\n"), strings.Index(page, "\n## Two commands\n")
	if install < 0 || demo < install || capture < demo || strings.Count(page[:install], "\n## ") > 0 {
		t.Errorf("install at %d, two commands at %d, capture at %d", install, demo, capture)
	}
	if n := len(namedFiles(page[install:demo])); n < 6 {
		t.Errorf("the installation names %d files", n)
	}
}

// namedFiles are the files of a release that a text names, with VERSION in the place of the version.
func namedFiles(text string) []string {
	return regexp.MustCompile(`casefile[-_]VERSION[A-Za-z0-9_.-]*[a-z0-9]|casefile\.rb`).FindAllString(text, -1)
}
