package timing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"casefile/bundle/format/entries"
	"casefile/bundle/format/timing"
	"casefile/collectors"
)

const itemLinks = "links to other nodes"

// Times of the exchanges before and after the capture. During it they come as the
// order says.
const (
	briefEvery = 20 * time.Millisecond
	afterSpan  = 500 * time.Millisecond
	// trialPatience is how long the first of several addresses is waited for.
	trialPatience = 400 * time.Millisecond
	resolveLimit  = 2 * time.Second
)

// Ways are how a node reaches its peers, and which of them it may reach.
type Ways struct {
	// Call opens a connection to the agent of a peer. Nil: this node cannot.
	Call func(name, hostport string) (ask func(context.Context) (Exchange, error), hangUp func(), err error)
	// Admit reports whether the node's policy lets it send to an address. Nil: nowhere.
	Admit func(netip.Addr) bool
	// Clock is what times are read from. Nil: the system's.
	Clock func() time.Time
}

type links struct {
	order    timing.Order
	ways     Ways
	patience time.Duration // of Prober
	ports    []int         // tried at each peer
}

// Links returns the collector of what this node measures of its peers: before,
// during and after the capture, in nodes/<node>/timing/links.json.
func Links(o timing.Order, w Ways) collectors.Collector {
	return links{order: o, ways: w, patience: patience}
}

func (links) Name() string { return targetName }

func (l links) Prepare(_ context.Context, s *collectors.Session) ([]collectors.Job, error) {
	if err := l.order.Validate(); err != nil {
		return nil, err
	}
	cost := fmt.Sprintf("%d packets of %d bytes a second; once, some as large as the path takes", len(l.order.Peers)*int(time.Second/l.order.Every),
		timing.PacketSize)
	if l.ports == nil {
		l.ports = listened(s.Roots.Proc)
	}
	if n := len(l.ports); n > 0 {
		cost += fmt.Sprintf("; once, %d connections to ports of the cluster", n*len(l.order.Peers))
	}
	return []collectors.Job{{Target: targetName, Items: []collectors.Item{{Name: itemLinks, Cost: cost}}, Run: l.run}}, nil
}

func (l links) run(ctx context.Context, scope *collectors.Scope) {
	rec := timing.Record{Reference: scope.Node, Started: time.Now().UTC(), Links: make([]timing.Link, len(l.order.Peers))}
	brief := max(briefEvery, time.Duration(len(l.order.Peers))*time.Second/timing.MaxRate)
	refused := make([]bool, len(l.order.Peers)) // by this node's own policy
	knocked := make([][]timing.Port, len(l.order.Peers))
	var wg sync.WaitGroup
	for i, p := range l.order.Peers {
		f := &following{links: l, peer: p, brief: brief, start: scope.Start(), end: scope.End(), link: &rec.Links[i]}
		*f.link = timing.Link{From: scope.Node, To: p.Name}
		wg.Go(func() { knocked[i] = f.knockPorts(ctx) })
		wg.Go(func() {
			// questions to the peers are spread over the period instead of sent at once
			if collectors.Wait(ctx, time.Now().Add(brief*time.Duration(i)/time.Duration(len(l.order.Peers)))) {
				f.follow(ctx)
				refused[i] = f.refused
			}
		})
	}
	wg.Wait()
	rec.Ended = time.Now().UTC()
	for i := range rec.Links {
		rec.Links[i].Ports = knocked[i]
		switch k := &rec.Links[i]; {
		case len(k.Phases) > 0:
			scope.Got(itemLinks)
		case refused[i]:
			scope.Skip(itemLinks, entries.Refused, k.To+": "+k.Failure, "start the agent of this node with --allow-peer")
		default:
			scope.Lost(itemLinks, unreached(k), k.To+": "+orElse(k.Failure, "the capture ended before it was asked"),
				"let the port of the agents pass between the nodes, UDP or TCP")
		}
	}
	var b bytes.Buffer
	if err := timing.Write(&b, &rec); err != nil {
		scope.LostErr(itemLinks, err)
		return
	}
	scope.Add(collectors.Evidence{Name: timing.LinksFile, Item: itemRecord, Started: rec.Started, Ended: rec.Ended}, b.Bytes())
}

// unreached is of what kind the reason is that a peer gave no answer.
func unreached(k *timing.Link) entries.Cause {
	if k.Failure == "" {
		return entries.EndedEarly
	}
	return entries.Unreachable
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// following is the exchanges with one peer.
type following struct {
	links
	peer       timing.Peer
	brief      time.Duration
	start, end time.Time
	link       *timing.Link
	refused    bool // no address is one that the policy admits
}

var errNotAdmitted = errors.New("the policy of this node does not admit")

func (f *following) follow(ctx context.Context) {
	p, hangUp := f.find(ctx)
	if p == nil {
		return
	}
	defer hangUp()
	p.Known, p.Patience = true, f.patience
	p.Every, p.Until = f.order.Every, f.end
	var path sync.WaitGroup
	defer path.Wait()
	if transport, hostport, err := timing.SplitAddress(p.Address); err == nil && transport == timing.UDP {
		path.Go(func() { f.link.Path = pathOf(ctx, hostport, f.order.Key) })
	}
	f.phase(ctx, timing.During, p)
	// Answers that did not come were waited for: they must not cost the time after the end.
	p.Every, p.Until = f.brief, later(f.end, time.Now()).Add(afterSpan)
	f.phase(ctx, timing.After, p)
	if c, known := Join(f.link.Phases, f.now()); known {
		c.At = wall(c.At)
		f.link.Clock = &c
	}
}

func (f *following) now() time.Time {
	if f.ways.Clock != nil {
		return f.ways.Clock()
	}
	return time.Now()
}

// phase adds one part of the capture to the link.
func (f *following) phase(ctx context.Context, when timing.When, p *Prober) (answered bool) {
	m, err := p.Run(ctx)
	if err != nil && f.link.Failure == "" && ctx.Err() == nil {
		f.link.Failure = fmt.Sprintf("%s: %v", when, err)
	}
	if m == nil || m.Count == 0 {
		return false
	}
	f.link.Phases = append(f.link.Phases, timing.Phase{When: when, Measured: *m})
	return m.Count > m.Lost
}

// find asks one address after the other until the capture starts, or at least as
// long as the first questions take; the first that answers is the one to follow.
func (f *following) find(ctx context.Context) (*Prober, func()) {
	var failures []string
	f.refused = true
	for i, address := range f.peer.Addresses {
		p, hangUp, err := f.prober(ctx, address)
		f.refused = f.refused && errors.Is(err, errNotAdmitted)
		if err == nil {
			if i+1 < len(f.peer.Addresses) {
				p.Patience = trialPatience
			}
			when := timing.Before
			if !time.Now().Before(f.start) {
				when = timing.During
			}
			if p.Until = time.Now().Add(unproven * f.brief); f.start.After(p.Until) {
				p.Until = f.start
			}
			if f.phase(ctx, when, p) {
				f.link.Transport = f.link.Phases[0].Transport
				if f.link.Failure = ""; len(failures) > 0 { // that UDP is not let through is worth telling
					f.link.Failure = "asked by " + string(f.link.Transport) + ": " + strings.Join(failures, "; ")
				}
				return p, hangUp
			}
			hangUp()
			err = errors.New(orElse(f.link.Failure, "no answer"))
			f.link.Phases, f.link.Failure = nil, ""
		}
		if text := err.Error(); len(failures) < 4 && !slices.Contains(failures, text) {
			failures = append(failures, text)
		}
		if ctx.Err() != nil {
			break
		}
	}
	f.link.Failure = strings.Join(failures, "; ")
	return nil, nil
}

// prober makes the one for an address, after its host was looked up and admitted.
func (f *following) prober(ctx context.Context, address string) (p *Prober, hangUp func(), err error) {
	transport, hostport, err := timing.SplitAddress(address)
	if err != nil {
		return nil, nil, err
	}
	if hostport, err = f.admitted(ctx, hostport); err != nil {
		return nil, nil, err
	}
	p = &Prober{Address: string(transport) + "://" + hostport, Key: f.order.Key, Every: f.brief, Clock: f.ways.Clock, Patience: f.patience}
	if transport != timing.HTTP {
		return p, func() {}, nil
	}
	if p.Address = "https://" + hostport; f.ways.Call == nil {
		return nil, nil, fmt.Errorf("%s: this node has no identity to call an agent with", address)
	}
	p.Ask, hangUp, err = f.ways.Call(f.peer.Name, hostport)
	return p, hangUp, err
}

// admitted resolves the host and takes the first address that the policy admits.
func (f *following) admitted(ctx context.Context, hostport string) (string, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, resolveLimit)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", err
	}
	for _, a := range found {
		if a = a.Unmap(); f.ways.Admit != nil && f.ways.Admit(a) {
			return net.JoinHostPort(a.String(), port), nil
		}
	}
	return "", fmt.Errorf("%w %s", errNotAdmitted, host)
}
