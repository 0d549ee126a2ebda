package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/bundle/seal"
	"casefile/collectors"
	"casefile/collectors/agent/identity"
)

const adminFile = identity.AdminFile

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a collector that does what a test tells it.
type script struct {
	name    string
	prepare error
	steps   chan func(context.Context, *collectors.Scope)
}

func newScript() *script {
	return &script{name: "jvm", steps: make(chan func(context.Context, *collectors.Scope))}
}

func (s *script) Name() string { return s.name }

func (s *script) Prepare(context.Context, *collectors.Session) ([]collectors.Job, error) {
	if s.prepare != nil {
		return nil, s.prepare
	}
	return []collectors.Job{{Target: "4711-wiki", Title: "Wiki, pid 4711", Run: s.run}}, nil
}

// run does one step after the other until there are no more or the capture ends.
func (s *script) run(ctx context.Context, scope *collectors.Scope) {
	for {
		select {
		case step, more := <-s.steps:
			if !more {
				return
			}
			step(ctx, scope)
		case <-ctx.Done():
			scope.Lost("dumps", entries.EndedEarly, "ended early", "")
			return
		}
	}
}

// do runs one step and waits until it is done.
func (s *script) do(t *testing.T, step func(context.Context, *collectors.Scope)) {
	t.Helper()
	done := make(chan struct{})
	select {
	case s.steps <- func(ctx context.Context, scope *collectors.Scope) { defer close(done); step(ctx, scope) }:
	case <-time.After(2 * time.Minute):
		t.Fatal("the collector does not run")
	}
	<-done
}

func (s *script) add(t *testing.T, name string, content []byte) {
	t.Helper()
	s.do(t, func(_ context.Context, scope *collectors.Scope) {
		if err := scope.Add(collectors.Evidence{Name: name, Item: "dumps"}, content); err != nil {
			t.Error(err)
		}
		scope.Tell("dumps", 1, 1, "%s", name)
	})
}

func (s *script) end() { close(s.steps) }

// noise is text that does not compress much.
func noise(seed uint64, n int) []byte {
	rnd := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,\n"[rnd.IntN(65)]
	}
	return b
}

func newNode(t *testing.T, list ...collectors.Collector) *Node {
	t.Helper()
	n := &Node{Name: "n1", SpoolDir: filepath.Join(t.TempDir(), "spool"), Tool: bundle.Tool{Name: "casefile", Version: "test"},
		Collectors: func() []collectors.Collector { return append([]collectors.Collector(nil), list...) }}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if err := n.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return n
}

// local reaches a node within this process.
func local(t *testing.T, n *Node) *Client {
	t.Helper()
	a, b := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	h := n.Handler()
	go func() { done <- ServeConn(ctx, a, h) }()
	c := NewClient(DialConn(b), "http://node")
	t.Cleanup(func() {
		c.Close()
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		b.Close()
	})
	return c
}

// cluster makes identities; it returns their folder.
func cluster(t *testing.T, nodes ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cluster")
	addrs := map[string]string{}
	for _, n := range nodes {
		addrs[n] = "localhost:7433"
	}
	if err := identity.Init(dir, "wiki", addrs); err != nil {
		t.Fatal(err)
	}
	return dir
}

func loadID(t *testing.T, dir, file string) *identity.Identity {
	t.Helper()
	id, err := identity.Load(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// listen serves a node over TLS and returns its address.
func listen(t *testing.T, id *identity.Identity, h http.Handler, b bounds) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, ln, id, h, b) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

func dial(t *testing.T, id *identity.Identity, node, addr string) *Client {
	t.Helper()
	c, err := Dial(id, node, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func shortPlan() plan.Plan {
	p := plan.Default()
	p.Dumps, p.Duration = 1, plan.Duration(20*time.Second)
	return p
}

func begin(t *testing.T, c *Client) string {
	t.Helper()
	id, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context(), id, shortPlan()); err != nil {
		t.Fatal(err)
	}
	return id
}

// kept is a Sink that keeps everything, and tells when it grew.
type kept struct {
	buf      bytes.Buffer
	restarts int
	grown    chan int
}

func (k *kept) Write(p []byte) (int, error) {
	n, err := k.buf.Write(p)
	if k.grown != nil {
		k.grown <- k.buf.Len()
	}
	return n, err
}

func (k *kept) Restart() error {
	k.restarts++
	k.buf.Reset()
	return nil
}

// spooled is the bundle as it lies on the node, where it is sealed.
func spooled(t *testing.T, n *Node, id string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(n.SpoolDir, id+".tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	n.mu.Lock()
	at := slices.IndexFunc(n.captures, func(c *capture) bool { return c.id == id })
	keys := n.captures[at].keys
	n.mu.Unlock()
	if !seal.IsSealed(raw) {
		t.Error("the bundle lies plain on the node")
	}
	plain, err := keys.Open(bytes.NewReader(raw), int64(len(raw)))
	if err == nil {
		raw, err = io.ReadAll(plain)
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// check verifies a fetched bundle and returns what it says of itself.
func check(t *testing.T, raw []byte) *bundle.Report {
	t.Helper()
	file := filepath.Join(t.TempDir(), "b.tar.zst")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	rep, err := bundle.Verify(context.Background(), file, redact.NewSecrets())
	if err != nil {
		t.Fatal(err)
	}
	if rep.Reader.Cut != nil || len(rep.Damaged) > 0 {
		t.Errorf("cut %v, damaged %v", rep.Reader.Cut, rep.Damaged)
	}
	return rep
}

// refused checks that a node said no with a code, and returns its words.
func refused(t *testing.T, err error, code Code) string {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("want a refusal with code %s, got %v", code, err)
	}
	return e.Message
}

func spoolFiles(t *testing.T, n *Node) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(n.SpoolDir, "*.tar.zst*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func pathsOf(m bundle.Manifest) string {
	text := ""
	for _, e := range m.Entries {
		text += fmt.Sprintln(e.Path)
	}
	return text
}
