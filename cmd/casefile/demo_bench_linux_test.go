package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"casefile/bundle"
)

// BenchmarkDemoBundle captures the sample cluster and reports the size of its bundle next to that of zip -9 over the same
// files, and how much of the content is the page.
func BenchmarkDemoBundle(b *testing.B) {
	if _, err := exec.LookPath("zip"); err != nil {
		b.Skip("no zip here to compare with")
	}
	program := shipped(b)
	for b.Loop() {
		dir := b.TempDir()
		said, err := exec.CommandContext(b.Context(), program, "demo", "--out", dir).CombinedOutput()
		var ended *exec.ExitError
		if err != nil && (!errors.As(err, &ended) || ended.ExitCode() != exitGaps) {
			b.Fatalf("%v: %s", err, said)
		}
		path := filepath.Join(dir, "demo.tar.zst")
		entries, page := unpack(b, path, filepath.Join(dir, "files"))
		peer := exec.CommandContext(b.Context(), "zip", "-q", "-9", "-r", filepath.Join(dir, "peer.zip"), ".")
		peer.Dir = filepath.Join(dir, "files")
		if said, err := peer.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, said)
		}
		ours, zipped := fileSize(b, path), fileSize(b, filepath.Join(dir, "peer.zip"))
		b.ReportMetric(ours/zipped, "size/zip-9")
		b.ReportMetric(ours/1000, "kB")
		b.ReportMetric(page/1000, "page-kB")
		b.ReportMetric(float64(entries), "entries")
	}
}

// unpack writes the files of a bundle into dir, and tells how many they are and how large the page is.
func unpack(b *testing.B, path, dir string) (entries int, page float64) {
	b.Helper()
	r, err := bundle.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	err = r.Walk(b.Context(), func(e bundle.Entry, content io.Reader) error {
		entries++
		if e.Path == bundle.ReportFile {
			page = float64(e.Bytes)
		}
		name := filepath.Join(dir, filepath.FromSlash(e.Path))
		text, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		return errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, text, 0o600))
	})
	if err != nil {
		b.Fatal(err)
	}
	return entries, page
}

func fileSize(b *testing.B, path string) float64 {
	b.Helper()
	st, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return float64(st.Size())
}
