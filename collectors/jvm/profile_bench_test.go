package jvm_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
	"casefile/collectors"
)

// BenchmarkProfileOverhead compares how much work a busy JVM gets done for each second of CPU that its process
// uses, with a profile going on and without, three pairs of ten seconds in turn, on the newest JDK. Work for CPU time rather than
// for time: other processes of the machine do not count. The recording's own threads do. JFR has been started once
// before; what that costs stands next to it.
func BenchmarkProfileOverhead(b *testing.B) {
	const pairs, window = 3, 10 * time.Second
	jdk := livetest.Newest(b)
	for _, focus := range []string{plan.CPU, plan.Alloc, plan.Lock, plan.IO, ""} { // "": collect --jfr
		b.Run(fmt.Sprintf("java%d/%s", jdk.Major, cmp.Or(focus, "all")), func(b *testing.B) {
			p := livetest.Start(b, jdk, "profiled", live.Options{Args: []string{"mixed"}, JVM: []string{"-Xms512m", "-Xmx512m"}})
			for b.Loop() {
				rate(b, p, 5*time.Second) // compiled
				first := profiling(b, p, focus, time.Second, func() {})
				var losses []float64
				for k := range pairs {
					var with, without float64
					off := func() { without = rate(b, p, window) }
					on := func() { profiling(b, p, focus, window+time.Second, func() { with = rate(b, p, window) }) }
					order := []func(){off, on}
					if k%2 == 1 {
						slices.Reverse(order)
					}
					for _, f := range order {
						f()
					}
					losses = append(losses, 100*(1-with/without))
				}
				slices.Sort(losses)
				b.ReportMetric(losses[len(losses)/2], "median-loss-%")
				b.ReportMetric(losses[0], "least-loss-%")
				b.ReportMetric(losses[len(losses)-1], "most-loss-%")
				b.ReportMetric(first.Seconds(), "first-start-s")
			}
		})
	}
}

// rate is the work done for each second of CPU within a window.
func rate(b *testing.B, p *live.Process, window time.Duration) float64 {
	b.Helper()
	units, cpu := unitsOf(b, p), processCPU(b, p.PID)
	time.Sleep(window)
	return (unitsOf(b, p) - units) / (processCPU(b, p.PID) - cpu).Seconds()
}

func unitsOf(b *testing.B, p *live.Process) float64 {
	b.Helper()
	if err := p.Tell("count"); err != nil {
		b.Fatal(err)
	}
	line, err := p.Line(b.Context(), "units ")
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.ParseFloat(strings.TrimPrefix(line, "units "), 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// profiling takes a profile; during runs once it records. It returns how long the start took.
func profiling(b *testing.B, p *live.Process, focus string, length time.Duration, during func()) time.Duration {
	b.Helper()
	pl := plan.Default()
	pl.PIDs, pl.Dumps, pl.Duration = []int{p.PID}, 0, plan.Duration(length)
	pl.Profiles = &plan.Profiles{Focus: focus, Only: true}
	recording := make(chan struct{})
	s := &collectors.Session{Node: "n1", Plan: pl, Roots: collectors.SystemRoots(), Secrets: redact.NewSecrets()}
	s.Progress = func(e collectors.Event) {
		if e.Stage == "recording" {
			close(recording)
		}
	}
	began := time.Now()
	done := make(chan struct{})
	go func() { defer close(done); captureTo(b, s) }()
	ctx, cancel := context.WithTimeout(b.Context(), 90*time.Second)
	defer cancel()
	select {
	case <-recording:
	case <-ctx.Done():
		b.Fatal("nothing was recorded")
	}
	took := time.Since(began)
	during()
	<-done
	return took
}
