package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/bundle/format/sessions"
)

// emptyPool is a row lock with a pool before it: five connections wait in the database, ten threads for one of them.
func emptyPool(behind ...int64) *play {
	a := &actor{node: "n1", at: map[string]onSocket{}}
	for k := 1; k <= 5; k++ {
		a.at[worker(k)] = toDB(1, 50000+k)
	}
	a.act = func(_ int, s *stage) {
		s.system()
		for k := 1; k <= 5; k++ {
			s.thread(worker(k), "RUNNABLE", 5*time.Millisecond, debits)
		}
		for k := 6; k <= 15; k++ {
			s.thread(worker(k), "TIMED_WAITING", 5*time.Millisecond, getsConn)
		}
		s.idle("http-nio-8090", 16, 19)
	}
	p := &play{rounds: 3, gap: 10 * time.Second, actors: []*actor{a, sleeper(2)}}
	p.sessions = func(i int, now time.Time) []sessions.Session {
		list := []sessions.Session{keeps(4711, "10.0.0.2:50100")}
		for k := 1; k <= 5; k++ {
			list = append(list, wants(int64(5000+k), fmt.Sprintf("10.0.0.1:%d", 50000+k), behind...))
		}
		return list
	}
	return p
}

// What stands behind a lock of the database through a pool is told as its consequence, and its advice is not against it.
func TestPoolBehindALock(t *testing.T) {
	res := emptyPool(4711).perform(t)
	f := res.Findings[0]
	if f.ID != ids.DBLockWait || !contains(f.Title, "15 request threads on n1") || !contains(f.Chain, "10 of them for a connection of the pool") {
		t.Fatalf("%s", show(res.Findings))
	}
	pool := find(res, ids.DBPoolExhausted)
	if pool == nil || pool.Weight > 0.9*f.Weight+1e-9 || len(pool.Advice) != 1 || !contains(pool.Advice[0].Action, "Cure db-lock-wait first") ||
		!contains(pool.Explanation, "it has 5 sessions of this process: 5 waiting for another session") {
		t.Errorf("%s", show(res.Findings))
	}
	for _, o := range res.Findings {
		for _, a := range o.Advice {
			if strings.Contains(a.Setting, "aximumPoolSize") || a.Setting == "maximumPoolSize" {
				t.Errorf("%s advises a larger pool: %s", o.ID, a.Action)
			}
		}
	}
	claims(t, res, ids.DBLockWait, "n1", 0.99)
}

// A pool whose connections are with different statements has no one cause.
func TestPoolWithoutALock(t *testing.T) {
	p := emptyPool()
	p.sessions = func(_ int, now time.Time) (list []sessions.Session) {
		for k := 1; k <= 5; k++ {
			list = append(list, sessions.Session{ID: int64(5000 + k), Client: fmt.Sprintf("10.0.0.1:%d", 50000+k), State: sessions.Active,
				QuerySince: now.Add(-20 * time.Millisecond), StateSince: now.Add(-20 * time.Millisecond), Statement: fmt.Sprintf("SELECT c%d FROM orders", k)})
		}
		return list
	}
	res := p.perform(t)
	if pool := find(res, ids.DBPoolExhausted); pool == nil || len(pool.Advice) < 2 {
		t.Errorf("%s", show(res.Findings))
	}
	for _, id := range []string{ids.DBLockWait, ids.SlowStatement, ids.IdleInTransaction} {
		if f := find(res, id); f != nil && f.Severity.AtLeast(analyze.Warning) {
			t.Errorf("%s: %s", id, f.Title)
		}
	}
}

// A pool that is empty because its connections are kept in open transactions.
func TestPoolOfOpenTransactions(t *testing.T) {
	a := &actor{node: "n1", at: map[string]onSocket{}, act: func(_ int, s *stage) {
		s.system()
		for k := 1; k <= 10; k++ {
			s.thread(worker(k), "TIMED_WAITING", 5*time.Millisecond, getsConn)
		}
		s.idle("http-nio-8090", 11, 14)
	}}
	for k := 1; k <= 5; k++ {
		a.open = append(a.open, toDB(1, 50000+k))
	}
	p := &play{rounds: 3, gap: 10 * time.Second, actors: []*actor{a}}
	p.sessions = func(int, time.Time) (list []sessions.Session) {
		for k := 1; k <= 5; k++ {
			list = append(list, keeps(int64(5000+k), fmt.Sprintf("10.0.0.1:%d", 50000+k)))
		}
		return list
	}
	res := p.perform(t)
	f := res.Findings[0]
	if f.ID != ids.IdleInTransaction || !f.Severity.AtLeast(analyze.Warning) || !contains(f.Title, "5 sessions") {
		t.Fatalf("%s", show(res.Findings))
	}
	if pool := find(res, ids.DBPoolExhausted); pool == nil || !contains(pool.Advice[0].Action, "Cure idle-in-transaction first") {
		t.Errorf("%s", show(res.Findings))
	}
}

// Threads behind a lock of their JVM whose holder waits for a row stand behind the row.
func TestJavaLockBehindARow(t *testing.T) {
	const hold = pgWait + "com.acme.AccountDao.debit(AccountDao.java:61)\ncom.acme.Ledger.post(Ledger.java:44)\n- locked <0x00000000f1000010> (a com.acme.Ledger)" + served
	const want = "com.acme.Ledger.post(Ledger.java:41)\n- waiting to lock <0x00000000f1000010> (a com.acme.Ledger)" + served
	a := &actor{node: "n1", at: map[string]onSocket{worker(1): toDB(1, 50001)}, act: func(_ int, s *stage) {
		s.system()
		s.thread(worker(1), "RUNNABLE", time.Millisecond, hold)
		for k := 2; k <= 9; k++ {
			s.thread(worker(k), "BLOCKED", time.Millisecond, want)
		}
		s.idle("http-nio-8090", 10, 13)
	}}
	p := &play{rounds: 3, gap: 10 * time.Second, actors: []*actor{a, sleeper(2)}}
	p.sessions = func(i int, now time.Time) []sessions.Session {
		return []sessions.Session{keeps(4711, "10.0.0.2:50100"), wants(5001, "10.0.0.1:50001", 4711)}
	}
	res := p.perform(t)
	if f := res.Findings[0]; f.ID != ids.DBLockWait || !contains(f.Title, "9 request threads on n1") || !contains(f.Chain, "8 of them for a Java lock") {
		t.Fatalf("%s", show(res.Findings))
	}
	if lock := find(res, ids.LockContention); lock == nil || lock.Weight > 0.9*res.Findings[0].Weight+1e-9 {
		t.Errorf("%s", show(res.Findings))
	}
}

// asks is a stack of a thread that waits for an answer over HTTP.
const asks = socketRead + "java.io.BufferedInputStream.read(java.base@17.0.15/BufferedInputStream.java:343)\n" +
	"sun.net.www.http.HttpClient.parseHTTP(java.base@17.0.15/HttpClient.java:758)\ncom.acme.PriceClient.fetch(PriceClient.java:20)" + served

// The address is the one at which the threads are, not one of those to which there are as many connections; and where it
// is a captured process of another node, that is said.
func TestExactPeers(t *testing.T) {
	a := &actor{node: "n1", at: map[string]onSocket{}}
	b := &actor{node: "n2", at: map[string]onSocket{}, act: func(_ int, s *stage) { s.system(); s.idle("http-nio-8090", 1, 9) }}
	for k := 1; k <= 8; k++ {
		local := fmt.Sprintf("10.0.0.1:%d", 41000+k)
		a.at[worker(k)] = onSocket{local: local, remote: "10.0.0.2:8090", call: "poll"}
		b.open = append(b.open, onSocket{local: "10.0.0.2:8090", remote: local})
		for _, other := range []string{"10.0.0.7:80", "10.0.0.8:80"} {
			a.open = append(a.open, onSocket{local: fmt.Sprintf("10.0.0.1:%d", 42000+10*k+len(a.open)), remote: other})
		}
	}
	a.act = func(_ int, s *stage) {
		s.system()
		for k := 1; k <= 8; k++ {
			s.thread(worker(k), "RUNNABLE", time.Millisecond, asks)
		}
		s.idle("http-nio-8090", 9, 12)
	}
	p := &play{rounds: 3, gap: 10 * time.Second, actors: []*actor{a, b}, sessions: func(int, time.Time) []sessions.Session { return nil }}
	f := find(p.perform(t), ids.SlowDownstream)
	if f == nil || !contains(f.Title, "at 10.0.0.2:8090") || !contains(f.Explanation, "is n2 4712-shop, which was captured too") ||
		!slices.ContainsFunc(f.Evidence, func(e analyze.Evidence) bool {
			return contains(e.Entry, "-waits.tsv") && e.Text == "8 threads in poll on connections to 10.0.0.2:8090"
		}) {
		t.Errorf("%+v", f)
	}
	a.skip = true // without the calls those with the usual ports are the likeliest, and are not it
	if f := find(p.perform(t), ids.SlowDownstream); f == nil || contains(f.Title, "10.0.0.2:8090") || !contains(f.Explanation, "one of 2") {
		t.Errorf("a guess: %+v", f)
	}
}

// Threads that wait for an answer of a node all of whose requests stand behind a lock stand behind it too; where only most
// do, it is not said.
func TestNodeBehindALock(t *testing.T) {
	a := &actor{node: "n1", at: map[string]onSocket{}}
	b := waiter(2, 10)
	before := b.act
	for k := 1; k <= 8; k++ {
		local := fmt.Sprintf("10.0.0.1:%d", 41000+k)
		a.at[worker(k)] = onSocket{local: local, remote: "10.0.0.2:8090", call: "poll"}
		b.open = append(b.open, onSocket{local: "10.0.0.2:8090", remote: local})
	}
	a.act = func(_ int, s *stage) {
		s.system()
		for k := 1; k <= 8; k++ {
			s.thread(worker(k), "RUNNABLE", time.Millisecond, asks)
		}
		s.idle("http-nio-8090", 9, 12)
	}
	p := &play{rounds: 3, gap: 10 * time.Second, actors: []*actor{a, b, sleeper(3)}}
	p.sessions = func(i int, now time.Time) []sessions.Session {
		list := []sessions.Session{keeps(4711, "10.0.0.3:50100")}
		for k := 1; k <= 10; k++ {
			list = append(list, wants(int64(5000+k), fmt.Sprintf("10.0.0.2:%d", 50000+k), 4711))
		}
		return list
	}
	f := p.perform(t).Findings[0]
	if f.ID != ids.DBLockWait || !contains(f.Title, "18 request threads on n1 and n2") || !contains(f.Chain, "8 of them for an answer of n2 shop") {
		t.Errorf("%s", show([]analyze.Finding{f}))
	}
	b.act = func(i int, s *stage) {
		before(i, s)
		for k := 20; k < 25; k++ {
			s.thread(worker(k), "RUNNABLE", time.Millisecond, "com.acme.PageAction.render(PageAction.java:5)"+served)
		}
	}
	if f := find(p.perform(t), ids.DBLockWait); f == nil || !contains(f.Title, "10 request threads on n2") {
		t.Errorf("%+v", f)
	}
}

// Whatever servers say, nothing breaks: circles of sessions, sessions that block themselves or are not there, ports that
// several have, times that are not known.
func TestOddSessions(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 9))
	for range 60 {
		p := &play{rounds: 3, gap: 10 * time.Second, actors: []*actor{waiter(1, 4), sleeper(2), waiter(3, 4)}}
		p.sessions = func(_ int, now time.Time) (list []sessions.Session) {
			moment := func() time.Time {
				if rng.IntN(4) == 0 {
					return time.Time{}
				}
				return now.Add(time.Duration(rng.IntN(100)-90) * time.Second)
			}
			for range rng.IntN(12) {
				s := sessions.Session{ID: int64(rng.IntN(8)), Client: fmt.Sprintf("10.0.0.%d:%d", 1+rng.IntN(4), 50000+rng.IntN(5)),
					State:            []sessions.State{"", sessions.Active, sessions.Idle, sessions.IdleInTransaction, "odd"}[rng.IntN(5)],
					TransactionSince: moment(), QuerySince: moment(), StateSince: moment(), Statement: []string{"", "UPDATE", "SELECT * FROM", "x"}[rng.IntN(4)]}
				if rng.IntN(5) == 0 {
					s.Client = []string{"", "localhost", "web1:50001", "[::ffff:10.0.0.1]:50002", "10.0.0.2:50100"}[rng.IntN(5)]
				}
				for range rng.IntN(3) {
					s.BlockedBy = append(s.BlockedBy, int64(rng.IntN(9)))
				}
				if rng.IntN(2) == 0 {
					s.Lock = &sessions.Lock{Type: []string{"", "tuple", "advisory"}[rng.IntN(3)], Since: moment()}
				}
				list = append(list, s)
			}
			return list
		}
		for _, f := range p.perform(t).Findings {
			if f.Title == "" || len(f.Nodes) == 0 || f.Weight < 0 || f.Weight > 1 || strings.Contains(f.Title+f.Explanation, "%!") {
				t.Fatalf("%s", show([]analyze.Finding{f}))
			}
		}
	}
}

// Workers that serve no request are worth a word when most of their pool stands behind a lock for long.
func TestWorkersBehindALock(t *testing.T) {
	for n, want := range map[int]analyze.Severity{8: analyze.Warning, 1: analyze.Info} {
		a := &actor{node: "n1", at: map[string]onSocket{}}
		a.act = func(_ int, s *stage) {
			s.system()
			for k := 1; k <= 8; k++ {
				name := fmt.Sprintf("import-%d", k)
				if k <= n {
					s.thread(name, "RUNNABLE", time.Millisecond, pgWait+"com.acme.AccountDao.debit(AccountDao.java:61)\ncom.acme.Import.run(Import.java:9)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
				} else {
					s.thread(name, "RUNNABLE", time.Duration(k)*time.Second+s.at, "com.acme.Import.parse(Import.java:30)\ncom.acme.Import.run(Import.java:7)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
				}
			}
			s.idle("http-nio-8090", 1, 4)
		}
		for k := 1; k <= n; k++ {
			a.at[fmt.Sprintf("import-%d", k)] = toDB(1, 50000+k)
		}
		p := &play{rounds: 3, gap: 10 * time.Second, actors: []*actor{a, sleeper(2)}}
		p.sessions = func(i int, now time.Time) []sessions.Session {
			list := []sessions.Session{keeps(4711, "10.0.0.2:50100")}
			for k := 1; k <= n; k++ {
				list = append(list, wants(int64(5000+k), fmt.Sprintf("10.0.0.1:%d", 50000+k), 4711))
			}
			return list
		}
		if f := find(p.perform(t), ids.DBLockWait); f == nil || f.Severity != want {
			t.Errorf("%d of 8: %+v", n, f)
		}
	}
}

// Each product is told with its own means: what ends a session, and what bounds it.
func TestAdviceOfProducts(t *testing.T) {
	for product, want := range map[string]struct{ kill, bounds, never string }{
		"postgresql": {"SELECT pg_terminate_backend(4711)", "idle_in_transaction_session_timeout lock_timeout", "KILL"},
		"mariadb":    {"KILL 4711", "idle_transaction_timeout innodb_lock_wait_timeout", "pg_terminate_backend"},
		"mysql":      {"KILL 4711", "innodb_lock_wait_timeout", "idle_"},
	} {
		p := rowLock()
		p.product = product
		f := p.perform(t).Findings[0]
		if f.ID != ids.DBLockWait {
			t.Fatalf("%s: %s", product, show([]analyze.Finding{f}))
		}
		var settings []string
		text := ""
		for i, a := range f.Advice {
			if a.Setting != "" {
				settings = append(settings, a.Setting)
			}
			text += a.Action + a.Setting
			if contains(a.Action, want.kill) && (i != len(f.Advice)-1 || a.Risk == "" || !contains(a.Action, "last resort")) {
				t.Errorf("%s: %+v", product, a)
			}
		}
		if got := strings.Join(settings, " "); got != want.bounds || !contains(text, want.kill) || contains(text, want.never) {
			t.Errorf("%s: settings %q, advice %s", product, got, text)
		}
	}
}

// A transaction that was prepared and forgotten is nobody's session.
func TestPreparedTransaction(t *testing.T) {
	p := rowLock()
	before := p.sessions
	p.sessions = func(i int, now time.Time) []sessions.Session {
		list := before(i, now)[1:]
		for k := range list {
			list[k].BlockedBy = []int64{sessions.PreparedTransaction}
		}
		return list
	}
	f := p.perform(t).Findings[0]
	if f.ID != ids.DBLockWait || !contains(f.Title, "held by a prepared transaction") || !contains(f.Advice[0].Action, "ROLLBACK PREPARED") || contains(f.Advice[0].Action, "terminate") {
		t.Errorf("%s", show([]analyze.Finding{f}))
	}
}
