package report

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/compare"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/ids"
	"casefile/analyze/profile"

	pprof "github.com/google/pprof/profile"
)

// comparedSide makes a capture of one JVM: pauses of a median in ms, a heap, an option and a profile.
func comparedSide(t *testing.T, name, app string, seed uint64, pause float64, heap int64, hot int64) compare.Run {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	b.WriteString("[31.000s][info][gc] Using G1\n")
	for i := range 150 {
		fmt.Fprintf(&b, "[%.3fs][info][gc] GC(%d) Pause Young (Normal) (G1 Evacuation Pause) 60M->20M(128M) %.3fms\n",
			31.5+0.5*float64(i)+0.1*r.Float64(), i, pause*math.Exp(0.2*r.NormFloat64()))
	}
	log, err := gclog.Parse("gc.log", strings.NewReader(b.String()), gclog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	node := &analyze.Node{Name: "n1"}
	j := &analyze.JVM{Node: node, Target: fmt.Sprintf("%d-%s", 4000+seed, app), PID: 4000 + int(seed), App: app, Version: "17.0.15+6", GC: []*gc.Log{log},
		Options: []string{"-Dshop.mode=" + app, fmt.Sprintf("-Dpool.size=%d", hot)},
		Flags:   map[string]analyze.Flag{"MaxHeapSize": {Value: fmt.Sprint(heap), Origin: "command line"}}, FlagsSource: "flags.txt"}
	j.Profiles = []*profile.Profile{hotProfile(hot, app)}
	node.JVMs = []*analyze.JVM{j}
	at := time.Date(2026, 1, 5, 10, int(seed), 0, 0, time.UTC)
	c := &analyze.Case{ID: name, Nodes: []*analyze.Node{node}, Started: at, Ended: at.Add(time.Minute)}
	return compare.Run{Name: name, Case: c, Result: &analyze.Result{Findings: []analyze.Finding{{ID: ids.GCOverhead, Severity: analyze.Warning,
		Title: "Collections of " + app + " take long", Subject: j.Target, Nodes: []string{"n1"}, Advice: []analyze.Advice{{Action: "Raise the heap.",
			Setting: "-Xmx", To: "-Xmx1g", Effect: "Half the time in collections."}}}}}}
}

// hotProfile has so many of 1000 samples in one method.
func hotProfile(hot int64, app string) *profile.Profile {
	p := &pprof.Profile{SampleType: []*pprof.ValueType{{Type: "cpu", Unit: "nanoseconds"}}}
	for i, n := range []int64{hot, 1000 - hot} {
		fn := &pprof.Function{ID: uint64(i + 1), Name: fmt.Sprintf("com.acme.%s.Sort.step%d", app, i)}
		loc := &pprof.Location{ID: uint64(i + 1), Line: []pprof.Line{{Function: fn, Line: 1}}}
		p.Function, p.Location = append(p.Function, fn), append(p.Location, loc)
		for range n {
			p.Sample = append(p.Sample, &pprof.Sample{Location: []*pprof.Location{loc}, Value: []int64{10_000_000}})
		}
	}
	return profile.New(p, "cpu.pb.gz")
}

func comparedPair(t *testing.T, app string) *compare.Comparison {
	t.Helper()
	before, after := comparedSide(t, "before.tar.zst", app, 1, 60, 512<<20, 200), comparedSide(t, "after.tar.zst", app, 2, 25, 1<<30, 350)
	after.Result.Findings = nil
	c, err := compare.New(t.Context(), []compare.Run{before}, []compare.Run{after})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// comparisons are all forms of a comparison, by the golden file.
var comparisons = map[string]func(io.Writer, *compare.Comparison) error{
	"compare.json": CompareJSON,
	"compare.md":   func(w io.Writer, c *compare.Comparison) error { return CompareMarkdown(w, c, sampleMeta()) },
	"compare.txt": func(w io.Writer, c *compare.Comparison) error {
		return CompareTerminal(w, c, Options{Width: 100, Verbose: true})
	},
	"compare.html": func(w io.Writer, c *compare.Comparison) error { return CompareHTML(w, c, sampleMeta()) },
}

func TestComparison(t *testing.T) {
	c := comparedPair(t, "shop")
	for name, write := range comparisons {
		var b bytes.Buffer
		if err := write(&b, c); err != nil {
			t.Fatal(err)
		}
		if name != "compare.html" { // its style and charts change for reasons of their own
			golden(t, name, b.Bytes())
			continue
		}
		wellFormed(t, b.Bytes())
		page := b.String()
		for _, want := range []string{"Better: ", "distribution before and after", "over time", "larger share than before", "Sort.step0", "maximum heap",
			"Advice that was followed"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %q", want)
			}
		}
	}
}

// Names of a capture are text in every form.
func TestComparisonOfHostileNames(t *testing.T) {
	c := comparedPair(t, "<script>alert(1)</script>|`x`\x1b[31m\u202e")
	for name, write := range comparisons {
		var b bytes.Buffer
		if err := write(&b, c); err != nil {
			t.Fatal(err)
		}
		if name == "compare.html" {
			wellFormed(t, b.Bytes())
		}
		if name != "compare.json" && strings.ContainsAny(b.String(), "\x1b\u202e") {
			t.Errorf("%s has control characters of a name", name)
		}
		if name != "compare.json" && name != "compare.txt" && strings.Contains(b.String(), "<script>alert") {
			t.Errorf("%s has markup of a name", name)
		}
	}
}

// The report of the later capture holds the comparison.
func TestReportAgainstBaseline(t *testing.T) {
	c := comparedPair(t, "shop")
	m := sampleMeta()
	m.Against = c
	var page, summary bytes.Buffer
	after := &c.After[0]
	if err := HTML(&page, after.Case, after.Result, m); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&summary, after.Case, after.Result, m); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, page.Bytes())
	for _, text := range []string{page.String(), summary.String()} {
		if !strings.Contains(text, "Compared with before.tar.zst") || !strings.Contains(text, "Better: ") {
			t.Error("a report lacks the comparison")
		}
	}
}
