package jvm_test

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"casefile/bundle/format/hsperf"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/tasks"
	"casefile/bundle/format/waits"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
	"casefile/collectors/jvm"
)

// boxed is what runs in the container: it says its pid there, has one thread to be
// recognised by, and collects once so that its GC log has a line.
const boxed = `public class Boxed {
	public static void main(String[] args) throws Exception {
		Thread t = new Thread(() -> { try { Thread.sleep(Long.MAX_VALUE); } catch (InterruptedException e) { } }, "in-the-box");
		t.start();
		System.gc();
		System.out.println("ready " + ProcessHandle.current().pid());
		System.in.read();
	}
}
`

// enter makes a root folder of its own for what it executes: the host's programs, but
// another /tmp, /etc, /var and /proc. All mounts end with the mount namespace.
const enter = `
root=$1; shift
mount --make-rprivate /
mount -t tmpfs -o mode=755 none "$root"
mkdir -p "$root/tmp" "$root/etc" "$root/var/log/app" "$root/app" "$root/proc" "$root/dev"
chmod 1777 "$root/tmp" "$root/var/log/app"
for dir in /bin /sbin /lib /lib64 /usr /opt /dev /etc/java* /etc/ssl; do
	test -d "$dir" || continue
	mkdir -p "$root$dir"
	mount --rbind "$dir" "$root$dir"
done
cp /etc/passwd /etc/group "$root/etc/"
test ! -e /etc/ld.so.cache || cp /etc/ld.so.cache "$root/etc/"
cp *.class "$root/app/"
hostname web-7f9c
echo web-7f9c > "$root/etc/hostname"
mount -t proc proc "$root/proc"
exec chroot "$@"
`

// box is a JVM in namespaces of its own, as a container's is: the first process
// there, with a /tmp of its own. It ends with the test. user is whom it runs as there;
// shift, where it is not 0, is what a user namespace adds to the ids there.
func box(t *testing.T, jdk live.JDK, classes string, user uint32, shift int) (pid int) {
	t.Helper()
	dir, err := os.MkdirTemp("", "casefile-box") // the test's own is not open to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	root := filepath.Join(dir, "root")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(root, 0o755), os.CopyFS(filepath.Join(dir, "classes"), os.DirFS(classes))); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-euc", enter, "sh", root, fmt.Sprintf("--userspec=%d:%d", user, user), root,
		filepath.Join(jdk.Home, "bin", "java"), "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xlog:gc*:file=/var/log/app/gc-%p.log", "-cp", "/app", "Boxed")
	cmd.Dir = filepath.Join(dir, "classes")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC, Pdeathsig: syscall.SIGKILL}
	if shift != 0 {
		ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: shift, Size: 65536}}
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings, cmd.SysProcAttr.GidMappings, cmd.SysProcAttr.GidMappingsEnableSetgroups = ids, ids, true
		cmd.SysProcAttr.Credential = &syscall.Credential{}
	}
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
	started, end, ended := make(chan error), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
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
		<-ended
		t.Skipf("no namespaces here: %v", err)
	}
	stop := sync.OnceFunc(func() { close(end); <-ended })
	t.Cleanup(func() { in.Close(); stop() })
	late := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer late.Stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		if text := wrong.String(); strings.Contains(text, "mount: ") || strings.Contains(text, "hostname: ") || strings.Contains(text, "chroot: ") {
			t.Skipf("no container can be made here: %s", text)
		}
		t.Fatalf("the JVM in the container ended: %v: %s", err, wrong.String())
	}
	if line != "ready 1\n" {
		t.Fatalf("the JVM in the container says %q", line)
	}
	return cmd.Process.Pid
}

// A container is captured from the host, through its root folder and by its own pid.
func TestCaptureOfContainer(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("namespaces need root")
	}
	jdk := livetest.Newest(t)
	source := filepath.Join(t.TempDir(), "Boxed.java")
	if err := os.WriteFile(source, []byte(boxed), 0o600); err != nil {
		t.Fatal(err)
	}
	classes := livetest.Compile(t, jdk, source)
	const nobody, shifted = 65534, 200000
	for _, c := range []struct {
		name  string
		user  uint32
		shift int
		uid   int // on the host
	}{
		{"another user", nobody, 0, nobody},
		{"another user of a user namespace", 1000, shifted, shifted + 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			pid := box(t, jdk, classes, c.user, c.shift)
			j, err := jvm.Inspect("/proc", pid)
			if err != nil {
				t.Fatal(err)
			}
			if j.PID != pid || j.NSPID != 1 || j.UID != c.uid || !strings.Contains(j.Title(), "in container web-7f9c, pid 1 there") {
				t.Errorf("%s: pid %d, in there %d, user %d, want %d", j.Title(), j.PID, j.NSPID, j.UID, c.uid)
			}
			p := capturePlan(pid)
			if c.shift != 0 {
				p.Profiles = &plan.Profiles{} // which needs a folder of ours in there
			}
			got := complete(t, p, "gc-log") // switching one on is given up after 2 s; this JVM has its own
			for k := 1; k <= 3; k++ {
				if dump := got.content[fmt.Sprintf("threads/dump-%02d.txt", k)]; !strings.Contains(dump, `"in-the-box"`) || !strings.Contains(dump, "JNI global refs") {
					t.Errorf("dump %d is not a whole one: %.200q", k, dump)
				}
			}
			// The numbers of threads are those of the dump: the container's.
			cpu, err := tasks.Read(strings.NewReader(got.content["threads/dump-01-cpu.tsv"]))
			if err != nil || cpu.PID != pid || !slices.ContainsFunc(cpu.Tasks, func(k tasks.Task) bool {
				dump := got.content["threads/dump-01.txt"]
				return k.Comm == "in-the-box" && k.NID < k.TID && (strings.Contains(dump, fmt.Sprintf("nid=%d ", k.NID)) || strings.Contains(dump, fmt.Sprintf("nid=0x%x ", k.NID)))
			}) {
				t.Errorf("CPU of threads: %+v, %v", cpu, err)
			}
			table, err := waits.Read(strings.NewReader(got.content["threads/dump-01-waits.tsv"]))
			if err != nil || table.PID != pid || len(table.Waits) == 0 || slices.ContainsFunc(table.Waits, func(w waits.Wait) bool { return w.NID >= w.TID }) {
				t.Errorf("calls of threads: %+v, %v", table, err)
			}
			perf, err := hsperf.Parse([]byte(got.content["hsperf/first.hsperfdata"]))
			if err != nil {
				t.Errorf("counters: %v", err)
			} else if command, _ := perf.Str("sun.rt.javaCommand"); command != "Boxed" {
				t.Errorf("counters of %q", command)
			}
			if !strings.Contains(got.content["vm/flags.txt"], "UseSerialGC") {
				t.Errorf("flags: %.200q", got.content["vm/flags.txt"])
			}
			if p.Profiles != nil && got.content["jfr/recording.jfr"] == "" {
				t.Errorf("no recording: %+v", slices.Sorted(maps.Keys(got.paths)))
			}
			logs := 0
			for name, e := range got.paths {
				if strings.HasPrefix(name, "gc/") && strings.HasPrefix(e.Source, "/var/log/app/gc-") && strings.Contains(got.content[name], "System.gc()") {
					logs++
				}
			}
			if logs != 1 {
				t.Errorf("%d GC logs of the container, want 1: %+v", logs, slices.Sorted(maps.Keys(got.paths)))
			}
			if box := got.content["process/container"]; !strings.Contains(box, "name: web-7f9c\n") || !strings.Contains(box, "pid: 1\n") {
				t.Errorf("the container: %q", box)
			}
			if left, _ := filepath.Glob(fmt.Sprintf("/proc/%d/root/tmp/*casefile*", pid)); len(left) > 0 {
				t.Errorf("left in the container: %v", left)
			}
		})
	}
}
