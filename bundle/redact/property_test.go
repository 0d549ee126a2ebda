package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"go.yaml.in/yaml/v4"
)

func seeds(f *testing.F) {
	for _, p := range planted {
		f.Add(byte(kindNamed(f, p.kind)), []byte(p.text))
	}
	for _, line := range innocent {
		f.Add(byte(Text), []byte(line))
	}
	r := rand.New(rand.NewPCG(3, 4))
	for _, subject := range canarySites {
		for _, site := range subject.texts {
			text, _ := fill(site, canary(r), r)
			f.Add(byte(subject.kind), []byte(text))
		}
	}
}

// textKinds are those that FuzzScrub tries; the binary ones have their own tests.
const textKinds = byte(Environ) + 1

// mostGrowth is the longest that a byte may become: a secret of one becomes a marker, maybe in quotes.
const mostGrowth = 32

// FuzzScrub holds what is promised for every input: no panic, valid stays valid, twice is once, no byte becomes more than
// a marker, and the leak check agrees.
func FuzzScrub(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, k byte, text []byte) {
		kind := Kind(k % textKinds)
		if k >= 128 && kind.encoded() {
			text = []byte(wide(string(text), k&1 == 0, k&2 == 0))
		}
		once, err := New(nil).Bytes(kind, text)
		if err != nil {
			t.Fatal(err)
		}
		if len(once) > mostGrowth*len(text) {
			t.Fatalf("%v: %d bytes became %d: %q\n-> %q", kind, len(text), len(once), text, once)
		}
		if hits, err := New(nil).Check(kind, bytes.NewReader(once)); err != nil || len(hits) > 0 {
			t.Fatalf("%v: %q\n-> %q\ncheck: %v, %v", kind, text, once, hits, err)
		}
		if kind == JSON && validJSON(text) && !validJSON(once) {
			t.Fatalf("JSON broken: %q\n-> %q", text, once)
		}
		if kind == XML && wellFormed(text) && !wellFormed(once) {
			t.Fatalf("XML broken: %q\n-> %q", text, once)
		}
		twice, err := New(nil).Bytes(kind, once)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once, twice) {
			t.Fatalf("%v: %q\nonce  %q\ntwice %q", kind, text, once, twice)
		}
	})
}

// FuzzChunks holds that the cut into writes makes no difference, with small blocks so that lines span them.
func FuzzChunks(f *testing.F) {
	f.Add([]byte(strings.Repeat("x", 300)+" password=hunter2x "+strings.Repeat("y", 300)+"\n"), 7)
	f.Add([]byte("token=abcdefgh12345678 "+strings.Repeat("z ", 400)), 1)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		whole, cut := new(bytes.Buffer), new(bytes.Buffer)
		s := Scrubber{secrets: NewSecrets(), block: 256}
		w := s.Writer(whole, Text)
		_, _ = w.Write(text)
		_ = w.Close()
		s.secrets = NewSecrets()
		w = s.Writer(cut, Text)
		for size = 1 + (size&0x7fffffff)%64; len(text) > 0; {
			n := min(size, len(text))
			_, _ = w.Write(text[:n])
			text = text[n:]
		}
		_ = w.Close()
		if !bytes.Equal(whole.Bytes(), cut.Bytes()) {
			t.Fatalf("whole %q\ncut   %q", whole, cut)
		}
	})
}

// A line longer than a window hides nothing, wherever the secret lies.
func TestLongLines(t *testing.T) {
	for at := 0; at < 1500; at += 13 {
		known := NewSecrets()
		known.Learn("Kn0wn!value")
		text := strings.Repeat("a ", at/2) + "password=Pl4nt!d-99 " + strings.Repeat("bc ", at%40) + "Kn0wn!value " + strings.Repeat("d ", 700)
		var out bytes.Buffer
		s := Scrubber{secrets: known, block: 512}
		w := s.Writer(&out, Text)
		_, _ = w.Write([]byte(text))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		want := strings.NewReplacer("Pl4nt!d-99", marker("password"), "Kn0wn!value", marker("known")).Replace(text)
		if out.String() != want {
			t.Fatalf("secret at %d: %q", at, out.String())
		}
	}
}

func TestSecretLongerThanAWindow(t *testing.T) {
	var out bytes.Buffer
	s := Scrubber{secrets: NewSecrets(), block: 512}
	w := s.Writer(&out, Text)
	_, _ = w.Write([]byte("password=" + strings.Repeat("Zq", 5000) + " kept\n"))
	_ = w.Close()
	if strings.Contains(out.String(), "Zq") || !strings.HasSuffix(out.String(), " kept\n") {
		t.Errorf("%.200q", out.String())
	}
}

// A known value is found in every form and every kind.
func TestKnownValues(t *testing.T) {
	const value = `p&ss"w<rd/9:=#'x`
	for _, form := range variants(value) {
		for kind := Text; kind <= Environ; kind++ {
			s := NewSecrets()
			if !s.Learn(value) {
				t.Fatal("not learned")
			}
			for _, text := range []string{"a line with " + form + " in it\n", "at x.y(" + form + ")"} {
				if out := scrub(t, s, kind, text); strings.Contains(out, form) {
					t.Errorf("%v: %q survives in %q", kind, form, out)
				}
			}
		}
	}
	s := NewSecrets()
	s.Learn(value)
	for _, form := range binaryVariants(value) {
		in := []byte("\x00\x01head" + form + "tail\x02")
		out, err := New(s).Bytes(Binary, in)
		if err != nil || len(out) != len(in) || bytes.Contains(out, []byte(form)) || !bytes.HasSuffix(out, []byte("tail\x02")) {
			t.Errorf("%q -> %q, %v", in, out, err)
		}
	}
}

func TestBinaryAcrossBlocks(t *testing.T) {
	known := NewSecrets()
	known.Learn("Kn0wn!value")
	for at := range 1200 {
		in := bytes.Repeat([]byte{1}, 3000)
		copy(in[at:], "Kn0wn!value")
		var out bytes.Buffer
		s := Scrubber{secrets: known, block: 512}
		w := s.Writer(&out, Binary)
		_, _ = w.Write(in)
		_ = w.Close()
		if out.Len() != len(in) || bytes.Contains(out.Bytes(), []byte("Kn0wn!")) || w.Total() != 1 {
			t.Fatalf("at %d: %d bytes, %d hits", at, out.Len(), w.Total())
		}
	}
}

// What a document or a log reveals behind a key is gone elsewhere too.
func TestLearnsWhileScrubbing(t *testing.T) {
	s := NewSecrets()
	if out := scrub(t, s, Properties, "note=uses Pl4nt!d-01\nx.password=Pl4nt!d-01\n"); strings.Contains(out, "Pl4nt") {
		t.Errorf("before its key: %q", out)
	}
	if out := scrub(t, s, Text, "later: Pl4nt!d-01 and Pl4nt%21d-01\n"); strings.Contains(out, "Pl4nt") {
		t.Errorf("in another entry: %q", out)
	}
	if s.Count() != 1 {
		t.Errorf("%d values", s.Count())
	}
	hits, err := New(s).Check(Text, iotest.OneByteReader(strings.NewReader("a\nb\nPl4nt!d-01\n")))
	if err != nil || len(hits) != 1 || hits[0] != (Hit{Offset: 4, Line: 3, Rule: "known"}) {
		t.Errorf("%v %v", hits, err)
	}
}

func TestLearnRefuses(t *testing.T) {
	s := NewSecrets("operator7")
	for _, v := range []string{"", "abc", "12345", "true", "changeit", "confluence", "Password", "operator7", "${db.password}", "********", "123456789",
		"/etc/ssl/private", "com.example.Name", `C:\x\y`, "db01:5432", " padded ", "two\nlines"} {
		if s.Learn(v) {
			t.Errorf("learned %q", v)
		}
	}
	s.LearnText(Properties, []byte("db.username=wiki_prod\ndb.password=wiki_prod\nother.password=S3cret!9\n"))
	if s.Count() != 1 {
		t.Errorf("%d values, want only the one that is no user name", s.Count())
	}
}

func TestYAMLStaysReadable(t *testing.T) {
	for _, p := range planted {
		if p.kind != "yaml" {
			continue
		}
		var v any
		if err := yaml.Unmarshal([]byte(p.text), &v); err != nil {
			t.Fatalf("%q: %v", p.text, err)
		}
		if out := scrub(t, nil, YAML, p.text); yaml.Unmarshal([]byte(out), &v) != nil {
			t.Errorf("not readable any more: %q", out)
		}
	}
}

func TestJSONLines(t *testing.T) {
	out := scrub(t, nil, JSON, `{"password":"hunter2x"}`+"\n"+`{"n":1}`+"\n")
	for line := range strings.Lines(out) {
		if !json.Valid([]byte(line)) {
			t.Error(line)
		}
	}
	if strings.Contains(out, "hunter2x") {
		t.Error(out)
	}
}

func TestConcurrent(t *testing.T) {
	s := NewSecrets()
	done := make(chan string)
	for i := range 8 {
		go func() {
			b, _ := New(s).Bytes(Text, fmt.Appendf(nil, "x.password=S3cret!%d\n", i))
			done <- string(b)
		}()
	}
	for range 8 {
		if out := <-done; strings.Contains(out, "S3cret") {
			t.Error(out)
		}
	}
}
