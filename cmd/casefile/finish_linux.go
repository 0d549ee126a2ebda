package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"casefile/analyze/load"
	"casefile/analyze/report"
	"casefile/bundle"
	"casefile/bundle/redact"
)

// finish checks the evidence for leaks, analyses it, adds the reports and closes
// the bundle. What fails here costs only its own part: the evidence is kept.
func finish(ctx context.Context, w *bundle.Writer, o *collectOptions, secrets *redact.Secrets, began time.Time) (*captured, error) {
	w, err := leakCheck(ctx, w, secrets)
	if err != nil {
		w.Update(func(m *bundle.Manifest) { m.Redaction = &bundle.Redaction{LeakCheck: "failed: " + err.Error()} })
	}
	noteOverhead(w, o.node, began)
	c := &captured{path: o.out}
	r, err := bundle.Open(w.Path())
	if err != nil {
		return nil, err
	}
	entries := r.Manifest.Entries
	r.Manifest, r.Cut = w.Manifest(), nil
	r.Manifest.Entries = entries
	if c.caseFile, err = load.Bundle(ctx, r); err != nil {
		return nil, fmt.Errorf("analyse %s: %w", w.Path(), err)
	}
	if c.result, err = evaluate(ctx, c.caseFile); err != nil {
		return nil, err
	}
	c.addReports(w, o)
	c.manifest, c.closeErr = w.Close()
	if errors.Is(c.closeErr, bundle.ErrDiskFull) {
		c.closeErr = fmt.Errorf("the disk of %s is full: the bundle ends early, what was written is intact", w.Path())
	}
	return c, nil
}

// leakCheck reads the whole bundle again and searches for every secret known by
// now: one learnt late may stand in an early entry. Then the bundle is written
// anew, scrubbed once more.
func leakCheck(ctx context.Context, w *bundle.Writer, secrets *redact.Secrets) (*bundle.Writer, error) {
	note := func(w *bundle.Writer, text string) {
		w.Update(func(m *bundle.Manifest) { m.Redaction = &bundle.Redaction{LeakCheck: text} })
	}
	rep, err := bundle.Verify(ctx, w.Path(), secrets)
	if err != nil {
		return w, err
	}
	if len(rep.Leaks) == 0 {
		note(w, fmt.Sprintf("clean: %d entries read again for %d known values", rep.Entries, secrets.Count()))
		return w, nil
	}
	again, err := w.Rescrub(ctx)
	if err != nil {
		return w, err
	}
	rep, err = bundle.Verify(ctx, again.Path(), secrets)
	if err != nil {
		return again, err
	}
	if len(rep.Leaks) > 0 {
		note(again, fmt.Sprintf("%d places left that look like a secret: %s", len(rep.Leaks), strings.Join(rep.Leaks[:min(5, len(rep.Leaks))], ", ")))
		return again, nil
	}
	note(again, fmt.Sprintf("clean after a second pass: %d entries read again for %d known values", rep.Entries, secrets.Count()))
	return again, nil
}

// noteOverhead writes down what this process used.
func noteOverhead(w *bundle.Writer, node string, began time.Time) {
	var self, children syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &self)
	_ = syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children)
	cost := bundle.Overhead{Node: node, MaxRSS: self.Maxrss * 1024, Seconds: time.Since(began).Seconds()}
	for _, r := range []syscall.Rusage{self, children} {
		cost.CPUSeconds += seconds(r.Utime) + seconds(r.Stime)
	}
	cost.ReadBytes, cost.WriteBytes = ownIO()
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

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

// ownIO is what this process read and wrote through system calls.
func ownIO() (read, written int64) {
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(b)) {
		fmt.Sscanf(line, "rchar: %d", &read)
		fmt.Sscanf(line, "wchar: %d", &written)
	}
	return read, written
}

// addReports renders the reports into the bundle, and the page beside it.
func (c *captured) addReports(w *bundle.Writer, o *collectOptions) {
	m := w.Manifest()
	meta := report.Meta{Title: o.plan.CaseID, BundleName: o.out, Tool: "casefile", Version: toolVersion(), Overhead: overheadText(&m)}
	var page, summary, findings bytes.Buffer
	renders := []struct {
		name string
		kind redact.Kind
		buf  *bytes.Buffer
		err  error
	}{
		{bundle.FindingsFile, redact.JSON, &findings, report.JSON(&findings, c.caseFile, c.result)},
		{bundle.SummaryFile, redact.Text, &summary, report.Markdown(&summary, c.caseFile, c.result, meta)},
		{bundle.ReportFile, redact.Text, &page, report.HTML(&page, c.caseFile, c.result, meta)},
	}
	for _, r := range renders {
		err := r.err
		if err == nil {
			err = w.Add(bundle.Entry{Path: r.name}, r.kind, r.buf.Bytes())
		}
		if err != nil {
			w.Cover(bundle.Coverage{Node: o.node, Collector: "report", Item: r.name, Status: bundle.Failed, Reason: err.Error(), Fix: "casefile analyze " + o.out})
		}
	}
	if o.noReport || bundle.Format(o.format) == bundle.Dir {
		return
	}
	path := strings.TrimSuffix(strings.TrimSuffix(o.out, ".zip"), ".tar.zst") + ".html"
	if err := os.WriteFile(path, page.Bytes(), 0o600); err == nil {
		c.report = path
	}
}

// overheadText says in a line a node what the capture cost.
func overheadText(m *bundle.Manifest) []string {
	var lines []string
	for _, o := range m.Overhead {
		line := fmt.Sprintf("%s: %.1f s CPU in %.0f s (%.1f %% of one), %d MB memory", o.Node, o.CPUSeconds, o.Seconds, 100*o.CPUSeconds/max(o.Seconds, 1), o.MaxRSS>>20)
		for _, t := range o.Targets {
			line += fmt.Sprintf("; %s: %d commands, paused %.1f ms in all, %.1f ms at most", t.Target, t.Commands, t.PauseMS, t.MaxMS)
		}
		lines = append(lines, line)
	}
	return lines
}
