package timing

import (
	"math"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"casefile/bundle/format/plan"
	"casefile/bundle/format/timing"
	"casefile/collectors/database/login"
)

// fakeServer runs talk on each connection and counts them.
func fakeServer(t *testing.T, talk func(net.Conn)) (address string, count *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	count = &atomic.Int32{}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			wg.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(time.Minute))
				talk(conn)
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String(), count
}

func says(b string) func(net.Conn) {
	return func(c net.Conn) {
		c.Write([]byte(b))
		c.Read(make([]byte, 64)) // until the asker goes
	}
}

func asked(answer string) func(net.Conn) {
	return func(c net.Conn) {
		if n, _ := c.Read(make([]byte, 64)); n == 8 {
			c.Write([]byte(answer))
		}
		c.Read(make([]byte, 64))
	}
}

// manyVisits is no limit: PostgreSQL may be asked in every round.
const manyVisits = math.MaxInt32

const greetingBody = "\x0a8.4.3\x00\x0b\x00\x00\x00aaaaaaaa\x00\xff\xff\xff\x02\x00\xff\xdf\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00aaaaaaaaaaaa\x00caching_sha2_password\x00"

var greeting = string([]byte{byte(len(greetingBody)), 0, 0, 0}) + greetingBody

func probeOf(url, credential string) *databaseProbe {
	p := newDatabaseProbe(login.Of(plan.Database{URL: url, Credential: credential}, "database 1"))
	p.knockEvery, p.queryEvery = 20*time.Millisecond, 20*time.Millisecond
	return p
}

// probed runs the probe of a URL, for longer and longer until the result has what the
// test is about: on a machine with other work a moment may not be enough for one try.
func probed(t *testing.T, url, credential string, has func(timing.Probe) bool) timing.Probe {
	t.Helper()
	for span := 150 * time.Millisecond; ; span *= 4 {
		got := probeOf(url, credential).run(t.Context(), time.Now().Add(span))
		if len(got) != 1 {
			t.Fatalf("%+v", got)
		}
		if has(got[0]) || span > 30*time.Second {
			return got[0]
		}
	}
}

func tried(r timing.Probe) bool { return r.Tries > 0 }

func TestDatabaseWithoutLogin(t *testing.T) {
	for _, c := range []struct {
		name, url    string
		talk         func(net.Conn)
		step         string // that is measured
		failure      string
		visitsAtMost int32
	}{
		{"mysql", "jdbc:mysql://%s/c", says(greeting), timing.StepPing, "", visits},
		{"mariadb", "jdbc:mariadb://%s/c", says(greeting), timing.StepPing, "", visits},
		{"mysql, full", "jdbc:mysql://%s/c", says("\x17\x00\x00\x00\xff\x10\x04Too many connections"), timing.StepConnect, "too many connections", visits},
		{"mysql, blocked", "jdbc:mysql://%s/c", says("\x04\x00\x00\x00\xff\x69\x04x"), timing.StepConnect, "flush-hosts", visits},
		{"mysql, is http", "jdbc:mysql://%s/c", says("HTTP/1.1 400 Bad Request\r\n"), timing.StepConnect, "not MySQL's", visits},
		{"postgres", "jdbc:postgresql://%s/c", asked("N"), timing.StepPing, "", manyVisits},
		{"postgres, TLS", "jdbc:postgresql://%s/c", asked("S"), timing.StepPing, "", manyVisits},
		{"postgres, is not", "jdbc:postgresql://%s/c", asked("x"), timing.StepConnect, "not PostgreSQL's", manyVisits},
		{"postgres, hangs up", "jdbc:postgresql://%s/c", func(c net.Conn) { c.Read(make([]byte, 64)) }, timing.StepConnect, "after connecting", manyVisits},
		{"any port", "%s", says(""), timing.StepConnect, "", visits},
		{"oracle", "jdbc:oracle:thin:@//%s/orcl", says(""), timing.StepConnect, "", visits},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address, count := fakeServer(t, c.talk)
			var before int32
			r := probed(t, strings.ReplaceAll(c.url, "%s", address), "", func(r timing.Probe) bool {
				if r.Tries == 0 {
					before = count.Load()
				}
				return r.Tries > 0
			})
			if r.Target != address || r.Tries == 0 || r.Limit == nil {
				t.Fatalf("%+v", r)
			}
			if s := r.Step(c.step); s == nil || s.Count != int64(r.Tries) {
				t.Errorf("%s: %+v", c.step, r)
			}
			if c.failure == "" && r.Failures > 0 || c.failure != "" && (r.Failures != r.Tries || len(r.Errors) != 1 || !strings.Contains(r.Errors[0], c.failure)) {
				t.Errorf("%d of %d failed: %q", r.Failures, r.Tries, r.Errors)
			}
			if n := count.Load() - before; n > c.visitsAtMost {
				t.Errorf("%d connections", n)
			}
		})
	}
}

func TestDatabaseThatCannotBeProbed(t *testing.T) {
	for url, want := range map[string]string{"jdbc:h2:file:/data": "no server", "nonsense?password=hunter2": "not a database URL"} {
		got := probeOf(url, "").run(t.Context(), time.Now().Add(time.Minute))
		if len(got) != 1 || !strings.Contains(got[0].Refused, want) || strings.Contains(got[0].Refused+got[0].Target, "hunter2") {
			t.Errorf("%s: %+v", url, got)
		}
	}
}

func TestDatabaseGone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	r := probed(t, "jdbc:postgresql://"+l.Addr().String()+"/c", "", tried)
	if r.Failures == 0 || r.Failures != r.Tries || !strings.Contains(strings.Join(r.Errors, ""), "refused") {
		t.Errorf("%+v", r)
	}
}

// A credential that cannot be had costs only the query.
func TestDatabaseWithoutItsCredential(t *testing.T) {
	address, _ := fakeServer(t, asked("N"))
	r := probed(t, "jdbc:postgresql://"+address+"/c?user=a", "env:CASEFILE_TEST_NOT_SET", tried)
	if r.Step(timing.StepPing) == nil || r.Failures > 0 || len(r.Errors) != 1 || !strings.Contains(r.Errors[0], "not set") {
		t.Errorf("%+v", r)
	}
}

// A server that refuses is asked twice to let us in, then only its port is measured.
func TestDatabaseLoginsAreFew(t *testing.T) {
	t.Setenv("CASEFILE_TEST_DB", "hunter2")
	for kind, talk := range map[string]func(net.Conn){"mysql": says("\x17\x00\x00\x00\xff\x10\x04Too many connections"), "postgresql": func(c net.Conn) { c.Read(make([]byte, 64)) }} {
		address, count := fakeServer(t, talk)
		p := probeOf("jdbc:"+kind+"://"+address+"/c?user=a&sslMode=DISABLED", "env:CASEFILE_TEST_DB")
		s := newServer(p, address)
		for range 20 {
			s.again = time.Time{}
			s.round(t.Context())
		}
		r := s.end()
		if n := count.Load(); n > 2*maxLogins+visits || // pgx sends a cancel request after each that failed
			r.Failures != r.Tries {
			t.Errorf("%s: %d connections, %+v", kind, n, r)
		}
		if strings.Contains(strings.Join(r.Errors, ""), "hunter2") {
			t.Errorf("%s: %q", kind, r.Errors)
		}
	}
}

func FuzzGreeting(f *testing.F) {
	f.Add([]byte(greetingBody))
	f.Add([]byte("\xff\x10\x04Too many connections"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := parseGreeting(b); err == nil && strings.Contains(v, "\x00") {
			t.Errorf("version %q", v)
		}
	})
}

func TestConnectionsOf(t *testing.T) {
	if c, err := connectionsOf("100", "3", "41"); err != nil || c != (timing.Connections{Max: 100, Reserved: 3, Used: 41}) || c.Room() != 97 {
		t.Errorf("%+v, %v", c, err)
	}
	for _, bad := range [][3]string{{"", "3", "1"}, {"100", "x", "1"}, {"100", "3", "-1"}} {
		if c, err := connectionsOf(bad[0], bad[1], bad[2]); err == nil || c != (timing.Connections{}) {
			t.Errorf("%q: %+v, %v", bad, c, err)
		}
	}
}
