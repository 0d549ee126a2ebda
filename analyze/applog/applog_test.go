package applog

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"
)

func TestLayouts(t *testing.T) {
	utc := func(ms int) time.Time { return time.Date(2022, 7, 12, 1, 8, 59, ms*1e6, time.UTC) }
	for _, c := range []struct {
		name, line, level, thread, logger string
		at                                time.Time
		zoned                             bool
	}{
		{"log4j, Atlassian", `2022-07-12 01:08:59,489 INFO [Catalina-utility-1] [confluence.cluster.hazelcast.HazelcastClusterManager] startCluster Starting`, "INFO", "Catalina-utility-1", "confluence.cluster.hazelcast.HazelcastClusterManager", utc(489), false},
		{"a thread that bears brackets", `2022-07-12 01:08:59,489 WARN [http-nio-8090-exec-7 url: /x[1]; user: jo] [c.a.Thing] text [a] [b]`, "WARN", "http-nio-8090-exec-7 url: /x[1]; user: jo", "c.a.Thing", utc(489), false},
		{"log4j, Jira", `2022-07-12 01:08:59,489+0200 http-nio-8080-exec-7 url: /x; user: jo WARN jo 68x12x1 abc 10.0.0.1 /x [c.a.jira.Thing] text`, "WARN", "http-nio-8080-exec-7 url: /x; user: jo", "", utc(489).Add(-2 * time.Hour), true},
		{"JULI", `12-Jul-2022 01:08:59.489 WARNING [Catalina-utility-2] org.apache.catalina.valves.StuckThreadDetectionValve.notifyStuckThreadDetected Thread`, "WARNING", "Catalina-utility-2", "org.apache.catalina.valves.StuckThreadDetectionValve.notifyStuckThreadDetected", utc(489), false},
		{"Spring Boot 3", `2022-07-12T01:08:59.489+02:00  INFO 4711 --- [           main] c.acme.Shop                              : Started`, "INFO", "main", "c.acme.Shop", utc(489).Add(-2 * time.Hour), true},
		{"logback", `2022-07-12 01:08:59.489 [pool-1-thread-1] ERROR com.acme.Shop - text`, "ERROR", "pool-1-thread-1", "com.acme.Shop", utc(489), false},
		{"Elasticsearch", `[2022-07-12T01:08:59,489][INFO ][o.e.n.Node               ] [node-1] started`, "INFO", "o.e.n.Node", "node-1", utc(489), false},
		{"java.util.logging", `Jul 12, 2022 1:08:59 PM org.apache.catalina.startup.Catalina start`, "", "", "", utc(0).Add(12 * time.Hour), false},
		{"java.util.logging at midnight", `Jul 12, 2022 12:08:59 AM org.apache.catalina.startup.Catalina start`, "", "", "", time.Date(2022, 7, 12, 0, 8, 59, 0, time.UTC), false},
		{"ISO in UTC", `2022-07-12T01:08:59Z WARN text`, "WARN", "", "", utc(0), true},
		{"a text with brackets", `2022-07-12 01:08:59.489 took [5] of [7]`, "", "", "", utc(489), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, ok := readHeader([]byte(c.line))
			if !ok || !h.stamp.Time.Equal(c.at) || h.stamp.ZoneKnown != c.zoned || h.level != c.level || string(h.thread) != c.thread || string(h.logger) != c.logger {
				t.Errorf("ok %v, %v zoned %v, level %q, thread %q, logger %q", ok, h.stamp.Time, h.stamp.ZoneKnown, h.level, h.thread, h.logger)
			}
		})
	}
	for _, line := range []string{"", "\tat com.acme.Shop.buy(Shop.java:1)", "2022-07-12 01:08:59", "Full thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode):",
		"2022-13-12 01:08:59,489 INFO x", "12-Foo-2022 01:08:59.489 INFO", "Jul 12, 2022 13:08:59 PM a.b.C d", "[0.123s][info][gc] Using G1 and so on"} {
		if h, ok := readHeader([]byte(line)); ok {
			t.Errorf("%q begins an entry: %+v", line, h)
		}
	}
}

const catalina = `12-Jul-2022 01:08:59.489 INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [2000] milliseconds
12-Jul-2022 01:10:00.000 WARNING [Catalina-utility-2] org.apache.catalina.valves.StuckThreadDetectionValve.notifyStuckThreadDetected Thread [http-nio-8090-exec-7 url: /x] (id=[91]) has been active for [63,112] milliseconds (since [7/12/22 1:08 AM]) to serve the same request for [http://wiki/x.action] and may be stuck (configured threshold for this StuckThreadDetectionValve is [60] seconds). There is/are [1] thread(s) in total that are monitored by this Valve and may be stuck.
 java.lang.Throwable
	at com.acme.Shop.buy(Shop.java:1)
12-Jul-2022 01:10:30.000 WARNING [Catalina-utility-1] org.apache.catalina.valves.StuckThreadDetectionValve.notifyStuckThreadCompleted Thread "http-nio-8090-exec-7" (id=91) was previously reported to be stuck but has completed. It was active for approximately 93.112 milliseconds.
	APPARENT DEADLOCK!!! in a further line
`

func TestLog(t *testing.T) {
	marks := []Mark{{Kind: "deadlock", Match: func(b []byte) bool { return bytes.Contains(b, []byte("APPARENT DEADLOCK")) }}}
	for _, r := range []io.Reader{strings.NewReader(catalina), iotest.OneByteReader(strings.NewReader(strings.TrimSuffix(catalina, "\n"))), iotest.HalfReader(strings.NewReader(strings.ReplaceAll(catalina, "\n", "\r\n")))} {
		l, err := Read("logs/catalina.out", r, marks)
		if err != nil || l.Lines != 6 || l.Entries != 3 || l.Levels["WARNING"] != 2 || l.Levels["INFO"] != 1 {
			t.Fatalf("%+v, %v", l, err)
		}
		if got := l.Last.Time.Sub(l.First.Time); got != 90*time.Second+511*time.Millisecond {
			t.Errorf("spans %v", got)
		}
		if len(l.Stuck) != 2 || l.Stucks != 2 {
			t.Fatalf("%+v", l.Stuck)
		}
		s, end := l.Stuck[0], l.Stuck[1]
		if s.Worker != "http-nio-8090-exec-7 url: /x" || s.Active != 63112*time.Millisecond || s.URL != "http://wiki/x.action" || s.Ended || s.Line != 2 || s.Thread != "Catalina-utility-2" ||
			!s.Began().Time.Equal(time.Date(2022, 7, 12, 1, 8, 56, 888e6, time.UTC)) {
			t.Errorf("%+v", s)
		}
		if end.Worker != "http-nio-8090-exec-7" || end.Active != 93112*time.Millisecond || !end.Ended || end.Line != 5 {
			t.Errorf("%+v", end)
		}
		m := l.Of("deadlock")
		if m == nil || m.Count != 1 || m.Newest[0].Line != 6 || m.Newest[0].Time != end.Time || m.Newest[0].Text != "APPARENT DEADLOCK!!! in a further line" {
			t.Errorf("%+v", m)
		}
		l.Shift(2 * time.Hour)
		if got := m.Newest[0].Stamp; !got.ZoneKnown || !got.Time.Equal(time.Date(2022, 7, 11, 23, 10, 30, 0, time.UTC)) {
			t.Errorf("shifted to %v", got)
		}
	}
}

// A log of any size costs little memory: what is kept is bounded.
func TestLogIsBounded(t *testing.T) {
	line := "2022-07-12 01:08:59,489 WARN [x] [y.Z] hit " + strings.Repeat("é", maxLine) + "\n"
	l, err := Read("x", io.LimitReader(repeat(line), int64(1000*len(line))), []Mark{{Kind: "hit", Match: func(b []byte) bool { return bytes.Contains(b, []byte("hit")) }}})
	m := l.Of("hit")
	if err != nil || l.Lines != 1000 || l.LongLines != 1000 || m.Count != 1000 || len(m.Newest) > 2*maxKept || len(m.Newest) < maxKept || len(m.Newest[0].Text) > maxText {
		t.Errorf("%d lines, %d long, %d marked, %d kept, %v", l.Lines, l.LongLines, m.Count, len(m.Newest), err)
	}
	if last := m.Newest[len(m.Newest)-1]; last.Line != 1000 {
		t.Errorf("the newest line kept is %d", last.Line)
	}
}

type repeated struct {
	text string
	at   int
}

func repeat(text string) io.Reader { return &repeated{text: text} }

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

const confluence = `%t %{X-AUSERNAME}o %I %h %r %s %Dms %b %{Referer}i %{User-Agent}i`

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		name, pattern, line string
		want                Request
	}{
		{"Confluence", confluence, `[12/Jul/2022:03:08:59 +0200] jo http-nio-8090-exec-7 10.0.0.9 GET /pages/view.action?id=1&x=a b HTTP/1.1 200 63112ms 1234 https://wiki/a Mozilla/5.0 (X11; Linux) Gecko`,
			Request{Took: 63112 * time.Millisecond, Thread: "http-nio-8090-exec-7", Method: "GET", Path: "/pages/view.action", Status: 200}},
		{"Confluence, nobody", confluence, `[12/Jul/2022:03:08:59 +0200] - http-nio-8090-exec-7 10.0.0.9 POST /rest/api/content HTTP/1.1 503 1500ms - - -`,
			Request{Took: 1500 * time.Millisecond, Thread: "http-nio-8090-exec-7", Method: "POST", Path: "/rest/api/content", Status: 503}},
		{"combined with a duration", `%h %l %u %t "%r" %s %b %D "%{Referer}i" "%{User-Agent}i"`, `10.0.0.9 - - [12/Jul/2022:03:08:59 +0200] "GET /x HTTP/1.1" 200 - 2500 "-" "curl/8 \"x\""`,
			Request{Took: 2500 * time.Millisecond, Method: "GET", Path: "/x", Status: 200}},
		{"parts of the request, seconds", `%t %m %U%q %s %T [%I]`, `[12/Jul/2022:03:08:59 +0200] GET /x?y=1 200 63.112 [exec-1]`,
			Request{Took: 63112 * time.Millisecond, Thread: "exec-1", Method: "GET", Path: "/x", Status: 200}},
		{"microseconds", `%t %I "%r" %s %{us}T`, `[12/Jul/2022:03:08:59 +0200] exec-1 "GET /x HTTP/2.0" 200 1500000`,
			Request{Took: 1500 * time.Millisecond, Thread: "exec-1", Method: "GET", Path: "/x", Status: 200}},
		{"literal text, per cent", `node1 100%% %t %I "%r" %s %D`, `node1 100% [12/Jul/2022:03:08:59 +0200] exec-1 "GET /x HTTP/1.1" 404 1500`,
			Request{Took: 1500 * time.Millisecond, Thread: "exec-1", Method: "GET", Path: "/x", Status: 404}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Compile(c.pattern)
			if err != nil {
				t.Fatal(err)
			}
			a, err := ReadAccess("logs/access", strings.NewReader(c.line+"\n"), []*Pattern{p})
			if err != nil || a.Requests != 1 || a.Unparsed != 0 || len(a.Slow) != 1 {
				t.Fatalf("%+v, %v", a, err)
			}
			c.want.Stamp, c.want.Source, c.want.Line = Stamp{time.Date(2022, 7, 12, 1, 8, 59, 0, time.UTC), true, 2 * time.Hour}, "logs/access", 1
			if a.Slow[0] != c.want {
				t.Errorf("\n got %+v\nwant %+v", a.Slow[0], c.want)
			}
			if (a.Errors == 1) != (c.want.Status >= 500) {
				t.Errorf("%d errors", a.Errors)
			}
		})
	}
	for _, bad := range []string{"", "%h %s", "%t %{X-Y", "%t" + strings.Repeat("%h ", maxParts)} {
		if _, err := Compile(bad); err == nil {
			t.Errorf("%q is taken for a pattern", bad)
		}
	}
	if got := len(Known()); got != len(shipped) {
		t.Errorf("%d of %d patterns compile", got, len(shipped))
	}
}

// %D is in milliseconds to Tomcat 9 and in microseconds from 10 on: requests of one thread cannot overlap, which tells.
func TestUnitOfDuration(t *testing.T) {
	p, err := Compile(confluence)
	if err != nil {
		t.Fatal(err)
	}
	log := func(perMS int) string {
		var b strings.Builder
		at := time.Date(2022, 7, 12, 1, 0, 0, 0, time.UTC)
		for i := range 300 {
			at = at.Add(4 * time.Second)
			fmt.Fprintf(&b, "[%s] - http-nio-8090-exec-%d 10.0.0.9 GET /%d HTTP/1.1 200 %dms 5 - -\n", at.Format("02/Jan/2006:15:04:05 -0700"), i%2, i, 3000*perMS)
		}
		return b.String()
	}
	for _, c := range []struct {
		perMS int
		unit  time.Duration
	}{{1, time.Millisecond}, {1000, time.Microsecond}} {
		a, err := ReadAccess("x", strings.NewReader(log(c.perMS)), []*Pattern{p})
		if err != nil || a.TookUnit != c.unit || len(a.Slow) != 300 || a.Slow[0].Took != 3*time.Second {
			t.Errorf("unit %v, want %v; %d slow, the first %v; %v", a.TookUnit, c.unit, len(a.Slow), a.Slow[0].Took, err)
		}
	}
}

func TestAccessWithoutItsPattern(t *testing.T) {
	text := `10.0.0.9 - - [12/Jul/2022:03:08:59 +0200] "GET /x HTTP/1.1" 200 -` + "\n"
	if !LooksLikeAccess([]byte(text)) || LooksLikeAccess([]byte(catalina)) {
		t.Error("access logs are told from others by their time")
	}
	a, err := ReadAccess("x", strings.NewReader(text+text+"odd\n"), Known())
	if err != nil || a.Pattern == nil || a.Pattern.Text != named["common"] || a.Requests != 2 || a.Unparsed != 1 || a.Pattern.HasThread() || a.Pattern.HasDuration() {
		t.Errorf("%+v, %v", a, err)
	}
	a, err = ReadAccess("x", strings.NewReader("nothing\nof the kind\n"), Known())
	if err != nil || a.Pattern != nil || a.Lines != 2 || a.Unparsed != 2 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestServerXML(t *testing.T) {
	got, err := Patterns(strings.NewReader(`<?xml version="1.0"?><Server><Service><Engine><Host>
 <!-- <Valve className="org.apache.catalina.valves.AccessLogValve" pattern="%t no"/> -->
 <Valve className="org.apache.catalina.valves.StuckThreadDetectionValve" threshold="60"/>
 <Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs" pattern="%t &quot;%r&quot; %s %D %I"/>
 <Valve className="org.apache.catalina.valves.AccessLogValve"/>
 <Valve className="org.apache.catalina.valves.ExtendedAccessLogValve" pattern="date time"/>
</Host></Engine></Service></Server>`))
	if err != nil || len(got) != 2 || got[0].Text != `%t "%r" %s %D %I` || got[1].Text != "common" || !got[0].HasThread() {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = Patterns(strings.NewReader(`<Server><Valve className="a.AccessLogValve" pattern="%t"/><Broken`))
	if err == nil || len(got) != 1 {
		t.Errorf("a cut file gives %v, %v", got, err)
	}
}

func FuzzLog(f *testing.F) {
	f.Add(catalina)
	f.Add("2022-07-12 01:08:59,489+0000 x WARN y\n[2022-07-12T01:08:59,489][INFO ][a] b")
	f.Fuzz(func(t *testing.T, text string) {
		whole, _ := Read("x", strings.NewReader(text), nil)
		parts, _ := Read("x", iotest.OneByteReader(strings.NewReader(text)), nil)
		if whole.Lines != parts.Lines || whole.Entries != parts.Entries || len(whole.Stuck) != len(parts.Stuck) || whole.Last != parts.Last {
			t.Errorf("%+v in one piece, %+v in bytes", whole, parts)
		}
		if want := int64(strings.Count(strings.TrimSuffix(text, "\n"), "\n")) + 1; text != "" && text != "\n" && whole.Lines != want {
			t.Errorf("%d lines of %d", whole.Lines, want)
		}
	})
}

func FuzzAccess(f *testing.F) {
	f.Add(confluence, `[12/Jul/2022:03:08:59 +0200] jo exec-7 10.0.0.9 GET /x HTTP/1.1 200 63112ms 1234 - -`)
	f.Add("common", `10.0.0.9 - - [12/Jul/2022:03:08:59 +0200] "GET /x HTTP/1.1" 200 -`)
	f.Fuzz(func(t *testing.T, pattern, text string) {
		patterns := Known()
		if p, err := Compile(pattern); err == nil {
			patterns = append(patterns, p)
		}
		a, err := ReadAccess("x", strings.NewReader(text), patterns)
		if err != nil || a.Requests+a.Unparsed != a.Lines {
			t.Errorf("%d requests and %d other of %d lines, %v", a.Requests, a.Unparsed, a.Lines, err)
		}
		for _, r := range a.Newest() {
			if r.Took < 0 || !utf8.ValidString(r.Class) || len(r.Class) > maxPath {
				t.Errorf("%+v", r)
			}
		}
		_, _ = Patterns(strings.NewReader(text))
	})
}

func BenchmarkLog(b *testing.B) {
	text := bytes.Repeat([]byte(catalina), 2000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Read("x", bytes.NewReader(text), nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAccess(b *testing.B) {
	text := bytes.Repeat([]byte(`[12/Jul/2022:03:08:59 +0200] jo http-nio-8090-exec-7 10.0.0.9 GET /pages/view.action?id=1 HTTP/1.1 200 63ms 1234 https://wiki/a Mozilla/5.0 (X11; Linux) Gecko`+"\n"), 10000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := ReadAccess("x", bytes.NewReader(text), Known()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestLogInEnvelopes(t *testing.T) {
	const line = "2022-07-12 01:09:59,489 ERROR [hz.confluence] [confluence.cluster.safety] Received a panic event"
	marks := []Mark{{Kind: "panic", Match: func(b []byte) bool { return bytes.Contains(b, []byte("Received a panic event")) }}}
	for name, in := range map[string]string{
		"Docker":          `{"log":"` + line + `\n","stream":"stdout"}`,
		"service wrapper": "INFO   | jvm 1    | 2022/07/12 01:09:59 | " + line,
		"syslog":          "Jul 12 01:09:59 host1 confluence[4711]: " + line,
	} {
		l, err := Read(name, strings.NewReader(in+"\n"), marks)
		if err != nil || l.Entries != 1 || l.Levels["ERROR"] != 1 || l.Of("panic") == nil || l.Last.Time.Format("15:04:05.000") != "01:09:59.489" {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
}
