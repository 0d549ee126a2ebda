package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/redact"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// sshd is a private server on loopback with keys of its own, and a folder with an
// ssh that uses them and nothing of the user's.
type sshd struct {
	port   string
	dir    string
	client string // folder to put first in PATH
	tmp    string // TMPDIR of what runs on the "node"
}

func startSSHD(t *testing.T) *sshd {
	t.Helper()
	server, err := exec.LookPath("sshd")
	if err != nil {
		server = "/usr/sbin/sshd"
	}
	client, clientErr := exec.LookPath("ssh")
	keygen, keygenErr := exec.LookPath("ssh-keygen")
	if _, err := os.Stat(server); errors.Join(err, clientErr, keygenErr) != nil {
		t.Skip("needs openssh-server and openssh-client")
	}
	if os.Geteuid() != 0 {
		t.Skip("sshd takes logins of others, and has /run/sshd, as root only")
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where Debian's sshd is separated to
		t.Skip(err)
	}
	s := &sshd{port: freePort(t), dir: t.TempDir()}
	s.client, s.tmp = filepath.Join(s.dir, "bin"), filepath.Join(s.dir, "tmp")
	for _, d := range []string{s.client, s.tmp, filepath.Join(s.dir, "remote")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"host", "user", "other"} {
		if out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(s.dir, key)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	s.write(t, "sshd_config", fmt.Sprintf("Port %s\nListenAddress 127.0.0.1\nHostKey %s/host\nAuthorizedKeysFile %[2]s/user.pub\nStrictModes no\nPermitRootLogin yes\nUsePAM no\nPasswordAuthentication no\nPidFile none\nSubsystem sftp internal-sftp\nSetEnv TMPDIR=%s PATH=%[2]s/remote:/usr/bin:/bin\n", s.port, s.dir, s.tmp), 0o600)
	s.write(t, "ssh_config", fmt.Sprintf("Host *\nIdentityFile %s/user\nIdentitiesOnly yes\nUserKnownHostsFile %[1]s/known_hosts\nGlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\n", s.dir), 0o600)
	s.write(t, "bin/ssh", fmt.Sprintf("#!/bin/sh\nexec %s -F %s/ssh_config \"$@\"\n", client, s.dir), 0o700)
	s.write(t, "known_hosts", "[127.0.0.1]:"+s.port+" "+s.read(t, "host.pub"), 0o600)
	s.serve(t, server)
	return s
}

func (s *sshd) serve(t *testing.T, server string) {
	t.Helper()
	cmd := exec.Command(server, "-D", "-e", "-f", filepath.Join(s.dir, "sshd_config"))
	var said bytes.Buffer
	cmd.Stderr = &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", said.String())
		}
	})
	awaitPort(t, "127.0.0.1:"+s.port)
}

func (s *sshd) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func (s *sshd) read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// left is what lies in the temporary folder of the node.
func (s *sshd) left(t *testing.T) (names []string) {
	t.Helper()
	list, err := os.ReadDir(s.tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// freePort is a port that was free a moment ago, each time another one. It is none of
// those that the system gives to connections (32768 and above), which other tests make
// many of before somebody listens here.
func freePort(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := 12_000 + rand.IntN(20_000)
		if _, given := givenPorts.LoadOrStore(port, true); given {
			continue
		}
		if ln, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			ln.Close()
			return strconv.Itoa(port)
		}
	}
	t.Fatal("no free port")
	return ""
}

var givenPorts sync.Map

// awaitPort waits until somebody listens there.
func awaitPort(t *testing.T, addr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for tick := time.Tick(20 * time.Millisecond); ; {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return
		}
		select {
		case <-tick:
		case <-ctx.Done():
			t.Fatalf("nobody listens on %s", addr)
		}
	}
}

// command is the test binary as casefile.
func command(t testing.TB, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "casefile")
	if err := os.Symlink(self, link); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	cmd := exec.Command(link, args...)
	cmd.Env = append(os.Environ(), "CASEFILE_CONFIG=/dev/null")
	return cmd
}

// A node with nothing installed, reached by a real ssh.
func TestSSH(t *testing.T) {
	p := livetest.Start(t, livetest.Newest(t), "threads", live.Options{})
	s := startSSHD(t)
	collect := func(name string) ([]byte, error) {
		cmd := command(t, s.dir, "collect", "--node", "n1=ssh://root@127.0.0.1:"+s.port, "--pid", strconv.Itoa(p.PID),
			"--duration", "2s", "--dumps", "2", "--dump-interval", "500ms", "--out", filepath.Join(s.dir, name), "--no-report")
		cmd.Env = append(cmd.Env, "PATH="+s.client+":"+os.Getenv("PATH"))
		return cmd.CombinedOutput()
	}
	if said, err := collect("x.tar.zst"); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	rep, err := bundle.Verify(t.Context(), filepath.Join(s.dir, "x.tar.zst"), redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	m := rep.Reader.Manifest
	if len(rep.Damaged)+len(rep.Leaks)+len(m.Gaps()) > 0 || len(m.Nodes) != 1 || m.Nodes[0].Name != "n1" {
		t.Errorf("damaged %v, leaks %v, gaps %+v, nodes %+v", rep.Damaged, rep.Leaks, m.Gaps(), m.Nodes)
	}
	want := fmt.Sprintf("nodes/n1/jvm/%d-sample/threads/dump-02.txt", p.PID)
	if _, err := rep.Reader.ReadEntry(t.Context(), want, 1<<24); err != nil {
		t.Errorf("%s: %v", want, err)
	}
	if left := s.left(t); len(left) > 0 {
		t.Errorf("left on the node: %v", left)
	}

	refused := func(why, want string) {
		t.Helper()
		said, err := collect("y.tar.zst")
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(string(said), want) {
			t.Errorf("%s: %v: %s", why, err, said)
		}
		if left := s.left(t); len(left) > 0 {
			t.Errorf("%s: left on the node: %v", why, left)
		}
		if left, _ := filepath.Glob(filepath.Join(s.dir, "y.*")); len(left) > 0 {
			t.Errorf("%s: a bundle of nothing: %v", why, left)
		}
	}
	other := map[string]string{"amd64": "aarch64", "arm64": "x86_64"}[runtime.GOARCH]
	s.write(t, "remote/uname", "#!/bin/sh\n[ \"$1\" = -m ] && echo "+other+" || echo Linux\n", 0o700)
	refused("other architecture", "put a casefile for linux/")
	s.write(t, "remote/uname", "#!/bin/sh\necho SunOS\n", 0o700)
	refused("other system", "casefile captures on Linux")
	s.write(t, "known_hosts", "[127.0.0.1]:"+s.port+" "+s.read(t, "other.pub"), 0o600)
	refused("wrong host key", "Host key verification failed")
	s.write(t, "known_hosts", "", 0o600)
	refused("unknown host key", "Host key verification failed")
}
