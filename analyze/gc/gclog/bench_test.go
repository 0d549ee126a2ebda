package gclog

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"casefile/testdata/large"
)

// repeat gives a text n times over, as a stream: a log of any size without the memory for it.
type repeat struct {
	text []byte
	n    int
	at   int
}

func (r *repeat) Read(b []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.text[r.at:])
	if r.at += n; r.at == len(r.text) {
		r.at = 0
		r.n--
	}
	return n, nil
}

func benchmarkParse(b *testing.B, text []byte) {
	b.Helper()
	const size = 16 << 20
	n := size/len(text) + 1
	b.SetBytes(int64(n * len(text)))
	b.ReportAllocs()
	for b.Loop() {
		l, err := Parse("bench", &repeat{text: text, n: n}, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if l.Total.Count == 0 {
			b.Fatal("no pauses")
		}
	}
	large.BesideScan(b, bytes.Repeat(text, n))
}

func benchFile(b *testing.B, path string) []byte {
	text, err := os.ReadFile(corpus(b, filepath.FromSlash(path)))
	if err != nil {
		b.Fatal(err)
	}
	return append(bytes.TrimRight(text, "\n"), '\n')
}

const testdata = "gctoolkit-testdata/"

func BenchmarkUnifiedG1Debug(b *testing.B) {
	benchmarkParse(b, benchFile(b, testdata+"gctoolkit-gclogs-rolling/rolling/jdk14/rollinglogs/short_restart.log"))
}

func BenchmarkUnifiedSerial(b *testing.B) {
	benchmarkParse(b, benchFile(b, testdata+"gctoolkit-gclogs/unified/serial/gc.log"))
}

func BenchmarkUnifiedCMSTrace(b *testing.B) {
	benchmarkParse(b, benchFile(b, testdata+"gctoolkit-gclogs/unified/cms/gc_trace.log"))
}

func BenchmarkJDK8G1Details(b *testing.B) {
	benchmarkParse(b, benchFile(b, testdata+"gctoolkit-gclogs/preunified/g1gc/details/tenuring/server1-gc.log"))
}

func BenchmarkJDK8G1Adaptive(b *testing.B) {
	benchmarkParse(b, benchFile(b, "gcviewer/src/test/resources/openjdk/SampleSun1_7_0_12PrintAdaptiveSizePolicy.txt"))
}

func BenchmarkJDK8Parallel(b *testing.B) {
	benchmarkParse(b, benchFile(b, testdata+"gctoolkit-gclogs-rolling/rolling/jdk8/aagl_prd/gc.log.46.current"))
}

func BenchmarkJDK6CMS(b *testing.B) {
	benchmarkParse(b, benchFile(b, testdata+"gctoolkit-gclogs/preunified/cms/parnew/details/1073_1.log"))
}
