package rules

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/load"
	"casefile/analyze/rules/collections"
	"casefile/analyze/rules/views"
	"casefile/bundle/format/series"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// plantedSystem are the sample programs with what the rules about collections and machines must put first; an empty id:
// nothing at warning or above.
var plantedSystem = []systemCase{
	{scenario: "memory-leak", id: "memory-leak", args: []string{"36"}, jvm: []string{"-XX:+IgnoreUnrecognizedVMOptions", "-XX:-G1UseAdaptiveIHOP", "-XX:InitiatingHeapOccupancyPercent=30"}, shown: reports("memory-leak"), names: []string{"of 256 MB"}},
	{scenario: "healthy", shown: lasts(7)},
	{scenario: "heap-too-small", id: "heap-too-small", shown: lasts(7.1), names: []string{"of 96 MB", "after full collections"}},
	{scenario: "gc-overhead", id: "gc-overhead", shown: lasts(7.1), names: []string{"MB of a heap of 128 MB"}},
	{scenario: "explicit-gc", id: "explicit-gc", shown: lasts(7.1), names: []string{"full collections by System.gc()"}},
	{scenario: "humongous", id: "humongous-allocations", shown: lasts(7.1), names: []string{"with regions of 1 MB"}},
	{scenario: "metaspace", id: "metaspace-pressure", shown: metaspaceIsFull, names: []string{"of at most 32 MB are used"}},
	{scenario: "code-cache", id: "code-cache-full", shown: lasts(6.5), recorded: true, act: untilCodeCacheIsFull, names: []string{"full", "it has 4 MB"},
		lacks: map[int]string{8: "it cannot be asked what its code cache has"}},
	{scenario: "bursts", id: "evacuation-failure", shown: lasts(7.1), names: []string{"found no room to copy to"}},
	{scenario: "flood", id: "allocation-stall", shown: lasts(5), names: []string{"import-worker-"}},
	{scenario: "short-lived", id: "premature-promotion", shown: lasts(7.1), names: []string{"of what is allocated"}},
	{scenario: "counted-loop", id: "long-safepoint", args: []string{"6"}, recorded: true, act: loop, shown: lasts(6.5), names: []string{"until the last one reached its safepoint"},
		lacks: map[int]string{8: buffered}},
	{scenario: "fd-leak", id: "fd-exhaustion", shown: lasts(0), lacks: map[int]string{8: buffered}},
}

// buffered says why a sample that is never collected has no log there.
const buffered = "JDK 8 keeps what it logs in a buffer until a collection"

type systemCase struct {
	scenario, id string
	args, jvm    []string
	// shown reports whether the log holds what is needed.
	shown func(*gc.Log) bool
	// recorded: a flight recording must tell it alone.
	recorded bool
	// act makes the problem happen, for scenarios that are told to.
	act   func(*testing.T, *live.Process)
	names []string // in the title of the first finding
	// lacks says why the problem cannot be had on a JDK.
	lacks map[int]string
}

// untilCodeCacheIsFull asks until the JVM says so: it may have said it before it was ready.
func untilCodeCacheIsFull(t *testing.T, p *live.Process) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for codeCacheNow(t, p).Full == 0 {
		if ctx.Err() != nil {
			t.Fatal("the code cache does not fill")
		}
	}
}

// codeCacheNow asks the JVM as a capture does.
func codeCacheNow(t *testing.T, p *live.Process) *analyze.CodeCache {
	t.Helper()
	tool, ok := p.JDK.Has("jcmd")
	if !ok {
		t.Skip("no jcmd in " + p.JDK.Home)
	}
	out, err := exec.CommandContext(t.Context(), tool, strconv.Itoa(p.PID), "Compiler.codecache").Output()
	if err != nil {
		t.Fatal(err)
	}
	c, err := load.ParseCodeCache("vm/codecache.txt", bytes.NewReader(out))
	if err != nil || len(c.Heaps) == 0 || c.State == "" {
		t.Fatalf("%+v, %v: %s", c, err, out)
	}
	return c
}

// Native code that holds arrays puts collections off, on a JVM that has a lock for it; a G1 of JDK 22 and later has none.
func TestLockerLive(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		dir := t.TempDir()
		p := livetest.Start(t, jdk, "compress", live.Options{Dir: dir, JVM: live.GCLogArgs(jdk.Major, "gc.log")})
		shown := lasts(8)
		if jdk.Major < 22 {
			shown = func(l *gc.Log) bool { return lasts(8)(l) && found(l, "gc-locker") != nil }
		}
		log := awaitLog(t, filepath.Join(dir, "gc.log"), shown)
		n := &analyze.Node{Name: "n1"}
		n.JVMs = []*analyze.JVM{{Node: n, Target: "1-shop", Version: strconv.Itoa(jdk.Major), GC: []*gc.Log{log}, Dumps: record(t, p, 100*time.Millisecond).Nodes[0].JVMs[0].Dumps}}
		p.Stop()
		res, err := analyze.Run(t.Context(), &analyze.Case{Nodes: []*analyze.Node{n}}, systemRules())
		if err != nil || len(res.Broken) > 0 {
			t.Fatal(err, res.Broken)
		}
		f := find(res, "gc-locker")
		switch {
		case jdk.Major >= 22 && f != nil:
			t.Errorf("on %d: %s", jdk.Major, f.Title)
		case jdk.Major >= 22:
		case f == nil:
			t.Errorf("nothing found: %v", log.ByCause())
		case !strings.Contains(f.Explanation, "A dump shows who") || !strings.Contains(f.Advice[0].Action, "JDK 22"):
			t.Errorf("%+v", f)
		}
	})
}

// lasts wants so many seconds of log.
func lasts(seconds float64) func(*gc.Log) bool {
	return func(l *gc.Log) bool { return l.Span.Seconds() >= seconds }
}

// metaspaceIsFull wants what the rule wants of a young JVM: most of the sample's 32 MB used, and collections for it after the start.
func metaspaceIsFull(l *gc.Log) bool {
	n := 0
	for i := range l.Pauses {
		if p := &l.Pauses[i]; p.Start > views.StartUpNoise+time.Second && views.MetaspaceCause(p.Kind, l.Cause(p)) {
			n++
		}
	}
	return lasts(7.1)(l) && n > 2*collections.MetaspaceGCs.Value && float64(l.Metaspace.PeakUsed) >= collections.MetaspaceFull.Value*(32<<20)
}

// loop starts the loop, asks for a safepoint while it runs, and for another one afterwards.
func loop(t *testing.T, p *live.Process) {
	if err := p.Tell("go"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Line(t.Context(), "looping"); err != nil {
		t.Fatal(err)
	}
	tool, ok := p.JDK.Has("jcmd")
	if !ok {
		t.Skip("no jcmd in " + p.JDK.Home)
	}
	ask := func() error { return exec.CommandContext(t.Context(), tool, strconv.Itoa(p.PID), "Thread.print").Run() }
	_ = ask() // it may fail, when another safepoint is already waited for
	if _, err := p.Line(t.Context(), "looped"); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
}

func TestSystemRulesLive(t *testing.T) {
	turns := make(chan struct{}, 2) // the machine may have two CPUs only, and collections need them
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		t.Parallel()
		for _, c := range plantedSystem {
			t.Run(c.scenario, func(t *testing.T) {
				t.Parallel()
				turns <- struct{}{}
				defer func() { <-turns }()
				if c.scenario == "fd-leak" && runtime.GOOS != "linux" {
					t.Skip("reads /proc")
				}
				if lacks := c.lacks[jdk.Major]; lacks != "" {
					t.Skip(lacks)
				}
				problem := ""
				// A machine that is busy with something else may stop the sample for longer than its problem does.
				for range 3 {
					j, recording := c.planted(t, jdk)
					if problem = judgeSystem(t, j, c.id, c.names); problem == "" && c.recorded {
						problem = judgeRecorded(t, recording, c.id)
					}
					if problem == "" {
						return
					}
					t.Log(problem)
				}
				t.Error(problem)
			})
		}
	})
}

// planted runs the sample and returns what a capture would have of it, and the file of its recording where there must be one.
func (c systemCase) planted(t *testing.T, jdk live.JDK) (j *analyze.JVM, recording string) {
	t.Helper()
	s, err := live.ByName(c.scenario)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	opts := live.Options{Dir: dir, Args: c.args}
	logging := live.GCLogArgs(jdk.Major, "gc.log")
	// One file: the busiest log would begin anew every few seconds.
	logging[0] = strings.Replace(logging[0], "filecount=5,filesize=10m", "filecount=0", 1)
	opts.JVM = slices.Concat(c.jvm, logging)
	if c.recorded {
		opts.JVM = append(opts.JVM, live.JFRArgs(jdk.Major, "settings=default")...)
	}
	p := livetest.Start(t, jdk, c.scenario, opts)
	defer p.Stop()
	if c.act != nil {
		c.act(t, p)
	}
	log := awaitLog(t, filepath.Join(dir, "gc.log"), c.shown)
	j = &analyze.JVM{Target: strconv.Itoa(p.PID) + "-shop", PID: p.PID, GC: []*gc.Log{log}, OptionsSource: "vm/cmdline.txt", FlagsSource: "vm/flags.txt",
		Options: slices.Concat(s.JVM, opts.JVM), Flags: askFlags(t, p), Process: processNow(t, p), ProcessSource: "process/series.0.jsonl"}
	if jdk.Major >= 9 { // older ones cannot be asked
		j.CodeCache = codeCacheNow(t, p)
	}
	if c.recorded {
		recording = dumpRecording(t, p)
	}
	return j, recording
}

// judgeSystem says what is wrong with the findings; nothing when the planted problem comes first.
func judgeSystem(t *testing.T, j *analyze.JVM, id string, names []string) string {
	t.Helper()
	n := &analyze.Node{Name: "n1", JVMs: []*analyze.JVM{j}}
	j.Node = n
	res, err := analyze.Run(t.Context(), &analyze.Case{Nodes: []*analyze.Node{n}}, systemRules())
	if err != nil || len(res.Broken) > 0 {
		t.Fatal(err, res.Broken)
	}
	for _, f := range res.Findings {
		t.Logf("%s %s %.2f %s: %s | %s | %s", f.Severity, f.ID, f.Weight, f.Confidence, f.Title, f.Impact, f.Explanation)
		for _, a := range f.Advice {
			t.Logf("   %s [%s: %s -> %s] %s", a.Action, a.Setting, a.From, a.To, a.Effect)
		}
		for _, e := range f.Evidence {
			t.Logf("   %s:%s %s", e.Entry, e.Lines, e.Text)
		}
	}
	oneSetOfFlags(t, res)
	flagsOfJVM(t, res, j)
	first := ""
	if len(res.Findings) > 0 && res.Findings[0].Severity.AtLeast(analyze.Warning) {
		first = res.Findings[0].ID
	}
	if first != id {
		return fmt.Sprintf("first finding %q, want %q", first, id)
	}
	for _, name := range names {
		if !strings.Contains(res.Findings[0].Title, name) {
			return fmt.Sprintf("title %q lacks %q", res.Findings[0].Title, name)
		}
	}
	return ""
}

var flagName = regexp.MustCompile(`-XX:[+-]?(\w+)`)

// flagsOfJVM checks that the JVM has every flag that advice names.
func flagsOfJVM(t *testing.T, res *analyze.Result, j *analyze.JVM) {
	t.Helper()
	for _, f := range res.Findings {
		for _, a := range f.Advice {
			text := strings.Join([]string{a.Setting, a.To, a.Action, a.Verify}, " ")
			if _, old := j.Flags["PrintGCDateStamps"]; old && strings.Contains(text, "-Xlog:") {
				t.Errorf("%s: -Xlog came with JDK 9: %s", f.ID, text)
			}
			for _, m := range flagName.FindAllStringSubmatch(text, -1) {
				if _, ok := j.Flags[m[1]]; !ok {
					t.Errorf("%s: %q: this JVM has no flag %s", f.ID, a.Action, m[1])
				}
			}
		}
	}
}

// reports waits until the rules find it in the log alone: how soon that is depends
// on when the collector looks at the old generation.
func reports(id string) func(*gc.Log) bool {
	return func(log *gc.Log) bool {
		res := judged(log)
		return res != nil && len(res.Findings) > 0 && res.Findings[0].ID == id && res.Findings[0].Severity.AtLeast(analyze.Warning)
	}
}

// judged is what the rules say of a log alone.
func judged(log *gc.Log) *analyze.Result {
	n := &analyze.Node{Name: "n1"}
	n.JVMs = []*analyze.JVM{{Node: n, Target: "1-shop", GC: []*gc.Log{log}}}
	res, err := analyze.Run(context.Background(), &analyze.Case{Nodes: []*analyze.Node{n}}, systemRules())
	if err != nil {
		return nil
	}
	return res
}

// found is the finding of a rule in a log alone.
func found(log *gc.Log, id string) *analyze.Finding {
	res := judged(log)
	if res == nil {
		return nil
	}
	return find(res, id)
}

// awaitLog reads the log as it grows, until it shows enough.
func awaitLog(t *testing.T, path string, shown func(*gc.Log) bool) *gc.Log {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	size := int64(-1)
	for {
		info, err := os.Stat(path)
		if err == nil && info.Size() > size {
			size = info.Size()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			log, err := gclog.Parse(path, bytes.NewReader(text), gclog.Options{})
			if err != nil && !errors.Is(err, gclog.ErrNotGCLog) {
				t.Fatal(err)
			}
			if err == nil && shown(log) {
				return log
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s does not show enough: %v", path, ctx.Err())
		case <-tick.C:
		}
	}
}

// askFlags reads VM.flags as the loader does.
func askFlags(t *testing.T, p *live.Process) map[string]analyze.Flag {
	t.Helper()
	tool, ok := p.JDK.Has("jcmd")
	if !ok {
		t.Skip("no jcmd in " + p.JDK.Home)
	}
	out, err := exec.CommandContext(t.Context(), tool, strconv.Itoa(p.PID), "VM.flags", "-all").Output()
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]analyze.Flag{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for n := 1; lines.Scan(); n++ {
		left, right, ok := strings.Cut(lines.Text(), "=")
		name := strings.Fields(strings.TrimSuffix(strings.TrimSpace(left), ":")) // JDK 8 marks what is not the default by ":="
		value, origin, _ := strings.Cut(right, "{")
		if !ok || len(name) != 2 {
			continue
		}
		_, origin, _ = strings.Cut(origin, "{")
		flags[name[1]] = analyze.Flag{Value: strings.TrimSpace(value), Origin: strings.TrimSuffix(strings.TrimSpace(origin), "}"), Line: n}
	}
	return flags
}

// processNow is a series of two samples of the open files.
func processNow(t *testing.T, p *live.Process) *series.Series {
	t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.PID))
	limits, err2 := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.PID))
	if err != nil || err2 != nil {
		return nil
	}
	var limit float64
	for line := range strings.Lines(string(limits)) {
		if rest, ok := strings.CutPrefix(line, "Max open files"); ok {
			if _, err := fmt.Sscan(rest, &limit); err != nil {
				t.Fatal(err)
			}
		}
	}
	e := series.NewEncoder(series.Header{Source: "proc"})
	for i := range 2 {
		e.Add(time.UnixMilli(int64(1000*i)), map[string]float64{"fds": float64(len(open)), "fd_limit": limit})
	}
	s, err := series.Read(bytes.NewReader(e.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
