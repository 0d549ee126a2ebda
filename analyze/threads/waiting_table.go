package threads

// WaitKind is what keeps a thread from going on.
type WaitKind uint8

const (
	WaitUnknown     WaitKind = iota
	WaitRunning              // it runs, or could
	WaitIdle                 // nothing to do: parked in its pool, waiting for events
	WaitLock                 // a monitor, a java.util.concurrent lock, a class initialisation
	WaitDBPool               // a connection from a database pool
	WaitHTTPPool             // a connection from an HTTP client's pool
	WaitSocketRead           // an answer from the network
	WaitSocketWrite          // the network to take data
	WaitConnect              // a connection to be made, or a name to be resolved
	WaitDisk                 // file input or output
	WaitResult               // another thread's result
	WaitQueue                // room in, or an element of, a queue; a permit
	WaitSleep                // time
	WaitProcess              // a child process
	WaitCondition            // a condition nothing more is known about
	WaitPool                 // an object of a bounded pool that is neither of the above
	WaitPermit               // a permit of a semaphore
	WaitRoom                 // room in a queue, or somebody who takes
	WaitMember               // an answer of another member of the cluster
	WaitOthers               // other threads: a latch, a barrier, a phaser, an exchanger
	WaitFileLock             // a lock of a file
)

var waitNames = [...]string{"unknown", "running", "idle", "lock", "database connection", "http connection", "socket read", "socket write", "connect", "disk", "another thread's result", "queue", "sleep", "child process", "condition",
	"pooled object", "permit", "room in a queue", "cluster member", "other threads", "file lock"}

func (k WaitKind) String() string {
	if int(k) < len(waitNames) {
		return waitNames[k]
	}
	return "unknown"
}

// NeverForWork reports whether no thread waits in such a place for want of work: one that stands there has something to do.
func (k WaitKind) NeverForWork() bool {
	switch k {
	case WaitLock, WaitDBPool, WaitHTTPPool, WaitSocketWrite, WaitConnect, WaitResult, WaitPool, WaitPermit, WaitRoom, WaitMember,
		WaitOthers, WaitFileLock:
		return true
	}
	return false
}

// A signature tells from one method on the stack what the thread waits for. Method ends in a dot or dollar sign to stand for all that
// begin with it.
type signature struct {
	method string
	kind   WaitKind
	words  string
}

// natives are the innermost methods of a thread that the JVM calls RUNNABLE, but which waits in the kernel.
var natives = []signature{
	{"java.net.SocketInputStream.socketRead0", WaitSocketRead, "reads from a socket"},
	{"java.net.SocketInputStream.read", WaitSocketRead, "reads from a socket"},
	{"sun.nio.ch.SocketDispatcher.read0", WaitSocketRead, "reads from a socket"},
	{"sun.nio.ch.SocketDispatcher.readv0", WaitSocketRead, "reads from a socket"},
	{"sun.nio.ch.FileDispatcherImpl.read0", WaitDisk, "reads a file"}, // on Unix before 11 also sockets: see refine
	{"java.net.PlainDatagramSocketImpl.receive0", WaitSocketRead, "waits for a datagram"},
	{"sun.nio.ch.DatagramChannelImpl.receive0", WaitSocketRead, "waits for a datagram"},
	{"org.apache.tomcat.jni.Socket.recv", WaitSocketRead, "reads from a socket"},
	{"org.apache.tomcat.jni.SSL.readFromSSL", WaitSocketRead, "reads from a TLS socket"},
	{"jrockit.net.SocketNativeIO.readBytesPinned", WaitSocketRead, "reads from a socket"},
	{"jrockit.net.SocketNativeIO.socketRead", WaitSocketRead, "reads from a socket"},
	{"jrockit.net.SocketNativeIO.receive", WaitSocketRead, "waits for a datagram"},
	{"sun.nio.ch.FileDispatcher.read0", WaitDisk, "reads a file"},
	{"java.net.SocketOutputStream.socketWrite0", WaitSocketWrite, "writes to a socket"},
	{"sun.nio.ch.SocketDispatcher.write0", WaitSocketWrite, "writes to a socket"},
	{"sun.nio.ch.SocketDispatcher.writev0", WaitSocketWrite, "writes to a socket"},
	{"sun.nio.ch.FileDispatcherImpl.write0", WaitDisk, "writes a file"},
	{"sun.nio.ch.FileDispatcherImpl.writev0", WaitDisk, "writes a file"},
	{"org.apache.tomcat.jni.Socket.send", WaitSocketWrite, "writes to a socket"},
	{"java.net.PlainSocketImpl.socketConnect", WaitConnect, "connects to a socket"},
	{"java.net.DualStackPlainSocketImpl.", WaitConnect, "connects to a socket"},
	{"sun.nio.ch.Net.connect0", WaitConnect, "connects to a socket"},
	{"sun.nio.ch.Net.pollConnect", WaitConnect, "connects to a socket"},
	{"java.net.Inet4AddressImpl.lookupAllHostAddr", WaitConnect, "resolves a host name"},
	{"java.net.Inet6AddressImpl.lookupAllHostAddr", WaitConnect, "resolves a host name"},
	{"java.net.Inet4AddressImpl.getHostByAddr", WaitConnect, "resolves an address"},
	{"java.net.Inet6AddressImpl.getHostByAddr", WaitConnect, "resolves an address"},
	{"java.net.PlainSocketImpl.socketAccept", WaitIdle, "accepts connections"},
	{"java.net.PlainSocketImpl.accept0", WaitIdle, "accepts connections"},
	{"sun.nio.ch.ServerSocketChannelImpl.accept0", WaitIdle, "accepts connections"},
	{"sun.nio.ch.Net.accept", WaitIdle, "accepts connections"},
	{"sun.nio.ch.UnixDomainSockets.accept0", WaitIdle, "accepts connections"},
	{"org.apache.tomcat.jni.Socket.accept", WaitIdle, "accepts connections"},
	{"jrockit.net.SocketNativeIO.accept", WaitIdle, "accepts connections"},
	{"sun.nio.ch.EPoll.wait", WaitIdle, "waits for socket events"},
	{"sun.nio.ch.EPoll.epollWait", WaitIdle, "waits for socket events"},
	{"sun.nio.ch.EPollArrayWrapper.epollWait", WaitIdle, "waits for socket events"},
	{"sun.nio.ch.KQueue.poll", WaitIdle, "waits for socket events"},
	{"sun.nio.ch.KQueueArrayWrapper.kevent0", WaitIdle, "waits for socket events"},
	{"sun.nio.ch.WEPoll.wait", WaitIdle, "waits for socket events"},
	{"sun.nio.ch.WindowsSelectorImpl$SubSelector.poll0", WaitIdle, "waits for socket events"},
	{"sun.nio.ch.PollArrayWrapper.poll0", WaitIdle, "waits for socket events"},
	{"sun.nio.ch.DevPollArrayWrapper.poll0", WaitIdle, "waits for socket events"},
	{"sun.nio.ch.Iocp.getQueuedCompletionStatus", WaitIdle, "waits for socket events"},
	{"sun.nio.ch.EPollPort", WaitIdle, "waits for socket events"},
	{"io.netty.channel.epoll.Native.epollWait", WaitIdle, "waits for socket events"},
	{"io.netty.channel.epoll.Native.epollWait0", WaitIdle, "waits for socket events"},
	{"io.netty.channel.kqueue.Native.keventWait", WaitIdle, "waits for socket events"},
	{"org.apache.tomcat.jni.Poll.poll", WaitIdle, "waits for socket events"},
	{"weblogic.socket.PosixSocketMuxer.poll", WaitIdle, "waits for socket events"},
	{"weblogic.socket.EPollSocketMuxer.", WaitIdle, "waits for socket events"},
	{"weblogic.socket.NTSocketMuxer.getIoCompletionResult", WaitIdle, "waits for socket events"},
	{"sun.awt.X11.XToolkit.waitForEvents", WaitIdle, "waits for window events"},
	{"sun.awt.windows.WToolkit.eventLoop", WaitIdle, "waits for window events"},
	{"sun.nio.fs.LinuxWatchService.poll", WaitIdle, "watches a folder"},
	{"sun.nio.fs.LinuxWatchService.poll0", WaitIdle, "watches a folder"},
	{"jdk.internal.vm.ThreadSnapshot.create", WaitIdle, "writes this dump"},
	{"sun.management.ThreadImpl.dumpThreads0", WaitIdle, "writes this dump"},
	{"sun.management.ThreadImpl.getThreadInfo1", WaitIdle, "writes this dump"},
	{"java.lang.ref.Reference.waitForReferencePendingList", WaitIdle, "waits for references to clear"},
	{"java.lang.ref.Reference.getPending", WaitIdle, "waits for references to clear"},
	{"java.lang.VirtualThread.takeVirtualThreadListToUnblock", WaitIdle, "waits for virtual threads to unblock"},
	{"java.io.FileInputStream.readBytes", WaitDisk, "reads a file or pipe"},
	{"java.io.FileInputStream.read0", WaitDisk, "reads a file or pipe"},
	{"java.io.FileInputStream.open0", WaitDisk, "opens a file"},
	{"java.io.FileOutputStream.writeBytes", WaitDisk, "writes a file"},
	{"java.io.FileOutputStream.open0", WaitDisk, "opens a file"},
	{"java.io.FileDescriptor.sync", WaitDisk, "forces a file to disk"},
	{"java.io.FileDescriptor.sync0", WaitDisk, "forces a file to disk"},
	{"java.io.RandomAccessFile.", WaitDisk, "reads or writes a file"},
	{"java.io.UnixFileSystem.", WaitDisk, "asks the file system"},
	{"sun.nio.fs.UnixNativeDispatcher.", WaitDisk, "asks the file system"},
	{"sun.nio.fs.WindowsNativeDispatcher.", WaitDisk, "asks the file system"},
	{"sun.nio.ch.FileDispatcherImpl.lock0", WaitFileLock, "waits for the lock of a file"},
	{"sun.nio.ch.UnixFileDispatcherImpl.lock0", WaitFileLock, "waits for the lock of a file"},
	{"sun.nio.ch.FileDispatcherImpl.", WaitDisk, "reads or writes a file"},
	{"sun.nio.ch.UnixFileDispatcherImpl.", WaitDisk, "reads or writes a file"},
	{"sun.nio.ch.FileChannelImpl.", WaitDisk, "maps or copies a file"},
	{"java.nio.MappedByteBuffer.", WaitDisk, "reads a mapped file"},
	{"java.nio.MappedMemoryUtils.", WaitDisk, "reads a mapped file"},
	{"java.util.zip.ZipFile.", WaitDisk, "reads an archive"},
	{"java.lang.UNIXProcess.waitForProcessExit", WaitProcess, "waits for a child process to end"},
	{"java.lang.ProcessHandleImpl.waitForProcessExit0", WaitProcess, "waits for a child process to end"},
	{"java.lang.UNIXProcess.forkAndExec", WaitProcess, "starts a child process"},
	{"java.lang.ProcessImpl.forkAndExec", WaitProcess, "starts a child process"},
	{"java.lang.Thread.sleep", WaitSleep, "sleeps"},
	{"java.lang.Thread.sleep0", WaitSleep, "sleeps"},
	{"java.lang.Thread.sleepNanos0", WaitSleep, "sleeps"},
}

// specific are methods that tell the reason of a wait wherever they stand on the stack; the one nearest to the top counts.
var specific = []signature{
	// database pools
	{"com.zaxxer.hikari.pool.HikariPool.getConnection", WaitDBPool, "waits for a database connection (HikariCP)"},
	{"com.zaxxer.hikari.util.ConcurrentBag.borrow", WaitDBPool, "waits for a database connection (HikariCP)"},
	{"com.mchange.v2.resourcepool.BasicResourcePool.awaitAvailable", WaitDBPool, "waits for a database connection (c3p0)"},
	{"com.mchange.v2.resourcepool.BasicResourcePool.prelimCheckoutResource", WaitDBPool, "waits for a database connection (c3p0)"},
	{"com.mchange.v2.resourcepool.BasicResourcePool.checkoutResource", WaitDBPool, "waits for a database connection (c3p0)"},
	{"org.apache.commons.dbcp.PoolingDataSource.getConnection", WaitDBPool, "waits for a database connection (DBCP)"},
	{"org.apache.commons.dbcp2.PoolingDataSource.getConnection", WaitDBPool, "waits for a database connection (DBCP 2)"},
	{"org.apache.tomcat.dbcp.dbcp.PoolingDataSource.getConnection", WaitDBPool, "waits for a database connection (Tomcat DBCP)"},
	{"org.apache.tomcat.dbcp.dbcp2.PoolingDataSource.getConnection", WaitDBPool, "waits for a database connection (Tomcat DBCP 2)"},
	{"org.apache.tomcat.jdbc.pool.ConnectionPool.borrowConnection", WaitDBPool, "waits for a database connection (Tomcat JDBC)"},
	{"org.apache.tomcat.jdbc.pool.FairBlockingQueue.poll", WaitDBPool, "waits for a database connection (Tomcat JDBC)"},
	{"com.alibaba.druid.pool.DruidDataSource.takeLast", WaitDBPool, "waits for a database connection (Druid)"},
	{"com.alibaba.druid.pool.DruidDataSource.pollLast", WaitDBPool, "waits for a database connection (Druid)"},
	{"org.jboss.jca.core.connectionmanager.pool.mcp.SemaphoreConcurrentLinkedQueueManagedConnectionPool.getConnection", WaitDBPool, "waits for a connection (IronJacamar)"},
	{"org.jboss.jca.core.connectionmanager.pool.mcp.SemaphoreArrayListManagedConnectionPool.getConnection", WaitDBPool, "waits for a connection (IronJacamar)"},
	{"io.agroal.pool.ConnectionPool.getConnection", WaitDBPool, "waits for a database connection (Agroal)"},
	{"oracle.ucp.common.UniversalConnectionPoolImpl.borrowConnection", WaitDBPool, "waits for a database connection (UCP)"},
	{"weblogic.common.resourcepool.ResourcePoolImpl.reserveResource", WaitDBPool, "waits for a connection (WebLogic)"},
	{"com.ibm.ejs.j2c.FreePool.queueRequest", WaitDBPool, "waits for a connection (WebSphere)"},
	{"com.jolbox.bonecp.DefaultConnectionStrategy.getConnectionInternal", WaitDBPool, "waits for a database connection (BoneCP)"},

	// room that somebody else has to make
	{"org.apache.kafka.clients.producer.internals.BufferPool.allocate", WaitRoom, "waits for room in the producer's buffer (Kafka)"},
	{"com.lmax.disruptor.MultiProducerSequencer.next", WaitRoom, "waits for room in a ring buffer (Disruptor)"},
	{"com.lmax.disruptor.SingleProducerSequencer.next", WaitRoom, "waits for room in a ring buffer (Disruptor)"},
	{"org.apache.lucene.index.ConcurrentMergeScheduler.doStall", WaitRoom, "waits until merges have caught up (Lucene)"},
	{"org.apache.lucene.index.DocumentsWriterStallControl.waitIfStalled", WaitRoom, "waits until flushes have caught up (Lucene)"},

	{"com.sun.jndi.ldap.pool.Connections.", WaitPool, "waits for a connection to the directory (LDAP pool)"},
	{"org.apache.commons.pool.impl.GenericObjectPool.borrowObject", WaitPool, "waits for an object of a pool (commons-pool)"},
	{"org.apache.commons.pool.impl.GenericKeyedObjectPool.borrowObject", WaitPool, "waits for an object of a pool (commons-pool)"},
	{"org.apache.commons.pool2.impl.GenericObjectPool.borrowObject", WaitPool, "waits for an object of a pool (commons-pool2)"},
	{"org.apache.commons.pool2.impl.GenericKeyedObjectPool.borrowObject", WaitPool, "waits for an object of a pool (commons-pool2)"},

	// HTTP client pools
	{"org.apache.http.impl.conn.PoolingHttpClientConnectionManager.leaseConnection", WaitHTTPPool, "waits for an HTTP connection (HttpClient 4)"},
	{"org.apache.http.pool.AbstractConnPool.getPoolEntryBlocking", WaitHTTPPool, "waits for an HTTP connection (HttpClient 4)"},
	{"org.apache.http.impl.conn.tsccm.ConnPoolByRoute.getEntryBlocking", WaitHTTPPool, "waits for an HTTP connection (HttpClient 4)"},
	{"org.apache.hc.core5.pool.StrictConnPool.lease", WaitHTTPPool, "waits for an HTTP connection (HttpClient 5)"},
	{"org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager$1.get", WaitHTTPPool, "waits for an HTTP connection (HttpClient 5)"},
	{"org.apache.commons.httpclient.MultiThreadedHttpConnectionManager.doGetConnection", WaitHTTPPool, "waits for an HTTP connection (HttpClient 3)"},

	// idle in a pool or event loop
	{"java.util.concurrent.ThreadPoolExecutor.getTask", WaitIdle, "waits for a task"},
	{"org.apache.tomcat.util.threads.ThreadPoolExecutor.getTask", WaitIdle, "waits for a task"},
	{"org.apache.tomcat.util.threads.TaskQueue.take", WaitIdle, "waits for a task"}, // up to Tomcat 9 its executor is the JDK's, with this queue
	{"org.apache.tomcat.util.threads.TaskQueue.poll", WaitIdle, "waits for a task"},
	{"org.apache.tomcat.util.threads.ThreadPool$ControlRunnable.run", WaitIdle, "waits for a request"},
	{"org.apache.tomcat.util.net.JIoEndpoint$Worker.await", WaitIdle, "waits for a request"},
	{"org.apache.tomcat.util.net.AprEndpoint$Worker.await", WaitIdle, "waits for a request"},
	{"org.apache.tomcat.util.net.NioEndpoint$Poller.run", WaitIdle, "waits for socket events"},
	{"java.util.concurrent.ForkJoinPool.awaitWork", WaitIdle, "waits for a task"},
	{"java.util.concurrent.ForkJoinPool.idleAwaitWork", WaitIdle, "waits for a task"},
	{"java.util.concurrent.ForkJoinPool.scan", WaitIdle, "waits for a task"},
	{"java.util.concurrent.DelayScheduler.loop", WaitIdle, "waits for the next timer"},
	{"java.util.concurrent.ScheduledThreadPoolExecutor$DelayedWorkQueue.take", WaitIdle, "waits for the next timer"},
	{"java.util.TimerThread.mainLoop", WaitIdle, "waits for the next timer"},
	{"javax.swing.TimerQueue.run", WaitIdle, "waits for the next timer"},
	{"java.awt.EventQueue.getNextEvent", WaitIdle, "waits for window events"},
	{"sun.awt.AWTAutoShutdown.run", WaitIdle, "waits for window events"},
	{"sun.java2d.Disposer.run", WaitIdle, "waits for references to clear"},
	{"java.lang.ref.ReferenceQueue.remove", WaitIdle, "waits for references to clear"},
	{"java.lang.ref.ReferenceQueue.remove0", WaitIdle, "waits for references to clear"},
	{"java.lang.ref.Reference$ReferenceHandler.run", WaitIdle, "waits for references to clear"},
	{"sun.misc.GC$Daemon.run", WaitIdle, "waits for the next timer"},
	{"sun.rmi.transport.ObjectTable$Reaper.run", WaitIdle, "waits for references to clear"},
	{"sun.net.www.http.KeepAliveCache.run", WaitIdle, "waits for the next timer"},
	{"com.sun.jmx.remote.internal.ArrayNotificationBuffer.fetchNotifications", WaitIdle, "waits for JMX notifications"},
	{"com.sun.jmx.remote.internal.ServerCommunicatorAdmin$Timeout.run", WaitIdle, "waits for the next timer"},
	{"com.sun.jmx.remote.opt.internal.ServerCommunicatorAdmin$Adminor.run", WaitIdle, "waits for the next timer"},
	{"org.apache.catalina.core.StandardServer.await", WaitIdle, "waits for the shutdown command"},
	{"org.apache.catalina.core.ContainerBase$ContainerBackgroundProcessor.run", WaitIdle, "waits for the next timer"},
	{"org.quartz.simpl.SimpleThreadPool$WorkerThread.run", WaitIdle, "waits for a job"},
	{"org.quartz.core.QuartzSchedulerThread.run", WaitIdle, "waits for the next trigger"},
	{"com.atlassian.scheduler.caesium.impl.SchedulerQueueWorker.executeNextJob", WaitIdle, "waits for a job"},
	{"com.atlassian.scheduler.caesium.impl.SchedulerQueueImpl.take", WaitIdle, "waits for a job"},
	{"com.mchange.v2.async.ThreadPoolAsynchronousRunner$PoolThread.run", WaitIdle, "waits for a task"},
	{"org.eclipse.jetty.util.thread.QueuedThreadPool.idleJobPoll", WaitIdle, "waits for a task"},
	{"org.eclipse.jetty.util.thread.QueuedThreadPool$Runner.idleJobPoll", WaitIdle, "waits for a task"},
	{"org.eclipse.jetty.util.BlockingArrayQueue.poll", WaitIdle, "waits for a task"},
	{"org.eclipse.jetty.util.BlockingArrayQueue.take", WaitIdle, "waits for a task"},
	{"org.eclipse.jetty.util.thread.ReservedThreadExecutor$ReservedThread.reservedWait", WaitIdle, "waits for a task"},
	{"org.eclipse.jetty.util.thread.QueuedThreadPool.join", WaitIdle, "waits for the server to stop"},
	{"org.jboss.threads.EnhancedQueueExecutor$PoolThreadNode.park", WaitIdle, "waits for a task"},
	{"org.jboss.threads.EnhancedQueueExecutor$ThreadBody.run", WaitIdle, "waits for a task"},
	{"org.xnio.nio.WorkerThread.run", WaitIdle, "waits for socket events"},
	{"org.mortbay.util.ThreadPool$PoolThread.run", WaitIdle, "waits for a task"},
	{"org.mortbay.thread.QueuedThreadPool$PoolThread.run", WaitIdle, "waits for a task"},
	{"com.sleepycat.je.utilint.DaemonThread.run", WaitIdle, "waits for the next timer"},
	{"weblogic.t3.srvr.T3Srvr.waitForDeath", WaitIdle, "waits for the shutdown command"},
	{"weblogic.kernel.ExecuteThread.waitForRequest", WaitIdle, "waits for a request"},
	{"weblogic.work.ExecuteThread.waitForRequest", WaitIdle, "waits for a request"},
	{"com.ibm.ws.util.BoundedBuffer.take", WaitIdle, "waits for a task"},
	{"com.ibm.ws.util.BoundedBuffer.poll", WaitIdle, "waits for a task"},
	{"com.hazelcast.internal.util.concurrent.MPSCQueue.take", WaitIdle, "waits for an operation"},
	{"com.hazelcast.util.concurrent.MPSCQueue.take", WaitIdle, "waits for an operation"},
	{"com.hazelcast.spi.impl.operationexecutor.impl.OperationQueueImpl.take", WaitIdle, "waits for an operation"},
	{"kafka.network.RequestChannel.receiveRequest", WaitIdle, "waits for a request"},
	{"kafka.utils.ShutdownableThread.pause", WaitIdle, "waits for the next timer"},
	{"org.apache.kafka.common.utils.SystemTime.waitObject", WaitIdle, "waits for the next timer"},
	{"java.util.logging.LogManager$Cleaner.run", WaitIdle, "waits for the shutdown"},
	{"org.apache.logging.log4j.core.async.RingBufferLogEventHandler.", WaitIdle, "waits for log events"},
	{"com.lmax.disruptor.BatchEventProcessor.", WaitIdle, "waits for events"},
	{"ch.qos.logback.core.AsyncAppenderBase$Worker.run", WaitIdle, "waits for log events"},
	{"sun.tools.attach.", WaitIdle, "waits for a tool to attach"},
	{"jdk.jfr.internal.PlatformRecorder.periodicTask", WaitIdle, "waits for the next timer"},
	{"jdk.jfr.internal.PlatformRecorder.takeNap", WaitIdle, "waits for the next timer"},
	{"jeus.util.concurrent.", WaitIdle, "waits for a task"},

	// another thread's result
	{"java.util.concurrent.FutureTask.get", WaitResult, "waits for another thread's result (Future.get)"},
	{"java.util.concurrent.FutureTask.awaitDone", WaitResult, "waits for another thread's result (Future.get)"},
	{"java.util.concurrent.CompletableFuture.get", WaitResult, "waits for another thread's result (CompletableFuture.get)"},
	{"java.util.concurrent.CompletableFuture.join", WaitResult, "waits for another thread's result (CompletableFuture.join)"},
	{"java.util.concurrent.CompletableFuture.waitingGet", WaitResult, "waits for another thread's result (CompletableFuture)"},
	{"java.util.concurrent.CompletableFuture.timedGet", WaitResult, "waits for another thread's result (CompletableFuture)"},
	{"java.util.concurrent.CountDownLatch.await", WaitOthers, "waits for other threads (CountDownLatch)"},
	{"java.util.concurrent.CyclicBarrier.", WaitOthers, "waits for other threads (CyclicBarrier)"},
	{"java.util.concurrent.Phaser.", WaitOthers, "waits for other threads (Phaser)"},
	{"java.util.concurrent.Exchanger.", WaitOthers, "waits for another thread (Exchanger)"},
	{"java.util.concurrent.ForkJoinTask.join", WaitResult, "waits for another thread's result (ForkJoinTask.join)"},
	{"java.util.concurrent.ForkJoinTask.get", WaitResult, "waits for another thread's result (ForkJoinTask.get)"},
	{"java.util.concurrent.ForkJoinTask.awaitDone", WaitResult, "waits for another thread's result (ForkJoinTask)"},
	{"java.util.concurrent.ThreadPoolExecutor.awaitTermination", WaitResult, "waits for a pool to end"},
	{"java.util.concurrent.ThreadPerTaskExecutor.", WaitResult, "waits for virtual threads to end"},
	{"java.util.concurrent.StructuredTaskScope", WaitResult, "waits for virtual threads to end"},
	{"java.util.concurrent.ExecutorCompletionService.take", WaitResult, "waits for another thread's result"},
	{"java.util.concurrent.AbstractExecutorService.invokeAll", WaitResult, "waits for other threads' results (invokeAll)"},
	{"java.lang.Thread.join", WaitResult, "waits for another thread to end"},
	{"com.google.common.util.concurrent.AbstractFuture.get", WaitResult, "waits for another thread's result (Guava)"},
	{"com.hazelcast.spi.impl.AbstractInvocationFuture.get", WaitMember, "waits for an answer of another cluster member (Hazelcast)"},
	{"com.hazelcast.spi.impl.AbstractInvocationFuture.joinInternal", WaitMember, "waits for an answer of another cluster member (Hazelcast)"},
	{"com.hazelcast.spi.impl.AbstractInvocationFuture.join", WaitMember, "waits for an answer of another cluster member (Hazelcast)"},
	{"scala.concurrent.impl.Promise$DefaultPromise.tryAwait", WaitResult, "waits for another thread's result (Scala)"},
	{"kotlinx.coroutines.BlockingCoroutine.joinBlocking", WaitResult, "waits for a coroutine"},
	{"reactor.core.publisher.BlockingSingleSubscriber.blockingGet", WaitResult, "waits for another thread's result (Reactor)"},
	{"reactor.core.publisher.BlockingMonoSubscriber.blockingGet", WaitResult, "waits for another thread's result (Reactor)"},
	{"sun.misc.Signal", WaitIdle, "waits for a signal"},
	{"java.lang.Process$PipeInputStream.", WaitProcess, "reads what a child process prints"},
	{"java.lang.ProcessImpl$ProcessPipeInputStream.", WaitProcess, "reads what a child process prints"},
	{"java.lang.UNIXProcess$ProcessPipeInputStream.", WaitProcess, "reads what a child process prints"},
	{"java.lang.ProcessImpl.waitFor", WaitProcess, "waits for a child process to end"},
	{"java.lang.UNIXProcess.waitFor", WaitProcess, "waits for a child process to end"},

	// sockets whose wait is a poll or a park beneath
	{"sun.nio.ch.NioSocketImpl.accept", WaitIdle, "accepts connections"},
	{"sun.nio.ch.ServerSocketChannelImpl.accept", WaitIdle, "accepts connections"},
	{"sun.nio.ch.NioSocketImpl.implRead", WaitSocketRead, "reads from a socket"},
	{"sun.nio.ch.NioSocketImpl.timedRead", WaitSocketRead, "reads from a socket"},
	{"sun.nio.ch.NioSocketImpl.read", WaitSocketRead, "reads from a socket"},
	{"sun.nio.ch.NioSocketImpl.implWrite", WaitSocketWrite, "writes to a socket"},
	{"sun.nio.ch.NioSocketImpl.write", WaitSocketWrite, "writes to a socket"},
	{"sun.nio.ch.NioSocketImpl.connect", WaitConnect, "connects to a socket"},
	{"sun.nio.ch.SocketAdaptor.", WaitSocketRead, "reads from a socket"},
	{"sun.nio.ch.SocketChannelImpl.read", WaitSocketRead, "reads from a socket"},
	{"sun.nio.ch.SocketChannelImpl.blockingRead", WaitSocketRead, "reads from a socket"},
	{"sun.nio.ch.SocketChannelImpl.write", WaitSocketWrite, "writes to a socket"},
	{"sun.nio.ch.SocketChannelImpl.connect", WaitConnect, "connects to a socket"},
	{"sun.nio.ch.SocketChannelImpl.blockingConnect", WaitConnect, "connects to a socket"},
	{"sun.nio.ch.DatagramChannelImpl.receive", WaitSocketRead, "waits for a datagram"},
	{"sun.nio.ch.DatagramChannelImpl.blockingReceive", WaitSocketRead, "waits for a datagram"},
	{"org.apache.tomcat.util.net.NioBlockingSelector.read", WaitSocketRead, "reads the request's body"},
	{"org.apache.tomcat.util.net.NioBlockingSelector.write", WaitSocketWrite, "writes the response"},
	{"org.apache.tomcat.util.net.NioEndpoint$NioSocketWrapper.fillReadBuffer", WaitSocketRead, "reads the request's body"},
	{"org.apache.tomcat.util.net.NioEndpoint$NioSocketWrapper.doWrite", WaitSocketWrite, "writes the response"},
}

// generic are calls of the runtime that tell the reason where nothing specific does, looked for in the frames between the park and the
// first call outside the runtime. Those that wait for room come first: a queue has the same inner methods for both sides.
var generic = []signature{
	{"java.util.concurrent.LinkedBlockingQueue.put", WaitRoom, "waits for room in a queue (put)"},
	{"java.util.concurrent.LinkedBlockingQueue.offer", WaitRoom, "waits for room in a queue (offer)"},
	{"java.util.concurrent.ArrayBlockingQueue.put", WaitRoom, "waits for room in a queue (put)"},
	{"java.util.concurrent.ArrayBlockingQueue.offer", WaitRoom, "waits for room in a queue (offer)"},
	{"java.util.concurrent.LinkedBlockingDeque.put", WaitRoom, "waits for room in a queue (put)"},
	{"java.util.concurrent.LinkedBlockingDeque.putFirst", WaitRoom, "waits for room in a queue (putFirst)"},
	{"java.util.concurrent.LinkedBlockingDeque.putLast", WaitRoom, "waits for room in a queue (putLast)"},
	{"java.util.concurrent.LinkedBlockingDeque.offer", WaitRoom, "waits for room in a queue (offer)"},
	{"java.util.concurrent.LinkedBlockingDeque.offerFirst", WaitRoom, "waits for room in a queue (offerFirst)"},
	{"java.util.concurrent.LinkedBlockingDeque.offerLast", WaitRoom, "waits for room in a queue (offerLast)"},
	{"java.util.concurrent.LinkedTransferQueue.transfer", WaitRoom, "waits for a taker at a queue (transfer)"},
	{"java.util.concurrent.LinkedTransferQueue.tryTransfer", WaitRoom, "waits for a taker at a queue (tryTransfer)"},
	{"java.util.concurrent.SynchronousQueue.put", WaitRoom, "waits for a taker at a queue (SynchronousQueue.put)"},
	{"java.util.concurrent.SynchronousQueue.offer", WaitRoom, "waits for a taker at a queue (SynchronousQueue.offer)"},
	{"java.util.concurrent.SubmissionPublisher.submit", WaitRoom, "waits for room in a subscriber's buffer"},
	{"java.util.concurrent.SubmissionPublisher.offer", WaitRoom, "waits for room in a subscriber's buffer"},
	{"java.io.PipedInputStream.awaitSpace", WaitRoom, "waits for room in a pipe"},
	{"java.util.concurrent.Semaphore.acquire", WaitPermit, "waits for a permit (Semaphore)"},
	{"java.util.concurrent.Semaphore.acquireUninterruptibly", WaitPermit, "waits for a permit (Semaphore)"},
	{"java.util.concurrent.Semaphore.tryAcquire", WaitPermit, "waits for a permit (Semaphore)"},
	{"java.util.concurrent.locks.ReentrantLock.", WaitLock, "waits for a lock (ReentrantLock)"},
	{"java.util.concurrent.locks.ReentrantReadWriteLock$ReadLock.", WaitLock, "waits to read under a lock (ReentrantReadWriteLock)"},
	{"java.util.concurrent.locks.ReentrantReadWriteLock$WriteLock.", WaitLock, "waits to write under a lock (ReentrantReadWriteLock)"},
	{"java.util.concurrent.locks.StampedLock.", WaitLock, "waits for a lock (StampedLock)"},
	{"java.lang.Thread.sleep", WaitSleep, "sleeps"},
	{"java.util.concurrent.TimeUnit.sleep", WaitSleep, "sleeps"},
	{"sun.nio.ch.FileChannelImpl.lock", WaitFileLock, "waits for the lock of a file"},
	{"sun.nio.ch.SharedFileLockTable.add", WaitFileLock, "waits for the lock of a file"},
	{"java.util.concurrent.LinkedBlockingQueue.", WaitQueue, "waits for an element of a queue"},
	{"java.util.concurrent.ArrayBlockingQueue.", WaitQueue, "waits for an element of a queue"},
	{"java.util.concurrent.LinkedBlockingDeque.", WaitQueue, "waits for an element of a queue"},
	{"java.util.concurrent.LinkedTransferQueue.", WaitQueue, "waits for an element of a queue"},
	{"java.util.concurrent.PriorityBlockingQueue.", WaitQueue, "waits for an element of a queue"},
	{"java.util.concurrent.DelayQueue.", WaitQueue, "waits for an element of a queue"},
	{"java.util.concurrent.SynchronousQueue.", WaitQueue, "waits for a partner at a queue"},
	{"java.io.PipedInputStream.", WaitQueue, "waits for data of a pipe"},
}

// bare tells no more than that the thread waits.
var bare = []signature{
	{"java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject.", WaitCondition, "waits for a condition"},
	{"java.util.concurrent.locks.AbstractQueuedLongSynchronizer$ConditionObject.", WaitCondition, "waits for a condition"},
	{"java.util.concurrent.locks.AbstractQueuedSynchronizer.", WaitPermit, "waits for a synchronizer of the program's own"},
	{"java.util.concurrent.locks.AbstractQueuedLongSynchronizer.", WaitPermit, "waits for a synchronizer of the program's own"},
	{"java.lang.Object.wait", WaitCondition, "waits to be notified"},
	{"java.lang.Object.wait0", WaitCondition, "waits to be notified"},
}

// barest stands above all the others.
var barest = []signature{{"java.util.concurrent.locks.LockSupport.", WaitCondition, "is parked"}}
