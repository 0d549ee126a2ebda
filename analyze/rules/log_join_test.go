package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/ids"
	"casefile/analyze/signatures"
	"casefile/bundle/format/sockets"
)

// stuckScene: one request stands in a socket read for 50 s, from 10:00:00 to 10:00:50.
func stuckScene(t *testing.T) *analyze.Case {
	t.Helper()
	pay := socketRead + "com.acme.Payment.authorize(Payment.java:9)" + served
	return caseOf(parseText(t, "threads/dumps.txt", scene(6, every, func(i int, s *stage) {
		s.system()
		s.thread("http-nio-8090-exec-1 url: /pay", "RUNNABLE", 0, pay)
		s.idle("http-nio-8090", 2, 10)
	})))
}

const confluencePattern = `%t %{X-AUSERNAME}o %I %h %r %s %Dms %b %{Referer}i %{User-Agent}i`

func accessOf(t *testing.T, lines ...string) *applog.Access {
	t.Helper()
	p, err := applog.Compile(confluencePattern)
	if err != nil {
		t.Fatal(err)
	}
	a, err := applog.ReadAccess("logs/access.log", strings.NewReader(strings.Join(lines, "\n")), []*applog.Pattern{p})
	if err != nil || a.Unparsed > 0 {
		t.Fatalf("%+v, %v", a, err)
	}
	return a
}

// accessLine is a line of the access log, in local time as the dumps are.
func accessLine(at, thread string, took time.Duration, path string) string {
	return fmt.Sprintf("[05/Jan/2026:%s +0100] jo %s 10.0.0.9 GET %s?x=1 HTTP/1.1 200 %dms 5 - -", at, thread, path, took.Milliseconds())
}

func appLog(t *testing.T, text string) *applog.Log {
	t.Helper()
	known, err := signatures.All()
	if err != nil {
		t.Fatal(err)
	}
	var marks []applog.Mark
	for _, s := range known {
		if s.InLogs() {
			marks = append(marks, applog.Mark{Kind: s.ID, Match: s.MatchLog})
		}
	}
	l, err := applog.Read("logs/catalina.out", strings.NewReader(text), marks)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestStuckRequestMeetsItsLogLine(t *testing.T) {
	reported := func(at, thread, ms string) string {
		return "05-Jan-2026 " + at + " WARNING [Catalina-utility-2] org.apache.catalina.valves.StuckThreadDetectionValve.notifyStuckThreadDetected Thread [" + thread + "] (id=[91]) has been active for [" + ms +
			"] milliseconds (since [1/5/26 9:59 AM]) to serve the same request for [http://shop/pay.action?id=7] and may be stuck (configured threshold for this StuckThreadDetectionValve is [60] seconds). There is/are [1] thread(s) in total that are monitored by this Valve and may be stuck.\n"
	}
	done := "05-Jan-2026 10:00:20.000 WARNING [x] org.apache.catalina.valves.StuckThreadDetectionValve.notifyStuckThreadCompleted Thread [http-nio-8090-exec-1] (id=[91]) was previously reported to be stuck but has completed. It was active for approximately [70,000] milliseconds.\n"
	for _, c := range []struct {
		name   string
		logs   []string
		access []string
		title  string // its end
		cites  []string
		says   string
	}{
		{name: "no logs", title: "it reads from a socket"},
		{name: "ended after the dumps", access: []string{accessLine("10:00:10", "http-nio-8090-exec-2", time.Minute, "/other"), accessLine("10:01:02", "http-nio-8090-exec-1", 70*time.Second, "/pay")},
			title: "it serves GET /pay", cites: []string{"logs/access.log:2 GET /pay by http-nio-8090-exec-1 took 70 s and ended with status 200"}},
		{name: "the request before, the one after", access: []string{accessLine("09:59:58", "http-nio-8090-exec-1", 70*time.Second, "/before"), accessLine("10:02:00", "http-nio-8090-exec-1", time.Minute, "/after")},
			title: "it reads from a socket", says: "had not ended when the log was read"},
		{name: "a log of another day says nothing", access: []string{accessLine("09:30:00", "http-nio-8090-exec-1", 70*time.Second, "/before")}, title: "it reads from a socket"},
		{name: "reported by Tomcat", logs: []string{reported("10:00:59.000", "http-nio-8090-exec-1", "63,112")},
			title: "it serves /pay.action", cites: []string{"logs/catalina.out:1 Tomcat reports http-nio-8090-exec-1 stuck for 63 s in /pay.action"}},
		{name: "another thread's report", logs: []string{reported("10:00:59.000", "http-nio-8090-exec-11", "63,112")}, title: "it reads from a socket"},
		{name: "a report of a later request", logs: []string{reported("10:01:59.000", "http-nio-8090-exec-1", "63,112")}, title: "it reads from a socket"},
		{name: "reported, and ended between the dumps", logs: []string{reported("10:00:01.000", "http-nio-8090-exec-1", "63,112"), done}, title: "it reads from a socket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cs := stuckScene(t)
			j := cs.Nodes[0].JVMs[0]
			if len(c.logs) > 0 {
				j.Logs = []*applog.Log{appLog(t, strings.Join(c.logs, ""))}
			}
			if len(c.access) > 0 {
				j.Access = []*applog.Access{accessOf(t, c.access...)}
			}
			res := run(t, cs)
			f := find(res, "stuck-thread")
			if f == nil || !strings.HasSuffix(f.Title, c.title) {
				t.Fatalf("want ... %s\n%s", c.title, show(res.Findings))
			}
			complete(t, *f)
			var cites []string
			for _, e := range f.Evidence {
				if strings.HasPrefix(e.Entry, "logs/") {
					cites = append(cites, e.Entry+":"+e.Lines+" "+e.Text)
				}
			}
			if !slices.Equal(cites, c.cites) || !strings.Contains(f.Explanation, c.says) {
				t.Errorf("cites %q, want %q\n%s", cites, c.cites, f.Explanation)
			}
			if other := find(res, "app-signature"); other != nil {
				t.Errorf("said twice: %s", other.Title)
			}
		})
	}
}

// socketsFor gives a look at the sockets at each dump: connections by the other side, and one that a client opened.
func socketsFor(c *analyze.Case, state string, remotes ...string) {
	j := c.Nodes[0].JVMs[0]
	for i, d := range j.Dumps.Dumps {
		snap := &sockets.Snapshot{PID: 4711, Taken: d.Time.Add(20 * time.Millisecond), Sockets: []sockets.Socket{
			{Local: netip.MustParseAddrPort("0.0.0.0:8090"), Remote: netip.MustParseAddrPort("0.0.0.0:0"), State: "LISTEN"}}}
		for k := range 40 {
			snap.Sockets = append(snap.Sockets, sockets.Socket{Local: netip.MustParseAddrPort("10.0.0.1:8090"), Remote: netip.AddrPortFrom(netip.MustParseAddr("10.9.9.9"), uint16(40000+k)), State: "ESTABLISHED"})
		}
		for k, r := range remotes {
			snap.Sockets = append(snap.Sockets, sockets.Socket{Local: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), uint16(50000+100*i+k)), Remote: netip.MustParseAddrPort(r), State: state})
		}
		j.Sockets = append(j.Sockets, analyze.Sockets{Source: fmt.Sprintf("threads/dump-%02d-sockets.tsv", i+1), Snapshot: snap})
	}
}

func times6(r string) []string { return slices.Repeat([]string{r}, 6) }

func TestDownstreamNamesThePeer(t *testing.T) {
	calls := func(stack string) *analyze.Case {
		return caseOf(parseText(t, "threads/dumps.txt", scene(4, every, func(i int, s *stage) {
			s.system()
			for k := 1; k <= 6; k++ {
				s.thread(workers(k)[0], "RUNNABLE", 0, stack)
			}
			s.idle("http-nio-8090", 7, 10)
		})))
	}
	rates := socketRead + "sun.net.www.http.HttpClient.parseHTTP(HttpClient.java:1)\ncom.acme.Rates.fetch(Rates.java:9)" + served
	for _, c := range []struct {
		name    string
		stack   string
		state   string
		remotes []string
		title   string
		lines   string // of the evidence in the table of sockets
	}{
		{name: "no sockets", stack: rates, title: "wait for an answer of an HTTP service under Rates.fetch"},
		{name: "one peer", stack: rates, state: "ESTABLISHED", remotes: append(times6("10.0.0.7:9000"), "10.0.0.8:443"), title: "wait for an answer of an HTTP service at 10.0.0.7:9000 under Rates.fetch", lines: "44"},
		{name: "two as likely", stack: rates, state: "ESTABLISHED", remotes: append(times6("10.0.0.7:9000"), times6("10.0.0.6:9000")...), title: "wait for an answer of an HTTP service under Rates.fetch", lines: "50"},
		{name: "a driver's port decides", stack: queries, state: "ESTABLISHED", remotes: append(times6("10.0.0.7:9000"), times6("10.0.0.5:5432")...), title: "wait for an answer of the database (PostgreSQL) at 10.0.0.5:5432 under OrderDao.find", lines: "50"},
		{name: "fewer connections than threads", stack: rates, state: "ESTABLISHED", remotes: []string{"10.0.0.7:9000", "10.0.0.7:9000"}, title: "wait for an answer of an HTTP service under Rates.fetch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cs := calls(c.stack)
			if c.state != "" {
				socketsFor(cs, c.state, c.remotes...)
			}
			f := find(run(t, cs), "slow-downstream")
			if f == nil || !strings.HasSuffix(f.Title, c.title) {
				t.Fatalf("want ... %s, got %+v", c.title, f)
			}
			complete(t, *f)
			lines := ""
			for _, e := range f.Evidence {
				if strings.HasSuffix(e.Entry, "-sockets.tsv") && lines == "" {
					lines = e.Lines
				}
			}
			if lines != c.lines {
				t.Errorf("cites line %q of the sockets, want %q\n%s", lines, c.lines, show([]analyze.Finding{*f}))
			}
		})
	}
}

func TestLogSignatures(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       analyze.Severity
		title      string
	}{
		{"c3p0", "2026-01-05 10:00:00,000 WARN [C3P0PooledConnectionPoolManager-AdminTaskTimer] [mchange.v2.async.ThreadPoolAsynchronousRunner] run x -- APPARENT DEADLOCK!!! Creating emergency threads\n",
			analyze.Warning, "c3p0 reports APPARENT DEADLOCK (1 log line)"},
		{"panic", "2026-01-05 10:00:00,000 FATAL [hz.confluence.event-3] [confluence.cluster.safety.ClusterPanicListener] handleEvent Received a panic event, stopping processing on the node\n", analyze.Critical, "Confluence cluster panic (1 log line)"},
		{"out of memory, twice", "05-Jan-2026 10:00:00.000 SEVERE [http-nio-8090-exec-1] a.B.c x\n java.lang.OutOfMemoryError: Java heap space\n\tat a.B.c(B.java:1)\n05-Jan-2026 10:01:00.000 SEVERE [x] a.B.c x\n java.lang.OutOfMemoryError: Java heap space\n",
			analyze.Critical, "OutOfMemoryError: heap, told by 2 lines"},
		{"long ago", "05-Jan-2026 10:00:00.000 SEVERE [http-nio-8090-exec-1] a.B.c x\n java.lang.OutOfMemoryError: Java heap space\n12-Jan-2026 10:01:00.000 INFO [x] a.B.c x\n",
			analyze.Info, "OutOfMemoryError: heap, the last 7 d before the end of the log"},
		{"healthy", "05-Jan-2026 10:00:00.000 INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [2000] milliseconds\n", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cs := caseOf(parseText(t, "threads/dumps.txt", scene(2, every, func(i int, s *stage) { s.system(); s.idle("http-nio-8090", 1, 10) })))
			// The log of the day has the same lines: they are counted once.
			cs.Nodes[0].JVMs[0].Logs = []*applog.Log{appLog(t, c.text), appLog(t, c.text)}
			res := run(t, cs)
			f := find(res, "app-signature")
			if strings.Contains(c.text, "OutOfMemoryError") {
				f = find(runOf(t, cs, ids.OutOfMemory), ids.OutOfMemory)
			}
			switch {
			case c.want == "" && len(res.Findings) > 0:
				t.Error(show(res.Findings))
			case c.want == "":
			case f == nil || f.Severity != c.want || !strings.HasPrefix(f.Title, c.title):
				t.Errorf("want %s %s\n%s", c.want, c.title, show(res.Findings))
			default:
				complete(t, *f)
				if f.Evidence[0].Entry != "logs/catalina.out" || f.Evidence[0].Lines == "" {
					t.Errorf("cites %+v", f.Evidence)
				}
			}
		})
	}
}
