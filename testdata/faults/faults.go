package faults

import (
	"fmt"
	"time"
)

// Fault is a made-up program with one fault.
type Fault struct {
	Kind string
	Text string // its dumps
	// Places are calls of which the first finding must name one. Threads is the number of those that stand; 1: their
	// name is asked for.
	Places  []string
	Threads int
	Thread  string // of a single one
	Twin    string // the dumps of the same program in health: its threads wait for work, and meet for moments
}

// kind makes faults of one kind.
type kind struct {
	name string
	make func(*names) Fault
}

// All makes so many faults, kind after kind; each has names of its own.
func All(count int) []Fault {
	out := make([]Fault, count)
	for i := range out {
		k := kinds[i%len(kinds)]
		out[i] = k.make(newNames(uint64(i)))
		out[i].Kind = k.name
	}
	return out
}

const (
	dumps = 4
	apart = 5 * time.Second
)

// stand is a wait in which threads of a crew stand in a call of the program.
type stand struct {
	state string
	top   string // the runtime's frames, with lock lines
	lib   string // frames of a library between the program and the runtime
}

// standing makes a fault of threads that stand below one call.
func standing(n *names, of []func(*names) crew, w stand, more func(d *dump, c crew)) Fault {
	c := pick(n, of)(n)
	size := 6 + n.IntN(20)
	held := size*2/3 + n.IntN(size/3+1)
	if !c.requests {
		held = size
	}
	helper, caller := n.call(), n.call()
	f := Fault{Places: []string{helper.String(), caller.String()}, Threads: held}
	f.Text = write(dumps, apart, func(_ int, d *dump) {
		for k := range held {
			d.add(c.thread(k, w.state, w.top+w.lib+lines(helper, caller)))
		}
		for k := held; k < size; k++ {
			d.add(c.free(k))
		}
		if more != nil {
			more(d, c)
		}
	})
	f.Twin = twin(n, c, size, w, helper, caller)
	return f
}

// twin is the same program in health: all threads wait for work, but for one that is seen in the call in one dump, and
// one that computes.
func twin(n *names, c crew, size int, w stand, helper, caller call) string {
	return write(dumps, apart, func(i int, d *dump) {
		for k := range size {
			switch {
			case k == 0 && i == 1:
				d.add(c.thread(k, w.state, w.top+w.lib+lines(helper, caller)))
			case k == 1 && i == 2:
				d.add(c.thread(k, "RUNNABLE", lines(helper, caller)))
			default:
				t := c.free(k)
				t.cpu += d.at / 50
				d.add(t)
			}
		}
	})
}

func parked(class string, methods ...string) string {
	return park(0xd00d, class) + jdk(methods...)
}

const aqs = "java.util.concurrent.locks.AbstractQueuedSynchronizer"

// stands are waits that no thread is in for want of work.
var stands = []struct {
	name string
	stand
}{
	{"semaphore", stand{"WAITING", parked("java.util.concurrent.Semaphore$NonfairSync", aqs+".acquire", aqs+".acquireSharedInterruptibly", "java.util.concurrent.Semaphore.acquire"), ""}},
	{"future", stand{"WAITING", parked("java.util.concurrent.CompletableFuture$Signaller", "java.util.concurrent.CompletableFuture$Signaller.block", "java.util.concurrent.ForkJoinPool.managedBlock", "java.util.concurrent.CompletableFuture.waitingGet", "java.util.concurrent.CompletableFuture.join"), ""}},
	{"fork-join", stand{"WAITING", "java.lang.Object.wait(java.base@17.0.15/Native Method)\n- waiting on " +
		"<0x00000000f8470599> (a " +
		"java.util.concurrent.RecursiveTask)\n" + jdk("java.util.concurrent.ForkJoinTask.awaitDone", "java.util.concurrent.ForkJoinTask.join"), ""}},
	{"latch", stand{"WAITING", parked("java.util.concurrent.CountDownLatch$Sync", aqs+".acquire", "java.util.concurrent.CountDownLatch.await"), ""}},
	{"barrier", stand{"WAITING", parked(condition, aqs+"$ConditionObject.await", "java.util.concurrent.CyclicBarrier.dowait", "java.util.concurrent.CyclicBarrier.await"), ""}},
	{"phaser", stand{"WAITING", parked("java.util.concurrent.Phaser$QNode", "java.util.concurrent.Phaser$QNode.block", "java.util.concurrent.ForkJoinPool.managedBlock", "java.util.concurrent.Phaser.internalAwaitAdvance", "java.util.concurrent.Phaser.arriveAndAwaitAdvance"), ""}},
	{"exchanger", stand{"WAITING", parked("java.util.concurrent.Exchanger", "java.util.concurrent.Exchanger.slotExchange", "java.util.concurrent.Exchanger.exchange"), ""}},
	{"put", stand{"WAITING", parked(condition, aqs+"$ConditionObject.await", "java.util.concurrent.ArrayBlockingQueue.put"), ""}},
	{"put-first", stand{"WAITING", parked(condition, aqs+"$ConditionObject.await", "java.util.concurrent.LinkedBlockingDeque.putFirst"), ""}},
	{"transfer", stand{"WAITING", parked("java.util.concurrent.LinkedTransferQueue", "java.util.concurrent.LinkedTransferQueue.awaitMatch", "java.util.concurrent.LinkedTransferQueue.xfer", "java.util.concurrent.LinkedTransferQueue.transfer"), ""}},
	{"join", stand{"WAITING", "java.lang.Object.wait(java.base@17.0.15/Native Method)\n- waiting on " +
		"<0x00000000f8470511> (a java.lang.Thread)\n" + jdk("java.lang.Thread.join", "java.lang.Thread.join"), ""}},
	{"commons-pool", stand{"TIMED_WAITING", parked(condition, aqs+"$ConditionObject.awaitNanos"), "org.apache.commons.pool2.impl.LinkedBlockingDeque.pollFirst(LinkedBlockingDeque.java:629)\norg.apache.commons.pool2.impl.GenericObjectPool.borrowObject(GenericObjectPool.java:441)\n"}},
	{"http-pool", stand{"WAITING", parked(condition, aqs+"$ConditionObject.await"), "org.apache.http.pool.AbstractConnPool.getPoolEntryBlocking(AbstractConnPool.java:391)\norg.apache.http.impl.execchain.MainClientExec.execute(MainClientExec.java:190)\n"}},
	{"member", stand{"WAITING", parked("com.hazelcast.spi.impl.operationservice.impl.Invocation"), "com.hazelcast.spi.impl.AbstractInvocationFuture.get(AbstractInvocationFuture.java:245)\ncom.hazelcast.map.impl.proxy.MapProxySupport.getInternal(MapProxySupport.java:433)\n"}},
	{"jgroups", stand{"TIMED_WAITING", parked(condition, aqs+"$ConditionObject.awaitNanos"), "org.jgroups.util.CondVar.waitFor(CondVar.java:65)\norg.jgroups.blocks.Request.waitForResults(Request.java:120)\norg.jgroups.blocks.MessageDispatcher.castMessage(MessageDispatcher.java:332)\n"}},
	{"connect", stand{"RUNNABLE", jdk("sun.nio.ch.Net.poll", "sun.nio.ch.NioSocketImpl.park", "sun.nio.ch.NioSocketImpl.timedFinishConnect", "sun.nio.ch.NioSocketImpl.connect", "java.net.SocksSocketImpl.connect", "java.net.Socket.connect"), ""}},
	{"resolve", stand{"RUNNABLE", jdk("java.net.Inet6AddressImpl.lookupAllHostAddr", "java.net.InetAddress$PlatformNameService.lookupAllHostAddr", "java.net.InetAddress.getAllByName"), ""}},
	{"file-lock", stand{"RUNNABLE", jdk("sun.nio.ch.FileDispatcherImpl.lock0", "sun.nio.ch.FileDispatcherImpl.lock", "sun.nio.ch.FileChannelImpl.lock", "java.nio.channels.FileChannel.lock"), ""}},
	{"own-synchronizer", stand{"WAITING", parked("zu.Gate$Sync", aqs+".acquire", aqs+".acquireShared"), ""}},
	{"unnamed-monitor", stand{"BLOCKED", "", ""}},
}

var kinds = func() []kind {
	var out []kind
	for _, s := range stands {
		out = append(out, kind{s.name, func(n *names) Fault { return standing(n, append(servers, workers...), s.stand, nil) }})
	}
	return append(out,
		kind{"condition", func(n *names) Fault {
			return standing(n, servers, stand{"WAITING", parked(condition, aqs+"$ConditionObject.await"), ""}, nil)
		}},
		kind{"notify", func(n *names) Fault {
			return standing(n, servers, stand{"WAITING", "java.lang.Object.wait(java.base@17.0.15/Native " +
				"Method)\n- waiting on <0x00000000f8470577> (a " +
				"java.lang.Object)\n" + jdk("java.lang.Object.wait"), ""}, nil)
		}},
		kind{"sleep", func(n *names) Fault {
			return standing(n, servers, stand{"TIMED_WAITING", jdk("java.lang.Thread.sleep"), ""}, nil)
		}},
		kind{"child-process", func(n *names) Fault {
			return standing(n, servers, stand{"WAITING", parked(condition, aqs+"$ConditionObject.await", "java.lang.ProcessImpl.waitFor"), ""}, nil)
		}},
		kind{"monitor", monitor}, kind{"few-of-a-pool", fewOfPool}, kind{"own-pool", ownPool}, kind{"data-source", dataSource},
		kind{"queue-and-consumer", queueAndConsumer}, kind{"self-starvation", selfStarvation}, kind{"monitor-and-future", monitorAndFuture},
		kind{"event-loop", eventLoop}, kind{"class-init", classInit}, kind{"helper", sharedHelper},
	)
}()

func monitorLines(n *names, helper call) (wants, holds string) {
	addr := 0xe0000000 + n.IntN(1<<20)*16
	return fmt.Sprintf("%s- waiting to lock <0x%016x> (a %s)\n", helper.line(), addr, helper.class),
		fmt.Sprintf("%s%s- locked <0x%016x> (a "+
			"%s)\n", jdk("java.lang.Thread.sleep"), n.in(helper).line(), addr, helper.class)
}

// monitor: threads of any crew want a monitor whose holder sleeps.
func monitor(n *names) Fault {
	c := pick(n, append(servers, workers...))(n)
	helper, caller := n.call(), n.call()
	wants, holds := monitorLines(n, helper)
	size := 6 + n.IntN(20)
	return Fault{Places: []string{helper.String(), helper.short()}, Threads: size - 1,
		Text: write(dumps, apart, func(_ int, d *dump) {
			d.add(c.thread(0, "TIMED_WAITING", holds+caller.line()))
			for k := 1; k < size; k++ {
				d.add(c.thread(k, "BLOCKED", wants+caller.line()))
			}
		}), Twin: twin(n, c, size, stand{"BLOCKED", "", ""}, helper, caller)}
}

// fewOfPool: 4 of 10 threads stand behind a holder that is not of the pool.
func fewOfPool(n *names) Fault {
	c := pick(n, servers)(n)
	helper, caller := n.call(), n.call()
	wants, holds := monitorLines(n, helper)
	return Fault{Places: []string{helper.String(), helper.short()}, Threads: 4,
		Text: write(dumps, apart, func(_ int, d *dump) {
			d.add(thread{name: n.word(0) + "keeper", state: "TIMED_WAITING", stack: holds + threadRun})
			for k := range 10 {
				if k < 4 {
					d.add(c.thread(k, "BLOCKED", wants+caller.line()))
				} else {
					d.add(c.free(k))
				}
			}
		}), Twin: twin(n, c, 10, stand{"BLOCKED", "", ""}, helper, caller)}
}

// ownPool: a pool of the program's own, whose holders wait for a socket.
func ownPool(n *names) Fault {
	c := pick(n, servers)(n)
	pool, user := n.call(), n.call()
	pool.method = pick(n, []string{"borrow", "lease", "acquire", "checkout"})
	waiting, holding := 4+n.IntN(12), 2+n.IntN(2)
	reads := jdk("sun.nio.ch.Net.poll", "sun.nio.ch.NioSocketImpl.park", "sun.nio.ch.NioSocketImpl.timedRead", "sun.nio.ch.NioSocketImpl.implRead", "java.net.Socket$SocketInputStream.read")
	session := n.call()
	return Fault{Places: []string{pool.String(), user.String(), session.String()}, Threads: waiting,
		Text: write(dumps, apart, func(_ int, d *dump) {
			for k := range waiting {
				d.add(c.thread(k, "WAITING", park(0xd00d, condition)+jdk(aqs+"$ConditionObject.await")+lines(pool, user)))
			}
			for k := range holding {
				d.add(c.thread(waiting+k, "RUNNABLE", reads+lines(session, user)))
			}
		}), Twin: twin(n, c, waiting+holding, stand{"WAITING", park(0xd00d, condition) + jdk(aqs+"$ConditionObject.await"), ""}, pool, user)}
}

// dataSource: connections of a pool that no list knows.
func dataSource(n *names) Fault {
	c := pick(n, servers)(n)
	pool := n.call()
	pool.class, pool.method = pool.class+"DataSource", "getConnection"
	dao := n.call()
	waiting := 2 + n.IntN(12)
	return Fault{Places: []string{pool.short(), dao.String()}, Threads: waiting,
		Text: write(dumps, apart, func(_ int, d *dump) {
			for k := range waiting {
				d.add(c.thread(k, "TIMED_WAITING", park(0xd00d, condition)+jdk(aqs+"$ConditionObject.awaitNanos")+lines(n0(pool), pool, dao)))
			}
			d.add(c.free(waiting))
		}), Twin: twin(n, c, waiting+1, stand{"TIMED_WAITING", park(0xd00d, condition) + jdk(aqs+"$ConditionObject.awaitNanos"), ""}, pool, dao)}
}

func n0(c call) call { return c.as("lu") }

// queueAndConsumer: producers wait for room, and the consumer for an answer that does not come.
func queueAndConsumer(n *names) Fault {
	c := pick(n, servers)(n)
	bus := n.call()
	consumer := n.call()
	reads := jdk("sun.nio.ch.Net.poll", "sun.nio.ch.NioSocketImpl.park", "sun.nio.ch.NioSocketImpl.timedRead", "java.net.Socket$SocketInputStream.read")
	size := 6 + n.IntN(12)
	return Fault{Places: []string{bus.String()}, Threads: size,
		Text: write(dumps, apart, func(_ int, d *dump) {
			for k := range size {
				d.add(c.thread(k, "WAITING", parked(condition, aqs+"$ConditionObject.await", "java.util.concurrent.LinkedBlockingQueue.put")+bus.line()))
			}
			d.add(thread{name: "consumer of " + bus.short(), id: 90, state: "RUNNABLE", stack: reads + lines(consumer, call{bus.class + "$1", "run"}) + threadRun})
		}), Twin: twin(n, c, size, stand{"WAITING", parked(condition, aqs+"$ConditionObject.await", "java.util.concurrent.LinkedBlockingQueue.put"), ""}, bus, consumer)}
}

// selfStarvation: each worker of a pool waits for a task of the same pool.
func selfStarvation(n *names) Fault {
	c := pick(n, []func(*names) crew{executor, numbered})(n)
	task, caller := n.call(), n.call()
	size := 4 + n.IntN(8)
	top := parked("java.util.concurrent.FutureTask", "java.util.concurrent.FutureTask.awaitDone", "java.util.concurrent.FutureTask.get")
	return Fault{Places: []string{task.String(), caller.String()}, Threads: size,
		Text: write(dumps, apart, func(_ int, d *dump) {
			for k := range size {
				d.add(c.thread(k, "WAITING", top+lines(task, caller)))
			}
		}), Twin: twin(n, c, size, stand{"WAITING", top, ""}, task, caller)}
}

// monitorAndFuture: a thread keeps a monitor and waits for a result; the one that has to give it wants the monitor.
func monitorAndFuture(n *names) Fault {
	owner, giver := n.call(), n.call()
	addr := 0xe0000000 + n.IntN(1<<20)*16
	loop := pick(n, []func(*names) crew{netty, executor})(n)
	return Fault{Places: []string{owner.String(), giver.String()}, Threads: 2,
		Text: write(dumps, apart, func(_ int, d *dump) {
			d.add(thread{name: "starter", id: 90, state: "WAITING", cpu: time.Second, stack: parked("java.util.concurrent.CompletableFuture$Signaller", "java.util.concurrent.CompletableFuture.waitingGet", "java.util.concurrent.CompletableFuture.get") +
				fmt.Sprintf("%s- locked <0x%016x> (a %s)\n", owner.line(), addr, owner.class) + threadRun})
			d.add(loop.thread(1, "BLOCKED", fmt.Sprintf("%s- waiting to lock <0x%016x> (a "+
				"%s)\n", giver.line(), addr, owner.class)))
		}), Twin: twin(n, loop, 4, stand{"BLOCKED", "", ""}, owner, giver)}
}

// eventLoop: the one thread that serves all connections stands in a call.
func eventLoop(n *names) Fault {
	c := netty(n)
	helper, caller := n.call(), n.call()
	w := pick(n, stands[:5])
	return Fault{Places: []string{helper.String(), caller.String()}, Threads: 1, Thread: fmt.Sprintf(c.name, 1),
		Text: write(dumps, apart, func(_ int, d *dump) {
			d.add(c.thread(1, w.state, w.top+w.lib+lines(helper, caller)))
		}), Twin: twin(n, c, 1, w.stand, helper, caller)}
}

// classInit: two classes need each other in their initialisers; the JVM of these dumps has no words for it.
func classInit(n *names) Fault {
	c := pick(n, servers)(n)
	a, b := n.call(), n.call()
	a.method, b.method = "<clinit>", "<clinit>"
	user := n.call()
	size := 5 + n.IntN(8)
	return Fault{Places: []string{a.short(), b.short(), user.String()}, Threads: size + 2,
		Text: write(dumps, apart, func(_ int, d *dump) {
			in := func(t thread) {
				t.head = "in Object.wait()"
				d.add(t)
			}
			in(c.thread(0, "RUNNABLE", a.line()+user.line()))
			in(c.thread(1, "RUNNABLE", b.line()+user.line()))
			for k := range size {
				in(c.thread(2+k, "RUNNABLE", user.line()))
			}
		}), Twin: twin(n, c, size+2, stand{"RUNNABLE", "", ""}, a, user)}
}

// sharedHelper: all wait in one helper's method, below three calls of the program that have nothing else in common.
func sharedHelper(n *names) Fault {
	c := pick(n, servers)(n)
	helper := n.call()
	callers := []call{n.call(), n.call(), n.call()}
	size := 9 + n.IntN(9)
	w := stands[0]
	return Fault{Places: []string{callers[0].String(), callers[1].String(), callers[2].String()}, Threads: size,
		Text: write(dumps, apart, func(_ int, d *dump) {
			for k := range size {
				d.add(c.thread(k, w.state, w.top+lines(helper, callers[k%3])))
			}
		}), Twin: twin(n, c, size, w.stand, helper, callers[0])}
}
