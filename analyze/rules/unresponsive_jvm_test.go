package rules

import (
	"fmt"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/bundle/format/entries"
)

func TestUnresponsiveJVM(t *testing.T) {
	looks := func(n int, l analyze.Look) func(*analyze.JVM) {
		return func(j *analyze.JVM) {
			for i := range n {
				l.Source = fmt.Sprintf("threads/dump-%02d-stuck.tsv", i+1)
				j.Looks = append(j.Looks, l)
			}
		}
	}
	vm := func(wchan string) analyze.LookThread {
		return analyze.LookThread{Name: "VM Thread", State: 'S', Wchan: wchan, Line: 9}
	}
	loop := analyze.LookThread{Name: "price-recompute", NID: 0x1000 + 1, State: 'R', Line: 17}
	for _, c := range []struct {
		name   string
		change func(*analyze.JVM)
		reason string // of the ledger
		cause  entries.Cause
		dumps  bool
		want   analyze.Severity
		title  string
	}{
		{name: "stopped", change: looks(2, analyze.Look{Threads: 30, Stopped: 30}), reason: "the process is stopped (SIGSTOP, a debugger or a frozen container)", cause: entries.Stopped, want: analyze.Critical, title: "The JVM is stopped: all its threads"},
		{name: "a loop without polls", change: looks(2, analyze.Look{Threads: 30, Running: []analyze.LookThread{{Name: "C2 CompilerThre", State: 'R'}, loop}, VM: vm("hrtimer_nanosleep")}), want: analyze.Critical,
			title: "The JVM waits for a safepoint that one of its threads does not reach: price-recompute runs on"},
		{name: "the loop has a dump from before", dumps: true, change: looks(2, analyze.Look{Threads: 30, Running: []analyze.LookThread{loop}, VM: vm("hrtimer_nanosleep")}), want: analyze.Critical,
			title: "The JVM waits for a safepoint that one of its threads does not reach: price-recompute-1 runs on, in an earlier dump in Prices.recompute"},
		{name: "once, between dumps", dumps: true, change: looks(1, analyze.Look{Threads: 30, Running: []analyze.LookThread{loop}, VM: vm("hrtimer_nanosleep")}), want: analyze.Warning, title: "The JVM waits for a safepoint"},
		{name: "pending, but not in these looks", change: looks(2, analyze.Look{Threads: 30, Running: []analyze.LookThread{loop}, VM: analyze.LookThread{Name: "VM Thread", State: 'R', Line: 9}}), reason: "the JVM waits for a safepoint that one of its threads does not reach", cause: entries.SafepointPending, want: analyze.Critical,
			title: "The JVM waits for a safepoint that one of its threads does not reach: price-recompute runs on"},
		{name: "a long collection", change: looks(2, analyze.Look{Threads: 30, Running: []analyze.LookThread{{Name: "GC Thread#0", State: 'R', Line: 5}}, VM: vm("futex_wait_queue")}), want: analyze.Critical, title: "The JVM collects garbage"},
		{name: "a disk", change: looks(1, analyze.Look{Threads: 30, Disk: 20, VM: analyze.LookThread{Name: "VM Thread", State: 'D'}}), want: analyze.Critical, title: "The JVM waits for a disk"},
		{name: "not seen why", change: looks(1, analyze.Look{Threads: 30, VM: vm("futex_wait_queue")}), reason: "the JVM did not answer in time", cause: entries.NoAnswer, want: analyze.Critical, title: "The JVM did not answer; the states"},
		{name: "attach is off", change: looks(3, analyze.Look{Threads: 30, Running: []analyze.LookThread{loop}, VM: vm("futex_wait_queue")}), reason: "attach is switched off in this JVM (-XX:+DisableAttachMechanism)", cause: entries.Refused},
		{name: "healthy", dumps: true, change: func(*analyze.JVM) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := scene(3, every, func(i int, s *stage) {
				s.thread("price-recompute-1", "RUNNABLE", 0, "com.acme.Prices.recompute(Prices.java:9)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
				s.system()
			})
			cs := caseOf(parseText(t, "threads/dumps.txt", text))
			j := cs.Nodes[0].JVMs[0]
			if !c.dumps {
				j.Dumps = nil
			}
			c.change(j)
			if c.reason != "" {
				cs.Gaps = []analyze.Gap{{Node: "n1", Target: "4711-shop", Item: entries.ItemThreadDumps, Cause: c.cause, Reason: c.reason}}
			}
			res, err := analyze.Run(t.Context(), cs, []*analyze.Rule{rule(ids.UnresponsiveJVM)})
			if err != nil || len(res.Broken) > 0 {
				t.Fatal(err, res.Broken)
			}
			reworded(t, cs, res, []*analyze.Rule{rule(ids.UnresponsiveJVM)})
			actable(t, res)
			f := find(res, "unresponsive-jvm")
			switch {
			case c.want == "" && f != nil:
				t.Error(show(res.Findings))
			case c.want == "":
			case f == nil || f.Severity != c.want || !strings.HasPrefix(f.Title, c.title):
				t.Errorf("want %s %s\n%s", c.want, c.title, show(res.Findings))
			default:
				complete(t, *f)
				if !strings.Contains(f.Explanation, c.reason) || !strings.HasPrefix(f.Evidence[0].Entry, "threads/dump-01-stuck.tsv") {
					t.Error(show(res.Findings))
				}
			}
		})
	}
}
