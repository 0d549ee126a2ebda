package fleet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/plan"
	wire "casefile/bundle/format/timing"
	"casefile/collectors/agent"
	"casefile/collectors/timing"
)

const (
	// askEvery is the pace of exchanges between two nodes; a long capture needs fewer a
	// second for figures as good.
	askEvery   = 100 * time.Millisecond
	askAtMost  = time.Second
	askWanted  = 600  // exchanges of a link that are enough
	pointsUpTo = 1000 // links whose single exchanges go into the record
)

// meet makes the node answer its peers. One that cannot, or is too old to know how,
// is captured all the same.
func (m *member) meet(ctx context.Context) {
	if len(m.f.o.Nodes) < 2 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, m.f.times.meet)
	defer cancel()
	span := time.Duration(m.f.o.Plan.Duration) + 2*m.f.times.whole
	place, err := m.client.Meet(ctx, agent.Meeting{ID: m.f.id, Key: m.f.key, For: plan.Duration(span)})
	if err == nil {
		m.place = place
	}
}

// addresses are where the node's peers find it, best first: the host that the admin
// names, then what the node knows of itself.
func (m *member) addresses() (list []string) {
	var hosts []string
	host := m.Address.Host
	switch m.Address.Kind {
	case Agent:
		host, _, _ = net.SplitHostPort(m.Address.Host)
		hosts = []string{host}
	case SSH:
		hosts = append([]string{host}, m.place.Addrs...)
	case Local, Kube:
		hosts = m.place.Addrs
	}
	add := func(scheme string, port int) {
		for _, h := range hosts {
			if a := scheme + "://" + net.JoinHostPort(h, strconv.Itoa(port)); port > 0 && len(list) < wire.MaxAddresses {
				list = append(list, a)
			}
		}
	}
	add("udp", m.place.UDP)
	if m.Address.Kind == Agent {
		return append(list, "https://"+m.Address.Host)
	}
	add("tcp", m.place.TCP)
	return list
}

// introduce tells each node whom to ask.
func (f *fleet) introduce(ready []*member) {
	met := slices.DeleteFunc(slices.Clone(ready), func(m *member) bool { return m.place.UDP+m.place.TCP == 0 })
	every := min(max(askEvery, time.Duration(f.o.Plan.Duration)/askWanted), askAtMost)
	for i, m := range met {
		var peers []wire.Peer
		chosen := timing.Mesh(len(met), i)
		for _, k := range chosen {
			if list := met[k].addresses(); len(list) > 0 {
				peers = append(peers, wire.Peer{Name: met[k].Name, Addresses: list})
			}
		}
		if len(peers) > 0 {
			m.peers = &wire.Order{Key: f.key, Peers: peers, Every: every}
		}
		if i == 0 && len(chosen) < len(met)-1 {
			f.notes = append(f.notes, fmt.Sprintf("%d nodes: each asked %d others, not all %d, so that the traffic grows with the number of nodes only", len(met), len(chosen), len(met)-1))
		}
	}
	for _, m := range ready {
		if m.peers == nil && len(ready) > 1 {
			f.notes = append(f.notes, m.Name+" exchanged no times with other nodes: it could not open a port to answer them, or nobody else could")
		}
	}
}

// thin keeps the record of a large cluster readable: the single exchanges stay in
// the nodes' own parts.
func (f *fleet) thin(links []wire.Link) {
	if len(links) <= pointsUpTo {
		return
	}
	f.notes = append(f.notes, "single exchanges between nodes stand in nodes/<node>/timing/"+wire.LinksFile)
	for i := range links {
		for k := range links[i].Phases {
			links[i].Phases[k].Points = nil
		}
	}
}

// measured takes a node's own measures out of what it sends.
type measured struct {
	dir           string
	probes, links limited
}

func (s *measured) peek(e bundle.Entry) io.Writer {
	var to *limited
	switch e.Path {
	case "nodes/" + s.dir + "/timing/" + wire.ProbesFile:
		to = &s.probes
	case "nodes/" + s.dir + "/timing/" + wire.LinksFile:
		to = &s.links
	default:
		return nil
	}
	to.Reset() // it may come again
	return to
}

// read decodes them. What makes no sense is left where the node put it: in its own
// part, which the analysis reads too.
func (s *measured) read(m *member) {
	if n, err := wire.ReadNode(&s.probes.Buffer); err == nil {
		m.own, m.own.Name = *n, m.Name
	}
	rec, err := wire.Read(&s.links.Buffer)
	if err != nil || m.peers == nil {
		return
	}
	for _, l := range rec.Links { // a node speaks for itself, of those it was told of
		if l.From = m.Name; slices.ContainsFunc(m.peers.Peers, func(p wire.Peer) bool { return p.Name == l.To }) && len(m.links) < wire.MaxPeers {
			m.links = append(m.links, l)
		}
	}
}

// limited is a buffer that stops taking at the size of a node's record.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := wire.MaxNodeBytes - l.Len(); room > 0 {
		l.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}
