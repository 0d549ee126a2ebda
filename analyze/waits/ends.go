package waits

import (
	"net/netip"

	"casefile/analyze/database"
	"casefile/analyze/threads"
	"casefile/bundle/format/sessions"
)

// end is one end of a connection, in a captured process.
type end struct {
	p    *Process
	conn Conn
	at   Cite
}

// endKey is a connection seen from a captured process.
type endKey struct{ local, remote netip.AddrPort }

// ends are the connections of all processes of a round.
type ends struct {
	byConn  map[endKey][]end
	byLocal map[netip.AddrPort][]end
	byPort  map[uint16][]end // of the local end
	// at are the threads in a call on a connection.
	at map[endKey][]caller
}

// caller is a thread in a call.
type caller struct {
	p    *Process
	t    *threads.Thread
	call Call
	at   Cite
}

// findEnds gathers the connections of all processes of a round: those of the socket tables, and those that threads are
// in a call on.
func (r *Round) findEnds() {
	e := &r.ends
	e.byConn, e.byLocal, e.byPort = map[endKey][]end{}, map[netip.AddrPort][]end{}, map[uint16][]end{}
	e.at = map[endKey][]caller{}
	for _, p := range r.processes {
		dump := r.Dumps[p]
		if s := p.sockets(dump); s != nil {
			for _, c := range s.List {
				if !c.Listens {
					e.add(end{p, c.Conn, Cite{Entry: s.Source, From: c.Line, To: c.Line}})
				}
			}
		}
		table := p.table(dump)
		if table == nil {
			continue
		}
		for _, t := range p.Series.Dumps[dump].Threads {
			call, ok := p.CallOf(dump, t)
			if !ok || !call.Conn.Known() {
				continue
			}
			at := Cite{Entry: table.Source, From: call.Line, To: call.Line}
			e.add(end{p, call.Conn, at})
			k := endKey{call.Conn.Local, call.Conn.Remote}
			e.at[k] = append(e.at[k], caller{p, t, call, at})
		}
	}
}

func (e *ends) add(n end) {
	k := endKey{n.conn.Local, n.conn.Remote}
	for _, o := range e.byConn[k] {
		if o.p == n.p {
			return
		}
	}
	e.byConn[k] = append(e.byConn[k], n)
	e.byLocal[k.local] = append(e.byLocal[k.local], n)
	e.byPort[k.local.Port()] = append(e.byPort[k.local.Port()], n)
}

// clientOf is the end of a session's connection in a captured process; exact is false where the server writes a name
// for the address, so that the port alone tells. None where several processes could have it: a loopback address is one
// of each node.
func (r *Round) clientOf(l *database.Look, s *database.Session) (found end, exact, ok bool) {
	port := sessions.Port(s.Client)
	if port == 0 {
		return end{}, false, false
	}
	at, exact := database.Client(s), true
	list := r.ends.byLocal[at]
	if !at.IsValid() {
		list, exact = r.ends.byPort[port], false
	}
	list = towards(list, l)
	if len(list) > 1 {
		list = ofNode(list, l.Node)
	}
	if len(list) != 1 {
		return end{}, false, false
	}
	return list[0], exact, true
}

// towards keeps the ends that lead to a server's port, where the server tells it.
func towards(list []end, l *database.Look) (out []end) {
	port := serverPort(l)
	for _, n := range list {
		if port == 0 || n.conn.Remote.Port() == port {
			out = append(out, n)
		}
	}
	return out
}

// serverPort is the port at which the server is reached; 0: not known.
func serverPort(l *database.Look) uint16 {
	if p := sessions.Port(l.Server.Listens); p != 0 {
		return p
	}
	return sessions.Port(l.Server.Address)
}

func ofNode(list []end, node string) (out []end) {
	for _, n := range list {
		if n.p.Node == node {
			out = append(out, n)
		}
	}
	return out
}

// peerOf is the other end of a connection, in a captured process.
func (r *Round) peerOf(p *Process, c Conn) (end, bool) {
	list := r.ends.byConn[endKey{c.Remote, c.Local}]
	if len(list) > 1 && c.Local.Addr().IsLoopback() {
		list = ofNode(list, p.Node)
	}
	if len(list) != 1 {
		return end{}, false
	}
	return list[0], true
}

// callers are the threads in a call on a connection, from the side that conn tells.
func (r *Round) callers(p *Process, c Conn) (out []caller) {
	for _, k := range r.ends.at[endKey{c.Local, c.Remote}] {
		if k.p == p {
			out = append(out, k)
		}
	}
	return out
}
