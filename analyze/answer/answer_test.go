package answer

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
	"casefile/analyze/profile"
	"casefile/bundle/format/series"

	pprof "github.com/google/pprof/profile"
)

// Whatever is asked for, an answer stays within its bounds, and says what is missing.
func TestWriteIsBounded(t *testing.T) {
	deep := map[string]any{}
	for i := range 120 {
		var list []string
		for k := range 120 {
			list = append(list, fmt.Sprintf("%d %s", k, strings.Repeat("€", 900)))
		}
		deep[fmt.Sprintf("key %03d", i)] = list
	}
	for name, v := range map[string]any{"deep": deep, "long": strings.Repeat("x", 1<<20), "list": make([]int, 1e4)} {
		out, err := Write(v)
		if err != nil {
			t.Fatal(err)
		}
		if len(out) > MaxBytes || !json.Valid(out) || !strings.Contains(string(out), "more") {
			t.Errorf("%s: %d bytes, JSON %t: %.100s", name, len(out), json.Valid(out), out)
		}
	}
	out, err := Write(map[string]any{"a": 1, "b": []string{"x"}})
	if err != nil || string(out) != `{"a":1,"b":["x"]}` {
		t.Errorf("a small answer is %s, %v", out, err)
	}
	if _, err := Write(math.NaN()); err == nil {
		t.Error("what is no JSON is written")
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                     "plain",
		"a\x1b[31mb\x00c":           "a\ufffd[31mb\ufffdc",
		"rtl \u202e and zero\u200b": "rtl \ufffd and zero\ufffd",
		"tags \U000e0049\U000e0067": "tags \ufffd\ufffd",
		strings.Repeat("ü", 12):     "üüüüüüüüüü… (2 more characters)",
	} {
		got := Text(in, max(10, utf8.RuneCountInString(want)*boolInt(!strings.HasSuffix(want, "characters)"))))
		if got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func capture(j *analyze.JVM) *Capture {
	n := &analyze.Node{Name: "n1", JVMs: []*analyze.JVM{j}}
	j.Node = n
	return &Capture{Name: "c", Case: &analyze.Case{Nodes: []*analyze.Node{n}}, Result: &analyze.Result{}}
}

// A window of a series has the samples of that time, and a thinned point the least, the mean and the most of its samples.
func TestSeries(t *testing.T) {
	begin := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	enc := series.NewEncoder(series.Header{Source: "test", Units: map[string]string{"heap": "bytes"}})
	for i := range 60 {
		enc.Add(begin.Add(time.Duration(i)*time.Second), map[string]float64{"heap": float64(i), "other": 1})
	}
	s, err := series.Read(strings.NewReader(string(enc.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	c := capture(&analyze.JVM{Target: "1-app", Counters: s, CountersSource: "nodes/n1/counters.jsonl"})
	a, err := c.Series(SeriesQuery{Column: "HEAP", From: "2026-01-31T08:00:10Z", To: "2026-01-31T08:00:19Z", Points: 5})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Columns) != 1 || len(a.Columns[0].Points) != 5 || a.Columns[0].Unit != "bytes" || a.Columns[0].Entry != "nodes/n1/counters.jsonl" {
		t.Fatalf("%+v", a)
	}
	if p := a.Columns[0].Points[0]; p != (Point{"2026-01-31T08:00:10.000Z", 2, 10, 10.5, 11}) {
		t.Errorf("the first point is %+v", p)
	}
	if p := a.Columns[0].Points[4]; p.Max != 19 {
		t.Errorf("the last point is %+v", p)
	}
	if a, err := c.Series(SeriesQuery{}); err != nil || len(a.Names) != 1 || strings.Join(a.Names[0].Names, " ") != "heap other" {
		t.Errorf("the names are %+v, %v", a, err)
	}
	for _, q := range []SeriesQuery{{Column: "none"}, {Column: "heap", From: "yesterday"}, {Of: Of{Node: "n2"}, Column: "heap"}} {
		if a, err := c.Series(q); err == nil {
			t.Errorf("%+v is answered by %+v", q, a)
		}
	}
}

// A subtree counts a recursive function once, and what each call has is of the whole profile.
func TestProfileSubtree(t *testing.T) {
	raw := &pprof.Profile{SampleType: []*pprof.ValueType{{Type: "cpu", Unit: "nanoseconds"}}}
	locations := map[string]*pprof.Location{}
	for _, s := range []struct {
		stack string // innermost first
		value int64
	}{{"hash serve main", 60}, {"hash serve serve main", 20}, {"read serve main", 10}, {"idle main", 10}} {
		sample := &pprof.Sample{Value: []int64{s.value}}
		for fn := range strings.FieldsSeq(s.stack) {
			if locations[fn] == nil {
				f := &pprof.Function{ID: uint64(len(raw.Function) + 1), Name: "app." + fn}
				l := &pprof.Location{ID: f.ID, Line: []pprof.Line{{Function: f}}}
				raw.Function, raw.Location, locations[fn] = append(raw.Function, f), append(raw.Location, l), l
			}
			sample.Location = append(sample.Location, locations[fn])
		}
		raw.Sample = append(raw.Sample, sample)
	}
	c := capture(&analyze.JVM{Target: "1-app", Profiles: []*profile.Profile{profile.New(raw, "cpu.pb.gz")}})
	a, err := c.Profile(ProfileQuery{Frame: "serve"})
	if err != nil {
		t.Fatal(err)
	}
	p := a.Profiles[0]
	if p.Entry != "cpu.pb.gz" || p.Top[0].Frame != "app.hash" || p.Top[0].SelfPct != 80 || p.Subtree == nil {
		t.Fatalf("%+v", p)
	}
	s := p.Subtree
	if s.Frame != "app.serve" || s.Pct != 90 || s.Calls.Pct != 90 || s.Calls.Calls[0].Frame != "app.hash" || s.Calls.Calls[0].Pct != 60 {
		t.Errorf("%+v, calls %+v", s, s.Calls.Calls[0])
	}
	if _, err := c.Profile(ProfileQuery{Kind: "heap"}); err == nil || !strings.Contains(err.Error(), "1-app cpu") {
		t.Errorf("a kind that is not there: %v", err)
	}
}

// The longest pauses come with the line that ends them.
func TestGC(t *testing.T) {
	l, err := gclog.Parse("gc.log", strings.NewReader(`[0.010s][info][gc] Using G1
[1.000s][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 20M->5M(256M) 3.000ms
[2.000s][info][gc] GC(1) Pause Young (Normal) (G1 Evacuation Pause) 25M->6M(256M) 30.000ms
`), gclog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := capture(&analyze.JVM{Target: "1-app", GC: []*gc.Log{l}})
	a, err := c.GC(GCQuery{Longest: 1})
	if err != nil {
		t.Fatal(err)
	}
	if p := a.Logs[0].Longest; len(p) != 1 || p[0].Entry != "gc.log" || p[0].Lines != "3" || p[0].MS != 30 || p[0].BeforeMB != 25 {
		t.Errorf("%+v", a.Logs[0].Longest)
	}
	if _, err := c.GC(GCQuery{Of: Of{Process: "2-other"}}); err == nil || !strings.Contains(err.Error(), "n1 1-app") {
		t.Errorf("a process that is not there: %v", err)
	}
}

func TestFindingsQuery(t *testing.T) {
	c := capture(&analyze.JVM{Target: "1-app"})
	c.Result.Findings = []analyze.Finding{
		{ID: "lock-contention", Severity: analyze.Critical, Title: "38 threads wait", Nodes: []string{"n1"}, Subject: "1-app"},
		{ID: "full-gc", Severity: analyze.Warning, Title: "9 full collections", Nodes: []string{"n2"}, Advice: []analyze.Advice{{Setting: "-Xmx"}}},
		{ID: "cpu-steal", Severity: analyze.Info, Title: "steal", Nodes: []string{"n1", "n2"}},
	}
	for _, q := range []struct {
		FindingsQuery
		want string
		more int
	}{
		{FindingsQuery{}, "1 2 3", 0},
		{FindingsQuery{Severity: "warning"}, "1 2", 0},
		{FindingsQuery{Text: "XMX"}, "2", 0},
		{FindingsQuery{Of: Of{Node: "n2"}}, "2 3", 0},
		{FindingsQuery{Of: Of{Process: "app"}}, "1", 0},
		{FindingsQuery{Limit: 1}, "1", 2},
		{FindingsQuery{Limit: 1, Offset: 2}, "3", 0},
		{FindingsQuery{Offset: 9}, "", 0},
	} {
		list := c.Findings(q.FindingsQuery)
		var got []string
		for _, f := range list.Findings {
			got = append(got, fmt.Sprint(f.Number))
		}
		if strings.Join(got, " ") != q.want || list.More != q.more {
			t.Errorf("%+v: %v and %d more, want %s and %d", q.FindingsQuery, got, list.More, q.want, q.more)
		}
	}
	if _, err := c.Finding(t.Context(), "4"); err == nil || !strings.Contains(err.Error(), "full-gc") {
		t.Errorf("a finding that is not there: %v", err)
	}
}
