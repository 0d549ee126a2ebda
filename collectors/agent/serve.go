package agent

import (
	"context"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"casefile/collectors/agent/identity"
)

// served are the bounds of an agent: more connections than the admin and all
// peers need, each of which a stranger can hold for as long as a handshake may take.
var served = bounds{conns: 256, handshake: 5 * time.Second, idle: idleTimeout}

const (
	// linger is how long calls may still run when the agent is ended.
	linger = 3 * time.Second
	// maxLogLines bounds what strangers can write into the log, a minute.
	maxLogLines = 20
)

// Serve answers on a listener, to identities of the same cluster only: the admin
// may ask for everything, other nodes for the time. It returns nil after ctx has
// ended; the listener is closed in any case.
func Serve(ctx context.Context, ln net.Listener, id *identity.Identity, h http.Handler) error {
	return serve(ctx, ln, id, h, served)
}

func serve(ctx context.Context, ln net.Listener, id *identity.Identity, h http.Handler, b bounds) error {
	defer ln.Close()
	config, err := id.ServerTLS()
	if err != nil {
		return err
	}
	srv := newServer(authorised(h), servedProtocols(), b)
	srv.TLSConfig = config
	srv.ErrorLog = stdlog.New(&sparse{w: os.Stderr, now: time.Now}, "casefile agent: ", 0)

	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), linger)
		defer cancel()
		if srv.Shutdown(ctx) != nil {
			srv.Close()
		}
	})
	err = srv.ServeTLS(&limited{Listener: ln, slots: make(chan struct{}, b.conns)}, "", "")
	if stop() {
		srv.Close()
		return err
	}
	<-ended
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// authorised lets each role do what it may.
func authorised(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := identity.PeerOf(r.TLS)
		switch {
		case err != nil:
			refuse(w, &Error{Status: http.StatusForbidden, Code: Forbidden, Message: err.Error()})
		case r.ProtoMajor < 2 && !strings.HasSuffix(r.URL.Path, bundlePath):
			w.Header().Set("Connection", "close")
			refuse(w, &Error{Status: http.StatusHTTPVersionNotSupported, Code: BadRequest, Message: "only bundles can be had by HTTP/1.1"})
		case peer.Role == identity.Admin, peer.Role == identity.Node && r.URL.Path == timePath:
			h.ServeHTTP(w, r)
		default:
			refuse(w, &Error{Status: http.StatusForbidden, Code: Forbidden, Message: "the identity of node " + peer.Name + " may only ask for the time; use the admin's"})
		}
	})
}

// limited turns connections away when there are too many.
type limited struct {
	net.Listener
	slots chan struct{}
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.slots <- struct{}{}:
			return &netConn{Conn: c, closed: sync.OnceFunc(func() { <-l.slots })}, nil
		default:
			c.Close()
		}
	}
}

// sparse is a log that cannot be flooded.
type sparse struct {
	w   io.Writer
	now func() time.Time

	mu    sync.Mutex
	since time.Time
	lines int
}

func (s *sparse) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); now.Sub(s.since) >= time.Minute {
		s.since, s.lines = now, 0
	}
	s.lines++
	switch {
	case s.lines < maxLogLines:
		return s.w.Write(line)
	case s.lines == maxLogLines:
		if _, err := io.WriteString(s.w, "casefile agent: more of this is not logged for a minute\n"); err != nil {
			return 0, err
		}
	}
	return len(line), nil
}
