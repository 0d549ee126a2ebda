package threads

// loopFrames are methods of threads that serve many in turn: what stands in one task keeps all others.
var loopFrames = []struct{ method, what string }{
	{"io.netty.channel.nio.NioEventLoop.run", "event loop"},
	{"io.netty.channel.epoll.EpollEventLoop.run", "event loop"},
	{"io.netty.channel.kqueue.KQueueEventLoop.run", "event loop"},
	{"io.netty.channel.SingleThreadIoEventLoop.run", "event loop"},
	{"io.netty.util.concurrent.SingleThreadEventExecutor$", "event loop"},
	{"io.netty.util.concurrent.DefaultEventExecutor.run", "event loop"},
	{"io.netty.util.HashedWheelTimer$Worker.run", "timer"},
	{"org.xnio.nio.WorkerThread.run", "event loop"},
	{"org.apache.mina.core.polling.AbstractPollingIoProcessor$Processor.run", "event loop"},
	{"org.glassfish.grizzly.nio.SelectorRunner.run", "event loop"},
	{"org.apache.tomcat.util.net.NioEndpoint$Poller.run", "event loop"},
	{"sun.nio.ch.EPollPort$EventHandlerTask.run", "event loop"},
	{"java.util.TimerThread.mainLoop", "timer"},
	{"java.util.concurrent.ScheduledThreadPoolExecutor$ScheduledFutureTask.run", "scheduler"},
	{"java.awt.EventDispatchThread.run", "event loop"},
	{"jdk.internal.net.http.HttpClientImpl$SelectorManager.run", "event loop"},
}

// Loop reports what kind of loop a stack is of that serves many by one thread: "event loop", "timer", "scheduler"; ""
// none.
func Loop(frames []*Frame) string {
	for i := len(frames) - 1; i >= 0; i-- {
		for _, l := range loopFrames {
			if hasPrefixOf(frames[i].Func, []string{l.method}) {
				return l.what
			}
		}
	}
	return ""
}
