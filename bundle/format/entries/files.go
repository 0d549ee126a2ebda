package entries

import (
	"fmt"
	"strings"
)

// File is the name of entries below the folder of their target. A star stands
// for what is counted or named by the system: a round, a log, a profile.
type File string

// Match reports whether name is one of these entries.
func (f File) Match(name string) bool {
	before, after, star := strings.Cut(string(f), "*")
	if !star {
		return name == string(f)
	}
	return len(name) >= len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
}

// Of is the name of one of these entries.
func (f File) Of(star string) string { return strings.Replace(string(f), "*", star, 1) }

// Dump is what stands for the star in the entries of a JVM's k-th round, from 0 on.
func Dump(k int) string { return fmt.Sprintf("dump-%02d", k+1) }

// GoRound is what stands for the star in those of a Go service's.
func GoRound(k int) string { return fmt.Sprintf("%03d", k+1) }

// Part is what stands for the star in the k-th part of a series, from 0 on.
func Part(k int) string { return fmt.Sprintf("%03d", k) }

// Beside is the entry of another kind that was taken in the same round: both
// names have one star. Empty when entry is none of these.
func (f File) Beside(entry string, other File) string {
	at := strings.LastIndexByte(string(f[:strings.IndexByte(string(f), '*')]), '/') + 1
	cut := strings.LastIndexByte(entry, '/') + 1
	if !f[at:].Match(entry[cut:]) {
		return ""
	}
	before, after, _ := strings.Cut(string(f[at:]), "*")
	star := entry[cut+len(before) : len(entry)-len(after)]
	return entry[:cut] + other[strings.LastIndexByte(string(other), '/')+1:].Of(star)
}

// Folders below a JVM's.
const (
	LogFolder    = "logs"
	ConfigFolder = "config"
	GCFolder     = "gc"
)

// Entries of a JVM.
const (
	ThreadDump     File = "threads/*.txt"
	VirtualThreads File = "threads/*-virtual.txt"
	ThreadCPU      File = "threads/*-cpu.tsv"
	ThreadLook     File = "threads/*-stuck.tsv"
	ThreadSockets  File = "threads/*-sockets.tsv"
	ThreadWaits    File = "threads/*-waits.tsv"
	WaitSamples    File = "threads/waits-samples.tsv"
	WaitSeries     File = "threads/waits-series.jsonl"

	CountersFirst File = "hsperf/first.hsperfdata"
	CountersLast  File = "hsperf/last.hsperfdata"
	CounterSeries File = "hsperf/series.*.jsonl"
	ProcessSeries File = "process/series.*.jsonl"

	Container     File = "process/container"
	ProcStatus    File = "process/status"
	ProcLimits    File = "process/limits"
	ProcCgroup    File = "process/cgroup"
	ProcIO        File = "process/io"
	ProcOOMScore  File = "process/oom_score_adj"
	CommandLine   File = "vm/cmdline"
	Environment   File = "vm/environ"
	VMVersion     File = "vm/version.txt"
	VMCommandLine File = "vm/command_line.txt"
	VMFlags       File = "vm/flags.txt"
	VMUptime      File = "vm/uptime.txt"
	HeapInfo      File = "vm/heap_info.txt"
	CodeCache     File = "vm/codecache.txt"
	VMEvents      File = "vm/events.txt"
	NativeMemory  File = "vm/native_memory.txt"
	VMLogConfig   File = "vm/log_config.txt"
	Properties    File = "vm/system_properties.properties"
	Histogram     File = "vm/class_histogram.txt"
	Metaspace     File = "vm/metaspace.txt"

	GCLog     File = GCFolder + "/*"
	Log       File = LogFolder + "/*"
	Config    File = ConfigFolder + "/*"
	Recording File = "jfr/*.jfr"
	Plugins   File = "plugins.txt"
)

// Entries of a Go service.
const (
	GoDump        File = "goroutines/*.txt"
	GoProfile     File = "profiles/*.pb.gz"
	GoSeries      File = "metrics/process.*.jsonl"
	GoMetrics     File = "metrics/*"
	GoBuild       File = "build/info.txt"
	GoCommandLine File = "cmdline"
	GoLimits      File = "limits"
)

// Entries of a database, below that of the node that asked it; see bundle/format/sessions.
const (
	Sessions   File = "sessions/*.json" // the star is Dump(k), as in the entries of JVMs
	Statements File = "statements.json"
)

// Entries of a pod, below that of the node that it is; see bundle/format/pods.
const (
	PodState     File = "pod-*.json"
	PodEvents    File = "events.json"
	PodMachine   File = "node.json"
	PodLog       File = "logs/*.log" // the star is the container's name
	PodLogBefore File = "previous-logs/*.log"
)

// What stands for the star in PodState.
const (
	PodFirst = "first" // when the capture began
	PodLast  = "last"  // when it ended
)

// Doc says what entries hold. Raw: analyze does not read them, people do.
type Doc struct {
	File File
	Raw  bool
	Doc  string
}

// JVM lists the entries of a JVM; the first that matches a name is the one.
var JVM = []Doc{
	{ThreadCPU, false, "CPU time and state of each thread at a dump, from /proc/PID/task"},
	{ThreadLook, false, "what /proc shows of the threads where the JVM gave no dump"},
	{ThreadSockets, false, "the sockets of the process at a dump, by file descriptor"},
	{ThreadWaits, false, "the system call of each thread at a dump, with the connection or file that it is for"},
	{WaitSamples, false, "how often each thread was found in calls for a connection or file over the capture"},
	{WaitSeries, false, "how often threads had been found at each peer of the process, over time"},
	{VirtualThreads, false, "the list of virtual threads with a dump (Thread.dump_to_file)"},
	{ThreadDump, false, "a thread dump, as the attach listener gives it"},
	{CountersFirst, false, "the JVM's counters (hsperfdata) at the start"},
	{CountersLast, false, "and at the end"},
	{CounterSeries, false, "the numbers among the counters over time"},
	{ProcessSeries, false, "ProcessColumns over time"},
	{Container, false, "name and kind of the container that the process runs in"},
	{ProcStatus, true, "/proc/PID/status"},
	{ProcLimits, true, "/proc/PID/limits"},
	{ProcCgroup, true, "/proc/PID/cgroup"},
	{ProcIO, true, "/proc/PID/io"},
	{ProcOOMScore, true, "/proc/PID/oom_score_adj"},
	{CommandLine, false, "the arguments, one a line"},
	{Environment, true, "the variables that JVMs and products read"},
	{VMVersion, false, "jcmd VM.version"},
	{VMCommandLine, true, "jcmd VM.command_line"},
	{VMFlags, false, "jcmd VM.flags -all"},
	{VMUptime, true, "jcmd VM.uptime"},
	{HeapInfo, true, "jcmd GC.heap_info"},
	{CodeCache, false, "jcmd Compiler.codecache"},
	{VMEvents, true, "jcmd VM.events"},
	{NativeMemory, true, "jcmd VM.native_memory summary"},
	{VMLogConfig, true, "jcmd VM.log list"},
	{Properties, false, "jcmd VM.system_properties"},
	{Histogram, true, "jcmd GC.class_histogram"},
	{Metaspace, true, "jcmd VM.metaspace"},
	{GCLog, false, "GC logs, all parts of a rotated one"},
	{Log, false, "logs of the application and access logs"},
	{Config, false, "configuration files of the product"},
	{Plugins, false, "names of the files of plugins, one a line"},
	{Recording, false, "JFR recordings and chunks of the JVM's repository"},
}

// Go lists the entries of a Go service; the first that matches a name is the one.
var Go = []Doc{
	{GoDump, false, "a goroutine dump"},
	{GoProfile, false, "a profile in pprof's format"},
	{GoSeries, false, "ProcessColumns over time"},
	{GoMetrics, true, "pages of /debug/vars and /metrics"},
	{GoBuild, true, "the build information in the executable"},
	{GoCommandLine, true, "the arguments, one a line"},
	{GoLimits, true, "/proc/PID/limits"},
}

// Database lists the entries of a database.
var Database = []Doc{
	{Sessions, false, "the sessions of a database server at a dump, whom they wait for and what they run"},
	{Statements, false, "what each normalised statement took of the server during the capture"},
}

// Kubernetes lists the entries of a pod.
var Kubernetes = []Doc{
	{PodState, false, "limits, restarts, last terminations and conditions of a pod, at the begin and at the end"},
	{PodEvents, false, "what Kubernetes' parts said of the pod"},
	{PodMachine, false, "capacity and conditions of the node that it runs on"},
	{PodLog, false, "what a container wrote to its output (kubectl logs)"},
	{PodLogBefore, false, "the same of the container before its last restart (kubectl logs --previous)"},
}
