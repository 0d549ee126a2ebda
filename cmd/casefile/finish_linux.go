package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"casefile/analyze/load"
	"casefile/analyze/report"
	"casefile/analyze/rules"
	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/newfile"
)

// finish analyses an open bundle, adds the reports and closes it. What fails here
// costs only its own part: the evidence is kept.
func finish(ctx context.Context, w *bundle.Writer, o *collectOptions) (*captured, error) {
	ctx = w.Reading(ctx)
	c := &captured{path: o.out}
	defer func() {
		w.SignWith(o.sealing.signer)
		c.manifest, c.closeErr = w.Close()
		if errors.Is(c.closeErr, bundle.ErrDiskFull) {
			c.closeErr = fmt.Errorf("the disk of %s is full: the bundle ends early, what was written is intact", w.Path())
		}
		if o.store != nil {
			c.searchNames(ctx, w)
		}
		c.parts(o)
	}()
	err := c.analyse(ctx, w)
	switch {
	case ctx.Err() != nil:
		w.Cover(bundle.Coverage{Node: o.node, Collector: entries.CollectorReport, Item: bundle.ReportFile, Status: bundle.Skipped, Cause: entries.EndedEarly,
			Reason: "interrupted before the analysis", Fix: "casefile analyze " + o.out})
		c.result = nil
		return c, nil
	case err != nil:
		return nil, err
	}
	if o.store != nil && o.baseline != "" && !hasPseudonyms(ctx, o.baseline) {
		w.Cover(bundle.Coverage{Node: o.node, Collector: entries.CollectorReport, Item: "comparison", Status: bundle.Failed,
			Cause: entries.Unsupported, Reason: "the earlier bundle has names, and this one none: its names would stand in the report",
			Fix: "casefile redact " + o.baseline + " -o OUT, then --baseline OUT"})
		o.baseline = ""
	}
	if c.against, err = againstBaseline(ctx, o.baseline, &limits{}, o.nameInReport(), c.caseFile, c.result); err != nil {
		w.Cover(bundle.Coverage{Node: o.node, Collector: "report", Item: "comparison", Status: bundle.Failed, Cause: entries.Unreadable,
			Reason: err.Error(), Fix: "casefile compare " + o.baseline + " " + o.out})
	}
	if o.store != nil && c.against != nil {
		for i := range c.against.Before { // reports do not name its folder
			c.against.Before[i].Name = filepath.Base(c.against.Before[i].Name)
		}
	}
	c.addReports(ctx, w, o)
	w = c.smaller(ctx, w, o)
	return c, nil
}

// analyse reads what was captured and runs the rules over it.
func (c *captured) analyse(ctx context.Context, w *bundle.Writer) error {
	r, err := bundle.Open(ctx, w.Path())
	if err != nil {
		return err
	}
	entries := r.Manifest.Entries
	r.Manifest, r.Cut = w.Manifest(), nil
	r.Manifest.Entries = entries
	if c.caseFile, err = load.Bundle(ctx, r); err != nil {
		return fmt.Errorf("analyse %s: %w", w.Path(), err)
	}
	c.result, err = evaluate(ctx, c.caseFile)
	return err
}

// addReports renders the reports into the bundle, and the page next to it.
func (c *captured) addReports(ctx context.Context, w *bundle.Writer, o *collectOptions) {
	m := w.Manifest()
	review, err := o.ticket.review(nil, c.caseFile, c.result)
	if err != nil {
		w.Cover(bundle.Coverage{Node: o.node, Collector: entries.CollectorReport, Item: "checklist", Status: bundle.Failed, Cause: entries.CauseOf(err),
			Reason: err.Error(), Fix: "casefile check " + o.out})
	}
	meta := report.Meta{Review: review, Title: o.plan.CaseID, BundleName: o.nameInReport(), Tool: "casefile", Version: toolVersion(), Overhead: overheadText(&m), Rules: rules.All(),
		Cited: readCited(ctx, []string{w.Path()}, c.result.Findings), Against: c.against}
	var page []byte
	for _, r := range reportEntries(c.caseFile, c.result, meta, c.against) {
		if ctx.Err() != nil {
			w.Cover(bundle.Coverage{Node: o.node, Collector: "report", Item: r.name, Status: bundle.Skipped, Cause: entries.EndedEarly,
				Reason: "interrupted before it was written", Fix: "casefile analyze " + o.out})
			continue
		}
		content, err := r.render()
		if err == nil {
			err = w.Add(bundle.Entry{Path: r.name}, r.kind, content)
		}
		if err != nil {
			w.Cover(bundle.Coverage{Node: o.node, Collector: entries.CollectorReport, Item: r.name, Status: bundle.Failed, Cause: entries.CauseOf(err), Reason: err.Error(), Fix: "casefile analyze " + o.out})
		}
		if r.name == bundle.ReportFile {
			page = content
		}
	}
	if o.noReport || o.sealing.wanted() || bundle.Format(o.format) == bundle.Dir || len(page) == 0 {
		return
	}
	path := strings.TrimSuffix(strings.TrimSuffix(o.out, ".zip"), ".tar.zst") + ".html"
	if err := newfile.Write(path, func(out io.Writer) error { _, err := out.Write(page); return err }); err == nil {
		c.report = path
	} else {
		w.Cover(bundle.Coverage{Node: o.node, Collector: entries.CollectorReport, Item: entries.ItemReportPage, Status: bundle.Failed, Cause: entries.CauseOf(err), Reason: err.Error(), Fix: "choose another place with --out: a folder that others cannot write to"})
	}
}

// searchNames is the leak check over the finished bundle, its reports included.
func (c *captured) searchNames(ctx context.Context, w *bundle.Writer) {
	rep, err := w.Verify(ctx)
	if err != nil {
		c.checked = err
		return
	}
	c.leaks = rep.Leaks
}

// nameInReport is what reports call the bundle: with pseudonyms not by the folder that it lies in.
func (o *collectOptions) nameInReport() string {
	if o.store == nil {
		return o.out
	}
	return o.store.Set.Rewriter().String(filepath.Base(o.out))
}

// hasPseudonyms reports whether a bundle says that its names were replaced.
func hasPseudonyms(ctx context.Context, path string) bool {
	r, err := bundle.Open(ctx, path)
	return err == nil && r.Manifest.Redaction != nil && r.Manifest.Redaction.Level.Pseudonyms()
}
