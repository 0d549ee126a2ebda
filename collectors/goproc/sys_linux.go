package goproc

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// fileID tells one file from another on this node.
type fileID struct{ dev, ino uint64 }

func idOf(f *os.File) (fileID, bool) {
	fi, err := f.Stat()
	if err != nil {
		return fileID{}, false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, false
	}
	return fileID{uint64(st.Dev), st.Ino}, true
}

// dialIn returns a dialer that connects inside the network namespace of a file
// such as /proc/PID/ns/net. A socket belongs for life to the namespace it was
// made in, so only the thread that makes it has to go there. It needs root.
func dialIn(namespace string) dialer {
	type result struct {
		conn net.Conn
		err  error
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		done := make(chan result, 1)
		go func() {
			conn, err := dialAbroad(ctx, namespace, network, addr)
			done <- result{conn, err}
		}()
		r := <-done
		return r.conn, r.err
	}
}

// dialAbroad connects in another namespace and comes back. A thread that cannot come back
// stays locked and ends with the goroutine. None other may end so: the main thread cannot
// end, all of /proc/self and /proc/net would be the foreign namespace's from then on, and
// any other would take the children along that it started.
func dialAbroad(ctx context.Context, namespace, network, addr string) (net.Conn, error) {
	runtime.LockOSThread()
	home, err := unix.Open(ownNetwork, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("own network namespace: %w", err)
	}
	defer unix.Close(home)
	defer func() {
		if unix.Setns(home, unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
	}()
	if err := enter(namespace); err != nil {
		return nil, fmt.Errorf("enter network namespace: %w", err)
	}
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

// ownNetwork is the namespace of the thread that asks; self would be the main thread,
// which may be away for a moment.
const ownNetwork = "/proc/thread-self/ns/net"

func enter(namespace string) error {
	fd, err := unix.Open(namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Setns(fd, unix.CLONE_NEWNET)
}
