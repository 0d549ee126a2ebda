package goproc

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/pprof"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	"casefile/collectors"
)

// quick are limits that let a test wait until a profile or dump is given up.
func quick() limits {
	l := small()
	l.request, l.tail = 500*time.Millisecond, time.Second
	return l
}

// small are limits of size that a test can reach.
func small() limits {
	l := patient()
	l.body = 1 << 20
	return l
}

// fake is a service that behaves like net/http/pprof but for what a test changes.
type fake struct {
	mux *http.ServeMux
	*httptest.Server
	asked asked
}

// asked collects the requests a server got.
type asked struct {
	mu   sync.Mutex
	list []string
}

func (a *asked) add(r *http.Request) {
	a.mu.Lock()
	a.list = append(a.list, r.URL.RequestURI())
	a.mu.Unlock()
}

func (a *asked) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.list)
}

// newFake serves the pages by path below /debug/pprof/; what is not given is
// served by pprof itself.
func newFake(t *testing.T, pages map[string]http.HandlerFunc) *fake {
	t.Helper()
	f := &fake{mux: http.NewServeMux()}
	own := map[string]http.HandlerFunc{"": pprof.Index, "profile": pprof.Profile, "cmdline": pprof.Cmdline}
	maps.Copy(own, pages)
	for path, page := range own {
		f.mux.HandleFunc("/debug/pprof/"+path, page)
	}
	if pages[""] != nil { // the index alone is the test's
		f.mux.HandleFunc("/debug/pprof/{name}", pprof.Index)
	}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.asked.add(r)
		f.mux.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { f.CloseClientConnections(); f.Close() })
	return f
}

// target is the name of the server's folder: httptest listens on 127.0.0.1.
func (f *fake) target() string {
	u, _ := url.Parse(f.URL)
	return u.Hostname() + "-" + u.Port()
}

// capture takes the server, and only that, by its address.
func (f *fake) capture(t *testing.T, p plan.Plan, l limits, address string, watch func(collectors.Event)) *captured {
	t.Helper()
	p.GoURLs, p.Apps = []string{address}, []string{"no such service"}
	return capturePlan(t.Context(), t, p, l, watch)
}

func hang(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// indexOf is the index page of a service with so many goroutines.
func indexOf(goroutines int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<title>/debug/pprof/</title><tr><td>%d</td><td><a href='goroutine?debug=1'>goroutine</a></td></tr>", goroutines)
	}
}

func TestServiceByAddress(t *testing.T) {
	f := newFake(t, nil)
	c := f.capture(t, steady(), patient(), f.URL, nil)
	if gaps := c.manifest.Gaps(); len(gaps) > 0 {
		t.Errorf("gaps: %+v", gaps)
	}
	for _, want := range []string{"cmdline", "goroutines/002.txt", "profiles/cpu.pb.gz", "profiles/heap.pb.gz"} {
		if !slices.Contains(c.names(f.target()), want) {
			t.Errorf("no %s in %q", want, c.names(f.target()))
		}
	}
	dump := c.entry(f.target(), "goroutines/001.txt")
	if dump.Started.IsZero() || dump.Started.Before(c.manifest.Plan.Start) || dump.Source != f.URL+"/debug/pprof/goroutine?debug=2" {
		t.Errorf("entry %+v", dump)
	}
	c.wantLine("runtime-metrics", bundle.Absent, "/debug/vars")
	for _, r := range f.asked.all() {
		if strings.Contains(r, "gc=") || strings.Contains(r, "trace") || strings.Contains(r, "goroutineleak") {
			t.Errorf("asked for %s, which the service pays for", r)
		}
	}
}

func TestServiceThatHangs(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"profile": hang, "goroutine": hang, "heap": hang, "allocs": hang, "cmdline": hang})
	c := f.capture(t, short(), quick(), f.URL, nil)
	for _, item := range []string{"cpu-profile", "goroutine-dumps", "goroutine-profile", "heap-profile", "command-line"} {
		c.wantLine(item, bundle.Failed, "no answer within")
	}
	if n := strings.Count(strings.Join(f.asked.all(), "\n"), "/heap"); n != 0 {
		t.Errorf("the heap was asked for %d times after the goroutine profile hung", n)
	}
}

func TestServiceThatSendsWithoutEnd(t *testing.T) {
	endless := func(begin string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			chunk := bytes.Repeat([]byte("x"), 64<<10)
			for _, err := io.WriteString(w, begin); err == nil; _, err = w.Write(chunk) {
			}
		}
	}
	f := newFake(t, map[string]http.HandlerFunc{"heap": endless("\x1f\x8b"), "goroutine": endless("goroutine 1 [running]:\n")})
	c := f.capture(t, short(), small(), f.URL, nil)
	c.wantLine("heap-profile", bundle.Failed, "longer than 1 MiB")
	c.wantLine("goroutine-dumps", bundle.OK, "")
	if e := c.entry(f.target(), "goroutines/001.txt"); e.Bytes < 1<<20-100 || e.Truncated != "the first 1 MiB" {
		t.Errorf("dump of %d bytes, truncated %q", e.Bytes, e.Truncated)
	}
}

func TestServiceThatSendsGarbage(t *testing.T) {
	page := func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>Please log in</html>") }
	broken := func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "\x1f\x8bnot gzip at all") }
	f := newFake(t, map[string]http.HandlerFunc{"profile": page, "goroutine": page, "heap": broken})
	c := f.capture(t, short(), patient(), f.URL, nil)
	c.wantLine("cpu-profile", bundle.Failed, "not what net/http/pprof gives")
	c.wantLine("goroutine-dumps", bundle.Failed, "not what net/http/pprof gives")
	c.wantLine("heap-profile", bundle.Failed, "pprof")
	for _, name := range []string{"profiles/cpu.pb.gz", "goroutines/001.txt", "profiles/heap.pb.gz"} {
		if slices.Contains(c.names(f.target()), name) {
			t.Errorf("%s was stored", name)
		}
	}
}

// cutOff sends a part and breaks the connection.
func cutOff(part string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000")
		io.WriteString(w, part)
		_ = http.NewResponseController(w).Flush()
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			conn.Close()
		}
	}
}

func TestServiceThatDiesInTheMiddle(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"profile": cutOff("\x1f\x8b"), "goroutine": cutOff("goroutine 1 [running]:\nmain.main()\n")})
	c := f.capture(t, short(), patient(), f.URL, nil)
	c.wantLine("cpu-profile", bundle.Failed, "in the middle of the answer")
	c.wantLine("goroutine-dumps", bundle.Partial, "in the middle of the answer")
	if e := c.entry(f.target(), "goroutines/001.txt"); !strings.Contains(e.Truncated, "the first 35 bytes") {
		t.Errorf("truncated %q", e.Truncated)
	}
	if got := string(c.read(f.target(), "goroutines/001.txt")); got != "goroutine 1 [running]:\nmain.main()\n" {
		t.Errorf("kept %q", got)
	}
}

func TestRedirectIsNotFollowedElsewhere(t *testing.T) {
	var strayed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { strayed.Add(1) }))
	defer elsewhere.Close()
	f := newFake(t, map[string]http.HandlerFunc{"": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/debug/pprof/", http.StatusFound)
	}})
	c := f.capture(t, short(), patient(), f.URL, nil)
	c.wantLine("pprof", bundle.Failed, "sends casefile elsewhere")
	if strayed.Load() != 0 || len(c.names(f.target())) != 0 {
		t.Errorf("followed %d times, entries %q", strayed.Load(), c.names(f.target()))
	}
}

func TestProxyIsNotUsed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	f := newFake(t, nil)
	p := short()
	p.Dumps = 1
	c := f.capture(t, p, patient(), strings.Replace(f.URL, "127.0.0.1", "localhost", 1), nil)
	c.wantLine("goroutine-dumps", bundle.OK, "")
}

// An address leads to pprof with and without its path, also where the index is
// mounted elsewhere.
func TestAddressForms(t *testing.T) {
	f := newFake(t, nil)
	f.mux.Handle("/admin/prof/", http.StripPrefix("/admin/prof/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/debug/pprof/" + r.URL.Path
		if r.URL.Path == "/debug/pprof/profile" {
			pprof.Profile(w, r)
			return
		}
		pprof.Index(w, r)
	})))
	p := short()
	p.Dumps = 1
	for _, suffix := range []string{"", "/", "/debug/pprof", "/debug/pprof/", "/admin/prof", "/admin/prof/?x=1"} {
		c := f.capture(t, p, patient(), f.URL+suffix, nil)
		if !slices.Contains(c.names(f.target()), "profiles/goroutine.pb.gz") {
			t.Errorf("%s: entries %q, ledger %+v", suffix, c.names(f.target()), c.line("pprof"))
		}
	}
}

func TestCredentialsStayOnTheNode(t *testing.T) {
	const password = "corr3ct-horse-battery"
	f := newFake(t, nil)
	inner := f.Config.Handler
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, pass, _ := r.BasicAuth(); user != "ops" || pass != password {
			http.Error(w, "who are you", http.StatusUnauthorized)
			return
		}
		w.Header().Set("X-Seen", "yes")
		inner.ServeHTTP(w, r)
	})
	f.mux.HandleFunc("/debug/vars", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"note":"started with %s here"}`, password)
	})
	p := short()
	p.Dumps = 1
	c := f.capture(t, p, patient(), f.URL, nil)
	c.wantLine("pprof", bundle.Failed, "without credentials")

	c = f.capture(t, p, patient(), strings.Replace(f.URL, "//", "//ops:"+password+"@", 1), nil)
	c.wantLine("goroutine-dumps", bundle.OK, "")
	for _, e := range c.manifest.Entries {
		if strings.HasPrefix(e.Path, "nodes/") && bytes.Contains(c.read(f.target(), strings.TrimPrefix(e.Path, "nodes/n1/go/"+f.target()+"/")), []byte(password)) {
			t.Errorf("%s holds the password", e.Path)
		}
		if strings.Contains(e.Source, password) {
			t.Errorf("source %s", e.Source)
		}
	}
}

func TestManyGoroutinesAreGrouped(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"": indexOf(60_000)})
	c := f.capture(t, short(), patient(), f.URL, nil)
	c.wantLine("full-stacks", bundle.Skipped, "60000 goroutines")
	if dump := c.read(f.target(), "goroutines/001.txt"); !bytes.HasPrefix(dump, []byte("goroutine profile: total ")) {
		t.Errorf("dump %.100s", dump)
	}
	if slices.ContainsFunc(f.asked.all(), func(r string) bool { return strings.Contains(r, "debug=2") }) {
		t.Error("full stacks were asked for")
	}
}

func TestShorterCPUProfileWhereALongOneIsRefused(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"profile": func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("seconds") != "1" {
			http.Error(w, "profile duration exceeds server's WriteTimeout", http.StatusBadRequest)
			return
		}
		pprof.Profile(w, r)
	}})
	p := short()
	p.Duration = plan.Duration(5 * time.Second)
	c := f.capture(t, p, patient(), f.URL, nil)
	c.wantLine("cpu-profile", bundle.OK, "")
	var lengths []string
	for _, r := range f.asked.all() {
		if _, seconds, ok := strings.Cut(r, "profile?seconds="); ok {
			lengths = append(lengths, seconds)
		}
	}
	if !slices.Equal(lengths, []string{"5", "2", "1"}) {
		t.Errorf("asked for %q seconds", lengths)
	}
}

func TestCPUProfileInUse(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"profile": func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "Could not enable CPU profiling: cpu profiling already in use", http.StatusInternalServerError)
	}})
	c := f.capture(t, short(), patient(), f.URL, nil)
	c.wantLine("cpu-profile", bundle.Failed, "another CPU profile")
}

// What can be told of an address that leads nowhere.
func TestAddressesThatFail(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it is right to complain
	secure.StartTLS()
	defer secure.Close()
	for address, want := range map[string]string{
		plain.URL:                "not served there (404)",
		secure.URL:               "TLS: ",
		"http://127.0.0.1:1":     "nothing listens",
		"ftp://host/":            "not an address",
		"http://u:pw%zz@host:1/": "not an address",
		strings.Replace(secure.URL, "https", "http", 1): "speaks TLS",
	} {
		p := short()
		p.Apps, p.GoURLs = []string{"no such service"}, []string{address}
		c := capturePlan(t.Context(), t, p, patient(), nil)
		c.wantLine("pprof", bundle.Failed, want)
		if l := c.line("pprof"); l.Fix == "" || strings.Contains(l.Reason, "pw%zz") {
			t.Errorf("%s: reason %q, fix %q", address, l.Reason, l.Fix)
		}
	}
}
