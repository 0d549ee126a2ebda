package database

import (
	"context"
	"fmt"
	"strings"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/sqltext"
)

const mysqlStatementsSource = "performance_schema"

// noMySQLStatistics is why a server has none; it is so by default in MariaDB.
var noMySQLStatistics = absent{"performance_schema is off", "performance_schema = ON in the server's configuration, and a restart"}

// Times are in picoseconds.
const mysqlStatements = `SELECT DIGEST, COALESCE(SCHEMA_NAME, ''), COUNT_STAR, SUM_TIMER_WAIT / 1e9, SUM_ROWS_SENT + SUM_ROWS_AFFECTED,
 SUM_ROWS_EXAMINED, SUM_LOCK_TIME / 1e9
FROM performance_schema.events_statements_summary_by_digest WHERE DIGEST IS NOT NULL ORDER BY SUM_TIMER_WAIT DESC LIMIT %d`

func (m *mysql) statements(ctx context.Context) (*reading, error) {
	if !m.schema {
		return nil, noMySQLStatistics
	}
	rows, at, err := moment(ctx, m.conn, fmt.Sprintf(mysqlStatements, maxFigures))
	if denied(err) {
		m.hide(whatDigests, err, m.grantSchema())
		return nil, entries.Errorf(entries.NotPermitted, "the role may not read performance_schema: %w", err)
	}
	if err != nil {
		return nil, err
	}
	r := &reading{at: at, source: mysqlStatementsSource, rows: map[statementKey]figures{}}
	for _, row := range rows {
		var k statementKey
		var f figures
		if err := scan(row, (*name)(&k.digest), (*name)(&k.database), &f.calls, &f.total, &f.rows, &f.examined, &f.lock); err != nil {
			return nil, err
		}
		r.add(k, f)
	}
	return r, nil
}

const mysqlTexts = `SELECT DIGEST, MAX(LEFT(DIGEST_TEXT, %d)) FROM performance_schema.events_statements_summary_by_digest
WHERE DIGEST IN (%s) GROUP BY DIGEST`

// cutDigest ends the text of a statement that is longer than max_digest_length.
const cutDigest = "..."

func (m *mysql) texts(ctx context.Context, digests []string) (map[string]text, error) {
	var quoted []string
	for _, d := range digests {
		if strings.Trim(strings.ToLower(d), "0123456789abcdef") != "" {
			return nil, entries.Errorf(entries.Unreadable, "the digest of a statement is %.20q", d)
		}
		quoted = append(quoted, "'"+d+"'")
	}
	rows, err := m.conn.Query(ctx, fmt.Sprintf(mysqlTexts, maxRaw, strings.Join(quoted, ",")))
	if err != nil {
		return nil, err
	}
	texts := map[string]text{}
	for _, row := range rows {
		var digest, raw string
		if err := scan(row, &digest, &raw); err != nil {
			return nil, err
		}
		texts[digest] = normalise(raw, strings.HasSuffix(raw, cutDigest) || len(raw) >= maxRaw, sqltext.MySQL)
	}
	return texts, nil
}
