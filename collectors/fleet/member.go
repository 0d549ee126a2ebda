package fleet

import (
	"cmp"
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/entries"
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
	closer func()
	said   func(error) error // what ssh had to say, nil without ssh
	hello  agent.Hello
	kernel string
	place  agent.Place // where it answers its peers
	peers  *wire.Order // whom it asks; nil: nobody
	own    wire.Node   // what it measured on itself
	links  []wire.Link // what it measured of its peers
	err    error       // why it is left out

	waits atomic.Bool // for its turn

	mu     sync.Mutex
	clock  timing.Estimator
	phases []wire.Phase
	late   error // what went wrong after the start
	ended  error // what the node says went wrong though its stream is whole
}

var errLate = entries.NewError(entries.TimedOut, "it did not finish in time")

// Exchanges of a phase; more of them find a shorter round trip, and so a tighter bound.
const (
	exchangesOnce = 20
	exchangeEvery = 2 * time.Second
)

// measure makes exchanges of four time stamps and adds them up as one phase. A
// node that does not answer them shows that in the capture itself.
func (m *member) measure(ctx context.Context, when wire.When) {
	ctx, cancel := context.WithTimeout(ctx, m.f.times.measure)
	defer cancel()
	run := timing.NewTally(wire.HTTP, time.Now())
	for range exchangesOnce {
		run.Sent()
		x, err := m.exchange(ctx)
		if err != nil {
			break
		}
		run.Answered(x)
	}
	m.addPhase(when, run)
}

func (m *member) exchange(ctx context.Context) (x timing.Exchange, err error) {
	x.T1, x.T2, x.T3, x.T4, err = m.client.Exchange(ctx)
	if err == nil {
		m.mu.Lock()
		err = m.clock.Add(x)
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
	if err := m.order(deadline, agent.Order{ID: m.f.id, Plan: p, Peers: m.peers}); err != nil {
		m.err = err
		m.lost(entries.ItemNode, err)
		return
	}
	halt := func() { _ = m.client.Stop(deadline, m.f.id) } // what that brings shows in what is fetched
	defer context.AfterFunc(ctx, halt)()
	defer time.AfterFunc(time.Until(m.f.limit.Add(-m.f.times.halt)), halt).Stop()

	follow, cancel := context.WithCancel(deadline)
	var wg sync.WaitGroup
	wg.Go(func() { m.keepTime(follow) })
	wg.Go(func() { _, _ = m.client.Events(follow, m.f.id, m.heard) }) // without them there is no progress to see
	m.late = m.fetch(ctx, deadline)
	cancel()
	wg.Wait()
	m.leave(context.WithoutCancel(deadline))
}

// order orders the capture; where the link is lost over it, once more if the node has not heard it.
func (m *member) order(ctx context.Context, o agent.Order) error {
	err := m.client.Order(ctx, o)
	var refused *agent.Error
	if err == nil || errors.As(err, &refused) || ctx.Err() != nil {
		return err
	}
	if _, unknown := m.client.Status(ctx, o.ID); unknown == nil {
		return nil
	}
	return m.client.Order(ctx, o)
}

// heard passes on what the node tells.
func (m *member) heard(e collectors.Event) {
	e.Node = m.Name
	if m.f.o.Progress != nil {
		m.f.o.Progress(e)
	}
}

// leave asks how the capture ended, and lets the node clean up.
func (m *member) leave(ctx context.Context) {
	if m.Address.Kind == Kube {
		<-m.f.looked // what it wrote is scrubbed by itself; that has a limit
	}
	ctx, cancel := context.WithTimeout(ctx, m.f.times.leave)
	defer cancel()
	status, err := m.client.Status(ctx, m.f.id)
	switch {
	case m.late == nil && err == nil && status.Error != "":
		m.ended = failure(status)
	case m.late == nil:
	case err != nil:
		m.late = entries.Errorf(entries.NoAnswer, "the node does not answer any more: %w", linkError(err, m.f.times.leave))
	case status.Error != "":
		m.late = failure(status)
	default:
		m.late = entries.Errorf(entries.TimedOut, "its capture had not ended %v after the planned end", time.Since(m.f.end).Round(time.Second))
	}
	if m.late != nil {
		_ = m.client.Stop(ctx, m.f.id) // the node removes what is left after an hour
		return
	}
	m.measure(ctx, wire.After)
	_ = m.client.Delete(ctx, m.f.id) // the node removes what is left after an hour
}

// failure is the error that a node tells.
func failure(s agent.Status) error { return entries.NewError(cmp.Or(s.Cause, entries.Other), s.Error) }

// linkError says "no answer" where only our own patience ended.
func linkError(err error, patience time.Duration) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return entries.Errorf(entries.NoAnswer, "nothing heard within %v", patience)
	}
	return err
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

// fetch writes the node's bundle into its part file, and resumes where a link was lost until the deadline, or as long
// after it as bytes come: of many nodes, or over a slow link, all is more than what comes until then.
func (m *member) fetch(ctx, deadline context.Context) error {
	p, err := m.newPart()
	if err != nil {
		return err
	}
	m.f.sending.Add(1)
	defer m.f.sending.Add(-1)
	patience, end := context.WithCancelCause(context.WithoutCancel(deadline))
	over := make(chan struct{})
	stop := context.AfterFunc(deadline, func() {
		defer close(over)
		m.whileBytesCome(ctx, patience, p.came)
		end(context.Cause(deadline))
	})
	_, err = m.client.Download(patience, m.f.id, m.f.o.MaxNodeBytes, p)
	if closed := p.close(); err == nil {
		err = closed
	}
	end(nil)
	if !stop() {
		<-over
	}
	return err
}

// turn lets a stream be opened when few others are: a handshake takes both sides a millisecond, and time stamps and what
// comes of other nodes have to wait for a thousand of them.
func (m *member) turn(ctx context.Context) (done func(), err error) {
	m.waits.Store(true)
	defer m.waits.Store(false)
	select {
	case m.f.opening <- struct{}{}:
		return func() { <-m.f.opening }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

const (
	// leastFlow is how many bytes must come in each times.flow.
	leastFlow = 4 << 10
	// atOnce is how many nodes are heard at once: of more, each may be silent for as many times as long, because others
	// have their turn.
	atOnce = 64
)

// whileBytesCome returns when too few did, when the user ends the capture, or when patience has ended.
func (m *member) whileBytesCome(ctx, patience context.Context, came *atomic.Int64) {
	if ctx.Err() != nil {
		return
	}
	patience, cancel := context.WithTimeout(patience, m.f.times.most)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	for {
		before, waited, turns := came.Load(), m.waits.Load(), 1+time.Duration(m.f.sending.Load()/atOnce)
		if !collectors.Wait(patience, time.Now().Add(turns*m.f.times.flow)) {
			return
		}
		if silent := came.Load()-before < leastFlow; silent && !waited {
			return
		}
	}
}

// join takes the part of the node into the bundle.
func (m *member) join(ctx context.Context) {
	if m.err != nil {
		return
	}
	defer os.Remove(m.partFile())
	in, err := m.openPart()
	if err != nil {
		m.lost("bundle", err)
		return
	}
	defer in.Close()
	seen := measured{dir: m.dir}
	manifest, err := m.f.w.Join(ctx, in, bundle.JoinOptions{Node: m.Name, Dir: m.dir, MaxBytes: m.f.o.MaxNodeBytes, Annotate: m.annotate, Peek: seen.peek})
	seen.read(m)
	if manifest != nil {
		m.adopt(manifest)
	}
	if err = cmp.Or(m.late, m.ended, err); err != nil {
		m.partial(err)
	}
}

// adopt takes over the node's ledger under the name it has here.
func (m *member) adopt(n *bundle.Manifest) {
	if len(n.Nodes) == 1 {
		m.kernel = n.Nodes[0].Kernel
	}
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
	const grain = time.Microsecond // as of all times in records; the bound covers what is rounded
	e.Reference = e.Started.Add(-offset).Round(grain)
	e.ReferenceErrorMS = float64((bound + 2*grain).Truncate(grain)) / float64(time.Millisecond)
}

// partial notes that the node's part ends early.
func (m *member) partial(err error) {
	m.f.tell(m, "incomplete", err.Error())
	m.f.w.Cover(bundle.Coverage{Node: m.Name, Collector: entries.CollectorFleet, Target: m.Name, Item: entries.ItemNode, Status: bundle.Partial, Cause: cause(err),
		Reason: err.Error() + ": what it had sent by then is kept", Fix: m.fix(err)})
}
