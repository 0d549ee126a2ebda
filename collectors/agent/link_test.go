package agent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"casefile/collectors"
)

// cutter is a proxy whose connections break after so many bytes from the node.
type cutter struct {
	net.Listener
	node  string
	after int64

	mu    sync.Mutex
	conns int
	wg    sync.WaitGroup
}

func newCutter(t *testing.T, node string, after int64) *cutter {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: ln, node: node, after: after}
	c.wg.Go(c.run)
	t.Cleanup(func() { ln.Close(); c.wg.Wait() })
	return c
}

func (c *cutter) run() {
	for {
		in, err := c.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		c.conns++
		c.mu.Unlock()
		c.wg.Go(func() { c.pass(in) })
	}
}

func (c *cutter) pass(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", c.node)
	if err != nil {
		return
	}
	defer out.Close()
	c.wg.Go(func() { io.Copy(out, in); out.Close() })
	io.CopyN(in, out, c.after)
}

func (c *cutter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conns
}

func TestLostLinkResumes(t *testing.T) {
	s := newScript()
	n := newNode(t, s)
	dir := cluster(t, "n1")
	proxy := newCutter(t, listen(t, loadID(t, dir, "node-n1.pem"), n.Handler(), served), 200_000)
	admin := loadID(t, dir, adminFile)
	id := begin(t, dial(t, admin, "n1", proxy.Addr().String()))

	got := &kept{}
	var wg sync.WaitGroup
	wg.Go(func() {
		size, err := dial(t, admin, "n1", proxy.Addr().String()).Download(t.Context(), id, 1<<30, got)
		if err != nil || size != int64(got.buf.Len()) {
			t.Errorf("%d bytes, %v", size, err)
		}
	})
	var heard []string
	wg.Go(func() {
		end, err := dial(t, admin, "n1", proxy.Addr().String()).Events(t.Context(), id, func(e collectors.Event) { heard = append(heard, e.Message) })
		if err != nil || end.State != Done {
			t.Errorf("%+v, %v", end, err)
		}
	})
	names := []string{"a.txt", "b.txt", "c.txt", "d.txt"}
	for i, name := range names {
		s.add(t, name, noise(uint64(i), 400_000))
	}
	for range 3000 {
		s.do(t, func(_ context.Context, scope *collectors.Scope) { scope.Tell("dumps", 1, 1, "%s", noise(9, 200)) })
	}
	s.end()
	wg.Wait()
	if !bytes.Equal(got.buf.Bytes(), spooled(t, n, id)) {
		t.Error("what was fetched is not what the node wrote")
	}
	check(t, got.buf.Bytes())
	if len(heard) != 1+len(names)+3000 {
		t.Errorf("%d events", len(heard))
	}
	if got.buf.Len() < 800_000 || proxy.count() < 6 {
		t.Errorf("%d connections for %d bytes: the link was never cut", proxy.count(), got.buf.Len())
	}
	if got.restarts > 0 {
		t.Errorf("%d restarts", got.restarts)
	}
}

// rwc is what ssh leaves of a connection: two pipes.
type rwc struct {
	io.Reader
	io.WriteCloser
}

func TestStdio(t *testing.T) {
	down, up := pipe(t), pipe(t)
	s := newScript()
	n := newNode(t, s)
	served := make(chan error, 1)
	go func() { served <- ServeConn(context.Background(), rwc{up.r, down.w}, n.Handler()) }()
	h := DialConn(rwc{down.r, up.w})
	c := NewClient(h, "http://node/")
	id := begin(t, c)
	s.add(t, "one.txt", noise(1, 500_000))
	s.end()
	got := &kept{}
	if _, err := c.Download(t.Context(), id, 1<<30, got); err != nil {
		t.Fatal(err)
	}
	check(t, got.buf.Bytes())
	c.Close()
	if err := <-served; err != nil {
		t.Errorf("the end of the link is no error: %v", err)
	}
	down.r.Close() // as ssh does when its program has ended
	if _, err := c.Hello(t.Context()); !errors.Is(err, ErrLinkClosed) {
		t.Errorf("a link that has ended: %v", err)
	}
	_, err := c.Download(t.Context(), id, 1<<30, &kept{})
	if !errors.Is(err, ErrLinkClosed) {
		t.Errorf("a link that has ended: %v", err)
	}
}

type ends struct{ r, w *os.File }

func pipe(t *testing.T) ends {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return ends{r, w}
}

func TestServeConnEndsWithItsContext(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := ServeConn(ctx, a, http.NotFoundHandler()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := b.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
}

// The offset that four timestamps give is right within half the round trip,
// however far the clocks are apart.
func TestExchange(t *testing.T) {
	for _, off := range []time.Duration{0, 5 * time.Second, -3 * time.Hour} {
		n := newNode(t)
		n.Now = func() time.Time { return time.Now().Add(off) }
		c := local(t, n)
		for range 20 {
			t1, t2, t3, t4, err := c.Exchange(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			offset := (t2.Sub(t1) + t3.Sub(t4)) / 2
			bound := (t4.Sub(t1) - t3.Sub(t2)) / 2
			if bound <= 0 || bound > 5*time.Second || (offset-off).Abs() > bound {
				t.Errorf("clock %v off: measured %v, within %v", off, offset, bound)
			}
		}
	}
}

func BenchmarkExchange(b *testing.B) {
	n := &Node{Name: "n1", SpoolDir: b.TempDir()}
	x, y := net.Pipe()
	go ServeConn(b.Context(), x, n.Handler())
	c := NewClient(DialConn(y), "http://node")
	defer c.Close()
	var sum time.Duration
	for b.Loop() {
		t1, t2, t3, t4, err := c.Exchange(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		sum += t4.Sub(t1) - t3.Sub(t2)
	}
	b.ReportMetric(float64(sum.Nanoseconds())/float64(b.N), "rtt-ns")
}
