package rules

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/database"
	"casefile/analyze/threads"
	"casefile/analyze/waits"
	"casefile/bundle/format/sessions"
	"casefile/bundle/format/sockets"
)

// A play is a cluster of JVMs and one database: what their threads do at each round, which connections they have, and
// what the database says of its sessions.
type play struct {
	rounds int
	gap    time.Duration
	actors []*actor
	// sessions gives what the server says in round i, at that moment.
	sessions func(i int, now time.Time) []sessions.Session
	own      sessions.Own
	counted  []sessions.Statement
	product  string
	renamed  *strings.Replacer
}

// actor is one JVM of a node.
type actor struct {
	node string
	act  func(i int, s *stage)
	// at are the connections that threads are in a call on, by their names; open are those that nobody is in a call on.
	at   map[string]onSocket
	open []onSocket
	skip bool // the table of calls is missing
	sees []waits.Sample
}

// onSocket is a connection, or a file, with the call.
type onSocket struct {
	local, remote, call, file string
}

const dbAddress = "10.0.0.9:5432"

// toDB is a connection to the database from a node, as pgjdbc waits on it.
func toDB(node, port int) onSocket {
	return onSocket{local: fmt.Sprintf("10.0.0.%d:%d", node, port), remote: dbAddress, call: "poll"}
}

var playStart = time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)

// caseOf puts the play into a case.
func (p *play) caseOf(t *testing.T) *analyze.Case {
	t.Helper()
	if p.renamed == nil {
		p.renamed = strings.NewReplacer()
	}
	name := p.renamed.Replace
	c := &analyze.Case{}
	for k, a := range p.actors {
		n := &analyze.Node{Name: name(a.node)}
		dir := fmt.Sprintf("nodes/%s/jvm/%d-shop/threads/", n.Name, 4711+k)
		dumps := parseText(t, dir+"dump-01.txt", name(scene(p.rounds, p.gap, a.act)))
		for i := range dumps {
			dumps[i].ZoneKnown = true
		}
		j := &analyze.JVM{Node: n, Target: fmt.Sprintf("%d-%s", 4711+k, name("shop")), PID: 4711 + k, App: name("shop"), Dumps: threads.NewSeries(dumps, nil)}
		for i, d := range j.Dumps.Dumps {
			table := &waits.Table{Source: fmt.Sprintf("%sdump-%02d-waits.tsv", dir, i+1), Taken: d.Time}
			snap := &sockets.Snapshot{PID: j.PID, Taken: d.Time}
			for _, th := range d.Threads {
				if l, ok := a.at[th.Name]; ok {
					table.Calls = append(table.Calls, waits.Call{NID: th.NID, Name: l.call, Conn: l.conn(), File: l.file, Line: len(table.Calls) + 3})
					if l.file == "" {
						snap.Sockets = append(snap.Sockets, sockets.Socket{Local: l.conn().Local, Remote: l.conn().Remote, State: "ESTABLISHED"})
					}
				}
			}
			for _, l := range a.open {
				snap.Sockets = append(snap.Sockets, sockets.Socket{Local: l.conn().Local, Remote: l.conn().Remote, State: "ESTABLISHED"})
			}
			if !a.skip {
				j.Calls = append(j.Calls, table)
			}
			j.Sockets = append(j.Sockets, analyze.Sockets{Source: fmt.Sprintf("%sdump-%02d-sockets.tsv", dir, i+1), Snapshot: snap})
		}
		if a.sees != nil {
			j.Samples = &waits.Samples{Source: dir + "samples.tsv", List: a.sees}
		}
		n.JVMs = []*analyze.JVM{j}
		c.Nodes = append(c.Nodes, n)
	}
	product := p.product
	if product == "" {
		product = "postgresql"
	}
	server := sessions.Server{Name: "db1", Product: product, Version: "15.14", Address: dbAddress, Listens: dbAddress, Identity: "0f3a"}
	for i := range p.rounds {
		now := playStart.Add(time.Duration(i)*p.gap + 40*time.Millisecond)
		snap := &sessions.Snapshot{Version: 1, Server: server, Taken: now, Own: p.own, Sessions: p.sessions(i, now)}
		for k := range snap.Sessions {
			s := &snap.Sessions[k]
			s.Line = k + 20
			s.Statement = name(s.Statement)
			if s.Lock != nil {
				s.Lock.Relation = name(s.Lock.Relation)
			}
		}
		c.Databases = append(c.Databases, &database.Look{Source: fmt.Sprintf("nodes/%s/database/db1/sessions/dump-%02d.json", c.Nodes[0].Name, i+1),
			Node: c.Nodes[0].Name, Snapshot: snap})
	}
	if p.counted != nil {
		c.Statements = []*database.Counted{{Source: "nodes/" + c.Nodes[0].Name + "/database/db1/statements.json",
			Statements: &sessions.Statements{Version: 1, Server: server, Statements: p.counted}}}
	}
	return c
}

func (l onSocket) conn() waits.Conn {
	if l.local == "" {
		return waits.Conn{}
	}
	return waits.ConnOf(netip.MustParseAddrPort(l.local), netip.MustParseAddrPort(l.remote))
}

// perform runs all rules over a play.
func (p *play) perform(t *testing.T) *analyze.Result {
	t.Helper()
	res, err := analyze.Run(t.Context(), p.caseOf(t), All())
	if err != nil || len(res.Broken) > 0 {
		t.Fatalf("%v %v", err, res.Broken)
	}
	actable(t, res)
	return res
}

// randomNames replaces what a program, an admin or a schema could have called otherwise.
func randomNames(rng *rand.Rand) *strings.Replacer {
	word := func() string {
		const letters = "bcdfghklmnprstvz"
		var b strings.Builder
		for range 3 {
			b.WriteByte(letters[rng.IntN(len(letters))])
			b.WriteByte("aeiou"[rng.IntN(5)])
		}
		return b.String()
	}
	class := func() string { w := word(); return strings.ToUpper(w[:1]) + w[1:] }
	return strings.NewReplacer("com.acme.", "io."+word()+"."+word()+".", "AccountDao", class(), "ExportJob", class(), "Ledger", class(), "accounts", word(),
		"orders", word(), "n1", "w"+word(), "n2", "x"+word(), "n3", "y"+word(), "shop", word(), "debit", word(), "pause", word())
}

// Stacks of threads that wait for the database, innermost first.
const (
	pgWait = socketRead + "org.postgresql.core.VisibleBufferedInputStream.readMore(VisibleBufferedInputStream.java:161)\n" +
		"org.postgresql.core.v3.QueryExecutorImpl.execute(QueryExecutorImpl.java:355)\norg.postgresql.jdbc.PgPreparedStatement.executeUpdate(PgPreparedStatement.java:155)\n"
	debits  = pgWait + "com.acme.AccountDao.debit(AccountDao.java:61)" + served
	exports = sleeping + "com.acme.ExportJob.pause(ExportJob.java:88)\ncom.acme.ExportJob.run(ExportJob.java:52)" + served
	sums    = pgWait + "com.acme.ReportJob.sum(ReportJob.java:30)\ncom.acme.ReportJob.run(ReportJob.java:20)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)"
)

// worker names the k-th request thread.
func worker(k int) string { return fmt.Sprintf("http-nio-8090-exec-%d", k) }

// waiter is a JVM of a node of which so many request threads want the rows of accounts, each on its own connection.
func waiter(node, n int) *actor {
	a := &actor{node: fmt.Sprintf("n%d", node), at: map[string]onSocket{}}
	for k := 1; k <= n; k++ {
		a.at[worker(k)] = toDB(node, 50000+k)
	}
	a.act = func(_ int, s *stage) {
		s.system()
		for k := 1; k <= n; k++ {
			s.thread(worker(k), "RUNNABLE", 5*time.Millisecond, debits)
		}
		s.idle("http-nio-8090", n+1, n+4)
	}
	return a
}

// sleeper is a JVM of a node of which one request thread sleeps, with its transaction open on a connection at which it is
// in no call.
func sleeper(node int) *actor {
	return &actor{node: fmt.Sprintf("n%d", node), at: map[string]onSocket{}, open: []onSocket{toDB(node, 50100)}, act: func(_ int, s *stage) {
		s.system()
		s.thread(worker(7), "TIMED_WAITING", 5*time.Millisecond, exports)
		s.idle("http-nio-8090", 8, 15)
	}}
}

// wants is a session that waits for others since before the first round.
func wants(id int64, client string, by ...int64) sessions.Session {
	since := playStart.Add(-4 * time.Second)
	return sessions.Session{ID: id, Client: client, User: "shop", State: sessions.Active, TransactionSince: since, QuerySince: since, StateSince: since,
		WaitType: "Lock", WaitEvent: "transactionid", BlockedBy: by,
		Lock:      &sessions.Lock{Relation: "public.accounts", Type: "transactionid", Mode: "ShareLock", Since: since},
		Statement: "UPDATE accounts SET balance = balance - ? WHERE id = ?"}
}

// keeps is a session that is idle in a transaction since before the first round.
func keeps(id int64, client string) sessions.Session {
	since := playStart.Add(-9 * time.Second)
	return sessions.Session{ID: id, Client: client, User: "shop", Application: "PostgreSQL JDBC Driver", State: sessions.IdleInTransaction, TransactionSince: since,
		QuerySince: since, StateSince: since, WaitType: "Client", WaitEvent: "ClientRead", Statement: "UPDATE accounts SET locked = ? WHERE region = ?"}
}
