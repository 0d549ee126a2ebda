package faults

import (
	"fmt"
	"time"
)

// crew is a kind of threads: how they are called, what lies below their work, and where they stand without any.
type crew struct {
	name     string // with %d
	below    string // frames below the program's calls
	idle     string
	requests bool
}

// thread is thread k of the crew with the program's stack on top; what it used of CPU does not move.
func (c crew) thread(k int, state, stack string) thread {
	return thread{name: fmt.Sprintf(c.name, k), state: state, id: 100 + k, cpu: time.Duration(k) * 7 * time.Millisecond, stack: stack + c.below}
}

// free is thread k of the crew without work.
func (c crew) free(k int) thread {
	t := c.thread(k, "WAITING", "")
	t.stack = c.idle
	return t
}

func tomcat(n *names) crew {
	servlet := n.call()
	return crew{name: fmt.Sprintf("http-nio-%d-exec-%%d", 8000+n.IntN(900)), requests: true,
		below: servlet.as("doGet").line() + "jakarta.servlet.http.HttpServlet.service(HttpServlet.java:623)\n" +
			"org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:166)\n" +
			"org.apache.catalina.core.StandardWrapperValve.invoke(StandardWrapperValve.java:168)\n" +
			"org.apache.tomcat.util.threads.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1191)\n" +
			"org.apache.tomcat.util.threads.TaskThread$WrappingRunnable.run(TaskThread.java:63)\n" + threadRun,
		idle: park(0xb0, condition) + jdk("java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject.await", "java.util.concurrent.LinkedBlockingQueue.take") +
			"org.apache.tomcat.util.threads.TaskQueue.take(TaskQueue.java:117)\norg.apache.tomcat.util.threads.ThreadPoolExecutor.getTask(ThreadPoolExecutor.java:1114)\n" + threadRun}
}

func jetty(n *names) crew {
	handler := n.call()
	return crew{name: fmt.Sprintf("qtp%d-%%d", 100000+n.IntN(900000)), requests: true,
		below: handler.as("handle").line() + "org.eclipse.jetty.server.Server.handle(Server.java:182)\norg.eclipse.jetty.server.internal.HttpChannelState$HandlerInvoker.run(HttpChannelState.java:678)\n" +
			"org.eclipse.jetty.util.thread.QueuedThreadPool$Runner.run(QueuedThreadPool.java:1164)\n" + threadRun,
		idle: park(0xb0, condition) + jdk("java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject.awaitNanos") +
			"org.eclipse.jetty.util.BlockingArrayQueue.poll(BlockingArrayQueue.java:219)\norg.eclipse.jetty.util.thread.QueuedThreadPool$Runner.run(QueuedThreadPool.java:1156)\n" + threadRun}
}

func undertow(n *names) crew {
	handler := n.call()
	return crew{name: "XNIO-1 task-%d", requests: true,
		below: handler.as("handleRequest").line() + "io.undertow.server.Connectors.executeRootHandler(Connectors.java:393)\nio.undertow.server.HttpServerExchange$1.run(HttpServerExchange.java:859)\n" +
			"org.jboss.threads.EnhancedQueueExecutor$ThreadBody.run(EnhancedQueueExecutor.java:1449)\n" + threadRun,
		idle: park(0xb0, "org.jboss.threads.EnhancedQueueExecutor") + "org.jboss.threads.EnhancedQueueExecutor$ThreadBody.run(EnhancedQueueExecutor.java:1421)\n" + threadRun}
}

// unnamedServer serves requests by handlers of Spring's, in threads that no list knows.
func unnamedServer(n *names) crew {
	loop := n.call()
	return crew{name: n.word(3) + "/%d", requests: true,
		below: n.call().line() + "org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1089)\njakarta.servlet.http.HttpServlet.service(HttpServlet.java:623)\n" +
			n.in(loop).line() + loop.as("run").line() + threadRun,
		idle: park(0xb0, condition) + jdk("java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject.await") + lines(n.in(loop), n.in(loop), n.in(loop), loop.as("run")) + threadRun}
}

func executor(n *names) crew {
	return crew{name: n.word(2) + "-%d", below: worker, idle: idleWorker}
}

func numbered(n *names) crew {
	return crew{name: fmt.Sprintf("pool-%d-thread-%%d", 2+n.IntN(8)), below: worker, idle: idleWorker}
}

// ownThreads run a loop of their own, without an executor.
func ownThreads(n *names) crew {
	loop := n.call()
	return crew{name: n.word(3) + "#%d", below: lines(n.call(), n.in(loop), loop.as("run")) + threadRun,
		idle: park(0xb0, condition) + jdk("java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject.await", "java.util.concurrent.LinkedBlockingQueue.take") + loop.as("run").line() + threadRun}
}

func netty(n *names) crew {
	return crew{name: "nioEventLoopGroup-3-%d", requests: true,
		below: n.call().as("channelRead0").line() + "io.netty.channel.SimpleChannelInboundHandler.channelRead(SimpleChannelInboundHandler.java:99)\n" +
			"io.netty.channel.AbstractChannelHandlerContext.invokeChannelRead(AbstractChannelHandlerContext.java:444)\nio.netty.channel.nio.NioEventLoop.processSelectedKeys(NioEventLoop.java:652)\n" +
			"io.netty.channel.nio.NioEventLoop.run(NioEventLoop.java:562)\nio.netty.util.concurrent.FastThreadLocalRunnable.run(FastThreadLocalRunnable.java:30)\n" + threadRun,
		idle: jdk("sun.nio.ch.EPoll.wait", "sun.nio.ch.EPollSelectorImpl.doSelect", "sun.nio.ch.SelectorImpl.lockAndDoSelect", "sun.nio.ch.SelectorImpl.select") +
			"io.netty.channel.nio.NioEventLoop.select(NioEventLoop.java:879)\nio.netty.channel.nio.NioEventLoop.run(NioEventLoop.java:526)\n" + threadRun}
}

func reactor(n *names) crew {
	c := netty(n)
	c.name = "reactor-http-epoll-%d"
	c.below = n.call().line() + "reactor.core.publisher.MonoCallable.call(MonoCallable.java:72)\norg.springframework.web.reactive.DispatcherHandler.handle(DispatcherHandler.java:161)\n" + c.below
	return c
}

func grpc(n *names) crew {
	return crew{name: "grpc-default-executor-%d", requests: true,
		below: n.call().line() + "io.grpc.stub.ServerCalls$UnaryServerCallHandler$UnaryServerCallListener.onHalfClose(ServerCalls.java:182)\n" +
			"io.grpc.internal.ServerCallImpl$ServerStreamListenerImpl.halfClosed(ServerCallImpl.java:351)\n" + worker,
		idle: idleWorker}
}

func listeners(n *names) crew {
	return crew{name: n.word(2) + "Listener-%d", requests: true,
		below: n.call().as("onMessage").line() + n.call().line() + worker, idle: idleWorker}
}

// servers are crews that serve requests, workers those that do not.
var (
	servers = []func(*names) crew{tomcat, jetty, undertow, unnamedServer, netty, reactor, grpc, listeners}
	workers = []func(*names) crew{executor, numbered, ownThreads}
)

func pick[T any](n *names, list []T) T { return list[n.IntN(len(list))] }
