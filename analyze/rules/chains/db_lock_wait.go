package chains

import (
	"fmt"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/say"
	"casefile/analyze/waits"
	"casefile/bundle/format/sessions"
)

var (
	lockWaitLasts = analyze.NewLimit(time.Second, "", "that a session waits for another one",
		"PostgreSQL looks for deadlocks, and log_lock_waits speaks, after deadlock_timeout: 1 s")
	lockWaitLong = analyze.NewLimit(10*time.Second, "", "of a request behind a lock, however few there are",
		"own judgement: longer than users wait")
	lockWaitJobs = analyze.NewLimit(60*time.Second, "", "of threads behind a lock that serve no request", "own judgement: jobs may wait for a turn")
	lockWorkers  = analyze.NewLimit(3, "threads", "behind a lock at once, of workers most of whose time it takes", "own judgement: two may take turns")
	lockShare    = analyze.NewLimit(0.05, "1", "request-thread time behind one lock of the database",
		"half of the mark of congestion: no healthy service has any")
)

var dbLockWait = &analyze.Rule{
	Lasts: true,
	ID:    ids.DBLockWait,
	Doc: "Threads wait for a lock inside the database that another session holds: names the table, both statements, " +
		"and whose session it is, down to the thread on its node.",
	Needs:  needsSessions,
	Fix:    "Shorten the holder's transaction: commit before anything slow; lock rows in one order; index what is updated.",
	Limits: []analyze.Threshold{chainCritical, chainShare, chainRounds, lockWaitLasts, lockWaitLong, lockWaitJobs, lockWorkers, lockShare},
	After:  []string{ids.DistributedDeadlock},
	Run:    analyze.Each(joined(true), judgeLockWaits),
}

// judgeLockWaits looks at the sessions that others wait for, each by itself; those that hold one table's locks in turn
// are one problem.
func judgeLockWaits(pass *analyze.Pass, c *chains) (out []analyze.Finding) {
	circles := len(pass.AllFound(ids.DistributedDeadlock)) > 0
	turns := map[string][]*waits.Holder{}
	var tables []string
	for _, h := range c.Holders() {
		if h.InCircle && circles {
			continue
		}
		if h.Longest() >= lockWaitLasts.Value {
			out = append(out, c.lockProblem(h))
			continue
		}
		k := h.Last().Look.Key() + "\x00" + waits.LockWords(h.Lock())
		if turns[k] == nil {
			tables = append(tables, k)
		}
		turns[k] = append(turns[k], h)
	}
	for _, k := range tables {
		if f, ok := c.turnsProblem(turns[k]); ok {
			out = append(out, f)
		}
	}
	return out
}

// severity weighs a lock that is held for long, with so many threads behind it at once. Workers that serve no request may
// wait for a turn: it is worth a word when it takes a minute, or when most of their pool does nothing else.
func (l cost) severity(longest time.Duration, threads int) analyze.Severity {
	crowd := l.Share >= chainCritical.Value && threads >= lockWorkers.Value && longest >= lockWaitLong.Value
	switch {
	case l.Requests && l.Share >= chainCritical.Value:
		return analyze.Critical
	case l.Requests && (l.Share >= lockShare.Value || longest >= lockWaitLong.Value),
		!l.Requests && l.Share > 0 && (longest >= lockWaitJobs.Value || crowd):
		return analyze.Warning
	}
	return analyze.Info
}

// lockProblem is about one session that keeps others waiting for seconds.
func (c *chains) lockProblem(h *waits.Holder) (f analyze.Finding) {
	v, longest := h.Best(), h.Longest()
	lost := c.costOf(h.Standing)
	f.Severity, f.Weight, f.Confidence = lost.severity(longest, len(waits.Peak(h.Standing))), lost.Weight(), certainty(h)
	f.About = []string{aboutSession(v)}
	chain := c.Links(h)
	f.Chain = waits.Line(chain)
	claimed := threadsOf(h.Standing)
	if o := v.Owner; o.Thread != nil && o.Sure >= waits.Probable && v.Session.State.InTransaction() {
		claimed = append(claimed, tracked(o)...) // that it stands there is told
	}
	f.Detail = &account{claimed: claimed, chain: chain}
	if h.Unmatched && f.Severity == analyze.Critical {
		f.Severity = analyze.Warning // how many of the threads it is, is counted and not seen
	}
	sayHolder(&f, h)
	f.Impact = fmt.Sprintf("%s; the longest has waited for %s", lost.impact, lasts(longest))
	f.Explanation = explainHolder(h)
	f.Evidence = c.citeHolder(h)
	f.Advice = adviseHolder(h)
	f.References = references(v.Look)
	list := processesOf(h.Standing)
	if p := v.Owner.Process; p != nil && !slices.Contains(list, p) {
		list = append(list, p)
	}
	place(&f, list)
	if len(list) == 0 {
		f.Nodes = []string{v.Look.Node}
	}
	return f
}

// aboutSession names a session where several findings may be about it.
func aboutSession(v *waits.Vertex) string {
	return fmt.Sprintf("session %d of %s", v.Session.ID, v.Look.Key())
}

// certainty is how sure it is that the threads wait for the session.
func certainty(h *waits.Holder) analyze.Confidence {
	exact, probable := 0, 0
	for _, s := range h.Standing {
		switch s.Sure() {
		case waits.Exact:
			exact++
		case waits.Probable:
			probable++
		}
	}
	switch n := len(h.Standing); {
	case 2*exact >= n:
		return analyze.High // without any the server itself says who waits for whom
	case 2*(exact+probable) >= n:
		return analyze.Medium
	}
	return analyze.Low
}

// sayHolder makes the title: who waits, for what, because of whom.
func sayHolder(f *analyze.Finding, h *waits.Holder) {
	v := h.Best()
	f.Say("%s", crowd(h))
	f.Add(" for a %s held by %s", lockPhrase(h.Lock()), sessionPhrase(v))
	if state := waits.StateWords(h.Last()); state != "" {
		f.Add(" (%s)", say.As(state, "<state>"))
	}
	if owner := ownerPhrase(v); !owner.Empty() {
		f.Add(" of %s", owner)
	}
}

// crowd is who stands behind a holder, with its verb: "20 request threads on n1 and n3 wait".
func crowd(h *waits.Holder) say.Phrase {
	n := len(waits.Peak(h.Standing))
	switch {
	case n == 0 && h.Most() == 1:
		return say.Text("%s of a client that was not captured waits", say.Counted("sessions", 1, "session"))
	case n == 0:
		return say.Text("%s of clients that were not captured wait", say.Counted("sessions", h.Most(), "session"))
	}
	verb := "wait"
	if n == 1 {
		verb = "waits"
	}
	return say.Text("%s %s", waits.Crowd(h.Standing), verb)
}

// turnsProblem is about sessions that hold the locks of one table for moments each, so that many wait all the time.
func (c *chains) turnsProblem(list []*waits.Holder) (f analyze.Finding, ok bool) {
	var standing []waits.Standing
	for _, h := range list {
		standing = append(standing, h.Standing...)
	}
	lost := c.costOf(standing)
	if !lost.Requests || lost.Share < chainShare.Value || rounds(standing) < chainRounds.Value {
		return f, false
	}
	first := list[0]
	f.Severity, f.Weight, f.Confidence = lost.Severity(chainCritical.Value), lost.Weight(), analyze.High
	f.About = []string{waits.LockWords(first.Lock()) + " of " + first.Last().Look.Key()}
	f.Say("%s wait in turn for a %s, which %s of %s held for moments each", waits.Crowd(standing), lockPhrase(first.Lock()),
		say.Counted("holders", len(list), "session"), say.As(first.Last().Look.Name(), "<server>"))
	f.Chain = fmt.Sprintf("%s -> %s -> %s in turn", waits.Crowd(standing), waits.LockWords(first.Lock()), say.Count(len(list), "session"))
	f.Detail = &account{claimed: threadsOf(standing), chain: []waits.Link{
		{Kind: waits.OfThread, Name: waits.Crowd(standing).String()}, {Kind: waits.OfLock, Name: waits.LockWords(first.Lock())},
		{Kind: waits.OfSession, Name: say.Count(len(list), "session"), Sub: "in turn"},
	}}
	f.Impact = lost.impact
	f.Explanation = "No single transaction is long, but so many want the same rows that they queue for them: each waits for all before it."
	if want, _ := first.Wanted(); want != "" {
		f.Explanation += " Those that wait want: " + statement(want, 300) + "."
	}
	var cites []waits.Cite
	for _, h := range list {
		cites = append(cites, citeSession(h.Last()))
		if len(h.Blocked) > 0 {
			cites = append(cites, citeSession(h.Blocked[0]))
		}
	}
	f.Evidence = evidenceOf(cites...)
	f.Advice = []analyze.Advice{{
		Action: "Have fewer transactions want one row: spread what is counted over several rows and sum them, write it at the end of the " +
			"transaction, or gather it and write it once.",
		Effect: "Transactions no longer queue behind each other.", Risk: codeChange,
		Verify: "Collect again under the same load: no session waits for another on that table.",
	}}
	f.References = references(first.Last().Look)
	place(&f, processesOf(standing))
	return f, true
}

// explainHolder tells both statements, whose session it is and how that is known.
func explainHolder(h *waits.Holder) string {
	v := h.Best()
	s := v.Session
	text := ""
	if s.ID == sessions.PreparedTransaction {
		text = "A transaction that was prepared (two-phase commit) and neither committed nor rolled back holds the lock: no session has it any more. "
	}
	if began, ok := v.Look.Age(s.TransactionSince); ok {
		text += fmt.Sprintf("The transaction of %s has been open for %s. ", waits.SessionName(s), lasts(began))
	}
	switch {
	case s.Statement == "":
	case s.State.InTransaction():
		text += "It runs nothing now; its last statement was: " + statement(s.Statement, 300) + ". "
	default:
		text += "It runs: " + statement(s.Statement, 300) + ". "
	}
	if want, at := h.Wanted(); want != "" && at != nil {
		text += "Those that wait want: " + statement(want, 300) + ". "
	}
	text += fmt.Sprintf("Behind it %s at once, the longest for %s.", sessionsWait(h.Most()), lasts(h.Longest()))
	if since := h.Since(); since > 0 {
		text += fmt.Sprintf(" The server was last asked %s before the last dump; the threads have not moved since.", lasts(since))
	}
	text += explainOwner(v)
	if t := v.Owner.Thread; t != nil && s.State.InTransaction() {
		text += " It is in " + keepsOpen(t) + "."
	}
	if slices.ContainsFunc(h.Standing, func(s waits.Standing) bool { return s.ByCount }) {
		text += " " + explainCount(h)
	}
	return text
}

func sessionsWait(n int) string {
	if n == 1 {
		return "1 session waits"
	}
	return fmt.Sprintf("up to %d sessions wait", n)
}

// explainOwner tells whose connection a session is, and how that is known.
func explainOwner(v *waits.Vertex) string {
	o := v.Owner
	switch {
	case v.Session.ID == sessions.PreparedTransaction:
		return ""
	case o.Process == nil && v.Session.Client == "":
		return " Whose connection it is the server does not tell."
	case o.Process == nil:
		return fmt.Sprintf(" Its client is %s, which is no connection of a captured process.", v.Session.Client)
	}
	text := fmt.Sprintf(" Its connection is of %s (from %s).", o.Process.Label(), v.Session.Client)
	switch {
	case o.Thread != nil && o.Sure == waits.Exact:
		return text + fmt.Sprintf(" The thread is %s: it is %s.", say.Quote(o.Thread.Name), o.How)
	case o.Thread != nil:
		return text + fmt.Sprintf(" The thread is most likely %s: %s. It is not in a call on the connection, so that no port proves it.",
			say.Quote(o.Thread.Name), o.How)
	case o.Left != nil:
		return text + fmt.Sprintf(" %s was seen at it last, in this transaction, and has no work any more: it left the transaction open.", say.Quote(o.Left.Name))
	case len(o.Candidates) > 0:
		var names []string
		for _, t := range o.Candidates {
			names = append(names, waits.ThreadWords(o.Process, t))
		}
		return text + " Which of its threads has it the dumps do not prove: it can be " + say.List(names) + "."
	case v.Session.State.InTransaction():
		return text + " None of its threads is in a call on it: the connection may be back in its pool, or forgotten, with the transaction open."
	}
	return text
}

// explainCount says why threads and sessions are joined by their numbers.
func explainCount(h *waits.Holder) string {
	if h.Unmatched {
		return "The clients that the server names are no connections of the captured processes: a pooler, a proxy or address translation stands " +
			"between. So which thread waits for which session is not known; they are joined by their numbers alone."
	}
	return "At which connection each of the threads waits is not known (their calls were not captured, or they are virtual threads): they are joined " +
		"to the sessions of their own process, which its ports prove, by their numbers."
}

// citeHolder cites the session, one that waits for it, and the threads on both ends.
func (c *chains) citeHolder(h *waits.Holder) []analyze.Evidence {
	v := h.Best()
	cites := []waits.Cite{citeSession(v)}
	if len(h.Blocked) > 0 {
		cites = append(cites, citeSession(h.Blocked[len(h.Blocked)-1]))
	}
	o := v.Owner
	if o.Process != nil {
		cites = append(cites, c.citeThread(o.Process, o.Dump, o.Thread))
		at := o.At
		at.Text = fmt.Sprintf("the connection %s of %s", v.Session.Client, o.Process.Label())
		cites = append(cites, at)
	}
	if n := len(h.Standing); n > 0 {
		s := h.Standing[n-1]
		cites = append(cites, citeCall(s), c.citeThread(s.Process, s.Dump, s.Thread))
	}
	return evidenceOf(cites...)
}
