package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/bundle/redact/names"
)

// What is found in a file with pseudonyms is, translated back, what is found in the file itself: the same findings
// with the same figures in the same order.
func TestPseudonymsChangeNoFinding(t *testing.T) {
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
				if bare, err := redact.New(nil).Bytes(bundle.KindOf(path), before); err == nil { // secrets are another test's
					before = bare
				}
				set := names.New(names.Key{1})
				out := filepath.Join(t.TempDir(), "out")
				f := bundle.Foreign{Level: plan.Standard, Secrets: redact.NewSecrets(), Set: set}
				if _, err := f.File(t.Context(), filepath.Base(path), bytes.NewReader(before), out); err != nil {
					t.Logf("%s: %v", path, err)
					continue
				}
				after, err := os.ReadFile(out)
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Equal(before, after) {
					same++
					continue
				}
				changed++
				name := filepath.Base(path)
				was := strings.ToLower(analyzed(t, name, before))
				is, _ := names.Reveal(set.Names(), []byte(analyzed(t, name, after)))
				if is := strings.ToLower(string(is)); was != is {
					t.Errorf("%s: %s", path, firstDifference(was, is))
				}
			}
			t.Logf("%d files pass byte for byte, %d are changed", same, changed)
			if changed == 0 {
				t.Error("no file was changed: the test proves nothing")
			}
		})
	}
}
