package hostile

import (
	"bufio"
	"fmt"
	"strings"
)

const hotspotHead = "2026-11-28 10:00:00\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode):\n\n"

// thread prints thread number %[1]d of a HotSpot dump, with a stack.
const threadHead = "\"%[2]s\" #%[1]d prio=5 os_prio=0 cpu=1.00ms elapsed=1.00s tid=0x%016[1]x nid=0x%[1]x %[3]s  [0x00007f0000000000]\n   java.lang.Thread.State: %[4]s\n"

// dumps are thread dumps of each format.
func dumps() []Input {
	hotspot := func(name, tells string, mbs, n int, stack func(i int) string) Input {
		return file(name, tells, func(w *bufio.Writer, size float64) error { return hotspotDump(w, mb(mbs, size), n, stack) })
	}
	return []Input{
		tarZstd("thread-names.tar.zst", "", func(size float64) func(func(member) bool) {
			return func(yield func(member) bool) {
				var b strings.Builder
				b.WriteString(hotspotHead)
				for i := range scaled(700_000, size) {
					fmt.Fprintf(&b, "\"%d\" #%d tid=0x1 nid=0x%x runnable\n\n", i, i, i)
				}
				yield(text("dump.txt", b.String()))
			}
		}),
		hotspot("thread-names.txt", "", 95, 1<<30, func(i int) string {
			return fmt.Sprintf(threadHead, i, strings.Repeat("n", 100)+fmt.Sprint(i), "runnable", "RUNNABLE") + "\tat a.B.c(D.java:1)\n"
		}),
		hotspot("frames.txt", "", 95, 1<<30, func(i int) string {
			return fmt.Sprintf(threadHead, i, "http-1", "runnable", "RUNNABLE") + fmt.Sprintf("\tat a.B%d.c(D.java:%d)\n\tat e.F%d.g(H.java:1)\n", i, i, i)
		}),
		hotspot("stacks.txt", "", 95, 1<<30, func(i int) string {
			var b strings.Builder
			fmt.Fprintf(&b, threadHead, i, "http-1", "runnable", "RUNNABLE")
			for bit := range 20 {
				fmt.Fprintf(&b, "\tat a.B%d.c(D.java:%d)\n", bit, i>>bit&1)
			}
			return b.String()
		}),
		hotspot("depth.txt", "", 60, 3, func(int) string {
			return fmt.Sprintf(threadHead, 1, "main", "runnable", "RUNNABLE") + strings.Repeat("\tat a.B.c(D.java:1)\n", 1_000_000)
		}),
		hotspot("locks.txt", "", 60, 1<<30, func(i int) string {
			return fmt.Sprintf(threadHead, i, fmt.Sprintf("http-%d", i), "waiting for monitor entry", "BLOCKED (on object monitor)") +
				fmt.Sprintf("\tat a.B.c(D.java:1)\n\t- waiting to lock <0x%016x> (a a.Lock%d)\n\t- locked <0x%016x> (a a.Lock%d)\n", i+1, i+1, i, i)
		}),
		hotspot("cycle.txt", "", 20, 60_000, func(i int) string {
			return fmt.Sprintf(threadHead, i, fmt.Sprintf("http-%d", i), "waiting for monitor entry", "BLOCKED (on object monitor)") +
				fmt.Sprintf("\tat a.B.c(D.java:1)\n\t- waiting to lock <0x%016x> (a a.Lock)\n\t- locked <0x%016x> (a a.Lock)\n", (i+1)%60_000+1, i+1)
		}),
		hotspot("one-lock.txt", "", 40, 200_000, func(i int) string {
			state := "\t- waiting to lock <0x0000000000000001> (a a.Lock)\n"
			if i == 0 {
				state = "\t- locked <0x0000000000000001> (a a.Lock)\n"
			}
			return fmt.Sprintf(threadHead, i, fmt.Sprintf("http-nio-8080-exec-%d", i), "waiting for monitor entry", "BLOCKED (on object monitor)") + "\tat a.B.c(D.java:1)\n" + state
		}),
		hotspot("held.txt", "", 60, 10, func(i int) string {
			return fmt.Sprintf(threadHead, i, "main", "runnable", "RUNNABLE") + "\tat a.B.c(D.java:1)\n" + strings.Repeat(fmt.Sprintf("\t- locked <0x%016x> (a a.Lock)\n", i), 100_000)
		}),
		file("many-dumps.txt", "", func(w *bufio.Writer, size float64) error {
			return lines(w, mb(95, size), 1<<30, hotspotHead+"\"main-%[1]d\" #1 tid=0x1 nid=0x1 runnable\n   java.lang.Thread.State: RUNNABLE\n\tat a.B.c(D.java:%[1]d)\n\n")
		}),
		file("empty-dumps.txt", "", func(w *bufio.Writer, size float64) error { return copyOf(w, hotspotHead, mb(95, size)) }),
		file("unparsed.txt", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString(hotspotHead); err != nil {
				return err
			}
			return lines(w, mb(95, size), 1<<30, "\"main\" #1 tid=0x1 nid=0x1 runnable\nneither %d nor this\n")
		}),
		file("deep.json", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString(`{"threadDump":{"processId":"1","threadContainers":`); err != nil {
				return err
			}
			return copyOf(w, `[{"a":`, mb(60, size))
		}),
		file("string.json", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString(`{"threadDump":{"processId":"1","threadContainers":[{"container":"<root>","threads":[{"tid":"1","name":"`); err != nil {
				return err
			}
			return copyOf(w, "n", mb(95, size))
		}),
		file("threads.json", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString(`{"threadDump":{"processId":"1","time":"2026-11-28T10:00:00Z","threadContainers":[{"container":"<root>","threads":[`); err != nil {
				return err
			}
			return lines(w, mb(95, size), 1<<30, `{"tid":"%[1]d","name":"t-%[1]d","state":"RUNNABLE","stack":["a.B%[1]d.c(D.java:1)"]},`+"\n")
		}),
		file("containers.json", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString(`{"threadDump":{"processId":"1","threadContainers":[`); err != nil {
				return err
			}
			return lines(w, mb(60, size), 1<<30, `{"container":"c%[1]d","parent":"c%[1]d","threads":[]},`)
		}),
		file("goroutines.txt", "", func(w *bufio.Writer, size float64) error {
			return lines(w, mb(95, size), 1<<30, "goroutine %[1]d [select, 10 minutes]:\nmain.f%[1]d(0x1)\n\t/srv/app/main%[1]d.go:12 +0x205\n\n")
		}),
		file("javacore.txt", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString("0SECTION       TITLE subcomponent dump routine\nNULL           ===============================\n0SECTION       THREADS subcomponent dump routine\n"); err != nil {
				return err
			}
			return lines(w, mb(95, size), 1<<30, "3XMTHREADINFO      \"t-%[1]d\" J9VMThread:0x%016[1]x, omrthread_t:0x%016[1]x, java/lang/Thread:0x%016[1]x, state:R, prio=5\n3XMTHREADINFO3           Java callstack:\n4XESTACKTRACE                at a/B%[1]d.c(D.java:1)\n")
		}),
		file("sa.txt", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString("Attaching to process ID 2101, please wait...\n"); err != nil {
				return err
			}
			return lines(w, mb(95, size), 1<<30, "Thread %[1]d: (state = BLOCKED)\n - a.B%[1]d.c() @bci=0 (Compiled frame)\n\n")
		}),
		file("2026_01_02_10_00_30_thread_cpu_utilisation.txt", "", func(w *bufio.Writer, size float64) error {
			if _, err := w.WriteString("JVM_THREAD_ID  OS_THREAD_ID  %CPU_USER_MODE  %CPU_SYSTEM_MODE  SYSTEM_TIME  THREAD_NAME\n"); err != nil {
				return err
			}
			return lines(w, mb(60, size), 1<<30, "%[1]d %[1]d 99.0 1.0 1 t-%[1]d\n")
		}),
	}
}

func hotspotDump(w *bufio.Writer, most int64, n int, thread func(i int) string) error {
	written, err := w.WriteString(hotspotHead)
	for i := 0; i < n && int64(written) < most && err == nil; i++ {
		var got int
		got, err = w.WriteString(thread(i) + "\n")
		written += got
	}
	return err
}
