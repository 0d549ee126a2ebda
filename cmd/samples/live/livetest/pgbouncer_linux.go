package livetest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// PgBouncer is a pooler of a test's own, on loopback.
type PgBouncer struct {
	Address string
	server
}

// StartPgBouncer starts a pooler that shares connections to a server by transaction; a machine without one skips the test.
func StartPgBouncer(tb testing.TB, to *Postgres, user, password string) *PgBouncer {
	tb.Helper()
	binary, err := program("pgbouncer")
	if err != nil {
		tb.Skip("no PgBouncer on this machine: install pgbouncer to run this test")
	}
	dir, err := os.MkdirTemp("", "casefile-pgbouncer")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	b := &PgBouncer{Address: freeAddress(tb)}
	_, port, _ := net.SplitHostPort(b.Address)
	host, serverPort, _ := net.SplitHostPort(to.Address)
	users, conf := filepath.Join(dir, "users"), filepath.Join(dir, "conf")
	for name, text := range map[string]string{
		users: fmt.Sprintf("%q %q\n", user, password),
		conf: fmt.Sprintf("[databases]\n* = host=%s port=%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\nunix_socket_dir =\n"+
			"auth_type = scram-sha-256\nauth_file = %s\npool_mode = transaction\nignore_startup_parameters = extra_float_digits\n", host, serverPort, port, users),
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	cmd := exec.Command(binary, conf)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: plainUser(tb, dir)}
	if err := b.run(tb, cmd, "process up", syscall.SIGTERM); err != nil {
		tb.Fatalf("%v: %s", err, b.log.String())
	}
	return b
}
