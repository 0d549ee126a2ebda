package lab

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/waits"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// labServer is a database server whose sessions are compared with what threads are said to wait for.
type labServer struct {
	id, sleep, lock string   // SQL of the program Sessions
	urls            []string // of the driver, with and without a time-out of the socket
	// clients are the ports of the clients by session, as the server tells them.
	clients func(t *testing.T) map[string]uint16
}

// TestThreadsOfSessions has threads wait for real servers: the port of the connection that each thread is said to wait
// for must be the one that the server has for the session of that thread.
func TestThreadsOfSessions(t *testing.T) {
	binary := os.Getenv("CASEFILE_LAB")
	if binary == "" {
		t.Skip("CASEFILE_LAB names no casefile; make lab sets it")
	}
	if !regexp.MustCompile(os.Getenv("CASEFILE_LAB_ONLY")).MatchString("sessions") {
		t.Skip("left out by CASEFILE_LAB_ONLY")
	}
	jars := fetch(t.Context(), t, "pom.xml", "jars")
	classes := t.TempDir()
	run(t.Context(), t, "javac", "--release", "17", "-d", classes, "sessions/Sessions.java")
	for name, start := range map[string]func(*testing.T) labServer{"PostgreSQL": postgresSessions, "MariaDB": mariaSessions} {
		for _, jdk := range labJDKs(t.Context()) {
			t.Run(fmt.Sprintf("%s on %d", name, jdk.Major), func(t *testing.T) { start(t).check(t, binary, jdk, classes+":"+jars+"/*") })
		}
	}
}

func (s labServer) check(t *testing.T, binary string, jdk live.JDK, classpath string) {
	pid := startSessions(t, jdk, classpath, append([]string{s.id, s.sleep, s.lock}, s.urls...))
	want := s.clients(t)
	out := filepath.Join(t.TempDir(), "bundle")
	const dumps = 5
	text, err := exec.CommandContext(t.Context(), binary, "collect", "--pid", fmt.Sprint(pid), "--dumps", fmt.Sprint(dumps),
		"--dump-interval", "500ms", "--duration", "4s", "--format", "dir", "--out", out).CombinedOutput()
	const gaps = 3
	if code := new(exec.ExitError); err != nil && (!errors.As(err, &code) || code.ExitCode() != gaps) {
		t.Fatalf("%v: %s", err, text)
	}
	for k := range dumps {
		table, dump := filesOfRound(t, out, entries.Dump(k))
		names := map[int64]string{}
		for _, m := range regexp.MustCompile(`(?m)^"session-(\d+)" .*\bnid=(\w+) `).FindAllStringSubmatch(dump, -1) {
			nid, err := strconv.ParseInt(m[2], 0, 64)
			if err != nil {
				t.Fatal(err)
			}
			names[nid] = m[1]
		}
		right := 0
		for _, w := range table.Waits {
			session := names[w.NID]
			switch {
			case session == "":
			case w.Kind != waits.TCP || w.Local.Port() != want[session]:
				t.Errorf("dump %d: session %s comes from port %d, its thread is said to wait for %s %v", k+1, session, want[session], w.Kind, w.Local)
			default:
				right++
			}
		}
		if right != len(names) || right != 5*len(s.urls) {
			t.Errorf("dump %d: %d of %d threads have the connection of their session", k+1, right, 5*len(s.urls))
		}
	}
}

func filesOfRound(t *testing.T, bundle, round string) (*waits.Snapshot, string) {
	t.Helper()
	read := func(file entries.File) string {
		found, err := filepath.Glob(filepath.Join(bundle, "nodes/*/jvm/*", file.Of(round)))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s of %s: %v %v", file, round, found, err)
		}
		text, err := os.ReadFile(found[0])
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	table, err := waits.Read(strings.NewReader(read(entries.ThreadWaits)))
	if err != nil {
		t.Fatal(err)
	}
	return table, read(entries.ThreadDump)
}

func startSessions(t *testing.T, jdk live.JDK, classpath string, args []string) (pid int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(jdk.Home, "bin", "java"), append([]string{"-Xmx128m", "-cp", classpath, "Sessions"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	sc := bufio.NewScanner(out)
	if !sc.Scan() || sc.Text() != "ready" {
		t.Fatalf("the JVM says %q", sc.Text())
	}
	return cmd.Process.Pid
}

func postgresSessions(t *testing.T) labServer {
	const password = "lab-only"
	p := livetest.StartPostgres(t, password, "max_connections=60")
	plain := "jdbc:postgresql://" + p.Address + "/postgres?user=conf&password=" + password
	query := func(t *testing.T, sql string) string {
		host, port, _ := net.SplitHostPort(p.Address)
		cmd := exec.CommandContext(t.Context(), "psql", "-h", host, "-p", port, "-U", "conf", "-d", "postgres", "-Atc", sql)
		cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", sql, err, text)
		}
		return string(text)
	}
	query(t, "CREATE TABLE accounts AS SELECT 1 AS id")
	return labServer{id: "SELECT pg_backend_pid()", sleep: "SELECT pg_sleep(600)", lock: "UPDATE accounts SET id = 1",
		urls: []string{plain, plain + "&socketTimeout=900", plain + "&socketTimeout=900&loginTimeout=5"},
		clients: func(t *testing.T) map[string]uint16 {
			return portsOf(query(t, "SELECT pid || ' ' || client_port FROM pg_stat_activity WHERE client_port > 0"))
		}}
}

func mariaSessions(t *testing.T) labServer {
	const password = "lab-only"
	m := livetest.StartMariaDB(t, "CREATE DATABASE shop;\nCREATE TABLE shop.accounts (id int) ENGINE=InnoDB;\nINSERT INTO shop.accounts VALUES (1);\n"+
		"CREATE USER lab@'%' IDENTIFIED BY '"+password+"';\nGRANT ALL ON *.* TO lab@'%';\n")
	plain := "jdbc:mariadb://" + m.Address + "/shop?user=lab&password=" + password
	return labServer{id: "SELECT CONNECTION_ID()", sleep: "DO SLEEP(600)", lock: "UPDATE accounts SET id = 1",
		urls: []string{plain, plain + "&socketTimeout=900000"},
		clients: func(t *testing.T) map[string]uint16 {
			host, port, _ := net.SplitHostPort(m.Address)
			text, err := exec.CommandContext(t.Context(), "mariadb", "-h", host, "-P", port, "-u", "lab", "-p"+password, "-N", "-B", "-e",
				"SELECT CONCAT(ID, ' ', SUBSTRING_INDEX(HOST, ':', -1)) FROM information_schema.PROCESSLIST").CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			return portsOf(string(text))
		}}
}

// portsOf reads lines of a session and its client's port.
func portsOf(text string) map[string]uint16 {
	ports := map[string]uint16{}
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 2 {
			if n, err := strconv.ParseUint(f[1], 10, 16); err == nil {
				ports[f[0]] = uint16(n)
			}
		}
	}
	return ports
}
