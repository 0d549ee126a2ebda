package jfr

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	format "casefile/bundle/format/jfr"
	"casefile/cmd/samples/live/livetest"
	"casefile/testdata/large"
)

// benchRecording is the recording that CASEFILE_BENCH_RECORDING names, so that two builds read the same, or else that of a
// JVM that allocates, locks and computes, of several chunks, made anew. tool is the JDK's that reads it.
func benchRecording(b *testing.B) (file, tool string) {
	b.Helper()
	jdk := livetest.Newest(b)
	tool, ok := jdk.Has("jfr")
	if !ok {
		b.Skip("no jfr tool")
	}
	if kept := os.Getenv("CASEFILE_BENCH_RECORDING"); kept != "" {
		return kept, tool
	}
	dir := b.TempDir()
	file = filepath.Join(dir, "bench.jfr")
	classes := livetest.Compile(b, jdk, filepath.Join("testdata", "Load.java"))
	ctx, cancel := context.WithTimeout(b.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(jdk.Home, "bin", "java"), "-Xmx256m", "-XX:FlightRecorderOptions:maxchunksize=4M,stackdepth=64",
		"-XX:StartFlightRecording:filename="+file+",settings=profile,jdk.ExecutionSample#period=1ms,jdk.ObjectAllocationInNewTLAB#enabled=true,jdk.ObjectAllocationSample#throttle=off,jdk.ThreadPark#threshold=0ms",
		"-cp", classes, "Load", "8000").CombinedOutput()
	if err != nil {
		b.Fatalf("java: %v\n%s", err, out)
	}
	return file, tool
}

// repeated is the recording over and over, of at least so many bytes.
func repeated(b *testing.B, file string, least int64) (io.Reader, int64) {
	b.Helper()
	one, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	n := least/int64(len(one)) + 1
	readers := make([]io.Reader, n)
	for i := range readers {
		readers[i] = bytes.NewReader(one)
	}
	return io.MultiReader(readers...), n * int64(len(one))
}

// readSamples decodes all execution samples with the names of their frames.
func readSamples(b *testing.B, r io.Reader) (samples int64) {
	build := NewBuilder("bench", Limits{})
	build.only = []string{"jdk.ExecutionSample"}
	if err := build.Add(r); err != nil {
		b.Fatal(err)
	}
	rec := build.Recording()
	for i := range rec.Samples {
		samples += rec.Samples[i].Count
		for _, f := range rec.Stacks[rec.Samples[i].Stack].Frames {
			if rec.FunctionName(f) == "" {
				b.Fatal("a frame without name")
			}
		}
	}
	return samples
}

// BenchmarkBesideTheJDK reads one file as the JDK's jfr tool does: all execution samples with symbols, and the number of events of each type.
// The ratios are of wall time, processes of the tool included.
func BenchmarkBesideTheJDK(b *testing.B) {
	file, tool := benchRecording(b)
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	theirs := func(args ...string) time.Duration {
		cmd := exec.CommandContext(b.Context(), tool, append(args, file)...)
		cmd.Stdout = io.Discard
		start := time.Now()
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	open := func() io.ReadCloser {
		f, err := os.Open(file)
		if err != nil {
			b.Fatal(err)
		}
		return f
	}
	for _, c := range []struct {
		name string
		args []string
		ours func(io.Reader)
	}{
		{"ExecutionSamples", []string{"print", "--events", "jdk.ExecutionSample"}, func(r io.Reader) { readSamples(b, r) }},
		{"Counts", []string{"summary"}, func(r io.Reader) {
			in := format.NewReader(r, format.Limits{})
			for {
				c, err := in.Next()
				if err != nil {
					break
				}
				for range c.Counts() {
				}
			}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var ours, jdk time.Duration
			for b.Loop() {
				jdk += theirs(c.args...)
				start := time.Now()
				f := open()
				c.ours(f)
				f.Close()
				ours += time.Since(start)
			}
			b.ReportMetric(float64(info.Size())/(1<<20), "MB")
			b.ReportMetric(ours.Seconds()*1000/float64(b.N), "ours-ms")
			b.ReportMetric(jdk.Seconds()*1000/float64(b.N), "jdk-ms")
			b.ReportMetric(float64(jdk)/float64(ours), "x-faster")
		})
	}
}

// BenchmarkRead makes the whole model of 100 MB, on one core, and scans as much text for lines in turns with it; x-line-scan compares their CPU.
func BenchmarkRead(b *testing.B) {
	file, _ := benchRecording(b)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b.ReportAllocs()
	var text bytes.Buffer
	if err := large.GCLog(&text, 20<<20, 1); err != nil {
		b.Fatal(err)
	}
	var used, scanning time.Duration
	var read, scanned int64
	for b.Loop() {
		r, size := repeated(b, file, 100<<20)
		b.SetBytes(size)
		before := cpuTime(b)
		if _, err := Read(r, "bench", Limits{}); err != nil {
			b.Fatal(err)
		}
		used, read = used+cpuTime(b)-before, read+size
		b.StopTimer()
		before = cpuTime(b)
		for range 10 { // the clock counts hundredths of a second
			large.ScanLines(text.Bytes())
			scanned += int64(text.Len())
		}
		scanning += cpuTime(b) - before
		b.StartTimer()
	}
	b.ReportMetric(float64(read)/(1<<20)/used.Seconds(), "MB/cpu-s")
	b.ReportMetric(used.Seconds()/float64(read)/(scanning.Seconds()/float64(scanned)), "x-line-scan")
}

// cpuTime is what this process has used: the wall time of a busy machine says little.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		b.Skip("no /proc")
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	f := strings.Fields(after)
	var ticks time.Duration
	for _, n := range f[11:13] { // utime, stime, in hundredths of a second
		v, _ := strconv.Atoi(n)
		ticks += time.Duration(v)
	}
	return ticks * 10 * time.Millisecond
}

// BenchmarkMemory reads 1 GB of many chunks; peak-MB is the largest resident size of this process, the compiler's and the JVM's not among it.
func BenchmarkMemory(b *testing.B) {
	file, _ := benchRecording(b)
	for b.Loop() {
		r, size := repeated(b, file, 1<<30)
		b.SetBytes(size)
		rec, err := Read(r, "bench", Limits{})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(rec.Chunks), "chunks")
	}
	b.ReportMetric(peakMB(b), "peak-MB")
}

// peakMB is VmHWM of /proc/self/status.
func peakMB(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc")
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kb float64
			for _, c := range strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")) {
				kb = 10*kb + float64(c-'0')
			}
			return kb / 1024
		}
	}
	return 0
}
