package waits

import (
	"slices"
	"strings"
	"time"

	"casefile/analyze/database"
	"casefile/analyze/threads"
)

// Certainty is how sure a step of a chain is.
type Certainty uint8

// The certainties, the least first.
const (
	Guess    Certainty = iota // one of several, or without the table of calls
	Probable                  // most likely so
	Exact                     // by a port, a lock's address, the server's own word
)

func (c Certainty) String() string { return [...]string{"guess", "probable", "exact"}[min(c, 2)] }

// Owner is whose connection a session is.
type Owner struct {
	Process *Process // nil: none that was captured
	Node    string   // of the process; without one, of the machine that the address tells, if any
	Dump    int
	At      Cite // of the socket

	Thread *threads.Thread // nil: not known
	Sure   Certainty       // of the thread
	How    string          // "in a call on its connection"
	// Candidates are the threads that could have it, where they are several.
	Candidates []*threads.Thread
	// Seen is where the thread was seen at the socket; zero: nowhere.
	Seen Cite
	// Left is the thread that was seen last at the socket in the transaction and has no work any more: it left the
	// transaction open. Nil: none.
	Left *threads.Thread
}

// ownerOf finds whose connection a session is. The thread is known when it is in a call on it. That of a session which
// is idle in its transaction is elsewhere: it is the one seen at the socket in the same transaction, or the only one
// left that could have it.
func (g *Graph) ownerOf(r *Round, l *database.Look, s *database.Session) Owner {
	n, exact, ok := r.clientOf(l, s)
	if !ok {
		return Owner{}
	}
	o := Owner{Process: n.p, Node: n.p.Node, Dump: r.Dumps[n.p], At: n.at, Sure: Exact}
	if !exact {
		o.Sure = Probable
	}
	if list := r.callers(n.p, n.conn); len(list) > 0 {
		o.Thread, o.How, o.Seen = list[0].t, inCall, list[0].at
		return o
	}
	if !database.AwaitsClient(s) {
		return o
	}
	if t, at, found := g.seenAt(r, l, s, n); found {
		if w := n.p.Series.Wait(t); !w.Busy() && w.Kind != threads.WaitSleep {
			o.Left, o.Seen = t, at
			return o
		}
		o.Thread, o.Seen, o.Sure, o.How = t, at, Probable, "last seen at its socket in the same transaction"
		return o
	}
	others := g.adrift(r, n.p)
	if others > mostAdrift {
		return o
	}
	left := g.candidates(r, l, s, n)
	if others > 1 { // a thread mostly has one connection: which of them the one that is left has, nothing tells
		o.Candidates = left.all()
	} else {
		o.Thread, o.Sure, o.Candidates = left.likeliest()
	}
	switch {
	case o.Thread == nil && len(o.Candidates) > mostCandidates:
		o.Candidates = nil
	case o.Thread == nil:
	case o.Sure == Guess:
		o.How = "the one at work there that most likely has the connection"
	case len(left.within) == 1:
		o.How = "the only thread there inside a transaction"
	default:
		o.How = "the only thread there that can have the connection"
	}
	return o
}

// inCall is how the thread of a session is known that waits for its answer.
const inCall = "in a call on its connection"

// mostCandidates is how many threads are worth naming as possible owners of a connection.
const mostCandidates = 4

// mostAdrift is how many sessions of a process may wait for threads that are not known, for these to be looked for.
const mostAdrift = 16

// adrift counts the sessions of a process that wait for their client at a round, and of which no call tells the thread.
func (g *Graph) adrift(r *Round, p *Process) int {
	if n, known := r.adrift[p]; known {
		return n
	}
	if r.adrift == nil {
		r.adrift = map[*Process]int{}
	}
	count := 0
	for _, l := range r.Looks {
		for i := range l.Sessions {
			s := &l.Sessions[i]
			if !database.AwaitsClient(s) {
				continue
			}
			n, _, ok := r.clientOf(l, s)
			if !ok || n.p != p || len(r.callers(n.p, n.conn)) > 0 {
				continue
			}
			if _, _, seen := g.seenAt(r, l, s, n); !seen {
				count++
			}
		}
	}
	r.adrift[p] = count
	return count
}

// clockSlack is how far the moments of samples and of a server's looks may be off.
const clockSlack = time.Second

// seenAt is the thread that was seen at the socket of a session since its transaction began: in a call at another dump,
// or by the sampler.
func (g *Graph) seenAt(r *Round, l *database.Look, s *database.Session, n end) (*threads.Thread, Cite, bool) {
	if s.TransactionSince.IsZero() {
		return nil, Cite{}, false
	}
	began := g.reference(l.Node, s.TransactionSince).Add(-clockSlack)
	for _, o := range g.Rounds {
		if o == r || o.At.Before(began) || !g.sameTransaction(o, l, s) {
			continue
		}
		for _, c := range o.callers(n.p, n.conn) {
			if t := inDump(n.p, r.Dumps[n.p], c.t); t != nil {
				return t, c.at, true
			}
		}
	}
	if n.p.Samples == nil {
		return nil, Cite{}, false
	}
	best := n.p.Samples.lastAt(n.conn)
	if best != nil && g.reference(n.p.Node, best.Last).Before(began) {
		best = nil
	}
	if best == nil {
		return nil, Cite{}, false
	}
	for _, t := range r.threadsOf(n.p) {
		if t.NID == best.NID && !t.Virtual {
			return t, Cite{Entry: n.p.Samples.Source, From: best.Line, To: best.Line}, true
		}
	}
	return nil, Cite{}, false
}

// inDump is the same thread in another dump.
func inDump(p *Process, dump int, t *threads.Thread) *threads.Thread {
	tr := p.Series.TrackOf(t)
	if tr == nil {
		return nil
	}
	return tr.Obs[dump]
}

// sameTransaction reports whether a session has the same transaction open in another round.
func (g *Graph) sameTransaction(o *Round, l *database.Look, s *database.Session) bool {
	for _, other := range o.Looks {
		if other.Key() != l.Key() {
			continue
		}
		found := other.Find(s.ID)
		return found != nil && g.oneTransaction(l, s, other, found)
	}
	return false
}

// oneTransaction reports whether two looks at a session show one transaction.
func (g *Graph) oneTransaction(a *database.Look, s *database.Session, b *database.Look, o *database.Session) bool {
	if s.TransactionSince.IsZero() || o.TransactionSince.IsZero() {
		return s.TransactionSince.IsZero() == o.TransactionSince.IsZero()
	}
	return g.reference(a.Node, s.TransactionSince).Sub(g.reference(b.Node, o.TransactionSince)).Abs() <= clockSlack
}

// transactionFrames are calls inside of which a thread has a transaction open.
var transactionFrames = []string{
	"org.springframework.transaction.interceptor.", "org.springframework.transaction.support.TransactionTemplate.",
	"org.springframework.transaction.support.TransactionOperations.", "com.atlassian.sal.core.transaction.",
	"com.atlassian.sal.spring.transaction.", "com.atlassian.confluence.impl.hibernate.", "com.atlassian.hibernate.",
	"org.hibernate.Transaction.", "org.hibernate.resource.transaction.", "jakarta.transaction.", "javax.transaction.",
	"com.arjuna.ats.", "io.quarkus.narayana.jta.", "io.micronaut.transaction.", "org.jooq.impl.DefaultDSLContext.transaction",
	"org.jdbi.v3.core.Jdbi.inTransaction", "org.jdbi.v3.core.Jdbi.useTransaction",
	"com.google.inject.persist.jpa.JpaLocalTxnInterceptor.", "org.apache.openjpa.", "net.java.ao.DatabaseProvider.",
}

func inTransaction(t *threads.Thread) bool {
	return slices.ContainsFunc(t.Stack.Frames, func(f *threads.Frame) bool {
		return slices.ContainsFunc(transactionFrames, func(p string) bool { return strings.HasPrefix(f.Func, p) })
	})
}

// candidates are the threads of a process that could have the connection of a session that waits for its client: in
// the program's own code in all dumps since the session ran its last statement, not in a call on another connection of
// that server, and no younger than that statement. Where some of them are inside a transaction by their frames, the
// others are not meant.
type candidates struct {
	within  []*threads.Thread // a transaction, by their frames
	working []*threads.Thread
	asleep  []*threads.Thread // in the outermost loop of a thread
	main    []*threads.Thread // which mostly waits for the end of the program
}

func (g *Graph) candidates(r *Round, l *database.Look, s *database.Session, n end) (c candidates) {
	rounds := g.roundsSince(r, l, s)
	idle, known := l.Age(s.StateSince)
	for _, t := range r.threadsOf(n.p) {
		if known && t.Elapsed >= 0 && t.Elapsed+clockSlack < idle {
			continue
		}
		busy, could := g.couldHold(n.p, rounds, t, n.conn)
		switch {
		case !could:
		case inTransaction(t):
			c.within = append(c.within, t)
		case t.Name == "main" && n.p.Series.Wait(t).Kind != threads.WaitRunning:
			c.main = append(c.main, t)
		case busy:
			c.working = append(c.working, t)
		default:
			c.asleep = append(c.asleep, t)
		}
	}
	return c
}

// all are those inside a transaction, else all that could be meant.
func (c candidates) all() []*threads.Thread {
	switch {
	case len(c.within) > 0:
		return c.within
	case len(c.working)+len(c.asleep) > 0:
		return slices.Concat(c.working, c.asleep)
	}
	return c.main
}

// likeliest is the thread that is left when the others cannot be meant, or those that are.
func (c candidates) likeliest() (one *threads.Thread, sure Certainty, several []*threads.Thread) {
	all := slices.Concat(c.working, c.asleep)
	if len(all) == 0 {
		all = c.main
	}
	switch {
	case len(c.within) == 1:
		return c.within[0], Probable, nil
	case len(c.within) > 1:
		return nil, Guess, c.within
	case len(all) == 1:
		return all[0], Probable, nil
	case len(c.working) == 1:
		return c.working[0], Guess, nil
	}
	return nil, Guess, all
}

// roundsSince are the rounds in which the session waits for its client after the same statement.
func (g *Graph) roundsSince(r *Round, l *database.Look, s *database.Session) (out []*Round) {
	for _, o := range g.Rounds {
		if o == r {
			out = append(out, o)
			continue
		}
		for _, other := range o.Looks {
			if other.Key() != l.Key() {
				continue
			}
			found := other.Find(s.ID)
			if found != nil && database.AwaitsClient(found) && g.oneTransaction(l, s, other, found) &&
				g.reference(l.Node, s.StateSince).Sub(g.reference(other.Node, found.StateSince)).Abs() <= clockSlack {
				out = append(out, o)
			}
		}
	}
	return out
}

// couldHold reports whether a thread is in the program's own code in all of some rounds, and at no other connection to
// the same port; busy is false where it waits in its outermost loop in one of them, as for its next turn.
func (g *Graph) couldHold(p *Process, rounds []*Round, t *threads.Thread, c Conn) (busy, could bool) {
	busy = true
	for _, r := range rounds {
		dump, there := r.Dumps[p]
		if !there {
			continue
		}
		at := inDump(p, dump, t)
		if at == nil || at.VMInternal {
			return false, false
		}
		w := p.Series.Wait(at)
		if w.Caller == nil || !w.Busy() && w.Kind != threads.WaitSleep || w.Kind == threads.WaitDBPool {
			return false, false
		}
		busy = busy && w.Busy()
		call, ok := p.CallOf(dump, at)
		if ok && call.Conn.Known() && call.Conn.Remote == c.Remote && call.Conn.Local != c.Local {
			return false, false
		}
		if _, peer, _ := threads.CallSite(at.Stack.Frames); !ok && strings.HasPrefix(peer, "the database") {
			return false, false // in a call on some connection of its own
		}
	}
	return busy, true
}
