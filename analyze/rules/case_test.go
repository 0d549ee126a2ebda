package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/threads"
)

// parseText reads dumps from a string; the source is what evidence must name.
func parseText(t *testing.T, source, text string) []*threads.Dump {
	t.Helper()
	dumps, sum, err := threads.ParseAll(source, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if sum.UnparsedLines > 0 {
		t.Fatalf("%s: %d lines not understood", source, sum.UnparsedLines)
	}
	return dumps
}

// parseFiles reads one dump or more of each file.
func parseFiles(t *testing.T, paths ...string) []*threads.Dump {
	t.Helper()
	var all []*threads.Dump
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		dumps, _, err := threads.ParseAll(filepath.Base(path), strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, dumps...)
	}
	return all
}

// caseOf is a case with one JVM that has these dumps.
func caseOf(dumps []*threads.Dump) *analyze.Case { return seriesCase(threads.NewSeries(dumps, nil)) }

func seriesCase(s *threads.Series) *analyze.Case {
	n := &analyze.Node{Name: "n1"}
	n.JVMs = []*analyze.JVM{{Node: n, Target: "4711-shop", PID: 4711, Dumps: s}}
	return &analyze.Case{Nodes: []*analyze.Node{n}}
}

// serviceOf is a case with one Go service.
func serviceOf(dumps []*threads.Dump) *analyze.Case {
	n := &analyze.Node{Name: "n1"}
	n.Services = []*analyze.Service{{Node: n, Target: "ledger", Name: "ledger", Goroutines: threads.NewSeries(dumps, nil)}}
	return &analyze.Case{Nodes: []*analyze.Node{n}}
}

// threadRules are the rules of this half of the package, so that a change of the others does not change what these tests see.
func threadRules() []*analyze.Rule {
	return []*analyze.Rule{rule(ids.Deadlock), rule(ids.LockContention), rule(ids.HotThread), rule(ids.StuckThread), rule(ids.ThreadLeak), rule(ids.ThreadPoolExhausted), rule(ids.DBPoolExhausted),
		rule(ids.SlowDownstream), rule(ids.FinalizerBacklog), rule(ids.ClassLoadingLock), rule(ids.LoggingLock), rule(ids.PinnedVirtualThreads), rule(ids.AppSignature),
		rule(ids.HiddenDeadlock), rule(ids.SelfStarvation), rule(ids.ObjectPoolExhausted), rule(ids.QueueFull), rule(ids.ClusterCall), rule(ids.EventLoopBlocked), rule(ids.ShutdownHangs), rule(ids.UnexplainedWait)}
}

func run(t *testing.T, c *analyze.Case) *analyze.Result {
	t.Helper()
	res, err := analyze.Run(t.Context(), c, threadRules())
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Broken) > 0 {
		t.Fatalf("rules broke: %v", res.Broken)
	}
	reworded(t, c, res, threadRules())
	actable(t, res)
	return res
}

// runOf runs some rules only.
func runOf(t *testing.T, c *analyze.Case, names ...string) *analyze.Result {
	t.Helper()
	var some []*analyze.Rule
	for _, id := range names {
		some = append(some, rule(id))
	}
	res, err := analyze.Run(t.Context(), c, some)
	if err != nil || len(res.Broken) > 0 {
		t.Fatal(err, res.Broken)
	}
	actable(t, res)
	return res
}

func listed(list []analyze.Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, string(f.Severity)+" "+f.ID)
	}
	return out
}

// show prints findings the way a person checks them.
func show(list []analyze.Finding) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s %s (%s, %.2f) %s\n  impact: %s\n  why: %s\n", f.Severity, f.ID, f.Confidence, f.Weight, f.Title, f.Impact, f.Explanation)
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "  %s:%s %s\n", e.Entry, e.Lines, e.Text)
		}
		for _, a := range f.Advice {
			fmt.Fprintf(&b, "  do: %s [%s %s -> %s] %s / %s / %s\n", a.Action, a.Setting, a.From, a.To, a.Effect, a.Risk, a.Verify)
		}
	}
	return b.String()
}

func find(res *analyze.Result, id string) *analyze.Finding {
	i := slices.IndexFunc(res.Findings, func(f analyze.Finding) bool { return f.ID == id })
	if i < 0 {
		return nil
	}
	return &res.Findings[i]
}

func contains(text, part string) bool { return strings.Contains(text, part) }
