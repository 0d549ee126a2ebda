package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"casefile/bundle/format/plan"
)

// newCheck reviews a bundle, or this node or cluster as it is now.
func newCheck(u *ui) *cobra.Command {
	var o checkOptions
	c := collectOptions{plan: plan.Default(), noReport: true, output: "text"}
	cmd := &cobra.Command{
		Use: "check [BUNDLE...]", Short: "Answer the cluster's checklist, what limits it, and what support still needs",
		Long: checkHelp + "Without BUNDLE this node is captured, or with --cluster or --node all of them.\n\n" + checkExits, Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return o.checkBundle(cmd.Context(), u, args)
			}
			return o.checkNow(cmd.Context(), u, cmd, &c)
		},
	}
	f := cmd.Flags()
	o.flags(f)
	c.cluster.flags(f)
	f.BoolVar(&c.cluster.appCredentials, "use-app-credentials", false, "also look at the sessions of the databases that the applications' own configuration names, and measure how fast they answer, with the login that stands there")
	f.IntSliceVar(&c.plan.PIDs, "pid", nil, "capture this process (repeatable; default: all JVMs and Go services)")
	f.StringArrayVar(&c.plan.Apps, "app", nil, "capture applications with such a name, a glob like 'confluence*' (repeatable)")
	f.DurationVar(&c.duration, "duration", 15*time.Second, "length of the capture")
	f.StringVar(&c.out, "out", "", "keep the bundle here (default: it is thrown away)")
	return cmd
}

// checkNow captures for some seconds and reviews that.
func (o *checkOptions) checkNow(ctx context.Context, u *ui, cmd *cobra.Command, c *collectOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	const dumps = 6 // locks that are held for less than a third of the time do not show in fewer
	c.plan.Dumps, c.interval, c.every = dumps, c.duration/dumps, time.Second
	kept := c.out != ""
	if !kept {
		dir, err := tempDir("casefile-check-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c.out = filepath.Join(dir, "check.tar.zst")
	}
	if err := c.complete(cmd); err != nil {
		return err
	}
	done, err := capture(ctx, u, c)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil || done.result == nil:
		return &exit{code: exitInterrupted}
	}
	name := "the capture of " + c.node
	if kept {
		name = c.out
	}
	return o.checked(u, done.caseFile, done.result, name)
}
