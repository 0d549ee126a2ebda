package budget

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// The Go runtime lets garbage grow to the size of what is in use. On a sick system memory is worth more than the little
// time that saves: up to leastMemory in all it may, from there on there is a fifth of it. Two thirds in use, a fifth of that,
// and what the runtime takes beside are about leastMemory: there one rule takes over from the other.
const (
	leastMemory = 80 << 20
	much        = leastMemory / 3 * 2
	sparing     = 20 // percent
)

// Frugal holds the process to that until release is called. It looks after each collection: an idle process has none.
func Frugal() (release func()) {
	var mu sync.Mutex
	released, spared := false, false
	limit, percent := debug.SetMemoryLimit(leastMemory), debug.SetGCPercent(100)
	var look func()
	look = func() {
		mu.Lock()
		defer mu.Unlock()
		if released {
			return
		}
		inUse := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
		metrics.Read(inUse)
		before := spared
		switch spared = inUse[0].Value.Uint64()+inUse[1].Value.Uint64() > much; {
		case spared == before:
		case spared: // a limit counts gaps between what is in use too: where there are many it would leave nothing, and collect without end
			debug.SetGCPercent(sparing)
			debug.SetMemoryLimit(math.MaxInt64)
		default:
			debug.SetMemoryLimit(leastMemory)
			debug.SetGCPercent(100)
		}
		afterCollection(look)
	}
	afterCollection(look)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		released = true
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
	}
}

// afterCollection calls f once, after the next garbage collection.
func afterCollection(f func()) {
	garbage := new([64]byte) // too large to share its place with what is still in use
	runtime.AddCleanup(garbage, func(f func()) { f() }, f)
}
