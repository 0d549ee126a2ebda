package timing

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"casefile/bundle/format/timing"
)

const (
	// The meter starts with the finest step and sleeps longer where waking is dear (a
	// nested virtual machine pays 20 times what a plain one does).
	finestStep   = time.Millisecond
	coarsestStep = 50 * time.Millisecond
	// threadBudget is the share of a CPU its thread may use. The Go runtime's own work
	// around a sleeping thread is at most 1.5 times that again, measured.
	threadBudget = 0.0012
	// reviewEvery is how many wakings the cost of one is taken from.
	reviewEvery = 100
	// stallFrom is what counts as a stall; less is a busy scheduler at work.
	stallFrom = 20 * time.Millisecond
	// worstKept is how many stalls are listed.
	worstKept = 20
)

// Meter measures how late a thread wakes up that sleeps all the time.
type Meter struct {
	// What tests put in their own place of.
	now   func() time.Time
	sleep func(time.Duration)
	// cpu is what the calling thread has used so far; false: not known here.
	cpu func() (time.Duration, bool)

	mu           sync.Mutex
	step         time.Duration
	all, window  *dist
	windowStalls time.Duration
	stalls       int
	stalled      time.Duration
	worst        []timing.Hiccup
	used, lasted time.Duration
	known        bool // used is
}

// NewMeter returns the meter of this machine.
func NewMeter() *Meter {
	return &Meter{now: time.Now, sleep: threadSleep, cpu: threadCPU, step: finestStep, all: newDist(), window: newDist()}
}

// Run measures until ctx ends.
func (m *Meter) Run(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := m.now()
	base, known := m.cpu()
	mark, wakings := base, 0
	for ctx.Err() == nil {
		step := m.step // only this goroutine writes it
		from := m.now()
		m.sleep(step)
		m.woke(from.Add(step), m.now().Sub(from)-step, step)
		if wakings++; wakings%reviewEvery == 0 && known {
			used, _ := m.cpu()
			m.review((used - mark) / reviewEvery)
			m.account(used-base, m.now().Sub(began))
			mark = used
		}
	}
	if used, ok := m.cpu(); ok && known {
		m.account(used-base, m.now().Sub(began))
	}
}

// review sets the step that the cost of one waking allows. It grows at once and
// shrinks slowly, so that one cheap stretch does not make a dear one.
func (m *Meter) review(cost time.Duration) {
	want := time.Duration(float64(cost) / threadBudget).Round(time.Millisecond)
	want = min(max(want, finestStep), coarsestStep)
	m.mu.Lock()
	defer m.mu.Unlock()
	if want < m.step {
		want = max(want, m.step*9/10).Round(time.Millisecond)
	}
	m.step = max(want, finestStep)
}

func (m *Meter) account(used, lasted time.Duration) {
	m.mu.Lock()
	m.used, m.lasted, m.known = used, lasted, true
	m.mu.Unlock()
}

func (m *Meter) woke(due time.Time, late, step time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all.addCorrected(late, step)
	m.window.addCorrected(late, step)
	if late < stallFrom {
		return
	}
	m.stalls++
	m.stalled += late
	m.windowStalls += late
	h := timing.Hiccup{At: wall(due), LateMS: inMillis(late)}
	i, _ := slices.BinarySearchFunc(m.worst, h, func(a, b timing.Hiccup) int {
		if a.LateMS >= b.LateMS {
			return -1
		}
		return 1
	})
	if m.worst = slices.Insert(m.worst, i, h); len(m.worst) > worstKept {
		m.worst = m.worst[:worstKept]
	}
}

// Window returns the values of the time since the last call, for a series.
func (m *Meter) Window() map[string]float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.window.spread()
	v := map[string]float64{timing.HiccupMax: s.Max, timing.HiccupP99: s.P99, timing.HiccupP50: s.P50, timing.HiccupStall: inMillis(m.windowStalls), timing.HiccupStep: inMillis(m.step)}
	if s.Count == 0 { // asleep all the time: the stall shows in the next window
		v = map[string]float64{timing.HiccupStep: inMillis(m.step)}
	}
	m.window.reset()
	m.windowStalls = 0
	return v
}

// Hiccups sums up.
func (m *Meter) Hiccups() *timing.Hiccups {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := &timing.Hiccups{StepMS: inMillis(m.step), Late: m.all.spread(), Stalls: m.stalls, StallMS: inMillis(m.stalled),
		StallFromMS: inMillis(stallFrom), Worst: slices.Clone(m.worst), CPUPercent: -1, Limit: timing.LimitFor(timing.MeasureHiccup)}
	slices.SortFunc(h.Worst, func(a, b timing.Hiccup) int { return a.At.Compare(b.At) })
	if m.known && m.lasted > 0 {
		h.CPUPercent = 100 * m.used.Seconds() / m.lasted.Seconds()
	}
	return h
}
