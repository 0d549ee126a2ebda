package analyze

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casefile/analyze/appconf"
	"casefile/analyze/applog"
	"casefile/analyze/threads"
)

// The unit of %D is that of the server that wrote the log: of its release, of the servlets in its dumps, or the one that can be; where nothing tells,
// it is not known.
func TestDurationsByTheServer(t *testing.T) {
	const started = "28-Nov-2026 22:48:37.409 INFO [main] org.apache.catalina.core.StandardEngine.startInternal Starting Servlet engine: [Apache Tomcat/%s]\n"
	dump := func(servlet string) string {
		return "2026-11-28 22:49:00\nFull thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):\n\n" +
			"\"http-nio-8080-exec-7\" #31 daemon prio=5 os_prio=0 cpu=12.00ms elapsed=100.00s tid=0x00007f0000001000 nid=0x1001 runnable  [0x00007f0000000000]\n" +
			"   java.lang.Thread.State: RUNNABLE\n\tat com.acme.Shop.buy(Shop.java:1)\n\tat " + servlet + ".http.HttpServlet.service(HttpServlet.java:1)\n\nJNI global refs: 1, weak refs: 0\n\n"
	}
	for _, c := range []struct {
		name, log, dump string
		took, workers   int
		known           bool
		unit            time.Duration
	}{
		{"Tomcat 10", fmt.Sprintf(started, "10.1.60 (Debian)"), "", 6000, 200, true, time.Microsecond},
		{"Tomcat 9", fmt.Sprintf(started, "9.0.80"), "", 6000, 200, true, time.Millisecond},
		{"updated meanwhile", fmt.Sprintf(started, "9.0.80") + strings.Replace(fmt.Sprintf(started, "11.0.2"), "28-Nov", "29-Nov", 1), "", 6000, 200, true, time.Microsecond},
		{"servlets of Jakarta", "", dump("jakarta.servlet"), 6000, 200, true, time.Microsecond},
		{"servlets of Java EE", "", dump("javax.servlet"), 6000, 200, true, time.Millisecond},
		{"more at work than there are threads", "", "", 6000, 4, true, time.Microsecond},
		{"may be either", "", "", 6000, 200, false, time.Millisecond},
	} {
		var lines strings.Builder
		from := time.Date(2026, 11, 28, 22, 48, 0, 0, time.UTC)
		for i := range 200 {
			fmt.Fprintf(&lines, "10.0.0.9 - - [%s] \"GET /a HTTP/1.1\" 200 3 %d\n", from.Add(time.Duration(i)*time.Second).Format("02/Jan/2006:15:04:05 -0700"), c.took)
		}
		access, err := applog.ReadAccess("access", strings.NewReader(lines.String()), applog.Known())
		if err != nil || access.TookKnown {
			t.Fatal(access.TookKnown, err)
		}
		log, err := applog.Read("catalina.out", strings.NewReader(c.log), []applog.Mark{{Kind: TomcatStarts, Words: []string{"apache tomcat/"}, Match: NamesTomcat}})
		if err != nil {
			t.Fatal(err)
		}
		server := fmt.Sprintf(`<Server><Service><Connector port="8080" maxThreads="%d"/></Service></Server>`, c.workers)
		conf, err := appconf.Read("conf/server.xml", strings.NewReader(server))
		if err != nil {
			t.Fatal(err)
		}
		j := &JVM{App: "tomcat", Logs: []*applog.Log{log}, Access: []*applog.Access{access}, Conf: []*appconf.File{conf}}
		if c.dump != "" {
			dumps, _, err := threads.ParseAll("dump", strings.NewReader(c.dump))
			if err != nil {
				t.Fatal(err)
			}
			j.Dumps = threads.NewSeries(dumps, nil)
		}
		j.SettleDurations()
		if access.TookKnown != c.known || access.TookUnit != c.unit || access.Newest()[0].Took != time.Duration(c.took)*c.unit {
			t.Errorf("%s: unit %v (known %v), a request took %v; want %v (%v)", c.name, access.TookUnit, access.TookKnown, access.Newest()[0].Took, c.unit, c.known)
		}
	}
}
