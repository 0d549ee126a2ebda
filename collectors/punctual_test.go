package collectors

import (
	"context"
	"testing"
	"time"
)

func TestPunctually(t *testing.T) {
	due, ran := time.Now().Add(150*time.Millisecond), time.Time{}
	if !Punctually(t.Context(), due, func() { ran = time.Now() }) || ran.Before(due) {
		t.Errorf("due %v, ran %v", due, ran)
	}
	for _, past := range []time.Time{{}, time.Now().Add(-time.Second)} {
		done := false
		if !Punctually(t.Context(), past, func() { done = true }) || !done {
			t.Errorf("%v: not run", past)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if Punctually(ctx, time.Now().Add(time.Hour), func() { t.Error("run after the end") }) {
		t.Error("true after the end")
	}
}
