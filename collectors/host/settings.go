package host

import (
	"path"
	"path/filepath"
	"strings"

	"casefile/bundle/format/hostseries"
)

// settings that change how a JVM or a Go service runs, as patterns. None may
// match tcp_fastopen_key or netdev_rss_key, which are secrets.
var sysctls = []string{
	"/proc/sys/kernel/osrelease", "/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max", "/proc/sys/kernel/perf_event_paranoid",
	"/proc/sys/kernel/perf_event_max_stack", "/proc/sys/kernel/yama/ptrace_scope", "/proc/sys/kernel/numa_balancing",
	"/proc/sys/kernel/sched_*", "/proc/sys/kernel/hung_task_timeout_secs", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/tainted",
	"/proc/sys/kernel/random/entropy_avail",
	"/proc/sys/vm/swappiness", "/proc/sys/vm/overcommit_*", "/proc/sys/vm/max_map_count", "/proc/sys/vm/dirty_*",
	"/proc/sys/vm/min_free_kbytes", "/proc/sys/vm/zone_reclaim_mode", "/proc/sys/vm/nr_hugepages", "/proc/sys/vm/vfs_cache_pressure",
	"/proc/sys/vm/panic_on_oom", "/proc/sys/vm/oom_kill_allocating_task",
	"/proc/sys/fs/file-max", "/proc/sys/fs/nr_open", "/proc/sys/fs/aio-max-nr", "/proc/sys/fs/inotify/max_*",
	"/proc/sys/net/core/somaxconn", "/proc/sys/net/core/netdev_max_backlog", "/proc/sys/net/core/netdev_budget*", "/proc/sys/net/core/[rw]mem_*", "/proc/sys/net/core/default_qdisc",
	"/proc/sys/net/core/busy_*", "/proc/sys/net/ipv4/ip_local_port_range", "/proc/sys/net/ipv4/ip_local_reserved_ports",
	"/proc/sys/net/ipv4/tcp_[a-eg-z]*", "/proc/sys/net/ipv4/tcp_f[ir]*", "/proc/sys/net/ipv4/tcp_fack", "/proc/sys/net/ipv4/tcp_fastopen",
	"/proc/sys/net/netfilter/nf_conntrack_max", "/proc/sys/net/netfilter/nf_conntrack_count",
	"/sys/kernel/mm/transparent_hugepage/enabled", "/sys/kernel/mm/transparent_hugepage/defrag",
	"/sys/kernel/mm/transparent_hugepage/shmem_enabled", "/sys/kernel/mm/transparent_hugepage/khugepaged/defrag",
	"/sys/devices/system/clocksource/clocksource0/current_clocksource", "/sys/devices/system/clocksource/clocksource0/available_clocksource",
	"/sys/devices/system/cpu/online", "/sys/devices/system/cpu/smt/control", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
	"/sys/devices/system/cpu/vulnerabilities/*",
}

var numaFiles = []string{
	"/sys/devices/system/node/online", "/sys/devices/system/node/node*/cpulist", "/sys/devices/system/node/node*/distance",
	"/sys/devices/system/node/node*/meminfo", "/sys/devices/system/node/node*/numastat",
}

func (r *run) settings(disks, nics []string) {
	r.gather(hostseries.Sysctl, itemSettings, "/proc/sys, /sys", r.expand(sysctls))
	r.gather(hostseries.NUMA, itemNUMA, "/sys/devices/system/node", r.expand(numaFiles))
	var devices []string
	for _, d := range disks {
		for _, f := range [...]string{"size", "dev", "queue/rotational", "queue/scheduler", "queue/nr_requests", "queue/read_ahead_kb", "device/model", "dm/name"} {
			devices = append(devices, "/sys/class/block/"+sysName(d)+"/"+f)
		}
	}
	for _, n := range nics {
		for _, f := range [...]string{"speed", "duplex", "mtu", "operstate", "tx_queue_len"} {
			devices = append(devices, "/sys/class/net/"+n+"/"+f)
		}
	}
	r.gather(hostseries.Devices, itemDisks, "/sys/class", devices)
}

// expand finds the files that patterns match, in the order of the patterns.
func (t tree) expand(patterns []string) []string {
	var names []string
	for _, p := range patterns {
		if !strings.ContainsAny(p, "*[") {
			names = append(names, p)
			continue
		}
		dir, tail := split(p)
		found, _ := filepath.Glob(filepath.Join(t.at(dir), filepath.FromSlash(tail)))
		for _, f := range found {
			if rel, err := filepath.Rel(t.at(dir), f); err == nil {
				names = append(names, path.Join(dir, filepath.ToSlash(rel)))
			}
		}
	}
	return names
}

// split cuts a pattern before its first element with a wildcard.
func split(pattern string) (dir, tail string) {
	at := strings.LastIndexByte(pattern[:strings.IndexAny(pattern, "*[")], '/')
	return pattern[:at], pattern[at+1:]
}

// sysName is how /sys spells a disk: a slash in the name becomes an exclamation mark.
func sysName(disk string) string { return strings.ReplaceAll(disk, "/", "!") }
