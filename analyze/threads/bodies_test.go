package threads

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// checkRecognised holds that a thread which is known by its text is what reading its lines gives. A source that comes
// byte by byte never has the text of a whole thread at hand.
func checkRecognised(t *testing.T, text []byte) {
	t.Helper()
	if isJSON(bufio.NewReader(bytes.NewReader(text))) { // of which lines are counted as they are read ahead
		return
	}
	dumps, sum, err := ParseAll("text", bytes.NewReader(text))
	plain, plainSum, plainErr := ParseAll("text", iotest.OneByteReader(bytes.NewReader(text)))
	if (err == nil) != (plainErr == nil) || !reflect.DeepEqual(sum, plainSum) {
		t.Fatalf("%+v, %v; by lines %+v, %v", sum, err, plainSum, plainErr)
	}
	for i, d := range dumps {
		for j, th := range d.Threads {
			if j < len(plain[i].Threads) && !reflect.DeepEqual(th, plain[i].Threads[j]) {
				t.Fatalf("dump %d: %+v\n%+v\n%+v\nby lines %+v\n%+v\n%+v", i, th, th.Identity, th.Locks,
					plain[i].Threads[j], plain[i].Threads[j].Identity, plain[i].Threads[j].Locks)
			}
		}
		if !reflect.DeepEqual(d, plain[i]) {
			t.Fatalf("dump %d: %+v\nby lines %+v", i, d, plain[i])
		}
	}
}

func TestKnownTextIsReadAlike(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(fixtures, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	texts := map[string][]byte{"generated": generated(3, 60)}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && len(text) < 1<<20 {
			texts[filepath.Base(file)] = text
		}
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			checkRecognised(t, text)
			checkRecognised(t, bytes.Repeat(text, 3))
			checkRecognised(t, bytes.Repeat(append(bytes.TrimRight(text, "\n"), '\n'), 2))
			checkRecognised(t, bytes.ReplaceAll(bytes.Repeat(text, 2), []byte("\n"), []byte("\r\n")))
		})
	}
}

// What stands in a thread's text and is none of it must be seen each time.
func TestKnownTextKeepsWhatIsForeign(t *testing.T) {
	const title = "2025-12-22 13:00:00\nFull thread dump OpenJDK 64-Bit Server VM (21.0.2+13-LTS mixed mode, sharing):\n\n"
	worker := func(cpu, body string) string {
		return `"worker" #1 [7] prio=5 os_prio=0 cpu=` + cpu + `ms elapsed=9.20s tid=0x00007fc3b80b64c0 nid=7 runnable  ` +
			"[0x00007fc38b9f9000]\n" + body
	}
	const plain = "   java.lang.Thread.State: RUNNABLE\n\tat com.example.A.a(A.java:1)\n" +
		"\t- locked <0x000000069dc080e8> (a java.lang.Object)\n\tat com.example.B.b(B.java:2)\n\n"
	const end = `"VM Thread" os_prio=0 cpu=5.84ms elapsed=0.67s tid=0x000000011d813200 nid=18691 runnable  ` +
		"\n\nJNI global refs: 10, weak refs: 0\n\n"
	for name, body := range map[string]string{
		"a line of a log":    strings.Replace(plain, "\tat com.example.B", "2025-12-22 13:00:01 WARN lost\n\tat com.example.B", 1),
		"an exception":       strings.Replace(plain, "\tat com.example.B", "java.lang.IllegalStateException: no\n\tat com.example.B", 1),
		"a virtual thread":   strings.Replace(plain, "\n\n", "\n   Mounted virtual thread #45\n\tat com.example.C.c(C.java:1)\n\n", 1),
		"a carrier":          "   Carrying virtual thread #45\n\tat com.example.C.c(C.java:1)\n\n",
		"two states":         strings.Replace(plain, "\tat com.example.B", "   java.lang.Thread.State: BLOCKED\n\tat com.example.B", 1),
		"a state of no name": strings.Replace(plain, "RUNNABLE", "FLYING", 1),
		"owned ones":         plain + "   Locked ownable synchronizers:\n\t- <0x000000069d9bf5b8> (a java.util.concurrent.locks.ReentrantLock$NonfairSync)\n\n",
		"no state":           "\tat com.example.A.a(A.java:1)\n\n",
		"nothing":            "\n",
		"no blank":           strings.TrimSuffix(plain, "\n"),
		"a date":             plain + "2025-12-22 13:00:05\n",
		"more below":         plain + "os_prio=31 cpu=105.44ms elapsed=45.95s tid=0x0000000101bcb200 nid=38915 runnable\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for _, cpu := range []string{"1.00", "2.00", "2.00", "33.00"} {
				other := strings.Replace(worker(cpu, plain), `"worker"`, `"other"`, 1)
				b.WriteString(title + worker(cpu, body) + worker(cpu, plain) + other)
				b.WriteString(end)
			}
			checkRecognised(t, []byte(b.String()))
		})
	}
}
