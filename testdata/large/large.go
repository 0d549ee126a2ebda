// Package large writes evidence of any size as busy servers leave it: what benchmarks measure reading and judging with.
// The same sizes give the same bytes.
package large

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

var began = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// counted is a buffered writer that knows how much went through it. Its errors show in flush.
type counted struct {
	*bufio.Writer
	n int64
}

func newCounted(w io.Writer) *counted { return &counted{Writer: bufio.NewWriterSize(w, 1<<20)} }

func (c *counted) printf(format string, args ...any) {
	n, _ := fmt.Fprintf(c.Writer, format, args...)
	c.n += int64(n)
}

// GCLog writes a log of G1 with its phases at debug level of at least size bytes: young collections, a concurrent cycle and
// mixed collections after it now and then.
func GCLog(w io.Writer, size int64, seed uint64) error {
	rnd := rand.New(rand.NewPCG(seed, 1))
	out := newCounted(w)
	at := 0.011
	line := func(level, tags, format string, args ...any) {
		t := began.Add(time.Duration(at * float64(time.Second)))
		out.printf("[%s][%.3fs][%s][%-14s] %s\n", t.Format("2006-01-02T15:04:05.000-0700"), at, level, tags, fmt.Sprintf(format, args...))
	}
	line("info", "gc", "Using G1")
	line("info", "gc,init", "Heap Max Capacity: 8G")
	line("info", "gc,init", "Heap Region Size: 4M")
	live := 2200.0
	for id := 0; out.n < size; id++ {
		at += 0.8 + rnd.Float64()
		kind, took := "Normal", 12+20*rnd.Float64()
		switch id % 40 {
		case 20:
			kind = "Concurrent Start"
		case 22:
			kind = "Prepare Mixed"
		case 23, 24:
			kind, took = "Mixed", took*1.5
		}
		young := 600 + rnd.IntN(200)
		line("info", "gc,start", "GC(%d) Pause Young (%s) (G1 Evacuation Pause)", id, kind)
		line("info", "gc,task", "GC(%d) Using 8 workers of 8 for evacuation", id)
		for _, phase := range []string{"Merge Heap Roots", "Evacuate Collection Set", "Post Evacuate Cleanup 1", "Post Evacuate Cleanup 2"} {
			line("info", "gc,phases", "GC(%d)   %s: %.1fms", id, phase, took/5)
			for _, part := range []string{"Prepare Merge Heap Roots", "Eager Reclaim", "Remembered Sets", "Hot Card Cache", "Log Buffers"} {
				line("debug", "gc,phases", "GC(%d)     %-28s Min: %5.2f, Avg: %5.2f, Max: %5.2f, Diff: %5.2f, Sum: %5.2f, Workers: 8", id, part+" (ms):",
					took/30, took/25, took/20, took/60, took/3)
			}
		}
		line("info", "gc,heap", "GC(%d) Eden regions: %d->0(%d)", id, young/4, young/4)
		line("info", "gc,heap", "GC(%d) Survivor regions: 12->%d(24)", id, 10+rnd.IntN(5))
		line("info", "gc,heap", "GC(%d) Old regions: %d->%d", id, int(live)/4, int(live)/4+1)
		line("info", "gc,heap", "GC(%d) Humongous regions: 3->3", id)
		line("info", "gc,metaspace", "GC(%d) Metaspace: 180000K(182000K)->180000K(182000K) NonClass: 160000K(161000K)->160000K(161000K) Class: 20000K(21000K)->20000K(21000K)", id)
		line("info", "gc", "GC(%d) Pause Young (%s) (G1 Evacuation Pause) %dM->%dM(8192M) %.3fms", id, kind, int(live)+young, int(live), took)
		line("info", "gc,cpu", "GC(%d) User=%.2fs Sys=0.01s Real=%.2fs", id, took/150, took/1000)
		line("info", "safepoint", "Safepoint \"G1CollectForAllocation\", Time since last: %d ns, Reaching safepoint: 98000 ns, Cleanup: 4000 ns, At safepoint: %d ns, Total: %d ns",
			900_000_000+rnd.IntN(1e8), int(took*1e6), int(took*1e6)+102000)
		if live++; id%40 == 24 {
			live = 2200
		}
	}
	return out.Flush()
}

// Dumps writes thread dumps of a server, ten seconds apart: most threads idle, one in seven at work on stacks of many kinds.
func Dumps(w io.Writer, dumps, threads int) error {
	out := newCounted(w)
	for d := range dumps {
		out.printf("%s\nFull thread dump OpenJDK 64-Bit Server VM (21.0.2+13-LTS mixed mode, sharing):\n\n",
			began.Add(time.Duration(d)*10*time.Second).Format(time.DateTime))
		for i := range threads {
			thread(out, d, i)
		}
		out.printf("\"VM Thread\" os_prio=0 cpu=5.84ms elapsed=0.67s tid=0x000000011d813200 nid=18691 runnable  \n\nJNI global refs: 10, weak refs: 0\n\n")
	}
	return out.Flush()
}

func thread(out *counted, dump, i int) {
	busy := i%7 == 0
	cpu := 100 + i*3
	if busy {
		cpu += dump * (1 + i%5) * 300
	}
	out.printf("\"http-nio-8090-exec-%d\" #%d [%d] daemon prio=5 os_prio=0 cpu=%d.%02dms elapsed=%d.20s tid=0x%016x nid=%d ",
		i, i+30, i+5000, cpu, i%100, 1000+dump*10, 0x7fc3b80b64c0+i*0x1800, i+5000)
	if !busy {
		_, _ = out.WriteString(idle)
		out.n += int64(len(idle))
		return
	}
	out.printf("runnable  [0x00007fc38b9f9000]\n   java.lang.Thread.State: RUNNABLE\n")
	kind := i % 40 // of request; the five innermost frames change from dump to dump
	for f := range 25 + kind {
		at := f * 13
		if f < 5 {
			at += (i + dump) % 10
		}
		out.printf("\tat com.example.module%d.Service%d.method%d(Service%d.java:%d)\n", f%9, (f+kind)%50, f*7%11, (f+kind)%50, 10+at)
		if f == 3 {
			out.printf("\t- locked <0x%016x> (a java.lang.Object)\n", 0x69d99d328+i*64+dump)
		}
	}
	out.printf("\tat org.apache.tomcat.util.net.SocketProcessorBase.run(SocketProcessorBase.java:52)\n" +
		"\tat java.lang.Thread.run(java.base@21.0.2/Thread.java:1583)\n\n")
}

const idle = "waiting on condition  [0x00007fc38b9f9000]\n   java.lang.Thread.State: WAITING (parking)\n" +
	"\tat jdk.internal.misc.Unsafe.park(java.base@21.0.2/Native Method)\n" +
	"\t- parking to wait for  <0x000000069dc080e8> (a java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject)\n" +
	"\tat java.util.concurrent.locks.LockSupport.park(java.base@21.0.2/LockSupport.java:371)\n" +
	"\tat java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject.await(java.base@21.0.2/AbstractQueuedSynchronizer.java:1707)\n" +
	"\tat java.util.concurrent.LinkedBlockingQueue.take(java.base@21.0.2/LinkedBlockingQueue.java:435)\n" +
	"\tat org.apache.tomcat.util.threads.TaskQueue.take(TaskQueue.java:117)\n" +
	"\tat org.apache.tomcat.util.threads.ThreadPoolExecutor.getTask(ThreadPoolExecutor.java:1114)\n" +
	"\tat org.apache.tomcat.util.threads.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1176)\n" +
	"\tat org.apache.tomcat.util.threads.TaskThread$WrappingRunnable.run(TaskThread.java:61)\n" +
	"\tat java.lang.Thread.run(java.base@21.0.2/Thread.java:1583)\n\n"

// AppLog writes the log of an application of at least size bytes.
func AppLog(w io.Writer, size int64, seed uint64) error {
	rnd := rand.New(rand.NewPCG(seed, 2))
	out := newCounted(w)
	at := began
	for n := 0; out.n < size; n++ {
		at = at.Add(time.Duration(rnd.IntN(200)) * time.Millisecond)
		out.printf("%s INFO  [http-nio-8090-exec-%d] com.example.shop.Orders%d order %d of customer %d stored in %d ms\n",
			at.Format("2006-01-02 15:04:05,000"), rnd.IntN(200), rnd.IntN(9), n, rnd.IntN(1e5), rnd.IntN(90))
		if n%50 == 49 {
			out.printf("%s WARN  [http-nio-8090-exec-%d] com.example.shop.Cache entry %x was loaded twice\n\tat com.example.shop.Cache.load(Cache.java:%d)\n",
				at.Format("2006-01-02 15:04:05,000"), rnd.IntN(200), rnd.Uint64(), rnd.IntN(400))
		}
	}
	return out.Flush()
}

// Repeated writes a text, or a recording, over and over until there are size bytes at least.
func Repeated(w io.Writer, one []byte, size int64) error {
	for n := int64(0); n < size; n += int64(len(one)) {
		if _, err := w.Write(one); err != nil {
			return err
		}
	}
	return nil
}

// Recordings adds a recording of size bytes in all to each node of a case: chunks of the one given.
func Recordings(dir string, one []byte, size int64) error {
	nodes, err := filepath.Glob(filepath.Join(dir, "node*"))
	if err != nil {
		return err
	}
	for _, node := range nodes {
		write := func(w io.Writer) error { return Repeated(w, one, size/int64(len(nodes))) }
		if err := File(filepath.Join(node, "recording.jfr"), write); err != nil {
			return err
		}
	}
	return nil
}

// Case writes the evidence of four nodes, size bytes in all, into folders of dir: GC logs, dumps of 500 threads, and application logs.
func Case(dir string, size int64) error {
	const nodes = 4
	dumpsOf := func(bytes int64) int { return int(bytes/(700<<10)) + 1 } // a dump of 500 threads has about 700 KiB
	for i := range nodes {
		node := filepath.Join(dir, fmt.Sprintf("node%d", i+1))
		if err := os.MkdirAll(node, 0o755); err != nil {
			return err
		}
		share, seed := size/nodes, uint64(i)
		for name, write := range map[string]func(io.Writer) error{
			"gc.log":        func(w io.Writer) error { return GCLog(w, share/2, seed) },
			"threads.txt":   func(w io.Writer) error { return Dumps(w, dumpsOf(share/4), 500) },
			"logs/shop.log": func(w io.Writer) error { return AppLog(w, share/4, seed) },
		} {
			if err := File(filepath.Join(node, name), write); err != nil {
				return err
			}
		}
	}
	return nil
}

// File creates a file, with its folder, and lets write fill it.
func File(name string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
