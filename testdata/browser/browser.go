// Package browser is what tests need that look at pages in a real browser.
package browser

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"os"
	"os/exec"
	"testing"
)

// Chromium finds the browser, and skips the test where there is none. On Debian, as root, it is installed.
func Chromium(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is not started in short mode")
	}
	if path := find(); path != "" {
		return path
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Getuid() != 0 {
		t.Skip("no chromium here: pages are not looked at in a browser (apt-get install chromium)")
	}
	cmd := exec.CommandContext(t.Context(), apt, "install", "-y", "-qq", "chromium")
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("chromium could not be installed: %v: %s", err, out[max(0, len(out)-200):])
	}
	return find()
}

func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

//go:embed axe/axe.min.js.gz
var packed []byte

// Axe is the script of axe-core, vendored with its licence: evaluated in a page it gives 0.
func Axe(t *testing.T) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n;0"
}

// Violations is a script that gives what axe-core has against the page, as JSON for [Violation]s.
const Violations = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"], resultTypes: ["violations"]})
	.then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3)
	.map(n => n.html.slice(0, 200) + " " + (n.failureSummary || "").slice(0, 300))}))))`

// Violation is a rule of accessibility that a page breaks.
type Violation struct {
	ID, Help string
	Nodes    []string
}
