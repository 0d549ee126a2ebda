package compare

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/host"
	"casefile/analyze/ids"
	"casefile/bundle/format/hostseries"
	"casefile/bundle/format/series"
)

// sides makes two runs of a program and lets each be changed.
func sides(t *testing.T, before, after program, change func(b, a *Run)) *Comparison {
	t.Helper()
	b, a := before.run(t, 501), after.run(t, 502)
	if change != nil {
		change(&b, &a)
	}
	c, err := New(t.Context(), []Run{b}, []Run{a})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wants(t *testing.T, c *Comparison, kind VerdictKind, words ...string) {
	t.Helper()
	if c.Verdict.Kind != kind {
		t.Errorf("verdict %s: %s", c.Verdict.Kind, c.Verdict.Text)
	}
	said := c.Verdict.Text + "\n" + strings.Join(c.Verdict.Why, "\n")
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("%q is not said:\n%s", w, said)
		}
	}
}

// Twice the load is no regression, with requests counted or without; three times as much and more is not comparable.
func TestLoadDiffers(t *testing.T) {
	for name, p := range programs {
		if testing.Short() && name != "cpu" && name != "locks" {
			continue
		}
		for _, blind := range []bool{false, true} {
			p.noAccess = blind
			double, much := p, p
			double.rate, much.rate = 2*p.rate, 4.5*p.rate
			wants(t, sides(t, p, double, nil), DifferentLoad, "Different load", "times)")
			if c := sides(t, p, much, nil); c.Verdict.Kind != NotComparable {
				t.Errorf("%s: %s", name, c.Verdict.Text)
			}
		}
	}
}

// What runs under a load a hundred times as high is another program: nothing is told of it.
func TestOtherProgram(t *testing.T) {
	p, much := programs["gc"], programs["gc"]
	p.pause = 0.15
	much.allocated, much.room = 150*p.allocated, 3600
	p.noAccess, much.noAccess = true, true
	wants(t, sides(t, p, much, nil), NotComparable, "Not comparable")
}

// What only one side has is told.
func TestMissing(t *testing.T) {
	p := programs["locks"]
	wants(t, sides(t, p, p, func(b, _ *Run) {
		other := p.run(t, 7).Case.Nodes[0]
		other.Name = "n2"
		b.Case.Nodes = append(b.Case.Nodes, other)
	}), NoChange, "node n2 is missing after", "members of the cluster n1, n2 -> n1")
	wants(t, sides(t, p, p, func(_, a *Run) { a.Case.Nodes[0].JVMs[0].Version = "25.0.1+8" }), NoChange, "JVM 17.0.15+6 -> 25.0.1+8")
	finding := analyze.Finding{ID: ids.LockContention, Severity: analyze.Warning, Title: "Threads wait for Prices", Subject: "4711-shop", Nodes: []string{"n1"},
		Evidence: []analyze.Evidence{{Entry: "dumps.txt"}}}
	c := sides(t, p, p, func(b, a *Run) {
		b.Result.Findings = []analyze.Finding{finding}
		a.Case.Nodes[0].JVMs[0].Dumps = nil
	})
	wants(t, c, NoChange, "thread dumps of shop on n1 are there before, and absent after", "1 finding of before can no longer be told")
	if len(c.Findings.Untold) != 1 || len(c.Findings.Went) != 0 {
		t.Errorf("%+v", c.Findings)
	}
	c = sides(t, p, p, func(b, a *Run) { b.Result.Findings = []analyze.Finding{finding} })
	if len(c.Findings.Went) != 1 {
		t.Errorf("a finding that after could see is not gone: %+v", c.Findings)
	}
	c = sides(t, p, p, func(b, a *Run) {
		b.Result.Findings, a.Result.Findings = []analyze.Finding{finding}, []analyze.Finding{finding}
		a.Result.Findings[0].Subject, a.Case.Nodes[0].JVMs[0].Target = "815-shop", "815-shop"
	})
	if len(c.Findings.Stayed) != 1 || len(c.Findings.Came)+len(c.Findings.Went) != 0 {
		t.Errorf("another process id is another finding: %+v", c.Findings)
	}
}

// A larger heap that ends much of the collector's work: one sentence with the interval, the setting, and the advice.
func TestHeapDoubled(t *testing.T) {
	before := programs["gc"]
	before.pause = 0.15
	after := before
	after.pause, after.heap = 0.06, 1024
	c := sides(t, before, after, func(b, _ *Run) {
		b.Result.Findings = []analyze.Finding{{ID: ids.GCOverhead, Severity: analyze.Critical, Title: "Collections take 40 %", Subject: "4711-shop", Nodes: []string{"n1"},
			Advice: []analyze.Advice{{Action: "Raise the heap.", Setting: "-Xmx", From: "-Xmx512m", To: "-Xmx1g", Effect: "Half the time in collections."}}}}
	})
	wants(t, c, Improvement, "Better: time in GC pauses fell by", " to ", "maximum heap 512 MB -> 1 GB (as gc-overhead advised)")
	if len(c.Advice) != 1 || !c.Advice[0].Fully || len(c.Advice[0].Measured) == 0 || !c.Advice[0].Gone {
		t.Errorf("%+v", c.Advice)
	}
}

// Secrets of a command line are never values of the comparison.
func TestSecretSettings(t *testing.T) {
	p := programs["cpu"]
	c := sides(t, p, p, func(b, a *Run) {
		b.Case.Nodes[0].JVMs[0].Options = []string{"-Ddb.password=old1", "-Dpool.size=10", "-Dlicence=AAAB-1234-xyzzy-long-text", "-Dgone=true"}
		a.Case.Nodes[0].JVMs[0].Options = []string{"-Ddb.password=new2", "-Dpool.size=20", "-Dlicence=BBBC-9876-plugh-long-text"}
	})
	seen := map[string]string{}
	for _, s := range c.Settings {
		seen[s.Name] = s.Before + " " + s.After
	}
	if seen["-Dpool.size"] != "10 20" || seen["-Dgone"] != "true (not set)" || len(seen) != 4 {
		t.Errorf("%v", seen)
	}
	for name, values := range seen {
		for _, secret := range []string{"old1", "new2", "xyzzy", "plugh"} {
			if strings.Contains(values, secret) {
				t.Errorf("%s shows %s", name, values)
			}
		}
	}
}

// busyHost is a machine whose CPUs are all busy, and on which some task waits for one so much of the time.
func busyHost(t *testing.T, waiting float64) *host.Facts {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(100*waiting), 5))
	e := series.NewEncoder(series.Header{Source: hostseries.Source})
	waited := 0.0
	for i := range 120 {
		waited += waiting * (1 + 0.1*r.NormFloat64())
		at := map[string]float64{hostseries.Of(hostseries.PSISomeTotal, "cpu"): waited}
		for _, mode := range cpuModes {
			at[mode] = 0
		}
		at[hostseries.CPUUser], at[hostseries.CPUIdle] = 1.98*float64(i), 0.02*float64(i)
		e.Add(began.Add(time.Duration(i)*time.Second), at)
	}
	s, err := series.Read(bytes.NewReader(e.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return &host.Facts{Series: s}
}

// Longer waits on a machine that others have taken are not called the service's; on one that is as busy as before they are.
func TestCrowdedMachine(t *testing.T) {
	before := programs["locks"]
	after := before
	after.lock *= 1.5
	crowd := func(x, y float64) func(b, a *Run) {
		return func(b, a *Run) { b.Case.Nodes[0].Host, a.Case.Nodes[0].Host = busyHost(t, x), busyHost(t, y) }
	}
	wants(t, sides(t, before, after, crowd(0.3, 0.8)), Untellable, "waits for the CPUs of its machine", "time of a request waiting for locks rose")
	wants(t, sides(t, before, after, crowd(0.5, 0.5)), Regression, "time of a request waiting for locks rose", "were 99 % busy before and 99 % after")
}
