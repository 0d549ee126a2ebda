package timing

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"casefile/bundle/format/timing"
)

// postgres starts a private server and returns its address. The binaries are looked
// for where Debian and others keep them.
func postgres(t *testing.T, password string) (address string, log *serverLog) {
	t.Helper()
	bin := postgresFolder()
	if bin == "" {
		t.Skip("no PostgreSQL server on this machine (initdb and postgres)")
	}
	dir, err := os.MkdirTemp("", "casefile-pg") // t.TempDir is not open to another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	who := asPlainUser(t, dir)
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o644); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: who, Pdeathsig: syscall.SIGTERM}
		cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
		return cmd
	}
	if out, err := run("initdb", "-D", data, "-U", "conf", "--auth=scram-sha-256", "--pwfile="+secret, "-N").CombinedOutput(); err != nil {
		t.Skipf("initdb does not work here: %v: %s", err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(address)
	server := run("postgres", "-D", data, "-p", port, "-h", "127.0.0.1", "-k", dir, "-c", "fsync=off", "-c", "log_connections=on", "-c", "log_statement=all",
		"-c", "max_connections=23", "-c", "superuser_reserved_connections=4")
	log = &serverLog{}
	ready := make(chan struct{})
	log.after(1, "ready to accept connections", func() { close(ready) })
	server.Stderr = log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() { server.Process.Signal(syscall.SIGINT); <-ended }) // fast shutdown
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		t.Fatalf("postgres ended: %v: %s", err, log)
	case <-time.After(time.Minute):
		t.Fatal("postgres is not ready after a minute")
	}
	return address, log
}

// serverLog is what the server says, and who waits for it to say something.
type serverLog struct {
	mu    sync.Mutex
	text  bytes.Buffer
	waits []*logWait
}

type logWait struct {
	text string
	from int
	left int
	done func()
}

// after calls done once the server has said text so often from now on.
func (l *serverLog) after(times int, text string, done func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waits = append(l.waits, &logWait{text, l.text.Len(), times, done})
}

func (l *serverLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	l.waits = slices.DeleteFunc(l.waits, func(w *logWait) bool {
		over := bytes.Count(l.text.Bytes()[w.from:], []byte(w.text)) >= w.left
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

// asPlainUser gives dir to a user without rights when we are root: PostgreSQL does
// not run as root.
func asPlainUser(t *testing.T, dir string) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Skipf("no user to run PostgreSQL as: %v", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func TestPostgresLive(t *testing.T) {
	const password = "hunter2-hunter2"
	address, log := postgres(t, password)
	url := fmt.Sprintf("jdbc:postgresql://%s/postgres?user=conf", address)
	// measure ends when the server has said something often enough.
	measure := func(credential string, times int, says string) timing.Probe {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		log.after(times, says, cancel)
		return probeOf(url, credential).run(ctx, time.Now().Add(time.Minute))[0]
	}

	r := measure("", 3, "connection received")
	if r.Tries == 0 || r.Failures > 0 || r.Step(timing.StepPing) == nil || r.Step(timing.StepQuery) != nil {
		t.Errorf("without credential: %+v", r)
	}
	t.Setenv("CASEFILE_TEST_DB", password)
	// What the environment says to other programs is not for us.
	t.Setenv("PGHOST", "192.0.2.1")
	t.Setenv("PGPASSWORD", "wrong")
	t.Setenv("PGOPTIONS", "-c nonsense=1")
	r = measure("env:CASEFILE_TEST_DB", 3, "SELECT 1")
	if q := r.Step(timing.StepQuery); r.Failures > 0 || q == nil || q.Count != int64(r.Tries) || r.Step(timing.StepLogin).Count != 1 {
		t.Errorf("with credential: %+v", r)
	}
	if c := r.Connections; c == nil || c.Max != 23 || c.Reserved != 4 || c.Room() != 19 || c.Used < 1 || c.Used > 5 {
		t.Errorf("connections of the server: %+v", c)
	}
	t.Setenv("CASEFILE_TEST_DB", "not-"+password)
	r = probed(t, url, "env:CASEFILE_TEST_DB", tried)
	if r.Tries == 0 || r.Failures != r.Tries || !strings.Contains(strings.Join(r.Errors, ""), "password authentication failed") || strings.Contains(strings.Join(r.Errors, ""), password) {
		t.Errorf("wrong password: %+v", r)
	}
}
