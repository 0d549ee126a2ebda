package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/plan"
	"casefile/collectors/agent/identity"
)

// Client asks one node. Every call has a deadline of its own besides that of ctx.
type Client struct {
	http *http.Client
	base string
	// streams is asked for bundles by a node that says so: HTTP/1.1 leaves flow control to the kernel, and costs
	// both sides half the CPU of HTTP/2. May be nil.
	streams *http.Client
	apart   atomic.Bool // the node gives them there
	// Turn, unless it is nil, is waited for before a stream is opened; done is called when it is open or has failed.
	Turn func(context.Context) (done func(), err error)
	// Now is the clock that Exchange reads; nil means time.Now.
	Now func() time.Time
	// handshake makes a connection only to see why there is none; may be nil.
	handshake func(context.Context) error
}

// ErrBadAnswer says that a node answered what this API does not know.
var ErrBadAnswer = entries.NewError(entries.Unreadable, "the node's answer makes no sense")

// callTimeout bounds every call that is not a stream.
const callTimeout = 10 * time.Second

// maxReply bounds an answer that is not a stream.
const maxReply = 1 << 20

// NewClient asks the node at base, e.g. https://host:port. With DialConn any
// http:// address will do.
func NewClient(h *http.Client, base string) *Client {
	return &Client{http: h, base: strings.TrimSuffix(base, "/")}
}

// Dial returns a client of the agent of a node at host:port. No connection is
// made yet.
func Dial(id *identity.Identity, node, addr string) (*Client, error) {
	config, err := id.ClientTLS(node)
	if err != nil {
		return nil, err
	}
	return dialTLS(config, strings.TrimPrefix(addr, "https://")), nil
}

func dialTLS(config *tls.Config, addr string) *Client {
	c := NewClient(tlsClient(config), "https://"+addr)
	c.streams = streamClient(config)
	c.handshake = func(ctx context.Context) error { return handshake(ctx, config, addr) }
	return c
}

// Close gives up the connections.
func (c *Client) Close() {
	c.http.CloseIdleConnections()
	if c.streams != nil {
		c.streams.CloseIdleConnections()
	}
}

// Hello asks who is there, for as long as the context lasts: what answers may have to be started first. A node of another protocol is an error.
func (c *Client) Hello(ctx context.Context) (Hello, error) {
	var h Hello
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/v1/hello", nil)
	if err != nil {
		return h, err
	}
	err = c.exchange(req, &h)
	if err == nil && h.Protocol != Protocol {
		err = fmt.Errorf("node %q has casefile %q, which speaks protocol %d; this is protocol %d: use the same version on both sides",
			h.Name, h.Version, h.Protocol, Protocol)
	}
	c.apart.Store(err == nil && h.StreamHTTP1 && c.streams != nil)
	return h, err
}

// Exchange is one question for the time: sent at t1 and answered at t4 on the
// clock of this machine, received at t2 and answered at t3 on that of the node.
func (c *Client) Exchange(ctx context.Context) (t1, t2, t3, t4 time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var sent, heard atomic.Pointer[time.Time]
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	mark := func(p *atomic.Pointer[time.Time]) { t := now(); p.Store(&t) }
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { mark(&sent) },
		GotFirstResponseByte: func() { mark(&heard) },
	}), http.MethodPost, c.base+timePath, nil)
	if err != nil {
		return
	}
	var answer struct{ T2, T3 int64 }
	if err = c.exchange(req, &answer); err != nil {
		return
	}
	if sent.Load() == nil || heard.Load() == nil || answer.T3 < answer.T2 {
		err = fmt.Errorf("time: %w", ErrBadAnswer)
		return
	}
	t1 = *sent.Load()
	t4 = t1.Add(heard.Load().Sub(t1))
	return t1, time.Unix(0, answer.T2), time.Unix(0, answer.T3), t4, nil
}

// Start begins a capture. When the link is lost before the answer has come, ask
// for the Status of the id: an id cannot be used twice.
func (c *Client) Start(ctx context.Context, id string, p plan.Plan) error {
	return c.Order(ctx, Order{ID: id, Plan: p})
}

// Order is Start with all that can be said.
func (c *Client) Order(ctx context.Context, o Order) error {
	var s Status
	return c.call(ctx, http.MethodPost, "/v1/captures", o, &s)
}

// Status asks how a capture stands.
func (c *Client) Status(ctx context.Context, id string) (Status, error) {
	var s Status
	return s, c.call(ctx, http.MethodGet, capturePath(id, ""), nil, &s)
}

// Stop ends a capture early. What was captured until then is kept.
func (c *Client) Stop(ctx context.Context, id string) error {
	var s Status
	return c.call(ctx, http.MethodPost, capturePath(id, "/stop"), nil, &s)
}

// Delete removes the spool of an ended capture from the node.
func (c *Client) Delete(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, capturePath(id, ""), nil, nil)
}

func capturePath(id, tail string) string { return "/v1/captures/" + url.PathEscape(id) + tail }

// call makes one exchange of JSON.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	return c.exchange(req, out)
}

func (c *Client) exchange(req *http.Request, out any) error {
	res, err := c.do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		return nil
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	if err != nil {
		return explain(err)
	}
	if len(raw) > maxReply {
		return fmt.Errorf("%s: %w: larger than %d bytes", req.URL.Path, ErrBadAnswer, maxReply)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("%s: %w: %w", req.URL.Path, ErrBadAnswer, err)
	}
	return nil
}

// do sends a request; a refusal becomes an *Error.
func (c *Client) do(req *http.Request) (*http.Response, error) { return c.doBy(c.http, req) }

func (c *Client) doBy(h *http.Client, req *http.Request) (*http.Response, error) {
	res, err := h.Do(req)
	if err != nil {
		return nil, explain(c.cause(req.Context(), err))
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	refusal := &Error{Status: res.StatusCode}
	raw, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if json.Unmarshal(raw, refusal) != nil || refusal.Message == "" {
		refusal.Message = "the node answers " + strconv.Itoa(res.StatusCode) + " " + http.StatusText(res.StatusCode)
	}
	return nil, refusal
}

// cause looks for what is behind an error of the link. A server of TLS 1.3 turns
// a client away after the handshake has ended for that one, so the request fails
// in many ways, most of which do not tell.
func (c *Client) cause(ctx context.Context, err error) error {
	if c.handshake == nil || ctx.Err() != nil || refusedByTLS(err) {
		return err
	}
	if cause := c.handshake(ctx); refusedByTLS(cause) {
		return cause
	}
	return err
}

// refusedByTLS reports whether one side does not trust the other.
func refusedByTLS(err error) bool {
	var stranger *tls.CertificateVerificationError
	var wrong *identity.WrongNodeError
	_, alerted := alertOf(err)
	return alerted || errors.As(err, &stranger) || errors.As(err, &wrong)
}

// alertOf finds the alert that the other side has sent. crypto/tls keeps its type
// to itself, but not the words, which are those of AlertError.
func alertOf(err error) (text string, ok bool) {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return op.Err.Error(), true
	}
	return "", false
}

// handshake connects, and listens for what the node says first: an alert, or the
// greeting of HTTP/2.
func handshake(ctx context.Context, config *tls.Config, addr string) error {
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: dialTimeout}, Config: config}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(dialTimeout)); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

// alerts are the ways in which a node turns an identity away (RFC 8446, 6.2).
var alerts = map[tls.AlertError]string{
	42:  "the node does not accept this identity",
	45:  "the node says that this identity has expired: casefile cluster renew, or its clock is wrong",
	48:  "the node belongs to another cluster: it does not know who signed this identity",
	70:  "the node speaks another version of TLS",
	116: "the node wants an identity of its cluster",
}

// explain puts the usual failures of a link into words.
func explain(err error) error {
	var wrong *identity.WrongNodeError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	words := ""
	switch alert, alerted := alertOf(err); {
	case alerted:
		for code, text := range alerts {
			if code.Error() == alert {
				words = text
			}
		}
	case errors.As(err, &wrong):
		words = wrong.Error()
	case errors.As(err, &host):
		words = wrongNode(host)
	case errors.As(err, &unknown):
		words = "the node belongs to another cluster: who signed its identity is unknown here"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		words = "the identity of the node has expired: casefile cluster renew, or the clock of this machine is wrong"
	}
	if words == "" {
		return err
	}
	return fmt.Errorf("%s: %w", words, err)
}

func wrongNode(err x509.HostnameError) string {
	got, nameErr := identity.NameOf(err.Certificate)
	if nameErr != nil {
		return "what answers is no node of a cluster"
	}
	want, rest, _ := strings.Cut(err.Host, ".node.")
	if !strings.HasPrefix(rest, got.Cluster+".") {
		return "the node belongs to another cluster"
	}
	if got.Role != identity.Node {
		return "what answers has the identity of an " + string(got.Role) + ", not of a node"
	}
	return (&identity.WrongNodeError{Want: want, Got: got.Name}).Error()
}
