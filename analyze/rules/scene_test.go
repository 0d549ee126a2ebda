package rules

import (
	"fmt"
	"strings"
	"time"
)

// A scene writes thread dumps as a JVM does: act gives the threads of dump i.
func scene(dumps int, gap time.Duration, act func(i int, s *stage)) string {
	var b strings.Builder
	for i := range dumps {
		s := &stage{at: time.Duration(i) * gap}
		act(i, s)
		fmt.Fprintf(&b, "%s\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):\n\n", time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC).Add(s.at).Format(time.DateTime))
		b.WriteString(s.text.String())
		b.WriteString("JNI global refs: 1, weak refs: 0\n\n")
	}
	return b.String()
}

type stage struct {
	at   time.Duration
	text strings.Builder
	n    int
}

// thread adds one; the stack is given innermost first, a line each, without "at". Its id is that of its position.
func (s *stage) thread(name, state string, cpu time.Duration, stack string) {
	s.n++
	s.numbered(s.n, name, state, cpu, stack)
}

func (s *stage) numbered(id int, name, state string, cpu time.Duration, stack string) {
	head := map[string]string{"BLOCKED": "waiting for monitor entry", "WAITING": "waiting on condition", "TIMED_WAITING": "sleeping", "RUNNABLE": "runnable"}[state]
	fmt.Fprintf(&s.text, "\"%s\" #%d daemon prio=5 os_prio=0 cpu=%.2fms elapsed=%.2fs tid=0x%016x nid=0x%x %s  [0x00007f0000000000]\n   java.lang.Thread.State: %s\n",
		name, id, float64(cpu)/1e6, (100*time.Second + s.at).Seconds(), 0x7f0000001000+id*0x100, 0x1000+id, head, state)
	for line := range strings.Lines(stack) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case strings.HasPrefix(line, "-"):
			fmt.Fprintf(&s.text, "\t%s\n", line)
		default:
			fmt.Fprintf(&s.text, "\tat %s\n", line)
		}
	}
	s.text.WriteString("\n")
}

// system adds the threads that every JVM has.
func (s *stage) system() {
	s.thread("Reference Handler", "RUNNABLE", 0, `java.lang.ref.Reference.waitForReferencePendingList(java.base@17.0.15/Native Method)
		java.lang.ref.Reference$ReferenceHandler.run(java.base@17.0.15/Reference.java:215)`)
	s.finalizer("java.lang.Object.wait(java.base@17.0.15/Native Method)\n- waiting on <0x00000000f8470500> (a java.lang.ref.ReferenceQueue$Lock)\njava.lang.ref.ReferenceQueue.remove(java.base@17.0.15/ReferenceQueue.java:155)")
	s.thread("C2 CompilerThread0", "RUNNABLE", s.at*95/100, "")
	s.thread("Attach Listener", "RUNNABLE", 0, "")
	s.thread("http-nio-8090-Acceptor", "RUNNABLE", 0, `sun.nio.ch.Net.accept(java.base@17.0.15/Native Method)
		sun.nio.ch.ServerSocketChannelImpl.accept(java.base@17.0.15/ServerSocketChannelImpl.java:425)
		org.apache.tomcat.util.net.NioEndpoint.serverSocketAccept(NioEndpoint.java:520)
		java.lang.Thread.run(java.base@17.0.15/Thread.java:840)`)
	fmt.Fprintf(&s.text, "\"GC Thread#0\" os_prio=0 cpu=%.2fms elapsed=%.2fs tid=0x00007f0000000100 nid=0x999 runnable  \n\n", s.at.Seconds()*990, (100*time.Second + s.at).Seconds())
}

func (s *stage) finalizer(stack string) {
	state := "WAITING"
	if strings.Contains(stack, "Thread.sleep") {
		state = "TIMED_WAITING"
	}
	s.thread("Finalizer", state, 0, stack+"\njava.lang.ref.Finalizer$FinalizerThread.run(java.base@17.0.15/Finalizer.java:172)")
}

// workers adds request threads from..to that are idle.
func (s *stage) idle(pool string, from, to int) {
	for k := from; k <= to; k++ {
		s.thread(fmt.Sprintf("%s-exec-%d", pool, k), "WAITING", 0, idleStack)
	}
}

const (
	parked    = "jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)\n- parking to wait for  <0x%016x> (a %s)\njava.util.concurrent.locks.LockSupport.park(java.base@17.0.15/LockSupport.java:341)\n"
	idleStack = `jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)
		- parking to wait for  <0x00000000ff416dc8> (a java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject)
		java.util.concurrent.locks.LockSupport.park(java.base@17.0.15/LockSupport.java:341)
		java.util.concurrent.LinkedBlockingQueue.take(java.base@17.0.15/LinkedBlockingQueue.java:435)
		org.apache.tomcat.util.threads.TaskQueue.take(TaskQueue.java:117)
		org.apache.tomcat.util.threads.ThreadPoolExecutor.getTask(ThreadPoolExecutor.java:1114)
		java.lang.Thread.run(java.base@17.0.15/Thread.java:840)`
	served = `
		com.acme.PageAction.execute(PageAction.java:31)
		javax.servlet.http.HttpServlet.service(HttpServlet.java:623)
		org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:166)
		org.apache.catalina.core.StandardWrapperValve.invoke(StandardWrapperValve.java:168)
		org.apache.tomcat.util.threads.TaskThread$WrappingRunnable.run(TaskThread.java:63)
		java.lang.Thread.run(java.base@17.0.15/Thread.java:840)`
	socketRead = `sun.nio.ch.Net.poll(java.base@17.0.15/Native Method)
		sun.nio.ch.NioSocketImpl.park(java.base@17.0.15/NioSocketImpl.java:181)
		sun.nio.ch.NioSocketImpl.timedRead(java.base@17.0.15/NioSocketImpl.java:285)
		sun.nio.ch.NioSocketImpl.implRead(java.base@17.0.15/NioSocketImpl.java:309)
		java.net.Socket$SocketInputStream.read(java.base@17.0.15/Socket.java:966)
		`
	sleeping = `java.lang.Thread.sleep(java.base@17.0.15/Native Method)
		java.util.concurrent.TimeUnit.sleep(java.base@17.0.15/TimeUnit.java:446)
		`
	wantsCache = "com.acme.Cache.get(Cache.java:41)\n- waiting to lock <0x00000000f1000010> (a com.acme.Cache)" + served
	holdsCache = sleeping + "com.acme.Cache.refresh(Cache.java:77)\n- locked <0x00000000f1000010> (a com.acme.Cache)\ncom.acme.Cache.get(Cache.java:44)" + served
	getsConn   = "jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)\n- parking to wait for  <0x00000000f2000010> (a java.util.concurrent.SynchronousQueue$TransferStack)\n" +
		"java.util.concurrent.locks.LockSupport.parkNanos(java.base@17.0.15/LockSupport.java:252)\ncom.zaxxer.hikari.util.ConcurrentBag.borrow(ConcurrentBag.java:151)\n" +
		"com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:162)\ncom.acme.OrderDao.find(OrderDao.java:20)" + served
	queries = socketRead + "org.postgresql.core.VisibleBufferedInputStream.readMore(VisibleBufferedInputStream.java:161)\norg.postgresql.core.v3.QueryExecutorImpl.execute(QueryExecutorImpl.java:355)\n" +
		"org.hibernate.loader.Loader.getResultSet(Loader.java:2341)\ncom.acme.OrderDao.find(OrderDao.java:22)" + served
)
