package threads

import (
	"strings"
	"testing"
)

func TestCorpusDeadlocksFromGraph(t *testing.T) {
	seen := 0
	for _, path := range corpusFiles(t) {
		dumps, _ := parseFile(t, path)
		for _, d := range dumps {
			got := NewLockGraph(d).Deadlocks()
			want := d.ReportedDeadlocks
			if strings.HasSuffix(path, "thread-dump-deadlock.txt") { // two threads, and no report
				want = 1
			}
			if len(got) != want {
				t.Errorf("%s line %d: %d cycles in the graph, the JVM reports %d", path, d.Line, len(got), d.ReportedDeadlocks)
			}
			seen += len(got)
			bare := *d
			bare.Reported = nil
			if n := len(NewLockGraph(&bare).Deadlocks()); n != want {
				t.Errorf("%s line %d: %d cycles without the JVM's report, want %d", path, d.Line, n, want)
			}
		}
	}
	if seen == 0 {
		t.Error("no deadlock in the whole corpus")
	}
}

func graphOf(t *testing.T, threads ...script) (*LockGraph, map[string]*Thread) {
	t.Helper()
	dumps, _ := parseText(t, scriptText(0, true, threads...))
	byName := map[string]*Thread{}
	for _, th := range dumps[0].Threads {
		byName[th.Name] = th
	}
	return NewLockGraph(dumps[0]), byName
}

// A thread in Object.wait has let its monitor go, also when the JVM no longer knows which one it waits for.
func TestWaiterHoldsNothing(t *testing.T) {
	for _, line := range []string{"- waiting on <0x00000000000000aa> (a A)\n", "- waiting on <no object reference available>\n", ""} {
		g, th := graphOf(t,
			script{"waits", 1, 1, "in Object.wait()", "java.lang.Object.wait(Native Method)\n" + line + "A.await(A.java:1)\n- locked <0x00000000000000aa> (a A)"},
			script{"holds", 2, 1, "runnable", "A.work(A.java:2)\n- locked <0x00000000000000aa> (a A)"},
			script{"wants", 3, 1, "waiting for monitor entry", "A.work(A.java:2)\n- waiting to lock <0x00000000000000aa> (a A)"})
		s := g.BlockedOn(th["wants"])
		if s == nil || s.Owner != th["holds"] || len(s.WaitingOn) != 1 {
			t.Errorf("with %q: %+v", line, s)
		}
	}
}

// A monitor, an ownable synchronizer and a class initialisation in one cycle, which no JVM reports.
func TestMixedDeadlock(t *testing.T) {
	dumps, _ := parseText(t, `Full thread dump OpenJDK 64-Bit Server VM (25):

"a" #1 prio=5 tid=0x1 nid=1 waiting for monitor entry [0x1]
	at A.one(A.java:1)
	- waiting to lock <0x00000000000000aa> (a A)
	at A.run(A.java:2)

   Locked ownable synchronizers:
	- <0x00000000000000cc> (a java.util.concurrent.locks.ReentrantLock$NonfairSync)

"b" #2 prio=5 tid=0x2 nid=2 in Object.wait() [0x1]
   java.lang.Thread.State: RUNNABLE
	at B.two(B.java:1)
	- waiting on the Class initialization monitor for com.acme.Init
	at B.run(B.java:2)
	- locked <0x00000000000000aa> (a A)

"c" #3 prio=5 tid=0x3 nid=3 waiting on condition [0x1]
   java.lang.Thread.State: WAITING (parking)
	at jdk.internal.misc.Unsafe.park(Native Method)
	- parking to wait for  <0x00000000000000cc> (a java.util.concurrent.locks.ReentrantLock$NonfairSync)
	at java.util.concurrent.locks.ReentrantLock.lock(ReentrantLock.java:1)
	at com.acme.Init.<clinit>(Init.java:3)
	at C.run(C.java:2)

"d" #4 prio=5 tid=0x4 nid=4 waiting for monitor entry [0x1]
	at A.one(A.java:1)
	- waiting to lock <0x00000000000000aa> (a A)

JNI global refs: 1
`)
	g := NewLockGraph(dumps[0])
	dl := g.Deadlocks()
	if len(dl) != 1 || len(dl[0].Threads) != 3 {
		t.Fatalf("got %+v", dl)
	}
	for i, want := range []LockKind{Locked, ClassInit, OwnsSynchronizer} {
		if got := dl[0].Locks[i]; got.Kind != want || got.Owner != dl[0].Threads[(i+1)%3] {
			t.Errorf("lock %d is %v of %q", i, got.Kind, got.Owner.Name)
		}
	}
	if c := g.Chains(); len(c) != 0 {
		t.Errorf("a deadlock has no root: %+v", c)
	}
}

func TestChains(t *testing.T) {
	g, th := graphOf(t,
		script{"root", 1, 1, "runnable", "A.slow(A.java:1)\n- locked <0x00000000000000aa> (a A)"},
		script{"middle", 2, 1, "waiting for monitor entry", "A.next(A.java:2)\n- waiting to lock <0x00000000000000aa> (a A)\nB.b(B.java:1)\n- locked <0x00000000000000bb> (a B)"},
		script{"leaf-1", 3, 1, "waiting for monitor entry", "B.b(B.java:1)\n- waiting to lock <0x00000000000000bb> (a B)"},
		script{"leaf-2", 4, 1, "waiting for monitor entry", "B.b(B.java:1)\n- waiting to lock <0x00000000000000bb> (a B)"},
		script{"other", 5, 1, "waiting for monitor entry", "C.c(C.java:1)\n- waiting to lock <0x00000000000000dd> (a C)"})
	c := g.Chains()
	if len(c) != 1 || c[0].Root != th["root"] || len(c[0].Blocked) != 3 || c[0].Direct != 1 || c[0].Depth != 2 || c[0].Blocked[0] != th["middle"] {
		t.Errorf("got %+v", c)
	}
	if s := g.BlockedOn(th["other"]); s == nil || s.Owner != nil {
		t.Errorf("an owner out of nothing: %+v", s)
	}
	if len(g.Deadlocks()) != 0 {
		t.Error("a chain is no deadlock")
	}
}

// An identity hash is not an address: two objects of different classes may share one.
func TestHashIsNoAddress(t *testing.T) {
	dumps, _ := parseText(t, "\"a\" Id=1 BLOCKED on A@1b\n\tat A.a(A.java:1)\n\t-  locked B@2c\n\n\"b\" Id=2 BLOCKED on C@2c\n\tat A.a(A.java:1)\n\t-  locked A@1b\n\n")
	if n := len(NewLockGraph(dumps[0]).Deadlocks()); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
}
