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
	ClassLabel  = "class" // allocated, locked or thrown
	PeerLabel   = "peer"  // of a socket, "host:port"
	FileLabel   = "file"
	OpLabel     = "operation" // of I/O
	// Numbers of a tracer, in hexadecimal.
	SpanLabel    = "span_id"
	TraceLabel   = "trace_id" // of the root span
	ContextLabel = "context_id"
)

// Profiles makes a profile of each kind that the recording has events of, in the order cpu, wall, alloc, live, lock, io, exception.
// Each has two values, the number of events ("samples") and the amount, which is the main one; an exception only counts.
//
// Which events make which profile:
//
//   - cpu: jdk.CPUTimeSample where there is one; else execution samples of threads that do not sleep, each for one sampling period;
//     else those of dd-trace.
//   - wall: wall-clock samples of async-profiler and dd-trace.
//   - alloc: allocations in new TLABs and outside of TLABs; else jdk.ObjectAllocationSample, by its weight;
//     else dd-trace's samples.
//   - lock: threads blocked at a monitor, or parked by a lock of java.util.concurrent. Waiting for work is none.
//   - io: reads, writes and forces of sockets and files that took as long as the recording's threshold.
//   - exception: exceptions and errors thrown; where only errors were recorded, those.
func Profiles(rec *jfr.Recording) ([]*profile.Profile, error) {
	var list []*profile.Profile
	for _, k := range kinds {
		b := newBuilder(rec, k)
		for i := range rec.Samples {
			s := &rec.Samples[i]
			if amount, take := k.amount(rec, s); take {
				b.add(s, amount)
			}
		}
		if len(b.p.Sample) == 0 {
			continue
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
	// amount is what a sample contributes; false: nothing.
	amount func(*jfr.Recording, *jfr.Sample) (int64, bool)
}

var kinds = []kind{
	{"cpu", "nanoseconds", cpu},
	{"wall", "nanoseconds", wall},
	{"alloc", "bytes", alloc},
	{"live", "bytes", of(jfr.LiveObject)},
	{"lock", "nanoseconds", lock},
	{"io", "nanoseconds", of(jfr.SocketRead, jfr.SocketWrite, jfr.FileRead, jfr.FileWrite, jfr.FileForce)},
	{"exception", "count", func(_ *jfr.Recording, s *jfr.Sample) (int64, bool) { return s.Count, s.Kind == jfr.Exception }},
}

func of(list ...jfr.Kind) func(*jfr.Recording, *jfr.Sample) (int64, bool) {
	var set [256]bool
	for _, k := range list {
		set[k] = true
	}
	return func(_ *jfr.Recording, s *jfr.Sample) (int64, bool) { return s.Amount, set[s.Kind] }
}

// Sleeping is how async-profiler and dd-trace call a thread that is not on a CPU.
const sleeping = "STATE_SLEEPING"

func cpu(rec *jfr.Recording, s *jfr.Sample) (int64, bool) {
	if rec.Events["jdk.CPUTimeSample"] > 0 {
		return s.Amount, s.Kind == jfr.CPUTime
	}
	from := jfr.Execution
	if rec.Events["jdk.ExecutionSample"] == 0 {
		from = jfr.AgentCPU
	}
	return s.Count * int64(SamplingPeriod(rec)), s.Kind == from && rec.Texts[s.State] != sleeping
}

func wall(rec *jfr.Recording, s *jfr.Sample) (int64, bool) {
	switch {
	case s.Kind == jfr.WallClock:
		return s.Count * int64(SamplingPeriod(rec)), true
	case s.Kind == jfr.Execution && rec.Setting("jdk.ExecutionSample", "event") == "wall":
		return s.Count * int64(SamplingPeriod(rec)), true
	}
	return 0, false
}

// SamplingPeriod is the time that an execution sample stands for: 20 ms with the JDK's default settings, 10 ms with
// async-profiler's and dd-trace's.
func SamplingPeriod(rec *jfr.Recording) time.Duration {
	for _, name := range []string{"interval", "period"} { // async-profiler's word; the JDK's
		if d := rec.Period("jdk.ExecutionSample", name); d > 0 && d < time.Hour {
			return d
		}
	}
	if rec.Setting("jdk.ExecutionSample", "event") != "" || rec.Setting("jdk.ExecutionSample", "period") == "" {
		return 10 * time.Millisecond
	}
	return 20 * time.Millisecond
}

func alloc(rec *jfr.Recording, s *jfr.Sample) (int64, bool) {
	if rec.Events["jdk.ObjectAllocationInNewTLAB"]+rec.Events["jdk.ObjectAllocationOutsideTLAB"] > 0 {
		return s.Amount, s.Kind == jfr.AllocTLAB || s.Kind == jfr.AllocOutside
	}
	if rec.Events["jdk.ObjectAllocationSample"] > 0 {
		return s.Amount, s.Kind == jfr.AllocSample
	}
	return s.Amount, s.Kind == jfr.AgentAlloc
}

func lock(rec *jfr.Recording, s *jfr.Sample) (int64, bool) {
	return s.Amount, s.Kind == jfr.MonitorEnter || s.Kind == jfr.Park && jfr.IsLock(rec.Texts[s.Detail])
}

// builder collects the samples of one profile.
type builder struct {
	rec       *jfr.Recording
	p         *pprof.Profile
	counted   bool // the count is the amount
	pool      func(string) string
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
	if k.name == "cpu" || k.name == "wall" {
		p.Period = int64(SamplingPeriod(rec))
	}
	if !rec.Start.IsZero() {
		p.TimeNanos = rec.Start.UnixNano()
	}
	p.DurationNanos = int64(rec.Covered)
	return &builder{rec: rec, p: p, counted: counted, pool: threads.PoolNames(), functions: map[int32]*pprof.Function{}, locations: map[jfr.Frame]*pprof.Location{}}
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
