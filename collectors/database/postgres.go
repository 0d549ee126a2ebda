package database

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/sessions"
	"casefile/bundle/format/sqltext"
	"casefile/collectors/database/login"
)

// postgres asks a PostgreSQL server. Each look is one transaction, so that a pooler that shares connections between
// transactions gives all of it to one.
type postgres struct {
	conn     login.Conn
	version  int64 // 150004
	role     string
	textSize int64 // track_activity_query_size in bytes
	rights   bool  // pg_read_all_stats, which pg_monitor holds
	tracked  bool  // track_activities
	encoded  bool  // a database's texts are in another encoding: only those of our own are asked for
	stats    statsView
	busy     time.Duration // what the server worked on the questions of the look
}

// The transaction gives up by itself, whatever becomes of us. JIT would cost more than the question.
const pgBegin = `BEGIN READ ONLY; SET LOCAL statement_timeout = 1000; SET LOCAL lock_timeout = 100;
SET LOCAL idle_in_transaction_session_timeout = 5000; SET LOCAL jit = off`

// within runs what f asks in one transaction.
func (p *postgres) within(ctx context.Context, f func() error) error {
	if _, err := p.conn.Query(ctx, pgBegin); err != nil {
		return err
	}
	err := f()
	if _, end := p.conn.Query(ctx, "ROLLBACK"); err == nil {
		err = end
	}
	return err
}

// pgBusy ends the columns of the questions that cost something: how long the server has worked on this one. What the
// client takes, on a node that is short of CPU, is none of it.
const pgBusy = "extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000"

// timed asks, and counts what the server took.
func (p *postgres) timed(ctx context.Context, sql string) (rows [][]string, at time.Time, err error) {
	from := time.Now()
	all, at, err := moment(ctx, p.conn, sql)
	if err != nil {
		return nil, at, err
	}
	if len(all) == 0 {
		p.busy += time.Since(from)
		return nil, at, nil
	}
	most := 0.0
	for _, row := range all {
		var ms float64
		if len(row) == 0 {
			return nil, at, entries.NewError(entries.Unreadable, "the server answered with a row of nothing")
		}
		if err := scan(row[len(row)-1:], &ms); err != nil {
			return nil, at, err
		}
		rows, most = append(rows, row[:len(row)-1]), max(most, ms)
	}
	p.busy += time.Duration(min(most, float64(lookLimit.Milliseconds())) * float64(time.Millisecond))
	return rows, at, nil
}

func (p *postgres) cost() time.Duration { return p.busy }

const pgIdentify = `SELECT current_setting('server_version'), current_setting('server_version_num'), pg_is_in_recovery(),
 coalesce(host(inet_server_addr()), ''), inet_server_port(), (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint,
 pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'), current_setting('track_activities') = 'on',
 (SELECT setting FROM pg_settings WHERE name = 'track_activity_query_size'), current_user, current_database()`

func (p *postgres) identify(ctx context.Context, server *sessions.Server) error {
	var host, port, started string
	err := p.within(ctx, func() error {
		err := one(ctx, p.conn, pgIdentify, &server.Version, &p.version, &server.Standby, &host, &port, &started,
			&p.rights, &p.tracked, &p.textSize, &p.role, &server.Database)
		if err != nil {
			return err
		}
		return p.findStatistics(ctx)
	})
	if err != nil {
		return err
	}
	server.Product = jdbc.PostgreSQL
	if host != "" && port != "" {
		server.Listens = net.JoinHostPort(host, port)
	}
	server.Identity = identity(jdbc.PostgreSQL, port, started)
	return nil
}

func (p *postgres) hidden() []sessions.Hidden {
	var list []sessions.Hidden
	if !p.rights {
		list = append(list, sessions.Hidden{What: "clients, states, waits and statements of the sessions of other roles",
			Why: "the role " + p.role + " is no member of pg_monitor", Grant: "GRANT pg_monitor TO " + quoteName(p.role)})
	}
	if !p.tracked {
		list = append(list, sessions.Hidden{What: "states and statements of sessions", Why: "track_activities is off",
			Grant: "ALTER SYSTEM SET track_activities = on; SELECT pg_reload_conf()"})
	}
	if p.encoded {
		list = append(list, sessions.Hidden{What: "statements of other databases than the one that was logged in to",
			Why: "their text is in another encoding"})
	}
	return list
}

// quoteName writes a name as SQL wants it.
func quoteName(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" && name != "" && (name[0] < '0' || name[0] > '9') {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// pgActivity gives first who waits, holds a transaction or works. %s is the text, and the digest where there is one.
const pgActivity = `SELECT a.pid, a.pid = pg_backend_pid(), coalesce(a.backend_type, ''), coalesce(host(a.client_addr), ''),
 coalesce(a.client_port, 0), coalesce(a.usename, ''), coalesce(a.datname, ''), coalesce(a.application_name, ''), coalesce(a.state, ''),
 extract(epoch FROM clock_timestamp() - a.xact_start) * 1000, extract(epoch FROM clock_timestamp() - a.query_start) * 1000,
 extract(epoch FROM clock_timestamp() - a.state_change) * 1000, coalesce(a.wait_event_type, ''), coalesce(a.wait_event, ''),
 %s, count(*) OVER (), ` + pgBusy + `
FROM pg_stat_activity a
ORDER BY CASE WHEN a.wait_event_type = 'Lock' THEN 0 WHEN a.state LIKE 'idle in transaction%%' THEN 1 WHEN a.state = 'active' THEN 2
 WHEN a.backend_type = 'client backend' THEN 3 ELSE 4 END, a.xact_start NULLS LAST, a.pid LIMIT %d`

func (p *postgres) activityQuery() string {
	// A text is cut within a character of the server's limit.
	raw := fmt.Sprintf("left(a.query, %d)", maxRaw)
	cut := fmt.Sprintf("octet_length(a.query) >= %d OR length(a.query) > %d", p.textSize-utf8.UTFMax, maxRaw)
	if p.encoded {
		const readable = "CASE WHEN a.datname = current_database() THEN %s END"
		raw, cut = fmt.Sprintf(readable, raw), fmt.Sprintf(readable, cut)
	}
	digest := "''"
	if p.version >= 140000 {
		digest = "a.query_id"
	}
	return fmt.Sprintf(pgActivity, raw+", "+cut+", "+digest, sessions.MaxSessions)
}

func (p *postgres) look(ctx context.Context, s *sessions.Snapshot) error {
	p.busy = 0
	err := p.within(ctx, func() error { return p.lookAt(ctx, s) })
	if !p.encoded && strings.HasPrefix(login.Code(err), "22") { // data exception: a text that cannot be converted
		p.encoded = true
		err = p.within(ctx, func() error { return p.lookAt(ctx, s) })
	}
	return err
}

func (p *postgres) lookAt(ctx context.Context, s *sessions.Snapshot) error {
	rows, at, err := p.timed(ctx, p.activityQuery())
	if err != nil {
		return err
	}
	s.Taken, s.Sessions = at, nil
	waits := !p.rights // these are not shown then; pg_locks is
	for _, row := range rows[:min(len(rows), sessions.MaxSessions)] {
		one, total, err := p.session(row, s)
		if err != nil {
			return err
		}
		s.Sessions = append(s.Sessions, one)
		s.LeftOut = max(0, int(total)-len(rows))
		waits = waits || one.WaitType == lockWait
	}
	if waits {
		if err := p.locks(ctx, s); err != nil {
			return err
		}
	}
	return p.counters(ctx, s)
}

// lockWait is PostgreSQL's word for a wait for a lock of a table, row or transaction.
const lockWait = "Lock"

const clientBackend = "client backend"

func (p *postgres) session(row []string, s *sessions.Snapshot) (one sessions.Session, total int64, err error) {
	var own, cut bool
	var host, state, raw, digest string
	var port int64
	var tx, query, change age
	err = scan(row, &one.ID, &own, (*name)(&one.Kind), (*name)(&host), &port, (*name)(&one.User), (*name)(&one.Database), (*name)(&one.Application), (*name)(&state),
		&tx, &query, &change, (*name)(&one.WaitType), (*name)(&one.WaitEvent), &raw, &cut, (*name)(&digest), &total)
	if err != nil {
		return one, 0, err
	}
	one.State, one.Client = sessions.State(state), client(host, port)
	switch {
	case one.Kind == clientBackend:
		one.Kind = ""
	case one.Kind == "" && one.User == "":
		one.Kind = "background" // the role may not see which
	}
	one.TransactionSince, one.QuerySince, one.StateSince = tx.before(s.Taken), query.before(s.Taken), change.before(s.Taken)
	if p.rights || own || raw != insufficient {
		one.Statement, one.Cut = normalise(raw, cut, sqltext.PostgreSQL).normalised, cut
	}
	if digest != "0" {
		one.Digest = digest
	}
	if own {
		s.Own.ID, s.Own.Seen = one.ID, one.Client
	}
	return one, total, nil
}

// insufficient is what the server writes for a statement that the role may not see.
const insufficient = "<insufficient privilege>"

func client(host string, port int64) string {
	switch {
	case host != "":
		return net.JoinHostPort(host, strconv.FormatInt(port, 10))
	case port < 0:
		return "[local]" // a Unix socket
	}
	return ""
}

// pgLocks gives the locks that sessions wait for. One that waits for another's transaction waits for a row: of the
// table whose tuple it has locked to be the next, or of the only table that its transaction writes to. %s is when the
// wait began, %d how many are taken. Names of tables are known of the own database only.
const pgLocks = `WITH l AS MATERIALIZED (SELECT locktype, database, relation, pid, mode, granted, %s AS waited FROM pg_locks WHERE pid IS NOT NULL),
 w AS (SELECT * FROM l WHERE NOT granted LIMIT %d),
 t AS (SELECT pid, min(database::bigint) AS database, min(relation::bigint) AS relation FROM l
  WHERE granted AND locktype = 'tuple' AND pid IN (SELECT pid FROM w) GROUP BY pid),
 r AS (SELECT pid, min(database::bigint) AS database, min(relation::bigint) AS relation FROM l
  WHERE granted AND locktype = 'relation' AND mode IN ('RowExclusiveLock', 'RowShareLock') AND pid IN (SELECT pid FROM w)
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND EXISTS (SELECT FROM pg_class c WHERE c.oid = l.relation AND c.relkind IN ('r', 'p'))
  GROUP BY pid HAVING count(DISTINCT relation) = 1),
 x AS (SELECT w.pid, w.locktype, w.mode, w.waited, coalesce(w.relation::bigint, t.relation, r.relation) AS relation,
  CASE WHEN w.relation IS NOT NULL THEN w.database::bigint WHEN t.relation IS NOT NULL THEN t.database ELSE r.database END AS database
  FROM w LEFT JOIN t ON t.pid = w.pid LEFT JOIN r ON r.pid = w.pid)
SELECT x.pid, x.locktype, x.mode, x.waited, coalesce(array_to_string(pg_blocking_pids(x.pid), ','), ''), coalesce(n.nspname || '.' || c.relname, ''),
 coalesce(x.relation, 0), coalesce(d.datname, ''), ` + pgBusy + `
FROM x LEFT JOIN pg_database d ON d.oid = x.database
 LEFT JOIN pg_class c ON c.oid = x.relation AND (x.database = 0 OR d.datname = current_database())
 LEFT JOIN pg_namespace n ON n.oid = c.relnamespace`

func (p *postgres) locks(ctx context.Context, s *sessions.Snapshot) error {
	waited := "NULL::float"
	if p.version >= 140000 {
		waited = "extract(epoch FROM clock_timestamp() - waitstart) * 1000"
	}
	rows, at, err := p.timed(ctx, fmt.Sprintf(pgLocks, waited, maxWaits))
	if err != nil {
		return err
	}
	byID := index(s)
	for _, row := range rows {
		var id, relation int64
		var lock sessions.Lock
		var since age
		var blockers, database string
		if err := scan(row, &id, (*name)(&lock.Type), (*name)(&lock.Mode), &since, &blockers, (*name)(&lock.Relation), &relation, (*name)(&database)); err != nil {
			return err
		}
		if lock.Relation == "" && relation > 0 {
			lock.Relation = fmt.Sprintf("relation %d of database %s", relation, database)
		}
		lock.Since = since.before(at)
		one := byID[id]
		if one == nil {
			continue // it came after the look at the sessions, or is beyond its limit
		}
		one.Lock = &lock
		if one.BlockedBy, err = ids(blockers); err != nil {
			return err
		}
	}
	return nil
}

// index gives the sessions of a snapshot by their id.
func index(s *sessions.Snapshot) map[int64]*sessions.Session {
	byID := make(map[int64]*sessions.Session, len(s.Sessions))
	for i := range s.Sessions {
		byID[s.Sessions[i].ID] = &s.Sessions[i]
	}
	return byID
}

// maxBlockers of one session are listed.
const maxBlockers = 100

// ids reads 12,4711; each once.
func ids(list string) (out []int64, err error) {
	seen := map[int64]bool{}
	for part := range strings.SplitSeq(list, ",") {
		if part == "" {
			continue
		}
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("blocking session %.20q is no number", part)
		}
		if !seen[id] && len(out) < maxBlockers {
			seen[id], out = true, append(out, id)
		}
	}
	return out, nil
}

const pgCounters = `SELECT coalesce(datname, ''), numbackends, xact_commit, xact_rollback, blks_read, blks_hit, deadlocks, temp_files, temp_bytes,
 blk_read_time / 1000, %s, ` + pgBusy + ` FROM pg_stat_database WHERE datname IS NOT NULL ORDER BY numbackends DESC, datname LIMIT %d`

// maxDatabases of a server have their counters listed.
const maxDatabases = 100

var pgCounterNames = []string{sessions.Connections, sessions.Commits, sessions.Rollbacks, sessions.BlocksRead, sessions.BlocksHit,
	sessions.Deadlocks, sessions.TempFiles, sessions.TempBytes, sessions.ReadSeconds, sessions.IdleInTxSeconds}

func (p *postgres) counters(ctx context.Context, s *sessions.Snapshot) error {
	idle := "0"
	if p.version >= 140000 {
		idle = "idle_in_transaction_time / 1000"
	}
	rows, _, err := p.timed(ctx, fmt.Sprintf(pgCounters, idle, maxDatabases))
	if err != nil {
		return err
	}
	s.Databases = nil
	for _, row := range rows[:min(len(rows), maxDatabases)] {
		values := make([]float64, len(pgCounterNames))
		d := sessions.Database{Values: map[string]float64{}}
		into := []any{(*name)(&d.Name)}
		for i := range values {
			into = append(into, &values[i])
		}
		if err := scan(row, into...); err != nil {
			return err
		}
		for i, name := range pgCounterNames {
			d.Values[name] = values[i]
		}
		s.Databases = append(s.Databases, d)
	}
	return nil
}
