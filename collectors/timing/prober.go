package timing

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"casefile/bundle/format/timing"
	"casefile/collectors"
)

const (
	// unproven is how many questions an address gets that never answered any: nobody can
	// make a prober flood somebody who is no responder.
	unproven = 10
	// patience is how long an answer may take and still count.
	patience = time.Second
	// dialLimit is that of a TCP connection to a responder.
	dialLimit = 5 * time.Second
	// outstanding is how many questions may wait for an answer.
	outstanding = 512
	// maxErrors in a row end the receiving: each question may draw one from a closed port.
	maxErrors = 100000
)

// ErrNoAnswer is that of a peer that never answered.
var ErrNoAnswer = errors.New("no answer at all")

// NewKey makes the key of a capture.
func NewKey() []byte {
	key := make([]byte, timing.KeySize)
	_, _ = rand.Read(key) // never fails, see its documentation
	return key
}

// Prober asks one responder.
type Prober struct {
	Address string // as Listen takes it
	Key     []byte
	Every   time.Duration
	Until   time.Time
	// Clock is what T1 and T4 are read from. Nil: the system's.
	Clock func() time.Time
	// Ask makes one exchange over a connection of the caller's, for an https:// address.
	Ask func(context.Context) (Exchange, error)
	// Known says that the address has answered before: it is asked to the end, whether
	// it answers now or not.
	Known bool
	// Patience is how long answers are waited for at the end; 0 means a second.
	Patience time.Duration
}

// Probe asks the responder at an address every so often until a moment, or until ctx
// ends, and sums up. With an error there are figures too: that all was lost, for one.
func Probe(ctx context.Context, address string, key []byte, every time.Duration, until time.Time) (*timing.Measured, error) {
	return Prober{Address: address, Key: key, Every: every, Until: until}.Run(ctx)
}

// Run is Probe with all settings.
func (p Prober) Run(ctx context.Context) (*timing.Measured, error) {
	transport, hostport, err := timing.SplitAddress(p.Address)
	if err != nil {
		return nil, fmt.Errorf("timing: %w", err)
	}
	if len(p.Key) != timing.KeySize || p.Every < timing.MinEvery {
		return nil, fmt.Errorf("timing: probe of %s: want a key of %d bytes and at least %v between questions", p.Address, timing.KeySize, timing.MinEvery)
	}
	if transport == timing.HTTP && p.Ask == nil {
		return nil, fmt.Errorf("timing: %s: this node has no identity to call an agent with", p.Address)
	}
	if p.Patience == 0 {
		p.Patience = patience
	}
	r := newProbing(p, transport)
	switch transport {
	case timing.HTTP:
		err = r.calls(ctx)
	case timing.TCP:
		err = r.stream(ctx, hostport)
	default:
		err = r.datagrams(ctx, hostport)
	}
	m := r.tally.Measured(r.now())
	if err == nil && m.Count > 0 && m.Lost == m.Count {
		err = ErrNoAnswer
	}
	if err != nil {
		return m, fmt.Errorf("timing: %s: %w", p.Address, err)
	}
	return m, nil
}

func newProbing(p Prober, transport timing.Transport) *probing {
	r := &probing{Prober: p, transport: transport, session: newSession(), pending: map[uint64]Exchange{}, proven: make(chan struct{})}
	r.tally = NewTally(transport, r.now())
	return r
}

func newSession() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return binary.BigEndian.Uint64(b[:])
}

// probing is one run.
type probing struct {
	Prober
	transport timing.Transport
	session   uint64

	mu       sync.Mutex
	tally    *Tally
	sequence uint64
	pending  map[uint64]Exchange
	proven   chan struct{} // closed at the first answer
}

func (r *probing) now() time.Time {
	if r.Clock != nil {
		return r.Clock()
	}
	return time.Now()
}

// question counts the next one and appends it; T1 is read last.
func (r *probing) question(b []byte) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sequence++
	r.tally.Sent()
	delete(r.pending, r.sequence-outstanding)
	t1 := r.now()
	r.pending[r.sequence] = Exchange{T1: t1}
	return timing.Packet{Kind: timing.Question, Session: r.session, Sequence: r.sequence, T1: t1}.Append(b, r.Key)
}

// answer takes a packet that came back at t4; false: it answers none of ours.
func (r *probing) answer(b []byte, t4 time.Time) bool {
	p, err := timing.ParsePacket(b, r.Key)
	if err != nil || p.Kind != timing.Answer || p.Session != r.session {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	x, asked := r.pending[p.Sequence]
	if !asked || x.T1.UnixNano() != p.T1.UnixNano() {
		return false
	}
	delete(r.pending, p.Sequence)
	x.T2, x.T3, x.T4, x.Up2 = p.T2, p.T2.Add(p.Hold), t4, p.Up
	r.answered(x)
	return true
}

// answered counts an answer; the caller holds r.mu.
func (r *probing) answered(x Exchange) {
	if r.tally.answered == 0 {
		close(r.proven)
	}
	r.tally.Answered(x)
}

// mayAsk reports whether there is sense in one more question. When an address has had
// all that it gets without an answer, it waits for the first one.
func (r *probing) mayAsk(ctx context.Context) bool {
	r.mu.Lock()
	enough := !r.Known && r.tally.sent >= unproven
	r.mu.Unlock()
	if !enough {
		return true
	}
	timer := time.NewTimer(r.Patience)
	defer timer.Stop()
	select {
	case <-r.proven:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (r *probing) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.pending)
}

// datagrams asks at an even pace, whether answers come or not, and waits for the
// last ones.
func (r *probing) datagrams(ctx context.Context, hostport string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", hostport)
	if err != nil {
		return err
	}
	defer conn.Close()
	all := make(chan struct{}, 1) // told when nothing is pending
	var wg sync.WaitGroup
	defer wg.Wait()
	defer conn.SetReadDeadline(time.Unix(1, 0))
	wg.Go(func() { r.receive(conn, all) })

	var out []byte
	for tick := newTick(r.Every, r.Until); tick.wait(ctx) && r.mayAsk(ctx); {
		out = r.question(out[:0])
		_, _ = conn.Write(out) // refused ones (ICMP) are lost ones
	}
	// Late answers still count; those of an interrupted run are not waited for.
	timer := time.NewTimer(r.Patience)
	defer timer.Stop()
	for r.waiting() > 0 {
		select {
		case <-all:
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

func (r *probing) receive(conn net.Conn, all chan<- struct{}) {
	buf := make([]byte, timing.PacketSize+1)
	for errs := 0; errs < maxErrors; {
		n, err := conn.Read(buf)
		t4 := r.now()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			errs++
			continue
		}
		errs = 0
		if r.answer(buf[:n], t4) && r.waiting() == 0 {
			select {
			case all <- struct{}{}:
			default:
			}
		}
	}
}

// stream asks on one connection and waits for each answer; after a failure it
// connects anew.
func (r *probing) stream(ctx context.Context, hostport string) error {
	var conn net.Conn
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	var failure error
	buf := make([]byte, timing.PacketSize)
	for tick := newTick(r.Every, r.Until); tick.wait(ctx); {
		if !r.Known && r.tally.answered == 0 && r.tally.sent >= unproven {
			break
		}
		if conn == nil {
			d := net.Dialer{Timeout: dialLimit}
			if conn, failure = d.DialContext(ctx, "tcp", hostport); failure != nil {
				r.question(nil) // lost
				conn = nil
				continue
			}
		}
		if failure = r.ask(ctx, conn, buf); failure != nil {
			conn.Close()
			conn = nil
		}
	}
	if r.tally.answered == 0 && ctx.Err() == nil {
		return failure
	}
	return nil
}

func (r *probing) ask(ctx context.Context, conn net.Conn, buf []byte) error {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	conn.SetDeadline(time.Now().Add(dialLimit))
	if _, err := conn.Write(r.question(nil)); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, buf); err != nil {
		return err
	}
	if !r.answer(buf, r.now()) {
		return errors.New("an answer that is none of this capture")
	}
	return nil
}

// calls asks over the caller's connection and waits for each answer.
func (r *probing) calls(ctx context.Context) (failure error) {
	for tick := newTick(r.Every, r.Until); tick.wait(ctx); {
		if !r.Known && r.tally.answered == 0 && r.tally.sent >= unproven {
			break
		}
		r.tally.Sent()
		one, cancel := context.WithTimeout(ctx, r.Patience)
		x, err := r.Ask(one)
		cancel()
		if err != nil {
			failure = err
			continue
		}
		r.tally.Answered(x)
	}
	if r.tally.answered > 0 || ctx.Err() != nil {
		return nil
	}
	return failure
}

// tick is an even pace; what was missed is not made up for.
type tick struct {
	every time.Duration
	due   time.Time
	until time.Time
}

func newTick(every time.Duration, until time.Time) *tick {
	return &tick{every: every, due: time.Now(), until: until}
}

// wait sleeps until the next turn; false at the end.
func (t *tick) wait(ctx context.Context) bool {
	if !t.due.Before(t.until) || !collectors.Wait(ctx, t.due) {
		return false
	}
	t.due = t.due.Add(t.every)
	if late := time.Since(t.due); late > 0 {
		t.due = t.due.Add(late.Truncate(t.every) + t.every)
	}
	return true
}
