package host

import (
	"bytes"
	"path"
	"strconv"
	"strings"

	"casefile/bundle/format/hostseries"
)

// noLimit is above any real memory limit: cgroup v1 writes a number near 2^63.
const noLimit = 1 << 60

// cpuLimit reads the quota of a cgroup folder in CPUs.
func (t tree) cpuLimit(dir string) (cpus float64, ok bool) {
	if f := strings.Fields(t.word(dir + "/cpu.max")); len(f) == 2 {
		return quota(f[0], f[1])
	}
	return quota(t.word(dir+"/cpu.cfs_quota_us"), t.word(dir+"/cpu.cfs_period_us"))
}

func quota(us, period string) (cpus float64, ok bool) {
	q, err := strconv.ParseInt(us, 10, 64)
	p, err2 := strconv.ParseInt(period, 10, 64)
	if err != nil || err2 != nil || q <= 0 || p <= 0 {
		return 0, false
	}
	return float64(q) / float64(p), true
}

// memoryLimit reads the limit of a cgroup folder in bytes.
func (t tree) memoryLimit(dir string) (bytes float64, ok bool) {
	for _, f := range [...]string{"memory.max", "memory.limit_in_bytes"} {
		if n, err := strconv.ParseUint(t.word(dir+"/"+f), 10, 64); err == nil {
			return float64(n), n < noLimit
		}
	}
	return 0, false
}

// tightest returns the folder of a chain with the smallest limit; without any
// limit the first, and ok is false.
func tightest(dirs []string, limit func(string) (float64, bool)) (dir string, least float64, ok bool) {
	for i, d := range dirs {
		if i == 0 {
			dir = d
		}
		if n, has := limit(d); has && (!ok || n < least) {
			dir, least, ok = d, n, true
		}
	}
	return dir, least, ok
}

// meter reads the counters of one cgroup.
type meter struct {
	name                 string
	cpu, cpuacct, memory string // folders; "" where there is none
	cpuLimit, memLimit   float64
}

func (r *run) newMeter(g *hostseries.CgroupGroup) meter {
	m := meter{name: g.Name}
	m.cpu, m.cpuLimit, _ = tightest(g.Dirs["cpu"], r.cpuLimit)
	m.memory, m.memLimit, _ = tightest(g.Dirs["memory"], r.memoryLimit)
	g.CPUDir, g.MemoryDir = m.cpu, m.memory
	if acct := g.Dirs["cpuacct"]; len(acct) > 0 && m.cpu != "" {
		// The same level of the other hierarchy, where controllers are mounted apart.
		up := len(g.Dirs["cpu"]) - 1
		for i, d := range g.Dirs["cpu"] {
			if d == m.cpu {
				up = i
			}
		}
		m.cpuacct = acct[min(up, len(acct)-1)]
	}
	return m
}

// read adds the values of one sample.
func (m meter) read(t *reader, out map[string]float64) {
	put := func(column string, v float64) { out[hostseries.Of(column, m.name)] = v }
	if m.cpuLimit > 0 {
		put(hostseries.CgroupCPULimit, m.cpuLimit)
	}
	if m.memLimit > 0 {
		put(hostseries.CgroupMemoryLimit, m.memLimit)
	}
	m.readCPU(t, put)
	m.readMemory(t, put)
}

// cpuKeys are the lines of cpu.stat: v2 counts microseconds, v1 nanoseconds.
var cpuKeys = []struct {
	key, column string
	unit        float64
}{
	{"usage_usec", hostseries.CgroupCPUUsage, 1e-6},
	{"nr_periods", hostseries.CgroupPeriods, 1},
	{"nr_throttled", hostseries.CgroupThrottledPeriods, 1},
	{"throttled_usec", hostseries.CgroupThrottled, 1e-6},
	{"throttled_time", hostseries.CgroupThrottled, 1e-9},
}

func (m meter) readCPU(t *reader, put func(string, float64)) {
	if m.cpu == "" {
		return
	}
	if b, err := t.file(m.cpu + "/cpu.stat"); err == nil {
		for line := range bytes.Lines(b) {
			for _, k := range cpuKeys {
				if v, ok := valueOf(line, k.key); ok {
					put(k.column, v*k.unit)
				}
			}
		}
	}
	if m.cpuacct != "" {
		if v, ok := t.number(m.cpuacct + "/cpuacct.usage"); ok {
			put(hostseries.CgroupCPUUsage, v*1e-9)
		}
	}
}

// memoryFiles are the files with one number, v2 and v1.
var memoryFiles = [...]string{"memory.current", "memory.usage_in_bytes"}

// memoryKeys are lines of other files. v1 counts what lies below in total_ lines.
var memoryKeys = []struct{ file, key, column string }{
	{"memory.events", "oom_kill", hostseries.CgroupOOMKills},
	{"memory.oom_control", "oom_kill", hostseries.CgroupOOMKills},
	{"memory.stat", "inactive_file", hostseries.CgroupInactiveFile},
	{"memory.stat", "total_inactive_file", hostseries.CgroupInactiveFile},
}

func (m meter) readMemory(t *reader, put func(string, float64)) {
	if m.memory == "" {
		return
	}
	for _, f := range memoryFiles {
		if v, ok := t.number(path.Join(m.memory, f)); ok {
			put(hostseries.CgroupMemoryUsage, v)
			break
		}
	}
	last := ""
	var b []byte
	for _, k := range memoryKeys {
		if k.file != last {
			b, _ = t.file(path.Join(m.memory, k.file))
			last = k.file
		}
		for line := range bytes.Lines(b) {
			if v, ok := valueOf(line, k.key); ok {
				put(k.column, v)
			}
		}
	}
}

// cgroupFiles of a folder, of both versions; those that are there are stored.
var cgroupNames = map[string][]string{
	"cpu":     {"cpu.max", "cpu.max.burst", "cpu.weight", "cpu.stat", "cpu.pressure", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares"},
	"cpuacct": {"cpuacct.usage"},
	"cpuset":  {"cpuset.cpus.effective", "cpuset.mems.effective", "cpuset.effective_cpus", "cpuset.effective_mems"},
	"memory": {"memory.max", "memory.high", "memory.low", "memory.min", "memory.current", "memory.peak", "memory.swap.max",
		"memory.swap.current", "memory.events", "memory.pressure", "memory.stat", "memory.limit_in_bytes", "memory.soft_limit_in_bytes",
		"memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.failcnt", "memory.memsw.limit_in_bytes",
		"memory.memsw.usage_in_bytes", "memory.oom_control", "memory.swappiness"},
	"pids":  {"pids.max", "pids.current", "pids.events"},
	"io":    {"io.max", "io.stat", "io.pressure", "io.weight"},
	"blkio": {"blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device", "blkio.throttle.read_iops_device", "blkio.throttle.write_iops_device"},
}

func (r *run) cgroupFiles(folder string, groups cgroups) {
	var names []string
	seen := map[string]bool{}
	for _, g := range groups.table.Groups {
		for _, c := range controllers {
			for _, dir := range g.Dirs[c] {
				if seen[c+dir] {
					continue
				}
				seen[c+dir] = true
				for _, f := range cgroupNames[c] {
					if name := dir + "/" + f; r.exists(name) {
						names = append(names, name)
					}
				}
			}
		}
	}
	if len(names) > 0 {
		r.gather(folder+hostseries.Cgroup, itemCgroups, "/sys/fs/cgroup", names)
	}
}
