package bundle

import (
	"bytes"
	"testing"

	"casefile/bundle/redact"
)

// A level that changes within a bundle leaves entries before and after it readable, and is told.
func TestHurry(t *testing.T) {
	w := create(t, TarZstd)
	text := bytes.Repeat([]byte("a line of a log\n"), 1000)
	add := func(name string) {
		if err := w.Add(Entry{Path: name}, redact.Text, text); err != nil {
			t.Fatal(err)
		}
	}
	add("nodes/n/before.txt")
	if level, _ := w.Compression(); level != "zstd default" {
		t.Errorf("before: %q", level)
	}
	w.Hurry()
	add("nodes/n/after.txt")
	level, took := w.Compression()
	if level != "zstd fastest" || took <= 0 {
		t.Errorf("after: %q, %v", level, took)
	}
	finish(t, w)
	rep, err := Verify(t.Context(), w.Path(), redact.NewSecrets())
	if err != nil || rep.Entries != 4 || len(rep.Damaged) > 0 || rep.Reader.Cut != nil {
		t.Fatalf("%+v, %v", rep, err)
	}
	if got, err := rep.Reader.ReadEntry(t.Context(), "nodes/n/after.txt", 1<<20); err != nil || !bytes.Equal(got, text) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
