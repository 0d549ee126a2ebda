package access

import (
	"errors"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// AsUser runs do on the calling goroutine while uid is the effective user of its thread, and of no other: a process of
// that user may then be signalled without CAP_KILL. It takes CAP_SETUID. do must be a call of the system and no more.
func AsUser(uid int, do func() error) error {
	runtime.LockOSThread()
	death := deathSignal()
	const keep = ^uintptr(0)
	effective := func(uid int) error { // of this thread: unix.Setresuid is for all of them
		if _, _, err := syscall.RawSyscall(unix.SYS_SETRESUID, keep, uintptr(uid), keep); err != 0 {
			return err
		}
		return nil
	}
	own := unix.Geteuid()
	if err := effective(uid); err != nil {
		runtime.UnlockOSThread()
		return err
	}
	err := do()
	if back := errors.Join(effective(own), setDeathSignal(death)); back != nil {
		return errors.Join(err, back) // the thread ends with this goroutine
	}
	runtime.UnlockOSThread()
	return err
}
