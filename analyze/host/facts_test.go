package host

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"casefile/bundle/format/hostseries"
	"casefile/bundle/format/series"
)

const folder = "nodes/n1/host/"

var began = time.UnixMilli(1732347000000)

// captured is what the collector got from a fixture tree.
func captured(t testing.TB, name string) map[string][]byte {
	t.Helper()
	a, err := txtar.ParseFile("../../testdata/host/golden/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range a.Files {
		if f.Name != "series" && f.Name != "ledger" {
			files[folder+f.Name] = f.Data
		}
	}
	for n, b := range files {
		if string(b) == "as at the start\n" {
			files[n] = files[strings.Replace(n, "/end/", "/start/", 1)]
		}
	}
	return files
}

func load(files map[string][]byte) (*Facts, []error) {
	return Load(func(name string) ([]byte, error) {
		if b, ok := files[name]; ok {
			return b, nil
		}
		return nil, fs.ErrNotExist
	}, slices.Collect(maps.Keys(files)))
}

func mustLoad(t *testing.T, files map[string][]byte) *Facts {
	t.Helper()
	f, errs := load(files)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return f
}

// addSeries writes samples of one second in two parts, the values of each made by row.
func addSeries(files map[string][]byte, samples int, row func(i int) map[string]float64) {
	enc := series.NewEncoder(series.Header{Source: hostseries.Source, Units: hostseries.Units()})
	for i := range samples {
		if i == samples/2 {
			files[folder+"series.000.jsonl"] = slices.Clone(enc.Bytes())
			enc.Reset()
		}
		enc.Add(began.Add(time.Duration(i)*time.Second), row(i))
	}
	files[folder+"series.001.jsonl"] = slices.Clone(enc.Bytes())
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-9*math.Max(1, math.Abs(want))) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestSystem(t *testing.T) {
	f := mustLoad(t, captured(t, "vm-v2"))
	s := f.System
	for what, got := range map[string][2]string{
		"kernel": {s.Kernel.Value, "6.1.0-28-amd64"}, "os": {s.OS.Value, "Debian GNU/Linux 12 (bookworm)"},
		"hypervisor": {s.Hypervisor.Value, "Amazon EC2"}, "container": {s.Container.Value, "none"}, "thp": {s.THP.Value, "always"},
		"defrag": {s.THPDefrag.Value, "madvise"}, "clock source": {s.ClockSource.Value, "tsc"},
		"source of thp": {s.THP.Source, folder + "sysctl.txt"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s = %q, want %q", what, got[0], got[1])
		}
	}
	if v, ok := f.Setting("/proc/sys/vm/swappiness"); !ok || v.Value != "60" || v.Line != 5 {
		t.Errorf("swappiness = %+v, %v", v, ok)
	}
	if got := mustLoad(t, captured(t, "docker-v1")).System; got.Container.Value != "docker" || got.Hypervisor.Value != "unknown" {
		t.Errorf("docker: container %q, hypervisor %q", got.Container.Value, got.Hypervisor.Value)
	}
	if got := mustLoad(t, captured(t, "kubernetes-v2")).System.Container.Value; got != "kubernetes" {
		t.Errorf("kubernetes: container %q", got)
	}
}

func TestCgroups(t *testing.T) {
	vm := mustLoad(t, captured(t, "vm-v2"))
	near(t, "CPUs", vm.CPU.Count.Value, 4)
	near(t, "own effective CPUs", vm.CPU.Effective.Value, 4)
	c := vm.CgroupOf(4711)
	if c == nil {
		t.Fatal("no cgroup of 4711")
	}
	near(t, "effective CPUs", c.EffectiveCPUs.Value, 2)
	near(t, "memory limit of the slice above", c.MemoryLimit.Value, 8<<30)
	near(t, "pids limit", c.PidsLimit.Value, 512)
	near(t, "pids used", c.PidsUsed.Value, 500)
	if c.CPULimit.Source != folder+"end/cgroup.txt" || c.CPULimit.Line == 0 || c.CPULimit.Key != "/sys/fs/cgroup/system.slice/confluence.service/cpu.max" {
		t.Errorf("CPU limit is from %+v", c.CPULimit.Ref)
	}
	if vm.CgroupOf(12345) != nil {
		t.Error("12345 has a cgroup")
	}

	docker := mustLoad(t, captured(t, "docker-v1"))
	near(t, "effective CPUs in docker", docker.CPU.Effective.Value, 1.5)
	near(t, "memory limit in docker", docker.Cgroups[0].MemoryLimit.Value, 2<<30)
	if docker.Cgroups[0].PidsLimit.Known() {
		t.Error("pids.max of max is a limit")
	}
}

func TestFullDisk(t *testing.T) {
	byMount := map[string]FileSystem{}
	for _, f := range mustLoad(t, captured(t, "vm-v2")).FileSystems {
		byMount[f.Mount] = f
	}
	full := byMount["/var/atlassian home"]
	near(t, "free of the full disk", full.FreePercent.Value, 0)
	near(t, "free inodes", full.InodesFreePercent.Value, 1)
	near(t, "free of the root", byMount["/"].FreePercent.Value, 100*28.0/48.0)
	if !full.Real || full.Kind != "disk" || !full.FreePercent.Known() || full.Line == 0 {
		t.Errorf("full disk = %+v", full)
	}
	if f := byMount["/mnt/shared"]; f.Kind != "network" || f.Error == "" || f.FreePercent.Known() {
		t.Errorf("dead mount = %+v", f)
	}
	if f := byMount["/snap/core/1"]; f.Real || f.Kind != "image" {
		t.Errorf("image = %+v", f)
	}
	if f := byMount["/dev/shm"]; f.Real || f.Kind != "memory" {
		t.Errorf("tmpfs = %+v", f)
	}
}

func TestClock(t *testing.T) {
	c := mustLoad(t, captured(t, "vm-v2")).Clock
	if !c.Synchronised || !c.Known() || c.Daemon.Value != "chronyd" {
		t.Errorf("clock = %+v", c)
	}
	near(t, "offset", c.Offset.Value, -0.00012)
	near(t, "error by chrony", c.Error.Value, 0.00012+0.006+0.001)
	docker := mustLoad(t, captured(t, "docker-v1")).Clock
	near(t, "error by the kernel", docker.Error.Value, 0.025)

	files := captured(t, "docker-v1")
	files[folder+"end/clock.json"] = []byte(`{"state":5,"status":64,"synchronised":false,"max_error_seconds":16}`)
	if c := mustLoad(t, files).Clock; c.Synchronised || c.Error.Known() || !c.Known() {
		t.Errorf("free running clock = %+v", c)
	}
}

func TestDaemonFormats(t *testing.T) {
	for _, c := range []struct {
		read          func(string) (float64, float64, bool)
		in            string
		offset, bound float64
		ok            bool
	}{
		{chronyTracking, "System time     : 0.5 seconds fast of NTP time\nRoot delay      : 0.2 seconds\nRoot dispersion : 0.1 seconds\nLeap status     : Normal", 0.5, 0.2, true},
		{chronyTracking, "System time     : 0.5 seconds fast of NTP time\nRoot delay      : 0.2 seconds\nRoot dispersion : 0.1 seconds\nLeap status     : Not synchronised", 0, 0, false},
		{timesyncStatus, "       Server: 10.0.0.1 (ntp)\nRoot distance: 4.203ms (max: 5s)\n       Offset: -1.5ms\n        Delay: 2ms\n", 0.0015, 0.004203, true},
		{timesyncStatus, "Root distance: 1min 2s (max: 5s)\nOffset: +250us", -0.00025, 62, true},
		{timesyncStatus, "Server: n/a (ntp.example)", 0, 0, false},
		{ntpVariables, "associd=0 status=0615 leap_none, sync_ntp,\nstratum=3, rootdelay=20.000, rootdisp=5.000,\noffset=-2.500, frequency=1.2, leap=00", 0.0025, 0.015, true},
		{ntpVariables, "leap=11, rootdelay=0, rootdisp=0, offset=0", 0, 0, false},
		{ntpVariables, "", 0, 0, false},
	} {
		offset, bound, ok := c.read(c.in)
		if ok != c.ok {
			t.Errorf("%q: ok = %v", c.in, ok)
		}
		if c.ok {
			near(t, c.in+" offset", offset, c.offset)
			near(t, c.in+" bound", bound, c.bound)
		}
	}
}

// TestThrottled: a container that is held back in its second half.
func TestThrottled(t *testing.T) {
	files := captured(t, "kubernetes-v2")
	addSeries(files, 21, func(i int) map[string]float64 {
		late := float64(max(0, i-10))
		return map[string]float64{
			"cgroup./.cpu_periods": 1000 + 10*float64(i), "cgroup./.cpu_throttled_periods": 5 * late, "cgroup./.cpu_throttled": late / 2,
			"cgroup./.cpu_usage": 0.4 * float64(i), "cgroup./.memory_usage": 500e6, "cgroup./.memory_inactive_file": 100e6,
			"cgroup./.memory_limit": 536870912, "cgroup./.oom_kills": 3,
		}
	})
	f := mustLoad(t, files)
	c := f.Cgroups[0]
	near(t, "throttled, mean", c.ThrottledPercent.Mean, 25)
	near(t, "throttled, max", c.ThrottledPercent.Max, 50)
	near(t, "windows", float64(c.ThrottledPercent.Windows), 4)
	near(t, "periods", c.Periods.Value, 200)
	near(t, "throttled seconds", c.Throttled.Value, 5)
	near(t, "CPUs used", c.CPUUsed.Mean, 0.4)
	near(t, "working set", c.WorkingSetPercent.Value, 100*400e6/536870912)
	if c.OOMKills.Value != 0 || !c.OOMKills.Known() {
		t.Errorf("oom kills = %+v", c.OOMKills)
	}
	if r := c.ThrottledPercent; r.Source != folder+"series.001.jsonl" || r.Line != 7 || !r.MaxAt.Equal(began.Add(15*time.Second)) {
		t.Errorf("the maximum is at %v in %+v", r.MaxAt, r.Ref)
	}
	near(t, "effective CPUs", f.CPU.Effective.Value, 0.5)
}

// TestMeasures computes every figure of a machine whose counters are known.
func TestMeasures(t *testing.T) {
	files := captured(t, "vm-v2")
	addSeries(files, 31, func(i int) map[string]float64 {
		s := float64(i)
		burst := 0.0 // 10 s of full load from second 20 on
		if i > 20 {
			burst = s - 20
		}
		return map[string]float64{
			"cpu.count": 4, "cpu.user": 1*s + 3*burst, "cpu.nice": 0, "cpu.system": 0.5 * s, "cpu.idle": 2*s - 2*burst, "cpu.iowait": 0.25*s - 0.5*burst,
			"cpu.irq": 0, "cpu.softirq": 0, "cpu.steal": 0.25 * s, "procs.running": 9, "procs.blocked": 2, "load.1": 8, "kernel.context_switches": 1000 * s,
			"mem.total": 1000, "mem.available": 500 - 10*s, "mem.dirty": s, "vm.swap_in": 0, "vm.swap_out": 10 * s, "vm.major_faults": 5 * s, "vm.oom_kills": 1 + math.Floor(s/30),
			"psi.io.some_total": 0.3 * s, "psi.io.full_total": 0.1 * s, "psi.io.some_avg10": s,
			"disk.sda.reads": 100 * s, "disk.sda.writes": 2 * s, "disk.sda.read_time": 0.2 * s, "disk.sda.write_time": 0.1 * s, "disk.sda.io_time": 0.9 * s,
			"disk.sda.weighted_time": 3 * s, "disk.sda.read_bytes": 1e6 * s, "disk.sda.write_bytes": 1e3 * s,
			"net.eth0.rx_bytes": 1e6 * s, "net.eth0.tx_bytes": 2e6 * s, "net.eth0.rx_errors": 0, "net.eth0.rx_drops": s, "net.eth0.tx_errors": 0, "net.eth0.tx_drops": 0,
			"tcp.out_segments": 990 * s, "tcp.retransmits": 10 * s, "tcp.listen_overflows": 2 * s, "tcp.listen_drops": 2 * s, "tcp.established": 50,
			"files.allocated": 900 + s, "files.max": 1000, "sampler.late": 0.001 * s,
		}
	})
	f := mustLoad(t, files)
	if f.Span != 30*time.Second || len(f.Parts) != 2 {
		t.Errorf("span %v, parts %v", f.Span, f.Parts)
	}
	sda, eth := f.Disks[0], f.Network.Interfaces[0]
	for _, c := range []struct {
		what      string
		got, want float64
		ref       Ref
	}{
		{"busy, max", f.CPU.Busy.Max, 100, f.CPU.Busy.Ref},
		{"steal, mean", f.CPU.Steal.P95, 6.25, f.CPU.Steal.Ref},
		{"run queue", f.CPU.RunQueuePerCPU.Mean, 2, f.CPU.RunQueuePerCPU.Ref},
		{"blocked", f.CPU.Blocked.Max, 2, f.CPU.Blocked.Ref},
		{"context switches", f.CPU.ContextSwitches.Value, 1000, f.CPU.ContextSwitches.Ref},
		{"memory", f.Memory.Total.Value, 16384000 * 1024, f.Memory.Total.Ref},
		{"available", f.Memory.AvailablePercent.Value, 25, f.Memory.AvailablePercent.Ref},
		{"least available", f.Memory.AvailableLeast.Value, 20, f.Memory.AvailableLeast.Ref},
		{"swap used", f.Memory.SwapUsed.Value, 1 << 30, f.Memory.SwapUsed.Ref},
		{"swap in", f.Memory.SwapIn.Max, 0, f.Memory.SwapIn.Ref},
		{"swap out", f.Memory.SwapOut.Mean, 40960, f.Memory.SwapOut.Ref},
		{"major faults", f.Memory.MajorFaults.Mean, 5, f.Memory.MajorFaults.Ref},
		{"oom kills", f.Memory.OOMKills.Value, 1, f.Memory.OOMKills.Ref},
		{"oom kills since boot", f.Memory.OOMKillsSinceBoot.Value, 2, f.Memory.OOMKillsSinceBoot.Ref},
		{"dirty", f.Memory.Dirty.Value, 30, f.Memory.Dirty.Ref},
		{"io some", f.Pressure["io"].SomePercent.Mean, 30, f.Pressure["io"].SomePercent.Ref},
		{"io full", f.Pressure["io"].FullPercent.Mean, 10, f.Pressure["io"].FullPercent.Ref},
		{"io avg10", f.Pressure["io"].SomeAvg10.Value, 30, f.Pressure["io"].SomeAvg10.Ref},
		{"disk busy", sda.BusyPercent.Mean, 90, sda.BusyPercent.Ref},
		{"read latency", sda.ReadLatency.Mean, 2, sda.ReadLatency.Ref},
		{"write latency", sda.WriteLatency.Mean, 50, sda.WriteLatency.Ref},
		{"queue", sda.Queue.Mean, 3, sda.Queue.Ref},
		{"requests", sda.Requests.Mean, 102, sda.Requests.Ref},
		{"sent", eth.TxRate.Mean, 2e6, eth.TxRate.Ref},
		{"dropped", eth.RxDrop.Value, 30, eth.RxDrop.Ref},
		{"speed", eth.Speed.Value, 1e10, eth.Speed.Ref},
		{"retransmits", f.Network.RetransmitPercent.Value, 1, f.Network.RetransmitPercent.Ref},
		{"overflows", f.Network.ListenOverflows.Value, 60, f.Network.ListenOverflows.Ref},
		{"established", f.Network.Established.Value, 50, f.Network.Established.Ref},
		{"files", f.Files.UsedPercent.Value, 93, f.Files.UsedPercent.Ref},
		{"stall", f.Stall.Max, 0.03, f.Stall.Ref},
	} {
		near(t, c.what, c.got, c.want)
		if !c.ref.Known() || files[c.ref.Source] == nil {
			t.Errorf("%s comes from %+v", c.what, c.ref)
		}
	}
	// From second 20 on idle stands still and iowait shrinks, which counts as unchanged.
	near(t, "iowait, least", f.CPU.IOWait.P95, 6.25)
	if f.CPU.Busy.Windows != 6 || f.CPU.Busy.MaxAt.Before(began.Add(25*time.Second)) {
		t.Errorf("busy = %+v", f.CPU.Busy)
	}
	if got := f.Processes.Processes[0].Comm; got != "java" || f.Processes.Source == "" {
		t.Errorf("processes: %q from %q", got, f.Processes.Source)
	}
}

// TestNothing: no entry, no figure, no error.
func TestNothing(t *testing.T) {
	f := mustLoad(t, nil)
	if f.CPU.Busy.Known() || f.Memory.Total.Known() || f.Clock.Known() || f.Pressure != nil || f.Disks != nil || f.Series != nil {
		t.Errorf("facts of nothing: %+v", f)
	}
}

// TestBroken: an entry that cannot be read is an error that names it, and costs
// its own figures only.
func TestBroken(t *testing.T) {
	files := captured(t, "vm-v2")
	files[folder+"end/df.json"] = []byte("{")
	files[folder+"cgroups.json"] = []byte("[1]")
	files[folder+"series.000.jsonl"] = []byte("not a header\n")
	f, errs := load(files)
	text := errors.Join(errs...).Error()
	for _, name := range []string{"end/df.json", "cgroups.json", "series.000.jsonl"} {
		if !strings.Contains(text, folder+name) {
			t.Errorf("errors do not name %s: %s", name, text)
		}
	}
	if len(errs) != 3 || !f.Memory.Total.Known() {
		t.Errorf("%d errors, memory known: %v", len(errs), f.Memory.Total.Known())
	}
	_, errs = Load(func(name string) ([]byte, error) { return nil, fs.ErrPermission }, []string{folder + "start/meminfo.txt"})
	if len(errs) != 1 || !errors.Is(errs[0], fs.ErrPermission) {
		t.Errorf("errors = %v", errs)
	}
}

// TestCutSeries: the last line of a killed capture is counted, the lines before are used.
func TestCutSeries(t *testing.T) {
	files := map[string][]byte{folder + "series.000.jsonl": []byte(`{"series":1,"source":"host"}
{"t":1000,"v":{"vm.oom_kills":1}}
{"t":7000,"v":{"vm.oom_kills":4}}
{"t":8000,"v":{"vm.oo`)}
	f := mustLoad(t, files)
	near(t, "kills", f.Memory.OOMKills.Value, 3)
	if f.Unknown[folder+"series.000.jsonl"] != 1 || f.Memory.OOMKills.Line != 0 {
		t.Errorf("unknown = %v, ref %+v", f.Unknown, f.Memory.OOMKills.Ref)
	}
}

func TestWindows(t *testing.T) {
	at := func(seconds ...float64) (times []time.Time) {
		for _, s := range seconds {
			times = append(times, began.Add(time.Duration(s*float64(time.Second))))
		}
		return times
	}
	for _, c := range []struct {
		times []time.Time
		want  string
	}{
		{nil, "[]"}, {at(0), "[]"}, {at(0, 1), "[[0 1]]"}, {at(0, 1, 2, 3, 4, 5, 6), "[[0 5]]"}, {at(0, 1, 2, 3, 4, 5, 6, 7, 8), "[[0 5] [5 8]]"},
		{at(0, 30, 31), "[[0 1]]"}, {at(0, 0), "[[0 1]]"},
	} {
		if got := fmt.Sprint(windows(c.times)); got != c.want {
			t.Errorf("windows(%v) = %s, want %s", c.times, got, c.want)
		}
	}
}

func TestCountList(t *testing.T) {
	for in, want := range map[string]int{"0-3": 4, "0,2": 2, "0-1,4-7,9": 7, "": 0, "3-1": 0, "x": 0, "0-99999999999": 0} {
		if got := countList(in); got != want {
			t.Errorf("countList(%q) = %d, want %d", in, got, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	files := captured(f, "vm-v2")
	for name, b := range files {
		f.Add(strings.TrimPrefix(name, folder), b)
	}
	f.Add("series.000.jsonl", []byte("{\"series\":1}\n{\"t\":1,\"v\":{\"disk.a.io_time\":1,\"cpu.user\":1}}\n{\"t\":9000,\"v\":{\"disk.a.io_time\":5}}\n"))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		all := maps.Clone(files)
		all[folder+name] = b
		facts, _ := load(all)
		for _, d := range facts.Disks {
			if math.IsInf(d.BusyPercent.Mean, 0) || math.IsNaN(d.BusyPercent.Max) {
				t.Errorf("disk %+v", d)
			}
		}
	})
}

// The size of packets is that of the interface, and stands with the devices.
func TestMTU(t *testing.T) {
	files := map[string][]byte{folder + hostseries.Devices: []byte("==> /sys/class/net/eth0/mtu <==\n9000\n")}
	addSeries(files, 4, func(i int) map[string]float64 {
		return map[string]float64{hostseries.Of(hostseries.NetRxBytes, "eth0"): float64(i), hostseries.Of(hostseries.NetRxBytes, "eth1"): float64(i)}
	})
	mtu := map[string]Number{}
	for _, i := range mustLoad(t, files).Network.Interfaces {
		mtu[i.Name] = i.MTU
	}
	if len(mtu) != 2 || mtu["eth0"].Value != 9000 || mtu["eth0"].Source != folder+hostseries.Devices || mtu["eth1"].Known() {
		t.Errorf("%+v", mtu)
	}
}

// Of two mounts on one folder the later one hides the other.
func TestFileSystemOf(t *testing.T) {
	f := &Facts{}
	for _, m := range [][2]string{{"/", "root"}, {"/shared", "filer:/x"}, {"/shared", "own"}, {"/shared/deep", "disk"}} {
		f.FileSystems = append(f.FileSystems, FileSystem{Filesystem: hostseries.Filesystem{Mount: m[0], Source: m[1]}})
	}
	for file, want := range map[string]string{"/etc/x": "root", "/shared": "own", "/shared/a": "own", "/shared/deep/a": "disk", "/sharedness": "root"} {
		if got := f.FileSystemOf(file); got == nil || got.Filesystem.Source != want {
			t.Errorf("%s: %+v, want %s", file, got, want)
		}
	}
}
