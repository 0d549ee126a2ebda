package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"casefile/bundle/format/entries"
)

// ErrLinkClosed says that the only connection there is has ended: nothing can be
// resumed.
var ErrLinkClosed = entries.NewError(entries.Unreachable, "the link to the node has ended")

// How soon either side finds that the other one is gone: a ping when nothing was
// heard for so long, and the wait for its answer.
const (
	pingAfter   = 5 * time.Second
	pingTimeout = 5 * time.Second
	dialTimeout = 5 * time.Second
	idleTimeout = time.Minute
)

// bounds is what strangers and clients are given.
type bounds struct {
	conns     int
	handshake time.Duration
	idle      time.Duration // for a connection without calls; 0 means no limit
}

// newServer bounds what one connection can cost.
func newServer(h http.Handler, p *http.Protocols, b bounds) *http.Server {
	return &http.Server{
		Handler:           h,
		Protocols:         p,
		ReadHeaderTimeout: b.handshake,
		IdleTimeout:       b.idle,
		MaxHeaderBytes:    8 << 10,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          16,
			MaxReceiveBufferPerConnection: 128 << 10,
			MaxReceiveBufferPerStream:     maxBody,
			SendPingTimeout:               pingAfter,
			PingTimeout:                   pingTimeout,
			WriteByteTimeout:              writeTimeout,
		},
	}
}

// receiveBuffer is how much of one bundle may wait here to be written: 10 MB/s over a
// link of 50 ms, and 100 MB when 200 nodes send faster than the disk takes it.
const receiveBuffer = 512 << 10

func newTransport(p *http.Protocols) *http.Transport {
	return &http.Transport{
		Protocols:              p,
		MaxResponseHeaderBytes: 16 << 10,
		HTTP2: &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout, WriteByteTimeout: writeTimeout,
			MaxReceiveBufferPerStream: receiveBuffer, MaxReceiveBufferPerConnection: 2 * receiveBuffer},
	}
}

func tlsProtocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP2(true)
	return p
}

// servedProtocols are those of an agent: HTTP/1.1 is for bundles only.
func servedProtocols() *http.Protocols {
	p := tlsProtocols()
	p.SetHTTP1(true)
	return p
}

func plainProtocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

func tlsClient(config *tls.Config) *http.Client {
	t := newTransport(tlsProtocols())
	t.TLSClientConfig = config
	t.TLSHandshakeTimeout = dialTimeout
	t.IdleConnTimeout = idleTimeout
	t.DialContext = (&net.Dialer{Timeout: dialTimeout}).DialContext
	return &http.Client{Transport: t, CheckRedirect: noRedirect}
}

// streamClient fetches bundles, each over a connection of its own. The kernel tells when the node is gone, as pings do
// where HTTP/2 is spoken.
func streamClient(config *tls.Config) *http.Client {
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"}
	p := new(http.Protocols)
	p.SetHTTP1(true)
	t := &http.Transport{Protocols: p, TLSClientConfig: config, TLSHandshakeTimeout: dialTimeout, IdleConnTimeout: idleTimeout,
		MaxResponseHeaderBytes: 16 << 10, DisableCompression: true}
	t.DialContext = (&net.Dialer{Timeout: dialTimeout, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: pingAfter, Interval: time.Second, Count: int(pingTimeout / time.Second)}}).DialContext
	return &http.Client{Transport: t, CheckRedirect: noRedirect}
}

// noRedirect: no node sends its admin elsewhere.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// DialConn speaks the API over one connection. It belongs to the client from now
// on and is closed by its CloseIdleConnections.
func DialConn(conn io.ReadWriteCloser) *http.Client {
	var once sync.Once
	t := newTransport(plainProtocols())
	t.DialContext = func(context.Context, string, string) (c net.Conn, err error) {
		err = ErrLinkClosed
		once.Do(func() { c, err = asConn(conn, func() {}), nil })
		return c, err
	}
	return &http.Client{Transport: t, CheckRedirect: noRedirect}
}

// ServeConn serves one connection until it ends, which is no error, or ctx does.
func ServeConn(ctx context.Context, conn io.ReadWriteCloser, h http.Handler) error {
	ended := make(chan struct{})
	l := &oneConn{conn: asConn(conn, sync.OnceFunc(func() { close(ended) })), ended: ended, closed: make(chan struct{})}
	srv := newServer(h, plainProtocols(), bounds{}) // whoever holds the connection decides when it ends
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	err := srv.Serve(l)
	srv.Close()
	<-ended
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}

// oneConn is a listener that gives one connection, and an end when that has ended.
type oneConn struct {
	mu     sync.Mutex
	conn   net.Conn
	ended  <-chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (l *oneConn) take() net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.conn
	l.conn = nil
	return c
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.take(); c != nil {
		return c, nil
	}
	select {
	case <-l.ended:
		return nil, io.EOF
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close is called by the server, which closes an accepted connection itself.
func (l *oneConn) Close() error {
	l.once.Do(func() { close(l.closed) })
	if c := l.take(); c != nil {
		return c.Close()
	}
	return nil
}

func (l *oneConn) Addr() net.Addr { return pipeAddr{} }

// asConn makes a net.Conn of anything. Without deadlines of its own it has none:
// pings tell when the other side is gone.
func asConn(rwc io.ReadWriteCloser, closed func()) net.Conn {
	if c, ok := rwc.(net.Conn); ok {
		return &netConn{Conn: c, closed: closed}
	}
	return &plainConn{ReadWriteCloser: rwc, closed: closed}
}

type netConn struct {
	net.Conn
	closed func()
}

func (c *netConn) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

type plainConn struct {
	io.ReadWriteCloser
	closed func()
}

func (c *plainConn) Close() error {
	defer c.closed()
	return c.ReadWriteCloser.Close()
}

func (*plainConn) LocalAddr() net.Addr              { return pipeAddr{} }
func (*plainConn) RemoteAddr() net.Addr             { return pipeAddr{} }
func (*plainConn) SetDeadline(time.Time) error      { return nil }
func (*plainConn) SetReadDeadline(time.Time) error  { return nil }
func (*plainConn) SetWriteDeadline(time.Time) error { return nil }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
