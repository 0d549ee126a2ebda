package live_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

// A stopped JVM reads no signal but two; Stop has to end it all the same.
func TestStopEndsStoppedProcess(t *testing.T) {
	p := livetest.Start(t, livetest.Newest(t), "threads", live.Options{Args: []string{"5"}})
	if err := syscall.Kill(p.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	mustBeGone(t, p)
}

// A JRE has no compiler: its samples are compiled by a JDK.
func TestRunsOnJRE(t *testing.T) {
	jdk := livetest.Newest(t)
	jre := live.JDK{Home: t.TempDir(), Version: jdk.Version, Major: jdk.Major}
	// java finds its libraries from the place that the link leads to.
	err := errors.Join(os.Mkdir(filepath.Join(jre.Home, "bin"), 0o755),
		os.Symlink(filepath.Join(jdk.Home, "bin", "java"), filepath.Join(jre.Home, "bin", "java")))
	if err != nil {
		t.Fatal(err)
	}
	livetest.Start(t, jre, "threads", live.Options{Args: []string{"1"}, Cache: t.TempDir()})
}

func TestRunsAsNobody(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		p := livetest.Start(t, jdk, "threads", live.Options{Args: []string{"5"}, User: live.Nobody(), Env: []string{"SHOP=open"}})
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Uid:\t65534\t65534", "Gid:\t65534\t65534"} {
			if !strings.Contains(string(status), want) {
				t.Errorf("no %q in its status", want)
			}
		}
		env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID))
		if err != nil || !strings.Contains(string(env), "SHOP=open\x00") {
			t.Errorf("environment not passed on: %v", err)
		}
		p.Stop()
		mustBeGone(t, p)
	})
}

// childRole makes the test its own child, and names the folder to work in.
const childRole = "CASEFILE_LIVE_TEST_CHILD"

// Who is killed cannot stop anything: its samples have to end by themselves.
func TestNothingIsLeftWhenKilled(t *testing.T) {
	if os.Getenv(childRole) != "" {
		p := livetest.Start(t, livetest.Newest(t), "threads", live.Options{Args: []string{"5"}, Dir: os.Getenv(childRole)})
		fmt.Printf("pid %d\n", p.PID)
		<-p.Gone() // until this process is killed
		return
	}
	livetest.Newest(t)
	self := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	self.Env = append(os.Environ(), childRole+"="+t.TempDir())
	out, err := self.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	_, scanErr := fmt.Fscanf(out, "pid %d\n", &pid)
	watch, openErr := unix.PidfdOpen(pid, 0)
	killErr := self.Process.Kill()
	_ = self.Wait() // it was killed: that is its error
	if err := errors.Join(scanErr, openErr, killErr); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(watch)
	// A pidfd becomes readable when its process ends.
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(watch), Events: unix.POLLIN}}, 180_000)
	if n != 1 || err != nil {
		t.Errorf("sample %d outlived the one that started it: %d, %v", pid, n, err)
	}
}
