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

// In a folder a pipe, a link and a socket are passed over and told; the files next to them are read.
func TestAnalyzeFolderWithPipe(t *testing.T) {
	t.Setenv("CASEFILE_CONFIG", "/dev/null")
	dir := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(dir, "a.log"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(filepath.Join(dir, "z.log"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("ok.log", filepath.Join(dir, "current.log")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ok.log"), []byte("2026-01-02 10:00:05,123 ERROR [main] [core.Foo] doIt failed\njava.lang.OutOfMemoryError: Java heap space\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	if code := run(t.Context(), []string{"analyze", "--output", "json", dir}, strings.NewReader(""), &out, &said); code != 0 {
		t.Fatalf("exit code %d: %s", code, said.String())
	}
	for _, want := range []string{"OutOfMemoryError", "not read (named pipe): a.log, z.log", "not read (symbolic link): current.log"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not there: %s", want, out.String())
		}
	}
}
