package livetest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is a program of a test's own that ends with it.
type server struct {
	log serverLog
	pid int
}

const serverStarts = time.Minute

// run starts a program and waits until it says that it is ready. stop is the signal that
// ends it.
func (s *server) run(tb testing.TB, cmd *exec.Cmd, says string, stop syscall.Signal) error {
	ready := make(chan struct{})
	s.After(1, says, func() { close(ready) })
	cmd.Stderr = &s.log
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT // it dies with us, or with the thread that started it
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		return err
	}
	s.pid = cmd.Process.Pid
	select {
	case <-ready:
	case err := <-ended:
		return errors.Join(errors.New("the server ended"), err)
	case <-time.After(serverStarts):
		cmd.Process.Kill()
		<-ended
		return errors.New("the server is not ready after a minute")
	}
	tb.Cleanup(func() { s.Signal(syscall.SIGCONT); cmd.Process.Signal(stop); <-ended })
	return nil
}

// Signal sends a signal to the server and all its processes.
func (s *server) Signal(sig syscall.Signal) {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", s.pid))
	for _, pid := range append([]string{strconv.Itoa(s.pid)}, strings.Fields(string(children))...) {
		if n, err := strconv.Atoi(pid); err == nil {
			syscall.Kill(n, sig)
		}
	}
}

// After calls done once the server has logged text so often from now on. PostgreSQL logs
// each connection ("connection received") and each statement.
func (s *server) After(times int, text string, done func()) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.waits = append(s.log.waits, &logWait{text, s.log.text.Len(), times, done})
}

// Logged counts how often the server has logged a text.
func (s *server) Logged(text string) int { return strings.Count(s.log.String(), text) }

// serverLog is what the server says, and who waits for it to say something.
type serverLog struct {
	mu    sync.Mutex
	text  bytes.Buffer
	waits []*logWait
}

type logWait struct {
	text  string
	from  int
	times int
	done  func()
}

func (l *serverLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	l.waits = slices.DeleteFunc(l.waits, func(w *logWait) bool {
		over := bytes.Count(l.text.Bytes()[w.from:], []byte(w.text)) >= w.times
		if over {
			w.done()
		}
		return over
	})
	return len(b), nil
}

func (l *serverLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// plainUser gives dir to a user without rights when we are root: servers do not run as
// root.
func plainUser(tb testing.TB, dir string) *syscall.Credential {
	tb.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		tb.Skipf("no user to run a server as: %v", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		tb.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
