package livetest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// MariaDB is a MariaDB server of a test's own, on loopback.
type MariaDB struct {
	Address string // host:port
	server
}

// StartMariaDB starts a server that has run some SQL, one statement a line, and ends with the test; a machine without
// one skips it.
func StartMariaDB(tb testing.TB, sql string, settings ...string) *MariaDB {
	tb.Helper()
	install, errInstall := program("mariadb-install-db")
	daemon, errDaemon := program("mariadbd")
	if errInstall != nil || errDaemon != nil {
		tb.Skip("no MariaDB server on this machine (mariadbd, mariadb-install-db): install mariadb-server to run this test")
	}
	dir, err := os.MkdirTemp("", "casefile-mariadb")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	who := plainUser(tb, dir)
	first := filepath.Join(dir, "first.sql")
	if err := os.WriteFile(first, []byte(sql), 0o644); err != nil {
		tb.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, append([]string{"--no-defaults", "--datadir=" + data}, args...)...)
		cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: who}
		cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir}
		return cmd
	}
	if out, err := command(install, "--auth-root-authentication-method=normal", "--skip-test-db").CombinedOutput(); err != nil {
		tb.Skipf("mariadb-install-db does not work here: %v: %s", err, out)
	}
	m := &MariaDB{Address: freeAddress(tb)}
	_, port, _ := net.SplitHostPort(m.Address)
	args := append([]string{"--port=" + port, "--bind-address=127.0.0.1", "--socket=" + filepath.Join(dir, "s"), "--skip-name-resolve", "--init-file=" + first,
		"--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0", "--innodb-lock-wait-timeout=120"}, settings...)
	if err := m.run(tb, command(daemon, args...), "ready for connections", syscall.SIGTERM); err != nil {
		tb.Fatalf("%v: %s", err, strings.TrimSpace(m.log.String()))
	}
	return m
}

// program looks where Debian keeps servers too.
func program(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", name))
}
