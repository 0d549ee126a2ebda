package redact_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"casefile/bundle/format/jfr"
	"casefile/bundle/redact"
)

// recordings are those of the shared corpus, unpacked.
func recordings(tb testing.TB) map[string][]byte {
	tb.Helper()
	root := filepath.Join("..", "..", "..", "shared", "corpus")
	files := map[string][]byte{}
	if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(strings.TrimSuffix(path, ".gz"), ".jfr") {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && bytes.HasPrefix(b, []byte("\x1f\x8b")) {
			var z *gzip.Reader
			if z, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
				b, err = io.ReadAll(z)
			}
		}
		files[path] = b
		return err
	}); err != nil {
		tb.Skipf("the shared corpus is not here: %v", err)
	}
	return files
}

// counted is how many events of each type a recording has.
func counted(b []byte) map[string]int64 {
	counts := map[string]int64{}
	r := jfr.NewReader(bytes.NewReader(b), jfr.Limits{})
	for {
		c, err := r.Next()
		if err != nil {
			return counts
		}
		for t, n := range c.Counts() {
			if t != nil {
				counts[t.Name] += n
			}
		}
	}
}

// environment are the values of all variables in a recording.
func environment(b []byte) []string {
	var values []string
	r := jfr.NewReader(bytes.NewReader(b), jfr.Limits{})
	for {
		c, err := r.Next()
		if err != nil {
			return values
		}
		if t := c.TypeByName("jdk.InitialEnvironmentVariable"); t != nil {
			c.Read(func(row *jfr.Row) { values = append(values, row.Text(0)) }, t.Select("value"))
		}
	}
}

// A scrubbed recording has its length and all its events, no variable of the
// environment has its value, and a second pass finds nothing.
func TestRecordingsStayReadable(t *testing.T) {
	seen := 0
	for name, b := range recordings(t) {
		for _, value := range environment(b) {
			if strings.Trim(value, "*") != "" {
				seen++
			}
		}
		s := redact.New(redact.NewSecrets())
		var out bytes.Buffer
		w := s.Writer(&out, redact.JFR)
		if _, err := io.Copy(w, iotest.HalfReader(bytes.NewReader(b))); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := w.Close(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if out.Len() != len(b) {
			t.Errorf("%s: %d bytes became %d", name, len(b), out.Len())
			continue
		}
		if before, after := counted(b), counted(out.Bytes()); !maps.Equal(before, after) {
			t.Errorf("%s: %v became %v", name, before, after)
		}
		for _, value := range environment(out.Bytes()) {
			if strings.Trim(value, "*") != "" {
				t.Errorf("%s: a variable has its value: %.40q", name, value)
			}
		}
		if hits, err := s.Check(redact.JFR, bytes.NewReader(out.Bytes())); err != nil || len(hits) > 0 {
			t.Errorf("%s: a second pass finds %d places, %v: %+v", name, len(hits), err, hits[:min(len(hits), 5)])
		}
	}
	if seen == 0 {
		t.Error("no recording has a variable: the test proves nothing")
	}
}

func FuzzJFR(f *testing.F) {
	for _, b := range recordings(f) {
		if len(b) < 60<<10 {
			f.Add(b)
		}
	}
	f.Add([]byte("FLR\x00\x00\x02\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := redact.New(redact.NewSecrets()).Bytes(redact.JFR, b)
		if err != nil || len(out) != len(b) {
			t.Errorf("%d bytes became %d, %v", len(b), len(out), err)
		}
	})
}

func BenchmarkJFR(b *testing.B) {
	var all []byte
	for name, r := range recordings(b) {
		if strings.HasSuffix(name, "mixed-workload.jfr") {
			all = r
		}
	}
	b.SetBytes(int64(len(all)))
	for b.Loop() {
		if _, err := redact.New(redact.NewSecrets()).Bytes(redact.JFR, all); err != nil {
			b.Fatal(err)
		}
	}
}

// A recording whose strings are written anew has all its events and constants, whatever wrote it: the JDKs, other profilers.
func TestRecordingsRewritten(t *testing.T) {
	for name, b := range recordings(t) {
		r := jfr.NewReader(bytes.NewReader(b), jfr.Limits{})
		for {
			c, err := r.Next()
			if err != nil {
				break
			}
			var edits []jfr.Edit
			edit := func(texts []jfr.Text) {
				for i := range texts {
					if texts[i].Key == 0 {
						edits = append(edits, texts[i].Edit(texts[i].String()+" and more"))
					}
				}
			}
			c.Texts(func(_ *jfr.Type, texts []jfr.Text) { edit(texts) }, func(_ *jfr.Type, _ int64, texts []jfr.Text) { edit(texts) })
			if same := c.Rewrite(nil); !bytes.Equal(same, c.Data()) {
				t.Errorf("%s: %d bytes became %d without a change", name, len(c.Data()), len(same))
			}
			out := c.Rewrite(edits)
			again, err := jfr.NewReader(bytes.NewReader(out), jfr.Limits{ChunkBytes: 1 << 30}).Next()
			if err != nil || (again.Cut == nil) != (c.Cut == nil) || again.LostConstants != c.LostConstants {
				t.Errorf("%s: %v, cut %v (was %v), %d constants lost (%d)", name, err, again.Cut, c.Cut, again.LostConstants, c.LostConstants)
				continue
			}
			if !maps.Equal(counted(c.Data()), counted(out)) {
				t.Errorf("%s: %v became %v", name, counted(c.Data()), counted(out))
			}
		}
	}
}
