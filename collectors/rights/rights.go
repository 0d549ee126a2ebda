// Package rights says what casefile itself may do on this system, and what helps where that is not enough.
package rights

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Rights are what the kernel lets casefile do: its effective user and capabilities (capabilities(7)).
type Rights struct {
	UID  int
	Caps uint64
}

// Own are those of casefile.
func Own() Rights {
	data, err := capabilities()
	if err != nil {
		return Rights{UID: os.Geteuid()}
	}
	return Rights{os.Geteuid(), uint64(data[0].Effective) | uint64(data[1].Effective)<<32}
}

func capabilities() (data [2]unix.CapUserData, err error) {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capget(&head, &data[0]); err != nil {
		return data, fmt.Errorf("capget: %w", err)
	}
	return data, nil
}

func (r Rights) has(capability uint) bool { return r.Caps&(1<<capability) != 0 }

// MayBecome reports whether casefile may act as any user: as root, or with CAP_SETUID, as the packages' agent does.
func (r Rights) MayBecome() bool { return r.UID == 0 || r.has(unix.CAP_SETUID) }

// SeesAll reports whether casefile sees the processes of all users, also where /proc hides them.
func (r Rights) SeesAll() bool { return r.has(unix.CAP_SYS_PTRACE) }

// needed are the capabilities that a capture of other users' processes takes; one of each.
var needed = []struct {
	name string
	caps []uint
}{
	{"CAP_SYS_PTRACE", []uint{unix.CAP_SYS_PTRACE}},
	{"CAP_DAC_READ_SEARCH", []uint{unix.CAP_DAC_READ_SEARCH, unix.CAP_DAC_OVERRIDE}},
	{"CAP_SETUID", []uint{unix.CAP_SETUID}},
	{"CAP_SETGID", []uint{unix.CAP_SETGID}},
	{"CAP_KILL", []uint{unix.CAP_KILL}},
}

// lacks names the capabilities that a capture of other users' processes takes and casefile has not.
func (r Rights) lacks() (names []string) {
	for _, n := range needed {
		found := false
		for _, c := range n.caps {
			found = found || r.has(c)
		}
		if !found {
			names = append(names, n.name)
		}
	}
	return names
}

// Drop takes all capabilities from the process for good: a program that was started with other ids keeps those of the
// ambient set.
func Drop() error {
	data, err := capabilities()
	if err != nil || data == [2]unix.CapUserData{} {
		return err
	}
	head, none := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&none)), 0)
	switch {
	case errno == 0:
		return nil
	case errno != unix.ENOTSUP:
		return fmt.Errorf("capset: %w", errno)
	case os.Geteuid() == 0: // a program of root gets them anew
		return nil
	}
	// With cgo no call reaches all threads: this one drops them and becomes the program again, alone.
	runtime.LockOSThread()
	if err := unix.Capset(&head, &none[0]); err != nil {
		return fmt.Errorf("capset: %w", err)
	}
	return syscall.Exec("/proc/self/exe", os.Args, os.Environ())
}
