package compare

import (
	"fmt"
	"strings"
	"testing"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/gc"
	"casefile/analyze/gc/gclog"
)

// Logs that claim to be of years, or hold nothing but zeros, cost no more than others and break nothing.
func TestHostileLogs(t *testing.T) {
	stamps := []string{"[0.010s]", "[31.000s]", "[9000000000.000s]", "[9000000001.000s]"}
	side := func(gcStamps []string, year string, took int) Run {
		var b strings.Builder
		b.WriteString("[0.001s][info][gc] Using G1\n")
		for i, s := range gcStamps {
			fmt.Fprintf(&b, "%s[info][gc] GC(%d) Pause Young (Normal) (G1 Evacuation Pause) 40M->20M(128M) 0.000ms\n", s, i)
		}
		log, err := gclog.Parse("gc.log", strings.NewReader(b.String()), gclog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var lines strings.Builder
		for i := range 100 {
			fmt.Fprintf(&lines, "10.0.0.1 - - [05/Jan/%s:10:00:%02d +0000] \"GET /%d HTTP/1.1\" 200 1 %d\n", []string{"1971", year}[i%2], i%60, i, took)
		}
		access, err := applog.ReadAccess("access.log", strings.NewReader(lines.String()), applog.Known())
		if err != nil {
			t.Fatal(err)
		}
		node := &analyze.Node{Name: "n1"}
		node.JVMs = []*analyze.JVM{{Node: node, Target: "1-x", PID: 1, App: "x", GC: []*gc.Log{log}, Access: []*applog.Access{access}}}
		return Run{Case: &analyze.Case{Nodes: []*analyze.Node{node}}, Result: &analyze.Result{}}
	}
	for _, before := range []Run{side(stamps, "2200", 0), side(stamps[:1], "1971", 5), side(nil, "1971", 0)} {
		for _, after := range []Run{side(stamps, "1971", 7), side(stamps[1:], "2200", 0)} {
			c, err := New(t.Context(), []Run{before}, []Run{after})
			if err != nil {
				t.Fatal(err)
			}
			if c.Verdict.Text == "" || strings.Contains(c.Verdict.Text, "NaN") {
				t.Errorf("%q", c.Verdict.Text)
			}
		}
	}
	empty := Run{Case: &analyze.Case{}, Result: &analyze.Result{}}
	if c, err := New(t.Context(), []Run{empty}, []Run{empty}); err != nil || c.Verdict.Kind != Untellable {
		t.Errorf("nothing and nothing: %v, %v", c, err)
	}
	if _, err := New(t.Context(), nil, []Run{empty}); err == nil {
		t.Error("a side without a capture is no error")
	}
}
