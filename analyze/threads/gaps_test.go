package threads

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whole dumps have no gaps. Those that lost a line have one, whatever line that is: its title, a header, a state, where a function is.
func TestGaps(t *testing.T) {
	files, err := filepath.Glob("../../testdata/threads/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, ".golden") || strings.HasSuffix(f, ".java") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if n := gapsOf(t, string(text)); n != 0 {
			t.Errorf("%s: %d gaps", f, n)
		}
	}
	const hotspot = "Full thread dump OpenJDK 64-Bit Server VM (21.0.2+13 mixed mode):\n\n" +
		"\"a\" #21 prio=5 os_prio=0 cpu=10.00ms elapsed=3600.00s tid=0x00007f1000001000 nid=12 runnable  [0x0]\n   java.lang.Thread.State: RUNNABLE\n\tat a.B.c(D.java:3)\n\n" +
		"\"b\" #22 prio=5 os_prio=0 cpu=10.00ms elapsed=3600.00s tid=0x00007f1000002000 nid=13 runnable  [0x0]\n   java.lang.Thread.State: RUNNABLE\n\tat a.B.e(D.java:4)\n\n"
	const goroutines = "goroutine 1 [running]:\nmain.a()\n\t/srv/a.go:3 +0x1\nmain.b()\n\t/srv/a.go:4 +0x1\n\n" +
		"goroutine 2 [select]:\nmain.c()\n\t/srv/a.go:5 +0x1\nmain.d()\n\t/srv/a.go:6 +0x1\n\n"
	for text, lost := range map[string][]string{hotspot: {"Full thread", "\"b\"", "   java"}, goroutines: {"goroutine 2", "\t/srv/a.go:3", "\t/srv/a.go:6"}} {
		for _, line := range lost {
			at := strings.Index(text, line)
			end := at + strings.IndexByte(text[at:], '\n') + 1
			if n := gapsOf(t, text[:at]+text[end:]); n == 0 {
				t.Errorf("without %q there is no gap", text[at:end])
			}
		}
	}
}

func gapsOf(t *testing.T, text string) (n int) {
	t.Helper()
	dumps, _, err := ParseAll("dump", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dumps {
		n += d.Gaps
	}
	return n
}
