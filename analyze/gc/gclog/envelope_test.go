package gclog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

// what a JVM wrote, one message a line; five pauses of 20 ms.
var enveloped = []struct {
	ms   int64
	tags string
	text string
}{
	{11, "gc", "Using G1"},
	{1006, "gc", "GC(0) Pause Young (Normal) (G1 Evacuation Pause) 20M->5M(64M) 5.500ms"},
	{1006, "gc,cpu", "GC(0) User=0.01s Sys=0.00s Real=0.01s"},
	{2000, "gc", "GC(1) Pause Young (Concurrent Start) (G1 Humongous Allocation) 25M->6M(64M) 2.500ms"},
	{2100, "gc", "GC(2) Pause Remark 7M->7M(64M) 1.000ms"},
	{2200, "gc", "GC(2) Pause Cleanup 7M->7M(64M) 0.500ms"},
	{3000, "gc", "GC(3) Pause Full (System.gc()) 7M->4M(64M) 10.500ms"},
}

// Whatever stands before each line, the figures are the same, and the log is known for one.
func TestPrefixes(t *testing.T) {
	decorators := map[string]func(ms int64, tags string) string{
		"default": func(ms int64, tags string) string {
			return fmt.Sprintf("[%d.%03ds][info ][%-9s] ", ms/1000, ms%1000, tags)
		},
		"tags":       func(_ int64, tags string) string { return "[" + tags + "] " },
		"host, tags": func(_ int64, tags string) string { return "[WIKI01][" + tags + "] " },
		"host":       func(int64, string) string { return "[wiki1] " },
		"level":      func(int64, string) string { return "[info ] " },
		"pid, tid":   func(int64, string) string { return "[4711][4712] " },
		"none":       func(int64, string) string { return "" },
		"all": func(ms int64, tags string) string {
			at := fmt.Sprintf("12:00:%02d.%03d", ms/1000, ms%1000)
			return fmt.Sprintf("[2024-11-25T%s+0100][2024-11-25T%s+0000][%d.%03ds][%dms][%dms][%dns][%dns][wiki1.example.com][4711][4712][info ][%-9s] ",
				at, at, ms/1000, ms%1000, 1732532400000+ms, ms, (1732532400000+ms)*1e6, ms*1e6, tags)
		},
	}
	envelopes := map[string]func(string) string{
		"":       func(s string) string { return s },
		"CRI":    func(s string) string { return "2024-11-25T12:00:00.123456789Z stdout F " + s },
		"stern":  func(s string) string { return "web-5d4f app " + s },
		"syslog": func(s string) string { return "Nov 25 12:00:00 host1 java[123]: " + s },
		"Docker": func(s string) string {
			b, _ := json.Marshal(map[string]string{"log": s + "\n", "stream": "stdout"})
			return string(b)
		},
	}
	for dn, decorate := range decorators {
		for en, wrap := range envelopes {
			if en == "stern" && dn != "default" { // its prefix is known by the tags behind it only
				continue
			}
			var text strings.Builder
			for _, m := range enveloped {
				text.WriteString(wrap(decorate(m.ms, m.tags)+m.text) + "\n")
			}
			name := dn + " in " + en
			if !Sniff([]byte(text.String())) {
				t.Errorf("%s: not taken for a GC log", name)
			}
			l := parseText(t, text.String())
			if l.Total.Count != 5 || l.Total.Sum != 20000*us || l.Unparsed.Count != 0 || l.Collector != "G1" {
				t.Errorf("%s: %d pauses of %v, %d not understood, %q", name, l.Total.Count, l.Total.Sum, l.Unparsed.Count, l.Collector)
			}
		}
	}
}

func TestLegacyInEnvelopes(t *testing.T) {
	const log = "1.000: [GC (Allocation Failure) [PSYoungGen: 65024K->4464K(75776K)] 65024K->4472K(249344K), 0.0062680 secs] [Times: user=0.02 sys=0.01, real=0.00 secs]\r\n" +
		"2.000: [Full GC (Ergonomics) [PSYoungGen: 4464K->0K(75776K)] [ParOldGen: 8K->4296K(173568K)] 4472K->4296K(249344K), [Metaspace: 2700K->2700K(1056768K)], 0.0228500 secs]\r\n"
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(log)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, text := range map[string]string{
		"plain":            log,
		"byte order mark":  "\uFEFF" + log,
		"UTF-16":           string(wide),
		"service wrapper":  prefixed("INFO   | jvm 1    | 2024/11/25 12:00:00 | ", log),
		"kubectl":          prefixed("2024-11-25T12:00:00.123456789Z ", log),
		"kubectl --prefix": prefixed("[pod/web-1/app] ", log),
	} {
		l := parseText(t, text)
		if !Sniff([]byte(text)) || l.Total.Count != 2 || l.Total.Sum != 29118*us || l.Unparsed.Count != 0 || l.First != 1e9 {
			t.Errorf("%s: %d pauses of %v from %v, %d not understood", name, l.Total.Count, l.Total.Sum, l.First, l.Unparsed.Count)
		}
	}
}

func prefixed(prefix, text string) string {
	var b bytes.Buffer
	for line := range strings.Lines(text) {
		b.WriteString(prefix + line)
	}
	return b.String()
}

// The first line of a log of G1 on JDK 8 with PrintAdaptiveSizePolicy has no date; the log has one all the same.
func TestDateBehindTheFirstLine(t *testing.T) {
	l := parseText(t, ` 0.100: [G1Ergonomics (Heap Sizing) expand the heap, requested expansion amount: 260046848 bytes, attempted expansion amount: 260046848 bytes]
2018-08-01T10:00:01.100+0000: 2.100: [GC pause (G1 Evacuation Pause) (young), 0.0050000 secs]
 [Times: user=0.01 sys=0.00, real=0.01 secs]
`)
	if at, ok := l.Wall(l.First); !ok || at.UTC().Format("15:04:05.000") != "09:59:59.100" {
		t.Errorf("begins at %v (%v)", at, ok)
	}
}

// A JVM that starts again in a log without a wall clock has none either.
func TestRestartWithoutWallClock(t *testing.T) {
	l := parseText(t, `[0.010s][info][gc] Using Parallel
[2.060s][info][gc] GC(0) Pause Young (Allocation Failure) 60M->50M(243M) 5.000ms
[0.009s][info][gc] Using Parallel
[1.000s][info][gc] GC(0) Pause Young (Allocation Failure) 63M->10M(243M) 10.000ms
`)
	if at, ok := l.Wall(l.Last); ok || l.Total.Count != 2 {
		t.Errorf("ends at %v, %d pauses", at, l.Total.Count)
	}
}
