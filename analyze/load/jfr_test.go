package load

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"casefile/analyze"
	"casefile/analyze/profile"
	"casefile/bundle"
	format "casefile/bundle/format/jfr"
)

// multiChunk is a recording of six chunks, and the parts of it that are chunks.
func multiChunk(t *testing.T) (whole []byte, chunks [][]byte) {
	t.Helper()
	packed, err := os.ReadFile("../../../shared/corpus/jfrparser/parser/testdata/goland-multichunk.jfr.gz")
	if err != nil {
		t.Skipf("the shared corpus is not here: %v", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if whole, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	r := format.NewReader(bytes.NewReader(whole), format.Limits{})
	for {
		c, err := r.Next()
		if errors.Is(err, io.EOF) {
			return whole, chunks
		}
		if err != nil {
			t.Fatal(err)
		}
		chunks = append(chunks, whole[c.Offset:c.Offset+int64(c.Bytes())])
	}
}

func loadDir(t *testing.T, files map[string][]byte) *analyze.Case {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Paths(t.Context(), []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Chunks copied from a repository are one recording, whatever the order of their files, and as much as the file that was dumped of them.
func TestRepositoryIsOneRecording(t *testing.T) {
	whole, chunks := multiChunk(t)
	one := loadDir(t, map[string][]byte{"dump.jfr": whole})
	files := map[string][]byte{}
	for i, c := range chunks { // the last chunk has the first name
		files[fmt.Sprintf("2024_01_02_03_04_0%d.jfr", 9-i)] = c
	}
	several := loadDir(t, files)
	a, b := only(t, one), only(t, several)
	if b.Recordings[0].Chunks != len(chunks) || len(chunks) != 6 {
		t.Errorf("%d chunks of %d", b.Recordings[0].Chunks, len(chunks))
	}
	if d := cmp.Diff(a.Recordings[0].Events, b.Recordings[0].Events); d != "" {
		t.Errorf("events (-file +repository):\n%s", d)
	}
	if d := cmp.Diff(totals(a), totals(b)); d != "" || len(a.Profiles) < 3 {
		t.Errorf("profiles (-file +repository):\n%s", d)
	}
	if len(one.Problems)+len(several.Problems) > 0 || a.Recordings[0].Truncated {
		t.Errorf("problems %v %v", one.Problems, several.Problems)
	}
}

func only(t *testing.T, c *analyze.Case) *analyze.JVM {
	t.Helper()
	js := c.JVMs()
	if len(js) != 1 || len(js[0].Recordings) != 1 {
		t.Fatalf("%d JVMs, problems %v", len(js), c.Problems)
	}
	return js[0]
}

func totals(j *analyze.JVM) map[profile.Kind]int64 {
	m := map[profile.Kind]int64{}
	for _, p := range j.Profiles {
		m[p.Main().Kind] = p.Main().Total()
	}
	return m
}

// A dump and a copy of the same chunk count it once; two files of other names are two JVMs.
func TestChunksInSeveralFiles(t *testing.T) {
	whole, chunks := multiChunk(t)
	tg := &target{dir: "nodes/n1/jvm/1-app", jvm: &analyze.JVM{Target: "1-app"}}
	b := newBuilder(t.Context())
	defer b.close()
	for name, raw := range map[string][]byte{"recording.jfr": whole, "2024_01_02_03_04_05.jfr": chunks[0], "cut.jfr": chunks[2][:len(chunks[2])/2]} {
		if err := tg.keepJFR(b, bundle.Entry{Path: tg.dir + "/jfr/" + name}, bytes.NewReader(raw)); err != nil {
			t.Fatal(err)
		}
	}
	b.add(tg)
	b.readKept()
	tg.finishJFR(b)
	r := tg.jvm.Recordings[0]
	if len(tg.jvm.Recordings) != 1 || r.Chunks != 6 || r.Truncated || r.Source != tg.dir+"/jfr" || len(r.Files) != 3 {
		t.Errorf("%d recordings, %d chunks, truncated %v, source %s, files %v", len(tg.jvm.Recordings), r.Chunks, r.Truncated, r.Source, r.Files)
	}
	if c := loadDir(t, map[string][]byte{"n1.jfr": chunks[0], "n2.jfr": chunks[1]}); len(c.JVMs()) != 2 {
		t.Errorf("%d JVMs of two recordings", len(c.JVMs()))
	}
}

func TestRecordingsThatCannotBeRead(t *testing.T) {
	_, chunks := multiChunk(t)
	old := bytes.Clone(chunks[0])
	old[5], old[7] = 0, 9
	c := loadDir(t, map[string][]byte{"old.jfr": old, "cut.jfr": chunks[1][:len(chunks[1])-1000]})
	if text := strings.Join(c.Problems, "\n"); len(c.Problems) != 2 || !strings.Contains(text, "old.jfr: JFR chunk at byte 0 has format 0.9") || !strings.Contains(text, "cut.jfr: cut at byte") {
		t.Errorf("problems %v", c.Problems)
	}
	truncated := 0
	for _, j := range c.JVMs() {
		for _, r := range j.Recordings {
			if r.Truncated && r.Chunks == 1 {
				truncated++
			}
		}
	}
	if truncated != 1 {
		t.Errorf("%d truncated recordings", truncated)
	}
}
