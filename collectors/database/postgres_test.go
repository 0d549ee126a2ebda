package database

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"casefile/bundle/format/sessions"
)

// postgres15 is what a server of version 15 answered: 4711 waits for the row that 4712 has locked, 4713 for 4711.
var postgres15 = answers{
	{to: "server_version_num", rows: [][]string{{"15.14", "150014", "f", "10.0.0.5", "5432", "1700000000000000", "t", "t", "1024", "casefile", "shop"}}},
	{to: "pg_extension", rows: [][]string{{"public", "queryid,total_exec_time", "t"}}},
	{to: "FROM pg_stat_activity", rows: busy("1.5", [][]string{
		{"4711", "f", "client backend", "10.0.0.1", "50001", "shop", "shop", "PostgreSQL JDBC Driver", "active", "60000.5", "59000", "59000", "Lock",
			"transactionid", "UPDATE orders SET state = 'paid' WHERE id = 42", "f", "77", "6"},
		{"4713", "f", "client backend", "fd00::3", "50003", "shop", "shop", "", "active", "1000", "1000", "1000", "Lock", "tuple",
			"UPDATE orders SET state = 'Zq7Mallard' WHERE id = 42 AND note = 'it is cut he", "t", "", "6"},
		{"4712", "f", "client backend", "10.0.0.2", "50002", "shop", "shop", "", "idle in transaction", "120000", "110000", "110000", "Client", "ClientRead",
			"SELECT * FROM orders WHERE id = $1 FOR UPDATE", "f", "78", "6"},
		{"99", "t", "client backend", "10.0.0.1", "50009", "casefile", "shop", "casefile", "active", "1", "1", "1", "", "", "SELECT a.pid", "f", "", "6"},
		{"12", "f", "checkpointer", "", "0", "", "", "", "", "", "", "", "Activity", "CheckpointerMain", "", "f", "", "6"},
	})},
	{to: "FROM pg_locks", rows: busy("2", [][]string{
		{"4711", "transactionid", "ShareLock", "58000", "4712", "public.orders", "16384", "shop"},
		{"4713", "tuple", "ExclusiveLock", "900", "4711,4711,0", "", "16999", "other"},
		{"5555", "relation", "ShareLock", "", "4711", "", "0", ""},
	})},
	{to: "FROM pg_stat_database", rows: busy("0.5", [][]string{{"shop", "5", "1000", "2", "30", "4000", "1", "0", "0", "0.5", "12.25"}})},
}

// busy adds to each row how long the server worked, in milliseconds.
func busy(ms string, rows [][]string) [][]string {
	for i := range rows {
		rows[i] = append(rows[i], ms)
	}
	return rows
}

func with(change answer, base answers) answers { return append(answers{change}, base...) }

func lookAt(t *testing.T, a answers) (*sessions.Snapshot, *recorded, *postgres) {
	t.Helper()
	conn := &recorded{answers: a}
	p := &postgres{conn: conn}
	s := &sessions.Snapshot{}
	if err := errors.Join(p.identify(t.Context(), &s.Server), p.look(t.Context(), s)); err != nil {
		t.Fatal(err)
	}
	return s, conn, p
}

func TestPostgresLook(t *testing.T) {
	s, conn, p := lookAt(t, postgres15)
	if want := (sessions.Server{Product: "postgresql", Version: "15.14", Listens: "10.0.0.5:5432", Database: "shop", Identity: s.Server.Identity}); s.Server != want || len(want.Identity) != 16 {
		t.Errorf("server %+v", s.Server)
	}
	if len(s.Sessions) != 5 || s.LeftOut != 1 || s.Own.ID != 99 || s.Own.Seen != "10.0.0.1:50009" || len(p.hidden()) != 0 {
		t.Fatalf("%+v", s)
	}
	ago := func(at time.Time) time.Duration { return s.Taken.Sub(at).Round(time.Second) }
	waits, cut, holder, worker := s.Sessions[0], s.Sessions[1], s.Sessions[2], s.Sessions[4]
	if waits.Client != "10.0.0.1:50001" || waits.State != sessions.Active || ago(waits.TransactionSince) != time.Minute || ago(waits.QuerySince) != 59*time.Second ||
		waits.Statement != "UPDATE orders SET state = ? WHERE id = ?" || waits.Digest != "77" || waits.Cut {
		t.Errorf("%+v", waits)
	}
	if d := cmp.Diff([]int64{4712}, waits.BlockedBy); d != "" || waits.Lock == nil || waits.Lock.Relation != "public.orders" || waits.Lock.Mode != "ShareLock" {
		t.Errorf("%v, %+v", d, waits.Lock)
	}
	if cut.Client != "[fd00::3]:50003" || !cut.Cut || cut.Statement != "UPDATE orders SET state = ? WHERE id = ? AND note = ?…" ||
		cut.Lock.Relation != "relation 16999 of database other" || !cmp.Equal(cut.BlockedBy, []int64{4711, sessions.PreparedTransaction}) {
		t.Errorf("%+v, %+v", cut, cut.Lock)
	}
	if !holder.State.InTransaction() || holder.Statement != "SELECT * FROM orders WHERE id = ? FOR UPDATE" || holder.Lock != nil || holder.Kind != "" {
		t.Errorf("%+v", holder)
	}
	if worker.Kind != "checkpointer" || worker.Client != "" || !worker.StateSince.IsZero() {
		t.Errorf("%+v", worker)
	}
	if p.cost() != 4*time.Millisecond {
		t.Errorf("the server worked for %v", p.cost())
	}
	if v := s.Databases[0].Values; v[sessions.Commits] != 1000 || v[sessions.IdleInTxSeconds] != 12.25 {
		t.Errorf("%+v", s.Databases)
	}
	begins, ends := 0, 0
	for _, sql := range conn.asked {
		if strings.HasPrefix(sql, "BEGIN READ ONLY") {
			begins++
		}
		if sql == "ROLLBACK" {
			ends++
		}
	}
	if begins != 2 || ends != 2 {
		t.Errorf("%d transactions, %d ended", begins, ends)
	}
}

// Locks are asked for only where somebody waits for one, or where that is not shown.
func TestPostgresAsksForLocks(t *testing.T) {
	quiet := answer{to: "FROM pg_stat_activity", rows: busy("1", [][]string{
		{"1", "f", "client backend", "", "-1", "shop", "shop", "", "idle", "", "5", "5", "Client", "ClientRead", "COMMIT", "f", "", "1"}})}
	s, conn, _ := lookAt(t, with(quiet, postgres15))
	if conn.has("pg_locks") || s.Sessions[0].Client != "[local]" || s.LeftOut != 0 {
		t.Errorf("%q, %+v", conn.asked, s.Sessions)
	}
	blind := answer{to: "server_version_num", rows: [][]string{{"12.22", "120022", "f", "", "", "1", "f", "t", "1024", "Case-File", "shop"}}}
	unseen := answer{to: "FROM pg_stat_activity", rows: busy("1", [][]string{
		{"4711", "f", "", "", "0", "shop", "shop", "", "", "", "", "", "", "", "<insufficient privilege>", "f", "", "1"}})}
	s, conn, p := lookAt(t, with(unseen, with(blind, postgres15)))
	if !conn.has("pg_locks") || conn.has("query_id") || conn.has("waitstart") || conn.has("idle_in_transaction_time") {
		t.Errorf("%q", conn.asked)
	}
	if one := s.Sessions[0]; one.Statement != "" || one.BlockedBy == nil || one.State != "" || one.Client != "" {
		t.Errorf("%+v", one)
	}
	if h := p.hidden(); len(h) != 1 || h[0].Grant != `GRANT pg_monitor TO "Case-File"` {
		t.Errorf("%+v", h)
	}
}

// A database in another encoding costs its texts, not the look.
func TestPostgresEncoding(t *testing.T) {
	bad := answer{to: " left(a.query", err: &pgconn.PgError{Code: "22021"}}
	readable := answer{to: "CASE WHEN a.datname", rows: postgres15[2].rows}
	s, _, p := lookAt(t, with(readable, with(bad, postgres15)))
	if len(s.Sessions) != 5 || len(p.hidden()) != 1 {
		t.Errorf("%+v, %+v", s.Sessions, p.hidden())
	}
}

// What a server answers that is none of these rows is an error, whatever it is.
func TestPostgresNonsense(t *testing.T) {
	for _, to := range []string{"server_version_num", "pg_extension", "FROM pg_stat_activity", "FROM pg_locks", "FROM pg_stat_database"} {
		for _, rows := range [][][]string{{{}}, {{"x"}}, {strings.Split(strings.Repeat("x,", 18)+"x", ",")}, {strings.Split(strings.Repeat("x,", 8)+"x", ",")}} {
			conn := &recorded{answers: with(answer{to: to, rows: rows}, postgres15)}
			p, s := &postgres{conn: conn}, &sessions.Snapshot{}
			if err := errors.Join(p.identify(t.Context(), &s.Server), p.look(t.Context(), s)); err == nil {
				t.Errorf("%s: %q is taken", to, rows)
			}
		}
	}
}

func TestPostgresStatements(t *testing.T) {
	row := func(digest, user, calls, total string) []string {
		return []string{digest, user, "shop", calls, total, calls, "8"}
	}
	base := with(answer{to: "stats_reset", rows: [][]string{{"2026-01-01"}}}, postgres15)
	read := func(rows ...[]string) *reading {
		t.Helper()
		conn := &recorded{answers: with(answer{to: "pg_stat_statements(false)", rows: busy("1", rows)}, base)}
		p := &postgres{conn: conn}
		if err := p.identify(t.Context(), &sessions.Server{}); err != nil {
			t.Fatal(err)
		}
		r, err := p.statements(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	from := read(row("1", "shop", "10", "100"), row("2", "shop", "5", "50"), row("3", "shop", "7", "7"))
	to := read(row("1", "shop", "14", "180"), row("2", "shop", "5", "50"), row("3", "shop", "1", "2"), row("4", "shop", "1", "1000"), row("4", "shop", "1", "500"))
	s := difference(from, to)
	if len(s.Statements) != 3 || !s.Reset || s.Source != pgStatementsSource {
		t.Fatalf("%+v", s)
	}
	if a := s.Statements[0]; a.Digest != "4" || a.Calls != 2 || a.TotalMS != 1500 || a.MeanMS != 750 {
		t.Errorf("%+v", a)
	}
	if b := s.Statements[1]; b.Digest != "1" || b.Calls != 4 || b.TotalMS != 80 || b.Rows != 4 {
		t.Errorf("%+v", b)
	}
	conn := &recorded{answers: answers{{to: "WHERE queryid IN (4,1,3)", rows: [][]string{
		{"1", "SELECT $1", "f"}, {"4", "ALTER ROLE x PASSWORD 'Zq7Mallard'", "f"}, {"3", "COMMIT", "f"}}}}}
	if err := withTexts(t.Context(), &postgres{conn: conn}, s); err != nil || s.Statements[0].Text != "ALTER ROLE x PASSWORD ?" || s.Statements[1].Text != "SELECT ?" {
		t.Errorf("%v, %+v", err, s.Statements)
	}
	if _, err := (&postgres{conn: conn}).texts(t.Context(), []string{"1); DROP TABLE x; --"}); err == nil {
		t.Error("a number of a server's that is none went into a question")
	}
	none := &postgres{conn: &recorded{}}
	var why absent
	if _, err := none.statements(t.Context()); !errors.As(err, &why) || !strings.Contains(why.fix, "CREATE EXTENSION") {
		t.Errorf("%v", err)
	}
}
