package host

import (
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/series"
	"casefile/bundle/redact"
	"casefile/collectors"
)

// capture runs the collector into a folder and returns the manifest and the
// entries below nodes/n1/host/.
func capture(t *testing.T, ctx context.Context, c collectors.Collector, roots collectors.Roots, p plan.Plan) (bundle.Manifest, map[string][]byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bundle")
	secrets := redact.NewSecrets()
	w, err := bundle.Create(path, bundle.Dir, bundle.Manifest{Plan: p}, secrets)
	if err != nil {
		t.Fatal(err)
	}
	s := &collectors.Session{Node: "n1", Plan: p, Roots: roots, Out: w, Secrets: secrets}
	collectors.Run(ctx, s, collectors.Prepare(ctx, s, []collectors.Collector{c}))
	m, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string][]byte{}
	err = r.Walk(context.Background(), func(e bundle.Entry, body io.Reader) (err error) {
		if name, ok := strings.CutPrefix(e.Path, "nodes/n1/host/"); ok {
			entries[name], err = io.ReadAll(body)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, entries
}

func shortPlan() plan.Plan {
	p := plan.Default()
	p.Duration, p.SampleEvery, p.Dumps = plan.Duration(500*time.Millisecond), plan.Duration(100*time.Millisecond), 0
	return p
}

// TestLive captures this machine: it must be complete for any user.
func TestLive(t *testing.T) {
	p := shortPlan()
	var m bundle.Manifest
	var entries map[string][]byte
	var s *series.Series
	for ; ; p.Duration *= 4 { // a busy machine comes to few samples in a short time
		var err error
		m, entries = capture(t, t.Context(), New(), collectors.SystemRoots(), p)
		if s, err = series.Read(strings.NewReader(string(entries["series.000.jsonl"]))); err != nil {
			t.Fatal(err)
		}
		if len(s.Times) >= 3 || p.Duration > plan.Duration(10*time.Second) {
			break
		}
	}
	for _, gap := range m.Gaps() {
		t.Errorf("gap: %+v", gap)
	}
	for _, name := range []string{"cpuinfo.txt", "mountinfo.txt", "sysctl.txt", "platform.json", "top.json", "cgroups.json",
		"start/meminfo.txt", "end/meminfo.txt", "start/df.json", "end/df.json", "start/clock.json"} {
		if len(entries[name]) == 0 {
			t.Errorf("no entry %s", name)
		}
	}
	if len(s.Times) < 3 || s.Skipped > 0 {
		t.Errorf("%d samples, %d lines skipped", len(s.Times), s.Skipped)
	}
	for _, name := range []string{"cpu.user", "cpu.count", "mem.total", "procs.running", "sampler.late", "tcp.in_segments"} {
		if v, ok := s.Last(name); !ok || v < 0 {
			t.Errorf("%s = %v, %v", name, v, ok)
		}
	}
	for name, content := range entries {
		if strings.HasSuffix(name, ".json") && !json.Valid(content) {
			t.Errorf("%s is not JSON", name)
		}
	}
	if testing.Verbose() {
		for _, c := range m.Coverage {
			t.Logf("%-30s %-8s %s", c.Item, c.Status, c.Reason)
		}
	}
}
