package calls

import (
	"context"
	"time"

	"casefile/bundle/format/entries"
)

// How long a look may not come back before it is left behind, and how long after the capture was ended.
const (
	answerWithin = 3 * time.Second
	endWithin    = 100 * time.Millisecond
)

// ErrNoAnswer says that a look did not come back.
var ErrNoAnswer = entries.NewError(entries.NoAnswer, "its memory or its folder in /proc does not answer")

// bounded runs a look on a goroutine of its own. One that does not come back is left behind, and closes the reader when
// it does; no other is begun then.
func bounded[T any](ctx context.Context, r *Reader, within time.Duration,
	look func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	if r.late {
		return *new(T), ErrNoAnswer
	}
	done, gone := make(chan result), make(chan struct{})
	go func() {
		value, err := look(ctx)
		select {
		case done <- result{value, err}:
		case <-gone:
			_ = r.close()
		}
	}()
	timer := time.NewTimer(within)
	defer timer.Stop()
	ended := ctx.Done()
	for {
		select {
		case k := <-done:
			return k.value, k.err
		case <-ended:
			ended = nil
			timer.Reset(endWithin)
		case <-timer.C:
			r.late = true
			close(gone)
			return *new(T), ErrNoAnswer
		}
	}
}
