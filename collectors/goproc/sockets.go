package goproc

import (
	"bufio"
	"cmp"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"casefile/bundle/format/sockets"
)

const (
	// maxListening bounds the sockets of one namespace, maxFDs the open files of
	// one process that are looked at.
	maxListening = 20_000
	maxFDs       = 100_000
	// maxAsked bounds the sockets of one process that are asked for pprof.
	maxAsked = 16
)

// listening returns the sockets on which the process can be asked from its own
// host: loopback first, then any-address.
func (s *search) listening(p *process, namespace string) []netip.AddrPort {
	byInode := s.namespace(p, namespace)
	if len(byInode) == 0 {
		return nil
	}
	var list []netip.AddrPort
	dir, err := os.Open(filepath.Join(p.dir, "fd"))
	if err != nil {
		return nil
	}
	defer dir.Close()
	for seen := 0; seen < maxFDs; {
		names, err := dir.Readdirnames(1000)
		for _, n := range names {
			link, _ := os.Readlink(filepath.Join(dir.Name(), n))
			inode, isSocket := strings.CutPrefix(link, "socket:[")
			if sock, ok := byInode[strings.TrimSuffix(inode, "]")]; isSocket && ok && !slices.Contains(list, sock) {
				list = append(list, sock)
			}
		}
		seen += len(names)
		if err != nil || len(names) == 0 {
			break
		}
	}
	slices.SortFunc(list, func(a, b netip.AddrPort) int {
		return cmp.Or(cmp.Compare(reach(a), reach(b)), a.Compare(b))
	})
	return list[:min(len(list), maxAsked)]
}

// reach orders sockets: what is for this host only is most likely for diagnosis.
func reach(a netip.AddrPort) int {
	if a.Addr().IsLoopback() {
		return 0
	}
	return 1
}

// namespace returns the listening sockets of a network namespace by inode.
func (s *search) namespace(p *process, namespace string) map[string]netip.AddrPort {
	if m, seen := s.sockets[namespace]; seen && namespace != "" {
		return m
	}
	m := map[string]netip.AddrPort{}
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		if f, err := os.Open(filepath.Join(p.dir, table)); err == nil {
			readListening(f, m)
			f.Close()
		}
	}
	s.sockets[namespace] = m
	return m
}

// readListening reads /proc/PID/net/tcp or tcp6 into m, listening loopback and
// any-address sockets only. The kernel lists listening sockets before all
// others: reading ends at the first other one, and a host with a million
// connections is not made to print them.
//
//	sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
//	 0: 0100007F:17AC 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 ...
func readListening(r io.Reader, m map[string]netip.AddrPort) {
	const listen = "0A"
	lines := bufio.NewScanner(r)
	for n := 0; lines.Scan() && len(m) < maxListening; n++ {
		f := strings.Fields(lines.Text())
		if n == 0 || len(f) < 10 {
			continue
		}
		if f[3] != listen {
			return
		}
		if addr, ok := sockets.ParseAddr(f[1]); ok && (addr.Addr().IsLoopback() || addr.Addr().IsUnspecified()) {
			m[f[9]] = addr
		}
	}
}

// addresses are where a listening socket is asked, best first. Behind [::], only
// ::1 is certain to lead to this socket; a host may have no ::1 though.
func addresses(l netip.AddrPort) []netip.AddrPort {
	at := func(ip string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(ip), l.Port()) }
	switch {
	case l.Addr() == netip.IPv6Unspecified():
		return []netip.AddrPort{at("::1"), at("127.0.0.1")}
	case l.Addr().IsUnspecified():
		return []netip.AddrPort{at("127.0.0.1")}
	}
	return []netip.AddrPort{l}
}
