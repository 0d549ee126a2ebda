package gclog

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"casefile/analyze/gc"
)

// moduleRoot is the folder of go.mod above the test.
func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

// corpus gives a folder of the shared corpus, or skips the test where it is not there.
func corpus(t testing.TB, path string) string {
	t.Helper()
	full := filepath.Join(moduleRoot(t), "..", "shared", "corpus", path)
	if _, err := os.Stat(full); err != nil {
		t.Skipf("the shared corpus is not here: %v", err)
	}
	return full
}

func parseFile(t testing.TB, path string) *gc.Log {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l, err := Parse(filepath.Base(path), f, Options{})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return l
}

func parseText(t testing.TB, text string) *gc.Log {
	t.Helper()
	l, err := Parse("text", bytes.NewReader([]byte(text)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// readAll gives the text of a file, unpacked.
func readText(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := decompress(newPeeker(f))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type pauseT = gc.Pause

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
