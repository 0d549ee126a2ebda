package timing

import (
	"context"
	"testing"
	"time"

	"casefile/bundle/format/timing"
	"casefile/collectors"
)

// sleeper is a machine on a virtual clock that stalls where told.
type sleeper struct {
	now    time.Time
	cpu    time.Duration
	cost   time.Duration
	stalls map[int]time.Duration // by waking
	n      int
	stop   context.CancelFunc
	last   int
}

func (s *sleeper) sleep(d time.Duration) {
	s.n++
	s.now = s.now.Add(d + s.stalls[s.n])
	s.cpu += s.cost
	if s.n == s.last {
		s.stop()
	}
}

func (s *sleeper) run(t *testing.T) *Meter {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.now, s.stop = simulationEpoch, cancel
	m := NewMeter()
	m.now, m.sleep, m.cpu = func() time.Time { return s.now }, s.sleep, func() (time.Duration, bool) { return s.cpu, true }
	m.Run(ctx)
	return m
}

func TestHiccupsOfAVirtualMachine(t *testing.T) {
	s := &sleeper{last: 10000, stalls: map[int]time.Duration{5000: 3 * time.Second, 100: 30 * time.Millisecond, 200: 5 * time.Millisecond}}
	m := s.run(t)
	h := m.Hiccups()
	if h.Stalls != 2 || h.StallMS != 3030 || len(h.Worst) != 2 || h.StepMS != 1 || h.CPUPercent != 0 {
		t.Fatalf("%+v", h)
	}
	if w := h.Worst[1]; w.LateMS != 3000 || !w.At.Equal(simulationEpoch.Add(5035*time.Millisecond)) {
		t.Errorf("worst %+v", w)
	}
	// A stall of 3 s of 13 s: who came by at random waited for more than 1 s in 2 of 13 cases.
	if h.Late.Max != 3000 || h.Late.P99 < 2800 || h.Late.P90 < 1400 || h.Late.P90 > 1900 || h.Late.P50 > 0.01 {
		t.Errorf("not corrected for coordinated omission: %+v", h.Late)
	}
	w := m.Window()
	if w[timing.HiccupMax] != 3000 || w[timing.HiccupStall] != 3030 {
		t.Errorf("%v", w)
	}
	if w := m.Window(); len(w) != 1 {
		t.Errorf("an empty window: %v", w)
	}
}

func TestHiccupsListsTheWorst(t *testing.T) {
	s := &sleeper{last: 1000, stalls: map[int]time.Duration{}}
	for i := 1; i <= 100; i++ {
		s.stalls[i*7] = time.Duration(20+i*37%100) * time.Millisecond
	}
	h := s.run(t).Hiccups()
	if h.Stalls != 100 || len(h.Worst) != worstKept {
		t.Fatalf("%d stalls, %d listed", h.Stalls, len(h.Worst))
	}
	for i, w := range h.Worst {
		if w.LateMS < 100 || i > 0 && w.At.Before(h.Worst[i-1].At) {
			t.Errorf("%d: %+v", i, w)
		}
	}
}

// The step follows what a waking costs, so that the share of a CPU stays.
func TestHiccupStepFollowsCost(t *testing.T) {
	for _, c := range []struct {
		cost       time.Duration
		stepAtMost time.Duration
	}{{time.Microsecond, time.Millisecond}, {6 * time.Microsecond, 5 * time.Millisecond}, {40 * time.Microsecond, 34 * time.Millisecond}, {time.Millisecond, coarsestStep}} {
		s := &sleeper{last: 20000, cost: c.cost}
		h := s.run(t).Hiccups()
		if h.StepMS > inMillis(c.stepAtMost) {
			t.Errorf("waking costs %v: step %v ms", c.cost, h.StepMS)
		}
		if c.stepAtMost < coarsestStep && h.CPUPercent > 100*threadBudget*1.1 {
			t.Errorf("waking costs %v: step %v ms, %.3f %% of a CPU", c.cost, h.StepMS, h.CPUPercent)
		}
	}
}

func TestHiccupsOfThisMachine(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := NewMeter()
	done := make(chan struct{})
	go func() { m.Run(ctx); close(done) }()
	for m.Hiccups().Late.Count < 10 && collectors.Wait(t.Context(), time.Now().Add(10*time.Millisecond)) {
	}
	cancel()
	<-done
	if h := m.Hiccups(); h.StepMS < 1 || h.Late.Max <= 0 {
		t.Errorf("%+v", h)
	}
}
