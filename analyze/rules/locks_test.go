package rules

import (
	"fmt"
	"strings"
	"testing"

	"casefile/analyze"
)

// deadlocked adds two request threads that wait for each other.
func deadlocked(s *stage) {
	for k, l := range [][2]string{{"0x00000000f9000010", "0x00000000f9000020"}, {"0x00000000f9000020", "0x00000000f9000010"}} {
		s.thread(workers(k + 1)[0], "BLOCKED", 0, fmt.Sprintf("com.acme.Account.credit(Account.java:20)\n- waiting to lock <%s> (a com.acme.Account)\ncom.acme.Account.transfer(Account.java:12)\n- locked <%s> (a com.acme.Account)%s", l[1], l[0], served))
	}
}

func TestDeadlock(t *testing.T) {
	pair := "Deadlock of 2 threads: http-nio-8090-exec-1 waits in Account.credit for Account held by http-nio-8090-exec-2 and http-nio-8090-exec-2 waits in Account.credit for Account held by http-nio-8090-exec-1"
	behind := func(s *stage, from, to int) {
		for k := from; k <= to; k++ {
			s.thread(workers(k)[0], "BLOCKED", 0, "com.acme.Account.balance(Account.java:30)\n- waiting to lock <0x00000000f9000010> (a com.acme.Account)"+served)
		}
	}
	for _, e := range []expected{
		{name: "one dump", found: []string{"critical deadlock"}, title: pair, cites: workers(1, 2), conf: analyze.High,
			text: scene(1, every, func(i int, s *stage) { s.system(); deadlocked(s); s.idle("http-nio-8090", 3, 8) })},
		{name: "victims are counted, not reported again", found: []string{"critical deadlock"}, title: pair + "; 6 more threads wait behind them", cites: workers(1, 2, 1),
			text: scene(6, every, func(i int, s *stage) { s.system(); deadlocked(s); behind(s, 3, 8) })},
		{name: "ownable synchronizers", found: []string{"critical deadlock"}, cites: workers(1, 2),
			title: "Deadlock of 2 threads: http-nio-8090-exec-1 waits in Warehouse.move for ReentrantLock held by http-nio-8090-exec-2 and http-nio-8090-exec-2 waits in Warehouse.move for ReentrantLock held by http-nio-8090-exec-1",
			text: scene(1, every, func(i int, s *stage) {
				for k, wants := range []int{0xf20, 0xf10} {
					s.thread(workers(k + 1)[0], "WAITING", 0, fmt.Sprintf(parked, wants, "java.util.concurrent.locks.ReentrantLock$NonfairSync")+
						"java.util.concurrent.locks.ReentrantLock.lock(java.base@17.0.15/ReentrantLock.java:322)\ncom.acme.Warehouse.move(Warehouse.java:8)"+served)
					fmt.Fprintf(&s.text, "   Locked ownable synchronizers:\n\t- <0x%016x> (a java.util.concurrent.locks.ReentrantLock$NonfairSync)\n\n", 0x1e30-wants)
				}
			})},
		{name: "a chain without a cycle", text: scene(2, every, func(i int, s *stage) {
			s.system()
			s.thread(workers(1)[0], "TIMED_WAITING", 0, holdsCache)
			s.thread(workers(2)[0], "BLOCKED", 0, wantsCache)
			s.idle("http-nio-8090", 3, 8)
		})},
		{name: "a cycle that dissolves", text: scene(2, every, func(i int, s *stage) {
			s.system()
			if i == 0 {
				deadlocked(s)
			} else {
				s.idle("http-nio-8090", 1, 2)
			}
			s.idle("http-nio-8090", 3, 8)
		})},
	} {
		t.Run(e.name, e.check)
	}
}

// blocked adds a holder and request threads 2..n that want what it has.
func blocked(s *stage, holder, waiter string, n, size int) {
	s.thread(workers(1)[0], "TIMED_WAITING", s.at/1000, holder) // it works a little and comes back: it is not stuck
	for k := 2; k <= n; k++ {
		s.thread(workers(k)[0], "BLOCKED", 0, waiter)
	}
	s.idle("http-nio-8090", n+1, size)
}

func TestLockContention(t *testing.T) {
	title := "7 of 10 http-nio-8090 threads wait for Cache held by http-nio-8090-exec-1 in Cache.refresh"
	for _, e := range []expected{
		{name: "most of a pool", found: []string{"critical lock-contention"}, title: title, cites: workers(1, 1, 1, 2, 2, 2), conf: analyze.High,
			text: scene(3, every, func(i int, s *stage) { s.system(); blocked(s, holdsCache, wantsCache, 8, 10) })},
		{name: "a smaller share", found: []string{"warning lock-contention"}, title: "7 of 40 http-nio-8090 threads wait for Cache held by http-nio-8090-exec-1 in Cache.refresh", cites: workers(1, 1, 1, 2, 2, 2),
			text: scene(3, every, func(i int, s *stage) { s.system(); blocked(s, holdsCache, wantsCache, 8, 40) })},
		{name: "the whole pool: the exhausted pool comes second", found: []string{"critical lock-contention", "warning thread-pool-exhausted"}, cites: workers(1, 1, 1, 2, 2, 2),
			title: "9 of 10 http-nio-8090 threads wait for Cache held by http-nio-8090-exec-1 in Cache.refresh",
			text:  scene(3, every, func(i int, s *stage) { s.system(); blocked(s, holdsCache, wantsCache, 10, 10) })},
		{name: "few waiters that stay", found: []string{"warning lock-contention"}, cites: workers(1, 1, 1, 2, 2, 2), conf: analyze.High,
			title: "3 of 10 http-nio-8090 threads wait for Cache held by http-nio-8090-exec-1 in Cache.refresh",
			text:  scene(3, every, func(i int, s *stage) { s.system(); blocked(s, holdsCache, wantsCache, 4, 10) })},
		{name: "two waiters of ten", text: scene(3, every, func(i int, s *stage) { s.system(); blocked(s, holdsCache, wantsCache, 3, 10) })},
		{name: "one dump of three", text: scene(3, every, func(i int, s *stage) {
			s.system()
			if i == 1 {
				blocked(s, holdsCache, wantsCache, 8, 10)
			} else {
				s.idle("http-nio-8090", 1, 10)
			}
		})},
		{name: "threads that take turns to accept", text: scene(3, every, func(i int, s *stage) {
			s.system()
			for k := range 8 {
				s.thread(fmt.Sprintf("acceptor-%d", k), "BLOCKED", 0, "sun.nio.ch.ServerSocketChannelImpl.accept(ServerSocketChannelImpl.java:234)\n- waiting to lock <0x00000000f7000010> (a java.lang.Object)\norg.eclipse.jetty.server.ServerConnector.accept(ServerConnector.java:388)\njava.lang.Thread.run(Thread.java:748)")
			}
		})},
		{name: "a class that says nothing", found: []string{"critical lock-contention"}, cites: workers(1, 1, 1, 2, 2, 2),
			title: "7 of 10 http-nio-8090 threads wait for an Object at Stock.read held by http-nio-8090-exec-1 in Stock.write",
			text: scene(3, every, func(i int, s *stage) {
				s.system()
				blocked(s, sleeping+"com.acme.Stock.write(Stock.java:9)\n- locked <0x00000000f1000010> (a java.lang.Object)"+served,
					"com.acme.Stock.read(Stock.java:5)\n- waiting to lock <0x00000000f1000010> (a java.lang.Object)"+served, 8, 10)
			})},
	} {
		t.Run(e.name, e.check)
	}
}

// Those who wait for a lock whose holder waits for another one are counted where the chain ends.
func TestContentionChain(t *testing.T) {
	text := scene(3, every, func(i int, s *stage) {
		s.system()
		s.thread(workers(1)[0], "TIMED_WAITING", 0, holdsCache)
		s.thread(workers(2)[0], "BLOCKED", 0, "com.acme.Cache.get(Cache.java:41)\n- waiting to lock <0x00000000f1000010> (a com.acme.Cache)\ncom.acme.Index.write(Index.java:8)\n- locked <0x00000000f1000020> (a com.acme.Index)"+served)
		for k := 3; k <= 9; k++ {
			s.thread(workers(k)[0], "BLOCKED", 0, "com.acme.Index.read(Index.java:3)\n- waiting to lock <0x00000000f1000020> (a com.acme.Index)"+served)
		}
		s.idle("http-nio-8090", 10, 12)
	})
	e := expected{text: text, found: []string{"critical lock-contention"}, title: "8 of 12 http-nio-8090 threads wait for Cache held by http-nio-8090-exec-1 in Cache.refresh", cites: workers(1, 1, 1, 2, 2, 2)}
	e.check(t)
	f := run(t, caseOf(parseText(t, "x", text))).Findings[0]
	if want := "Part of them wait for Index, whose holders wait for this lock."; !contains(f.Explanation, want) {
		t.Errorf("explanation lacks %q: %s", want, f.Explanation)
	}
}

func TestLockUses(t *testing.T) {
	loaderWait := "java.lang.ClassLoader.loadClass(java.base@17.0.15/ClassLoader.java:576)\n- waiting to lock <0x00000000f1000030> (a com.acme.PluginLoader)\njava.lang.ClassLoader.loadClass(java.base@17.0.15/ClassLoader.java:525)\ncom.acme.Plugins.find(Plugins.java:4)" + served
	loaderHold := sleeping + "com.acme.PluginLoader.findClass(PluginLoader.java:9)\njava.lang.ClassLoader.loadClass(java.base@17.0.15/ClassLoader.java:592)\n- locked <0x00000000f1000030> (a com.acme.PluginLoader)\ncom.acme.Plugins.find(Plugins.java:4)" + served
	logWait := "org.apache.log4j.Category.callAppenders(Category.java:204)\n- waiting to lock <0x00000000f1000040> (a org.apache.log4j.spi.RootLogger)\norg.apache.log4j.Category.forcedLog(Category.java:391)\ncom.acme.Audit.write(Audit.java:5)" + served
	logHold := "java.io.FileOutputStream.writeBytes(java.base@17.0.15/Native Method)\norg.apache.log4j.WriterAppender.append(WriterAppender.java:162)\norg.apache.log4j.Category.callAppenders(Category.java:206)\n- locked <0x00000000f1000040> (a org.apache.log4j.spi.RootLogger)\ncom.acme.Audit.write(Audit.java:5)" + served
	for _, e := range []expected{
		{name: "class loader", found: []string{"critical class-loading-lock"}, cites: workers(1, 1, 1, 2, 2, 2),
			title: "7 of 10 http-nio-8090 threads wait for PluginLoader held by http-nio-8090-exec-1 in PluginLoader.findClass",
			text:  scene(3, every, func(i int, s *stage) { s.system(); blocked(s, loaderHold, loaderWait, 8, 10) })},
		{name: "class loader, few", text: scene(3, every, func(i int, s *stage) { s.system(); blocked(s, loaderHold, loaderWait, 3, 10) })},
		{name: "log", found: []string{"critical logging-lock"}, cites: workers(1, 1, 1, 2, 2, 2),
			title: "7 of 10 http-nio-8090 threads wait for RootLogger held by http-nio-8090-exec-1 in Category.callAppenders",
			text:  scene(3, every, func(i int, s *stage) { s.system(); blocked(s, logHold, logWait, 8, 10) })},
		{name: "log, few", text: scene(3, every, func(i int, s *stage) { s.system(); blocked(s, logHold, logWait, 3, 10) })},
		{name: "class initialiser", found: []string{"critical class-loading-lock"}, cites: workers(1, 1, 1, 2, 2, 2),
			title: "7 of 10 http-nio-8090 threads wait for Config held by http-nio-8090-exec-1 in Config.<clinit>",
			text: scene(3, every, func(i int, s *stage) {
				s.system()
				s.thread(workers(1)[0], "RUNNABLE", 0, socketRead+"com.acme.Config.<clinit>(Config.java:7)"+served)
				for k := 2; k <= 8; k++ {
					s.thread(workers(k)[0], "RUNNABLE", 0, "com.acme.Setup.read(Setup.java:3)\n- waiting on the Class initialization monitor for com.acme.Config"+served)
				}
				s.idle("http-nio-8090", 9, 10)
			})},
	} {
		t.Run(e.name, e.check)
	}
}

// jstack -F gives neither names nor locks of the threads: the deadlock is the one that the JVM reports.
func TestDeadlockReportedOnly(t *testing.T) {
	text := `Deadlock Detection:

Found one Java-level deadlock:
=============================

"t1":
  waiting to lock Monitor@0x00007f1b0c0062c8 (Object@0x00000000d7a1b0c8, a java/lang/Object),
  which is held by "t2"
"t2":
  waiting to lock Monitor@0x00007f1b0c003828 (Object@0x00000000d7a1b0d8, a java/lang/Object),
  which is held by "t1"

Found a total of 1 deadlock.

Thread 4720: (state = BLOCKED)
 - com.example.D.work(java.lang.Object) @bci=20, line=12 (Interpreted frame)
`
	res := run(t, caseOf(parseText(t, "F.txt", text)))
	f := find(res, "deadlock")
	if f == nil {
		t.Fatalf("found only %s", show(res.Findings))
	}
	complete(t, *f)
	if !contains(f.Title, "t1 waits for Object held by t2") || len(f.Evidence) != 2 || f.Evidence[0].Lines != "7" {
		t.Errorf("%s: %+v", f.Title, f.Evidence)
	}
}

// A dump without -l does not list who owns a ReentrantLock: who alone is past the place where the others wait is named as the likely holder.
func TestLikelyHolderOfALock(t *testing.T) {
	wants := fmt.Sprintf(parked, 0xf20, "java.util.concurrent.locks.ReentrantLock$NonfairSync") +
		"java.util.concurrent.locks.ReentrantLock.lock(java.base@17.0.15/ReentrantLock.java:322)\ncom.acme.Stock.reserve(Stock.java:8)" + served
	for name, c := range map[string]struct {
		inside int
		want   string
	}{
		"one is inside":  {1, "In 3 of 3 dumps one thread alone is in Stock.reserve besides them, most likely the holder: http-nio-8090-exec-1 sleeps in Stock.reserve."},
		"two are inside": {2, ""},
		"nobody":         {0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cs := caseOf(parseText(t, "dumps.txt", scene(3, every, func(i int, s *stage) {
				for k := 1; k <= c.inside; k++ {
					s.thread(workers(k)[0], "TIMED_WAITING", 0, sleeping+"com.acme.Stock.reserve(Stock.java:9)"+served)
				}
				for k := 3; k <= 10; k++ {
					s.thread(workers(k)[0], "WAITING", 0, wants)
				}
			})))
			res := run(t, cs)
			f := find(res, "lock-contention")
			if f == nil {
				t.Fatal(show(res.Findings))
			}
			if got := strings.Contains(f.Explanation, "most likely the holder"); got != (c.want != "") || !strings.Contains(f.Explanation, c.want) {
				t.Errorf("%s\nwant %q", f.Explanation, c.want)
			}
		})
	}
}
