package livetest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Postgres is a PostgreSQL server of a test's own, on loopback. Its administrator is
// the role conf, its database postgres.
type Postgres struct {
	Address string // host:port
	server
}

// Limits of the server, other than by default.
const (
	PostgresConnections = 23
	PostgresReserved    = 4
)

// StartPostgres starts a server with settings (name=value) that ends with the test; a
// machine without one skips it. The binaries are looked for where Debian and others keep
// them.
func StartPostgres(tb testing.TB, password string, settings ...string) *Postgres {
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
		args := []string{"-D", data, "-p", port, "-h", "127.0.0.1", "-k", dir, "-c", "fsync=off", "-c", "log_connections=on", "-c", "log_statement=all",
			"-c", "max_connections=" + strconv.Itoa(PostgresConnections), "-c", "superuser_reserved_connections=" + strconv.Itoa(PostgresReserved)}
		for _, s := range settings {
			args = append(args, "-c", s)
		}
		if err := p.run(tb, program("postgres", args...), "ready to accept connections", syscall.SIGINT); err == nil { // a fast shutdown
			return p
		} else if try+1 == tries || !strings.Contains(p.log.String(), "in use") {
			tb.Fatalf("%v: %s", err, p.log.String())
		}
	}
	return nil
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
