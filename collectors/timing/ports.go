package timing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"casefile/bundle/format/sockets"
	"casefile/bundle/format/timing"
)

// portLimit is that of one connection: a lost SYN is sent again after a second.
const portLimit = 2500 * time.Millisecond

// listened gives the ports of clusters on which this machine listens at all its addresses. Only those are tried at peers: a node asks
// for nothing that it does not offer itself, so no order makes a scanner of it.
func listened(proc string) (ports []int) {
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		f, err := os.Open(filepath.Join(proc, table))
		if err != nil {
			continue // no IPv6, or no such right: nothing is tried
		}
		list, _ := sockets.ReadTable(f, func(string) bool { return true })
		f.Close()
		for _, s := range list {
			port := int(s.Local.Port())
			if s.State == "LISTEN" && s.Local.Addr().Unmap().IsUnspecified() && timing.UseOf(port) != "" && !slices.Contains(ports, port) {
				ports = append(ports, port)
			}
		}
	}
	slices.Sort(ports)
	return ports
}

// knockPorts connects once to each port of the peer, at the first of its addresses that the policy admits, and hangs up without a word.
func (f *following) knockPorts(ctx context.Context) (out []timing.Port) {
	if len(f.ports) == 0 {
		return nil
	}
	to, known := f.host(ctx)
	if !known {
		return nil
	}
	for _, port := range f.ports {
		p := timing.Port{Port: port, Any: true}
		from := time.Now()
		err := connectOnce(ctx, net.JoinHostPort(to.String(), strconv.Itoa(port)))
		switch {
		case over(ctx) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.EADDRNOTAVAIL):
			return out // nothing that tells of the way
		case err != nil:
			p.Error = portError(err)
		default:
			p.ConnectMS = time.Since(from).Seconds() * 1000
		}
		out = append(out, p)
	}
	return out
}

// host is where the peer is.
func (f *following) host(ctx context.Context) (netip.Addr, bool) {
	for _, address := range f.peer.Addresses {
		_, hostport, err := timing.SplitAddress(address)
		if err != nil {
			continue
		}
		if hostport, err = f.admitted(ctx, hostport); err != nil {
			continue
		}
		if a, err := netip.ParseAddrPort(hostport); err == nil {
			return a.Addr(), true
		}
	}
	return netip.Addr{}, false
}

func connectOnce(ctx context.Context, address string) error {
	d := net.Dialer{Timeout: portLimit}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err //nolint:wrapcheck // portError puts it into words
	}
	return c.Close() //nolint:wrapcheck // as above
}

// portError says it without addresses, which stand next to it.
func portError(err error) string {
	var no syscall.Errno
	var late net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.As(err, &late) && late.Timeout():
		return fmt.Sprintf("no answer within %v", portLimit)
	case errors.As(err, &no):
		return no.Error()
	}
	return plain(err).Error()
}
