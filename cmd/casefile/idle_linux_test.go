package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	idleFor    = time.Minute
	idleMemory = 25.0 // MB
	idleCPU    = 0.1  // percent of one
)

// BenchmarkIdleAgent measures an agent that nobody asks anything for a minute, after
// one capture.
func BenchmarkIdleAgent(b *testing.B) {
	m := newMachines(b, loopback(b, 1), "threads", fewThreads)
	m.build(b)
	m.serve(0, "")
	pid := m.agents[0].Process.Pid
	m.collect(nil, "--duration", "1s", "--dumps", "1") // one that never worked is no measure
	for b.Loop() {
		before := processTicks(b, pid)
		time.Sleep(idleFor)
		cpu := (processTicks(b, pid) - before) / 100 / idleFor.Seconds() * 100 // a tick is 10 ms (USER_HZ)
		rss := statusMB(b, pid, "VmRSS")
		b.ReportMetric(rss, "rss-MB")
		b.ReportMetric(statusMB(b, pid, "VmHWM"), "peak-MB")
		b.ReportMetric(cpu, "%cpu")
		if rss > idleMemory || cpu > idleCPU {
			b.Errorf("%.1f MB, %.2f %% of a CPU: want at most %.0f and %.1f", rss, cpu, idleMemory, idleCPU)
		}
	}
}

// build puts the program as it is shipped in the place of this test binary, which is
// larger.
func (m *machines) build(b *testing.B) {
	b.Helper()
	link := filepath.Join(m.dir, "casefile")
	if err := os.Remove(link); err != nil {
		b.Fatal(err)
	}
	if said, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", link, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, said)
	}
}

// processTicks is the CPU time of a process, user and system.
func processTicks(b *testing.B, pid int) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	sum := 0.0
	for _, f := range strings.Fields(rest)[11:13] {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += v
	}
	return sum
}

// statusMB reads a size of /proc/PID/status.
func statusMB(b *testing.B, pid int, name string) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kb / 1024
		}
	}
	b.Fatalf("no %s", name)
	return 0
}
