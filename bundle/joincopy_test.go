package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"casefile/bundle/redact"
)

// manyJoined is a bundle that has so much in it that frames are copied.
func manyJoined(t testing.TB) *Writer {
	t.Helper()
	w, err := Create(filepath.Join(t.TempDir(), "x.tar.zst"), TarZstd, Manifest{Cluster: "c"}, redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	w.c.(*tarContainer).plain = betterOf
	return w
}

// sent is the bundle of node n1: text, bytes that do not get smaller, and one entry with a frame of its own.
func sent(t *testing.T) (stream []byte, content map[string][]byte) {
	t.Helper()
	w := create(t, TarZstd)
	w.ForJoin()
	content = fill(t, w)
	rnd := rand.NewChaCha8([32]byte{7})
	for name, size := range map[string]int{"nodes/n1/jfr/small.bin": 700_000, "nodes/n1/jfr/large.bin": sharedEntry + 1} {
		content[name] = make([]byte, size)
		rnd.Read(content[name])
		if err := w.Add(Entry{Path: name, Node: "n1"}, redact.Binary, content[name]); err != nil {
			t.Fatal(err)
		}
	}
	finish(t, w)
	stream, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	return stream, content
}

// onlyWritten reads a whole bundle as tar, and fails on every byte that a Writer does not put there.
func onlyWritten(t testing.TB, path string) (paths []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderMaxWindow(zstdWindow))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	in := bytes.NewReader(plain)
	for {
		var header bytes.Buffer
		h, err := tar.NewReader(io.TeeReader(in, &header)).Next()
		if err == io.EOF {
			if in.Len() > 0 {
				t.Fatalf("%d bytes after the end of the tar", in.Len())
			}
			return paths
		}
		if err != nil {
			t.Fatal(err)
		}
		e, err := entryOf(h.Name, []byte(h.PAXRecords["comment"]), h.Size)
		if err != nil {
			t.Fatal(err)
		}
		if own, err := tarHeader(e); err != nil || !bytes.Equal(own, header.Bytes()) {
			t.Fatalf("%s: its header is none of a Writer: %v", h.Name, err)
		}
		body := make([]byte, e.Bytes)
		if _, err := io.ReadFull(in, body); err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != e.SHA256 {
			t.Fatalf("%s: checksum differs", e.Path)
		}
		pad := make([]byte, len(padding(e.Bytes)))
		if _, err := io.ReadFull(in, pad); err != nil || len(bytes.Trim(pad, "\x00")) > 0 {
			t.Fatalf("%s: padding %x, %v", e.Path, pad, err)
		}
		paths = append(paths, e.Path)
	}
}

// In a large bundle a node's frames are those that it sent, and all can be had as from any other.
func TestJoinCopiesFrames(t *testing.T) {
	stream, content := sent(t)
	w := manyJoined(t)
	reference := time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)
	o := joinN1
	o.Annotate = func(e *Entry) { e.Reference = reference }
	if _, err := w.Join(t.Context(), bytes.NewReader(stream), o); err != nil {
		t.Fatal(err)
	}
	finish(t, w)
	onlyWritten(t, w.Path())
	whole, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	if spots, err := readIndex(bytes.NewReader(stream), int64(len(stream))); err != nil || !bytes.Contains(whole, stream[spots[1].frame:spots[8].frame+100]) {
		t.Errorf("the node's first frame of evidence is not in the bundle as it was sent: %v", err)
	}
	cut := filepath.Join(t.TempDir(), "no-index.tar.zst")
	if err := os.WriteFile(cut, whole[:len(whole)-indexLength(t, w.Path())], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{w.Path(), cut} {
		rep, err := Verify(t.Context(), path, redact.NewSecrets())
		if err != nil || len(rep.Damaged) > 0 || rep.Reader.Cut != nil || rep.Entries != len(content)+2 {
			t.Fatalf("%+v, %v", rep, err)
		}
		told := 0
		err = rep.Reader.Walk(t.Context(), func(e Entry, _ io.Reader) error {
			if content[e.Path] != nil && e.Reference.Equal(reference) {
				told++
			}
			return nil
		})
		if err != nil || told != len(content) {
			t.Errorf("%d of %d entries have a time on the reference clock, %v", told, len(content), err)
		}
		for name, want := range content {
			if got, err := rep.Reader.ReadEntry(t.Context(), name, 1<<30); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes, want %d, %v", name, len(got), len(want), err)
			}
		}
	}
	stockTools(t, w.Path(), content)
}

// stockTools unpacks the bundle with tar and zstd.
func stockTools(t *testing.T, path string, content map[string][]byte) {
	t.Helper()
	for _, tool := range []string{"tar", "zstd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Logf("no %s here", tool)
			return
		}
	}
	dir := t.TempDir()
	if said, err := exec.Command("tar", "--zstd", "-xf", path, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for name, want := range content {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s by tar: %d bytes, %v", name, len(got), err)
		}
	}
}

// What is small is compressed anew, so that it refers to what is there; what does not get smaller is copied at once.
func TestSmallBundlesShareAWindow(t *testing.T) {
	for kind, copied := range map[string]bool{"text": false, "bytes": true} {
		text := bytes.Repeat([]byte("a line of a log\n"), 20_000)
		if kind == "bytes" {
			rand.NewChaCha8([32]byte{1}).Read(text)
		}
		node := create(t, TarZstd)
		node.ForJoin()
		if err := node.Add(Entry{Path: "nodes/n1/x", Node: "n1"}, redact.Binary, text); err != nil {
			t.Fatal(err)
		}
		finish(t, node)
		stream, err := os.ReadFile(node.Path())
		if err != nil {
			t.Fatal(err)
		}
		w := create(t, TarZstd)
		if _, err := w.Join(t.Context(), bytes.NewReader(stream), joinN1); err != nil {
			t.Fatal(err)
		}
		if got := w.c.(*tarContainer).plain < int64(len(text)); got != copied {
			t.Errorf("%s: copied %v, want %v", kind, got, copied)
		}
		finish(t, w)
		onlyWritten(t, w.Path())
	}
}

// A stream that is cut within a frame gives what is whole of it, as one that is compressed anew does.
func TestJoinCopiesUpToTheCut(t *testing.T) {
	stream, content := sent(t)
	last := 0
	for n := 0; n < len(stream); n += 1 + len(stream)/40 {
		w := manyJoined(t)
		if m, err := w.Join(t.Context(), bytes.NewReader(stream[:n]), joinN1); err == nil || m != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		finish(t, w)
		paths := onlyWritten(t, w.Path())
		if len(paths) < last {
			t.Errorf("cut at %d: %d entries, fewer than before", n, len(paths))
		}
		last = len(paths)
	}
	if last < len(content)-1 {
		t.Errorf("only %d entries of an almost whole stream", last)
	}
}

// crafted is a frame of that plain text.
func crafted(t testing.TB, plain []byte) []byte {
	t.Helper()
	enc, err := newZstd(nil, zstd.SpeedFastest)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return enc.EncodeAll(plain, nil)
}

// wide is a frame for which a reader needs more memory than for those of a Writer.
func wide(t *testing.T, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	enc, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(2*zstdWindow))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := enc.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(enc.Flush(), enc.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func entryText(t testing.TB, e Entry, change func(*tar.Header), content string) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(content))
	e.Bytes, e.SHA256 = int64(len(content)), hex.EncodeToString(sum[:])
	h, err := tarFields(e)
	if err != nil {
		t.Fatal(err)
	}
	change(h)
	b, err := encodeHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	return append(append(b, content...), padding(e.Bytes)...)
}

// A frame that has one byte that a Writer would not write is never copied; what it has of good entries is taken anew.
func TestHostileFramesAreNotCopied(t *testing.T) {
	same := func(*tar.Header) {}
	good := entryText(t, Entry{Path: "nodes/n1/good", Node: "n1"}, same, "good")
	then := func(more ...[]byte) []byte { return append(bytes.Clone(good), bytes.Join(more, nil)...) }
	header := func(change func(*tar.Header)) []byte {
		return then(entryText(t, Entry{Path: "nodes/n1/bad", Node: "n1"}, change, "bad"))
	}
	dirty := bytes.Clone(good)
	dirty[len(dirty)-1] = 1
	large := strings.Repeat("a line of a log\n", (sharedEntry+16)/16)
	var many [][]byte
	for i := range (frameMost+sharedEntry)/sharedEntry + 2 {
		many = append(many, entryText(t, Entry{Path: fmt.Sprintf("nodes/n1/%d", i), Node: "n1"}, same, large[:sharedEntry]))
	}
	cases := map[string][]byte{
		"mode":                       header(func(h *tar.Header) { h.Mode = 0o4777 }),
		"owner":                      header(func(h *tar.Header) { h.Uname = "root" }),
		"time":                       header(func(h *tar.Header) { h.ModTime = h.ModTime.Add(time.Hour) }),
		"a record more":              header(func(h *tar.Header) { h.PAXRecords["VENDOR.x"] = "y" }),
		"a link":                     header(func(h *tar.Header) { h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, "/etc/passwd", 0 }),
		"a folder":                   header(func(h *tar.Header) { h.Typeflag, h.Name, h.Size = tar.TypeDir, "nodes/n1/bad/", 0 }),
		"a field more in its record": header(func(h *tar.Header) { h.PAXRecords["comment"] = `{"x":1,` + h.PAXRecords["comment"][1:] }),
		"the record of another path": header(func(h *tar.Header) { h.Name = "nodes/n1/other" }),
		"another node's name":        then(entryText(t, Entry{Path: "nodes/n1/bad", Node: "n2"}, same, "bad")),
		"another node's folder":      then(entryText(t, Entry{Path: "nodes/n2/bad", Node: "n1"}, same, "bad")),
		"a plan":                     then(entryText(t, Entry{Path: PlanFile, Node: "n1"}, same, "{}")),
		"a manifest":                 then(entryText(t, Entry{Path: ManifestFile, Node: "n1"}, same, "{}")),
		"a report":                   then(entryText(t, Entry{Path: ReportFile, Node: "n1"}, same, "<html>")),
		"an entry twice":             then(good),
		"bytes in the padding":       dirty,
		"the end of a tar within":    then(make([]byte, tarTrailer), good),
		"bytes after the last entry": then([]byte("hello")),
		"a block of zeros":           then(make([]byte, tarBlock)),
		"a header without content":   then(good[:len(good)-tarBlock]),
		"a large entry":              then(entryText(t, Entry{Path: "nodes/n1/large", Node: "n1"}, same, large)),
		"too much for a frame":       bytes.Join(many, nil),
	}
	streams := map[string][]byte{
		"a window beyond a Writer's": wide(t, good),
		"cut":                        crafted(t, good)[:40],
	}
	for name, plain := range cases {
		streams[name] = crafted(t, plain)
	}
	for name, stream := range streams {
		w := manyJoined(t)
		_, _ = w.Join(context.Background(), bytes.NewReader(stream), joinN1)
		finish(t, w)
		for _, path := range onlyWritten(t, w.Path()) {
			if !strings.HasPrefix(path, "nodes/n1/") && path != PlanFile && path != ManifestFile {
				t.Errorf("%s: %s is in the bundle", name, path)
			}
		}
		whole, err := os.ReadFile(w.Path())
		if err != nil {
			t.Fatal(err)
		}
		if len(stream) > 40 && bytes.Contains(whole, stream) {
			t.Errorf("%s: its frame is in the bundle as it was sent", name)
		}
	}
	w := manyJoined(t)
	_, _ = w.Join(context.Background(), bytes.NewReader(crafted(t, good)), joinN1)
	finish(t, w)
	if whole, err := os.ReadFile(w.Path()); err != nil || !bytes.Contains(whole, crafted(t, good)) {
		t.Errorf("a good frame is not copied, so that the others say nothing: %v", err)
	}
}

// FuzzJoinFrame joins a frame of any plain text; whatever it is, the bundle holds only what a Writer puts there.
func FuzzJoinFrame(f *testing.F) {
	same := func(*tar.Header) {}
	good := entryText(f, Entry{Path: "nodes/n1/good", Node: "n1"}, same, "good")
	f.Add(good)
	f.Add(append(bytes.Clone(good), entryText(f, Entry{Path: "nodes/n1/more", Node: "n1"}, same, strings.Repeat("x", 600))...))
	f.Add(append(bytes.Clone(good), make([]byte, tarTrailer)...))
	f.Fuzz(func(t *testing.T, plain []byte) {
		w := manyJoined(t)
		_, _ = w.Join(context.Background(), bytes.NewReader(crafted(t, plain)), joinN1)
		if _, err := w.Close(); err != nil {
			t.Fatal(err)
		}
		onlyWritten(t, w.Path())
	})
}
