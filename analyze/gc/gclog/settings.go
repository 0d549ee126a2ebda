package gclog

import (
	"bytes"

	"casefile/analyze/gc"
)

// collectors are the names behind "Using ".
var collectors = map[string]gc.Collector{
	"G1": gc.G1, "Serial": gc.Serial, "Parallel": gc.Parallel, "Concurrent Mark Sweep": gc.CMS, "Shenandoah": gc.Shenandoah,
	"The Z Garbage Collector": gc.ZGC, "Epsilon": gc.Epsilon, "ParNew": gc.ParNew,
}

// using reads "Using G1", printed when a JVM starts; "Using 2 workers of 2 for evacuation" is another line.
func (p *parser) using(m []byte) class {
	name, ok := collectors[string(m[len("Using "):])]
	if !ok {
		return foreign
	}
	if p.began && p.unified.d.timed { // the same file, another start whose stamps did not fall by a second
		d := p.unified.d
		p.restart(d.uptime, d.wall)
	}
	p.log.Collector = name
	return fact
}

// settings are the lines of gc,init and their forerunners, by what stands before ": ".
var settings = []struct {
	name string
	read func(p *parser, s *gc.Settings, value []byte)
}{
	{"Version", func(p *parser, _ *gc.Settings, value []byte) { p.log.JVMVersion = clip(firstWord(value), 64) }},
	{"CPUs", func(_ *parser, s *gc.Settings, value []byte) { s.CPUs = cpus(value) }},
	{"Memory", setsSize(func(s *gc.Settings) *int64 { return &s.Memory })},
	{"Heap Region Size", setsSize(regionSize)},
	{"Region Size", setsSize(regionSize)},
	{"Heap Min Capacity", setsSize(heapMin)},
	{"Min Capacity", setsSize(heapMin)},
	{"Heap Initial Capacity", setsSize(heapInitial)},
	{"Initial Capacity", setsSize(heapInitial)},
	{"Heap Max Capacity", setsSize(heapMax)},
	{"Max Capacity", setsSize(heapMax)},
	{"Heap address", heapAddress},
	{"Parallel Workers", setsCount(parallelWorkers)},
	{"Runtime Workers", setsCount(parallelWorkers)},
	{"ParallelGCThreads", setsCount(parallelWorkers)},
	{"Concurrent Workers", setsCount(concurrentWorkers)},
	{"GC Workers", setsCount(concurrentWorkers)},
	{"ConcGCThreads", setsCount(concurrentWorkers)},
	{"Compressed Oops", func(_ *parser, s *gc.Settings, value []byte) { s.CompressedOops = switched(value) }},
	{"Large Page Support", func(_ *parser, s *gc.Settings, value []byte) { s.LargePages = switched(value) }},
	{"Mode", func(p *parser, _ *gc.Settings, value []byte) {
		p.unified.generational = p.unified.generational || string(value) == "Generational"
	}},
	{"GC Workers for Old Generation", func(p *parser, _ *gc.Settings, _ []byte) { p.unified.generational = true }},
}

func regionSize(s *gc.Settings) *int64      { return &s.RegionSize }
func heapMin(s *gc.Settings) *int64         { return &s.HeapMin }
func heapInitial(s *gc.Settings) *int64     { return &s.HeapInitial }
func heapMax(s *gc.Settings) *int64         { return &s.HeapMax }
func parallelWorkers(s *gc.Settings) *int   { return &s.ParallelWorkers }
func concurrentWorkers(s *gc.Settings) *int { return &s.ConcurrentWorkers }

func setsSize(of func(*gc.Settings) *int64) func(*parser, *gc.Settings, []byte) {
	return func(_ *parser, s *gc.Settings, value []byte) { *of(s), _, _ = size(value) }
}

func setsCount(of func(*gc.Settings) *int) func(*parser, *gc.Settings, []byte) {
	return func(_ *parser, s *gc.Settings, value []byte) { *of(s) = smallInt(value) }
}

// heapAddress reads, with compressed oops and before JDK 17, the only word of the maximum heap: "0x00000000fc000000, size: 64 MB, Compressed ...".
func heapAddress(_ *parser, s *gc.Settings, value []byte) {
	if b, ok := after(value, "size: "); ok && s.HeapMax == 0 {
		if v, r, ok := digits(b); ok && has(r, " MB") && v < 1<<40 {
			s.HeapMax = v << 20
		}
	}
}

// setting reads a line of them.
func (p *parser) setting(m []byte) class {
	if !maySet(m) {
		return foreign
	}
	name, value, ok := bytes.Cut(m, []byte(": "))
	if !ok {
		return p.oldSetting(m)
	}
	for i := range settings {
		if s := &settings[i]; s.name == string(name) {
			s.read(p, &p.log.Settings, trimLeft(value))
			return fact
		}
	}
	return foreign
}

// maySet reports whether a message begins like a setting.
func maySet(m []byte) bool { return len(m) > 1 && settingHeads[headOf(m[0], m[1])] }

// settingHeads are the first two letters of settings, those of oldSettings too.
var settingHeads = func() (heads [1 << 10]bool) {
	for _, s := range settings {
		heads[headOf(s.name[0], s.name[1])] = true
	}
	for _, s := range []string{minimumHeap, shenandoahHeap} {
		heads[headOf(s[0], s[1])] = true
	}
	return heads
}()

// headOf spreads two letters.
func headOf(a, b byte) uint16 { return uint16(a&0x1f)<<5 | uint16(b&0x1f) }

// switched reads "Enabled (Zero based)" and "Disabled".
func switched(value []byte) gc.Known {
	switch {
	case has(value, "Enabled"):
		return gc.On
	case has(value, "Disabled"):
		return gc.Off
	}
	return gc.NotTold
}

const (
	minimumHeap    = "Minimum heap "
	shenandoahHeap = "Initialize Shenandoah heap:"
)

// oldSetting reads what JDK 9 to 13 print at debug level, and Shenandoah's own lines.
func (p *parser) oldSetting(m []byte) class {
	s := &p.log.Settings
	switch {
	case has(m, minimumHeap):
		for _, f := range []struct {
			name string
			to   *int64
		}{{minimumHeap, &s.HeapMin}, {"Initial heap ", &s.HeapInitial}, {"Maximum heap ", &s.HeapMax}} {
			if b, ok := after(m, f.name); ok {
				*f.to, _, _ = digits(b)
			}
		}
		return fact
	case has(m, shenandoahHeap):
		for part := range bytes.SplitSeq(m, []byte(",")) {
			if v, _, ok := size(trimLeft(part)); ok && hasSuffix(part, " max") {
				s.HeapMax = v
			}
		}
		return fact
	}
	return foreign
}

func firstWord(b []byte) []byte {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i]
	}
	return b
}

// cpus reads "8 total, 2 available".
func cpus(b []byte) int {
	if i := bytes.Index(b, []byte("total, ")); i >= 0 {
		b = b[i+len("total, "):]
	}
	return smallInt(b)
}

func smallInt(b []byte) int {
	v, _, ok := digits(b)
	if !ok || v > 1<<20 {
		return 0
	}
	return int(v)
}

// inferred names the collector from its pauses when the log does not.
func (u *unifiedState) inferred() gc.Collector {
	k := u.kinds
	switch {
	case u.seenNative:
		return gc.Native
	case k[gc.KindMarkStart] || k[gc.KindRelocateStart]:
		return gc.ZGC
	case k[gc.KindFinalUpdateRefs] || k[gc.KindFinalMark] || k[gc.KindDegenerated]:
		return gc.Shenandoah
	case k[gc.KindConcurrentStart] || k[gc.KindMixed] || k[gc.KindCleanup] || k[gc.KindPrepareMixed] || u.seenG1:
		return gc.G1
	case u.seenCMS || k[gc.KindInitialMark]:
		return gc.CMS
	case u.seenParallel:
		return gc.Parallel
	case u.seenSerial:
		return gc.Serial
	}
	return ""
}
