package calls

import (
	"context"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"casefile/bundle/format/waits"
)

// Memory that is never delivered holds nothing up, and a poll whose array is there has no descriptor.
func TestMemoryThatIsNeverDelivered(t *testing.T) {
	page := undelivered(t)
	r := reader(t)
	t.Cleanup(func() { r.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	fd, err := bounded(ctx, r, answerWithin, func(context.Context) (int, error) {
		c := call{fd: waits.NoFD, array: page, entries: 1}
		r.polled(&c)
		return c.fd, nil
	})
	if ctx.Err() != nil || err == nil && fd != waits.NoFD {
		t.Errorf("descriptor %d, %v", fd, err)
	}
}

// undelivered is the address of a page that the kernel asks this process for, which never gives it
// (include/uapi/linux/userfaultfd.h).
func undelivered(t *testing.T) uint64 {
	t.Helper()
	const (
		ioctlAPI, ioctlRegister = 0xc018aa3f, 0xc020aa00
		version, missing        = 0xaa, 1
	)
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|unix.O_NONBLOCK, 0, 0)
	if errno != 0 {
		t.Skipf("no userfaultfd here: %v", errno)
	}
	t.Cleanup(func() { unix.Close(int(fd)) })
	page, err := unix.Mmap(-1, 0, unix.Getpagesize(), unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(page) })
	start := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(page))))
	api := [3]uint64{version}
	register := [4]uint64{start, uint64(len(page)), missing}
	_, _, err1 := unix.Syscall(unix.SYS_IOCTL, fd, ioctlAPI, uintptr(unsafe.Pointer(&api)))
	_, _, err2 := unix.Syscall(unix.SYS_IOCTL, fd, ioctlRegister, uintptr(unsafe.Pointer(&register)))
	runtime.KeepAlive(page)
	if err1 != 0 || err2 != 0 {
		t.Fatal(err1, err2)
	}
	return start
}
