package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"casefile/bundle"
	wire "casefile/bundle/format/timing"
	"casefile/collectors"
	"casefile/collectors/agent"
	"casefile/collectors/timing"
)

// member is one node of a run.
type member struct {
	Node
	f   *fleet
	dir string // below nodes/

	client *agent.Client
	closer func() error
	hello  agent.Hello
	err    error // why it is left out

	mu     sync.Mutex
	clock  timing.Estimator
	phases []wire.Phase
	late   error // what went wrong after the start
}

var errLate = errors.New("it did not finish in time")

// Exchanges of a phase; more of them find a shorter round trip, and so a tighter bound.
const (
	exchangesBefore = 20
	exchangeEvery   = 2 * time.Second
)

// connect opens the node's API and sees that it can be used.
func (m *member) connect(ctx context.Context) {
	limit := agentLimit
	if m.Address.Kind == SSH {
		limit = sshLimit
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit))
	defer cancel()
	m.f.tell(m, "connecting", "")
	if m.err = m.open(ctx); m.err == nil {
		m.hello, m.err = m.client.Hello(ctx)
	}
	if m.err != nil {
		if cause := context.Cause(ctx); cause != nil {
			m.err = cause
		}
		m.lost("node", m.err, m.fix())
	}
}

// open makes the connection of the address's kind.
func (m *member) open(ctx context.Context) error {
	switch m.Address.Kind {
	case Agent:
		if m.f.o.Identity == nil {
			return errors.New("an identity of the cluster is needed: --identity, or --cluster with one beside it")
		}
		var err error
		if m.client, err = agent.Dial(m.f.o.Identity, m.Name, m.Address.Host); err == nil {
			m.closer = func() error { m.client.Close(); return nil }
		}
		return err
	case SSH:
		s := &sshNode{addr: m.Address, binary: m.f.o.Binary}
		conn, err := s.connect(ctx)
		if err != nil {
			return err
		}
		m.overConn(conn)
		return nil
	}
	ours, theirs := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		agent.ServeConn(context.WithoutCancel(ctx), theirs, m.f.o.Local.Handler())
	}()
	m.overConn(ours)
	closeConn := m.closer
	m.closer = func() error { err := closeConn(); theirs.Close(); <-served; return err }
	return nil
}

func (m *member) overConn(conn io.ReadWriteCloser) {
	http := agent.DialConn(conn)
	m.client = agent.NewClient(http, "http://node")
	m.closer = func() error { http.CloseIdleConnections(); return conn.Close() }
}

func (m *member) close() {
	if m.closer != nil {
		m.closer()
	}
}

// lost notes what was not obtained of this node.
func (m *member) lost(item string, err error, fix string) {
	m.f.tell(m, "failed", err.Error())
	m.f.w.Cover(bundle.Coverage{Node: m.Name, Collector: "fleet", Target: m.Name, Item: item, Status: bundle.Failed, Reason: err.Error(), Fix: fix})
}

// fix says what to do about a node that could not be reached.
func (m *member) fix() string {
	switch m.Address.Kind {
	case Agent:
		return "see that casefile agent runs there (systemctl status casefile-agent) and that " + m.Address.Host + " is reachable from here"
	case SSH:
		return "ssh " + m.Address.Host + " must work from here without a question"
	}
	return ""
}

// measure makes exchanges of four time stamps and adds them up as one phase.
func (m *member) measure(ctx context.Context, when wire.When, n int) {
	run := timing.NewTally(wire.HTTP, time.Now())
	for range n {
		run.Sent()
		x, err := m.exchange(ctx)
		if err != nil {
			break // what it means shows in the capture itself
		}
		run.Answered(x)
	}
	m.addPhase(when, run)
}

func (m *member) exchange(ctx context.Context) (x timing.Exchange, err error) {
	x.T1, x.T2, x.T3, x.T4, err = m.client.Exchange(ctx)
	if err == nil {
		m.mu.Lock()
		m.clock.Add(x)
		m.mu.Unlock()
	}
	return x, err
}

func (m *member) addPhase(when wire.When, run *timing.Tally) {
	m.mu.Lock()
	m.phases = append(m.phases, wire.Phase{When: when, Measured: *run.Measured(time.Now())})
	m.mu.Unlock()
}

// offset is how far the node's clock is ahead at a moment of ours.
func (m *member) offset(t time.Time) (offset, bound time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.clock.At(t)
	if !ok {
		return 0, 0
	}
	ms := float64(time.Millisecond)
	return time.Duration(c.OffsetMS * ms), time.Duration(c.ErrorMS * ms)
}

// capture starts the node, follows it, and fetches what it writes while it
// writes. ctx ending (Ctrl-C) ends the capture early; deadline ends the waiting.
func (m *member) capture(ctx, deadline context.Context) {
	p := m.f.o.Plan
	offset, _ := m.offset(m.f.start)
	p.Start = m.f.start.Add(offset)
	if err := m.client.Start(deadline, m.f.id, p); err != nil {
		m.err = err
		m.lost("node", err, m.fix())
		return
	}
	stop := context.AfterFunc(ctx, func() { m.client.Stop(deadline, m.f.id) })
	defer stop()
	follow, cancel := context.WithCancel(deadline)
	ended := make(chan agent.Status, 1)
	var wg sync.WaitGroup
	wg.Go(func() { m.keepTime(follow) })
	wg.Go(func() {
		status, _ := m.client.Events(follow, m.f.id, func(e collectors.Event) {
			e.Node = m.Name
			if m.f.o.Progress != nil {
				m.f.o.Progress(e)
			}
		})
		ended <- status
	})
	m.late = m.fetch(deadline)
	cancel()
	wg.Wait()
	if status := <-ended; m.late != nil && status.Error != "" {
		m.late = errors.New(status.Error)
	}
	m.measure(deadline, wire.After, exchangesBefore)
	m.client.Delete(deadline, m.f.id) // else the node removes it after an hour
}

// keepTime goes on with exchanges during the capture.
func (m *member) keepTime(ctx context.Context) {
	run := timing.NewTally(wire.HTTP, time.Now())
	for collectors.Wait(ctx, time.Now().Add(exchangeEvery)) {
		run.Sent()
		if x, err := m.exchange(ctx); err == nil {
			run.Answered(x)
		}
	}
	m.addPhase(wire.During, run)
}

// fetch writes the node's bundle into its part file, and resumes where a link
// was lost until the deadline.
func (m *member) fetch(ctx context.Context) error {
	out, err := os.OpenFile(m.partFile(), os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = m.client.Download(ctx, m.f.id, m.f.o.MaxNodeBytes, part{out})
	return err
}

// part is the file that a node's bundle is written to.
type part struct{ *os.File }

// Restart empties it: the node has scrubbed its bundle once more.
func (p part) Restart() error {
	if err := p.Truncate(0); err != nil {
		return err
	}
	_, err := p.Seek(0, io.SeekStart)
	return err
}

// join takes the part of the node into the bundle.
func (m *member) join(ctx context.Context) {
	if m.err != nil {
		return
	}
	in, err := os.Open(m.partFile())
	if err != nil {
		m.lost("bundle", err, "")
		return
	}
	defer in.Close()
	manifest, err := m.f.w.Join(ctx, in, bundle.JoinOptions{Node: m.Name, Dir: m.dir, MaxBytes: m.f.o.MaxNodeBytes, Annotate: m.annotate})
	if manifest != nil {
		m.adopt(manifest)
	}
	switch {
	case m.late != nil:
		m.partial(m.late)
	case err != nil:
		m.partial(err)
	}
	os.Remove(m.partFile())
}

// adopt takes over the node's ledger under the name it has here.
func (m *member) adopt(n *bundle.Manifest) {
	for i := range n.Coverage {
		n.Coverage[i].Node = m.Name
	}
	for i := range n.Overhead {
		n.Overhead[i].Node = m.Name
	}
	m.f.w.AddNode(n)
}

// annotate gives an entry its time on the reference clock.
func (m *member) annotate(e *bundle.Entry) {
	if e.Started.IsZero() {
		return
	}
	offset, bound := m.offset(e.Started)
	e.Reference, e.ReferenceErrorMS = e.Started.Add(-offset), float64(bound)/float64(time.Millisecond)
}

// partial notes that the node's part ends early.
func (m *member) partial(err error) {
	m.f.tell(m, "incomplete", err.Error())
	m.f.w.Cover(bundle.Coverage{Node: m.Name, Collector: "fleet", Target: m.Name, Item: "node", Status: bundle.Partial,
		Reason: err.Error() + ": what it had sent by then is kept", Fix: "see whether the node and its agent still run, and capture again"})
}
