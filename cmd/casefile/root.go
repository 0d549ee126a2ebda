package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"casefile/analyze/report"
	"casefile/bundle"
	"casefile/bundle/format/budget"
)

// version is set by the linker; a build from source tells its commit instead.
var version = ""

// Exit codes, as README and --help promise them.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitGaps        = 3
	exitFindings    = 4
	exitDoctor      = 5
	exitInterrupted = 130
)

const exitHelp = `Exit codes: 0 complete; 1 failed, no bundle; 2 usage; 3 bundle with gaps;
4 findings at or above --fail-on (with "unknown" also evidence that cannot tell);
5 doctor found something; 130 interrupted
(what was captured is finished and kept).`

// exit is an error with an exit code. An empty message prints nothing: the verb
// has said all there is to say.
type exit struct {
	code int
	err  error
	hint string
}

func (e *exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exit{code: exitUsage, err: fmt.Errorf(format, args...)} // run names the verb's help
}

// hinted adds what to do about an error.
func hinted(err error, hint string) error { return &exit{code: exitFailed, err: err, hint: hint} }

// fixOf is what an error says that helps, or the usual.
func fixOf(err error, usual string) string {
	var known interface{ Fix() string }
	if errors.As(err, &known) {
		return known.Fix()
	}
	return usual
}

// ui is the terminal side of a verb.
type ui struct {
	in       io.Reader
	out, err io.Writer
	noColor  bool
}

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	defer budget.Frugal()()
	u := &ui{in: in, out: out, err: errOut}
	root := newRoot(u)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	verb, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	var e *exit
	if !errors.As(err, &e) {
		e = &exit{code: exitFailed, err: err}
		if ctx.Err() != nil {
			e = &exit{code: exitInterrupted, err: errors.New("interrupted")}
		}
	}
	if e.err != nil {
		fmt.Fprintf(errOut, "casefile: error: %s\n", report.Plain(e.err.Error()))
	}
	if e.hint == "" && e.code == exitUsage && e.err != nil {
		e.hint = "see " + verb.CommandPath() + " --help"
	}
	if e.hint != "" {
		fmt.Fprintf(errOut, "casefile: hint: %s\n", report.Plain(e.hint))
	}
	return e.code
}

func newRoot(u *ui) *cobra.Command {
	root := &cobra.Command{
		Use:   "casefile",
		Short: "Capture what a performance ticket needs, and say what it shows",
		Long: `casefile captures thread dumps, CPU per thread, GC logs, counters, profiles and
host figures of every JVM and Go service on a node into one compressed bundle,
analyses it and says what to change. Nothing has to be installed in or
restarted with the services; secrets are scrubbed while the bundle is written.

Every flag is also an environment variable (--max-log-bytes: CASEFILE_MAX_LOG_BYTES)
and a key of the configuration file (--config).

` + exitHelp,
		Version:                    toolVersion(),
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2, // letters that may differ
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
				return usage("no verb %q: is it %s?", args[0], strings.Join(like, ", "))
			}
			return usage("no verb %q", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if u.onTerminal() && firstMinute(cmd.Context(), u) {
				return nil
			}
			return cmd.Help()
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return fillFlags(cmd.Flags(), os.LookupEnv)
		},
	}
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().String("config", "", "configuration file, YAML (default: "+defaultConfigs[0]+", then "+defaultConfigs[1]+")")
	root.PersistentFlags().BoolVar(&u.noColor, "no-color", false, "plain text without colour")
	root.AddCommand(newAnalyze(u), newShow(u), newCompare(u), newVerify(u), newRedact(u), newReveal(u), newSend(u), newCheck(u), newRules(u), newMCP(u), newServe(u),
		newVersion(u), newMan())
	root.AddCommand(nodeVerbs(u)...)
	for _, c := range root.Commands() {
		c.Args = usageArgs(c.Args)
	}
	return root
}

// flagError says what is wrong with a flag, without the names of Go's parsers.
func flagError(_ *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var number *strconv.NumError
	if errors.As(err, &value) && errors.As(err, &number) {
		return usage("--%s: %q is not a number that fits", value.GetFlag().Name, number.Num)
	}
	return usage("%w", err)
}

// usageArgs makes wrong arguments a usage error.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			return &exit{code: exitUsage, err: err, hint: "usage: " + cmd.UseLine()}
		}
		return nil
	}
}

// color reports whether a stream should get colour: a terminal, and nobody said no.
// onTerminal reports whether a person reads what is printed.
func (u *ui) onTerminal() bool {
	f, ok := u.out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (u *ui) color(w io.Writer) bool {
	_, no := os.LookupEnv("NO_COLOR")
	return isTerminal(w) && !u.noColor && !no
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is that of the terminal, at most 120; 100 where there is none.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n >= 40 {
			return min(n, 120)
		}
	}
	return 100
}

func toolVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return "devel-" + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return "devel"
}

func thisTool() bundle.Tool {
	return bundle.Tool{Name: "casefile", Version: toolVersion(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
}

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}
