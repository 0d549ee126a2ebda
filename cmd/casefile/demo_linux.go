package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"casefile/bundle/format/plan"
	"casefile/testdata/live"
)

// demoNode is one service of the sample cluster; an empty scenario is healthy.
type demoNode struct{ scenario, goProblem string }

// demoCluster has one planted problem: the second node's request threads wait
// for one lock.
var demoCluster = []demoNode{{"healthy", "none"}, {"lock-contention", "mutex"}, {"healthy", "none"}}

func newDemo(u *ui) *cobra.Command {
	var out, on string
	var duration time.Duration
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Capture an embedded sample cluster with a planted problem",
		Long: `Starts three small sample services on this machine - Java where a JDK is found, Go
services otherwise - one of which has a planted problem, captures them, prints
the advice and where the report lies, and stops what it started.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if on != "" && on != "java" && on != "go" {
				return usage("--on %q: want java or go", on)
			}
			return demo(cmd.Context(), u, out, on, duration)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder for bundle and report (default: a new one in the temporary folder)")
	cmd.Flags().StringVar(&on, "on", "", "java or go (default: java where a JDK is found)")
	cmd.Flags().DurationVar(&duration, "duration", 12*time.Second, "length of the capture")
	return cmd
}

func demo(ctx context.Context, u *ui, out, on string, duration time.Duration) error {
	if out == "" {
		var err error
		if out, err = os.MkdirTemp("", "casefile-demo-"); err != nil {
			return err
		}
	} else if err := os.MkdirAll(out, 0o700); err != nil {
		return err
	}
	o := collectOptions{plan: plan.Default(), node: "demo", format: "tar.zst", output: "text", out: filepath.Join(out, "demo.tar.zst")}
	o.plan.Duration, o.plan.Cluster, o.plan.CaseID = plan.Duration(duration), "demo", "DEMO-1"
	o.plan.Dumps, o.plan.DumpInterval = 4, plan.Duration((duration / 4).Truncate(100*time.Millisecond))
	if err := o.plan.Validate(); err != nil {
		return usage("%w", err)
	}
	stop, err := startCluster(ctx, u, on, &o.plan)
	defer stop()
	if err != nil {
		return err
	}
	done, err := capture(ctx, u, &o)
	if err != nil {
		return err
	}
	stop()
	if err := done.print(u, &o); err != nil {
		return err
	}
	fmt.Fprintf(u.err, "open the report in a browser: %s\n", done.report)
	if done.incomplete() {
		return &exit{code: exitGaps}
	}
	return nil
}

// startCluster starts the services and adds them to the plan. stop may be called
// more than once.
func startCluster(ctx context.Context, u *ui, on string, p *plan.Plan) (stop func(), err error) {
	var started []func()
	stop = func() {
		for _, f := range started {
			f()
		}
		started = nil
	}
	jdks := live.JDKs(ctx)
	if len(jdks) == 0 && on == "" {
		fmt.Fprintln(u.err, "no JDK found on this machine: the demo runs on Go services")
		on = "go"
	}
	if on == "go" {
		return stop, startGoServices(ctx, p, &started)
	}
	if len(jdks) == 0 {
		return stop, hinted(errors.New("no JDK found on this machine"), "install one, or casefile demo --on go")
	}
	jdk := jdks[len(jdks)-1]
	fmt.Fprintf(u.err, "starting %d sample services on %s\n", len(demoCluster), jdk.Home)
	for _, n := range demoCluster {
		proc, err := live.Start(ctx, jdk, n.scenario, live.Options{})
		if err != nil {
			return stop, hinted(err, "the samples are compiled with javac: install a full JDK, or casefile demo --on go")
		}
		started = append(started, proc.Stop)
		p.PIDs = append(p.PIDs, proc.PID)
	}
	return stop, nil
}

// startGoServices starts this same program as sample services.
func startGoServices(ctx context.Context, p *plan.Plan, started *[]func()) error {
	for _, n := range demoCluster {
		url, stop, err := startService(ctx, n.goProblem)
		if err != nil {
			return fmt.Errorf("sample service: %w", err)
		}
		*started = append(*started, stop)
		p.GoURLs = append(p.GoURLs, url)
	}
	return nil
}

var errNotReady = errors.New("it ended before it was ready")

// readyURL takes the address out of the line "ready http://...".
func readyURL(line string) (string, bool) {
	return strings.CutPrefix(strings.TrimSpace(line), "ready ")
}
