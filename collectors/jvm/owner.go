package jvm

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// foreignUsers tells whether the process is in another user namespace than we are, as
// those of rootless containers are: there our root is nobody.
func (p *Process) foreignUsers() bool {
	theirs, err1 := os.Readlink(filepath.Join(p.dir, "ns", "user"))
	ours, err2 := os.Readlink("/proc/self/ns/user")
	return err1 == nil && err2 == nil && theirs != ours
}

// asOwner does what makes files for the JVM with its user's rights where root's are
// not enough: a file system that was mounted in a user namespace takes no file of
// somebody who has no number there (EOVERFLOW). The ids of files are a thread's own.
func (p *Process) asOwner(do func() error) error {
	if os.Geteuid() != 0 || !p.foreignUsers() {
		return do()
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		_, err := unix.SetfsgidRetGid(p.GID)
		if err == nil {
			_, err = unix.SetfsuidRetUid(p.UID)
		}
		if err == nil {
			err = do()
		}
		_, back := unix.SetfsuidRetUid(0)
		_, back2 := unix.SetfsgidRetGid(os.Getegid())
		if errors.Join(back, back2) == nil {
			runtime.UnlockOSThread() // else the thread ends with this goroutine
		}
		done <- err
	}()
	return <-done
}
