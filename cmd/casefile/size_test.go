package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// largestBinary is what a node has to take, in bytes; cmd/dist holds what it builds to the same.
const largestBinary = 30_000_000

// The binary stays small. Whatever calls a method by a name that is no constant, as text/template does, has the linker
// keep every exported method of every package: some 7 MB.
func TestBinarySize(t *testing.T) {
	if testing.Short() {
		t.Skip("links the binary")
	}
	bin := filepath.Join(t.TempDir(), "casefile")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w -dumpdep", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var deps bytes.Buffer
	cmd.Stderr = &deps
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%.2000s", err, deps.String())
	}
	lines := bufio.NewScanner(&deps)
	lines.Buffer(nil, 1<<20)
	seen := 0
	for lines.Scan() {
		seen++
		if from, _, _ := strings.Cut(lines.Text(), " -> "); strings.HasSuffix(from, "<ReflectMethod>") {
			t.Fatalf("methods are called by name: %s", lines.Text())
		}
	}
	if err := lines.Err(); err != nil || seen < 1000 {
		t.Errorf("the linker tells %d lines: %v", seen, err)
	}
	if info, err := os.Stat(bin); err != nil || info.Size() > largestBinary {
		t.Errorf("%v: %d bytes, at most %d", err, info.Size(), largestBinary)
	}
}
