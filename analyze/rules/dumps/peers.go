package dumps

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/rules/cite"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
	"casefile/analyze/waits"
	"casefile/bundle/format/sockets"
)

// peer is an address that the process has connections to while threads wait.
type peer struct {
	addr  netip.AddrPort
	least int // connections, in the dump with the fewest; of exact ones threads, in the dump with most
	sum   int // over the dumps
	unack int // of them: with data that the other side did not acknowledge
	at    analyze.Sockets
	line  int // of the first of them in at
	exact bool
	call  string // of exact ones
}

// socketsFarthest is how far from a dump a look at the sockets may be.
const socketsFarthest = 5 * time.Second

// servicePorts are where the clients that libraries.go knows are answered, when nobody chose another port.
var servicePorts = map[string][]uint16{
	"the database (PostgreSQL)": {
		5432,
		6432,
	}, "the database (MySQL)": {3306}, "the database (MariaDB)": {3306}, "the database (Oracle)": {1521, 2484},
	"the database (SQL Server)": {
		1433,
	}, "the database (Db2)": {50000}, "the database (H2)": {9092}, "the database (MongoDB)": {27017},
	"the database (Cassandra)": {
		9042,
	}, "Redis": {6379}, "memcached": {11211}, "the directory (LDAP)": {389, 636, 3268, 3269},
	"the mail server": {
		25,
		465,
		587,
		110,
		143,
		993,
		995,
	}, "an HTTP service": {80, 443, 8080, 8443}, "another cluster member (Hazelcast)": {5701, 5801},
	"Elasticsearch": {9200}, "Solr": {8983},
}

// waitStates are the states of a socket that a thread waits for.
var waitStates = map[threads.WaitKind]string{
	threads.WaitSocketRead:  "ESTABLISHED",
	threads.WaitSocketWrite: "ESTABLISHED",
	threads.WaitConnect:     "SYN_SENT",
}

// peersOf gives the addresses that the waits may be for: those to which the process has, in each of the dumps, at
// least as many
// connections as threads wait. The likeliest come first. A wait for a connection to be made is for an address that
// does not answer yet.
func (v *view) peersOf(list []views.Sighting, kind threads.WaitKind, asked string) []*peer {
	state, ok := waitStates[kind]
	if v.JVM == nil || !ok {
		return nil
	}
	if exact := v.exactPeers(list); exact != nil {
		return exact
	}
	var likely map[netip.AddrPort]*peer
	for dump, waiting := range v.PerDump(list) {
		look, ok := v.socketsAt(dump)
		if waiting == 0 || !ok {
			continue
		}
		both := map[netip.AddrPort]*peer{}
		for addr, here := range outbound(look, state) {
			before := likely[addr]
			if here.sum < waiting || likely != nil && before == nil {
				continue
			}
			if before != nil {
				before.least, before.sum, before.unack = min(
					before.least,
					here.sum,
				), before.sum+here.sum, before.unack+here.unack
				here = before
			}
			both[addr] = here
		}
		likely = both
	}
	var out []*peer
	for _, p := range likely {
		out = append(out, p)
	}
	ports := servicePorts[asked]
	slices.SortFunc(out, func(a, b *peer) int {
		return cmp.Or(
			cmp.Compare(portRank(b, ports), portRank(a, ports)),
			cmp.Compare(b.sum, a.sum),
			a.addr.Compare(b.addr),
		)
	})
	if len(out) > 0 && portRank(out[0], ports) > 0 { // a driver is known by its port: others are not what it asks
		out = slices.DeleteFunc(out, func(p *peer) bool { return portRank(p, ports) == 0 })
	}
	return out
}

// exactShare is the share of waiting threads whose connection is known from which on no guess is needed.
const exactShare = 0.8

// exactPeers are the addresses at the other end of the connections that the threads are in a call on; nil where the
// calls of most are not known.
func (v *view) exactPeers(list []views.Sighting) (out []*peer) {
	of := map[netip.AddrPort]*peer{}
	perDump := map[netip.AddrPort]map[int]int{}
	known, all := 0, 0
	for _, s := range list {
		table := v.JVM.CallsAt(v.Series.Dumps[s.Dump])
		if table == nil {
			continue
		}
		all++
		call, ok := table.Of(s.Thread.NID)
		if !ok || !call.Conn.Known() || s.Thread.Virtual {
			continue
		}
		known++
		addr := call.Conn.Remote
		p := of[addr]
		if p == nil {
			p = &peer{addr: addr, at: analyze.Sockets{Source: table.Source}, line: call.Line, exact: true, call: call.Name}
			of[addr], perDump[addr] = p, map[int]int{}
			out = append(out, p)
		}
		p.sum++
		perDump[addr][s.Dump]++
		p.least = max(p.least, perDump[addr][s.Dump])
		if v.unacknowledged(s.Dump, call.Conn) {
			p.unack++
		}
	}
	if all == 0 || float64(known) < exactShare*float64(all) {
		return nil
	}
	slices.SortStableFunc(out, func(a, b *peer) int { return cmp.Or(cmp.Compare(b.sum, a.sum), a.addr.Compare(b.addr)) })
	return out
}

// unacknowledged reports whether the other side of a connection has not acknowledged all that was sent.
func (v *view) unacknowledged(dump int, c waits.Conn) bool {
	look, ok := v.socketsAt(dump)
	return ok && slices.ContainsFunc(look.Sockets, func(s sockets.Socket) bool {
		return s.SendQ > 0 && waits.ConnOf(s.Local, s.Remote) == c
	})
}

// other names the captured process at the other end of the connections of most of some threads; "" none, or a database.
func (v *view) other(list []views.Sighting) string {
	counts := map[string]int{}
	for _, s := range list {
		if end := v.graph.EndOf(s.Thread); end != nil && end.Process != nil {
			name := end.Process.Label()
			if counts[name]++; 2*counts[name] > len(list) {
				return name
			}
		}
	}
	return ""
}

func portRank(p *peer, ports []uint16) int {
	if slices.Contains(ports, p.addr.Port()) {
		return 1
	}
	return 0
}

// socketsAt gives the look at the sockets that belongs to a dump.
func (v *view) socketsAt(dump int) (best analyze.Sockets, ok bool) {
	at := v.Series.Dumps[dump].Time
	nearest := socketsFarthest
	for _, s := range v.JVM.Sockets {
		if gap := s.Taken.Sub(at).Abs(); gap <= nearest {
			best, nearest, ok = s, gap, true
		}
	}
	return best, ok
}

// outbound counts the connections that the process opened itself, by the other side.
func outbound(look analyze.Sockets, state string) map[netip.AddrPort]*peer {
	listens := map[uint16]bool{}
	for _, s := range look.Sockets {
		if s.State == "LISTEN" {
			listens[s.Local.Port()] = true
		}
	}
	out := map[netip.AddrPort]*peer{}
	for i, s := range look.Sockets {
		if s.State != state || listens[s.Local.Port()] {
			continue
		}
		p := out[s.Remote]
		if p == nil {
			const head = 2 // lines before the first row
			p = &peer{addr: s.Remote, at: look, line: i + head + 1}
			out[s.Remote] = p
		}
		p.sum++
		if s.SendQ > 0 {
			p.unack++
		}
		p.least = p.sum
	}
	return out
}

// maxPeers is how many addresses are worth naming: among more, naming them says nothing.
const maxPeers = 3

func sumOf(peers []*peer) (n int) {
	for _, p := range peers {
		n += p.sum
	}
	return n
}

// namePeers adds what the sockets tell to a finding about threads that wait for the network, and gives the address
// when there is but one.
func (v *view) namePeers(f *analyze.Finding, list []views.Sighting, kind threads.WaitKind, asked string) (addr string) {
	peers := v.peersOf(list, kind, asked)
	if len(peers) == 0 || len(peers) > maxPeers {
		return ""
	}
	var told []analyze.Evidence
	for _, p := range peers {
		text := fmt.Sprintf("%s to %s", say.Count(p.least, "connection"), p.addr)
		if p.exact {
			text = fmt.Sprintf("%s in %s on connections to %s", say.Count(p.least, "thread"), p.call, p.addr)
		}
		if kind == threads.WaitConnect && !p.exact {
			text = fmt.Sprintf("%s to %s without an answer so far", say.Count(p.least, "attempt"), p.addr)
		}
		told = append(told, analyze.Evidence{Entry: p.at.Source, Lines: analyze.Lines(p.line, p.line), Text: text})
		if p.unack > 0 {
			f.Explanation += fmt.Sprintf(" Of the connections to %s, %d had sent data that the other side has not "+
				"even acknowledged: look at the network, or at its host.", p.addr, p.unack)
		}
	}
	f.Evidence = append(f.Evidence[:min(len(f.Evidence), cite.Most-len(told))], told...)
	if name := v.other(list); name != "" {
		f.Explanation += " At the other end of their connections is " + name + ", which was captured too: see what its threads do."
	}
	const nearlyAll = 0.9
	switch first, sum := peers[0], sumOf(peers); {
	case first.exact && float64(first.sum) >= nearlyAll*float64(sum):
		return first.addr.String()
	case first.exact:
		f.Explanation += fmt.Sprintf(" Their connections lead to %d addresses.", len(peers))
		return ""
	}
	if len(peers) > 1 {
		f.Explanation += fmt.Sprintf(" By the open connections of the process the other side is one of %d "+
			"addresses.", len(peers))
		return ""
	}
	return peers[0].addr.String()
}
