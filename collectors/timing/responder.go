package timing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"casefile/bundle/format/timing"
	"casefile/collectors"
)

// Responder answers the questions of one capture. Whoever does not know its key
// gets no answer at all.
type Responder struct {
	// Clock is what T2 and T3 are read from. Nil: the system's.
	Clock func() time.Time

	key      []byte
	began    time.Time
	packets  net.PacketConn
	listener net.Listener
	seen     sessions
}

// Bounds of a Responder.
const (
	maxStreams   = 128 // TCP connections at a time
	maxPerSecond = 5000
	firstPacket  = 5 * time.Second // a connection that says nothing
	idleStream   = 30 * time.Second
)

// Listen opens a responder at "udp://host:port" or "tcp://host:port"; port 0 picks one.
func Listen(ctx context.Context, address string, key []byte) (*Responder, error) {
	if len(key) != timing.KeySize {
		return nil, fmt.Errorf("timing: key of %d bytes, want %d", len(key), timing.KeySize)
	}
	transport, hostport, err := timing.SplitAddress(address)
	if err != nil {
		return nil, fmt.Errorf("timing: %w", err)
	}
	r := &Responder{key: key, began: time.Now(), seen: sessions{}}
	var conf net.ListenConfig
	switch transport {
	case timing.TCP:
		r.listener, err = conf.Listen(ctx, "tcp", hostport)
	case timing.UDP:
		r.packets, err = conf.ListenPacket(ctx, "udp", hostport)
	default:
		err = fmt.Errorf("no responder for %s", address)
	}
	if err != nil {
		return nil, fmt.Errorf("timing: %w", err)
	}
	return r, nil
}

// Address is where peers reach it, with the port that was picked.
func (r *Responder) Address() string {
	if r.listener != nil {
		return "tcp://" + r.listener.Addr().String()
	}
	return "udp://" + r.packets.LocalAddr().String()
}

// Serve answers until ctx ends, then closes. It returns nil at the end of ctx.
func (r *Responder) Serve(ctx context.Context) error {
	if r.listener != nil {
		return r.serveStreams(ctx)
	}
	stop := context.AfterFunc(ctx, func() { r.packets.Close() })
	defer stop()
	defer r.packets.Close()
	return ended(ctx, r.servePackets())
}

// ended tells the end of ctx from a failure.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("timing: responder: %w", err)
}

func (r *Responder) servePackets() error {
	buf := make([]byte, timing.PacketSize) // what a longer one is padded with is cut off: the answer is no longer than the question
	var out []byte
	pace := pace{}
	for {
		n, from, err := r.packets.ReadFrom(buf)
		t2 := r.now()
		switch {
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			continue // an error of one sender (ICMP) is no reason to end
		}
		if !pace.allow(t2) {
			continue
		}
		if out = r.answer(out[:0], buf[:n], t2, r.seen); len(out) > 0 {
			_, _ = r.packets.WriteTo(out, from) // a lost answer is what the asker measures
		}
	}
}

func (r *Responder) now() time.Time {
	if r.Clock != nil {
		return r.Clock()
	}
	return time.Now()
}

// answer appends the answer to a question that is authentic and new.
func (r *Responder) answer(out, in []byte, t2 time.Time, seen sessions) []byte {
	p, err := timing.ParsePacket(in, r.key)
	if err != nil || p.Kind != timing.Question || !seen.fresh(p.Session, p.Sequence) {
		return out
	}
	p.Kind, p.T2, p.Up = timing.Answer, t2, max(0, t2.Sub(r.began))
	p.Hold = max(0, r.now().Sub(t2))
	return p.Append(out, r.key)
}

func (r *Responder) serveStreams(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { r.listener.Close() })
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	defer stop()
	defer r.listener.Close()
	places := make(chan struct{}, maxStreams)
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return ended(ctx, err)
			}
			if !collectors.Wait(ctx, time.Now().Add(50*time.Millisecond)) { // out of file descriptors, mostly
				return nil
			}
			continue
		}
		select {
		case places <- struct{}{}:
			wg.Go(func() {
				defer func() { <-places }()
				r.serveStream(ctx, conn)
			})
		default:
			conn.Close()
		}
	}
}

// serveStream answers on one connection until it breaks, is silent or says anything
// that is not a question of this capture.
func (r *Responder) serveStream(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	seen, pace, patience := sessions{}, pace{}, firstPacket
	buf := make([]byte, timing.PacketSize)
	var out []byte
	for {
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(conn, buf); err != nil {
			return
		}
		t2 := r.now()
		if out = r.answer(out[:0], buf, t2, seen); len(out) == 0 || !pace.allow(t2) {
			return
		}
		if _, err := conn.Write(out); err != nil {
			return
		}
		patience = idleStream
	}
}

// pace bounds how many packets are looked at in a second.
type pace struct {
	second time.Time
	count  int
}

func (p *pace) allow(now time.Time) bool {
	if since := now.Sub(p.second); since >= time.Second || since < 0 {
		p.second, p.count = now, 0
	}
	p.count++
	return p.count <= maxPerSecond
}

// sessions know which questions were answered, so that a recorded packet cannot be
// sent again to make the responder answer.
type sessions map[uint64]*window

type window struct {
	newest uint64
	seen   uint64 // bit i: newest-i was answered
}

const maxSessions = 4096

func (s sessions) fresh(session, sequence uint64) bool {
	w := s[session]
	if w == nil {
		if len(s) >= maxSessions || sequence == 0 {
			return false
		}
		s[session] = &window{newest: sequence, seen: 1}
		return true
	}
	if sequence > w.newest {
		if step := sequence - w.newest; step < 64 {
			w.seen = w.seen<<step | 1
		} else {
			w.seen = 1
		}
		w.newest = sequence
		return true
	}
	age := w.newest - sequence
	if age >= 64 || w.seen&(1<<age) != 0 {
		return false
	}
	w.seen |= 1 << age
	return true
}
