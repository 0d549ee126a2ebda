package load

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"casefile/analyze/gc/gclog"
)

// What a case has of each log of the corpus is what the log's own reader finds in it: no form is taken for one that loses lines.
func TestCorpusLosesNothing(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "corpus")
	if _, err := os.Stat(root); err != nil {
		root = filepath.Join("..", "..", "..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(root); err != nil || testing.Short() {
		t.Skip("no corpus, or no time for it")
	}
	for _, set := range []string{"gcviewer", "gctoolkit-testdata"} {
		err := filepath.WalkDir(filepath.Join(root, set), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			want, err := gclog.Parse(path, f, gclog.Options{})
			if err != nil || want.Total.Count == 0 || len(want.Parts) > 1 {
				return nil // no log, or one of which the runs are told apart
			}
			got := int64(0)
			for _, j := range read(t, path).JVMs() {
				for _, l := range j.GC {
					got += l.Total.Count
				}
			}
			if got != 0 && got != want.Total.Count {
				t.Errorf("%s: %d pauses of %d", path, got, want.Total.Count)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
