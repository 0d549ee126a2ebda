package analyze

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	rules[0].ExplainedBy = []string{"gc-overhead"}
	rules[2].ExplainedBy, rules[2].HostWide = []string{"gc-overhead"}, true
	rules[3].ExplainedBy = []string{"gc-overhead"} // of another node
	res, err := Run(context.Background(), &Case{}, rules)
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
		{ID: "lock-site", Doc: "d", Needs: "n", Repeats: []string{"lock-contention"}, Run: func(p *Pass) error {
			p.Report(about(Warning, "1-a", "Cache"))
			p.Report(about(Warning, "1-a", "Index"))
			p.Report(about(Warning, "2-b", "Cache"))
			return nil
		}},
	}
	res, err := Run(context.Background(), &Case{}, rules)
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
	res, err := Run(context.Background(), &Case{}, rules)
	if err != nil || len(res.Broken) != 2 || len(res.Findings) != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	want := []NotEvaluated{{ID: "d", Needs: "more", Near: true}, {ID: "c", Needs: "a dump"}}
	if len(res.NotEvaluated) != 2 || res.NotEvaluated[0] != want[0] || res.NotEvaluated[1] != want[1] {
		t.Errorf("not evaluated: %+v", res.NotEvaluated)
	}
}

func TestValidate(t *testing.T) {
	limit := NewLimit(5, "threads", "blocked", "somebody's book")
	after := func(id string, earlier ...string) *Rule {
		r := reporting(id, Finding{})
		r.After = earlier
		return r
	}
	ok := reporting("a", Finding{})
	ok.Limits = []Threshold{limit}
	if err := Validate([]*Rule{ok, after("b", "a")}); err != nil {
		t.Error(err)
	}
	unsaid := reporting("u", Finding{})
	unsaid.Limits = []Threshold{NewLimit(0.5, "1", "share", "")}
	explained := reporting("e", Finding{})
	explained.ExplainedBy = []string{"typo"}
	for name, wrong := range map[string][]*Rule{
		"an id used twice":             {ok, ok},
		"a rule without doc":           {{ID: "x"}},
		"a circle":                     {after("a", "b"), after("b", "c"), after("c", "a")},
		"a rule after itself":          {after("a", "a")},
		"an unknown id":                {after("a", "b")},
		"an unknown cause":             {explained},
		"a limit that has no source":   {unsaid},
		"a circle by what silences it": {{ID: "s", Doc: "d", Needs: "n", Unless: []string{"z"}, Run: ok.Run}, after("z", "s")},
	} {
		if Validate(wrong) == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// A rule sees what those before it found about its subject, wherever it stands in the list, and is silent where one of Unless speaks.
func TestRulesDependOnEachOther(t *testing.T) {
	on := func(node, subject string) Finding {
		return Finding{Nodes: []string{node}, Subject: subject, Severity: Warning, Weight: 0.5}
	}
	var seen []string
	late := &Rule{ID: "late", Doc: "d", Needs: "n", After: []string{"cause"}, Run: func(p *Pass) error {
		for _, name := range []string{"1-a", "2-b"} {
			for _, f := range p.Found("cause", Subject{Node: "n1", Name: name}) {
				seen = append(seen, f.Subject)
			}
		}
		return nil
	}}
	silenced := &Rule{ID: "silenced", Doc: "d", Needs: "n", Unless: []string{"cause"}, Run: func(p *Pass) error {
		p.Report(on("n1", "1-a"))
		p.Report(on("n2", "1-a"))
		return nil
	}}
	nosy := &Rule{ID: "nosy", Doc: "d", Needs: "n", Run: func(p *Pass) error {
		p.Found("cause", Subject{})
		return nil
	}}
	res, err := Run(context.Background(), &Case{}, []*Rule{late, silenced, nosy, reporting("cause", on("n1", "1-a"))})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 1 || seen[0] != "1-a" {
		t.Errorf("saw %v", seen)
	}
	var got []string
	for _, f := range res.Findings {
		got = append(got, f.ID+" on "+f.Nodes[0])
	}
	if strings.Join(got, ", ") != "cause on n1, silenced on n2" {
		t.Errorf("found %v", got)
	}
	if len(res.Broken) != 1 || !strings.Contains(res.Broken[0], "does not name in After") {
		t.Errorf("a rule that asks without saying so: %v", res.Broken)
	}
}

// A memo is made once for all rules of a run, and anew for the next case.
func TestMemo(t *testing.T) {
	made := 0
	m := NewMemo(func(p *Pass) int { made++; return len(p.Nodes) })
	var got []int
	ask := func(id string) *Rule {
		return &Rule{ID: id, Doc: "d", Needs: "n", Run: func(p *Pass) error { got = append(got, m.Of(p)); return nil }}
	}
	rules := []*Rule{ask("a"), ask("b")}
	for n := range 2 {
		if _, err := Run(context.Background(), &Case{Nodes: slices.Repeat([]*Node{{}}, n)}, rules); err != nil {
			t.Fatal(err)
		}
	}
	if made != 2 || !slices.Equal(got, []int{0, 0, 1, 1}) {
		t.Errorf("made %d times, gave %v", made, got)
	}
}

// A consequence stands directly after what it follows from, over all steps, and explanations in a circle end.
func TestConsequencesFollowTheirCause(t *testing.T) {
	on := func(weight float64) Finding {
		return Finding{Nodes: []string{"n1"}, Subject: "1-a", Severity: Warning, Weight: weight}
	}
	rule := func(id string, weight float64, explainedBy ...string) *Rule {
		r := reporting(id, on(weight))
		r.ExplainedBy = explainedBy
		return r
	}
	res, err := Run(context.Background(), &Case{}, []*Rule{rule("lock", 0.8), rule("other", 0.75), rule("pool", 0.7, "lock"),
		rule("queue", 0.6, "pool"), rule("chicken", 0.3, "egg"), rule("egg", 0.2, "chicken")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range res.Findings {
		got = append(got, fmt.Sprintf("%s %d", f.ID, f.ConsequenceOf))
	}
	if text := strings.Join(got, ", "); text != "lock 0, pool 1, queue 1, other 0, chicken 0, egg 5" {
		t.Errorf("found %s", text)
	}
}

// What one finding says of itself explains it as its rule's word does.
func TestFindingNamesItsCause(t *testing.T) {
	odd := Finding{Nodes: []string{"n1"}, Subject: "1-a", Severity: Warning, Weight: 0.9, Because: []string{"lock"}}
	lock := Finding{Nodes: []string{"n1"}, Subject: "1-a", Severity: Warning, Weight: 0.5}
	for subject, want := range map[string]int{"1-a": 1, "2-b": 0} {
		lock.Subject = subject
		res, err := Run(context.Background(), &Case{}, []*Rule{reporting("odd", odd), reporting("lock", lock)})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range res.Findings {
			if f.ID == "odd" && f.ConsequenceOf != want {
				t.Errorf("with a lock of %s the odd node follows from finding %d, want %d", subject, f.ConsequenceOf, want)
			}
		}
	}
}
