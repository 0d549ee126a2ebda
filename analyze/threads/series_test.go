package threads

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A script describes the threads of a dump in a few words; text turns it into HotSpot's.
type script struct {
	name  string
	num   int
	cpu   float64 // ms; negative: not printed
	state string  // of the header
	stack string  // lines without indentation, frames and locks
}

func scriptText(at int, withElapsed bool, threads ...script) string {
	var b strings.Builder
	fmt.Fprintf(&b, "2025-12-22 13:%02d:%02d\nFull thread dump OpenJDK 64-Bit Server VM (21.0.2+13-LTS mixed mode, sharing):\n\n", at/60, at%60)
	for _, t := range threads {
		fmt.Fprintf(&b, "%q #%d prio=5 os_prio=0 ", t.name, t.num)
		if t.cpu >= 0 {
			fmt.Fprintf(&b, "cpu=%.2fms ", t.cpu)
		}
		if withElapsed {
			fmt.Fprintf(&b, "elapsed=%d.50s ", 100+at)
		}
		fmt.Fprintf(&b, "tid=0x%x nid=%d %s [0x1]\n", 0x1000+t.num, 500+t.num, t.state)
		for _, l := range strings.Split(strings.TrimSpace(t.stack), "\n") {
			if strings.HasPrefix(l, "java.lang.Thread.State: ") {
				b.WriteString("   " + l + "\n")
			} else if l != "" && l[0] == '-' {
				b.WriteString("\t" + l + "\n")
			} else if l != "" {
				b.WriteString("\tat " + l + "\n")
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("JNI global refs: 1, weak refs: 0\n\n")
	return b.String()
}

const (
	idleStack   = "jdk.internal.misc.Unsafe.park(java.base@21/Native Method)\n- parking to wait for  <0x00000000000000b0> (a java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject)\njava.util.concurrent.LinkedBlockingQueue.take(java.base@21/LinkedBlockingQueue.java:435)\norg.apache.tomcat.util.threads.TaskQueue.take(TaskQueue.java:117)\norg.apache.tomcat.util.threads.ThreadPoolExecutor.getTask(ThreadPoolExecutor.java:1114)\njava.lang.Thread.run(java.base@21/Thread.java:1583)"
	spin        = "com.acme.Loop.spin(Loop.java:7)\ncom.acme.Loop.run(Loop.java:3)\njava.lang.Thread.run(java.base@21/Thread.java:1583)"
	socketRead  = "sun.nio.ch.Net.poll(java.base@21/Native Method)\nsun.nio.ch.NioSocketImpl.park(java.base@21/NioSocketImpl.java:191)\nsun.nio.ch.NioSocketImpl.implRead(java.base@21/NioSocketImpl.java:309)\njava.net.Socket$SocketInputStream.read(java.base@21/Socket.java:1099)\ncom.acme.Client.call(Client.java:9)\ncom.acme.Page.get(Page.java:4)\ncom.acme.Web.serve(Web.java:1)"
	wantsLock   = "com.acme.Cache.get(Cache.java:9)\n- waiting to lock <0x%016x> (a com.acme.Cache)\ncom.acme.Page.get(Page.java:5)"
	holdsLock   = "java.lang.Thread.sleep0(java.base@21/Native Method)\ncom.acme.Cache.load(Cache.java:20)\n- locked <0x%016x> (a com.acme.Cache)\ncom.acme.Cache.get(Cache.java:12)\ncom.acme.Page.get(Page.java:5)"
	gettingConn = "jdk.internal.misc.Unsafe.park(java.base@21/Native Method)\n- parking to wait for  <0x00000000000000c0> (a java.util.concurrent.SynchronousQueue$TransferStack)\njava.util.concurrent.locks.LockSupport.parkNanos(java.base@21/LockSupport.java:252)\njava.util.concurrent.SynchronousQueue.poll(java.base@21/SynchronousQueue.java:905)\ncom.zaxxer.hikari.util.ConcurrentBag.borrow(ConcurrentBag.java:151)\ncom.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:162)\ncom.acme.Dao.find(Dao.java:3)\ncom.acme.Page.get(Page.java:6)"
)

// fourDumps: exec-1 spins, exec-2 keeps a lock that exec-3 and exec-4 want and moves in memory, exec-5 idles and then reads a socket; the
// family leak-N grows; late is born in the third dump.
func fourDumps(t testing.TB, elapsed, cpu bool) []*Dump {
	t.Helper()
	var text strings.Builder
	for i := range 4 {
		addr := 0xaa + i/2*0x1000
		ms := func(v float64) float64 {
			if !cpu {
				return -1
			}
			return v
		}
		threads := []script{
			{"http-nio-8090-exec-1", 31, ms(1000 + float64(i)*9900), "runnable", spin},
			{"http-nio-8090-exec-2", 32, ms(50), "waiting on condition", fmt.Sprintf(holdsLock, addr)},
			{"http-nio-8090-exec-3", 33, ms(60), "waiting for monitor entry", fmt.Sprintf(wantsLock, addr)},
			{"http-nio-8090-exec-4", 34, ms(70), "waiting for monitor entry", fmt.Sprintf(wantsLock, addr)},
		}
		if i < 3 {
			threads = append(threads, script{"http-nio-8090-exec-5", 35, ms(80 + float64(i)), "waiting on condition", idleStack})
		} else {
			threads = append(threads, script{"http-nio-8090-exec-5", 35, ms(84), "runnable", socketRead})
		}
		for k := range i * 2 {
			threads = append(threads, script{fmt.Sprintf("leak-%d", k), 40 + k, ms(1), "waiting on condition", idleStack})
		}
		if i >= 2 {
			threads = append(threads, script{"late", 60, ms(5), "runnable", spin})
		}
		text.WriteString(scriptText(i*10, elapsed, threads...))
	}
	dumps, sum := parseText(t, text.String())
	if len(dumps) != 4 || sum.UnparsedLines != 0 {
		t.Fatalf("%+v", sum)
	}
	return dumps
}

func TestHotFromDump(t *testing.T) {
	hot := NewSeries(fourDumps(t, true, true), nil).Hot()
	h := hot[0]
	if h.Name != "http-nio-8090-exec-1" || h.CPU != 29700*time.Millisecond || h.Span != 30*time.Second || math.Abs(h.Cores-0.99) > 1e-9 || h.Source != FromDump {
		t.Errorf("got %s %v over %v, %.3f cores from %v", h.Name, h.CPU, h.Span, h.Cores, h.Source)
	}
	if top := h.Stacks[0].Stack.Top(); top != "com.acme.Loop.spin" || h.Stacks[0].Count != 4 {
		t.Errorf("top frame %s x%d", top, h.Stacks[0].Count)
	}
	if len(hot) != 2 || hot[1].Name != "http-nio-8090-exec-5" {
		t.Errorf("%d threads used CPU", len(hot))
	}
}

func TestHotFromProc(t *testing.T) {
	start := time.Date(2025, 12, 22, 13, 0, 0, 0, time.UTC)
	var cpu []CPUSample
	for i := range 4 {
		cpu = append(cpu, CPUSample{Time: start.Add(time.Duration(i)*10*time.Second + 300*time.Millisecond), Threads: map[int64]ThreadCPU{531: {CPU: time.Duration(i) * 5 * time.Second}, 532: {CPU: time.Second}}})
	}
	hot := NewSeries(fourDumps(t, false, false), cpu).Hot()
	if len(hot) != 1 || hot[0].CPU != 15*time.Second || hot[0].Span != 30*time.Second || hot[0].Cores != 0.5 || hot[0].Source != FromProc {
		t.Errorf("got %+v", hot)
	}
	if hot := NewSeries(fourDumps(t, false, false), nil).Hot(); hot != nil {
		t.Errorf("CPU out of nothing: %+v", hot)
	}
}

func TestStuck(t *testing.T) {
	s := NewSeries(fourDumps(t, true, true), nil)
	var got []string
	for _, x := range s.Stuck(3) {
		got = append(got, fmt.Sprintf("%s %d-%d %v %v", x.Name, x.From, x.To, x.Span, x.Wait.Kind))
	}
	want := []string{
		"http-nio-8090-exec-1 0-3 30s running", "http-nio-8090-exec-2 0-3 30s sleep",
		"http-nio-8090-exec-3 0-3 30s lock", "http-nio-8090-exec-4 0-3 30s lock",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	p := s.Progress(s.Threads()[4])
	if p.Stacks != 2 || p.Common != 0 || p.Busy != 1 || p.CPU != 4*time.Millisecond {
		t.Errorf("progress %+v", p)
	}
}

// Dumps that lie in files of their own are one series all the same.
func TestStuckOverSources(t *testing.T) {
	var dumps []*Dump
	for i := range 3 {
		d, _, err := ParseAll(fmt.Sprint("file", i), strings.NewReader(scriptText(i*10, true, script{"t", 9, 1, "runnable", spin})))
		if err != nil {
			t.Fatal(err)
		}
		dumps = append(dumps, d...)
	}
	if got := NewSeries(dumps, nil).Stuck(3); len(got) != 1 || got[0].To != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestSeriesSortsByTime(t *testing.T) {
	dumps := fourDumps(t, true, true)
	slices.Reverse(dumps)
	s := NewSeries(dumps, nil)
	if !s.Dumps[0].Time.Before(s.Dumps[3].Time) || s.Duration() != 30*time.Second {
		t.Errorf("first %v, last %v, %v", s.Dumps[0].Time, s.Dumps[3].Time, s.Duration())
	}
}

// A restarted process gives the same numbers to other threads.
func TestRestartIsNoProgress(t *testing.T) {
	a := scriptText(100, true, script{"t", 9, 5000, "runnable", spin})
	b := strings.ReplaceAll(scriptText(110, true, script{"t", 9, 10, "runnable", spin}), "elapsed=210", "elapsed=3")
	dumps, _ := parseText(t, a+b)
	s := NewSeries(dumps, nil)
	if n := len(s.Threads()); n != 2 || !s.Threads()[0].Died() || !s.Threads()[1].Born() {
		t.Errorf("%d threads", n)
	}
}

func TestRenamedThreadIsTheSame(t *testing.T) {
	dumps, _ := parseText(t, scriptText(0, true, script{"exec-1", 9, 5, "runnable", spin})+scriptText(10, true, script{"exec-1 url: /x", 9, 7, "runnable", spin}))
	s := NewSeries(dumps, nil)
	if n := len(s.Threads()); n != 1 || s.Threads()[0].Name != "exec-1 url: /x" || s.Threads()[0].Seen() != 2 {
		t.Errorf("%d threads", n)
	}
}

func TestPools(t *testing.T) {
	pools := NewSeries(fourDumps(t, true, true), nil).Pools(nil)
	p := pools[0]
	if p.Name != "http-nio-8090" || p.Kind != "Tomcat" || !p.Requests || p.MaxSize() != 5 || p.Exhausted() != 1 {
		t.Errorf("got %+v", p)
	}
	if want := []PoolCount{{5, 1, 4, 1, 3}, {5, 1, 4, 1, 3}, {5, 1, 4, 1, 3}, {5, 0, 5, 1, 4}}; !slices.Equal(p.Counts, want) {
		t.Errorf("counts %+v", p.Counts)
	}
	if d := p.Doing[0]; d.Kind != WaitLock || d.Site != "com.acme.Cache.get" || d.Count != 8 {
		t.Errorf("doing %+v", p.Doing)
	}
}

func TestPoolNames(t *testing.T) {
	namer := newPoolNamer(nil)
	for thread, want := range map[string]string{
		"http-nio-8090-exec-12":                              "Tomcat http-nio-8090",
		"http-nio-8090-exec-12 url: /rest/x; user: joe":      "Tomcat http-nio-8090",
		"https-jsse-nio2-443-exec-1":                         "Tomcat https-jsse-nio2-443",
		"http-nio-0.0.0.0-8080-exec-1":                       "Tomcat http-nio-0.0.0.0-8080",
		"ajp-nio-127.0.0.1-8009-exec-3":                      "Tomcat ajp-nio-127.0.0.1-8009",
		"http-bio-8080-exec-7":                               "Tomcat http-bio-8080",
		"http-8080-Processor25":                              "Tomcat http-8080",
		"TP-Processor3":                                      "Tomcat TP",
		"Caesium-1-4":                                        "Caesium Caesium-1",
		"scheduler_Worker-10":                                "Quartz scheduler_Worker",
		"hz.confluence.cached.thread-3":                      "Hazelcast hz.confluence.cached",
		"hz.confluence.priority-generic-operation.thread-0":  "Hazelcast hz.confluence.priority-generic-operation",
		"hz.confluence.IO.thread-in-0":                       "Hazelcast hz.confluence.IO",
		"HikariPool-1 housekeeper":                           "HikariCP HikariPool-1",
		"C3P0PooledConnectionPoolManager[x]-HelperThread-#2": "c3p0 C3P0PooledConnectionPoolManager[x]",
		"ForkJoinPool.commonPool-worker-3":                   "ForkJoin ForkJoinPool.commonPool",
		"ForkJoinPool-1-worker-9":                            "ForkJoin ForkJoinPool-1",
		"nioEventLoopGroup-3-2":                              "Netty nioEventLoopGroup-3",
		"reactor-http-epoll-4":                               "Netty reactor-http-epoll",
		"qtp1234567-89":                                      "Jetty qtp1234567",
		"XNIO-1 task-4":                                      "Undertow XNIO-1 task",
		"data-plane-kafka-request-handler-5":                 "Kafka data-plane-kafka-request-handler",
		"task-3":                                             "Spring task",
		"pool-12-thread-4":                                   "executor pool-12",
		"[ACTIVE] ExecuteThread: '3' for queue: 'weblogic.kernel.Default (self-tuning)'": "WebLogic weblogic.kernel.Default (self-tuning)",
		"main":              " ",
		"Signal Dispatcher": " ",
	} {
		if k := namer.of(thread); k.kind+" "+k.name != want {
			t.Errorf("%s is of %q, want %q", thread, k.kind+" "+k.name, want)
		}
	}
}

func TestContention(t *testing.T) {
	all := NewSeries(fourDumps(t, true, true), nil).Contention()
	if len(all) != 1 {
		t.Fatalf("%d locks", len(all))
	}
	c := all[0]
	if c.Class != "com.acme.Cache" || !slices.Equal(c.Waiters, []int{2, 2, 2, 2}) || c.Total != 8 || c.Max != 2 || len(c.Addrs) != 2 {
		t.Errorf("got %+v", c)
	}
	if c.Holder == nil || c.Holder.Name != "http-nio-8090-exec-2" || c.HolderDumps != 4 || c.HolderSpan != 30*time.Second || c.Holders != 1 || c.HolderFrame.Func != "com.acme.Cache.load" || c.HolderWait.Kind != WaitSleep {
		t.Errorf("holder %+v, %d dumps, %v, %+v", c.Holder, c.HolderDumps, c.HolderSpan, c.HolderWait)
	}
	if c.Pool != "http-nio-8090" || c.PoolShare != 0.4 || c.Site.Func != "com.acme.Cache.get" {
		t.Errorf("pool %s %.2f at %v", c.Pool, c.PoolShare, c.Site)
	}
}

func TestFamilies(t *testing.T) {
	f := NewSeries(fourDumps(t, true, true), nil).Families()[0]
	if f.Name != "leak-N" || !slices.Equal(f.Counts, []int{0, 2, 4, 6}) || f.Growth != 6 || !f.Steady || f.Births != 6 || f.Deaths != 0 {
		t.Errorf("got %+v", f)
	}
	for name, want := range map[string]string{"a-1-b-22": "a-N-b-N", "x@7ede8b00": "x@N", "decade": "decade", "conn-deadbeef1": "conn-N", "": ""} {
		if got := NormalizeName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

func TestGroups(t *testing.T) {
	s := NewSeries(fourDumps(t, true, true), nil)
	g := s.Groups(false)[0]
	if g.Count != 15 || g.Wait.Kind != WaitIdle || !slices.Equal(g.Names, []string{"leak-N", "http-nio-N-exec-N"}) || !slices.Equal(g.Dumps, []int{1, 3, 5, 6}) {
		t.Errorf("got %+v", g)
	}
	if f := s.Functions()[0]; f.Func != "com.acme.Cache.get" || f.Top != 8 || f.Total != 12 {
		t.Errorf("got %+v", f)
	}
}

func TestProfile(t *testing.T) {
	p := NewSeries(fourDumps(t, true, true), nil).Profile()
	if err := p.CheckValid(); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := p.Write(&buf); err != nil {
		t.Fatal(err)
	}
	var count, wall int64
	for _, s := range p.Sample {
		count += s.Value[0]
		wall += s.Value[1]
		if s.Label["state"] == nil || s.Label["thread"] == nil {
			t.Errorf("labels %v", s.Label)
		}
	}
	if count != 34 || wall != 34*int64(10*time.Second) || p.DurationNanos != int64(40*time.Second) {
		t.Errorf("%d samples, %v, duration %v", count, time.Duration(wall), time.Duration(p.DurationNanos))
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		state, stack string
		kind         WaitKind
		idle         bool
		site         string
	}{
		{"waiting on condition", idleStack, WaitIdle, true, "org.apache.tomcat.util.threads.TaskQueue.take"},
		{"waiting on condition", strings.Replace(idleStack, "org.apache.tomcat.util.threads.ThreadPoolExecutor.getTask", "java.util.concurrent.ThreadPoolExecutor.getTask", 1), WaitIdle, true, "org.apache.tomcat.util.threads.TaskQueue.take"},
		{"runnable", spin, WaitRunning, false, "com.acme.Loop.spin"},
		{"runnable", socketRead, WaitSocketRead, false, "com.acme.Client.call"},
		{"waiting on condition", gettingConn, WaitDBPool, false, "com.zaxxer.hikari.util.ConcurrentBag.borrow"},
		{"runnable", "java.net.SocketInputStream.socketRead0(Native Method)\norg.apache.coyote.ajp.AjpProcessor.readMessage(AjpProcessor.java:1)\norg.apache.tomcat.util.net.JIoEndpoint$SocketProcessor.run(JIoEndpoint.java:1)\njava.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1)\njava.lang.Thread.run(Thread.java:1)", WaitSocketRead, true, "org.apache.coyote.ajp.AjpProcessor.readMessage"},
		{"runnable", "java.net.SocketInputStream.socketRead0(Native Method)\norg.apache.coyote.ajp.AjpProcessor.readMessage(AjpProcessor.java:1)\norg.apache.catalina.connector.InputBuffer.read(InputBuffer.java:1)\ncom.acme.Upload.doPost(Upload.java:1)\norg.apache.catalina.core.StandardWrapperValve.invoke(StandardWrapperValve.java:1)\njava.lang.Thread.run(Thread.java:1)", WaitSocketRead, false, "org.apache.coyote.ajp.AjpProcessor.readMessage"},
		{"runnable", "java.net.SocketInputStream.socketRead0(Native Method)\ncom.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:1)\ncom.acme.Dao.find(Dao.java:3)\ncom.acme.Page.get(Page.java:1)", WaitSocketRead, false, "com.zaxxer.hikari.pool.HikariPool.getConnection"},
		{"runnable", "sun.nio.ch.EPoll.wait(Native Method)\nsun.nio.ch.SelectorImpl.select(SelectorImpl.java:1)\nio.netty.channel.nio.NioEventLoop.run(NioEventLoop.java:2)", WaitIdle, true, "io.netty.channel.nio.NioEventLoop.run"},
		{"waiting on condition", "java.lang.Thread.sleep(Native Method)\ncom.acme.Poll.once(Poll.java:1)\ncom.acme.Page.get(Page.java:1)\ncom.acme.Web.handle(Web.java:1)", WaitSleep, false, "com.acme.Poll.once"},
		{"waiting on condition", "java.lang.Thread.sleep(Native Method)\ncom.acme.Poll.run(Poll.java:1)\njava.lang.Thread.run(Thread.java:1)", WaitSleep, true, "com.acme.Poll.run"},
		{"waiting on condition", "jdk.internal.misc.Unsafe.park(Native Method)\n- parking to wait for  <0x00000000000000b0> (a java.util.concurrent.FutureTask)\njava.util.concurrent.FutureTask.awaitDone(FutureTask.java:1)\njava.util.concurrent.FutureTask.get(FutureTask.java:1)\ncom.acme.Page.get(Page.java:1)", WaitResult, false, "com.acme.Page.get"},
		{"waiting on condition", "jdk.internal.misc.Unsafe.park(Native Method)\n- parking to wait for  <0x00000000000000b0> (a com.acme.Segment)\njava.util.concurrent.locks.LockSupport.park(LockSupport.java:1)\njava.util.concurrent.locks.ReentrantLock.lock(ReentrantLock.java:1)\ncom.acme.Page.get(Page.java:1)", WaitLock, false, "com.acme.Page.get"},
		// a request that accepts a connection by itself waits for it, and not for work
		{"runnable", "sun.nio.ch.Net.accept(Native Method)\nsun.nio.ch.NioSocketImpl.accept(NioSocketImpl.java:760)\ncom.acme.Export.run(Export.java:9)\njakarta.servlet.http.HttpServlet.service(HttpServlet.java:623)", WaitSocketRead, false, "com.acme.Export.run"},
		{"runnable", "sun.nio.ch.Net.accept(Native Method)\nsun.nio.ch.NioSocketImpl.accept(NioSocketImpl.java:760)\ncom.acme.Export.run(Export.java:9)\njava.lang.Thread.run(Thread.java:1)", WaitIdle, true, "com.acme.Export.run"},
		// what a thread waits for is named as such, not as the way in which it is parked
		{"waiting on condition", "jdk.internal.misc.Unsafe.park(Native Method)\njava.util.concurrent.locks.LockSupport.park(LockSupport.java:1)\njava.util.concurrent.Semaphore.acquire(Semaphore.java:1)\ncom.acme.Gate.pass(Gate.java:9)\ncom.acme.Page.show(Page.java:3)\ncom.acme.Page.run(Page.java:1)", WaitPermit, false, "com.acme.Gate.pass"},
		{"waiting on condition", "jdk.internal.misc.Unsafe.park(Native Method)\njava.util.concurrent.locks.LockSupport.park(LockSupport.java:1)\njava.util.concurrent.LinkedTransferQueue.awaitMatch(L.java:1)\njava.util.concurrent.LinkedTransferQueue.transfer(L.java:1)\ncom.acme.Gate.pass(Gate.java:9)\ncom.acme.Page.run(Page.java:1)", WaitRoom, false, "com.acme.Gate.pass"},
		{"waiting on condition", "jdk.internal.misc.Unsafe.park(Native Method)\njava.util.concurrent.locks.LockSupport.park(LockSupport.java:1)\ncom.acme.OwnQueue.next(OwnQueue.java:1)\ncom.acme.pool.Fetcher.more(Fetcher.java:1)\njava.util.concurrent.ThreadPoolExecutor.getTask(T.java:1)\njava.lang.Thread.run(Thread.java:1)", WaitIdle, true, "com.acme.OwnQueue.next"},
		{"waiting on condition", "jdk.internal.misc.Unsafe.park(Native Method)\njava.util.concurrent.locks.LockSupport.park(LockSupport.java:1)\ncom.acme.Printers.borrow(Printers.java:1)\ncom.acme.Page.print(Page.java:1)\ncom.acme.Page.run(Page.java:1)\njava.lang.Thread.run(Thread.java:1)", WaitPool, false, "com.acme.Printers.borrow"},
		// a join of JDK 17 that finds no task to help with spins; one that helps with a task does what the task does
		{"runnable", "java.util.concurrent.ForkJoinPool$WorkQueue.helpComplete(F.java:1228)\njava.util.concurrent.ForkJoinPool.helpComplete(F.java:1915)\njava.util.concurrent.ForkJoinTask.awaitDone(F.java:433)\njava.util.stream.IntPipeline.forEach(I.java:463)\ncom.acme.Page.sum(Page.java:9)", WaitResult, false, "com.acme.Page.sum"},
		{"runnable", "com.acme.Page.add(Page.java:5)\njava.util.concurrent.ForkJoinTask.doExec(F.java:373)\njava.util.concurrent.ForkJoinPool.helpComplete(F.java:1915)\njava.util.concurrent.ForkJoinTask.awaitDone(F.java:433)\ncom.acme.Page.sum(Page.java:9)", WaitRunning, false, "com.acme.Page.add"},
		{"waiting on condition", "java.lang.Thread.sleep(Native Method)\ncom.acme.Page.add(Page.java:5)\njava.util.concurrent.ForkJoinTask.doExec(F.java:373)\njava.util.concurrent.ForkJoinTask.awaitDone(F.java:433)\ncom.acme.Page.sum(Page.java:9)", WaitSleep, false, "com.acme.Page.add"},
		// a worker that wakes up has to enter its queue's monitor anew
		{"in Object.wait()", "java.lang.Thread.State: BLOCKED (on object monitor)\njava.lang.Object.wait(Native Method)\n- waiting on <no object reference available>\ncom.mchange.v2.async.ThreadPoolAsynchronousRunner$PoolThread.run(T.java:683)\n- locked <0x00000000fe440578> (a com.mchange.v2.async.ThreadPoolAsynchronousRunner)", WaitIdle, true, "com.mchange.v2.async.ThreadPoolAsynchronousRunner$PoolThread.run"},
		// a client whose own threads complete the future waits for the network
		{"waiting on condition", "jdk.internal.misc.Unsafe.park(Native Method)\njava.util.concurrent.locks.LockSupport.park(LockSupport.java:1)\njava.util.concurrent.CompletableFuture.get(C.java:1)\njdk.internal.net.http.HttpClientImpl.send(H.java:1)\ncom.acme.Rates.fetch(Rates.java:9)\ncom.acme.Page.run(Page.java:1)", WaitSocketRead, false, "com.acme.Rates.fetch"},
		// a job of a scheduler waits for a queue: the worker's own run method below does not make it idle
		{"waiting on condition", "jdk.internal.misc.Unsafe.park(Native Method)\njava.util.concurrent.LinkedBlockingQueue.take(LinkedBlockingQueue.java:1)\ncom.acme.Job.pull(Job.java:3)\ncom.acme.Job.step(Job.java:2)\ncom.acme.Job.execute(Job.java:1)\norg.quartz.simpl.SimpleThreadPool$WorkerThread.run(SimpleThreadPool.java:1)", WaitQueue, false, "com.acme.Job.pull"},
		{"in Object.wait()", "java.lang.Object.wait(Native Method)\norg.quartz.simpl.SimpleThreadPool$WorkerThread.run(SimpleThreadPool.java:568)", WaitIdle, true, "org.quartz.simpl.SimpleThreadPool$WorkerThread.run"},
		{"in Object.wait()", "java.lang.Object.wait(Native Method)\ncom.mchange.v2.resourcepool.BasicResourcePool.awaitAvailable(BasicResourcePool.java:1)\ncom.acme.Dao.find(Dao.java:3)", WaitDBPool, false, "com.mchange.v2.resourcepool.BasicResourcePool.awaitAvailable"},
		{"runnable", "java.io.FileDescriptor.sync(Native Method)\ncom.acme.Wal.flush(Wal.java:1)", WaitDisk, false, "com.acme.Wal.flush"},
		{"runnable", "java.net.PlainSocketImpl.socketConnect(Native Method)\njava.net.Socket.connect(Socket.java:1)\ncom.acme.Client.open(Client.java:1)", WaitConnect, false, "com.acme.Client.open"},
	} {
		dumps, _ := parseText(t, scriptText(0, true, script{"x", 9, 1, c.state, c.stack}))
		w := Classify(dumps[0].Threads[0])
		got := ""
		if w.Site != nil {
			got = w.Site.Func
		}
		if w.Kind != c.kind || w.Idle != c.idle || got != c.site {
			t.Errorf("%s\n\tgives %v (%s) idle %v at %s", c.stack, w.Kind, w.Text, w.Idle, got)
		}
	}
}

func TestCaller(t *testing.T) {
	dumps, _ := parseText(t, scriptText(0, true, script{"x", 9, 1, "waiting on condition", gettingConn}))
	if w := Classify(dumps[0].Threads[0]); w.Caller == nil || w.Caller.Func != "com.acme.Dao.find" {
		t.Errorf("got %+v", w.Caller)
	}
}

func TestSeriesOfNothing(t *testing.T) {
	s := NewSeries(nil, nil)
	if s.Hot() != nil || s.Stuck(1) != nil || s.Pools(nil) != nil || s.Contention() != nil || s.Families() != nil || s.Duration() != 0 {
		t.Error("an empty series has content")
	}
	if err := s.Profile().CheckValid(); err != nil {
		t.Error(err)
	}
}

// Patterns of the user come first, and hold for whoever asks the series.
func TestOwnPools(t *testing.T) {
	text := "2024-01-01 10:00:00\nFull thread dump OpenJDK 64-Bit Server VM (17.0.1+12):\n\n\"front-1\" #31 prio=5 os_prio=0 tid=0x00007f0000001000 nid=0x1001 runnable [0x0]\n   java.lang.Thread.State: RUNNABLE\n\tat com.acme.Shop.buy(Shop.java:1)\n\nJNI global references: 1\n\n"
	dumps, _, err := ParseAll("x", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	s := NewSeries(dumps, nil)
	before := len(s.Pools(nil))
	s.SetPools([]PoolPattern{{Kind: "own", Name: regexp.MustCompile(`^(front)-\d+`), Requests: true}})
	p := s.Pools(nil)
	if len(p) != before+1 || p[0].Name != "front" || !p[0].Requests {
		t.Errorf("%d pools before, then %+v", before, p)
	}
	if name, _ := s.PoolOf(dumps[0].Threads[0]); name != "front" {
		t.Errorf("the thread is of pool %q", name)
	}
}
