package load

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/threads"
)

// envelopeInputs are what is put into envelopes: dumps of every kind of printer, logs of every collector.
var envelopeInputs = []string{
	"threads/hotspot-17-jcmd-l.txt", "threads/hotspot-25-jstack.txt", "threads/hotspot-25-jcmd-l.txt", "threads/hotspot-8.txt", "threads/dumpfile-25.json",
	"threads/javacore.txt", "threads/go-debug2.txt", "threads/threadinfo.txt",
	"gc/g1-jdk17.log", "gc/parallel-jdk25.log", "gc/serial-jdk17.log", "gc/zgc-jdk25.log", "gc/shenandoah-jdk17.log",
}

// factsOf lists what a case says of threads and collections, whatever the input was called.
func factsOf(c *analyze.Case) []string {
	var out []string
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			out = append(out, seriesFacts(j.Dumps)...)
			for _, l := range j.GC {
				out = append(out, gcFacts(l)...)
			}
		}
		for _, s := range n.Services {
			out = append(out, seriesFacts(s.Goroutines)...)
		}
	}
	return out
}

func gcFacts(l *gc.Log) []string {
	facts := []string{fmt.Sprintf("gc: %s, %d pauses of %v, longest %v, %d full, span %v, runs %d", l.Collector, l.Total.Count, l.Total.Sum, l.Total.Max, l.FullGCs, l.Span, len(l.Runs))}
	if live, _, ok := l.LiveSet(); ok {
		facts = append(facts, fmt.Sprintf("gc: live set %d", live))
	}
	return facts
}

func seriesFacts(s *threads.Series) []string {
	if s == nil {
		return nil
	}
	var out []string
	for _, d := range s.Dumps {
		out = append(out, fmt.Sprintf("dump: %v %q, %d threads, %d deadlocks", d.Format, d.VM, len(d.Threads), d.ReportedDeadlocks))
		var list []string
		for _, t := range d.Threads {
			list = append(list, fmt.Sprintf("thread: %q #%d %v tid=%x nid=%d cpu=%v elapsed=%v, %d frames, on top %s, locks %v", t.Name, t.Num, t.State, t.TID, t.NID, t.CPU,
				t.Elapsed, len(t.Stack.Frames), t.Stack.Top(), t.Locks))
		}
		slices.Sort(list)
		out = append(out, list...)
	}
	return out
}

// wordOf is what a case says of something that it did not read.
func wordOf(c *analyze.Case) string {
	words := slices.Concat(c.Problems, c.Refused)
	for _, j := range c.JVMs() {
		for _, i := range j.DumpInfo {
			if i.UnparsedLines > 0 {
				words = append(words, fmt.Sprintf("%d lines of dumps not understood", i.UnparsedLines))
			}
		}
		for _, l := range j.GC {
			if l.Unparsed.Count > 0 {
				words = append(words, fmt.Sprintf("%d lines of GC logs not understood", l.Unparsed.Count))
			}
		}
	}
	return strings.Join(words, "; ")
}

// Whatever a dump or a log is put into, it tells the same; where something of it is lost, a word says so.
func TestEnvelopes(t *testing.T) {
	for _, input := range envelopeInputs {
		plain, err := os.ReadFile(filepath.Join("../../testdata", input))
		if err != nil {
			t.Fatal(err)
		}
		want := factsOf(read(t, tree(t, map[string]string{path.Base(input): string(plain)})))
		if len(want) == 0 {
			t.Fatalf("%s: no facts", input)
		}
		t.Run(path.Base(input), func(t *testing.T) {
			for _, e := range envelopes {
				t.Run(e.name, func(t *testing.T) {
					t.Parallel()
					name := e.file
					if name == "" {
						name = path.Base(input)
					}
					c, err := Paths(t.Context(), []string{tree(t, map[string]string{name: e.wrap(string(plain))})})
					if err != nil {
						t.Fatal(err)
					}
					got := factsOf(c)
					switch {
					case slices.Equal(got, want):
					case !e.loses && !(e.losesJSON && strings.HasSuffix(input, ".json")):
						t.Errorf("%d facts of %d, the first: %s; problems: %.300s", len(got), len(want), firstDifference(want, got), wordOf(c))
					case wordOf(c) == "":
						t.Errorf("no word of what is lost: %s", firstDifference(want, got))
					}
				})
			}
		})
	}
}

func firstDifference(want, got []string) string {
	for i := range want {
		if i >= len(got) || want[i] != got[i] {
			have := "nothing"
			if i < len(got) {
				have = got[i]
			}
			return fmt.Sprintf("\n  want %s\n  have %s", want[i], have)
		}
	}
	return fmt.Sprintf("\n  more: %s", got[len(want)])
}
