package capacity

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/host"
	"casefile/analyze/loss"
)

// machines makes a case of nodes whose CPUs are busy so much.
func machines(busy ...float64) *analyze.Case {
	c := &analyze.Case{Started: time.Unix(0, 0), Ended: time.Unix(60, 0)}
	for i, b := range busy {
		ref := host.Ref{Source: "series", Line: 1}
		c.Nodes = append(c.Nodes, &analyze.Node{Name: fmt.Sprintf("n%d", i+1), Host: &host.Facts{CPU: host.CPU{Busy: host.Spread{Mean: b, P95: b * 1.1, Ref: ref}}}})
	}
	return c
}

func statement(node string, parts ...loss.Part) *loss.Statement {
	s := &loss.Statement{Node: node, Subject: "1-shop", SpanSeconds: 50, Dumps: 6, RequestThreads: 40, RequestThreadSeconds: 2000, Parts: parts}
	idle := 2000.0
	for _, p := range parts {
		idle -= p.Seconds
	}
	s.Parts = append(s.Parts, loss.Part{Kind: loss.Idle, Seconds: idle})
	return s
}

// The resource that ends growth is the one that was made scarce, and what is said of it is true.
func TestFirst(t *testing.T) {
	for name, c := range map[string]struct {
		busy  []float64
		parts []loss.Part
		first string
		says  []string
		never string
	}{
		"cpu": {[]float64{80, 60}, nil, "CPU of n1", []string{"CPU of n1 ends growth first", "When one node dies the others do not carry its share"}, "too low"},
		"threads": {[]float64{30}, []loss.Part{{Kind: loss.Socket, Seconds: 1800}}, "request threads of n1",
			[]string{"36 of 40 at work", "nothing is left"}, "too low"},
		"pool": {[]float64{30}, []loss.Part{{Kind: loss.DBPool, Seconds: 900}, {Kind: loss.Database, Seconds: 100}}, "database connections of n1", []string{"It is full"}, "too low"},
		"lock": {[]float64{30}, []loss.Part{{Kind: loss.Lock, Where: "Cache.get", Seconds: 400}}, "the lock at Cache.get of n1", []string{"The lock at Cache.get"}, "too low"},
		"idle": {[]float64{3, 4, 2}, nil, "", []string{"too low to tell", "the others carry its share"}, "may grow"},
	} {
		r := &analyze.Result{}
		if c.parts != nil {
			r.Loss = append(r.Loss, statement("n1", c.parts...))
		}
		e := Of(machines(c.busy...), r)
		first := ""
		if e.First != nil {
			first = e.First.Title()
		}
		text := strings.Join(e.Sentences(), "\n")
		if first != c.first || strings.Contains(text, c.never) {
			t.Errorf("%s: %q\n%s", name, first, text)
		}
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: want %q\n%s", name, want, text)
			}
		}
	}
}

func TestNothingMeasured(t *testing.T) {
	if e := Of(&analyze.Case{Nodes: []*analyze.Node{{Name: "files"}}}, &analyze.Result{}); e.Sentences() != nil || e.First != nil {
		t.Errorf("%+v", e)
	}
}
