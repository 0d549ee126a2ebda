package rules

import (
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/ids"
	"casefile/analyze/jfr"
	"casefile/analyze/profile/fromjfr"
	"casefile/analyze/rules/recordings"
	"casefile/analyze/say"
)

// tape is a recording made by hand, of a minute on two CPUs.
type tape struct {
	*jfr.Recording
	functions map[string]int32
}

func newTape(jvmCPU, machine float32) *tape {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	t := &tape{&jfr.Recording{Source: "jfr/r.jfr", Chunks: 1, Events: map[string]int64{}, Start: start, End: start.Add(time.Minute), Covered: time.Minute,
		Threads: []jfr.Thread{{}}, Stacks: []jfr.Stack{{}}, Texts: []string{""}, Spans: []jfr.Span{{}}}, map[string]int32{}}
	t.System.HWThreads = 2
	t.JVM.Started = start.Add(-time.Hour)
	t.Load.CPU = []jfr.CPULoad{{Time: start, User: jvmCPU, Machine: machine}}
	return t
}

func (t *tape) text(s string) int32 {
	for i, known := range t.Texts {
		if known == s {
			return int32(i)
		}
	}
	t.Texts = append(t.Texts, s)
	return int32(len(t.Texts) - 1)
}

// add records events of a kind: stack is innermost first.
func (t *tape) add(event string, kind jfr.Kind, thread, detail string, count, amount int64, stack ...string) *tape {
	var frames []jfr.Frame
	for _, name := range stack {
		id, known := t.functions[name]
		if !known {
			at := strings.LastIndex(name, ".")
			id = int32(len(t.Functions))
			t.functions[name] = id
			t.Functions = append(t.Functions, jfr.Function{Class: name[:at], Method: name[at+1:]})
		}
		frames = append(frames, jfr.Frame{Function: id, Line: 7})
	}
	t.Threads = append(t.Threads, jfr.Thread{Name: thread})
	t.Stacks = append(t.Stacks, jfr.Stack{Frames: frames})
	t.Samples = append(t.Samples, jfr.Sample{Kind: kind, Stack: int32(len(t.Stacks) - 1), Thread: int32(len(t.Threads) - 1), Detail: t.text(detail), Count: count, Amount: amount, Estimate: amount, Max: amount / count})
	t.Events[event] += count
	return t
}

func (t *tape) cpu(count int64, stack ...string) *tape {
	return t.add("jdk.ExecutionSample", jfr.Execution, "http-nio-8080-exec-1", "", count, 0, stack...)
}

func (t *tape) run(tt *testing.T) *analyze.Result {
	tt.Helper()
	profiles, err := fromjfr.Profiles(t.Recording)
	if err != nil {
		tt.Fatal(err)
	}
	n := &analyze.Node{Name: "n1"}
	n.JVMs = []*analyze.JVM{{Node: n, Target: "4711-shop", PID: 4711, Recordings: []*jfr.Recording{t.Recording}, Profiles: profiles}}
	res, err := analyze.Run(tt.Context(), &analyze.Case{Nodes: []*analyze.Node{n}}, recordings.Rules())
	if err != nil || len(res.Broken) > 0 {
		tt.Fatal(err, res.Broken)
	}
	actable(tt, res)
	return res
}

const (
	checkout = "shop.Checkout.total"
	request  = "javax.servlet.http.HttpServlet.service"
	runs     = "java.lang.Thread.run"
)

func TestRecordedRules(t *testing.T) {
	second := int64(time.Second)
	blocked := func(seconds int64) *tape {
		return newTape(0.2, 0.3).add("jdk.JavaMonitorEnter", jfr.MonitorEnter, "http-nio-8080-exec-1", "shop.InventoryCache", 100, seconds*second, "shop.InventoryCache.available", checkout, request, runs)
	}
	throws := func(n int64) *tape {
		tp := newTape(0.5, 0.6).cpu(100, checkout)
		tp.Events["jdk.ExceptionStatistics"], tp.JVM.Throwables, tp.JVM.ThrowablesOver = 60, n, time.Minute
		return tp
	}
	read := func(thread string, kind jfr.Kind, n, each int64, stack ...string) *tape {
		return newTape(0.2, 0.3).add("jdk.SocketRead", kind, thread, "10.0.0.7:443", n, n*each, stack...)
	}
	hashing := []string{"java.util.HashMap.hash", "shop.Prices.find", checkout, request, runs}
	for _, c := range []struct {
		name   string
		tape   *tape
		want   []string
		titles []string // parts of the titles, in order
	}{
		{"hot method on a busy machine", newTape(0.9, 0.95).cpu(700, hashing...).cpu(150, checkout).cpu(150, "shop.Other.work"),
			[]string{"warning hot-code"}, []string{"Prices.find takes 70 % of the JVM's CPU: 1.26 cores"}},
		{"hot method with CPU to spare", newTape(0.5, 0.5).cpu(700, hashing...).cpu(150, checkout).cpu(150, "shop.Other.work"), []string{"info hot-code"}, nil},
		{"something is always hottest in an idle service", newTape(0.02, 0.3).cpu(90, hashing...).cpu(10, checkout), nil, nil},
		{"a single sample", newTape(0.9, 0.95).cpu(1, hashing...), nil, nil},
		{"no method stands out", newTape(0.9, 0.95).cpu(19, "shop.A.a").cpu(18, "shop.B.b").cpu(17, "shop.C.c").cpu(16, "shop.D.d").cpu(15, "shop.E.e").cpu(15, "shop.F.f"), nil, nil},
		{"regular expressions", newTape(0.9, 0.95).cpu(30, "java.util.regex.Pattern$Loop.match", "java.util.regex.Matcher.find", "shop.Search.clean", request).cpu(19, "shop.A.a").cpu(18, "shop.B.b").cpu(17, "shop.C.c").cpu(16, "shop.D.d"),
			[]string{"warning costly-calls", "warning hot-code"}, []string{"30 % of the JVM's CPU go into regular expressions, most of it for Search.clean", ""}},
		{"logging, a little", newTape(0.9, 0.95).cpu(9, "ch.qos.logback.classic.Logger.info", "shop.A.a").cpu(19, "shop.B.b").cpu(18, "shop.C.c").cpu(18, "shop.D.d").cpu(18, "shop.E.e").cpu(18, "shop.F.f"), nil, nil},
		{"a request passes the access log on its way", newTape(0.9, 0.95).cpu(30, "java.util.HashMap.hash", "shop.Prices.find", request, "org.apache.catalina.valves.AbstractAccessLogValve.invoke", "org.apache.catalina.connector.CoyoteAdapter.service").
			cpu(19, "shop.A.a").cpu(18, "shop.B.b").cpu(17, "shop.C.c").cpu(16, "shop.D.d"), []string{"warning hot-code"}, []string{"Prices.find takes 30 %"}},
		{"a launcher loads the main class", newTape(0.9, 0.95).cpu(30, "java.util.HashMap.hash", "shop.Import.run", "shop.Main.main", "org.springframework.boot.loader.launch.Launcher.launch").
			cpu(19, "shop.A.a").cpu(18, "shop.B.b").cpu(17, "shop.C.c").cpu(16, "shop.D.d"), []string{"warning hot-code"}, []string{"Import.run takes 30 %"}},
		{"allocation", newTape(0.2, 0.3).add("jdk.ObjectAllocationSample", jfr.AllocSample, "w", "byte[]", 900, 9e9, "java.util.Arrays.copyOf", "shop.Export.row", checkout).
			add("jdk.ObjectAllocationSample", jfr.AllocSample, "w", "java.lang.String", 100, 1e9, "shop.A.a"),
			[]string{"info allocation-site"}, []string{"Export.row allocates 90 % of 159 MB/s: byte[] (100 %)"}},
		{"boxes", newTape(0.2, 0.3).add("jdk.ObjectAllocationSample", jfr.AllocSample, "w", "java.lang.Integer", 200, 2e9, "java.lang.Integer.valueOf", "shop.Count.up", checkout).
			add("jdk.ObjectAllocationSample", jfr.AllocSample, "w", "byte[]", 200, 2e9, "shop.A.a").add("jdk.ObjectAllocationSample", jfr.AllocSample, "w", "byte[]", 200, 2e9, "shop.B.b").
			add("jdk.ObjectAllocationSample", jfr.AllocSample, "w", "byte[]", 200, 2e9, "shop.C.c").add("jdk.ObjectAllocationSample", jfr.AllocSample, "w", "byte[]", 200, 2e9, "shop.D.d"),
			[]string{"info allocation-site"}, []string{"20 % of all allocation are boxes of primitive values, most of it for Count.up"}},
		{"little allocation", newTape(0.2, 0.3).add("jdk.ObjectAllocationSample", jfr.AllocSample, "w", "byte[]", 900, 1e9, "shop.Export.row"), nil, nil},
		{"a lock", blocked(600), []string{"warning lock-site"}, []string{"On average 10 threads are blocked at InventoryCache, most in InventoryCache.available"}},
		{"a lock, now and then", blocked(40), []string{"info lock-site"}, nil},
		{"a lock, rarely", blocked(10), nil, nil},
		{"waiting for work is no lock", newTape(0.2, 0.3).add("jdk.ThreadPark", jfr.Park, "pool-1-thread-1", "java.util.concurrent.locks.AbstractQueuedSynchronizer$ConditionObject", 100, 600*second, "jdk.internal.misc.Unsafe.park", runs), nil, nil},
		{"slow peer", read("http-nio-8080-exec-4", jfr.SocketRead, 100, 4*second, "java.net.Socket$SocketInputStream.read", "shop.Recommendations.fetch", checkout, request, runs),
			[]string{"warning io-site"}, []string{"10.0.0.7:443: socket read under Recommendations.fetch took up to 4 s, on average 6.67 threads wait there"}},
		{"one slow answer", read("http-nio-8080-exec-4", jfr.SocketRead, 1, 3*second, "java.net.Socket$SocketInputStream.read", "shop.Recommendations.fetch", runs), []string{"info io-site"}, nil},
		{"a reader of a cluster connection", read("hz.main.IO.thread-in-0", jfr.SocketRead, 100, 4*second, "java.net.Socket$SocketInputStream.read", "shop.Cluster.receive", runs), nil, nil},
		{"waiting for the user's client", read("http-nio-8080-exec-4", jfr.SocketRead, 100, 4*second, "java.net.Socket$SocketInputStream.read", "org.apache.coyote.http11.Http11InputBuffer.fill", "org.apache.coyote.http11.Http11Processor.service", runs), nil, nil},
		{"slow disk", read("journal", jfr.FileForce, 1200, second/10, "sun.nio.ch.FileDispatcherImpl.force0", "shop.Journal.sync", runs), []string{"warning io-site"}, nil},
		{"exceptions", throws(720_000), []string{"warning exception-flow"}, []string{"12 000 exceptions a second are made"}},
		{"many exceptions", throws(360_000), []string{"info exception-flow"}, nil},
		{"some exceptions", throws(6000), nil, nil},
		{"exceptions in the CPU profile", newTape(0.9, 0.95).cpu(19, "java.lang.Throwable.fillInStackTrace", "java.lang.Throwable.<init>", "shop.Parse.number").cpu(19, "shop.B.b").cpu(18, "shop.C.c").cpu(18, "shop.D.d").cpu(18, "shop.E.e"),
			[]string{"warning exception-flow"}, []string{"Parse.number"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := c.tape.run(t)
			var got []string
			for _, f := range res.Findings {
				if f.ID == "hot-code" && (c.want == nil || c.want[len(c.want)-1] != string(f.Severity)+" hot-code") {
					continue // of a few methods each has a share
				}
				got = append(got, string(f.Severity)+" "+f.ID)
				complete(t, f)
			}
			if strings.Join(got, ", ") != strings.Join(c.want, ", ") {
				t.Fatalf("got %v, want %v\n%s", got, c.want, show(res.Findings))
			}
			for i, part := range c.titles {
				if !strings.Contains(res.Findings[i].Title, part) {
					t.Errorf("title %q lacks %q", res.Findings[i].Title, part)
				}
			}
		})
	}
}

// What a recording lacks is told, not passed over.
func TestRecordedRulesWithoutRecording(t *testing.T) {
	n := &analyze.Node{Name: "n1"}
	n.JVMs = []*analyze.JVM{{Node: n, Target: "4711-shop"}}
	res, err := analyze.Run(t.Context(), &analyze.Case{Nodes: []*analyze.Node{n}}, recordings.Rules())
	if err != nil || len(res.Findings) > 0 || len(res.NotEvaluated) != len(recordings.Rules()) {
		t.Errorf("%v, %v", res, err)
	}
	short := newTape(0.9, 0.95).cpu(100, checkout)
	short.Covered = time.Second
	if res := short.run(t); len(res.Findings) > 0 {
		t.Error(show(res.Findings))
	}
}

// A recording has the stack of each call of System.gc, which dumps only meet by chance.
func TestExplicitCallerOfARecording(t *testing.T) {
	tp := newTape(0.2, 0.3)
	for _, stack := range [][]string{{"java.lang.Runtime.gc", "java.lang.System.gc", "shop.Cleanup.run", runs}, {"java.lang.Runtime.gc", "java.lang.System.gc", "shop.Other.run"}, {"java.lang.Runtime.gc", "java.lang.System.gc", "shop.Cleanup.run", runs}} {
		tp.add("jdk.SystemGC", jfr.Sleep, "cleaner", "", 1, 0, stack...)
		tp.GC.SystemGCs = append(tp.GC.SystemGCs, jfr.SystemGC{Start: tp.Start, Stack: int32(len(tp.Stacks) - 1), Thread: int32(len(tp.Threads) - 1)})
	}
	log := newLog(1024, "G1").every(0.5, 60, 5, fullAsk, 100, 50, 800).log(t)
	res := tp.judge(t, func(_ *analyze.Node, j *analyze.JVM) { j.GC = []*gc.Log{log} }, rule(ids.ExplicitGC))
	f := find(res, ids.ExplicitGC)
	if f == nil || !strings.Contains(f.Advice[0].Action, " in Cleanup.run.") || !strings.Contains(f.Evidence[0].Text, "2 of 3 calls come from") {
		t.Errorf("%+v", f)
	}
}

// judge runs single rules over the recording, next to whatever else the JVM has.
func (t *tape) judge(tt *testing.T, change func(*analyze.Node, *analyze.JVM), rules ...*analyze.Rule) *analyze.Result {
	tt.Helper()
	n := &analyze.Node{Name: "n1"}
	j := &analyze.JVM{Node: n, Target: "4711-shop", PID: 4711, Recordings: []*jfr.Recording{t.Recording}}
	n.JVMs = []*analyze.JVM{j}
	if change != nil {
		change(n, j)
	}
	res, err := analyze.Run(tt.Context(), &analyze.Case{Nodes: []*analyze.Node{n}}, rules)
	if err != nil || len(res.Broken) > 0 {
		tt.Fatal(err, res.Broken)
	}
	return res
}

// JFR of JDK 8 sees compiled loops only with an option: without it, what is hot is doubtful.
func TestHotCodeOfJDK8(t *testing.T) {
	tp := newTape(0.9, 0.95).cpu(500, checkout)
	profiles, err := fromjfr.Profiles(tp.Recording)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		version, options string
		doubtful         bool
	}{{"1.8.0_504", "", true}, {"1.8.0_504", "-XX:+UnlockDiagnosticVMOptions -XX:+DebugNonSafepoints", false}, {"11.0.24+8", "", false}} {
		tp.JVM.Arguments = c.options
		res := tp.judge(t, func(_ *analyze.Node, j *analyze.JVM) { j.Version, j.Profiles = c.version, profiles }, rule(ids.HotCode))
		f := find(res, "hot-code")
		if f == nil {
			t.Fatalf("%s: nothing is hot", c.version)
		}
		if doubtful := f.Confidence == analyze.Low && strings.Contains(f.Explanation, "DebugNonSafepoints"); doubtful != c.doubtful {
			t.Errorf("%s %s: %s, %s", c.version, c.options, f.Confidence, f.Explanation)
		}
	}
}

// A recording stands in for counters, logs and answers of the JVM where these are missing.
func TestRecordingStandsIn(t *testing.T) {
	throttled := func(of, periods int64) *tape {
		tp := newTape(0.5, 0.5)
		tp.JVM.ElapsedSlices, tp.JVM.ThrottledSlices, tp.JVM.ThrottledTime = periods, of, time.Duration(of)*40*time.Millisecond
		tp.System.CPUQuota, tp.System.CPUPeriod = 150*time.Millisecond, 100*time.Millisecond
		return tp
	}
	full := func(n int64) *tape {
		tp := newTape(0.5, 0.5)
		tp.JVM.CodeCacheFull = n
		if n > 0 {
			tp.JVM.CodeCacheFullAt = []time.Time{tp.Start}
		}
		tp.Settings = []jfr.Setting{{Event: "jdk.CodeCacheFull", Name: "enabled", Value: "true"}}
		return tp
	}
	late := func(reach time.Duration) *tape {
		tp := newTape(0.5, 0.5)
		tp.GC.Safepoints = []jfr.Safepoint{{ID: 1, Start: tp.Start.Add(30 * time.Second), Reach: reach, Operation: "PrintThreads", Operated: time.Millisecond}}
		return tp
	}
	answered := func(_ *analyze.Node, j *analyze.JVM) {
		j.CodeCache = &analyze.CodeCache{Source: "vm/codecache.txt", Compiles: true, Heaps: []analyze.CodeHeap{{Name: "CodeCache", Size: 240 * say.MB, Used: say.MB}}}
	}
	for _, c := range []struct {
		name        string
		tape        *tape
		change      func(*analyze.Node, *analyze.JVM)
		rule        *analyze.Rule
		want, title string // no severity: evaluated, nothing found; "-": not evaluated
	}{
		{"throttled", throttled(300, 600), nil, rule(ids.CPUThrottled), "critical", "The CPU limit of 4711-shop (1.5 CPUs) ran out in 50 % of the periods in which it wanted to run"},
		{"a little", throttled(60, 600), nil, rule(ids.CPUThrottled), "warning", ""},
		{"hardly", throttled(6, 600), nil, rule(ids.CPUThrottled), "", ""},
		{"too few periods", throttled(20, 40), nil, rule(ids.CPUThrottled), "", ""},
		{"no limit", newTape(0.5, 0.5), nil, rule(ids.CPUThrottled), "-", ""},
		{"full", full(3), nil, rule(ids.CodeCacheFull), "warning", "The code cache was full 3 times in 60 s"},
		{"never full", full(0), nil, rule(ids.CodeCacheFull), "", ""},
		{"event not recorded", newTape(0.5, 0.5), nil, rule(ids.CodeCacheFull), "-", ""},
		{"the JVM's answer counts", full(3), answered, rule(ids.CodeCacheFull), "", ""},
		{"late", late(4 * time.Second), nil, rule(ids.LongSafepoint), "warning", "Threads stood still for up to 4 s until the last one reached its safepoint; the operation (PrintThreads) took 1 ms"},
		{"in time", late(20 * time.Millisecond), nil, rule(ids.LongSafepoint), "", ""},
		{"no safepoints recorded", newTape(0.5, 0.5), nil, rule(ids.LongSafepoint), "-", ""},
	} {
		res := c.tape.judge(t, c.change, c.rule)
		if evaluated := len(res.NotEvaluated) == 0; evaluated != (c.want != "-") {
			t.Errorf("%s: evaluated %v", c.name, evaluated)
		}
		switch {
		case c.want == "" || c.want == "-":
			if len(res.Findings) > 0 {
				t.Errorf("%s:\n%s", c.name, show(res.Findings))
			}
		case len(res.Findings) != 1 || string(res.Findings[0].Severity) != c.want || c.title != "" && res.Findings[0].Title != c.title:
			t.Errorf("%s:\n%s", c.name, show(res.Findings))
		default:
			for _, e := range res.Findings[0].Evidence {
				if e.Entry != "jfr/r.jfr" {
					t.Errorf("%s: evidence %+v", c.name, e)
				}
			}
		}
	}
}
