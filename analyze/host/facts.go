// Package host turns what was captured of a machine into Facts: numbers with a
// unit, a definition and the place they were read from.
//
// Percentages are 0 to 100. Rates and shares are of the capture, from the first
// sample of the series to the last; a Spread has windows of 5 s. Counters that
// step back (the kernel's iowait does) count as unchanged.
package host

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"casefile/bundle/format/hostseries"
	"casefile/bundle/format/series"
)

// Ref is where a figure comes from: an entry, the line of it (0: not one line)
// and the key or series column in it.
type Ref struct {
	Source string
	Line   int
	Key    string
}

// Known reports whether there is a figure at all.
func (r Ref) Known() bool { return r.Source != "" }

// Number is one figure. The unit is told where the field is declared.
type Number struct {
	Value float64
	Ref
}

// Text is one setting or name as the system gave it.
type Text struct {
	Value string
	Ref
}

// Spread is how a figure moved over the windows of a capture. Its Ref is the
// sample that ends the window of the maximum.
type Spread struct {
	Mean, P95, Max float64
	// MaxAt is the end of the window with the maximum.
	MaxAt time.Time
	// Windows is how many there were; a capture too short for one has one.
	Windows int
	Ref
}

// Facts is what is known of one machine.
type Facts struct {
	System      System
	CPU         CPU
	Memory      Memory
	Pressure    map[string]Pressure // by "cpu", "memory", "io"; nil: kernel without PSI
	Disks       []Disk
	FileSystems []FileSystem
	Network     Network
	Files       Files
	Cgroups     []Cgroup
	CgroupTable Ref // where they are listed; not known: they were not looked at
	Clock       Clock
	Processes   Processes
	// Stall is how late samples began, in seconds: time in which casefile, and so
	// anybody of its priority, got no CPU. Its windows are samples.
	Stall Spread

	// Series is the joined counter series, with the column names of
	// hostseries.Columns; nil when there is none. Parts are its entries in order.
	Series *series.Series
	Parts  []string
	// Span is the time between the first and the last sample.
	Span time.Duration
	// Unknown counts lines and values that were not understood, by entry.
	Unknown map[string]int

	parts    []part
	settings map[string]Text
}

// System is what the machine is.
type System struct {
	Kernel, OS Text
	// Hypervisor is "KVM", "VMware", ...; "none" on bare metal; "" when not known.
	Hypervisor Text
	// Container is "kubernetes", "docker", ...; "none"; "" when not known. It is
	// that of casefile itself.
	Container Text
	CPUModel  Text
	// THP and THPDefrag are the chosen modes of transparent huge pages.
	THP, THPDefrag Text
	ClockSource    Text
	Uptime         Number // seconds
}

// CPU is the use of all CPUs of the machine, also when casefile ran in a container.
type CPU struct {
	Count Number // CPUs online
	// Effective is what casefile's own cgroup may use of them: the least of the
	// count, the CPU set and the quotas up to the root. See Cgroup for others.
	Effective Number
	// Shares of all CPU time. Busy is what is neither idle nor waiting for I/O, stolen
	// time included.
	Busy, System, IOWait, Steal, SoftIRQ Spread
	// Ordinary is Busy without what ran at lowered priority (nice), which gives way to all else.
	Ordinary Spread
	// RunQueuePerCPU is tasks running or waiting for a CPU, without the sampler,
	// divided by the CPUs. Its windows are samples.
	RunQueuePerCPU  Spread
	Blocked         Spread // tasks waiting for disk I/O; samples
	Load1           Number // newest load average of one minute
	ContextSwitches Number // per second
}

// Memory is that of the whole machine.
type Memory struct {
	Total, Available Number // bytes, newest
	// AvailablePercent and AvailableLeast: of Total, newest and least.
	AvailablePercent, AvailableLeast Number
	SwapTotal, SwapUsed              Number // bytes, newest
	SwapIn, SwapOut                  Spread // bytes per second
	MajorFaults                      Spread // per second
	OOMKills                         Number // processes killed during the capture
	OOMKillsSinceBoot                Number
	Dirty                            Number // bytes, largest
	// Balloon is what the hypervisor has taken back, in bytes, as the kernel counts the pages given and returned (vmstat).
	Balloon Number
}

// Pressure is how long tasks waited for a resource.
type Pressure struct {
	// SomePercent and FullPercent are the share of the capture in which some, or
	// all, tasks waited.
	SomePercent, FullPercent Spread
	// SomeAvg10 is the kernel's own 10 s average, largest.
	SomeAvg10 Number
}

// Disk is one disk or volume.
type Disk struct {
	Name string
	// BusyPercent is the time with a request in flight. A disk that serves many
	// requests at once (SSD, array) may be at 100 and have room.
	BusyPercent Spread
	// Latency is milliseconds a request took, queueing included, over windows
	// with at least 10 requests.
	ReadLatency, WriteLatency Spread
	ReadRate, WriteRate       Spread // bytes per second
	Requests                  Spread // per second
	Queue                     Spread // mean requests in flight
	Rotational                Text   // "1" is a spinning disk, as far as the kernel knows
	Model                     Text
}

// FileSystem is one file system at the end of the capture.
type FileSystem struct {
	hostseries.Filesystem
	// Kind is "disk", "network", "overlay", "memory" or "image" (read-only by nature).
	Kind string
	// Real: it holds files that would be missed, and can fill up.
	Real bool
	// FreePercent is what users may still write, of what they may have at all;
	// 100 minus df's Use%. InodesFreePercent likewise; 100 where there is no limit.
	FreePercent, InodesFreePercent Number
	// Growth is bytes per second by which it filled during the capture.
	Growth Number
	// Options are those it is mounted with, the mount's own and the file system's.
	Options []string
	Ref
}

// Network is that of the network namespace casefile ran in.
type Network struct {
	Interfaces []Interface
	// RetransmitPercent is TCP segments sent again, of all sent; Segments how many were sent.
	RetransmitPercent Number
	Retransmits       Spread // per second
	Segments          Number
	// ListenOverflows and ListenDrops are connections lost at full accept queues
	// during the capture.
	ListenOverflows, ListenDrops Number
	Established                  Number // largest
}

// Interface is one network interface.
type Interface struct {
	Name             string
	RxRate, TxRate   Spread // bytes per second
	RxErrors, RxDrop Number // packets during the capture
	TxErrors, TxDrop Number
	Speed            Number // bits per second, as the driver says
	MTU              Number // bytes
}

// Files is the use of file descriptors of the whole system.
type Files struct {
	Allocated, Max, UsedPercent Number // largest use
}

// Processes is who used the CPU over the capture, busiest first.
type Processes struct {
	hostseries.TopTable
	Ref
}

// Clock is how well the machine knows the time.
type Clock struct {
	// Synchronised is what the kernel believes; Known reports whether it was asked.
	Synchronised bool
	Ref
	// Daemon is the one that runs: "chronyd", "systemd-timesyncd", "ntpd"; not known
	// when none was seen, which in a container or in a virtual machine with a host
	// clock need not mean anything.
	Daemon Text
	// Error is the bound of the clock's error in seconds by the daemon's own
	// account, or the kernel's; not known when not synchronised.
	Error  Number
	Offset Number // seconds by which the clock is wrong, by the daemon's account
	// FrequencyPPM is the correction of the clock's rate.
	FrequencyPPM Number
}

// Setting returns a kernel setting by its path, such as
// "/proc/sys/vm/swappiness".
func (f *Facts) Setting(path string) (Text, bool) {
	t, ok := f.settings[path]
	return t, ok
}

// states are files beside the kernel's settings that tell how it is, not how it is set.
var states = []string{"/proc/sys/kernel/osrelease", "/proc/sys/kernel/random/entropy_avail", "/proc/sys/net/netfilter/nf_conntrack_count",
	"/proc/sys/kernel/tainted"}

// Settings are the kernel's, by the name that sysctl has for them ("vm.swappiness"), else by their path; of those that
// offer words the one that is chosen.
func (f *Facts) Settings() map[string]string {
	out := map[string]string{}
	for path, t := range f.settings {
		if slices.Contains(states, path) {
			continue
		}
		if sysctl, ok := strings.CutPrefix(path, "/proc/sys/"); ok {
			path = strings.ReplaceAll(sysctl, "/", ".")
		}
		out[path] = cmp.Or(chosen(t).Value, strings.Join(strings.Fields(t.Value), " "))
	}
	return out
}
