package page

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"casefile/analyze"
	"casefile/analyze/answer"
	"casefile/analyze/load"
	"casefile/analyze/report"
	"casefile/analyze/rules"
	"casefile/analyze/shelf"
	"casefile/testdata/faults"
)

func openLoose(ctx context.Context, paths ...string) (*answer.Capture, error) {
	c, err := load.Paths(ctx, paths)
	if err != nil {
		return nil, err
	}
	res, err := analyze.Run(ctx, c, rules.All())
	if err != nil {
		return nil, err
	}
	return &answer.Capture{Name: paths[0], Case: c, Result: res,
		Cited: func(_ context.Context, list []analyze.Finding) *report.Cited { return report.NewCited(list) }}, nil
}

// serving asks a server, as a browser does.
type serving struct {
	*testing.T
	*http.Client
	server *Server
	home   string // where the token has led to
}

// serve starts a server on files; it has ended when the test has, and left nothing.
func serve(t *testing.T, cache *shelf.Cache, files ...string) *serving {
	t.Helper()
	if cache == nil {
		var err error
		if cache, err = shelf.NewCache("", "test"); err != nil {
			t.Fatal(err)
		}
	}
	srv, err := Listen(t.Context(), shelf.New(files, cache, openLoose), 0, "test")
	if err != nil {
		t.Fatal(err)
	}
	ignore := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar, Transport: &http.Transport{}}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		client.CloseIdleConnections()
		goleak.VerifyNone(t, ignore)
	})
	return &serving{t, client, srv, ""}
}

func (b *serving) get(address string, change ...func(*http.Request)) (*http.Response, string) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range change {
		c(r)
	}
	res, err := b.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	return res, string(body)
}

// enter opens the address with the token.
func (b *serving) enter() {
	b.Helper()
	res, body := b.get(b.server.Address())
	_, path, ok := strings.Cut(res.Header.Get("Refresh"), "url=")
	if res.StatusCode != http.StatusOK || !ok {
		b.Fatalf("%s: %s", res.Status, body)
	}
	cookies := res.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || cookies[0].Path != path || len(path) < 20 {
		b.Fatalf("cookies %v", cookies)
	}
	b.home = "http://" + b.server.guard.hosts[0] + path
}

// learn waits until all captures are known.
func (b *serving) learn() {
	b.Helper()
	list, err := b.server.pages.shelf.List()
	if err != nil {
		b.Fatal(err)
	}
	for _, it := range list {
		if err := b.server.pages.shelf.Learn(b.Context(), it); err != nil {
			b.Fatal(err)
		}
	}
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func dumps(t *testing.T, dir, name, text string) string {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPages(t *testing.T) {
	dir := t.TempDir()
	f := faults.All(1)[0]
	b := serve(t, nil, dumps(t, dir, "sick.txt", f.Text), dumps(t, dir, "healthy.txt", f.Twin))
	b.learn()
	b.enter()
	res, list := b.get(b.home)
	for _, want := range []string{"2 captures", "sick.txt", "healthy.txt", f.Places[0]} {
		if !strings.Contains(list, want) {
			t.Errorf("the list has no %q:\n%s", want, list)
		}
	}
	if res.Header.Get("Refresh") != "" {
		t.Error("a list of known captures renews itself")
	}
	ids := map[string]string{}
	items, err := b.server.pages.shelf.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		ids[it.Name] = it.ID
	}
	if _, page := b.get(b.home + "report/" + ids["sick.txt"]); !strings.Contains(page, f.Places[0]) {
		t.Errorf("the report does not name %s", f.Places[0])
	}
	res, page := b.get(b.home + "compare?before=" + ids["healthy.txt"] + "&after=" + ids["sick.txt"])
	if res.StatusCode != http.StatusOK || !strings.Contains(page, "sick.txt") {
		t.Errorf("compare: %s", res.Status)
	}
	word := f.Places[0][strings.LastIndex(f.Places[0], ".")+1:]
	if _, page := b.get(b.home + "?q=" + url.QueryEscape(strings.ToUpper(word))); !strings.Contains(page, `<ul class="hits">`) {
		t.Errorf("nothing found for %s:\n%s", word, page)
	}
	if _, page := b.get(b.home + "?q=nosuchword"); strings.Contains(page, `<ul class="hits">`) || !strings.Contains(page, "No finding") {
		t.Error("a word that stands nowhere is found")
	}
}

// A capture that comes later is read when the list shows it.
func TestLaterCapture(t *testing.T) {
	dir := t.TempDir()
	cache, err := shelf.NewCache("", "test")
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan string, 2)
	open := func(_ context.Context, paths ...string) (*answer.Capture, error) {
		read <- filepath.Base(paths[0])
		return nil, errors.New("unreadable")
	}
	p := NewPages(shelf.New([]string{dir}, cache, open), "test")
	dumps(t, dir, "first.zip", "x")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Learn(ctx) }()
	for _, name := range []string{"first.zip", "second.zip"} {
		if name != "first.zip" {
			dumps(t, dir, name, "x")
		}
		w := httptest.NewRecorder()
		p.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if !strings.Contains(w.Body.String(), name) {
			t.Errorf("the list has no %s", name)
		}
		if got := <-read; got != name {
			t.Errorf("read %s, want %s", got, name)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What must not come in does not, whatever else of the request is right.
func TestRefusals(t *testing.T) {
	b := serve(t, nil, dumps(t, t.TempDir(), "a.txt", faults.All(1)[0].Twin))
	token := b.server.Address()
	stranger := &serving{t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, b.server, ""}
	wrong := strings.Replace(token, "token=", "token=A", 1)
	for _, refused := range []struct {
		name, address string
		code          int
		change        func(*http.Request)
	}{
		{"a wrong token", wrong, http.StatusForbidden, nil},
		{"an empty token", strings.Split(token, "=")[0] + "=", http.StatusForbidden, nil},
		{"the token from another origin", token, http.StatusForbidden, header("Origin", "http://evil.example")},
		{"the token by a script", token, http.StatusForbidden, header("Sec-Fetch-Site", "cross-site")},
		{"the token by a host name", token, http.StatusMisdirectedRequest, func(r *http.Request) { r.Host = "evil.example" }},
	} {
		change := refused.change
		if change == nil {
			change = func(*http.Request) {}
		}
		if res, _ := stranger.get(refused.address, change); res.StatusCode != refused.code || len(res.Cookies()) > 0 {
			t.Errorf("%s: %s, cookies %v", refused.name, res.Status, res.Cookies())
		}
	}
	b.enter()
	_, port, _ := strings.Cut(b.server.guard.hosts[0], ":")
	for _, refused := range []struct {
		name   string
		code   int
		change func(*http.Request)
	}{
		{"another host", http.StatusMisdirectedRequest, func(r *http.Request) { r.Host = "evil.example:" + port }},
		{"another port", http.StatusMisdirectedRequest, func(r *http.Request) { r.Host = "127.0.0.1:1" }},
		{"no port", http.StatusMisdirectedRequest, func(r *http.Request) { r.Host = "127.0.0.1" }},
		{"another origin", http.StatusForbidden, header("Origin", "http://evil.example")},
		{"another port's origin", http.StatusForbidden, header("Origin", "http://127.0.0.1:1")},
		{"no origin", http.StatusForbidden, header("Origin", "null")},
		{"a page of another site", http.StatusForbidden, header("Sec-Fetch-Site", "cross-site")},
		{"a page of another port", http.StatusForbidden, header("Sec-Fetch-Site", "same-site")},
		{"POST", http.StatusMethodNotAllowed, func(r *http.Request) { r.Method = http.MethodPost }},
		{"DELETE", http.StatusMethodNotAllowed, func(r *http.Request) { r.Method = http.MethodDelete }},
	} {
		if res, body := b.get(b.home, refused.change); res.StatusCode != refused.code || strings.Contains(body, "a.txt") {
			t.Errorf("%s: %s", refused.name, res.Status)
		}
	}
	if res, _ := b.get(b.home); res.StatusCode != http.StatusOK {
		t.Fatalf("the browser that was let in: %s", res.Status)
	}
	for name, address := range map[string]string{"without the cookie": b.home, "the token again": token, "the root": "http://" + b.server.guard.hosts[0] + "/"} {
		if res, _ := stranger.get(address); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", name, res.Status)
		}
	}
	if res, _ := stranger.get(b.home, header("Cookie", cookieName+"=guess")); res.StatusCode != http.StatusForbidden {
		t.Errorf("a guessed cookie: %s", res.Status)
	}
	big, _ := stranger.get(b.home, header("X-Big", strings.Repeat("x", 2*maxHeader)))
	if big.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a large header: %s", big.Status)
	}
	if addr := b.server.listener.Addr().(*net.TCPAddr); !addr.IP.IsLoopback() {
		t.Errorf("it listens on %v", addr)
	}
}

// Only captures of the list can be named.
func TestNoOtherPath(t *testing.T) {
	dir := t.TempDir()
	secret := dumps(t, dir, "secret.txt", "password")
	b := serve(t, nil, dumps(t, dir, "a.txt", faults.All(1)[0].Twin))
	b.enter()
	for _, id := range []string{"..%2f..%2fsecret.txt", url.PathEscape(secret), "%2e%2e/secret.txt", "a.txt", "0000000000000000"} {
		res, body := b.get(b.home + "report/" + id)
		if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusForbidden || strings.Contains(body, "password") {
			t.Errorf("%s: %s\n%s", id, res.Status, body)
		}
	}
}

// Hostile names are text, and no page may do more than its policy says.
func TestHostileNames(t *testing.T) {
	name := "<script>alert(1)</script>\u202e\"onload=x .txt"
	b := serve(t, nil, dumps(t, t.TempDir(), strings.ReplaceAll(name, "/", "_"), faults.All(1)[0].Text))
	b.learn()
	b.enter()
	for _, address := range []string{b.home, b.home + "?q=" + url.QueryEscape(name), b.home + "report/" + url.PathEscape(name)} {
		res, body := b.get(address)
		if strings.Contains(body, "<script>alert") || strings.ContainsAny(body, "\u202e") || strings.Contains(body, `"onload`) {
			t.Errorf("%s:\n%s", address, body)
		}
		if p := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'") || !strings.Contains(p, "frame-ancestors 'none'") {
			t.Errorf("policy %q", p)
		}
	}
}

// The server ends while a capture is being read.
func TestEndsWhileReading(t *testing.T) {
	cache, err := shelf.NewCache("", "test")
	if err != nil {
		t.Fatal(err)
	}
	reading := make(chan struct{})
	open := func(ctx context.Context, _ ...string) (*answer.Capture, error) {
		close(reading)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	srv, err := Listen(t.Context(), shelf.New([]string{dumps(t, t.TempDir(), "a.txt", "x")}, cache, open), 0, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	<-reading
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
