package collectors

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// open resolves name inside the tree in one step of the kernel (openat2,
// RESOLVE_IN_ROOT), so that nobody can swap a link under us. Kernels before 5.6
// resolve link by link.
func (t Tree) open(name string) (*os.File, error) {
	root, err := unix.Open(t.Root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: t.Root, Err: err}
	}
	defer unix.Close(root)
	const flags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
	rel := strings.TrimLeft(path.Clean("/"+name), "/")
	if rel == "" {
		rel = "."
	}
	fd, err := unix.Openat2(root, rel, &unix.OpenHow{Flags: flags, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS})
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		fd, err = openSteps(root, rel, flags)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Hold gives the tree as it can still be read when the process that Root belongs to has
// ended (/proc/PID/root is gone then), until release is called.
func (t Tree) Hold() (held Tree, release func(), err error) {
	fd, err := unix.Open(t.Root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return t, func() {}, &os.PathError{Op: "open", Path: t.Root, Err: err}
	}
	return Tree{Root: fmt.Sprintf("/proc/self/fd/%d", fd)}, func() { unix.Close(fd) }, nil
}

// maxLinks is the kernel's own limit on links in one path.
const maxLinks = 40

// openSteps walks a path without following links itself: a link's text is put in
// front of the rest, and ".." never leaves the root.
func openSteps(root int, rel string, flags int) (int, error) {
	var stack []int // open folders below root
	defer func() {
		for _, fd := range stack {
			unix.Close(fd)
		}
	}()
	at := func() int {
		if len(stack) == 0 {
			return root
		}
		return stack[len(stack)-1]
	}
	rest := strings.Split(rel, "/")
	for links := 0; len(rest) > 0; {
		elem := rest[0]
		rest = rest[1:]
		switch elem {
		case "", ".":
			continue
		case "..":
			if len(stack) > 0 {
				unix.Close(at())
				stack = stack[:len(stack)-1]
			}
			continue
		}
		link := make([]byte, unix.PathMax)
		if n, err := unix.Readlinkat(at(), elem, link); err == nil {
			if links++; links > maxLinks {
				return -1, unix.ELOOP
			}
			target := string(link[:n])
			if strings.HasPrefix(target, "/") {
				for _, fd := range stack {
					unix.Close(fd)
				}
				stack = nil
			}
			rest = append(strings.Split(target, "/"), rest...)
			continue
		}
		if len(rest) == 0 {
			return unix.Openat(at(), elem, flags|unix.O_NOFOLLOW, 0)
		}
		fd, err := unix.Openat(at(), elem, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, err
		}
		stack = append(stack, fd)
	}
	return unix.Openat(at(), ".", flags, 0)
}
