package hostseries

import (
	"strings"

	"casefile/bundle/format/entries"
)

// Source is the source that the header of a host series names.
const Source = "host"

// Kind tells how a column is to be read.
type Kind int

const (
	// Gauge is a value of the moment.
	Gauge Kind = iota
	// Counter only grows; what counts is the difference between two samples.
	Counter
)

// Column is one value of the series. A star in Name stands for what the column
// is about: a disk, a network interface, a cgroup.
type Column struct {
	Name string
	Unit string
	Kind Kind
	Doc  string
}

// Series are the parts of the series.
const Series entries.File = "series.*.jsonl"

// Names of the columns.
const (
	CPUUser    = "cpu.user"
	CPUNice    = "cpu.nice"
	CPUSystem  = "cpu.system"
	CPUIdle    = "cpu.idle"
	CPUIOWait  = "cpu.iowait"
	CPUIRQ     = "cpu.irq"
	CPUSoftIRQ = "cpu.softirq"
	CPUSteal   = "cpu.steal"
	CPUCount   = "cpu.count"

	Load1           = "load.1"
	ProcsRunning    = "procs.running"
	ProcsBlocked    = "procs.blocked"
	ContextSwitches = "kernel.context_switches"
	Forks           = "kernel.forks"

	MemTotal     = "mem.total"
	MemFree      = "mem.free"
	MemAvailable = "mem.available"
	MemCached    = "mem.cached"
	MemDirty     = "mem.dirty"
	SwapTotal    = "swap.total"
	SwapFree     = "swap.free"
	SwapIn       = "vm.swap_in"
	SwapOut      = "vm.swap_out"
	MajorFaults  = "vm.major_faults"
	OOMKills     = "vm.oom_kills"

	PSISomeAvg10 = "psi.*.some_avg10"
	PSISomeTotal = "psi.*.some_total"
	PSIFullAvg10 = "psi.*.full_avg10"
	PSIFullTotal = "psi.*.full_total"

	DiskReads        = "disk.*.reads"
	DiskReadBytes    = "disk.*.read_bytes"
	DiskReadTime     = "disk.*.read_time"
	DiskWrites       = "disk.*.writes"
	DiskWriteBytes   = "disk.*.write_bytes"
	DiskWriteTime    = "disk.*.write_time"
	DiskIOTime       = "disk.*.io_time"
	DiskWeightedTime = "disk.*.weighted_time"
	DiskInFlight     = "disk.*.in_flight"

	NetRxBytes   = "net.*.rx_bytes"
	NetRxPackets = "net.*.rx_packets"
	NetRxErrors  = "net.*.rx_errors"
	NetRxDrops   = "net.*.rx_drops"
	NetTxBytes   = "net.*.tx_bytes"
	NetTxPackets = "net.*.tx_packets"
	NetTxErrors  = "net.*.tx_errors"
	NetTxDrops   = "net.*.tx_drops"

	TCPInSegments      = "tcp.in_segments"
	TCPOutSegments     = "tcp.out_segments"
	TCPRetransmits     = "tcp.retransmits"
	TCPEstablished     = "tcp.established"
	TCPListenOverflows = "tcp.listen_overflows"
	TCPListenDrops     = "tcp.listen_drops"

	FilesAllocated = "files.allocated"
	FilesMax       = "files.max"

	CgroupCPULimit         = "cgroup.*.cpu_limit"
	CgroupCPUUsage         = "cgroup.*.cpu_usage"
	CgroupPeriods          = "cgroup.*.cpu_periods"
	CgroupThrottledPeriods = "cgroup.*.cpu_throttled_periods"
	CgroupThrottled        = "cgroup.*.cpu_throttled"
	CgroupMemoryUsage      = "cgroup.*.memory_usage"
	CgroupMemoryLimit      = "cgroup.*.memory_limit"
	CgroupInactiveFile     = "cgroup.*.memory_inactive_file"
	CgroupOOMKills         = "cgroup.*.oom_kills"

	SamplerLate = "sampler.late"
	SamplerRead = "sampler.read"
)

// Columns is the table of all columns.
var Columns = []Column{
	{CPUUser, "seconds", Counter, "CPU time of all CPUs in user mode, guests included (/proc/stat)"},
	{CPUNice, "seconds", Counter, "CPU time in user mode with lowered priority"},
	{CPUSystem, "seconds", Counter, "CPU time in the kernel"},
	{CPUIdle, "seconds", Counter, "CPU time with nothing to do"},
	{CPUIOWait, "seconds", Counter, "CPU time with nothing to do while disk I/O was outstanding; may step back a little"},
	{CPUIRQ, "seconds", Counter, "CPU time in hardware interrupts"},
	{CPUSoftIRQ, "seconds", Counter, "CPU time in deferred interrupt work"},
	{CPUSteal, "seconds", Counter, "CPU time that the hypervisor gave to somebody else"},
	{CPUCount, "cpus", Gauge, "CPUs online"},

	{Load1, "tasks", Gauge, "load average of one minute (/proc/loadavg)"},
	{ProcsRunning, "tasks", Gauge, "tasks on a CPU or waiting for one, the sampler among them (/proc/stat)"},
	{ProcsBlocked, "tasks", Gauge, "tasks waiting for disk I/O"},
	{ContextSwitches, "switches", Counter, "context switches of all CPUs"},
	{Forks, "tasks", Counter, "processes and threads created"},

	{MemTotal, "bytes", Gauge, "memory the kernel can use (/proc/meminfo)"},
	{MemFree, "bytes", Gauge, "memory used for nothing"},
	{MemAvailable, "bytes", Gauge, "what can be had without swapping, by the kernel's own estimate"},
	{MemCached, "bytes", Gauge, "page cache"},
	{MemDirty, "bytes", Gauge, "page cache that waits to be written"},
	{SwapTotal, "bytes", Gauge, "size of all swap"},
	{SwapFree, "bytes", Gauge, "unused swap"},
	{SwapIn, "pages", Counter, "pages read back from swap (/proc/vmstat pswpin)"},
	{SwapOut, "pages", Counter, "pages written to swap (pswpout)"},
	{MajorFaults, "faults", Counter, "page faults that had to read from disk (pgmajfault)"},
	{OOMKills, "kills", Counter, "processes killed for want of memory, in any cgroup (oom_kill)"},

	{PSISomeAvg10, "percent", Gauge, "share of 10 s in which some task waited for cpu, memory or io (/proc/pressure)"},
	{PSISomeTotal, "seconds", Counter, "time in which some task waited"},
	{PSIFullAvg10, "percent", Gauge, "share of 10 s in which every task waited"},
	{PSIFullTotal, "seconds", Counter, "time in which every task waited"},

	{DiskReads, "requests", Counter, "reads completed (/proc/diskstats)"},
	{DiskReadBytes, "bytes", Counter, "bytes read"},
	{DiskReadTime, "seconds", Counter, "time spent by all reads together, queueing included"},
	{DiskWrites, "requests", Counter, "writes completed"},
	{DiskWriteBytes, "bytes", Counter, "bytes written"},
	{DiskWriteTime, "seconds", Counter, "time spent by all writes together"},
	{DiskIOTime, "seconds", Counter, "time with at least one request in flight"},
	{DiskWeightedTime, "seconds", Counter, "requests in flight times their time: its rate is the mean queue"},
	{DiskInFlight, "requests", Gauge, "requests in flight"},

	{NetRxBytes, "bytes", Counter, "bytes received (/proc/net/dev)"},
	{NetRxPackets, "packets", Counter, "packets received"},
	{NetRxErrors, "packets", Counter, "packets received broken"},
	{NetRxDrops, "packets", Counter, "packets received and dropped"},
	{NetTxBytes, "bytes", Counter, "bytes sent"},
	{NetTxPackets, "packets", Counter, "packets sent"},
	{NetTxErrors, "packets", Counter, "packets that failed to be sent"},
	{NetTxDrops, "packets", Counter, "packets dropped before sending"},

	{TCPInSegments, "segments", Counter, "TCP segments received (/proc/net/snmp)"},
	{TCPOutSegments, "segments", Counter, "TCP segments sent, without those sent again"},
	{TCPRetransmits, "segments", Counter, "TCP segments sent again"},
	{TCPEstablished, "connections", Gauge, "TCP connections established"},
	{TCPListenOverflows, "connections", Counter, "connections refused by a full accept queue (/proc/net/netstat)"},
	{TCPListenDrops, "connections", Counter, "connections dropped by a listener for any reason"},

	{FilesAllocated, "files", Gauge, "open files of the whole system (/proc/sys/fs/file-nr)"},
	{FilesMax, "files", Gauge, "open files the system allows"},

	{CgroupCPULimit, "cpus", Gauge, "CPUs that the tightest quota on the way to the root allows; missing without a quota"},
	{CgroupCPUUsage, "seconds", Counter, "CPU time used by the cgroup that holds that quota (without a quota: by the cgroup itself)"},
	{CgroupPeriods, "periods", Counter, "quota periods in which the cgroup wanted to run"},
	{CgroupThrottledPeriods, "periods", Counter, "periods in which the quota ran out"},
	{CgroupThrottled, "seconds", Counter, "time the CPUs of the cgroup were held back, added up over CPUs"},
	{CgroupMemoryUsage, "bytes", Gauge, "memory charged to the cgroup that holds the tightest limit, page cache included"},
	{CgroupMemoryLimit, "bytes", Gauge, "that limit; missing without one"},
	{CgroupInactiveFile, "bytes", Gauge, "page cache in that usage which can go at once"},
	{CgroupOOMKills, "kills", Counter, "processes of that cgroup killed for want of memory"},

	{SamplerLate, "seconds", Gauge, "how late this sample began: time in which casefile itself got no CPU"},
	{SamplerRead, "seconds", Gauge, "how long reading the sample before this one took"},
}

// Units returns the unit of each column by name, for a series header.
func Units() map[string]string {
	units := make(map[string]string, len(Columns))
	for _, c := range Columns {
		units[c.Name] = c.Unit
	}
	return units
}

// Of names the column of one subject: Of("disk.*.reads", "sda") is
// "disk.sda.reads".
func Of(pattern, subject string) string { return strings.Replace(pattern, "*", subject, 1) }

// Split is the reverse of Of. Subjects may hold dots; a column without subject
// is returned as it is.
func Split(column string) (pattern, subject string) {
	first, last := strings.IndexByte(column, '.'), strings.LastIndexByte(column, '.')
	if first == last {
		return column, ""
	}
	return column[:first+1] + "*" + column[last:], column[first+1 : last]
}
