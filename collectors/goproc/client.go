package goproc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// client asks one service. It follows no redirect to elsewhere, uses no proxy,
// and keeps no connection open.
type client struct {
	base   *url.URL // of the pprof index, with a slash at the end
	limits limits
	http   *http.Client
	// spent is told how long each exchange kept the service busy.
	spent func(time.Duration)
}

// newClient makes a client; anyCert accepts any certificate, for the loopback
// socket of a known process, where there is nobody to be taken for another.
func newClient(base *url.URL, l limits, dial dialer, anyCert bool) *client {
	return &client{base: base, limits: l, spent: func(time.Duration) {}, http: &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            dial,
			TLSClientConfig:        &tls.Config{InsecureSkipVerify: anyCert},
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: sameHost,
	}}
}

// Errors of an exchange that are not errors of the system.
var (
	errRedirect = errors.New("redirect to another host")
	errEnded    = fmt.Errorf("the capture was ended: %w", context.Canceled)
)

// refusal is an answer other than 200.
type refusal struct {
	status int
	text   string // begin of the body
}

func (r *refusal) Error() string { return fmt.Sprintf("answered %d: %s", r.status, r.text) }

const maxRedirects = 3

func sameHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	if next.URL.Host != first.Host || next.URL.Scheme != first.Scheme || len(before) > maxRedirects {
		return fmt.Errorf("%w: %s://%s", errRedirect, next.URL.Scheme, next.URL.Host)
	}
	return nil
}

// request is one GET. path is relative to the index; absolute ones are of the host.
type request struct {
	path     string
	deadline time.Duration
	limit    int64 // bytes
	// endEarly makes an end of the capture an end of the request instead of a
	// loss: the service is told by closing our half of the connection.
	endEarly bool
}

// answer is what came, also with an error: then it is the part before it.
type answer struct {
	body           []byte
	kind           string // Content-Type
	started, ended time.Time
}

// get makes one exchange. After an end of ctx it goes on for limits.wrapUp at most.
func (c *client) get(ctx context.Context, r request) (answer, error) {
	if ctx.Err() != nil {
		return answer{}, errEnded
	}
	exchange, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), r.deadline, errDeadline{r.deadline})
	defer cancel()
	var conn atomic.Pointer[halfCloser]
	exchange = httptrace.WithClientTrace(exchange, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		if h, ok := i.Conn.(halfCloser); ok {
			conn.Store(&h)
		}
	}})
	ended := make(chan struct{})
	defer close(ended)
	defer context.AfterFunc(ctx, func() {
		if h := conn.Load(); h != nil && r.endEarly {
			_ = (*h).CloseWrite()
		}
		select {
		case <-time.After(c.limits.wrapUp):
			cancel()
		case <-ended:
		}
	})()
	a, err := c.exchange(exchange, r)
	if err != nil && exchange.Err() != nil {
		err = context.Cause(exchange)
		if ctx.Err() != nil {
			err = errEnded
		}
	}
	return a, err
}

// halfCloser is a connection whose sending half can be closed alone: TCP, and
// TLS over it.
type halfCloser interface{ CloseWrite() error }

// errTooLarge tells which size was not enough.
type errTooLarge struct{ limit int64 }

func (e errTooLarge) Error() string {
	return "the answer was longer than " + inMiB(e.limit) + " and was given up"
}

// errDeadline tells which deadline passed.
type errDeadline struct{ after time.Duration }

func (e errDeadline) Error() string   { return fmt.Sprintf("no answer within %v", e.after) }
func (e errDeadline) Is(t error) bool { return t == context.DeadlineExceeded }

func (c *client) exchange(ctx context.Context, r request) (a answer, err error) {
	where, err := c.base.Parse(r.path)
	if err != nil {
		return a, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where.String(), nil)
	if err != nil {
		return a, err
	}
	req.Header.Set("User-Agent", "casefile")
	a.started = time.Now()
	defer func() {
		a.ended = time.Now()
		if !r.endEarly { // that one waits most of its time
			c.spent(a.ended.Sub(a.started))
		} else {
			c.spent(0)
		}
	}()
	resp, err := c.http.Do(req)
	if err != nil {
		var why *url.Error // repeats method and address
		if errors.As(err, &why) {
			err = why.Err
		}
		return a, err
	}
	defer resp.Body.Close()
	a.kind = resp.Header.Get("Content-Type")
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		return a, &refusal{resp.StatusCode, oneLine(text)}
	}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, r.limit+1))
	if err == nil && int64(len(a.body)) > r.limit {
		a.body, err = a.body[:r.limit], errTooLarge{r.limit}
	}
	return a, err
}

// close ends what the transport may still hold.
func (c *client) close() { c.http.CloseIdleConnections() }
