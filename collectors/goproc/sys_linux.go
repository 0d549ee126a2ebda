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
			// Never unlocked: the thread ends with this goroutine, and no other
			// one ever runs in the foreign namespace.
			runtime.LockOSThread()
			if err := enter(namespace); err != nil {
				done <- result{err: fmt.Errorf("enter network namespace: %w", err)}
				return
			}
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			done <- result{conn, err}
		}()
		r := <-done
		return r.conn, r.err
	}
}

func enter(namespace string) error {
	fd, err := unix.Open(namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Setns(fd, unix.CLONE_NEWNET)
}
