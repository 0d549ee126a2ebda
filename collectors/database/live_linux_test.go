package database

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/plan"
	"casefile/bundle/format/sessions"
	"casefile/cmd/samples/live/livetest"
	"casefile/collectors"
	"casefile/collectors/database/login"
)

// live is a real server with a table of orders.
type live struct {
	t        *testing.T
	endpoint jdbc.Endpoint
	admin    *login.Credential
	role     *login.Credential // may see all
	relation string            // of the table, as sessions name it
}

func (l *live) open(c *login.Credential) login.Conn {
	l.t.Helper()
	conn, err := login.Open(l.t.Context(), l.endpoint, l.endpoint.Hosts[0], c)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(conn.Close)
	return conn
}

func (l *live) run(conn login.Conn, list ...string) {
	l.t.Helper()
	for _, sql := range list {
		if _, err := conn.Query(l.t.Context(), sql); err != nil {
			l.t.Fatalf("%s: %v", sql, err)
		}
	}
}

// look looks once with a credential.
func (l *live) look(c *login.Credential) (*sessions.Snapshot, asker) {
	l.t.Helper()
	conn := l.open(c)
	a, s := asks[l.endpoint.Kind](conn), &sessions.Snapshot{Own: sessions.Own{Local: conn.Local()}}
	if err := a.identify(l.t.Context(), &s.Server); err != nil {
		l.t.Fatal(err)
	}
	if err := a.look(l.t.Context(), s); err != nil {
		l.t.Fatal(err)
	}
	conn.Close()
	return s, a
}

const waiting = 5

// blocked has one session hold a row and five wait for it; it gives the local ends of their connections.
func (l *live) blocked() (holder string, waiters []string) {
	l.t.Helper()
	h := l.open(l.admin)
	l.run(h, "BEGIN", "UPDATE orders SET note = 'Zq7Mallard' WHERE id = 4711")
	var wg sync.WaitGroup
	for k := range waiting {
		w := l.open(l.admin)
		waiters = append(waiters, w.Local())
		wg.Go(func() { // it fails when the server ends: what counts is that it waits until then
			_, _ = w.Query(l.t.Context(), fmt.Sprintf("UPDATE orders SET note = 'Zq7Mallard%d' /* Zq7Mallard */ WHERE id IN (4711, %d)", k, k))
		})
	}
	l.t.Cleanup(func() { h.Close(); wg.Wait() })
	return h.Local(), waiters
}

// untilBlocked looks until all wait.
func (l *live) untilBlocked() (*sessions.Snapshot, asker) {
	l.t.Helper()
	for {
		s, a := l.look(l.role)
		n := 0
		for i := range s.Sessions {
			if s.Sessions[i].Lock != nil {
				n++
			}
		}
		if n >= waiting {
			return s, a
		}
		if l.t.Context().Err() != nil {
			l.t.Fatal("they never waited")
		}
	}
}

// isBlocked holds a snapshot against what is known: each port, whom it waits for, the table, the statements.
func (l *live) isBlocked(s *sessions.Snapshot, holder string, waiters []string) {
	l.t.Helper()
	byClient := map[string]*sessions.Session{}
	for i := range s.Sessions {
		byClient[s.Sessions[i].Client] = &s.Sessions[i]
	}
	h := byClient[holder]
	if h == nil || !h.State.InTransaction() || h.TransactionSince.IsZero() || h.Statement != "UPDATE orders SET note = ? WHERE id = ?" {
		l.t.Fatalf("holder at %s: %+v", holder, h)
	}
	for _, at := range waiters {
		w := byClient[at]
		if w == nil || w.Lock == nil {
			l.t.Errorf("waiter at %s: %+v", at, w)
			continue
		}
		if w.Statement != "UPDATE orders SET note = ? WHERE id IN (?)" || w.Lock.Relation != l.relation || w.State != sessions.Active {
			l.t.Errorf("%+v, %+v", w, w.Lock)
		}
		if !reaches(s, w.ID, h.ID, map[int64]bool{}) {
			l.t.Errorf("%d does not wait for %d: %v", w.ID, h.ID, w.BlockedBy)
		}
	}
	if s.Translated() || s.Own.Seen == "" {
		l.t.Errorf("own connection %+v", s.Own)
	}
	text, err := s.Encode()
	if err != nil || bytes.Contains(text, []byte("Mallard")) || bytes.Contains(text, []byte("4711,")) && !bytes.Contains(text, []byte(`"id":4711,`)) {
		l.t.Errorf("%v, a literal is left in\n%s", err, text)
	}
}

func reaches(s *sessions.Snapshot, from, to int64, seen map[int64]bool) bool {
	one := s.Find(from)
	if one == nil || seen[from] {
		return false
	}
	seen[from] = true
	for _, id := range one.BlockedBy {
		if id == to || reaches(s, id, to, seen) {
			return true
		}
	}
	return false
}

func endpoint(t *testing.T, url string) jdbc.Endpoint {
	t.Helper()
	e, err := jdbc.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestPostgresLive(t *testing.T) {
	server := livetest.StartPostgres(t, password, "shared_preload_libraries=pg_stat_statements", "max_connections=120")
	l := &live{t: t, endpoint: endpoint(t, "jdbc:postgresql://"+server.Address+"/postgres"), admin: &login.Credential{User: "conf", Password: password},
		role: &login.Credential{User: "casefile", Password: password}, relation: "public.orders"}
	l.run(l.open(l.admin), "CREATE TABLE orders (id int PRIMARY KEY, note text)", "INSERT INTO orders SELECT n, '' FROM generate_series(1, 5000) n",
		"CREATE ROLE casefile LOGIN PASSWORD '"+password+"'", "GRANT pg_monitor TO casefile", "CREATE ROLE blind LOGIN PASSWORD '"+password+"'")
	if _, a := l.look(l.role); true {
		if _, err := a.statements(t.Context()); err == nil {
			t.Error("statistics of an extension that is not there")
		}
	}
	l.run(l.open(l.admin), "CREATE EXTENSION pg_stat_statements")
	holder, waiters := l.blocked()
	s, a := l.untilBlocked()
	l.isBlocked(s, holder, waiters)
	if len(a.hidden()) != 0 || len(s.Databases) == 0 || s.Server.Identity == "" || s.Server.Listens != server.Address {
		t.Errorf("%+v, hidden %+v", s.Server, a.hidden())
	}
	t.Run("without pg_monitor", func(t *testing.T) {
		s, a := l.look(&login.Credential{User: "blind", Password: password})
		blocked := 0
		for _, one := range s.Sessions {
			if len(one.BlockedBy) > 0 {
				blocked++
			}
			if one.ID != s.Own.ID && (one.Statement != "" || one.Client != "") {
				t.Errorf("a role without rights sees %+v", one)
			}
		}
		if h := a.hidden(); len(h) != 1 || h[0].Grant != "GRANT pg_monitor TO blind" || blocked != waiting {
			t.Errorf("%+v, %d blocked", h, blocked)
		}
	})
	t.Run("PgBouncer", func(t *testing.T) {
		b := livetest.StartPgBouncer(t, server, "casefile", password)
		e := l.endpoint
		e.Hosts = []string{b.Address}
		behind := &live{t: t, endpoint: e, role: l.role}
		s, _ := behind.look(l.role)
		if !s.Translated() || s.Find(s.Own.ID) == nil || s.Server.Listens != server.Address {
			t.Errorf("%+v, %+v", s.Own, s.Server)
		}
	})
	t.Run("capture", func(t *testing.T) { l.capture(t) })
	t.Run("literals", func(t *testing.T) { l.hides(t) })
	t.Run("wrong password", func(t *testing.T) {
		t.Setenv("CASEFILE_TEST_DB", "casefile:not-"+password)
		line := captureOf(t, t.Context(), everything, database15At(server.Address), brief).ledger[entries.ItemSessions]
		if line.Status != bundle.Failed || line.Cause != entries.NotPermitted || server.Logged("password authentication failed") != 1 {
			t.Errorf("%+v", line)
		}
	})
	t.Run("stopped in the middle", func(t *testing.T) {
		t.Setenv("CASEFILE_TEST_DB", "casefile:"+password)
		server.After(1, "FROM pg_stat_database", func() { server.Signal(syscall.SIGSTOP) })
		defer server.Signal(syscall.SIGCONT)
		line := captureOf(t, t.Context(), everything, database15At(server.Address), brief).ledger[entries.ItemSessions]
		if !line.Status.Gap() || line.Cause != entries.NoAnswer {
			t.Errorf("%+v", line)
		}
	})
}

func database15At(address string) plan.Database {
	return plan.Database{URL: "jdbc:postgresql://" + address + "/postgres", Credential: "env:CASEFILE_TEST_DB"}
}

// capture has the statements that ran during a capture in it, and none of their literals.
func (l *live) capture(t *testing.T) {
	t.Setenv("CASEFILE_TEST_DB", "casefile:"+password)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	worker := l.open(l.admin)
	wg.Go(func() {
		for k := 0; ctx.Err() == nil; k++ {
			_, _ = worker.Query(ctx, fmt.Sprintf("SELECT count(*) FROM orders WHERE note = 'Zq7Mallard%d'", k))
		}
	})
	url := plan.Database{URL: "jdbc:" + l.endpoint.Kind + "://" + l.endpoint.Hosts[0] + "/" + l.endpoint.Database, Credential: "env:CASEFILE_TEST_DB"}
	c := captureOf(t, t.Context(), everything, url, 300*time.Millisecond)
	for _, item := range []string{entries.ItemSessions, entries.ItemStatements} {
		if line := c.ledger[item]; line.Status != bundle.OK {
			t.Errorf("%+v", line)
		}
	}
	text := c.file(t, string(entries.Statements))
	st, err := sessions.ReadStatements(bytes.NewReader(text))
	if err != nil || bytes.Contains(text, []byte("Mallard")) {
		t.Fatalf("%v\n%s", err, text)
	}
	found := false
	for _, one := range st.Statements {
		if strings.Contains(one.Text, "pg_stat_activity") {
			t.Errorf("what a look ran: %s", one.Text)
		}
		if plainly := strings.ReplaceAll(strings.ReplaceAll(one.Text, "`", ""), " ( * ) ", "(*) "); strings.EqualFold(plainly, "SELECT count(*) FROM orders WHERE note = ?") && one.Calls > 0 && one.TotalMS > 0 {
			found = true
		}
	}
	if !found {
		t.Errorf("the statement is not there:\n%s", text)
	}
}

// secret is in each planted literal.
const secret = "Zq7Mallard"

// contents are texts of literals that are hard to read past.
var contents = []string{secret, "it's " + secret, `C:\` + secret + `\`, `"` + secret + `"`, "-- " + secret, "/* " + secret, "a,b;\n" + secret}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func escaped(quote, s string) string {
	return quote + strings.NewReplacer(`\`, `\\`, quote, `\`+quote).Replace(s) + quote
}

// plantedFor are statements with a secret in a literal or comment, of all forms that a product knows.
func plantedFor(kind string) []string {
	var list []string
	for _, s := range contents {
		if kind == jdbc.PostgreSQL {
			list = append(list, "SELECT "+quoted(s), "SELECT E"+escaped("'", s), "SELECT $t$"+s+"$t$", "SELECT $$"+s+"$$ || "+quoted(s), "SELECT N"+quoted(s)+", 1",
				"SELECT ARRAY["+quoted(s)+", "+quoted(s)+"]", "SELECT id FROM orders WHERE note IN ("+quoted(s)+", E"+escaped("'", s)+")",
				"SELECT to_json("+quoted(s)+"::text)", "INSERT INTO orders VALUES (3001, "+quoted(s)+"), (3002, "+quoted(s)+")")
			continue
		}
		list = append(list, "SELECT "+escaped("'", s), "SELECT "+escaped(`"`, s), "SELECT "+escaped("'", s)+" "+escaped(`"`, s), "SELECT _utf8mb4"+escaped("'", s),
			"SELECT id FROM orders WHERE note IN ("+escaped("'", s)+", "+escaped(`"`, s)+")", "SELECT JSON_OBJECT('a', "+escaped("'", s)+")",
			"INSERT INTO orders VALUES (3001, "+escaped("'", s)+"), (3002, "+escaped(`"`, s)+")", "SELECT "+escaped("'", s)+" AS a # "+secret, "SELECT 1 -- it's "+secret)
	}
	return append(list, "SELECT /* it's "+secret+" */ 1", "SELECT id FROM orders WHERE note = 'a' AND note = '"+secret+strings.Repeat(" and more", 300)+"'")
}

// hides runs each planted statement on a connection of its own, in a transaction so that it is listed after it, and looks.
func (l *live) hides(t *testing.T) {
	list := plantedFor(l.endpoint.Kind)
	if len(list) < 60 {
		t.Fatalf("%d literals", len(list))
	}
	ran := map[string]string{} // by client
	for k, sql := range list {
		client := l.open(l.admin)
		l.run(client, "BEGIN", fmt.Sprintf("SELECT 1 FROM orders WHERE id = %d FOR UPDATE", 4000+k))
		_, _ = client.Query(t.Context(), sql) // those that fail are listed too
		ran[client.Local()] = sql
	}
	// What MariaDB says of transactions is up to 0.1 s old, longer if it is asked more often.
	for listed := 0; listed < len(ran); {
		if !collectors.Wait(t.Context(), time.Now().Add(150*time.Millisecond)) {
			t.Fatalf("%d of %d are listed", listed, len(ran))
		}
		s, _ := l.look(l.role)
		text, err := s.Encode()
		if err != nil || bytes.Contains(text, []byte(secret)) {
			t.Errorf("%v, %s", err, text)
		}
		listed = 0
		for _, one := range s.Sessions {
			sql := ran[one.Client]
			if sql == "" || !one.State.InTransaction() {
				continue
			}
			if listed++; !strings.HasPrefix(one.Statement, sql[:6]) {
				t.Errorf("%s\n  is listed as %q", sql, one.Statement)
			}
		}
	}
}

func TestMariaDBLive(t *testing.T) {
	server := livetest.StartMariaDB(t, strings.Join([]string{"CREATE DATABASE shop;", "CREATE USER conf@'127.0.0.1' IDENTIFIED BY '" + password + "';",
		"GRANT ALL ON *.* TO conf@'127.0.0.1';", "CREATE USER casefile@'127.0.0.1' IDENTIFIED BY '" + password + "';", "GRANT PROCESS ON *.* TO casefile@'127.0.0.1';",
		"GRANT SELECT ON performance_schema.* TO casefile@'127.0.0.1';", "GRANT SELECT ON shop.* TO casefile@'127.0.0.1';", "CREATE USER blind@'127.0.0.1' IDENTIFIED BY '" + password + "';",
		"CREATE TABLE shop.orders (id INT PRIMARY KEY, note TEXT) ENGINE=InnoDB;", ""}, "\n"), "--performance-schema=ON", "--performance-schema-consumer-events-statements-current=ON")
	l := &live{t: t, endpoint: endpoint(t, "jdbc:mariadb://"+server.Address+"/shop"), admin: &login.Credential{User: "conf", Password: password},
		role: &login.Credential{User: "casefile", Password: password}, relation: "shop.orders"}
	l.run(l.open(l.admin), "INSERT INTO orders SELECT seq, '' FROM seq_1_to_5000")
	holder, waiters := l.blocked()
	s, a := l.untilBlocked()
	l.isBlocked(s, holder, waiters)
	if len(a.hidden()) != 0 || s.Databases[0].Values[sessions.RowLockWaiting] < waiting || s.Server.Product != jdbc.MariaDB {
		t.Errorf("%+v, hidden %+v", s.Server, a.hidden())
	}
	t.Run("without PROCESS", func(t *testing.T) {
		e := *l
		e.endpoint.Database = ""
		s, a := e.look(&login.Credential{User: "blind", Password: password})
		if h := a.hidden(); len(s.Sessions) != 1 || len(h) == 0 || h[0].Grant != "GRANT PROCESS ON *.* TO 'blind'@'127.0.0.1'" {
			t.Errorf("%+v, %+v", s.Sessions, h)
		}
	})
	t.Run("capture", func(t *testing.T) { l.capture(t) })
	t.Run("literals", func(t *testing.T) { l.hides(t) })
	t.Run("stopped in the middle", func(t *testing.T) {
		conn := l.open(l.role)
		server.Signal(syscall.SIGSTOP)
		defer server.Signal(syscall.SIGCONT)
		var err error
		for err == nil { // not all of its threads stop at once
			ctx, cancel := context.WithTimeout(t.Context(), brief)
			err = asks[l.endpoint.Kind](conn).identify(ctx, &sessions.Server{})
			cancel()
		}
		if explain(err, login.Target{}, "db").cause != entries.NoAnswer {
			t.Error(err)
		}
	})
}
