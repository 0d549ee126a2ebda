package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
)

const (
	parkLines = "jdk.internal.misc.Unsafe.park(java.base@17.0.15/Native Method)\n" +
		"java.util.concurrent.locks.LockSupport.park(java.base@17.0.15/LockSupport.java:341)\n"
	awaitLines   = parkLines + "java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject.await(java.base@17.0.15/AbstractQueuedSynchronizer.java:1712)\n"
	socketLines  = "sun.nio.ch.Net.poll(java.base@17.0.15/Native Method)\nsun.nio.ch.NioSocketImpl.park(java.base@17.0.15/NioSocketImpl.java:181)\nsun.nio.ch.NioSocketImpl.implRead(java.base@17.0.15/NioSocketImpl.java:309)\njava.net.Socket$SocketInputStream.read(java.base@17.0.15/Socket.java:1096)\n"
	acceptLines  = "sun.nio.ch.Net.accept(java.base@17.0.15/Native Method)\njava.net.ServerSocket.accept(java.base@17.0.15/ServerSocket.java:563)\n"
	servletLines = "com.acme.shelf.Page.doGet(Page.java:9)\njakarta.servlet.http.HttpServlet.service(HttpServlet.java:623)\n" +
		"org.apache.tomcat.util.threads.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1191)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)"
	startLines = "java.lang.Thread.run(java.base@17.0.15/Thread.java:840)"
)

// What a wait is told with: those who have what the others want, and advice that fits the kind of wait.
func TestPartnersOfWaits(t *testing.T) {
	const name = "http-nio-8080-exec-%d"
	for _, c := range []struct {
		name   string
		act    func(s *stage)
		title  string
		advice string
		never  string // in title or advice
	}{
		{"a queue that lends", func(s *stage) {
			s.crowd(name, 8, "WAITING", awaitLines+"java.util.concurrent.LinkedBlockingDeque.takeFirst(java.base@17.0.15/LinkedBlockingDeque.java:485)\ncom.acme.shelf.Lift.ride(Lift.java:4)\n"+servletLines)
			s.crowd("http-nio-8080-exec-1%d", 3, "RUNNABLE", socketLines+"com.acme.shelf.Motor.ask(Motor.java:7)\ncom.acme.shelf.Lift.ride(Lift.java:5)\n"+servletLines)
		}, "3 threads are past it and read from a socket in Motor.ask", "Shorten what is done once Lift.ride", "wake"},
		{"a queue that nobody fills", func(s *stage) {
			s.crowd(name, 8, "WAITING", awaitLines+"java.util.concurrent.LinkedBlockingDeque.takeFirst(java.base@17.0.15/LinkedBlockingDeque.java:485)\ncom.acme.shelf.Lift.ride(Lift.java:4)\n"+servletLines)
		}, "All 8", "Find who is to put into the queue that Lift.ride takes from", "past it"},
		{"a full queue whose class accepts connections too", func(s *stage) {
			s.crowd("scan %d", 6, "WAITING", awaitLines+"java.util.concurrent.ArrayBlockingQueue.put(java.base@17.0.15/ArrayBlockingQueue.java:370)\ncom.acme.shelf.Belt$Feed.lay(Belt.java:4)\n"+startLines)
			s.thread("door", "RUNNABLE", 0, acceptLines+"com.acme.shelf.Belt$Door.run(Belt.java:20)\n"+startLines)
			s.thread("packer", "RUNNABLE", 0, socketLines+"com.acme.shelf.Box.close(Box.java:3)\ncom.acme.shelf.Box.fill(Box.java:2)\ncom.acme.shelf.Belt$Packer.run(Belt.java:30)\n"+startLines)
		}, "packer takes from it and reads from a socket in Box.close", "Make the consumer faster", "accept"},
		{"a join", func(s *stage) {
			s.crowd(name, 6, "WAITING", "java.lang.Object.wait(java.base@17.0.15/Native Method)\njava.lang.Thread.join(java.base@17.0.15/Thread.java:1313)\ncom.acme.shelf.Count.all(Count.java:8)\n"+servletLines)
		}, "wait for another thread to end in Count.all", "Find the thread that Count.all joins", "refused"},
		{"a write that nobody reads", func(s *stage) {
			s.crowd(name, 6, "RUNNABLE", "sun.nio.ch.Net.poll(java.base@17.0.15/Native Method)\nsun.nio.ch.NioSocketImpl.park(java.base@17.0.15/NioSocketImpl.java:181)\nsun.nio.ch.NioSocketImpl.implWrite(java.base@17.0.15/NioSocketImpl.java:413)\njava.net.Socket$SocketOutputStream.write(java.base@17.0.15/Socket.java:1138)\ncom.acme.shelf.Mirror.send(Mirror.java:8)\n"+servletLines)
		}, "write to a socket in Mirror.send", "Find the peer that does not read what Mirror.send sends", "give the call a read timeout"},
	} {
		found := run(t, caseOf(parseText(t, "dumps.txt", scene(4, 5*time.Second, func(_ int, s *stage) { s.system(); c.act(s) })))).Findings
		if len(found) == 0 {
			t.Errorf("%s: nothing", c.name)
			continue
		}
		f := found[0]
		said := f.Title + f.Advice[0].Action
		if !strings.Contains(f.Title, c.title) || !strings.Contains(f.Advice[0].Action, c.advice) || strings.Contains(said, c.never) {
			t.Errorf("%s:\n%s", c.name, show(found[:1]))
		}
	}
}

// crowd adds threads with one stack.
func (s *stage) crowd(name string, n int, state, stack string) {
	for i := range n {
		s.thread(fmt.Sprintf(name, i), state, time.Duration(i)*time.Millisecond, stack)
	}
}

// One thread that stands at the lock of a file is a note: a standby waits so on purpose.
func TestOneThreadAtAFileLock(t *testing.T) {
	stack := "sun.nio.ch.FileDispatcherImpl.lock0(java.base@17.0.15/Native Method)\nsun.nio.ch.FileChannelImpl.lock(java.base@17.0.15/FileChannelImpl.java:1276)\ncom.acme.shelf.Store.open(Store.java:4)\n" + startLines
	for dumps, want := range map[int]int{4: 1, 1: 0} {
		found := run(t, caseOf(parseText(t, "dumps.txt", scene(dumps, 5*time.Second, func(_ int, s *stage) {
			s.system()
			s.thread("export", "RUNNABLE", time.Millisecond, stack)
		})))).Findings
		if len(found) != want || want > 0 && (found[0].Severity != analyze.Info || !strings.Contains(found[0].Title, "Store.open")) {
			t.Errorf("%d dumps:\n%s", dumps, show(found))
		}
	}
}

// Goroutines at debug=1 have no states: those that the runtime parked where it parks a poll, and that show no poll, are at a channel. That
// they are the same in the next dump is not known, so that it is a note. A handler at work is none.
func TestChannelsOfProfiles(t *testing.T) {
	dump := func(address string) string {
		return "goroutine profile: total 13\n12 @ " + address + " 0x417970 0x417570 0x6817a5 0x63f8e9\n#\t0x6817a4\tmain.(*Shelf).Take+0x24\t/srv/shelf/main.go:4\n" +
			"#\t0x63f8e8\tnet/http.HandlerFunc.ServeHTTP+0x28\t/usr/local/go/src/net/http/server.go:2286\n#\t0x63dcaf\tnet/http.(*conn).serve+0x68f\t/usr/local/go/src/net/http/server.go:2067\n\n" +
			"1 @ 0x485c2e 0x44a137 0x484e05\n#\t0x484e04\tinternal/poll.runtime_pollWait+0x84\t/usr/local/go/src/runtime/netpoll.go:351\n#\t0x4cd9c6\tnet.(*netFD).accept+0x26\t/usr/local/go/src/net/fd_unix.go:172\n\n"
	}
	for address, want := range map[string]bool{"0x485c2e": true, "0x481234": false} {
		found := run(t, serviceOf(parseText(t, "goroutines.txt", strings.Repeat(dump(address), 3)))).Findings
		if told := len(found) > 0; told != want {
			t.Errorf("%s:\n%s", address, show(found))
		}
		if want && len(found) > 0 && (found[0].Severity != analyze.Info || !strings.Contains(found[0].Title, "All 12 net/http.(*conn).serve goroutines wait at a channel in main.(*Shelf).Take")) {
			t.Error(show(found))
		}
	}
}
