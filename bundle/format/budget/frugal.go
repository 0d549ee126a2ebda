package budget

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// The Go runtime lets garbage grow to the size of what is in use. On a sick system memory is worth more than the little
// time that saves: from leastMemory on there is only a quarter of it.
const leastMemory = 80 << 20

// Frugal holds the process to that until release is called. It looks after each collection: an idle process has none.
func Frugal() (release func()) {
	var mu sync.Mutex
	released := false
	before := debug.SetMemoryLimit(leastMemory)
	var look func()
	look = func() {
		mu.Lock()
		defer mu.Unlock()
		if released {
			return
		}
		inUse := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
		metrics.Read(inUse)
		live := int64(inUse[0].Value.Uint64() + inUse[1].Value.Uint64())
		debug.SetMemoryLimit(max(leastMemory, live+live/4))
		afterCollection(look)
	}
	afterCollection(look)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		released = true
		debug.SetMemoryLimit(before)
	}
}

// afterCollection calls f once, after the next garbage collection.
func afterCollection(f func()) {
	garbage := new([64]byte) // too large to share its place with what is still in use
	runtime.AddCleanup(garbage, func(f func()) { f() }, f)
}
