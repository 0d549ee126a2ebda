package service

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// problems are the faults by the name of -problem.
var problems = map[string]func(context.Context){"none": healthy, "hot": hot, "mutex": contended, "leak": leak}

// healthy does a millisecond of work now and then.
func healthy(ctx context.Context) {
	every(ctx, 50*time.Millisecond, func() { Sink += hash(20_000) + encode(20_000) })
}

// hot keeps one CPU busy. hash and encode cost the same for one unit, so their
// shares are those of their units.
func hot(ctx context.Context) {
	const unit = 10_000_000 // longer than a sample, so that few samples tell the shares
	for ctx.Err() == nil {
		Sink += hash(7*unit) + encode(3*unit)
	}
}

// Sink keeps the compiler from leaving the work out.
var Sink uint64

//go:noinline
func hash(n int) uint64 {
	h := uint64(14695981039346656037)
	for i := range n {
		h = (h ^ uint64(i)) * 1099511628211
	}
	return h
}

//go:noinline
func encode(n int) uint64 {
	h := uint64(1099511628211)
	for i := range n {
		h = (h ^ uint64(i)) * 14695981039346656037
	}
	return h
}

// contended makes all workers pass through one lock that is held while working.
func contended(ctx context.Context) {
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(10_000)
	var l ledger
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for ctx.Err() == nil {
				l.book()
			}
		})
	}
	workers.Wait()
}

type ledger struct {
	mu  sync.Mutex
	sum uint64
}

//go:noinline
func (l *ledger) book() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sum += hash(2000)
	time.Sleep(time.Millisecond) // what a slow call under a lock does
}

// leak starts goroutines that wait for an answer nobody sends, up to a number
// that does not hurt the machine of a test.
func leak(ctx context.Context) {
	left := 20_000
	every(ctx, 50*time.Millisecond, func() {
		for range min(10, left) {
			go forget(make(chan int))
			left--
		}
	})
}

//go:noinline
func forget(answer chan int) { <-answer }

func every(ctx context.Context, period time.Duration, do func()) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			do()
		case <-ctx.Done():
			return
		}
	}
}
