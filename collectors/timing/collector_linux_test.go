package timing

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/series"
	"casefile/bundle/format/timing"
	"casefile/bundle/redact"
	"casefile/collectors"
	"casefile/collectors/database/login"
)

func TestCollector(t *testing.T) {
	t.Setenv("CASEFILE_TEST_DB", "conf:hunter2-hunter2")
	database, _ := fakeServer(t, asked("N"))
	home, out := inMemory(t), filepath.Join(t.TempDir(), "bundle")
	p := plan.Default()
	p.Duration, p.Dumps, p.SampleEvery = plan.Duration(2*time.Second), 1, plan.Duration(200*time.Millisecond)
	p.Probes = &plan.Probes{
		Databases: []plan.Database{{URL: "jdbc:postgresql://" + database + "/c"}, {URL: "jdbc:h2:mem:x", Credential: "env:CASEFILE_TEST_DB"}},
		Storage:   []plan.Storage{{Path: home, Kind: plan.LocalHome}},
		Names:     []string{"localhost"},
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	secrets := redact.NewSecrets()
	w, err := bundle.Create(out, "dir", bundle.Manifest{Plan: p}, secrets)
	if err != nil {
		t.Fatal(err)
	}
	s := &collectors.Session{Node: "n1", Plan: p, Roots: collectors.SystemRoots(), Out: w, Secrets: secrets}
	jobs := collectors.Prepare(t.Context(), s, []collectors.Collector{New(plan.Probes{
		Storage: []plan.Storage{{Path: home, Kind: plan.SharedHome}, {Path: filepath.Join(home, "missing"), Kind: plan.SharedHome}}}, nil)})
	if len(jobs) != 1 || len(jobs[0].Items) != 6 {
		t.Fatalf("%+v", jobs)
	}
	collectors.Run(t.Context(), s, jobs)
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}

	f, err := os.Open(find(t, out, timing.ProbesFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	node, err := timing.ReadNode(f)
	if err != nil {
		t.Fatal(err)
	}
	if node.Name != "n1" || node.Hiccups == nil || node.Hiccups.Late.Count == 0 || len(node.Databases) != 2 || len(node.Storage) != 2 || len(node.Names) != 1 {
		t.Fatalf("%+v", node)
	}
	if node.Databases[0].Step(timing.StepPing) == nil || node.Databases[1].Refused == "" || node.Storage[0].Step(timing.StepDurable) == nil || node.Storage[1].Refused == "" {
		t.Errorf("%+v", node)
	}
	if node.Storage[0].Kind != plan.LocalHome {
		t.Errorf("the plan's word counts: %+v", node.Storage[0])
	}
	h, err := os.Open(find(t, out, timing.HiccupSeries.Of("000")))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	rows, err := series.Read(h)
	if err != nil || len(rows.Times) < 2 || rows.Skipped > 0 {
		t.Errorf("series: %v, %v", rows, err)
	}
	ledger := map[string]bundle.Status{}
	for _, c := range w.Manifest().Coverage {
		ledger[c.Item] = c.Status
	}
	for item, want := range map[string]bundle.Status{itemHiccups: bundle.OK, itemRecord: bundle.OK, itemNames: bundle.OK, itemDatabases: bundle.Partial, itemStorage: bundle.Partial} {
		if ledger[item] != want {
			t.Errorf("%s: %s, want %s", item, ledger[item], want)
		}
	}
	if l := left(t, home); len(l) > 0 {
		t.Errorf("left behind: %v", l)
	}
}

// find returns the one file of a name below dir.
func find(t *testing.T, dir, name string) string {
	t.Helper()
	found := ""
	filepath.WalkDir(dir, func(path string, d os.DirEntry, _ error) error {
		if filepath.Base(path) == name {
			found = path
		}
		return nil
	})
	if found == "" {
		t.Fatalf("no %s", name)
	}
	return found
}

func TestCollectorLearnsPasswords(t *testing.T) {
	t.Setenv("CASEFILE_TEST_DB", "conf:hunter2-hunter2")
	s := &collectors.Session{Node: "n1", Plan: plan.Default(), Secrets: redact.NewSecrets()}
	c := New(plan.Probes{Databases: []plan.Database{{URL: "jdbc:mysql://h/c", Credential: "env:CASEFILE_TEST_DB"}}}, nil)
	jobs, err := c.Prepare(t.Context(), s)
	if err != nil || s.Secrets.Count() != 1 {
		t.Errorf("%d secrets, %v", s.Secrets.Count(), err)
	}
	for _, i := range jobs[0].Items {
		if strings.Contains(i.Cost, "hunter2") {
			t.Errorf("%+v", i)
		}
	}
	if _, err := New(plan.Probes{Names: []string{"$(id)"}}, nil).Prepare(t.Context(), s); err == nil {
		t.Error("bad targets were taken")
	}
}

// What the configuration of an application holds is looked for only where the plan
// says so, and its password is scrubbed from then on.
func TestCollectorUsesAppCredentials(t *testing.T) {
	asked := 0
	c := New(plan.Probes{}, func(context.Context, *collectors.Session) []login.App {
		asked++
		return []login.App{{URL: "jdbc:postgresql://db/c", User: "conf", Password: "hunter2-hunter2"}, {URL: "jdbc:postgresql://db2/c", User: "conf"}}
	})
	s := &collectors.Session{Node: "n1", Plan: plan.Default(), Secrets: redact.NewSecrets()}
	jobs, err := c.Prepare(t.Context(), s)
	if err != nil || asked > 0 || len(jobs[0].Items) != 1 {
		t.Errorf("asked %d times, %+v, %v", asked, jobs, err)
	}
	s.Plan.Probes = &plan.Probes{AppCredentials: true}
	jobs, err = c.Prepare(t.Context(), s)
	if err != nil || asked != 1 || len(jobs[0].Items) != 3 || s.Secrets.Count() != 1 {
		t.Fatalf("asked %d times, %+v, %d secrets, %v", asked, jobs, s.Secrets.Count(), err)
	}
	if a, b := jobs[0].Items[1].Cost, jobs[0].Items[2].Cost; !strings.Contains(a, "SELECT 1") || !strings.Contains(b, "no login") || strings.Contains(a, "hunter2") {
		t.Errorf("%q, %q", a, b)
	}
}

func TestNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // on a clock that runs only while all wait
		p := newNameProbe("db")
		p.every = 10 * time.Millisecond
		n := 0
		p.lookup = func(context.Context, string) ([]string, error) {
			time.Sleep(time.Millisecond)
			if n++; n == 2 {
				return nil, errors.New("server misbehaving")
			}
			return []string{"10.0.0.1"}, nil
		}
		r := p.run(t.Context(), time.Now().Add(100*time.Millisecond))
		s := r.Step(timing.StepLookup)
		if r.Tries != 10 || r.Failures != 1 || s == nil || s.Count != 9 || s.FirstMS != 1 || len(r.Errors) != 1 || r.Limit == nil {
			t.Errorf("%+v", r)
		}
	})
	if r := newNameProbe("10.0.0.1").run(t.Context(), time.Now().Add(time.Minute)); r.Refused == "" || r.Tries > 0 {
		t.Errorf("%+v", r)
	}
}
