package lab

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"casefile/cmd/samples/live"
)

// memoryRun is one JVM that uses memory in one way.
type memoryRun struct {
	fault     MemoryFault
	collector string
	sick      bool
	cmd       *exec.Cmd
	stdin     io.Closer
	dir       string
}

// TestMemoryLab runs every way to use memory under every collector of every JDK, next to its healthy twin.
func TestMemoryLab(t *testing.T) {
	binary := os.Getenv("CASEFILE_LAB")
	if binary == "" {
		t.Skip("CASEFILE_LAB names no casefile; make lab sets it")
	}
	only := regexp.MustCompile(os.Getenv("CASEFILE_LAB_ONLY"))
	ctx := t.Context()
	m := &matrix{}
	defer m.report(t)
	for _, jdk := range labJDKs(ctx) {
		classes := compileMemory(ctx, t)
		for _, batch := range memoryBatches(ctx, t, only, jdk) {
			var running []*memoryRun
			for _, b := range batch {
				if b.fault.Finds != "" {
					running = append(running, b.start(ctx, t, jdk, classes, true))
				}
				running = append(running, b.start(ctx, t, jdk, classes, false))
			}
			found := captureMemory(ctx, t, binary, running)
			for i, r := range running {
				name := "gc/" + r.fault.Name + "/" + r.collector
				own := found[i]
				if r.sick {
					if !r.fault.Info {
						own = warnings(own)
					}
					told := m.judge(Fault{Finds: r.fault.Finds, Names: r.fault.Names, Advice: r.fault.Advice}, name, jdk.Version, own)
					m.rows = append(m.rows, told)
					t.Logf("%s on %s: among %t, first %t, named %t, advice %t: %.220s", name, jdk.Version, told.among, told.first, told.named, told.advice, told.said)
					continue
				}
				m.twins++
				for _, f := range warnings(own) {
					m.alarms = append(m.alarms, fmt.Sprintf("%s on %s: %s: %s", name, jdk.Version, f.ID, f.Title))
					t.Log("false alarm:", m.alarms[len(m.alarms)-1])
				}
			}
		}
	}
}

// labJDKs are those from 17 on, or the one that CASEFILE_LAB_JDK names.
func labJDKs(ctx context.Context) (list []live.JDK) {
	for _, jdk := range live.JDKs(ctx) {
		if one := os.Getenv("CASEFILE_LAB_JDK"); jdk.Major >= 17 && (one == "" || one == fmt.Sprint(jdk.Major)) {
			list = append(list, jdk)
		}
	}
	return list
}

func compileMemory(ctx context.Context, t *testing.T) string {
	classes := t.TempDir()
	sources, err := filepath.Glob("memory/com/acme/memory/*.java")
	if err != nil {
		t.Fatal(err)
	}
	run(ctx, t, "javac", append([]string{"--release", "17", "-d", classes}, sources...)...)
	return classes
}

// pick is one fault under one collector.
type pick struct {
	fault     MemoryFault
	collector string
	options   []string
}

// memoryBatches are the picks that run at the same time.
func memoryBatches(ctx context.Context, t *testing.T, only *regexp.Regexp, jdk live.JDK) (out [][]pick) {
	for _, f := range MemoryFaults {
		var together []pick
		for _, c := range Collectors {
			switch {
			case !only.MatchString("gc/"+f.Name+"/"+c.Name) || !regexp.MustCompile(f.Collectors).MatchString(c.Name):
				continue
			case jdk.Major < max(c.From, f.MinMajor) || jdk.Major > c.To:
				continue
			case exec.CommandContext(ctx, filepath.Join(jdk.Home, "bin/java"), append(c.Options, "-version")...).Run() != nil:
				t.Logf("JDK %s is built without %s", jdk.Version, c.Name)
				continue
			}
			p := pick{f, c.Name, c.Options}
			if f.Alone {
				out = append(out, []pick{p})
			} else {
				together = append(together, p)
			}
		}
		if len(together) > 0 {
			out = append(out, together)
		}
	}
	return out
}

// start runs the program until the test ends or it is stopped.
func (p pick) start(ctx context.Context, t *testing.T, jdk live.JDK, classes string, sick bool, more ...string) *memoryRun {
	r := &memoryRun{fault: p.fault, collector: p.collector, sick: sick, dir: t.TempDir()}
	args := append([]string{"-Xlog:gc*,gc+humongous=debug,safepoint:file=" + filepath.Join(r.dir, "gc.log") + ":time,uptime,level,tags:filecount=3,filesize=100m",
		"-XX:+HeapDumpOnOutOfMemoryError", "-XX:HeapDumpPath=" + r.dir, "-cp", classes}, p.options...)
	args = append(append(append(args, p.fault.Options...), more...), "com.acme.memory.Memory")
	if sick {
		args = append(args, p.fault.Sick...)
	} else {
		args = append(args, p.fault.Healthy...)
	}
	r.cmd = exec.CommandContext(ctx, filepath.Join(jdk.Home, "bin/java"), args...)
	r.cmd.Dir = r.dir
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := r.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.stdin = stdin
	out, err := os.Create(filepath.Join(r.dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	r.cmd.Stdout, r.cmd.Stderr = out, out
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	await(ctx, t, func() error {
		said, err := os.ReadFile(out.Name())
		if err == nil && !bytes.HasPrefix(said, []byte("ready")) {
			err = fmt.Errorf("%s with %s does not run:\n%s", p.fault.Name, p.collector, said)
		}
		return err
	})
	return r
}

func (r *memoryRun) stop() {
	if r.cmd.ProcessState == nil {
		r.stdin.Close()
		r.cmd.Process.Kill()
		r.cmd.Wait()
	}
}

// captureMemory gives what casefile finds in each: in a capture of all, or of programs that die in the log of each alone.
func captureMemory(ctx context.Context, t *testing.T, binary string, running []*memoryRun) (found [][]finding) {
	if running[0].fault.Seconds == 0 {
		for _, r := range running {
			if !r.sick {
				r.stop()
				continue
			}
			r.awaitEnd(t)
		}
		for _, r := range running {
			found = append(found, analyze(ctx, t, binary, r.log()).Findings)
		}
		return found
	}
	f := running[0].fault
	path := filepath.Join(t.TempDir(), "x.tar.zst")
	if keep := os.Getenv("CASEFILE_LAB_KEEP"); keep != "" {
		path = filepath.Join(keep, fmt.Sprintf("%s-%s-%d.tar.zst", f.Name, running[0].collector, running[0].cmd.Process.Pid))
	}
	var args []string
	if f.Recorded {
		args = append(args, "--jfr")
	}
	for _, r := range running {
		args = append(args, "--pid", fmt.Sprint(r.cmd.Process.Pid))
	}
	collect(ctx, t, binary, path, time.Duration(f.Seconds)*time.Second, 5, time.Duration(max(1, f.Seconds/6))*time.Second, args)
	all := analyze(ctx, t, binary, path)
	for _, r := range running {
		r.stop()
		found = append(found, all.about(r.cmd.Process.Pid))
	}
	return found
}

func (r *memoryRun) log() string { return filepath.Join(r.dir, "gc.log") }

// awaitEnd waits for the program to run out of memory.
func (r *memoryRun) awaitEnd(t *testing.T) {
	ended := make(chan struct{})
	go func() { r.cmd.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(2 * time.Minute):
		t.Errorf("%s under %s does not run out of memory", r.fault.Name, r.collector)
		r.cmd.Process.Kill()
		<-ended
	}
}

// about keeps what is said of one process.
func (s said) about(pid int) (own []finding) {
	for _, f := range s.Findings {
		if subject(f.Subject, pid) {
			own = append(own, f)
		}
	}
	return own
}

// warnings leaves notes out.
func warnings(all []finding) (out []finding) {
	for _, f := range all {
		if f.Severity != "info" {
			out = append(out, f)
		}
	}
	return out
}
