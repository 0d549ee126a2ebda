package entries

// ProcessSource is the source that the header of a process series names.
const ProcessSource = "proc"

// Kind says how a column is to be read.
type Kind int

const (
	// Gauge is a value of the moment.
	Gauge Kind = iota
	// Counter only grows; what counts is the difference between two samples.
	Counter
)

// Column is one value of a series.
type Column struct {
	Name string
	Unit string
	Kind Kind
	Raw  bool // no rule and no chart reads it
	Doc  string
}

// Columns of the series of a process, JVM or Go service.
const (
	CPUUser       = "cpu_user_seconds"
	CPUSystem     = "cpu_system_seconds"
	Resident      = "rss_bytes"
	SwappedOut    = "swap_bytes"
	Virtual       = "virtual_bytes"
	Threads       = "threads"
	OpenFiles     = "fds"
	FileLimit     = "fd_limit"
	ThreadLimit   = "thread_limit"
	ReadBytes     = "read_bytes"
	WrittenBytes  = "write_bytes"
	MajorFaults   = "major_faults"
	OwnSwitches   = "voluntary_switches"
	TakenSwitches = "forced_switches"
)

// ProcessColumns is the table of all columns.
var ProcessColumns = []Column{
	{CPUUser, "seconds", Counter, false, "CPU time in user mode (/proc/PID/stat)"},
	{CPUSystem, "seconds", Counter, false, "CPU time in the kernel"},
	{Resident, "bytes", Gauge, false, "resident memory"},
	{SwappedOut, "bytes", Gauge, false, "memory in swap (/proc/PID/status)"},
	{Virtual, "bytes", Gauge, true, "address space"},
	{Threads, "threads", Gauge, false, "threads"},
	{OpenFiles, "files", Gauge, false, "open files and sockets (/proc/PID/fd)"},
	{FileLimit, "files", Gauge, false, "how many there may be (/proc/PID/limits); none where there is no limit"},
	{ThreadLimit, "threads", Gauge, false, "how many threads and processes its user may have (Max processes of /proc/PID/limits); the kernel's own limit where there is none"},
	{ReadBytes, "bytes", Counter, true, "bytes that came from disks (/proc/PID/io)"},
	{WrittenBytes, "bytes", Counter, true, "bytes that went to disks"},
	{MajorFaults, "faults", Counter, true, "page faults that had to read from disk"},
	{OwnSwitches, "switches", Counter, true, "times that a thread gave up its CPU"},
	{TakenSwitches, "switches", Counter, true, "times that a CPU was taken from it"},
}

// ProcessUnits are the units of all columns, for the header of a series.
func ProcessUnits() map[string]string {
	units := map[string]string{}
	for _, c := range ProcessColumns {
		units[c.Name] = c.Unit
	}
	return units
}

// FormerNames are columns that older bundles call otherwise.
var FormerNames = map[string]string{"open_files": OpenFiles}
