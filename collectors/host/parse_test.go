//go:build linux

package host

import (
	"strings"
	"testing"
	"time"

	"casefile/bundle/format/hostseries"
	"casefile/collectors"
)

func TestParseMounts(t *testing.T) {
	list, unknown := parseMounts([]byte(`36 35 98:0 /mnt1 /mnt\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
37 35 0:50 / /a\134b ro - cifs //srv/x\040y ro,vers=3.0
broken
38 35 0:51 / /no-source rw - tmpfs  rw
`))
	if len(list) != 3 || unknown != 1 {
		t.Fatalf("%d mounts, %d unknown", len(list), unknown)
	}
	if m := list[0]; m.point != "/mnt 2" || m.root != "/mnt1" || m.fsType != "ext3" || m.device != "98:0" {
		t.Errorf("first = %+v", m)
	}
	if m := list[1]; m.point != `/a\b` || m.source != "//srv/x y" || !has(m.super, "ro") {
		t.Errorf("second = %+v", m)
	}
	if m := list[2]; m.source != "" || m.super != "rw" {
		t.Errorf("third = %+v", m)
	}
}

// TestRank: a process id used twice counts from zero, and memory is listed too.
func TestRank(t *testing.T) {
	at := time.Unix(1000, 0)
	before := look{at: at, procs: map[int]collectors.Stat{1: {User: 900, System: 100, Started: 1}, 2: {User: 500, Started: 2}}}
	after := look{at: at.Add(10 * time.Second), procs: map[int]collectors.Stat{
		1: {Comm: "steady", User: 950, System: 150, Started: 1}, 2: {Comm: "reborn", User: 300, Started: 900}, 3: {Comm: "new", System: 50, Started: 950, ResidentPages: 10}}}
	got := rank(before, after, 4096)
	want := map[string]float64{"steady": 10, "reborn": 30, "new": 5}
	if got.Seconds != 10 || got.Seen != 3 || got.Processes[0].Comm != "reborn" {
		t.Errorf("rank = %+v", got)
	}
	for _, p := range got.Processes {
		if p.CPUPercent != want[p.Comm] {
			t.Errorf("%s uses %v %%, want %v", p.Comm, p.CPUPercent, want[p.Comm])
		}
	}
}

func TestChain(t *testing.T) {
	there := func(paths ...string) func(string) bool {
		return func(p string) bool { return strings.Contains(" "+strings.Join(paths, " ")+" ", " "+p+" ") }
	}
	const top = "/sys/fs/cgroup"
	for _, c := range []struct {
		name, root, path string
		self             bool
		exists           func(string) bool
		want             string
	}{
		{"plain", "/", "/a/b", false, there(top + "/a/b"), top + "/a/b " + top + "/a " + top},
		{"container without namespace", "/docker/1", "/docker/1", false, there(top), top},
		{"below the container's root", "/docker/1", "/docker/1/x", false, there(top + "/x"), top + "/x " + top},
		{"own path not visible", "/", "/docker/1", true, there(top), top},
		{"other's path not visible", "/", "/docker/2", false, there(top), ""},
		{"outside of the namespace", "/", "/../other", true, there(top), ""},
		{"only a prefix of the name", "/docker/1", "/docker/12", false, there(top), ""},
	} {
		got := strings.Join(chain(mount{point: top, root: c.root}, c.path, c.self, c.exists), " ")
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestGrid(t *testing.T) {
	start := time.Unix(100, 0)
	g := grid{start: start, period: time.Second}
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	for i, step := range []struct{ begins, ends, late float64 }{
		{0.25, 0.5, 0.25}, {1, 1.5, 0}, {4.5, 4.75, 2.5}, {5, 6.25, 0}, {7, 7.5, 0},
	} {
		if late := g.late(at(step.begins)); late.Seconds() != step.late {
			t.Errorf("sample %d is %v late, want %v s", i, late, step.late)
		}
		g.done(at(step.ends))
	}
}

func TestMemoryLimits(t *testing.T) {
	for _, c := range []struct {
		us, period string
		want       float64
		ok         bool
	}{{"150000", "100000", 1.5, true}, {"-1", "100000", 0, false}, {"max", "100000", 0, false}, {"1", "0", 0, false}, {"", "", 0, false}} {
		if got, ok := quota(c.us, c.period); got != c.want || ok != c.ok {
			t.Errorf("quota(%q, %q) = %v, %v", c.us, c.period, got, ok)
		}
	}
	if dir, _, ok := tightest([]string{"a", "b", "c"}, func(d string) (float64, bool) { return map[string]float64{"b": 2, "c": 1}[d], d != "a" }); dir != "c" || !ok {
		t.Errorf("tightest = %q, %v", dir, ok)
	}
	if dir, _, ok := tightest([]string{"a", "b"}, func(string) (float64, bool) { return 0, false }); dir != "a" || ok {
		t.Errorf("without limit, tightest = %q, %v", dir, ok)
	}
}

// TestDeclaredColumns: everything the sampler writes is in the table of columns.
func TestDeclaredColumns(t *testing.T) {
	known := hostseries.Units()
	for _, name := range []string{"vm-v2", "docker-v1"} {
		s := fixtureSampler(t, name)
		values, err := s.read(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for column := range values {
			if pattern, _ := hostseries.Split(column); known[pattern] == "" {
				t.Errorf("%s: column %s is in no table", name, column)
			}
		}
	}
}

// Processes that share a group of one controller and not of the other are of different groups.
func TestGroupsByController(t *testing.T) {
	keys := map[string]string{}
	for name, text := range map[string]string{
		"web":      "5:cpu,cpuacct:/web\n4:memory:/shop/all\n",
		"batch":    "5:cpu,cpuacct:/batch\n4:memory:/shop/all\n",
		"together": "5:cpu,cpuacct:/shop/all\n4:memory:/shop/all\n",
	} {
		key := parseMembership([]byte(text)).key()
		if other := keys[key]; other != "" {
			t.Errorf("%s and %s are both %q", name, other, key)
		}
		keys[key] = name
	}
	if keys["/shop/all"] != "together" {
		t.Errorf("a group of all controllers is not called by its path: %v", keys)
	}
}

func FuzzParsers(f *testing.F) {
	for _, seed := range []string{"36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw\n", "42 (x) R 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22\n",
		"4:memory:/docker/1\n0::/\n", " 259 0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11\n", "  1: 9 0 IO-APIC\n", "MemTotal: 12 kB\n", "cpu0 1\ncpu9\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		mounts, unknown := parseMounts(b)
		if lines := strings.Count(string(b), "\n") + 1; len(mounts)+unknown > lines {
			t.Errorf("%d mounts and %d unknown of %d lines", len(mounts), unknown, lines)
		}
		chooseFileSystems(mounts)
		h := findHierarchies(mounts)
		for _, dirs := range h.dirs(parseMembership(b), true, func(string) bool { return true }) {
			if len(dirs) > maxDepth {
				t.Errorf("%d folders", len(dirs))
			}
		}
		diskLine(b)
		sumInterrupts(b)
		meminfo(b)
		countCPUs(b)
	})
}
