package gclog

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casefile/analyze/gc"
	"casefile/bundle/format/hsperf"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// jvmCollectors are the runs of each JDK: options and the name the log has to give.
var jvmCollectors = []struct {
	name    string
	options []string
	from    int // first JDK that has it
}{
	{"Serial", []string{"-XX:+UseSerialGC"}, 8},
	{"Parallel", []string{"-XX:+UseParallelGC"}, 8},
	{"G1", []string{"-XX:+UseG1GC"}, 8},
	{"CMS", []string{"-XX:+UseConcMarkSweepGC", "-XX:+CMSScavengeBeforeRemark", "-XX:+ExplicitGCInvokesConcurrent", "-XX:CMSMaxAbortablePrecleanTime=50"}, 8},
	{"ZGC", []string{"-XX:+UnlockExperimentalVMOptions", "-XX:+UseZGC", "-Xmx96m"}, 11}, // its first version needs more room
	{"Generational ZGC", []string{"-XX:+UseZGC", "-XX:+ZGenerational", "-Xmx96m"}, 21},
	{"Shenandoah", []string{"-XX:+UnlockExperimentalVMOptions", "-XX:+UseShenandoahGC"}, 11},
	{"Generational Shenandoah", []string{"-XX:+UseShenandoahGC", "-XX:ShenandoahGCMode=generational"}, 25},
	{"Epsilon", []string{"-XX:+UnlockExperimentalVMOptions", "-XX:+UseEpsilonGC", "-Xmx1g"}, 11},
}

// lastWith is the last JDK that has an option that went away, so that later ones need not be asked.
var lastWith = map[string]int{"CMS": 13, "Generational ZGC": 22}

// jvmLogs are the logs that one run writes at once, each with other decorators, in the orders a user may pick.
var jvmLogs = []struct{ file, what, decorators string }{
	{"gc", "gc", "uptime"},
	{"all", "gc*", "time,uptime,level,tags"},
	{"debug", "gc*=debug,safepoint*=debug", "utctime,uptimenanos,hostname,pid,tid,level,tags"},
	{"trace", "gc*=trace,safepoint=info", "timemillis,tags"},
	{"safepoint", "gc,safepoint,gc+phases", "uptimemillis,tags"},
	{"bare", "gc+phases,gc", "none"},
	{"untagged", "gc*", "uptime"},
}

// TestLogsOfLiveJVMs runs a small allocating program on every JDK at hand with every collector.
func TestLogsOfLiveJVMs(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		if jdk.Major < 9 {
			legacyJVM(t, jdk)
			return
		}
		liveJVM(t, jdk)
	})
}

func liveJVM(t *testing.T, jdk live.JDK) {
	home, version := jdk.Home, jdk.Major
	classes := livetest.Compile(t, jdk, filepath.Join(moduleRoot(t), "testdata", "gc", "Churn.java"))
	for _, c := range jvmCollectors {
		if last := lastWith[c.name]; version < c.from || last > 0 && version > last {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			args := []string{"-Xmx64m", "-XX:+UsePerfData", "-XX:+PerfDataSaveToFile", "-XX:PerfDataSaveFile=" + filepath.Join(dir, "perf.hsperf")}
			for _, l := range jvmLogs {
				args = append(args, fmt.Sprintf("-Xlog:%s:file=%s:%s:filecount=0", l.what, filepath.Join(dir, l.file), l.decorators))
			}
			args = append(append(args, c.options...), "-cp", classes, "Churn", "16000")
			runJVM(t, home, args)
			checkLive(t, home, dir, wantName(c.name, version), version)
		})
	}
}

// runJVM runs a program to its end and returns what it wrote; it skips the test where the JVM lacks what the options ask for.
func runJVM(t *testing.T, home string, args []string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(home, "bin", "java"), args...).CombinedOutput()
	if err != nil {
		if strings.Contains(string(out), "Unrecognized VM option") || strings.Contains(string(out), "not supported") {
			t.Skipf("this JDK lacks it: %s", out)
		}
		t.Fatalf("java: %v\n%s", err, out)
	}
	return string(out)
}

func wantName(name string, version int) string {
	if name == "ZGC" && version >= 23 { // JDK 23: generational by default
		return "Generational ZGC"
	}
	return name
}

func checkLive(t *testing.T, home, dir, collector string, version int) {
	logs := map[string]*gc.Log{}
	for _, l := range jvmLogs {
		path := filepath.Join(dir, l.file)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		log, err := Parse(l.file, strings.NewReader(string(text)), Options{})
		if err != nil {
			t.Fatalf("%s: %v", l.file, err)
		}
		logs[l.file] = log
		if collector != "Epsilon" && !Sniff(text) {
			t.Errorf("%s: not recognised as a GC log", l.file)
		}
		agrees(t, l.file, log, countUnified(string(text)))
		if l.file != "bare" && string(log.Collector) != collector && !(l.file == "gc" || l.file == "safepoint") {
			t.Errorf("%s: collector %q, want %q", l.file, log.Collector, collector)
		}
		if log.Unparsed.Count > log.Lines/1000 {
			t.Errorf("%s: %d of %d lines not understood: %q", l.file, log.Unparsed.Count, log.Lines, log.Unparsed.Lines[0].Text)
		}
		if len(log.Runs) != 1 {
			t.Errorf("%s: %d runs in the log of one JVM", l.file, len(log.Runs))
		}
		for _, c := range log.Checks {
			if !c.Agree {
				t.Errorf("%s: the JVM's own footer differs: %+v", l.file, c)
			}
		}
		if log.Timed != (l.file != "bare") {
			t.Errorf("%s: timed %v", l.file, log.Timed)
		}
	}
	all, trace := logs["all"], logs["trace"]
	if all.Total.Count != trace.Total.Count || all.Total.Sum != trace.Total.Sum || all.FullGCs != trace.FullGCs {
		t.Errorf("gc*: %d of %v, trace: %d of %v", all.Total.Count, all.Total.Sum, trace.Total.Count, trace.Total.Sum)
	}
	phasesAgree(t, all, trace)
	if all.JVMVersion == "" && version >= 17 {
		t.Error("gc* states the version of the JVM")
	}
	if all.Settings.HeapMax == 0 && (version >= 17 || !strings.Contains(collector, "ZGC") && collector != "Epsilon") {
		t.Error("gc* states the largest heap")
	}
	if collector == "Epsilon" {
		return
	}
	safepointsCover(t, logs["safepoint"], 0)
	operationsNamed(t, logs["safepoint"])
	countersAgree(t, home, dir, collector, version, all)
	if _, ok := all.AllocationRate(); !ok {
		t.Error("no allocation rate")
	}
	if _, _, ok := all.LiveSet(); !ok {
		t.Error("no live set")
	}
}

// phasesAgree checks that a log of every detail has the concurrent phases of a plain one, each once, and nothing of single threads.
func phasesAgree(t *testing.T, all, trace *gc.Log) {
	t.Helper()
	in := map[string]gc.Phase{}
	for _, p := range trace.Phases {
		in[p.Name] = p
		if strings.Contains(p.Name, "#") {
			t.Errorf("phase %q is of one thread", p.Name)
		}
	}
	for _, p := range all.Phases {
		var rounded time.Duration
		if strings.HasPrefix(p.Name, "Garbage Collection") { // ZGC without generations gives no duration: it is of stamps
			rounded = time.Duration(p.Count) * 2 * time.Millisecond
		}
		if q := in[p.Name]; q.Dist == nil || q.Count != p.Count || (q.Sum-p.Sum).Abs() > rounded {
			t.Errorf("phase %s: gc* %+v, trace %+v", p.Name, p.Dist, q.Dist)
		}
	}
}

// safepointsCover checks that pauses lie inside safepoints: their sum without nested ones cannot be more, but for what each loses when it is
// written in whole units.
func safepointsCover(t *testing.T, l *gc.Log, unit time.Duration) {
	t.Helper()
	if l.Safepoints.Count == 0 {
		t.Error("no safepoints in a log that has them")
		return
	}
	if lost := time.Duration(l.Safepoints.Count) * 2 * unit; l.Stopped > l.Safepoints.Total.Sum+lost {
		t.Errorf("pauses stopped threads for %v, all safepoints took only %v", l.Stopped, l.Safepoints.Total.Sum)
	}
	var sum time.Duration
	var n int64
	for _, op := range l.Safepoints.ByOperation {
		sum += op.TotalSum
		n += op.Count
	}
	if sum != l.Safepoints.Total.Sum || n != l.Safepoints.Count {
		t.Errorf("operations sum up to %d and %v, of %d and %v", n, sum, l.Safepoints.Count, l.Safepoints.Total.Sum)
	}
}

func operationsNamed(t *testing.T, l *gc.Log) {
	t.Helper()
	for _, op := range l.Safepoints.ByOperation {
		if op.Operation == "" {
			t.Errorf("%d safepoints without the name of their operation", op.Count)
		}
	}
}

// countersAgree compares the log with the counters that the same JVM saved at its end. What they mean differs:
//   - Shenandoah counts cycles with their concurrent time under "Shenandoah full": left out.
//   - ZGC counts pauses, all three of a cycle; before JDK 15, when it was an experiment, nothing.
//   - Serial before JDK 21 ends a young collection whose survivors do not fit with a full one inside: both count.
//   - JDK 8 writes those two as one record, counts the young collection of a concurrent System.gc() twice, and under G1 no remark and cleanup.
func countersAgree(t *testing.T, home, dir, collector string, version int, l *gc.Log) {
	t.Helper()
	if strings.Contains(collector, "Shenandoah") || collector == "ZGC" && version < 15 {
		return
	}
	saved, err := os.ReadFile(filepath.Join(dir, "perf.hsperf"))
	if err != nil {
		t.Fatal(err)
	}
	perf, err := hsperf.Parse(saved)
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for e := range perf.All() {
		if strings.HasPrefix(e.Name, "sun.gc.collector.") && strings.HasSuffix(e.Name, ".invocations") {
			v, _ := perf.Int(e.Name)
			n += v
		}
	}
	least, most := l.Total.Count, l.Total.Count
	switch {
	case version >= 9:
	case collector == "G1":
		least -= l.Kind(gc.KindRemark).Count + l.Kind(gc.KindCleanup).Count
		most = least
	case collector != "Parallel":
		most += l.FullGCs + l.Kind(gc.KindInitialMark).Count // and of a CMS cycle sometimes one pause more than it logs
		for _, g := range l.Groups() {
			if g.Kind == gc.KindYoung && g.Cause == "System.gc()" {
				most += g.Count
			}
		}
	}
	if n < least || n > most {
		t.Errorf("the JVM counted %d collections, the log has %d pauses", n, l.Total.Count)
	}
}
