package database

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"casefile/bundle/format/sessions"
	"casefile/bundle/format/sqltext"
)

// Waits for row locks. Up to MySQL 5.7 and in MariaDB InnoDB tells of them in information_schema; in MySQL 8 it does in
// performance_schema.
const (
	rowLocksOfSchema = `SELECT r.trx_mysql_thread_id, b.trx_mysql_thread_id, CONCAT(l.OBJECT_SCHEMA, '.', l.OBJECT_NAME), COALESCE(l.INDEX_NAME, ''),
 l.LOCK_TYPE, l.LOCK_MODE, TIMESTAMPDIFF(SECOND, r.trx_wait_started, NOW()) * 1000
FROM performance_schema.data_lock_waits w
 JOIN information_schema.INNODB_TRX r ON r.trx_id = w.REQUESTING_ENGINE_TRANSACTION_ID
 JOIN information_schema.INNODB_TRX b ON b.trx_id = w.BLOCKING_ENGINE_TRANSACTION_ID
 JOIN performance_schema.data_locks l ON l.ENGINE_LOCK_ID = w.REQUESTING_ENGINE_LOCK_ID LIMIT %d`
	rowLocksOfInnoDB = `SELECT r.trx_mysql_thread_id, b.trx_mysql_thread_id, COALESCE(l.lock_table, ''), COALESCE(l.lock_index, ''),
 COALESCE(l.lock_type, ''), COALESCE(l.lock_mode, ''), TIMESTAMPDIFF(SECOND, r.trx_wait_started, NOW()) * 1000
FROM information_schema.INNODB_LOCK_WAITS w
 JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id
 JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id
 LEFT JOIN information_schema.INNODB_LOCKS l ON l.lock_id = w.requested_lock_id LIMIT %d`
)

func (m *mysql) rowLocks(ctx context.Context, s *sessions.Snapshot) error {
	query, grant := rowLocksOfInnoDB, m.grantProcess()
	if !m.mariadb && m.major >= 8 {
		query, grant = rowLocksOfSchema, m.grantSchema()
	}
	rows, at, err := moment(ctx, m.conn, fmt.Sprintf(query, maxWaits))
	if denied(err) {
		m.hide(whatSessions, err, grant)
		return nil
	}
	if err != nil {
		return err
	}
	byID := index(s)
	for _, row := range rows {
		var waiter, blocker int64
		var lock sessions.Lock
		var since age
		if err := scan(row, &waiter, &blocker, (*name)(&lock.Relation), (*name)(&lock.Index), (*name)(&lock.Type), (*name)(&lock.Mode), &since); err != nil {
			return err
		}
		lock.Relation, lock.Since = strings.ReplaceAll(lock.Relation, "`", ""), since.before(at)
		wait(byID[waiter], blocker, lock)
	}
	return nil
}

// wait notes whom a session waits for, and for what.
func wait(waiter *sessions.Session, blocker int64, lock sessions.Lock) {
	if waiter == nil {
		return
	}
	if waiter.Lock == nil {
		waiter.Lock = &lock
	}
	if waiter.WaitType = lockWait; !slices.Contains(waiter.BlockedBy, blocker) && len(waiter.BlockedBy) < maxBlockers {
		waiter.BlockedBy = append(waiter.BlockedBy, blocker)
	}
}

// metadataLocks are those of the tables for whose definition a session waits.
const metadataLocks = `SELECT t.PROCESSLIST_ID, l.LOCK_STATUS = 'PENDING', l.OBJECT_TYPE, CONCAT(COALESCE(l.OBJECT_SCHEMA, ''), '.', COALESCE(l.OBJECT_NAME, '')), l.LOCK_TYPE
FROM performance_schema.metadata_locks l JOIN performance_schema.threads t ON t.THREAD_ID = l.OWNER_THREAD_ID
 JOIN (SELECT DISTINCT OBJECT_TYPE, OBJECT_SCHEMA, OBJECT_NAME FROM performance_schema.metadata_locks WHERE LOCK_STATUS = 'PENDING') p
 ON p.OBJECT_TYPE = l.OBJECT_TYPE AND p.OBJECT_SCHEMA <=> l.OBJECT_SCHEMA AND p.OBJECT_NAME <=> l.OBJECT_NAME
WHERE t.PROCESSLIST_ID IS NOT NULL LIMIT %d`

// metadataLock is one of them, held or waited for.
type metadataLock struct {
	session            int64
	pending            bool
	kind, object, mode string
}

// exclusive modes admit no other lock of the table.
var exclusive = map[string]bool{"EXCLUSIVE": true, "SHARED_NO_READ_WRITE": true}

// blocks reports whether a lock, held or waited for, is why another is waited for. Who waits for a table alone goes
// before those who came later.
func (l metadataLock) blocks(w metadataLock) bool {
	if l.session == w.session || l.kind != w.kind || l.object != w.object {
		return false
	}
	if l.pending {
		return exclusive[l.mode] && !exclusive[w.mode]
	}
	writes := func(mode string) bool {
		return mode == "SHARED_WRITE" || mode == "SHARED_NO_WRITE" || mode == "SHARED_UPGRADABLE"
	}
	return exclusive[l.mode] || exclusive[w.mode] ||
		(l.mode == "SHARED_NO_WRITE" && writes(w.mode)) || (w.mode == "SHARED_NO_WRITE" && writes(l.mode))
}

func (m *mysql) tableLocks(ctx context.Context, s *sessions.Snapshot) error {
	if !slices.ContainsFunc(s.Sessions, func(o sessions.Session) bool { return strings.Contains(o.WaitEvent, "metadata lock") }) {
		return nil
	}
	byID := index(s)
	for _, one := range byID {
		if strings.Contains(one.WaitEvent, "metadata lock") {
			one.WaitType = lockWait
		}
	}
	if !m.schema || m.mariadb { // MariaDB has a plugin for it, which does not tell who waits
		m.hide(whatMetadata, errNoMetadata, "")
		return nil
	}
	rows, err := m.conn.Query(ctx, fmt.Sprintf(metadataLocks, 4*maxWaits))
	if denied(err) || missing(err) {
		m.hide(whatMetadata, err, m.grantSchema())
		return nil
	}
	if err != nil {
		return err
	}
	var locks []metadataLock
	for _, row := range rows {
		var l metadataLock
		if err := scan(row, &l.session, &l.pending, (*name)(&l.kind), (*name)(&l.object), (*name)(&l.mode)); err != nil {
			return err
		}
		locks = append(locks, l)
	}
	match(locks, byID)
	return nil
}

func match(locks []metadataLock, byID map[int64]*sessions.Session) {
	for _, w := range locks {
		if !w.pending {
			continue
		}
		for _, l := range locks {
			if l.blocks(w) {
				wait(byID[w.session], l.session, sessions.Lock{Relation: w.object, Type: w.kind, Mode: w.mode})
			}
		}
	}
}

var errNoMetadata = errors.New("this server does not tell without performance_schema, and MariaDB not at all")

// lastStatements asks what sessions ran last that are in a transaction, and for the digests of all that matter.
const lastStatements = `SELECT t.PROCESSLIST_ID, COALESCE(LEFT(e.SQL_TEXT, %d), ''), COALESCE(e.DIGEST, '')
FROM performance_schema.threads t JOIN performance_schema.events_statements_current e ON e.THREAD_ID = t.THREAD_ID
WHERE t.PROCESSLIST_ID IN (%s) AND e.NESTING_EVENT_ID IS NULL LIMIT %d`

func (m *mysql) lastStatements(ctx context.Context, s *sessions.Snapshot) error {
	wanted := map[int64]*sessions.Session{}
	for id, one := range index(s) {
		if (one.State == sessions.IdleInTransaction || one.State == sessions.Active) && id != m.id {
			wanted[id] = one
		}
	}
	if err := m.fillStatements(ctx, wanted); err != nil {
		return err
	}
	for _, one := range wanted {
		if one.State == sessions.IdleInTransaction && one.Statement == "" {
			m.hideLast()
		}
	}
	return nil
}

// hideLast notes why the last statement of an idle session is not known.
func (m *mysql) hideLast() {
	if !m.schema {
		m.hide(whatLast, errNoSchema, noMySQLStatistics.fix)
		return
	}
	m.hide(whatLast, errNoConsumer, "UPDATE performance_schema.setup_consumers SET ENABLED = 'YES' WHERE NAME = 'events_statements_current'")
}

var (
	errNoSchema   = errors.New(noMySQLStatistics.reason)
	errNoConsumer = errors.New("the consumer events_statements_current is off, as it is by default in MariaDB")
)

func (m *mysql) fillStatements(ctx context.Context, wanted map[int64]*sessions.Session) error {
	if !m.schema || len(wanted) == 0 {
		return nil
	}
	rows, err := m.conn.Query(ctx, fmt.Sprintf(lastStatements, maxRaw, idList(wanted), sessions.MaxSessions))
	if denied(err) {
		m.hide(whatDigests, err, m.grantSchema())
		return nil
	}
	if err != nil {
		return err
	}
	for _, row := range rows {
		var id int64
		var raw, digest string
		if err := scan(row, &id, &raw, (*name)(&digest)); err != nil {
			return err
		}
		one := wanted[id]
		if one == nil {
			continue
		}
		if one.Digest = digest; one.Statement == "" {
			one.Cut = len(raw) >= sqlTextSize
			one.Statement = normalise(raw, one.Cut, sqltext.MySQL).normalised
		}
	}
	return nil
}

// sqlTextSize is the default of performance_schema_max_sql_text_length, in bytes; a shorter one is not in use.
const sqlTextSize = 1020
