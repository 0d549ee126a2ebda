package jfr

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"casefile/cmd/samples/live/livetest"
)

// corpus gives the recordings of the shared corpus, unpacked, by their paths.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	root := filepath.Join("..", "..", "..", "..", "shared", "corpus")
	if _, err := os.Stat(root); err != nil {
		t.Skipf("the shared corpus is not here: %v", err)
	}
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(strings.TrimSuffix(path, ".gz"), ".jfr") {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && bytes.HasPrefix(b, []byte("\x1f\x8b")) {
			var z *gzip.Reader
			if z, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
				b, err = io.ReadAll(z)
			}
		}
		rel, _ := filepath.Rel(root, path)
		files[rel] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// readAll counts the events of a recording by type, as `jfr summary` names them.
func readAll(b []byte) (counts map[string]int64, chunks []Chunk, err error) {
	r := NewReader(bytes.NewReader(b), Limits{})
	counts = map[string]int64{}
	for {
		c, err := r.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return counts, chunks, err
		}
		chunks = append(chunks, *c)
		for t, n := range c.Counts() {
			if t != nil {
				counts[t.Name] += n
			} else {
				counts["unknown"] += n
			}
		}
	}
}

// summary is what the JDK's tool counts; false when it cannot read the file.
func summary(t *testing.T, tool, file string) (map[string]int64, bool) {
	out, err := exec.CommandContext(t.Context(), tool, "summary", file).Output()
	if err != nil {
		return nil, false
	}
	counts := map[string]int64{}
	_, table, _ := strings.Cut(string(out), "=====\n")
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		if n, err := strconv.ParseInt(f[1], 10, 64); err == nil && n > 0 {
			counts[f[0]] += n
		}
	}
	return counts, len(counts) > 0
}

// The JDK's own tool counts the same events of each type. It is asked about each chunk by itself: over several chunks it takes
// type ids for the same that two writers gave to different types.
func TestCountsAreThoseOfTheJDK(t *testing.T) {
	tool, ok := livetest.Newest(t).Has("jfr")
	if !ok {
		t.Skip("no jfr tool")
	}
	compared := 0
	for name, b := range corpus(t) {
		got, chunks, err := readAll(b)
		if errors.Is(err, ErrVersion) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		delete(got, "unknown") // the tool leaves out what has no name
		want := map[string]int64{}
		for _, c := range chunks {
			file := filepath.Join(t.TempDir(), "r.jfr")
			if err := os.WriteFile(file, b[c.Offset:c.Offset+int64(c.Bytes())], 0o600); err != nil {
				t.Fatal(err)
			}
			part, ok := summary(t, tool, file)
			if !ok {
				t.Logf("%s: the tool cannot read it", name)
				want = nil
				break
			}
			for typ, n := range part {
				want[typ] += n
			}
		}
		if want == nil {
			continue
		}
		compared++
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-jfr summary +ours):\n%s", name, d)
		}
	}
	if compared < 20 {
		t.Errorf("the tool read %d recordings only", compared)
	}
}

// Recordings of Oracle's JDK 7 and 8 give an error that says so; all others are whole.
func TestCorpusReads(t *testing.T) {
	old := 0
	for name, b := range corpus(t) {
		_, chunks, err := readAll(b)
		var v *VersionError
		switch {
		case errors.As(err, &v):
			old++
			if !strings.Contains(err.Error(), "Oracle") {
				t.Errorf("%s: %v", name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		}
		for i := range chunks {
			if c := &chunks[i]; c.Cut != nil || c.Types() == nil {
				t.Errorf("%s: %v", name, c.Cut)
			}
		}
	}
	if old < 10 {
		t.Errorf("%d recordings of JDK 7 and 8 recognised", old)
	}
}
