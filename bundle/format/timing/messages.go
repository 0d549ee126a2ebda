package timing

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Ping is the question of an exchange where a connection carries JSON (the agent's
// HTTP, the pipes of ssh). Times are nanoseconds since the Unix epoch.
type Ping struct {
	Sequence uint64 `json:"seq"`
	T1       int64  `json:"t1_ns"`
}

// Pong answers a Ping.
type Pong struct {
	Sequence uint64 `json:"seq"`
	T1       int64  `json:"t1_ns"`
	T2       int64  `json:"t2_ns"`
	// Hold is T3-T2 and Up is T2 since the responder began, by a clock that is never set.
	Hold int64 `json:"hold_ns"`
	Up   int64 `json:"up_ns,omitempty"`
}

// Order tells a node whom to exchange times with. The coordinator makes one for
// each node: only it knows all addresses.
type Order struct {
	// Key authenticates the packets of this capture, KeySize random bytes. It is not
	// part of any bundle.
	Key   []byte `json:"key"`
	Peers []Peer `json:"peers"`
	// Every is the time between exchanges with one peer, Until when to stop on the
	// node's own clock. In nanoseconds and as a time stamp.
	Every time.Duration `json:"every_ns"`
	Until time.Time     `json:"until"`
}

// Peer is one responder.
type Peer struct {
	Name string `json:"name"`
	// Address is "udp://host:port" or "tcp://host:port".
	Address string `json:"address"`
}

// Bounds of an Order.
const (
	MaxPeers = 64
	MinEvery = 10 * time.Millisecond
)

// Validate tells what is wrong with an order, which came from outside.
func (o Order) Validate() error {
	switch {
	case len(o.Key) != KeySize:
		return fmt.Errorf("order: key of %d bytes, want %d", len(o.Key), KeySize)
	case len(o.Peers) == 0 || len(o.Peers) > MaxPeers:
		return fmt.Errorf("order: %d peers, want 1 to %d", len(o.Peers), MaxPeers)
	case o.Every < MinEvery:
		return fmt.Errorf("order: exchanges every %v, at least %v", o.Every, MinEvery)
	case o.Until.IsZero():
		return errors.New("order: no end")
	}
	for i, p := range o.Peers {
		if _, _, err := SplitAddress(p.Address); err != nil {
			return fmt.Errorf("order: peer %d: %w", i+1, err)
		}
		if p.Name == "" || len(p.Name) > maxName {
			return fmt.Errorf("order: peer %d has no name", i+1)
		}
	}
	return nil
}

// SplitAddress splits "udp://host:port"; without a scheme it is UDP.
func SplitAddress(address string) (Transport, string, error) {
	scheme, hostport, found := strings.Cut(address, "://")
	if !found {
		scheme, hostport = string(UDP), address
	}
	t := Transport(scheme)
	if t != UDP && t != TCP {
		return "", "", fmt.Errorf("address %q: want udp://host:port or tcp://host:port", address)
	}
	host, port, err := net.SplitHostPort(hostport)
	if err != nil || host == "" || port == "" {
		return "", "", fmt.Errorf("address %q: no host:port", address)
	}
	return t, hostport, nil
}
