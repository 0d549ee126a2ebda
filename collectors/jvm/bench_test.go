package jvm_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"casefile/bundle/format/hsperf"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
	"casefile/collectors"
	"casefile/collectors/jvm"
)

// cost is what one dump took: wall time, CPU of the client, pauses of the JVM.
type cost struct{ wall, cpu, pause time.Duration }

// pairs is how many dumps of each are compared; the medians are printed.
const pairs = 9

// BenchmarkThreadDump takes a dump of a JVM with many threads through the attach
// protocol and through jstack, in turn, and prints how much less ours takes.
func BenchmarkThreadDump(b *testing.B) {
	for _, jdk := range live.JDKs(b.Context()) {
		for _, threads := range []int{500, 5000} {
			benchmarkDump(b, jdk, threads)
		}
	}
}

func benchmarkDump(b *testing.B, jdk live.JDK, threads int) {
	b.Run(fmt.Sprintf("java%d-%dthreads", jdk.Major, threads), func(b *testing.B) {
		jstack, ok := jdk.Has("jstack")
		if !ok {
			b.Skip("no jstack in " + jdk.Home)
		}
		log := filepath.Join(b.TempDir(), "safepoint.log")
		p := livetest.Start(b, jdk, "threads", live.Options{Args: []string{strconv.Itoa(threads)}, JVM: []string{"-Xlog:safepoint=info:file=" + log}})
		j, err := jvm.Inspect("/proc", p.PID)
		if err != nil {
			b.Fatal(err)
		}
		vm := jvm.NewAttacher(j.Process, jdk.Major, false)
		pauses := &pauseLog{path: log}
		var ours, theirs []cost
		if _, err := vm.Exec(b.Context(), "threaddump", ""); err != nil { // starts the listener
			b.Fatal(err)
		}
		for b.Loop() {
			for range pairs {
				ours = append(ours, pauses.measure(b, func() (time.Duration, error) {
					before := cpuOf(syscall.RUSAGE_SELF)
					text, err := vm.Exec(b.Context(), "threaddump", "")
					if err == nil && !bytes.Contains(text, []byte("JNI global refs")) {
						err = fmt.Errorf("not a whole dump")
					}
					return cpuOf(syscall.RUSAGE_SELF) - before, err
				}))
				theirs = append(theirs, pauses.measure(b, func() (time.Duration, error) {
					before := cpuOf(syscall.RUSAGE_CHILDREN)
					err := exec.Command(jstack, fmt.Sprint(p.PID)).Run()
					return cpuOf(syscall.RUSAGE_CHILDREN) - before, err
				}))
			}
		}
		report(b, "wall", ours, theirs, func(c cost) time.Duration { return c.wall })
		report(b, "cpu", ours, theirs, func(c cost) time.Duration { return c.cpu })
		report(b, "pause", ours, theirs, func(c cost) time.Duration { return c.pause })
	})
}

// report prints both medians in ms and how many times less ours is.
func report(b *testing.B, what string, ours, theirs []cost, of func(cost) time.Duration) {
	median := func(list []cost) float64 {
		var v []time.Duration
		for _, c := range list {
			v = append(v, of(c))
		}
		slices.Sort(v)
		return float64(v[len(v)/2].Microseconds()) / 1000
	}
	o, t := median(ours), median(theirs)
	b.ReportMetric(o, what+"-ms")
	b.ReportMetric(t, "jstack-"+what+"-ms")
	if o > 0 {
		b.ReportMetric(t/o, what+"-times-less")
	}
}

func cpuOf(who int) time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(who, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// pauseLog reads the JVM's own safepoint log:
//
//	Safepoint "PrintThreads", Time since last: 1 ns, Reaching safepoint: 2 ns, ..., Total: 15 ns
type pauseLog struct {
	path string
	read int64
}

var totalPause = regexp.MustCompile(`Safepoint "\w+".*Total: +(\d+) ns`)

func (l *pauseLog) measure(b *testing.B, run func() (time.Duration, error)) cost {
	l.new(b)
	began := time.Now()
	cpu, err := run()
	c := cost{wall: time.Since(began), cpu: cpu}
	if err != nil {
		b.Fatal(err)
	}
	c.pause = l.new(b)
	return c
}

// new sums the pauses that were logged since the last call.
func (l *pauseLog) new(b *testing.B) time.Duration {
	text, err := os.ReadFile(l.path)
	if err != nil {
		b.Fatal(err)
	}
	var sum time.Duration
	for _, m := range totalPause.FindAllSubmatch(text[min(l.read, int64(len(text))):], -1) {
		ns, err := strconv.ParseInt(string(m[1]), 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(ns)
	}
	l.read = int64(len(text))
	return sum
}

// BenchmarkCounters reads hsperfdata as the 1 Hz series does, next to jstat -gc.
func BenchmarkCounters(b *testing.B) {
	jdk := livetest.Newest(b)
	jstat, ok := jdk.Has("jstat")
	if !ok {
		b.Skip("no jstat in " + jdk.Home)
	}
	p := livetest.Start(b, jdk, "threads", live.Options{})
	files, err := filepath.Glob(fmt.Sprintf("/tmp/hsperfdata_*/%d", p.PID))
	if err != nil || len(files) != 1 {
		b.Fatal(files, err)
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		b.Fatal(err)
	}
	snap, err := hsperf.Parse(raw)
	if err != nil {
		b.Fatal(err)
	}
	layout, err := snap.Layout()
	if err != nil {
		b.Fatal(err)
	}
	values := make([]int64, layout.Len())
	for b.Loop() {
		raw, err := os.ReadFile(files[0])
		if err == nil {
			err = layout.Read(raw, values)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	ours := float64(b.Elapsed()) / float64(b.N)
	began := time.Now()
	const runs = 5
	for range runs {
		if err := exec.Command(jstat, "-gc", fmt.Sprint(p.PID)).Run(); err != nil {
			b.Fatal(err)
		}
	}
	theirs := float64(time.Since(began)) / runs
	b.ReportMetric(theirs/1e6, "jstat-ms")
	b.ReportMetric(theirs/ours, "times-faster")
}

// BenchmarkCapture60s captures a JVM with 500 threads for a minute and prints
// what that cost it, in percent of one CPU, and us.
func BenchmarkCapture60s(b *testing.B) {
	jdk := livetest.Newest(b)
	p := livetest.Start(b, jdk, "threads", live.Options{Args: []string{"500"}})
	for b.Loop() {
		pl := plan.Default()
		pl.PIDs = []int{p.PID}
		idle := processCPU(b, p.PID)
		s := &collectors.Session{Node: "n1", Plan: pl, Roots: collectors.SystemRoots(), Secrets: redact.NewSecrets()}
		own := cpuOf(syscall.RUSAGE_SELF)
		captureTo(b, s)
		seconds := time.Duration(pl.Duration).Seconds()
		b.ReportMetric(100*(processCPU(b, p.PID)-idle).Seconds()/seconds, "target-%cpu")
		b.ReportMetric(100*(cpuOf(syscall.RUSAGE_SELF)-own).Seconds()/seconds, "own-%cpu")
	}
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	b.ReportMetric(float64(u.Maxrss)/1024, "own-MB")
}

func captureTo(b *testing.B, s *collectors.Session) {
	jobs := collectors.Prepare(context.Background(), s, []collectors.Collector{jvm.New()})
	w := newBundle(b, s)
	s.Out = w
	collectors.Run(context.Background(), s, jobs)
	if _, err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

// processCPU is the CPU time a process has used, to the nanosecond where the
// kernel counts it.
func processCPU(b *testing.B, pid int) time.Duration {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(tasks) == 0 {
		b.Fatal("no tasks", err)
	}
	var sum time.Duration
	for _, t := range tasks {
		var ns int64
		if text, err := os.ReadFile(t); err == nil {
			fmt.Sscan(string(text), &ns)
		}
		sum += time.Duration(ns)
	}
	return sum
}
