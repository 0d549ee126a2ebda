package jfr

import (
	"slices"
	"strconv"
	"time"

	format "casefile/bundle/format/jfr"
)

// Load is what the JVM measured of its own and the machine's load, in order of time.
type Load struct {
	CPU []CPULoad
	// Threads is CPU use by thread, at the ends of chunks or every 10 s by default. A share of 1 is one core.
	Threads []ThreadLoad
}

// CPULoad is one reading; shares of all cores, 0 to 1.
type CPULoad struct {
	Time         time.Time
	User, System float32 // of the JVM
	Machine      float32
}

// ThreadLoad is the use of one thread in shares of all cores, 0 to 1.
type ThreadLoad struct {
	Time         time.Time
	Thread       int32
	User, System float32
}

// systemState holds totals of which the recording needs the difference.
type systemState struct {
	settings   map[[2]string]int // place in Settings
	throwables counter
	elapsed    counter
	throttled  counter
	stopped    counter
	dumped     int // bytes of thread dumps
}

// counter is the first and the last reading of a total.
type counter struct {
	first, last     int64
	firstAt, lastAt time.Time
	seen            bool
}

func (c *counter) read(at time.Time, v int64) {
	if !c.seen || at.Before(c.firstAt) {
		c.first, c.firstAt = v, at
	}
	if !c.seen || !at.Before(c.lastAt) {
		c.last, c.lastAt = v, at
	}
	c.seen = true
}

func (c *counter) rise() int64 { return max(0, c.last-c.first) }

var flagFields = []string{"name", "value", "origin"}

func numberFlag(b *Builder, r *format.Row) { b.flag(r, strconv.FormatInt(r.Int(1), 10)) }

func (b *Builder) flag(r *format.Row, value string) {
	const most = 4096 // HotSpot has half as many
	if b.rec.Flags == nil {
		b.rec.Flags = map[string]Flag{}
	}
	if name := limited(r.Word(0)); len(b.rec.Flags) < most && name != "" {
		b.rec.Flags[name] = Flag{limited(value), limited(r.Word(2))}
	}
}

var systemEvents = []plainEvent{
	{"jdk.CPULoad", []string{"startTime", "jvmUser", "jvmSystem", "machineTotal"}, func(b *Builder, r *format.Row) {
		if l := &b.rec.Load; room(b, l.CPU, "CPU loads") {
			l.CPU = append(l.CPU, CPULoad{r.Time(0), share(r, 1), share(r, 2), share(r, 3)})
		}
	}},
	{"jdk.ThreadCPULoad", []string{"startTime", "eventThread", "user", "system"}, func(b *Builder, r *format.Row) {
		if l := &b.rec.Load; room(b, l.Threads, "loads of threads") {
			l.Threads = append(l.Threads, ThreadLoad{r.Time(0), b.thread(r.Int(1)), share(r, 2), share(r, 3)})
		}
	}},
	{"jdk.JVMInformation", []string{"jvmName", "jvmVersion", "jvmArguments", "jvmFlags", "javaArguments", "jvmStartTime", "pid"}, func(b *Builder, r *format.Row) {
		j := &b.rec.JVM
		if pid := r.Int(6); pid > 0 && !slices.Contains(b.rec.PIDs, pid) && len(b.rec.PIDs) < mostJVMs {
			b.rec.PIDs = append(b.rec.PIDs, pid)
		}
		j.Name, j.Version, j.Arguments, j.Flags, j.JavaArguments = r.Word(0), r.Word(1), r.Word(2), r.Word(3), r.Word(4)
		j.Started, j.PID = r.Time(5), r.Int(6)
	}},
	{"jdk.GCConfiguration", []string{"youngCollector", "oldCollector", "parallelGCThreads", "concurrentGCThreads"}, func(b *Builder, r *format.Row) {
		j := &b.rec.JVM
		j.YoungCollector, j.OldCollector, j.ParallelWorkers, j.ConcurrentWorkers = r.Word(0), r.Word(1), r.Int(2), r.Int(3)
	}},
	{"jdk.GCHeapConfiguration", []string{"minSize", "maxSize", "initialSize", "usesCompressedOops"}, func(b *Builder, r *format.Row) {
		j := &b.rec.JVM
		j.HeapMin, j.HeapMax, j.HeapInitial, j.CompressedOops = r.Int(0), r.Int(1), r.Int(2), r.Bool(3)
	}},
	{"jdk.IntFlag", flagFields, numberFlag}, {"jdk.UnsignedIntFlag", flagFields, numberFlag},
	{"jdk.LongFlag", flagFields, numberFlag}, {"jdk.UnsignedLongFlag", flagFields, numberFlag},
	{"jdk.BooleanFlag", flagFields, func(b *Builder, r *format.Row) { b.flag(r, strconv.FormatBool(r.Bool(1))) }},
	{"jdk.StringFlag", flagFields, func(b *Builder, r *format.Row) { b.flag(r, r.Word(1)) }},
	{"jdk.OSInformation", []string{"osVersion"}, func(b *Builder, r *format.Row) { b.rec.System.OS = r.Word(0) }},
	{"jdk.CPUInformation", []string{"cpu", "hwThreads"}, func(b *Builder, r *format.Row) {
		b.rec.System.CPU, b.rec.System.HWThreads = r.Word(0), r.Int(1)
	}},
	{"jdk.PhysicalMemory", []string{"totalSize", "usedSize"}, func(b *Builder, r *format.Row) {
		b.rec.System.Memory, b.rec.System.MemoryUsed = r.Int(0), r.Int(1)
	}},
	{"jdk.SwapSpace", []string{"totalSize", "freeSize"}, func(b *Builder, r *format.Row) {
		b.rec.System.Swap, b.rec.System.SwapFree = max(0, r.Int(0)), max(0, r.Int(1))
	}},
	{"jdk.ResidentSetSize", []string{"size", "peak"}, func(b *Builder, r *format.Row) {
		b.rec.System.Resident = max(b.rec.System.Resident, r.Int(0), r.Int(1))
	}},
	{"jdk.ThreadDump", []string{"startTime", "result"}, (*Builder).readDump},
	{"jdk.ContainerConfiguration", []string{"containerType", "cpuQuota", "cpuSlicePeriod", "memoryLimit"}, func(b *Builder, r *format.Row) {
		s := &b.rec.System
		s.Container = r.Word(0)
		if q := r.Duration(1); q > 0 && q < format.Forever {
			s.CPUQuota, s.CPUPeriod = q, r.Duration(2)
		}
		s.MemoryLimit = max(0, r.Int(3))
	}},
	{"jdk.ContainerCPUThrottling", []string{"startTime", "cpuElapsedSlices", "cpuThrottledSlices", "cpuThrottledTime"}, func(b *Builder, r *format.Row) {
		at, s := r.Time(0), &b.system
		s.elapsed.read(at, r.Int(1))
		s.throttled.read(at, r.Int(2))
		s.stopped.read(at, int64(r.Duration(3)))
	}},
	{"jdk.ExceptionStatistics", []string{"startTime", "throwables"}, func(b *Builder, r *format.Row) { b.system.throwables.read(r.Time(0), r.Int(1)) }},
	{"jdk.CodeCacheFull", []string{"startTime"}, func(b *Builder, r *format.Row) {
		const keep = 100
		j := &b.rec.JVM
		if j.CodeCacheFull++; len(j.CodeCacheFullAt) < keep {
			j.CodeCacheFullAt = append(j.CodeCacheFullAt, r.Time(0))
		}
	}},
	{"jdk.CPUTimeSamplesLost", []string{"lostSamples"}, func(b *Builder, r *format.Row) { b.rec.JVM.CPUTimeSamplesLost += max(0, r.Int(0)) }},
	{"jdk.ActiveRecording", []string{"name", "destination"}, func(b *Builder, r *format.Row) {
		const keep = 16
		a := Active{limited(r.Word(0)), limited(r.Word(1))}
		for _, known := range b.rec.JVM.Recordings {
			if known == a {
				return
			}
		}
		if len(b.rec.JVM.Recordings) < keep {
			b.rec.JVM.Recordings = append(b.rec.JVM.Recordings, a)
		}
	}},
	{"jdk.ActiveSetting", []string{"id", "name", "value"}, (*Builder).readSetting},
}

// mostJVMs is how many JVMs are told apart by their process ids.
const mostJVMs = 16

// readDump keeps the first dumps, as far as there is room.
func (b *Builder) readDump(r *format.Row) {
	const most, room = 32, 32 << 20
	text := r.Word(1)
	if text == "" {
		return
	}
	if len(b.rec.Dumps) == most || b.system.dumped+len(text) > room {
		b.rec.Lost["thread dumps"]++
		return
	}
	b.system.dumped += len(text)
	b.rec.Dumps = append(b.rec.Dumps, Dump{r.Time(0), text})
}

// share is a share of 0 to 1.
func share(r *format.Row, i int) float32 {
	f := r.Float(i)
	if !(f > 0) { // not a number either
		return 0
	}
	return float32(min(f, 1))
}

func (b *Builder) readSetting(r *format.Row) {
	const most = 1 << 14
	event := ""
	if t := r.Chunk().Types().ByID(r.Int(0)); t != nil {
		event = t.Name
	}
	s := Setting{Event: event, Name: limited(r.Word(1)), Value: limited(r.Word(2))}
	if b.system.settings == nil {
		b.system.settings = map[[2]string]int{}
	}
	key := [2]string{s.Event, s.Name}
	if at, known := b.system.settings[key]; known {
		b.rec.Settings[at] = s
		return
	}
	if len(b.rec.Settings) < most {
		b.system.settings[key] = len(b.rec.Settings)
		b.rec.Settings = append(b.rec.Settings, s)
	}
}

func (b *Builder) finishSystem() {
	s, j := &b.system, &b.rec.JVM
	j.Throwables, j.ThrowablesOver = s.throwables.rise(), s.throwables.lastAt.Sub(s.throwables.firstAt)
	j.ElapsedSlices, j.ThrottledSlices, j.ThrottledTime = s.elapsed.rise(), s.throttled.rise(), time.Duration(s.stopped.rise())
}
