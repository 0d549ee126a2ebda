package jvm

import (
	"time"

	"casefile/bundle/format/entries"
)

// command is a diagnostic command of the JVM and what it costs it.
type command struct {
	item     string
	file     entries.File
	jcmd     string
	deadline time.Duration
	cost     string
	// minMajor is the first release that has it.
	minMajor int
	// pauses marks commands that stop the JVM for long; they need --allow-pause.
	pauses bool
}

// commands is what is asked of every JVM, in this order, once. Costs were
// measured on JDK 17 and 25 with 1.8 GB of heap in use.
var commands = []command{
	{item: entries.ItemVMVersion, file: entries.VMVersion, jcmd: "VM.version", deadline: 2 * time.Second, cost: "no pause, 1 ms"},
	{item: entries.ItemVMCommandLine, file: entries.VMCommandLine, jcmd: "VM.command_line", deadline: 2 * time.Second, cost: "no pause, 1 ms"},
	{item: entries.ItemVMFlags, file: entries.VMFlags, jcmd: "VM.flags -all", deadline: 2 * time.Second, cost: "no pause, 5 ms"},
	{item: entries.ItemVMUptime, file: entries.VMUptime, jcmd: "VM.uptime", deadline: 2 * time.Second, cost: "no pause, 1 ms"},
	{item: entries.ItemHeapInfo, file: entries.HeapInfo, jcmd: "GC.heap_info", deadline: 2 * time.Second, cost: "no pause, 1 ms"},
	{item: entries.ItemCodeCache, file: entries.CodeCache, jcmd: "Compiler.codecache", deadline: 2 * time.Second, cost: "no pause, 1 ms", minMajor: 9},
	{item: entries.ItemVMEvents, file: entries.VMEvents, jcmd: "VM.events", deadline: 3 * time.Second, cost: "no pause, 10 ms", minMajor: 17},
	{item: entries.ItemNativeMemory, file: entries.NativeMemory, jcmd: "VM.native_memory summary", deadline: 3 * time.Second, cost: "no pause, 10 ms"},
	{item: entries.ItemVMLogConfig, file: entries.VMLogConfig, jcmd: "VM.log list", deadline: 2 * time.Second, cost: "no pause, 1 ms", minMajor: 9},
	{item: entries.ItemProperties, file: entries.Properties, jcmd: "VM.system_properties", deadline: 5 * time.Second, cost: "no pause, 100 ms of one thread"},
	{item: entries.ItemClassHistogram, file: entries.Histogram, jcmd: "GC.class_histogram", deadline: time.Minute, pauses: true,
		cost: "stops the JVM for seconds: a full collection on G1 (2.4-4.3 s for 1.8 GB in use)"},
	{item: entries.ItemMetaspace, file: entries.Metaspace, jcmd: "VM.metaspace", deadline: 10 * time.Second, pauses: true, minMajor: 10,
		cost: "stops the JVM for about 1 ms, more with many classes"},
}

// lastDeadline is what a command gets at least after the last round.
const lastDeadline = 5 * time.Second

// dumpDeadline bounds one thread dump. A JVM that needs longer cannot stop its threads.
const dumpDeadline = 10 * time.Second
