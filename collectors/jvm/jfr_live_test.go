package jvm_test

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/jfr"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/cmd/samples/live"
	"casefile/cmd/samples/live/livetest"
	"casefile/collectors"
	"casefile/collectors/jvm"
)

func jfrPlan(pid int, p plan.Profiles) plan.Plan {
	pl := capturePlan(pid)
	pl.Profiles = &p
	return pl
}

var summaryLine = regexp.MustCompile(`(?m)^ (jdk\.\w+) +(\d+) +\d+`)

// events counts the events of a recording with the JDK's own tool.
func events(t *testing.T, jdk live.JDK, recording string) map[string]int {
	t.Helper()
	tool, ok := jdk.Has("jfr")
	if !ok {
		t.Skip("no jfr in " + jdk.Home)
	}
	file := filepath.Join(t.TempDir(), "r.jfr")
	if err := os.WriteFile(file, []byte(recording), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool, "summary", file).CombinedOutput()
	if err != nil {
		t.Fatalf("jfr summary: %v: %.500s", err, out)
	}
	counts := map[string]int{}
	for _, m := range summaryLine.FindAllStringSubmatch(string(out), -1) {
		counts[m[1]], _ = strconv.Atoi(m[2])
	}
	return counts
}

// printed is what the JDK's own tool prints of some events.
func printed(t *testing.T, jdk live.JDK, recording, event string) string {
	t.Helper()
	tool, ok := jdk.Has("jfr")
	if !ok {
		t.Skip("no jfr in " + jdk.Home)
	}
	file := filepath.Join(t.TempDir(), "r.jfr")
	if err := os.WriteFile(file, []byte(recording), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool, "print", "--events", event, file).CombinedOutput()
	if err != nil {
		t.Fatalf("jfr print: %v: %.500s", err, out)
	}
	return string(out)
}

// jcmd asks a JVM, as an admin would.
func jcmd(t *testing.T, jdk live.JDK, pid int, command string) string {
	t.Helper()
	j, err := jvm.Inspect("/proc", pid)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jvm.NewAttacher(j.Process, jdk.Major, false).Jcmd(t.Context(), command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return string(text)
}

// noTraces fails when a capture left something in the JVM's /tmp.
func noTraces(t *testing.T, pid int) {
	t.Helper()
	if left, _ := filepath.Glob(fmt.Sprintf("/tmp/casefile-*-%d", pid)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// noSecrets fails when a planted secret is anywhere in a capture.
func noSecrets(t *testing.T, c *taken) {
	t.Helper()
	for where, secret := range live.Secrets() {
		for name, text := range c.content {
			if strings.Contains(text, secret) {
				t.Errorf("the secret of %s is in %s", where, name)
			}
		}
	}
}

// A JVM that records nothing is recorded for the length of the capture, without the
// events that carry secrets, and without a word in its own output.
func TestRecording(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		p := livetest.Start(t, jdk, "secrets", live.Options{})
		c := complete(t, jfrPlan(p.PID, plan.Profiles{}))
		counts := events(t, jdk, c.content["jfr/recording.jfr"])
		for _, want := range []string{"jdk.OSInformation", "jdk.JVMInformation", "jdk.ActiveSetting"} {
			if counts[want] == 0 {
				t.Errorf("no %s", want)
			}
		}
		for _, never := range []string{"jdk.InitialSystemProperty", "jdk.InitialEnvironmentVariable", "jdk.SystemProcess"} {
			if counts[never] > 0 {
				t.Errorf("%d %s: secrets stand in those", counts[never], never)
			}
		}
		if l := c.status("jfr-cpu-samples"); (l.Status == bundle.Skipped) != (jdk.Major == 8) {
			t.Errorf("samples that this JFR drops: %+v", l)
		}
		noSecrets(t, c)
		noTraces(t, p.PID)
		if list := jcmd(t, jdk, p.PID, "JFR.check"); !strings.Contains(list, "No available recordings") {
			t.Errorf("the JVM still records: %s", list)
		}
		if said := p.Stdout() + p.Stderr(); strings.Contains(said, "jfr") {
			t.Errorf("the JVM's own output has got lines about it: %s", said)
		}
	})
}

// Every settings file is understood by the JVM that it is made for.
func TestSettingsOfEveryFocus(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		p := livetest.Start(t, jdk, "threads", live.Options{})
		for _, focus := range plan.Focuses() {
			if focus == plan.Wall {
				continue // of dumps
			}
			pl := jfrPlan(p.PID, plan.Profiles{Focus: focus, Only: true})
			pl.Duration = plan.Duration(200 * time.Millisecond)
			c := complete(t, pl)
			if counts := events(t, jdk, c.content["jfr/recording.jfr"]); counts["jdk.ActiveSetting"] == 0 {
				t.Errorf("%s: %v", focus, counts)
			}
			if c.content["threads/dump-01.txt"] != "" {
				t.Errorf("%s: a dump was taken, though only profiles are wanted", focus)
			}
		}
		if said := p.Stdout() + p.Stderr(); strings.Contains(said, "jfr") {
			t.Errorf("the JVM warns: %s", said)
		}
	})
}

// A recording that runs already is used, and is the same afterwards. With the
// JDK's default settings it holds the whole environment: the secrets in it do not
// reach the bundle.
func TestRunningRecordingIsUsed(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		const variable = "value-of-an-innocent-name-9xW2"
		p := livetest.Start(t, jdk, "secrets", live.Options{JVM: []string{"-XX:StartFlightRecording=name=always on,settings=default,maxage=1h"},
			Env: []string{"SHOP_COLOUR=" + variable}})
		before := jcmd(t, jdk, p.PID, "JFR.check verbose=true")
		c := complete(t, jfrPlan(p.PID, plan.Profiles{}))
		if l := c.status("jfr-settings"); !strings.Contains(l.Reason, "always on") {
			t.Errorf("the ledger does not say whose recording it is: %+v", l)
		}
		counts := events(t, jdk, c.content["jfr/recording.jfr"])
		if counts["jdk.InitialSystemProperty"] == 0 || counts["jdk.InitialEnvironmentVariable"] == 0 || counts["jdk.JVMInformation"] == 0 {
			t.Errorf("the test proves nothing about secrets: %v", counts)
		}
		noSecrets(t, c)
		if strings.Contains(c.content["jfr/recording.jfr"], variable) {
			t.Error("a variable of the environment has its value in the recording")
		}
		if shown := printed(t, jdk, c.content["jfr/recording.jfr"], "jdk.InitialEnvironmentVariable"); !strings.Contains(shown, `key = "SHOP_COLOUR"`) || !strings.Contains(shown, `value = "***`) {
			t.Errorf("the JDK's tool prints: %.300s", shown)
		}
		if shown := printed(t, jdk, c.content["jfr/recording.jfr"], "jdk.InitialSystemProperty"); !strings.Contains(shown, `key = "hibernate.connection.password"`) ||
			!strings.Contains(shown, `key = "java.vm.name"`) || !strings.Contains(shown, "OpenJDK") {
			t.Errorf("the JDK's tool prints: %.300s", shown)
		}
		noTraces(t, p.PID)
		if after := jcmd(t, jdk, p.PID, "JFR.check verbose=true"); after != before {
			t.Errorf("the recording has changed:\n%s\n%s", before, after)
		}
	})
}

// What a killed casefile records is ended by the next one, or by doctor.
func TestAbandonedRecordingIsRemoved(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		p := livetest.Start(t, jdk, "threads", live.Options{})
		// pid 1 with a start time it does not have
		name := fmt.Sprintf("casefile-jfr-1-1-%d", p.PID)
		folder := filepath.Join("/tmp", name)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(folder) })
		jcmd(t, jdk, p.PID, fmt.Sprintf("JFR.start name=%s settings=default duration=600s filename=%s/recording.jfr", name, folder))
		j, err := jvm.Inspect("/proc", p.PID)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := j.RemoveAbandonedRecordings(t.Context()); n != 1 || err != nil {
			t.Errorf("removed %d, %v", n, err)
		}
		noTraces(t, p.PID)
		if list := jcmd(t, jdk, p.PID, "JFR.check"); strings.Contains(list, name) {
			t.Errorf("the JVM still records: %s", list)
		}
	})
}

// A JVM that is stopped while it records: what it recorded up to then is in the bundle.
func TestBlackBox(t *testing.T) {
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		if jdk.Major < 14 {
			t.Skip("a chunk that is not full cannot be read")
		}
		p := livetest.Start(t, jdk, "hot-thread", live.Options{JVM: []string{"-XX:StartFlightRecording=name=box,settings=profile"}})
		box := openChunk(t, p.PID)
		awaitSample(t, box)
		stop(t, p.PID)
		stopped := time.Now()
		onDisk, err := os.ReadFile(box)
		if err != nil {
			t.Fatal(err)
		}
		c := run(t, t.Context(), jfrPlan(p.PID, plan.Profiles{}))
		if l := c.status("jfr-repository"); l.Status != bundle.OK {
			t.Errorf("the ledger: %+v", l)
		}
		kept := c.content["jfr/"+filepath.Base(box)]
		if len(kept) != len(onDisk) || !strings.HasPrefix(kept, "FLR\x00") {
			t.Errorf("%d bytes are kept of a chunk of %d", len(kept), len(onDisk))
		}
		if last, err := lastSample(kept); err != nil || last.Before(stopped.Add(-time.Minute)) || last.After(stopped) {
			t.Errorf("stopped at %v, the last sample is of %v, %v", stopped, last, err)
		}
	})
}

// lastSample is the time of the newest execution sample in a recording.
func lastSample(recording string) (last time.Time, err error) {
	r := jfr.NewReader(strings.NewReader(recording), jfr.Limits{})
	for {
		c, err := r.Next()
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return last, err
		}
		if typ := c.TypeByName("jdk.ExecutionSample"); typ != nil {
			c.Read(func(row *jfr.Row) {
				if at := row.Time(0); at.After(last) {
					last = at
				}
			}, typ.Select("startTime"))
		}
	}
}

// openChunk is the file that a JVM records into.
func openChunk(t *testing.T, pid int) string {
	t.Helper()
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, fd := range fds {
		if file, err := os.Readlink(fd); err == nil && strings.HasSuffix(file, ".jfr") {
			return file
		}
	}
	t.Fatal("the JVM has no chunk open")
	return ""
}

// awaitSample returns when the JVM has written a sample into its chunk.
func awaitSample(t *testing.T, file string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for collectors.Wait(ctx, time.Now().Add(100*time.Millisecond)) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// An error: the JVM is writing.
		if last, err := lastSample(string(b)); err == nil && !last.IsZero() {
			return
		}
	}
	t.Fatalf("no sample in %s", file)
}

// A JVM without the module jdk.jfr: the ledger says so, and dumps stand in.
func TestJVMWithoutJFR(t *testing.T) {
	jdk := livetest.Newest(t)
	jlink, ok := jdk.Has("jlink")
	if !ok {
		t.Skip("no jlink in " + jdk.Home)
	}
	image := filepath.Join(t.TempDir(), "image")
	if out, err := exec.CommandContext(t.Context(), jlink, "--add-modules", "java.base,java.management,java.logging,jdk.management", "--output", image).CombinedOutput(); err != nil {
		t.Skipf("jlink: %v: %s", err, out)
	}
	p := livetest.Start(t, live.JDK{Home: image, Version: jdk.Version, Major: jdk.Major}, "hot-thread", live.Options{})
	pl := jfrPlan(p.PID, plan.Profiles{Only: true})
	pl.Dumps, pl.Duration = 0, plan.Duration(1200*time.Millisecond)
	c := complete(t, pl)
	if l := c.status("jfr"); l.Status != bundle.Absent || !strings.Contains(l.Reason, "no JFR") {
		t.Errorf("the ledger: %+v", l)
	}
	if !strings.Contains(c.content["threads/dump-02.txt"], "Full thread dump") {
		t.Errorf("no dumps stand in: %+v", c.Coverage)
	}
}

// An early end ends the recording too, and keeps it.
func TestInterruptedRecording(t *testing.T) {
	jdk := livetest.Newest(t)
	p := livetest.Start(t, jdk, "threads", live.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pl := jfrPlan(p.PID, plan.Profiles{Only: true})
	pl.Duration = plan.Duration(time.Minute)
	s := &collectors.Session{Node: "n1", Plan: pl, Roots: collectors.SystemRoots(), Secrets: redact.NewSecrets()}
	var once sync.Once
	s.Progress = func(e collectors.Event) {
		if e.Stage == "recording" {
			once.Do(cancel)
		}
	}
	jobs := collectors.Prepare(ctx, s, []collectors.Collector{jvm.New()})
	w := newBundle(t, s)
	s.Out = w
	collectors.Run(ctx, s, jobs)
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(t.Context(), w.Path())
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	if err := r.Walk(t.Context(), func(e bundle.Entry, body io.Reader) error {
		if strings.HasSuffix(e.Path, "jfr/recording.jfr") {
			b, err := io.ReadAll(body)
			kept = len(b)
			return err
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if kept == 0 {
		t.Error("nothing of the recording is kept")
	}
	noTraces(t, p.PID)
	if list := jcmd(t, jdk, p.PID, "JFR.check"); !strings.Contains(list, "No available recordings") {
		t.Errorf("the JVM still records: %s", list)
	}
}

// asyncProfiler is a library to test with: the one that is named, or the one that
// Maven keeps of the artifact tools.profiler:async-profiler.
func asyncProfiler(t *testing.T) string {
	t.Helper()
	from := os.Getenv("CASEFILE_TEST_ASYNC_PROFILER")
	if from == "" {
		home, _ := os.UserHomeDir()
		jars, _ := filepath.Glob(filepath.Join(home, ".m2/repository/tools/profiler/async-profiler/*/async-profiler-*.jar"))
		arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
		for _, jar := range jars {
			if z, err := zip.OpenReader(jar); err == nil {
				defer z.Close()
				content, err := fs.ReadFile(z, "linux-"+arch+"/libasyncProfiler.so")
				if err != nil {
					continue
				}
				from = filepath.Join(t.TempDir(), "libasyncProfiler.so")
				if err := os.WriteFile(from, content, 0o755); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if from == "" {
		t.Skip("no async-profiler: set CASEFILE_TEST_ASYNC_PROFILER to its library")
	}
	return from
}

// The real async-profiler samples next to JFR, which leaves out what it samples.
func TestAsyncProfiler(t *testing.T) {
	lib := asyncProfiler(t)
	livetest.Each(t, func(t *testing.T, jdk live.JDK) {
		p := livetest.Start(t, jdk, "hot-thread", live.Options{})
		c := complete(t, jfrPlan(p.PID, plan.Profiles{AsyncProfiler: lib}))
		if n := events(t, jdk, c.content["jfr/async.jfr"])["jdk.ExecutionSample"]; n == 0 {
			t.Error("async-profiler has no samples")
		}
		if n := events(t, jdk, c.content["jfr/recording.jfr"])["jdk.ExecutionSample"]; n > 0 {
			t.Errorf("JFR has %d samples too", n)
		}
		if said := p.Stdout() + p.Stderr(); strings.Contains(said, "rofil") {
			t.Errorf("the JVM's own output has got lines about it: %s", said)
		}
		noTraces(t, p.PID)
	})
}

// A library that anybody could have changed is not loaded, nor one that is none.
func TestAsyncProfilerThatIsNone(t *testing.T) {
	jdk := livetest.Newest(t)
	p := livetest.Start(t, jdk, "threads", live.Options{})
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"open.so": 0o777, "text.so": 0o755} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(file, []byte("no library"), 0o600), os.Chmod(file, mode)); err != nil {
			t.Fatal(err)
		}
		pl := jfrPlan(p.PID, plan.Profiles{AsyncProfiler: file, Focus: plan.CPU, Only: true})
		pl.Duration = plan.Duration(200 * time.Millisecond)
		c := run(t, t.Context(), pl)
		if l := c.status("async-profiler"); l.Status != bundle.Failed || l.Reason == "" {
			t.Errorf("%s: the ledger: %+v", name, l)
		} else {
			t.Log(l.Reason)
		}
		if events(t, jdk, c.content["jfr/recording.jfr"])["jdk.ActiveSetting"] == 0 {
			t.Errorf("%s: JFR does not stand in", name)
		}
	}
	noTraces(t, p.PID)
}
