package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"casefile/bundle/format/plan"
	"casefile/collectors"
	"casefile/collectors/agent/identity"
	"casefile/collectors/database"
	"casefile/collectors/jvm"
	"casefile/collectors/rights"
)

// spaceNeeded is what a capture of one node usually takes, several times over.
const spaceNeeded = 256 << 20

func newDoctor(u *ui) *cobra.Command {
	var o doctorOptions
	var output string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what a capture on this node would and would not get, with the fix",
		Long: `Looks at every JVM of this node (or those of --pid): version, counters, the right to
attach, whether it answers; and at the node: space for the bundle, clock. With
--cluster or --use-app-credentials it logs in to the databases that a capture would
look at, and tells what their sessions would and would not show. Takes away what a
killed casefile left switched on. Captures nothing.

Exit codes: 0 all well; 5 something needs a fix.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return usage("--output %q: want text or json", output)
			}
			checks, err := o.diagnose(cmd.Context())
			if err != nil {
				return err
			}
			return printChecks(u, checks, output)
		},
	}
	cmd.Flags().IntSliceVar(&o.pids, "pid", nil, "look at this process (repeatable; default: all JVMs)")
	cmd.Flags().StringVar(&output, "output", "text", "text or json")
	cmd.Flags().StringVar(&o.out, "out", ".", "where the bundle would be written")
	cmd.Flags().StringVar(&o.cluster, "cluster", "", "also log in to the databases of this cluster.yaml, with their credentials on this node")
	cmd.Flags().BoolVar(&o.appCredentials, "use-app-credentials", false, "also log in to the databases that the applications' own configuration names")
	return cmd
}

// doctorOptions is what is looked at.
type doctorOptions struct {
	pids           []int
	out, cluster   string
	appCredentials bool
}

func (o *doctorOptions) diagnose(ctx context.Context) ([]jvm.Check, error) {
	checks, err := diagnose(ctx, o.pids, o.out)
	if err != nil {
		return nil, err
	}
	databases, err := o.databases(ctx)
	return append(checks, databases...), err
}

// databases logs in to those that a capture would look at.
func (o *doctorOptions) databases(ctx context.Context) ([]jvm.Check, error) {
	probes := plan.Probes{AppCredentials: o.appCredentials}
	if o.cluster != "" {
		file, err := identity.ReadCluster(o.cluster)
		if err != nil {
			return nil, usage("--cluster: %w", err)
		}
		if file.Probes != nil {
			probes.Databases = file.Probes.Databases
		}
	}
	s := &collectors.Session{Plan: plan.Default(), Roots: collectors.SystemRoots()}
	s.Plan.PIDs = o.pids
	var checks []jvm.Check
	for _, c := range database.Diagnose(ctx, s, probes, appLogins) {
		checks = append(checks, jvm.Check(c))
	}
	return checks, nil
}

func diagnose(ctx context.Context, pids []int, out string) ([]jvm.Check, error) {
	checks := []jvm.Check{checkSpace(out), checkClock()}
	var found []*jvm.JVM
	proc := collectors.SystemRoots().Proc
	if here := rights.Here(); here.NoProc() {
		why := collectors.NoTarget(here)
		return append(checks, jvm.Check{Target: "node", Name: "processes", Detail: why.Error(), Fix: why.Fix()}), nil
	}
	for _, pid := range pids {
		j, err := jvm.Inspect(proc, pid)
		if err != nil {
			why := collectors.NoProcess(rights.Here(), pid)
			checks = append(checks, jvm.Check{Target: fmt.Sprint(pid), Name: "process", Detail: why.Error(), Fix: why.Fix()})
			continue
		}
		found = append(found, j)
	}
	if len(pids) == 0 {
		var err error
		if found, err = jvm.Find(ctx, proc); err != nil {
			return nil, err
		}
		if len(found) == 0 {
			why := collectors.NoTarget(rights.Here())
			checks = append(checks, jvm.Check{Target: "node", Name: "processes", OK: true, Detail: why.Error(), Fix: why.Fix()})
		}
	}
	for _, j := range found {
		checks = append(checks, j.Diagnose(ctx)...)
	}
	return checks, nil
}

func checkSpace(out string) jvm.Check {
	c := jvm.Check{Target: "node", Name: "space"}
	dir := out
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		dir = filepath.Dir(dir)
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		c.Detail, c.Fix = fmt.Sprintf("%s: %v", dir, err), "choose a folder that exists with --out"
		return c
	}
	free := int64(st.Bavail) * st.Bsize
	c.OK, c.Detail = free >= spaceNeeded, fmt.Sprintf("%s free in %s", bytesText(free), dir)
	if !c.OK {
		c.Fix = "free some space or choose another place with --out"
	}
	if err := unix.Access(dir, unix.W_OK); err != nil {
		c.OK, c.Detail, c.Fix = false, fmt.Sprintf("%s: %v", dir, err), "choose a folder you may write to with --out"
	}
	return c
}

// checkClock asks the kernel whether something keeps the clock right.
func checkClock() jvm.Check {
	c := jvm.Check{Target: "node", Name: "clock"}
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	switch {
	case err != nil:
		c.Detail = err.Error()
	case state == unix.TIME_ERROR || t.Status&unix.STA_UNSYNC != 0:
		// a capture of one node works all the same: a note, not a failure
		c.OK, c.Detail, c.Fix = true, "the kernel says that nothing keeps this clock right", "run chrony, ntpd or systemd-timesyncd: in a cluster clocks must not diverge"
	default:
		c.OK, c.Detail = true, fmt.Sprintf("synchronised, estimated error %d us", t.Esterror)
	}
	return c
}

func printChecks(u *ui, checks []jvm.Check, output string) error {
	failed := 0
	for _, c := range checks {
		if !c.OK {
			failed++
		}
	}
	if output == "json" {
		enc := json.NewEncoder(u.out)
		enc.SetIndent("", " ")
		if err := enc.Encode(map[string]any{"schema_version": 1, "checks": checks, "failed": failed}); err != nil {
			return err
		}
	} else {
		for _, c := range checks {
			mark := "ok  "
			switch {
			case !c.OK:
				mark = "FAIL"
			case c.Fix != "":
				mark = "note"
			}
			fmt.Fprintf(u.out, "%s  %s: %s: %s\n", mark, c.Target, c.Name, c.Detail)
			if c.Fix != "" {
				fmt.Fprintf(u.out, "      fix: %s\n", c.Fix)
			}
		}
	}
	if failed > 0 {
		return &exit{code: exitDoctor, err: errors.New(plural(failed, "check") + " failed")}
	}
	return nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
