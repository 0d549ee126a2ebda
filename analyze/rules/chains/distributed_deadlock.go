package chains

import (
	"fmt"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/say"
	"casefile/analyze/threads"
	"casefile/analyze/waits"
)

var deadlockLasts = analyze.NewLimit(5*time.Second, "", "in the circle, where one dump alone shows it",
	"five times deadlock_timeout: what the database can break, it has broken by then")

var distributedDeadlock = &analyze.Rule{
	Lasts: true,
	ID:    ids.DistributedDeadlock,
	Doc: "A circle of waits that goes through a database or two processes, so that neither a JVM nor the database sees it: " +
		"none of its members can go on.",
	Needs:  needsSessions + "; dumps of all nodes at the same moments",
	Fix:    "End one of the sessions; then take the locks in one order everywhere, Java's before the database's.",
	Limits: []analyze.Threshold{chainRounds, deadlockLasts},
	Run:    analyze.Each(joined(false), judgeCircles),
}

// judgeCircles reports circles that last, and of which no step is a guess.
func judgeCircles(_ *analyze.Pass, c *chains) (out []analyze.Finding) {
	for _, k := range c.Cycles() {
		if k.Sure < waits.Probable || len(k.Rounds) < chainRounds.Value && longestIn(k) < deadlockLasts.Value {
			continue
		}
		out = append(out, c.circleProblem(k))
	}
	return out
}

// longestIn is how long its sessions have waited, at most, as the server tells.
func longestIn(k *waits.Cycle) (longest time.Duration) {
	for _, e := range k.Edges {
		if e.From.Kind == waits.OfSession {
			longest = max(longest, e.From.Look.Waited(e.From.Session))
		}
	}
	return longest
}

func (c *chains) circleProblem(k *waits.Cycle) (f analyze.Finding) {
	lost := c.costOf(k.Standing)
	chain := c.CycleLinks(k)
	members := membersOf(k)
	f.Severity, f.Confidence = analyze.Critical, analyze.High
	if k.Sure < waits.Exact {
		f.Confidence = analyze.Medium
	}
	// Its threads are lost for good and their number only grows: it counts for half of the service at least.
	f.Weight = 0.5 + lost.Weight()/2
	f.Chain = waits.Line(chain)
	f.Detail = &account{claimed: threadsOf(k.Standing), chain: chain}
	for _, e := range k.Edges {
		if e.From.Kind == waits.OfSession {
			f.About = append(f.About, aboutSession(e.From))
		}
	}
	var steps []say.Phrase
	for _, m := range members {
		steps = append(steps, say.Text("%s waits for %s", m.phrase(), say.As(m.wants, m.wants)))
	}
	f.Say("Deadlock of %s that no JVM and no database sees: %s", say.Counted("threads", len(members), "thread"), say.Enumerate(steps))
	if n := len(waits.Peak(k.Standing)) - len(members); n > 0 {
		f.Add("; %s behind them", say.Counted("behind", n, "more thread"))
	}
	f.Impact = say.Count(len(waits.Peak(k.Standing)), "thread") + " blocked for ever"
	if lost.Requests {
		f.Impact += ", " + lost.impact
	}
	f.Explanation = "Each of them waits for another of them, partly for locks of the database and partly for locks of a JVM or answers of " +
		"another process, so that neither the database's search for deadlocks nor a JVM's finds the circle. None will go on before a time limit " +
		"or somebody ends one of them."
	if k.Sure < waits.Exact {
		f.Explanation += unsure(k)
	}
	f.Evidence = c.citeCircle(k)
	f.Advice = adviseCircle(k)
	f.References = []string{"PostgreSQL: Explicit Locking, Deadlocks"}
	place(&f, processesOf(k.Standing))
	return f
}

// unsure names the steps that no port proves.
func unsure(k *waits.Cycle) string {
	text := ""
	for _, e := range k.Edges {
		if e.Sure < waits.Exact && e.To.Kind == waits.OfThread {
			text += fmt.Sprintf(" That %s has the connection of %s no port proves: %s.", say.Quote(e.To.Thread.Name), e.From.Label(), e.How)
		}
	}
	return text
}

// member is one that waits in a circle: a thread, or a session of which the thread is not known.
type member struct {
	process *waits.Process
	thread  *threads.Thread
	dump    int
	session *waits.Vertex // that waits; nil: it waits in its JVM, or for another process
	wants   string
}

// phrase says who it is.
func (m member) phrase() say.Phrase {
	switch {
	case m.thread != nil:
		return say.Text("%s of %s", say.As(waits.ThreadWords(m.process, m.thread), "<thread>"), say.As(m.process.Short(), "<process>"))
	case m.process != nil:
		return say.Text("%s of %s", sessionPhrase(m.session), say.As(m.process.Short(), "<process>"))
	}
	return sessionPhrase(m.session)
}

// membersOf are those that wait in a circle: for a lock of their JVM, an answer of another process, or a lock of the
// database.
func membersOf(k *waits.Cycle) (out []member) {
	for _, e := range k.Edges {
		switch from := e.From; {
		case from.Kind == waits.OfThread && e.To.Kind == waits.OfLock:
			out = append(out, member{from.Process, from.Thread, from.Dump, nil, "the Java lock " + say.ShortClass(e.To.Lock.Class)})
		case from.Kind == waits.OfThread && e.To.Kind != waits.OfSession:
			out = append(out, member{from.Process, from.Thread, from.Dump, nil, "an answer of " + e.To.Process.Short()})
		case from.Kind == waits.OfSession && e.To.Kind == waits.OfSession:
			o := from.Owner
			out = append(out, member{o.Process, o.Thread, o.Dump, from, "a " + waits.LockWords(from.Session.Lock)})
		}
	}
	return out
}

// citeCircle cites each that waits, by its thread and its session, and the sessions that are waited for.
func (c *chains) citeCircle(k *waits.Cycle) []analyze.Evidence {
	var first, then []waits.Cite
	for _, m := range membersOf(k) {
		if m.session != nil {
			first = append(first, citeSession(m.session))
		}
		if m.thread != nil {
			first = append(first, c.citeThread(m.process, m.dump, m.thread))
		}
	}
	for _, e := range k.Edges {
		if e.From.Kind == waits.OfSession {
			then = append(then, citeSession(e.From))
		}
	}
	return evidenceOf(slices.Concat(first, then)...)
}

// adviseCircle says how to break the circle, and how to keep it from coming back.
func adviseCircle(k *waits.Cycle) (out []analyze.Advice) {
	verify := "A new collect shows no circle."
	i := slices.IndexFunc(k.Edges, func(e *waits.Edge) bool { return e.From.Kind == waits.OfSession && e.To.Kind == waits.OfSession })
	if i < 0 {
		out = append(out, analyze.Advice{
			Action: "Restart one of the processes once this bundle is kept: nothing else frees the threads.",
			Effect: "Its requests fail, the others go on.", Risk: "It comes back when the same calls meet again.", Verify: verify,
		})
	} else {
		v := k.Edges[i].From
		out = append(out, analyze.Advice{
			Action: "Break it: " + fmt.Sprintf(dialectOf(v.Look).kill, v.Session.ID) + " ends the session that waits inside the database; its thread gets " +
				"an error, and lets go of what the others wait for.",
			Effect: "The other threads of the circle go on at once.",
			Risk:   "What its transaction has done is rolled back.", Verify: verify,
		})
	}
	out = append(out, analyze.Advice{
		Action: "Take the locks in one order everywhere: those of the JVM before the transaction begins, and rows in the order of their keys. Wait for no Java " +
			"lock and no other service while a transaction is open.",
		Effect: "No circle can form.", Risk: codeChange, Verify: verify,
	})
	if i >= 0 {
		d := dialectOf(k.Edges[i].From.Look)
		out = append(out, boundLock(d, verify))
	}
	return out
}
