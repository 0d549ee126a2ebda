package jvm

import (
	"context"
	"testing"
	"time"

	deadline "casefile/bundle/format/budget"
)

// Logs that are copied at the end of a capture have their own time, and after a signal no more than a share of what all has.
func TestSignalShortensLogs(t *testing.T) {
	for _, signal := range []bool{false, true} {
		ctx, stop := context.WithCancel(t.Context())
		ctx = deadline.Interruptible(ctx)
		began := time.Now()
		if signal {
			stop()
		}
		var l logCopies
		last, cancel := l.untilEnd(ctx)
		if last.Err() != nil {
			t.Errorf("signal %v: no time at all is left", signal)
		}
		by, ok := last.Deadline()
		if most := began.Add(deadline.FinishTime); !ok || by.Before(most) != signal {
			t.Errorf("signal %v: logs are copied until %v, FinishTime ends at %v", signal, by, most)
		}
		if l.hurried != signal {
			t.Errorf("signal %v: hurried is %v", signal, l.hurried)
		}
		if !signal {
			stop() // during the copy
			<-last.Done()
		}
		cancel()
		stop()
	}
}
