package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"casefile/bundle"
	"casefile/bundle/redact"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

func TestMain(m *testing.M) {
	others := map[string]func(){containerMaker: makeContainer, kubectlName: serveKubectl, pluginName: main, oldKernel: runOnOldKernel} // scripts do not have them on the PATH
	if do := others[filepath.Base(os.Args[0])]; do != nil {
		do()
		return
	}
	if relayed(os.Args) {
		return
	}
	testscript.Main(m, map[string]func(){"casefile": main, hostileMaker: makeHostile, canaryService: serveCanaries})
}

// TestScripts runs one script a verb.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			// samples are compiled once, below the real cache; configuration files of this machine do not count
			cache, err := os.UserCacheDir()
			if err != nil {
				return err
			}
			env.Setenv("XDG_CACHE_HOME", cache)
			env.Setenv("HOME", env.WorkDir)
			env.Defer(func() {
				if err := causesTold(context.Background(), env.WorkDir); err != nil {
					env.T().Fatal(err)
				}
			})
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "jdk":
				return len(live.JDKs(context.Background())) > 0, nil
			case "root":
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sample":   startSample,
			"service":  sampleService,
			"exits":    exitsWith,
			"field":    checkField,
			"cut":      cutFile,
			"signal":   sendSignal,
			"sealkeys": sealKeys,
			"change":   changeFile,
		},
	})
}

// startSample starts a sample JVM of the newest JDK; its pid is $NAME, or $PID.
func startSample(ts *testscript.TestScript, _ bool, args []string) {
	jdks := live.JDKs(context.Background())
	p, err := live.Start(context.Background(), jdks[len(jdks)-1], args[0], live.Options{JVM: args[1:]})
	ts.Check(err)
	ts.Defer(p.Stop)
	ts.Setenv("PID", strconv.Itoa(p.PID))
	ts.Setenv(strings.ToUpper(strings.ReplaceAll(args[0], "-", "_")), strconv.Itoa(p.PID))
}

// sampleService starts the sample Go service with these arguments; its pid is $SERVICE.
func sampleService(ts *testscript.TestScript, _ bool, args []string) {
	program := ts.MkAbs("busy")
	ts.Check(exec.Command("go", "build", "-o", program, "casefile/cmd/samples/busy").Run())
	cmd := exec.Command(program, args...)
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	_, err = bufio.NewReader(out).ReadString('\n') // it serves
	ts.Check(err)
	ts.Setenv("SERVICE", strconv.Itoa(cmd.Process.Pid))
}

// exitsWith runs a command and checks its exit code: exits 3 casefile ...
func exitsWith(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d\n%s%s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// checkField compares a value of a JSON file: field out.json findings.0.id deadlock.
// "*" asks only that it is there.
func checkField(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	for key := range strings.SplitSeq(args[1], ".") {
		switch c := v.(type) {
		case map[string]any:
			v = c[key]
		case []any:
			i, err := strconv.Atoi(key)
			ts.Check(err)
			if i >= len(c) {
				ts.Fatalf("%s: %d elements, no %s", args[1], len(c), key)
			}
			v = c[i]
		default:
			v = nil
		}
	}
	same := v != nil && (args[2] == "*" || fmt.Sprint(v) == args[2])
	if same == neg {
		ts.Fatalf("%s is %v", args[1], v)
	}
}

// cutFile shortens a file to so many percent.
func cutFile(ts *testscript.TestScript, _ bool, args []string) {
	percent, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	st, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), st.Size()*percent/100))
}

func sendSignal(ts *testscript.TestScript, _ bool, args []string) {
	pid, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(syscall.Kill(pid, map[string]syscall.Signal{"STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT}[args[0]]))
}

// Whenever casefile is killed, the bundle it leaves verifies up to the cut, and
// the next run takes away what it left in the JVM.
func TestKilledAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("kills 20 captures")
	}
	p := livetest.Start(t, livetest.Newest(t), "threads", live.Options{})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	link := filepath.Join(dir, "casefile") // the test binary is casefile under this name
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	complete := 0
	for i := range 20 {
		out := filepath.Join(dir, fmt.Sprintf("%d.tar.zst", i))
		killAfter(t, exec.Command(link, "collect", "--pid", strconv.Itoa(p.PID), "--duration", "800ms", "--dumps", "3", "--dump-interval", "200ms",
			"--sample-every", "100ms", "--out", out, "--output", "jsonl"), out)
		if _, err := os.Stat(out); os.IsNotExist(err) {
			continue // killed before there was a bundle
		}
		rep, err := bundle.Verify(t.Context(), out, redact.NewSecrets())
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if len(rep.Damaged) > 0 || rep.Entries == 0 {
			t.Errorf("%s: %d entries, damaged %v", out, rep.Entries, rep.Damaged)
		}
		if rep.Reader.Cut == nil {
			complete++
		}
	}
	t.Logf("%d of 20 were whole when they were killed", complete)
	if err := exec.Command(link, "collect", "--pid", strconv.Itoa(p.PID), "--duration", "2s", "--dumps", "1", "--out", filepath.Join(dir, "last.tar.zst")).Run(); err != nil {
		t.Errorf("the JVM cannot be captured afterwards: %v", err)
	}
	if left, _ := filepath.Glob(fmt.Sprintf("/tmp/casefile-gc-*-%d*", p.PID)); len(left) > 0 {
		t.Errorf("left in the JVM's /tmp: %v", left)
	}
}

// killAfter kills a capture after a random number of its progress lines or once
// its bundle has grown by a random amount.
func killAfter(t *testing.T, cmd *exec.Cmd, out string) {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, size := rand.IntN(6), rand.Int64N(120_000)
	sc := bufio.NewScanner(stdout)
	sc.Buffer(nil, 16<<20)
	for n := 0; n < lines && sc.Scan(); n++ {
	}
	for alive := true; alive; {
		st, err := os.Stat(out)
		alive = cmd.Process.Signal(syscall.Signal(0)) == nil && !zombie(cmd.Process.Pid)
		if err == nil && st.Size() >= size {
			break
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
}

func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(b), ") Z ")
}

// A full disk: the run ends with a clear message, what was written verifies.
func TestDiskFull(t *testing.T) {
	p := livetest.Start(t, livetest.Newest(t), "threads", live.Options{})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	link := filepath.Join(dir, "casefile")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	small := filepath.Join(dir, "small")
	if err := os.Mkdir(small, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("casefile-test", small, "tmpfs", 0, "size=700k"); err != nil {
		t.Skipf("mounting a small tmpfs needs root: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(small, 0) })
	out := filepath.Join(small, "x.tar.zst")
	said, err := exec.Command(link, "collect", "--pid", strconv.Itoa(p.PID), "--duration", "2s", "--dumps", "8", "--dump-interval", "200ms", "--out", out).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitGaps && exit.ExitCode() != exitFailed {
		t.Fatalf("%v: %s", err, said)
	}
	if !strings.Contains(string(said), "space") {
		t.Errorf("nothing is said about space: %s", said)
	}
	rep, err := bundle.Verify(t.Context(), out, redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Damaged) > 0 || rep.Entries < 5 {
		t.Errorf("%d entries, damaged %v", rep.Entries, rep.Damaged)
	}
}

// Ctrl-C finishes what is there: the bundle is whole, the exit code says why.
func TestInterrupted(t *testing.T) {
	p := livetest.Start(t, livetest.Newest(t), "threads", live.Options{})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	link, out := filepath.Join(dir, "casefile"), filepath.Join(dir, "x.tar.zst")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(link, "collect", "--pid", strconv.Itoa(p.PID), "--duration", "10m", "--dumps", "3", "--dump-interval", "1m", "--out", out, "--output", "jsonl")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sc := bufio.NewScanner(stdout)
	sc.Buffer(nil, 16<<20)
	last := ""
	for sc.Scan() {
		last = sc.Text()
		if strings.Contains(last, `"stage":"dumps"`) {
			cmd.Process.Signal(syscall.SIGINT)
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Errorf("%v, want exit code %d", err, exitInterrupted)
	}
	if !strings.Contains(last, `"type":"result"`) || !strings.Contains(last, `"interrupted":`) {
		t.Errorf("last line: %.300s", last)
	}
	rep, err := bundle.Verify(t.Context(), out, redact.NewSecrets())
	if err != nil || rep.Reader.Cut != nil || len(rep.Damaged) > 0 {
		t.Errorf("%+v, %v", rep, err)
	}
}
