package rules

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What casefile tells an admin to run must not make a sick JVM sicker: with -l a thread dump walks the whole heap
// while all threads stand still.
func TestNoAdviceWalksTheHeap(t *testing.T) {
	harmful := regexp.MustCompile(`(Thread\.print|jstack) -l\b`)
	for _, room := range []string{"..", "../../cmd", "../../docs", "../../README.md"} {
		err := filepath.WalkDir(room, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".md") {
				return err
			}
			text, err := os.ReadFile(path)
			if m := harmful.Find(text); m != nil {
				t.Errorf("%s says %q", path, m)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
