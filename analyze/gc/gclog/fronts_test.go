package gclog

import (
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"casefile/analyze/gc"
	"casefile/testdata/large"
)

// byLines reads a text without prior look, each line as one that may have colours, of which none is known at a glance, or as it is.
func byLines(text []byte, coloured bool) (*gc.Log, string) {
	var passed bytes.Buffer
	p := newParser("log", Options{Other: &passed})
	p.b.SetFile("log")
	for line := range bytes.Lines(text) {
		p.raw(trimEnds(bytes.TrimRight(line, "\n")), coloured)
	}
	l, _ := p.finish("log", nil) //nolint:errcheck // a text without collections is one too
	return l, passed.String()
}

func glanceAgrees(t *testing.T, name string, text []byte) {
	t.Helper()
	if bytes.IndexByte(text, 0x1b) >= 0 {
		return
	}
	fast, fastRest := byLines(text, false)
	slow, slowRest := byLines(text, true)
	if !reflect.DeepEqual(fast, slow) || fastRest != slowRest {
		t.Errorf("%s: at a glance %d detail lines, %d others, %d pauses, last %v; by reading %d, %d, %d, %v", name,
			fast.DetailLines, fast.OtherLines.Count, fast.Total.Count, fast.Last, slow.DetailLines, slow.OtherLines.Count, slow.Total.Count, slow.Last)
	}
}

// What a look at a line's front decides is what reading the line comes to.
func TestAGlanceComesToTheSame(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(moduleRoot(t), "testdata", "gc", "*.log"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	var g1 bytes.Buffer
	if err := large.GCLog(&g1, 200<<10, 1); err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{"written": g1.Bytes()}
	for _, path := range paths {
		texts[filepath.Base(path)] = mustRead(t, path)
	}
	for name, text := range texts {
		glanceAgrees(t, name, text)
		glanceAgrees(t, name+" twice", bytes.Repeat(text, 2))
		glanceAgrees(t, name+" without its front", text[len(text)/3:])
	}
	const front = "[2026-03-02T08:00:00.000+0000][5.001s][debug][gc,phases     ] "
	const heap = "[2026-03-02T08:00:00.000+0000][5.001s][debug][gc,heap       ] "
	for name, lines := range map[string][]string{
		"a table of the heap":     {front + "GC(1)   a: 1", heap + "GC(1)      Live:   100M (5%)", heap + "GC(1)   a: 1"},
		"references":              {front + "GC(1)   a: 1", front + "GC(1)   Reference Processing: 3.0ms", front + "GC(1)   b: 1"},
		"a pause at debug level":  {front + "GC(1)   a: 1", front + "GC(1) Pause Young (Normal) (G1 Evacuation Pause) 19M->13M(64M) 6.277ms"},
		"a setting":               {front + "GC(1)   a: 1", front + "Heap Region Size: 4M", front + "GC(1) Max Capacity: 8G"},
		"a generation":            {front + "GC(1)   a: 1", front + "GC(1) Y:   Promoted:  1M (0%) 1M (0%) 1M (0%) 1M (0%)"},
		"a failure":               {front + "GC(1)   a: 1", front + "GC(1) To-space exhausted", front + "GC(1) Promotion failed"},
		"no number":               {front + "GC(1)   a: 1", front + "  Reference Processing: 3.0ms", front + "nothing", front},
		"a blank message":         {front + "GC(1)   a: 1", front + "GC(1) ", front + "GC(1)", front + "GC(99999999999) x"},
		"a clock that goes back":  {front + "GC(1)   a: 1", strings.Replace(front, "5.001", "0.001", 1) + "GC(0)   a: 1", front + "GC(1)   b: 1"},
		"other stamps between":    {front + "GC(1)   a: 1", "[9.000s] GC(2) Pause Remark 1M->1M(2M) 1.0ms", front + "GC(1)   b: 1"},
		"another format between":  {front + "GC(1)   a: 1", "9.5: [GC (x) 1K->1K(2K), 0.1 secs]", front + "GC(1)   b: 1"},
		"a host's name":           {strings.Replace(front, "[debug]", "[host1][debug]", 1) + "GC(1)   a: 1", front + "GC(1)   b: 1"},
		"stamps of a broken line": {front + "GC(1)   a: 1", strings.Replace(front[:60], "5.001", "7.000", 1), strings.Replace(front, "5.001", "7.000", 1) + "GC(1)   b: 1"},
		"one in an envelope": {front + "GC(1)   a: 1", "2025-12-22T13:19:53.123456789Z stdout F " + strings.Replace(front[:60], "5.001", "7.000", 1),
			strings.Replace(front, "5.001", "7.000", 1) + "GC(1)   b: 1"},
		"a pause of JDK 8": {"27.172: [GC pause (young)", "Desired survivor size 67108864 bytes, new threshold 16 (max 32)", "- age   1:   1 bytes,   1 total",
			" 27.2: [G1Ergonomics (CSet Construction) add young regions]", " 27.2: [G1Ergonomics (Concurrent Cycles) request, humongous, allocation request: 9 bytes]",
			", 0.2629760 secs]", "   [Parallel Time: 180.9 ms]", "      [Ref Proc: 78.6 ms]", "      [Ref Enq: 0.8 ms]", " [GC Worker Other (ms): Min: 0.1]",
			"   [Eden: 8M(8M)->0B(9M) Survivors: 0B->1M Heap: 9M(30M)->2M(30M)]", " [Times: user=0.36 sys=0.09, real=0.26 secs]"},
		"signs in tables of JDK 8": {"27.172: [GC pause (young)", "- age   1:   1 bytes, 0.1 secs]", "- age 1: [0x1", "Desired survivor size 1: [", " 27.2: [G1Ergonomics (x) [0x1]",
			", 0.1 secs] [Times: user=0.36 sys=0.09, real=0.26 secs]", "  [Scan: 1 ms] 3.1: [CMS-concurrent-mark: 0.1/0.2 secs]"},
		"numbers among decorators": {strings.Replace(front, "[debug]", "[77][debug][78]", 1) + "GC(1)   a: 1", front + "GC(1)   b: 1"},
	} {
		glanceAgrees(t, name, []byte(strings.Join(append(lines, lines...), "\n")+"\n"))
	}
}

func TestAGlanceAtLogsOfTheField(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the shared corpus twice")
	}
	for _, path := range corpusLogs(t) {
		if text := readText(t, path); len(text) < 4<<20 {
			glanceAgrees(t, path, text)
		}
	}
}
