package collectors

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"

	"casefile/bundle"
	"casefile/bundle/format/budget"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/bundle/seal"
)

// Capture is one capture of this node: searched by Begin, made by Run.
type Capture struct {
	Session *Session
	Jobs    []Prepared
	// Missing are pids of the plan that no collector captures.
	Missing []int

	began time.Time
}

// ErrNoTarget says that the plan chooses nothing that runs here.
var ErrNoTarget = entries.NewError(entries.NotThere, "no JVM and no Go service")

// Begin looks for what the plan chooses. Nothing is asked of a target yet.
func Begin(ctx context.Context, node string, p plan.Plan, list []Collector, progress func(Event)) (*Capture, error) {
	s := &Session{Node: node, Plan: p, Roots: SystemRoots(), Secrets: redact.NewSecrets(ownNames(node)...), Progress: progress}
	c := &Capture{Session: s, began: time.Now()}
	c.Jobs = Prepare(ctx, s, list)
	if !c.checkTargets() {
		return c, c.noTarget(ctx, list)
	}
	return c, nil
}

// ownNames are words of this node that are no secrets though they may stand
// where a secret would.
func ownNames(node string) []string {
	names := []string{node}
	if u, err := user.Current(); err == nil {
		names = append(names, u.Username, u.HomeDir)
	}
	return names
}

// checkTargets notes which pids nobody captures, and reports whether there is something to capture.
func (c *Capture) checkTargets() bool {
	targets := slices.ContainsFunc(c.Jobs, func(j Prepared) bool { return processes(j.Collector) })
	p := c.Session.Plan
	for _, pid := range p.PIDs {
		if !slices.ContainsFunc(c.Jobs, func(j Prepared) bool { return j.PID == pid }) {
			c.Missing = append(c.Missing, pid)
		}
	}
	return targets
}

// Run captures into a new bundle, reads it again for leaks, and notes what that
// cost. The bundle is returned open: reports may be added before it is closed.
// When ctx ends early the bundle holds what was captured until then.
func (c *Capture) Run(ctx context.Context, path string, format bundle.Format, tool bundle.Tool) (*bundle.Writer, error) {
	s := c.Session
	w, err := bundle.CreateSealed(seal.From(ctx), path, format, bundle.Manifest{CaseID: s.Plan.CaseID, Cluster: s.Plan.Cluster, Tool: tool, Plan: s.Plan,
		Started: c.began, Nodes: []bundle.Node{nodeInfo(s.Node)}}, s.Secrets)
	if err != nil {
		return nil, err
	}
	s.Out = w
	w.ForJoin()
	if crowded() {
		w.Hurry()
	}
	for _, pid := range c.Missing {
		why := NoProcess(s.view(), pid)
		w.Cover(bundle.Coverage{Node: s.Node, Collector: entries.CollectorJVM, Target: fmt.Sprint(pid), PID: pid,
			Item: entries.ItemProcess, Status: bundle.Failed, Cause: entries.NotThere, Reason: why.Error(), Fix: why.Fix()})
	}
	Run(ctx, s, c.Jobs)
	if n := s.Secrets.Common(); n > 0 {
		w.Cover(bundle.Coverage{Node: s.Node, Collector: entries.CollectorRedact, Item: entries.ItemCommonValues, Status: bundle.Skipped, Cause: entries.Unsupported,
			Reason: fmt.Sprintf("values behind secret keys that were replaced there and not looked for elsewhere, "+
				"because they are too short or words of the evidence: %d", n),
			Fix: "give these secrets values of 10 characters or more that are no words"})
	}
	w.Update(func(m *bundle.Manifest) {
		m.Ended = time.Now()
		if ctx.Err() != nil {
			m.Interrupted = "ended early by a signal"
		}
	})
	last, cancel := budget.Afterwards(ctx)
	defer cancel()
	w, err = w.LeakCheck(last)
	if err != nil {
		w.Update(func(m *bundle.Manifest) { m.Redaction = &bundle.Redaction{LeakCheck: "failed: " + err.Error()} })
	}
	noteOverhead(w, s.Node, c.began)
	return w, nil
}

// noteOverhead writes down what this process used.
func noteOverhead(w *bundle.Writer, node string, began time.Time) {
	cost := bundle.Overhead{Node: node, Seconds: time.Since(began).Seconds()}
	cost.CPUSeconds, cost.MaxRSS = ownUsage()
	cost.ReadBytes, cost.WriteBytes = ownIO()
	level, took := w.Compression()
	cost.Compression, cost.CompressS = level, took.Seconds()
	w.Update(func(m *bundle.Manifest) {
		for i := range m.Overhead {
			if m.Overhead[i].Node == node {
				cost.Targets = m.Overhead[i].Targets
				m.Overhead[i] = cost
				return
			}
		}
		m.Overhead = append(m.Overhead, cost)
	})
}

// crowded reports whether more tasks want a CPU of this node than it has, over the last minute.
func crowded() bool {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return false
	}
	load, err := fs.LoadAvg()
	return err == nil && load.Load1 > float64(runtime.NumCPU())
}

// ownIO is what this process read and wrote through system calls.
func ownIO() (read, written int64) {
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch n, _ := strconv.ParseInt(value, 10, 64); name { // the kernel's own number
		case "rchar":
			read = n
		case "wchar":
			written = n
		}
	}
	return read, written
}
