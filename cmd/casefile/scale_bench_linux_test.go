package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
	"casefile/testdata/large"
)

// used is what a process took to its end.
type used struct {
	wall, cpu time.Duration
	peakMB    float64
}

// takes runs a program to its end. It may find gaps: exit code 3.
func takes(b *testing.B, name string, args ...string) used {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), name, args...)
	began := time.Now()
	said, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !(errors.As(err, &exit) && exit.ExitCode() == exitGaps) {
		b.Fatalf("%s: %v: %s", name, err, said)
	}
	return used{time.Since(began), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peakMB(cmd.ProcessState)}
}

func (u used) report(b *testing.B) {
	b.ReportMetric(u.wall.Seconds(), "wall-s")
	b.ReportMetric(u.cpu.Seconds(), "cpu-s")
	b.ReportMetric(u.peakMB, "peak-MB")
}

// BenchmarkAnalyzeDumps analyses long series of dumps and large ones, as a process.
func BenchmarkAnalyzeDumps(b *testing.B) {
	program := shipped(b)
	for _, c := range []struct{ dumps, threads int }{{125, 650}, {250, 650}, {500, 650}, {6, 5000}, {60, 5000}} {
		b.Run(fmt.Sprintf("%dx%d", c.dumps, c.threads), func(b *testing.B) {
			name := filepath.Join(b.TempDir(), "threads.txt")
			if err := large.File(name, func(w io.Writer) error { return large.Dumps(w, c.dumps, c.threads) }); err != nil {
				b.Fatal(err)
			}
			info, err := os.Stat(name)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(info.Size())
			for b.Loop() {
				takes(b, program, "analyze", name).report(b)
			}
		})
	}
}

// BenchmarkCollect captures JVMs that do nothing: what that takes of us, and how long they stand for it. Those that are
// idle have few pauses of their own, which are those "before", in as long.
func BenchmarkCollect(b *testing.B) {
	program := shipped(b)
	jdk := livetest.Newest(b)
	jvms, err := strconv.Atoi(cmp.Or(os.Getenv("CASEFILE_BENCH_JVMS"), "100"))
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		jvms, threads, dumps int
		duration             time.Duration
	}{{4, 500, 6, time.Minute}, {jvms, 20, 3, 20 * time.Second}} {
		b.Run(fmt.Sprintf("%dJVMs-%dthreads-%v", c.jvms, c.threads, c.duration), func(b *testing.B) {
			dir := b.TempDir()
			args := []string{"collect", "--no-report", "--out", filepath.Join(dir, "x.tar.zst"),
				"--duration", c.duration.String(), "--dumps", strconv.Itoa(c.dumps),
				"--dump-interval", (c.duration / time.Duration(c.dumps)).String()}
			var logs []string
			for i := range c.jvms {
				log := filepath.Join(dir, fmt.Sprintf("safepoint%d.log", i))
				small := []string{"-Xms24m", "-Xmx24m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xlog:safepoint=info:file=" + log}
				p := livetest.Start(b, jdk, "threads", live.Options{Args: []string{strconv.Itoa(c.threads)}, JVM: small})
				args, logs = append(args, "--pid", strconv.Itoa(p.PID)), append(logs, log)
			}
			read := make([]int64, len(logs))
			pausesSince(b, logs, read)
			select {
			case <-time.After(c.duration / 2):
			case <-b.Context().Done():
			}
			before, longestBefore := pausesSince(b, logs, read)
			for b.Loop() {
				takes(b, program, args...).report(b)
			}
			b.ReportMetric(2*float64(before.Microseconds())/1000/float64(c.jvms), "before-pauses-ms/JVM")
			b.ReportMetric(float64(longestBefore.Microseconds())/1000, "before-longest-ms")
			sum, longest := pausesSince(b, logs, read)
			b.ReportMetric(float64(sum.Microseconds())/1000/float64(c.jvms)/float64(b.N), "pauses-ms/JVM")
			b.ReportMetric(float64(longest.Microseconds())/1000, "longest-ms")
		})
	}
}

var pauseTotal = regexp.MustCompile(`Safepoint "\w+".*Total: +(\d+) ns`)

// pausesSince sums what the safepoint logs have had since they were read.
func pausesSince(b *testing.B, logs []string, read []int64) (sum, longest time.Duration) {
	b.Helper()
	for i, name := range logs {
		text, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range pauseTotal.FindAllSubmatch(text[min(read[i], int64(len(text))):], -1) {
			ns, err := strconv.ParseInt(string(m[1]), 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			sum, longest = sum+time.Duration(ns), max(longest, time.Duration(ns))
		}
		read[i] = int64(len(text))
	}
	return sum, longest
}
