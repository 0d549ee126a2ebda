package rules

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/host"
	"casefile/analyze/say"
	"casefile/analyze/threads"
	"casefile/bundle/format/hostseries"
	"casefile/bundle/format/series"
)

var began = time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)

// written is a GC log of JDK 17 as it is written; stamps are seconds since the JVM's start.
type written struct {
	text bytes.Buffer
	n    int
	heap int // MB
}

func newLog(heap int, collector string) *written {
	w := &written{heap: heap}
	w.line(0.01, "gc,init", fmt.Sprintf("Heap Max Capacity: %dM", heap))
	w.line(0.01, "gc", "Using "+collector)
	return w
}

func (w *written) line(at float64, tags, text string) {
	stamp := began.Add(time.Duration(at * float64(time.Second))).Format("2006-01-02T15:04:05.000-0700")
	fmt.Fprintf(&w.text, "[%s][%.3fs][info][%-14s] %s\n", stamp, at, tags, text)
}

// pause ends at the stamp; sizes in MB.
func (w *written) pause(at float64, what string, before, after int, ms float64) {
	w.line(at, "gc", fmt.Sprintf("GC(%d) Pause %s %dM->%dM(%dM) %.3fms", w.n, what, before, after, w.heap, ms))
	w.n++
}

func (w *written) log(t *testing.T) *gc.Log {
	t.Helper()
	l, err := gclog.Parse("gc/gc.log", &w.text, gclog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if l.Unparsed.Count > 0 {
		t.Fatalf("not understood: %+v", l.Unparsed.Lines)
	}
	return l
}

// every writes a pause again and again.
func (w *written) every(from, to, step float64, what string, before, after int, ms float64) *written {
	for at := from; at < to; at += step {
		w.pause(at, what, before, after, ms)
	}
	return w
}

const (
	young    = "Young (Normal) (G1 Evacuation Pause)"
	mixed    = "Young (Mixed) (G1 Evacuation Pause)"
	full     = "Full (G1 Compaction Pause)"
	fullAsk  = "Full (System.gc())"
	fullMeta = "Full (Metadata GC Clear Soft References)"
	start    = "Young (Concurrent Start) (G1 Humongous Allocation)"
)

// system runs the rules over one JVM on one machine.
func system(t *testing.T, j *analyze.JVM, facts *host.Facts, started, ended time.Time) *analyze.Result {
	t.Helper()
	n := &analyze.Node{Name: "n1", Host: facts}
	if j != nil {
		if j.Target == "" {
			j.Target, j.PID = "4711-shop", 4711
		}
		j.Node, n.JVMs = n, []*analyze.JVM{j}
	}
	res, err := analyze.Run(t.Context(), &analyze.Case{Started: started, Ended: ended, Nodes: []*analyze.Node{n}}, systemRules())
	if err != nil || len(res.Broken) > 0 {
		t.Fatal(err, res.Broken)
	}
	for _, f := range res.Findings {
		wholeFinding(t, f)
	}
	oneSetOfFlags(t, res)
	actable(t, res)
	return res
}

// oneSetOfFlags: the advice at warning and above about one JVM names each setting once, and moves nothing both ways.
func oneSetOfFlags(t *testing.T, res *analyze.Result) {
	t.Helper()
	for _, set := range res.Tuning {
		seen := map[string]string{}
		for _, c := range set.Changes {
			lever := c.Setting
			if strings.Contains(lever, "-Xmx") || strings.Contains(lever, "RAMPercentage") {
				lever = "heap"
			}
			if before, twice := seen[lever]; twice || c.To == "" || len(c.Findings) == 0 {
				t.Errorf("%s: %s is to be %s and %s: %+v", set.Subject, lever, before, c.To, set.Changes)
			}
			seen[lever] = c.To
		}
		for _, f := range res.Findings {
			for _, a := range f.Advice {
				lever := a.Setting
				if strings.Contains(lever, "-Xmx") || strings.Contains(lever, "RAMPercentage") {
					lever = "heap"
				}
				if to, decided := seen[lever]; decided && f.Subject == set.Subject && a.To != to && !a.Alternative {
					t.Errorf("%s of %s says %s, the set %s", f.ID, set.Subject, a.To, to)
				}
			}
		}
	}
}

// Many problems of one JVM at once still give one set.
func TestManyProblemsOneSetOfFlags(t *testing.T) {
	flags := map[string]analyze.Flag{"MaxHeapSize": {Value: "536870912", Origin: "command line", Line: 7}, "MaxMetaspaceSize": {Value: "33554432", Origin: "command line", Line: 8},
		"MaxGCPauseMillis": {Value: "50", Origin: "command line", Line: 9}, "ParallelGCThreads": {Value: "1", Origin: "command line", Line: 10}, "ReservedCodeCacheSize": {Value: "16777216", Origin: "command line", Line: 11}}
	cpus := &host.Facts{CPU: host.CPU{Count: figure(8)}, Memory: host.Memory{Available: figure(50 * say.MB), Total: figure(600 * say.MB), AvailablePercent: figure(1)}}
	for _, options := range [][]string{{"-Xmx512m"}, {"-Xms512m", "-Xmx512m", "-Xmn8m"}, {"-Xmx512m", "-XX:SurvivorRatio=60"}, {"-XX:MaxRAMPercentage=85"}} {
		for _, collector := range []string{"G1", "Parallel", "Serial"} {
			for _, live := range []int{80, 300, 480} {
				w := newLog(512, collector).every(1, 200, 0.5, young, 500, live, 60).every(1.2, 200, 3, full, 500, live, 1200).every(1.3, 200, 4, fullAsk, 500, live, 150).
					every(1.4, 200, 6, fullMeta, 500, live, 200).every(1.6, 200, 1, start, 500, live, 30).promoting(1.7, 200, 2, 100, 60)
				j := &analyze.JVM{GC: []*gc.Log{sorted(w).log(t)}, Flags: flags, FlagsSource: "vm/flags.txt", Options: options, OptionsSource: "vm/cmdline.txt",
					CodeCache: &analyze.CodeCache{Source: "vm/codecache.txt", Full: 2, FullLine: 9, Compiles: true, Heaps: []analyze.CodeHeap{{Name: "CodeCache", Size: 16 * say.MB, Used: 15 * say.MB, Line: 2}}}}
				res := system(t, j, cpus, time.Time{}, time.Time{})
				if len(res.Tuning) != 1 || len(loud(res)) < 3 {
					t.Errorf("%v %s live %d: %v, %+v", options, collector, live, loud(res), res.Tuning)
				}
			}
		}
	}
}

// wholeFinding holds what each finding must have, whatever it is about.
func wholeFinding(t *testing.T, f analyze.Finding) {
	t.Helper()
	if f.Title == "" || f.Explanation == "" || f.Impact == "" || len(f.Evidence) == 0 || len(f.Advice) == 0 || f.Weight < 0 || f.Weight > 1 || f.Confidence == "" {
		t.Errorf("incomplete: %+v", f)
	}
	for _, e := range f.Evidence {
		if e.Entry == "" || e.Text == "" {
			t.Errorf("%s: evidence without place: %+v", f.ID, e)
		}
	}
	for _, a := range f.Advice {
		if a.Action == "" || a.Setting != "" && a.To == "" {
			t.Errorf("%s: half an advice: %+v", f.ID, a)
		}
	}
	for _, broken := range []string{"%!", "NaN", "+Inf", "-Xmx0", " 0 times"} {
		if text := fmt.Sprintf("%+v", f); strings.Contains(text, broken) {
			t.Errorf("%s says %q: %s", f.ID, broken, text)
		}
	}
}

func loud(res *analyze.Result) (list []string) {
	for _, f := range res.Findings {
		if f.Severity.AtLeast(analyze.Warning) {
			list = append(list, string(f.Severity)+" "+f.ID)
		}
	}
	return list
}

func TestCollections(t *testing.T) {
	for _, c := range []struct {
		name  string
		log   func() *written
		want  string // findings at warning and above, in order
		title string // of the first one
		jvm   analyze.JVM
	}{
		{name: "healthy", log: func() *written {
			return newLog(1024, "G1").every(1, 300, 2, young, 700, 200, 12).every(10, 300, 60, mixed, 500, 190, 15)
		}},
		{name: "busy start", log: func() *written {
			return newLog(1024, "G1").every(0.5, 8, 0.25, young, 60, 30, 30).every(10, 40, 5, young, 600, 200, 20)
		}},
		{name: "start with metadata collections", log: func() *written {
			return newLog(1024, "Parallel").every(1, 8, 2, "Full (Metadata GC Threshold)", 100, 50, 80).every(10, 60, 5, "Young (Allocation Failure)", 400, 100, 20)
		}},
		{name: "too small", log: func() *written {
			return newLog(96, "G1").every(1, 120, 0.5, full, 95, 82, 200)
		}, want: "critical heap-too-small", title: "The heap is too small: 82 MB of 96 MB are still in use after full collections, and collections take 40 % of the time over the last 90 s"},
		{name: "nearly full, but hardly collected", log: func() *written {
			return newLog(96, "G1").every(1, 300, 20, full, 90, 82, 100)
		}},
		{name: "leak", log: func() *written {
			w := newLog(1000, "G1")
			for i := range 60 {
				w.pause(float64(10+i*20), mixed, 600+6*i, 300+8*i, 15)
			}
			return w
		}, want: "warning memory-leak", title: "Memory leak: what is in use after mixed collections rose from 308 MB to 748 MB of 1000 MB in 19 min 20 s; at this rate it is full in 9 min 30 s"},
		{name: "leak that has moments left", log: func() *written {
			w := newLog(96, "G1").every(1, 28, 3, young, 65, 30, 12)
			for i, mb := range []int{63, 71, 75, 79} {
				w.pause(32+float64(4*i), mixed, mb+3, mb, 3)
			}
			return w
		}, want: "critical memory-leak"},
		{name: "start that ends with a full heap in use", log: func() *written {
			w := newLog(96, "G1").every(1, 28, 3, young, 65, 30, 12)
			for i, mb := range []int{63, 71, 75, 74} {
				w.pause(32+float64(4*i), mixed, mb+3, mb, 3)
			}
			return w
		}},
		{name: "cache that fills and stays", log: func() *written {
			w := newLog(1000, "G1")
			for i := range 60 {
				w.pause(float64(10+i*20), mixed, 800, min(300+30*i, 600), 15)
			}
			return w
		}},
		{name: "leak to the end", log: func() *written {
			w := newLog(1000, "G1")
			for i := range 60 {
				w.pause(float64(10+i*20), full, 990, min(300+18*i, 960), 900)
			}
			return w.every(1220, 1300, 1, full, 990, 970, 900)
		}, want: "critical heap-exhausted, critical memory-leak"},
		{name: "saw of a cache", log: func() *written {
			w := newLog(1000, "G1")
			for i := range 80 {
				w.pause(float64(10+i*20), mixed, 800, 300+20*(i%20), 15)
			}
			return w
		}},
		{name: "explicit", log: func() *written {
			return newLog(1024, "G1").every(1, 120, 5, fullAsk, 300, 150, 120)
		}, want: "warning explicit-gc", title: "18 full collections by System.gc(), one every 4.8 s, take 2.5 % of the time"},
		{name: "explicit once an hour", log: func() *written {
			return newLog(1024, "G1").every(100, 15000, 3600, fullAsk, 300, 150, 120).every(1, 15000, 20, young, 700, 200, 12)
		}},
		{name: "tiny young generation", log: func() *written {
			return newLog(128, "Parallel").every(1, 60, 0.01, "Young (Allocation Failure)", 24, 20, 4)
		}, want: "critical gc-overhead", title: "Collections take 40 % of the time over the last 30 s: 3000 pauses of 4 ms on average, one every 10 ms, as the young generation has 4 MB of a heap of 128 MB",
			jvm: analyze.JVM{Options: []string{"-Xmx128m", "-Xmn4m", "-Xlog:gc:gc.log"}, OptionsSource: "vm/cmdline.txt"}},
		{name: "metaspace", log: func() *written {
			return newLog(1024, "G1").every(1, 120, 4, fullMeta, 300, 150, 120)
		}, want: "warning metaspace-pressure"},
		{name: "humongous", log: func() *written {
			return newLog(1024, "G1").every(1, 120, 0.5, start, 300, 150, 4)
		}, want: "warning humongous-allocations", title: "Humongous objects start 179 of 179 collections, one every 500 ms"},
		{name: "some humongous", log: func() *written {
			return newLog(1024, "G1").every(1, 120, 30, start, 300, 150, 4).every(1, 120, 3, young, 700, 200, 12)
		}},
		{name: "long pauses", log: func() *written {
			return newLog(8192, "G1").every(1, 300, 50, young, 7000, 1000, 2500)
		}, want: "warning long-gc-pause", title: "5 collections of 1 s or more, the longest 2.5 s (young, G1 Evacuation Pause) at 10:04:08 UTC"},
		{name: "full collections", log: func() *written {
			return newLog(1024, "Parallel").every(1, 300, 10, "Full (Ergonomics)", 1000, 300, 700)
		}, want: "warning full-gc", title: "27 full collections, one every 9.7 s, 700 ms on average, take 7.2 % of the time"},
		{name: "short-lived objects in the old generation", log: func() *written {
			return newLog(1024, "Parallel").promoting(1, 120, 1, 200, 60).every(5, 120, 5, "Full (Ergonomics)", 900, 200, 400)
		}, want: "warning premature-promotion", jvm: analyze.JVM{Options: []string{"-Xmx1g", "-XX:SurvivorRatio=60"}, OptionsSource: "vm/cmdline.txt"}},
		{name: "promoted and kept", log: func() *written {
			return newLog(4096, "Parallel").promoting(1, 120, 1, 200, 12).every(50, 120, 60, "Full (Ergonomics)", 900, 700, 400)
		}},
		{name: "little is promoted", log: func() *written {
			return newLog(1024, "Parallel").promoting(1, 120, 1, 200, 2).every(50, 120, 60, "Full (Ergonomics)", 900, 200, 400)
		}},
		{name: "no room to copy to", log: func() *written {
			w := newLog(1024, "G1").every(1, 120, 1, young, 900, 800, 120)
			for at := 1.5; at < 120; at += 5 {
				w.line(at-0.001, "gc", fmt.Sprintf("GC(%d) To-space exhausted", w.n))
				w.pause(at, young, 1020, 1020, 300)
			}
			return w
		}, want: "warning evacuation-failure"},
		{name: "one that found no room", log: func() *written {
			w := newLog(1024, "G1").every(1, 120, 2, young, 700, 200, 12)
			w.line(59.999, "gc", fmt.Sprintf("GC(%d) To-space exhausted", w.n))
			w.pause(60, young, 1020, 1020, 300)
			return w
		}},
		{name: "the lock of native code", log: func() *written {
			return newLog(1024, "Parallel").every(1, 120, 1, "Young (GCLocker Initiated GC)", 300, 100, 150)
		}, want: "warning gc-locker"},
		{name: "the lock, now and then", log: func() *written {
			return newLog(1024, "Parallel").every(1, 120, 40, "Young (GCLocker Initiated GC)", 300, 100, 20).every(1.5, 120, 1, "Young (Allocation Failure)", 300, 100, 20)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := c.log()
			j := c.jvm
			// The log is joined in order of time, as a JVM writes it.
			j.GC = []*gc.Log{sorted(w).log(t)}
			res := system(t, &j, nil, time.Time{}, time.Time{})
			if got := strings.Join(loud(res), ", "); got != c.want {
				t.Fatalf("got %q, want %q\n%s", got, c.want, show(res.Findings))
			}
			oneStory(t, c.name, res.Findings)
			if c.title != "" && res.Findings[0].Title != c.title {
				t.Errorf("title\n got %s\nwant %s", res.Findings[0].Title, c.title)
			}
		})
	}
}

// promoting writes young collections of a heap of which some MB are allocated between two, and some of those move to the old generation.
func (w *written) promoting(from, to, step float64, allocated, promoted int) *written {
	for at := from; at < to; at += step {
		w.line(at-0.0005, "gc,heap", fmt.Sprintf("GC(%d) ParOldGen: 300M->%dM(700M)", w.n, 300+promoted))
		w.pause(at, "Young (Allocation Failure)", 300+allocated, 300+promoted, 8)
	}
	return w
}

func TestCodeCache(t *testing.T) {
	for _, c := range []struct {
		name, want, title, says string
		cache                   analyze.CodeCache
		size                    string
	}{
		{name: "full", want: "critical code-cache-full", title: "The code cache is full and the JVM has stopped compiling: disabled (not enough contiguous free space left); it has 240 MB", says: "-XX:ReservedCodeCacheSize 240m -> 512m", size: "251658240",
			cache: analyze.CodeCache{Heaps: []analyze.CodeHeap{{Name: "CodeCache", Size: 240 * say.MB, Used: 239 * say.MB, Line: 2}}, State: "disabled (not enough contiguous free space left)", Full: 1}},
		{name: "was full, and small", want: "warning code-cache-full", title: "The code cache has been full 3 times; it has 16 MB", says: "-XX:ReservedCodeCacheSize 16m -> 240m", size: "16777216",
			cache: analyze.CodeCache{Heaps: []analyze.CodeHeap{{Name: "CodeCache", Size: 16 * say.MB, Used: 8 * say.MB, Line: 2}}, Compiles: true, State: "enabled", Full: 3}},
		{name: "one part nearly full", want: "warning code-cache-full", title: "112 MB of 117 MB is in use in the code cache (CodeHeap 'profiled nmethods')",
			cache: analyze.CodeCache{Heaps: []analyze.CodeHeap{{Name: "CodeHeap 'non-nmethods'", Size: 6 * say.MB, Used: say.MB}, {Name: "CodeHeap 'profiled nmethods'", Size: 117 * say.MB, Used: 112 * say.MB, Line: 4}}, Compiles: true, State: "enabled"}},
		{name: "interpreted by choice", cache: analyze.CodeCache{Heaps: []analyze.CodeHeap{{Name: "CodeCache", Size: 240 * say.MB, Used: say.MB}}, State: "disabled (interpreter mode)"}},
		{name: "healthy", cache: analyze.CodeCache{Heaps: []analyze.CodeHeap{{Name: "CodeCache", Size: 240 * say.MB, Used: 80 * say.MB}}, Compiles: true, State: "enabled"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.cache.Source = "vm/codecache.txt"
			j := &analyze.JVM{CodeCache: &c.cache}
			if c.size != "" {
				j.FlagsSource, j.Flags = "vm/flags.txt", map[string]analyze.Flag{"ReservedCodeCacheSize": {Value: c.size, Origin: "command line", Line: 7}}
			}
			res := system(t, j, nil, time.Time{}, time.Time{})
			if got := strings.Join(loud(res), ", "); got != c.want {
				t.Fatalf("got %q, want %q\n%s", got, c.want, show(res.Findings))
			}
			oneStory(t, c.name, res.Findings)
			if c.want != "" && res.Findings[0].Title != c.title {
				t.Errorf("title\n got %s\nwant %s", res.Findings[0].Title, c.title)
			}
			if !strings.Contains(show(res.Findings), c.says) {
				t.Errorf("does not say %s\n%s", c.says, show(res.Findings))
			}
		})
	}
}

// sorted puts the lines in order of time.
func sorted(w *written) *written {
	lines := strings.SplitAfter(w.text.String(), "\n")
	lines = lines[:len(lines)-1]
	slices.Sort(lines)
	w.text.Reset()
	w.text.WriteString(strings.Join(lines, ""))
	return w
}

// The size is twice the live set in steps of 64 MB, in the options' own words, and the machine must have room for it.
func TestHeapAdvice(t *testing.T) {
	jvm := func() *analyze.JVM {
		return &analyze.JVM{GC: []*gc.Log{newLog(96, "G1").every(1, 120, 0.5, full, 95, 82, 200).log(t)}, OptionsSource: "vm/cmdline.txt", FlagsSource: "vm/flags.txt",
			Options: []string{"-Xms96m", "-Xmx96m", "-Xlog:gc:gc.log"}, Flags: map[string]analyze.Flag{"MaxHeapSize": {Value: "100663296", Origin: "command line", Line: 7}}}
	}
	a := system(t, jvm(), nil, time.Time{}, time.Time{}).Findings[0]
	if a.Advice[0].To != "-Xms192m -Xmx192m" || a.Advice[0].From != "-Xms96m -Xmx96m" {
		t.Errorf("%+v", a.Advice[0])
	}
	if e := a.Evidence[0]; e.Entry != "vm/flags.txt" || e.Lines != "7" {
		t.Errorf("first evidence %+v", e)
	}
	if e := a.Evidence[1]; e.Entry != "gc/gc.log" || e.Lines == "" {
		t.Errorf("second evidence %+v", e)
	}
	small := &host.Facts{Memory: host.Memory{Available: figure(50 * say.MB)}}
	b := system(t, jvm(), small, time.Time{}, time.Time{}).Findings[0]
	if !strings.Contains(b.Advice[0].Action, "Make room") || !strings.Contains(b.Advice[0].Risk, "only 50 MB available") {
		t.Errorf("%+v", b.Advice[0])
	}
}

// What counts is the capture: a bad night in the log of a day that is fine now is no finding, and the other way round.
func TestJudgesTheCapture(t *testing.T) {
	day := newLog(96, "G1").every(60, 3600, 0.5, full, 95, 82, 300).every(3600, 7200, 10, young, 60, 20, 10)
	at := func(s int) time.Time { return began.Add(time.Duration(s) * time.Second) }
	log := day.log(t)
	for _, c := range []struct {
		from, to int
		want     string
	}{{3000, 3060, "critical heap-too-small"}, {7000, 7060, ""}, {9000, 9060, ""}} {
		res := system(t, &analyze.JVM{GC: []*gc.Log{log}}, nil, at(c.from), at(c.to))
		if got := strings.Join(loud(res), ", "); got != c.want {
			t.Errorf("capture at %d s: %q, want %q", c.from, got, c.want)
		}
	}
}

// Several logs of one JVM are one story.
func TestOneLogOfSeveral(t *testing.T) {
	a := newLog(96, "G1").every(1, 120, 0.5, full, 95, 82, 200).log(t)
	b := newLog(96, "G1").every(60, 120, 0.5, full, 95, 82, 200).log(t)
	res := system(t, &analyze.JVM{GC: []*gc.Log{b, a}}, nil, began.Add(time.Minute), began.Add(2*time.Minute))
	if got := strings.Join(loud(res), ", "); got != "critical heap-too-small" {
		t.Errorf("got %q", got)
	}
}

func TestShortLogIsNotEvaluated(t *testing.T) {
	res := system(t, &analyze.JVM{GC: []*gc.Log{newLog(96, "G1").every(1, 3, 0.5, full, 95, 82, 400).log(t)}}, nil, time.Time{}, time.Time{})
	for _, n := range res.NotEvaluated {
		if n.ID == "heap-too-small" && strings.Contains(n.Needs, "a longer GC log") {
			return
		}
	}
	t.Errorf("%+v", res.NotEvaluated)
}

func TestExplicitCallerIsNamed(t *testing.T) {
	dump := scene(1, every, func(_ int, s *stage) {
		s.thread("report-cleanup", "RUNNABLE", time.Second, "java.lang.Runtime.gc(java.base@17.0.15/Native Method)\njava.lang.System.gc(java.base@17.0.15/System.java:1909)\ncom.acme.Reports.cleanup(Reports.java:9)")
	})
	j := &analyze.JVM{GC: []*gc.Log{newLog(1024, "G1").every(1, 120, 5, fullAsk, 300, 150, 120).log(t)}, Dumps: threads.NewSeries(parseText(t, "threads/1.txt", dump), nil)}
	f := system(t, j, nil, time.Time{}, time.Time{}).Findings[0]
	if !strings.Contains(f.Advice[0].Action, "Reports.cleanup") || f.Evidence[0].Entry != "threads/1.txt" || f.Evidence[0].Lines == "" {
		t.Errorf("%+v", f)
	}
}

func TestLongSafepoint(t *testing.T) {
	const line = `Safepoint "PrintThreads", Time since last: 1000000 ns, Reaching safepoint: %d ns, At safepoint: 300000 ns, Total: %d ns`
	for reach, want := range map[int]string{3_000_000_000: "warning long-safepoint", 300_000: ""} {
		w := newLog(128, "Parallel")
		for at := 40.0; at < 100; at += 15 {
			w.line(at, "safepoint", fmt.Sprintf(line, reach, reach+300000))
		}
		res := system(t, &analyze.JVM{GC: []*gc.Log{w.log(t)}}, nil, time.Time{}, time.Time{})
		if got := strings.Join(loud(res), ", "); got != want {
			t.Errorf("reach %d: %q, want %q", reach, got, want)
		}
	}
}

func ref(key string) host.Ref {
	return host.Ref{Source: "nodes/n1/host/series.0.jsonl", Line: 9, Key: key}
}

func figure(v float64) host.Number { return host.Number{Value: v, Ref: ref("x")} }

func level(v float64) host.Spread {
	return host.Spread{Mean: v, P95: v, Max: v, Windows: 6, Ref: ref("x")}
}

func TestMachine(t *testing.T) {
	group := func(change func(*host.Cgroup)) func(*host.Facts) {
		return func(f *host.Facts) {
			g := host.Cgroup{Name: "/pod", PIDs: []int{4711}, EffectiveCPUs: figure(2), CPULimit: figure(2), Periods: figure(300), ThrottledPercent: level(0), MemoryLimit: figure(4 << 30), WorkingSetPercent: figure(70)}
			change(&g)
			f.Cgroups = []host.Cgroup{g}
		}
	}
	disk := func(kind, mount string, real bool, total, avail uint64) func(*host.Facts) {
		return func(f *host.Facts) {
			fs := host.FileSystem{Kind: kind, Real: real, Ref: ref(mount), Filesystem: hostseries.Filesystem{Mount: mount, Type: "ext4", Total: total, Free: avail, Available: avail}}
			fs.FreePercent = figure(100 * float64(avail) / float64(total))
			f.FileSystems = append(f.FileSystems, fs)
		}
	}
	cpu := func(busy, queue float64) func(*host.Facts) {
		return func(f *host.Facts) { f.CPU.Busy, f.CPU.RunQueuePerCPU = level(busy), level(queue) }
	}
	for _, c := range []struct {
		name   string
		change func(*host.Facts)
		want   string
	}{
		{"normal", func(*host.Facts) {}, ""},
		{"busy, nothing waits", cpu(95, 1), ""},
		{"a queue, not busy", cpu(60, 3), ""},
		{"saturated", cpu(96, 4), "warning cpu-saturated"},
		{"burst", func(f *host.Facts) { cpu(96, 3)(f); f.Span = 20 * time.Second }, ""},
		{"flooded", cpu(99.5, 20), "critical cpu-saturated"},
		{"waits by pressure", func(f *host.Facts) {
			cpu(96, 1.6)(f)
			f.Pressure = map[string]host.Pressure{"cpu": {SomePercent: level(80)}}
		}, "warning cpu-saturated"},
		{"not throttled", group(func(*host.Cgroup) {}), ""},
		{"throttled", group(func(g *host.Cgroup) { g.ThrottledPercent = level(40) }), "critical cpu-throttled"},
		{"throttled, hardly ran", group(func(g *host.Cgroup) { g.ThrottledPercent, g.Periods = level(40), figure(10) }), ""},
		{"another's quota", group(func(g *host.Cgroup) { g.ThrottledPercent, g.PIDs = level(40), []int{1} }), ""},
		{"container full", group(func(g *host.Cgroup) { g.WorkingSetPercent = figure(97) }), "warning oom-risk"},
		{"steal", func(f *host.Facts) { f.CPU.Steal = level(15) }, "warning cpu-steal"},
		{"a little steal", func(f *host.Facts) { f.CPU.Steal = level(2) }, ""},
		{"root full", disk("disk", "/", true, 50<<30, 100<<20), "critical disk-full"},
		{"data low", disk("disk", "/data", true, 50<<30, 800<<20), "warning disk-full"},
		{"small and half empty", disk("disk", "/data", true, 500<<20, 200<<20), ""},
		{"large with 4 % left", disk("disk", "/data", true, 1<<40, 40<<30), ""},
		{"image", disk("image", "/snap/core", false, 50<<20, 0), ""},
		{"boot", disk("disk", "/boot", true, 500<<20, 5<<20), ""},
		{"files", func(f *host.Facts) {
			f.Files = host.Files{Allocated: figure(95), Max: figure(100), UsedPercent: figure(95)}
		}, "critical fd-exhaustion"},
		{"swapping", func(f *host.Facts) { f.Memory.SwapIn = level(5 << 20) }, "warning memory-swapping"},
		{"swap that nobody wants back", func(f *host.Facts) { f.Memory.SwapIn, f.Memory.SwapUsed = level(100), figure(2<<30) }, ""},
		{"killed", func(f *host.Facts) { f.Memory.OOMKills = figure(1) }, "critical oom-risk"},
		{"disk", func(f *host.Facts) {
			f.Disks = []host.Disk{{Name: "sda", BusyPercent: level(99), WriteLatency: level(80), Queue: level(12)}}
			f.Pressure = map[string]host.Pressure{"io": {SomePercent: level(60)}}
		}, "warning disk-saturated"},
		{"fast disk, always busy", func(f *host.Facts) {
			f.Disks = []host.Disk{{Name: "nvme0n1", BusyPercent: level(99), WriteLatency: level(0.4), Queue: level(3)}}
			f.Pressure = map[string]host.Pressure{"io": {SomePercent: level(60)}}
		}, ""},
		{"stall", func(f *host.Facts) { f.Stall = level(8) }, "warning host-stall"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &host.Facts{Span: time.Minute, CPU: host.CPU{Count: figure(4), Busy: level(55), RunQueuePerCPU: level(0.7), Steal: level(0)},
				Memory: host.Memory{Total: figure(16 << 30), Available: figure(8 << 30), AvailableLeast: figure(48), SwapIn: level(0)}, Stall: level(0.01)}
			c.change(f)
			res := system(t, &analyze.JVM{}, f, began, began.Add(time.Minute))
			if got := strings.Join(loud(res), ", "); got != c.want {
				t.Errorf("got %q, want %q\n%s", got, c.want, show(res.Findings))
			}
			oneStory(t, c.name, res.Findings)
		})
	}
}

func TestOpenFiles(t *testing.T) {
	for _, c := range []struct {
		open []float64
		want string
	}{{[]float64{100, 100}, ""}, {[]float64{700, 750, 800}, "warning fd-exhaustion"}, {[]float64{950, 950}, "critical fd-exhaustion"}} {
		e := series.NewEncoder(series.Header{Source: "proc"})
		for i, n := range c.open {
			e.Add(began.Add(time.Duration(i)*10*time.Second), map[string]float64{"fds": n, "fd_limit": 1024})
		}
		s, err := series.Read(bytes.NewReader(e.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		res := system(t, &analyze.JVM{Process: s, ProcessSource: "process/series.0.jsonl"}, nil, time.Time{}, time.Time{})
		if got := strings.Join(loud(res), ", "); got != c.want {
			t.Errorf("%v: got %q, want %q", c.open, got, c.want)
		}
	}
}

func TestSettings(t *testing.T) {
	flags := func(pairs ...string) map[string]analyze.Flag {
		m := map[string]analyze.Flag{"MaxHeapSize": {Value: "4294967296", Origin: "ergonomic", Line: 1}, "HeapDumpOnOutOfMemoryError": {Value: "false", Origin: "default", Line: 2},
			"UseCompressedOops": {Value: "true", Origin: "ergonomic", Line: 3}, "MaxRAMPercentage": {Value: "25.000000", Origin: "default", Line: 4}}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = analyze.Flag{Value: pairs[i+1], Origin: "command line", Line: 9}
		}
		return m
	}
	for _, c := range []struct {
		name, version string
		options       []string
		flags         map[string]analyze.Flag
		want, title   string
	}{
		{name: "plain java -jar", options: []string{"-jar"}, flags: flags(), title: "2 settings of 4711-shop: no heap dump on OutOfMemoryError and no GC log"},
		{name: "well kept", options: []string{"-Xlog:gc*:file=gc.log", "-XX:+HeapDumpOnOutOfMemoryError"}, flags: flags("HeapDumpOnOutOfMemoryError", "true")},
		{name: "40 GB", options: []string{"-Xmx40g", "-Xlog:gc*:file=gc.log"}, flags: flags("MaxHeapSize", "42949672960", "UseCompressedOops", "false", "HeapDumpOnOutOfMemoryError", "true"), want: "warning unsafe-config",
			title: "1 setting of 4711-shop: a heap of 40 GB has lost compressed references"},
		{name: "ZGC has none", options: []string{"-Xmx40g"}, flags: flags("MaxHeapSize", "42949672960", "UseCompressedOops", "false", "UseZGC", "true")},
		{name: "all memory", options: []string{"-XX:MaxRAMPercentage=95"}, flags: flags("MaxRAMPercentage", "95.000000"), want: "warning unsafe-config"},
		{name: "debugger", options: []string{"-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:5005"}, flags: flags(), want: "warning unsafe-config"},
		{name: "debugger at home", version: "17.0.15+6", options: []string{"-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=5005"}, flags: flags()},
		{name: "interpreter", options: []string{"-Xint"}, flags: flags("UseCompiler", "false"), want: "warning jit-disabled"},
		{name: "client compiler", options: []string{"-XX:TieredStopAtLevel=1"}, want: "warning jit-disabled"},
		{name: "old options", version: "17.0.15+6", options: []string{"-XX:+AggressiveOpts", "-XX:MaxPermSize=256m", "-Xlog:gc"}, title: "1 setting of 4711-shop: 2 options that JDK 17 no longer knows (-XX:+AggressiveOpts and -XX:MaxPermSize)"},
		{name: "options that JDK 27 dropped", version: "27.0.1+1", options: []string{"-XX:MaxRAM=4g", "-XX:-UseCompressedClassPointers", "-Xlog:gc"}, title: "1 setting of 4711-shop: 2 options that JDK 27 no longer knows (-XX:MaxRAM and -XX:-UseCompressedClassPointers)"},
		{name: "the same on 7", version: "24.80-b11", options: []string{"-XX:+PrintGCDetails"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := &analyze.JVM{Options: c.options, OptionsSource: "vm/cmdline.txt", Flags: c.flags, FlagsSource: "vm/flags.txt", Version: c.version}
			res := system(t, j, nil, time.Time{}, time.Time{})
			if got := strings.Join(loud(res), ", "); got != c.want {
				t.Errorf("got %q, want %q\n%s", got, c.want, show(res.Findings))
			}
			oneStory(t, c.name, res.Findings)
			if c.title != "" && (len(res.Findings) == 0 || res.Findings[0].Title != c.title) {
				t.Errorf("title, want %s\n%s", c.title, show(res.Findings))
			}
		})
	}
}

// Without input nothing is claimed, and each rule says what to record.
func TestNothingThere(t *testing.T) {
	res := system(t, &analyze.JVM{}, nil, time.Time{}, time.Time{})
	if len(res.Findings) > 0 || len(res.NotEvaluated) != len(systemRules()) {
		t.Errorf("%d findings, %d of %d not evaluated", len(res.Findings), len(res.NotEvaluated), len(systemRules()))
	}
}

// Whatever a log is like, each finding is whole, and no rule breaks.
func TestSystemRulesOverCorpus(t *testing.T) {
	root := filepath.Join("..", "..", "..", "shared", "corpus")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no corpus next to the project: ", err)
	}
	logs := 0
	for _, set := range []string{"gcviewer", "gctoolkit-testdata"} {
		err := filepath.WalkDir(filepath.Join(root, set), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			l, err := gclog.Parse(filepath.Base(path), f, gclog.Options{})
			if err != nil {
				return nil // not a GC log
			}
			logs++
			system(t, &analyze.JVM{GC: []*gc.Log{l}}, nil, time.Time{}, time.Time{})
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if logs < 50 {
		t.Errorf("%d logs", logs)
	}
}

// The title accuses a process only when it has a good part of what is used.
func TestWhoUsesTheCPU(t *testing.T) {
	for percent, want := range map[float64]string{250: "most is used by 77 backup (2.5 CPUs)", 40: "no process has much of it alone"} {
		f := &host.Facts{Span: time.Minute, CPU: host.CPU{Count: figure(4), Busy: level(96), RunQueuePerCPU: level(4), Steal: level(0)}}
		f.Processes = host.Processes{TopTable: hostseries.TopTable{Processes: []hostseries.Process{{PID: 77, Comm: "backup", CPUPercent: percent}}}, Ref: ref("top")}
		res := system(t, &analyze.JVM{}, f, began, began.Add(time.Minute))
		if len(res.Findings) == 0 || !strings.Contains(res.Findings[0].Title, want) {
			t.Errorf("%v %%: %s", percent, show(res.Findings))
		}
	}
}
