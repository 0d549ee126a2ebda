package main

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"casefile/analyze"
	"casefile/analyze/capacity"
	"casefile/analyze/checklist"
	"casefile/analyze/load"
	"casefile/analyze/report"
	"casefile/analyze/ticket"
	"casefile/bundle"
	"casefile/bundle/redact"
)

// ticketOptions are what a ticket wants and what people say.
type ticketOptions struct {
	questions     []string
	answers, list string
	ask           bool
	read          map[string]string // the answers of the file, which may be a pipe
}

func (o *ticketOptions) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&o.questions, "question", nil, "answer a question of support, or of the checklist what the capture cannot tell: KEY=ANSWER, KEY one of those that casefile check names (repeatable)")
	f.StringVar(&o.answers, "answers", "", "such answers in a YAML file, KEY: ANSWER; --question goes before it")
	f.StringVar(&o.list, "support-list", "", "what your vendor's support wants with a ticket, a file like analyze/ticket/wanted.yaml; instead of casefile's own list")
}

// wanted is the list, and the answers given so far.
func (o *ticketOptions) wanted() (*ticket.Wanted, map[string]string, error) {
	w, err := ticket.Default()
	if o.list != "" {
		var text []byte
		if text, err = os.ReadFile(o.list); err == nil {
			w, err = ticket.Read(o.list, text)
		}
		if err != nil {
			return nil, nil, usage("--support-list: %w", err)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	answers, err := o.filed()
	if err != nil {
		return nil, nil, err
	}
	for _, q := range o.questions {
		key, answer, ok := strings.Cut(q, "=")
		if !ok {
			return nil, nil, usage("--question %q: want KEY=ANSWER", q)
		}
		answers[key] = answer
	}
	return w, answers, nil
}

// filed are the answers of a file, which is read once.
func (o *ticketOptions) filed() (map[string]string, error) {
	answers := map[string]string{}
	if o.answers == "" || o.read != nil {
		maps.Copy(answers, o.read)
		return answers, nil
	}
	text, err := os.ReadFile(o.answers)
	if err == nil && len(text) > ticket.MaxList {
		err = fmt.Errorf("%s: more than %d bytes", o.answers, ticket.MaxList)
	}
	if err == nil {
		err = yaml.Unmarshal(text, &answers)
	}
	if err != nil {
		return nil, usage("--answers: %w", err)
	}
	o.read = maps.Clone(answers)
	return answers, nil
}

// asked puts the questions that have no answer to whoever sits at the terminal. An empty line leaves one open.
func (o *ticketOptions) asked(u *ui, w *ticket.Wanted, answers map[string]string) map[string]string {
	if !o.ask {
		return answers
	}
	out := maps.Clone(answers)
	in := bufio.NewScanner(u.in)
	for _, q := range w.Questions {
		if out[q.Key] != "" {
			continue
		}
		fmt.Fprintf(u.err, "%s\n> ", q.Text)
		if !in.Scan() {
			break
		}
		if text := strings.TrimSpace(in.Text()); text != "" {
			out[q.Key] = text
		}
	}
	return out
}

// validate tells what is wrong with the list, or with a question that it does not have.
func (o *ticketOptions) validate() error {
	w, answers, err := o.wanted()
	if err != nil {
		return err
	}
	for key, text := range maps.Clone(answers) {
		if checklist.IsItem(key) && !w.Asks(key) {
			if err := checklist.Verdict(text); err != nil {
				return usage("--question %s=%s: %w", key, text, err)
			}
			delete(answers, key)
		}
	}
	if _, err := ticket.Of(&analyze.Case{}, w, answers); err != nil {
		return usage("--question: %w", err)
	}
	return nil
}

// review makes the review of a case, with the answers that the flags give.
func (o *ticketOptions) review(u *ui, c *analyze.Case, r *analyze.Result) (*report.Review, error) {
	w, answers, err := o.wanted()
	if err != nil {
		return nil, err
	}
	if answers, err = scrubbed(o.asked(u, w, answers)); err != nil {
		return nil, err
	}
	rev, err := report.NewReview(c, r, w, answers)
	if err != nil {
		return nil, usage("--question: %w", err)
	}
	return rev, nil
}

// scrubbed takes secrets out of what people wrote: they paste lines of logs and settings.
func scrubbed(answers map[string]string) (map[string]string, error) {
	s := redact.New(nil)
	out := make(map[string]string, len(answers))
	for key, answer := range answers {
		text, err := s.Bytes(redact.Text, []byte(answer))
		if err != nil {
			return nil, fmt.Errorf("the answer to %s: %w", key, err)
		}
		out[key] = string(text)
	}
	return out, nil
}

// checkOptions are the flags of check.
type checkOptions struct {
	output, failOn, markdown string
	verbose                  bool
	ticket                   ticketOptions
	most                     limits
	loads                    []*capacity.Estimate // of other captures of the same nodes
}

func (o *checkOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.output, "output", "text", "text or json")
	f.StringVar(&o.failOn, "fail-on", string(analyze.Warning), "exit 4 when something that is at least so severe is not ok: info, warning or critical")
	f.StringVar(&o.markdown, "markdown", "", "also write the summary to this file")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "also what is ok")
	f.BoolVar(&o.ticket.ask, "ask", false, "ask the questions of support here")
	o.ticket.flags(f)
	o.most.flags(f)
}

const checkHelp = `Asks a cluster what vendors and experience ask of one: are all nodes alike, do machines,
network and database have what the application needs. Each question is answered with the
measured value and its place - ok, not ok and how to cure it, not known and how to get it.
Then: what limits this cluster, what a further node would bring, what happens when one
dies, and what support still needs. The questions, their marks and sources: docs/checklist.md.
What limits it is told in bounds; how, and how well that agrees with what was measured:
docs/limits.md. More dumps make them closer (casefile collect --dumps 20 --dump-interval 3s,
then casefile check BUNDLE), and so do several bundles of the same nodes at other loads.

`

const checkExits = `Exit codes: 0 all that can be measured is ok; 3 some of it is not known; 4 something at or above --fail-on is not ok;
1 failed; 2 usage. What only people know (the licence, say) is no measure: it stands under what support needs. What a capture
cannot tell here - no database was named, say - people can answer, with --question ID=ok or --answers FILE; then it is known.`

// checked prints a review and tells its exit code.
func (o *checkOptions) checked(u *ui, c *analyze.Case, res *analyze.Result, name string) error {
	rev, err := o.ticket.review(u, c, res)
	if err != nil {
		return err
	}
	if len(o.loads) > 0 {
		rev.Capacity = capacity.Together(append(o.loads, rev.Capacity))
	}
	if err := writeExtra(c, res, report.Meta{Title: c.ID, BundleName: name, Tool: "casefile", Version: toolVersion(), Review: rev}, "", o.markdown); err != nil {
		return err
	}
	if o.output == "json" {
		err = report.ReviewJSON(u.out, rev)
	} else {
		err = report.ReviewTerminal(u.out, rev, report.Options{Color: u.color(u.out), Width: width(u.out), Verbose: o.verbose})
	}
	if err != nil {
		return err
	}
	least, _ := analyze.ParseSeverity(o.failOn)
	switch worst := rev.Checklist.Worst(); {
	case worst != "" && worst.AtLeast(least):
		return &exit{code: exitFindings}
	case rev.Checklist.Open() > 0:
		return &exit{code: exitGaps}
	}
	return nil
}

func (o *checkOptions) validate() error {
	if o.output != "text" && o.output != "json" {
		return usage("--output %q: want text or json", o.output)
	}
	if _, err := analyze.ParseSeverity(o.failOn); err != nil {
		return usage("--fail-on: %w", err)
	}
	return o.ticket.validate()
}

// checkBundle reviews what lies there: parts of one case, or captures of the same nodes at several loads.
func (o *checkOptions) checkBundle(ctx context.Context, u *ui, paths []string) error {
	if err := o.validate(); err != nil {
		return err
	}
	ctx, err := o.most.bound(ctx, paths...)
	if err != nil {
		return err
	}
	newest, several, err := atLoads(ctx, paths)
	if err != nil {
		return err
	}
	if several {
		for _, p := range paths {
			if p == newest {
				continue
			}
			c, res, err := judged(ctx, []string{p})
			if err != nil {
				return err
			}
			o.loads = append(o.loads, capacity.Of(c, res))
		}
		paths = []string{newest}
	}
	c, res, err := judged(ctx, paths)
	if err != nil {
		return err
	}
	return o.checked(u, c, res, paths[0])
}

// judged reads and evaluates.
func judged(ctx context.Context, paths []string) (*analyze.Case, *analyze.Result, error) {
	c, err := load.Paths(ctx, paths)
	if err != nil {
		return nil, nil, err
	}
	res, err := evaluate(ctx, c)
	return c, res, err
}

// atLoads reports whether the paths are captures of the same nodes, and which is the newest. Bundles of other nodes, and loose files, are parts of one
// case; those that have only some nodes in common would count these twice.
func atLoads(ctx context.Context, paths []string) (newest string, several bool, err error) {
	if len(paths) < 2 {
		return "", false, nil
	}
	var first []string
	var last time.Time
	seen := map[string]string{}
	same, common := true, ""
	for i, p := range paths {
		r, err := bundle.Open(ctx, p)
		if err != nil || r.Foreign {
			return "", false, nil //nolint:nilerr // no bundle: its reader says what is wrong with it
		}
		var nodes []string
		for k := range r.Manifest.Nodes {
			nodes = append(nodes, r.Manifest.Nodes[k].Name)
		}
		slices.Sort(nodes)
		for _, n := range nodes {
			if other, ok := seen[n]; ok && common == "" {
				common = fmt.Sprintf("%s is in %s and in %s", n, filepath.Base(other), filepath.Base(p))
			}
			seen[n] = p
		}
		if i == 0 {
			first = nodes
		}
		same = same && slices.Equal(first, nodes)
		if !r.Manifest.Started.Before(last) {
			newest, last = p, r.Manifest.Started
		}
	}
	switch {
	case common == "":
		return "", false, nil
	case !same:
		return "", false, usage("%s: captures at several loads have to be of the same nodes, each of all of them", common)
	}
	return newest, true, nil
}
