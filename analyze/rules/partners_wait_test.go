package rules

import (
	"fmt"
	"strings"
	"testing"

	"casefile/analyze"
)

const (
	condition = "jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)\n- parking to wait for  <0x00000000f1000040> (a java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject)\n" +
		"java.util.concurrent.locks.LockSupport.parkNanos(java.base@17.0.15/LockSupport.java:252)\n" +
		"java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject.await(java.base@17.0.15/AbstractQueuedSynchronizer.java:1679)\n"
	coyote = "org.apache.catalina.core.StandardEngineValve.invoke(StandardEngineValve.java:74)\norg.apache.catalina.connector.CoyoteAdapter.service(CoyoteAdapter.java:344)\n" +
		"org.apache.coyote.http11.Http11Processor.service(Http11Processor.java:397)\norg.apache.tomcat.util.net.NioEndpoint$SocketProcessor.doRun(NioEndpoint.java:1741)\n" +
		"org.apache.tomcat.util.threads.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1190)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)"
)

// Requests and writers that wait for what a library or the server itself has to do for them, below no call that says why.
func TestWaitsForPartners(t *testing.T) {
	for _, c := range []struct {
		name, thread, stack string
		id, title, advice   string
	}{
		{"sessions that Tomcat replicates", "http-nio-8090-exec-%d", socketRead + "org.apache.catalina.tribes.transport.bio.BioSender.waitForAck(BioSender.java:200)\n" +
			"org.apache.catalina.tribes.group.GroupChannel.send(GroupChannel.java:230)\norg.apache.catalina.ha.tcp.SimpleTcpCluster.send(SimpleTcpCluster.java:700)\n" +
			"org.apache.catalina.ha.tcp.ReplicationValve.invoke(ReplicationValve.java:330)\n" + coyote, "slow-downstream", "another cluster member (Tomcat)", "channelSendOptions"},
		{"a producer's buffer", "http-nio-8090-exec-%d", condition + "org.apache.kafka.clients.producer.internals.BufferPool.allocate(BufferPool.java:140)\n" +
			"org.apache.kafka.clients.producer.KafkaProducer.send(KafkaProducer.java:900)\ncom.acme.Outbox.publish(Outbox.java:7)" + served,
			"queue-full", "room in the producer's buffer (Kafka) in Outbox.publish", "max.block.ms"},
		{"a ring buffer", "http-nio-8090-exec-%d", "jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)\njava.util.concurrent.locks.LockSupport.parkNanos(java.base@17.0.15/LockSupport.java:410)\n" +
			"com.lmax.disruptor.MultiProducerSequencer.next(MultiProducerSequencer.java:130)\ncom.acme.Journal.append(Journal.java:9)" + served,
			"queue-full", "room in a ring buffer (Disruptor)", "consumer"},
		{"an index that holds its writers back", "elasticsearch[n1][write][T#%d]", "java.lang.Object.wait(java.base@17.0.15/Native Method)\n- waiting on <0x00000000f1000020> (a org.apache.lucene.index.ConcurrentMergeScheduler)\n" +
			"org.apache.lucene.index.ConcurrentMergeScheduler.doStall(ConcurrentMergeScheduler.java:600)\norg.apache.lucene.index.IndexWriter.updateDocument(IndexWriter.java:1500)\n" +
			"org.elasticsearch.index.engine.InternalEngine.index(InternalEngine.java:900)" + taskBelow, "queue-full", "until merges have caught up (Lucene)", "max_thread_count"},
	} {
		res := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(_ int, s *stage) {
			s.system()
			for k := 1; k <= 9; k++ {
				state := "TIMED_WAITING"
				if strings.HasPrefix(c.stack, "sun.nio") {
					state = "RUNNABLE"
				}
				s.thread(fmt.Sprintf(c.thread, k), state, s.at/1000, c.stack)
			}
		}))))
		f := find(res, c.id)
		if f == nil || !f.Severity.AtLeast(analyze.Warning) || !strings.Contains(f.Title, c.title) || !strings.Contains(fmt.Sprint(f.Advice[0]), c.advice) {
			t.Errorf("%s: %s", c.name, show(res.Findings))
			continue
		}
		complete(t, *f)
	}
}

// A lock that a class of the runtime takes for each call is not the program's to divide: the advice says what does the same without it.
func TestLocksOfTheRuntime(t *testing.T) {
	for _, c := range []struct{ class, wants, advice string }{
		{"java.lang.Object", "sun.security.provider.NativePRNG$RandomIO.implGenerateSeed(java.base@17.0.15/NativePRNG.java:438)", "java.security.egd"},
		{"java.lang.Class for java.util.TimeZone", "java.util.TimeZone.getTimeZone(java.base@17.0.15/TimeZone.java:520)", "ZoneId"},
		{"java.text.SimpleDateFormat", "com.acme.Dates.text(Dates.java:5)", "DateTimeFormatter"},
		{"com.acme.Dates", "com.acme.Dates.text(Dates.java:5)", "Shorten"},
	} {
		res := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(i int, s *stage) {
			for k := 1; k <= 10; k++ {
				if k == 1+i {
					s.thread(workers(k)[0], "RUNNABLE", s.at/10, "com.acme.Row.show(Row.java:3)\n- locked <0x00000000f1000010> (a "+c.class+")\n"+c.wants+"\ncom.acme.Row.render(Row.java:9)"+served)
					continue
				}
				s.thread(workers(k)[0], "BLOCKED", s.at/10, c.wants+"\n- waiting to lock <0x00000000f1000010> (a "+c.class+")\ncom.acme.Row.render(Row.java:9)"+served)
			}
		}))))
		f := find(res, "lock-contention")
		if f == nil || !strings.Contains(f.Advice[0].Action, c.advice) {
			t.Errorf("%s: %s", c.class, show(res.Findings))
		}
	}
}

// The thread of a cleaner that a program made itself is known by what it runs.
func TestCleanersOfPrograms(t *testing.T) {
	const runs = "jdk.internal.ref.CleanerImpl$PhantomCleanableRef.performCleanup(java.base@17.0.15/CleanerImpl.java:178)\n" +
		"jdk.internal.ref.PhantomCleanable.clean(java.base@17.0.15/PhantomCleanable.java:133)\n"
	for name, below := range map[string]string{
		"its own thread":      "jdk.internal.ref.CleanerImpl.run(java.base@17.0.15/CleanerImpl.java:140)\njdk.internal.misc.InnocuousThread.run(java.base@17.0.15/InnocuousThread.java:162)",
		"closed by a request": "com.acme.Handle.close(Handle.java:7)" + served,
	} {
		res := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(_ int, s *stage) {
			s.thread("handles", "RUNNABLE", s.at/1000, reads+"\ncom.acme.Handle.release(Handle.java:9)\n"+runs+below)
		}))))
		if f := find(res, "finalizer-backlog"); (f != nil) != (name == "its own thread") {
			t.Errorf("%s: %s", name, show(res.Findings))
		}
	}
}
