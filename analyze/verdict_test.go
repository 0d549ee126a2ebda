package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze/applog"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/threads"
)

// dumpsEvery gives a JVM with so many dumps of a healthy application of some age.
func dumpsEvery(t *testing.T, n int, step, age time.Duration) *JVM {
	t.Helper()
	var b strings.Builder
	for i := range n {
		at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC).Add(time.Duration(i) * step)
		old := (age + time.Duration(i)*step).Seconds()
		fmt.Fprintf(&b, "%s\nFull thread dump OpenJDK 64-Bit Server VM (21.0.2+13 mixed mode):\n\n", at.Format(time.DateTime))
		fmt.Fprintf(&b, "\"main\" #1 prio=5 os_prio=0 cpu=10.00ms elapsed=%.2fs tid=0x00007f1 nid=12 runnable  [0x0]\n", old)
		b.WriteString("   java.lang.Thread.State: RUNNABLE\n\tat com.example.Main.main(Main.java:3)\n\n")
	}
	dumps, info, err := threads.ParseAll("dumps.txt", strings.NewReader(b.String()))
	if err != nil || len(dumps) != n {
		t.Fatalf("%d dumps, %v", len(dumps), err)
	}
	return &JVM{Target: "dumps.txt", Dumps: threads.NewSeries(dumps, nil), DumpInfo: []threads.Summary{info}}
}

func gcOf(t *testing.T, lines ...string) *JVM {
	t.Helper()
	log, err := gclog.Parse("gc.log", strings.NewReader(strings.Join(lines, "\n")+"\n"), gclog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &JVM{Target: "gc.log", GC: []*gc.Log{log}}
}

// profiled gives a Go service with dumps at one level of debug, of the same healthy goroutine.
func profiled(t *testing.T, dump string) *Node {
	t.Helper()
	var all []*threads.Dump
	for i := range 3 {
		dumps, _, err := threads.ParseAll("goroutines.txt", strings.NewReader(dump))
		if err != nil || len(dumps) != 1 {
			t.Fatalf("%d dumps, %v", len(dumps), err)
		}
		dumps[0].Time = time.Date(2026, 3, 1, 10, 0, 10*i, 0, time.UTC)
		all = append(all, dumps...)
	}
	info := threads.Summary{Threads: 1, Lines: 4}
	return &Node{Name: "a", Services: []*Service{{Target: "shop", Goroutines: threads.NewSeries(all, nil), DumpInfo: []threads.Summary{info}}}}
}

const (
	goDebug1 = "goroutine profile: total 1\n1 @ 0x43e0 0x45a1\n#\t0x45a0\tmain.main+0x20\t/srv/main.go:9\n"
	goDebug2 = "goroutine 1 [IO wait]:\nmain.main()\n\t/srv/main.go:9 +0x20\n"
)

func pauseAt(s float64) string {
	return fmt.Sprintf("[%.3fs][info][gc] GC(1) Pause Young (Normal) (G1 Evacuation Pause) 9M->5M(16M) 1.000ms", s)
}

func TestHeadline(t *testing.T) {
	node := func(name string, jvms ...*JVM) *Node { return &Node{Name: name, JVMs: jvms} }
	find := func(s Severity, nodes ...string) Finding { return Finding{Severity: s, Nodes: nodes} }
	after := func(f Finding) Finding { f.ConsequenceOf = 1; return f }
	for name, c := range map[string]struct {
		nodes    []*Node
		findings []Finding
		kind     VerdictKind
		text     string
	}{
		"nothing":        {nil, nil, CannotTell, "nothing was captured"},
		"six dumps":      {[]*Node{node("a", dumpsEvery(t, 6, 10*time.Second, time.Hour))}, nil, NothingFound, "6 thread dumps over 50 s"},
		"one dump":       {[]*Node{node("a", dumpsEvery(t, 1, 0, time.Hour))}, nil, CannotTell, "one thread dump"},
		"debug=1":        {[]*Node{profiled(t, goDebug1)}, nil, CannotTell, "take goroutine?debug=2"},
		"debug=2":        {[]*Node{profiled(t, goDebug2)}, nil, NothingFound, "3 goroutine dumps over 20 s"},
		"in a second":    {[]*Node{node("a", dumpsEvery(t, 3, time.Second, time.Hour))}, nil, CannotTell, "of 2 s only"},
		"starting":       {[]*Node{node("a", dumpsEvery(t, 3, 5*time.Second, time.Second))}, nil, CannotTell, "starting"},
		"an hour of GC":  {[]*Node{node("a", gcOf(t, pauseAt(100), pauseAt(3700)))}, nil, NothingFound, "2 pauses of garbage collection over 60 min"},
		"short GC":       {[]*Node{node("a", gcOf(t, pauseAt(100), pauseAt(102)))}, nil, CannotTell, "covers 2 s only"},
		"untimed GC":     {[]*Node{node("a", gcOf(t, "[info][gc] GC(1) Pause Young (Normal) (G1 Evacuation Pause) 9M->5M(16M) 1.000ms"))}, nil, CannotTell, "no time stamps"},
		"logs alone":     {[]*Node{{Name: "a", LooseLogs: []*applog.Log{{Lines: 7}}}}, nil, CannotTell, "known errors only"},
		"enough and one": {[]*Node{node("a", gcOf(t, pauseAt(100), pauseAt(3700)), dumpsEvery(t, 1, 0, time.Hour))}, nil, NothingFound, "one thread dump"},
		"two healthy nodes": {[]*Node{node("a", dumpsEvery(t, 6, 10*time.Second, time.Hour)), node("b", dumpsEvery(t, 3, 10*time.Second, time.Hour))}, nil,
			NothingFound, "on 2 nodes in 9 thread dumps over 20 s to 50 s, 31 of 34 checks"},
		"a note":       {[]*Node{node("a", dumpsEvery(t, 6, 10*time.Second, time.Hour))}, []Finding{find(Info, "a")}, NothingFound, "Nothing found"},
		"one critical": {[]*Node{node("a", dumpsEvery(t, 1, 0, time.Hour))}, []Finding{find(Critical, "a")}, Problems, "1 critical"},
		"three nodes": {[]*Node{node("a"), node("b"), node("c")}, []Finding{find(Critical, "a", "b"), find(Critical, "c"), find(Warning, "c")},
			Problems, "2 critical, 1 warning on 3 nodes"},
		"a cause and what follows": {[]*Node{node("a"), node("b")}, []Finding{find(Critical, "a"), after(find(Critical, "b")), after(find(Info, "a")), find(Info, "a")},
			Problems, "1 critical on 2 nodes, with 1 consequence"},
		"causes and what follows": {[]*Node{node("a")}, []Finding{find(Critical, "a"), after(find(Critical, "a")), after(find(Warning, "a")), find(Warning, "a")},
			Problems, "1 critical, 1 warning, with 2 consequences"},
		"one of two": {[]*Node{node("a"), node("b")}, []Finding{find(Warning, "b"), find(Warning, "b"), find(Info, "a")}, Problems, "2 warnings on 1 of 2 nodes"},
	} {
		t.Run(name, func(t *testing.T) {
			v := Headline(&Case{Nodes: c.nodes}, &Result{Findings: c.findings, Checks: 34, NotEvaluated: make([]NotEvaluated, 3)})
			if v.Kind != c.kind || !strings.Contains(v.Text, c.text) || c.kind == Problems && v.Text != c.text {
				t.Errorf("%s: %q, want %s: %q", v.Kind, v.Text, c.kind, c.text)
			}
			if v.Kind == NothingFound && !slices.Contains(v.Examined, "31 of 34 checks") {
				t.Errorf("examined: %q", v.Examined)
			}
		})
	}
}
