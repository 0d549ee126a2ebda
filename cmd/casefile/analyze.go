package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"casefile/analyze"
	"casefile/analyze/load"
	"casefile/analyze/report"
	"casefile/analyze/rules"
	"casefile/analyze/threads"
	"casefile/bundle/newfile"
)

func newAnalyze(u *ui) *cobra.Command {
	var output, failOn, html, markdown, baseline string
	var verbose bool
	var pools, requestPools []string
	var most limits
	cmd := &cobra.Command{
		Use:   "analyze PATH...",
		Short: "Say what a bundle, a folder, an archive or loose files show",
		Long: `Reads a casefile bundle (whole or cut), a folder, another tool's support zip, or
loose files - thread dumps, GC logs, Go profiles - and prints findings in the
order of their impact, each with its evidence and what to do. PATH - is standard
input: kubectl logs web-1 | casefile analyze -

` + exitHelp,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			if output != "text" && output != "json" {
				return usage("--output %q: want text or json", output)
			}
			limit, err := parseFailOn(failOn)
			if err != nil {
				return err
			}
			own, err := poolPatterns(pools, requestPools)
			if err != nil {
				return err
			}
			ctx, err := most.bound(cmd.Context(), paths...)
			if err != nil {
				return err
			}
			c, err := load.Paths(ctx, paths)
			if err != nil {
				return err
			}
			for _, j := range c.JVMs() {
				if j.Dumps != nil {
					j.Dumps.SetPools(own)
				}
			}
			res, err := evaluate(ctx, c)
			if err != nil {
				return err
			}
			against, err := againstBaseline(cmd.Context(), baseline, &most, paths[0], c, res)
			if err != nil {
				return err
			}
			meta := report.Meta{Title: c.ID, BundleName: paths[0], Tool: "casefile", Version: toolVersion(), Against: against, Rules: rules.All()}
			if html != "" || markdown != "" {
				if meta.Review, err = report.NewReview(c, res, nil, nil); err != nil {
					return err
				}
			}
			if html != "" {
				meta.Cited = readCited(ctx, paths, res.Findings)
			}
			if err := writeExtra(c, res, meta, html, markdown); err != nil {
				return err
			}
			if output == "json" {
				err = report.JSONAgainst(u.out, c, res, against)
			} else {
				o := report.Options{Color: u.color(u.out), Width: width(u.out), Verbose: verbose, Bundle: paths[0]}
				err = errors.Join(report.Terminal(u.out, c, res, o), report.AgainstTerminal(u.out, against, o))
			}
			if err != nil {
				return err
			}
			if report.Empty(c) && len(c.Refused) == 0 { // what is refused was told, with what to give instead
				return hinted(fmt.Errorf("%s: nothing that can be analysed", strings.Join(paths, ", ")),
					"it reads casefile bundles, folders and archives of logs, thread dumps, GC logs, .jfr and pprof files")
			}
			return limit.check(c, res)
		},
	}
	cmd.Flags().StringVar(&output, "output", "text", "text or json")
	cmd.Flags().StringVar(&failOn, "fail-on", "", failOnHelp)
	cmd.Flags().StringVar(&html, "html", "", "also write the report to this file")
	cmd.Flags().StringVar(&markdown, "markdown", "", "also write the summary to this file")
	cmd.Flags().StringVar(&baseline, "baseline", "", "also say what changed since this earlier capture, see casefile compare")
	cmd.Flags().StringArrayVar(&pools, "pool", nil, "threads of a pool of jobs, by a pattern of their names; its first group is the pool's name (repeatable)")
	cmd.Flags().StringArrayVar(&requestPools, "request-pool", nil, "the same for a pool whose threads serve requests (repeatable)")
	most.flags(cmd.Flags())
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "also what could not be evaluated, and lines that were not understood")
	return cmd
}

// poolPatterns compiles the user's own pools.
func poolPatterns(jobs, requests []string) ([]threads.PoolPattern, error) {
	var out []threads.PoolPattern
	for _, list := range []struct {
		flag     string
		patterns []string
		requests bool
	}{{"pool", jobs, false}, {"request-pool", requests, true}} {
		for _, text := range list.patterns {
			re, err := regexp.Compile(text)
			if err != nil {
				return nil, usage("--%s %q: %w", list.flag, text, err)
			}
			out = append(out, threads.PoolPattern{Kind: "own", Name: re, Requests: list.requests})
		}
	}
	return out, nil
}

// evaluate runs all rules over a case.
func evaluate(ctx context.Context, c *analyze.Case) (*analyze.Result, error) {
	return analyze.Run(ctx, c, rules.All())
}

// writeExtra writes the reports that are asked for next to the result.
func writeExtra(c *analyze.Case, res *analyze.Result, meta report.Meta, html, markdown string) error {
	write := func(path string, render func(io.Writer) error) error {
		if path == "" {
			return nil
		}
		return newfile.Write(path, render)
	}
	if err := write(html, func(f io.Writer) error { return report.HTML(f, c, res, meta) }); err != nil {
		return err
	}
	return write(markdown, func(f io.Writer) error { return report.Markdown(f, c, res, meta) })
}

// failOn is what makes the exit code 4: a severity from which on findings do, or failOnUnknown; empty: nothing does.
type failOn string

// failOnUnknown also counts a headline that cannot tell, next to findings of warning and above.
const failOnUnknown failOn = "unknown"

const failOnHelp = "exit 4 when a finding is at least this severe: warning or critical; unknown: also when the evidence cannot tell"

func parseFailOn(text string) (failOn, error) {
	if text == "" || failOn(text) == failOnUnknown {
		return failOn(text), nil
	}
	s, err := analyze.ParseSeverity(text)
	if err != nil {
		return "", usage("--fail-on: %w, or unknown", err)
	}
	return failOn(s), nil
}

func (f failOn) check(c *analyze.Case, res *analyze.Result) error {
	least := analyze.Severity(f)
	if f == failOnUnknown {
		least = analyze.Warning
		if v := analyze.Headline(c, res); v.Kind == analyze.CannotTell {
			return &exit{code: exitFindings, err: fmt.Errorf("%s (--fail-on %s)", v.Text, f)}
		}
	}
	if worst := res.Worst(); f != "" && worst != "" && worst.AtLeast(least) {
		return &exit{code: exitFindings, err: fmt.Errorf("a finding is %s (--fail-on %s)", worst, f)}
	}
	return nil
}
