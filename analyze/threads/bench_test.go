package threads

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"casefile/testdata/large"
)

// generated writes a series as a busy server's looks: most threads idle on few stacks, some at work on stacks of their own.
func generated(dumps, threads int) []byte {
	var b bytes.Buffer
	for d := range dumps {
		fmt.Fprintf(&b, "2025-12-22 13:%02d:%02d\nFull thread dump OpenJDK 64-Bit Server VM (21.0.2+13-LTS mixed mode, sharing):\n\nThreads class SMR info:\n_java_thread_list=0x00006000033b11a0, length=20, elements={\n0x0000000121809200, 0x0000000120810800\n}\n\n", d/6%60, d%6*10)
		for i := range threads {
			generatedThread(&b, d, i)
		}
		b.WriteString("\"VM Thread\" os_prio=31 cpu=5.84ms elapsed=0.67s tid=0x000000011d813200 nid=18691 runnable  \n\nJNI global refs: 10, weak refs: 0\n\n")
	}
	return b.Bytes()
}

func generatedThread(b *bytes.Buffer, dump, i int) {
	busy := i%7 == 0
	fmt.Fprintf(b, "\"http-nio-8090-exec-%d\" #%d [%d] daemon prio=5 os_prio=0 cpu=%d.%02dms elapsed=%d.%02ds tid=0x%016x nid=%d ", i, i+30, i+5000, i*3+dump*(1+i%5)*100, i%100, 1000+dump*10, 20, 0x7fc3b80b64c0+i*0x1800, i+5000)
	if !busy {
		b.WriteString("waiting on condition  [0x00007fc38b9f9000]\n   java.lang.Thread.State: WAITING (parking)\n\tat jdk.internal.misc.Unsafe.park(java.base@21.0.2/Native Method)\n\t- parking to wait for  <0x000000069dc080e8> (a java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject)\n\tat java.util.concurrent.locks.LockSupport.park(java.base@21.0.2/LockSupport.java:371)\n\tat java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionNode.block(java.base@21.0.2/AbstractQueuedSynchronizer.java:519)\n\tat java.util.concurrent.ForkJoinPool.unmanagedBlock(java.base@21.0.2/ForkJoinPool.java:3780)\n\tat java.util.concurrent.ForkJoinPool.managedBlock(java.base@21.0.2/ForkJoinPool.java:3725)\n\tat java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject.await(java.base@21.0.2/AbstractQueuedSynchronizer.java:1707)\n\tat java.util.concurrent.LinkedBlockingQueue.take(java.base@21.0.2/LinkedBlockingQueue.java:435)\n\tat org.apache.tomcat.util.threads.TaskQueue.take(TaskQueue.java:117)\n\tat org.apache.tomcat.util.threads.TaskQueue.take(TaskQueue.java:33)\n\tat org.apache.tomcat.util.threads.ThreadPoolExecutor.getTask(ThreadPoolExecutor.java:1114)\n\tat org.apache.tomcat.util.threads.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1176)\n\tat org.apache.tomcat.util.threads.ThreadPoolExecutor$Worker.run(ThreadPoolExecutor.java:659)\n\tat org.apache.tomcat.util.threads.TaskThread$WrappingRunnable.run(TaskThread.java:61)\n\tat java.lang.Thread.runWith(java.base@21.0.2/Thread.java:1596)\n\tat java.lang.Thread.run(java.base@21.0.2/Thread.java:1583)\n\n   Locked ownable synchronizers:\n\t- None\n\n")
		return
	}
	b.WriteString("runnable  [0x00007fc38b9f9000]\n   java.lang.Thread.State: RUNNABLE\n")
	kind := i % 40 // of request; the five innermost frames change from dump to dump
	for f := range 25 + kind {
		line := f * 13
		if f < 5 {
			line += (i + dump) % 10
		}
		fmt.Fprintf(b, "\tat com.example.module%d.Service%d.method%d(Service%d.java:%d)\n", f%9, (f+kind)%50, f*7%11, (f+kind)%50, 10+line)
		if f == 3 {
			fmt.Fprintf(b, "\t- locked <0x%016x> (a java.lang.Object)\n", 0x69d99d328+i*64+dump)
		}
	}
	b.WriteString("\tat java.lang.Thread.run(java.base@21.0.2/Thread.java:1583)\n\n   Locked ownable synchronizers:\n\t- None\n\n")
}

func BenchmarkParseHotSpot(b *testing.B) {
	text := generated(20, 2000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		sum, err := Parse("bench", bytes.NewReader(text), func(*Dump) error { return nil })
		if err != nil || sum.Threads != 20*2001 {
			b.Fatal(sum, err)
		}
	}
	large.BesideScan(b, text)
}

// BenchmarkLogLines is a log without dumps: what is skipped must cost little.
func BenchmarkLogLines(b *testing.B) {
	text := bytes.Repeat([]byte("2022-07-12 01:08:59,489 INFO [Catalina-utility-1] [confluence.cluster.hazelcast.HazelcastClusterManager] startCluster with id 17\n\tat com.example.Foo.bar(Foo.java:12)\n"), 100_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("bench", bytes.NewReader(text), func(*Dump) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSeries(b *testing.B) {
	dumps, _, err := ParseAll("bench", bytes.NewReader(generated(20, 2000)))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s := NewSeries(dumps, nil)
		s.Hot()
		s.Stuck(3)
		s.Pools(nil)
		s.Contention()
		s.Families()
	}
}

// BenchmarkHeld says what 100 dumps of 1000 threads take when all are kept.
func BenchmarkHeld(b *testing.B) {
	text := bytes.Clone(generated(100, 1000))
	for b.Loop() {
		before := heap()
		dumps, _, err := ParseAll("bench", bytes.NewReader(text))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(heap()-before)/100_000, "B/thread")
		runtime.KeepAlive(dumps)
		runtime.KeepAlive(text)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
