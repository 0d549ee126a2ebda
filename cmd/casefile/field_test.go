package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"casefile/analyze/load"
	"casefile/analyze/report"
)

// fieldCase is one input from the field with what is right about it.
type fieldCase struct {
	input string
	// finds are ids that must be reported at warning or above, one of the words of a row ("a|b"); the first row must be the first finding.
	finds []string
	// notes are ids that must be reported, whatever their severity.
	notes []string
	// never are ids that must not be reported at warning or above; "*" is any.
	never []string
	// says and silent are patterns of the whole text that the user reads, which must, or must not, stand there.
	says, silent []string
	// critical: the first finding is.
	critical bool
	// verdict is the kind of the headline; empty: what follows from finds.
	verdict string
	// threads and gc are what is read: one row a process.
	threads []fieldThreads
	gc      []fieldGC
}

// fieldThreads is the dumps of one process; -1: any number.
type fieldThreads struct{ dumps, threads, deadlocks, unparsed int }

// fieldGC is one GC log; -1: any figure.
type fieldGC struct {
	pauses, full int
	total        float64 // ms
	max          float64 // ms
	span         float64 // s
	unparsed     int
}

// fieldOutput is the part of the JSON output that is held.
type fieldOutput struct {
	Verdict struct {
		Kind string `json:"kind"`
		Text string `json:"text"`
	} `json:"verdict"`
	Findings []fieldFinding `json:"findings"`
	Threads  []struct {
		Dumps     int `json:"dumps"`
		Threads   int `json:"threads"`
		Deadlocks int `json:"deadlocks"`
		Unparsed  int `json:"unparsed_lines"`
	} `json:"threads"`
	GC []struct {
		Pauses   int     `json:"pauses"`
		Total    float64 `json:"pause_total_ms"`
		Max      float64 `json:"pause_max_ms"`
		Full     int     `json:"full_gcs"`
		Span     float64 `json:"span_s"`
		Unparsed int     `json:"unparsed_lines"`
	} `json:"gc"`
}

type fieldFinding struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
}

// severe are the ids of findings at warning or above, in order.
func (o *fieldOutput) severe() []string {
	var ids []string
	for _, f := range o.Findings {
		if f.Severity != "info" {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// TestField holds every input of the folder that CASEFILE_FIELD names to what is right about it: make field.
func TestField(t *testing.T) {
	root := os.Getenv("CASEFILE_FIELD")
	if root == "" {
		t.Skip("CASEFILE_FIELD names no folder of inputs from the field; make field sets it")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no inputs from the field here: %v", err)
	}
	for _, c := range slices.Concat(fieldOfGC, fieldOfThreads) {
		t.Run(c.input, func(t *testing.T) {
			t.Parallel()
			c.hold(t, filepath.Join(root, filepath.FromSlash(c.input)))
		})
	}
}

func (c fieldCase) hold(t *testing.T, path string) {
	out, text := readField(t, path)
	c.holdFindings(t, out, text)
	c.holdFacts(t, out)
	if t.Failed() {
		t.Logf("printed:\n%s", text)
	}
}

// readField analyses an input as the verb does, and gives its JSON and its text.
func readField(t *testing.T, path string) (*fieldOutput, string) {
	t.Helper()
	ctx := t.Context()
	loaded, err := load.Paths(ctx, []string{path})
	if err != nil {
		t.Fatal(err)
	}
	res, err := evaluate(ctx, loaded)
	if err != nil {
		t.Fatal(err)
	}
	var raw, text bytes.Buffer
	if err := report.JSON(&raw, loaded, res); err != nil {
		t.Fatal(err)
	}
	if err := report.Terminal(&text, loaded, res, report.Options{Width: 100, Verbose: true, Bundle: path}); err != nil {
		t.Fatal(err)
	}
	out := &fieldOutput{}
	if err := json.Unmarshal(raw.Bytes(), out); err != nil {
		t.Fatal(err)
	}
	// lines are joined, so that a sentence is found wherever it is broken
	return out, strings.Join(strings.Fields(text.String()), " ")
}

func (c fieldCase) holdFindings(t *testing.T, out *fieldOutput, text string) {
	severe := out.severe()
	for i, row := range c.finds {
		names := strings.Split(row, "|")
		at := slices.IndexFunc(severe, func(id string) bool { return slices.Contains(names, id) })
		if at < 0 || i == 0 && at != 0 {
			t.Errorf("%s stands at %d of %v", row, at, severe)
		}
	}
	for _, row := range c.notes {
		names := strings.Split(row, "|")
		if !slices.ContainsFunc(out.Findings, func(f fieldFinding) bool { return slices.Contains(names, f.ID) }) {
			t.Errorf("no finding or note %s", row)
		}
	}
	for _, id := range c.never {
		if id == "*" && len(severe) > 0 || slices.Contains(severe, id) {
			t.Errorf("%s must not be found, and is: %v", id, severe)
		}
	}
	if c.critical && (len(out.Findings) == 0 || out.Findings[0].Severity != "critical") {
		t.Errorf("the first finding is not critical: %v", out.Findings)
	}
	for _, pattern := range c.says {
		if !regexp.MustCompile("(?i)" + pattern).MatchString(text) {
			t.Errorf("the text does not say %q", pattern)
		}
	}
	for _, pattern := range c.silent {
		if m := regexp.MustCompile("(?i)" + pattern).FindString(text); m != "" {
			t.Errorf("the text says %q", m)
		}
	}
	want := c.verdict
	if want == "" && len(c.finds) > 0 {
		want = "problems"
	}
	if want != "" && !slices.Contains(strings.Split(want, "|"), out.Verdict.Kind) {
		t.Errorf("verdict %q, want %q", out.Verdict.Kind, want)
	}
}

func (c fieldCase) holdFacts(t *testing.T, out *fieldOutput) {
	if len(c.threads) > 0 && len(out.Threads) != len(c.threads) {
		t.Errorf("%d processes with dumps, want %d: %+v", len(out.Threads), len(c.threads), out.Threads)
	} else {
		for i, want := range c.threads {
			got := out.Threads[i]
			for _, figure := range []struct {
				name      string
				got, want int
			}{{"dumps", got.Dumps, want.dumps}, {"threads", got.Threads, want.threads},
				{"deadlocks", got.Deadlocks, want.deadlocks}, {"unparsed", got.Unparsed, want.unparsed}} {
				if figure.want >= 0 && figure.got != figure.want {
					t.Errorf("process %d: %s %d, want %d", i, figure.name, figure.got, figure.want)
				}
			}
		}
	}
	if len(c.gc) > 0 && len(out.GC) != len(c.gc) {
		t.Errorf("%d GC logs, want %d: %+v", len(out.GC), len(c.gc), out.GC)
		return
	}
	for i, want := range c.gc {
		got := out.GC[i]
		for _, figure := range []struct {
			name      string
			got, want float64
		}{{"pauses", float64(got.Pauses), float64(want.pauses)}, {"full", float64(got.Full), float64(want.full)},
			{"total ms", got.Total, want.total}, {"max ms", got.Max, want.max}, {"span s", got.Span, want.span},
			{"unparsed", float64(got.Unparsed), float64(want.unparsed)}} {
			if figure.want >= 0 && (figure.got < figure.want*0.998 || figure.got > figure.want*1.002) {
				t.Errorf("log %d: %s %g, want %g", i, figure.name, figure.got, figure.want)
			}
		}
	}
}
