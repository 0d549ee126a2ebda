package database

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/sessions"
	"casefile/cmd/samples/live/livetest"
	"casefile/collectors/database/login"
)

// A look at 500 sessions, of which 100 wait for one row: the time of it, and what the server's backend spent on it.
func BenchmarkPostgresLook(b *testing.B) {
	server := livetest.StartPostgres(b, password, "max_connections=600", "log_statement=none", "log_connections=off")
	e, err := jdbc.Parse("jdbc:postgresql://" + server.Address + "/postgres")
	if err != nil {
		b.Fatal(err)
	}
	open := func() login.Conn {
		conn, err := login.Open(b.Context(), e, e.Hosts[0], &login.Credential{User: "conf", Password: password})
		if err != nil {
			b.Fatal(err)
		}
		return conn
	}
	run := func(c login.Conn, sql string) {
		if _, err := c.Query(b.Context(), sql); err != nil {
			b.Fatal(err)
		}
	}
	const all, waiting = 500, 100
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(b.Context())
	for k := range all {
		c := open()
		defer c.Close()
		switch {
		case k == 0:
			run(c, "CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, '')")
			run(c, "BEGIN")
			run(c, "UPDATE orders SET note = 'a'")
		case k <= waiting:
			wg.Go(func() { _, _ = c.Query(ctx, fmt.Sprintf("UPDATE orders SET note = '%d' WHERE id = 1", k)) })
		default:
			run(c, "SELECT 1")
		}
	}
	defer wg.Wait()
	defer cancel()
	p := &postgres{conn: open()}
	defer p.conn.Close()
	if err := p.identify(b.Context(), &sessions.Server{}); err != nil {
		b.Fatal(err)
	}
	parts := map[string]time.Duration{}
	p.conn = timed{p.conn, parts}
	var s sessions.Snapshot
	for b.Loop() {
		s = sessions.Snapshot{}
		if err := p.look(b.Context(), &s); err != nil {
			b.Fatal(err)
		}
	}
	if len(s.Sessions) < all {
		b.Errorf("%d sessions", len(s.Sessions))
	}
	for name, sql := range map[string]string{"activity-ms": "FROM pg_stat_activity", "locks-ms": "FROM pg_locks", "counters-ms": "FROM pg_stat_database"} {
		for asked, took := range parts {
			if strings.Contains(asked, sql) {
				b.ReportMetric(float64(took.Microseconds())/1000/float64(b.N), name)
			}
		}
	}
}

// timed adds up how long each question takes.
type timed struct {
	login.Conn
	took map[string]time.Duration
}

func (t timed) Query(ctx context.Context, sql string) ([][]string, error) {
	from := time.Now()
	defer func() { t.took[sql] += time.Since(from) }()
	return t.Conn.Query(ctx, sql)
}
