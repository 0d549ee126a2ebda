package report

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"casefile/analyze"
	"casefile/analyze/say"
)

func TestFigures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{say.Number(0), "0"}, {say.Number(1.5), "1.5"}, {say.Number(12.34), "12.3"}, {say.Number(99.96), "100"}, {say.Number(1234.5), "1235"}, {say.Number(0.0004), "0"}, {say.Number(12345678), "12\u202f345\u202f678"},
		{say.Number(-3.14159), "-3.14"}, {say.Number(math.NaN()), "?"}, {say.Bytes(1536.0), "1.5 KB"}, {say.Bytes(int64(3 << 30)), "3 GB"}, {say.Bytes(-2048.0), "-2 KB"},
		{say.Took(0), "0 s"}, {say.Took(250 * time.Microsecond), "250 µs"}, {say.Took(1402 * time.Millisecond), "1.4 s"}, {say.Took(185 * time.Second), "3 min 5 s"}, {say.Took(26 * time.Hour), "26 h"}, {say.Took(50 * time.Hour), "2 d 2 h"},
		{count(1, "thread"), "1 thread"}, {count(2, "thread"), "2 threads"}, {cut("abcdef", 4), "abc…"}, {cut("abc", 3), "abc"}, {clean("a\nb\x1b[m\xff"), "a b\ufffd[m\ufffd"},
		{shortFunc("com.acme.Foo$Bar.run"), "Foo$Bar.run"}, {shortFunc("net/http.(*conn).serve"), "http.(*conn).serve"}, {shortFunc("net.(*netFD).accept"), "net.(*netFD).accept"}, {shortFunc("main"), "main"}, {shortFunc("start_thread"), "start_thread"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, width := range []int{8, 20, 33, 80} {
		text := "a few words and-one-that-is-much-longer-than-most lines, ünïcödé too"
		for _, l := range wrap(text, width) {
			if n := utf8.RuneCountInString(l); n > width {
				t.Errorf("width %d: line of %d characters: %q", width, n, l)
			}
		}
		if got := strings.ReplaceAll(strings.Join(wrap(text, width), ""), " ", ""); got != strings.ReplaceAll(text, " ", "") {
			t.Errorf("width %d: text lost: %q", width, got)
		}
	}
}

// TestTerminalWidth holds every line of the short form to the width.
func TestTerminalWidth(t *testing.T) {
	c, r := sampleCase(t)
	for _, width := range []int{40, 60, 80, 120} {
		var b strings.Builder
		if err := Terminal(&b, c, r, Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		for l := range strings.Lines(b.String()) {
			l = strings.TrimRight(l, "\n")
			if n := utf8.RuneCountInString(l); n > width && !strings.HasPrefix(l, "Details:") && !strings.HasPrefix(l, "Checks that") {
				t.Errorf("width %d: line of %d: %q", width, n, l)
			}
		}
	}
}

// TestFindingTakesSixLines counts the lines of each finding, however long its texts; of the first one the whole action is told.
func TestFindingTakesSixLines(t *testing.T) {
	long := strings.Repeat("many words ", 60)
	f := analyze.Finding{ID: "x", Severity: analyze.Critical, Title: long, Impact: long, Nodes: []string{long}, Subject: long, Advice: []analyze.Advice{{Action: long, Setting: long, From: long, To: long}}}
	o := &terminal{width: 80}
	o.finding(&f, false)
	if n := strings.Count(o.buf.String(), "\n") - 1; n > 6 { // one is blank
		t.Errorf("%d lines:\n%s", n, o.buf.String())
	}
	o = &terminal{width: 80}
	o.finding(&f, true)
	if n := strings.Count(o.buf.String(), "words"); n < 180 { // action, from, to; the title is cut
		t.Errorf("the first action is cut after %d words:\n%s", n, o.buf.String())
	}
}

func lines(n int) []byte {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return []byte(b.String())
}

func excerptOf(content []byte, lines string, most int) ([]excerptLine, error) {
	e := analyze.Evidence{Entry: "x", Lines: lines}
	c := NewCited([]analyze.Finding{{Evidence: []analyze.Evidence{e}}})
	c.Take("x", bytes.NewReader(content))
	return c.lines(&e, most)
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct {
		content []byte
		cited   string
		most    int
		want    string // numbers, and lines left out in brackets
		err     string
	}{
		{lines(10), "3-5", 40, "3 4 5", ""},
		{lines(10), "3", 40, "3", ""},
		{lines(10), "2,8-9", 40, "2 8 9", ""},
		{lines(10), "9-30", 40, "9 10", ""},
		{lines(100), "11-60", 4, "11 12 [46] 59 60", ""},
		{lines(6), "", 3, "1 2 [3] 6", ""},
		{lines(3), "7-9", 40, "", "lines 7-9 are not there: the entry has 3 lines"},
		{lines(3), "x", 40, "", `lines "x": want 12 or 12-40`},
		{lines(3), "5-2", 40, "", `lines "5-2": want 12 or 12-40`},
		{[]byte("\xca\xfe\xc0\xc0\x00\x01"), "", 40, "", "binary"},
		{nil, "", 40, "", ""},
	} {
		got, err := excerptOf(c.content, c.cited, c.most)
		var parts []string
		for _, l := range got {
			if l.Number == 0 {
				parts = append(parts, fmt.Sprintf("[%d]", l.Left))
				continue
			}
			parts = append(parts, fmt.Sprint(l.Number))
			if want := fmt.Sprintf("line %d", l.Number); l.Text != want {
				t.Errorf("%q: line %d is %q", c.cited, l.Number, l.Text)
			}
		}
		if text := strings.Join(parts, " "); text != c.want {
			t.Errorf("%q: got %s, want %s", c.cited, text, c.want)
		}
		if err == nil {
			err = errors.New("")
		}
		if err.Error() != c.err {
			t.Errorf("%q: error %q, want %q", c.cited, err, c.err)
		}
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add([]byte("a\nb\nc\n"), "1-2", 2)
	f.Add([]byte("\x00\xff"), "", 0)
	f.Add([]byte("a\x1b[31m\r\nb"), "1,2,3-9", 40)
	f.Fuzz(func(t *testing.T, content []byte, cited string, most int) {
		most = min(max(most, 0), 100)
		got, err := excerptOf(content, cited, most)
		if err != nil {
			return
		}
		if len(got) > most+1 {
			t.Errorf("%d lines, want %d at most", len(got), most)
		}
		for _, l := range got {
			if l.Text != clean(l.Text) || utf8.RuneCountInString(l.Text) > excerptWidth {
				t.Errorf("line %d is not fit to print: %q", l.Number, l.Text)
			}
		}
	})
}

// FuzzMarkdown holds any text to one line without table bars or tags.
func FuzzMarkdown(f *testing.F) {
	f.Add(hostile)
	f.Add("a|b\\|c")
	f.Fuzz(func(t *testing.T, s string) {
		out := md(s)
		plain := strings.ReplaceAll(out, `\\`, "")
		plain = strings.ReplaceAll(plain, `\|`, "")
		if strings.ContainsAny(plain, "|<>\n\r\x1b") {
			t.Errorf("%q became %q", s, out)
		}
	})
}

func TestScales(t *testing.T) {
	for _, top := range []float64{0, 1e-9, 0.3, 1, 7, 99, 100, 1e6, 3.2e12, math.Inf(1), math.NaN()} {
		upper, ticks := linear(top, 4, say.Number)
		if !(upper > 0) || len(ticks) < 2 || len(ticks) > 6 {
			t.Errorf("top %v: upper %v, %d ticks", top, upper, len(ticks))
		}
		if !math.IsInf(top, 0) && upper < top*(1-1e-9) {
			t.Errorf("top %v lies above the axis of %v", top, upper)
		}
	}
	for _, length := range []time.Duration{time.Millisecond, time.Second, time.Minute, 50 * time.Hour, 2000 * time.Hour, 200000 * time.Hour} {
		if n := len(timeTicks(began, began.Add(length), 6)); n < 1 || n > 8 {
			t.Errorf("%v: %d ticks of time", length, n)
		}
		if n := len(sinceTicks(length, 6)); n < 1 || n > 8 {
			t.Errorf("%v: %d ticks since the start", length, n)
		}
	}
	lo, hi, ticks := decades(0.3, 140, say.Number)
	if lo != 0.1 || hi != 1000 || len(ticks) != 5 {
		t.Errorf("decades: %v to %v, %d ticks", lo, hi, len(ticks))
	}
}

// A number stays with its unit at the end of a line.
func TestWrapKeepsUnits(t *testing.T) {
	if got := wrap("in all 72 % of 12\u202f000 ms are lost", 9); !slices.Equal(got, []string{"in all", "72 % of", "12\u202f000 ms", "are lost"}) {
		t.Errorf("%q", got)
	}
}

// A setting is named once: by its values where they have its name.
func TestChangeNamesTheSettingOnce(t *testing.T) {
	for _, c := range [][4]string{
		{"-Xmx", "-Xmx8g", "-Xmx12g", "-Xmx8g -> -Xmx12g"},
		{"-Xmx", "about 4 GB", "-Xmx5g", "about 4 GB -> -Xmx5g"},
		{"-XX:A=1", "-XX:A=1", analyze.NotSet, "-XX:A=1 -> not set"},
		{"maxThreads", "200", "48", "maxThreads 200 -> 48"},
		{"maxThreads", "", "48", "maxThreads -> 48"},
		{"", "", "", ""},
	} {
		if got := change(&analyze.Advice{Setting: c[0], From: c[1], To: c[2]}); got != c[3] {
			t.Errorf("%q, want %q", got, c[3])
		}
	}
}

// What says the same of several threads is one piece of evidence in SUMMARY.md, and no piece is left out of the count.
func TestEvidenceIsToldOnce(t *testing.T) {
	var list []analyze.Evidence
	for i := range 12 {
		list = append(list, analyze.Evidence{Entry: fmt.Sprintf("dump-%d.txt", i), Lines: "4", Text: fmt.Sprintf("exec-%d waits for Cache", i)})
	}
	for _, text := range []string{"the holder sleeps", "one", "two", "three"} {
		list = append(list, analyze.Evidence{Entry: "dump-1.txt", Text: text})
	}
	p := &page{}
	p.evidence(&analyze.Case{}, list)
	want := "- Evidence: `dump-0.txt:4` exec-0 waits for Cache (11 more say the same)\n- Evidence: `dump-1.txt` the holder sleeps\n" +
		"- Evidence: `dump-1.txt` one\n- Evidence: `dump-1.txt` two\n- 1 more piece of evidence: see the report\n"
	if p.String() != want {
		t.Errorf("%s\nwant\n%s", p, want)
	}
}
