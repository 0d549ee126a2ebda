package main

import (
	"context"
	"sync/atomic"
	"time"
)

// A signal ends every verb within graceTime. A verb that has to undo something in
// other processes first - a recording, a log, a service it started - holds the
// program until that is done, holdTime at most, and has closeTime then to close its files.
const (
	graceTime = 750 * time.Millisecond
	closeTime = 200 * time.Millisecond
	holdTime  = 8 * time.Second
)

// holds counts what has to be undone before the program may end.
type holds struct{ n atomic.Int32 }

type holdsKey struct{}

// withHolds gives the verbs of a program their holds.
func withHolds(ctx context.Context, h *holds) context.Context {
	return context.WithValue(ctx, holdsKey{}, h)
}

// hold keeps the program from ending at once; release lets it.
func hold(ctx context.Context) (release func()) {
	h, ok := ctx.Value(holdsKey{}).(*holds)
	if !ok {
		return func() {}
	}
	h.n.Add(1)
	var once atomic.Bool
	return func() {
		if once.CompareAndSwap(false, true) {
			h.n.Add(-1)
		}
	}
}

// lastCall returns when a program that was interrupted, and has not ended, has to be ended.
func (h *holds) lastCall(interrupted context.Context) {
	<-interrupted.Done()
	at := time.Now()
	released := at
	for range time.Tick(20 * time.Millisecond) {
		if h.n.Load() > 0 {
			released = time.Now()
		}
		if waited := time.Since(at); waited >= holdTime || waited >= graceTime && time.Since(released) >= closeTime {
			return
		}
	}
}
