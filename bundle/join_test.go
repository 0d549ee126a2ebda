package bundle

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"casefile/bundle/redact"
)

// nodeBundle is a finished bundle of a node with all sizes of entries.
func nodeBundle(t *testing.T) ([]byte, map[string][]byte) {
	t.Helper()
	w := create(t, TarZstd)
	content := fill(t, w)
	finish(t, w)
	b, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	return b, content
}

var joinN1 = JoinOptions{Node: "n1", Dir: "n1", MaxBytes: 1 << 30}

func TestJoin(t *testing.T) {
	stream, content := nodeBundle(t)
	for _, format := range formats {
		w := create(t, format)
		m, err := w.Join(context.Background(), bytes.NewReader(stream), joinN1)
		if err != nil || m == nil {
			t.Fatalf("%s: %v", format, err)
		}
		w.AddNode(m)
		final := finish(t, w)
		if len(final.Coverage) != 1 {
			t.Errorf("%s: coverage of the node: %+v", format, final.Coverage)
		}
		rep, err := Verify(context.Background(), w.Path(), redact.NewSecrets())
		if err != nil || len(rep.Damaged) > 0 {
			t.Errorf("%s: %+v, %v", format, rep, err)
		}
		r, err := Open(t.Context(), w.Path())
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range content {
			if got, err := r.ReadEntry(context.Background(), name, 1<<30); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %s: %d bytes, want %d, %v", format, name, len(got), len(want), err)
			}
		}
	}
}

// A stream that ends anywhere gives all entries that came whole.
func TestJoinCut(t *testing.T) {
	stream, _ := nodeBundle(t)
	last := -1
	for n := 0; n < len(stream); n += 1 + len(stream)/50 {
		w := create(t, TarZstd)
		_, err := w.Join(context.Background(), bytes.NewReader(stream[:n]), joinN1)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %v", n, err)
		}
		entries := len(finish(t, w).Entries)
		if entries < last {
			t.Errorf("cut at %d: %d entries, fewer than before", n, entries)
		}
		last = entries
	}
	if last < 5 {
		t.Errorf("only %d entries of an almost whole stream", last)
	}
}

func TestJoinRefuses(t *testing.T) {
	send := func(change func(*Entry)) []byte {
		path := filepath.Join(t.TempDir(), "x")
		w, err := Create(path, TarZstd, Manifest{}, redact.NewSecrets())
		if err != nil {
			t.Fatal(err)
		}
		body := &overflow{}
		c, err := w.c.codec(body)
		if err != nil {
			t.Fatal(err)
		}
		c.Write([]byte("hello"))
		if err := c.finish(5); err != nil {
			t.Fatal(err)
		}
		e := Entry{Path: "nodes/n1/x", Bytes: 5, SHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}
		change(&e)
		if err := w.c.add(e, 0, body); err != nil {
			t.Fatal(err)
		}
		if err := w.c.close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	cases := map[string]struct {
		change func(*Entry)
		says   string
	}{
		"another node's folder": {func(e *Entry) { e.Path = "nodes/n2/x" }, "not below"},
		"the report":            {func(e *Entry) { e.Path = "report.html" }, "not below"},
		"a way out":             {func(e *Entry) { e.Path = "nodes/n1/../../x" }, "leads out"},
		"another checksum":      {func(e *Entry) { e.SHA256 = strings.Repeat("0", 64) }, "checksum"},
		"no checksum":           {func(e *Entry) { e.SHA256 = "" }, "no recorded file"},
		"longer than it is":     {func(e *Entry) { e.Bytes = 600 }, "shorter"},
		"shorter than it is":    {func(e *Entry) { e.Bytes = 4 }, "checksum"},
	}
	for name, c := range cases {
		w := create(t, TarZstd)
		_, err := w.Join(context.Background(), bytes.NewReader(send(c.change)), joinN1)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(finish(t, w).Entries); n > 1 {
			t.Errorf("%s: %d entries were taken", name, n)
		}
	}
	w := create(t, TarZstd)
	small := joinN1
	small.MaxBytes = 100
	if _, err := w.Join(context.Background(), bytes.NewReader(send(func(*Entry) {})), small); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("above the limit: %v", err)
	}
	finish(t, w)
}

func FuzzFrame(f *testing.F) {
	enc, err := newZstd(nil, zstd.SpeedDefault)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(enc.EncodeAll([]byte("hello"), nil))
	f.Add(enc.EncodeAll(bytes.Repeat([]byte{7}, 1<<20), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		n, err := io.Copy(&out, newFrame(bufio.NewReader(bytes.NewReader(b)), 1<<16))
		if n != int64(out.Len()) || err == nil && !bytes.HasPrefix(b, out.Bytes()) {
			t.Fatalf("copied %d, counted %d, %v", out.Len(), n, err)
		}
	})
}

func FuzzJoin(f *testing.F) {
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := Create(filepath.Join(t.TempDir(), "x"), TarZstd, Manifest{}, redact.NewSecrets())
		if err != nil {
			t.Fatal(err)
		}
		m, _ := w.Join(context.Background(), bytes.NewReader(b), JoinOptions{Node: "n", Dir: "n", MaxBytes: 1 << 20})
		_, _ = json.Marshal(m)
		if _, err := w.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
