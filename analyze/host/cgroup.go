package host

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"casefile/bundle/format/hostseries"
)

// Cgroup is the limits and their effect on one group of processes. Each figure
// is of the folder with the tightest limit between the group and the root.
type Cgroup struct {
	Name string
	Self bool
	PIDs []int
	// EffectiveCPUs is what the group may use: the least of the machine's CPUs, its
	// CPU set and its quota.
	EffectiveCPUs Number
	CPULimit      Number // quota in CPUs; not known: none
	CPUUsed       Spread // CPUs
	// ThrottledPercent is quota periods in which the quota ran out, of all periods
	// in which the group wanted to run.
	ThrottledPercent Spread
	Periods          Number // such periods during the capture
	// Throttled is seconds its CPUs were held back during the capture, added up.
	Throttled Number

	MemoryLimit Number // bytes; not known: none
	MemoryUsage Number // bytes, newest, page cache included
	// WorkingSetPercent is usage without page cache that can go at once, of the
	// limit; largest.
	WorkingSetPercent Number
	OOMKills          Number // during the capture

	PidsLimit, PidsUsed Number // threads and processes; no limit: not known
}

// noLimit is above any real memory limit: cgroup v1 writes a number near 2^63.
const noLimit = 1 << 60

// CgroupOf returns the cgroup of a process; nil when it is not among those captured.
func (f *Facts) CgroupOf(pid int) *Cgroup {
	for i := range f.Cgroups {
		if slices.Contains(f.Cgroups[i].PIDs, pid) {
			return &f.Cgroups[i]
		}
	}
	return nil
}

func (l *loader) cgroups() {
	var table hostseries.CgroupTable
	name, ok := l.json(hostseries.Cgroups, &table)
	if !ok {
		return
	}
	l.facts.CgroupTable = Ref{Source: name}
	files := l.newestSections(hostseries.Cgroup)
	for _, g := range table.Groups {
		c := Cgroup{Name: g.Name, Self: g.Self, PIDs: g.PIDs}
		for _, dir := range g.Dirs["cpu"] {
			c.CPULimit = least(c.CPULimit, cpuLimit(files, dir))
		}
		for _, dir := range g.Dirs["memory"] {
			c.MemoryLimit = least(c.MemoryLimit, memoryLimit(files, dir))
		}
		for _, dir := range g.Dirs["pids"] {
			if limit := integer(files[dir+"/pids.max"]); limit.Known() {
				if c.PidsLimit = least(c.PidsLimit, limit); c.PidsLimit == limit {
					c.PidsUsed = integer(files[dir+"/pids.current"])
				}
			}
		}
		c.EffectiveCPUs = least(least(l.facts.CPU.Count, cpuSet(files, g.Dirs["cpuset"])), c.CPULimit)
		l.cgroupSeries(&c)
		if g.Self {
			l.facts.CPU.Effective = c.EffectiveCPUs
		}
		l.facts.Cgroups = append(l.facts.Cgroups, c)
	}
}

// cgroupSeries adds what moved.
func (l *loader) cgroupSeries(c *Cgroup) {
	col := func(pattern string) string { return hostseries.Of(pattern, c.Name) }
	c.CPUUsed = l.rate(1, col(hostseries.CgroupCPUUsage))
	c.ThrottledPercent = l.ratio(100, 1, []string{col(hostseries.CgroupThrottledPeriods)}, []string{col(hostseries.CgroupPeriods)})
	c.Periods = l.delta(col(hostseries.CgroupPeriods))
	c.Throttled = l.delta(col(hostseries.CgroupThrottled))
	c.MemoryUsage = l.last(col(hostseries.CgroupMemoryUsage))
	c.OOMKills = l.delta(col(hostseries.CgroupOOMKills))
	c.WorkingSetPercent = l.worst(func(v func(string) float64) float64 {
		return 100 * (v(col(hostseries.CgroupMemoryUsage)) - v(col(hostseries.CgroupInactiveFile))) / v(col(hostseries.CgroupMemoryLimit))
	}, col(hostseries.CgroupMemoryUsage))
}

// least returns the smaller of two numbers, or the one that is known.
func least(a, b Number) Number {
	if !a.Known() || b.Known() && b.Value < a.Value {
		return b
	}
	return a
}

// integer reads a file of one number; "max" is none.
func integer(t Text) Number {
	v, err := strconv.ParseUint(t.Value, 10, 64)
	if err != nil {
		return Number{}
	}
	return Number{float64(v), t.Ref}
}

// cpuLimit reads the quota of a folder: cpu.max of v2 is "quota period", v1 has
// a file for each and -1 for none.
func cpuLimit(files map[string]Text, dir string) Number {
	t, period := files[path.Join(dir, "cpu.cfs_quota_us")], files[path.Join(dir, "cpu.cfs_period_us")].Value
	quota := t.Value
	if v2, ok := files[path.Join(dir, "cpu.max")]; ok {
		t = v2
		quota, period, _ = strings.Cut(v2.Value, " ")
	}
	q, err := strconv.ParseInt(quota, 10, 64)
	p, err2 := strconv.ParseInt(strings.TrimSpace(period), 10, 64)
	if err != nil || err2 != nil || q <= 0 || p <= 0 {
		return Number{}
	}
	return Number{float64(q) / float64(p), t.Ref}
}

func memoryLimit(files map[string]Text, dir string) Number {
	n := least(integer(files[path.Join(dir, "memory.max")]), integer(files[path.Join(dir, "memory.limit_in_bytes")]))
	if n.Value >= noLimit {
		return Number{}
	}
	return n
}

// cpuSet counts the CPUs of the set that holds for a chain of folders: the
// kernel has worked the ancestors into the first that is there.
func cpuSet(files map[string]Text, dirs []string) Number {
	for _, dir := range dirs {
		for _, f := range [...]string{"cpuset.cpus.effective", "cpuset.effective_cpus"} {
			if t, ok := files[path.Join(dir, f)]; ok {
				if n := countList(t.Value); n > 0 {
					return Number{float64(n), t.Ref}
				}
			}
		}
	}
	return Number{}
}

// countList counts the members of a list such as "0-3,8"; 0 when it is none.
func countList(s string) (n int) {
	for part := range strings.SplitSeq(s, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		a, err := strconv.ParseUint(from, 10, 20)
		if err != nil {
			return 0
		}
		b := a
		if isRange {
			if b, err = strconv.ParseUint(to, 10, 20); err != nil || b < a {
				return 0
			}
		}
		n += int(b-a) + 1
	}
	return n
}
