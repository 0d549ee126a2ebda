package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/ids"
)

// kind is one kind of what a log may show, as a log of its own, and what must be found in it first.
type kindOfLog struct {
	name, text string
	want       string // id and severity of the first finding; empty: nothing at warning or above
	says       string // part of its title
	never      string // part of no advice of any finding
}

const g1Head = "[0.010s][info][gc] Using G1\n[0.010s][info][gc,init] Version: 17.0.10+7 (release)\n[0.010s][info][gc,init] Heap Max Capacity: 4G\n"

// quiet are quiet collections, one each step seconds.
func quiet(from, to, step int) string {
	var b strings.Builder
	for at := from; at < to; at += step {
		fmt.Fprintf(&b, "[%d.000s][info][gc] GC(%d) Pause Young (Normal) (G1 Evacuation Pause) 2000M->1000M(4096M) 20.000ms\n", at, at/step)
	}
	return b.String()
}

func fullOnes(from, n, every int, sizes, took, cause string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[%d.000s][info][gc] GC(%d) Pause Full (%s) %s %sms\n", from+i*every, 9000+i, cause, sizes, took)
	}
	return b.String()
}

var kindsOfLogs = []kindOfLog{
	{"a long full collection in a long log", g1Head + quiet(60, 20000, 60) + fullOnes(20050, 1, 1, "1500M->900M(4096M)", "45000.000", "G1 Compaction Pause") +
		quiet(20100, 40000, 60), "long-gc-pause warning", "the longest 45 s", "-Xmx0"},
	{"a full heap before a restart", g1Head + quiet(60, 600, 20) + fullOnes(620, 12, 10, "4090M->4080M(4096M)", "8000.000", "G1 Compaction Pause") + g1Head +
		quiet(20, 200, 20), "heap-exhausted critical", "before the restart", "UseG1GC"},
	{"a busy minute", g1Head + quiet(60, 7200, 60) + fullOnes(7210, 12, 5, "3000M->1000M(4096M)", "2500.000", "G1 Compaction Pause") + quiet(7320, 20000, 60),
		"gc-overhead warning", "the worst 5 min", "-> -Xmx4096m"},
	{"a pause whose threads got no CPU", g1Head + quiet(60, 2000, 20) + "[2014.000s][info][gc] GC(8999) Pause Young (Normal) (G1 Evacuation Pause) 2000M->1000M(4096M) 6000.000ms\n" +
		"[2014.000s][info][gc,cpu] GC(8999) User=0.02s Sys=0.01s Real=6.00s\n" + quiet(2020, 4000, 20), "long-gc-pause warning", "threads got 30 ms of CPU in 6 s of pause", "gc+phases"},
	{"a quiet log", g1Head + quiet(60, 20000, 20), "", "", ""},
	{"a slow full collection of the start", g1Head + fullOnes(5, 1, 1, "100M->90M(4096M)", "1200.000", "Metadata GC Threshold") + quiet(60, 20000, 20), "", "", ""},
	{"one short System.gc()", g1Head + quiet(60, 2000, 20) + fullOnes(2001, 1, 1, "1500M->900M(4096M)", "700.000", "System.gc()") + quiet(2020, 4000, 20), "", "", ""},
	{"one long System.gc()", g1Head + quiet(60, 2000, 20) + fullOnes(2010, 1, 1, "1500M->900M(4096M)", "9000.000", "System.gc()") + quiet(2020, 4000, 20),
		"explicit-gc warning", "System.gc() stopped the application for 9 s", ""},
	{"a class histogram", g1Head + quiet(60, 2000, 20) + fullOnes(2010, 1, 1, "1500M->900M(4096M)", "6000.000", "Heap Inspection Initiated GC") + quiet(2020, 4000, 20),
		"long-operation warning", "Heap Inspection", ""},
	{"an agent that redefines classes", g1Head + quiet(60, 2000, 20) + `[2030.000s][info][safepoint] Safepoint "RedefineClasses", Time since last: 1000000000 ns, Reaching safepoint: 100000 ns, Cleanup: 10000 ns, At safepoint: 18000000000 ns, Total: 18000110000 ns
` + quiet(2040, 4000, 20), "long-operation warning", "RedefineClasses stopped the application for 18 s", ""},
	{"one evacuation failure", g1Head + quiet(60, 2000, 20) + "[2008.000s][info][gc] GC(8999) To-space exhausted\n" +
		"[2014.000s][info][gc] GC(8999) Pause Young (Mixed) (G1 Evacuation Pause) 4000M->3000M(4096M) 6000.000ms\n" + quiet(2020, 4000, 20),
		"evacuation-failure warning", "no room to copy to", "MaxGCPauseMillis"},
	{"lows after young collections of Parallel", "[0.010s][info][gc] Using Parallel\n[0.010s][info][gc,init] Heap Max Capacity: 8G\n" + func() string {
		var b strings.Builder
		for i := range 300 {
			fmt.Fprintf(&b, "[%d.000s][info][gc] GC(%d) Pause Young (Allocation Failure) %dM->%dM(8192M) 20.000ms\n", 60+10*i, i, 2000+10*i, 600+10*i)
		}
		return b.String()
	}(), "", "", "leak"},
	{"a step of the live set", g1Head + func() string {
		var b strings.Builder
		for i := range 40 {
			live := 500
			if i >= 20 {
				live = 2600
			}
			b.WriteString(fullOnes(60+60*i, 1, 1, fmt.Sprintf("3000M->%dM(4096M)", live+i%3), "300.000", "G1 Compaction Pause"))
		}
		return b.String()
	}(), "", "", ""},
	{"a leak in full collections", g1Head + func() string {
		var b strings.Builder
		for i := range 40 {
			b.WriteString(fullOnes(60+60*i, 1, 1, fmt.Sprintf("3500M->%dM(4096M)", 500+60*i), "300.000", "G1 Compaction Pause"))
		}
		return b.String()
	}(), "memory-leak warning", "Memory leak", ""},
	{"stalls at noon", "[0.010s][info][gc,init] Initializing The Z Garbage Collector\n[0.010s][info][gc,init] Max Capacity: 8192M\n" + func() string {
		var b strings.Builder
		for i := range 60 {
			fmt.Fprintf(&b, "[%d.000s][info][gc] GC(%d) Garbage Collection (Proactive) 3000M(37%%)->1200M(15%%)\n", 600*(i+1), i)
			if i == 30 {
				for k := range 120 {
					fmt.Fprintf(&b, "[%d.000s][info][gc] Allocation Stall (exec-%d) 9000.000ms\n", 600*(i+1)+4*k, k%8)
				}
			}
		}
		return b.String()
	}(), "allocation-stall warning", "120 times", "-Xmx0"},
	{"Shenandoah that was outrun", "[0.010s][info][gc] Using Shenandoah\n" + func() string {
		var b strings.Builder
		for i := range 200 {
			fmt.Fprintf(&b, "[%d.000s][info][gc] GC(%d) Pause Final Mark 0.200ms\n[%d.100s][info][gc] GC(%d) Concurrent cleanup 3000M->1000M(4096M) 0.100ms\n", 60+10*i, i, 60+10*i, i)
		}
		return b.String() + "[2100.000s][info][gc] GC(300) Pause Full 4000M->2000M(4096M) 5500.000ms\n"
	}(), "long-gc-pause warning", "5.5 s", "UseG1GC"},
	{"Go that collects a small heap all the time", goTrace(18), "gc-overhead warning", "18 % of the program's CPU", "-X"},
	{"Go with a GOGC of 200", strings.ReplaceAll(goTrace(18), "40 MB goal", "60 MB goal"), "gc-overhead warning", "18 % of the program's CPU", "GOGC=200"},
	{"Go that is fine", goTrace(2), "", "", ""},
	{"many short stops that are no collections", g1Head + quiet(60, 600, 20) + func() string {
		var b strings.Builder
		for i := range 400 {
			fmt.Fprintf(&b, "[%d.100s][info][safepoint] Safepoint \"ThreadDump\", Time since last: 900000000 ns, Reaching safepoint: 1000000 ns, At safepoint: 99000000 ns, Total: 100000000 ns\n", 100+i)
		}
		return b.String()
	}(), "long-operation warning", "ThreadDump (400 times, 40 s)", ""},
	{"full collections without stamps", "[Full GC (Metadata GC Threshold)  1858M->616M(3072M), 6.0000000 secs]\n[Full GC (Metadata GC Threshold)  1858M->616M(3072M), 7.0000000 secs]\n",
		"long-gc-pause warning", "no time stamps", ""},
}

// goTrace is a log of a Go program whose collector takes so many per cent of its CPU.
func goTrace(percent int) string {
	var b strings.Builder
	for i := range 600 {
		fmt.Fprintf(&b, "gc %d @%d.%d00s %d%%: 0.10+2.0+0.20 ms clock, 0.40+0.94/1.9/2.9+0.80 ms cpu, 38->39->20 MB, 40 MB goal, 0 MB stacks, 0 MB globals, 4 P\n", i+1, 60+i/10, i%10, percent)
	}
	return b.String()
}

// judgedLog analyses a log, with the lines of an application that stand in it.
func judgedLog(t *testing.T, text string) *analyze.Result {
	t.Helper()
	app := applog.NewScanner("gc.log", nil)
	l, err := gclog.Parse("gc.log", strings.NewReader(text), gclog.Options{Other: app})
	if err != nil {
		t.Fatal(err)
	}
	res := system(t, &analyze.JVM{Target: "gc.log", Version: l.JVMVersion, GC: []*gc.Log{l}}, nil, time.Time{}, time.Time{})
	return res
}

// both are findings of which each says what the other does not: what to do now, and where it comes from.
var both = map[[2]string]bool{{ids.HeapExhausted, ids.MemoryLeak}: true}

// oneStory holds findings that stand for themselves to different evidence and different advice: what rests on the lines of
// another tells the same once more, and two values for one setting leave the reader to choose.
func oneStory(t *testing.T, name string, list []analyze.Finding) {
	t.Helper()
	lines, settings := map[string]string{}, map[string]string{}
	for _, f := range list {
		if f.ConsequenceOf > 0 || !f.Severity.AtLeast(analyze.Warning) {
			continue
		}
		own := map[string]bool{}
		for _, e := range f.Evidence {
			at := e.Entry + ":" + e.Lines
			if other := lines[at]; e.Lines != "" && !both[[2]string{other, f.ID}] && other != "" && !own[at] {
				t.Errorf("%s: %s and %s rest on %s", name, other, f.ID, at)
			}
			lines[at], own[at] = f.ID, true
		}
		for _, a := range f.Advice {
			if other := settings[a.Setting]; a.Setting != "" && other != "" && !own[a.Setting] {
				t.Errorf("%s: %s and %s set %s", name, other, f.ID, a.Setting)
			}
			settings[a.Setting], own[a.Setting] = f.ID, true
		}
	}
}

func TestKindsOfLogs(t *testing.T) {
	for _, k := range kindsOfLogs {
		res := judgedLog(t, k.text)
		first := ""
		if len(res.Findings) > 0 && res.Findings[0].Severity.AtLeast(analyze.Warning) {
			first = fmt.Sprintf("%s %s", res.Findings[0].ID, res.Findings[0].Severity)
		}
		if first != k.want {
			t.Errorf("%s: %q, want %q\n%s", k.name, first, k.want, show(res.Findings))
			continue
		}
		if k.want != "" && !strings.Contains(res.Findings[0].Title, k.says) {
			t.Errorf("%s: %s", k.name, res.Findings[0].Title)
		}
		oneStory(t, k.name, res.Findings)
		for _, f := range res.Findings {
			for _, a := range f.Advice {
				if all := a.Action + a.Setting + " -> " + a.To + f.Title; k.never != "" && strings.Contains(all, k.never) {
					t.Errorf("%s: %s says %q", k.name, f.ID, all)
				}
			}
		}
	}
}

// Each kind of OutOfMemoryError is told by its name, from the lines of a GC log.
func TestKindsOfOutOfMemory(t *testing.T) {
	for message, name := range map[string]string{
		"java.lang.OutOfMemoryError: Java heap space": "heap", "java.lang.OutOfMemoryError: Metaspace": "metaspace",
		"java.lang.OutOfMemoryError: Cannot reserve 1048576 bytes of direct buffer memory":   "direct buffers",
		"java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory": "native threads",
	} {
		res := judgedLog(t, g1Head+quiet(60, 600, 20)+"Terminating due to "+message+"\n")
		if len(res.Findings) == 0 || res.Findings[0].ID != "out-of-memory" || res.Findings[0].Severity != analyze.Critical ||
			!strings.Contains(res.Findings[0].Title, name) {
			t.Errorf("%s: %s", message, show(res.Findings))
		}
	}
}
