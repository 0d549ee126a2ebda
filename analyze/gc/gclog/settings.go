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

// setting reads lines of gc,init and their forerunners, by name.
func (p *parser) setting(m []byte) class {
	s := &p.log.Settings
	name, value, ok := bytes.Cut(m, []byte(": "))
	if !ok {
		return p.oldSetting(m)
	}
	value = trimLeft(value)
	switch string(name) {
	case "Version":
		p.log.JVMVersion = clip(firstWord(value), 64)
	case "CPUs":
		s.CPUs = cpus(value)
	case "Memory":
		s.Memory, _, _ = size(value)
	case "Heap Region Size", "Region Size":
		s.RegionSize, _, _ = size(value)
	case "Heap Min Capacity", "Min Capacity":
		s.HeapMin, _, _ = size(value)
	case "Heap Initial Capacity", "Initial Capacity":
		s.HeapInitial, _, _ = size(value)
	case "Heap address": // with compressed oops, before JDK 17 the only word of it: "0x00000000fc000000, size: 64 MB, Compressed ..."
		if b, ok := after(value, "size: "); ok && s.HeapMax == 0 {
			if v, r, ok := digits(b); ok && has(r, " MB") && v < 1<<40 {
				s.HeapMax = v << 20
			}
		}
	case "Heap Max Capacity", "Max Capacity":
		s.HeapMax, _, _ = size(value)
	case "Parallel Workers", "Runtime Workers", "ParallelGCThreads":
		s.ParallelWorkers = smallInt(value)
	case "Concurrent Workers", "GC Workers", "ConcGCThreads":
		s.ConcurrentWorkers = smallInt(value)
	case "Compressed Oops":
		s.CompressedOops = switched(value)
	case "Large Page Support":
		s.LargePages = switched(value)
	case "Mode":
		p.unified.generational = p.unified.generational || string(value) == "Generational"
	case "GC Workers for Old Generation":
		p.unified.generational = true
	default:
		return foreign
	}
	return fact
}

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

// oldSetting reads what JDK 9 to 13 print at debug level, and Shenandoah's own lines.
func (p *parser) oldSetting(m []byte) class {
	s := &p.log.Settings
	switch {
	case has(m, "Minimum heap "):
		for _, f := range []struct {
			name string
			to   *int64
		}{{"Minimum heap ", &s.HeapMin}, {"Initial heap ", &s.HeapInitial}, {"Maximum heap ", &s.HeapMax}} {
			if b, ok := after(m, f.name); ok {
				*f.to, _, _ = digits(b)
			}
		}
		return fact
	case has(m, "Initialize Shenandoah heap:"):
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
