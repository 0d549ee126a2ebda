package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a finding cites is shown from an archive that lies in another, or in a folder, as it is from a file.
func TestCitedInNestedArchives(t *testing.T) {
	dump, err := os.ReadFile("../../testdata/threads/hotspot-17-jcmd-l.txt")
	if err != nil {
		t.Fatal(err)
	}
	inner := zipOf(t, map[string][]byte{"threads/dump1.txt": dump})
	dir := t.TempDir()
	for name, content := range map[string][]byte{"all.zip": zipOf(t, map[string][]byte{"node1.zip": inner}), "folder/node1.zip": inner} {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, input := range []string{"all.zip", "folder", "folder/node1.zip"} {
		var out bytes.Buffer
		code := run(t.Context(), []string{"show", filepath.Join(dir, input), "deadlock"}, strings.NewReader(""), &out, &out)
		if code != 0 || !strings.Contains(out.String(), "│ ") || !strings.Contains(out.String(), `"dead-1"`) {
			t.Errorf("%s: exit %d: %s", input, code, out.String())
		}
	}
}

func zipOf(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
