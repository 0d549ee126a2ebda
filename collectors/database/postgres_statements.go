package database

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/sqltext"
	"casefile/collectors/database/login"
)

// statsView is the extension pg_stat_statements in the database that was logged in to.
type statsView struct {
	schema  string // "": it is not there
	columns map[string]bool
	resets  bool // pg_stat_statements_info is there
}

const pgFindStatistics = `SELECT n.nspname, coalesce(string_agg(a.attname, ','), ''),
 to_regclass(quote_ident(n.nspname) || '.pg_stat_statements_info') IS NOT NULL
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 LEFT JOIN pg_attribute a ON a.attrelid = to_regclass(quote_ident(n.nspname) || '.pg_stat_statements') AND a.attnum > 0
WHERE e.extname = 'pg_stat_statements' GROUP BY n.nspname`

func (p *postgres) findStatistics(ctx context.Context) error {
	rows, err := p.conn.Query(ctx, pgFindStatistics)
	if err != nil || len(rows) == 0 {
		return err
	}
	var columns string
	if err := scan(rows[0], &p.stats.schema, &columns, &p.stats.resets); err != nil {
		return err
	}
	p.stats.columns = map[string]bool{}
	for name := range strings.SplitSeq(columns, ",") {
		p.stats.columns[name] = true
	}
	return nil
}

// noPGStatistics is why a server has none.
var noPGStatistics = absent{"pg_stat_statements is not installed in the database that was logged in to",
	"shared_preload_libraries = 'pg_stat_statements', a restart of the server, and CREATE EXTENSION pg_stat_statements"}

const pgStatementsSource = "pg_stat_statements"

// pgStatements reads figures without texts, which lie in a file of the server's.
const pgStatements = `SELECT s.queryid, coalesce(r.rolname, ''), coalesce(d.datname, ''), s.calls, s.%s, s.rows, s.shared_blks_read, ` + pgBusy + `
FROM %s.pg_stat_statements(false) s LEFT JOIN pg_database d ON d.oid = s.dbid LEFT JOIN pg_roles r ON r.oid = s.userid
WHERE s.queryid IS NOT NULL ORDER BY s.%[1]s DESC LIMIT %[3]d`

func (p *postgres) statements(ctx context.Context) (*reading, error) {
	if p.stats.schema == "" {
		return nil, noPGStatistics
	}
	total := "total_time" // until version 1.7 of the extension
	if p.stats.columns["total_exec_time"] {
		total = "total_exec_time"
	}
	p.busy = 0
	r := &reading{source: pgStatementsSource, rows: map[statementKey]figures{}}
	err := p.within(ctx, func() error {
		if p.stats.resets {
			if err := one(ctx, p.conn, "SELECT stats_reset FROM "+quoteName(p.stats.schema)+".pg_stat_statements_info", &r.resets); err != nil {
				return err
			}
		}
		rows, at, err := p.timed(ctx, fmt.Sprintf(pgStatements, total, quoteName(p.stats.schema), maxFigures))
		if err != nil {
			return err
		}
		r.at = at
		return r.read(rows)
	})
	if login.Code(err) == pgNotLoaded {
		return nil, absent{"pg_stat_statements is created, but not among shared_preload_libraries", noPGStatistics.fix}
	}
	return r, err
}

// pgNotLoaded is object_not_in_prerequisite_state: the library is not loaded.
const pgNotLoaded = "55000"

func (r *reading) read(rows [][]string) error {
	for _, row := range rows {
		var k statementKey
		var f figures
		if err := scan(row, (*name)(&k.digest), (*name)(&k.user), (*name)(&k.database), &f.calls, &f.total, &f.rows, &f.blocks); err != nil {
			return err
		}
		r.add(k, f)
	}
	return nil
}

const pgTexts = `SELECT queryid, max(left(query, %[1]d)), bool_or(length(query) > %[1]d) FROM %[2]s.pg_stat_statements
WHERE queryid IN (%[3]s) GROUP BY queryid`

func (p *postgres) texts(ctx context.Context, digests []string) (map[string]text, error) {
	for _, d := range digests {
		if _, err := strconv.ParseInt(d, 10, 64); err != nil {
			return nil, entries.Errorf(entries.Unreadable, "a statement's number is %.20q", d)
		}
	}
	texts := map[string]text{}
	err := p.within(ctx, func() error {
		rows, err := p.conn.Query(ctx, fmt.Sprintf(pgTexts, maxRaw, quoteName(p.stats.schema), strings.Join(digests, ",")))
		if err != nil {
			return err
		}
		for _, row := range rows {
			var digest, raw string
			var cut bool
			if err := scan(row, &digest, &raw, &cut); err != nil {
				return err
			}
			texts[digest] = normalise(raw, cut, sqltext.PostgreSQL)
		}
		return nil
	})
	return texts, err
}
