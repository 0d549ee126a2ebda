package jvm

import (
	"fmt"
	"slices"
	"strings"

	"casefile/bundle/format/plan"
)

// recorded is one event type of our recordings. Left out, whatever the JDK's own
// settings say, is what carries secrets (InitialSystemProperty, InitialEnvironmentVariable,
// the command lines of SystemProcess) and what vm/ and host/ of the bundle have anyway.
type recorded struct {
	name string
	// from and to are the feature releases that have it; 0 means all since 8 or up to now.
	// A JVM writes a warning into its log for a type that it does not know.
	from, to int
	settings string // next to enabled: "threshold=20 ms stackTrace=true"
	// sharp replaces settings when the plan is focused on kind.
	kind, sharp string
	// only records it for kind alone.
	only bool
}

// Thresholds and rates are those of the JDK's default settings, which are made for
// permanent use, or coarser; sharp ones cost more and are for one kind of profile.
var recordedEvents = []recorded{
	{name: "ExecutionSample", to: 24, settings: "period=20 ms", kind: plan.CPU, sharp: "period=10 ms"},
	// CPUTimeSample takes its place from 25 on; a few samples of it remain for a JVM whose build or system has no such timers.
	{name: "ExecutionSample", from: 25, settings: "period=100 ms"},
	{name: "NativeMethodSample", settings: "period=20 ms"},
	{name: "CPUTimeSample", from: 25, settings: "throttle=20 ms stackTrace=true", kind: plan.CPU, sharp: "throttle=10 ms stackTrace=true"},
	{name: "CPUTimeSamplesLost", from: 25},

	{name: "ObjectAllocationSample", from: 16, settings: "throttle=150/s stackTrace=true", kind: plan.Alloc, sharp: "throttle=1000/s stackTrace=true"},
	{name: "ObjectAllocationInNewTLAB", to: 15, settings: "stackTrace=true", kind: plan.Alloc, only: true},
	{name: "ObjectAllocationOutsideTLAB", to: 15, settings: "stackTrace=true", kind: plan.Alloc, only: true},

	{name: "JavaMonitorEnter", settings: "threshold=10 ms stackTrace=true", kind: plan.Lock, sharp: "threshold=1 ms stackTrace=true"},
	{name: "JavaMonitorWait", settings: "threshold=20 ms stackTrace=true"},
	{name: "ThreadPark", settings: "threshold=20 ms stackTrace=true", kind: plan.Lock, sharp: "threshold=1 ms stackTrace=true"},
	{name: "ThreadSleep", settings: "threshold=20 ms stackTrace=true"},
	{name: "VirtualThreadPinned", from: 21, settings: "threshold=20 ms stackTrace=true"},

	{name: "SocketRead", settings: "threshold=20 ms stackTrace=true", kind: plan.IO, sharp: "threshold=1 ms stackTrace=true"},
	{name: "SocketWrite", settings: "threshold=20 ms stackTrace=true", kind: plan.IO, sharp: "threshold=1 ms stackTrace=true"},
	{name: "FileRead", settings: "threshold=20 ms stackTrace=true", kind: plan.IO, sharp: "threshold=1 ms stackTrace=true"},
	{name: "FileWrite", settings: "threshold=20 ms stackTrace=true", kind: plan.IO, sharp: "threshold=1 ms stackTrace=true"},
	{name: "FileForce", settings: "threshold=20 ms stackTrace=true", kind: plan.IO, sharp: "threshold=1 ms stackTrace=true"},

	{name: "GarbageCollection", settings: "threshold=0 ms"},
	{name: "YoungGarbageCollection", settings: "threshold=0 ms"},
	{name: "OldGarbageCollection", settings: "threshold=0 ms"},
	{name: "GCPhasePause", settings: "threshold=0 ms"},
	{name: "GCPhasePauseLevel1", settings: "threshold=0 ms"},
	{name: "GCPhaseConcurrent", from: 12, settings: "threshold=0 ms"},
	{name: "GCHeapSummary"},
	{name: "G1HeapSummary"},
	{name: "MetaspaceSummary"},
	{name: "PromotionFailed"},
	{name: "EvacuationFailed"},
	{name: "ConcurrentModeFailure", to: 13},
	{name: "ZAllocationStall", from: 15, settings: "threshold=0 ms"},
	{name: "SystemGC", from: 17, settings: "threshold=0 ms stackTrace=true"},
	{name: "GCConfiguration", settings: "period=everyChunk"},
	{name: "GCHeapConfiguration", settings: "period=everyChunk"},

	{name: "SafepointBegin", settings: "threshold=10 ms"},
	{name: "SafepointStateSynchronization", settings: "threshold=10 ms"},
	{name: "ExecuteVMOperation", settings: "threshold=10 ms"},

	{name: "CPULoad", settings: "period=1 s"},
	{name: "ThreadCPULoad", settings: "period=10 s"},
	{name: "ContainerCPUThrottling", from: 17, settings: "period=10 s"},
	{name: "JavaThreadStatistics", settings: "period=1 s"},
	{name: "ClassLoadingStatistics", settings: "period=1 s"},
	{name: "ExceptionStatistics", settings: "period=1 s"},
	{name: "JavaErrorThrow", settings: "stackTrace=true"},
	{name: "CodeCacheFull"},
	{name: "CodeCacheStatistics", settings: "period=everyChunk"},
	{name: "CompilationFailure"},
	{name: "Compilation", settings: "threshold=100 ms"},
	{name: "Deoptimization", from: 14, settings: "stackTrace=true"},

	{name: "ActiveRecording"},
	{name: "ActiveSetting"},
	{name: "DataLoss"},
	{name: "JVMInformation", settings: "period=beginChunk"},
	{name: "OSInformation", settings: "period=beginChunk"},
	{name: "CPUInformation", settings: "period=beginChunk"},
}

// sampled are the types that async-profiler takes the place of.
var sampled = []string{"ExecutionSample", "NativeMethodSample", "CPUTimeSample", "CPUTimeSamplesLost", "ObjectAllocationSample",
	"ObjectAllocationInNewTLAB", "ObjectAllocationOutsideTLAB"}

// settingsFile is the .jfc for one recording of a JVM of that release (JDK Flight
// Recorder's configuration format, version 2.0, without its controls). Beside
// async-profiler what that samples is left out.
func settingsFile(major int, p plan.Profiles, besideAsync bool) []byte {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<configuration version=\"2.0\" label=\"casefile\" provider=\"casefile\">\n")
	for _, e := range recordedEvents {
		if !e.in(major, p) || besideAsync && slices.Contains(sampled, e.name) {
			continue
		}
		settings := e.settings
		if e.kind == p.Focus && e.sharp != "" {
			settings = e.sharp
		}
		fmt.Fprintf(&b, "  <event name=\"jdk.%s\">\n    <setting name=\"enabled\">true</setting>\n", e.name)
		for _, s := range splitSettings(settings) {
			name, value, _ := strings.Cut(s, "=")
			fmt.Fprintf(&b, "    <setting name=\"%s\">%s</setting>\n", name, value)
		}
		b.WriteString("  </event>\n")
	}
	b.WriteString("</configuration>\n")
	return []byte(b.String())
}

func (e recorded) in(major int, p plan.Profiles) bool {
	switch {
	case major < e.from, e.to > 0 && major > e.to:
		return false
	case e.only && e.kind != p.Focus:
		return false
	}
	return true
}

// splitSettings cuts "period=20 ms stackTrace=true" before each name: values hold blanks.
func splitSettings(s string) []string {
	var list []string
	for _, word := range strings.Fields(s) {
		if strings.Contains(word, "=") {
			list = append(list, word)
		} else {
			list[len(list)-1] += " " + word
		}
	}
	return list
}
