package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// stranger is a user who owns nothing here.
const stranger = 61234

// publicCasefile is the test program under the name casefile, in a folder that every user may enter.
func publicCasefile(t *testing.T) string {
	t.Helper()
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	dir, err := os.MkdirTemp("", "casefile-public-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "casefile")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, self); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(dir, 0o777), os.Link(path, filepath.Join(dir, oldKernel))); err != nil {
		t.Fatal(err)
	}
	return path
}

// mistake is one of the first minute: what is done, and what must be said of it.
type mistake struct {
	name string
	// world is a shell script that ends in exec "$@", run in a mount namespace of its own; empty: as it is.
	world string
	pids  bool // in a pid namespace of its own too
	uid   int  // 0: root
	args  []string
	code  int
	says  []string
}

const asIs = `exec "$@"`

// TestMistakes makes the likely mistakes of a first minute, on this machine as it is or as namespaces make it: what is
// said names the cause and what helps. SELinux is in TestHelp of collectors/rights, yama in TestWaitsRefused of collectors/jvm,
// both by the files that the kernel would show.
func TestMistakes(t *testing.T) {
	needNamespaces(t)
	others := livetest.Start(t, livetest.Newest(t), "healthy", live.Options{User: live.Nobody()})
	bin, pid := publicCasefile(t), strconv.Itoa(others.PID)
	cluster := filepath.Join(t.TempDir(), "cluster")
	if out, err := exec.Command(bin, "cluster", "init", "--dir", cluster, "--node", "n1=127.0.0.1:"+freePort(t)).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	short := func(args ...string) []string {
		return append([]string{"collect", "--duration", "1s", "--dumps", "1", "--no-color"}, args...)
	}
	const hidden = "mount -t proc -o hidepid=2 proc /proc\n" + asIs
	for _, m := range []mistake{
		{name: "not root", uid: stranger, args: []string{"doctor", "--pid", pid}, code: exitDoctor,
			says: []string{": attach: this JVM belongs to another user (nobody)", "fix: run casefile as root or as nobody"}},
		{name: "not root, captured all the same", uid: stranger, args: short("--pid", pid), code: exitGaps,
			says: []string{"this JVM belongs to another user", "run casefile as root or as the owner of the process"}},
		{name: "wrong pid", args: short("--pid", "999999999"), code: exitFailed,
			says: []string{"error: no process 999999999 runs on this node", "hint: casefile collect --dry-run lists what can be captured"}},
		{name: "pid of something else", args: short("--pid", sleeper(t)), code: exitFailed,
			says: []string{" (sleep) is no JVM and no Go service with pprof"}},
		{name: "old kernel", args: append([]string{oldKernel}, short("--pid", pid, "--duration", "5s")...), code: 0, says: []string{".tar.zst"}},
		{name: "pid of a thread", args: short("--pid", thread(t, others.PID)), code: exitFailed,
			says: []string{" is a thread of process " + pid + " (java)", "hint: casefile collect --pid " + pid}},
		{name: "no /proc", world: "mount -t tmpfs none /proc\n" + asIs, args: short(), code: exitFailed,
			says: []string{"error: there is no /proc here", "hint: mount it (mount -t proc proc /proc), or run casefile on the host"}},
		{name: "no /proc, doctor", world: "mount -t tmpfs none /proc\n" + asIs, args: []string{"doctor"}, code: exitDoctor,
			says: []string{"FAIL  node: processes: there is no /proc here"}},
		{name: "no JVM", pids: true, world: "mount -t proc proc /proc\n" + asIs, args: short(), code: exitFailed,
			says: []string{"casefile sees the processes of this container only", "hint: run it on the host, in the container of the service"}},
		{name: "no JVM of that name", args: short("--app", "nosuch*"), code: exitFailed,
			says: []string{"no application here matches --app nosuch*", "hint: what runs here: "}},
		{name: "hidepid", world: hidden, uid: stranger, args: short(), code: exitFailed,
			says: []string{"/proc hides the processes of other users (hidepid)", "hint: run it as root: sudo casefile collect"}},
		{name: "hidepid, pid", world: hidden, uid: stranger, args: short("--pid", pid), code: exitFailed,
			says: []string{"no process " + pid + " is seen: /proc hides", "hint: run it as root: sudo casefile collect --pid " + pid}},
		{name: "read-only folder", world: readOnly("/tmp") + "cd /tmp\n" + asIs, args: short("--pid", pid), code: exitFailed,
			says: []string{"read-only file system", "hint: /tmp is read-only: choose another place with --out"}},
		{name: "read-only /tmp", world: readOnly("/tmp") + asIs, args: []string{"check", "--duration", "15s"}, code: exitFailed,
			says: []string{"hint: /tmp is read-only: name a folder that can be written to in TMPDIR"}},
		{name: "agent not reachable", args: short("--cluster", filepath.Join(cluster, "cluster.yaml")), code: exitFailed,
			says: []string{"error: node n1 cannot be captured: nothing listens at 127.0.0.1:", "hint: see that casefile agent runs on the node (systemctl status casefile-agent)"}},
	} {
		t.Run(m.name, func(t *testing.T) {
			code, said := m.make(t, bin)
			if code != m.code {
				t.Errorf("exit code %d, want %d", code, m.code)
			}
			flat := strings.Join(strings.Fields(said), " ")
			for _, s := range m.says {
				if !strings.Contains(flat, strings.Join(strings.Fields(s), " ")) {
					t.Errorf("does not say %q:\n%s", s, said)
				}
			}
		})
	}
}

// make makes the mistake.
func (m *mistake) make(t *testing.T, bin string) (code int, said string) {
	t.Helper()
	line := append([]string{bin}, m.args...)
	if m.args[0] == oldKernel {
		line = append([]string{filepath.Join(filepath.Dir(bin), oldKernel), bin}, m.args[1:]...)
	}
	if m.uid != 0 {
		id := strconv.Itoa(m.uid)
		line = append([]string{"setpriv", "--reuid", id, "--regid", id, "--clear-groups"}, line...)
	}
	if m.world != "" {
		line = append([]string{"sh", "-ec", "mount --make-rprivate /\n" + m.world, "sh"}, line...)
	}
	cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if m.world != "" {
		cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
	}
	if m.pids {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
	}
	dir, err := os.MkdirTemp("/var/tmp", "casefile-mistakes-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	cmd.Env = append(os.Environ(), "HOME="+dir)
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// sleeper is a process that is nothing to capture.
func sleeper(t *testing.T) (pid string) {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	return strconv.Itoa(cmd.Process.Pid)
}

// readOnly makes a folder one that nobody can write to.
func readOnly(dir string) string {
	return fmt.Sprintf("mount --bind %[1]s %[1]s\nmount -o remount,bind,ro %[1]s\n", dir)
}

// thread is one of a process that is not its first.
func thread(t *testing.T, pid int) string {
	t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil || len(list) < 2 {
		t.Fatalf("%v: %d threads", err, len(list))
	}
	return list[len(list)-1].Name()
}

// needNamespaces skips where no other world can be made.
func needNamespaces(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("takes root, for other users and mount namespaces")
	}
	for _, tool := range []string{"setpriv", "mount"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s on this machine", tool)
		}
	}
	cmd := exec.Command("true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if err := cmd.Run(); err != nil {
		t.Skipf("no mount namespaces here: %v", err)
	}
}

// What is written wrongly leads to the help of the verb that was meant, in words without the names of Go's parsers.
func TestWrittenWrongly(t *testing.T) {
	for line, want := range map[string]string{
		"colect":                        "is it collect?",
		"nonsense":                      "casefile --help",
		"collect --durration 3s":        "see casefile collect --help",
		"collect -x":                    "see casefile collect --help",
		"collect --pid abc":             `--pid: "abc" is not a number`,
		"collect --node k8s://wiki":     "want k8s://namespace/pod",
		"compare one":                   "see casefile compare --help",
		"cluster init --node a --bogus": "see casefile cluster init --help",
	} {
		var out, said bytes.Buffer
		if code := run(t.Context(), strings.Fields(line), strings.NewReader(""), &out, &said); code != exitUsage || !strings.Contains(said.String(), want) || strings.Contains(said.String(), "strconv") {
			t.Errorf("%s: exit %d: %s", line, code, said.String())
		}
	}
}
