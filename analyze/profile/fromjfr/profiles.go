// Package fromjfr makes pprof profiles of Flight Recorder recordings: of CPU, elapsed time, allocation, live objects, locks, I/O and
// exceptions.
//
// It stands between the subjects, which do not know each other: recordings come from casefile/analyze/jfr, the model is
// casefile/analyze/profile's, and pools of threads are named as casefile/analyze/threads does.
package fromjfr

import (
	"time"

	pprof "github.com/google/pprof/profile"

	"casefile/analyze/jfr"
	"casefile/analyze/profile"
	"casefile/analyze/threads"
)

// Labels of samples. A sample has those that the recording tells of it.
const (
	ThreadLabel = "thread"
	PoolLabel   = "pool"  // of threads, where the name tells
	StateLabel  = "state" // of the thread, as the recorder names it
	WaitLabel   = "wait"  // in native code: what the thread waits for there, as threads.WaitKind says it; "none known" when it may work
	ClassLabel  = "class" // allocated, locked or thrown
	PeerLabel   = "peer"  // of a socket, "host:port"
	FileLabel   = "file"
	OpLabel     = "operation" // of I/O
	// Numbers of a tracer, in hexadecimal.
	SpanLabel    = "span_id"
	TraceLabel   = "trace_id" // of the root span
	ContextLabel = "context_id"
)

// Profiles makes a profile of each kind that the recording has events of, in the order of kinds.
// Each has two values, the number of events ("samples") and the amount, which is the main one; exceptions and native only count.
//
// Which events make which profile; of several sources the first that has stacks counts:
//
//   - cpu: jdk.CPUTimeSample; execution samples of threads that do not sleep, each for one sampling period; those of dd-trace.
//   - wall: wall-clock samples of async-profiler and dd-trace. Where nothing samples CPUs, those of runnable threads are cpu.
//   - nativemem: what native code asked of malloc; malloc and events: samples of async-profiler that count something else than time.
//   - native: jdk.NativeMethodSample, threads inside native code. Most wait there, for a socket or events; some work. HotSpot looks at one of them a
//     period, in turn, however many there are (MAX_NR_OF_NATIVE_SAMPLES in jfrThreadSampler.cpp, 8 to 25). So a sample is no time, neither of a CPU
//     nor of a clock: the profile tells what part of these threads is where, and WaitLabel which of them wait.
//   - alloc: allocations in new TLABs and outside of TLABs; jdk.ObjectAllocationSample, by its weight as jfr.Sample.Estimate corrects it; dd-trace's samples.
//   - lock: threads blocked at a monitor, or parked by a lock of java.util.concurrent. Waiting for work is none, nor what the recorder's own threads
//     wait for each other.
//   - io: reads, writes and forces of sockets and files that took as long as the recording's threshold.
//   - exception: exceptions and errors thrown; where only errors were recorded, those.
func Profiles(rec *jfr.Recording) ([]*profile.Profile, error) {
	var list []*profile.Profile
	for _, k := range kinds {
		take := k.choose(rec)
		if take == nil {
			continue
		}
		b := newBuilder(rec, k)
		for i := range rec.Samples {
			s := &rec.Samples[i]
			if amount, ok := take(rec, s); ok {
				b.add(s, amount)
			}
		}
		if err := b.p.CheckValid(); err != nil {
			return list, err
		}
		list = append(list, profile.New(b.p, rec.Source))
	}
	return list, nil
}

// kind makes one profile.
type kind struct {
	name, unit string
	// sources are events that tell the same; the first that has stacks is taken, else the first that there is.
	sources []source
}

// source takes samples, and what each contributes; false: nothing.
type source func(*jfr.Recording, *jfr.Sample) (int64, bool)

var kinds = []kind{
	{"cpu", "nanoseconds", []source{of(jfr.CPUTime), running(jfr.Execution), running(jfr.AgentCPU), runnable}},
	{"wall", "nanoseconds", []source{wall}},
	{"native", "count", []source{counted(jfr.Native)}},
	{"alloc", "bytes", []source{of(jfr.AllocTLAB, jfr.AllocOutside), allocated, of(jfr.AgentAlloc)}},
	{"live", "bytes", []source{of(jfr.LiveObject)}},
	{"nativemem", "bytes", []source{of(jfr.Malloc)}},
	{"malloc", "count", []source{eventIs(mallocs)}},
	{"events", "count", []source{eventIs(otherEvents)}},
	{"lock", "nanoseconds", []source{lock}},
	{"io", "nanoseconds", []source{of(jfr.SocketRead, jfr.SocketWrite, jfr.FileRead, jfr.FileWrite, jfr.FileForce)}},
	{"exception", "count", []source{counted(jfr.Exception)}},
}

// choose gives the source to take; nil: none has anything.
func (k *kind) choose(rec *jfr.Recording) source {
	var any source
	for _, src := range k.sources {
		for i := range rec.Samples {
			s := &rec.Samples[i]
			if _, take := src(rec, s); !take {
				continue
			}
			if any == nil {
				any = src
			}
			if s.Stack != 0 {
				return src
			}
		}
	}
	return any
}

func of(list ...jfr.Kind) source {
	var set [256]bool
	for _, k := range list {
		set[k] = true
	}
	return func(_ *jfr.Recording, s *jfr.Sample) (int64, bool) { return s.Amount, set[s.Kind] }
}

func counted(k jfr.Kind) source {
	return func(_ *jfr.Recording, s *jfr.Sample) (int64, bool) { return s.Count, s.Kind == k }
}

func allocated(_ *jfr.Recording, s *jfr.Sample) (int64, bool) {
	return s.Estimate, s.Kind == jfr.AllocSample
}

// running takes samples of threads on a CPU, each for one period. sleepingState is how async-profiler and dd-trace call the others.
func running(k jfr.Kind) source {
	return func(rec *jfr.Recording, s *jfr.Sample) (int64, bool) {
		if s.Kind != k || rec.Texts[s.State] == sleepingState {
			return 0, false
		}
		event := agentSetting(rec, "event")
		if event == wallEvent {
			return s.Count * int64(WallPeriod(rec)), true
		}
		return s.Count * int64(SamplingPeriod(rec)), k != jfr.Execution || timedEvent(event)
	}
}

// States of threads, as async-profiler and dd-trace call them.
const (
	sleepingState = "STATE_SLEEPING"
	runnableState = "STATE_RUNNABLE"
)

// runnable takes what wall-clock samples tell of CPUs, where nothing else does.
func runnable(rec *jfr.Recording, s *jfr.Sample) (int64, bool) {
	return s.Count * int64(WallPeriod(rec)), s.Kind == jfr.WallClock && rec.Texts[s.State] == runnableState
}

// wall takes samples of all threads, which async-profiler also writes as execution samples.
func wall(rec *jfr.Recording, s *jfr.Sample) (int64, bool) {
	return s.Count * int64(WallPeriod(rec)), s.Kind == jfr.WallClock || s.Kind == jfr.Execution && agentSetting(rec, "event") == wallEvent
}

const wallEvent = "wall"

// timedEvent reports whether an event of async-profiler comes by the clock of a CPU, so that its samples are time.
func timedEvent(event string) bool {
	switch event {
	case "", "N/A", "cpu", "itimer", "ctimer", "cpu-clock", "task-clock", wallEvent, "alloc", "lock":
		return true
	}
	return false
}

func mallocs(event string) bool { return event == "malloc" }

func otherEvents(event string) bool { return !timedEvent(event) && !mallocs(event) }

// eventIs takes execution samples that async-profiler made each time something happened: a call, a miss of a cache. They are no time.
func eventIs(which func(string) bool) source {
	return func(rec *jfr.Recording, s *jfr.Sample) (int64, bool) {
		return s.Count, s.Kind == jfr.Execution && which(agentSetting(rec, "event"))
	}
}

// recorderThreads wait for each other while a recording begins and ends: that is the profile's own doing.
var recorderThreads = map[string]bool{"JFR Periodic Tasks": true, "JFR Recorder Thread": true, "JFR Shutdown Hook": true, "Attach Listener": true}

func lock(rec *jfr.Recording, s *jfr.Sample) (int64, bool) {
	if recorderThreads[rec.Threads[s.Thread].Name] {
		return 0, false
	}
	return s.Amount, s.Kind == jfr.MonitorEnter || s.Kind == jfr.Park && jfr.IsLock(rec.Texts[s.Detail])
}

// agentSetting is a setting of async-profiler, which it files under the recording.
func agentSetting(rec *jfr.Recording, name string) string {
	if v := rec.Setting("jdk.ActiveRecording", name); v != "" {
		return v
	}
	return rec.Setting("jdk.ExecutionSample", name)
}

// SamplingPeriod is the time that an execution sample stands for: 20 ms with the JDK's default settings, 10 ms with
// async-profiler's and dd-trace's.
func SamplingPeriod(rec *jfr.Recording) time.Duration {
	for _, text := range []string{agentSetting(rec, "interval"), rec.Setting("jdk.ExecutionSample", "period")} {
		if d := jfr.ParseSpan(text); d > 0 && d < time.Hour {
			return d
		}
	}
	return 10 * time.Millisecond
}

// WallPeriod is the time that a wall-clock sample stands for. async-profiler takes 50 ms where it is not told (wallClock.cpp).
func WallPeriod(rec *jfr.Recording) time.Duration {
	const usual = 50 * time.Millisecond
	text := agentSetting(rec, wallEvent)
	if text == "" && agentSetting(rec, "event") == wallEvent {
		text = agentSetting(rec, "interval")
	} else if text == "" {
		return SamplingPeriod(rec)
	}
	if d := jfr.ParseSpan(text); d > 0 && d < time.Hour {
		return d
	}
	return usual
}

// builder collects the samples of one profile.
type builder struct {
	rec       *jfr.Recording
	p         *pprof.Profile
	counted   bool // the count is the amount
	pool      func(string) string
	waits     *threads.Classifier
	functions map[int32]*pprof.Function
	locations map[jfr.Frame]*pprof.Location
}

func newBuilder(rec *jfr.Recording, k kind) *builder {
	amount := &pprof.ValueType{Type: k.name, Unit: k.unit}
	p := &pprof.Profile{SampleType: []*pprof.ValueType{{Type: "samples", Unit: "count"}, amount}, PeriodType: amount, DefaultSampleType: k.name}
	counted := k.unit == "count"
	if counted {
		p.SampleType = p.SampleType[1:]
	}
	switch k.name {
	case "cpu":
		p.Period = int64(SamplingPeriod(rec))
	case "wall":
		p.Period = int64(WallPeriod(rec))
	}
	if !rec.Start.IsZero() {
		p.TimeNanos = rec.Start.UnixNano()
	}
	p.DurationNanos = int64(rec.Covered)
	return &builder{rec: rec, p: p, counted: counted, pool: threads.PoolNames(), waits: threads.NewClassifier(), functions: map[int32]*pprof.Function{}, locations: map[jfr.Frame]*pprof.Location{}}
}

func (b *builder) add(s *jfr.Sample, amount int64) {
	sample := &pprof.Sample{Value: []int64{s.Count, amount}, Label: map[string][]string{}}
	if b.counted {
		sample.Value = sample.Value[1:]
	}
	for _, f := range b.rec.Stacks[s.Stack].Frames {
		sample.Location = append(sample.Location, b.location(f))
	}
	b.label(s, sample.Label)
	b.p.Sample = append(b.p.Sample, sample)
}

func (b *builder) location(f jfr.Frame) *pprof.Location {
	l := b.locations[f]
	if l == nil {
		l = &pprof.Location{ID: uint64(len(b.p.Location) + 1), Line: []pprof.Line{{Function: b.function(f.Function), Line: int64(max(f.Line, 0))}}}
		b.locations[f] = l
		b.p.Location = append(b.p.Location, l)
	}
	return l
}

func (b *builder) function(id int32) *pprof.Function {
	f := b.functions[id]
	if f == nil {
		name := b.rec.Functions[id].Name()
		f = &pprof.Function{ID: uint64(len(b.p.Function) + 1), Name: name, SystemName: name}
		b.functions[id] = f
		b.p.Function = append(b.p.Function, f)
	}
	return f
}
