package budget

import (
	"context"
	"time"
)

// FinishTime is what a capture has after a signal for its leak check and its analysis.
const FinishTime = 500 * time.Millisecond

// Afterwards gives the context for what ends a capture: it goes on for FinishTime
// after ctx is done, or from now on if that was before.
func Afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	end, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(FinishTime):
			cancel()
		case <-end.Done():
		}
	})
	return end, func() { stop(); cancel() }
}
