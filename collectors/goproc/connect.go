package goproc

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// connect finds the pprof of the target and returns a client of it.
func (t *target) connect(ctx context.Context) (*client, index, error) {
	switch {
	case t.broken != nil:
		return nil, nil, t.broken
	case t.base != nil:
		return connectNamed(ctx, t.base, t.limits)
	}
	return t.proc.connect(ctx, t.limits)
}

// connectNamed asks the address that the user named: first with the usual path
// of pprof below it, then as it stands without, for services that mount it
// elsewhere.
func connectNamed(ctx context.Context, base *url.URL, l limits) (*client, index, error) {
	c := newClient(base, l, (&net.Dialer{}).DialContext, false)
	x, err := c.index(ctx, l.index)
	var no *refusal
	if errors.As(err, &no) || errors.Is(err, errNotPprof) {
		bare := *base
		bare.Path = strings.TrimSuffix(base.Path, strings.TrimPrefix(pprofPath, "/"))
		other := newClient(&bare, l, (&net.Dialer{}).DialContext, false)
		if y, errOther := other.index(ctx, l.index); errOther == nil {
			return other, y, nil
		}
	}
	return c, x, err
}

// connect looks for pprof on the sockets of the process. When none answered in
// the short time that a healthy service needs, they are asked once more with
// patience: a service that is short of CPU is what casefile is called for.
func (p *process) connect(ctx context.Context, lim limits) (*client, index, error) {
	c, x, err := p.askAll(ctx, lim, lim.probe)
	if errors.Is(err, context.DeadlineExceeded) {
		c, x, err = p.askAll(ctx, lim, lim.index)
	}
	return c, x, err
}

// askAll asks all sockets at once, and takes the first in order that has a pprof
// index. Its error is the one that leaves the most hope.
func (p *process) askAll(ctx context.Context, lim limits, patience time.Duration) (*client, index, error) {
	type result struct {
		client *client
		index  index
		err    error
	}
	results := make([]result, len(p.listens))
	var wg sync.WaitGroup
	for i, l := range p.listens {
		wg.Go(func() {
			r := &results[i]
			r.client, r.index, r.err = p.ask(ctx, l, lim, patience)
		})
	}
	wg.Wait()
	err := errNotPprof
	for _, r := range results {
		if r.err == nil {
			return r.client, r.index, nil
		}
		if same(os.ErrPermission, context.DeadlineExceeded)(r.err) {
			err = r.err
		}
	}
	return nil, nil, err
}

// ask looks for pprof behind one listening socket.
func (p *process) ask(ctx context.Context, l netip.AddrPort, lim limits, patience time.Duration) (c *client, x index, err error) {
	dial := (&net.Dialer{}).DialContext
	if p.foreignNet {
		dial = dialIn(filepath.Join(p.dir, "ns/net"))
	}
	for _, addr := range addresses(l) {
		c = newClient(&url.URL{Scheme: "http", Host: addr.String(), Path: pprofPath}, lim, dial, true)
		x, err = c.index(ctx, patience)
		if wantsTLS(err) {
			c.base.Scheme = "https"
			x, err = c.index(ctx, patience)
		}
		if !is[*net.OpError](err) { // it answered: no need to try the next address
			break
		}
	}
	return c, x, err
}

// wantsTLS recognises how net/http answers plain text on a TLS port.
func wantsTLS(err error) bool {
	var no *refusal
	return errors.As(err, &no) && strings.Contains(no.text, "HTTP request to an HTTPS server")
}

// index asks for the index page.
func (c *client) index(ctx context.Context, limit time.Duration) (index, error) {
	a, err := c.get(ctx, request{path: "", deadline: limit, limit: c.limits.page})
	if err != nil && !is[errTooLarge](err) {
		return nil, err
	}
	x, ok := parseIndex(a.body)
	if !ok {
		return nil, errNotPprof
	}
	return x, nil
}
