//go:build linux

package host

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"casefile/bundle"
	"casefile/bundle/format/hostseries"
	"casefile/bundle/format/series"
	"casefile/collectors"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const fixtures = "../../testdata/host/"

// unpack lays a fixture tree out in a temporary folder. Environments are stored
// one variable a line.
func unpack(t testing.TB, name string) collectors.Roots {
	t.Helper()
	a, err := txtar.ParseFile(fixtures + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range a.Files {
		if filepath.Base(f.Name) == "environ" {
			f.Data = bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\x00"))
		}
		dst := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dst, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return collectors.Roots{Proc: filepath.Join(dir, "proc"), Sys: filepath.Join(dir, "sys"), Etc: filepath.Join(dir, "etc")}
}

const gb = 1 << 30

// fake is the part of the fixture machines that is not in files: a data disk
// that is full, and an NFS server that never answers.
func fake(t testing.TB) system {
	dead := make(chan struct{})
	t.Cleanup(func() { close(dead) })
	return system{uid: 1000, pageSize: 4096, spaceLimit: 2 * time.Second,
		statfs: func(path string) (space, error) {
			switch path {
			case "/mnt/shared":
				<-dead
				return space{}, fs.ErrClosed
			case "/var/atlassian home":
				return space{total: 100 * gb, free: 5 * gb, available: 0, inodes: 1000, inodesFree: 10}, nil
			case "/dev/shm":
				return space{}, fs.ErrPermission
			}
			return space{total: 50 * gb, free: 30 * gb, available: 28 * gb, inodes: 1 << 20, inodesFree: 1 << 19}, nil
		},
		clock: func() (clockReading, error) {
			return clockReading{status: staNano | 1, offset: -1_500_000, freq: 10 << 16, maxError: 25_000, estError: 1_000, tai: 37}, nil
		},
		command: func(_ context.Context, binary string, args ...string) ([]byte, error) {
			if args[len(args)-1] != "tracking" {
				return []byte("506 Cannot talk to daemon\n"), fmt.Errorf("exit status 1")
			}
			return []byte("Reference ID    : 0A000001 (10.0.0.1)\nSystem time     : 0.000120000 seconds slow of NTP time\n" +
				"Root delay      : 0.012000000 seconds\nRoot dispersion : 0.001000000 seconds\nLeap status     : Normal\n"), nil
		},
	}
}

// captureFixture captures a tree on a clock that runs only while all wait.
func captureFixture(t *testing.T, roots collectors.Roots) (m bundle.Manifest, entries map[string][]byte) {
	synctest.Test(t, func(t *testing.T) { m, entries = capture(t, t.Context(), collector{sys: fake(t)}, roots, shortPlan()) })
	return m, entries
}

// TestFixtures captures each tree and compares what came out, and the ledger.
func TestFixtures(t *testing.T) {
	for _, name := range []string{"vm-v2", "docker-v1", "kubernetes-v2"} {
		t.Run(name, func(t *testing.T) {
			m, entries := captureFixture(t, unpack(t, name))
			golden := &txtar.Archive{Comment: []byte("Written by the collector's tests: what it captures from the tree " + name + ".\n")}
			golden.Files = append(golden.Files, withoutTimes(t, entries)...)
			golden.Files = append(golden.Files, txtar.File{Name: "ledger", Data: ledger(m)})
			compare(t, fixtures+"golden/"+name+".txtar", txtar.Format(golden))
		})
	}
}

func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (rewrite with -update):\n%s", file, diff)
	}
}

// withoutTimes takes the times out of the entries that hold some, and turns the
// series into its last values.
func withoutTimes(t *testing.T, entries map[string][]byte) []txtar.File {
	t.Helper()
	var files []txtar.File
	for name, content := range entries {
		switch {
		case name == hostseries.Top:
			var top hostseries.TopTable
			if err := json.Unmarshal(content, &top); err != nil {
				t.Fatal(err)
			}
			top.Seconds = 0
			content, _ = json.MarshalIndent(top, "", " ")
		case strings.HasSuffix(name, hostseries.Clock):
			var c hostseries.ClockState
			if err := json.Unmarshal(content, &c); err != nil {
				t.Fatal(err)
			}
			c.At = time.Time{}
			content, _ = json.MarshalIndent(c, "", " ")
		case strings.HasPrefix(name, "series."):
			s, err := series.Read(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			name, content = "series", nil
			for _, column := range s.Names() {
				if v, ok := s.Last(column); ok && !strings.HasPrefix(column, "sampler.") {
					content = fmt.Appendf(content, "%s %v\n", column, v)
				}
			}
		case strings.HasPrefix(name, hostseries.End) && bytes.Equal(content, entries[hostseries.Start+strings.TrimPrefix(name, hostseries.End)]):
			content = []byte("as at the start\n")
		}
		if !bytes.HasSuffix(content, []byte("\n")) {
			content = append(content, '\n')
		}
		files = append(files, txtar.File{Name: name, Data: content})
	}
	slices.SortFunc(files, func(a, b txtar.File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

func ledger(m bundle.Manifest) []byte {
	var lines []string
	for _, c := range m.Coverage {
		lines = append(lines, fmt.Sprintf("%-8s %s: %s [%s]", c.Status, c.Item, c.Reason, c.Fix))
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, "\n") + "\n")
}

// TestInterrupted: an early end costs the rest of the series only, and is not
// taken for a file system that hangs.
func TestInterrupted(t *testing.T) {
	roots := unpack(t, "docker-v1")
	synctest.Test(t, func(t *testing.T) {
		sys := fake(t)
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan struct{})
		open := sys.statfs
		var asked atomic.Bool
		sys.statfs = func(path string) (space, error) {
			if !asked.Swap(true) {
				cancel()
				<-first
			}
			return open(path)
		}
		t.Cleanup(func() { close(first) })
		m, entries := capture(t, ctx, collector{sys: sys}, roots, shortPlan())
		for _, gap := range m.Gaps() {
			t.Errorf("gap: %+v", gap)
		}
		if !bytes.Contains(entries["start/df.json"], []byte(errEnded.Error())) || bytes.Contains(entries["end/df.json"], []byte("error")) {
			t.Errorf("start: %s\nend: %s", entries["start/df.json"], entries["end/df.json"])
		}
	})
}

// TestSecretsStay: files next to those captured are not read.
func TestSecretsStay(t *testing.T) {
	for _, name := range []string{"vm-v2", "kubernetes-v2"} {
		_, entries := captureFixture(t, unpack(t, name))
		for entry, content := range entries {
			for _, secret := range []string{"0123-4567-secret", "ab:cd:secret", "not-to-be-read"} {
				if bytes.Contains(content, []byte(secret)) {
					t.Errorf("%s: %s holds %q", name, entry, secret)
				}
			}
		}
	}
}

// TestBareKernel: what a system does not have is absent, never a gap.
func TestBareKernel(t *testing.T) {
	dir := t.TempDir()
	roots := collectors.Roots{Proc: filepath.Join(dir, "proc"), Sys: filepath.Join(dir, "sys"), Etc: filepath.Join(dir, "etc")}
	if err := os.MkdirAll(filepath.Join(roots.Proc, "self"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(roots.Proc, "meminfo"), []byte("MemTotal: 1024 kB\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	m, entries := captureFixture(t, roots)
	for _, gap := range m.Gaps() {
		t.Errorf("gap: %+v", gap)
	}
	for _, name := range []string{"start/meminfo.txt", "end/meminfo.txt", "series.000.jsonl"} {
		if len(entries[name]) == 0 {
			t.Errorf("no %s", name)
		}
	}
}

// TestUnreadable: what only root may read is skipped with the fix, never a gap.
func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root can read everything")
	}
	roots := unpack(t, "vm-v2")
	for _, f := range []string{"1/environ", "interrupts", "sys/vm/swappiness"} {
		if err := os.Chmod(filepath.Join(roots.Proc, f), 0); err != nil {
			t.Fatal(err)
		}
	}
	m, _ := captureFixture(t, roots)
	skipped := map[string]string{}
	for _, c := range m.Coverage {
		if c.Status == bundle.Skipped {
			skipped[c.Item] = c.Fix
		}
		if c.Status.Gap() && c.Item != itemSpace { // the dead mount of that tree
			t.Errorf("gap: %+v", c)
		}
	}
	if skipped["container hints"] != "run casefile as root" {
		t.Errorf("skipped: %v", skipped)
	}
}
