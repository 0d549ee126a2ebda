package charset

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// wide encodes a text; mark puts a byte order mark in front.
func wide(e Encoding, text string, mark bool) string {
	if mark {
		text = "\uFEFF" + text
	}
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = e.appendUnit(out, u)
	}
	return string(out)
}

const (
	chinese = "连接池已满，正在等待数据库连接。上\n下一个请求被拒绝：密码 password=绝密值x\n　　　　缩进\n"
	plainEN = "2024-01-01 10:00:00,123 WARN [main] \"quoted\" password=hunter2x\r\nGrüße aus Köln 𝄞\r\n"
)

type textCase struct{ in, want string }

func textCases() map[string]textCase {
	return map[string]textCase{
		"UTF-8":                    {plainEN + chinese, plainEN + chinese},
		"UTF-8 with mark":          {"\uFEFF" + plainEN, plainEN},
		"Latin-1":                  {"Gr\xfc\xdfe\n", "Gr\xfc\xdfe\n"},
		"LE with mark":             {wide(UTF16LE, plainEN, true), plainEN},
		"BE with mark":             {wide(UTF16BE, plainEN, true), plainEN},
		"LE":                       {wide(UTF16LE, plainEN, false), plainEN},
		"BE":                       {wide(UTF16BE, plainEN, false), plainEN},
		"two characters":           {wide(UTF16LE, "ab", false), "ab"},
		"Chinese LE with mark":     {wide(UTF16LE, chinese, true), chinese},
		"Chinese BE":               {wide(UTF16BE, chinese, false), chinese},
		"UTF-16 behind UTF-8":      {"a=1\n" + wide(UTF16LE, plainEN, false), "a=1\n" + plainEN},
		"marked behind UTF-8":      {"a=1\n" + wide(UTF16BE, plainEN, true), "a=1\n" + plainEN},
		"BE behind UTF-8":          {"a=1\n" + wide(UTF16BE, plainEN, false), "a=1\n" + plainEN},
		"UTF-8 behind UTF-16":      {wide(UTF16LE, plainEN, true) + "token=abcdefgh\n", plainEN + "token=abcdefgh\n"},
		"a line between":           {wide(UTF16LE, plainEN, true) + "token=abcdefgh\n" + wide(UTF16LE, plainEN, false), plainEN + "token=abcdefgh\n" + plainEN},
		"UTF-8 behind Chinese":     {wide(UTF16LE, chinese, true) + plainEN, chinese + plainEN},
		"both orders":              {wide(UTF16LE, plainEN, true) + wide(UTF16BE, plainEN, true), plainEN + plainEN},
		"a hole":                   {strings.Repeat("\x00", 5000) + "line\n", strings.Repeat("\x00", 5000) + "line\n"},
		"NUL between words":        {"PATH=/bin\x00HOME=/root\x00A=1\x00", "PATH=/bin\x00HOME=/root\x00A=1\x00"},
		"half a unit at the end":   {wide(UTF16LE, "password", true) + "x", "passwordx"},
		"half a pair":              {wide(UTF16BE, "password", true) + "\xd8\x3d", "password\xed\xa0\xbd"},
		"nothing":                  {"", ""},
		"a mark and nothing":       {"\xff\xfe", ""},
		"ideographic spaces":       {wide(UTF16BE, "　　　　　　a", true), "　　　　　　a"},
		"numbers of one character": {"1\x002\x00", "12"},
	}
}

func TestText(t *testing.T) {
	for name, c := range textCases() {
		if got := string(Text([]byte(c.in))); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
		got, err := io.ReadAll(NewReader(iotest.OneByteReader(strings.NewReader(c.in))))
		if err != nil || string(got) != c.want {
			t.Errorf("%s, byte by byte: %v\n got %q\nwant %q", name, err, got, c.want)
		}
	}
	for name, c := range textCases() {
		for lead := range 5 { // in large reads, behind narrow text
			in := strings.Repeat("a", 70<<10+lead) + "\n" + c.in
			src := bufio.NewReaderSize(NewReader(iotest.HalfReader(strings.NewReader(in))), 1<<17)
			if got, err := io.ReadAll(src); err != nil || !bytes.Equal(got, Text([]byte(in))) {
				t.Errorf("%s, behind %d narrow bytes: %v, %d bytes: %q", name, 70<<10+lead, err, len(got), got[max(0, len(got)-200):])
			}
		}
	}
	lost := wide(UTF16LE, strings.Repeat("word ", 9), true)
	if got := string(Text([]byte(lost[:21] + lost[22:]))); !strings.Contains(got, "ord word word word word ") {
		t.Errorf("a byte lost: %q", got)
	}
}

func TestReaderTellsErrors(t *testing.T) {
	got, err := io.ReadAll(NewReader(io.MultiReader(strings.NewReader(wide(UTF16LE, "abc", true)), iotest.ErrReader(io.ErrUnexpectedEOF))))
	if string(got) != "abc" || err != io.ErrUnexpectedEOF {
		t.Errorf("%q, %v", got, err)
	}
}

// through splits in and puts it together again, in writes of the given size.
func through(in []byte, size int) (back []byte, runs string) {
	var enc Encoder
	s := Splitter{Run: func(e Encoding, mark []byte) {
		back = append(enc.Flush(back), mark...)
		enc = Encoder{Encoding: e}
		runs += e.String() + " "
	}, Text: func(text []byte) { back = enc.Append(back, text) }}
	for len(in) > 0 {
		n := min(size, len(in))
		_, _ = s.Write(in[:n])
		in = in[n:]
	}
	s.Close()
	return enc.Flush(back), runs
}

// What a Splitter gives can be put together again, and does not depend on how the text came.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{plainEN, chinese, wide(UTF16LE, plainEN, true), wide(UTF16BE, chinese, false), wide(UTF16LE, plainEN, false) + plainEN + wide(UTF16BE, plainEN, true), "\xff\xfe\x00\xd8", "\xff\xfe\x00\xd8\x00\xd8\x00\xdc", "a\x00b\x00c\x00d\x00efghijklmnopqr\x00s\x00t\x00u\x00"} {
		f.Add([]byte(s), 1)
		f.Add([]byte(s), 7)
	}
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		back, runs := through(in, 1<<20)
		if !bytes.Equal(back, in) {
			t.Fatalf("%q became %q (%s)", in, back, runs)
		}
		if cut, cutRuns := through(in, 1+(size&0x7fffffff)%100); !bytes.Equal(cut, in) || cutRuns != runs {
			t.Fatalf("%q became %q (%s, whole %s)", in, cut, cutRuns, runs)
		}
	})
}

func BenchmarkNarrow(b *testing.B) {
	text := bytes.Repeat([]byte(plainEN), 1<<14)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		_, _ = io.Copy(io.Discard, NewReader(bytes.NewReader(text)))
	}
}

func BenchmarkWide(b *testing.B) {
	text := []byte(wide(UTF16LE, strings.Repeat(plainEN, 1<<14), true))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		_, _ = io.Copy(io.Discard, NewReader(bytes.NewReader(text)))
	}
}
