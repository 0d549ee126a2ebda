package budget

import (
	"context"
	"sync/atomic"
	"time"
)

// FinishTime is what a capture has after a signal for all that ends it: its leak check and its analysis.
const FinishTime = 500 * time.Millisecond

type interruptionKey struct{}

// Interruptible returns a context that remembers when ctx was done, so that what comes after it shares one FinishTime.
func Interruptible(ctx context.Context) context.Context {
	at := new(atomic.Pointer[time.Time])
	context.AfterFunc(ctx, func() {
		now := time.Now()
		at.Store(&now)
	})
	return context.WithValue(ctx, interruptionKey{}, at)
}

// left is what remains of FinishTime in a context that is done: all of it where nobody knows since when.
func left(ctx context.Context) time.Duration {
	if at, ok := ctx.Value(interruptionKey{}).(*atomic.Pointer[time.Time]); ok {
		if since := at.Load(); since != nil {
			return FinishTime - time.Since(*since)
		}
	}
	return FinishTime
}

// Afterwards gives the context for what ends a capture: it goes on for what is left of FinishTime after ctx is done.
func Afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	end, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(left(ctx)):
			cancel()
		case <-end.Done():
		}
	})
	return end, func() { stop(); cancel() }
}
