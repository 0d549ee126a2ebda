package access

import (
	"casefile/bundle/format/entries"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rights are what the kernel checks an access of one thread against.
type rights struct {
	uid, gid int // of the file system
	groups   []int
	caps     uint64 // effective
}

// keepID asks setfsuid and setfsgid for the id and changes none: it is valid for nobody.
const keepID = -1

// threadRights reads those of the calling thread.
func threadRights() (rights, error) {
	var r rights
	var err error
	if r.uid, err = unix.SetfsuidRetUid(keepID); err != nil {
		return r, fmt.Errorf("setfsuid: %w", err)
	}
	if r.gid, err = unix.SetfsgidRetGid(keepID); err != nil {
		return r, fmt.Errorf("setfsgid: %w", err)
	}
	if r.groups, err = unix.Getgroups(); err != nil {
		return r, fmt.Errorf("getgroups: %w", err)
	}
	slices.Sort(r.groups)
	caps, err := threadCaps()
	r.caps = effective(caps)
	return r, err
}

func threadCaps() (data [2]unix.CapUserData, err error) {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capget(&head, &data[0]); err != nil {
		return data, fmt.Errorf("capget: %w", err)
	}
	return data, nil
}

func effective(data [2]unix.CapUserData) uint64 {
	return uint64(data[0].Effective) | uint64(data[1].Effective)<<32
}

// setCaps makes capabilities of the thread effective that are permitted to it.
func setCaps(caps uint64) error {
	data, err := threadCaps()
	if err != nil {
		return err
	}
	if effective(data) == caps {
		return nil
	}
	data[0].Effective, data[1].Effective = uint32(caps), uint32(caps>>32)
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capset(&head, &data[0]); err != nil {
		return fmt.Errorf("capset: %w", err)
	}
	return nil
}

// setGroups is setgroups(2) of this thread alone: the one of the standard library is of all.
func setGroups(groups []int) error {
	list := make([]uint32, len(groups)+1) // one more, so that there is an address
	for i, g := range groups {
		list[i] = uint32(g)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(&list[0])), 0); errno != 0 {
		return fmt.Errorf("setgroups: %w", errno)
	}
	return nil
}

// become gives the calling thread other rights and reads them back. powers are the
// capabilities of casefile, by which ids are changed.
func become(want rights, powers uint64) error {
	now, err := threadRights()
	if err == nil {
		err = setCaps(powers)
	}
	if err == nil && !slices.Equal(now.groups, want.groups) {
		err = setGroups(want.groups)
	}
	if err == nil && now.gid != want.gid {
		_, err = unix.SetfsgidRetGid(want.gid)
	}
	if err == nil && now.uid != want.uid {
		_, err = unix.SetfsuidRetUid(want.uid)
	}
	if err == nil {
		err = setCaps(want.caps)
	}
	if err != nil {
		return err
	}
	if now, err = threadRights(); err != nil {
		return err
	}
	if now.uid != want.uid || now.gid != want.gid || now.caps != want.caps || !slices.Equal(now.groups, want.groups) {
		return errors.New("the kernel did not take the ids")
	}
	return nil
}

// fileCaps are the capabilities that let a thread pass by the permissions of files.
const fileCaps = 1<<unix.CAP_CHOWN | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH | 1<<unix.CAP_FOWNER | 1<<unix.CAP_FSETID |
	1<<unix.CAP_MKNOD | 1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_MAC_OVERRIDE | 1<<unix.CAP_LINUX_IMMUTABLE

// rightsFor are those of an access for id by a thread that has own: its ids where they
// can be changed, and no capability that id does not have too.
func rightsFor(id *Identity, own rights) rights {
	want := rights{uid: own.uid, gid: own.gid, groups: own.groups, caps: own.caps & id.caps}
	if os.Geteuid() == 0 || own.caps&(1<<unix.CAP_SETUID) != 0 {
		want.uid, want.gid, want.groups = id.UID, id.GID, id.Groups
	}
	return want
}

// ErrNoIdentity says that the rights of a process could not be taken: then nothing is
// opened for it.
var ErrNoIdentity = entries.NewError(entries.NotPermitted, "casefile could not take the file rights of the process")

// as runs do with the rights of id, on the calling goroutine.
func as(id *Identity, do func() error) error {
	runtime.LockOSThread()
	own, err := threadRights()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("%w: %w", ErrNoIdentity, err)
	}
	want := rightsFor(id, own)
	if os.Geteuid() != 0 && own.caps&(fileCaps|1<<unix.CAP_SETUID) == 0 {
		defer runtime.UnlockOSThread()
		return do()
	}
	death := deathSignal()
	defer func() { // also after a panic
		if become(own, own.caps) == nil && setDeathSignal(death) == nil {
			runtime.UnlockOSThread() // else the thread ends with this goroutine
		}
	}()
	if err := become(want, own.caps); err != nil {
		return fmt.Errorf("%w: %w", ErrNoIdentity, err)
	}
	err = do()
	if errors.Is(err, fs.ErrPermission) {
		return &Denied{Err: err, User: id.UID}
	}
	return err
}

// The kernel forgets at a change of ids which signal a thread gets when its parent ends.

func deathSignal() (sig int32) {
	_ = unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&sig)), 0, 0, 0)
	return sig
}

func setDeathSignal(sig int32) error {
	if sig == 0 {
		return nil
	}
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(sig), 0, 0, 0)
}
