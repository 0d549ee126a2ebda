package livetest

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Postgres is a PostgreSQL server of a test's own, on loopback. Its administrator is
// the role conf, its database postgres.
type Postgres struct {
	Address string // host:port
	log     postgresLog
}

// Limits of the server, other than by default.
const (
	PostgresConnections = 23
	PostgresReserved    = 4
)

const postgresStarts = time.Minute

// StartPostgres starts a server that ends with the test; a machine without one skips
// it. The binaries are looked for where Debian and others keep them.
func StartPostgres(tb testing.TB, password string) *Postgres {
	tb.Helper()
	bin := postgresFolder()
	if bin == "" {
		tb.Skip("no PostgreSQL server on this machine (initdb and postgres): install postgresql to run this test")
	}
	dir, err := os.MkdirTemp("", "casefile-pg") // TempDir of a test is not open to another user
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	who := plainUser(tb, dir)
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o644); err != nil {
		tb.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	program := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: who}
		cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
		return cmd
	}
	if out, err := program("initdb", "-D", data, "-U", "conf", "--auth=scram-sha-256", "--pwfile="+secret, "-N").CombinedOutput(); err != nil {
		tb.Skipf("initdb does not work here: %v: %s", err, out)
	}
	const tries = 3 // another program may take the port first
	for try := range tries {
		p := &Postgres{Address: freeAddress(tb)}
		_, port, _ := net.SplitHostPort(p.Address)
		server := program("postgres", "-D", data, "-p", port, "-h", "127.0.0.1", "-k", dir, "-c", "fsync=off", "-c", "log_connections=on", "-c", "log_statement=all",
			"-c", "max_connections="+strconv.Itoa(PostgresConnections), "-c", "superuser_reserved_connections="+strconv.Itoa(PostgresReserved))
		if err := p.run(tb, server); err == nil {
			return p
		} else if try+1 == tries || !strings.Contains(p.log.String(), "in use") {
			tb.Fatalf("%v: %s", err, p.log.String())
		}
	}
	return nil
}

// run starts the server and waits until it takes connections.
func (p *Postgres) run(tb testing.TB, server *exec.Cmd) error {
	ready := make(chan struct{})
	p.After(1, "ready to accept connections", func() { close(ready) })
	server.Stderr = &p.log
	server.SysProcAttr.Pdeathsig = syscall.SIGQUIT // it dies with us, or with the thread that started it
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := server.Start()
		started <- err
		if err == nil {
			ended <- server.Wait()
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		return err
	}
	select {
	case <-ready:
	case err := <-ended:
		return errors.Join(errors.New("postgres ended"), err)
	case <-time.After(postgresStarts):
		server.Process.Kill()
		<-ended
		return errors.New("postgres is not ready after a minute")
	}
	tb.Cleanup(func() { server.Process.Signal(syscall.SIGINT); <-ended }) // a fast shutdown
	return nil
}

// After calls done once the server has logged text so often from now on: it logs each
// connection ("connection received") and each statement.
func (p *Postgres) After(times int, text string, done func()) {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	p.log.waits = append(p.log.waits, &logWait{text, p.log.text.Len(), times, done})
}

// Logged counts how often the server has logged a text.
func (p *Postgres) Logged(text string) int { return strings.Count(p.log.String(), text) }

// postgresLog is what the server says, and who waits for it to say something.
type postgresLog struct {
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

func (l *postgresLog) Write(b []byte) (int, error) {
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

func (l *postgresLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func postgresFolder() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	more, _ := filepath.Glob("/usr/pgsql-*/bin/postgres")
	found = append(found, more...)
	if p, err := exec.LookPath("postgres"); err == nil {
		found = append(found, p)
	}
	for _, p := range found {
		if _, err := os.Stat(filepath.Join(filepath.Dir(p), "initdb")); err == nil {
			return filepath.Dir(p)
		}
	}
	return ""
}

// plainUser gives dir to a user without rights when we are root: PostgreSQL does not
// run as root.
func plainUser(tb testing.TB, dir string) *syscall.Credential {
	tb.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		tb.Skipf("no user to run PostgreSQL as: %v", err)
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
