package live_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// planted says what is seen from outside when a scenario is there.
type planted struct {
	command string // of jcmd; Thread.print when empty
	// threads are counted by all of these marks in their part of the dump.
	marks    []string
	min, max int
	// text is a pattern in the whole answer.
	text string
	// not is a pattern that must not be there.
	not string
}

const (
	counters = "PerfCounter.print"
	cycle    = `Found one Java-level deadlock|Found \d+ deadlock`
)

var evidence = map[string][]planted{
	"healthy": {
		{marks: []string{`"http-nio-8080-exec-`}, min: 10, max: 10, not: cycle},
		{marks: []string{"BLOCKED"}, max: 0}},
	"hot-thread":        {{marks: []string{`"price-recompute-1"`, "RUNNABLE", "PriceEngine.recompute"}, min: 1, max: 1}},
	"stuck-thread":      {{marks: []string{`"http-nio-8080-exec-`, "RUNNABLE", "PaymentClient.authorize"}, min: 1, max: 1}},
	"slow-downstream":   {{marks: []string{`"http-nio-8080-exec-`, "RUNNABLE", "RecommendationClient.fetch"}, min: 20, max: 30, not: cycle}},
	"pool-exhausted":    {{marks: []string{`"http-nio-8090-exec-`, "ReportRenderer.render"}, min: 20, max: 20}},
	"db-pool-exhausted": {{marks: []string{`"http-nio-8080-exec-`, "HikariPool.getConnection"}, min: 18, max: 25}, {marks: []string{"QueryExecutorImpl.execute"}, min: 3, max: 5}},
	"deadlock-monitors": {{marks: []string{`"http-nio-8080-exec-`, "BLOCKED", "Account.transferTo"}, min: 2, text: cycle}},
	"deadlock-locks":    {{marks: []string{`"http-nio-8080-exec-`, "WAITING", "Warehouse.moveTo"}, min: 2, text: cycle}},
	"lock-contention": {{marks: []string{"BLOCKED", "InventoryCache.available"}, min: 28, max: 30, not: cycle},
		{marks: []string{`"cache-refresher-1"`, "InventoryCache.refresh", "- locked"}, min: 1, max: 1}},
	"logging-lock":  {{marks: []string{"BLOCKED", "java.util.logging"}, min: 17, max: 20, not: cycle}},
	"class-loading": {{marks: []string{"BLOCKED", "java.lang.ClassLoader.loadClass"}, min: 17, max: 20, not: cycle}},
	"threads": {{marks: []string{"WAITING", "CountDownLatch.await", "StandardWrapperValve.invoke"}, min: 500, max: 500},
		{marks: []string{`"http-nio-8090-exec-`}, min: 250, max: 250}},
	"thread-leak":    {{marks: []string{`"report-worker-`, "WAITING"}, min: 5, max: 2000}},
	"virtual-pinned": {{marks: []string{"Carrying virtual thread #"}, min: runtime.NumCPU(), max: runtime.NumCPU()}},
	"heap-too-small": {{command: counters, text: `sun\.gc\.collector\.1\.invocations=[1-9]`}},
	"memory-leak":    {{command: counters, text: `sun\.gc\.collector\.0\.invocations=[1-9]`}},
	"gc-overhead":    {{command: counters, text: `sun\.gc\.collector\.0\.invocations=\d{2}`}},
	"explicit-gc":    {{command: counters, text: `sun\.gc\.(lastCause|cause)="System\.gc\(\)"`}},
	"humongous":      {{command: counters, text: `sun\.gc\.(lastCause|cause)="G1 Humongous Allocation"`}},
	"finalizer":      {{marks: []string{`"Finalizer"`, "LegacyImage.finalize"}, min: 1, max: 1}},
	"metaspace":      {{command: counters, text: `sun\.gc\.(lastCause|cause)="(Metadata GC|Last ditch)`}},
	"code-cache":     {{command: "Compiler.codecache", text: `full_count=[1-9]`}},
	"bursts":         {{marks: []string{`"report-builder-1"`}, min: 1, max: 1}},
	"flood":          {{marks: []string{`"import-worker-`}, min: 4, max: 4}},
	"compress":       {{marks: []string{`"backup-writer-`}, min: 4, max: 4}},
	"short-lived":    {{command: counters, text: `sun\.gc\.collector\.1\.invocations=[1-9]`}},
	"counted-loop":   {{command: "VM.flags", text: `-XX:-UseCountedLoopSafepoints`}},
	"fd-leak":        {{command: "VM.version", text: `JDK \d`}},
	"profiled":       {{marks: []string{`"pricing-1"`, "RUNNABLE", "Profiled.compute"}, min: 1, max: 1}},
	"cluster-node":   {{marks: []string{`"backend-answers"`}, min: 1, max: 1}, {marks: []string{`"http-nio-8080-exec-`}, min: 12, max: 12}},
	"secrets": {{text: regexp.QuoteMeta(live.Secrets()["thread name"])},
		{command: "VM.system_properties", text: regexp.QuoteMeta(live.Secrets()["run-time setting"])},
		{command: "VM.system_properties", text: regexp.QuoteMeta(live.Secrets()["system property"])}},
}

// check returns what of this evidence an answer of jcmd lacks.
func (p planted) check(answer string) error {
	n := 0
	for part := range strings.SplitSeq(answer, "\n\n") {
		if containsAll(part, p.marks) {
			n++
		}
	}
	switch {
	case len(p.marks) > 0 && (n < p.min || n > max(p.max, p.min)):
		return fmt.Errorf("%d threads with %q, want %d to %d", n, p.marks, p.min, p.max)
	case p.text != "" && !regexp.MustCompile(p.text).MatchString(answer):
		return fmt.Errorf("no %q", p.text)
	case p.not != "" && regexp.MustCompile(p.not).MatchString(answer):
		return fmt.Errorf("%q is there", p.not)
	}
	return nil
}

func containsAll(s string, marks []string) bool {
	for _, m := range marks {
		if !strings.Contains(s, m) {
			return false
		}
	}
	return true
}

func TestScenarios(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		for _, s := range live.Scenarios() {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				p := livetest.Start(t, jdk, s.Name, live.Options{})
				if len(evidence[s.Name]) == 0 {
					t.Fatal("no evidence is known for this scenario")
				}
				for _, e := range evidence[s.Name] {
					if jdk.Major < 9 && strings.HasPrefix(e.command, "Compiler.") {
						t.Skip("this JDK does not tell of its code cache")
					}
					await(t, p, e)
				}
				p.Stop()
				mustBeGone(t, p)
			})
		}
	})
}

// await asks until the evidence is there: a lock may change hands, and a
// collection happen, between two questions.
func await(t *testing.T, p *live.Process, e planted) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var last error
	for ctx.Err() == nil {
		answer := jcmd(t, ctx, p, e.command)
		if last = e.check(answer); last == nil {
			return
		}
	}
	t.Errorf("pid %d: %v", p.PID, last)
}

func jcmd(t *testing.T, ctx context.Context, p *live.Process, command string) string {
	t.Helper()
	tool, ok := p.JDK.Has("jcmd")
	if !ok {
		t.Skip("no jcmd in " + p.JDK.Home)
	}
	if command == "" {
		command = "Thread.print"
	}
	out, err := exec.CommandContext(ctx, tool, strconv.Itoa(p.PID), command).CombinedOutput()
	if err != nil && ctx.Err() == nil {
		t.Fatalf("jcmd %s: %v\n%s", command, err, out)
	}
	return string(out)
}

func mustBeGone(t *testing.T, p *live.Process) {
	t.Helper()
	select {
	case <-p.Gone():
	default:
		t.Error("Stop returned before the process was waited for")
	}
	if runtime.GOOS == "linux" {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", p.PID)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("pid %d is still there: %v", p.PID, err)
		}
	}
	if _, err := os.Stat(p.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", p.Dir, err)
	}
	left, err := filepath.Glob(fmt.Sprintf("/tmp/hsperfdata_*/%d", p.PID))
	if len(left) > 0 || err != nil {
		t.Errorf("left behind: %s, %v", left, err)
	}
}

// The JVM's own safepoint log tells how long the loop kept it from one.
func TestCountedLoopHoldsSafepoint(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		t.Parallel()
		logging, reached := "-Xlog:safepoint", regexp.MustCompile(`Reaching safepoint: +(\d+ ns)|Stopping threads took: ([0-9.]+ s)econds`)
		if jdk.Major < 9 {
			logging = "-XX:+PrintGCApplicationStoppedTime"
		}
		p := livetest.Start(t, jdk, "counted-loop", live.Options{Args: []string{"3"}, JVM: []string{logging}})
		var longest time.Duration
		for range 5 { // jcmd may come when the loop is nearly over
			if err := p.Tell("go"); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Line(t.Context(), "looping"); err != nil {
				t.Fatal(err)
			}
			jcmd(t, t.Context(), p, "Thread.print")
			if _, err := p.Line(t.Context(), "looped"); err != nil {
				t.Fatal(err)
			}
			for _, m := range reached.FindAllStringSubmatch(p.Stdout(), -1) {
				took, err := time.ParseDuration(strings.ReplaceAll(m[1]+m[2], " ", ""))
				if err != nil {
					t.Fatal(err)
				}
				longest = max(longest, took)
			}
			if longest >= time.Second {
				break
			}
		}
		if longest < time.Second {
			t.Errorf("longest time to safepoint %v, want over 1 s\n%s", longest, p.Stdout())
		}
	})
}

func TestResourcesOfScenarios(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	jdk := livetest.Newest(t)
	t.Run("fd-leak", func(t *testing.T) {
		p := livetest.Start(t, jdk, "fd-leak", live.Options{OpenFiles: 512})
		open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.PID))
		if err != nil {
			t.Fatal(err)
		}
		if len(open) < 455 || len(open) > 490 {
			t.Errorf("%d files open, want about 90 %% of 512", len(open))
		}
	})
	t.Run("secrets", func(t *testing.T) {
		p := livetest.Start(t, jdk, "secrets", live.Options{})
		for file, where := range map[string]string{"environ": "environment", "cmdline": "argument"} {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.PID, file))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(text, []byte(live.Secrets()[where])) {
				t.Errorf("the %s holds no secret", where)
			}
		}
	})
}
