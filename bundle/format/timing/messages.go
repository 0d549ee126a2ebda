package timing

import (
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
	// Every is the time between exchanges with one peer during the capture, in nanoseconds.
	Every time.Duration `json:"every_ns"`
}

// Peer is one responder.
type Peer struct {
	Name string `json:"name"`
	// Addresses are "udp://host:port", "tcp://host:port", or "https://host:port" of an
	// agent, best first. The first that answers is used.
	Addresses []string `json:"addresses"`
}

// Bounds of an Order.
const (
	MaxPeers     = 64
	MaxAddresses = 8
	MinEvery     = 10 * time.Millisecond
	// MaxRate is how many questions a second one node asks in all.
	MaxRate = 400
)

// Validate tells what is wrong with an order, which came from outside.
func (o Order) Validate() error {
	switch {
	case len(o.Key) != KeySize:
		return fmt.Errorf("order: key of %d bytes, want %d", len(o.Key), KeySize)
	case len(o.Peers) == 0 || len(o.Peers) > MaxPeers:
		return fmt.Errorf("order: %d peers, want 1 to %d", len(o.Peers), MaxPeers)
	case o.Every < MinEvery || time.Duration(len(o.Peers))*time.Second > MaxRate*o.Every:
		return fmt.Errorf("order: exchanges with %d peers every %v: at least %v, and at most %d a second in all", len(o.Peers), o.Every, MinEvery, MaxRate)
	}
	for i, p := range o.Peers {
		if p.Name == "" || len(p.Name) > maxName {
			return fmt.Errorf("order: peer %d has no name", i+1)
		}
		if len(p.Addresses) == 0 || len(p.Addresses) > MaxAddresses {
			return fmt.Errorf("order: peer %d: %d addresses, want 1 to %d", i+1, len(p.Addresses), MaxAddresses)
		}
		for _, a := range p.Addresses {
			if _, _, err := SplitAddress(a); err != nil {
				return fmt.Errorf("order: peer %d: %w", i+1, err)
			}
		}
	}
	return nil
}

// schemes are what the transports are called in an address.
var schemes = map[string]Transport{"udp": UDP, "tcp": TCP, "https": HTTP}

// SplitAddress splits "udp://host:port"; without a scheme it is UDP.
func SplitAddress(address string) (Transport, string, error) {
	scheme, hostport, found := strings.Cut(address, "://")
	if !found {
		scheme, hostport = "udp", address
	}
	t, known := schemes[scheme]
	if !known {
		return "", "", fmt.Errorf("address %q: want udp://host:port, tcp://host:port or https://host:port", address)
	}
	host, port, err := net.SplitHostPort(hostport)
	if err != nil || host == "" || port == "" {
		return "", "", fmt.Errorf("address %q: no host:port", address)
	}
	return t, hostport, nil
}
