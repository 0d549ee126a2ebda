package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"casefile/analyze"
	"casefile/analyze/compare"
	"casefile/analyze/load"
	"casefile/analyze/report"
	"casefile/bundle/newfile"
)

// compareOptions are the flags of compare.
type compareOptions struct {
	before, after  []string
	output, failOn string
	html, markdown string
	verbose        bool
	most           limits
}

func newCompare(u *ui) *cobra.Command {
	var o compareOptions
	cmd := &cobra.Command{
		Use:   "compare BEFORE AFTER",
		Short: "Say what changed between two captures, and how sure that is",
		Long: `Compares two bundles, or whatever "casefile analyze" reads: folders, support zips,
GC logs, access logs, recordings, dumps, profiles. Says in a sentence what changed,
by how much, how sure that is, and what else changed that could explain it; or that
nothing did, or that it cannot be told. Load is compared first. Several captures a
side tell more than any model of one:

  casefile compare before.tar.zst after.tar.zst
  casefile compare --before a1.tar.zst --before a2.tar.zst --after b1.tar.zst --after b2.tar.zst

How it is computed: docs/compare.md.

` + exitHelp,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), u, args) },
	}
	o.flags(cmd.Flags())
	return cmd
}

func (o *compareOptions) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.before, "before", nil, "a capture of the side before (repeatable), instead of BEFORE")
	f.StringArrayVar(&o.after, "after", nil, "a capture of the side after (repeatable), instead of AFTER")
	f.StringVar(&o.output, "output", "text", "text, markdown or json")
	f.StringVar(&o.failOn, "fail-on", "", "exit 4: regression: when something got worse; unknown: also when that cannot be told")
	f.StringVar(&o.html, "html", "", "also write the comparison as a page to this file")
	f.StringVar(&o.markdown, "markdown", "", "also write it as Markdown to this file")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "also what did not change and what cannot be judged")
	o.most.flags(f)
}

// Values of --fail-on.
const (
	failOnRegression = "regression"
	failOnUntold     = "unknown"
)

func (o *compareOptions) run(ctx context.Context, u *ui, args []string) error {
	if err := o.sides(args); err != nil {
		return err
	}
	c, err := o.compare(ctx)
	if err != nil {
		return err
	}
	meta := report.Meta{Tool: "casefile", Version: toolVersion()}
	if err := o.write(c, meta); err != nil {
		return err
	}
	switch o.output {
	case "json":
		err = report.CompareJSON(u.out, c)
	case "markdown":
		err = report.CompareMarkdown(u.out, c, meta)
	default:
		err = report.CompareTerminal(u.out, c, report.Options{Color: u.color(u.out), Width: width(u.out), Verbose: o.verbose})
	}
	if err != nil {
		return err
	}
	return o.check(&c.Verdict)
}

// sides takes the two arguments, or the flags that stand for them.
func (o *compareOptions) sides(args []string) error {
	switch {
	case o.output != "text" && o.output != "json" && o.output != "markdown":
		return usage("--output %q: want text, markdown or json", o.output)
	case o.failOn != "" && o.failOn != failOnRegression && o.failOn != failOnUntold:
		return usage("--fail-on %q: want regression or unknown", o.failOn)
	case len(args) == 2 && len(o.before)+len(o.after) == 0:
		o.before, o.after = args[:1], args[1:]
	case len(args) > 0 || len(o.before) == 0 || len(o.after) == 0:
		return usage("compare takes BEFORE and AFTER, or --before and --after as often as there are captures")
	}
	for _, p := range o.all() {
		if load.IsStream(p) {
			return usage("%s: compare reads files and folders, not streams", p)
		}
	}
	return nil
}

func (o *compareOptions) all() []string { return append(append([]string{}, o.before...), o.after...) }

func (o *compareOptions) compare(ctx context.Context) (*compare.Comparison, error) {
	before, err := o.runs(ctx, o.before)
	if err != nil {
		return nil, err
	}
	after, err := o.runs(ctx, o.after)
	if err != nil {
		return nil, err
	}
	return compare.New(ctx, before, after)
}

// runs reads the captures of a side.
func (o *compareOptions) runs(ctx context.Context, paths []string) (runs []compare.Run, err error) {
	for _, p := range paths {
		bounded, err := o.most.bound(ctx, o.all()...)
		if err != nil {
			return nil, err
		}
		c, err := load.Paths(bounded, []string{p})
		if err != nil {
			return nil, err
		}
		if report.Empty(c) {
			return nil, hinted(fmt.Errorf("%s: nothing that can be compared", p), strings.Join(c.Problems[:min(len(c.Problems), 3)], "; "))
		}
		res, err := evaluate(bounded, c)
		if err != nil {
			return nil, err
		}
		runs = append(runs, compare.Run{Name: p, Case: c, Result: res})
	}
	return runs, nil
}

func (o *compareOptions) write(c *compare.Comparison, meta report.Meta) error {
	var errs []error
	for _, x := range []struct {
		path  string
		write func(io.Writer) error
	}{
		{o.html, func(w io.Writer) error { return report.CompareHTML(w, c, meta) }},
		{o.markdown, func(w io.Writer) error { return report.CompareMarkdown(w, c, meta) }},
	} {
		if x.path != "" {
			errs = append(errs, newfile.Write(x.path, x.write))
		}
	}
	return errors.Join(errs...)
}

func (o *compareOptions) check(v *compare.Verdict) error {
	switch {
	case o.failOn != "" && v.Worse(), o.failOn == failOnUntold && !v.Told():
		return &exit{code: exitFindings, err: fmt.Errorf("%s (--fail-on %s)", v.Kind, o.failOn)}
	}
	return nil
}

// againstBaseline compares a case with an earlier capture.
func againstBaseline(ctx context.Context, baseline string, most *limits, name string, c *analyze.Case, res *analyze.Result) (*compare.Comparison, error) {
	if baseline == "" {
		return nil, nil
	}
	o := compareOptions{before: []string{baseline}, most: *most}
	before, err := o.runs(ctx, o.before)
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	return compare.New(ctx, before, []compare.Run{{Name: name, Case: c, Result: res}})
}
