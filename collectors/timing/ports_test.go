package timing

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"casefile/bundle/format/timing"
)

// Ports are those of clusters, on which any address is listened: no others of the machine, and none that is open to it alone.
func TestListened(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	row := func(n int, local string, port int, state string) string {
		return fmt.Sprintf("%4d: %s:%04X %s:0000 %s 00000000:00000000 00:00000000 00000000     0        0 %d 1\n", n, local, port, local, state, 4711+n)
	}
	const any4, any6, loopback = "00000000", "00000000000000000000000000000000", "0100007F"
	proc := t.TempDir()
	if err := os.Mkdir(filepath.Join(proc, "net"), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(proc, "net", name), []byte(head+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := listened(proc); got != nil {
		t.Errorf("of nothing: %v", got)
	}
	write("tcp", row(0, any4, 25500, "0A")+row(1, loopback, 5701, "0A")+row(2, any4, 22, "0A")+row(3, any4, 9300, "01"))
	write("tcp6", row(0, any6, 5801, "0A")+row(1, any6, 25500, "0A"))
	if got := listened(proc); !slices.Equal(got, []int{5801, 25500}) {
		t.Errorf("%v", got)
	}
}

// Each peer is tried once at each port: what is open connects, what is closed says so, and whom the policy keeps out is not tried.
func TestPortsOfPeers(t *testing.T) {
	open, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	taken := make(chan struct{}, 16)
	go func() {
		for {
			c, err := open.Accept()
			if err != nil {
				return
			}
			c.Close()
			taken <- struct{}{}
		}
	}()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := func(l net.Listener) int { return int(l.Addr().(*net.TCPAddr).AddrPort().Port()) }
	openPort, closedPort := port(open), port(gone)
	gone.Close()

	key := NewKey()
	peers := []timing.Peer{{Name: "n2", Addresses: []string{serve(t, "udp", key, 0).Address()}}, {Name: "outside", Addresses: []string{"udp://192.0.2.1:7443"}}}
	rec, _ := runLinks(t, timing.Order{Key: key, Every: 50 * time.Millisecond, Peers: peers},
		Ways{Admit: func(a netip.Addr) bool { return a.IsLoopback() }}, patient, openPort, closedPort)
	ports := rec.Links[0].Ports
	if len(ports) != 2 || ports[0].Port != openPort || ports[0].Error != "" || ports[0].ConnectMS <= 0 || ports[1].Port != closedPort || ports[1].Error != "refused" {
		t.Errorf("%+v", ports)
	}
	if len(rec.Links[1].Ports) != 0 {
		t.Errorf("tried against the policy: %+v", rec.Links[1].Ports)
	}
	<-taken
	if len(taken) != 0 {
		t.Error("tried more than once")
	}
}
