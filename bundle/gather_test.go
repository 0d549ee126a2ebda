package bundle

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casefile/bundle/redact"
)

// manySmall is the bundle of a node with so many entries.
func manySmall(t *testing.T, node string, entries int) []byte {
	t.Helper()
	rnd := rand.New(rand.NewPCG(8, 9))
	w := create(t, TarZstd)
	w.ForJoin()
	for i := range entries {
		text := make([]byte, rnd.IntN(20_000))
		for i := range text {
			text[i] = byte('a' + rnd.IntN(20))
		}
		if err := w.Add(Entry{Path: fmt.Sprintf("nodes/%s/%03d.txt", node, i), Node: node}, redact.Binary, text); err != nil {
			t.Fatal(err)
		}
	}
	finish(t, w)
	stream, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// What is joined comes into the file in pieces, the last of which when its Join ends; cut anywhere, it holds what is whole.
func TestJoinedEntriesComeTogether(t *testing.T) {
	const entries = 60
	w := create(t, TarZstd)
	sizes := map[int64]bool{}
	o := joinN1
	o.Annotate = func(*Entry) {
		st, err := os.Stat(w.Path())
		if err != nil {
			t.Fatal(err)
		}
		sizes[st.Size()] = true
	}
	if _, err := w.Join(t.Context(), bytes.NewReader(manySmall(t, "n1", entries)), o); err != nil {
		t.Fatal(err)
	}
	if len(sizes) < 3 || len(sizes) > entries/3 {
		t.Errorf("%d entries came in %d pieces", entries, len(sizes))
	}
	open, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut")
	held := func(b []byte) int {
		t.Helper()
		if err := os.WriteFile(cut, b, 0o600); err != nil {
			t.Fatal(err)
		}
		rep, err := Verify(t.Context(), cut, redact.NewSecrets())
		if err != nil || len(rep.Damaged) > 0 {
			t.Fatalf("cut at %d: %+v, %v", len(b), rep, err)
		}
		return rep.Entries
	}
	if got := held(open); got != entries+1 { // the plan is one more
		t.Errorf("%d of %d entries are in the file when their Join has ended", got-1, entries)
	}
	first, last := bytes.IndexByte(open, 0xfd)+200, 0
	for n := first; n < len(open); n += 1 + len(open)/60 {
		got := held(open[:n])
		if got < last {
			t.Errorf("cut at %d: %d entries, fewer than before", n, got)
		}
		last = got
	}
	finish(t, w)
	if got := onlyWritten(t, w.Path()); len(got) != entries+2 {
		t.Errorf("%d entries", len(got))
	}
}

// Entries that waited for others and never came into the file are in no list, and the Join that took them says so.
func TestEntriesThatNeverCame(t *testing.T) {
	w := create(t, TarZstd)
	w.ForNodes()
	if err := w.Add(Entry{Path: "nodes/n1/before"}, redact.Text, []byte("before\n")); err != nil {
		t.Fatal(err)
	}
	tc := w.c.(*tarContainer)
	good := tc.out.f
	readOnly, err := os.Open(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	for _, name := range []string{"nodes/n1/a", "nodes/n2/b", "nodes/n1/c"} {
		spool := &overflow{}
		if _, err := io.WriteString(spool, "hello\n"); err != nil {
			t.Fatal(err)
		}
		m := newMeter(io.Discard)
		_, _ = m.Write([]byte("hello\n"))
		if err := w.splice(Entry{Path: name, Bytes: 6, SHA256: m.sum()}, 0, spool); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.Manifest().Entries) != 5 || tc.pending == 0 {
		t.Fatalf("%d entries, %d bytes wait", len(w.Manifest().Entries), tc.pending)
	}
	tc.out.f = readOnly
	for dir, n := range map[string]int{"n1": 2, "n2": 1} {
		if err := w.joined(dir); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%d of its entries", n)) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if err := w.joined("n3"); err != nil {
		t.Errorf("a node of which nothing was lost: %v", err)
	}
	tc.out.f = good
	if err := w.Add(Entry{Path: "nodes/n1/a"}, redact.Text, []byte("again\n")); err != nil {
		t.Fatal(err)
	}
	m := finish(t, w)
	rep, err := Verify(t.Context(), w.Path(), redact.NewSecrets())
	if err != nil || len(rep.Damaged) > 0 || rep.Reader.Cut != nil || len(m.Entries) != 3 || rep.Entries != 4 {
		t.Errorf("%+v, %v, %d entries", rep, err, len(m.Entries))
	}
	if got := onlyWritten(t, w.Path()); len(got) != 4 {
		t.Errorf("%v", got)
	}
}
