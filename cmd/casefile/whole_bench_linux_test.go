package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"casefile/analyze/gc/gclog"
	"casefile/testdata/large"
)

// shipped builds the program as it is given away.
func shipped(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "casefile")
	if said, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, said)
	}
	return path
}

// process runs a program to its end and says what it took.
func process(b *testing.B, name string, args ...string) (wall, cpu time.Duration) {
	b.Helper()
	cmd := exec.CommandContext(context.Background(), name, args...)
	began := time.Now()
	said, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%s: %v: %s", name, err, said)
	}
	return time.Since(began), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// BenchmarkAnalyzeGCLog analyses a GC log of 47 MB as a process, next to its parsing alone and to wc -l. The two run in turns.
func BenchmarkAnalyzeGCLog(b *testing.B) {
	program, name := shipped(b), filepath.Join(b.TempDir(), "gc.log")
	if err := large.File(name, func(w io.Writer) error { return large.GCLog(w, 47<<20, 1) }); err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	var whole, cpu, parsing, count time.Duration
	for b.Loop() {
		wall, used := process(b, program, "analyze", name)
		whole, cpu = whole+wall, cpu+used
		began := time.Now()
		if _, err := gclog.Parse(name, bytes.NewReader(text), gclog.Options{}); err != nil {
			b.Fatal(err)
		}
		parsing += time.Since(began)
		wall, _ = process(b, "wc", "-l", name)
		count += wall
	}
	b.ReportMetric(float64(whole)/float64(parsing), "x-parsing")
	b.ReportMetric(float64(cpu)/float64(parsing), "cpu-x-parsing")
	b.ReportMetric(float64(whole)/float64(count), "x-wc-l")
}

// BenchmarkAnalyzeCase analyses the evidence of four nodes in three sizes: GC logs, dumps and logs of applications.
func BenchmarkAnalyzeCase(b *testing.B) {
	program := shipped(b)
	for _, megabytes := range []int64{128, 256, 1024} {
		b.Run(strconv.FormatInt(megabytes, 10)+"MB", func(b *testing.B) {
			dir := b.TempDir()
			if err := large.Case(dir, megabytes<<20); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(megabytes << 20)
			var cpu time.Duration
			var rss float64
			for b.Loop() {
				cmd := exec.CommandContext(b.Context(), program, "analyze", dir)
				if said, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("%v: %s", err, said)
				}
				cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
				rss = max(rss, peakMB(cmd.ProcessState))
			}
			b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s")
			b.ReportMetric(float64(cpu)/float64(b.Elapsed()), "of-"+strconv.Itoa(runtime.NumCPU())+"-cpus")
			b.ReportMetric(rss, "peak-MB")
		})
	}
}

// peakMB is the most memory a process had.
func peakMB(s *os.ProcessState) float64 {
	return float64(s.SysUsage().(*syscall.Rusage).Maxrss) / 1024
}
