package budget

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// What ends a capture has one FinishTime in all, however many parts it has and whenever they begin.
func TestAfterwardsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signal, interrupt := context.WithCancel(t.Context())
		ctx := Interruptible(signal)
		before, release := Afterwards(ctx)
		defer release()
		interrupt()
		interrupted := time.Now()
		for range 3 {
			time.Sleep(FinishTime / 4)
			part, release := Afterwards(ctx)
			defer release()
			if part.Err() != nil || before.Err() != nil {
				t.Fatalf("over after %v", time.Since(interrupted))
			}
		}
		<-before.Done()
		last, release := Afterwards(ctx)
		defer release()
		<-last.Done()
		if took := time.Since(interrupted); took != FinishTime {
			t.Errorf("took %v", took)
		}
	})
}

// Where nobody knows since when a context is done, it counts from now.
func TestAfterwardsFromNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		interrupt()
		time.Sleep(time.Minute)
		began := time.Now()
		part, release := Afterwards(ctx)
		defer release()
		<-part.Done()
		if took := time.Since(began); took != FinishTime {
			t.Errorf("took %v", took)
		}
	})
}
