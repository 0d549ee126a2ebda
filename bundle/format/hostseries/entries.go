package hostseries

import (
	"slices"
	"time"
)

// Folders of what is captured twice.
const (
	Start = "start/"
	End   = "end/"
)

// Entries that are taken once, at the start.
const (
	CPUInfo   = "cpuinfo.txt" // /proc/cpuinfo
	Version   = "version.txt" // /proc/version
	OSRelease = "os-release.txt"
	MountInfo = "mountinfo.txt" // /proc/self/mountinfo
	Limits    = "limits.txt"    // /proc/self/limits: those of the user that runs casefile
	Sysctl    = "sysctl.txt"    // Sections: kernel settings that matter to a JVM or a Go service
	NUMA      = "numa.txt"      // Sections: CPUs and memory of each node
	Devices   = "devices.txt"   // Sections: what the disks and network interfaces are
	Cgroups   = "cgroups.json"  // CgroupTable
	Platform  = "platform.json" // PlatformHints
	Top       = "top.json"      // TopTable, over the whole capture
	NTP       = "ntp.txt"       // Sections, one a command: what the time daemon says of itself
)

// Entries below Start and End.
const (
	MemInfo    = "meminfo.txt"
	VMStat     = "vmstat.txt"
	Stat       = "stat.txt"
	LoadAvg    = "loadavg.txt"
	Uptime     = "uptime.txt"
	Interrupts = "interrupts.txt" // /proc/interrupts added up over CPUs
	SoftIRQs   = "softirqs.txt"   // /proc/softirqs, likewise
	DiskStats  = "diskstats.txt"
	NetDev     = "net-dev.txt"
	NetSNMP    = "net-snmp.txt"
	NetStat    = "net-netstat.txt"
	SockStat   = "net-sockstat.txt"
	SockStat6  = "net-sockstat6.txt"
	FileNr     = "file-nr.txt"
	Pressure   = "pressure.txt" // Sections
	Cgroup     = "cgroup.txt"   // Sections: limits and counters of the cgroups in CgroupTable
	Disks      = "df.json"      // []Filesystem
	Clock      = "clock.json"   // ClockState
)

// Filesystem is one mounted file system: one line of df, each file system once
// however often it is mounted.
type Filesystem struct {
	Mount    string `json:"mount"`
	Type     string `json:"type"`
	Source   string `json:"source"`
	Device   string `json:"device"`         // major:minor
	Disk     string `json:"disk,omitempty"` // name in /proc/diskstats, where there is one
	Mounts   int    `json:"mounts"`         // how often it is mounted
	ReadOnly bool   `json:"read_only"`
	// Bytes; Available is what users other than root may still write.
	Total     uint64 `json:"total_bytes"`
	Free      uint64 `json:"free_bytes"`
	Available uint64 `json:"available_bytes"`
	// Zero Inodes: the file system has no fixed number.
	Inodes     uint64 `json:"inodes"`
	InodesFree uint64 `json:"inodes_free"`
	// Error tells why there are no numbers.
	Error string `json:"error,omitempty"`
}

// pseudo are the file system types that hold no files of anybody.
var pseudo = []string{
	"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fuse.gvfsd-fuse",
	"fuse.lxcfs", "fuse.portal", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "resctrl", "rpc_pipefs", "securityfs",
	"selinuxfs", "sysfs", "tracefs",
}

// Pseudo reports whether a file system type holds no files, so that its size
// means nothing. Asking autofs for its size would mount it.
func Pseudo(fsType string) bool { return slices.Contains(pseudo, fsType) }

// ClockState is the kernel's view of its own clock: adjtimex(2), read only.
type ClockState struct {
	At time.Time `json:"at"`
	// State is the return value of adjtimex: 0 fine, 1..4 leap second, 5 not synchronised.
	State  int      `json:"state"`
	Status int      `json:"status"` // STA_ bits
	Flags  []string `json:"flags"`  // their names
	// Synchronised: something disciplines this clock and has said so lately.
	Synchronised bool `json:"synchronised"`
	// Seconds. Offset is what is left to be slewed away; the errors are those the
	// time daemon told the kernel, and MaxError grows while nobody tells.
	Offset   float64 `json:"offset_seconds"`
	MaxError float64 `json:"max_error_seconds"`
	EstError float64 `json:"est_error_seconds"`
	// FrequencyPPM is the correction of the clock's rate, in millionths.
	FrequencyPPM float64 `json:"frequency_ppm"`
	TAI          int     `json:"tai_offset_seconds"`
}

// Process is one line of top: the mean over Seconds of TopTable.
type Process struct {
	PID     int    `json:"pid"`
	PPID    int    `json:"ppid"`
	Comm    string `json:"comm"`
	User    string `json:"user"`
	State   string `json:"state"`
	Threads int    `json:"threads"`
	// CPUPercent is in percent of one CPU.
	CPUPercent float64 `json:"cpu_percent"`
	RSS        uint64  `json:"rss_bytes"`
}

// TopTable lists the processes that used most CPU, then those that hold most
// memory. Processes that lived only between the two looks are not in it.
type TopTable struct {
	Seconds   float64   `json:"seconds"`
	Seen      int       `json:"processes_seen"`
	Processes []Process `json:"processes"`
}

// CgroupTable tells which cgroups the series and the cgroup entry are about.
type CgroupTable struct {
	Version string        `json:"version"` // "v1", "v2" or "hybrid"
	Groups  []CgroupGroup `json:"groups"`
	// More counts cgroups with a limit that were left out.
	More int `json:"more,omitempty"`
}

// CgroupGroup is one cgroup with processes in it.
type CgroupGroup struct {
	Name string `json:"name"` // the star in series columns
	Self bool   `json:"self"` // casefile itself runs in it
	PIDs []int  `json:"pids"`
	More int    `json:"more_pids,omitempty"`
	// Dirs are its folders by controller, up to the root of what can be seen, its own first.
	Dirs map[string][]string `json:"dirs"`
	// CPUDir and MemoryDir are the folders whose counters the series holds: those
	// with the tightest limit, or the cgroup's own when there is none.
	CPUDir    string `json:"cpu_dir,omitempty"`
	MemoryDir string `json:"memory_dir,omitempty"`
}

// PlatformHints is what tells hypervisors and containers, as found.
type PlatformHints struct {
	PageSize int `json:"page_size"`
	UID      int `json:"uid"` // of casefile
	// DMI holds what the firmware says of the machine: sys_vendor, product_name, ...
	DMI map[string]string `json:"dmi,omitempty"`
	// HypervisorType is /sys/hypervisor/type (xen).
	HypervisorType string `json:"hypervisor_type,omitempty"`
	// Markers are the files and variables found that only a container has.
	Markers []string `json:"markers,omitempty"`
	// InitComm is the name of process 1.
	InitComm string `json:"init_comm,omitempty"`
	// CgroupPaths are those of casefile itself, from /proc/self/cgroup.
	CgroupPaths []string `json:"cgroup_paths,omitempty"`
}
