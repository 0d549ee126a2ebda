package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"casefile/collectors/agent/identity"
	"casefile/collectors/timing"
)

func TestIdentitiesThatAreRefused(t *testing.T) {
	dir, other := cluster(t, "n1", "n2"), cluster(t, "n1")
	n := newNode(t)
	addr := listen(t, loadID(t, dir, "node-n1.pem"), n.Handler(), served)
	year := func() time.Time { return time.Now().Add(366 * 24 * time.Hour) }
	var late atomic.Bool
	lateServer, err := identity.LoadAt(filepath.Join(dir, "node-n1.pem"), func() time.Time {
		if late.Load() {
			return year()
		}
		return time.Now()
	})
	if err != nil {
		t.Fatal(err)
	}
	late.Store(true)
	lateAddr := listen(t, lateServer, n.Handler(), served)
	admin := loadID(t, dir, adminFile)
	client := func(id *identity.Identity, name, addr string, change func(*tls.Config)) *Client {
		config, err := id.ClientTLS(name)
		if err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(config)
		}
		c := dialTLS(config, addr)
		t.Cleanup(c.Close)
		return c
	}
	far, err := loadID(t, other, adminFile).ClientTLS("n1")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		client *Client
		want   string
	}{
		"no certificate": {client(admin, "n1", addr, func(c *tls.Config) { c.Certificates = nil }), "wants an identity of its cluster"},
		"foreign authority": {client(admin, "n1", addr, func(c *tls.Config) {
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &far.Certificates[0], nil }
		}), "does not know who signed"},
		"other cluster":      {client(loadID(t, other, adminFile), "n1", addr, nil), "another cluster"},
		"wrong node":         {client(admin, "n2", addr, nil), "node n1 answers, not n2"},
		"expired admin":      {client(admin, "n1", lateAddr, nil), "has expired"},
		"expired node":       {client(admin, "n1", addr, func(c *tls.Config) { c.Time = year }), "identity of the node has expired"},
		"old TLS":            {client(admin, "n1", addr, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }), "another version of TLS"},
		"system authorities": {client(admin, "n1", addr, func(c *tls.Config) { c.RootCAs = nil }), "who signed its identity is unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := c.client.Hello(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v, %v", h, err)
			}
			// a stream gives up at once too
			if _, err := c.client.Download(t.Context(), strings.Repeat("0", 32), 1, &kept{}); err == nil {
				t.Error("a bundle was sent")
			}
		})
	}
	if _, err := client(admin, "n1", addr, nil).Hello(t.Context()); err != nil {
		t.Errorf("the admin is refused too: %v", err)
	}
}

func TestNodeIdentityMayOnlyAskForTheTime(t *testing.T) {
	dir := cluster(t, "n1", "n2")
	n := newNode(t, newScript())
	addr := listen(t, loadID(t, dir, "node-n1.pem"), n.Handler(), served)
	c := dial(t, loadID(t, dir, "node-n2.pem"), "n1", addr)
	if _, _, _, _, err := c.Exchange(t.Context()); err != nil {
		t.Fatal(err)
	}
	id, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"hello":  func() error { _, err := c.Hello(t.Context()); return err },
		"start":  func() error { return c.Start(t.Context(), id, shortPlan()) },
		"meet":   func() error { _, err := c.Meet(t.Context(), meetingOf(t, timing.NewKey(), time.Minute)); return err },
		"status": func() error { _, err := c.Status(t.Context(), id); return err },
		"stop":   func() error { return c.Stop(t.Context(), id) },
		"delete": func() error { return c.Delete(t.Context(), id) },
		"bundle": func() error { _, err := c.Download(t.Context(), id, 1, &kept{}); return err },
		"time by another path": func() error {
			return c.call(t.Context(), http.MethodPost, "/v1/captures/../time", Order{ID: id, Plan: shortPlan()}, &Status{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			if text := refused(t, call(), Forbidden); !strings.Contains(text, "node n2") {
				t.Errorf("%q", text)
			}
		})
	}
}

// ask sends a request as it stands.
func ask(t *testing.T, c *Client, method, path string, body io.Reader) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, c.base+path, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.do(req)
	if err == nil {
		res.Body.Close()
	}
	return err
}

func TestRequestsThatAreRefused(t *testing.T) {
	n := newNode(t, newScript())
	c := local(t, n)
	before := tree(t, filepath.Dir(n.SpoolDir))
	good := strings.Repeat("a1", 16)
	order := func(id, plan string) string { return fmt.Sprintf(`{"id":%q,"plan":%s}`, id, plan) }
	const plan = `{"duration":"10s","dumps":1,"dump_interval":"1s","sample_every":"1s","max_log_bytes":0}`
	for name, r := range map[string]struct {
		method, path, body string
		code               Code
		want               string
	}{
		"no body":         {"POST", "/v1/captures", "", BadRequest, "EOF"},
		"no JSON":         {"POST", "/v1/captures", "x", BadRequest, "invalid character"},
		"two orders":      {"POST", "/v1/captures", order(good, plan) + order(good, plan), BadRequest, "more than one"},
		"command":         {"POST", "/v1/captures", order(good, `{"command":"rm -rf /"}`), BadRequest, "unknown field"},
		"output path":     {"POST", "/v1/captures", `{"id":"` + good + `","out":"/etc/cron.d/x","plan":` + plan + `}`, BadRequest, "unknown field"},
		"empty id":        {"POST", "/v1/captures", order("", plan), BadRequest, "32 hexadecimal"},
		"traversal":       {"POST", "/v1/captures", order("../../../../tmp/owned", plan), BadRequest, "32 hexadecimal"},
		"long traversal":  {"POST", "/v1/captures", order("../"+good[3:], plan), BadRequest, "32 hexadecimal"},
		"upper case":      {"POST", "/v1/captures", order(strings.ToUpper(good), plan), BadRequest, "32 hexadecimal"},
		"id with newline": {"POST", "/v1/captures", order(good+"\n", plan), BadRequest, "32 hexadecimal"},
		"id with NUL":     {"POST", "/v1/captures", `{"id":"` + good[:31] + `\u0000","plan":` + plan + `}`, BadRequest, "32 hexadecimal"},
		"empty plan":      {"POST", "/v1/captures", order(good, `{}`), BadPlan, "duration"},
		"number overflow": {"POST", "/v1/captures", order(good, `{"dumps":1e99}`), BadRequest, "cannot unmarshal"},
		"oversized":       {"POST", "/v1/captures", `{"id":"` + strings.Repeat("a", maxBody) + `"}`, BadRequest, "larger than"},
		"deep":            {"POST", "/v1/captures", strings.Repeat("[", maxBody-1), BadRequest, "max depth"},
		"other capture":   {"GET", "/v1/captures/" + good + "/bundle", "", Unknown, "no such capture"},
		"path in id":      {"GET", "/v1/captures/..%2f..%2fetc%2fpasswd/bundle", "", Unknown, "no such capture"},
		"dots in id":      {"DELETE", "/v1/captures/%2e%2e", "", Unknown, "no such c"},
		"unknown call":    {"GET", "/debug/pprof/heap", "", Unknown, "no such call"},
		"other method":    {"GET", "/v1/time", "", Unknown, "no such call"},
		"files":           {"GET", "/etc/passwd", "", Unknown, "no such call"},
	} {
		t.Run(name, func(t *testing.T) {
			if text := refused(t, ask(t, c, r.method, r.path, strings.NewReader(r.body)), r.code); !strings.Contains(text, r.want) {
				t.Errorf("%q", text)
			}
		})
	}
	if after := tree(t, filepath.Dir(n.SpoolDir)); after != before {
		t.Errorf("files before:\n%safter:\n%s", before, after)
	}
}

func tree(t *testing.T, dir string) string {
	t.Helper()
	text := ""
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		text += path + "\n"
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRangesThatAreRefused(t *testing.T) {
	s := newScript()
	c := local(t, newNode(t, s))
	id := begin(t, c)
	s.add(t, "one.txt", []byte("x"))
	for query, want := range map[string]string{
		"?offset=-1":                   "whole number",
		"?offset=9223372036854775808":  "whole number",
		"?offset=9223372036854775807":  "the bundle has",
		"?offset=1;generation=1":       "",
		"?generation=x":                "whole number",
		"?generation=7":                "fetch 1",
		"?offset=%00":                  "whole number",
		"?generation=1&offset=1000000": "the bundle has",
	} {
		err := ask(t, c, "GET", "/v1/captures/"+id+"/bundle"+query, nil)
		if want == "" {
			continue // a query that does not parse asks for everything
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", query, err)
		}
	}
	if err := ask(t, c, "GET", "/v1/captures/"+id+"/events?after=x", nil); err == nil {
		t.Error("events after x")
	}
	s.end()
}

// A body that never ends is given up.
func TestSlowBody(t *testing.T) {
	n := newNode(t)
	n.bodyTimeout = 50 * time.Millisecond
	c := local(t, n)
	body, stuck := io.Pipe()
	go stuck.Write([]byte(`{"id":"`))
	defer stuck.Close()
	if text := refused(t, ask(t, c, "POST", "/v1/captures", body), BadRequest); !strings.Contains(text, "timeout") {
		t.Errorf("%q", text)
	}
}

// A stranger who connects and says nothing, or half of something, is cut off.
func TestSlowStrangers(t *testing.T) {
	dir := cluster(t, "n1")
	n := newNode(t)
	addr := listen(t, loadID(t, dir, "node-n1.pem"), n.Handler(), bounds{conns: 4, handshake: 100 * time.Millisecond, idle: 100 * time.Millisecond})
	for name, first := range map[string][]byte{
		"silent":           nil,
		"half a handshake": {0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00},
		"plain HTTP":       []byte("GET /v1/hello HTTP/1.1\r\nHost: x\r\nX: "),
		"noise":            bytes.Repeat([]byte{0xff}, 100),
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write(first); err != nil {
				t.Fatal(err)
			}
			conn.SetReadDeadline(time.Now().Add(time.Minute))
			answer, err := io.ReadAll(conn)
			if os.IsTimeout(err) || bytes.Contains(answer, []byte("200 OK")) {
				t.Errorf("answer %q, %v", answer, err)
			}
		})
	}
}

// HTTP/1.1 is for bundles only.
func TestHTTP1IsRefused(t *testing.T) {
	dir := cluster(t, "n1")
	n := newNode(t)
	addr := listen(t, loadID(t, dir, "node-n1.pem"), n.Handler(), served)
	config, err := loadID(t, dir, adminFile).ClientTLS("n1")
	if err != nil {
		t.Fatal(err)
	}
	config.NextProtos = nil
	conn, err := tls.Dial("tcp", addr, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /v1/hello HTTP/1.1\r\nHost: n1\r\n\r\n")
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	answer, err := io.ReadAll(conn)
	if os.IsTimeout(err) || bytes.Contains(answer, []byte("200 OK")) || bytes.Contains(answer, []byte(`"n1"`)) {
		t.Errorf("answer %q, %v", answer, err)
	}
}

func TestTooManyConnections(t *testing.T) {
	dir := cluster(t, "n1")
	n := newNode(t)
	addr := listen(t, loadID(t, dir, "node-n1.pem"), n.Handler(), bounds{conns: 3, handshake: 20 * time.Second, idle: time.Minute})
	var held []net.Conn
	for range 3 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		held = append(held, conn)
	}
	for range 20 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := conn.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
			t.Errorf("one more than allowed: %v", err)
		}
		conn.Close()
	}
	for _, conn := range held {
		conn.Close()
	}
	err := resume(t.Context(), func() (bool, error) { // until the server has seen that they are gone
		_, err := dial(t, loadID(t, dir, adminFile), "n1", addr).Hello(t.Context())
		return false, err
	})
	if err != nil {
		t.Errorf("the admin does not get in after that: %v", err)
	}
}

func TestLargeHeaders(t *testing.T) {
	dir := cluster(t, "n1")
	c := dial(t, loadID(t, dir, adminFile), "n1", listen(t, loadID(t, dir, "node-n1.pem"), newNode(t).Handler(), served))
	req, err := http.NewRequestWithContext(t.Context(), "GET", c.base+"/v1/hello", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Padding", strings.Repeat("x", 100<<10))
	if res, err := c.do(req); err == nil {
		res.Body.Close()
		t.Error("100 KB of headers were taken")
	}
}

func TestSpoolFolderThatIsNotOurs(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, dir string){
		"open to all": func(t *testing.T, dir string) {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(dir, 0o777); err != nil {
				t.Fatal(err)
			}
		},
		"a link": func(t *testing.T, dir string) {
			if err := os.Symlink(t.TempDir(), dir); err != nil {
				t.Skip(err)
			}
		},
		"a file": func(t *testing.T, dir string) {
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, newScript())
			make(t, n.SpoolDir)
			c := local(t, n)
			id, err := NewID()
			if err != nil {
				t.Fatal(err)
			}
			refused(t, c.Start(t.Context(), id, shortPlan()), NoSpool)
			if _, err := c.Hello(t.Context()); err != nil {
				t.Errorf("all else works: %v", err)
			}
		})
	}
}

func TestServeNeedsANodeIdentity(t *testing.T) {
	dir := cluster(t, "n1")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := Serve(context.Background(), ln, loadID(t, dir, adminFile), http.NotFoundHandler()); err == nil || !strings.Contains(err.Error(), "node-<name>.pem") {
		t.Errorf("%v", err)
	}
	if _, err := ln.Accept(); err == nil {
		t.Error("the listener is still open")
	}
}

func TestLogOfStrangersIsSparse(t *testing.T) {
	now := time.Unix(0, 0)
	var out bytes.Buffer
	s := &sparse{w: &out, now: func() time.Time { return now }}
	for range 1000 {
		fmt.Fprintln(s, "TLS handshake error")
	}
	if n := bytes.Count(out.Bytes(), []byte("\n")); n != maxLogLines {
		t.Errorf("%d lines", n)
	}
	now = now.Add(time.Minute)
	out.Reset()
	fmt.Fprintln(s, "next")
	if out.String() != "next\n" {
		t.Errorf("%q", out.String())
	}
}
