package timing

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"casefile/collectors"
)

// delays of a proxy for each way.
type delays struct{ there, back time.Duration }

// held is how long a proxy really kept messages of one way: at least the delay, and
// what the machine adds.
type held struct {
	mu    sync.Mutex
	spans []time.Duration
}

func (h *held) add(d time.Duration) {
	h.mu.Lock()
	h.spans = append(h.spans, d)
	h.mu.Unlock()
}

// fastest is the shortest round trip through both ways; messages kept their order.
func fastest(there, back *held) time.Duration {
	there.mu.Lock()
	defer there.mu.Unlock()
	back.mu.Lock()
	defer back.mu.Unlock()
	least := time.Hour
	for i := range min(len(there.spans), len(back.spans)) {
		least = min(least, there.spans[i]+back.spans[i])
	}
	return least
}

// delayed is what travels through a proxy: bytes and when they are due.
type delayed struct {
	b   []byte
	due time.Time
}

// line passes what comes in on after a delay, in order.
func line(ctx context.Context, wg *sync.WaitGroup, delay time.Duration, kept *held, out func([]byte)) func([]byte) {
	queue := make(chan delayed, 1024)
	wg.Go(func() {
		for {
			select {
			case d := <-queue:
				if !collectors.Wait(ctx, d.due) {
					return
				}
				kept.add(time.Since(d.due) + delay)
				out(d.b)
			case <-ctx.Done():
				return
			}
		}
	})
	return func(b []byte) {
		select {
		case queue <- delayed{append([]byte(nil), b...), time.Now().Add(delay)}:
		case <-ctx.Done():
		}
	}
}

// packetProxy delays packets to target; it serves one asker. Returns its address.
func packetProxy(t *testing.T, target string, d delays) string {
	t.Helper()
	return meteredProxy(t, target, d, &held{}, &held{})
}

// meteredProxy is packetProxy that tells how long it kept the packets.
func meteredProxy(t *testing.T, target string, d delays, keptThere, keptBack *held) string {
	t.Helper()
	return lossyProxy(t, target, d, keptThere, keptBack, func(int) bool { return false })
}

// lossyProxy is meteredProxy that drops some answers, by their number.
func lossyProxy(t *testing.T, target string, d delays, keptThere, keptBack *held, drop func(n int) bool) string {
	t.Helper()
	front, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	back, err := net.Dial("udp", target)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	var mu sync.Mutex
	askers := map[string]net.Addr{} // by the session of a packet
	session := func(b []byte) string { return string(b[min(8, len(b)):min(16, len(b))]) }
	there := line(ctx, &wg, d.there, keptThere, func(b []byte) { back.Write(b) })
	home := line(ctx, &wg, d.back, keptBack, func(b []byte) { mu.Lock(); defer mu.Unlock(); front.WriteTo(b, askers[session(b)]) })
	wg.Go(func() {
		for buf := make([]byte, 2048); ; {
			n, from, err := front.ReadFrom(buf)
			if err != nil {
				return
			}
			mu.Lock()
			askers[session(buf[:n])] = from
			mu.Unlock()
			there(buf[:n])
		}
	})
	wg.Go(func() {
		buf := make([]byte, 2048)
		for i := 0; ; i++ {
			n, err := back.Read(buf)
			if err != nil {
				return
			}
			if !drop(i) {
				home(buf[:n])
			}
		}
	})
	t.Cleanup(func() { cancel(); front.Close(); back.Close(); wg.Wait() })
	return front.LocalAddr().String()
}

// streamProxy delays TCP connections to target.
func streamProxy(t *testing.T, target string, d delays) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	carry := func(in net.Conn) {
		out, err := net.Dial("tcp", target)
		if err != nil {
			in.Close()
			return
		}
		stop := context.AfterFunc(ctx, func() { in.Close(); out.Close() })
		defer stop()
		defer in.Close()
		defer out.Close()
		pump := func(from io.Reader, pass func([]byte)) {
			for buf := make([]byte, 2048); ; {
				n, err := from.Read(buf)
				if err != nil {
					return
				}
				pass(buf[:n])
			}
		}
		var both sync.WaitGroup
		there := line(ctx, &wg, d.there, &held{}, func(b []byte) { out.Write(b) })
		home := line(ctx, &wg, d.back, &held{}, func(b []byte) { in.Write(b) })
		both.Go(func() { pump(in, there); out.Close() })
		both.Go(func() { pump(out, home); in.Close() })
		both.Wait()
	}
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { carry(in) })
		}
	})
	t.Cleanup(func() { cancel(); l.Close(); wg.Wait() })
	return l.Addr().String()
}
