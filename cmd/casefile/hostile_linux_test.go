package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"casefile/analyze/ids"
	"casefile/bundle"
	"casefile/cmd/samples/live/livetest"
	"casefile/testdata/hostile"
)

// Inputs are made by a process of their own: what this one uses would count as the peak of those it starts.
const hostileMaker = "casefile-hostile"

// makeHostile makes one input: NAME PATH SIZE.
func makeHostile() {
	for _, in := range hostile.All() {
		if in.Name != os.Args[1] {
			continue
		}
		size, err := strconv.ParseFloat(os.Args[3], 64)
		if err == nil {
			err = in.Make(os.Args[2], size)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	fmt.Fprintln(os.Stderr, "no such input")
	os.Exit(1)
}

const (
	maxHostileRSS  = 300 << 20
	hostileHangs   = 4 * time.Minute // is taken for a hang
	signalHangs    = 5 * time.Second // the same after a signal; one second is what is promised
	quickHostile   = 0.03            // of the worst size
	maxSaid        = 8 << 20         // bytes of a result
	hostileEnv     = "CASEFILE_TEST_HOSTILE"
	hostileEnvHelp = "=full runs the worst sizes, =full:NAME one of them"
)

// ran is how a process that read an input ended.
type ran struct {
	code     int
	took     time.Duration
	rss      int64
	out, err []byte
}

// runHostile runs the verb over an input; kill, if given, is when it gets SIGTERM, and took is the time from then on.
func runHostile(t *testing.T, kill time.Duration, args ...string) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hostileHangs)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Args = append([]string{"casefile"}, args...)
	cmd.Env = append(os.Environ(), "CASEFILE_CONFIG=/dev/null")
	var files [2]*os.File // what they hold is not in this process's memory
	for i := range files {
		if files[i], err = os.Create(filepath.Join(t.TempDir(), "said")); err != nil {
			t.Fatal(err)
		}
		defer files[i].Close()
	}
	cmd.Stdout, cmd.Stderr = files[0], files[1]
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if kill > 0 {
		select {
		case err = <-ended:
			ended <- err
		case <-time.After(kill):
			began = time.Now()
			_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		}
	}
	err = <-ended
	if ctx.Err() != nil {
		t.Fatalf("%v: it hangs", args)
	}
	var code *exec.ExitError
	if err != nil && !errors.As(err, &code) {
		t.Fatal(err)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	took := time.Since(began)
	var said [2][]byte
	for i, f := range files {
		said[i] = make([]byte, maxSaid)
		n, _ := f.ReadAt(said[i], 0) // io.EOF
		if said[i] = said[i][:n]; n == maxSaid {
			t.Errorf("it says more than %d MB", maxSaid>>20)
		}
	}
	return ran{cmd.ProcessState.ExitCode(), took, usage.Maxrss << 10, said[0], said[1]}
}

// Every hostile input is read within the budget of memory, to an end that tells what was lost, and a signal ends that at any moment.
func TestHostileInputs(t *testing.T) {
	asked, only, _ := strings.Cut(os.Getenv(hostileEnv), ":")
	size := quickHostile
	if asked == "full" {
		size = 1
	} else if testing.Short() {
		t.Skip("short; " + hostileEnv + hostileEnvHelp)
	}
	all := hostile.All()
	if len(all) < 60 {
		t.Errorf("%d inputs", len(all))
	}
	for _, in := range all {
		if only != "" && in.Name != only {
			continue
		}
		t.Run(in.Name, func(t *testing.T) { testHostile(t, in, size) })
	}
}

func testHostile(t *testing.T, in hostile.Input, size float64) {
	path := filepath.Join(t.TempDir(), filepath.FromSlash(in.Name))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	maker := exec.CommandContext(t.Context(), self)
	maker.Args = []string{hostileMaker, in.Name, path, fmt.Sprint(size)}
	if said, err := maker.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	args := []string{"analyze", "--output", "json", path}
	if size < 1 {
		args = append(args, "--max-unpacked", "12MB", "--max-entries", "3000")
	}
	r := runHostile(t, 0, args...)
	said := told(t, r)
	t.Logf("%-24s %7.2f s %4d MB  exit %d  %s", in.Name, r.took.Seconds(), r.rss>>20, r.code, said)
	if r.rss > maxHostileRSS {
		t.Errorf("%d MB of memory", r.rss>>20)
	}
	if !slices.Contains([]int{0, exitFailed}, r.code) || bytes.Contains(r.err, []byte("panic")) || bytes.Contains(r.err, []byte("fatal error")) {
		t.Errorf("exit %d: %s", r.code, r.err[:min(len(r.err), 2000)])
	}
	if in.Tells != "" && !strings.Contains(said, in.Tells) {
		t.Errorf("says nothing of %q", in.Tells)
	}
	if bytes.Contains(r.err, []byte(hostile.Escape)) || bytes.Contains(r.out, []byte("\x1b")) {
		t.Error("an escape sequence reaches the terminal")
	}
	if strings.HasPrefix(in.Name, "escapes") {
		showsHarmless(t, path)
	}
	killed := runHostile(t, time.Duration(rand.Int64N(int64(r.took)+1))+1, args...)
	t.Logf("%-24s after SIGTERM: %d ms, exit %d", in.Name, killed.took.Milliseconds(), killed.code)
	if killed.took > signalHangs {
		t.Errorf("SIGTERM: ended after %v", killed.took)
	}
}

// showsHarmless holds that texts of an input act neither on a terminal nor in a page.
func showsHarmless(t *testing.T, path string) {
	page := filepath.Join(t.TempDir(), "page.html")
	for _, args := range [][]string{{"analyze", "-v", "--html", page, path}, {"show", path}, {"show", path, "deadlock"}, {"verify", path}} {
		r := runHostile(t, 0, args...)
		if bytes.ContainsAny(append(r.out, r.err...), "\x1b\x07") {
			t.Errorf("%v: an escape sequence reaches the terminal", args[0])
		}
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(html, []byte(hostile.Script)) || bytes.Contains(html, []byte("<script>alert")) || bytes.Contains(html, []byte("onerror=alert(1)>")) {
		t.Error("a text is markup of the page")
	}
}

// A signal ends what waits for ever: a pipe that nobody writes, one that nobody closes, input without end.
func TestSignalEndsWaiting(t *testing.T) {
	silent := filepath.Join(t.TempDir(), "silent.log")
	if err := unix.Mkfifo(silent, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"analyze", silent}, {"show", silent}, {"verify", silent}, {"analyze", "/dev/zero"}, {"analyze", "--max-silence", "1h", "/dev/tty"},
		{"agent", "--identity", silent},
	} {
		if args[len(args)-1] == "/dev/tty" {
			if _, err := os.Stat("/dev/tty"); err != nil {
				continue
			}
		}
		r := runHostile(t, 300*time.Millisecond, args...)
		t.Logf("%v: %d ms, exit %d: %s", args[:1], r.took.Milliseconds(), r.code, bytes.TrimSpace(r.err))
		if r.took > signalHangs {
			t.Errorf("%v: ended after %v", args, r.took)
		}
	}
}

// told is what the JSON and stderr say was not read.
func told(t *testing.T, r ran) string {
	var doc struct {
		Problems []string `json:"problems"`
		Broken   []string `json:"broken_rules"`
	}
	if len(r.out) > 0 {
		if err := json.Unmarshal(r.out, &doc); err != nil {
			t.Errorf("the JSON: %v", err)
		}
	}
	if len(doc.Broken) > 0 {
		t.Errorf("rules broke: %v", doc.Broken)
	}
	said := doc.Problems
	if len(said) == 0 {
		said = strings.Split(strings.TrimSpace(string(r.err)), "\n")[:1]
	}
	text := strings.Join(said[:min(3, len(said))], " | ")
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\n", " ")[:min(len(text), 400)], "?")
}

// A signal ends a capture at any moment; the bundle is kept, and it does not blame the JVM for what was not awaited.
func TestSignalEndsCapture(t *testing.T) {
	jdk := livetest.Newest(t)
	c := &canaries{r: rand.New(rand.NewPCG(9, 9))}
	pid := startCanaryJVM(t, jdk, c, t.TempDir())
	for _, after := range []time.Duration{400, 1500, 2600, 3700} {
		out := filepath.Join(t.TempDir(), "c.tar.zst")
		r := runHostile(t, after*time.Millisecond, "collect", "--jfr", "--duration", "3s", "--dumps", "3", "--dump-interval", "1s", "--output", "json", "--pid", strconv.Itoa(pid), "--out", out)
		t.Logf("after %d ms: %d ms, exit %d", after, r.took.Milliseconds(), r.code)
		if r.took > signalHangs {
			t.Errorf("ended after %v", r.took)
		}
		var doc struct {
			Findings []struct {
				ID string `json:"id"`
			} `json:"findings"`
		}
		if err := json.Unmarshal(r.out, &doc); err != nil && len(r.out) > 0 {
			t.Errorf("the JSON: %v", err)
		}
		for _, f := range doc.Findings {
			if f.ID == ids.UnresponsiveJVM {
				t.Error("the JVM is blamed")
			}
		}
		if _, err := bundle.Open(t.Context(), out); r.code == exitInterrupted && err != nil {
			t.Errorf("the bundle: %v", err)
		}
	}
}
