package redact

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// wide is a text in UTF-16.
func wide(text string, little, mark bool) string {
	var order binary.AppendByteOrder = binary.BigEndian
	if little {
		order = binary.LittleEndian
	}
	if mark {
		text = "\uFEFF" + text
	}
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// eachWide calls f with the ways in which a text may be kept in UTF-16.
func eachWide(f func(name string, encode func(string) string)) {
	for _, w := range []struct {
		name         string
		little, mark bool
	}{{"LE with mark", true, true}, {"BE with mark", false, true}, {"LE", true, false}, {"BE", false, false}} {
		f(w.name, func(text string) string { return wide(text, w.little, w.mark) })
	}
}

// What happens to a text in UTF-8 happens to it in UTF-16, and counts the same.
func TestUTF16LikeUTF8(t *testing.T) {
	for _, p := range planted {
		kind := kindNamed(t, p.kind)
		if !kind.encoded() {
			continue
		}
		var want bytes.Buffer
		plain := New(nil).Writer(&want, kind)
		_, _ = plain.Write([]byte(p.text))
		_ = plain.Close()
		eachWide(func(name string, encode func(string) string) {
			var got bytes.Buffer
			w := New(nil).Writer(&got, kind)
			for _, b := range []byte(encode(p.text)) {
				_, _ = w.Write([]byte{b})
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got.String() != encode(want.String()) || w.Total() != plain.Total() {
				t.Errorf("%s %s, %d of %d:\n got %q\nwant %q", p.kind, name, w.Total(), plain.Total(), got.String(), encode(want.String()))
			}
			hits, err := New(nil).Check(kind, iotest.OneByteReader(&got))
			if err != nil || len(hits) > 0 {
				t.Errorf("%s %s: leak check %v %v", p.kind, name, hits, err)
			}
			if hits, _ := New(nil).Check(kind, strings.NewReader(encode(p.text))); len(hits) == 0 {
				t.Errorf("%s %s: the leak check does not see %q", p.kind, name, p.text)
			}
		})
	}
}

// Innocent text keeps its bytes, whatever they are.
func TestUTF16Passes(t *testing.T) {
	text := strings.Join(innocent, "\r\n") + "\r\nGrüße 𝄞 密码\r\n"
	eachWide(func(name string, encode func(string) string) {
		for _, in := range []string{encode(text), encode(text) + "\x00", encode(text) + "\x3d\xd8\x01", encode(text) + text, text + encode(text)} {
			if got := scrub(t, nil, Text, in); got != in {
				t.Errorf("%s changed:\n%.200q", name, got)
			}
		}
	})
}

// A file that goes on in another encoding is read in both.
func TestMixedEncodings(t *testing.T) {
	const line = "db.password=Pl4nt!d-01\r\n"
	clean := scrub(t, nil, Properties, line)
	eachWide(func(name string, encode func(string) string) {
		for _, kind := range []Kind{Text, Properties} {
			for _, c := range []struct{ in, want string }{
				{line + encode(line) + line, clean + encode(clean) + clean},
				{encode(line) + line + encode(line), encode(clean) + clean + encode(clean)},
				{"a=1\n" + encode(line), "a=1\n" + encode(clean)},
				{strings.Repeat("# a long file\n", 50000) + encode(line), strings.Repeat("# a long file\n", 50000) + encode(clean)},
			} {
				if got := scrub(t, nil, kind, c.in); got != c.want {
					t.Errorf("%v %s:\n got %.300q\nwant %.300q", kind, name, got, c.want)
				}
			}
		}
	})
}

// What UTF-16 text reveals is known in every other entry, and the other way round; hits tell the line.
func TestUTF16Known(t *testing.T) {
	eachWide(func(name string, encode func(string) string) {
		s := NewSecrets()
		s.LearnText(Properties, []byte(encode("db.user=app\ndb.password=Plänt!d-01\n")))
		for _, in := range []string{"uses Plänt!d-01 now", encode("uses Plänt!d-01 now\n"), "x=Pl%C3%A4nt%21d-01;"} {
			if out := scrub(t, s, Text, in); !strings.Contains(strings.ReplaceAll(out, "\x00", ""), "[redacted:known]") {
				t.Errorf("%s: %q", name, out)
			}
		}
		hits, err := New(s).Check(Text, strings.NewReader(encode("a\nb\nPlänt!d-01\n")))
		if err != nil || len(hits) != 1 || hits[0].Line != 3 {
			t.Errorf("%s: %v %v", name, hits, err)
		}
	})
}

// Long lines and large documents are scrubbed piece by piece in UTF-16 too.
func TestUTF16LongLines(t *testing.T) {
	for at := 0; at < 700; at += 29 {
		text := strings.Repeat("ä ", at) + "password=Pl4nt!d-99 " + strings.Repeat("𝄞d ", 700)
		eachWide(func(name string, encode func(string) string) {
			var out bytes.Buffer
			s := Scrubber{secrets: NewSecrets(), block: 512}
			w := s.Writer(&out, Text)
			_, _ = w.Write([]byte(encode("first " + text)))
			_ = w.Close()
			if want := encode("first " + strings.Replace(text, "Pl4nt!d-99", marker("password"), 1)); out.String() != want {
				t.Fatalf("%s, secret at %d: %.200q", name, at, out.String())
			}
		})
	}
}
