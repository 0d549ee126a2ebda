package fleet

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"casefile/bundle"
	"casefile/collectors/agent"
	"casefile/collectors/agent/identity"
)

func TestAllNodes(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "n1", "n2", "n3")
	for _, n := range []string{"n1", "n2", "n3"} {
		c.agent(n, dumper{})
	}
	c.nodes = append(c.nodes, Node{Name: "here", Address: Address{Kind: Local}})
	spool := ""
	r := c.run(t.Context(), func(o *Options) {
		o.Local = func(name, dir string) *agent.Node {
			n := c.node(name, dumper{})
			n.SpoolDir, spool, n.Allow.Any = dir, dir, true
			return n
		}
	})
	if r.err != nil {
		t.Fatal(r.err)
	}
	r.complete("n1", "n2", "n3", "here")
	r.only()
	if _, err := os.Stat(spool); spool == "" || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("spool %q: %v", spool, err)
	}
	if nodes := r.Reader.Manifest.Nodes; len(nodes) != 4 {
		t.Errorf("%+v", nodes)
	}
}

// An order over which the link is lost is given again, if the node has not heard it.
func TestOrderIsLost(t *testing.T) {
	c := newCluster(t, "deaf", "heard")
	for _, name := range []string{"deaf", "heard"} {
		lost := false
		c.serve(c.node(name, dumper{}), c.load(identity.NodeFile(name)), func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if lost || r.Method != http.MethodPost || r.URL.Path != "/v1/captures" {
					h.ServeHTTP(w, r)
					return
				}
				lost = true
				if name == "heard" {
					h.ServeHTTP(httptest.NewRecorder(), r)
				}
				panic(http.ErrAbortHandler)
			})
		})
	}
	r := c.run(t.Context(), hasty)
	if r.err != nil {
		t.Fatal(r.err)
	}
	r.complete("deaf", "heard")
}

// Each case spoils node n2 of three; the others must not notice.
func TestOneNodeIsLost(t *testing.T) {
	cases := map[string]struct {
		spoil       func(t *testing.T, c *cluster)
		dumps       int
		status      bundle.Status
		reason, fix string
	}{
		"closed port": {func(_ *testing.T, c *cluster) {
			ln := c.listen()
			ln.Close()
			c.add("n2", ln.Addr().String())
		}, 0, bundle.Failed, "connection refused", "casefile agent runs on the node"},
		"silent": {func(t *testing.T, c *cluster) {
			ln := &breakable{Listener: c.listen()}
			var wg sync.WaitGroup
			wg.Go(func() {
				for {
					if _, err := ln.Accept(); err != nil {
						return
					}
				}
			})
			t.Cleanup(func() { ln.breakAll(); wg.Wait() })
			c.add("n2", ln.Addr().String())
		}, 0, bundle.Failed, "no answer within 6s", "reachable from here"},
		"foreign identity": {func(t *testing.T, c *cluster) {
			foreign := newCluster(t, "n2")
			c.serve(c.node("n2", dumper{}), foreign.load(identity.NodeFile("n2")), nil)
		}, 0, bundle.Failed, "another cluster", "of one cluster"},
		"another node": {func(_ *testing.T, c *cluster) {
			c.serve(c.node("n2", dumper{}), c.load(identity.NodeFile("n3")), nil)
		}, 0, bundle.Failed, "node n3 answers, not n2", "node-n2.pem"},
		"no spool": {func(t *testing.T, c *cluster) {
			n := c.node("n2", dumper{})
			n.SpoolDir = filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(n.SpoolDir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			c.serve(n, c.load(identity.NodeFile("n2")), nil)
		}, 0, bundle.Failed, "spool: ", "free space"},
		"dies": {func(_ *testing.T, c *cluster) {
			var end func()
			end = c.agent("n2", dumper{first: func() { end() }})
		}, -1, bundle.Partial, "does not answer any more", "casefile agent runs on the node"},
		"freezes": {func(t *testing.T, c *cluster) {
			frozen, quit := make(chan struct{}), make(chan struct{})
			c.serve(c.node("n2", dumper{first: func() { close(frozen) }}), c.load(identity.NodeFile("n2")), func(h http.Handler) http.Handler {
				return freezer(h, frozen, quit)
			})
			t.Cleanup(func() { close(quit) })
		}, -1, bundle.Partial, "does not answer any more: nothing heard", "casefile agent runs on the node"},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, "n1", "n2", "n3")
			c.agent("n1", dumper{})
			k.spoil(t, c)
			c.agent("n3", dumper{})
			r := c.run(t.Context(), hasty)
			if r.err != nil {
				t.Fatal(r.err)
			}
			r.complete("n1", "n3")
			r.only("n2")
			r.gap("n2", k.status, k.reason, k.fix)
			if got := len(r.dumps("n2")); k.dumps >= 0 && got != k.dumps {
				t.Errorf("%d dumps of n2", got)
			}
		})
	}
}

// freezer passes calls on until frozen; from then on nothing moves.
func freezer(h http.Handler, frozen, quit <-chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-frozen:
			<-quit
			return
		default:
		}
		if !strings.HasSuffix(r.URL.Path, "/bundle") {
			h.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(stuck{w, frozen, quit}, r)
	})
}

// stuck is a response that stops for good when frozen.
type stuck struct {
	http.ResponseWriter
	frozen, quit <-chan struct{}
}

func (s stuck) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s stuck) Write(p []byte) (int, error) {
	select {
	case <-s.frozen:
		<-s.quit
	default:
	}
	return s.ResponseWriter.Write(p)
}

// A collector that never ends costs its own job only: the node says so itself.
func TestCollectorHangs(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "n1", "n2")
	quit := make(chan struct{})
	c.agent("n1", dumper{})
	c.agent("n2", dumper{then: func() { <-quit }})
	t.Cleanup(func() { close(quit) })
	r := c.run(t.Context(), hasty)
	if r.err != nil {
		t.Fatal(r.err)
	}
	r.complete("n1")
	r.only("n2")
	gaps := r.Reader.Manifest.Gaps()
	if len(gaps) != 1 || gaps[0].Item != "job" || !strings.Contains(gaps[0].Reason, "did not end in time") || gaps[0].Fix == "" {
		t.Errorf("%+v", gaps)
	}
	if len(r.dumps("n2")) != 3 {
		t.Errorf("dumps of n2: %+v", r.dumps("n2"))
	}
}

func TestSpoolFull(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "n1", "n2")
	c.agent("n1", dumper{})
	n := c.node("n2", dumper{size: 1_300_000})
	n.MaxSpool = 1 << 20
	c.serve(n, c.load(identity.NodeFile("n2")), nil)
	r := c.run(t.Context(), func(o *Options) { o.Plan.MaxLogBytes = 1 << 20 })
	if r.err != nil {
		t.Fatal(r.err)
	}
	r.only("n2")
	found := false
	for _, g := range r.Reader.Manifest.Gaps() {
		found = found || g.Item == "spool" && strings.Contains(g.Reason, "limit of 1 MB") && strings.Contains(g.Fix, "free space")
	}
	if !found {
		t.Errorf("%+v", r.Reader.Manifest.Gaps())
	}
}

func TestNoNodeAtAll(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "n1")
	ln := c.listen()
	ln.Close()
	c.add("n1", ln.Addr().String())
	if r := c.run(t.Context()); r.err == nil || !strings.Contains(r.err.Error(), "node n1 cannot be captured: nothing listens at 127.0.0.1:") {
		t.Errorf("%v", r.err)
	}
	c.nodes = []Node{c.nodes[0], c.nodes[0]}
	if r := c.run(t.Context()); r.err == nil || !strings.Contains(r.err.Error(), "same name") {
		t.Errorf("%v", r.err)
	}
}

// Ctrl-C: every node ends with what it has.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "n1", "n2")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var once sync.Once
	for _, n := range []string{"n1", "n2"} {
		c.agent(n, dumper{first: func() { once.Do(interrupt) }})
	}
	r := c.run(ctx, func(o *Options) { o.Plan.Duration, o.Plan.DumpInterval = 600e9, 200e9 })
	if r.err != nil {
		t.Fatal(r.err)
	}
	for _, n := range []string{"n1", "n2"} {
		if got := len(r.dumps(n)); got > 1 {
			t.Errorf("%s: %d dumps", n, got)
		}
	}
	if len(r.dumps("n1"))+len(r.dumps("n2")) == 0 || len(r.Reader.Manifest.Gaps()) != 2 {
		t.Errorf("%+v", r.Reader.Manifest.Gaps())
	}
}
