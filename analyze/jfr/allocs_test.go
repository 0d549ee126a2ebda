package jfr

import (
	"math"
	"math/rand/v2"
	"testing"
)

// allocator makes what a recorder with a throttle makes of threads that allocate.
type allocator struct {
	b       *Builder
	random  *rand.Rand
	now     int64
	window  int64 // the throttle's, in nanoseconds
	most    int   // samples in each
	taken   int
	opened  int64
	pending map[int32]int64 // bytes of each thread since its last sample
	truth   map[int32]float64
}

func newAllocator(t *testing.T, rate int) *allocator {
	b := NewBuilder("r.jfr", Limits{})
	if rate > 0 {
		b.rec.Settings = []Setting{{"jdk.ObjectAllocationSample", "throttle", "1000/s"}}
	}
	return &allocator{b: b, random: rand.New(rand.NewPCG(7, uint64(len(t.Name())))), window: 200e6, most: rate / 5, pending: map[int32]int64{}, truth: map[int32]float64{}}
}

// allocate lets a thread take bytes at a site, after a pause of nanoseconds.
func (a *allocator) allocate(thread, site int32, bytes, after int64) {
	a.now += after
	if a.now-a.opened >= a.window {
		a.opened, a.taken = a.now, 0
	}
	a.pending[thread] += bytes
	a.truth[site] += float64(bytes)
	if a.most > 0 && a.taken >= a.most {
		return
	}
	a.taken++
	k := sampleKey{kind: AllocSample, thread: thread, stack: site}
	at := a.b.place(k, 1)
	a.b.sum(at, 1, a.pending[thread], 0)
	a.b.allocs = append(a.b.allocs, allocation{at: a.now, weight: a.pending[thread], sample: at})
	a.pending[thread] = 0
}

// shares are those of a site in truth, by the recorder's weights, and by our estimate, in percent.
func (a *allocator) shares(site int32) (truth, weight, estimate float64) {
	var all, weights, estimates float64
	for _, bytes := range a.truth {
		all += bytes
	}
	for _, s := range a.b.Recording().Samples {
		weights += float64(s.Amount)
		estimates += float64(s.Estimate)
		if s.Stack == site {
			weight += float64(s.Amount)
			estimate += float64(s.Estimate)
		}
	}
	return 100 * a.truth[site] / all, 100 * weight / weights, 100 * estimate / estimates
}

// An order thread takes three quarters of its buffers at one line; the throttle shows one in five of them.
func TestSilencesOfTheThrottle(t *testing.T) {
	a := newAllocator(t, 1000)
	far := 0
	for second := range 20 {
		for range 5000 {
			site := int32(1)
			if a.random.IntN(4) == 0 {
				site = 2
			}
			a.allocate(1, site, 200_000+a.random.Int64N(100_000), 200_000)
		}
		truth, weight, estimate := a.shares(1)
		if math.Abs(estimate-truth) > 5 {
			t.Errorf("after %d s: %.1f %%, in truth %.1f %%", second+1, estimate, truth)
		}
		if math.Abs(weight-truth) > 5 {
			far++
		}
	}
	if far == 0 {
		t.Error("the weights alone are as good: this recorder shows no silence")
	}
}

// Large arrays are rare, and larger than the buffers by far: they are no silence.
func TestLargeArraysKeepTheirBytes(t *testing.T) {
	a := newAllocator(t, 1000)
	for range 200_000 {
		a.allocate(1, 1, 256<<10, 200_000)
		if a.random.IntN(500) == 0 {
			a.allocate(1, 3, 64<<20, 100_000)
		}
	}
	truth, _, estimate := a.shares(3)
	if math.Abs(estimate-truth) > 8 {
		t.Errorf("%.1f %%, in truth %.1f %%", estimate, truth)
	}
}

// What the throttle let pass whole is taken at its word.
func TestUnthrottledWeights(t *testing.T) {
	for _, rate := range []int{0, 1_000_000} {
		a := newAllocator(t, rate)
		a.allocate(1, 9, 1, 1) // its first sample
		for i := range 1000 {
			a.allocate(1, int32(i%7), a.random.Int64N(1<<20), 1e6+a.random.Int64N(300e6))
		}
		for _, s := range a.b.Recording().Samples {
			if s.Estimate != s.Amount {
				t.Errorf("site %d: %d bytes, the recorder has %d", s.Stack, s.Estimate, s.Amount)
			}
		}
	}
}

// A thread's first sample carries what it allocated before; the others tell what is usual.
func TestFirstAllocations(t *testing.T) {
	a := newAllocator(t, 0)
	a.allocate(1, 1, 5<<30, 1) // since the thread was started
	for range 4 {
		a.allocate(1, 2, 200, 1e6)
	}
	a.allocate(2, 1, 50, 1) // less than usual: believed
	rec := a.b.Recording()
	a.b.Recording() // again, as after more files: nothing counts twice
	got := map[[2]int32][2]int64{}
	for _, s := range rec.Samples {
		got[[2]int32{s.Thread, s.Stack}] = [2]int64{s.Count, s.Estimate}
	}
	for k, want := range map[[2]int32][2]int64{{1, 1}: {1, 200}, {1, 2}: {4, 800}, {2, 1}: {1, 50}} {
		if got[k] != want {
			t.Errorf("thread %d, stack %d: count and bytes %v, want %v", k[0], k[1], got[k], want)
		}
	}
}
