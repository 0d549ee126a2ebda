package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/appconf"
	"casefile/analyze/host"
	"casefile/analyze/threads"
)

const (
	taskBelow = `
		java.util.concurrent.ThreadPoolExecutor.runWorker(java.base@17.0.15/ThreadPoolExecutor.java:1136)
		java.util.concurrent.ThreadPoolExecutor$Worker.run(java.base@17.0.15/ThreadPoolExecutor.java:635)
		java.lang.Thread.run(java.base@17.0.15/Thread.java:840)`
	notified = `java.lang.Object.wait(java.base@17.0.15/Native Method)
		- waiting on <0x00000000f1000020> (a nu.Gong)
		java.lang.Object.wait(java.base@17.0.15/Object.java:338)
		nu.Gong.strike(Gong.java:8)`
	await = `jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)
		- parking to wait for  <0x00000000f1000030> (a java.util.concurrent.CountDownLatch$Sync)
		java.util.concurrent.locks.LockSupport.park(java.base@17.0.15/LockSupport.java:211)
		java.util.concurrent.CountDownLatch.await(java.base@17.0.15/CountDownLatch.java:230)`
	reads = `sun.nio.ch.Net.poll(java.base@17.0.15/Native Method)
		sun.nio.ch.NioSocketImpl.park(java.base@17.0.15/NioSocketImpl.java:186)
		sun.nio.ch.NioSocketImpl.timedRead(java.base@17.0.15/NioSocketImpl.java:280)
		java.net.Socket$SocketInputStream.read(java.base@17.0.15/Socket.java:966)`
)

// Threads of a server that no list knows wait in a way that a loop uses to wait for work too: only requests that lie unread in its sockets
// tell that they serve them.
func TestPoolThatLeavesRequestsUnread(t *testing.T) {
	for _, c := range []struct {
		name   string
		unread int // connections of the dumps from so many on
		warns  bool
	}{{"unread", 4, true}, {"all read", 0, false}} {
		cs := caseOf(parseText(t, "threads/dumps.txt", scene(4, every, func(_ int, s *stage) {
			for k := range 8 {
				s.thread(fmt.Sprintf("desk/%d", k), "WAITING", 0, notified+"\nnu.Pagoda.bow(Pagoda.java:5)\nnu.Desk.answer(Desk.java:9)"+taskBelow)
			}
		})))
		socketsFor(cs, "ESTABLISHED")
		for _, look := range cs.Nodes[0].JVMs[0].Sockets {
			for k := range look.Sockets {
				if look.Sockets[k].State == "ESTABLISHED" && k <= c.unread {
					look.Sockets[k].RecvQ = 120
				}
			}
		}
		res := run(t, cs)
		f := find(res, "unexplained-wait")
		if warned := f != nil && f.Severity.AtLeast(analyze.Warning); warned != c.warns {
			t.Errorf("%s: %s", c.name, show(res.Findings))
		}
		if c.warns && f != nil && (!strings.Contains(f.Title, "All 8 desk/N threads") || !strings.Contains(f.Title, "Gong.strike")) {
			t.Errorf("%s: %s", c.name, f.Title)
		}
	}
}

// A latch in a thread's own loop may be the sign to begin; below calls of other classes it keeps work.
func TestSignToBegin(t *testing.T) {
	for name, c := range map[string]struct {
		stack string
		warns bool
	}{
		"own loop":    {await + "\nnu.Runner.run(Runner.java:7)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)", false},
		"lambda":      {await + "\nnu.Runner.lambda$start$0(Runner.java:7)\nnu.Runner$$Lambda/0x000000008e041800.run(Unknown Source)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)", false},
		"two classes": {await + "\nnu.Gate.enter(Gate.java:7)\nnu.Runner.run(Runner.java:9)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)", false},
		"below calls": {await + "\nnu.Gate.enter(Gate.java:7)\nnu.Page.render(Page.java:7)\nnu.Runner.run(Runner.java:9)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)", true},
		"in a task":   {await + "\nnu.Runner.run(Runner.java:7)" + taskBelow, true},
	} {
		res := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(_ int, s *stage) {
			for k := range 6 {
				s.thread(fmt.Sprintf("runner-%d", k), "WAITING", 0, c.stack)
			}
		}))))
		if res.Worst().AtLeast(analyze.Warning) != c.warns {
			t.Errorf("%s: %s", name, show(res.Findings))
		}
	}
}

// Threads of a pool that are not a lock's waiters but stand where threads without work stand too are no second problem.
func TestHalfBlocked(t *testing.T) {
	res := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(_ int, s *stage) {
		for k := 1; k <= 10; k++ {
			s.thread(fmt.Sprintf("http-nio-8090-exec-%d", k), "TIMED_WAITING", 0, "java.lang.Thread.sleep(java.base@17.0.15/Native Method)\nnu.Nap.take(Nap.java:4)\nnu.Desk.serve(Desk.java:5)\nnu.Desk.run(Desk.java:9)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
			s.thread(fmt.Sprintf("http-nio-8090-exec-%d", 10+k), "WAITING", 0, notified+"\nnu.Desk.fetch(Desk.java:5)\nnu.Desk.run(Desk.java:9)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
		}
	}))))
	if len(res.Findings) == 0 || !strings.Contains(res.Findings[0].Title, "sleep in Nap.take") {
		t.Fatal(show(res.Findings))
	}
	for _, f := range res.Findings[1:] {
		if f.Severity.AtLeast(analyze.Warning) {
			t.Errorf("a second problem: %s", f.Title)
		}
	}
}

// The one thread that serves all tasks stands in one, and requests wait for theirs: one finding, of the cause.
func TestWaitersOfABlockedTimer(t *testing.T) {
	res := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(_ int, s *stage) {
		s.thread("clock", "RUNNABLE", 0, reads+"\nnu.Alarm.sync(Alarm.java:4)\nnu.Alarm$1.run(Alarm.java:5)\njava.util.TimerThread.mainLoop(java.base@17.0.15/Timer.java:566)\njava.util.TimerThread.run(java.base@17.0.15/Timer.java:516)")
		for k := range 9 {
			s.thread(workers(k + 1)[0], "WAITING", 0, await+"\nnu.Alarm.wake(Alarm.java:9)"+served)
		}
	}))))
	if len(res.Findings) == 0 || res.Findings[0].ID != "event-loop-blocked" {
		t.Fatal(show(res.Findings))
	}
	f := res.Findings[0]
	complete(t, f)
	if !strings.Contains(f.Title, "clock") || !strings.Contains(f.Title, "9 threads wait for its other tasks") || !f.Severity.AtLeast(analyze.Critical) {
		t.Errorf("%s: %s", f.Severity, f.Title)
	}
	if other := find(res, "unexplained-wait"); other != nil {
		t.Errorf("said twice: %s", other.Title)
	}
}

// A write that does not come back is no matter of log levels.
func TestStandardOutputNobodyReads(t *testing.T) {
	const print = `
		java.io.PrintStream.writeln(java.base@17.0.15/PrintStream.java:718)
		- %s <0x00000000f1000010> (a java.io.PrintStream)
		java.io.PrintStream.println(java.base@17.0.15/PrintStream.java:1028)
		org.apache.log4j.ConsoleAppender.append(ConsoleAppender.java:65)`
	const printLocked = `
		- parking to wait for  <0x00000000f1000010> (a java.util.concurrent.locks.ReentrantLock$NonfairSync)
		java.util.concurrent.locks.ReentrantLock.lock(java.base@25/ReentrantLock.java:322)
		jdk.internal.misc.InternalLock.lock(java.base@25/InternalLock.java:74)
		java.io.PrintStream.writeln(java.base@25/PrintStream.java:833)
		java.io.PrintStream.println(java.base@25/PrintStream.java:1168)
		org.apache.log4j.ConsoleAppender.append(ConsoleAppender.java:65)`
	newer := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(_ int, s *stage) {
		s.thread(workers(1)[0], "RUNNABLE", 0, "java.io.FileOutputStream.writeBytes(java.base@25/Native Method)\njava.io.PrintStream.writeln(java.base@25/PrintStream.java:833)\norg.apache.log4j.ConsoleAppender.append(ConsoleAppender.java:65)"+served)
		for k := 2; k <= 9; k++ {
			s.thread(workers(k)[0], "WAITING", 0, "jdk.internal.misc.Unsafe.park(java.base@25/Native Method)"+printLocked+served)
		}
	}))))
	if len(newer.Findings) == 0 || !strings.Contains(newer.Findings[0].Title, "its write has stood") {
		t.Error(show(newer.Findings))
	}
	res := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(_ int, s *stage) {
		s.thread(workers(1)[0], "RUNNABLE", 0, "java.io.FileOutputStream.writeBytes(java.base@17.0.15/Native Method)\njava.io.FileOutputStream.write(java.base@17.0.15/FileOutputStream.java:349)"+
			fmt.Sprintf(print, "locked")+served)
		for k := 2; k <= 9; k++ {
			s.thread(workers(k)[0], "BLOCKED", 0, fmt.Sprintf(print, "waiting to lock")+served)
		}
	}))))
	if len(res.Findings) == 0 || !strings.Contains(res.Findings[0].Title, "its write has stood") || !strings.Contains(res.Findings[0].Advice[0].Action, "fd/1") {
		t.Fatal(show(res.Findings))
	}
}

// A lock that no thread at work could hold was not given back; one of the runtime is named by the program's calls.
func TestWhoseLock(t *testing.T) {
	park := `jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)
		- parking to wait for  <0x00000000f1000040> (a java.util.concurrent.locks.StampedLock)
		java.util.concurrent.locks.StampedLock.acquireWrite(java.base@17.0.15/StampedLock.java:1265)
		java.util.concurrent.locks.StampedLock.writeLock(java.base@17.0.15/StampedLock.java:477)
		nu.Fjord.depth(Fjord.java:8)`
	kept := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(_ int, s *stage) {
		for k := range 8 {
			s.thread(workers(k + 1)[0], "WAITING", 0, park+served)
		}
	}))))
	if f := find(kept, "lock-contention"); f == nil || !strings.Contains(f.Advice[0].Action, "not unlocked") {
		t.Error(show(kept.Findings))
	}
	called := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(_ int, s *stage) {
		s.thread("survey", "TIMED_WAITING", 0, "java.lang.Thread.sleep(java.base@17.0.15/Native Method)\nnu.Nap.take(Nap.java:4)\nnu.Atlas.lambda$new$0(Atlas.java:5)\njava.util.HashMap.forEach(java.base@17.0.15/HashMap.java:1421)\n"+
			"java.util.Collections$SynchronizedMap.forEach(java.base@17.0.15/Collections.java:2736)\n- locked <0x00000000f1000050> (a java.util.Collections$SynchronizedMap)\nnu.Atlas.draw(Atlas.java:9)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
		for k := range 8 {
			s.thread(workers(k + 1)[0], "BLOCKED", 0, "java.util.Collections$SynchronizedMap.get(java.base@17.0.15/Collections.java:2676)\n- waiting to lock <0x00000000f1000050> (a java.util.Collections$SynchronizedMap)\nnu.Atlas.find(Atlas.java:7)"+served)
		}
	}))))
	if f := find(called, "lock-contention"); f == nil || !strings.Contains(f.Title, "SynchronizedMap at Atlas.find held by survey in Atlas.draw") {
		t.Error(show(called.Findings))
	}
}

// A goroutine that is never seen to wait computes; one that is seen elsewhere is at work.
func TestHotGoroutines(t *testing.T) {
	of := func(states ...string) *analyze.Case {
		var all []*threads.Dump
		for i, state := range states {
			text := goroutines(1, state, "main.report(0x4000)\n\t/srv/shop/report.go:12 +0x20\n")
			dumps := parseText(t, fmt.Sprintf("goroutines-%d.txt", i), text)
			dumps[0].Time = time.Date(2026, 1, 5, 10, 0, 5*i, 0, time.UTC)
			all = append(all, dumps...)
		}
		return serviceOf(all)
	}
	if f := find(run(t, of("running", "runnable", "running")), "hot-thread"); f == nil || !strings.Contains(f.Title, "1 goroutine is at work in main.report") {
		t.Error("a goroutine that computes all the time is not told")
	}
	if f := find(run(t, of("running", "IO wait", "running")), "hot-thread"); f != nil {
		t.Errorf("one that waits: %s", f.Title)
	}
}

// Connections that no thread is seen to use are most likely kept by the requests of which there are as many as the pool is large.
func TestKeepersByTheSizeOfThePool(t *testing.T) {
	text := scene(4, every, func(_ int, s *stage) {
		for k := range 12 {
			stack := getsConn
			if k < 4 {
				stack = "java.lang.Thread.sleep(java.base@17.0.15/Native Method)\nnu.Nap.take(Nap.java:4)\nnu.Invoice.print(Invoice.java:5)\n" +
					"javax.servlet.http.HttpServlet.service(HttpServlet.java:623)\norg.apache.catalina.core.StandardWrapperValve.invoke(StandardWrapperValve.java:168)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)"
			}
			s.thread(fmt.Sprintf("http-nio-8080-exec-%d", k+1), "TIMED_WAITING", 0, stack)
		}
	})
	for pool, named := range map[int]bool{4: true, 7: false} {
		cs := caseOf(parseText(t, "threads/1.txt", text))
		conf, err := appconf.Read("config/application.properties", strings.NewReader(fmt.Sprintf("spring.datasource.hikari.maximum-pool-size=%d\n", pool)))
		if err != nil {
			t.Fatal(err)
		}
		cs.Nodes[0].JVMs[0].Conf = []*appconf.File{conf}
		f := find(run(t, cs), "db-pool-exhausted")
		if f == nil || strings.Contains(f.Title, "4 threads most likely hold one") != named {
			t.Errorf("a pool of %d: %+v", pool, f)
		}
	}
}

// A thread that got little of a CPU because the machine is full is hot only where it stays in one call.
func TestHotOnAFullMachine(t *testing.T) {
	for at, hot := range map[string]bool{"nu.Sum.add(Sum.java:%[1]d)": true, "nu.Start.step%[1]d(Start.java:9)": false} {
		dumps := parseText(t, "dumps.txt", scene(4, every, func(i int, s *stage) {
			s.thread(workers(1)[0], "RUNNABLE", s.at/10, fmt.Sprintf(at, 10+i)+served)
			s.idle("http-nio-8090", 2, 8)
		}))
		var cpu []threads.CPUSample
		for i, d := range dumps {
			at := time.Duration(i) * every
			cpu = append(cpu, threads.CPUSample{Time: d.Time, Threads: map[int64]threads.ThreadCPU{0x1001: {CPU: at / 10, State: 'R', RunDelay: at * 85 / 100, Switches: uint64(10 * i)}}})
		}
		f := find(run(t, seriesCase(threads.NewSeries(dumps, cpu))), "hot-thread")
		if warned := f != nil && f.Severity.AtLeast(analyze.Warning); warned != hot {
			t.Errorf("%s: %+v", at, f)
		}
	}
}

// Requests that take turns in one place take the machine together, though no thread is hot for long.
func TestHotInTurns(t *testing.T) {
	for name, c := range map[string]struct {
		at   string // where all others of the pool compute, in the dumps that show them at work
		warn bool
	}{
		"one place":   {"nu.Sum.add(Sum.java:7)", true},
		"many places": {"nu.Page%d.draw(Page.java:7)", false},
	} {
		dumps := parseText(t, "dumps.txt", scene(4, every, func(i int, s *stage) {
			for k, name := range workers(1, 2, 3, 4) {
				at := c.at
				if strings.Contains(at, "%d") {
					at = fmt.Sprintf(at, k)
				}
				s.thread(name, "RUNNABLE", s.at*9/20, at+served)
			}
		}))
		cs := seriesCase(threads.NewSeries(dumps, nil))
		cs.Nodes[0].Host = &host.Facts{CPU: host.CPU{Count: figure(2)}}
		f := find(run(t, cs), "hot-thread")
		if warned := f != nil && f.Severity.AtLeast(analyze.Warning); warned != c.warn {
			t.Errorf("%s: %+v\n%s", name, f, show(run(t, cs).Findings))
		}
	}
}
