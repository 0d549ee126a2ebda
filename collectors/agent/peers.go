package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"casefile/bundle/format/plan"
	wire "casefile/bundle/format/timing"
	"casefile/collectors/timing"
)

// Meeting lets nodes ask each other for the time during one capture. The key comes
// from the admin, over a connection that only the admin of this cluster can make;
// whoever does not know it gets no answer.
type Meeting struct {
	ID  string        `json:"id"`  // of the capture
	Key []byte        `json:"key"` // as in timing.Order
	For plan.Duration `json:"for"` // how long to answer
}

// Place is where a node answers its peers.
type Place struct {
	UDP int `json:"udp,omitempty"` // port; 0: none
	TCP int `json:"tcp,omitempty"` // port, where no agent listens; 0: none
	// Addrs are addresses of this machine, for an admin who reaches it by another way.
	Addrs []string `json:"addrs,omitempty"`
}

const (
	maxMeeting = plan.MaxDuration + maxAhead
	maxAddrs   = 3
)

// meeting is an open one.
type meeting struct {
	id     string
	cancel context.CancelFunc
	served sync.WaitGroup
}

func (m *meeting) close() {
	if m != nil {
		m.cancel()
		m.served.Wait()
	}
}

// meet opens the responders of a capture; those of an earlier one close.
func (n *Node) meet(w http.ResponseWriter, r *http.Request) {
	var m Meeting
	err := readJSON(w, r, n.bodyTimeout, &m)
	var p Place
	if err == nil {
		p, err = n.open(m)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, http.StatusOK, p)
}

func (n *Node) open(m Meeting) (Place, error) {
	bad := func(text string) error {
		return &Error{Status: http.StatusBadRequest, Code: BadRequest, Message: "meeting: " + text}
	}
	span := time.Duration(m.For)
	switch {
	case !validID.MatchString(m.ID):
		return Place{}, bad("want an id of 32 hexadecimal digits")
	case len(m.Key) != wire.KeySize:
		return Place{}, bad(fmt.Sprintf("want a key of %d bytes", wire.KeySize))
	case span <= 0 || span > maxMeeting:
		return Place{}, bad(fmt.Sprintf("for %v: want at most %v", span, maxMeeting))
	}
	n.meetings.Lock()
	defer n.meetings.Unlock()
	n.mu.Lock()
	busy := n.closed || slices.ContainsFunc(n.captures, func(c *capture) bool { return !c.now().status.State.ended() })
	n.mu.Unlock()
	if busy {
		return Place{}, &Error{Status: http.StatusConflict, Code: Busy, Message: "node " + n.Name + " is busy with another capture"}
	}
	n.meeting.close()
	ctx, cancel := context.WithTimeout(context.Background(), span)
	next := &meeting{id: m.ID, cancel: cancel}
	p, err := n.respond(ctx, next, m.Key)
	if err != nil {
		next.close()
		return Place{}, err
	}
	n.meeting = next
	return p, nil
}

// respond opens a UDP port, that of the agent if possible, and a TCP port where no
// agent listens: an agent answers its peers over TLS too.
func (n *Node) respond(ctx context.Context, m *meeting, key []byte) (Place, error) {
	serve := func(r *timing.Responder) int {
		r.Clock = n.Now
		m.served.Go(func() { _ = r.Serve(ctx) }) // a failure shows as silence to the peers, who tell of it
		_, hostport, _ := wire.SplitAddress(r.Address())
		_, text, _ := net.SplitHostPort(hostport)
		port, _ := strconv.Atoi(text)
		return port
	}
	p := Place{Addrs: ownAddrs()}
	host, port, _ := net.SplitHostPort(n.Listen)
	udp, err := listenAt(ctx, wire.UDP, key, host, cmp.Or(port, anyPort), anyPort)
	if err == nil {
		p.UDP = serve(udp)
	}
	if n.Identity == nil {
		tcp, tcpErr := listenAt(ctx, wire.TCP, key, host, anyPort)
		if tcpErr == nil {
			p.TCP = serve(tcp)
		}
		err = errors.Join(err, tcpErr)
	}
	if p.UDP == 0 && p.TCP == 0 {
		return p, fmt.Errorf("meeting: %w", err)
	}
	return p, nil
}

const anyPort = "0"

// listenAt opens a responder at the first of some ports that is free. Without a host
// it is all addresses, of IPv4 alone where there is no IPv6.
func listenAt(ctx context.Context, transport wire.Transport, key []byte, host string, ports ...string) (r *timing.Responder, err error) {
	hosts := []string{host}
	if host == "" {
		hosts = []string{"::", "0.0.0.0"}
	}
	for _, port := range ports {
		for _, h := range hosts {
			if r, err = timing.Listen(ctx, string(transport)+"://"+net.JoinHostPort(h, port), key); err == nil {
				return r, nil
			}
		}
	}
	return nil, err
}

// ownAddrs are unicast addresses of this machine that others may reach.
func ownAddrs() (list []string) {
	all, _ := net.InterfaceAddrs()
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().IsGlobalUnicast() && len(list) < maxAddrs {
			list = append(list, p.Addr().String())
		}
	}
	return list
}

// checkPeers refuses an order that is none.
func (n *Node) checkPeers(o *wire.Order) error {
	if o == nil {
		return nil
	}
	if err := o.Validate(); err != nil {
		return err
	}
	for _, p := range o.Peers {
		for _, a := range p.Addresses {
			_, hostport, _ := wire.SplitAddress(a)
			_, port, _ := net.SplitHostPort(hostport)
			if v, err := strconv.Atoi(port); err != nil || v < leastPeerPort || v > 65535 {
				return fmt.Errorf("address %s of a peer: want a port from %d on", shorten(a), leastPeerPort)
			}
		}
	}
	return nil
}

// leastPeerPort keeps questions away from the services of other machines.
const leastPeerPort = 1024

// ways are how this node reaches its peers.
func (n *Node) ways() timing.Ways {
	w := timing.Ways{Admit: n.Allow.peer, Clock: n.Now}
	if n.Identity != nil {
		w.Call = func(name, hostport string) (func(context.Context) (timing.Exchange, error), func(), error) {
			c, err := Dial(n.Identity, name, hostport)
			if err != nil {
				return nil, nil, err
			}
			c.Now = n.Now
			return func(ctx context.Context) (x timing.Exchange, err error) {
				x.T1, x.T2, x.T3, x.T4, err = c.Exchange(ctx)
				return x, err
			}, c.Close, nil
		}
	}
	return w
}

// Meet makes a node answer its peers during a capture that is about to start.
func (c *Client) Meet(ctx context.Context, m Meeting) (Place, error) {
	var p Place
	return p, c.call(ctx, http.MethodPost, "/v1/meeting", m, &p)
}
