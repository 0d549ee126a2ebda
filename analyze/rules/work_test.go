package rules

import (
	"fmt"
	"testing"
	"time"

	"casefile/analyze"
)

func TestHotThread(t *testing.T) {
	price := "com.acme.Prices.recompute(Prices.java:%d)\ncom.acme.Prices.run(Prices.java:5)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)"
	hot := func(share float64, threads int) string {
		return scene(4, every, func(i int, s *stage) {
			s.system()
			s.idle("http-nio-8090", 1, 10)
			for k := range threads {
				s.thread(fmt.Sprintf("prices-%d", k+1), "RUNNABLE", time.Duration(share*float64(s.at)), fmt.Sprintf(price, 20+i))
			}
		})
	}
	for _, e := range []expected{
		{name: "one core", text: hot(1, 1), found: []string{"warning hot-thread"}, title: "prices-1 uses 1 CPU core over 30 s in Prices.recompute", cites: []string{"prices-1", "prices-1"}, conf: analyze.High},
		{name: "two alike", text: hot(0.95, 2), found: []string{"warning hot-thread"}, title: "2 threads like prices-1 use 1.9 CPU cores over 30 s in Prices.recompute", cites: []string{"prices-1", "prices-1", "prices-2", "prices-2"}},
		{name: "not full", text: hot(0.7, 1), found: []string{"info hot-thread"}, title: "prices-1 uses 0.7 CPU cores over 30 s in Prices.recompute", cites: []string{"prices-1", "prices-1"}},
		{name: "busy, no more", text: hot(0.3, 1)},
	} {
		t.Run(e.name, e.check)
	}
}

func TestStuckThread(t *testing.T) {
	pay := socketRead + "com.acme.Payment.authorize(Payment.java:9)" + served
	at := func(dumps int, gap time.Duration, stack string, cpu time.Duration) string {
		return scene(dumps, gap, func(i int, s *stage) {
			s.system()
			s.thread(workers(1)[0], "RUNNABLE", time.Duration(i)*cpu, stack)
			s.idle("http-nio-8090", 2, 10)
		})
	}
	for _, e := range []expected{
		{name: "no CPU moved", text: at(4, 5*time.Second, pay, 0), found: []string{"warning stuck-thread"}, cites: workers(1, 1, 1, 1), conf: analyze.High,
			title: "http-nio-8090-exec-1 has stood in Payment.authorize for 15 s, over 4 dumps: it reads from a socket"},
		{name: "each call ends", text: at(4, 5*time.Second, pay, 200*time.Microsecond)},
		{name: "seen there too often for chance", text: at(6, every, pay, 200*time.Microsecond), found: []string{"warning stuck-thread"}, cites: workers(1, 1, 1, 1, 1, 1), conf: analyze.Medium,
			title: "http-nio-8090-exec-1 has stood in Payment.authorize for 50 s, over 6 dumps: it reads from a socket"},
		{name: "too short to tell", text: at(4, time.Second, pay, 0)},
		{name: "waits for the next request", text: at(4, 5*time.Second, socketRead+"org.apache.coyote.http11.InternalInputBuffer.fill(InternalInputBuffer.java:500)\norg.apache.coyote.http11.Http11Processor.parseRequestLine(Http11Processor.java:1)\norg.apache.tomcat.util.net.JIoEndpoint$SocketProcessor.run(JIoEndpoint.java:1)\njava.lang.Thread.run(Thread.java:1)", 0)},
		{name: "a loop on one stack is hot, not stuck", text: at(4, 5*time.Second, "com.acme.Tree.find(Tree.java:9)"+served, 5*time.Second), found: []string{"warning hot-thread"}, cites: workers(1, 1),
			title: "http-nio-8090-exec-1 uses 1 CPU core over 15 s in Tree.find"},
		{name: "not a request", text: scene(4, 5*time.Second, func(i int, s *stage) {
			s.system()
			s.idle("http-nio-8090", 1, 10)
			s.thread("ldap-listener", "RUNNABLE", 0, socketRead+"com.sun.jndi.ldap.Connection.run(Connection.java:840)\njava.lang.Thread.run(Thread.java:748)")
		})},
	} {
		t.Run(e.name, e.check)
	}
}

func TestThreadLeak(t *testing.T) {
	never := fmt.Sprintf(parked, 0xf4000010, "java.util.concurrent.CountDownLatch$Sync") + "java.util.concurrent.CountDownLatch.await(java.base@17.0.15/CountDownLatch.java:230)\ncom.acme.Report.work(Report.java:3)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)"
	grow := func(name, stack, state string, step int) string {
		return scene(4, 20*time.Second, func(i int, s *stage) {
			s.system()
			s.idle("http-nio-8090", 1, 10)
			for k := range 5 + i*step {
				s.numbered(1000+k, fmt.Sprintf(name, k), state, 0, stack)
			}
		})
	}
	for _, e := range []expected{
		{name: "grows", text: grow("report-%d", never, "WAITING", 10), found: []string{"warning thread-leak"}, conf: analyze.High,
			title: "The number of report-N threads grew from 5 to 35 in 60 s, 30 a minute, and none ended",
			cites: []string{"report-5", "report-6", "report-15", "report-16", "report-25", "report-26"}},
		{name: "grows a little", text: grow("report-%d", idleStack, "WAITING", 3)},
		{name: "a request pool that fills", text: grow("http-nio-8091-exec-%d", idleStack, "WAITING", 10)},
		{name: "started for work", text: grow("import-%d", "com.acme.Import.parse(Import.java:3)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)", "RUNNABLE", 10)},
		{name: "come and go", text: scene(4, 20*time.Second, func(i int, s *stage) {
			s.system()
			for k := range 5 + i*10 {
				s.numbered(1000+100*i+k, fmt.Sprintf("mail-%d", 100*i+k), "WAITING", 0, never)
			}
		})},
	} {
		t.Run(e.name, e.check)
	}
}

func TestThreadPoolExhausted(t *testing.T) {
	render := "com.acme.Report.render(Report.java:12)" + served
	pool := func(busy, idle func(i int) int) string {
		return scene(4, time.Second, func(i int, s *stage) {
			s.system()
			for k := range busy(i) {
				s.numbered(1000+k, workers(k + 1)[0], "RUNNABLE", s.at/1000, render)
			}
			for k := range idle(i) {
				s.numbered(2000+k, workers(100 + k)[0], "WAITING", 0, idleStack)
			}
		})
	}
	always := func(n int) func(int) int { return func(int) int { return n } }
	for _, e := range []expected{
		{name: "all busy", text: pool(always(8), always(0)), found: []string{"critical thread-pool-exhausted"}, cites: workers(1, 2, 1, 2, 1, 1), conf: analyze.High,
			title: "All 8 threads of pool http-nio-8090 are busy in 4 of 4 dumps: 100 % of them run in Report.render below PageAction.execute"},
		{name: "one idle", text: pool(always(7), always(1))},
		{name: "still growing", text: pool(func(i int) int { return 8 + 4*i }, always(0))},
		{name: "small", text: pool(always(3), always(0))},
		{name: "jobs that compute", found: []string{"info thread-pool-exhausted"}, cites: []string{"pool-1-thread-1", "pool-1-thread-2", "pool-1-thread-1", "pool-1-thread-2", "pool-1-thread-1", "pool-1-thread-1"},
			title: "All 4 threads of pool pool-1 are busy in 4 of 4 dumps: 100 % of them run in Import.parse",
			text: scene(4, time.Second, func(i int, s *stage) {
				for k := range 4 {
					s.thread(fmt.Sprintf("pool-1-thread-%d", k+1), "RUNNABLE", s.at/4, "com.acme.Import.parse(Import.java:3)\njava.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1)\njava.lang.Thread.run(java.base@17.0.15/Thread.java:840)")
				}
			})},
	} {
		t.Run(e.name, e.check)
	}
}

func TestDBPoolExhausted(t *testing.T) {
	pool := func(waiting, holding, size int) string {
		return scene(4, time.Second, func(i int, s *stage) {
			s.system()
			for k := 1; k <= waiting; k++ {
				s.thread(workers(k)[0], "TIMED_WAITING", 0, getsConn)
			}
			for k := waiting + 1; k <= waiting+holding; k++ {
				s.thread(workers(k)[0], "RUNNABLE", 0, queries)
			}
			s.idle("http-nio-8090", waiting+holding+1, size)
		})
	}
	for _, e := range []expected{
		{name: "most wait", text: pool(20, 4, 30), found: []string{"critical db-pool-exhausted"}, cites: workers(1, 21, 1, 21, 1, 21), conf: analyze.High,
			title: "20 of 30 http-nio-8090 threads wait for a database connection (HikariCP); 4 threads use the database, most under OrderDao.find"},
		{name: "nobody at work in the database", text: pool(5, 0, 30), found: []string{"warning db-pool-exhausted"}, cites: workers(1, 1, 1), title: "5 of 30 http-nio-8090 threads wait for a database connection (HikariCP) in OrderDao.find below PageAction.execute; nobody is seen to hold one"},
		{name: "one waits", text: pool(1, 4, 30)},
	} {
		e.cites = sortedByDump(e.cites)
		t.Run(e.name, e.check)
	}
	for _, c := range []struct{ app, setting, to string }{
		{"shop", "maximumPoolSize", "5"},
		{"Confluence", "hibernate.hikari.maximumPoolSize in confluence.cfg.xml", "40 (for 30 request threads)"},
	} {
		shop := caseOf(parseText(t, "x", pool(20, 4, 30)))
		shop.Nodes[0].JVMs[0].App = c.app
		if a := run(t, shop).Findings[0].Advice[1]; a.Setting != c.setting || a.To != c.to || a.From != "about 4 (connections seen in use)" {
			t.Errorf("%s: advice on the size: %+v", c.app, a)
		}
	}
}

// sortedByDump puts waiters before holders, as the rule cites them: three of each, one a dump.
func sortedByDump(names []string) []string {
	if len(names) != 6 {
		return names
	}
	return []string{names[0], names[2], names[4], names[1], names[3], names[5]}
}

func TestSlowDownstream(t *testing.T) {
	fetch := socketRead + "org.apache.http.impl.io.SessionInputBufferImpl.fillBuffer(SessionInputBufferImpl.java:153)\norg.apache.http.impl.client.CloseableHttpClient.execute(CloseableHttpClient.java:83)\ncom.acme.Recommendations.fetch(Recommendations.java:14)" + served
	calls := func(n, size int, cpu time.Duration) string {
		return scene(4, 2*time.Second, func(i int, s *stage) {
			s.system()
			for k := 1; k <= n; k++ {
				s.thread(workers(k)[0], "RUNNABLE", time.Duration(i)*cpu, fetch)
			}
			s.idle("http-nio-8090", n+1, size)
		})
	}
	for _, e := range []expected{
		{name: "three quarters", text: calls(30, 40, 0), found: []string{"critical slow-downstream"}, cites: workers(1, 2, 1, 2, 1, 1), conf: analyze.High,
			title: "30 of 40 http-nio-8090 threads wait for an answer of an HTTP service under Recommendations.fetch"},
		{name: "calls that end", text: calls(30, 40, time.Millisecond), found: []string{"critical slow-downstream"}, cites: workers(1, 2, 1, 2, 1, 1), conf: analyze.Medium,
			title: "30 of 40 http-nio-8090 threads wait for an answer of an HTTP service under Recommendations.fetch"},
		{name: "a quarter that ends", text: calls(10, 40, time.Millisecond), found: []string{"info slow-downstream"}, cites: workers(1, 2, 1, 2, 1, 1),
			title: "10 of 40 http-nio-8090 threads wait for an answer of an HTTP service under Recommendations.fetch"},
		{name: "few", text: calls(4, 10, time.Millisecond)},
		{name: "the user's own slow upload", text: scene(4, 2*time.Second, func(i int, s *stage) {
			for k := 1; k <= 8; k++ {
				s.thread(workers(k)[0], "RUNNABLE", time.Duration(i)*time.Millisecond, socketRead+"org.apache.tomcat.util.net.NioBlockingSelector.read(NioBlockingSelector.java:130)\norg.apache.coyote.http11.Http11InputBuffer.fill(Http11InputBuffer.java:1)"+served)
			}
			s.idle("http-nio-8090", 9, 10)
		})},
	} {
		t.Run(e.name, e.check)
	}
}
