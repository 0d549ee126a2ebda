package waits

import (
	"net/netip"
	"strings"
)

// The series of peers counts the same samples over time: bundle/format/series, a line a second at the most, whose values
// grow. RoundsSoFar is how often the threads had been looked at, and each other value how often a thread had been found
// at a peer, as Peer names it. Growth of one by growth of the other is how many threads were there, on average.
const (
	RoundsSoFar = "rounds"
	// MaxPeers bounds the peers of a series; what is found at others is counted as OtherPeers.
	MaxPeers   = 64
	OtherPeers = "others"
	// Accepted stands for all that called the process: their ports are of chance.
	Accepted = "accepted"
)

// firstChance is where ports of chance begin: net.ipv4.ip_local_port_range of Linux as it is delivered.
const firstChance = 32768

// Peer names the other end of a connection as the series of peers does: "tcp 10.0.0.5:5432"; "" of what has none.
func (o Object) Peer() string {
	switch {
	case o.Kind == Unix && o.Path != "":
		return string(o.Kind) + " " + o.Path
	case o.Kind != TCP && o.Kind != UDP || !o.Remote.IsValid():
		return ""
	case o.Remote.Port() >= firstChance && o.Local.Port() < firstChance:
		return Accepted
	}
	return string(o.Kind) + " " + o.Remote.String()
}

// AddressOf is the address in the name of a peer; false: it names none.
func AddressOf(peer string) (netip.AddrPort, bool) {
	_, text, _ := strings.Cut(peer, " ")
	addr, err := netip.ParseAddrPort(text)
	return addr, err == nil
}
