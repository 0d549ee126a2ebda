package fleet

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/bundle/redact"
	"casefile/collectors"
	"casefile/collectors/agent"
	"casefile/collectors/agent/identity"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dumper is a collector that writes a dump a round, at the moment it is due, on a
// node whose clock is ahead by skew. It takes part in nothing else.
type dumper struct {
	skew  time.Duration
	first func() // called after the first dump, may be nil
	then  func() // called after the last one, may be nil
	size  int    // bytes of a dump, 100 when 0
}

func (dumper) Name() string { return "jvm" }

func (d dumper) Prepare(context.Context, *collectors.Session) ([]collectors.Job, error) {
	return []collectors.Job{{Target: "4711-wiki", Title: "Wiki, pid 4711", Run: d.run}}, nil
}

var dumpNames = []string{"threads/dump-01.txt", "threads/dump-02.txt", "threads/dump-03.txt"}

func (d dumper) run(ctx context.Context, s *collectors.Scope) {
	for k := range s.Plan.Dumps {
		due := s.Plan.Due(s.Start(), k)
		if !collectors.Wait(ctx, due) {
			s.Lost("dumps", entries.EndedEarly, "the capture ended early", "")
			return
		}
		now := time.Now().Add(d.skew)
		s.Add(collectors.Evidence{Name: dumpNames[k], Item: "dumps", Started: now, Ended: now}, noise(max(d.size, 100)))
		if k == 0 && d.first != nil {
			d.first()
		}
	}
	if d.then != nil {
		d.then()
	}
}

// cluster is a set of agents on loopback, and the admin that reaches them.
type cluster struct {
	t     testing.TB
	dir   string
	admin *identity.Identity
	nodes []Node
}

func newCluster(t testing.TB, names ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: filepath.Join(t.TempDir(), "cluster")}
	members := map[string]string{}
	for _, n := range names {
		members[n] = "localhost:7443"
	}
	if err := identity.Init(c.dir, "wiki", members); err != nil {
		t.Fatal(err)
	}
	c.admin = c.load(identity.AdminFile)
	return c
}

func (c *cluster) load(file string) *identity.Identity {
	c.t.Helper()
	id, err := identity.Load(filepath.Join(c.dir, file))
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

// node makes the node of an agent, not yet served.
func (c *cluster) node(name string, d dumper) *agent.Node {
	n := &agent.Node{Name: name, SpoolDir: filepath.Join(c.t.TempDir(), "spool"), Tool: bundle.Tool{Name: "casefile", Version: "test"},
		Collectors: func() []collectors.Collector { return []collectors.Collector{d} }}
	if d.skew != 0 {
		n.Now = func() time.Time { return time.Now().Add(d.skew) }
	}
	return n
}

// serve starts an agent; end breaks all its connections and its listener.
func (c *cluster) serve(n *agent.Node, id *identity.Identity, wrap func(http.Handler) http.Handler) (end func()) {
	c.t.Helper()
	ln := c.listen()
	conns := &breakable{Listener: ln}
	n.Listen, n.Identity, n.Allow.Peers = ln.Addr().String(), id, []string{"any"}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	h := n.Handler()
	if wrap != nil {
		h = wrap(h)
	}
	go func() { done <- agent.Serve(ctx, conns, id, h) }()
	c.t.Cleanup(func() {
		cancel()
		conns.breakAll()
		<-done
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := n.Close(ctx); err != nil {
			c.t.Error(err)
		}
	})
	c.add(n.Name, ln.Addr().String())
	return conns.breakAll
}

// agent serves a node with its own identity.
func (c *cluster) agent(name string, d dumper) (end func()) {
	c.t.Helper()
	return c.serve(c.node(name, d), c.load(identity.NodeFile(name)), nil)
}

func (c *cluster) listen() net.Listener {
	c.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	return ln
}

func (c *cluster) add(name, addr string) {
	c.nodes = append(c.nodes, Node{Name: name, Address: Address{Kind: Agent, Host: addr}})
}

// outcome is what a run left.
type outcome struct {
	*bundle.Report
	t   testing.TB
	err error
}

func shortPlan() plan.Plan {
	p := plan.Default()
	p.Cluster, p.Dumps, p.DumpInterval, p.Duration = "wiki", 3, plan.Duration(100*time.Millisecond), plan.Duration(400*time.Millisecond)
	return p
}

// patient are times for nodes that all answer, on a machine that may be busy.
var patient = times{agent: time.Minute, ssh: time.Minute, image: time.Minute, measure: time.Minute, meet: time.Minute,
	lead: 2 * time.Second, whole: 2 * time.Minute, end: 2 * time.Minute, halt: time.Minute, leave: time.Minute}

// hasty gives up nodes that never answer after a time that a test can wait for, and
// that the others are likely to keep.
func hasty(o *Options) {
	t := defaultTimes
	t.agent, t.measure, t.meet, t.whole, t.end, t.leave = 6*time.Second, 3*time.Second, 6*time.Second, 18*time.Second, 12*time.Second, 3*time.Second
	o.times = &t
}

// run captures the cluster and checks what holds of every run: an intact bundle, and
// nothing left next to it.
func (c *cluster) run(ctx context.Context, more ...func(*Options)) *outcome {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), "x.tar.zst")
	p := shortPlan()
	w, err := bundle.Create(path, bundle.TarZstd, bundle.Manifest{Cluster: "wiki", Plan: p}, redact.NewSecrets())
	if err != nil {
		c.t.Fatal(err)
	}
	o := Options{Plan: p, Nodes: c.nodes, Identity: c.admin, MaxNodeBytes: 1 << 30, times: &patient}
	for _, change := range more {
		change(&o)
	}
	r := &outcome{t: c.t}
	r.err = Run(ctx, w, o)
	if _, err := w.Close(); err != nil {
		c.t.Error(err)
	}
	if r.Report, err = bundle.Verify(context.Background(), path, redact.NewSecrets()); err != nil {
		c.t.Fatal(err)
	}
	if len(r.Damaged) > 0 || r.Reader.Cut != nil {
		c.t.Errorf("damaged %v, cut %v", r.Damaged, r.Reader.Cut)
	}
	if left, _ := filepath.Glob(path + ".parts*"); len(left) > 0 {
		c.t.Errorf("left behind: %v", left)
	}
	return r
}

// dumps returns the dumps of a node, by their paths.
func (r *outcome) dumps(node string) (list []bundle.Entry) {
	for _, e := range r.Reader.Manifest.Entries {
		if e.Node == node && strings.HasPrefix(e.Path, "nodes/"+node+"/jvm/4711-wiki/threads/dump-") {
			list = append(list, e)
		}
	}
	return list
}

// complete checks that nodes are there in full, with nothing in the ledger.
func (r *outcome) complete(nodes ...string) {
	r.t.Helper()
	for _, n := range nodes {
		if got := len(r.dumps(n)); got != 3 {
			r.t.Errorf("%s: %d dumps", n, got)
		}
	}
	for _, g := range r.Reader.Manifest.Gaps() {
		if slices.Contains(nodes, g.Node) {
			r.t.Errorf("gap of a node that is well: %+v", g)
		}
	}
}

// gap checks that the ledger has one line of the fleet for a node, with words of
// its reason and of its fix.
func (r *outcome) gap(node string, status bundle.Status, reason, fix string) {
	r.t.Helper()
	var found []bundle.Coverage
	for _, g := range r.Reader.Manifest.Gaps() {
		if g.Node == node && g.Collector == "fleet" {
			found = append(found, g)
		}
	}
	if len(found) != 1 || found[0].Status != status || !strings.Contains(found[0].Reason, reason) || !strings.Contains(found[0].Fix, fix) {
		r.t.Errorf("%s: want %s for %q, fix %q; got %+v", node, status, reason, fix, found)
	}
}

// only checks that gaps are told of these nodes alone.
func (r *outcome) only(nodes ...string) {
	r.t.Helper()
	for _, g := range r.Reader.Manifest.Gaps() {
		if !slices.Contains(nodes, g.Node) {
			r.t.Errorf("gap: %+v", g)
		}
	}
}

// breakable is a listener whose connections can all be cut at once.
type breakable struct {
	net.Listener
	mu     sync.Mutex
	conns  []net.Conn
	broken bool
}

func (b *breakable) Accept() (net.Conn, error) {
	conn, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.conns = append(b.conns, conn)
	if b.broken {
		conn.Close()
	}
	return conn, nil
}

func (b *breakable) breakAll() {
	b.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = true
	for _, c := range b.conns {
		c.Close()
	}
}

// noise is text that does not compress much.
func noise(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,\n"[rnd.IntN(65)]
	}
	return b
}
