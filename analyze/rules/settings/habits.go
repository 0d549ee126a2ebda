package settings

import (
	"strings"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/rules/vm"
	"casefile/analyze/say"
	"casefile/bundle/format/jdk"
)

// sighting is what a condition found: the option that does it, and what the title says of it after the row's own words.
type sighting struct {
	option
	detail say.Phrase
	to     string // in place of the row's
}

// condition reports whether a row holds for a JVM.
type condition func(*config) (sighting, bool)

// habit is a row: what an option, or the lack of one, does, and what to write in its place.
type habit struct {
	when     condition
	severity analyze.Severity
	weight   float64
	says     string // of the title
	why      string
	action   string
	setting  string // empty: the option as it is written
	to       string
	risk     string
	source   string
}

// habits by weight.
var habits = []habit{
	{when: all(is("UseContainerSupport", "false"), inContainer), severity: analyze.Warning, weight: 0.25,
		says: "the JVM does not look at the limits of its container",
		why: "It sizes its heap, its collector's threads and its pools by the machine, and is killed or throttled when it uses what " +
			"the container does not have.",
		action: "Take the option away.", to: analyze.NotSet, risk: "The heap becomes smaller where no -Xmx is set: a quarter of the container's memory.",
		source: "JDK-8146115: Improve docker container detection and resource configuration usage"},
	{when: all(is("ClassUnloading", "false")), severity: analyze.Warning, weight: 0.15,
		says: "classes are never unloaded",
		why: "What redeployments, scripts and proxies load stays until the JVM ends: metaspace only grows, and so does what static fields of " +
			"dead classes keep in the heap.",
		action: "Take the option away.", to: analyze.NotSet, risk: "None.", source: "HotSpot: ClassUnloading"},
	{when: tenuringOff, severity: analyze.Warning, weight: 0.15,
		says: "objects are promoted at their first collection",
		why: "Whatever happens to be in use when a young collection comes is copied into the old generation, and has to be cleaned " +
			"from there by collections of all of it.",
		action: "Take the option away: the JVM chooses the age at which objects are promoted by the room they take.", to: analyze.NotSet,
		risk:   "Young collections copy more.",
		source: "HotSpot Virtual Machine Garbage Collection Tuning Guide: Survivor Space Sizing"},
	{when: is("UseInterpreter", "false"), severity: analyze.Warning, weight: 0.12,
		says: "every method is compiled before its first call",
		why: "The start takes many times as long, the code cache fills with what runs once, and what is compiled so early knows nothing of " +
			"how it is used.",
		action: "Take the option away.", to: analyze.NotSet, risk: "None.", source: "Oracle: The java Command"},
	{when: is("BackgroundCompilation", "false"), severity: analyze.Warning, weight: 0.1,
		says:   "threads wait for the compiler",
		why:    "Each time a method becomes hot, the request that calls it stands still until it is compiled.",
		action: "Take the option away.", to: analyze.NotSet, risk: "None.", source: "Oracle: The java Command"},
	{when: is("CheckJNICalls", "true"), severity: analyze.Warning, weight: 0.1,
		says:   "every call of native code is checked",
		why:    "This is for the search of faults in native code: arrays are copied at each use of them.",
		action: "Take the option away once that search is over.", to: analyze.NotSet, risk: "None.", source: "Oracle: The java Command"},
	{when: g1Before(40), severity: analyze.Warning, weight: 0.1,
		says:   "G1 of a JDK 8 before update 40",
		why:    "It unloads classes only by full collections, and many of its faults were mended in updates 40 and 60.",
		action: "Update the JDK.", setting: "JDK", to: "the newest update of JDK 8, or a later release", risk: "As with every update: test under load.",
		source: "JDK-8049421: G1 Class Unloading after completing a concurrent mark cycle"},
	{when: all(g1Before(60), not(g1Before(40))), severity: analyze.Info,
		says:   "G1 of a JDK 8 before update 60",
		why:    "It frees large objects that died only when a concurrent cycle has ended; update 60 does so at each young collection.",
		action: "Update the JDK.", setting: "JDK", to: "the newest update of JDK 8, or a later release", risk: "As with every update: test under load.",
		source: "JDK-8048179: Early reclaim of large objects that are referenced by a few objects"},
	{when: all(containerBefore191, inContainer), severity: analyze.Warning, weight: 0.2,
		says:   "this update of JDK 8 knows nothing of containers",
		why:    "It sizes its heap and its threads by the machine, not by the limits of its container.",
		action: "Update the JDK.", setting: "JDK", to: "the newest update of JDK 8, or a later release", risk: "As with every update: test under load.",
		source: "JDK-8146115: Improve docker container detection and resource configuration usage"},
	{when: ignoredExplicit, severity: analyze.Info, weight: 0.05,
		says: "System.gc() is ignored, though it is what frees direct buffers",
		why: "Direct buffers are freed when the heap is collected; when their limit is reached the JVM calls System.gc() to have that done. " +
			"With such calls ignored it throws OutOfMemoryError: Direct buffer memory though buffers could be freed.",
		action: "Let explicit collections run concurrently in place of ignoring them.", to: "-XX:+ExplicitGCInvokesConcurrent",
		risk:   "Calls of System.gc() by the program have their effect again.",
		source: "java.nio.Bits.reserveMemory"},
	{when: is("DisableAttachMechanism", "true"), severity: analyze.Info,
		says:   "no tool can attach",
		why:    "When it hangs, neither jcmd nor a profiler nor casefile gets a thread dump, a heap dump or a class histogram.",
		action: "Take the option away.", to: analyze.NotSet, risk: "The JVM's own user may attach.", source: "HotSpot: DisableAttachMechanism"},
	{when: is("ReduceSignalUsage", "true"), severity: analyze.Info,
		says:   "signals are not handled",
		why:    "kill -3 ends the JVM and writes no thread dump, and a stop by SIGTERM runs no shutdown hooks: what they save or sign off is lost.",
		action: "Take the option away, unless a service wrapper needs it.", to: analyze.NotSet, risk: "A log-off ends services on Windows.",
		source: "Oracle: The java Command, -Xrs"},
	{when: is("ClassUnloadingWithConcurrentMark", "false"), severity: analyze.Info,
		says:   "classes are unloaded by full collections only",
		why:    "Concurrent cycles leave dead classes where they are: metaspace grows until a full collection comes.",
		action: "Take the option away.", to: analyze.NotSet, risk: "Remark pauses become somewhat longer.", source: "HotSpot: ClassUnloadingWithConcurrentMark"},
	{when: largePagesMissed, severity: analyze.Info, weight: 0.05,
		says:   "large pages were asked for and are not to be had",
		why:    "The JVM runs on pages of 4 KB: what the option promises is not there.",
		action: "Reserve the pages (vm.nr_hugepages of the heap's size and a tenth more) and allow them to the user (ulimit -l), or take the option away.",
		risk:   "Reserved pages are lost to all else.", source: "HotSpot: Java Support for Large Memory Pages"},
	{when: hugePagesSwitchedOff, severity: analyze.Info,
		says:   "transparent huge pages were asked for and the kernel has them switched off",
		why:    "The option has no effect.",
		action: "Allow them on request, or take the option away.", setting: "/sys/kernel/mm/transparent_hugepage/enabled", to: "madvise",
		risk: "Memory of programs that ask for them is filled in steps of 2 MB.", source: "Linux: Transparent Hugepage Support"},
	{when: hugePagesAlways, severity: analyze.Info,
		says: "the kernel makes huge pages of all memory, and threads wait for them",
		why: "A thread that touches new memory may have to wait until the kernel has moved other pages together: stops of milliseconds that no log " +
			"of the JVM explains.",
		action: "Give huge pages only to those who ask for them, and make them in the background.", setting: "/sys/kernel/mm/transparent_hugepage/defrag",
		to: "madvise, and defer+madvise for defrag", risk: "Programs that gained by them without asking lose that gain.",
		source: "Linux: Transparent Hugepage Support"},
	{when: countersOnDisk, severity: analyze.Info, weight: 0.05,
		says: "the JVM's counters lie on a busy disk",
		why: "It writes them into a mapped file (hsperfdata in /tmp) also during collections: when the kernel writes that page out to a slow disk, " +
			"the collection waits.",
		action: "Have /tmp in memory (tmpfs), or switch the file off.", setting: "-XX:+PerfDisableSharedMem", to: "-XX:+PerfDisableSharedMem",
		risk:   "Without the file jps, jstat and casefile see neither the JVM nor its counters: prefer the tmpfs.",
		source: "Evan Jones: The Four Month Bug: JVM statistics cause garbage collection pauses"},
	{when: classSpaceAboveMetaspace, severity: analyze.Info,
		says:   "a class space larger than all of metaspace",
		why:    "The class space is a part of metaspace, and cannot grow beyond its limit.",
		action: "Take the smaller option away, or raise the limit.", to: analyze.NotSet, risk: "None.", source: "HotSpot: CompressedClassSpaceSize"},
	{when: smallZGC, severity: analyze.Info,
		says: "ZGC with a heap in which references take twice the room",
		why: "ZGC has no compressed references. Below 32 GB the same objects take up to half as much room again as with other collectors; and the " +
			"heap must hold what is allocated while a cycle runs, else threads wait for it.",
		action: "Give it a third more heap than another collector would need, or take G1 where pauses of some 100 ms do no harm.", setting: "collector",
		to: "-XX:+UseG1GC", risk: "Pauses of some 100 ms.", source: "JEP 333, JEP 439: ZGC"},
	{when: logOverwritten, severity: analyze.Info,
		says:   "the GC log starts anew with each start of the JVM",
		why:    "What led to a restart is gone when somebody looks for it.",
		action: "Have time and process in its name, and a few files of it.", setting: "GC log", risk: "Old files have to be deleted.",
		source: "Oracle: The java Command, -Xlog"},
	{when: logWithoutRotation, severity: analyze.Info,
		says:   "the GC log grows without bounds",
		why:    "It is one file that is never begun anew, and fills its disk in the end.",
		action: "Let the JVM change files.", setting: "GC log", risk: "The oldest file is lost after some time.", source: "Oracle: The java Command, -Xlog"},
	{when: dumpToAFile, severity: analyze.Info,
		says:   "heap dumps go to one file",
		why:    "The JVM does not write over a file that is there: after the first OutOfMemoryError no other leaves a dump until somebody moves the file.",
		action: "Name a folder: the JVM adds its pid.", setting: "-XX:HeapDumpPath", risk: "Old dumps have to be deleted.", source: "HotSpot: heapDumper.cpp"},
	{when: dumpDiskFull, severity: analyze.Info, weight: 0.05,
		says:   "a heap dump would not fit where it goes",
		why:    "A dump is about as large as what is in use of the heap: a full disk cuts it, and stops whatever else writes there.",
		action: "Name a folder on a disk with room for the whole heap.", setting: "-XX:HeapDumpPath", to: "-XX:HeapDumpPath=<a disk with room>",
		risk: "None.", source: "HotSpot: heapDumper.cpp"},
	{when: askedTwice, severity: analyze.Info,
		says:   "the same option twice with different values",
		why:    "The last one wins, whatever the first was meant for.",
		action: "Keep one of them.", risk: "None.", source: "HotSpot: arguments.cpp"},
	{when: unknownIgnored, severity: analyze.Info,
		says:   "options that this JVM does not know and does not complain of",
		why:    "With -XX:+IgnoreUnrecognizedVMOptions an option that is misspelt or gone has no effect, and nobody is told.",
		action: "Remove them, and -XX:+IgnoreUnrecognizedVMOptions.", to: analyze.NotSet, risk: "The JVM refuses to start with an option that it does not know: try it out.",
		source: "HotSpot: IgnoreUnrecognizedVMOptions"},
}

// look gives what a row says of one JVM.
func (h *habit) look(c *config) (fault, bool) {
	s, ok := h.when(c)
	if !ok {
		return fault{}, false
	}
	f := fault{severity: h.severity, weight: h.weight, why: h.why, evidence: s.evidence,
		advice: analyze.Advice{Action: h.action, Setting: h.setting, From: s.written, To: h.to, Effect: "What it costs is gone.", Risk: h.risk,
			Rollback: "The old setting.", Verify: "casefile no longer lists it."}}
	if s.to != "" {
		f.advice.To = s.to
	}
	if strings.HasPrefix(s.written, "-") && len(s.written) < 60 { // which of several it is about
		f.why = s.written + ": " + h.why
	}
	if f.advice.Setting == "" {
		f.advice.Setting = strings.SplitN(s.written, "=", 2)[0]
	}
	if f.advice.To == "" {
		f.advice.Setting, f.advice.From = "", ""
	}
	f.text = say.Text("%s", h.says)
	switch {
	case !s.detail.Empty():
		f.text = say.Text("%s (%s)", h.says, s.detail)
	case s.written != "":
		f.text = say.Text("%s (%s)", h.says, say.Quote(s.written))
	}
	return f, true
}

// is holds when a flag was asked to have a value.
func is(flag, value string) condition {
	return func(c *config) (sighting, bool) {
		o, ok := c.asked(flag)
		return sighting{option: o}, ok && o.value == value
	}
}

// all holds when each of them does; what the first saw is told.
func all(list ...condition) condition {
	return func(c *config) (first sighting, ok bool) {
		for i, when := range list {
			s, ok := when(c)
			if !ok {
				return sighting{}, false
			}
			if i == 0 {
				first = s
			}
		}
		return first, true
	}
}

// not turns a condition around, and sees nothing.
func not(when condition) condition {
	return func(c *config) (sighting, bool) {
		_, ok := when(c)
		return sighting{}, !ok
	}
}

func inContainer(c *config) (sighting, bool) { return sighting{}, c.container() }

func tenuringOff(c *config) (sighting, bool) {
	if c.Collector().Concurrent() {
		return sighting{}, false
	}
	if s, ok := is("MaxTenuringThreshold", "0")(c); ok {
		return s, true
	}
	return is("AlwaysTenure", "true")(c)
}

// g1Before holds for G1 of JDK 8 before an update.
func g1Before(update int) condition {
	return func(c *config) (s sighting, ok bool) {
		n, known := jdk.Update(c.Version)
		if c.Major() != 8 || !known || n >= update || c.Collector() != gc.G1 {
			return sighting{}, false
		}
		s.detail = say.Text("%s", say.Quote(c.Version))
		s.written = c.Version
		return s, true
	}
}

func containerBefore191(c *config) (s sighting, ok bool) {
	n, known := jdk.Update(c.Version)
	s.written, s.detail = c.Version, say.Text("%s", say.Quote(c.Version))
	return s, c.Major() == 8 && known && n < 191
}

func ignoredExplicit(c *config) (sighting, bool) {
	s, ok := is("DisableExplicitGC", "true")(c)
	if limit, limited := c.asked("MaxDirectMemorySize"); ok && limited {
		s.evidence = append(s.evidence, limit.evidence...)
		return s, true
	}
	return s, false
}

func classSpaceAboveMetaspace(c *config) (sighting, bool) {
	space, ok1 := c.asked("CompressedClassSpaceSize")
	limit, ok2 := c.asked("MaxMetaspaceSize")
	if !ok1 || !ok2 || limit.size() <= 0 || space.size() <= limit.size() {
		return sighting{}, false
	}
	space.evidence = append(space.evidence, limit.evidence...)
	return sighting{option: space, detail: say.Text("%s of at most %s", say.Size("class_space", space.size()), say.Size("metaspace_limit", limit.size()))}, true
}

func smallZGC(c *config) (sighting, bool) {
	heap := c.MaxHeap()
	if !c.Collector().IsZGC() || heap <= 0 || heap >= vm.CompressedOopsLimit.Value {
		return sighting{}, false
	}
	o, ok := c.asked("UseZGC")
	if !ok {
		o.written = "-XX:+UseZGC"
	}
	o.evidence = append(o.evidence, c.flagEvidence("MaxHeapSize")...)
	return sighting{option: o, detail: say.Text("%s", say.Size("max_heap", heap))}, true
}

// askedTwice leaves out options that may be given many times.
func askedTwice(c *config) (sighting, bool) {
	first := map[string]string{}
	for _, text := range c.Options {
		name, _ := flagOf(text)
		if name == "" {
			name = short(text)
		}
		if name == "" {
			continue
		}
		before, again := first[name]
		first[name] = text
		if again && before != text {
			o := option{written: before}
			o.evidence = c.given(before + " ... " + text)
			return sighting{option: o, detail: say.Text("%s, then %s, which holds", say.Quote(before), say.Quote(text))}, true
		}
	}
	return sighting{}, false
}

// short are the sizes that are no flags by name.
func short(text string) string {
	for _, prefix := range []string{"-Xmx", "-Xms", "-Xmn", "-Xss"} {
		if rest, ok := strings.CutPrefix(text, prefix); ok && jdk.Size(rest) > 0 {
			return prefix
		}
	}
	return ""
}

// allFlags is how many flags a complete list has at least: with fewer a flag that is not listed may exist.
const allFlags = 300

func unknownIgnored(c *config) (sighting, bool) {
	if s, ok := is("IgnoreUnrecognizedVMOptions", "true")(c); !ok || len(c.Flags) < allFlags {
		return s, false
	}
	var names []string
	s := sighting{to: analyze.NotSet}
	for _, text := range c.Options {
		name, _ := flagOf(text)
		if _, known := c.Flags[name]; name == "" || known || !strings.HasPrefix(text, "-XX:") || notListed[name] {
			continue
		}
		names = append(names, text)
		s.evidence = append(s.evidence, c.given(text)...)
	}
	s.written, s.detail = say.List(names), say.Text("%s", say.List(names))
	return s, len(names) > 0
}

// notListed are options that are no flags.
var notListed = map[string]bool{"IgnoreUnrecognizedVMOptions": true, "Flags": true, "VMOptionsFile": true, "NativeMemoryTracking": true,
	"FlightRecorder": true, "StartFlightRecording": true, "FlightRecorderOptions": true, "SharedArchiveFile": true}
