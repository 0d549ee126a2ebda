package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"casefile/analyze/load"
	"casefile/bundle"
	"casefile/bundle/format/budget"
	"casefile/bundle/format/plan"
)

// profileOptions is what the flags of profile say.
type profileOptions struct {
	collectOptions
	kinds  map[string]*bool
	kind   string
	top    bool
	diff   string
	bundle string
	export string
	push   pushOptions

	out profileOut
}

// kindFlags are the kinds of profiles with what their flags say.
var kindFlags = []struct{ kind, help string }{
	{plan.CPU, "what burns CPU (default)"},
	{plan.Wall, "where time goes, waiting included: a series of dumps, or async-profiler"},
	{plan.Alloc, "who allocates"},
	{plan.Lock, "where threads wait for locks"},
	{plan.IO, "where threads wait for sockets and files (JVMs)"},
}

func newProfile(u *ui) *cobra.Command {
	o := profileOptions{collectOptions: collectOptions{plan: plan.Default()}, kinds: map[string]*bool{}}
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "Profile one process, or one service on all its nodes: a flame graph in 30 seconds",
		Long: `Profiles one process (--pid, --go) or all of one application (--app), on this node or
on all of a cluster at the same moment, without a restart or a flag. JVMs are recorded
with JFR (a recording that runs already is used and left as it is; a JVM without JFR
gets a wall profile of thread dumps), Go services are asked through net/http/pprof.

Writes a flame graph page, which needs nothing from outside, and the profile next to it
as .pb.gz for pprof and others, and prints the page's path on stdout. With --out the
name decides: .html, .pb.gz, .folded (stacks for flamegraph.pl), .speedscope.json.
--top prints the largest functions on stdout instead. Progress goes to stderr.

--push also sends the profiles, one a process, to a Pyroscope server. Its secrets come
from the environment or from files: CASEFILE_PUSH_TOKEN or --push-token-file (bearer),
CASEFILE_PUSH_PASSWORD or --push-password-file with --push-user (basic).

Exit codes: 0 complete; 1 failed, no profile; 2 usage; 3 profile with gaps, or not
pushed; 130 interrupted (what was captured is kept).`,
		Example: `  casefile profile --pid 4711
  casefile profile --app 'confluence*' --cluster casefile-cluster/cluster.yaml --alloc
  casefile profile --go http://127.0.0.1:6060 --lock --duration 10s --top
  casefile profile --pid 4711 --out after.html --diff before.pb.gz`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runProfile(cmd.Context(), u, cmd, &o) },
	}
	f := cmd.Flags()
	for _, k := range kindFlags {
		o.kinds[k.kind] = f.Bool(k.kind, false, k.help)
	}
	f.IntSliceVar(&o.plan.PIDs, "pid", nil, "profile this process (repeatable)")
	f.StringArrayVar(&o.plan.Apps, "app", nil, "profile applications with such a name, a glob like 'confluence*' (repeatable)")
	f.StringArrayVar(&o.plan.GoURLs, "go", nil, "profile the Go service whose net/http/pprof is at this URL (repeatable)")
	o.cluster.flags(f)
	f.DurationVar(&o.duration, "duration", 30*time.Second, "length of the profile")
	f.StringVar(&o.collectOptions.out, "out", "", "file to write; its name tells the format (default: casefile-profile-<target>-<kind>-<UTC time>.html here)")
	f.StringVar(&o.export, "export", "", "also write the profile next to it as: folded or speedscope")
	f.BoolVar(&o.top, "top", false, "print the largest functions on stdout; writes files only with --out")
	f.StringVar(&o.diff, "diff", "", "compare with this earlier profile (.pb.gz) or bundle")
	f.StringVar(&o.bundle, "bundle", "", "keep the raw recordings in this bundle (.tar.zst, .zip)")
	f.StringVar(&o.async, "async-profiler", "", "sample JVMs with this libasyncProfiler.so (absolute path, as the JVM sees it) instead of JFR")
	f.StringVar(&o.output, "output", "text", "text, json (one object at the end) or jsonl (progress and result as lines)")
	f.StringVar(&o.node, "node-name", "", "name of this node in the profile (default: its host name)")
	f.StringVar(&o.plan.CaseID, "case", "", "ticket number or name")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be profiled and what it costs, profile nothing")
	o.levels.flags(f, plan.Secrets)
	o.push.flags(f)
	return cmd
}

// chooseKind reads the flags of the kinds; none means cpu.
func (o *profileOptions) chooseKind() error {
	for _, k := range kindFlags {
		if !*o.kinds[k.kind] {
			continue
		}
		if o.kind != "" {
			return usage("--%s and --%s: one kind at a time; collect --jfr records all", o.kind, k.kind)
		}
		o.kind = k.kind
	}
	o.kind = orDefault(o.kind, plan.CPU)
	return nil
}

// wallRounds is how many goroutine dumps make a wall profile.
const wallRounds = 30

// complete turns the flags into a plan that asks for nothing but profiles.
func (o *profileOptions) complete(cmd *cobra.Command) error {
	if err := o.chooseKind(); err != nil {
		return err
	}
	if len(o.plan.PIDs)+len(o.plan.Apps)+len(o.plan.GoURLs) == 0 {
		return &exit{code: exitUsage, err: errors.New("nothing to profile is named"), hint: "--pid N, --app NAME or --go URL; casefile collect --dry-run lists what runs here"}
	}
	o.plan.Dumps = 0
	if o.kind == plan.Wall {
		o.plan.Dumps = max(min(wallRounds, int(o.duration/time.Second)), 1)
	}
	o.interval = max(o.duration/time.Duration(max(o.plan.Dumps, 1)), 100*time.Millisecond)
	o.every = time.Duration(o.plan.SampleEvery)
	if o.out.asked(o.collectOptions.out) == "" {
		return usage("--out %q: want .html, .pb.gz, .folded or .speedscope.json", o.collectOptions.out)
	}
	if !slices.Contains([]string{"", "folded", "speedscope"}, o.export) {
		return usage("--export %q: want folded or speedscope", o.export)
	}
	if err := o.push.check(); err != nil {
		return err
	}
	o.collectOptions.out = o.bundle
	if err := o.collectOptions.complete(cmd); err != nil {
		return err
	}
	o.plan.Profiles = &plan.Profiles{Focus: o.kind, Only: true, AsyncProfiler: o.async}
	return o.plan.Validate()
}

func runProfile(ctx context.Context, u *ui, cmd *cobra.Command, o *profileOptions) error {
	asked := o.collectOptions.out
	o.out.path = asked
	if err := o.complete(cmd); err != nil {
		return err
	}
	var before *profiled
	if o.diff != "" {
		var err error
		if before, err = readProfiled(ctx, o.diff, o.kind); err != nil {
			return usage("--diff: %w", err)
		}
	}
	if o.bundle == "" { // the profile is the result; the raw recordings are not kept
		dir, err := tempDir("casefile-profile-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.collectOptions.out = filepath.Join(dir, "profile.tar.zst")
	}
	w, err := captureOpen(ctx, u, &o.collectOptions)
	if err != nil || w == nil {
		return err
	}
	interrupted := ctx.Err() != nil
	ctx, cancel := budget.Afterwards(ctx)
	defer cancel()
	m, closeErr := w.Close()
	r, err := bundle.Open(ctx, w.Path())
	if err != nil {
		return errors.Join(err, closeErr)
	}
	c, err := load.Bundle(ctx, r)
	if err != nil {
		return fmt.Errorf("read what was captured: %w", err)
	}
	p, err := collectProfile(c, o.kind)
	if err != nil {
		return o.nothing(m, err)
	}
	p.before, p.beforeName = before, o.diff
	p.gaps(m)
	if err := o.deliver(ctx, u, p, m); err != nil {
		return err
	}
	if err := keepNames(u.err, o.store); err != nil {
		return err
	}
	switch {
	case interrupted:
		return &exit{code: exitInterrupted}
	case p.pushErr != nil:
		return &exit{code: exitGaps, err: p.pushErr, hint: "the profile is kept"}
	case len(m.Gaps()) > 0:
		return &exit{code: exitGaps}
	}
	return nil
}

// nothing says why there is no profile: what the ledger says, else err.
func (o *profileOptions) nothing(m bundle.Manifest, err error) error {
	var reasons []string
	hint := ""
	for _, l := range m.Coverage {
		if l.Status == bundle.OK || l.Status == bundle.Partial {
			continue
		}
		if said := strings.TrimSpace(l.Node + " " + l.Target + ": " + l.Reason); l.Reason != "" && !slices.Contains(reasons, said) {
			reasons = append(reasons, said)
			hint = orDefault(hint, l.Fix)
		}
	}
	if len(reasons) > 0 {
		err = fmt.Errorf("%w: %s", err, strings.Join(reasons[:min(3, len(reasons))], "; "))
	}
	return hinted(err, hint)
}
