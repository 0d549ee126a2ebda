package database

import (
	"errors"
	"strings"
	"testing"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"casefile/bundle/format/sessions"
)

func refused(number uint16) error {
	return &mysqldriver.MySQLError{Number: number, Message: "denied"}
}

// What a MySQL 8 and a MariaDB answered: 11 waits for a row that 12, asleep in its transaction, has locked; 13 waits to
// alter a table that 12 has read.
var mysql8 = answers{
	{to: "@@version_comment", rows: [][]string{{"8.0.40", "MySQL Community Server - GPL", "99", "db1", "3306", "/var/lib/mysql/", "1", "1", "casefile@%", "shop"}}},
	{to: "FROM information_schema.INNODB_TRX WHERE", rows: [][]string{{"12", "120000", "3"}, {"11", "5000", "2"}}},
	{to: "FROM performance_schema.processlist ORDER", rows: [][]string{
		{"12", "shop", "app2.example.com:50002", "shop", "Sleep", "110000", "", "", ""},
		{"11", "shop", "10.0.0.1:50001", "shop", "Query", "5000", "updating", "UPDATE orders SET state = 'paid' WHERE id = \"Zq7Mallard\"", "0"},
		{"13", "admin", "localhost", "shop", "Query", "4000", "Waiting for table metadata lock", "ALTER TABLE orders ADD note TEXT", "0"},
		{"99", "casefile", "10.0.0.1:50009", "shop", "Query", "0", "executing", "SELECT ID", "0"},
		{"5", "event_scheduler", "localhost", "", "Daemon", "900000", "Waiting on empty queue", "", ""},
	}},
	{to: "FROM performance_schema.data_lock_waits", rows: [][]string{{"11", "12", "shop.orders", "PRIMARY", "RECORD", "X,REC_NOT_GAP", "5000"}}},
	{to: "FROM performance_schema.metadata_locks", rows: [][]string{
		{"12", "0", "TABLE", "shop.orders", "SHARED_WRITE"}, {"13", "1", "TABLE", "shop.orders", "EXCLUSIVE"}, {"11", "0", "TABLE", "shop.orders", "SHARED_WRITE"}}},
	{to: "events_statements_current", rows: [][]string{{"12", "SELECT * FROM orders WHERE id = 7 FOR UPDATE", "ab12"}, {"11", "UPDATE orders", "cd34"}}},
	{to: "SHOW GLOBAL STATUS", rows: [][]string{{"Threads_connected", "5"}, {"Innodb_row_lock_time", "1500"}, {"Other", "1"}}},
}

func mysqlLook(t *testing.T, a answers) (*sessions.Snapshot, *recorded, *mysql) {
	t.Helper()
	conn := &recorded{answers: a}
	m, s := &mysql{conn: conn}, &sessions.Snapshot{}
	if err := errors.Join(m.identify(t.Context(), &s.Server), m.look(t.Context(), s)); err != nil {
		t.Fatal(err)
	}
	return s, conn, m
}

func TestMySQLLook(t *testing.T) {
	s, conn, m := mysqlLook(t, mysql8)
	if s.Server.Product != "mysql" || s.Server.Listens != "db1:3306" || s.Own.Seen != "10.0.0.1:50009" || len(m.hidden()) != 0 || !conn.has("max_execution_time") {
		t.Errorf("%+v, %+v", s, m.hidden())
	}
	holder, waits, alters, worker := s.Find(12), s.Find(11), s.Find(13), s.Find(5)
	if holder.State != sessions.IdleInTransaction || holder.Statement != "SELECT * FROM orders WHERE id = ? FOR UPDATE" || holder.Digest != "ab12" || holder.Rows != 3 || sessions.Port(holder.Client) != 50002 {
		t.Errorf("%+v", holder)
	}
	if waits.Statement != "UPDATE orders SET state = ? WHERE id = ?" || waits.WaitType != lockWait || !cmp.Equal(waits.BlockedBy, []int64{12}) ||
		waits.Lock.Relation != "shop.orders" || waits.Lock.Index != "PRIMARY" || waits.TransactionSince.IsZero() {
		t.Errorf("%+v", waits)
	}
	if alters.WaitType != lockWait || !cmp.Equal(alters.BlockedBy, []int64{12, 11}) || alters.Lock.Mode != "EXCLUSIVE" {
		t.Errorf("%+v", alters)
	}
	if worker.Kind != "event scheduler" || worker.State != "" {
		t.Errorf("%+v", worker)
	}
	if v := s.Databases[0].Values; v[sessions.RowLockSeconds] != 1.5 || len(v) != 2 {
		t.Errorf("%+v", v)
	}
}

var mariadb = answers{
	{to: "@@version_comment", rows: [][]string{{"10.11.6-MariaDB-1", "Debian 12", "99", "db1", "3306", "/var/lib/mysql/", "1", "0", "casefile@localhost", ""}}},
	mysql8[1],
	{to: "FROM information_schema.PROCESSLIST ORDER", rows: mysql8[2].rows},
	{to: "FROM information_schema.INNODB_LOCK_WAITS", rows: [][]string{{"11", "12", "`shop`.`orders`", "PRIMARY", "RECORD", "X", "5000"}}},
	mysql8[6],
}

func TestMariaDBLook(t *testing.T) {
	s, conn, m := mysqlLook(t, mariadb)
	if s.Server.Product != "mariadb" || !conn.has("max_statement_time") || !conn.has("TIME_MS") || conn.has("performance_schema.") {
		t.Errorf("%+v, %q", s.Server, conn.asked)
	}
	if waits := s.Find(11); waits.Lock.Relation != "shop.orders" || !cmp.Equal(waits.BlockedBy, []int64{12}) {
		t.Errorf("%+v", waits)
	}
	if h := m.hidden(); len(h) != 2 || h[0].What != whatMetadata || h[1].What != whatLast || !strings.Contains(h[1].Grant, "performance_schema = ON") {
		t.Errorf("%+v", h)
	}
	var why absent
	if _, err := m.statements(t.Context()); !errors.As(err, &why) {
		t.Errorf("%v", err)
	}
}

// Without PROCESS there are a role's own sessions, and the statement that gives the rest.
func TestMySQLWithoutRights(t *testing.T) {
	for name, base := range map[string]answers{"mysql": mysql8, "mariadb": mariadb} {
		blind := with(answer{to: "INNODB_TRX", err: refused(1227)}, with(answer{to: "performance_schema.", err: refused(1142)},
			with(answer{to: "FROM information_schema.PROCESSLIST ORDER", rows: mysql8[2].rows[3:4]}, base)))
		s, _, m := mysqlLook(t, blind)
		var grants []string
		for _, h := range m.hidden() {
			grants = append(grants, h.Grant)
		}
		if len(s.Sessions) != 1 || !strings.Contains(strings.Join(grants, "\n"), "GRANT PROCESS ON *.* TO 'casefile'@") {
			t.Errorf("%s: %+v, %q", name, s.Sessions, grants)
		}
		if name == "mysql" && !strings.Contains(strings.Join(grants, "\n"), "GRANT SELECT ON performance_schema.* TO 'casefile'@'%'") {
			t.Errorf("%q", grants)
		}
	}
}

func TestMetadataLocks(t *testing.T) {
	held := func(mode string) metadataLock { return metadataLock{1, false, "TABLE", "a.b", mode} }
	pending := func(mode string) metadataLock { return metadataLock{2, true, "TABLE", "a.b", mode} }
	for _, c := range []struct {
		lock, waits metadataLock
		want        bool
	}{
		{held("SHARED_READ"), pending("EXCLUSIVE"), true},
		{held("SHARED_READ"), pending("SHARED_WRITE"), false},
		{held("SHARED_WRITE"), pending("SHARED_NO_WRITE"), true},
		{held("EXCLUSIVE"), pending("SHARED_READ"), true},
		{metadataLock{3, true, "TABLE", "a.b", "EXCLUSIVE"}, pending("SHARED_READ"), true}, // it came before
		{metadataLock{3, true, "TABLE", "a.b", "SHARED_READ"}, pending("EXCLUSIVE"), false},
		{metadataLock{1, false, "TABLE", "a.c", "EXCLUSIVE"}, pending("SHARED_READ"), false},
		{metadataLock{2, false, "TABLE", "a.b", "EXCLUSIVE"}, pending("SHARED_READ"), false},
	} {
		if got := c.lock.blocks(c.waits); got != c.want {
			t.Errorf("%+v blocks %+v: %v", c.lock, c.waits, got)
		}
	}
}

func TestMySQLStatements(t *testing.T) {
	conn := &recorded{answers: answers{
		{to: "MAX(LEFT(DIGEST_TEXT", rows: [][]string{{"ab12", "SELECT * FROM `t` WHERE `a` IN (...)"}}},
		{to: "events_statements_summary_by_digest", rows: [][]string{{"ab12", "shop", "3", "30.5", "9", "900", "0.25"}}},
	}}
	m := &mysql{conn: conn, schema: true}
	r, err := m.statements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := difference(&reading{source: r.source}, r)
	if err := withTexts(t.Context(), m, s); err != nil || len(s.Statements) != 1 || s.Statements[0].Examined != 900 || s.Statements[0].LockMS != 0.25 ||
		s.Statements[0].Text != "SELECT * FROM `t` WHERE `a` IN (...)" {
		t.Errorf("%v, %+v", err, s)
	}
	if _, err := m.texts(t.Context(), []string{"x' OR 1"}); err == nil {
		t.Error("a digest of a server's that is none went into a question")
	}
}
