package calls

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// period is how far apart rounds are where they cost little enough.
	period = 100 * time.Millisecond
	// roundShare and resolveShare are what all rounds of a process, and all readings of the tables of sockets, may take
	// of one CPU.
	roundShare   = 0.0033
	resolveShare = 0.0005
	// Beyond that each has an allowance for the first, when the files of all threads are opened.
	allowance     = 5 * time.Millisecond
	allowanceEach = 30 * time.Microsecond // a thread
	// wakeUp is what a round takes beside its thread: the runtime wakes up for it.
	wakeUp = 200 * time.Microsecond
)

// pace says when the next round is due, so that what all of them cost stays below their share of a CPU.
type pace struct {
	period, allowance time.Duration
	share             float64
	began             time.Time
	spent             time.Duration
}

// next counts what a round took and gives the moment of the next.
func (p *pace) next(now time.Time, cpu time.Duration) time.Time {
	if p.began.IsZero() {
		p.began = now
	}
	p.spent += cpu
	next := now.Add(p.period)
	if earned := p.began.Add(time.Duration(float64(p.spent-p.allowance) / p.share)); earned.After(next) {
		return earned
	}
	return next
}

// threadCPU runs something and gives the CPU time that it took of its thread.
func threadCPU(do func() error) (time.Duration, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, after unix.Timespec
	err1 := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &before)
	err := do()
	err2 := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &after)
	if err1 != nil || err2 != nil {
		return 0, err
	}
	return time.Duration(after.Nano() - before.Nano()), err
}
