package rules

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/threads"
)

// asking are the innermost frames of a thread that waits for PostgreSQL.
const asking = socketRead + "org.postgresql.core.VisibleBufferedInputStream.readMore(VisibleBufferedInputStream.java:161)\n" +
	"org.postgresql.core.v3.QueryExecutorImpl.execute(QueryExecutorImpl.java:355)\norg.postgresql.jdbc.PgStatement.execute(PgStatement.java:434)\n"

// Whatever the pool is called: below getConnection a thread waits for what the pool asks, not for a statement of the program.
func TestPoolsThatTestWhatIsBorrowed(t *testing.T) {
	for _, c := range []struct {
		name, between string
		title, advice string // patterns; of advice the setting too
	}{
		{"HikariCP", "com.zaxxer.hikari.pool.PoolBase.isConnectionDead(PoolBase.java:170)\ncom.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:166)\n" +
			"com.zaxxer.hikari.HikariDataSource.getConnection(HikariDataSource.java:99)", "until HikariCP has tested the connection", "connectionTestQuery"},
		{"c3p0", "com.mchange.v2.c3p0.impl.DefaultConnectionTester.activeCheckConnection(DefaultConnectionTester.java:130)\n" +
			"com.mchange.v2.resourcepool.BasicResourcePool.checkoutResource(BasicResourcePool.java:600)\n" +
			"com.mchange.v2.c3p0.impl.AbstractPoolBackedDataSource.getConnection(AbstractPoolBackedDataSource.java:140)", "until c3p0 has tested", "testConnectionOnCheckout"},
		{"DBCP", "org.apache.commons.dbcp2.PoolableConnection.validate(PoolableConnection.java:300)\n" +
			"org.apache.commons.dbcp2.PoolableConnectionFactory.validateObject(PoolableConnectionFactory.java:600)\n" +
			"org.apache.commons.pool2.impl.GenericObjectPool.borrowObject(GenericObjectPool.java:300)\n" +
			"org.apache.commons.dbcp2.BasicDataSource.getConnection(BasicDataSource.java:711)", "until DBCP has tested", "testOnBorrow"},
		{"Tomcat JDBC, below Hibernate", "org.apache.tomcat.jdbc.pool.PooledConnection.validate(PooledConnection.java:520)\n" +
			"org.apache.tomcat.jdbc.pool.ConnectionPool.borrowConnection(ConnectionPool.java:770)\n" +
			"org.apache.tomcat.jdbc.pool.ConnectionPool.getConnection(ConnectionPool.java:190)\n" +
			"org.hibernate.engine.jdbc.connections.internal.DatasourceConnectionProviderImpl.getConnection(DatasourceConnectionProviderImpl.java:120)",
			"until Tomcat JDBC pool has tested", "testOnBorrow"},
		{"prepared, not tested", "com.alibaba.druid.pool.DruidAbstractDataSource.initPhysicalConnection(DruidAbstractDataSource.java:1500)\n" +
			"com.alibaba.druid.pool.DruidDataSource.getConnection(DruidDataSource.java:1200)", "for what Druid asks before it hands out", "Druid"},
	} {
		cs := caseOf(parseText(t, "dumps.txt", scene(4, every, func(_ int, s *stage) {
			s.system()
			for k := 1; k <= 8; k++ {
				s.thread(workers(k)[0], "RUNNABLE", s.at/100, asking+c.between+"\ncom.acme.OrderDao.find(OrderDao.java:22)"+served)
			}
			s.idle("http-nio-8090", 9, 16)
		})))
		res := run(t, cs)
		f := find(res, "slow-downstream")
		if f == nil || !f.Severity.AtLeast(analyze.Warning) {
			t.Fatalf("%s: %s", c.name, show(res.Findings))
		}
		complete(t, *f)
		if a := f.Advice[0]; !strings.Contains(f.Title, c.title) || !strings.Contains(a.Action+a.Setting, c.advice) {
			t.Errorf("%s: %s -> %+v", c.name, f.Title, a)
		}
	}
}

// A statement that a pool's own object runs for the program, and a connection that is opened, are no tests.
func TestStatementsThatAreNoTests(t *testing.T) {
	for name, between := range map[string]string{
		"statement": "com.zaxxer.hikari.pool.ProxyStatement.execute(ProxyStatement.java:95)\ncom.zaxxer.hikari.pool.HikariProxyStatement.execute(HikariProxyStatement.java)",
		"login": "org.postgresql.Driver.connect(Driver.java:260)\norg.apache.commons.dbcp2.DriverConnectionFactory.createConnection(DriverConnectionFactory.java:53)\n" +
			"org.apache.commons.dbcp2.BasicDataSource.getConnection(BasicDataSource.java:711)",
	} {
		res := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(_ int, s *stage) {
			for k := 1; k <= 8; k++ {
				s.thread(workers(k)[0], "RUNNABLE", 0, asking+between+"\ncom.acme.OrderDao.find(OrderDao.java:22)"+served)
			}
		}))))
		f := find(res, "slow-downstream")
		if f == nil || strings.Contains(f.Title, "tested") || strings.Contains(f.Title, "hands out") {
			t.Errorf("%s: %s", name, show(res.Findings))
		}
	}
}

// Threads that are found in one call again and again tell by how often they came back from it whether one call is slow or there are many.
func TestManyShortCallsAreNoSlowStatement(t *testing.T) {
	for _, c := range []struct {
		name   string
		often  int // times that each thread was given a CPU between two dumps
		inRows bool
		many   bool
	}{{"one for each row", 2000, false, true}, {"slow", 3, false, false}, {"reads rows", 2000, true, false}} {
		stack := asking
		if c.inRows {
			stack = socketRead + "org.postgresql.core.v3.QueryExecutorImpl.fetch(QueryExecutorImpl.java:2700)\norg.postgresql.jdbc.PgResultSet.next(PgResultSet.java:2100)\n"
		}
		dumps := parseText(t, "dumps.txt", scene(4, every, func(i int, s *stage) {
			for k := 1; k <= 8; k++ {
				s.thread(workers(k)[0], "RUNNABLE", time.Duration(i*c.often)*50*time.Microsecond, stack+
					"com.acme.ItemDao.load(ItemDao.java:22)\ncom.acme.Basket.show(Basket.java:9)"+served)
			}
		}))
		var cpu []threads.CPUSample
		for i, d := range dumps {
			one := threads.CPUSample{Time: d.Time, Threads: map[int64]threads.ThreadCPU{}}
			for k := int64(1); k <= 8; k++ {
				one.Threads[0x1000+k] = threads.ThreadCPU{CPU: time.Duration(i) * 10 * time.Millisecond, State: 'S', Switches: uint64(1 + i*c.often)}
			}
			cpu = append(cpu, one)
		}
		res := run(t, seriesCase(threads.NewSeries(dumps, cpu)))
		f := find(res, "slow-downstream")
		if f == nil || !f.Severity.AtLeast(analyze.Warning) {
			t.Fatalf("%s: %s", c.name, show(res.Findings))
		}
		complete(t, *f)
		if many := strings.Contains(f.Title, "many short calls"); many != c.many {
			t.Errorf("%s: %s", c.name, f.Title)
		}
		if c.many && (!strings.Contains(f.Title, fmt.Sprintf("about %d a second each", c.often/10)) || !strings.Contains(f.Advice[0].Action, "ItemDao.load, called by Basket.show")) {
			t.Errorf("%s: %s -> %s", c.name, f.Title, f.Advice[0].Action)
		}
	}
}

// A client that runs so many calls at once and no more is a limit, which no thread that waits for it shows.
func TestCallsThatAClientHoldsBack(t *testing.T) {
	const call = socketRead + "okio.InputStreamSource.read(JvmOkio.kt:93)\nokhttp3.internal.connection.Exchange.readResponseHeaders(Exchange.kt:110)\n" +
		"okhttp3.internal.connection.RealCall$AsyncCall.run(RealCall.kt:519)" + taskBelow
	for _, c := range []struct {
		name    string
		running func(dump int) int
		limited bool
	}{
		{"five at once", func(int) int { return 5 }, true},
		{"as many as wait", func(int) int { return 12 }, false},
		{"now more, now fewer", func(dump int) int { return 2 + 2*dump }, false},
	} {
		res := run(t, caseOf(parseText(t, "dumps.txt", scene(4, every, func(i int, s *stage) {
			for k := 1; k <= 12; k++ {
				s.thread(workers(k)[0], "WAITING", 0, fmt.Sprintf(parked, 0xf1000040, "java.util.concurrent.CompletableFuture$Signaller")+
					"java.util.concurrent.CompletableFuture.get(java.base@17.0.15/CompletableFuture.java:2072)\ncom.acme.Rates.ask(Rates.java:7)"+served)
			}
			for k := range c.running(i) {
				s.numbered(100+k, fmt.Sprintf("OkHttp http://rates/%d", k), "RUNNABLE", s.at/50, call)
			}
		}))))
		f := find(res, "unexplained-wait")
		if f == nil {
			t.Fatalf("%s: %s", c.name, show(res.Findings))
		}
		complete(t, *f)
		if limited := strings.Contains(f.Advice[0].Setting, "setMaxRequestsPerHost"); limited != c.limited || limited && !strings.Contains(f.Title, "only 5 of these calls run at once") {
			t.Errorf("%s: %s -> %+v", c.name, f.Title, f.Advice[0])
		}
	}
}
