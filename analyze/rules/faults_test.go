package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/loss"
	"casefile/analyze/threads"
	"casefile/testdata/faults"
)

// Faults of made-up programs, whose classes, methods and threads have names that no list knows: the first finding names the place and the
// number of threads in all, and nothing is said about their healthy twins.
func TestFaultsOfNoList(t *testing.T) {
	missed := 0
	for i, f := range faults.All(150) {
		res := run(t, caseOf(parseText(t, "dumps.txt", f.Text)))
		if problem := judgeFault(&f, res.Findings); problem != "" {
			missed++
			t.Errorf("%d %s: %s\n%s", i, f.Kind, problem, show(res.Findings[:min(len(res.Findings), 2)]))
		}
		oneStory(t, f.Kind, res.Findings)
		for _, a := range res.Loss {
			if lost, claimed := loss.Lost(a.Parts); claimed < 0.9*lost {
				t.Errorf("%d %s: findings claim %.2f of %.2f lost request time: %+v", i, f.Kind, claimed, lost, a.Parts)
			}
		}
		twin := run(t, caseOf(parseText(t, "twin.txt", f.Twin)))
		if twin.Worst().AtLeast(analyze.Warning) {
			t.Errorf("%d, the healthy twin of %s:\n%s", i, f.Kind, show(twin.Findings))
		}
	}
	t.Logf("%d of 150 missed", missed)
}

func judgeFault(f *faults.Fault, found []analyze.Finding) string {
	if len(found) == 0 || !found[0].Severity.AtLeast(analyze.Warning) {
		return "no warning"
	}
	title := found[0].Title
	if !slices.ContainsFunc(f.Places, func(p string) bool { return strings.Contains(title, p) }) {
		return fmt.Sprintf("the first finding names none of %v", f.Places)
	}
	if f.Threads == 1 && !strings.Contains(title, f.Thread) {
		return "the first finding does not name " + f.Thread
	}
	if f.Threads > 1 && !slices.Contains(strings.FieldsFunc(title, func(r rune) bool { return r < '0' || r > '9' }), fmt.Sprint(f.Threads)) {
		return fmt.Sprintf("the first finding does not tell of %d threads", f.Threads)
	}
	return ""
}

// goroutines writes a dump of a Go service: handlers that stand in one call for some minutes, and idle connections.
func goroutines(handlers int, state, top string) string {
	var b strings.Builder
	for k := range handlers {
		fmt.Fprintf(&b, "goroutine %d [%s]:\n%snet/http.HandlerFunc.ServeHTTP(0xc000012345?, {0x7f?, 0xc0?}, 0x0?)\n\t/usr/local/go/src/net/http/server.go:2294 +0x29\n"+
			"net/http.serverHandler.ServeHTTP({0xc0?}, {0x7f?, 0xc0?}, 0xc0?)\n\t/usr/local/go/src/net/http/server.go:3301 +0x8e\n"+
			"net/http.(*conn).serve(0xc000148090, {0x7f, 0xc0})\n\t/usr/local/go/src/net/http/server.go:2102 +0x625\n"+
			"created by net/http.(*Server).Serve in goroutine 1\n\t/usr/local/go/src/net/http/server.go:3454 +0x485\n\n", 100+k, state, top)
	}
	b.WriteString("goroutine 1 [IO wait]:\ninternal/poll.runtime_pollWait(0x7f, 0x72)\n\t/usr/local/go/src/runtime/netpoll.go:351 +0x85\n" +
		"net.(*TCPListener).accept(0xc0)\n\t/usr/local/go/src/net/tcpsock_posix.go:159 +0x1b\nmain.main()\n\t/srv/shop/main.go:20 +0x10\n\n")
	return b.String()
}

// Handlers of a Go service that stand at a channel are told in words for Go; a few, and those that wait for the next request, are not.
func TestHandlersOfGo(t *testing.T) {
	ask := "example.com/shop/quotes.(*Board).Ask(0xc000010000)\n\t/srv/shop/quotes/board.go:41 +0x32\nmain.price({0x7f?, 0xc0?}, 0xc0?)\n\t/srv/shop/main.go:31 +0x20\n"
	several := func(handlers int, state, top string) *analyze.Case {
		var all []*threads.Dump
		for i := range 3 {
			all = append(all, parseText(t, fmt.Sprintf("goroutines-%d.txt", i), goroutines(handlers, state, top))...)
		}
		return serviceOf(all)
	}
	f := find(run(t, several(12, "chan receive, 4 minutes", ask)), "unexplained-wait")
	if f == nil || !f.Severity.AtLeast(analyze.Warning) {
		t.Fatal("12 handlers at a channel are not told")
	}
	for _, word := range []string{"12", "goroutines", "channel", "quotes.(*Board).Ask"} {
		if !strings.Contains(f.Title, word) {
			t.Errorf("the title lacks %q: %s", word, f.Title)
		}
	}
	if text := f.Advice[0].Action + f.Explanation; !strings.Contains(text, "goroutine") || strings.Contains(text, "thread") {
		t.Errorf("not in words of Go: %s", text)
	}
	if res := run(t, several(2, "chan receive", ask)); res.Worst().AtLeast(analyze.Warning) {
		t.Errorf("two handlers: %s", show(res.Findings))
	}
}

// The appender that an asynchronous appender writes to logs itself: its thread wants the lock of the one that waits for room.
func TestAsyncAppenderThatLogs(t *testing.T) {
	text := scene(3, 10*time.Second, func(_ int, s *stage) {
		s.system()
		s.thread("AsyncAppender-Worker", "BLOCKED", 0, "org.apache.log4j.Category.callAppenders(Category.java:204)\n- waiting to lock <0x00000000f1000010> (a org.apache.log4j.spi.RootLogger)\n"+
			"com.acme.MailAppender.append(MailAppender.java:8)\norg.apache.log4j.AsyncAppender$Dispatcher.run(AsyncAppender.java:586)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
		s.thread("importer", "WAITING", 0, "java.lang.Object.wait(java.base@17.0.15/Native Method)\n- waiting on <0x00000000f1000020> (a java.util.ArrayList)\norg.apache.log4j.AsyncAppender.append(AsyncAppender.java:195)\n"+
			"org.apache.log4j.Category.callAppenders(Category.java:206)\n- locked <0x00000000f1000010> (a org.apache.log4j.spi.RootLogger)\ncom.acme.Import.run(Import.java:9)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
		for k := 1; k <= 6; k++ {
			s.thread(workers(k)[0], "BLOCKED", 0, "org.apache.log4j.Category.callAppenders(Category.java:204)\n- waiting to lock <0x00000000f1000010> (a org.apache.log4j.spi.RootLogger)"+served)
		}
	})
	res := run(t, caseOf(parseText(t, "dumps.txt", text)))
	if len(res.Findings) == 0 || res.Findings[0].ID != "hidden-deadlock" {
		t.Fatal(show(res.Findings))
	}
	f := res.Findings[0]
	complete(t, f)
	advice := f.Advice[0].Action + f.Advice[1].Action
	if !strings.Contains(f.Title, "importer") || !strings.Contains(f.Title, "AsyncAppender-Worker") || !strings.Contains(advice, "Restart") || strings.Contains(advice, "asynchronous appender with") {
		t.Errorf("%s\n%s", f.Title, advice)
	}
}

// What stands next to a deadlock and does not wait for it is no consequence of it: nor is the pool that it fills.
func TestNextToADeadlock(t *testing.T) {
	var b strings.Builder
	for i := range 3 {
		fmt.Fprintf(&b, "2026-01-05 10:00:%02d\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):\n\n", 10*i)
		thread := func(n int, name, state string, frames ...string) {
			fmt.Fprintf(&b, "%q #%d prio=5 os_prio=0 cpu=1.00ms elapsed=%d.00s tid=0x00007f00000%05x nid=0x%x waiting on condition  [0x00007f0000001000]\n   java.lang.Thread.State: %s\n\t%s\n\n",
				name, n, 300+10*i, n, n, state, strings.Join(frames, "\n\t"))
		}
		run := "at java.lang.Thread.run(java.base@17.0.15/Thread.java:840)"
		thread(101, "order-1", "BLOCKED (on object monitor)", "at shop.Order.first(Order.java:7)", "- waiting to lock <0x00000000f0000002> (a shop.Stock)",
			"- locked <0x00000000f0000001> (a shop.Cart)", run)
		thread(102, "order-2", "BLOCKED (on object monitor)", "at shop.Order.second(Order.java:9)", "- waiting to lock <0x00000000f0000001> (a shop.Cart)",
			"- locked <0x00000000f0000002> (a shop.Stock)", run)
		for n := range 12 {
			thread(200+n, fmt.Sprintf("http-nio-8080-exec-%d", n), "TIMED_WAITING (sleeping)", "at java.lang.Thread.sleep(java.base@17.0.15/Native Method)",
				"at shop.Retry.again(Retry.java:31)", "at shop.Front.handle(Front.java:12)",
				"at java.util.concurrent.ThreadPoolExecutor.runWorker(java.base@17.0.15/ThreadPoolExecutor.java:1136)",
				"at java.util.concurrent.ThreadPoolExecutor$Worker.run(java.base@17.0.15/ThreadPoolExecutor.java:635)", run)
		}
	}
	res := run(t, caseOf(parseText(t, "dumps.txt", b.String())))
	numbers := map[string]int{}
	for i, f := range res.Findings {
		numbers[f.ID] = i + 1
	}
	dead, sleep, pool := numbers[ids.Deadlock], numbers[ids.UnexplainedWait], numbers[ids.ThreadPoolExhausted]
	if dead == 0 || sleep == 0 || pool == 0 {
		t.Fatalf("found %v\n%s", numbers, show(res.Findings))
	}
	if of := res.Findings[sleep-1].ConsequenceOf; of != 0 {
		t.Errorf("that threads sleep follows from finding %d\n%s", of, show(res.Findings))
	}
	if of := res.Findings[pool-1].ConsequenceOf; of != sleep {
		t.Errorf("that the pool is busy follows from finding %d, want %d", of, sleep)
	}
}
