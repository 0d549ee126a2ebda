package database

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/sessions"
	"casefile/bundle/redact"
	"casefile/collectors"
)

const password = "hunter2-hunter2"

// captured is what a capture of two rounds left.
type captured struct {
	dir    string
	ledger map[string]bundle.Coverage
}

// capture looks at a database twice; change may be nil.
func captureOf(t *testing.T, ctx context.Context, part float64, d plan.Database, interval time.Duration) captured {
	t.Helper()
	p := plan.Default()
	p.Dumps, p.DumpInterval, p.Duration = 2, plan.Duration(interval), plan.Duration(2*interval)
	p.Probes = &plan.Probes{Databases: []plan.Database{d}}
	c := captured{filepath.Join(t.TempDir(), "bundle"), map[string]bundle.Coverage{}}
	secrets := redact.NewSecrets()
	w, err := bundle.Create(c.dir, "dir", bundle.Manifest{Plan: p}, secrets)
	if err != nil {
		t.Fatal(err)
	}
	s := &collectors.Session{Node: "n1", Plan: p, Roots: collectors.SystemRoots(), Out: w, Secrets: secrets}
	collectors.Run(ctx, s, collectors.Prepare(t.Context(), s, []collectors.Collector{collector{part: part}}))
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, line := range w.Manifest().Coverage {
		c.ledger[line.Item] = line
	}
	return c
}

func (c captured) file(t *testing.T, name string) []byte {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(c.dir, "nodes/n1/database/*", name))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %q, %v, %+v", name, found, err, c.ledger)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func database15(address string) plan.Database {
	return plan.Database{URL: "jdbc:postgresql://" + address + "/shop?sslmode=disable", Credential: "env:CASEFILE_TEST_DB"}
}

const (
	brief = 100 * time.Millisecond
	// everything is a share that no look exceeds.
	everything = 1e6
)

// statementsOf answers as postgres15 does, with statistics that count up.
func statementsOf(sql string) ([][]string, error) {
	return with(answer{to: "pg_stat_statements(false)", rows: [][]string{{"77", "shop", "shop", "4", "80", "4", "0", "1"}}},
		with(answer{to: "stats_reset", rows: [][]string{{"2026-01-01"}}}, postgres15)).of(sql)
}

func TestCapture(t *testing.T) {
	t.Setenv("CASEFILE_TEST_DB", "casefile:"+password)
	readings := 0
	server := newFakePostgres(t, func(sql string) ([][]string, error) {
		switch {
		case strings.Contains(sql, "queryid IN"):
			return [][]string{{"77", "UPDATE orders SET a = 'Zq7Mallard'", "f"}}, nil
		case strings.Contains(sql, "pg_stat_statements(false)"):
			if readings++; readings == 2 {
				return [][]string{{"77", "shop", "shop", "9", "130", "9", "0", "1"}}, nil
			}
		}
		return statementsOf(sql)
	})
	c := captureOf(t, t.Context(), everything, database15(server.address), brief)
	for item, want := range map[string]bundle.Status{entries.ItemSessions: bundle.OK, entries.ItemStatements: bundle.OK} {
		if got := c.ledger[item]; got.Status != want {
			t.Errorf("%s: %+v", item, got)
		}
	}
	if n := server.logins.Load(); n != 1 {
		t.Errorf("%d logins", n)
	}
	for k := range 2 {
		s, err := sessions.Read(bytes.NewReader(c.file(t, entries.Sessions.Of(entries.Dump(k)))))
		if err != nil {
			t.Fatal(err)
		}
		if s.Server.Address != server.address || s.Server.Name == "" || s.Taken.IsZero() || s.TookMS <= 0 || len(s.Sessions) != 5 ||
			!strings.HasPrefix(s.Own.Local, "127.0.0.1:") || !s.Translated() {
			t.Errorf("%+v", s)
		}
	}
	st, err := sessions.ReadStatements(bytes.NewReader(c.file(t, string(entries.Statements))))
	if err != nil || len(st.Statements) != 1 || st.Statements[0].Calls != 5 || st.Statements[0].TotalMS != 50 || st.Statements[0].Text != "UPDATE orders SET a = ?" {
		t.Errorf("%+v, %v", st, err)
	}
	err = filepath.WalkDir(c.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, word := range []string{"Zq7Mallard", "paid", password} {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("%s holds %s", path, word)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// What goes wrong costs its own part, and is told with what to do.
func TestCaptureTellsFailures(t *testing.T) {
	t.Setenv("CASEFILE_TEST_DB", "casefile:"+password)
	looks := 0
	for _, c := range []struct {
		name       string
		refuse     string
		reply      func(string) ([][]string, error)
		database   func(string) plan.Database
		status     bundle.Status
		cause      entries.Cause
		reason     string
		fix        string
		mostLogins int32
	}{
		{name: "wrong password", refuse: "28P01", status: bundle.Failed, cause: entries.NotPermitted, reason: "refuses the password", fix: "where the credential", mostLogins: 1},
		{name: "not admitted", refuse: "28000", status: bundle.Failed, cause: entries.NotPermitted, fix: "pg_hba.conf", mostLogins: 1},
		{name: "full", refuse: "53300", status: bundle.Failed, cause: entries.Refused, reason: "no connection left", fix: "limit of connections", mostLogins: 3},
		{name: "too busy", reply: func(sql string) ([][]string, error) {
			if strings.Contains(sql, "FROM pg_stat_activity") {
				return nil, errors.New("57014")
			}
			return statementsOf(sql)
		}, status: bundle.Failed, cause: entries.TimedOut, reason: "gave the look up", mostLogins: 3},
		{name: "silent in the middle", reply: func(sql string) ([][]string, error) {
			if strings.Contains(sql, "FROM pg_stat_activity") {
				if looks++; looks == 2 {
					return nil, errSilent
				}
			}
			return statementsOf(sql)
		}, status: bundle.Partial, cause: entries.NoAnswer, reason: "did not answer in time", fix: "look at the server", mostLogins: 2},
		{name: "no credential", database: func(a string) plan.Database { return plan.Database{URL: "jdbc:postgresql://" + a + "/shop"} },
			status: bundle.Skipped, cause: entries.Costly, fix: "cluster.yaml"},
		{name: "credential is not there", database: func(a string) plan.Database {
			return plan.Database{URL: "jdbc:postgresql://" + a + "/shop", Credential: "env:CASEFILE_TEST_NOT_SET"}
		}, status: bundle.Failed, reason: "not set", fix: "on this node"},
		{name: "Oracle", database: func(a string) plan.Database { return plan.Database{URL: "jdbc:oracle:thin:@//" + a + "/orcl"} },
			status: bundle.Skipped, cause: entries.Unsupported, reason: "Oracle"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.reply == nil {
				c.reply = statementsOf
			}
			if c.database == nil {
				c.database = database15
			}
			server := newFakePostgres(t, c.reply)
			server.refuse = c.refuse
			got := captureOf(t, t.Context(), everything, c.database(server.address), brief)
			line := got.ledger[entries.ItemSessions]
			if line.Status != c.status || c.cause != "" && line.Cause != c.cause || !strings.Contains(line.Reason, c.reason) || !strings.Contains(line.Fix, c.fix) {
				t.Errorf("%+v", line)
			}
			if n := server.logins.Load(); n > c.mostLogins {
				t.Errorf("%d logins", n)
			}
		})
	}
}

// A signal in the middle of a look ends it, and that is no failure of the server.
func TestCaptureEndsWithASignal(t *testing.T) {
	t.Setenv("CASEFILE_TEST_DB", "casefile:"+password)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := newFakePostgres(t, func(sql string) ([][]string, error) {
		if strings.Contains(sql, "FROM pg_locks") {
			cancel()
			return nil, errSilent
		}
		return statementsOf(sql)
	})
	line := captureOf(t, ctx, everything, database15(server.address), time.Hour/2).ledger[entries.ItemSessions]
	if line.Status != bundle.Failed || line.Cause != entries.EndedEarly {
		t.Errorf("%+v", line)
	}
}

// What would cost a server more than its share is left out, and told.
func TestCaptureSpares(t *testing.T) {
	t.Setenv("CASEFILE_TEST_DB", "casefile:"+password)
	server := newFakePostgres(t, statementsOf)
	c := captureOf(t, t.Context(), 1e-9, database15(server.address), brief)
	if line := c.ledger[entries.ItemSessionsSpared]; line.Status != bundle.Skipped || line.Cause != entries.Costly || !strings.Contains(line.Fix, "--dump-interval") {
		t.Errorf("%+v", line)
	}
	if line := c.ledger[entries.ItemSessions]; line.Status != bundle.OK {
		t.Errorf("%+v", line)
	}
}

func TestShare(t *testing.T) {
	start := time.Now()
	s := share{part: onePercent, start: start, interval: 10 * time.Second, sharers: 1}
	var at []int
	for k := range 12 {
		if when := start.Add(time.Duration(k) * 10 * time.Second); s.admits(when) {
			at = append(at, k)
			s.took(250 * time.Millisecond) // the share is 100 ms each 10 s
		}
	}
	if want := []int{0, 4, 7, 9}; !slices.Equal(at, want) {
		t.Errorf("rounds %v, want %v", at, want)
	}
	if s.spent > time.Duration(float64(130*time.Second)*onePercent) {
		t.Errorf("%v in all", s.spent)
	}
	shared := share{part: onePercent, start: start, interval: 10 * time.Second, sharers: 5, spent: 15 * time.Millisecond, last: 15 * time.Millisecond}
	if shared.admits(start) || !shared.admits(start.Add(10*time.Second)) {
		t.Error("five nodes have a fifth each")
	}
}

func TestLookers(t *testing.T) {
	own := sessions.Session{ID: 9, Client: "10.0.0.1:1", User: "casefile", Application: "casefile"}
	s := &sessions.Snapshot{Own: sessions.Own{ID: 9}, Sessions: []sessions.Session{own,
		{ID: 1, Client: "10.0.0.1:2", User: "casefile", Application: "casefile"},
		{ID: 2, Client: "10.0.0.2:2", User: "casefile", Application: "casefile"},
		{ID: 3, Client: "10.0.0.3:2", User: "shop", Application: "casefile"},
		{ID: 4, Client: "10.0.0.4:2", User: "casefile", Application: "psql"}}}
	if n := lookers(s); n != 2 {
		t.Errorf("%d", n)
	}
}

// Two URLs of one server are one look.
func TestOneLookAServer(t *testing.T) {
	t.Setenv("CASEFILE_TEST_DB", "casefile:"+password)
	s := &collectors.Session{Node: "n1", Plan: plan.Default(), Secrets: redact.NewSecrets()}
	s.Plan.Probes = &plan.Probes{Databases: []plan.Database{
		{URL: "jdbc:postgresql://db/c"}, {URL: "jdbc:postgresql://db:5432,db2/a", Credential: "env:CASEFILE_TEST_DB"}, {URL: "jdbc:postgresql://db/b", Credential: "env:CASEFILE_TEST_DB"},
		{URL: "jdbc:h2:mem:x"}}}
	jobs, err := New(nil).Prepare(t.Context(), s)
	if err != nil || len(jobs) != 2 || jobs[0].Target != "db-5432" || jobs[1].Target != "db2-5432" || s.Secrets.Count() != 1 {
		t.Errorf("%+v, %v", jobs, err)
	}
	for _, j := range jobs {
		if len(j.Items) != 1 || strings.Contains(j.Title+j.Items[0].Cost, "hunter2") {
			t.Errorf("%+v", j)
		}
	}
}
