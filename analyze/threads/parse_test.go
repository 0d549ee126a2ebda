package threads

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

func parseText(t testing.TB, text string) ([]*Dump, Summary) {
	t.Helper()
	dumps, sum, err := ParseAll("test", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return dumps, sum
}

const small = `2025-12-22 13:19:53
Full thread dump OpenJDK 64-Bit Server VM (21.0.2+13-LTS mixed mode, sharing):

"worker-1" #30 [510] prio=5 os_prio=0 cpu=10.00ms elapsed=20.00s tid=0x0000000000000030 nid=510 runnable  [0x00007f0000000000]
   java.lang.Thread.State: RUNNABLE
	at com.acme.A.one(A.java:1)
	- locked <0x00000000000000aa> (a com.acme.A)
	at com.acme.A.run(A.java:2)

"worker-2" #31 [511] prio=5 os_prio=0 cpu=11.00ms elapsed=20.00s tid=0x0000000000000031 nid=511 waiting for monitor entry  [0x00007f0000000000]
   java.lang.Thread.State: BLOCKED (on object monitor)
	at com.acme.A.two(A.java:7)
	- waiting to lock <0x00000000000000aa> (a com.acme.A)
	at com.acme.A.run(A.java:2)

JNI global refs: 10, weak refs: 0

`

func TestEncodings(t *testing.T) {
	want := render(parseText(t, small))
	units := utf16.Encode([]rune(small))
	little, big := []byte{0xFF, 0xFE}, []byte{0xFE, 0xFF}
	for _, u := range units {
		little = append(little, byte(u), byte(u>>8))
		big = append(big, byte(u>>8), byte(u))
	}
	for name, text := range map[string]string{
		"CRLF": strings.ReplaceAll(small, "\n", "\r\n"), "UTF-8 mark": "\uFEFF" + small,
		"UTF-16LE": string(little), "UTF-16BE": string(big), "UTF-16LE without mark": string(little[2:]),
	} {
		if got := render(parseText(t, text)); !bytes.Equal(got, want) {
			t.Errorf("%s reads as\n%s\nwant\n%s", name, got, want)
		}
	}
}

// Late updates of JDK 21, and newer JDKs, tell the JDK's version in a line of its own below the title, also through a log framework.
func TestTitleOfTwoLines(t *testing.T) {
	want, _ := parseText(t, small)
	title, rest, _ := strings.Cut(small, "sharing):\n")
	text := title + "sharing)\n                 JDK version: OpenJDK Runtime Environment Temurin-21.0.13+9 (21.0.13+9) (build 21.0.13+9-LTS)\n" + rest
	for _, prefix := range []string{"", "12:00:01,123 INFO  [stdout] (Thread-7) "} {
		dumps, sum := parseText(t, prefix+strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+prefix)+"\n")
		if len(dumps) != 1 || sum.UnparsedLines != 0 || len(dumps[0].Threads) != len(want[0].Threads) || dumps[0].VM != want[0].VM {
			t.Errorf("behind %q: %d dumps, %+v", prefix, len(dumps), sum)
		}
	}
}

func TestContainerLogs(t *testing.T) {
	want := render(parseText(t, small))
	for _, prefix := range []string{"2025-12-22T13:19:53.123456789Z stdout F ", "2025-12-22T13:19:53.1+01:00 stderr F ", "web-1  | "} {
		text := prefix + strings.ReplaceAll(strings.TrimSuffix(small, "\n"), "\n", "\n"+prefix) + "\n"
		if got := render(parseText(t, text)); !bytes.Equal(got, want) {
			t.Errorf("behind %q it reads as\n%s\nwant\n%s", prefix, got, want)
		}
	}
}

// Cut anywhere, what came before the cut is there, and no line is lost from the counts.
func TestCutAnywhere(t *testing.T) {
	for cut := range len(small) {
		dumps, sum := parseText(t, small[:cut])
		if n := len(dumps); n > 1 {
			t.Fatalf("cut at %d: %d dumps", cut, n)
		}
		headers := strings.Count(small[:cut], "\"worker-")
		if sum.Threads > headers || sum.Threads < headers-1 {
			t.Errorf("cut at %d: %d threads of %d headers", cut, sum.Threads, headers)
		}
		if cut > 120 && cut < len(small)-60 && !dumps[0].Truncated {
			t.Errorf("cut at %d: not marked as truncated", cut)
		}
	}
}

func TestLogLinesAround(t *testing.T) {
	log := "2025-12-22 13:19:50,101 INFO [main] [Catalina] start\njava.io.IOException: no\n\tat com.acme.X.y(X.java:1)\n"
	dumps, sum := parseText(t, log+small+log+small+log)
	if len(dumps) != 2 || sum.OtherLines != 9 || sum.UnparsedLines != 0 || sum.Threads != 4 {
		t.Errorf("%d dumps, %+v", len(dumps), sum)
	}
	if dumps[1].Line != 24 || dumps[1].Truncated {
		t.Errorf("second dump begins at line %d, truncated %v", dumps[1].Line, dumps[1].Truncated)
	}
}

// The console is shared: a log line, or a whole exception, may fall into a stack.
func TestLogLinesWithin(t *testing.T) {
	text := strings.Replace(small, "\tat com.acme.A.run(A.java:2)\n", "13:20 INFO something\n\tat com.acme.A.run(A.java:2)\n", 1)
	text = strings.Replace(text, "\tat com.acme.A.two", "java.io.IOException: no\n\tat com.acme.X.y(X.java:1)\n\tat com.acme.A.two", 1)
	dumps, sum := parseText(t, text)
	if len(dumps) != 1 || sum.UnparsedLines != 6 { // the exception hides the rest of its thread's stack, which is told
		t.Fatalf("%d dumps, %+v, %v", len(dumps), sum, dumps[0].Unparsed)
	}
	if n := len(dumps[0].Threads[0].Stack.Frames); n != 2 {
		t.Errorf("a log line cut the stack: %d frames", n)
	}
	if dumps[0].Unparsed[0] != (UnparsedLine{8, "13:20 INFO something"}) {
		t.Errorf("got %+v", dumps[0].Unparsed[0])
	}
}

func TestDateWithinDump(t *testing.T) {
	text := strings.Replace(small, "\n\n\"worker-2", "\n\n2025-12-22 13:19:54\n\"worker-2", 1)
	dumps, sum := parseText(t, text+small)
	if len(dumps) != 2 || sum.UnparsedLines != 1 || sum.OtherLines != 0 || dumps[1].Line != 19 || dumps[0].Time.Second() != 53 {
		t.Errorf("%d dumps, %+v, second at line %d", len(dumps), sum, dumps[1].Line)
	}
}

// The date belongs to the dump that it stands before, also when the dump above was cut off.
func TestDateAfterTruncatedDump(t *testing.T) {
	cut := small[:strings.Index(small, "\n\"worker-2")]
	dumps, sum := parseText(t, cut+small)
	if len(dumps) != 2 || dumps[1].Line != 9 || dumps[1].Time.IsZero() || sum.UnparsedLines != 0 || !dumps[0].Truncated {
		t.Errorf("%d dumps, %+v, second at line %d", len(dumps), sum, dumps[1].Line)
	}
}

func TestTitleInLogText(t *testing.T) {
	_, sum := parseText(t, "13:20 INFO requested a Full thread dump of the VM:\n13:21 INFO done\n")
	if sum.Dumps != 0 || sum.OtherLines != 2 {
		t.Errorf("%+v", sum)
	}
	dumps, _ := parseText(t, strings.Replace(small, "Full thread", "INFO | jvm 1 | Full thread", 1))
	if len(dumps) != 1 || len(dumps[0].Threads) != 2 || !strings.HasPrefix(dumps[0].VM, "OpenJDK") {
		t.Errorf("%d dumps", len(dumps))
	}
}

// A dump that was cut off is not continued by a log's exceptions thousands of lines later.
func TestTruncatedDumpInLog(t *testing.T) {
	cut := small[:strings.Index(small, "\tat com.acme.A.run")]
	log := strings.Repeat("13:20 ERROR failed\njava.io.IOException: no\n\tat com.acme.X.y(X.java:1)\n\n", 500)
	dumps, sum := parseText(t, cut+log+small)
	if len(dumps) != 2 || !dumps[0].Truncated || sum.UnparsedLines != 0 || sum.OtherLines != 1500 {
		t.Fatalf("%d dumps, %+v", len(dumps), sum)
	}
	if n := len(dumps[0].Threads[0].Stack.Frames); n != 1 {
		t.Errorf("the log's frames went into the stack: %d", n)
	}
}

func TestBounds(t *testing.T) {
	var b strings.Builder
	b.WriteString("Full thread dump Java VM:\n\n")
	for i := range 50 {
		fmt.Fprintf(&b, "\"t%d\" #%d prio=5 tid=0x1 nid=1 runnable [0x1]\n", i, i+1)
		b.WriteString(strings.Repeat("\tat com.acme.Deep.down(Deep.java:1)\n", 40))
		b.WriteString("\tgarbage\n\n")
	}
	b.WriteString("\"" + strings.Repeat("x", 1000) + "\" #99 prio=5 tid=0x1 nid=1 runnable [0x1]\n\nJNI global refs: 1\n")
	p := NewParser(Options{UnparsedSample: 3, MaxThreads: 20, MaxDepth: 10, MaxLine: 200})
	var d *Dump
	sum, err := p.Parse("test", strings.NewReader(b.String()), func(x *Dump) error { d = x; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Threads) != 20 || d.DroppedThreads != 30 || len(d.Unparsed) != 3 || d.UnparsedLines != 51 || sum.LongLines != 1 || sum.CutStacks != 50*30 {
		t.Errorf("threads %d, dropped %d, sample %d, unparsed %d, %+v", len(d.Threads), d.DroppedThreads, len(d.Unparsed), d.UnparsedLines, sum)
	}
	if n := len(d.Threads[0].Stack.Frames); n != 10 {
		t.Errorf("%d frames", n)
	}
}

// Beyond its bound the parser forgets what it shared; the dumps handed out stay whole.
func TestForgetting(t *testing.T) {
	want := render(parseText(t, small+small))
	var dumps []*Dump
	sum, err := NewParser(Options{MaxShared: 1}).Parse("test", strings.NewReader(small+small), func(d *Dump) error { dumps = append(dumps, d); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got := render(dumps, sum); !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if dumps[0].Threads[0].Stack == dumps[1].Threads[0].Stack {
		t.Error("nothing was forgotten")
	}
}

func TestSharedStacks(t *testing.T) {
	dumps, _ := parseText(t, small+small)
	for i, a := range dumps[0].Threads {
		b := dumps[1].Threads[i]
		if a.Stack != b.Stack || &a.Locks[0] != &b.Locks[0] {
			t.Errorf("%s: stack or locks are not shared", a.Name)
		}
	}
}

func TestEmitError(t *testing.T) {
	stop := errors.New("stop")
	if _, err := Parse("test", strings.NewReader(small), func(*Dump) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

func TestReadError(t *testing.T) {
	broken := errors.New("broken")
	dumps, _, err := ParseAll("test", &failing{text: strings.NewReader(small[:700]), err: broken})
	if !errors.Is(err, broken) || len(dumps) != 1 || len(dumps[0].Threads) != 2 {
		t.Errorf("%d dumps, %v", len(dumps), err)
	}
}

type failing struct {
	text *strings.Reader
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.text.Len() == 0 {
		return 0, f.err
	}
	return f.text.Read(p)
}

func TestHeaders(t *testing.T) {
	for _, c := range []struct {
		line  string
		name  string
		num   int64
		nid   int64
		state State
		cpu   time.Duration
	}{
		{`"main" #1 prio=5 os_prio=0 tid=0x00007f8a1f008000 nid=0x2803 runnable [0x00007f]`, "main", 1, 0x2803, Runnable, -1},
		{`"main" #3 [3843] prio=5 os_prio=31 cpu=245.40ms elapsed=0.67s allocated=38351K defined_classes=1756 tid=0x1 nid=3843 runnable  [0x1]`, "main", 3, 3843, Runnable, 245400 * time.Microsecond},
		{`"quote" #7 daemon prio=5" #26 [7125] prio=5 os_prio=0 cpu=0.23ms elapsed=3.62s tid=0x1 nid=7125 waiting on condition  [0x1]`, `quote" #7 daemon prio=5`, 26, 7125, Waiting, 230 * time.Microsecond},
		{`"" #5 prio=5 os_prio=0 tid=0x1 nid=0x5 waiting for monitor entry [0x1]`, "", 5, 5, Blocked, -1},
		{`"carrier" #34 [7132] daemon prio=5 os_prio=0 cpu=3584.07ms elapsed=3.61s tid=0x1  [0x1]`, "carrier", 34, 7132, StateUnknown, 3584070 * time.Microsecond},
		{`"hp [c-361]" prio=10 tid=60000000044e3840 nid=1194 lwp_id=9992026 runnable [9fffffffb6f00000..9fffffffb6f00a40]`, "hp [c-361]", 0, 9992026, Runnable, -1},
		{`"Minimal-Thread" #1 runnable`, "Minimal-Thread", 1, -1, Runnable, -1},
		{`"RMI" id=3149 in RUNNABLE (running in native)`, "RMI", 3149, -1, Runnable, -1},
		{`"a" Id=12 BLOCKED on java.lang.Object@1b owned by "b" Id=13`, "a", 12, -1, Blocked, -1},
		{`"Timer-180" - Thread t@332`, "Timer-180", 332, -1, StateUnknown, -1},
		{`os_prio=31 cpu=105.44ms elapsed=45.95s tid=0x0000000101bcb200 nid=38915 runnable  `, "", 0, 38915, Runnable, 105440 * time.Microsecond},
	} {
		h, ok := parseHeader([]byte(c.line))
		st := h.state
		if st == StateUnknown {
			st, _ = stateOfWords(h.words)
		}
		if !ok || string(h.name) != c.name || h.num != c.num || h.nid != c.nid || st != c.state || h.cpu != c.cpu {
			t.Errorf("%s\n\tgives ok %v name %q num %d nid %d state %v cpu %v", c.line, ok, h.name, h.num, h.nid, st, h.cpu)
		}
	}
	for _, line := range []string{`"quoted text" in a log`, `"`, `""`, `"a":`, `"key": "value",`, `prio`, `"x" #12`} {
		if h, ok := parseHeader([]byte(line)); ok {
			t.Errorf("%s is taken for a header: %+v", line, h)
		}
	}
}

func TestFrames(t *testing.T) {
	for _, c := range []struct {
		text, fn, module, file string
		line                   int
	}{
		{"java.lang.Thread.run(java.base@25.0.3/Thread.java:1474)", "java.lang.Thread.run", "java.base@25.0.3", "Thread.java", 1474},
		{"java.lang.Object.wait0(java.base@25.0.3/Native Method)", "java.lang.Object.wait0", "java.base@25.0.3", "", 0},
		{"Demo$$Lambda/0x0000000052158210.run(Unknown Source)", "Demo$$Lambda.run", "", "", 0},
		{"Demo$$Lambda$14/0x00007f1.run(Unknown Source)", "Demo$$Lambda.run", "", "", 0},
		{"sun.reflect.GeneratedMethodAccessor4.invoke(Unknown Source)", "sun.reflect.GeneratedMethodAccessor.invoke", "", "", 0},
		{"java.base/java.lang.Thread.run(Thread.java:1583)", "java.lang.Thread.run", "java.base", "Thread.java", 1583},
		{"app//com.acme.Main.main(Main.java:9)", "com.acme.Main.main", "app", "Main.java", 9},
		{"com.sun.proxy.$Proxy42.close(Unknown Source)", "com.sun.proxy.$Proxy.close", "", "", 0},
	} {
		f := parseFrame(c.text)
		if f.Func != c.fn || f.Module != c.module || f.File != c.file || f.Line != c.line {
			t.Errorf("%s gives %+v", c.text, f)
		}
	}
}

func TestSniff(t *testing.T) {
	for _, path := range fixtureFiles(t) {
		head, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !Sniff(head[:min(len(head), 8192)]) {
			t.Errorf("%s is not recognised", filepath.Base(path))
		}
	}
	for _, text := range []string{"", "[0.010s][info][gc] Using G1\n", "{\"a\": 1}", "2022-07-12 01:08:59,489 INFO [x] [y] z\njava.lang.Error\n\tat a.b.c(D.java:1)\n", "\"name\",\"prio\"\n\"a\",\"5\"\n"} {
		if Sniff([]byte(text)) {
			t.Errorf("%q is taken for a thread dump", text)
		}
	}
}

// A dump is the same dump, whatever stands before its lines.
func TestEnvelopes(t *testing.T) {
	text, err := os.ReadFile("../../testdata/threads/hotspot-17-jcmd-l.txt")
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := ParseAll("plain", bytes.NewReader(text))
	if err != nil || len(want) == 0 {
		t.Fatalf("%d dumps, %v", len(want), err)
	}
	oneLine := func(text string) string {
		b, err := json.Marshal(map[string]string{"level": "INFO", "message": text})
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	inputs := map[string]string{"one line of JSON": oneLine(string(text)), "one long line of JSON": oneLine(string(text) + strings.Repeat("log line\n", 1<<15))}
	for name, prefix := range map[string]string{
		"Kubernetes": "2024-11-25T12:00:00.123456789Z stdout F ", "syslog": "Nov 25 12:00:00 host1 java[123]: ",
		"wrapper": "INFO   | jvm 1    | 2024/11/25 12:00:00 | ", "JBoss": "12:00:00,123 INFO  [stdout] (Thread-7) ",
		"log4j": "2024-11-25 12:00:00,123 WARN [main] [c.e.Dumper] ",
	} {
		var all, bare strings.Builder
		for line := range strings.Lines(string(text)) {
			all.WriteString(prefix + line)
			bare.WriteString(strings.TrimRight(prefix+line, " \n") + "\n")
		}
		inputs[name], inputs[name+", ends of lines cut"] = all.String(), bare.String()
	}
	for name, in := range inputs {
		got, sum, err := ParseAll(name, strings.NewReader(in))
		if err != nil || len(got) != len(want) {
			t.Errorf("%s: %d dumps, %v", name, len(got), err)
			continue
		}
		if sum.UnparsedLines != 0 || len(got[0].Threads) != len(want[0].Threads) {
			t.Errorf("%s: %d threads, %d lines not understood: %v", name, len(got[0].Threads), sum.UnparsedLines, got[0].Unparsed)
			continue
		}
		for i, w := range want[0].Threads {
			if g := got[0].Threads[i]; g.Name != w.Name || g.State != w.State || len(g.Locks) != len(w.Locks) || g.Stack.Top() != w.Stack.Top() {
				t.Errorf("%s: thread %q: %v %v %q", name, g.Name, g.State, g.Locks, g.Stack.Top())
			}
		}
	}
}

// The agent writes classes of synchronizers with slashes; --locks of JDK 27 announces its search.
func TestJhsdbOwnableSynchronizers(t *testing.T) {
	thread := func(name, wants, owns string) string {
		return `"` + name + `" #20 prio=5 tid=0x00007ff24c1084b0 nid=9952 waiting on condition [0x00007ff1d672d000]
   java.lang.Thread.State: WAITING (parking)
   JavaThread state: _thread_blocked
 - jdk.internal.misc.Unsafe.park(boolean, long) @bci=0 (Interpreted frame)
	- parking to wait for <` + wants + `> (a java/util/concurrent/locks/ReentrantLock$NonfairSync)
 - java.util.concurrent.locks.ReentrantLock.lock() @bci=4, line=322 (Interpreted frame)

Locked ownable synchronizers:
    - <` + owns + `>, (a java/util/concurrent/locks/ReentrantLock$NonfairSync)

`
	}
	dumps, sum := parseText(t, "Deadlock Detection:\n\nNo deadlocks found.\n\nFinding concurrent locks. This might take a while...\n\n"+
		thread("owns-1", "0x69ec153e8", "0x69ec153b8")+thread("owns-2", "0x69ec153b8", "0x69ec153e8"))
	if len(dumps) != 1 || sum.UnparsedLines != 0 {
		t.Fatalf("%+v", sum)
	}
	if d := NewLockGraph(dumps[0]).Deadlocks(); len(d) != 1 || len(d[0].Threads) != 2 {
		t.Errorf("deadlocks: %v", d)
	}
}

// jhsdb jstack of JDK 17: HotSpot's headers, the agent's frames; the awaited monitor is called locked.
func TestJhsdb(t *testing.T) {
	const head = `Attaching to process ID 15504, please wait...
Deadlock Detection:

Found one Java-level deadlock:
=============================

"t2":
  waiting to lock Monitor@0x00007ff56c0015a0 (Object@0x000000069ec19658, a java/lang/Object),
  which is held by "t1"
"t1":
  waiting to lock Monitor@0x00007ff5600667f0 (Object@0x000000069ec19668, a java/lang/Object),
  which is held by "t2"

Found a total of 1 deadlock.

`
	dumps, sum := parseText(t, head+`"t1" #12 prio=5 tid=0x00007ff604118760 nid=0x3ca6 waiting for monitor entry [0x00007ff5d18fd000]
   java.lang.Thread.State: BLOCKED (on object monitor)
   JavaThread state: _thread_blocked
 - Dl.a(java.lang.Object, java.lang.Object) @bci=11, line=2 (Interpreted frame)
	- locked <0x000000069ec19658> (a java.lang.Object)
	- locked <0x000000069ec19668> (a java.lang.Object)
 - java.lang.Thread.run() @bci=11, line=840 (Interpreted frame)

Locked ownable synchronizers:
    - None

"t2" #13 prio=5 tid=0x00007ff6041197a0 nid=0x3ca7 waiting for monitor entry [0x00007ff5d17fd000]
   java.lang.Thread.State: BLOCKED (on object monitor)
   JavaThread state: _thread_blocked
 - Dl.b(java.lang.Object, java.lang.Object) @bci=11, line=2 (Interpreted frame)
	- locked <0x000000069ec19668> (a java.lang.Object)
	- locked <0x000000069ec19658> (a java.lang.Object)
 - java.lang.Thread.run() @bci=11, line=840 (Interpreted frame)
`)
	if len(dumps) != 1 || sum.UnparsedLines != 0 || len(dumps[0].Threads) != 2 || dumps[0].ReportedDeadlocks != 1 {
		t.Fatalf("%+v", sum)
	}
	if d := NewSeries(dumps, nil).Graph(0).Deadlocks(); len(d) != 1 || len(d[0].Threads) != 2 {
		t.Errorf("deadlocks: %v", d)
	}
	if w := dumps[0].Reported[0]; w.Thread != "t2" || w.Owner != "t1" || w.Addr != 0x69ec19658 || w.Class != "java.lang.Object" {
		t.Errorf("reported: %+v", w)
	}

	dumps, sum = parseText(t, head+`----------------- 15528 -----------------
"t3" #14 prio=5 tid=0x00007ff60411b8c0 nid=0x3ca8 waiting on condition [0x00007ff5d16fd000]
   java.lang.Thread.State: WAITING (parking)
   JavaThread state: _thread_blocked
0x00007ff60b6a0f16	__futex_abstimed_wait_common + 0xc6
0x00007f1b1d0186c7	* java.lang.Thread.run() bci:11 line:748 (Interpreted frame)
                  	* java.lang.Thread.start() bci:3 line:7 (Compiled frame)
----------------- 15524 -----------------
0x00007ff60b6a0f16	__futex_abstimed_wait_common + 0xc6
`)
	if len(dumps) != 1 || sum.UnparsedLines != 0 || len(dumps[0].Threads) != 2 {
		t.Fatalf("mixed: %+v", sum)
	}
	if a, b := dumps[0].Threads[0], dumps[0].Threads[1]; a.NID != 15528 || a.State != Waiting || len(a.Stack.Frames) != 3 || a.Stack.Frames[1].Func != "java.lang.Thread.run" ||
		b.NID != 15524 || b.Stack.Top() != "__futex_abstimed_wait_common" {
		t.Errorf("mixed: %+v %+v", a, b)
	}
}

// The same code has one name in every process and JDK.
func TestNamesOfHiddenClasses(t *testing.T) {
	for text, want := range map[string]string{
		"com.acme.Shop$$Lambda$35/1921595561.run(Unknown Source)":                     "com.acme.Shop$$Lambda.run",
		"com.acme.Shop$$Lambda$14/0x0000000840066440.run(Unknown Source)":             "com.acme.Shop$$Lambda.run",
		"com.acme.Shop$$Lambda/0x0000000052158210.run(Unknown Source)":                "com.acme.Shop$$Lambda.run",
		"java.lang.invoke.LambdaForm$DMH/1562557367.invokeStatic_L_L(LambdaForm$DMH)": "java.lang.invoke.LambdaForm$DMH.invokeStatic_L_L",
	} {
		dumps, _ := parseText(t, strings.Replace(small, "com.acme.A.one(A.java:1)", text, 1))
		if got := dumps[0].Threads[0].Stack.Frames[0].Func; got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	if got := parseSAFrame("Demo$$Lambda+0x00007ff1d8001800.run() @bci=8 (Interpreted frame)").Func; got != "Demo$$Lambda.run" {
		t.Errorf("of the agent: %s", got)
	}
}
