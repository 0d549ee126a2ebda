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
	"casefile/analyze/waits"
	"casefile/bundle/format/sessions"
)

// rowLock is a row that a sleeping thread of n2 keeps, and 20 request threads of n1 and n3 want.
func rowLock() *play {
	p := &play{rounds: 3, gap: 10 * time.Second, actors: []*actor{waiter(1, 10), sleeper(2), waiter(3, 10)}}
	p.sessions = func(i int, now time.Time) []sessions.Session {
		list := []sessions.Session{keeps(4711, "10.0.0.2:50100")}
		for k := 1; k <= 10; k++ {
			list = append(list, wants(int64(5000+k), fmt.Sprintf("10.0.0.1:%d", 50000+k), 4711))
			list = append(list, wants(int64(6000+k), fmt.Sprintf("10.0.0.3:%d", 50000+k), 5001))
		}
		return list
	}
	return p
}

// quietly is the same load without waits: statements of milliseconds, connections of a pool that nobody uses.
func quietly() *play {
	p := rowLock()
	p.sessions = func(_ int, now time.Time) (list []sessions.Session) {
		for k := 1; k <= 10; k++ {
			for node := 1; node <= 3; node += 2 {
				list = append(list, sessions.Session{ID: int64(5000 + 100*node + k), Client: fmt.Sprintf("10.0.0.%d:%d", node, 50000+k), State: sessions.Active,
					TransactionSince: now.Add(-3 * time.Millisecond), QuerySince: now.Add(-2 * time.Millisecond), StateSince: now.Add(-2 * time.Millisecond),
					Statement: fmt.Sprintf("SELECT %d FROM accounts WHERE id = ?", k)})
			}
		}
		return append(list, sessions.Session{ID: 4711, Client: "10.0.0.2:50100", State: sessions.Idle, StateSince: now.Add(-time.Hour), QuerySince: now.Add(-time.Hour),
			WaitType: "Client", WaitEvent: "ClientRead", Statement: "COMMIT"})
	}
	for _, a := range p.actors {
		if a.node == "n2" {
			a.act = func(_ int, s *stage) { s.system(); s.idle("http-nio-8090", 7, 15) }
			continue
		}
		a.act = func(i int, s *stage) { // met in the driver in turn, with CPU between the dumps
			s.system()
			for k := 1; k <= 10; k++ {
				if (k+i)%3 == 0 {
					s.thread(worker(k), "RUNNABLE", time.Duration(5+100*i)*time.Millisecond, debits)
				} else {
					s.thread(worker(k), "WAITING", time.Duration(5+100*i)*time.Millisecond, idleStack)
				}
			}
			s.idle("http-nio-8090", 11, 14)
		}
	}
	return p
}

func TestRowLockOfAnotherNode(t *testing.T) {
	res := rowLock().perform(t)
	f := res.Findings[0]
	if f.ID != ids.DBLockWait || f.Severity != analyze.Critical || f.Confidence != analyze.High {
		t.Fatalf("first is %s %s (%s)\n%s", f.Severity, f.ID, f.Confidence, show(res.Findings))
	}
	all := f.Title + f.Chain + f.Explanation
	for _, part := range []string{"20 request threads on n1 and n3", "row lock on table accounts", "session 4711", "idle in transaction", "n2 shop", worker(7),
		"ExportJob.pause", "UPDATE accounts SET locked = ? WHERE region = ?", "UPDATE accounts SET balance = balance - ? WHERE id = ?", "the longest for 24 s"} {
		if !strings.Contains(all, part) {
			t.Errorf("not told: %q in\n%s", part, show(res.Findings[:1]))
		}
	}
	if want := []string{"n1", "n2", "n3"}; !slices.Equal(f.Nodes, want) {
		t.Errorf("nodes %v, want %v", f.Nodes, want)
	}
	claims(t, res, ids.DBLockWait, "n1", 0.9)
	for _, o := range res.Findings[1:] {
		if o.Severity.AtLeast(analyze.Warning) && o.ID != ids.ThreadPoolExhausted {
			t.Errorf("told again: %s %s: %s", o.Severity, o.ID, o.Title)
		}
	}
}

// claims holds that a finding explains that share of what the request threads of a node lost.
func claims(t *testing.T, res *analyze.Result, id, node string, share float64) {
	t.Helper()
	for _, s := range res.Loss {
		if s.Node != node {
			continue
		}
		lost, by := 0.0, 0.0
		for _, p := range s.Parts {
			if p.Kind == "idle" || p.Kind == "cpu" || p.Kind == "running" {
				continue
			}
			lost += p.Share
			if p.ClaimedBy == id {
				by += p.Share
			}
		}
		if lost == 0 || by < share*lost {
			t.Errorf("%s claims %.2f of %.2f lost on %s", id, by, lost, node)
		}
	}
}

func TestNamesDoNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, made := range map[string]func() *play{"row lock": rowLock, "quiet": quietly, "circle": circle, "slow": slowQuery, "behind a pooler": pooled} {
		var want []string
		for _, f := range made().perform(t).Findings {
			want = append(want, fmt.Sprint(f.Severity, f.ID, f.Confidence, len(f.Evidence), len(f.Advice)))
		}
		for range 4 {
			p := made()
			p.renamed = randomNames(rng)
			var got []string
			for _, f := range p.perform(t).Findings {
				got = append(got, fmt.Sprint(f.Severity, f.ID, f.Confidence, len(f.Evidence), len(f.Advice)))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: with other names %v, not %v", name, got, want)
			}
		}
	}
}

func TestQuietDatabase(t *testing.T) {
	for name, p := range map[string]*play{"short statements": quietly(), "analytic query of a job": analytic(), "short turns": turns(false)} {
		for _, f := range p.perform(t).Findings {
			if f.Severity.AtLeast(analyze.Warning) {
				t.Errorf("%s: %s", name, show([]analyze.Finding{f}))
			}
		}
	}
}

// analytic is a query that runs for an hour, for a job.
func analytic() *play {
	p := quietly()
	short := p.sessions
	job := &actor{node: "n4", at: map[string]onSocket{"report-1": toDB(4, 50200)}, act: func(_ int, s *stage) {
		s.system()
		s.thread("report-1", "RUNNABLE", 0, sums)
		s.idle("http-nio-8090", 1, 6)
	}}
	p.actors = append(p.actors, job)
	p.sessions = func(i int, now time.Time) []sessions.Session {
		since := now.Add(-time.Hour)
		return append(short(i, now), sessions.Session{ID: 9000, Client: "10.0.0.4:50200", State: sessions.Active, TransactionSince: since, QuerySince: since,
			StateSince: since, WaitType: "IO", WaitEvent: "DataFileRead", Statement: "SELECT sum(total) FROM orders GROUP BY region"})
	}
	return p
}

// turns is sessions that hold a row in turn for moments; many threads are behind them, or three.
func turns(many bool) *play {
	p := quietly()
	if many {
		p = rowLock()
	}
	p.sessions = func(i int, now time.Time) (list []sessions.Session) {
		for k := 1; k <= 10; k++ {
			if !many && (k+i)%3 != 0 {
				continue
			}
			s := wants(int64(5000+k), fmt.Sprintf("10.0.0.1:%d", 50000+k), int64(7000+i))
			s.TransactionSince, s.QuerySince, s.StateSince, s.Lock.Since = now.Add(-300*time.Millisecond), now.Add(-200*time.Millisecond), now.Add(-200*time.Millisecond), now.Add(-200*time.Millisecond)
			list = append(list, s)
		}
		return append(list, sessions.Session{ID: int64(7000 + i), Client: "10.9.9.9:4000", State: sessions.Active, TransactionSince: now.Add(-20 * time.Millisecond),
			QuerySince: now.Add(-10 * time.Millisecond), StateSince: now.Add(-10 * time.Millisecond), Statement: "UPDATE accounts SET balance = ? WHERE id = ?"})
	}
	return p
}

func TestHotRow(t *testing.T) {
	res := turns(true).perform(t)
	f := find(res, ids.DBLockWait)
	if f == nil || !f.Severity.AtLeast(analyze.Warning) || !contains(f.Title, "in turn") || !contains(f.Title, "accounts") {
		t.Errorf("%s", show(res.Findings))
	}
}

// circle is two JVMs that each hold a row and want the other's, one of them through a Java lock.
func circle() *play {
	const want = "com.acme.Ledger.post(Ledger.java:41)\n- waiting to lock <0x00000000f1000010> (a com.acme.Ledger)" + served
	const hold = pgWait + "com.acme.AccountDao.debit(AccountDao.java:61)\ncom.acme.Ledger.post(Ledger.java:44)\n- locked <0x00000000f1000010> (a com.acme.Ledger)" + served
	first := &actor{node: "n1", at: map[string]onSocket{worker(2): toDB(1, 50002)}, open: []onSocket{toDB(1, 50001)}, act: func(_ int, s *stage) {
		s.system()
		s.thread(worker(1), "BLOCKED", time.Millisecond, want)
		s.thread(worker(2), "RUNNABLE", time.Millisecond, hold)
		s.idle("http-nio-8090", 3, 9)
	}}
	second := &actor{node: "n2", at: map[string]onSocket{worker(1): toDB(2, 50001)}, act: func(_ int, s *stage) {
		s.system()
		s.thread(worker(1), "RUNNABLE", time.Millisecond, debits)
		s.idle("http-nio-8090", 3, 9)
	}}
	p := &play{rounds: 3, gap: 10 * time.Second, actors: []*actor{first, second}}
	p.sessions = func(i int, now time.Time) []sessions.Session {
		return []sessions.Session{
			keeps(101, "10.0.0.1:50001"),                                  // of exec-1 on n1, which waits for the Java lock
			wants(102, "10.0.0.1:50002", 201),                             // of exec-2 on n1, which has the Java lock
			wants(201, "10.0.0.2:50001", 101),                             // of exec-1 on n2
			{ID: 7, Kind: "autovacuum worker", State: sessions.Active},    // nobody's
			{ID: 8, Client: "10.7.7.7:999", State: sessions.State("odd")}, // of another client
		}
	}
	return p
}

func TestDistributedDeadlock(t *testing.T) {
	res := circle().perform(t)
	f := res.Findings[0]
	if f.ID != ids.DistributedDeadlock || f.Severity != analyze.Critical || f.Confidence != analyze.Medium {
		t.Fatalf("%s", show(res.Findings))
	}
	for _, part := range []string{"3 threads", "Ledger", "row lock on table accounts", "n1 shop", "n2 shop", "pg_terminate_backend("} {
		if !strings.Contains(show(res.Findings[:1])+f.Chain, part) {
			t.Errorf("not told: %q in\n%s", part, show(res.Findings[:1]))
		}
	}
	if find(res, ids.DBLockWait) != nil {
		t.Error("a circle is told of as a mere wait too")
	}
	twin := circle()
	before := twin.sessions
	twin.sessions = func(i int, now time.Time) []sessions.Session {
		list := before(i, now)
		list[2].BlockedBy, list[2].Lock, list[2].WaitType = nil, nil, "" // it runs: the chain has an end
		return list
	}
	if found := find(twin.perform(t), ids.DistributedDeadlock); found != nil {
		t.Errorf("no circle: %s", found.Title)
	}
}

// slowQuery is a statement that many request threads wait for, seconds each.
func slowQuery() *play {
	p := rowLock()
	p.sessions = func(i int, now time.Time) (list []sessions.Session) {
		for k := 1; k <= 10; k++ {
			for node := 1; node <= 3; node += 2 {
				since := now.Add(-time.Duration(1500+100*k) * time.Millisecond)
				list = append(list, sessions.Session{ID: int64(5000 + 100*node + k), Client: fmt.Sprintf("10.0.0.%d:%d", node, 50000+k), State: sessions.Active,
					TransactionSince: since, QuerySince: since, StateSince: since, WaitType: "IO", WaitEvent: "DataFileRead", Digest: "77",
					Statement: "SELECT * FROM orders WHERE lower(name) = ?"})
			}
		}
		return list
	}
	p.counted = []sessions.Statement{{Digest: "77", Text: "SELECT * FROM orders WHERE lower(name) = ?", Calls: 240, TotalMS: 480_000, MeanMS: 2000, Rows: 240, BlocksRead: 2_400_000, Line: 9}}
	return p
}

func TestSlowStatement(t *testing.T) {
	res := slowQuery().perform(t)
	f := res.Findings[0]
	if f.ID != ids.SlowStatement || f.Severity != analyze.Critical {
		t.Fatalf("%s", show(res.Findings))
	}
	for _, part := range []string{"SELECT * FROM orders WHERE lower(name) = ?", "240 runs", "2000 ms each", "the server's disk", "EXPLAIN", "20 request threads on n1 and n3"} {
		if !strings.Contains(show(res.Findings[:1]), part) {
			t.Errorf("not told: %q in\n%s", part, show(res.Findings[:1]))
		}
	}
	if o := find(res, ids.SlowDownstream); o != nil && o.Severity.AtLeast(analyze.Warning) {
		t.Errorf("told again: %s", o.Title)
	}
}

// pooled is the row lock with a pooler between: the ports that the server names are the pooler's.
func pooled() *play {
	p := rowLock()
	before := p.sessions
	p.sessions = func(i int, now time.Time) []sessions.Session {
		list := before(i, now)
		for k := range list {
			list[k].Client = fmt.Sprintf("10.0.0.8:%d", 33000+k)
		}
		return list
	}
	p.own = sessions.Own{ID: 1, Local: "10.0.0.1:40000", Seen: "10.0.0.8:33999"}
	return p
}

func TestBehindAPooler(t *testing.T) {
	res := pooled().perform(t)
	f := find(res, ids.DBLockWait)
	if f == nil || f.Confidence != analyze.Low || f.Severity != analyze.Warning {
		t.Fatalf("%s", show(res.Findings))
	}
	if !contains(f.Explanation, "a pooler, a proxy or address translation stands between") || contains(f.Title, "n2 shop") {
		t.Errorf("%s", show([]analyze.Finding{*f}))
	}
}

// A server that was asked once: threads that have not moved since wait for the same.
func TestOneLook(t *testing.T) {
	p := rowLock()
	c := p.caseOf(t)
	c.Databases = c.Databases[:1]
	res, err := analyze.Run(t.Context(), c, All())
	if err != nil || len(res.Findings) == 0 || res.Findings[0].ID != ids.DBLockWait || res.Findings[0].Weight < 0.7 {
		t.Errorf("%v %s", err, show(res.Findings))
	}
	claims(t, res, ids.DBLockWait, "n1", 0.9)
}

// Without the calls of the threads the sockets still tell whose process each session is.
func TestWithoutCalls(t *testing.T) {
	p := rowLock()
	for _, a := range p.actors {
		a.skip = true
	}
	f := p.perform(t).Findings[0]
	if f.ID != ids.DBLockWait || f.Severity != analyze.Critical || f.Confidence != analyze.Medium || !contains(f.Title, "20 request threads on n1 and n3") ||
		!contains(f.Title, "n2 shop") || !contains(f.Explanation, "joined to the sessions of their own process") {
		t.Errorf("%s", show([]analyze.Finding{f}))
	}
}

// Of two sessions that wait for a thread of one process, the one thread at work there has at most one.
func TestTwoOpenTransactions(t *testing.T) {
	p := rowLock()
	p.actors[1].open = append(p.actors[1].open, toDB(2, 50101))
	before := p.sessions
	p.sessions = func(i int, now time.Time) []sessions.Session {
		return append(before(i, now), keeps(4712, "10.0.0.2:50101"))
	}
	f := p.perform(t).Findings[0]
	if f.ID != ids.DBLockWait || contains(f.Title, worker(7)) || !contains(f.Title, "n2 shop") || !contains(f.Explanation, "it can be "+worker(7)) {
		t.Errorf("%s", show([]analyze.Finding{f}))
	}
}

// A thread that was seen at the socket since the transaction began has it, whoever else is at work.
func TestSeenAtTheSocket(t *testing.T) {
	p := rowLock()
	before := p.actors[1].act
	p.actors[1].act = func(i int, s *stage) {
		before(i, s)
		s.thread("mail-1", "TIMED_WAITING", 0, sleeping+"com.acme.Mailer.retry(Mailer.java:7)\ncom.acme.Mailer.send(Mailer.java:5)\ncom.acme.Mailer.run(Mailer.java:3)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
	}
	if f := p.perform(t).Findings[0]; contains(f.Title, worker(7)) {
		t.Errorf("one of two: %s", f.Title)
	}
	nid := int64(0x1000 + 6) // five threads of the JVM come first
	p.actors[1].sees = []waits.Sample{{Call: waits.Call{NID: nid, Name: "poll", Conn: toDB(2, 50100).conn(), Line: 4}, Count: 3, Last: playStart.Add(-2 * time.Second)}}
	f := p.perform(t).Findings[0]
	if !contains(f.Title, worker(7)) || !contains(f.Explanation, "last seen at its socket in the same transaction") {
		t.Errorf("%s", show([]analyze.Finding{f}))
	}
	p.actors[1].sees[0].NID++ // who has nothing to do any more
	if f := p.perform(t).Findings[0]; contains(f.Title, worker(8)) || !contains(f.Explanation, worker(8)+" was seen at it last") {
		t.Errorf("%s", show([]analyze.Finding{f}))
	}
	p.actors[1].sees[0].NID--
	p.actors[1].sees[0].Last = playStart.Add(-time.Minute) // before the transaction began
	if f := p.perform(t).Findings[0]; contains(f.Title, worker(7)) {
		t.Errorf("seen in another transaction: %s", f.Title)
	}
}

func TestIdleInTransaction(t *testing.T) {
	repeated := find(rowLock().perform(t), ids.IdleInTransaction)
	if repeated == nil || repeated.Severity != analyze.Info {
		t.Errorf("next to the lock that it explains: %v", repeated)
	}
	alone := &play{rounds: 3, gap: 10 * time.Second, actors: []*actor{sleeper(2)}}
	old := func(age time.Duration) func(int, time.Time) []sessions.Session {
		return func(_ int, now time.Time) []sessions.Session {
			s := keeps(4711, "10.0.0.2:50100")
			s.TransactionSince, s.StateSince, s.QuerySince = playStart.Add(-age), playStart.Add(-age), playStart.Add(-age)
			return []sessions.Session{s}
		}
	}
	for _, c := range []struct {
		age  time.Duration
		want analyze.Severity
		code bool // that keeps it open can be told: no thread of these dumps is as old as ten minutes
	}{{10 * time.Minute, analyze.Warning, false}, {time.Minute, analyze.Info, true}} {
		alone.sessions = old(c.age)
		f := find(alone.perform(t), ids.IdleInTransaction)
		if f == nil || f.Severity != c.want || contains(f.Title, "ExportJob.pause") != c.code || contains(f.Explanation, "ExportJob.run") != c.code {
			t.Errorf("idle for %s: %v", c.age, f)
		}
	}
	alone.sessions = func(_ int, now time.Time) []sessions.Session { // between two statements
		s := keeps(4711, "10.0.0.2:50100")
		s.TransactionSince, s.StateSince, s.QuerySince = now.Add(-time.Second), now.Add(-5*time.Millisecond), now.Add(-6*time.Millisecond)
		return []sessions.Session{s}
	}
	if f := find(alone.perform(t), ids.IdleInTransaction); f != nil {
		t.Errorf("between two statements: %s", f.Title)
	}
}

func TestSlowFile(t *testing.T) {
	const syncs = "sun.nio.ch.FileDispatcherImpl.force0(java.base@17.0.15/Native Method)\nsun.nio.ch.FileDispatcherImpl.force(java.base@17.0.15/FileDispatcherImpl.java:82)\n" +
		"sun.nio.ch.FileChannelImpl.force(java.base@17.0.15/FileChannelImpl.java:465)\ncom.acme.Journal.sync(Journal.java:20)" + served
	act := func(n int) *actor {
		a := &actor{node: "n1", at: map[string]onSocket{}, act: func(_ int, s *stage) {
			s.system()
			for k := 1; k <= n; k++ {
				s.thread(worker(k), "RUNNABLE", time.Millisecond, syncs)
			}
			s.idle("http-nio-8090", n+1, 12)
		}}
		for k := 1; k <= n; k++ {
			a.at[worker(k)] = onSocket{call: "fsync", file: "/data/journal/segment-1"}
		}
		return a
	}
	none := func(int, time.Time) []sessions.Session { return nil }
	f := find((&play{rounds: 3, gap: 10 * time.Second, actors: []*actor{act(6)}, sessions: none}).perform(t), ids.SlowFile)
	if f == nil || !f.Severity.AtLeast(analyze.Warning) || !contains(f.Title, "fsync of /data/journal/segment-1") {
		t.Errorf("%v", f)
	}
	if f := find((&play{rounds: 3, gap: 10 * time.Second, actors: []*actor{act(1)}, sessions: none}).perform(t), ids.SlowFile); f != nil {
		t.Errorf("one thread: %s", f.Title)
	}
}
