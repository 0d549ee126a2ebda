//go:build linux

package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/hostseries"
	"casefile/bundle/redact"
	"casefile/collectors"
)

// newScopedRun makes a run outside of a capture, with a scope that writes into a
// folder of its own.
func newScopedRun(t testing.TB, sys system, roots collectors.Roots) *run {
	t.Helper()
	secrets := redact.NewSecrets()
	w, err := bundle.Create(filepath.Join(t.TempDir(), "b"), bundle.Dir, bundle.Manifest{}, secrets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	s := &collectors.Session{Node: "n1", Plan: shortPlan(), Roots: roots, Out: w, Secrets: secrets}
	return newRun(sys, &collectors.Scope{Session: s, Collector: "host", Target: "host"})
}

func sampleOf(t testing.TB, r *run) *sampler {
	t.Helper()
	s, err := r.newSampler(r.pickDisks(), r.pickInterfaces(), r.findCgroups())
	if err != nil {
		t.Fatal(err)
	}
	s.grid = grid{start: time.Now(), period: time.Second}
	return s
}

func fixtureSampler(t testing.TB, name string) *sampler {
	return sampleOf(t, newScopedRun(t, fake(t), unpack(t, name)))
}

// TestSamplerSurvives: a source that breaks costs its own values only.
func TestSamplerSurvives(t *testing.T) {
	r := newScopedRun(t, fake(t), unpack(t, "vm-v2"))
	s := sampleOf(t, r)
	if err := os.WriteFile(filepath.Join(r.roots.Proc, "stat"), []byte("nonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(r.roots.Proc, "loadavg")); err != nil {
		t.Fatal(err)
	}
	values, err := s.read(time.Now())
	if err == nil || !strings.Contains(err.Error(), "/proc/stat: no cpu line") || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error = %v", err)
	}
	if _, ok := values[hostseries.MemTotal]; !ok {
		t.Error("memory is lost with the CPU")
	}
}

// TestPickDisks: whole disks that were used; no partition, no idle loop device.
func TestPickDisks(t *testing.T) {
	r := newScopedRun(t, fake(t), unpack(t, "vm-v2"))
	if got := strings.Join(r.pickDisks(), " "); got != "nvme0n1" {
		t.Errorf("disks: %s", got)
	}
	if got := strings.Join(r.pickInterfaces(), " "); got != "eth0 lo" {
		t.Errorf("interfaces: %s", got)
	}
	names, more := busiest([]ranked{{"a", 1}, {"b", 3}, {"c", 2}}, 2)
	if strings.Join(names, " ") != "b c" || more != 1 {
		t.Errorf("busiest = %v, %d", names, more)
	}
}

// BenchmarkSample is the cost of one line of the series on this machine.
func BenchmarkSample(b *testing.B) {
	r := newScopedRun(b, New().(collector).sys, collectors.SystemRoots())
	s := sampleOf(b, r)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.read(time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLook is the cost of looking at every process once.
func BenchmarkLook(b *testing.B) {
	r := newScopedRun(b, New().(collector).sys, collectors.SystemRoots())
	n := 0
	for b.Loop() {
		n = len(r.look().procs)
	}
	b.ReportMetric(float64(n), "processes")
}
