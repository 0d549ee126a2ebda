package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
)

var formats = []Format{TarZstd, Zip, Dir}

func create(t *testing.T, format Format) *Writer {
	t.Helper()
	w, err := Create(filepath.Join(t.TempDir(), "x."+string(format)), format, Manifest{Cluster: "c", Plan: plan.Default()}, redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// fill writes entries of many sizes, one larger than what a spool holds in memory.
func fill(t *testing.T, w *Writer) map[string][]byte {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	content := map[string][]byte{}
	for i, size := range []int{0, 1, 511, 512, 513, 40_000, 3 << 20} {
		b := make([]byte, size)
		for i := range b {
			b[i] = "abcdefgh \n"[rnd.IntN(10)]
		}
		name := fmt.Sprintf("nodes/n1/host/file-%d.txt", i)
		if err := w.Add(Entry{Path: name, Node: "n1", Collector: "host"}, redact.Text, b); err != nil {
			t.Fatal(err)
		}
		content[name] = b
	}
	w.Cover(Coverage{Node: "n1", Collector: "host", Item: "file", Status: OK})
	return content
}

func finish(t *testing.T, w *Writer) Manifest {
	t.Helper()
	m, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRoundTrip(t *testing.T) {
	for _, format := range formats {
		t.Run(string(format), func(t *testing.T) {
			w := create(t, format)
			want := fill(t, w)
			written := finish(t, w)
			r, err := Open(t.Context(), w.Path())
			if err != nil {
				t.Fatal(err)
			}
			if r.Cut != nil || r.Foreign || r.Format != format {
				t.Errorf("cut %v, foreign %v, format %s", r.Cut, r.Foreign, r.Format)
			}
			got := map[string][]byte{}
			err = r.Walk(context.Background(), func(e Entry, body io.Reader) error {
				b, err := io.ReadAll(body)
				got[e.Path] = b
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for name, b := range want {
				if !bytes.Equal(got[name], b) {
					t.Errorf("%s: %d bytes differ from %d written", name, len(got[name]), len(b))
				}
			}
			if len(written.Entries) != len(want)+1 {
				t.Errorf("manifest lists %d entries, want %d and the plan", len(written.Entries), len(want))
			}
			rep, err := Verify(context.Background(), w.Path(), redact.NewSecrets())
			if err != nil || len(rep.Damaged) > 0 || len(rep.Leaks) > 0 {
				t.Errorf("verify: %+v, %v", rep, err)
			}
		})
	}
}

// Stock tools must read what we write.
func TestStockTools(t *testing.T) {
	tools := map[Format][]string{TarZstd: {"tar", "--zstd", "-tf"}, Zip: {"unzip", "-tq"}}
	for format, tool := range tools {
		t.Run(string(format), func(t *testing.T) {
			if _, err := exec.LookPath(tool[0]); err != nil {
				t.Skipf("no %s here", tool[0])
			}
			w := create(t, format)
			fill(t, w)
			finish(t, w)
			out, err := exec.Command(tool[0], append(tool[1:], w.Path())...).CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			if strings.Contains(string(out), "Ignoring") {
				t.Errorf("the tool complains: %s", out)
			}
		})
	}
}

// A bundle cut at any byte holds every entry that was whole before the cut.
func TestCutAnywhere(t *testing.T) {
	for _, format := range []Format{TarZstd, Zip} {
		t.Run(string(format), func(t *testing.T) {
			w := create(t, format)
			var ends []int64 // size of the file after each entry
			for i := range 6 {
				if err := w.Add(Entry{Path: fmt.Sprintf("nodes/n/%d.txt", i)}, redact.Text, bytes.Repeat([]byte{'a' + byte(i), '\n'}, 300*i)); err != nil {
					t.Fatal(err)
				}
				st, err := os.Stat(w.Path())
				if err != nil {
					t.Fatal(err)
				}
				ends = append(ends, st.Size())
			}
			finish(t, w)
			whole, err := os.ReadFile(w.Path())
			if err != nil {
				t.Fatal(err)
			}
			cut := filepath.Join(t.TempDir(), "cut")
			step := func(n int) int {
				if n > len(whole)-97 {
					return 1 // each of the last bytes
				}
				return 1 + n/97
			}
			for n := 0; n < len(whole); n += step(n) {
				if err := os.WriteFile(cut, whole[:n], 0o600); err != nil {
					t.Fatal(err)
				}
				complete := 0
				for _, end := range ends {
					if end <= int64(n) {
						complete++
					}
				}
				if n >= len(whole)-indexLength(t, w.Path()) {
					checkWhole(t, cut, len(ends))
				} else {
					checkCut(t, cut, n, complete)
				}
			}
		})
	}
}

// indexLength is how many bytes of a bundle are its index: without them nothing is lost.
func indexLength(t *testing.T, path string) int {
	x, err := openIndexed(t.Context(), path)
	if err != nil {
		return 0
	}
	defer x.Close()
	return len(appendIndex(nil, x.spots))
}

func checkWhole(t *testing.T, path string, entries int) {
	t.Helper()
	rep, err := Verify(t.Context(), path, redact.NewSecrets())
	if err != nil || rep.Reader.Cut != nil || rep.Entries != entries+2 || len(rep.Damaged) > 0 { // plan and manifest are two more
		t.Fatalf("without a whole index: %+v, %v", rep, err)
	}
}

func checkCut(t *testing.T, path string, n, complete int) {
	t.Helper()
	r, err := Open(t.Context(), path)
	if err != nil {
		t.Fatalf("cut at %d: %v", n, err)
	}
	if r.Cut == nil {
		t.Fatalf("cut at %d: not noticed", n)
	}
	if r.Foreign {
		if complete > 0 {
			t.Fatalf("cut at %d: taken for a foreign archive with %d entries of ours", n, complete)
		}
		return
	}
	rep, err := Verify(context.Background(), path, redact.NewSecrets())
	if err != nil {
		t.Fatalf("cut at %d: %v", n, err)
	}
	if got := max(rep.Entries-1, 0); got < complete || len(rep.Damaged) > 0 { // the plan is one more
		t.Fatalf("cut at %d: %d entries verify, %d were complete; damaged: %v", n, got, complete, rep.Damaged)
	}
}

func TestDamageIsFound(t *testing.T) {
	w := create(t, Dir)
	fill(t, w)
	finish(t, w)
	name := filepath.Join(w.Path(), "nodes/n1/host/file-3.txt")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[100] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(w.Path(), "nodes/n1/host/file-4.txt")); err != nil {
		t.Fatal(err)
	}
	rep, err := Verify(context.Background(), w.Path(), redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	damaged := strings.Join(rep.Damaged, "\n")
	for _, want := range []string{"file-3.txt: checksum differs", "file-4.txt: missing"} {
		if !strings.Contains(damaged, want) {
			t.Errorf("%q is not in %q", want, damaged)
		}
	}
}

// A secret learnt from one entry is scrubbed in the next ones, and counted.
func TestSecretsAreScrubbedWhileWriting(t *testing.T) {
	for _, format := range formats {
		w := create(t, format)
		const secret = "s3cr3t-Wj9xk2"
		for i, line := range []string{"-Ddb.password=" + secret + " -Xmx1g\n", "2024-01-01 connecting with " + secret + "\n"} {
			if err := w.Add(Entry{Path: fmt.Sprintf("nodes/n/%d", i)}, redact.Text, []byte(line)); err != nil {
				t.Fatal(err)
			}
		}
		m := finish(t, w)
		if m.Redaction.Total < 2 || m.Redaction.KnownValues < 1 {
			t.Errorf("%s: redaction %+v", format, m.Redaction)
		}
		r, err := Open(t.Context(), w.Path())
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Walk(context.Background(), func(e Entry, body io.Reader) error {
			b, err := io.ReadAll(body)
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s: %s holds the secret: %s", format, e.Path, b)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPathsThatLeaveTheBundleAreRefused(t *testing.T) {
	w := create(t, TarZstd)
	for _, bad := range []string{"../x", "/etc/passwd", "a//b", "", "a/../../b"} {
		if err := w.Add(Entry{Path: bad}, redact.Text, nil); err == nil {
			t.Errorf("path %q was accepted", bad)
		}
	}
	finish(t, w)
	if _, err := entryOf("../../etc/cron.d/x", nil, 1); err == nil {
		t.Error("a reader accepted a path that leads out of the bundle")
	}
	for _, c := range []struct{ in, want string }{{"./logs/a", "logs/a"}, {"/opt/logs/a", "opt/logs/a"}, {"a//b", "a/b"}} { // as tar of others writes
		if e, err := entryOf(c.in, nil, 1); err != nil || e.Path != c.want {
			t.Errorf("%q is read as %q, %v", c.in, e.Path, err)
		}
	}
}

func TestSameNameTwice(t *testing.T) {
	w := create(t, TarZstd)
	if err := w.Add(Entry{Path: "a"}, redact.Text, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Add(Entry{Path: "a"}, redact.Text, nil); err == nil {
		t.Error("a second entry of the same name was accepted")
	}
	finish(t, w)
}

func TestForeignInput(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "x.txt")
	if err := os.WriteFile(plain, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), plain); !errors.Is(err, ErrNotArchive) {
		t.Errorf("text file: %v", err)
	}
	if _, err := Open(t.Context(), plain+".none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	r, err := Open(t.Context(), filepath.Dir(plain))
	if err != nil || !r.Foreign || len(r.Manifest.Entries) != 1 {
		t.Errorf("folder: %+v, %v", r, err)
	}
}

func FuzzOpen(f *testing.F) {
	for _, format := range []Format{TarZstd, Zip} {
		path := filepath.Join(f.TempDir(), "seed")
		w, err := Create(path, format, Manifest{}, redact.NewSecrets())
		if err != nil {
			f.Fatal(err)
		}
		if err := w.Add(Entry{Path: "a/b"}, redact.Text, []byte("hello\n")); err != nil {
			f.Fatal(err)
		}
		if _, err := w.Close(); err != nil {
			f.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(dir, "in")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(t.Context(), path)
		if err != nil || r.Foreign {
			return
		}
		_, _ = Verify(context.Background(), path, redact.NewSecrets()) // must end and not panic
	})
}
