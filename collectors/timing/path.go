package timing

import (
	"context"
	"errors"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"casefile/bundle/format/timing"
	"casefile/collectors"
)

const (
	// pathPatience is how long the answer to one question of a path is waited for.
	pathPatience = 400 * time.Millisecond
	// pathTries is how many large questions, each next to a small one, must get no answer before they are said to vanish.
	pathTries = 6
	// maxPath is the largest packet that is tried, in bytes: that of jumbo frames.
	maxPath = 9216
	// smallPath is the size of a packet that every way carries, and that is padded like a large one.
	smallPath = 256
)

// commonPaths are sizes of packets on usual ways, in bytes, largest first: jumbo frames, Ethernet, PPPoE, tunnels (GRE, VXLAN, WireGuard, IPsec),
// clouds, and what IPv6 wants at least.
var commonPaths = []int{9000, 8500, 4352, 1500, 1492, 1476, 1472, 1460, 1450, 1440, 1420, 1400, 1380, 1340, 1300, 1280}

// pathOf measures which packets the way to a responder carries that must not be cut. nil: it cannot be told.
func pathOf(ctx context.Context, hostport string, key []byte) *timing.Path {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", hostport)
	if err != nil {
		return nil
	}
	defer conn.Close()
	w, err := newUncut(conn.(*net.UDPConn), key)
	if err != nil || !w.asks(ctx, smallPath, 3) { // who does not answer a padded question is an older casefile
		return nil
	}
	for range 3 { // each time a router says that it is less
		mtu := w.mtu()
		if mtu <= smallPath {
			return nil
		}
		size := min(mtu, maxPath)
		if w.asks(ctx, size, 2) {
			return &timing.Path{MTU: size, Carried: size}
		}
		if w.mtu() >= mtu {
			return w.hole(ctx, size)
		}
	}
	return nil
}

// uncut is a connection whose packets must not be cut.
type uncut struct {
	*net.UDPConn
	key      []byte
	session  uint64
	sequence uint64
	headers  int // bytes of IP and UDP in front of what is sent
	level    int
	known    int // the option that tells the kernel's idea of the path
}

func newUncut(conn *net.UDPConn, key []byte) (*uncut, error) {
	w := &uncut{UDPConn: conn, key: key, session: newSession(), headers: 20 + 8, level: unix.IPPROTO_IP, known: unix.IP_MTU}
	option, never := unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO
	if a, ok := conn.RemoteAddr().(*net.UDPAddr); ok && a.IP.To4() == nil {
		w.headers, w.level, w.known = 40+8, unix.IPPROTO_IPV6, unix.IPV6_MTU
		option, never = unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DO
	}
	return w, w.control(func(fd int) error { return unix.SetsockoptInt(fd, w.level, option, never) })
}

func (w *uncut) control(f func(fd int) error) error {
	raw, err := w.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Control(func(fd uintptr) { failure = f(int(fd)) })
	return errors.Join(err, failure)
}

// mtu is the kernel's idea of the path, in bytes; 0: it has none.
func (w *uncut) mtu() (bytes int) {
	_ = w.control(func(fd int) (err error) { bytes, err = unix.GetsockoptInt(fd, w.level, w.known); return err })
	return bytes
}

// asks reports whether a question of a size is answered, at one of some tries.
func (w *uncut) asks(ctx context.Context, size, tries int) bool {
	for range tries {
		if w.ask(ctx, size) {
			return true
		}
	}
	return false
}

// ask sends one question that is padded to a size, and waits for its answer.
func (w *uncut) ask(ctx context.Context, size int) bool {
	until := time.Now().Add(pathPatience)
	if limit, bounded := ctx.Deadline(); bounded && limit.Before(until) {
		until = limit
	}
	stop := context.AfterFunc(ctx, func() { _ = w.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	if ctx.Err() != nil || w.SetReadDeadline(until) != nil {
		return false
	}
	w.sequence++
	question := timing.Packet{Kind: timing.Question, Session: w.session, Sequence: w.sequence, T1: time.Now()}.Append(nil, w.key)
	question = append(question, make([]byte, max(0, size-w.headers-len(question)))...)
	if _, err := w.Write(question); errors.Is(err, unix.EMSGSIZE) {
		return false
	}
	buf := make([]byte, timing.PacketSize+1)
	for {
		n, err := w.Read(buf)
		if err != nil { // too late, or a router told that it is too large
			return false
		}
		if p, err := timing.ParsePacket(buf[:n], w.key); err == nil && p.Kind == timing.Answer && p.Session == w.session && p.Sequence == w.sequence {
			return true
		}
	}
}

// hole finds the largest packet that arrives where one of a size does not, and nobody told. Loss that small packets suffer too is none.
func (w *uncut) hole(ctx context.Context, size int) *timing.Path {
	small := 0
	for range pathTries {
		if w.ask(ctx, smallPath) {
			small++
		}
		if w.ask(ctx, size) {
			return &timing.Path{MTU: size, Carried: size}
		}
	}
	if small < pathTries-1 || !collectors.Wait(ctx, time.Now()) {
		return nil
	}
	for _, less := range commonPaths {
		if less < size && w.asks(ctx, less, 2) {
			return &timing.Path{MTU: size, Carried: less}
		}
	}
	return &timing.Path{MTU: size, Carried: smallPath}
}
