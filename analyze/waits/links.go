package waits

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"casefile/analyze/database"
	"casefile/analyze/say"
	"casefile/analyze/threads"
	"casefile/bundle/format/sessions"
)

// Link is one element of a chain as it is shown: a box of a picture, a part of a line.
type Link struct {
	Kind Kind
	Name string // "20 request threads on n1 and n3"
	Sub  string // what it does: "idle in transaction for 50 s"
	// By is how the link before it is known to wait for this one; empty: for certain.
	By string
}

// String is the link in a line.
func (l Link) String() string {
	if l.Sub == "" {
		return l.Name
	}
	return l.Name + " " + l.Sub
}

// Line puts a chain in one line: "20 request threads on n1 and n3 -> row lock on table accounts -> ...".
func Line(chain []Link) string {
	parts := make([]string, len(chain))
	for i, l := range chain {
		parts[i] = l.String()
	}
	return strings.Join(parts, " -> ")
}

// Crowd names the threads that stand somewhere, by their number in the round with most of them and by their nodes: "20
// request threads on n1 and n3".
func Crowd(list []Standing) say.Phrase {
	peak := Peak(list)
	if len(peak) == 0 {
		return say.Text("no captured thread")
	}
	noun, serving := "thread", 0
	var nodes []string
	for _, s := range peak {
		if s.Serves() {
			serving++
		}
		if !slices.Contains(nodes, s.Process.Node) && s.Process.Node != "" {
			nodes = append(nodes, s.Process.Node)
		}
	}
	if 2*serving >= len(peak) {
		noun = "request thread"
	}
	text := say.Text("%s", say.Counted("waiters", len(peak), noun))
	if len(nodes) == 0 {
		return text
	}
	slices.Sort(nodes)
	const most = 3
	if n := len(nodes); n > most {
		nodes = append(nodes[:most:most], fmt.Sprintf("%d more nodes", n-most))
	}
	return say.Text("%s on %s", text, say.As(say.List(nodes), "<nodes>"))
}

// Peak are the standings of the round with most of them.
func Peak(list []Standing) (out []Standing) {
	counts := map[*Round]int{}
	var best *Round
	for _, s := range list {
		counts[s.Round]++
	}
	for _, s := range list {
		if best == nil || counts[s.Round] > counts[best] || counts[s.Round] == counts[best] && s.Round.Index > best.Index {
			best = s.Round
		}
	}
	for _, s := range list {
		if s.Round == best {
			out = append(out, s)
		}
	}
	return out
}

// LockWords names what sessions wait for: "row lock on table accounts".
func LockWords(l *sessions.Lock) string {
	kind := "lock"
	switch {
	case l == nil:
		return "lock of another session"
	case database.OfRow(l):
		kind = "row lock"
	case strings.EqualFold(l.Type, "relation"), strings.EqualFold(l.Type, "table"):
		kind = "table lock"
	case strings.EqualFold(l.Type, "advisory"), strings.EqualFold(l.Type, "metadata"):
		kind = strings.ToLower(l.Type) + " lock"
	}
	if t := database.Table(l); t != "" {
		return kind + " on table " + t
	}
	return kind
}

// StateWords says what a session does: "idle in transaction for 50 s".
func StateWords(v *Vertex) string {
	s, l := v.Session, v.Look
	since, word := time.Time{}, string(s.State)
	switch {
	case s.State.InTransaction():
		since = s.StateSince
	case s.State == sessions.Active && s.WaitEvent == "ClientWrite":
		since, word = s.QuerySince, "waiting for its client to take rows"
	case s.State == sessions.Active:
		since, word = s.QuerySince, "running "+Verb(s.Statement)
	case s.ID == sessions.PreparedTransaction:
		return ""
	case word == "":
		return "in a state that the role may not see"
	}
	if age, ok := l.Age(since); ok && age >= time.Second {
		word += " for " + say.Seconds(age)
	}
	return word
}

// Verb is what kind of statement it is, with its table: "UPDATE accounts".
func Verb(statement string) string {
	words := strings.Fields(statement)
	if len(words) == 0 {
		return "a statement"
	}
	verb := strings.ToUpper(words[0])
	after := map[string]string{"UPDATE": "UPDATE", "DELETE": "FROM", "INSERT": "INTO", "SELECT": "FROM", "MERGE": "INTO", "ALTER": "TABLE", "LOCK": "TABLE"}[verb]
	for i, w := range words {
		if after != "" && strings.ToUpper(w) == after && i+1 < len(words) {
			if table, _, _ := strings.Cut(strings.TrimRight(words[i+1], "),;"), "("); table != "" {
				return verb + " " + table
			}
		}
	}
	return verb
}

// SessionName names a session.
func SessionName(s *database.Session) string {
	if s.ID == sessions.PreparedTransaction {
		return "a prepared transaction"
	}
	if s.Kind != "" {
		return fmt.Sprintf("%s %d", s.Kind, s.ID)
	}
	return fmt.Sprintf("session %d", s.ID)
}

// Short names a process by its node and its program: "n2 confluence".
func (p *Process) Short() string {
	name := p.Name
	if number, app, ok := strings.Cut(name, "-"); ok && strings.Trim(number, "0123456789") == "" {
		name = app
	}
	if p.Node == "" {
		return name
	}
	return p.Node + " " + name
}

// ThreadWords names a thread and where it is: "exec-7 in ExportJob.run".
func ThreadWords(p *Process, t *threads.Thread) string {
	text := say.Quote(t.Name)
	if at := At(p, t); at != "" {
		text += " in " + at
	}
	return text
}

// At is the program's own innermost call of a thread, or the innermost at all.
func At(p *Process, t *threads.Thread) string {
	w := p.Series.Wait(t)
	switch {
	case w.Caller != nil:
		return say.Short(w.Caller.Func)
	case w.Site != nil:
		return say.Short(w.Site.Func)
	}
	return say.Short(t.Stack.Top())
}

// Owner is whose connection a session of a look is.
func (g *Graph) Owner(l *database.Look, s *database.Session) Owner {
	for _, r := range g.Rounds {
		if !r.hasLook(l) {
			continue
		}
		if v := r.vertices.sessions[s]; v != nil {
			return v.Owner
		}
		return g.ownerOf(r, l, s)
	}
	return Owner{}
}

// Links are the chain of a holder: who stands behind it, for which lock, the session, and whose it is with what that
// thread waits for itself.
func (g *Graph) Links(h *Holder) []Link {
	v := h.Best()
	chain := []Link{{Kind: OfThread, Name: g.crowd(h)}}
	chain = append(chain, between(h)...)
	chain = append(chain, Link{Kind: OfLock, Name: LockWords(h.Lock())},
		Link{Kind: OfSession, Name: SessionName(v.Session), Sub: StateWords(h.Last())})
	return append(chain, g.OwnerLinks(v)...)
}

// crowd is who stands behind a holder: captured threads, else the sessions of others.
func (g *Graph) crowd(h *Holder) string {
	if len(h.Standing) > 0 {
		return Crowd(h.Standing).String()
	}
	return say.Count(h.Most(), "session") + " of clients that were not captured"
}

// between is what some of the threads wait for before they come to the server: a pool, a lock of their JVM, another
// process.
func between(h *Holder) (out []Link) {
	pool, lock := 0, 0
	asked := map[string]int{}
	for _, s := range Peak(h.Standing) {
		for _, e := range s.Chain {
			if e.To.Kind == OfSession {
				break
			}
			switch {
			case e.To.Kind == OfPool:
				pool++
			case e.To.Kind == OfLock:
				lock++
			case e.From.Process != nil && e.To.Process != nil && e.From.Process != e.To.Process:
				asked[e.To.Process.Short()]++
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		out = append(out, Link{Kind: OfProcess, Name: fmt.Sprintf("%d of them for an answer of %s", asked[name], name)})
	}
	if lock > 0 {
		out = append(out, Link{Kind: OfLock, Name: fmt.Sprintf("%d of them for a Java lock", lock)})
	}
	if pool > 0 {
		out = append(out, Link{Kind: OfPool, Name: fmt.Sprintf("%d of them for a connection of the pool", pool)})
	}
	return out
}

// OwnerLinks are the process and thread of a session, and what that thread waits for beyond the server.
func (g *Graph) OwnerLinks(v *Vertex) []Link {
	o := v.Owner
	if o.Process == nil {
		return nil
	}
	title := o.Process.Short()
	by := ""
	switch {
	case o.Thread != nil:
		title += ", " + ThreadWords(o.Process, o.Thread)
		if o.Sure < Exact {
			by = o.How
		}
	case len(o.Candidates) > 0:
		var names []string
		for _, t := range o.Candidates {
			names = append(names, ThreadWords(o.Process, t))
		}
		title += ", one of " + say.List(names)
		by = "could have the connection"
	}
	out := []Link{{Kind: OfThread, Name: title, By: by}}
	if o.Thread == nil {
		return out
	}
	if n := v.Round(g); n != nil {
		if t := n.vertices.threads[o.Thread]; t != nil {
			out = append(out, g.further(t)...)
		}
	}
	return out
}

// Round is the round of a vertex of a session; nil: it is of none.
func (v *Vertex) Round(g *Graph) *Round {
	for _, r := range g.Rounds {
		if r.hasLook(v.Look) {
			return r
		}
	}
	return nil
}

// further is what a thread waits for itself, in a few links.
func (g *Graph) further(v *Vertex) (out []Link) {
	const most = 4
	for _, e := range g.Chain(v) {
		if len(out) == most {
			return append(out, Link{Kind: e.To.Kind, Name: "and so on"})
		}
		out = append(out, g.linkOf(e))
	}
	return out
}

// linkOf is the end of one step as a link.
func (g *Graph) linkOf(e *Edge) Link {
	v := e.To
	by := ""
	if e.Sure < Exact {
		by = e.How
	}
	switch v.Kind {
	case OfThread:
		return Link{Kind: v.Kind, Name: v.Process.Short() + ", " + ThreadWords(v.Process, v.Thread), By: by}
	case OfLock:
		class := say.ShortClass(v.Lock.Class)
		return Link{Kind: v.Kind, Name: "Java lock " + class, By: by}
	case OfPool:
		return Link{Kind: v.Kind, Name: "connection pool of " + v.Process.Short(), By: by}
	case OfSession:
		title := SessionName(v.Session)
		if e.From.Kind == OfSession {
			title = LockWords(e.From.Session.Lock) + " -> " + title
		}
		return Link{Kind: v.Kind, Name: title, Sub: StateWords(v), By: by}
	case OfFile:
		return Link{Kind: v.Kind, Name: "file system " + v.File, By: by}
	}
	return Link{Kind: v.Kind, Name: v.Process.Short(), By: by}
}

// CycleLinks are the chain of a circle, which ends where it begins.
func (g *Graph) CycleLinks(c *Cycle) []Link {
	first := c.Edges[0].From
	out := []Link{{Kind: first.Kind, Name: first.Label()}}
	for _, e := range c.Edges {
		out = append(out, g.linkOf(e))
	}
	return out
}

// startAtThread turns a circle so that it begins with a thread that waits for a session.
func startAtThread(edges []*Edge) []*Edge {
	i := slices.IndexFunc(edges, func(e *Edge) bool { return e.From.Kind == OfThread && e.To.Kind == OfSession })
	if i < 0 {
		i = max(0, slices.IndexFunc(edges, func(e *Edge) bool { return e.From.Kind == OfThread }))
	}
	return slices.Concat(edges[i:], edges[:i])
}

// Label names a vertex.
func (v *Vertex) Label() string {
	switch v.Kind {
	case OfThread:
		return v.Process.Short() + ", " + ThreadWords(v.Process, v.Thread)
	case OfSession:
		return SessionName(v.Session)
	}
	return v.Process.Short()
}
