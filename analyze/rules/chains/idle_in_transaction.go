package chains

import (
	"fmt"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/database"
	"casefile/analyze/ids"
	"casefile/analyze/say"
	"casefile/analyze/waits"
)

var (
	idleNoted = analyze.NewLimit(10*time.Second, "", "that a session does nothing with its transaction open: a note",
		"own judgement: longer than users wait")
	idleLong = analyze.NewLimit(5*time.Minute, "", "that a session does nothing with its transaction open",
		"own judgement: its locks and its snapshot outlast every request, and vacuum or purge cannot clean up behind it")
	idlePool = analyze.NewLimit(0.5, "1", "connections of an empty pool whose sessions are idle in transaction", "most of what the pool lacks")
)

var idleInTransaction = &analyze.Rule{
	Lasts: true,
	ID:    ids.IdleInTransaction,
	Doc: "A session keeps its transaction open and runs nothing, for long or while others wait for its locks or its " +
		"connection: names the process, the thread and the code that keeps it open.",
	Needs:   needsSessions,
	Fix:     "Commit before anything slow; have the server end sessions that are idle in transaction.",
	Repeats: []string{ids.DBLockWait, ids.DistributedDeadlock},
	After:   []string{ids.DBLockWait},
	Limits:  []analyze.Threshold{idleNoted, idleLong, idlePool, lockWaitLasts},
	Run:     analyze.Each(joined(true), judgeOpen),
}

// open is transactions that are kept open at one place of one process.
type open struct {
	list    []*waits.Open
	owner   waits.Owner
	client  string
	longest time.Duration
	blocks  []*waits.Holder
}

// judgeOpen groups the sessions that are idle in their transactions by the code that keeps them open.
func judgeOpen(_ *analyze.Pass, c *chains) (out []analyze.Finding) {
	groups := map[string]*open{}
	var order []*open
	for _, t := range c.Open() {
		v := t.Best()
		k := groupOf(v)
		o := groups[k]
		if o == nil {
			o = &open{owner: v.Owner, client: v.Session.Client}
			groups[k] = o
			order = append(order, o)
		}
		o.list = append(o.list, t)
		o.longest = max(o.longest, t.Longest())
		for _, h := range c.Holders() {
			if h.Last().Session.ID == v.Session.ID && h.Last().Look.Key() == v.Look.Key() && h.Longest() >= lockWaitLasts.Value {
				o.blocks = append(o.blocks, h)
			}
		}
	}
	for _, o := range order {
		if f, ok := c.openProblem(o); ok {
			out = append(out, f)
		}
	}
	return out
}

// groupOf is the same for transactions that one place keeps open.
func groupOf(v *waits.Vertex) string {
	o := v.Owner
	switch {
	case o.Process == nil:
		return v.Look.Key() + "\x00" + v.Session.Application + "\x00" + v.Session.User
	case o.Thread == nil:
		return o.Process.Label() + "\x00" + v.Session.Statement
	}
	return o.Process.Label() + "\x01" + waits.At(o.Process, o.Thread)
}

func (c *chains) openProblem(o *open) (f analyze.Finding, ok bool) {
	first := o.list[0].Best()
	waiting := c.poolWaiters(o)
	lost := c.costOf(waiting)
	blocked := len(o.blocks) > 0
	switch {
	case len(waiting) > 0 && lost.Requests && o.longest >= idleNoted.Value:
		f.Severity, f.Weight = lost.Loss.Severity(chainCritical.Value), lost.Weight()
	case o.longest >= idleLong.Value, blocked:
		f.Severity, f.Weight = analyze.Warning, 0.1
	case o.longest >= idleNoted.Value:
		f.Severity, f.Weight = analyze.Info, 0.02
	default:
		return f, false
	}
	if first.Owner.Process == nil && !blocked {
		f.Severity = analyze.Info // of a client that was not captured
	}
	f.Confidence = confidenceOf(first.Owner)
	for _, t := range o.list {
		f.About = append(f.About, aboutSession(t.Best()))
	}
	sayOpen(&f, o, first)
	f.Impact = impactOf(o, waiting, lost)
	f.Explanation = "An open transaction keeps its locks, its connection, and the old versions of rows that the server could otherwise clean up, while its " +
		"session does nothing." + explainOwner(first)
	if first.Session.Statement != "" {
		f.Explanation += " Its last statement was: " + statement(first.Session.Statement, 300) + "."
	}
	if t := first.Owner.Thread; t != nil {
		f.Explanation += " The code that keeps it open: " + keepsOpen(t) + "."
	}
	f.Detail = &account{claimed: threadsOf(waiting), chain: c.openLinks(o, first)}
	f.Chain = waits.Line(c.openLinks(o, first))
	cites := []waits.Cite{citeSession(first)}
	if p := first.Owner.Process; p != nil {
		cites = append(cites, c.citeThread(p, first.Owner.Dump, first.Owner.Thread), withText(first.Owner.At, "the connection "+first.Session.Client+" of "+p.Label()))
	}
	for _, t := range o.list[1:] {
		cites = append(cites, citeSession(t.Best()))
	}
	f.Evidence = evidenceOf(cites...)
	d := dialectOf(first.Look)
	verify := fmt.Sprintf("No session is idle in transaction for %s.", say.Seconds(idleNoted.Value))
	f.Advice = []analyze.Advice{shorten(first, verify)}
	if d.idle != "" {
		f.Advice = append(f.Advice, boundIdle(d, first.Look))
	}
	f.References = references(first.Look)
	if first.Owner.Process != nil {
		place(&f, []*waits.Process{first.Owner.Process})
	} else {
		f.Nodes = []string{first.Look.Node}
	}
	return f, true
}

func withText(at waits.Cite, text string) waits.Cite {
	at.Text = text
	return at
}

func confidenceOf(o waits.Owner) analyze.Confidence {
	switch {
	case o.Thread == nil || o.Sure == waits.Exact:
		return analyze.High // that the transaction is open the server says
	case o.Sure == waits.Probable:
		return analyze.Medium
	}
	return analyze.Low
}

func sayOpen(f *analyze.Finding, o *open, v *waits.Vertex) {
	who := say.Text("%s of a client that was not captured", sessionPhrase(v))
	if p := v.Owner.Process; p != nil {
		who = say.Text("%s of %s", sessionPhrase(v), say.As(p.Short(), "<process>"))
	}
	verb := "has"
	if n := len(o.list); n > 1 {
		who = say.Text("%s, as %s,", say.Counted("sessions", n, "session"), who)
		verb = "have"
	}
	f.Say("%s %s been idle in transaction for %s", who, verb, say.Time("idle", o.longest))
	if t := v.Owner.Thread; t != nil {
		sure := ""
		if v.Owner.Sure < waits.Exact {
			sure = "most likely "
		}
		f.Add(", %skept open in %s", sure, waits.At(v.Owner.Process, t))
	}
}

func impactOf(o *open, waiting []waits.Standing, lost cost) string {
	switch {
	case len(waiting) > 0 && len(o.blocks) == 0:
		return lost.impact + ": threads wait for connections that these sessions keep"
	case len(o.blocks) > 0:
		n := 0
		for _, h := range o.blocks {
			n += h.Most()
		}
		return say.Count(n, "session") + " behind its locks"
	}
	return "nobody waits for it yet"
}

// openLinks are the chain of such transactions.
func (c *chains) openLinks(o *open, v *waits.Vertex) []waits.Link {
	if len(o.blocks) > 0 {
		return c.Links(o.blocks[0])
	}
	return append([]waits.Link{{Kind: waits.OfSession, Name: waits.SessionName(v.Session), Sub: waits.StateWords(v)}}, c.OwnerLinks(v)...)
}

// poolWaiters are the threads that wait for a connection of a pool of which most have such sessions.
func (c *chains) poolWaiters(o *open) (out []waits.Standing) {
	if o.owner.Process == nil {
		return nil
	}
	mine := map[*database.Session]bool{}
	for _, t := range o.list {
		for _, v := range t.At {
			mine[v.Session] = true
		}
	}
	for _, w := range c.PoolWaits(o.owner.Process) {
		n := slices.DeleteFunc(slices.Clone(w.Sessions), func(s *database.Session) bool { return !mine[s] })
		if len(w.Sessions) > 0 && float64(len(n)) >= idlePool.Value*float64(len(w.Sessions)) {
			out = append(out, w.Standing...)
		}
	}
	return out
}
