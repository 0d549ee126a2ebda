// Package faults writes thread dumps of made-up programs with a planted fault, and of their healthy twins. Names of
// classes, methods and threads are made of syllables by a seed: what finds a fault must know its kind, not its name.
package faults

import (
	"fmt"
	"strings"
	"time"
)

// dump is one dump that is being written.
type dump struct {
	text strings.Builder
	at   time.Duration // since the first dump
	n    int
}

// thread is one thread of a dump. A stack is given innermost first, a line each; lines that begin with "-" are lock
// lines.
type thread struct {
	name, state string
	head        string // words of the header; "" those that go with the state
	id          int    // 0: by its position
	cpu         time.Duration
	stack       string
}

var heads = map[string]string{"BLOCKED": "waiting for monitor " +
	"entry", "WAITING": "waiting on condition", "TIMED_WAITING": "waiting on condition", "RUNNABLE": "runnable"}

func (d *dump) add(t thread) {
	d.n++
	id := t.id
	if id == 0 {
		id = d.n + 20
	}
	head := t.head
	if head == "" {
		head = heads[t.state]
	}
	fmt.Fprintf(&d.text, "\"%s\" #%d daemon prio=5 os_prio=0 cpu=%.2fms elapsed=%.2fs tid=0x%016x nid=0x%x %s  "+
		"[0x00007f0000000000]\n   java.lang.Thread.State: %s\n",
		t.name, id, float64(t.cpu)/1e6, (300*time.Second + d.at).Seconds(), 0x7f0000001000+id*0x100, 0x1000+id, head, t.state)
	for line := range strings.Lines(t.stack) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case strings.HasPrefix(line, "-"):
			fmt.Fprintf(&d.text, "\t%s\n", line)
		default:
			fmt.Fprintf(&d.text, "\tat %s\n", line)
		}
	}
	d.text.WriteString("\n")
}

// write gives a number of dumps, some seconds apart, with the threads that every JVM has and those that act adds.
func write(dumps int, apart time.Duration, act func(i int, d *dump)) string {
	var b strings.Builder
	for i := range dumps {
		d := &dump{at: time.Duration(i) * apart}
		system(d)
		act(i, d)
		at := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC).Add(d.at)
		fmt.Fprintf(&b, "%s\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, "+
			"sharing):\n\n%sJNI global refs: 1, weak refs: 0\n\n", at.Format(time.DateTime), d.text.String())
	}
	return b.String()
}

func system(d *dump) {
	d.add(thread{name: "Reference Handler", state: "RUNNABLE", stack: `java.lang.ref.Reference.waitForReferencePendingList(java.base@17.0.15/Native Method)
		java.lang.ref.Reference$ReferenceHandler.run(java.base@17.0.15/Reference.java:215)`})
	d.add(thread{name: "Finalizer", state: "WAITING", head: "in Object.wait()", stack: `java.lang.Object.wait(java.base@17.0.15/Native Method)
		- waiting on <0x00000000f8470500> (a java.lang.ref.ReferenceQueue$Lock)
		java.lang.ref.ReferenceQueue.remove(java.base@17.0.15/ReferenceQueue.java:155)
		java.lang.ref.Finalizer$FinalizerThread.run(java.base@17.0.15/Finalizer.java:172)`})
	d.add(thread{name: "main", state: "WAITING", stack: park(0xf1, "java.util.concurrent.CountDownLatch$Sync") + `java.util.concurrent.locks.AbstractQueuedSynchronizer.acquire(java.base@17.0.15/AbstractQueuedSynchronizer.java:715)
		java.util.concurrent.CountDownLatch.await(java.base@17.0.15/CountDownLatch.java:230)
		app.Main.main(Main.java:12)`})
	d.add(thread{name: "C2 CompilerThread0", state: "RUNNABLE", cpu: d.at / 20})
}

// park is the top of the stack of a thread that is parked for an object.
func park(addr int, class string) string {
	return fmt.Sprintf("jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)\n- parking to wait for  "+
		"<0x%016x> (a "+
		"%s)\njava.util.concurrent.locks.LockSupport.park(java.base@17.0.15/LockSupport.java:341)\n", addr, class)
}

// jdk makes lines of methods of the JDK, innermost first.
func jdk(methods ...string) string {
	var b strings.Builder
	for i, m := range methods {
		class := m[:strings.LastIndexByte(m, '.')]
		class = class[strings.LastIndexByte(class, '.')+1:]
		class, _, _ = strings.Cut(class, "$")
		fmt.Fprintf(&b, "%s(java.base@17.0.15/%s.java:%d)\n", m, class, 100+i)
	}
	return b.String()
}

const (
	condition = "java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject"
	threadRun = "java.lang.Thread.run(java.base@17.0.15/Thread.java:840)\n"
	getTask   = "java.util.concurrent.ThreadPoolExecutor.getTask"
)

// worker is what lies below a task of an executor.
var worker = jdk("java.util.concurrent.FutureTask.run", "java.util.concurrent.ThreadPoolExecutor.runWorker", "java.util.concurrent.ThreadPoolExecutor$Worker.run") + threadRun

// idleWorker is a thread of an executor without a task.
var idleWorker = park(0xa0, condition) + jdk("java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject.await", "java.util.concurrent.LinkedBlockingQueue.take",
	getTask, "java.util.concurrent.ThreadPoolExecutor.runWorker", "java.util.concurrent.ThreadPoolExecutor$Worker.run") + threadRun
