package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/sessions"
	"casefile/bundle/format/sqltext"
	"casefile/collectors/database/login"
)

// mysql asks a MySQL or MariaDB server. No question opens a transaction: each commits by itself.
type mysql struct {
	conn    login.Conn
	mariadb bool
	major   int
	id      int64
	role    string // user@host as a GRANT wants it
	schema  bool   // performance_schema is on
	list    string // table of the sessions
	unseen  []sessions.Hidden
}

// mysqlSettings make the session harmless; those that only one of the two products knows stand apart.
var mysqlSettings = []string{"SET SESSION TRANSACTION READ ONLY", "SET SESSION lock_wait_timeout = 1", "SET SESSION innodb_lock_wait_timeout = 1",
	"SET SESSION time_zone = 'SYSTEM'"}

const (
	mysqlLimit   = "SET SESSION max_execution_time = 1000" // milliseconds
	mariadbLimit = "SET SESSION max_statement_time = 1"    // seconds
)

// Numbers of errors: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
const (
	mysqlNoTable     = "1142" // command denied on a table
	mysqlNoPrivilege = "1227" // PROCESS, for one
	mysqlNoSchema    = "1044"
	mysqlUnknownName = "1109" // no such table in information_schema
	mysqlUnknown     = "1146"
	mysqlNoVariable  = "1193"
)

func denied(err error) bool {
	code := login.Code(err)
	return code == mysqlNoTable || code == mysqlNoPrivilege || code == mysqlNoSchema
}

func missing(err error) bool {
	code := login.Code(err)
	return code == mysqlUnknownName || code == mysqlUnknown
}

func (m *mysql) identify(ctx context.Context, server *sessions.Server) error {
	var host, port, directory, number, comment string
	err := one(ctx, m.conn, "SELECT @@version, @@version_comment, CONNECTION_ID(), @@hostname, @@port, @@datadir, @@server_id, @@performance_schema, CURRENT_USER(), COALESCE(DATABASE(), '')",
		&server.Version, &comment, &m.id, &host, &port, &directory, &number, &m.schema, &m.role, &server.Database)
	if err != nil {
		return err
	}
	m.mariadb = strings.Contains(strings.ToLower(server.Version+" "+comment), jdbc.MariaDB)
	m.major, _ = strconv.Atoi(strings.SplitN(server.Version, ".", 2)[0])
	m.role = grantee(m.role)
	server.Product, server.Listens = jdbc.MySQL, net.JoinHostPort(host, port)
	limit := mysqlLimit
	if m.mariadb {
		server.Product, limit = jdbc.MariaDB, mariadbLimit
	}
	server.Identity = identity(server.Product, host, port, directory, number)
	for _, set := range append([]string{limit}, mysqlSettings...) {
		if _, err := m.conn.Query(ctx, set); err != nil && login.Code(err) != mysqlNoVariable {
			return err
		}
	}
	return m.findList(ctx)
}

// grantee writes user@host with quotes.
func grantee(user string) string {
	at := strings.LastIndexByte(user, '@')
	if at < 0 {
		return user
	}
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	return quote(user[:at]) + "@" + quote(user[at+1:])
}

// findList chooses the table of the sessions: that of performance_schema locks nothing, and came with MySQL 8.0.22.
func (m *mysql) findList(ctx context.Context) error {
	m.list = "information_schema.PROCESSLIST"
	if m.mariadb || !m.schema {
		return nil
	}
	const better = "performance_schema.processlist"
	_, err := m.conn.Query(ctx, "SELECT 1 FROM "+better+" LIMIT 1")
	switch {
	case err == nil:
		m.list = better
	case denied(err):
		m.hide(whatDigests, err, m.grantSchema())
	case !missing(err):
		return err
	}
	return nil
}

// What cannot be seen.
const (
	whatSessions = "sessions of other users, their transactions and locks"
	whatDigests  = "statistics of statements, holders of locks"
	whatLast     = "last statements of sessions that are idle in a transaction"
	whatMetadata = "who holds the locks of tables (metadata locks) that sessions wait for"
)

func (m *mysql) grantProcess() string { return "GRANT PROCESS ON *.* TO " + m.role }
func (m *mysql) grantSchema() string  { return "GRANT SELECT ON performance_schema.* TO " + m.role }

// hide notes once what cannot be seen.
func (m *mysql) hide(what string, err error, grant string) {
	for _, h := range m.unseen {
		if h.What == what {
			return
		}
	}
	m.unseen = append(m.unseen, sessions.Hidden{What: what, Why: err.Error(), Grant: grant})
}

func (m *mysql) hidden() []sessions.Hidden { return m.unseen }

func (m *mysql) look(ctx context.Context, s *sessions.Snapshot) error {
	transactions, err := m.transactions(ctx)
	if err != nil {
		return err
	}
	if err := m.sessions(ctx, s, transactions); err != nil {
		return err
	}
	if err := errors.Join(m.rowLocks(ctx, s), m.tableLocks(ctx, s), m.lastStatements(ctx, s)); err != nil {
		return err
	}
	return m.counters(ctx, s)
}

func (m *mysql) cost() time.Duration { return 0 }

// transaction is one of InnoDB's.
type transaction struct {
	age    age
	locked int64
}

const mysqlTransactions = `SELECT trx_mysql_thread_id, TIMESTAMPDIFF(SECOND, trx_started, NOW()) * 1000, trx_rows_locked
FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id > 0 ORDER BY trx_started LIMIT ` // how many

func (m *mysql) transactions(ctx context.Context) (map[int64]transaction, error) {
	rows, err := m.conn.Query(ctx, mysqlTransactions+strconv.Itoa(sessions.MaxSessions))
	if denied(err) {
		m.hide(whatSessions, err, m.grantProcess())
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[int64]transaction{}
	for _, row := range rows {
		var id int64
		var t transaction
		if err := scan(row, &id, &t.age, &t.locked); err != nil {
			return nil, err
		}
		out[id] = t
	}
	return out, nil
}

// mysqlSessions gives first who has a transaction, then who works. %s are the time in milliseconds and the table.
const mysqlSessions = `SELECT ID, COALESCE(USER, ''), COALESCE(HOST, ''), COALESCE(DB, ''), COALESCE(COMMAND, ''), %s, COALESCE(STATE, ''),
 LEFT(INFO, %d), CHAR_LENGTH(INFO) > %[2]d FROM %[3]s ORDER BY ID IN (%[4]s) DESC, COMMAND = 'Sleep', TIME DESC LIMIT %[5]d`

func (m *mysql) sessions(ctx context.Context, s *sessions.Snapshot, transactions map[int64]transaction) error {
	since := "TIME * 1000"
	if m.mariadb {
		since = "TIME_MS"
	}
	rows, at, err := moment(ctx, m.conn, fmt.Sprintf(mysqlSessions, since, maxRaw, m.list, idList(transactions), sessions.MaxSessions))
	if err != nil {
		return err
	}
	s.Taken, s.Sessions = at, nil
	for _, row := range rows[:min(len(rows), sessions.MaxSessions)] {
		one, err := m.session(row, s, transactions)
		if err != nil {
			return err
		}
		s.Sessions = append(s.Sessions, one)
	}
	return nil
}

// idList is the ids for an IN; there is always one.
func idList[V any](of map[int64]V) string {
	list := []string{"0"}
	for id := range of {
		list = append(list, strconv.FormatInt(id, 10))
	}
	return strings.Join(list, ",")
}

func (m *mysql) session(row []string, s *sessions.Snapshot, transactions map[int64]transaction) (sessions.Session, error) {
	var one sessions.Session
	var host, command, raw string
	var cut bool
	var since age
	err := scan(row, &one.ID, (*name)(&one.User), (*name)(&host), (*name)(&one.Database), (*name)(&command), &since, (*name)(&one.WaitEvent), &raw, &cut)
	if err != nil {
		return one, err
	}
	one.Client, one.Kind = host, workers[one.User]
	if one.Kind == "" {
		one.Kind = workers[command]
	}
	t, inside := transactions[one.ID]
	one.Rows, one.TransactionSince = t.locked, t.age.before(s.Taken)
	one.StateSince = since.before(s.Taken)
	switch {
	case one.Kind != "":
	case command == connecting: // not logged in yet
	case command != sleeping:
		one.State, one.QuerySince = sessions.Active, one.StateSince
	case inside:
		one.State = sessions.IdleInTransaction
	default:
		one.State = sessions.Idle
	}
	one.Statement, one.Cut = normalise(raw, cut, sqltext.MySQL).normalised, cut
	if one.ID == m.id {
		s.Own.ID, s.Own.Seen = one.ID, one.Client
	}
	return one, nil
}

const (
	sleeping   = "Sleep"
	connecting = "Connect"
)

// workers are the server's own sessions, by user or command.
var workers = map[string]string{"system user": "replication or background", "event_scheduler": "event scheduler", "Daemon": "background",
	"Binlog Dump": "sender of the binary log", "Binlog Dump GTID": "sender of the binary log"}

// mysqlCounters are global; the factor makes seconds of milliseconds.
var mysqlCounters = map[string]struct {
	name   string
	factor float64
}{
	"Threads_connected":             {sessions.Connections, 1},
	"Threads_running":               {sessions.Running, 1},
	"Com_commit":                    {sessions.Commits, 1},
	"Com_rollback":                  {sessions.Rollbacks, 1},
	"Queries":                       {sessions.Queries, 1},
	"Slow_queries":                  {sessions.SlowQueries, 1},
	"Innodb_row_lock_waits":         {sessions.RowLockWaits, 1},
	"Innodb_row_lock_time":          {sessions.RowLockSeconds, 0.001},
	"Innodb_row_lock_current_waits": {sessions.RowLockWaiting, 1},
	"Innodb_deadlocks":              {sessions.Deadlocks, 1},
	"Innodb_buffer_pool_reads":      {sessions.BlocksRead, 1},
	"Created_tmp_disk_tables":       {sessions.TempFiles, 1},
}

func (m *mysql) counters(ctx context.Context, s *sessions.Snapshot) error {
	var names []string
	for name := range mysqlCounters {
		names = append(names, "'"+name+"'")
	}
	rows, err := m.conn.Query(ctx, "SHOW GLOBAL STATUS WHERE Variable_name IN ("+strings.Join(names, ",")+")")
	if err != nil {
		return err
	}
	values := map[string]float64{}
	for _, row := range rows {
		var name string
		var value float64
		if err := scan(row, &name, &value); err != nil {
			return err
		}
		if c := mysqlCounters[name]; c.name != "" {
			values[c.name] = value * c.factor
		}
	}
	s.Databases = []sessions.Database{{Values: values}}
	if n := len(s.Sessions); n == sessions.MaxSessions {
		s.LeftOut = max(0, int(values[sessions.Connections])-n)
	}
	return nil
}
