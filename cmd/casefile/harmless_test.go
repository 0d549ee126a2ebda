package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casefile/analyze/load"
	"casefile/analyze/report"
	"casefile/bundle"
	"casefile/bundle/redact"
)

// harmlessMost is the largest file that TestScrubbingChangesNoFinding takes, in bytes.
const harmlessMost = 8 << 20

// What is found in a file, and all that is said of it as JSON, is the same after scrubbing. A file that passes byte for
// byte needs no look.
func TestScrubbingChangesNoFinding(t *testing.T) {
	for name, root := range map[string]string{"corpus": "../../../shared/corpus", "own": "../.."} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat(root); err != nil {
				t.Skipf("the input is not here: %v", err)
			}
			same, changed := 0, 0
			for _, path := range evidenceFiles(t, root, name == "own") {
				before, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				after, err := redact.New(nil).Bytes(bundle.KindOf(path), before)
				if err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				if bytes.Equal(before, after) {
					same++
					continue
				}
				changed++
				name := filepath.Base(path)
				if was, is := analyzed(t, name, before), analyzed(t, name, after); was != is {
					t.Errorf("%s: %s", path, firstDifference(was, is))
				}
			}
			t.Logf("%d files pass byte for byte, %d are changed", same, changed)
			if same+changed == 0 {
				t.Error("no file was looked at")
			}
		})
	}
}

// evidenceFiles are the files below root that are neither packed nor large; of our own tree those of testdata.
func evidenceFiles(t *testing.T, root string, own bool) []string {
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || own && (!strings.Contains(path, "/testdata/") || strings.Contains(path, "/testdata/script/")) {
			return err
		}
		switch filepath.Ext(path) {
		case ".gz", ".zip", ".zst", ".go", ".java", ".md", ".class", ".jar":
			return nil
		}
		if info, err := d.Info(); err != nil || !info.Mode().IsRegular() || info.Size() > harmlessMost {
			return err
		}
		files = append(files, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// analyzed is what `analyze --output json` says of a file with that content, or why it says nothing.
func analyzed(t *testing.T, name string, content []byte) string {
	dir := t.TempDir()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c, err := load.Paths(t.Context(), []string{path})
	if err == nil {
		res, failed := evaluate(t.Context(), c)
		if failed != nil {
			t.Fatal(failed)
		}
		err = report.JSON(&out, c, res)
	}
	if err != nil {
		return strings.ReplaceAll(err.Error(), dir, "")
	}
	return strings.ReplaceAll(out.String(), dir, "")
}

// firstDifference shows the first line in which two texts differ.
func firstDifference(was, is string) string {
	before, after := strings.Split(was, "\n"), strings.Split(is, "\n")
	for i := range min(len(before), len(after)) {
		if before[i] != after[i] {
			return "line " + before[i] + "\nbecame " + after[i]
		}
	}
	return "one is longer"
}
