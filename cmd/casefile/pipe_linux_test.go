package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What comes through a pipe is read once: to open it again for the evidence of a finding would wait for another writer for ever.
func TestAnalyzePipe(t *testing.T) {
	t.Setenv("CASEFILE_CONFIG", "/dev/null")
	pipe := filepath.Join(t.TempDir(), "app.log")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		written <- os.WriteFile(pipe, []byte("2026-01-02 10:00:05,123 ERROR [main] [core.Foo] doIt failed\njava.lang.OutOfMemoryError: Java heap space\n"), 0o600)
	}()
	page := filepath.Join(t.TempDir(), "page.html")
	var out, said bytes.Buffer
	if code := run(t.Context(), []string{"analyze", "--html", page, pipe}, strings.NewReader(""), &out, &said); code != 0 {
		t.Fatalf("exit code %d: %s", code, said.String())
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "OutOfMemoryError") {
		t.Errorf("the finding is not there: %s", out.String())
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(html, []byte("can be read once only")) {
		t.Error("the page does not say why the lines are missing")
	}
}
