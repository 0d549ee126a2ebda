package waits

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"casefile/analyze/database"
	"casefile/analyze/threads"
	"casefile/bundle/format/sessions"
)

// Holder is a session that others wait for, over the rounds, with all that stand behind it. It waits for no other
// session itself.
type Holder struct {
	At        []*Vertex  // the session, a round each, in order
	Rounds    []*Round   // parallel to At
	Standing  []Standing // threads of captured processes
	Blocked   []*Vertex  // sessions, of all rounds
	InCircle  bool       // it is part of a circle: see Cycles
	Unmatched bool       // the clients of the sessions are no connections of captured processes: see ByCount
}

// Last is the session in the last of its rounds.
func (h *Holder) Last() *Vertex { return h.At[len(h.At)-1] }

// Best is the round in which most is known of whose connection it is.
func (h *Holder) Best() *Vertex {
	best := h.Last()
	for _, v := range h.At {
		if rankOf(v.Owner) > rankOf(best.Owner) {
			best = v
		}
	}
	return best
}

func rankOf(o Owner) int {
	switch {
	case o.Thread != nil:
		return 2 + int(o.Sure)
	case o.Process != nil:
		return 1
	}
	return 0
}

// Longest is how long a session has waited for it, at most, as the server tells, and its thread shows since.
func (h *Holder) Longest() time.Duration {
	var longest time.Duration
	for _, v := range h.Blocked {
		longest = max(longest, v.Look.Waited(v.Session))
	}
	return longest + h.Since()
}

// Since is for how long after the last look at the server its threads were still seen to wait; 0: they were not.
func (h *Holder) Since() (since time.Duration) {
	for _, s := range h.Standing {
		since = max(since, s.carried)
	}
	return since
}

// Most is the number of sessions behind it in one round, at most.
func (h *Holder) Most() (most int) {
	counts := map[*database.Look]int{}
	for _, v := range h.Blocked {
		counts[v.Look]++
		most = max(most, counts[v.Look])
	}
	return most
}

// Lock is what most of those that wait for it wait for; nil: the server does not tell.
func (h *Holder) Lock() *sessions.Lock {
	locks := map[string]*sessions.Lock{}
	counts := map[string]int{}
	best := ""
	for _, v := range h.Blocked {
		l := v.Session.Lock
		if l == nil {
			continue
		}
		k := database.Table(l) + "\x00" + l.Type
		if locks[k] == nil {
			locks[k] = l
		}
		counts[k]++
		known, bestKnown := !strings.HasPrefix(k, "\x00"), best != "" && !strings.HasPrefix(best, "\x00")
		if best == "" || known && !bestKnown || known == bestKnown && counts[k] > counts[best] {
			best = k
		}
	}
	return locks[best]
}

// Wanted is the statement that most of those that wait for it want to run, and one of the sessions.
func (h *Holder) Wanted() (statement string, at *Vertex) {
	counts := map[string]int{}
	for _, v := range h.Blocked {
		text := v.Session.Statement
		if text == "" {
			continue
		}
		if counts[text]++; at == nil || counts[text] > counts[at.Session.Statement] {
			at = v
		}
	}
	if at == nil {
		return "", nil
	}
	return at.Session.Statement, at
}

// Asked is one statement that runs, over the rounds, with the threads that wait for it. It waits for no other session.
type Asked struct {
	Look      *database.Look // the last
	Statement string
	Standing  []Standing
	At        []*Vertex // sessions, of all rounds
}

// Ages are how long each of its sessions had run it, the shortest first.
func (a *Asked) Ages() (out []time.Duration) {
	for _, v := range a.At {
		if age, ok := v.Look.Age(v.Session.QuerySince); ok {
			out = append(out, age)
		}
	}
	slices.Sort(out)
	return out
}

// Holders are the sessions that others wait for, those with most threads behind them first.
func (g *Graph) Holders() []*Holder { return g.holders }

// Statements are those that threads wait for, most threads first.
func (g *Graph) Statements() []*Asked { return g.statements }

func (g *Graph) findHolders() {
	asked := map[string]*Asked{}
	for _, r := range g.Rounds {
		for _, v := range r.vertices.order {
			if v.Kind == OfSession && len(v.Out) > 0 && v.Out[0].To.Kind == OfSession {
				if h := g.holderOf(r, v); h != nil {
					h.Blocked = append(h.Blocked, v)
				}
			}
		}
		for _, s := range g.standings(r) {
			first, last := firstSessions(s.Chain)
			switch {
			case first == nil:
			case first != last:
				if h := g.holderOf(r, first); h != nil {
					h.Standing = append(h.Standing, s)
				}
			case first.Session.State == sessions.Active && first.Session.Statement != "" && s.Chain[len(s.Chain)-1].To == first:
				g.ask(asked, first, s)
			}
		}
	}
	slices.SortStableFunc(g.holders, func(a, b *Holder) int {
		return cmp.Or(cmp.Compare(len(b.Standing), len(a.Standing)), cmp.Compare(len(b.Blocked), len(a.Blocked)),
			cmp.Compare(a.Last().Session.ID, b.Last().Session.ID))
	})
	for _, a := range asked {
		g.statements = append(g.statements, a)
	}
	slices.SortFunc(g.statements, func(a, b *Asked) int {
		return cmp.Or(cmp.Compare(len(b.Standing), len(a.Standing)), cmp.Compare(a.Statement, b.Statement))
	})
}

func (g *Graph) ask(all map[string]*Asked, v *Vertex, s Standing) {
	k := v.Look.Key() + "\x00" + v.Session.Statement
	a := all[k]
	if a == nil {
		a = &Asked{Statement: v.Session.Statement}
		all[k] = a
	}
	a.Look = v.Look
	a.Standing = append(a.Standing, s)
	if !slices.Contains(a.At, v) {
		a.At = append(a.At, v)
	}
}

// holderOf is the holder at the end of the sessions that wait for each other; nil: they are a circle by themselves,
// which the server breaks.
func (g *Graph) holderOf(r *Round, v *Vertex) *Holder {
	seen := map[*Vertex]bool{}
	for len(v.Out) > 0 && v.Out[0].To.Kind == OfSession {
		if seen[v] {
			return nil
		}
		seen[v] = true
		v = v.Out[0].To
	}
	for _, h := range g.holders {
		last := h.Last()
		if last == v {
			return h
		}
		if last.Look.Key() == v.Look.Key() && last.Session.ID == v.Session.ID && last.Look != v.Look &&
			g.oneTransaction(last.Look, last.Session, v.Look, v.Session) {
			h.At, h.Rounds = append(h.At, v), append(h.Rounds, r)
			h.InCircle = h.InCircle || g.inCycle(v)
			return h
		}
	}
	h := &Holder{At: []*Vertex{v}, Rounds: []*Round{r}, InCircle: g.inCycle(v)}
	g.holders = append(g.holders, h)
	return h
}

// joinByCount gives to a holder threads whose connections are not known, where as many sessions wait behind it: of each
// process by its own sessions where its calls are missing or its threads are virtual, and of all processes together where
// a pooler, a proxy or address translation has connections of its own.
func (g *Graph) joinByCount() {
	for _, h := range g.holders {
		detoured := g.Detoured(h.Last().Look)
		for _, r := range h.Rounds {
			var all []Standing
			for _, p := range r.processes {
				list := r.askers(p, h.Last().Look)
				if detoured {
					all = append(all, list...)
					continue
				}
				list = slices.DeleteFunc(list, func(s Standing) bool { return p.table(s.Dump) != nil && !s.Thread.Virtual })
				h.join(r, p, list, Probable)
			}
			if h.join(r, nil, all, Guess) {
				h.Unmatched = true
			}
		}
	}
}

// join adds threads to a holder when they are at most twice as many as the sessions of a process that wait behind it in
// the same round and whose threads are not known; of no process, the sessions of clients that were not captured.
func (h *Holder) join(r *Round, p *Process, list []Standing, sure Certainty) bool {
	blocked := 0
	for _, v := range h.Blocked {
		if r.hasLook(v.Look) && v.Session.Kind == "" && v.Owner.Process == p && v.Owner.Thread == nil {
			blocked++
		}
	}
	if len(list) == 0 || 2*blocked < len(list) {
		return false
	}
	for _, s := range list {
		s.sure = sure
		h.Standing = append(h.Standing, s)
	}
	return true
}

func (r *Round) hasLook(l *database.Look) bool { return slices.Contains(r.Looks, l) }

// askers are the threads of a process that wait for an answer of a database, by their stacks, and whose session is not
// known.
func (r *Round) askers(p *Process, l *database.Look) (out []Standing) {
	for _, t := range r.threadsOf(p) {
		w := p.Series.Wait(t)
		if w.Kind != threads.WaitSocketRead || !w.Busy() {
			continue
		}
		_, peer, own := threads.CallSite(t.Stack.Frames)
		if product := "the database (" + l.Product() + ")"; !own || peer != "the database" && peer != product {
			continue
		}
		if v := r.vertices.threads[t]; v == nil || len(v.Out) == 0 {
			out = append(out, Standing{Round: r, Process: p, Dump: r.Dumps[p], Thread: t, ByCount: true})
		}
	}
	return out
}

// Stored is threads in calls on the files of one file system, over the rounds.
type Stored struct {
	Process  *Process // one of those on the node
	File     string   // the file system, or the file
	Standing []Standing
	Calls    map[string]int // by their names
	Paths    map[string]int
}

// Files are the file systems that threads wait for, most threads first.
func (g *Graph) Files() []*Stored { return g.files }

func (g *Graph) findFiles() {
	of := map[string]*Stored{}
	for _, r := range g.Rounds {
		for _, v := range r.vertices.order {
			if v.Kind != OfThread || len(v.Out) == 0 || v.Out[0].To.Kind != OfFile {
				continue
			}
			e := v.Out[0]
			k := v.Process.Node + "\x00" + v.Process.Name + "\x00" + e.To.File
			f := of[k]
			if f == nil {
				f = &Stored{Process: v.Process, File: e.To.File, Calls: map[string]int{}, Paths: map[string]int{}}
				of[k] = f
				g.files = append(g.files, f)
			}
			f.Calls[e.Call.Name]++
			f.Paths[e.Call.File]++
			f.Standing = append(f.Standing, Standing{Round: r, Process: v.Process, Dump: v.Dump, Thread: v.Thread, Chain: []*Edge{e}})
		}
	}
	slices.SortStableFunc(g.files, func(a, b *Stored) int { return cmp.Compare(len(b.Standing), len(a.Standing)) })
}

// Detoured reports whether the sessions of a server come from none of the captured processes although some of these
// wait for a database of its product: something that has connections of its own stands between.
func (g *Graph) Detoured(l *database.Look) bool {
	if l.Translated() {
		return true
	}
	asked := false
	for _, r := range g.Rounds {
		for _, o := range r.Looks {
			if o.Key() != l.Key() {
				continue
			}
			for i := range o.Sessions {
				if _, _, ok := r.clientOf(o, &o.Sessions[i]); ok {
					return false
				}
			}
			for _, p := range r.processes {
				asked = asked || p.table(r.Dumps[p]) != nil && len(r.askers(p, o)) > 0
			}
		}
	}
	return asked
}
