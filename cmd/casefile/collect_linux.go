package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"casefile/analyze"
	"casefile/analyze/compare"
	"casefile/analyze/report"
	"casefile/analyze/say"
	"casefile/bundle"
	"casefile/bundle/format/budget"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact/names"
	"casefile/bundle/seal"
	"casefile/collectors"
	"casefile/collectors/database"
	"casefile/collectors/fleet"
	"casefile/collectors/timing"
)

// collectOptions is what the flags of collect say.
type collectOptions struct {
	plan     plan.Plan
	node     string
	out      string
	format   string
	output   string
	failOn   string
	baseline string
	dryRun   bool
	jfr      bool
	async    string
	cluster  cluster
	noReport bool
	levels   levelOptions
	sealing  sealing
	fit      fit
	sending  sending
	retain   retain
	store    *names.Store // nil at level secrets
	ownName  bool         // out was not given
	ticket   ticketOptions

	duration, interval, every time.Duration
}

func newCollect(u *ui) *cobra.Command {
	o := collectOptions{plan: plan.Default()}
	cmd := &cobra.Command{
		Use:   "collect",
		Short: "Capture this node's JVMs and Go services, and analyse them",
		Long: `Captures every JVM and Go service of this node - thread dumps with CPU per thread,
GC log, counters, flags, configuration, logs, profiles, host figures - into one
bundle, analyses it, and prints the bundle's path on stdout. Progress and
findings go to stderr. With --cluster or --node many nodes are captured at the
same moment, on one clock. Nothing is restarted or reconfigured; what each capture
costs its target stands in --dry-run and, as measured, in the bundle. As root, too,
files of a process are opened with the rights of its user; what he may not read is
told in the bundle (--trust-owner).

` + exitHelp,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return collect(cmd.Context(), u, cmd, &o) },
	}
	f := cmd.Flags()
	f.IntSliceVar(&o.plan.PIDs, "pid", nil, "capture this process (repeatable; default: all JVMs and Go services)")
	f.StringArrayVar(&o.plan.Apps, "app", nil, "capture applications with such a name, a glob like 'confluence*' (repeatable)")
	f.StringArrayVar(&o.plan.GoURLs, "go", nil, "capture the Go service whose net/http/pprof is at this URL (repeatable)")
	o.cluster.flags(f)
	f.BoolVar(&o.cluster.appCredentials, "use-app-credentials", false, "also look at the sessions of the databases that the applications' own configuration names, at each dump, and measure how fast they answer, with the login that stands there (agents must admit it)")
	f.DurationVar(&o.duration, "duration", time.Duration(o.plan.Duration), "length of the capture")
	f.IntVar(&o.plan.Dumps, "dumps", o.plan.Dumps, "number of thread dumps")
	f.DurationVar(&o.interval, "dump-interval", time.Duration(o.plan.DumpInterval), "time between thread dumps")
	f.DurationVar(&o.every, "sample-every", time.Duration(o.plan.SampleEvery), "period of counter series")
	f.Int64Var(&o.plan.MaxLogBytes, "max-log-bytes", o.plan.MaxLogBytes, "most that is copied of the logs of one process, newest first; those still written to are copied at the end")
	f.Int64Var(&o.plan.MaxReply, "max-reply", plan.DefaultMaxReply, "most that is read of one reply of a JVM, in bytes (a thread dump has 2-4 kB a thread); of a longer dump this much is kept")
	f.StringArrayVar(&o.plan.TrustOwners, "trust-owner", nil, "also read this user's files (such as root) that the user of a process may not, in folders that only root can write; needs --pid or --app, for whoever runs such a process names the files: /etc/shadow too (repeatable)")
	f.BoolVar(&o.plan.AllowPause, "allow-pause", false, "also run commands that stop the JVM: class histogram (a full GC: 2-4 s for each 2 GB in use) and metaspace (about 1 ms)")
	f.BoolVar(&o.jfr, "jfr", false, "also record the JVMs with JFR: profiles of CPU, allocation, locks and I/O, for up to 1 % of CPU; a recording that runs already is used and left as it is")
	f.StringVar(&o.async, "async-profiler", "", "sample the JVMs with this libasyncProfiler.so (absolute path, as the JVM sees it), beside JFR")
	f.StringVar(&o.plan.CaseID, "case", "", "ticket number or name, kept in the bundle")
	f.StringVar(&o.node, "node-name", "", "name of this node in the bundle (default: its host name)")
	f.StringVar(&o.out, "out", "", "bundle to write (default: casefile-<node>-<UTC time>.tar.zst here)")
	f.StringVar(&o.format, "format", "", "tar.zst, zip or dir (default: by the name of --out, else tar.zst)")
	o.sealing.flags(f)
	f.String("for", "", "seal, redact and send as the configuration file says below support for this name")
	o.fit.flags(f)
	o.sending.flags(f, "also send the bundle, ")
	f.Var(&o.retain, "retain", retainHelp)
	f.StringVar(&o.output, "output", "text", "text, json (one object at the end) or jsonl (progress and result as lines)")
	f.StringVar(&o.failOn, "fail-on", "", failOnHelp)
	f.StringVar(&o.baseline, "baseline", "", "also say what changed since this earlier bundle, see casefile compare")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be captured and what it costs, capture nothing")
	o.levels.flags(f, plan.Secrets)
	o.ticket.flags(f)
	f.BoolVar(&o.noReport, "no-report", false, "do not write the HTML report beside the bundle (it is in the bundle too)")
	return cmd
}

// complete turns flags into a plan, in which dumps fit into the duration.
func (o *collectOptions) complete(cmd *cobra.Command) error {
	o.plan.Duration, o.plan.DumpInterval, o.plan.SampleEvery = plan.Duration(o.duration), plan.Duration(o.interval), plan.Duration(o.every)
	if o.jfr || o.async != "" {
		o.plan.Profiles = &plan.Profiles{AsyncProfiler: o.async}
	}
	if err := o.levels.complete(); err != nil {
		return err
	}
	o.plan.Redact = o.levels.level
	set := cmd.Flags().Changed
	if n := time.Duration(o.plan.Dumps); !set("dump-interval") && n > 1 && o.interval*(n-1) > o.duration {
		o.plan.DumpInterval = plan.Duration((o.duration / n).Truncate(100 * time.Millisecond))
	} else if !set("duration") && n > 1 && o.interval*(n-1) > o.duration {
		o.plan.Duration = plan.Duration(o.interval * n)
	}
	if err := o.plan.Validate(); err != nil {
		return usage("%w", err)
	}
	if !slices.Contains([]string{"text", "json", "jsonl"}, o.output) {
		return usage("--output %q: want text, json or jsonl", o.output)
	}
	if o.node == "" {
		o.node, _ = os.Hostname()
	}
	o.node = collectors.SafeName(orDefault(o.node, "node"))
	o.plan.Cluster = o.node
	format, named := bundle.FormatOf(o.out)
	if o.format != "" {
		var err error
		if format, err = bundle.ParseFormat(o.format); err != nil {
			return usage("--format: %w", err)
		}
	} else if !named && o.out != "" && filepath.Ext(o.out) == "" {
		format = bundle.TarZstd
	}
	o.format = string(format)
	if o.ownName = o.out == ""; o.ownName {
		o.out = fmt.Sprintf("casefile-%s-%s", o.node, time.Now().UTC().Format("20060102T150405Z"))
		if format != bundle.Dir {
			o.out += "." + o.format
		}
		if o.sealing.wanted() {
			o.out += seal.Ext
		}
	}
	if o.fit.wanted() && format == bundle.Dir {
		return usage("--max-size and --split: a folder has no size: choose --format tar.zst or zip")
	}
	if o.sealing.wanted() && format == bundle.Dir {
		return usage("--encrypt-to: a folder cannot be sealed: choose --format tar.zst or zip")
	}
	return nil
}

func collect(ctx context.Context, u *ui, cmd *cobra.Command, o *collectOptions) error {
	if err := o.complete(cmd); err != nil {
		return err
	}
	if _, err := os.Stat(o.baseline); o.baseline != "" && err != nil {
		return usage("--baseline: %w", err)
	}
	limit, err := parseFailOn(o.failOn)
	if err != nil {
		return err
	}
	if err := o.ticket.validate(); err != nil {
		return err
	}
	ctx, err = o.sealing.keys(ctx)
	if err != nil {
		return err
	}
	target, err := o.sending.target()
	if err != nil {
		return err
	}
	done, err := capture(ctx, u, o)
	if err != nil || done == nil {
		return err
	}
	if err := done.print(u, o); err != nil {
		return err
	}
	if err := done.deliver(ctx, u, o, target); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return &exit{code: exitInterrupted}
	case limit.check(done.caseFile, done.result) != nil:
		return limit.check(done.caseFile, done.result)
	case done.incomplete():
		return &exit{code: exitGaps}
	}
	return nil
}

// captured is a finished bundle and what it shows.
type captured struct {
	path     string
	report   string
	manifest bundle.Manifest
	caseFile *analyze.Case
	result   *analyze.Result
	against  *compare.Comparison // with --baseline; nil: none
	leaks    []string            // of the finished bundle, at levels above secrets
	checked  error               // why it was not searched for them
	closeErr error
	files    []string // the bundle, or its parts
	fitted   string   // what was left out for --max-size
	unfit    error    // why it is larger than that
}

// printReplaced says what was replaced, and whether the bundle may be sent.
func (c *captured) printReplaced(u *ui, o *collectOptions) error {
	r := c.manifest.Redaction
	if r == nil {
		return nil
	}
	fmt.Fprintf(u.err, "replaced: %s; leak check: %s\n", report.Plain(replacedText(r)), report.Plain(orNone(r.LeakCheck)))
	for _, l := range c.leaks {
		fmt.Fprintln(u.err, "looks like a secret or a name:", report.Plain(l))
	}
	switch {
	case o.store == nil:
		return nil
	case c.checked != nil:
		fmt.Fprintf(u.err, "do not send it yet: it was not searched for names: %v\n", c.checked)
	case len(c.leaks) > 0:
		fmt.Fprintf(u.err, "do not send it before you looked at %d places\n", len(c.leaks))
	default:
		fmt.Fprintln(u.err, "may be sent: searched for secrets and names, none found")
	}
	return keepNames(u.err, o.store)
}

func (c *captured) incomplete() bool {
	return len(c.manifest.Gaps()) > 0 || c.closeErr != nil || len(c.leaks) > 0 || c.checked != nil
}

// capture makes the bundle and analyses it. It returns nil, nil for a dry run.
func capture(ctx context.Context, u *ui, o *collectOptions) (*captured, error) {
	w, err := captureOpen(ctx, u, o)
	if err != nil || w == nil {
		return nil, err
	}
	last, cancel := budget.Afterwards(ctx)
	defer cancel()
	return finish(last, w, o)
}

// captureOpen makes the bundle, on this node or on many, and returns it still
// open; nil, nil for a dry run.
func captureOpen(ctx context.Context, u *ui, o *collectOptions) (*bundle.Writer, error) {
	defer hold(ctx)()
	if !o.levels.level.Pseudonyms() || o.dryRun {
		return captureSecrets(ctx, u, o)
	}
	final := o.out
	o.out = final + ".named" // what has names still never lies under the name of what is sent
	w, err := captureSecrets(ctx, u, o)
	o.out = final
	if err != nil || w == nil {
		return nil, err
	}
	last, cancel := budget.Afterwards(ctx)
	defer cancel()
	return o.pseudonymise(last, u, w)
}

// pseudonymise replaces the names in what was captured.
func (o *collectOptions) pseudonymise(ctx context.Context, u *ui, w *bundle.Writer) (*bundle.Writer, error) {
	named := w.Path()
	fail := func(err error) (*bundle.Writer, error) {
		_, _ = w.Close() // what was captured is kept
		return nil, hinted(fmt.Errorf("%s was captured and has names still: %w", named, err), "casefile redact "+named+" -o "+o.out)
	}
	m := w.Manifest()
	var err error
	if o.store, err = o.levels.store(o.cluster.file, m.Cluster); err != nil {
		return fail(err)
	}
	set := o.store.Set
	o.learnPlan(set)
	if o.ownName {
		as := set.HostName(m.Cluster)
		if o.cluster.wanted() {
			as = set.Pseudonym(names.Cluster, m.Cluster)
		}
		o.out = strings.Replace(o.out, "casefile-"+o.node+"-", "casefile-"+as+"-", 1)
	}
	next, err := w.Pseudonymise(ctx, o.levels.level, set, o.out)
	if err != nil {
		return fail(err)
	}
	if err := o.store.Save(); err != nil {
		fmt.Fprintf(u.err, "casefile: error: names: %v\n", err)
	}
	return next, nil
}

// learnPlan notes the names that the plan and the cluster file say.
func (o *collectOptions) learnPlan(set *names.Set) {
	set.Learn(names.Host, o.node)
	for _, node := range o.cluster.nodes {
		if addr, err := fleet.ParseAddress(node); err == nil {
			host, _, err := net.SplitHostPort(addr.Host)
			if err != nil {
				host = addr.Host
			}
			set.Learn(names.Host, host)
		}
	}
}

// captureSecrets makes the bundle at the level of secrets.
func captureSecrets(ctx context.Context, u *ui, o *collectOptions) (*bundle.Writer, error) {
	if o.cluster.wanted() {
		return captureFleet(ctx, u, o)
	}
	prog := newProgress(u, o)
	all := allCollectors()
	if o.cluster.appCredentials {
		o.plan.Probes = &plan.Probes{AppCredentials: true}
		all = append(all, database.New(appLogins), timing.New(plan.Probes{}, appLogins))
	}
	c, err := collectors.Begin(ctx, o.node, o.plan, all, prog.event)
	if err != nil {
		return nil, hinted(err, fixOf(err, "casefile doctor lists the JVMs of this node"))
	}
	if o.dryRun {
		return nil, printPlan(u, o, c.Jobs)
	}
	prog.begins(o.plan, titles(c.Jobs))
	w, err := c.Run(ctx, o.out, bundle.Format(o.format), thisTool())
	prog.stop()
	if err != nil {
		return nil, hinted(err, placeHint(o.out, err, "choose another place with --out"))
	}
	return w, nil
}

// bundleSize is about how large the bundle becomes, and how large it may: what is written is compressed to about a
// tenth; the report, the host's figures and what each JVM tells of itself come on top.
func bundleSize(jobs []collectors.Prepared) (least, most int64) {
	const compressed, base, each = 10, 200 << 10, 60 << 10
	least = base
	for _, j := range jobs {
		least += each
		for _, i := range j.Items {
			least += i.Bytes / compressed
			most += max(i.UpTo-i.Bytes, 0) / compressed
		}
	}
	return least, least + most
}

func printPlan(u *ui, o *collectOptions, jobs []collectors.Prepared) error {
	type target struct {
		Collector string            `json:"collector"`
		Target    string            `json:"target"`
		Title     string            `json:"title"`
		Items     []collectors.Item `json:"items"`
	}
	var list []target
	for _, j := range jobs {
		list = append(list, target{j.Collector, j.Target, j.Title, j.Items})
	}
	least, most := bundleSize(jobs)
	if o.output != "text" {
		enc := json.NewEncoder(u.out)
		return enc.Encode(map[string]any{"schema_version": 1, "plan": o.plan, "out": o.out, "targets": list, "bundle_bytes": least, "bundle_bytes_most": most})
	}
	fmt.Fprintf(u.out, "would write %s: %d dumps every %v, series for %v\n", o.out, o.plan.Dumps, time.Duration(o.plan.DumpInterval), time.Duration(o.plan.Duration))
	fmt.Fprintf(u.out, "the bundle will have about %s; with full logs up to %s\n", say.Bytes(least), say.Bytes(most))
	for _, t := range list {
		fmt.Fprintf(u.out, "\n%s\n", t.Title)
		for _, i := range t.Items {
			fmt.Fprintf(u.out, "  %s\n      %s\n", i.Name, i.Cost)
		}
	}
	return nil
}

// print writes the result: the path, or JSON, on stdout; findings on stderr.
func (c *captured) print(u *ui, o *collectOptions) error {
	if c.result == nil {
		fmt.Fprintf(u.err, "interrupted before it was analysed: casefile analyze %s\n", c.path)
		c.caseFile, c.result = &analyze.Case{}, &analyze.Result{}
		if o.output == "text" {
			fmt.Fprintln(u.out, c.path)
			return nil
		}
	}
	if o.output == "text" {
		shown := report.Options{Color: u.color(u.err), Width: width(u.err), Bundle: c.path}
		err := errors.Join(report.Terminal(u.err, c.caseFile, c.result, shown), report.AgainstTerminal(u.err, c.against, shown))
		if c.report != "" {
			fmt.Fprintf(u.err, "report: %s\n", c.report)
		}
		err = errors.Join(err, c.printReplaced(u, o))
		if c.closeErr != nil {
			fmt.Fprintf(u.err, "casefile: error: %v\n", c.closeErr)
		}
		if c.unfit != nil {
			fmt.Fprintf(u.err, "casefile: error: %v\n", c.unfit)
		}
		if c.fitted != "" {
			fmt.Fprintln(u.err, c.fitted)
		}
		if len(c.files) > 1 {
			fmt.Fprintf(u.err, "in %d parts, %s to %s: cat joins them in this order\n", len(c.files), c.files[0], c.files[len(c.files)-1])
		}
		fmt.Fprintln(u.out, c.path)
		return err
	}
	type result struct {
		Type string `json:"type,omitempty"`
		*report.Document
		Bundle      string            `json:"bundle"`
		Report      string            `json:"report,omitempty"`
		Complete    bool              `json:"complete"`
		Interrupted string            `json:"interrupted,omitempty"`
		Coverage    []bundle.Coverage `json:"coverage"`
		Redaction   *bundle.Redaction `json:"redaction"`
		Overhead    []bundle.Overhead `json:"overhead"`
	}
	document := report.NewDocument(c.caseFile, c.result)
	if c.against != nil {
		document.Comparison = report.NewComparison(c.against)
	}
	r := result{Document: document, Bundle: c.path, Report: c.report, Complete: !c.incomplete(),
		Interrupted: c.manifest.Interrupted, Coverage: c.manifest.Coverage, Redaction: c.manifest.Redaction, Overhead: c.manifest.Overhead}
	enc := json.NewEncoder(u.out)
	if o.output == "jsonl" {
		r.Type = "result"
	} else {
		enc.SetIndent("", " ")
	}
	return enc.Encode(r)
}
