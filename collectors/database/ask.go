package database

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/sessions"
	"casefile/bundle/format/sqltext"
	"casefile/collectors/database/login"
)

// asker is what one kind of server is asked. It belongs to one connection.
type asker interface {
	// identify makes the session harmless and asks who the server is and what the role may see.
	identify(ctx context.Context, server *sessions.Server) error
	// look fills in a snapshot.
	look(ctx context.Context, s *sessions.Snapshot) error
	// cost is how long the server worked on the last look or reading; 0: it does not say.
	cost() time.Duration
	// statements reads the statistics of statements.
	statements(ctx context.Context) (*reading, error)
	// texts asks for the texts of statements, normalised, by digest.
	texts(ctx context.Context, digests []string) (map[string]text, error)
	// hidden is what is known so far of what cannot be seen.
	hidden() []sessions.Hidden
}

var asks = map[string]func(login.Conn) asker{
	jdbc.PostgreSQL: func(c login.Conn) asker { return &postgres{conn: marking{c}} },
	jdbc.MySQL:      func(c login.Conn) asker { return &mysql{conn: c} },
	jdbc.MariaDB:    func(c login.Conn) asker { return &mysql{conn: c} },
}

// text is a normalised statement, and whether the server keeps no more of it.
type text struct {
	normalised string
	cut        bool
	own        bool // it is one of ours
}

// marking marks questions, so that they are known among the statements of a server that keeps comments.
type marking struct{ login.Conn }

const mark = "/* casefile */"

func (m marking) Query(ctx context.Context, sql string) ([][]string, error) {
	return m.Conn.Query(ctx, strings.Replace(sql, "SELECT ", "SELECT "+mark+" ", 1))
}

const (
	// maxRaw is how much of a statement is asked for, in characters.
	maxRaw = 8192
	// maxWaits is how many waits for locks are asked for.
	maxWaits = 1000
)

func normalise(raw string, cut bool, d sqltext.Dialect) text {
	return text{sqltext.Normalise(raw, d, cut, sessions.MaxText), cut, strings.Contains(raw, mark)}
}

// identity is a name for a server that says no more of it than whether it is the same one.
func identity(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// one asks for a single row.
func one(ctx context.Context, c login.Conn, sql string, into ...any) error {
	rows, err := c.Query(ctx, sql)
	if err != nil {
		return err
	}
	if len(rows) != 1 {
		return entries.Errorf(entries.Unreadable, "the server answered with %d rows for one", len(rows))
	}
	return scan(rows[0], into...)
}

// moment asks, and gives the middle of the time that the question took.
func moment(ctx context.Context, c login.Conn, sql string) (rows [][]string, at time.Time, err error) {
	from := time.Now()
	rows, err = c.Query(ctx, sql)
	return rows, from.Add(time.Since(from) / 2), err
}
