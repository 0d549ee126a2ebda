package collectors

import (
	"context"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The last stretch is slept in the kernel by a thread of its own, and the end of it
// in a call that the Go scheduler does not hear of: else it would give the thread's
// place away, and that has to be waited for again.
const (
	finalStretch = 100 * time.Millisecond
	heldStretch  = 20 * time.Millisecond
)

// Punctually runs something short at a moment that many nodes share, at once where
// that is past or zero; false: ctx ended first. A timer of Go fires when its scheduler
// comes round, and an ordinary thread that wakes up waits while others use up their
// slice. So a thread sleeps in the kernel, and for those few microseconds it is of the
// lowest real-time priority, where we may have one (root, CAP_SYS_NICE).
func Punctually(ctx context.Context, t time.Time, do func()) bool {
	if time.Until(t) <= 0 {
		do()
		return true
	}
	if !Wait(ctx, t.Add(-finalStretch)) {
		return false
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if old, err := unix.SchedGetAttr(0, 0); err == nil && old.Policy != unix.SCHED_FIFO {
		soon := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK}
		if unix.SchedSetAttr(0, soon, 0) == nil {
			defer func() { _ = unix.SchedSetAttr(0, old, 0) }() // giving up a right needs none
		}
	}
	for left := time.Until(t) - heldStretch; left > 0; left = time.Until(t) - heldStretch {
		ts := unix.NsecToTimespec(int64(left))
		_ = unix.Nanosleep(&ts, nil) // cut short by a signal: the loop goes on
	}
	for left := time.Until(t); left > 0; left = time.Until(t) {
		ts := unix.NsecToTimespec(int64(left))
		_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
	}
	if ctx.Err() != nil {
		return false
	}
	do()
	return true
}
