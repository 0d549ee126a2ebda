package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"casefile/analyze/load"
	"casefile/analyze/report"
	"casefile/analyze/rules"
	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/bundle/redact/names"
)

// redactOptions are the flags of redact.
type redactOptions struct {
	levelOptions
	out, format string
	most        limits
}

func newRedact(u *ui) *cobra.Command {
	var o redactOptions
	cmd := &cobra.Command{
		Use:   "redact PATH -o OUT",
		Short: "Write a bundle, an archive, a folder or a file anew, without secrets and names",
		Long: `Writes a copy of PATH that may leave the house: an older bundle, another tool's support
zip or tar, a folder of logs, one log, one recording (.jfr), one profile (.pb.gz). The
copy is analysed as PATH was: names become pseudonyms that are the same in all bundles of
a cluster, binary formats stay readable by their own tools. A bundle gets new reports.

What cannot be made safe - unknown binary files, what is damaged - is left out and
told. Then the copy is searched for what is left.

Exit codes: 0 complete; 1 failed, or something is left that looks like a secret or a
name; 2 usage; 3 something was left out.`,
		Example: `  casefile redact casefile-n1-20261128T090000Z.tar.zst -o for-support.tar.zst
  casefile redact support.zip -o support-clean.zip --redact standard
  casefile redact recording.jfr -o clean.jfr`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runRedact(cmd.Context(), u, &o, args[0]) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.out, "out", "o", "", "file or folder to write")
	f.StringVar(&o.format, "format", "",
		"of an archive: tar.zst, zip or dir (default: by the name of --out, else that of PATH)")
	o.levelOptions.flags(f, plan.Standard)
	o.most.flags(f)
	return cmd
}

func runRedact(ctx context.Context, u *ui, o *redactOptions, path string) error {
	if err := o.complete(); err != nil {
		return err
	}
	if o.out == "" {
		return usage("-o OUT says what to write")
	}
	if same(path, o.out) {
		return usage("-o %s is what is read", o.out)
	}
	if inside(path, o.out) {
		return usage("-o %s lies in the folder that is read", o.out)
	}
	ctx, err := o.most.bound(ctx, path)
	if err != nil {
		return err
	}
	r, err := bundle.Open(ctx, path)
	if err != nil && load.SingleFile(path, err) || err == nil && load.PackedText(path, r) {
		return o.file(ctx, u, path)
	}
	if err != nil {
		return err
	}
	format, err := o.formatFor(r)
	if err != nil {
		return err
	}
	if r.Foreign {
		return o.foreign(ctx, u, r, format)
	}
	return o.bundle(ctx, u, r, format)
}

// same reports whether two names are those of one file.
func same(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// inside reports whether a file would lie in a folder.
func inside(folder, file string) bool {
	root, err1 := filepath.Abs(folder)
	path, err2 := filepath.Abs(file)
	below, err := filepath.Rel(root, path)
	return err1 == nil && err2 == nil && err == nil && filepath.IsLocal(below)
}

func (o *redactOptions) formatFor(r *bundle.Reader) (bundle.Format, error) {
	if o.format != "" {
		format, err := bundle.ParseFormat(o.format)
		if err != nil {
			return "", usage("--format: %w", err)
		}
		return format, nil
	}
	if format, named := bundle.FormatOf(o.out); named {
		return format, nil
	}
	return r.Format, nil
}

// bundle writes a bundle anew, analyses it and adds the reports.
func (o *redactOptions) bundle(ctx context.Context, u *ui, r *bundle.Reader, format bundle.Format) error {
	if r.Cut != nil {
		fmt.Fprintf(u.err, "cut: %v; what is before the cut is kept\n", r.Cut)
	}
	store, err := o.store("", r.Manifest.Cluster)
	if err != nil {
		return err
	}
	w, err := bundle.Redact(ctx, r, o.level, redact.NewSecrets(), setOf(store), o.out, format)
	if err != nil {
		return err
	}
	if err := addAnalysis(ctx, w); err != nil {
		fmt.Fprintf(u.err, "casefile: error: no reports in it: %v\n", err)
	}
	m, err := w.Close()
	if err != nil {
		return err
	}
	rep, err := w.Verify(ctx)
	if err != nil {
		return err
	}
	left := 0
	for _, c := range m.Coverage {
		if c.Collector == entries.CollectorRedact && c.Status.Gap() {
			fmt.Fprintf(u.err, "left out: %s: %s\n", c.Item, c.Reason)
			left++
		}
	}
	return o.done(u, store, m.Redaction, rep.Leaks, left)
}

// addAnalysis analyses an open bundle and writes the reports into it.
func addAnalysis(ctx context.Context, w *bundle.Writer) error {
	r, err := bundle.Open(ctx, w.Path())
	if err != nil {
		return err
	}
	list := r.Manifest.Entries
	r.Manifest, r.Cut = w.Manifest(), nil
	r.Manifest.Entries = list
	c, err := load.Bundle(ctx, r)
	if err != nil {
		return err
	}
	res, err := evaluate(ctx, c)
	if err != nil {
		return err
	}
	m := w.Manifest()
	meta := report.Meta{Title: c.ID, BundleName: filepath.Base(w.Path()), Tool: "casefile",
		Version: toolVersion(), Overhead: overheadText(&m), Rules: rules.All(),
		Cited: readCited(ctx, []string{w.Path()}, res.Findings)}
	for _, made := range reportEntries(c, res, meta, nil) {
		content, err := made.render()
		if err == nil {
			err = w.Add(bundle.Entry{Path: made.name}, made.kind, content)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// foreign writes an archive or a folder of another tool anew.
func (o *redactOptions) foreign(ctx context.Context, u *ui, r *bundle.Reader, format bundle.Format) error {
	store, err := o.store("", "others")
	if err != nil {
		return err
	}
	f := bundle.Foreign{Level: o.level, Secrets: redact.NewSecrets(), Set: setOf(store)}
	rep, err := f.Archive(ctx, r, o.out, format)
	if err != nil {
		return err
	}
	fmt.Fprintf(u.err, "%d files written\n", rep.Entries)
	return o.replaced(u, store, rep)
}

func (o *redactOptions) replaced(u *ui, store *names.Store, rep *bundle.Replaced) error {
	for _, l := range rep.LeftOut {
		fmt.Fprintln(u.err, "left out:", l)
	}
	return o.done(u, store, redactionOf(o.level, rep), rep.Leaks, len(rep.LeftOut))
}

// file writes one file anew.
func (o *redactOptions) file(ctx context.Context, u *ui, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	store, err := o.store("", "others")
	if err != nil {
		return err
	}
	f := bundle.Foreign{Level: o.level, Secrets: redact.NewSecrets(), Set: setOf(store)}
	rep, err := f.File(ctx, filepath.Base(path), in, o.out)
	if err != nil {
		return err
	}
	return o.replaced(u, store, rep)
}

// done says what was replaced, what is left, and where the names are.
func (o *redactOptions) done(u *ui, store *names.Store, r *bundle.Redaction, leaks []string, left int) error {
	fmt.Fprintln(u.err, "replaced:", report.Plain(replacedText(r)))
	if err := keepNames(u.err, store); err != nil {
		return err
	}
	for _, l := range leaks {
		fmt.Fprintln(u.err, "looks like a secret or a name:", report.Plain(l))
	}
	fmt.Fprintln(u.out, o.out)
	switch {
	case len(leaks) > 0:
		return &exit{code: exitFailed,
			err: fmt.Errorf("%d places left that look like a secret or a name: do not send it before you looked at them", len(leaks))}
	case left > 0:
		return &exit{code: exitGaps}
	}
	return nil
}
