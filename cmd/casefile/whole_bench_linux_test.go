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
	"casefile/cmd/samples/live/livetest"
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

// BenchmarkAnalyzeCase analyses the evidence of four nodes in three sizes: GC logs, dumps and logs of applications; and once more with a
// quarter of it recordings.
func BenchmarkAnalyzeCase(b *testing.B) {
	program := shipped(b)
	for _, c := range []struct {
		name               string
		others, recordings int64 // MB
	}{{"128MB", 128, 0}, {"256MB", 256, 0}, {"1024MB", 1024, 0}, {"1024MB-recordings", 768, 256}} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			if err := large.Case(dir, c.others<<20); err != nil {
				b.Fatal(err)
			}
			if c.recordings > 0 {
				if err := large.Recordings(dir, recorded(b), c.recordings<<20); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes((c.others + c.recordings) << 20)
			var all used
			for b.Loop() {
				u := takes(b, program, "analyze", dir)
				all = used{all.wall + u.wall, all.cpu + u.cpu, max(all.peakMB, u.peakMB)}
			}
			b.ReportMetric(all.wall.Seconds()/float64(b.N), "wall-s")
			b.ReportMetric(all.cpu.Seconds()/float64(b.N), "cpu-s")
			b.ReportMetric(float64(all.cpu)/float64(all.wall), "of-"+strconv.Itoa(runtime.NumCPU())+"-cpus")
			b.ReportMetric(all.peakMB, "peak-MB")
		})
	}
}

// recorded is a recording of a JVM that computes, allocates and locks, in chunks of 4 MB.
func recorded(b *testing.B) []byte {
	b.Helper()
	jdk := livetest.Newest(b)
	file := filepath.Join(b.TempDir(), "bench.jfr")
	classes := livetest.Compile(b, jdk, filepath.Join("..", "..", "analyze", "jfr", "testdata", "Load.java"))
	process(b, filepath.Join(jdk.Home, "bin", "java"), "-Xmx256m", "-XX:FlightRecorderOptions:maxchunksize=4M",
		"-XX:StartFlightRecording:filename="+file+",settings=profile,jdk.ObjectAllocationSample#throttle=off", "-cp", classes, "Load", "8000")
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	return text
}

// peakMB is the most memory a process had.
func peakMB(s *os.ProcessState) float64 {
	return float64(s.SysUsage().(*syscall.Rusage).Maxrss) / 1024
}
