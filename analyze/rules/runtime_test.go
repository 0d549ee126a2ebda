package rules

import (
	"fmt"
	"strings"
	"testing"

	"casefile/analyze"
)

func TestFinalizerBacklog(t *testing.T) {
	inside := sleeping + "com.acme.Image.finalize(Image.java:9)\njava.lang.System$2.invokeFinalize(java.base@17.0.15/System.java:2314)\njava.lang.ref.Finalizer.runFinalizer(java.base@17.0.15/Finalizer.java:88)"
	waits := "java.lang.Object.wait(java.base@17.0.15/Native Method)\njava.lang.ref.ReferenceQueue.remove(java.base@17.0.15/ReferenceQueue.java:155)"
	in := func(dumps ...bool) string {
		return scene(len(dumps), every, func(i int, s *stage) {
			if dumps[i] {
				s.finalizer(inside)
			} else {
				s.finalizer(waits)
			}
		})
	}
	for _, e := range []expected{
		{name: "always", text: in(true, true, true, true), found: []string{"warning finalizer-backlog"}, title: "Finalizer is inside Image.finalize in 4 of 4 dumps: it sleeps",
			cites: []string{"Finalizer", "Finalizer", "Finalizer", "Finalizer"}, conf: analyze.High},
		{name: "now and then", text: in(true, false, true, false)},
		{name: "never", text: in(false, false, false)},
	} {
		t.Run(e.name, e.check)
	}
}

// carrier writes a thread that runs a virtual thread, as JDK 25 prints it.
func (s *stage) carrier(n int, virtual string) {
	fmt.Fprintf(&s.text, "\"ForkJoinPool-1-worker-%d\" #%d [%d] daemon prio=5 os_prio=0 cpu=0.68ms elapsed=%.2fs tid=0x%016x  [0x00007f4c97ffd000]\n   Carrying virtual thread #%d\n"+
		"\tat jdk.internal.vm.Continuation.run(java.base@25.0.3/Continuation.java:251)\n\tat java.util.concurrent.ForkJoinPool.runWorker(java.base@25.0.3/ForkJoinPool.java:2019)\n"+
		"   Mounted virtual thread #%d\n", n, 500+n, 9000+n, (100*1e9+float64(s.at))/1e9, 0x7f0000400000+n*0x100, 600+n, 600+n)
	for line := range strings.Lines(virtual) {
		fmt.Fprintf(&s.text, "\tat %s\n", strings.TrimSpace(line))
	}
	s.text.WriteString("\n")
}

func TestPinnedVirtualThreads(t *testing.T) {
	pinned := "jdk.internal.misc.Unsafe.park(java.base@25.0.3/Native Method)\njava.lang.VirtualThread.parkOnCarrierThread(java.base@25.0.3/VirtualThread.java:819)\njava.lang.Thread.sleep(java.base@25.0.3/Thread.java:577)\n" +
		"com.acme.Slow.<clinit>(Slow.java:5)\ncom.acme.Job.run(Job.java:9)\njava.lang.VirtualThread.run(java.base@25.0.3/VirtualThread.java:460)"
	works := "com.acme.Job.parse(Job.java:12)\ncom.acme.Job.run(Job.java:9)\njava.lang.VirtualThread.run(java.base@25.0.3/VirtualThread.java:460)"
	on := func(stacks ...string) string {
		return scene(3, every, func(i int, s *stage) {
			for n, stack := range stacks {
				s.carrier(n+1, stack)
			}
		})
	}
	for _, c := range []struct {
		name, text, severity, title string
	}{
		{"all", on(pinned, pinned), "critical", "All 2 carriers of virtual threads are pinned by virtual threads that wait in the initialiser of Slow"},
		{"half", on(pinned, works), "warning", "1 of 2 carriers of virtual threads is pinned by virtual threads that wait in the initialiser of Slow"},
		{"one of four", on(pinned, works, works, works), "info", "1 of 4 carriers of virtual threads is pinned by virtual threads that wait in the initialiser of Slow"},
		{"ordinary work", on(works, works), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := run(t, caseOf(parseText(t, "threads/dumps.txt", c.text)))
			f := find(res, "pinned-virtual-threads")
			if c.severity == "" {
				if len(res.Findings) > 0 {
					t.Error(show(res.Findings))
				}
				return
			}
			if f == nil || len(res.Findings) != 1 || string(f.Severity) != c.severity || f.Title != c.title {
				t.Fatal(show(res.Findings))
			}
			complete(t, *f)
		})
	}
}

func TestGoService(t *testing.T) {
	goroutine := func(id int, state, top, creator string) string {
		return fmt.Sprintf("goroutine %d [%s]:\n%s\ncreated by %s in goroutine 1\n\t/src/main.go:9 +0x1f\n\n", id, state, top, creator)
	}
	mutex := "sync.runtime_SemacquireMutex(0x1, 0x0, 0x1)\n\t/go/src/runtime/sema.go:95 +0x25\nsync.(*Mutex).Lock(...)\n\t/go/src/sync/mutex.go:90\nmain.(*ledger).book(0xc000012345)\n\t/src/problems.go:66 +0x2a\nmain.contended.func1()\n\t/src/problems.go:52 +0x1f"
	parked := "main.forget.func1()\n\t/src/problems.go:80 +0x1f"
	dumps := func(n func(i int) string) *analyze.Case {
		all := parseText(t, "go-0", n(0))
		for i := 1; i < 4; i++ {
			all = append(all, parseText(t, fmt.Sprintf("go-%d", i), n(i))...)
		}
		return serviceOf(all)
	}
	repeat := func(from, n int, state, top, creator string) string {
		var b strings.Builder
		for k := range n {
			b.WriteString(goroutine(from+k, state, top, creator))
		}
		return b.String()
	}
	main := "goroutine 1 [IO wait]:\nmain.main()\n\t/src/main.go:9 +0x1f\n\n"
	for _, c := range []struct {
		name string
		c    *analyze.Case
		want []string
		part string
	}{
		{"mutex", dumps(func(i int) string { return main + repeat(10, 7, "sync.Mutex.Lock", mutex, "main.contended") }), []string{"warning lock-contention"}, "7 goroutines wait for a mutex in main.(*ledger).book"},
		{"mutex, two wait", dumps(func(i int) string { return main + repeat(10, 2, "sync.Mutex.Lock", mutex, "main.contended") }), nil, ""},
		{"leak", dumps(func(i int) string { return main + repeat(10, 5+20*i, "chan receive", parked, "main.forget") }), []string{"warning thread-leak"}, "goroutines grew from 5 to 65"},
		{"parked", dumps(func(i int) string { return main + repeat(10, 65, "chan receive", parked, "main.forget") }), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := run(t, c.c)
			if got := listed(res.Findings); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Fatalf("got %v, want %v\n%s", got, c.want, show(res.Findings))
			}
			if len(c.want) > 0 && (!strings.Contains(res.Findings[0].Title, c.part) || res.Findings[0].Subject != "ledger" || len(res.Findings[0].Evidence) == 0) {
				t.Error(show(res.Findings))
			}
		})
	}
}
