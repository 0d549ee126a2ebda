package jfr

import (
	"strings"
	"time"
)

// Recording is what one recording says. Times are the clock of its machine.
type Recording struct {
	Source string
	Files  []string // where it was read from, when that is more than one file
	Chunks int
	// Events counts the events of each type, those of the format (jdk.Metadata, jdk.Checkpoint) included.
	Events map[string]int64
	// Unknown counts events whose type the recording does not describe, Broken those that do not fit their type.
	Unknown, Broken int64
	// Truncated: some chunk was cut or still open, or bytes between chunks were none. Cuts says where, for the first few; that a chunk is
	// open and no more is not among them.
	Truncated bool
	Cuts      []string
	// Lost counts what had no room in the model, by what it is.
	Lost map[string]int64

	Start, End time.Time // of the chunks
	// Covered is the sum of the chunks' durations: the time that was recorded.
	Covered time.Duration

	JVM      JVM
	PIDs     []int64         // of all JVMs whose events are in it: one, unless somebody put chunks of several together
	Flags    map[string]Flag // of the JVM, where they were recorded; as they were last
	System   System
	Settings []Setting

	Threads   []Thread // by index; 0 is no thread
	Functions []Function
	Stacks    []Stack // by index; 0 is no stack
	Texts     []string
	Spans     []Span // 0: none
	Samples   []Sample

	GC   GC
	Load Load
	// Dumps are thread dumps as the JVM writes them at the end of each chunk, or every minute (jdk.ThreadDump).
	Dumps []Dump
}

// Dump is the text of a thread dump.
type Dump struct {
	Time time.Time
	Text string
}

// JVM is what the recording says about its JVM; empty where it does not.
type JVM struct {
	Name, Version      string
	Arguments, Flags   string // command line up to the main class, and flags from other places
	JavaArguments      string
	Started            time.Time
	PID                int64
	YoungCollector     string
	OldCollector       string
	ParallelWorkers    int64
	ConcurrentWorkers  int64
	HeapMin, HeapMax   int64
	HeapInitial        int64
	CompressedOops     bool
	Recordings         []Active
	CodeCacheFull      int64 // times
	CodeCacheFullAt    []time.Time
	Throwables         int64 // created while the recording ran, by jdk.ExceptionStatistics
	ThrowablesOver     time.Duration
	ThrottledSlices    int64 // of the container's CPU quota, while the recording ran
	ElapsedSlices      int64
	ThrottledTime      time.Duration
	CPUTimeSamplesLost int64
}

// Flag is a flag of the JVM: its value as VM.flags writes it, and where it came from ("Default", "Command line", "Ergonomic", ...).
type Flag struct{ Value, Origin string }

// System is the machine.
type System struct {
	OS          string
	CPU         string
	HWThreads   int64
	Memory      int64 // bytes
	MemoryUsed  int64 // bytes, the last reading
	Swap        int64 // bytes; from JDK 20 on
	SwapFree    int64 // bytes, the last reading
	Container   string
	CPUQuota    time.Duration // of each CPUPeriod; 0: none
	CPUPeriod   time.Duration
	MemoryLimit int64 // bytes; 0: none
	Resident    int64 // bytes that the JVM has in memory, its peak; from JDK 21 on
}

// Active is a recording that ran in the JVM.
type Active struct{ Name, Destination string }

// Setting is one setting of an event, as it was in the last chunk.
type Setting struct{ Event, Name, Value string }

// Setting returns the value of a setting; "" when it is not stated.
func (r *Recording) Setting(event, name string) string {
	for _, s := range r.Settings {
		if s.Event == event && s.Name == name {
			return s.Value
		}
	}
	return ""
}

// Enabled reports whether an event was recorded, by its setting or by its events.
func (r *Recording) Enabled(event string) bool {
	return r.Events[event] > 0 || r.Setting(event, "enabled") == "true"
}

// ParseSpan reads a setting that is a time: "20 ms", "10000000" (nanoseconds). 0: none.
func ParseSpan(text string) time.Duration {
	number, unit, _ := strings.Cut(strings.TrimSpace(text), " ")
	if unit == "" {
		unit = strings.TrimLeft(number, "0123456789.")
		number = strings.TrimSuffix(number, unit)
	}
	switch unit {
	case "":
		unit = "ns"
	case "d":
		return 0
	}
	d, err := time.ParseDuration(number + unit)
	if err != nil || d < 0 {
		return 0
	}
	return d
}

// Thread is one thread by what the recording calls it.
type Thread struct {
	Name   string // its Java name, else the system's
	OSID   int64
	JavaID int64 // 0 for threads of the JVM
}

// Function is a method, or code that is none.
type Function struct {
	Class  string // with dots: "java.util.HashMap"; empty for native code
	Method string
}

// Name is "java.util.HashMap.get".
func (f Function) Name() string {
	if f.Class == "" {
		return f.Method
	}
	return f.Class + "." + f.Method
}

// Frame is a place in a function.
type Frame struct {
	Function int32 // index into Recording.Functions
	Line     int32 // -1 or 0: not known
	Type     uint8 // index into FrameTypes
}

// Stack is frames, the innermost first.
type Stack struct {
	Frames []Frame
	// Truncated: deeper frames were not recorded.
	Truncated bool
}

// Span is what a tracer says the thread worked for; 0: not told.
type Span struct{ Context, Span, Root uint64 }

// Sample is events of one kind with the same stack, thread and detail, summed up.
type Sample struct {
	Kind   Kind
	Stack  int32 // index into Recording.Stacks
	Thread int32 // into Threads
	Detail int32 // into Texts: class, peer, file, by Kind
	State  int32 // into Texts: of the thread, or other second detail
	Span   int32 // into Spans
	Count  int64
	Amount int64 // nanoseconds or bytes, by Kind; 0 for kinds that are only counted
	Bytes  int64 // read or written
	Max    int64 // largest amount of one event
	// Estimate is the amount that most likely belongs there, for AllocSample; Amount is the recorder's word.
	Estimate int64
}

// FunctionName is the name of a frame's function.
func (r *Recording) FunctionName(f Frame) string { return r.Functions[f.Function].Name() }
