package analyze

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"casefile/analyze/say"
)

// clusterOf runs rules over a case of some nodes.
func clusterOf(t *testing.T, nodes int, findings ...Finding) *Result {
	t.Helper()
	c := &Case{}
	for i := range nodes {
		n := &Node{Name: fmt.Sprintf("n%d", i+1)}
		for _, app := range []string{"shop", "backup"} {
			for _, pid := range []int{7, 11, 12, 13, 812, 100 + i} {
				n.JVMs = append(n.JVMs, &JVM{Node: n, PID: pid, Target: fmt.Sprintf("%d-%s", pid, app)})
			}
		}
		c.Nodes = append(c.Nodes, n)
	}
	var rules []*Rule
	var ids []string
	for _, f := range findings {
		if slices.Contains(ids, f.ID) {
			continue
		}
		ids = append(ids, f.ID)
		rules = append(rules, &Rule{ID: f.ID, Doc: "d", Needs: "n", Compares: f.ID == "clock-skew", Run: func(p *Pass) error {
			for _, f := range findings {
				if f.ID == p.rule.ID {
					p.Report(f)
				}
			}
			return nil
		}})
	}
	res, err := Run(context.Background(), c, rules)
	if err != nil || len(res.Broken) > 0 {
		t.Fatal(err, res.Broken)
	}
	return res
}

// What a process is called without its pid is known by the pid, not by how the name looks.
func TestApplications(t *testing.T) {
	app := applicationsOf(&Case{Nodes: []*Node{{
		JVMs:     []*JVM{{Target: "4711-shop", PID: 4711}, {Target: "14711-shop", PID: 14711}, {Target: "2024-shop", PID: 9}, {Target: "7-zip"}, {Target: "12-", PID: 12}},
		Services: []*Service{{Target: "5-go", PID: 5}},
	}}})
	for target, want := range map[string]string{"4711-shop": "shop", "2024-shop": "2024-shop", "7-zip": "7-zip", "5-go": "go", "12-": "12-", "other": "other"} {
		if got := app.of(target); got != want {
			t.Errorf("%s is of %s, not %s", target, got, want)
		}
	}
	if got := app.inText.Replace("14711-shop waits for 4711-shop and 2024-shop"); got != "shop waits for shop and 2024-shop" {
		t.Error(got)
	}
}

func TestFold(t *testing.T) {
	cpu := func(node string, busy int, who string, weight float64) Finding {
		f := Finding{ID: "cpu-saturated", Severity: Warning, Confidence: High, Weight: weight, Nodes: []string{node}, Explanation: "Why.", Evidence: []Evidence{{Entry: "nodes/" + node + "/host/series", Text: "busy"}},
			Advice: []Advice{{Action: "See."}}}
		f.Say("All 4 CPUs are busy: %s; most is used by %s (2.5 CPUs)", say.Share("busy", float64(busy)/100), say.Target(who))
		return f
	}
	heap := func(node, pid, to string, severity Severity) Finding {
		return Finding{ID: "heap-too-small", Severity: severity, Confidence: High, Weight: 0.5, Nodes: []string{node}, Subject: pid + "-shop",
			Title: "The heap of " + pid + "-shop is full", Evidence: []Evidence{{Entry: node, Text: "x"}}, Advice: []Advice{{Action: "Enlarge the heap of " + pid + "-shop.", Setting: "-Xmx", From: "-Xmx1g", To: to}}}
	}
	about := func(node, name string) Finding {
		return Finding{ID: "lock-contention", Severity: Critical, Nodes: []string{node}, Subject: "7-shop", About: []string{name}, Title: fmt.Sprintf("%d threads wait on %s", len(node+name), node[1:])}
	}
	for _, c := range []struct {
		name  string
		nodes int
		in    []Finding
		want  []string // nodes and titles
	}{
		{"alike on all", 3, []Finding{cpu("n1", 96, "11-shop", 0.3), cpu("n2", 99, "812-shop", 0.6), cpu("n3", 97, "7-shop", 0.4)},
			[]string{"n1,n2,n3 On all 3 nodes: All 4 CPUs are busy: 99 %; most is used by 812-shop (2.5 CPUs)"}},
		{"alike on some", 3, []Finding{cpu("n1", 96, "11-shop", 0.3), cpu("n3", 99, "7-shop", 0.2)},
			[]string{"n1,n3 On n1 and n3: All 4 CPUs are busy: 96 %; most is used by 11-shop (2.5 CPUs)"}},
		{"on one", 3, []Finding{cpu("n3", 99, "7-shop", 0.2)}, []string{"n3 All 4 CPUs are busy: 99 %; most is used by 7-shop (2.5 CPUs)"}},
		{"for another reason", 2, []Finding{cpu("n1", 96, "11-shop", 0.3), cpu("n2", 99, "12-backup", 0.2)},
			[]string{"n1 All 4 CPUs are busy: 96 %; most is used by 11-shop (2.5 CPUs)", "n2 All 4 CPUs are busy: 99 %; most is used by 12-backup (2.5 CPUs)"}},
		{"not as severe", 2, []Finding{heap("n1", "11", "-Xmx2g", Critical), heap("n2", "12", "-Xmx2g", Warning)}, []string{"n1,n2 On both nodes: The heap of shop is full"}},
		{"a note on one", 2, []Finding{heap("n1", "11", "-Xmx2g", Warning), heap("n2", "12", "-Xmx2g", Info)}, []string{"n1 The heap of 11-shop is full", "n2 The heap of 12-shop is full"}},
		{"twice on a node", 2, []Finding{heap("n1", "11", "-Xmx2g", Warning), heap("n1", "12", "-Xmx2g", Warning), heap("n2", "13", "-Xmx2g", Warning)},
			[]string{"n1,n2 On both nodes: The heap of shop is full", "n1 The heap of 12-shop is full"}},
		{"about the same", 2, []Finding{about("n1", "Cache"), about("n2", "Cache")}, []string{"n1,n2 On both nodes: 7 threads wait on 1"}},
		{"about something else", 2, []Finding{about("n1", "Cache"), about("n2", "Index")}, []string{"n1 7 threads wait on 1", "n2 7 threads wait on 2"}},
		{"a finding that compares nodes", 2, []Finding{
			{ID: "clock-skew", Severity: Warning, Nodes: []string{"n1"}, Title: "n1's clock is 2 s ahead"}, {ID: "clock-skew", Severity: Warning, Nodes: []string{"n2"}, Title: "n2's clock is 3 s ahead"}},
			[]string{"n1 n1's clock is 2 s ahead", "n2 n2's clock is 3 s ahead"}},
	} {
		var got []string
		for _, f := range clusterOf(t, c.nodes, c.in...).Findings {
			got = append(got, strings.Join(f.Nodes, ",")+" "+f.Title)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// What is told of each node stays told.
func TestFoldKeepsFigures(t *testing.T) {
	var in []Finding
	for i := range 20 {
		f := Finding{ID: "heap-too-small", Severity: Warning, Confidence: High, Weight: 1 - float64(i)/100, Nodes: []string{fmt.Sprintf("n%d", i+1)}, Subject: fmt.Sprintf("%d-shop", i+100), Explanation: "Why.",
			Evidence: []Evidence{{Entry: fmt.Sprintf("n%d", i+1), Text: "a"}, {Entry: "b", Text: "b"}},
			Advice:   []Advice{{Action: fmt.Sprintf("Enlarge the heap of %d-shop.", i+100), Setting: "-Xmx", From: "-Xmx1g", To: fmt.Sprintf("-Xmx%dg", 2+i/18)}}}
		f.Say("The heap of %s is %s full", say.Target(f.Subject), say.Share("full", float64(99-i)/100))
		in = append(in, f)
	}
	res := clusterOf(t, 24, in...)
	if len(res.Findings) != 1 {
		t.Fatalf("%d findings", len(res.Findings))
	}
	f := res.Findings[0]
	if f.Title != "On 20 of 24 nodes: The heap of shop is 99 % full" || f.Subject != "shop" || len(f.Nodes) != 20 || len(f.Evidence) != foldedEvidence || f.Evidence[1].Entry != "n2" {
		t.Errorf("%+v", f)
	}
	for _, part := range []string{"The figures are of n1, where it weighs most.", "\nn2: The heap of 101-shop is 98 % full.\n", "And 11 more nodes alike."} {
		if !strings.Contains(f.Explanation, part) {
			t.Errorf("%q is not in: %s", part, f.Explanation)
		}
	}
	if a := f.Advice[0]; a.Action != "Enlarge the heap of shop." || a.From != "-Xmx1g" || a.To != "-Xmx2g on 18 nodes, -Xmx3g on n19 and n20" {
		t.Errorf("%+v", a)
	}
	// One set of settings for those that change the same; each JVM still finds its own.
	if len(res.Tuning) != 2 || len(res.Tuning[0].Nodes) != 18 || res.Tuning[0].Subject != "shop" {
		t.Errorf("%+v", res.Tuning)
	}
	if s := &res.Tuning[0]; !s.Concerns("n2", "101-shop") || s.Concerns("n2", "100-shop") || s.Concerns("n19", "118-shop") {
		t.Error("a set that does not know its JVMs")
	}
}
