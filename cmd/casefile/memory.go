package main

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The Go runtime lets garbage grow to the size of what is in use. On a sick system memory is worth more than the little
// time that saves: from leastMemory on there is only a quarter of it.
const leastMemory = 80 << 20

// boundMemory holds the process to that until release is called.
func boundMemory() (release func()) {
	before := debug.SetMemoryLimit(leastMemory)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		inUse := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			metrics.Read(inUse)
			live := int64(inUse[0].Value.Uint64() + inUse[1].Value.Uint64())
			debug.SetMemoryLimit(max(leastMemory, live+live/4))
		}
	}()
	return func() {
		close(stop)
		<-stopped
		debug.SetMemoryLimit(before)
	}
}
