package budget

import (
	"runtime"
	"runtime/metrics"
	"testing"
)

// What is in use lies between gaps, as after much reading: garbage may be a fifth of it all the same, or the runtime would collect
// over and over for every few megabytes.
func TestGapsAreNoReasonToCollect(t *testing.T) {
	defer Frugal()()
	const inUse, piece = 90 << 20, 1 << 10
	all := make([]*[piece]byte, 2*inUse/piece)
	for i := range all {
		all[i] = new([piece]byte)
	}
	for i := 0; i < len(all); i += 2 {
		all[i] = nil
	}
	heap := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"}}
	var live, goal uint64
	const rounds = 100 // the rule looks after a collection, in a goroutine of the runtime's
	for range rounds {
		runtime.GC()
		runtime.Gosched()
		metrics.Read(heap)
		live, goal = heap[0].Value.Uint64(), heap[1].Value.Uint64()
		if live > inUse && goal >= live+live*sparing/100 {
			break
		}
	}
	runtime.KeepAlive(all)
	if live < inUse || goal < live+live*sparing/100 || goal > live+live*2*sparing/100 {
		t.Errorf("%d MB are in use, the next collection is at %d: a fifth more is right", live>>20, goal>>20)
	}
}
