package rules

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/bundle/format/sockets"
)

// queueAt has so many connections wait to be accepted at port 8090 at each dump.
func queueAt(c *analyze.Case, waiting ...int64) {
	j := c.Nodes[0].JVMs[0]
	for i, d := range j.Dumps.Dumps {
		j.Sockets = append(j.Sockets, analyze.Sockets{Source: fmt.Sprintf("threads/dump-%02d-sockets.tsv", i+1), Snapshot: &sockets.Snapshot{PID: 4711, Taken: d.Time,
			Sockets: []sockets.Socket{{Local: netip.MustParseAddrPort("0.0.0.0:8090"), Remote: netip.MustParseAddrPort("0.0.0.0:0"), State: "LISTEN", RecvQ: waiting[i]}}}})
	}
}

// One thread that is at work whenever it is looked at, while connections wait at the port, serves them all.
func TestOneThreadServesAll(t *testing.T) {
	const (
		burns   = "nu.Kiln.fire(Kiln.java:7)\nnu.Gate.answer(Gate.java:9)\nnu.Gate.run(Gate.java:4)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)"
		calls   = reads + "\nnu.Oven.ask(Oven.java:7)\nnu.Gate.answer(Gate.java:9)\nnu.Gate.run(Gate.java:4)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)"
		accepts = "sun.nio.ch.Net.accept(java.base@17.0.15/Native Method)\nsun.nio.ch.NioSocketImpl.accept(java.base@17.0.15/NioSocketImpl.java:760)\n" +
			"java.net.ServerSocket.accept(java.base@17.0.15/ServerSocket.java:532)\nnu.Gate.run(Gate.java:3)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)"
		input = "java.io.FileInputStream.readBytes(java.base@17.0.15/Native Method)\njava.io.FileInputStream.read(java.base@17.0.15/FileInputStream.java:276)\nnu.Start.main(Start.java:9)"
	)
	for _, c := range []struct {
		name    string
		stack   func(dump int) string
		waiting []int64
		full    bool // a pool beside it has no free thread
		place   string
	}{
		{"computes", func(int) string { return burns }, []int64{9, 12, 11, 12}, false, "Kiln.fire"},
		{"asks another", func(int) string { return calls }, []int64{9, 0, 11, 12}, false, "Oven.ask"},
		{"nobody waits", func(int) string { return burns }, []int64{0, 1, 0, 0}, false, ""},
		{"a moment's queue", func(int) string { return burns }, []int64{9, 0, 0, 12}, false, ""},
		{"is free between", func(dump int) string { return []string{burns, accepts}[dump%2] }, []int64{9, 12, 11, 12}, false, ""},
		{"a pool is full", func(int) string { return burns }, []int64{9, 12, 11, 12}, true, ""},
	} {
		cs := caseOf(parseText(t, "threads/dumps.txt", scene(4, every, func(i int, s *stage) {
			s.thread("main", "RUNNABLE", 0, input)
			s.thread("gate", "RUNNABLE", s.at/2, c.stack(i))
			for k := range 6 {
				stack := strings.ReplaceAll(idleStack, "org.apache.tomcat.util.threads.TaskQueue", "java.util.concurrent.Exchange")
				if c.full {
					stack = reads + "\nnu.Desk.copy(Desk.java:5)" + taskBelow
				}
				s.thread(fmt.Sprintf("desk/%d", k), "WAITING", s.at/100, stack)
			}
		})))
		queueAt(cs, c.waiting...)
		res := run(t, cs)
		f := find(res, "event-loop-blocked")
		if (f != nil) != (c.place != "") {
			t.Errorf("%s: %s", c.name, show(res.Findings))
			continue
		}
		if f != nil {
			complete(t, *f)
			if !strings.HasPrefix(f.Title, "gate alone serves all connections") || !strings.Contains(f.Title, "12 connections wait at port 8090") || !strings.Contains(f.Title, c.place) ||
				!strings.Contains(f.Explanation, "6 desk/N threads") || !f.Severity.AtLeast(analyze.Critical) {
				t.Errorf("%s: %s %s", c.name, f.Title, f.Explanation)
			}
			for _, o := range res.Findings {
				if o.ID != f.ID && o.Severity.AtLeast(analyze.Warning) {
					t.Errorf("%s: told twice: %s", c.name, o.Title)
				}
			}
		}
	}
}

// Workers to which event loops hand what blocks serve the requests, where no other thread does.
func TestWorkersOfEventLoops(t *testing.T) {
	const handed = "\nio.vertx.core.impl.ContextImpl.lambda$executeBlocking$4(ContextImpl.java:192)\nio.vertx.core.impl.WorkerTask.run(WorkerTask.java:56)"
	for name, c := range map[string]struct {
		between string
		free    bool
		warns   bool
	}{
		"all busy":        {handed, false, true},
		"one is free":     {handed, true, false},
		"jobs of its own": {"", false, false},
	} {
		cs := caseOf(parseText(t, "threads/dumps.txt", scene(4, every, func(i int, s *stage) {
			s.thread("vert.x-eventloop-thread-0", "RUNNABLE", 0, "sun.nio.ch.EPoll.wait(java.base@17.0.15/Native Method)\n"+
				"sun.nio.ch.SelectorImpl.select(java.base@17.0.15/SelectorImpl.java:146)\nio.netty.channel.nio.NioEventLoop.run(NioEventLoop.java:526)")
			for k := range 8 {
				stack := reads + "\nnu.Mailbox.print(Mailbox.java:5)" + c.between + taskBelow
				if c.free && k == i {
					stack = strings.ReplaceAll(idleStack, "org.apache.tomcat.util.threads.", "java.util.concurrent.")
				}
				s.thread(fmt.Sprintf("vert.x-worker-thread-%d", k), "RUNNABLE", 0, stack)
			}
		})))
		socketsFor(cs, "ESTABLISHED")
		res := run(t, cs)
		if res.Worst().AtLeast(analyze.Warning) != c.warns {
			t.Errorf("%s: %s", name, show(res.Findings))
			continue
		}
		f := find(res, "thread-pool-exhausted")
		if c.warns && (f == nil || !strings.Contains(f.Title, "All 8 threads of pool vert.x-worker-thread are busy") || !strings.Contains(fmt.Sprint(f.Advice), "setWorkerPoolSize")) {
			t.Errorf("%s: %s", name, show(res.Findings))
		}
	}
}

// hooked is the thread that ends a JVM.
const hooked = "java.lang.Object.wait(java.base@17.0.15/Native Method)\n- waiting on <0x00000000f0512128> (a %s)\njava.lang.Thread.join(java.base@17.0.15/Thread.java:1313)\n" +
	"java.lang.ApplicationShutdownHooks.runHooks(java.base@17.0.15/ApplicationShutdownHooks.java:107)\njava.lang.Shutdown.runHooks(java.base@17.0.15/Shutdown.java:130)\n" +
	"java.lang.Shutdown.exit(java.base@17.0.15/Shutdown.java:173)\n- locked <0x00000000ffe020b8> (a java.lang.Class for java.lang.Shutdown)\n" +
	"java.lang.Terminator$1.handle(java.base@17.0.15/Terminator.java:51)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)"

// A JVM that was told to end stands in a hook: the hook is named however it is known, and what it waits for.
func TestShutdownThatStands(t *testing.T) {
	const ends = "jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)\n- parking to wait for  <0x00000000f033b458> (a java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject)\n" +
		"java.util.concurrent.ThreadPoolExecutor.awaitTermination(java.base@17.0.15/ThreadPoolExecutor.java:1464)\nnu.Drain.stop(Drain.java:56)\n" +
		"nu.Drain$Hook.run(Drain.java:9)"
	for _, c := range []struct {
		name         string
		joined       string // class that the end joins
		hook, stack  string
		title, first string
		began        int // dump
		hangs        bool
	}{
		{"joins its class", "nu.Drain$Hook", "Thread-7", ends, "its hook Thread-7 waits for a pool to end in Drain.stop; pump-1 reads from a socket in Pump.push", "Thread-7", 0, true},
		{"by its name", "java.lang.Thread", "orders-shutdown", ends, "its hook orders-shutdown waits for a pool to end", "orders-shutdown", 0, true},
		{"asks for the end", "java.lang.Thread", "Thread-3", "java.lang.Shutdown.exit(java.base@17.0.15/Shutdown.java:166)\n- waiting to lock <0x00000000ffe020b8> (a java.lang.Class for java.lang.Shutdown)\n" +
			"java.lang.System.exit(java.base@17.0.15/System.java:1541)\nnu.Drain.fail(Drain.java:3)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)",
			"its hook Thread-3 calls System.exit", "System.exit", 0, true},
		{"has just begun", "nu.Drain$Hook", "Thread-7", ends, "", "", 3, false},
	} {
		res := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(i int, s *stage) {
			if i >= c.began {
				s.numbered(20, "SIGTERM handler", "WAITING", 0, fmt.Sprintf(hooked, c.joined))
				state := "WAITING"
				if strings.HasPrefix(c.stack, "java.lang.Shutdown") {
					state = "BLOCKED"
				}
				s.numbered(21, c.hook, state, 0, c.stack)
			}
			s.numbered(30, "pump-1", "RUNNABLE", 0, reads+"\nnu.Pump.push(Pump.java:5)"+taskBelow)
			s.idle("http-nio-8090", 1, 8)
		}))))
		f := find(res, "shutdown-hangs")
		if (f != nil) != c.hangs {
			t.Errorf("%s: %s", c.name, show(res.Findings))
			continue
		}
		if f == nil {
			continue
		}
		complete(t, *f)
		if !strings.Contains(f.Title, c.title) || !strings.Contains(f.Advice[0].Action, c.first) || res.Findings[0].ID != f.ID {
			t.Errorf("%s: %s -> %s\n%s", c.name, f.Title, f.Advice[0].Action, show(res.Findings))
		}
	}
}
