package goproc

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"go.uber.org/goleak"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/collectors"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// short is a plan of a second with two rounds.
func short() plan.Plan {
	return plan.Plan{Duration: plan.Duration(time.Second), Dumps: 2, DumpInterval: plan.Duration(500 * time.Millisecond),
		SampleEvery: plan.Duration(100 * time.Millisecond)}
}

// steady is short with rounds so far apart that a busy machine leaves none out.
func steady() plan.Plan {
	p := short()
	p.Duration, p.DumpInterval = plan.Duration(3*time.Second), plan.Duration(2*time.Second)
	return p
}

// patient are limits for services that answer, on a machine that may be busy.
func patient() limits {
	l := defaultLimits()
	l.probe, l.index, l.request, l.tail, l.wrapUp = time.Minute, time.Minute, time.Minute, time.Minute, time.Minute
	return l
}

// captured is a bundle as a folder, with its manifest.
type captured struct {
	t        *testing.T
	dir      string
	manifest bundle.Manifest
	jobs     []collectors.Prepared
}

// capturePlan runs a plan against the real /proc. watch may be nil.
func capturePlan(ctx context.Context, t *testing.T, p plan.Plan, l limits, watch func(collectors.Event)) *captured {
	t.Helper()
	dir, secrets := filepath.Join(t.TempDir(), "bundle"), redact.NewSecrets()
	w, err := bundle.Create(dir, bundle.Dir, bundle.Manifest{Plan: p}, secrets)
	if err != nil {
		t.Fatal(err)
	}
	s := &collectors.Session{Node: "n1", Plan: p, Roots: collectors.SystemRoots(), Out: w, Secrets: secrets, Progress: watch}
	c := &captured{t: t, dir: dir}
	c.jobs = collectors.Prepare(ctx, s, []collectors.Collector{collector{l}})
	collectors.Run(ctx, s, c.jobs)
	if c.manifest, err = w.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

// names returns the files of a target below its folder.
func (c *captured) names(target string) []string {
	prefix := "nodes/n1/go/" + target + "/"
	var names []string
	for _, e := range c.manifest.Entries {
		if name, ours := strings.CutPrefix(e.Path, prefix); ours {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (c *captured) read(target, name string) []byte {
	c.t.Helper()
	b, err := os.ReadFile(filepath.Join(c.dir, "nodes/n1/go", target, name))
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

func (c *captured) profile(target, name string) *profile.Profile {
	c.t.Helper()
	p, err := profile.ParseData(c.read(target, name))
	if err != nil {
		c.t.Fatalf("%s: %v", name, err)
	}
	return p
}

// line returns the ledger line of an item.
func (c *captured) line(item string) bundle.Coverage {
	for _, l := range c.manifest.Coverage {
		if l.Item == item {
			return l
		}
	}
	return bundle.Coverage{}
}

func (c *captured) wantLine(item string, status bundle.Status, reason string) {
	c.t.Helper()
	if l := c.line(item); l.Status != status || !strings.Contains(l.Reason, reason) {
		c.t.Errorf("ledger of %s: %q, %q; want %q with %q", item, l.Status, l.Reason, status, reason)
	}
}

func (c *captured) entry(target, name string) bundle.Entry {
	for _, e := range c.manifest.Entries {
		if e.Path == "nodes/n1/go/"+target+"/"+name {
			return e
		}
	}
	return bundle.Entry{}
}

// share is the part of a profile's last value that has a function on its stacks.
func share(p *profile.Profile, function string) float64 {
	var with, total int64
	last := len(p.SampleType) - 1
	for _, s := range p.Sample {
		total += s.Value[last]
		if slices.ContainsFunc(s.Location, func(l *profile.Location) bool {
			return slices.ContainsFunc(l.Line, func(line profile.Line) bool { return line.Function.Name == function })
		}) {
			with += s.Value[last]
		}
	}
	return float64(with) / float64(max(total, 1))
}

// build compiles a package, or a file, with the go command of this test.
func build(t *testing.T, what string, flags ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds programs")
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command here")
	}
	// The name is this test's own, so that a plan can choose it by name.
	out := filepath.Join(t.TempDir(), fmt.Sprintf("sample%d", os.Getpid()))
	cmd := exec.Command(goTool, slices.Concat([]string{"build", "-o", out}, flags, []string{what})...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", what, err, msg)
	}
	return out
}

const busy = "casefile/cmd/samples/busy"

// service is a running sample program.
type service struct {
	cmd *exec.Cmd
	url string
}

func (s *service) pid() int       { return s.cmd.Process.Pid }
func (s *service) target() string { return fmt.Sprintf("%d-%s", s.pid(), filepath.Base(s.cmd.Path)) }
func (s *service) kill()          { _ = s.cmd.Process.Kill() }

// start runs a program until the end of the test; it says "ready URL" first.
func start(t *testing.T, program string, args ...string) *service {
	t.Helper()
	cmd := exec.Command(program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "ready")
	if err != nil || !ready {
		t.Fatalf("%s said %q, %v, %s", program, line, err, stderr.String())
	}
	return &service{cmd, strings.TrimSpace(url)}
}
