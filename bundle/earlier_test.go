package bundle

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casefile/bundle/redact"
)

// What earlier builds wrote, of a node and of one that was joined, is read by its index, without it, and joined.
func TestBundlesOfEarlierBuilds(t *testing.T) {
	want := map[string][]byte{"nodes/n1/own.txt": bytes.Repeat([]byte("a line of a large entry\n"), sharedEntry/24+1)}
	for i := range 5 {
		want[fmt.Sprintf("nodes/n1/host/%d.txt", i)] = []byte(strings.Repeat(fmt.Sprintf("line of entry %d\n", i), 10*i))
	}
	for _, name := range []string{"testdata/earlier-node.bundle", "testdata/earlier.bundle"} {
		whole, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		spots, err := readIndex(bytes.NewReader(whole), int64(len(whole)))
		if err != nil || len(spots) != len(want)+2 {
			t.Fatalf("%s: %d spots, %v", name, len(spots), err)
		}
		bare := filepath.Join(t.TempDir(), "no-index")
		if err := os.WriteFile(bare, whole[:bytes.LastIndex(whole, []byte{0x5c, 0x2a, 0x4d, 0x18})], 0o600); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{name, bare} {
			rep, err := Verify(t.Context(), path, redact.NewSecrets())
			if err != nil || len(rep.Damaged) > 0 || rep.Reader.Cut != nil || rep.Entries != len(want)+2 || rep.Reader.indexed != (path == name) {
				t.Fatalf("%s: %+v, %v", path, rep, err)
			}
			for name, content := range want {
				if got, err := rep.Reader.ReadEntry(t.Context(), name, 1<<30); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%s: %s: %d bytes, %v", path, name, len(got), err)
				}
			}
		}
	}
	stream, err := os.ReadFile("testdata/earlier-node.bundle")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []*Writer{create(t, TarZstd), manyJoined(t)} {
		if m, err := w.Join(t.Context(), bytes.NewReader(stream), joinN1); err != nil || m == nil {
			t.Fatal(err)
		}
		finish(t, w)
		if got := onlyWritten(t, w.Path()); len(got) != len(want)+2 {
			t.Errorf("joined: %v", got)
		}
	}
}

// The line of an entry in the manifest is the text of its record in the tar, and the block before the record is the same in all.
func TestRecordsStandOnceMore(t *testing.T) {
	w := create(t, TarZstd)
	content := fill(t, w)
	long := "nodes/n1/" + strings.Repeat("very/", 400) + "long-ü"
	if err := w.Add(Entry{Path: long, Node: "n1", Source: `<"a" & \b>`}, redact.Text, []byte("x")); err != nil {
		t.Fatal(err)
	}
	finish(t, w)
	r, err := Open(t.Context(), w.Path())
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := r.ReadEntry(t.Context(), ManifestFile, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for line := range strings.Lines(string(manifest)) {
		lines[strings.TrimRight(strings.TrimSpace(line), ",")] = true
	}
	var first []byte
	err = r.Walk(t.Context(), func(e Entry, _ io.Reader) error {
		header, err := tarHeader(e)
		if err != nil {
			return err
		}
		if record, err := compact(e); err != nil || !lines[string(record)] && e.Path != ManifestFile {
			t.Errorf("%s: no line of the manifest, %v", record, err)
		}
		if e.Path == long {
			return nil
		}
		if first == nil {
			first = header[:tarBlock]
		}
		if len(header) != 3*tarBlock || !bytes.Equal(header[:tarBlock], first) {
			t.Errorf("%s: %d bytes, %q", e.Path, len(header), header[:tarBlock])
		}
		return nil
	})
	if err != nil || len(lines) < len(content) {
		t.Fatal(err)
	}
	stockTools(t, w.Path(), content)
}

// Numbers of spaces that fill the last block of a record, whatever its length.
func TestRecordsFillTheirBlocks(t *testing.T) {
	for n := 150; n < 3000; n++ {
		header, err := tarHeader(Entry{Path: "p", Source: strings.Repeat("x", n)})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(header[:len(header)-tarBlock], []byte("}\n")) && !bytes.HasSuffix(header[:len(header)-tarBlock], []byte(" \n")) {
			t.Fatalf("%d bytes: the record ends in %q", n, header[len(header)-tarBlock-20:len(header)-tarBlock])
		}
	}
}
