package goproc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/series"
	"casefile/collectors"
)

// TestLive captures the sample service as a user would meet it.
func TestLive(t *testing.T) {
	program := build(t, busy)
	t.Run("hot", func(t *testing.T) { liveHot(t, program) })
	t.Run("mutex", func(t *testing.T) { liveMutex(t, program) })
	t.Run("leak", func(t *testing.T) { liveLeak(t, program) })
	t.Run("by address", func(t *testing.T) { liveByAddress(t, program) })
	t.Run("dies", func(t *testing.T) { liveDies(t, program) })
	t.Run("interrupted", func(t *testing.T) { liveInterrupted(t, program) })
	t.Run("stopped", func(t *testing.T) { liveStopped(t, program) })
	t.Run("other network namespace", func(t *testing.T) { liveNamespace(t, program) })
}

func liveHot(t *testing.T, program string) {
	s := start(t, program, "-problem", "hot")
	c, cpu := hotProfile(t, s)
	want := []string{"build/info.txt", "cmdline", "goroutines/001.txt", "goroutines/002.txt", "limits", "metrics/process.000.jsonl",
		"metrics/vars.001.json", "metrics/vars.002.json", "profiles/allocs.end.pb.gz", "profiles/allocs.pb.gz", "profiles/cpu.pb.gz",
		"profiles/goroutine.pb.gz", "profiles/heap.pb.gz", "profiles/threadcreate.pb.gz"}
	got := slices.DeleteFunc(c.names(s.target()), func(name string) bool { // a long capture has more of these
		return strings.HasPrefix(name, "metrics/process.") && name != "metrics/process.000.jsonl"
	})
	if !slices.Equal(got, want) {
		t.Errorf("entries %q\nwant %q", got, want)
	}
	if gaps := c.manifest.Gaps(); len(gaps) > 0 {
		t.Errorf("gaps: %+v", gaps)
	}
	// 70 % by construction; n samples tell that to within so much, and a turn of the loop
	// that was seen in part is ten samples at most.
	n := float64(samples(cpu))
	margin := 4*math.Sqrt(0.7*0.3/n) + 10/n
	if got := share(cpu, "casefile/cmd/samples/service.hash"); math.Abs(got-0.7) > margin {
		t.Errorf("service.hash has %.0f %% of the CPU in %.0f samples, want 70 give or take %.0f", 100*got, n, 100*margin)
	}
	if dump := c.read(s.target(), "goroutines/001.txt"); !bytes.Contains(dump, []byte("casefile/cmd/samples/service.hot(")) {
		t.Errorf("dump without main.hot: %.200s", dump)
	}
	if info := c.read(s.target(), "build/info.txt"); !bytes.Contains(info, []byte("path\t"+busy)) {
		t.Errorf("build info %.200s", info)
	}
	if args := string(c.read(s.target(), "cmdline")); args != program+"\n-problem\nhot\n" {
		t.Errorf("command line %q", args)
	}
	c.wantLine("mutex-profile", bundle.Absent, "SetMutexProfileFraction")
	c.wantLine("block-profile", bundle.Absent, "SetBlockProfileRate")
	figures, err := series.Read(bytes.NewReader(c.read(s.target(), "metrics/process.000.jsonl")))
	if err != nil {
		t.Fatal(err)
	}
	if used, over, ok := figures.Delta("cpu_user_seconds"); !ok || used <= 0 || used > 2*over.Seconds()+1 {
		t.Errorf("CPU %g s over %v, %v", used, over, ok)
	}
	for _, name := range []string{"threads", "rss_bytes", "fds", "fd_limit"} {
		if v, ok := figures.Last(name); !ok || v <= 0 {
			t.Errorf("%s is %g, %v", name, v, ok)
		}
	}
}

// hotProfile captures for longer and longer until the CPU profile tells something: a
// process that shares its machine gets fewer samples a second.
func hotProfile(t *testing.T, s *service) (*captured, *profile.Profile) {
	p := steady()
	p.PIDs = []int{s.pid()}
	for ; ; p.Duration *= 3 {
		c := capturePlan(t.Context(), t, p, patient(), nil)
		cpu := c.profile(s.target(), "profiles/cpu.pb.gz")
		if samples(cpu) >= 150 || p.Duration > plan.Duration(time.Minute) {
			return c, cpu
		}
	}
}

// samples is how often a CPU profile was sampled.
func samples(p *profile.Profile) (n int64) {
	for _, s := range p.Sample {
		n += s.Value[0]
	}
	return n
}

func liveMutex(t *testing.T, program string) {
	s := start(t, program, "-problem", "mutex")
	p := short()
	p.PIDs = []int{s.pid()}
	c := capturePlan(t.Context(), t, p, patient(), nil)
	c.wantLine("mutex-profile", bundle.OK, "")
	c.wantLine("block-profile", bundle.OK, "")
	if got := share(c.profile(s.target(), "profiles/mutex.end.pb.gz"), "casefile/cmd/samples/service.(*ledger).book"); got < 0.9 {
		t.Errorf("service.(*ledger).book has %.0f %% of the contention", 100*got)
	}
}

func liveLeak(t *testing.T, program string) {
	s := start(t, program, "-problem", "leak")
	p := steady()
	p.PIDs = []int{s.pid()}
	c := capturePlan(t.Context(), t, p, patient(), nil)
	first := bytes.Count(c.read(s.target(), "goroutines/001.txt"), []byte("\ncasefile/cmd/samples/service.forget("))
	last := bytes.Count(c.read(s.target(), "goroutines/002.txt"), []byte("\ncasefile/cmd/samples/service.forget("))
	if last <= first {
		t.Errorf("leaked goroutines went from %d to %d", first, last)
	}
}

// An address and the process behind it are one target, with the evidence of both.
func liveByAddress(t *testing.T, program string) {
	s := start(t, program)
	p := short()
	p.Apps, p.GoURLs = []string{filepath.Base(program)}, []string{s.url, s.url + "/debug/pprof/"}
	c := capturePlan(t.Context(), t, p, patient(), nil)
	if len(c.jobs) != 1 || c.jobs[0].Target != s.target() {
		t.Fatalf("jobs %+v, want one of %s", c.jobs, s.target())
	}
	c.wantLine("cpu-profile", bundle.OK, "")
	c.wantLine("build-info", bundle.OK, "")
}

func liveDies(t *testing.T, program string) {
	s := start(t, program)
	p := short()
	p.Duration, p.DumpInterval, p.PIDs = plan.Duration(4*time.Second), plan.Duration(2*time.Second), []int{s.pid()}
	c := capturePlan(t.Context(), t, p, patient(), afterRound(1, func() { s.awaitProfiling(t); s.kill() }))
	c.wantLine("goroutine-dumps", bundle.Partial, "nothing listens")
	c.wantLine("cpu-profile", bundle.Failed, "ended the connection in the middle")
	c.wantLine("process-figures", bundle.Partial, "the process ended during the capture")
	if fix := c.line("cpu-profile").Fix; !strings.Contains(fix, "log") {
		t.Errorf("fix %q", fix)
	}
	if !slices.Contains(c.names(s.target()), "goroutines/001.txt") {
		t.Errorf("only %q is left", c.names(s.target()))
	}
}

// awaitProfiling returns when the service is at work on a CPU profile.
func (s *service) awaitProfiling(t *testing.T) {
	for until := time.Now().Add(time.Minute); ; {
		if time.Now().After(until) {
			t.Error("no CPU profile is taken")
			return
		}
		resp, err := http.Get(s.url + "/debug/pprof/goroutine?debug=2")
		if err != nil {
			t.Error(err)
			return
		}
		stacks, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Error(err)
			return
		}
		if bytes.Contains(stacks, []byte("net/http/pprof.Profile(")) {
			return
		}
	}
}

// afterRound runs act once, when round n of the dumps is done.
func afterRound(n int, act func()) func(collectors.Event) {
	var done atomic.Bool
	return func(e collectors.Event) {
		if e.Stage == "goroutines" && e.Done == n && done.CompareAndSwap(false, true) {
			act()
		}
	}
}

// The CPU profile of an interrupted capture is what was sampled up to then; the plan is
// for an hour.
func liveInterrupted(t *testing.T, program string) {
	s := start(t, program, "-problem", "hot")
	p := short()
	p.Duration, p.DumpInterval, p.Dumps, p.PIDs = plan.Duration(time.Hour), plan.Duration(2*time.Second), 5, []int{s.pid()}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := capturePlan(ctx, t, p, patient(), afterRound(2, func() { s.awaitProfiling(t); cancel() }))
	c.wantLine("cpu-profile", bundle.OK, "")
	if got := share(c.profile(s.target(), "profiles/cpu.pb.gz"), "casefile/cmd/samples/service.hot"); got < 0.5 {
		t.Errorf("casefile/cmd/samples/service.hot is on %.0f %% of the stacks", 100*got)
	}
	c.wantLine("goroutine-dumps", bundle.Partial, "the capture was ended")
	c.wantLine("mutex-profile", bundle.Absent, "SetMutexProfileFraction")
}

// A process that is stopped does not answer: what /proc tells is kept, and the
// end comes in time.
func liveStopped(t *testing.T, program string) {
	s := start(t, program)
	if err := syscall.Kill(s.pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p := short()
	p.PIDs = []int{s.pid()}
	c := capturePlan(t.Context(), t, p, defaultLimits(), nil)
	c.wantLine("pprof", bundle.Skipped, "did not answer within")
	if want := []string{"build/info.txt", "cmdline", "limits", "metrics/process.000.jsonl"}; !slices.Equal(c.names(s.target()), want) {
		t.Errorf("entries %q, want %q", c.names(s.target()), want)
	}
	named := short()
	named.PIDs, named.GoURLs = []int{s.pid()}, []string{s.url}
	c = capturePlan(t.Context(), t, named, defaultLimits(), nil)
	c.wantLine("pprof", bundle.Failed, "no answer within")
	c.wantLine("process-figures", bundle.OK, "")
}

// A container's service is reached inside its own network namespace, and all threads are
// back in theirs afterwards.
func liveNamespace(t *testing.T, program string) {
	unshare, err := exec.LookPath("unshare")
	_, noIP := exec.LookPath("ip")
	if err != nil || noIP != nil || os.Getuid() != 0 || exec.Command(unshare, "--net", "true").Run() != nil {
		t.Skip("needs root, unshare and ip")
	}
	// exec keeps the pid: unshare, sh and the service are one process.
	s := start(t, unshare, "--net", "sh", "-c", `ip link set lo up && exec "$0" -problem hot`, program)
	p := short()
	p.PIDs = []int{s.pid()}
	c := capturePlan(t.Context(), t, p, patient(), nil)
	target := strconv.Itoa(s.pid()) + "-" + filepath.Base(program)
	if !slices.Contains(c.names(target), "profiles/cpu.pb.gz") {
		t.Errorf("entries %q, ledger %+v", c.names(target), c.manifest.Coverage)
	}
	home := strings.Join(namespaces(t), "")
	for range 200 { // so that the main thread goes too, in one of them
		conn, err := dialIn(fmt.Sprintf("/proc/%d/ns/net", s.pid()))(t.Context(), "tcp", "127.0.0.1:1")
		if err == nil {
			conn.Close()
			t.Fatal("somebody listens there")
		}
	}
	for _, n := range namespaces(t) {
		if n != home {
			t.Errorf("a thread is left in %s, ours is %s", n, home)
		}
	}
}

// namespaces are the network namespaces that threads of this process are in.
func namespaces(t *testing.T) (list []string) {
	links, err := filepath.Glob("/proc/self/task/*/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		if n, err := os.Readlink(l); err == nil { // else the thread has ended
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func TestFoundWithoutBeingNamed(t *testing.T) {
	program := build(t, busy, "-ldflags=-s -w") // found without symbols too
	s := start(t, program)
	p := short()
	p.Apps = []string{filepath.Base(program)}
	c := capturePlan(t.Context(), t, p, patient(), nil)
	if len(c.jobs) != 1 || c.jobs[0].Target != s.target() {
		t.Fatalf("jobs %+v, want one of %s", c.jobs, s.target())
	}
	if !regexp.MustCompile(`^sample\d+, casefile( v\S+)?, Go 1\.\S+, pid \d+$`).MatchString(c.jobs[0].Title) {
		t.Errorf("title %q", c.jobs[0].Title)
	}
	c.wantLine("heap-profile", bundle.OK, "")
}

// A Go program without pprof is told of only when it was chosen by its pid.
func TestProcessWithoutPprof(t *testing.T) {
	source := filepath.Join(t.TempDir(), "plain.go")
	const text = `package main

import ("fmt"; "net/http"; "net/http/httptest")

func main() {
	fmt.Println("ready", httptest.NewServer(http.NotFoundHandler()).URL)
	select {}
}
`
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, build(t, source))
	p := short()
	p.PIDs = []int{s.pid()}
	c := capturePlan(t.Context(), t, p, patient(), nil)
	c.wantLine("pprof", bundle.Skipped, "net/http/pprof is not served there")
	if !strings.Contains(c.line("pprof").Fix, `import _ "net/http/pprof"`) {
		t.Errorf("fix %q", c.line("pprof").Fix)
	}
	c.wantLine("build-info", bundle.OK, "")

	p.PIDs, p.Apps = nil, []string{filepath.Base(s.cmd.Path)}
	if c = capturePlan(t.Context(), t, p, patient(), nil); len(c.jobs) != 0 {
		t.Errorf("jobs %+v for a program without pprof that nobody named", c.jobs)
	}
}

func TestChosenPIDThatIsNotGo(t *testing.T) {
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	p := short()
	p.PIDs = []int{cmd.Process.Pid, os.Getpid(), 1 << 30} // not Go, casefile itself, nobody
	if c := capturePlan(t.Context(), t, p, patient(), nil); len(c.jobs) != 0 || len(c.manifest.Coverage) != 0 {
		t.Errorf("jobs %+v, ledger %+v", c.jobs, c.manifest.Coverage)
	}
}

func TestBinaries(t *testing.T) {
	tests := []struct {
		name, what string
		flags      []string
		pprof      bool
	}{
		{"plain", busy, nil, true},
		{"position independent", busy, []string{"-buildmode=pie"}, true},
		{"position independent, external linker", busy, []string{"-buildmode=pie", "-ldflags=-linkmode=external -s -w"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Contains(tt.name, "external") {
				if _, err := exec.LookPath("gcc"); err != nil {
					t.Skip("needs a C linker")
				}
				t.Setenv("CGO_ENABLED", "1")
			}
			f, err := os.Open(build(t, tt.what, tt.flags...))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if b := inspectExecutable(t.Context(), f); b == nil || b.pprof != tt.pprof || b.info.Path != tt.what {
				t.Errorf("got %+v", b)
			}
		})
	}
	if b := inspectExecutable(t.Context(), strings.NewReader("#!/bin/sh\n")); b != nil {
		t.Errorf("a script is %+v", b)
	}
}
