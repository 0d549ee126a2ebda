package forms

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func opened(text []byte) *Opened {
	in := bufio.NewReaderSize(bytes.NewReader(text), 256<<10)
	head, _ := in.Peek(256 << 10)
	return Open(in, head)
}

// What a JVM or a service prints is in no form, nor is the log of an application with such things in it.
func TestPlainTexts(t *testing.T) {
	texts := map[string][]byte{}
	for _, pattern := range []string{"../../../testdata/threads/*", "../../../testdata/gc/*.log"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, ".golden") || strings.HasSuffix(f, ".java") {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			texts[f] = text
		}
	}
	const app, gc = "2026-03-01 10:00:00,123 INFO [exec-%d] GET /page/%d 200\n", "[%d.000s][info][gc] GC(%d) Pause Full (G1 Compaction Pause) 8190M->8150M(8192M) 5200.000ms\n"
	var log, mixed, goroutines strings.Builder
	for i := range 100 {
		fmt.Fprintf(&log, app, i%10, i%10)
		fmt.Fprintf(&mixed, app+gc, i%10, i%10, 100+i, 100+i)
		fmt.Fprintf(&goroutines, "goroutine %d [chan send, 39 minutes]:\nexample.com/app/pool.(*Pool).add(0xc0000a30e0)\n\t/app/pool/pool.go:262 +0x1aa\n"+
			"created by example.com/app.read\n\t/app/read.go:12 +0x11\n\n", 100+i)
	}
	texts["an application's log"], texts["with collections"], texts["goroutines"] = []byte(log.String()), []byte(mixed.String()), []byte(goroutines.String())
	for name, text := range texts {
		if o := opened(text); o != nil {
			t.Errorf("%s is taken for %s", name, o.Name)
		}
	}
}

// Whatever text is taken for a form is read to its end, and lines stay within the file.
func FuzzOpen(f *testing.F) {
	for _, seed := range []string{"_raw,_time\n\"\"\"main\"\" #1 prio=5 tid=0x1\",x\n", "__CURSOR=1\nMESSAGE\n\x05\x00\x00\x00\x00\x00\x00\x00hello\n\n",
		`[{"textPayload":"[1.0s][info][gc] GC(0) Pause Full (x) 1M->1M(2M) 1.0ms"}]`, "a\rb\rc", "> \"main\" #1 prio=5 tid=0x1\n> \tat a.B.c(D.java)\n",
		"{\"message\":\"goroutine 1 [running]:\",\"host\":\"a\"}\n{\"message\":\"x\",\"host\":\"b\"}\n", "x\n{\n \"threadDump\": {}\n}\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := bytes.Count(text, []byte{'\n'}) + bytes.Count(text, []byte{'\r'}) + 1
		o := opened(text)
		if o == nil {
			return
		}
		out, err := io.ReadAll(o.In)
		if err != nil {
			return
		}
		for n := range bytes.Count(out, []byte{'\n'}) {
			if at := o.Line(n + 1); at < 1 || at > lines {
				t.Fatalf("%s: line %d stands in line %d of %d", o.Name, n+1, at, lines)
			}
		}
	})
}
