package jfr

import "testing"

// A thread's first sample carries what it allocated before; the others tell what is usual.
func TestFirstAllocations(t *testing.T) {
	b := NewBuilder("r.jfr", Limits{})
	key := func(thread, stack int32) sampleKey { return sampleKey{kind: AllocSample, thread: thread, stack: stack} }
	take := func(k sampleKey, weight int64) {
		if !b.allocs.hold(k, weight) {
			b.add(k, 1, weight, 0)
		}
	}
	take(key(1, 1), 5<<30) // since the thread was started
	take(key(1, 2), 100)
	take(key(1, 1), 300)
	take(key(2, 1), 50) // less than usual: believed
	rec := b.Recording()
	b.Recording() // again, as after more files: nothing counts twice
	got := map[[2]int32][2]int64{}
	for _, s := range rec.Samples {
		got[[2]int32{s.Thread, s.Stack}] = [2]int64{s.Count, s.Amount - s.Before}
	}
	for k, want := range map[[2]int32][2]int64{{1, 1}: {2, 300 + 200}, {1, 2}: {1, 100}, {2, 1}: {1, 50}} {
		if got[k] != want {
			t.Errorf("thread %d, stack %d: count and bytes %v, want %v", k[0], k[1], got[k], want)
		}
	}
}
