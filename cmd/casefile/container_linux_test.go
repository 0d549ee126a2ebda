package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// Containers of the test are what they are elsewhere: processes in namespaces of their own, for pids, mounts, network, host name, IPC and
// users, with a root file system of their own and no capability that they were not given. The test program makes them when it is called
// by this name, with a container's description as JSON.
const containerMaker = "container"

// secretOfContainer is known to nobody else: it comes from a Secret of Kubernetes.
const secretOfContainer = "Rain-7-Umbrella-31"

// container is one to be made.
type container struct {
	Root         string // an empty folder
	Shell        bool   // programs and a shell; else libraries only, as in a distroless image
	Binary       string // lies at /usr/bin/casefile; empty: nothing does
	Classes      string // lies at /app
	UID          int
	Capabilities []string
	Args         []string
}

// makeContainer turns this process into the container's first one.
func makeContainer() {
	runtime.LockOSThread() // capabilities and mounts are those of a thread
	var c container
	err := json.Unmarshal([]byte(os.Args[1]), &c)
	if err == nil {
		err = c.enter()
	}
	if err == nil {
		err = c.drop()
	}
	if err == nil {
		err = syscall.Exec(c.Args[0], c.Args, []string{"PATH=/usr/bin:/bin", "HOME=/tmp", "DB_PASSWORD=" + secretOfContainer})
	}
	fmt.Fprintln(os.Stderr, "container:", err)
	os.Exit(1)
}

// enter makes the root file system and goes there.
func (c *container) enter() error {
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("none", c.Root, "tmpfs", 0, "mode=755")); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	for name, mode := range map[string]os.FileMode{"tmp": 0o777 | os.ModeSticky, "etc": 0o755, "proc": 0o755, "usr": 0o755, "app": 0o755} {
		if err := errors.Join(os.Mkdir(filepath.Join(c.Root, name), 0o755), os.Chmod(filepath.Join(c.Root, name), mode)); err != nil {
			return err
		}
	}
	passwd := "root:x:0:0:root:/:/sbin/nologin\nuser:x:" + strconv.Itoa(c.UID) + ":" + strconv.Itoa(c.UID) + ":user:/tmp:/sbin/nologin\n"
	if err := os.WriteFile(filepath.Join(c.Root, "etc", "passwd"), []byte(passwd), 0o644); err != nil {
		return err
	}
	dirs, err := filepath.Glob("/etc/java*")
	if err != nil {
		return err
	}
	dirs = append(dirs, "/dev", "/sys", "/usr/lib", "/usr/lib64", "/usr/local/lib")
	for _, link := range []string{"lib", "lib64", "bin"} {
		if err := os.Symlink("usr/"+link, filepath.Join(c.Root, link)); err != nil {
			return err
		}
	}
	if c.Shell {
		dirs = append(dirs, "/usr/bin")
	}
	for _, dir := range dirs {
		if err := c.bind(dir, dir); err != nil {
			return err
		}
	}
	if c.Classes != "" {
		if err := os.CopyFS(filepath.Join(c.Root, "app"), os.DirFS(c.Classes)); err != nil {
			return err
		}
	}
	if c.Binary != "" {
		if err := c.own("/usr/bin/casefile"); err != nil {
			return err
		}
	}
	if err := unix.Mount("proc", filepath.Join(c.Root, "proc"), "proc", 0, ""); err != nil {
		return fmt.Errorf("proc: %w", err)
	}
	return errors.Join(unix.Chroot(c.Root), unix.Chdir("/"))
}

// bind shows a folder of this machine.
func (c *container) bind(dir, at string) error {
	if _, err := os.Stat(dir); err != nil {
		return nil //nolint:nilerr // a machine without it
	}
	to := filepath.Join(c.Root, at)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(dir, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

// own puts the binary into the image.
func (c *container) own(at string) error {
	to := filepath.Join(c.Root, at)
	if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, nil, 0o755)); err != nil {
		return err
	}
	return unix.Mount(c.Binary, to, "", unix.MS_BIND, "")
}

// capabilities by the names that Kubernetes calls them.
var capabilities = map[string]int{"SYS_PTRACE": unix.CAP_SYS_PTRACE, "DAC_OVERRIDE": unix.CAP_DAC_OVERRIDE, "SETUID": unix.CAP_SETUID, "SETGID": unix.CAP_SETGID}

// drop leaves the user and the capabilities of the container, and no way to more.
func (c *container) drop() error {
	var keep uint64
	for _, name := range c.Capabilities {
		n, known := capabilities[name]
		if !known {
			return fmt.Errorf("capability %s", name)
		}
		keep |= 1 << n
	}
	for n := range 64 {
		if keep&(1<<n) == 0 {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(n), 0, 0, 0); errors.Is(err, unix.EINVAL) {
				break // no such capability any more
			} else if err != nil {
				return fmt.Errorf("bounding set: %w", err)
			}
		}
	}
	for _, call := range []struct{ number, id int }{{unix.SYS_SETGID, c.UID}, {unix.SYS_SETUID, c.UID}} {
		if _, _, err := syscall.RawSyscall(uintptr(call.number), uintptr(call.id), 0, 0); err != 0 {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if c.UID != 0 {
		return nil // the user's change took them all
	}
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	set := [2]unix.CapUserData{{Effective: uint32(keep), Permitted: uint32(keep), Inheritable: 0}}
	return unix.Capset(&head, &set[0])
}

// podSource is the JVM of a pod: it says when it runs, and has one thread to be recognised by.
const podSource = `public class Pod {
	public static void main(String[] args) throws Exception {
		Thread t = new Thread(() -> { try { Thread.sleep(Long.MAX_VALUE); } catch (InterruptedException e) { } }, "in-the-pod");
		t.setDaemon(true);
		t.start();
		System.out.println("ready");
		System.in.read();
	}
}
`

// testPod is a container that runs.
type testPod struct {
	Name  string
	PID   int // of its first process, here
	Shell bool
	UID   int
}

// startPod starts a pod whose container is a JVM. It ends with the test.
func startPod(t *testing.T, jdk live.JDK, classes, name string, shell bool, uid int) *testPod {
	t.Helper()
	dir, err := os.MkdirTemp("", "casefile-pod") // the test's own is not open to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	root := filepath.Join(dir, "root")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(root, 0o755)); err != nil {
		t.Fatal(err)
	}
	c := container{Root: root, Shell: shell, Classes: classes, UID: uid, Args: []string{filepath.Join(jdk.Home, "bin", "java"), "-Xmx64m", "-XX:+UseSerialGC",
		"-XX:TieredStopAtLevel=1", "-Xlog:gc:file=/tmp/gc.log", "-cp", "/app", "Pod"}}
	cmd := c.command(t, dir)
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 65536}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, UidMappings: ids, GidMappings: ids, GidMappingsEnableSetgroups: true,
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC, Credential: &syscall.Credential{}}
	runs(t, cmd, name)
	return &testPod{Name: name, PID: cmd.Process.Pid, Shell: shell, UID: uid}
}

// command is the call that makes the container.
func (c *container) command(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(called(t, dir, containerMaker), string(text))
}

// called is the test program under another name, by which it is another program.
func called(t *testing.T, dir, name string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, name)
	if err := os.Symlink(self, link); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	return link
}

// runs starts a program and waits until it says that it is ready.
func runs(t *testing.T, cmd *exec.Cmd, name string) {
	t.Helper()
	var wrong strings.Builder
	cmd.Stderr = &wrong
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	started, end, gone := make(chan error), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		runtime.LockOSThread() // it dies with the thread that starts it
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			<-end
			cmd.Process.Kill()
			cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Skipf("no namespaces here: %v", err)
	}
	stop := sync.OnceFunc(func() { close(end); <-gone })
	t.Cleanup(func() { in.Close(); stop() })
	late := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer late.Stop()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		stop()
		if strings.HasPrefix(wrong.String(), "container:") {
			t.Skipf("no container can be made here: %s", wrong.String())
		}
		t.Fatalf("%s says %q, %v: %s", name, line, err, wrong.String())
	}
}

// compiledPod are the classes of the pods' JVM.
func compiledPod(t *testing.T, jdk live.JDK) string {
	t.Helper()
	source := filepath.Join(t.TempDir(), "Pod.java")
	if err := os.WriteFile(source, []byte(podSource), 0o600); err != nil {
		t.Fatal(err)
	}
	return livetest.Compile(t, jdk, source)
}

// files are all of the pod's own, with owner and mode; what the JVM itself makes to be attached to is not casefile's.
func (p *testPod) files(t *testing.T) []string {
	t.Helper()
	root := fmt.Sprintf("/proc/%d/root", p.PID)
	var all []string
	for _, dir := range []string{"tmp", "etc", "app", ""} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			name := strings.TrimPrefix(path, root)
			if strings.HasPrefix(filepath.Base(name), ".java_pid") {
				return nil
			}
			all = append(all, fmt.Sprintf("%s %v %d", name, info.Mode(), info.Sys().(*syscall.Stat_t).Uid))
			if dir == "" && d.IsDir() && path != root+"/" {
				return fs.SkipDir // folders of this machine
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// processes are those in the pod, by pid and name.
func (p *testPod) processes(t *testing.T) (list []string) {
	t.Helper()
	own, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", p.PID))
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob("/proc/[0-9]*/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range all {
		if ns, err := os.Readlink(link); err == nil && ns == own { // else it has ended
			dir := filepath.Dir(filepath.Dir(link))
			line, _ := os.ReadFile(dir + "/cmdline")
			if len(line) > 0 { // else it has ended too
				list = append(list, filepath.Base(dir)+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
			}
		}
	}
	slices.Sort(list)
	return list
}
