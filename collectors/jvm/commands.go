package jvm

import "time"

// command is a diagnostic command of the JVM and what it costs it.
type command struct {
	item     string
	file     string
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
	{item: "vm-version", file: "vm/version.txt", jcmd: "VM.version", deadline: 2 * time.Second, cost: "no pause, 1 ms"},
	{item: "vm-command-line", file: "vm/command_line.txt", jcmd: "VM.command_line", deadline: 2 * time.Second, cost: "no pause, 1 ms"},
	{item: "vm-flags", file: "vm/flags.txt", jcmd: "VM.flags -all", deadline: 2 * time.Second, cost: "no pause, 5 ms"},
	{item: "vm-uptime", file: "vm/uptime.txt", jcmd: "VM.uptime", deadline: 2 * time.Second, cost: "no pause, 1 ms"},
	{item: "heap-info", file: "vm/heap_info.txt", jcmd: "GC.heap_info", deadline: 2 * time.Second, cost: "no pause, 1 ms"},
	{item: "code-cache", file: "vm/codecache.txt", jcmd: "Compiler.codecache", deadline: 2 * time.Second, cost: "no pause, 1 ms", minMajor: 9},
	{item: "vm-events", file: "vm/events.txt", jcmd: "VM.events", deadline: 3 * time.Second, cost: "no pause, 10 ms", minMajor: 17},
	{item: "native-memory", file: "vm/native_memory.txt", jcmd: "VM.native_memory summary", deadline: 3 * time.Second, cost: "no pause, 10 ms"},
	{item: "vm-log-config", file: "vm/log_config.txt", jcmd: "VM.log list", deadline: 2 * time.Second, cost: "no pause, 1 ms", minMajor: 9},
	{item: "system-properties", file: "vm/system_properties.properties", jcmd: "VM.system_properties", deadline: 5 * time.Second, cost: "no pause, 100 ms of one thread"},
	{item: "class-histogram", file: "vm/class_histogram.txt", jcmd: "GC.class_histogram", deadline: time.Minute, pauses: true,
		cost: "stops the JVM for seconds: a full collection on G1 (2.4-4.3 s for 1.8 GB in use)"},
	{item: "metaspace", file: "vm/metaspace.txt", jcmd: "VM.metaspace", deadline: 10 * time.Second, pauses: true, minMajor: 10,
		cost: "stops the JVM for about 1 ms, more with many classes"},
}

// dumpDeadline bounds one thread dump. A JVM that needs longer cannot stop its threads.
const dumpDeadline = 10 * time.Second
