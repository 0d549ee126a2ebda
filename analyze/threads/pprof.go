package threads

import (
	"time"

	"github.com/google/pprof/profile"
)

// Profile gives the series as a wall-clock profile: each thread of each dump is a sample with its stack. The first value counts samples, the
// second is the time a sample stands for, the mean time between the dumps; that value is missing when the time is unknown. Labels: thread,
// pool, state, waits for.
func (s *Series) Profile() *profile.Profile { return s.ProfileOf(func(*Thread) bool { return true }) }

// WorkProfile is Profile without the threads that wait for work.
func (s *Series) WorkProfile() *profile.Profile {
	return s.ProfileOf(func(t *Thread) bool { return s.Wait(t).Busy() })
}

// ProfileOf is Profile of the threads that keep admits.
func (s *Series) ProfileOf(keep func(*Thread) bool) *profile.Profile {
	b := profileBuilder{
		p:         &profile.Profile{SampleType: []*profile.ValueType{{Type: "threads", Unit: "count"}}},
		functions: map[string]*profile.Function{}, locations: map[*Frame]*profile.Location{}, samples: map[sampleKey]*profile.Sample{},
	}
	if n := len(s.Dumps); n > 1 {
		b.each = int64(s.Span(0, n-1)) / int64(n-1)
	}
	if b.each > 0 {
		b.p.SampleType = append(b.p.SampleType, &profile.ValueType{Type: "wall", Unit: "nanoseconds"})
		b.p.PeriodType = b.p.SampleType[1]
		b.p.Period = b.each
		b.p.DurationNanos = b.each * int64(len(s.Dumps))
	}
	for _, d := range s.Dumps {
		if b.p.TimeNanos == 0 && !d.Time.IsZero() {
			b.p.TimeNanos = d.Time.UnixNano()
		}
		for _, t := range d.Threads {
			if len(t.Stack.Frames) > 0 && keep(t) {
				pool, _ := s.PoolOf(t)
				b.add(t, pool, s.Wait(t))
			}
		}
	}
	return b.p
}

type sampleKey struct {
	stack  *Stack
	thread string
	state  State
	wait   WaitKind
}

type profileBuilder struct {
	p         *profile.Profile
	each      int64
	functions map[string]*profile.Function
	locations map[*Frame]*profile.Location
	samples   map[sampleKey]*profile.Sample
}

func (b *profileBuilder) add(t *Thread, pool string, w Wait) {
	key := sampleKey{t.Stack, t.Name, t.State, w.Kind}
	s := b.samples[key]
	if s == nil {
		s = &profile.Sample{Value: make([]int64, len(b.p.SampleType)), Label: map[string][]string{"state": {t.State.String()}, "waits for": {w.Kind.String()}}}
		if t.Name != "" {
			s.Label["thread"] = []string{t.Name}
		}
		if pool != "" {
			s.Label["pool"] = []string{pool}
		}
		for _, f := range t.Stack.Frames {
			s.Location = append(s.Location, b.location(f))
		}
		b.samples[key] = s
		b.p.Sample = append(b.p.Sample, s)
	}
	k := int64(max(1, t.Count))
	s.Value[0] += k
	if len(s.Value) > 1 {
		s.Value[1] += k * b.each
	}
}

func (b *profileBuilder) location(f *Frame) *profile.Location {
	if l := b.locations[f]; l != nil {
		return l
	}
	fn := b.functions[f.Func]
	if fn == nil {
		fn = &profile.Function{ID: uint64(len(b.p.Function) + 1), Name: f.Func, SystemName: f.Func, Filename: f.File}
		b.functions[f.Func] = fn
		b.p.Function = append(b.p.Function, fn)
	}
	l := &profile.Location{ID: uint64(len(b.p.Location) + 1), Line: []profile.Line{{Function: fn, Line: int64(f.Line)}}}
	b.locations[f] = l
	b.p.Location = append(b.p.Location, l)
	return l
}

// Duration is the time from the first dump to the last; 0 when unknown.
func (s *Series) Duration() time.Duration { return s.Span(0, len(s.Dumps)-1) }
