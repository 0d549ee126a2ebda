package gclog

import (
	"bufio"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casefile/analyze/gc"
)

func newPeeker(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 1<<16) }

// corpusLogs walks the GC logs of the shared corpus.
func corpusLogs(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, dir := range []string{"gcviewer", "gctoolkit-testdata"} {
		err := filepath.WalkDir(corpus(t, dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			if reason := notForUs(t, path); reason != "" {
				t.Logf("left out, %s: %s", reason, path)
				return nil
			}
			out = append(out, path)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(out) == 0 {
		t.Skip("the shared corpus has no GC logs")
	}
	return out
}

func notForUs(t testing.TB, path string) string {
	head, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case len(head) == 0:
		return "empty"
	case strings.HasPrefix(string(head[:min(len(head), 40)]), "version https://git-lfs"):
		return "a pointer to a file that is not here"
	case strings.HasSuffix(path, "broken_datetimestamp.log"):
		return "one line without any record"
	}
	return ""
}

func TestEveryCorpusLogIsExact(t *testing.T) {
	for _, path := range corpusLogs(t) {
		l := parseFile(t, path)
		name := filepath.Base(path)
		text := string(readText(t, path))
		switch l.Format {
		case gc.FormatUnified:
			c := countUnified(text)
			agrees(t, name, l, c)
			if l.FullGCs != int64(c.full) {
				t.Errorf("%s: %d full collections, counted %d", name, l.FullGCs, c.full)
			}
		case gc.FormatPreUnified:
			agrees(t, name, l, countLegacy(text))
		case formatJ9:
			agrees(t, name, l, countJ9(text))
		default:
			agrees(t, name, l, countVendors(text))
		}
		unparsedAtMost(t, name, l)
	}
}

// unparsedAtMost allows one line in a thousand, and in a fragment cut inside a pause the one line of its end.
func unparsedAtMost(t *testing.T, name string, l *gc.Log) {
	t.Helper()
	limit := l.Lines / 1000
	if strings.HasPrefix(name, "no_young_intro") {
		limit = 1
	}
	if l.Unparsed.Count > limit {
		t.Errorf("%s: %d of %d lines not understood, the first: line %d: %s", name, l.Unparsed.Count, l.Lines,
			l.Unparsed.Lines[0].Line, l.Unparsed.Lines[0].Text)
	}
}

// The rows of the project's table of peers whose files are in the corpus, and a few more: figures, not only agreement.
func TestKnownFigures(t *testing.T) {
	base := "gctoolkit-testdata/gctoolkit-gclogs/"
	for _, tt := range []struct {
		path      string
		collector gc.Collector
		pauses    int64
		sum       time.Duration
		full      int64
	}{
		{base + "unified/serial/gc.log", "Serial", 4372, 4018899 * time.Microsecond, 50},
		{base + "unified/cms/gc.log", "CMS", 3167, 3923820 * time.Microsecond, 13},
		{base + "preunified/ps/details/959_gc.log.lasttest", "Parallel", 3699, 345580730400, 38},
		{base + "preunified/g1gc/details/tenuring/server1-gc.log", "G1", 1678, 659026518 * time.Microsecond, 0},
		{base + "preunified/icms/details/ossm-gc.2012-02-01.142455.log", "CMS", 12772, 3165727761500, 41},
		{"gcviewer/src/test/resources/openjdk/SampleSun1_6_0G1_gc_verbose.txt", "G1", 2978, 62616796 * time.Microsecond, 5},
	} {
		l := parseFile(t, corpus(t, tt.path))
		if l.Collector != tt.collector || l.Total.Count != tt.pauses || l.Total.Sum != tt.sum || l.FullGCs != tt.full {
			t.Errorf("%s: %s, %d pauses of %v, %d full; want %s, %d of %v, %d full", tt.path, l.Collector, l.Total.Count,
				l.Total.Sum, l.FullGCs, tt.collector, tt.pauses, tt.sum, tt.full)
		}
	}
}

func TestSniffKnowsTheCorpus(t *testing.T) {
	for _, path := range corpusLogs(t) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !Sniff(b[:min(len(b), 16<<10)]) {
			t.Errorf("not taken for a GC log: %s", path)
		}
	}
}

func TestSniffRefusesOtherFiles(t *testing.T) {
	for _, text := range []string{
		"", "2024-01-01 10:00:00 INFO Server started\n", "Full thread dump OpenJDK 64-Bit Server VM (17.0.1+12):\n", "\x00\x01\x02",
		"[INFO] Building project\n[ERROR] failed\n", "{\"a\": [1, 2]}\n", "<html><body>GC(1)</body></html>", "\x1f\x8b broken",
	} {
		if Sniff([]byte(text)) {
			t.Errorf("taken for a GC log: %q", text)
		}
	}
}
