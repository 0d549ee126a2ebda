package gclog

import (
	"bytes"
	"cmp"
	"strings"

	"casefile/analyze/gc"
)

// tables are the beginnings of lines (behind blanks) of the tables and headers that HotSpot prints between its records:
// heap layouts, tenuring, adaptive sizing, free lists, string deduplication, headers.
var tables = []string{
	// heap layouts (PrintHeapAtGC, exit)
	"Heap", "{Heap", "}", "par new generation", "def new generation", "PSYoungGen", "PSOldGen", "ParOldGen", "PSPermGen", "eden space",
	"from space", "to   space", "the space", "object space", "tenured generation", "concurrent mark-sweep", "concurrent-mark-sweep",
	"compacting perm gen", "Metaspace", "class space", "data space", "capacity", "garbage-first heap", "region size", "ro space", "rw space",
	"No shared spaces configured", "adaptive size", "as-", "AS", "space",
	// tenuring
	"Desired survivor size", "- age", "Age ", "num     #instances",
	// adaptive size policy
	"AdaptiveSize", "PSAdaptiveSize", "PSYoungGen::", "PSOldGen::", "avg_survived", "Tenuring threshold", "PSScavenge", "UseAdaptiveSizePolicy",
	"Adaptive", "CMSAdaptiveSize", "CMS: ", "ConcurrentMarkSweep", "BaseFootPrint", "Tolerated",
	// free lists (PrintFLSStatistics)
	"Statistics for", "Total Free Space", "Max   Chunk", "Max Chunk", "Number of Blocks", "Av.  Block", "Tree ", "---", "Before GC", "After GC",
	"CMS: Large", "Large block", "promotion failed", "Size:", "Free", "Total ", "frag:",
	// string deduplication, concurrent work
	"[Last Exec", "[Inspected", "[Deduplicated", "[Skipped", "[Hashed", "[Known", "[New", "[Young", "[Old", "[Total Exec", "[Table",
	"[Memory", "[Size", "[Entries", "[Resize", "[Rehash", "[Age", "[Queue", "[Dropped", "[Cache", "Concurrent RS", "Recent concurrent",
	// headers and footers
	"Java HotSpot", "OpenJDK", "SAP Java Server VM", "SapMachine", "Memory:", "CommandLine flags:", "/proc/meminfo", "GC log file", "java version", "Java(TM)", "(full ",
	"VM option", "Finished", "Skipping", "Preserving", "GC locker", "GCLocker", "Restoring", "Allocation failed", "PSParallelCompact",
	"Unable to", "TLAB", "thread: 0x", "vmop", "CONCURRENT MARK", "GC time", "evac-", "Promotion", "no survivor", "region ",
	// iCMS and Parallel at exit
	"CMS-", "icms", "Full GC statistics", "Avg:", "Sum:", "Setting abort", "Mark stack is full",
	// JNI critical sections (PrintJNIGCStalls), task threads (TraceDynamicGCThreads), when CMS begins (PrintCMSInitiationStatistics)
	"Setting _needs_gc", "VM-Thread ", "GC-Thread ", "GCTaskManager::", "active_workers_by_JT", "JT: ", "CMSCollector ", "time_until_cms_gen_full", "free=",
	"contiguous_available=", "promotion_rate=", "cms_", "occupancy=", "initiatingOccupancy=", "metadata initialized", "metadata_",
	"(cardTable: ", "(modUnionTable: ", "DrainStacksCompactionTask::", "StealRegionCompactionTask::", "StealMarkingTask::",
	// G1 by worker (G1LogLevel=finest), remembered sets, regions, marking at exit
	"Min: ", "AC ", "G1HR ", "### ", "Cumulative RS", "Current rem set", "Static structures", "Region with largest",
	// PrintSafepointStatistics at exit
	"Polling page always armed", "Maximum sync time", "Maximum vm operation time", "0 VM operations coalesced",
	"Concurrent marking:", "Concurrent sampling", "Final counting", "RS scrub", "EVACUATION PAUSES", "ALL PAUSES", "(num = ",
}

// tableWords are in the lines of tables that begin in many ways.
var tableWords = []string{
	"%) by ", "%) entries by ", "%) elements by ", " cards represented.", " code roots represented.", ": total time = ", " (avg = ",
	" completed buffers:", " coarsenings.", "GC Pauses: ", ", current_rate: ", " is performing GC after exiting critical section",
}

// tablesBy are the tables by their first byte.
var tablesBy = func() (by [256][]string) {
	for _, t := range tables {
		by[t[0]] = append(by[t[0]], t)
	}
	return by
}()

// knownTable reports whether a line belongs to a table or header of the log.
func knownTable(line []byte) bool {
	t := trimBlanks(line)
	if len(t) == 0 {
		return true
	}
	for _, k := range tablesBy[t[0]] {
		if has(t, k) {
			return true
		}
	}
	for _, w := range tableWords {
		if bytes.Contains(t, []byte(w)) {
			return true
		}
	}
	return has(t, "20") && bytes.Contains(t, []byte(" GC log file ")) // "2019-02-01 02:14:25 GC log file created ..."
}

// inTable reports whether a line between the lines of an open record is of a table: it must not be read as part of the
// record.
func inTable(line []byte) bool {
	t := trimBlanks(line)
	if len(t) == 0 {
		return true
	}
	switch t[0] {
	case '[', ',', ':', '(':
		return false
	}
	opens := bytes.IndexByte(t, '[') >= 0
	if opens && bytes.Contains(t, []byte("[0x")) || histogramRow(t) {
		return true
	}
	if isDigit(t[0]) || bytes.IndexByte(t, ']') >= 0 && bytes.Contains(t, []byte("secs]")) {
		return false
	}
	return knownTable(t) && !(opens && bytes.Contains(t, []byte(": [")))
}

// histogramRow tells "1:  10000  1000000  [C", of PrintClassHistogramBeforeFullGC, whose class names hold brackets.
func histogramRow(t []byte) bool {
	_, r, ok := digits(t)
	if !ok || !has(r, ": ") {
		return false
	}
	for range 2 { // instances, bytes
		if _, r, ok = digits(trimLeft(r[1:])); !ok || !has(r, " ") {
			return false
		}
	}
	return true
}

// tableLine reads the few lines among them that state facts.
func (p *parser) tableLine(line []byte) class {
	p.legacy.noteHeap(trimLeft(line))
	if p.format == "" {
		if has(line, heapBefore) || has(line, "CommandLine flags:") || bytes.Contains(line, []byte(" GC log file ")) || (bytes.Contains(line, []byte("VM (")) && bytes.Contains(line, []byte("JRE ("))) {
			p.format = gc.FormatPreUnified
		} else {
			return other
		}
	}
	switch {
	case has(line, "CommandLine flags:"):
		p.commandLine(line[len("CommandLine flags:"):])
		return fact
	case has(line, "Memory:"):
		p.memoryLine(line)
		return fact
	}
	if b, ok := after(line, "JRE ("); ok {
		if i := bytes.IndexByte(b, ')'); i > 0 {
			p.log.JVMVersion = clip(b[:i], 64)
			return fact
		}
	}
	if bytes.Contains(line, []byte("OutOfMemoryError")) {
		p.mention(&p.log.OutOfMemory, line)
	}
	return detail
}

// memoryLine reads "Memory: 4k page, physical 16269820k(276356k free), swap 8257532k(123k free)". It is of the JVM's start.
func (p *parser) memoryLine(line []byte) {
	s := &p.log.Settings
	if b, ok := after(line, "physical "); ok {
		s.Memory, s.MemoryFree = amountAndFree(b)
	}
	if b, ok := after(line, "swap "); ok {
		s.Swap, s.SwapFree = amountAndFree(b)
		s.SwapKnown = true
	}
}

func amountAndFree(b []byte) (all, free int64) {
	all, b, ok := size(b)
	if ok && has(b, "(") {
		free, _, _ = size(b[1:])
	}
	return all, free
}

// commandLine reads "CommandLine flags: -XX:MaxHeapSize=... -XX:+UseG1GC".
func (p *parser) commandLine(b []byte) {
	s := &p.log.Settings
	s.CommandLine, s.CommandLineAt = strings.TrimSpace(clip(b, 1<<14)), p.line
	on := func(flag string) bool { return strings.Contains(s.CommandLine, "-XX:+"+flag) }
	p.log.Collector = cmp.Or(gc.CollectorByFlags(on), p.log.Collector)
	for _, f := range []struct {
		name string
		to   *int64
	}{
		{"-XX:MaxHeapSize=", &s.HeapMax}, {"-XX:InitialHeapSize=", &s.HeapInitial}, {"-XX:G1HeapRegionSize=", &s.RegionSize},
	} {
		if v, ok := after(b, f.name); ok {
			*f.to, _, _ = size(v)
		}
	}
	if v, ok := after(b, "-XX:ParallelGCThreads="); ok {
		s.ParallelWorkers = smallInt(v)
	}
	if v, ok := after(b, "-XX:ConcGCThreads="); ok {
		s.ConcurrentWorkers = smallInt(v)
	}
}

// note remembers what tells the collectors apart.
func (s *legacyState) note(typ recordType, name []byte) {
	switch typ {
	case recG1, recG1Remark, recG1Cleanup:
		s.seenG1 = true
	case recInitialMark, recRemark:
		s.seenCMS = true
	case recConcurrent:
		s.seenG1 = s.seenG1 || name[0] == 'G'
		s.seenCMS = s.seenCMS || name[0] == 'C'
	case recYoungGen, recOldGen:
		s.seenPar = s.seenPar || has(name, "PS") || has(name, "ParOld")
		s.seenNew = s.seenNew || has(name, "ParNew")
		s.seenDef = s.seenDef || has(name, "DefNew")
		s.seenCMS = s.seenCMS || has(name, "CMS")
	}
}

// noteHeap remembers what a layout of the heap tells of the collector: records without details do not.
func (s *legacyState) noteHeap(t []byte) {
	switch {
	case has(t, "garbage-first heap "):
		s.seenG1 = true
	case has(t, "concurrent mark-sweep generation "), has(t, "concurrent-mark-sweep "):
		s.seenCMS = true
	case has(t, "PSYoungGen "), has(t, "PSOldGen "), has(t, "ParOldGen "):
		s.seenPar = true
	case has(t, "par new generation "):
		s.seenNew = true
	case has(t, "def new generation "):
		s.seenDef = true
	}
}

// collector names the collector by the records seen; empty when they could be of several.
func (s *legacyState) collector() gc.Collector {
	switch {
	case s.seenG1:
		return gc.G1
	case s.seenCMS:
		return gc.CMS
	case s.seenPar:
		return gc.Parallel
	case s.seenNew:
		return gc.ParNew
	case s.seenDef:
		return gc.Serial
	}
	return ""
}
