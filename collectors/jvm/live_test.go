package jvm_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/sys/unix"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/series"
	"casefile/bundle/redact"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
	"casefile/collectors"
	"casefile/collectors/jvm"
)

// taken is a finished capture.
type taken struct {
	bundle.Manifest
	content map[string]string // by the path below the target's folder
	paths   map[string]bundle.Entry
}

func capturePlan(pids ...int) plan.Plan {
	p := plan.Default()
	p.PIDs, p.Dumps = pids, 3
	p.DumpInterval, p.Duration, p.SampleEvery = plan.Duration(600*time.Millisecond), plan.Duration(2*time.Second), plan.Duration(200*time.Millisecond)
	return p
}

// run captures with the JVM collector alone.
func run(t *testing.T, ctx context.Context, p plan.Plan) *taken {
	t.Helper()
	return runWatched(t, ctx, p, nil)
}

// runWatched is run with somebody who is told what happens.
func runWatched(t *testing.T, ctx context.Context, p plan.Plan, progress func(collectors.Event)) *taken {
	t.Helper()
	s := &collectors.Session{Node: "n1", Plan: p, Roots: collectors.SystemRoots(), Secrets: redact.NewSecrets(), Progress: progress}
	jobs := collectors.Prepare(ctx, s, []collectors.Collector{jvm.New()})
	if len(jobs) != len(p.PIDs) {
		t.Fatalf("%d jobs for %d processes", len(jobs), len(p.PIDs))
	}
	w := newBundle(t, s)
	s.Out = w
	collectors.Run(ctx, s, jobs)
	m, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	out := &taken{Manifest: m, content: map[string]string{}, paths: map[string]bundle.Entry{}}
	r, err := bundle.Open(t.Context(), w.Path())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Walk(context.Background(), func(e bundle.Entry, body io.Reader) error {
		b, err := io.ReadAll(body)
		name := e.Path
		if part := strings.SplitN(e.Path, "/", 5); len(part) == 5 && len(p.PIDs) == 1 {
			name = part[4]
		}
		out.content[name], out.paths[name] = string(b), e
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// complete captures for longer and longer until nothing is missing because the JVM came
// to answer too late: on a machine with other work that says nothing about the capture.
// What is missing for another reason fails the test. Of the items in late that excuse
// is taken however long the capture was: what asks for them has a deadline of its own.
func complete(t *testing.T, p plan.Plan, late ...string) *taken {
	t.Helper()
	for ; ; p.Duration *= 4 {
		c := run(t, t.Context(), p)
		if slices.ContainsFunc(c.Coverage, worthMore) && p.Duration < plan.Duration(20*time.Second) {
			t.Logf("%v were not enough: %+v", time.Duration(p.Duration), c.Gaps())
			continue
		}
		for _, g := range c.Gaps() {
			if !tooLate(g) || !slices.Contains(late, g.Item) {
				t.Errorf("gap: %+v", g)
			}
		}
		return c
	}
}

// tooLate reports whether a busy machine is enough for what is missing.
func tooLate(g bundle.Coverage) bool {
	return g.Cause == entries.NoAnswer || g.Cause == entries.TimedOut
}

// worthMore reports whether a longer capture may have what is missing: a gap, or a list that was not complete.
func worthMore(l bundle.Coverage) bool {
	return tooLate(l) && (l.Status.Gap() || l.Item == entries.ItemVirtualThreads+"-rest")
}

func newBundle(tb testing.TB, s *collectors.Session) *bundle.Writer {
	tb.Helper()
	w, err := bundle.Create(filepath.Join(tb.TempDir(), "b.tar.zst"), bundle.TarZstd, bundle.Manifest{Plan: s.Plan}, s.Secrets)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

func (c *taken) status(item string) bundle.Coverage {
	for _, l := range c.Coverage {
		if l.Item == item {
			return l
		}
	}
	return bundle.Coverage{}
}

func TestCaptureIsComplete(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		p := livetest.Start(t, jdk, "healthy", live.Options{})
		before := logList(t, jdk, p.PID)
		c := complete(t, capturePlan(p.PID))
		for k := 1; k <= 3; k++ {
			dump := c.content[fmt.Sprintf("threads/dump-%02d.txt", k)]
			if !strings.Contains(dump, "Full thread dump") || !strings.Contains(dump, `"http-nio-8080-exec-1"`) || !strings.Contains(dump, "JNI global ref") {
				t.Errorf("dump %d is not a whole one: %.200q", k, dump)
			}
			if cpu := c.content[fmt.Sprintf("threads/dump-%02d-cpu.tsv", k)]; !strings.Contains(cpu, "VM Thread") {
				t.Errorf("CPU table %d: %.200q", k, cpu)
			}
		}
		if !strings.Contains(c.content["vm/flags.txt"], "MaxHeapSize") || !strings.Contains(c.content["vm/version.txt"], "JDK") {
			t.Error("flags or version are missing")
		}
		s, err := series.Read(strings.NewReader(c.content["hsperf/series.000.jsonl"]))
		if err != nil || len(s.Times) < 2 || s.Values("java.threads.live") == nil {
			t.Errorf("counter series: %d samples, %v", len(s.Times), err)
		}
		if after := logList(t, jdk, p.PID); after != before {
			t.Errorf("the JVM's logging has changed:\n%s\n%s", before, after)
		}
		if l := c.status("virtual-threads"); l.Item != "" {
			t.Errorf("a JVM without virtual threads was asked for them: %+v", l)
		}
		if len(c.Overhead) != 1 || c.Overhead[0].Targets[0].Pauses < 3 {
			t.Errorf("overhead: %+v", c.Overhead)
		}
	})
}

// Virtual threads that no carrier runs stand in no dump: their list is next to it.
func TestVirtualThreadsAreListed(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		if jdk.Major < 21 {
			t.Skip("no virtual threads before JDK 21")
		}
		p := livetest.Start(t, jdk, "db-pool-exhausted", live.Options{Args: []string{"virtual"}})
		plan := capturePlan(p.PID)
		plan.Dumps = 1 // the list has until the end of the capture then
		c := complete(t, plan)
		list := c.content["threads/dump-01-virtual.txt"]
		if n := strings.Count(list, `"tomcat-handler-`); n != 25 || !strings.Contains(list, "HikariPool.getConnection") {
			t.Errorf("%d of 25 virtual threads: %+v %.300s", n, c.status("virtual-threads"), list)
		}
		if left, _ := filepath.Glob(fmt.Sprintf("/tmp/casefile-threads-*-%d", p.PID)); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// The rounds of several JVMs are taken at the same moments.
func TestRoundsAreSimultaneous(t *testing.T) {
	jdk := livetest.Newest(t)
	a, b := livetest.Start(t, jdk, "threads", live.Options{}), livetest.Start(t, jdk, "threads", live.Options{})
	c := run(t, t.Context(), capturePlan(a.PID, b.PID))
	nearest := time.Hour // a machine with other work may come late to one of two, but not in every round
	for k := 1; k <= 3; k++ {
		var at []time.Time
		for name, e := range c.paths {
			if strings.HasSuffix(name, fmt.Sprintf("dump-%02d.txt", k)) {
				at = append(at, e.Started)
			}
		}
		if len(at) != 2 {
			t.Fatalf("round %d has %d dumps", k, len(at))
		}
		nearest = min(nearest, at[0].Sub(at[1]).Abs())
	}
	if nearest >= time.Duration(capturePlan().DumpInterval)/2 {
		t.Errorf("the two dumps of every round are %v apart at least, half of a round or more", nearest)
	}
}

// logList is what the JVM's own tool says about its logging, which cannot be changed at run time before JDK 9.
func logList(t *testing.T, jdk live.JDK, pid int) string {
	t.Helper()
	if jdk.Major < 9 {
		return ""
	}
	j, err := jvm.Inspect("/proc", pid)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jvm.NewAttacher(j.Process, jdk.Major, false).Jcmd(t.Context(), "VM.log list")
	if err != nil {
		t.Fatal(err)
	}
	_, config, _ := strings.Cut(string(text), "Log output configuration:")
	return config
}

// A JVM without GC log gets one for the length of the capture.
func TestOwnGCLog(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		p := livetest.Start(t, jdk, "explicit-gc", live.Options{})
		before := logList(t, jdk, p.PID)
		c := complete(t, capturePlan(p.PID))
		found := false
		for name, text := range c.content {
			found = found || strings.HasPrefix(name, "gc/") && strings.Contains(text, "Pause Full (System.gc())")
		}
		if l := c.status("gc-log"); jdk.Major < 9 {
			if found || l.Status != bundle.Skipped || !strings.Contains(l.Fix, "-Xloggc:") {
				t.Errorf("the ledger does not tell that this JDK can start no log: %+v", l)
			}
		} else if !found {
			t.Errorf("no GC log with the collections of this time: %+v", c.status("gc-log"))
		}
		if after := logList(t, jdk, p.PID); after != before {
			t.Errorf("the JVM's logging has changed:\n%s\n%s", before, after)
		}
		if left, _ := filepath.Glob("/tmp/casefile-gc-*" + fmt.Sprint(p.PID) + "*"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// A GC log that a killed casefile left on is taken away by the next one.
func TestAbandonedGCLogIsRemoved(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		if jdk.Major < 9 {
			t.Skip("no log can be switched on at run time")
		}
		p := livetest.Start(t, jdk, "threads", live.Options{})
		before := logList(t, jdk, p.PID)
		j, err := jvm.Inspect("/proc", p.PID)
		if err != nil {
			t.Fatal(err)
		}
		// pid 1 with a start time it does not have
		folder := fmt.Sprintf("/tmp/casefile-gc-1-1-7-%d", p.PID)
		left := filepath.Join(folder, filepath.Base(folder)+".log")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		vm := jvm.NewAttacher(j.Process, jdk.Major, false)
		if _, err := vm.Jcmd(t.Context(), fmt.Sprintf("VM.log output=%s what=gc=info", left)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(folder) })
		if n, err := j.RemoveAbandonedLogs(t.Context()); n != 1 || err != nil {
			t.Errorf("removed %d, %v", n, err)
		}
		if after := logList(t, jdk, p.PID); after != before {
			t.Errorf("the JVM's logging has changed:\n%s\n%s", before, after)
		}
		if _, err := os.Stat(folder); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", folder, err)
		}
	})
}

// What a killed casefile left of a JVM that has ended since is deleted by the next one.
func TestLeftOfAnEndedJVMIsRemoved(t *testing.T) {
	jdk := livetest.Newest(t)
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	p := livetest.Start(t, jdk, "threads", live.Options{})
	owner := fmt.Sprintf("1-1-%d", os.Getpid()) // pid 1 with a start time it does not have, and one that runs
	folders := map[string]bool{fmt.Sprintf("/tmp/casefile-jfr-1-1-7-%d", gone.Process.Pid): false, "/tmp/casefile-jfr-" + owner: true,
		fmt.Sprintf("/tmp/casefile-gc-1-1-8-%d", gone.Process.Pid): false, "/tmp/casefile-gc-" + owner: true}
	if others := fmt.Sprintf("/tmp/casefile-gc-1-1-9-%d", gone.Process.Pid); os.Geteuid() == 0 { // of another user, who removes them himself
		folders[others] = true
		t.Cleanup(func() { os.Remove(others) })
		if err := errors.Join(os.Mkdir(others, 0o700), os.Chown(others, 12345, 12345)); err != nil {
			t.Fatal(err)
		}
	}
	for f := range folders {
		if err := os.Mkdir(f, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Remove(f) })
	}
	j, err := jvm.Inspect("/proc", p.PID)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := j.RemoveAbandonedLogs(t.Context()); n != 0 || err != nil {
		t.Errorf("%d logs of this JVM, %v", n, err)
	}
	if n, err := j.RemoveAbandonedRecordings(t.Context()); n != 0 || err != nil {
		t.Errorf("%d recordings of this JVM, %v", n, err)
	}
	for f, stays := range folders {
		if _, err := os.Stat(f); (err == nil) != stays {
			t.Errorf("%s: %v, want it to stay: %v", f, err, stays)
		}
	}
}

// A log that the JVM writes to is copied when the capture ends: what happened meanwhile is in it.
func TestGCLogTellsOfTheCapture(t *testing.T) {
	jdk := livetest.Newest(t)
	file := filepath.Join(t.TempDir(), "gc.log")
	p := livetest.Start(t, jdk, "explicit-gc", live.Options{JVM: live.GCLogArgs(jdk.Major, file)})
	c := complete(t, capturePlan(p.PID))
	began := c.paths["threads/dump-01.txt"].Started
	stamp := regexp.MustCompile(`(?m)^\[(\d{4}-[^\]]+)\].*Pause Full`)
	var last time.Time
	for _, m := range stamp.FindAllStringSubmatch(c.content["gc/gc.log"], -1) {
		at, err := time.Parse("2006-01-02T15:04:05.000-0700", m[1])
		if err != nil {
			t.Fatal(err)
		}
		last = at
	}
	if !last.After(began) {
		t.Errorf("the last collection in the log is of %v, the first dump of %v: %.300s", last, began, c.content["gc/gc.log"])
	}
}

// The log of a JVM that dies during the capture tells most: it is copied all the same.
func TestGCLogOfAJVMThatDies(t *testing.T) {
	jdk := livetest.Newest(t)
	file := filepath.Join(t.TempDir(), "gc.log")
	p := livetest.Start(t, jdk, "explicit-gc", live.Options{JVM: live.GCLogArgs(jdk.Major, file)})
	var once sync.Once
	c := runWatched(t, t.Context(), capturePlan(p.PID), func(e collectors.Event) {
		if e.Stage == "dumps" {
			once.Do(func() { syscall.Kill(p.PID, syscall.SIGKILL) })
		}
	})
	if !strings.Contains(c.content["gc/gc.log"], "Pause Full") {
		t.Errorf("no GC log: %+v", c.status("gc-log"))
	}
	if l := c.status("thread-dumps"); l.Status == bundle.OK {
		t.Errorf("dumps of a JVM that has ended: %+v", l)
	}
}

// The JVM's own GC log is copied, with its rotated parts.
func TestConfiguredGCLog(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		dir := t.TempDir()
		logging := []string{"-Xlog:gc*:file=" + dir + "/gc-%p-%t.log:time,uptime:filecount=3,filesize=8k"}
		if jdk.Major < 9 {
			logging = []string{"-Xloggc:" + dir + "/gc-%p-%t.log", "-XX:+PrintGCDetails", "-XX:+UseGCLogFileRotation", "-XX:NumberOfGCLogFiles=3", "-XX:GCLogFileSize=8k"}
		}
		p := livetest.Start(t, jdk, "explicit-gc", live.Options{JVM: logging})
		at, err := filepath.Glob(dir + "/*")
		if err != nil || len(at) == 0 {
			t.Fatalf("the JVM writes no log: %v", err)
		}
		c := run(t, t.Context(), capturePlan(p.PID))
		missing, lines := 0, 0
		for _, file := range at {
			text, there := c.content["gc/"+filepath.Base(file)]
			if !there {
				missing++
			}
			lines += strings.Count(text, "System.gc()")
		}
		if missing > 1 || lines == 0 { // one may be on its way to another name
			t.Errorf("%d of %q are not in the bundle, %d lines are; gc-log: %+v", missing, at, lines, c.status("gc-log"))
		}
	})
}

func TestStoppedJVMIsNotAsked(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		p := livetest.Start(t, jdk, "threads", live.Options{})
		stop(t, p.PID)
		c := run(t, t.Context(), capturePlan(p.PID))
		if l := c.status("thread-dumps"); l.Status != bundle.Failed || !strings.Contains(l.Reason, "stopped") || !strings.Contains(l.Fix, "CONT") {
			t.Errorf("thread dumps: %+v", l)
		}
		if c.content["threads/dump-01-stuck.tsv"] == "" || c.content["hsperf/first.hsperfdata"] == "" {
			t.Error("what needs nothing of the JVM is missing")
		}
		syscall.Kill(p.PID, syscall.SIGCONT)
		answers(t, jdk, p.PID)
	})
}

// stop stops a JVM of ours until the end of the test, and returns once all its threads stand.
func stop(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(pid, syscall.SIGCONT) })
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WSTOPPED|unix.WNOWAIT, nil)
		if err == nil {
			return
		}
		if !errors.Is(err, unix.EINTR) {
			t.Fatal(err)
		}
	}
}

// answers fails when the JVM's listener does not.
func answers(t *testing.T, jdk live.JDK, pid int) {
	t.Helper()
	j, err := jvm.Inspect("/proc", pid)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if _, err := jvm.NewAttacher(j.Process, jdk.Major, false).Exec(ctx, "threaddump", ""); err != nil {
		t.Errorf("the JVM does not answer: %v", err)
	}
}

func TestAttachSwitchedOff(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		p := livetest.Start(t, jdk, "threads", live.Options{JVM: []string{"-XX:+DisableAttachMechanism"}})
		c := run(t, t.Context(), capturePlan(p.PID))
		if l := c.status("thread-dumps"); l.Status != bundle.Failed || !strings.Contains(l.Reason, "DisableAttachMechanism") {
			t.Errorf("thread dumps: %+v", l)
		}
		if strings.Contains(p.Stdout(), "Full thread dump") {
			t.Error("SIGQUIT was sent: the JVM printed a dump into its own output")
		}
	})
}

func TestJVMThatDoesNotCatchQuit(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		p := livetest.Start(t, jdk, "threads", live.Options{JVM: []string{"-Xrs"}})
		c := run(t, t.Context(), capturePlan(p.PID))
		if err := syscall.Kill(p.PID, 0); err != nil {
			t.Fatalf("the JVM is gone: %v", err)
		}
		if l := c.status("thread-dumps"); l.Status != bundle.OK { // its listener runs from the start
			t.Errorf("thread dumps: %+v", l)
		}
	})
}

func TestStaleSocket(t *testing.T) {
	jdk := livetest.Newest(t)
	p := livetest.Start(t, jdk, "threads", live.Options{})
	stale := fmt.Sprintf("/tmp/.java_pid%d", p.PID)
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: stale}); err != nil {
		t.Fatal(err)
	}
	syscall.Close(fd) // bound, but nobody listens
	os.Chmod(stale, 0o600)
	answers(t, jdk, p.PID)
}

// A JVM in a loop without safepoint polls: the capture ends, the ledger explains,
// and the listener works when the loop is over.
func TestCountedLoop(t *testing.T) {
	jdk := livetest.Newest(t)
	p := livetest.Start(t, jdk, "counted-loop", live.Options{Args: []string{"20"}})
	healthy := livetest.Start(t, jdk, "threads", live.Options{})
	if err := p.Tell("go"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Line(t.Context(), "looping"); err != nil {
		t.Fatal(err)
	}
	pl := capturePlan(p.PID, healthy.PID)
	pl.Dumps = 2
	c := run(t, t.Context(), pl)
	for _, l := range c.Coverage {
		stuck := strings.HasPrefix(l.Target, fmt.Sprint(p.PID))
		if !stuck && l.Status.Gap() && (l.Item == "thread-dumps" || !tooLate(l)) {
			t.Errorf("the healthy JVM has a gap: %+v", l)
		}
		if stuck && l.Item == "thread-dumps" && (!l.Status.Gap() || l.Fix == "") {
			t.Errorf("the ledger does not explain: %+v", l)
		}
	}
	if _, err := p.Line(t.Context(), "looped"); err != nil {
		t.Fatal(err)
	}
	answers(t, jdk, p.PID)
}

// A secret planted in any place that is captured is nowhere in the bundle, and
// what was scrubbed is counted.
func TestSecretsAreNowhere(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		dir := t.TempDir()
		planted := live.Secrets()
		for name, text := range map[string]string{
			"application.properties": "server.port=8080\nspring.datasource.password=",
			"application.json":       `{"name": "shop", "broker": {"url": "x", "apiToken": "`,
			"logback.xml":            `<configuration><property name="smtp.password" value="`,
			"application.yml":        "spring:\n  redis:\n    password: ",
		} {
			secret := "pw-from-" + strings.ReplaceAll(name, ".", "-") + "-4kV7"
			planted[name] = secret
			end := map[string]string{"application.json": `"}}`, "logback.xml": `"/></configuration>`}[name]
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text+secret+end+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for i, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			name := fmt.Sprintf("application-wide%d.properties", i)
			planted[name] = fmt.Sprintf("pw-from-wide-%d-4kV7", i)
			var text []byte
			for _, u := range utf16.Encode([]rune("# Überschrift\r\nspring.datasource.password=" + planted[name] + "\r\n")) {
				text = order.AppendUint16(text, u)
			}
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p := livetest.Start(t, jdk, "secrets", live.Options{Dir: dir})
		c := run(t, t.Context(), capturePlan(p.PID))
		for _, name := range []string{"config/application-wide0.properties", "config/application-wide1.properties", "config/application.properties", "config/application.json", "config/logback.xml", "config/application.yml"} {
			if c.content[name] == "" {
				t.Errorf("%s was not captured", name)
			}
		}
		for where, secret := range planted {
			for name, text := range c.content {
				text = strings.ReplaceAll(text, "\x00", "") // UTF-16 too
				if i := strings.Index(text, secret); i >= 0 {
					t.Errorf("the secret of %s is in %s: %.100q", where, name, text[max(0, i-50):])
				}
			}
			if record, _ := json.Marshal(c.Manifest); strings.Contains(string(record), secret) {
				t.Errorf("the secret of %s is in the manifest", where)
			}
		}
		if c.Redaction.Total < len(planted) {
			t.Errorf("%d places are counted as scrubbed, at least %d were", c.Redaction.Total, len(planted))
		}
	})
}

// As the JVM's own user everything is there too.
func TestAsTheJVMsUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("starts a JVM as another user, which needs root")
	}
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		p := livetest.Start(t, jdk, "threads", live.Options{User: live.Nobody()})
		complete(t, capturePlan(p.PID))
		if left, _ := filepath.Glob(filepath.Join(p.Dir, ".attach_pid*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// An early end keeps what is there and cleans up.
func TestInterrupted(t *testing.T) {
	jdk := livetest.Newest(t)
	p := livetest.Start(t, jdk, "threads", live.Options{})
	before := logList(t, jdk, p.PID)
	ctx, cancel := context.WithCancel(t.Context())
	pl := capturePlan(p.PID)
	pl.Duration, pl.DumpInterval = plan.Duration(time.Minute), plan.Duration(20*time.Second)
	s := &collectors.Session{Node: "n1", Plan: pl, Roots: collectors.SystemRoots(), Secrets: redact.NewSecrets()}
	var once sync.Once
	s.Progress = func(e collectors.Event) {
		if e.Stage == "dumps" {
			once.Do(cancel)
		}
	}
	jobs := collectors.Prepare(ctx, s, []collectors.Collector{jvm.New()})
	w := newBundle(t, s)
	s.Out = w
	collectors.Run(ctx, s, jobs)
	m, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	dumps := 0
	for _, e := range m.Entries {
		if regexp.MustCompile(`dump-\d+\.txt$`).MatchString(e.Path) {
			dumps++
		}
	}
	if dumps != 1 {
		t.Errorf("%d dumps are kept, want the one that was taken", dumps)
	}
	if after := logList(t, jdk, p.PID); after != before {
		t.Errorf("the JVM's logging has changed:\n%s\n%s", before, after)
	}
}
