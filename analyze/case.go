// Package analyze is the analysis side: a Case holds what was captured on all
// nodes, parsed; rules look at it and report findings; Run puts them in order.
//
// Data flows one way: load makes the Case, rules read it, report prints it.
package analyze

import (
	"slices"
	"strings"
	"time"

	"casefile/analyze/appconf"
	"casefile/analyze/applog"
	"casefile/analyze/database"
	"casefile/analyze/gc"
	"casefile/analyze/host"
	"casefile/analyze/jfr"
	"casefile/analyze/profile"
	"casefile/analyze/threads"
	"casefile/analyze/waits"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/hsperf"
	"casefile/bundle/format/series"
	"casefile/bundle/format/sockets"
	"casefile/bundle/format/timing"
)

// Case is one capture, or one heap of loose files.
type Case struct {
	ID      string
	Cluster string
	Tool    string // the version of the casefile that captured it; empty: not known
	Started time.Time
	Ended   time.Time
	Nodes   []*Node
	// Gaps is what was to be captured and is not there.
	Gaps []Gap
	// Problems are inputs that could not be read, each with file and place.
	Problems []string
	// Strays are lines of loose files that are of no process: neither of a dump nor of a log.
	Strays []Stray
	// Refused is evidence, among the problems too, that is not judged: it is of several processes which cannot be told apart.
	Refused []string
	// Timing is what was measured between the nodes; nil: a capture of one node, or none.
	Timing *timing.Record
	// Databases are the looks at database servers at the moments of the dumps, each on the clock of the node that asked;
	// Statements is what their statements took over the capture.
	Databases  []*database.Look
	Statements []*database.Counted
	// Below is the folder in which all loose files lie; the names of their entries begin with it. "": there is none.
	Below string
}

// LooseNode is the name of the node of loose files where nothing tells of several.
const LooseNode = "files"

// Short names an entry without the folder that all loose files lie in: where an admin keeps them is not handed on.
func (c *Case) Short(entry string) string {
	if c.Below == "" {
		return entry
	}
	rest, ok := strings.CutPrefix(entry, c.Below)
	if !ok || rest == "" || rest[0] != '/' && rest[0] != '\\' {
		return entry
	}
	return rest[1:]
}

// Gap is a line of the coverage ledger that is a gap.
type Gap struct {
	Node, Target string
	PID          int // of the target; 0: no process, or an older bundle
	Item         string
	Cause        entries.Cause // empty in older bundles
	Reason, Fix  string
}

// Stray is lines of one file that are of no process.
type Stray struct {
	Source string
	Lines  int64
	Sample []threads.UnparsedLine
}

// Node is one machine. Times of its evidence are on its own clock.
type Node struct {
	Name      string
	Clock     Clock
	Host      *host.Facts // nil: not captured
	Pod       *Pod        // what Kubernetes says of it; nil: it is no pod, or nothing was captured
	JVMs      []*JVM
	Services  []*Service
	Collected int
	Failed    int
	// Timing is what the node measured on itself; nil: nothing. TimingSource is where it was read from.
	Timing       *timing.Node
	TimingSource string
	Hiccups      *series.Series // the host's own stalls over time; nil: not measured
	// LooseLogs and LooseAccess are logs that came without what tells their JVM.
	LooseLogs   []*applog.Log
	LooseAccess []*applog.Access
	// LooseConf are configuration files that came without their JVM.
	LooseConf []*appconf.File
}

// Clock is the node's clock against the reference: it reads reference time plus
// Offset, give or take Error.
type Clock struct{ Offset, Error time.Duration }

// Reference maps a time of the node to the reference clock.
func (c Clock) Reference(t time.Time) time.Time { return t.Add(-c.Offset) }

// JVM is one captured JVM, or what loose files tell about one.
type JVM struct {
	Node *Node
	// Target names it within the node, "4711-confluence"; for loose files the file's name.
	Target string
	PID    int
	App    string
	// Version of the JVM, e.g. "17.0.15+6".
	Version string
	Options []string // command line up to the main class
	// Properties are the system properties of [KeptProperties]; PropertiesSource is where they were read from.
	Properties       map[string]string
	PropertiesSource string
	// Container names the container that it runs in, "web-7f9c"; "" where it runs in none.
	Container string
	Flags     map[string]Flag
	// FlagsSource and OptionsSource are the entries they were read from.
	FlagsSource, OptionsSource string

	Dumps    *threads.Series // nil: none
	DumpInfo []threads.Summary
	GC       []*gc.Log // from log files, or one from counters
	// Recordings are of JFR; all files of one JVM are one. Profiles are made of them, or were captured as such.
	Recordings []*jfr.Recording
	Profiles   []*profile.Profile
	Counters   *series.Series // hsperfdata over time; nil: none
	Process    *series.Series // figures of /proc/PID over time; nil: none
	// Perf is the newest whole hsperfdata file; nil: none.
	Perf       *hsperf.Snapshot
	PerfSource string
	CodeCache  *CodeCache // nil: not captured
	// CountersSource and ProcessSource are the first entries of those series.
	CountersSource, ProcessSource string
	// Sockets are its TCP sockets at the moments of the dumps.
	Sockets []Sockets
	// Calls are the system calls that its threads were in at the moments of the dumps; Samples those between them, nil:
	// none.
	Calls   []*waits.Table
	Samples *waits.Samples
	// Peers is how many threads were at each of its peers over time (bundle/format/waits); nil: none.
	Peers       *series.Series
	PeersSource string
	// Looks are what its threads did by /proc when it could not be asked for a dump.
	Looks []Look
	// Logs and Access are its application logs and access logs.
	Logs   []*applog.Log
	Access []*applog.Access
	// Conf is what its configuration files say of its pools.
	Conf []*appconf.File
	// Plugins are the names of its plugins' files, of the entry PluginsSource; none: not captured.
	Plugins       []string
	PluginsSource string
}

// KeptProperties are the system properties that should be the same on all nodes and that no flag tells.
var KeptProperties = []string{PropTimeZone, PropLanguage, PropCountry, PropEncoding}

// Names of system properties.
const (
	PropTimeZone = "user.timezone"
	PropLanguage = "user.language"
	PropCountry  = "user.country"
	PropEncoding = "file.encoding"
)

// Sockets is the TCP sockets of a process at one moment of the node's clock.
type Sockets struct {
	Source string
	*sockets.Snapshot
}

// Look is one look at a process from outside, on the node's clock.
type Look struct {
	Time    time.Time
	Source  string
	Threads int
	Stopped int // threads that the kernel keeps from running: SIGSTOP, a debugger, a frozen container
	Disk    int // threads in a sleep that nothing interrupts, which is mostly a disk's
	Running []LookThread
	// VM is the thread that the JVM's operations run on; its Name is empty when it was not seen.
	VM LookThread
}

// LookThread is one thread of a look.
type LookThread struct {
	Name  string // of the kernel: the first 15 bytes
	NID   int64
	State byte
	Wchan string // the kernel function that it sleeps in
	CPU   time.Duration
	Line  int
}

// LogLine is one line of an application log, with the kind it was kept for: "removal" and "panic" are of a cluster's
// members, others are
// ids of signatures. Its time is on the node's clock.
type LogLine struct {
	Kind string
	applog.Entry
}

// LogLines gives the lines of some kinds of the logs of a JVM.
func (j *JVM) LogLines(kinds ...string) []LogLine {
	var out []LogLine
	for _, l := range j.AllLogs() {
		for _, kind := range kinds {
			if m := l.Of(kind); m != nil {
				for _, e := range m.Newest {
					out = append(out, LogLine{kind, e})
				}
			}
		}
	}
	return out
}

// AllLogs are the logs that may be of a JVM: its own, and loose files.
func (j *JVM) AllLogs() []*applog.Log {
	if j.Node == nil {
		return j.Logs
	}
	return slices.Concat(j.Logs, j.Node.LooseLogs)
}

// AllAccess are the access logs that may be of a JVM.
func (j *JVM) AllAccess() []*applog.Access {
	if j.Node == nil {
		return j.Access
	}
	return slices.Concat(j.Access, j.Node.LooseAccess)
}

// Settings are those of its pools, by all configuration that may be its: files, loose ones if it has none of its
// own, and its options.
func (j *JVM) Settings() appconf.Settings {
	files := j.Conf
	if len(files) == 0 && j.Node != nil {
		files = j.Node.LooseConf
	}
	const head = 2 // the line of the first option
	return appconf.Resolve(files, appconf.Options(j.OptionsSource, j.Options, func(i int) int { return i + head }))
}

// Subject is how findings name a JVM.
func (j *JVM) Subject() string { return j.Target }

// Flag is one line of VM.flags -all: its value and where that came from
// ("default", "command line", "ergonomic", "management", ...).
type Flag struct {
	Value, Origin string
	Line          int
}

// Service is one captured Go service.
type Service struct {
	Node       *Node
	Target     string
	PID        int // 0: it does not run on the node
	Name       string
	Goroutines *threads.Series
	DumpInfo   []threads.Summary
	Profiles   []*profile.Profile
	Process    *series.Series // entries.ProcessColumns; nil: not captured
	// ProcessSource is where Process begins.
	ProcessSource string
}

// JVMs lists the JVMs of all nodes.
func (c *Case) JVMs() []*JVM {
	var all []*JVM
	for _, n := range c.Nodes {
		all = append(all, n.JVMs...)
	}
	return all
}
