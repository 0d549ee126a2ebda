package waits

import (
	"path"
	"time"

	"casefile/analyze/database"
	"casefile/analyze/threads"
	"casefile/bundle/format/sessions"
)

// Graph is who waits for whom, over all nodes and rounds.
type Graph struct {
	Processes []*Process
	Rounds    []*Round
	Counted   []*database.Counted

	clocks     map[string]func(time.Time) time.Time
	next       map[*Vertex]*Edge // the step that a vertex's chain takes
	holders    []*Holder
	statements []*Asked
	cycles     []*Cycle
	files      []*Stored
}

// New makes the graph of the processes and the looks of one case. Both are on the clocks of their nodes; clocks map
// these to the reference, by the node's name.
func New(all []*Process, looks []*database.Look, counted []*database.Counted, clocks map[string]func(time.Time) time.Time) *Graph {
	g := &Graph{Processes: all, Counted: counted, clocks: clocks}
	g.Rounds = roundsOf(all, looks, g.reference)
	for _, r := range g.Rounds {
		r.findEnds()
	}
	for _, r := range g.Rounds {
		g.build(r)
	}
	g.next = map[*Vertex]*Edge{}
	g.findCycles()
	g.findHolders()
	g.joinByCount()
	g.carry()
	g.findFiles()
	return g
}

// reference maps a time of a node to the reference clock.
func (g *Graph) reference(node string, t time.Time) time.Time {
	if clock := g.clocks[node]; clock != nil && !t.IsZero() {
		return clock(t)
	}
	return t
}

// Kind is what a vertex is.
type Kind uint8

// The kinds.
const (
	OfThread Kind = iota
	OfLock
	OfPool
	OfSession
	OfProcess // a captured one, of which the thread is not known
	OfFile
)

// Vertex is one that waits, or is waited for, at one round.
type Vertex struct {
	Kind    Kind
	Process *Process // of threads, locks, pools, processes
	Dump    int
	Thread  *threads.Thread
	Lock    *threads.LockState
	Look    *database.Look
	Session *database.Session // of a prepared transaction, and one beyond the limit of the look: only its id is known
	Owner   Owner             // of sessions
	File    string            // the file system, or the folder

	Out []*Edge
}

// Edge is one step: From waits for To.
type Edge struct {
	From, To *Vertex
	Sure     Certainty
	// Any: From needs one of several, as a pool does, or a process of which the thread is not known.
	Any  bool
	How  string
	Call Call // of steps by a system call
	At   Cite
}

// vertices are those of one round.
type vertices struct {
	threads   map[*threads.Thread]*Vertex
	locks     map[*threads.LockState]*Vertex
	sessions  map[*database.Session]*Vertex
	stubs     map[stub]*Vertex
	pools     map[*Process]*Vertex
	processes map[*Process]*Vertex
	files     map[string]*Vertex
	order     []*Vertex
}

// stub is a session of which a look has only the number.
type stub struct {
	look *database.Look
	id   int64
}

func (v *vertices) add(n *Vertex) *Vertex {
	v.order = append(v.order, n)
	return n
}

// vertex gives the one under a key, made when it is first asked for; fresh reports that it was.
func vertex[K comparable](v *vertices, of map[K]*Vertex, key K, made func() *Vertex) (n *Vertex, fresh bool) {
	if n = of[key]; n != nil {
		return n, false
	}
	n = v.add(made())
	of[key] = n
	return n, true
}

func link(from, to *Vertex, e Edge) {
	e.From, e.To = from, to
	from.Out = append(from.Out, &e)
}

// build makes the vertices and edges of one round, beginning with every thread that has work and does not run.
func (g *Graph) build(r *Round) {
	r.vertices = vertices{
		threads: map[*threads.Thread]*Vertex{}, locks: map[*threads.LockState]*Vertex{}, sessions: map[*database.Session]*Vertex{},
		stubs: map[stub]*Vertex{}, pools: map[*Process]*Vertex{}, processes: map[*Process]*Vertex{}, files: map[string]*Vertex{},
	}
	b := &roundBuilder{Graph: g, Round: r, sessionAt: r.sessionsByClient()}
	for _, p := range r.processes {
		graph := p.Series.Graph(r.Dumps[p])
		for _, t := range r.threadsOf(p) {
			if graph.BlockedOn(t) != nil || p.Series.Wait(t).Blocked() {
				b.thread(p, t)
			}
		}
	}
	for _, l := range r.Looks { // those whose clients are elsewhere
		for i := range l.Sessions {
			if s := &l.Sessions[i]; database.Blocked(s) || database.AwaitsClient(s) {
				b.session(l, s)
			}
		}
	}
}

// sessionsByClient finds the session of each connection of a captured process.
func (r *Round) sessionsByClient() map[endKey]sessionAt {
	out := map[endKey]sessionAt{}
	for _, l := range r.Looks {
		for i := range l.Sessions {
			s := &l.Sessions[i]
			n, exact, ok := r.clientOf(l, s)
			if !ok {
				continue
			}
			at := sessionAt{l, s, n.p, Exact}
			if !exact {
				at.sure = Probable
			}
			out[endKey{n.conn.Local, n.conn.Remote}] = at
		}
	}
	return out
}

type sessionAt struct {
	look    *database.Look
	session *database.Session
	process *Process
	sure    Certainty
}

// roundBuilder makes the vertices of one round.
type roundBuilder struct {
	*Graph
	*Round

	sessionAt map[endKey]sessionAt
}

// EndOf is what is at the other end of the connection that a thread of a dump waits at: a session, a thread or a process;
// nil: not known.
func (g *Graph) EndOf(t *threads.Thread) *Vertex {
	if g == nil {
		return nil
	}
	for _, r := range g.Rounds {
		v := r.vertices.threads[t]
		if v == nil {
			continue
		}
		if len(v.Out) > 0 && v.Out[0].Call.Conn.Known() {
			return v.Out[0].To
		}
		return nil
	}
	return nil
}

// thread gives the vertex of a thread with what it waits for.
func (b *roundBuilder) thread(p *Process, t *threads.Thread) *Vertex {
	dump := b.Dumps[p]
	v, fresh := vertex(&b.vertices, b.vertices.threads, t, func() *Vertex {
		return &Vertex{Kind: OfThread, Process: p, Dump: dump, Thread: t}
	})
	if !fresh {
		return v
	}
	w := p.Series.Wait(t)
	if st := p.Series.Graph(dump).BlockedOn(t); st != nil && st.Owner != nil && st.Owner != t {
		b.lock(p, v, st)
		return v
	}
	if w.Kind == threads.WaitDBPool {
		link(v, b.pool(p), Edge{Sure: Exact, How: w.Text})
		return v
	}
	call, ok := p.CallOf(dump, t)
	if !w.Busy() {
		return v
	}
	if s, only := b.onlySession(p, t); !ok && only {
		at := b.session(s.look, s.session)
		link(v, at, Edge{Sure: Probable, How: onlyOne})
		if at.Owner.Thread == nil {
			at.Owner.Thread, at.Owner.Sure, at.Owner.How = t, Probable, onlyOne
		}
		return v
	}
	if !ok {
		return v
	}
	at := Cite{Entry: p.table(dump).Source, From: call.Line, To: call.Line}
	switch {
	case call.Conn.Known():
		b.connection(v, call, at)
	case call.OnDisk():
		link(v, b.file(p, call.File), Edge{Sure: Exact, How: call.Name, Call: call, At: at})
	}
	return v
}

const onlyOne = "the only thread of its process that waits for this database, and the only session of that process at work"

// onlySession is the session of a thread whose call is not known, when nothing else can be meant: no other thread of the
// process asks that server, and no other session of the process works there.
func (b *roundBuilder) onlySession(p *Process, t *threads.Thread) (found sessionAt, ok bool) {
	if p.table(b.Dumps[p]) != nil && !t.Virtual {
		return found, false
	}
	for _, l := range b.Looks {
		if list := b.askers(p, l); len(list) != 1 || list[0].Thread != t {
			continue
		}
		var working []sessionAt
		for _, at := range b.sessionAt {
			if at.process == p && at.look == l && at.session.State == sessions.Active {
				working = append(working, at)
			}
		}
		if len(working) == 1 {
			return working[0], true
		}
	}
	return found, false
}

func (b *roundBuilder) lock(p *Process, v *Vertex, st *threads.LockState) {
	lock, fresh := vertex(&b.vertices, b.vertices.locks, st, func() *Vertex {
		return &Vertex{Kind: OfLock, Process: p, Dump: v.Dump, Lock: st}
	})
	link(v, lock, Edge{Sure: Exact, How: "blocked"})
	if fresh {
		link(lock, b.thread(p, st.Owner), Edge{Sure: Exact, How: st.Evidence})
	}
}

// connection joins a thread in a call to the other end: a session, or another process.
func (b *roundBuilder) connection(v *Vertex, call Call, at Cite) {
	if s, ok := b.sessionAt[endKey{call.Conn.Local, call.Conn.Remote}]; ok {
		link(v, b.session(s.look, s.session), Edge{Sure: s.sure, How: "by the port of its connection", Call: call, At: at})
		return
	}
	other, ok := b.peerOf(v.Process, call.Conn)
	if !ok {
		return
	}
	for _, c := range b.callers(other.p, other.conn) {
		if call.Reads() && c.call.Reads() {
			continue // both wait for the other's bytes: one of them has none to send
		}
		link(v, b.thread(other.p, c.t), Edge{Sure: Exact, How: "in a call on the other end of its connection", Call: call, At: at})
		return
	}
	if t := b.lastAt(other); t != nil {
		link(v, b.thread(other.p, t), Edge{Sure: Probable, How: "last seen at the other end of its connection", Call: call, At: at})
		return
	}
	link(v, b.process(other.p), Edge{Sure: Exact, How: "the other end of its connection", Call: call, At: at})
}

// process gives the vertex of a process that owes an answer: one of its threads at work on a request has it to give.
func (b *roundBuilder) process(p *Process) *Vertex {
	v, fresh := vertex(&b.vertices, b.vertices.processes, p, func() *Vertex {
		return &Vertex{Kind: OfProcess, Process: p, Dump: b.Dumps[p]}
	})
	if !fresh {
		return v
	}
	for _, t := range b.threadsOf(p) {
		if p.serves(t) && p.Series.Wait(t).Busy() {
			link(v, b.thread(p, t), Edge{Sure: Guess, Any: true, How: "serves a request there, as nearly all do that stand behind the same"})
		}
	}
	return v
}

// lastAt is the thread that the sampler saw last at one end of a connection, when it is at work in this round.
func (b *roundBuilder) lastAt(n end) *threads.Thread {
	best := n.p.Samples.lastAt(n.conn)
	if best == nil {
		return nil
	}
	for _, t := range b.threadsOf(n.p) {
		if t.NID == best.NID && !t.Virtual && n.p.Series.Wait(t).Busy() {
			return t
		}
	}
	return nil
}

// session gives the vertex of a session with what it waits for: others of the server, or its own client.
func (b *roundBuilder) session(l *database.Look, s *database.Session) *Vertex {
	v, fresh := vertex(&b.vertices, b.vertices.sessions, s, func() *Vertex {
		return &Vertex{Kind: OfSession, Look: l, Session: s}
	})
	if !fresh {
		return v
	}
	v.Owner = b.ownerOf(b.Round, l, s)
	at := Cite{Entry: l.Source, From: s.Line, To: s.Line}
	for _, id := range s.BlockedBy {
		if id != s.ID {
			link(v, b.blocker(l, id), Edge{Sure: Exact, How: "blocked by it, as the server says", At: at})
		}
	}
	if len(v.Out) > 0 || !database.AwaitsClient(s) || v.Owner.Thread == nil || v.Owner.How == inCall {
		return v
	}
	link(v, b.thread(v.Owner.Process, v.Owner.Thread), Edge{Sure: v.Owner.Sure, How: v.Owner.How, At: v.Owner.At})
	return v
}

// blocker is a session by its number; of one that the look does not have, only that is known.
func (b *roundBuilder) blocker(l *database.Look, id int64) *Vertex {
	if s := l.Find(id); s != nil {
		return b.session(l, s)
	}
	v, _ := vertex(&b.vertices, b.vertices.stubs, stub{l, id}, func() *Vertex {
		return &Vertex{Kind: OfSession, Look: l, Session: &database.Session{ID: id}}
	})
	return v
}

// pool gives the connection pool of a process: whoever waits for it needs any one of its connections back.
func (b *roundBuilder) pool(p *Process) *Vertex {
	v, fresh := vertex(&b.vertices, b.vertices.pools, p, func() *Vertex {
		return &Vertex{Kind: OfPool, Process: p, Dump: b.Dumps[p]}
	})
	if !fresh {
		return v
	}
	for _, l := range b.Looks {
		for i := range l.Sessions {
			s := &l.Sessions[i]
			if n, _, ok := b.clientOf(l, s); ok && n.p == p && (database.Blocked(s) || s.State.InTransaction() || s.State == sessions.Active) {
				link(v, b.session(l, s), Edge{Sure: Exact, Any: true, How: "has one of its connections", At: n.at})
			}
		}
	}
	return v
}

func (b *roundBuilder) file(p *Process, name string) *Vertex {
	where := path.Dir(name)
	if p.Mount != nil {
		if m := p.Mount(name); m != "" {
			where = m
		}
	}
	v, _ := vertex(&b.vertices, b.vertices.files, p.Node+"\x00"+where, func() *Vertex {
		return &Vertex{Kind: OfFile, Process: p, Dump: b.Dumps[p], File: where}
	})
	return v
}
