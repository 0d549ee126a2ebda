package redact

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"casefile/bundle/format/hsperf"
	"casefile/bundle/format/jfr"
	"casefile/bundle/redact/names"
)

// nameCanaries are texts of all channels, with a name each that no other text has: kinds by places.
func nameCanaries(r *rand.Rand) (texts, hidden []string) {
	word := func(n int) string {
		const letters = "bcdfghklmnprstvwxz"
		b := make([]byte, n)
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
			if i%2 == 1 {
				b[i] = "aeiou"[r.IntN(5)]
			}
		}
		return string(b)
	}
	add := func(format string, names ...string) {
		args := make([]any, len(names))
		for i, n := range names {
			args[i] = n
		}
		texts, hidden = append(texts, fmt.Sprintf(format, args...)), append(hidden, names...)
	}
	for range 4 {
		host, user, domain := word(5)+fmt.Sprint(1+r.IntN(99)), word(8), word(9)+".de"
		add("INFO user=%s host=%s", user, host)
		add("INFO GET https://%s.%s:8443/wiki/pages", word(6)+"-1", domain)
		add("worker of %s", "svc."+word(7)+"@"+domain)
		add("peer /10.%s:5432 is slow", fmt.Sprintf("%d.%d.%d", r.IntN(250), 1+r.IntN(250), 2+r.IntN(250)))
		add("link 3c:7c:3f:%s up", fmt.Sprintf("%02x:%02x:%02x", r.IntN(255), r.IntN(255), r.IntN(255)))
		add("address fd12:3456:789a:%s::17", fmt.Sprintf("%x", 0x1000+r.IntN(0xefff)))
		add("opened /home/%s/%s/report.txt", word(9), word(10))
		add("-Duser.name=%s -Djava.rmi.server.hostname=%s", word(9), word(7)+"7")
		add("jdbc:postgresql://%s:5432/db", word(8)+"3")
		add("url: /display/%s/%s; user: %s", strings.ToUpper(word(4)), word(5)+"+"+word(6), word(8))
		add("GET /rest?q=%s HTTP/1.1", word(12))
		add("select * from t where name = '%s'", word(12))
	}
	return texts, hidden
}

func checkGone(t *testing.T, out string, hidden []string) {
	t.Helper()
	for _, name := range hidden {
		if strings.Contains(strings.ToLower(out), strings.ToLower(name)) {
			t.Errorf("%q is left", name)
		}
	}
}

// Names in the strings of a profile or a recording are replaced as in a line of a log; the file stays readable, with as
// many strings, and the pseudonyms are those of the log.
func TestNamesInFormats(t *testing.T) {
	for _, f := range stringFormats {
		t.Run(f.kind.String(), func(t *testing.T) {
			texts, hidden := nameCanaries(rand.New(rand.NewPCG(5, 6)))
			in := f.write(texts)
			set := names.New(names.Key{1})
			if err := LearnNames(set, f.kind, bytes.NewReader(in)); err != nil {
				t.Fatal(err)
			}
			scrub := New(nil).Names(set)
			out, err := scrub.Bytes(f.kind, in)
			if err != nil {
				t.Fatal(err)
			}
			before, after := f.read(t, in), f.read(t, out)
			if len(before) != len(after) {
				t.Fatalf("%d strings became %d", len(before), len(after))
			}
			checkGone(t, strings.Join(after, "\n"), hidden)
			for i, text := range before {
				as, err := scrub.Bytes(Text, []byte(text))
				if err != nil || string(as) != after[i] {
					t.Errorf("%q is %q, in a log %q, %v", text, after[i], as, err)
				}
			}
			if hits, err := scrub.Check(f.kind, bytes.NewReader(out)); err != nil || len(hits) > 0 {
				t.Errorf("a second pass finds %v, %v", hits, err)
			}
		})
	}
}

// A counter whose text becomes longer than its room grows; numbers and names stay.
func TestNamesInCounters(t *testing.T) {
	texts, hidden := nameCanaries(rand.New(rand.NewPCG(7, 8)))
	set := names.New(names.Key{1})
	for _, text := range texts {
		if err := LearnNames(set, Text, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	scrub := New(nil).Names(set)
	for _, text := range texts {
		in := hsperfFile("sun.rt.javaCommand", text)
		out, err := scrub.Bytes(Hsperf, in)
		if err != nil {
			t.Fatal(err)
		}
		s, err := hsperf.Parse(out)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		was, err := hsperf.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := s.Str("sun.rt.javaCommand")
		if as, _ := scrub.Bytes(Text, []byte(text)); string(as) != got {
			t.Errorf("%q is %q, in a log %q", text, got, as)
		}
		checkGone(t, got, hidden)
		if len(s.Entries) != len(was.Entries) {
			t.Errorf("%d counters became %d", len(was.Entries), len(s.Entries))
		}
		for e := range was.All() {
			if n, ok := s.Int(e.Name); e.IsInt() && (!ok || n != e.Int) {
				t.Errorf("%s: %d became %d", e.Name, e.Int, n)
			}
		}
	}
}

// Names in logs, documents and texts of other encodings, however the writes are cut.
func TestNamesInTexts(t *testing.T) {
	texts, hidden := nameCanaries(rand.New(rand.NewPCG(9, 10)))
	log := strings.Join(texts, "\n") + "\n"
	wide := func(order binary.ByteOrder, mark string) string {
		out := []byte(mark)
		for _, c := range []byte(log) {
			var b [2]byte
			order.PutUint16(b[:], uint16(c))
			out = append(out, b[:]...)
		}
		return string(out)
	}
	for name, in := range map[string]string{"log": log, "UTF-16LE": wide(binary.LittleEndian, "\xff\xfe"),
		"UTF-16BE":   wide(binary.BigEndian, "\xfe\xff"),
		"no newline": strings.TrimSuffix(log, "\n"), "one long line": strings.Repeat(strings.ReplaceAll(log, "\n",
			" , "), 60)} {
		set := names.New(names.Key{1})
		if err := LearnNames(set, Text, strings.NewReader(in)); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		w := New(nil).Names(set).Writer(&out, Text)
		for at := 0; at < len(in); at += 1000 {
			_, _ = io.WriteString(w, in[at:min(len(in), at+1000)])
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		plain := strings.ReplaceAll(out.String(), "\x00", "")
		checkGone(t, plain, hidden)
		if strings.Count(plain, "\n") != strings.Count(strings.ReplaceAll(in, "\x00", ""), "\n") {
			t.Errorf("%s: lines are lost", name)
		}
		if w.Counts()["host"] == 0 || w.Counts()["address"] == 0 {
			t.Errorf("%s: counts %v", name, w.Counts())
		}
	}
}

// Recordings of JDKs and of other tools keep their events and constants when their names are replaced.
func TestNamesInRecordings(t *testing.T) {
	texts, _ := nameCanaries(rand.New(rand.NewPCG(5, 6)))
	for _, b := range [][]byte{stringFormats[1].write(texts)} {
		set := names.New(names.Key{1})
		out, err := New(nil).Names(set).Bytes(JFR, append(slices.Clone(b), b...))
		if err != nil {
			t.Fatal(err)
		}
		r := jfr.NewReader(bytes.NewReader(out), jfr.Limits{})
		for n := range 2 {
			c, err := r.Next()
			if err != nil || c.Cut != nil || c.LostConstants > 0 {
				t.Fatalf("chunk %d: %v, %+v", n, err, c)
			}
			first, _ := jfr.NewReader(bytes.NewReader(b), jfr.Limits{}).Next()
			if was, is := maps.Collect(first.Counts()), maps.Collect(c.Counts()); len(was) != len(is) {
				t.Errorf("%d types became %d", len(was), len(is))
			}
		}
	}
}

// FuzzNames gives anything as an entry of any kind: it ends without a panic, and what comes out has nothing to replace.
func FuzzNames(f *testing.F) {
	texts, _ := nameCanaries(rand.New(rand.NewPCG(5, 6)))
	for _, text := range texts {
		f.Add(uint8(Text), []byte(text))
		f.Add(uint8(Hsperf), hsperfFile("sun.rt.javaCommand", text))
	}
	for _, format := range stringFormats {
		f.Add(uint8(format.kind), format.write(texts[:4]))
	}
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		k := Kind(kind % uint8(len(kindNames)))
		set := names.New(names.Key{1})
		if err := LearnNames(set, k, bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
		out, err := New(nil).Names(set).Bytes(k, b)
		if err != nil {
			return
		}
		if k == Hsperf {
			if _, err := hsperf.Parse(out); err != nil {
				t.Fatalf("hsperfdata became unreadable: %v", err)
			}
		}
	})
}
