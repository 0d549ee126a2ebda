package gclog

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func file(name, text string) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

func TestRotatedSeriesInTimeOrder(t *testing.T) {
	for name, files := range map[string][]File{
		"unified: the plain name is the newest": {
			file("gc.log", pauses(30, 40, 1)), file("gc.log.0", pauses(10, 20, 1)), file("gc.log.1", pauses(20, 30, 1)),
		},
		"unified: the numbers went round": {
			file("gc.log.0", pauses(30, 40, 1)), file("gc.log.1", pauses(10, 20, 1)), file("gc.log.2", pauses(20, 30, 1)),
		},
		"JDK 8: current": {
			file("gc.log.2.current", "30.000: [GC 3M->1M(9M), 0.001 secs]\n"+strings.Repeat("31.000: [GC 3M->1M(9M), 0.001 secs]\n", 9)),
			file("gc.log.0", "2019-02-01 02:14:25 GC log file created gc.log.0\n10.000: [GC 3M->1M(9M), 0.001 secs]\n"+strings.Repeat("11.000: [GC 3M->1M(9M), 0.001 secs]\n", 9)),
			file("gc.log.1", strings.Repeat("20.000: [GC 3M->1M(9M), 0.001 secs]\n", 10)),
		},
	} {
		l, err := ParseFiles("gc.log", files, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sorted := slices.IsSortedFunc(l.Pauses, func(a, b pauseT) int { return int(a.Start - b.Start) })
		if l.Total.Count != 30 || len(l.Runs) != 1 || !sorted || len(l.Files) != 3 {
			t.Errorf("%s: %d pauses, %d runs, sorted %v, files %v", name, l.Total.Count, len(l.Runs), sorted, l.Files)
		}
		if last := l.Pauses[29]; l.Files[last.File] != files[0].Name && name != "unified: the numbers went round" {
			t.Errorf("%s: the last pause is of %s", name, l.Files[last.File])
		}
	}
}

func TestRestartDuringRotation(t *testing.T) {
	start := "[0.010s][info][gc] Using G1\n"
	l, err := ParseFiles("gc.log", []File{
		file("gc.log", start+pauses(1, 10, 1)), file("gc.log.0", start+pauses(1, 50, 1)), file("gc.log.1", pauses(50, 60, 1)),
	}, Options{})
	if err != nil || len(l.Runs) != 2 || l.Total.Count != 68 {
		t.Errorf("%d runs, %d pauses, %v", len(l.Runs), l.Total.Count, err)
	}
}

func TestUnreadablePartIsReported(t *testing.T) {
	gone := errors.New("permission denied")
	l, err := ParseFiles("gc.log", []File{
		file("gc.log.0", pauses(1, 10, 1)), {Name: "gc.log.1", Open: func() (io.ReadCloser, error) { return nil, gone }},
	}, Options{})
	if !errors.Is(err, gone) || !strings.Contains(err.Error(), "gc.log.1") || l.Total.Count != 9 {
		t.Errorf("%v, %d pauses", err, l.Total.Count)
	}
}

func TestSeriesOf(t *testing.T) {
	for path, want := range map[string]string{
		"/l/gc.log": "/l/gc.log", "/l/gc.log.0": "/l/gc.log", "/l/gc.log.12.current": "/l/gc.log", "/l/gc.log.3.gz": "/l/gc.log",
		"/l/gc-2024.01.02.log": "/l/gc-2024.01.02.log", "/l/.5": "/l/.5",
	} {
		if got := SeriesOf(filepath.FromSlash(path)); got != filepath.FromSlash(want) {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestZippedSeries(t *testing.T) {
	path := corpus(t, filepath.Join("gctoolkit-testdata", "gctoolkit-gclogs", "streaming", "rotating_directory.zip"))
	b := mustRead(t, path)
	files, err := ZipFiles(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(files)
	joined, err := ParseFiles("zip", files, Options{})
	if err != nil {
		t.Fatal(err)
	}
	stream := parseFile(t, path)
	if joined.Total.Count != stream.Total.Count || joined.Total.Sum != stream.Total.Sum || len(joined.Runs) != len(stream.Runs) {
		t.Errorf("joined %d of %v in %d runs, streamed %d of %v in %d", joined.Total.Count, joined.Total.Sum, len(joined.Runs),
			stream.Total.Count, stream.Total.Sum, len(stream.Runs))
	}
	if joined.Span < 24*time.Hour/2 {
		t.Errorf("span %v", joined.Span)
	}
}
