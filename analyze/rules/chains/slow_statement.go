package chains

import (
	"fmt"
	"time"

	"casefile/analyze"
	"casefile/analyze/database"
	"casefile/analyze/ids"
	"casefile/analyze/rules/libs"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/waits"
	"casefile/bundle/format/sessions"
)

var (
	statementLasts = analyze.NewLimit(time.Second, "", "that half of its runs have taken already when they are seen",
		"what slow query logs are set to: log_min_duration_statement, long_query_time")
	statementThreads = analyze.NewLimit(3, "threads", "that wait for one statement, on average over the dumps",
		"own judgement: two may meet by chance")
)

var slowStatement = &analyze.Rule{
	ID: ids.SlowStatement,
	Doc: "Much request-thread time goes to one statement that the database is running: names the statement, how long it " +
		"runs, how often it is called and what it waits for in the server.",
	Needs:  needsSessions,
	Fix:    "Look at the plan of the statement; an index, fewer rows, or fewer calls.",
	Limits: []analyze.Threshold{chainCritical, chainShare, chainRounds, statementLasts, statementThreads},
	Run:    analyze.Each(joined(true), judgeStatements),
}

// judgeStatements looks at each statement that request threads wait for. What takes long and keeps no request waiting is
// no fault; what is short and called often is a note.
func judgeStatements(_ *analyze.Pass, c *chains) (out []analyze.Finding) {
	for _, a := range c.Statements() {
		lost := c.costOf(a.Standing)
		if !lost.Requests || lost.Share < chainShare.Value || rounds(a.Standing) < chainRounds.Value ||
			len(a.Standing) < statementThreads.Value*rounds(a.Standing) {
			continue
		}
		out = append(out, c.statementProblem(a, lost))
	}
	return out
}

// median of what is sorted; 0 of none.
func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)/2]
}

func (c *chains) statementProblem(a *waits.Asked, lost cost) (f analyze.Finding) {
	ages := a.Ages()
	half, longest := median(ages), time.Duration(0)
	if len(ages) > 0 {
		longest = ages[len(ages)-1]
	}
	f.Severity, f.Weight, f.Confidence = lost.Loss.Severity(chainCritical.Value), lost.Weight(), analyze.High
	short := half < statementLasts.Value
	if short {
		f.Severity = analyze.Info
	}
	f.About = []string{a.Statement}
	f.Say("%s wait for %s to run %s", waits.Crowd(a.Standing), say.As(a.Look.Product()+" "+a.Look.Name(), "<server>"),
		say.As(statement(a.Statement, 120), statement(a.Statement, 120)))
	borrow := borrowed(a.Standing)
	if borrow != nil {
		f.Add(", by which %s prepares or tests each connection that is borrowed", borrow.Pool)
	}
	if !short {
		f.Add(", half of them for %s or more", say.Time("age", half))
	}
	crowd := waits.Crowd(a.Standing).String()
	f.Chain = fmt.Sprintf("%s -> %s -> %s", crowd, a.Look.Product()+" "+a.Look.Name(), statement(a.Statement, 120))
	f.Detail = &account{claimed: threadsOf(a.Standing), chain: []waits.Link{
		{Kind: waits.OfThread, Name: crowd},
		{Kind: waits.OfSession, Name: say.Count(mostAtOnce(a), "session"), Sub: "running " + waits.Verb(a.Statement)},
	}}
	f.Impact = lost.impact
	f.Explanation = fmt.Sprintf("Up to %s at once run it, the longest for %s, and none of them waits for another session. %s",
		say.Count(mostAtOnce(a), "session"), lasts(longest), inServer(a))
	count, cited, known := c.Took(a)
	if known {
		cited.Text = fmt.Sprintf("%s in %s ms, %s ms each", say.Count(int(count.Calls), "run"), say.Number(count.TotalMS), say.Number(count.MeanMS))
		f.Explanation += fmt.Sprintf(" Over the capture the server counted %s of it, %s ms each on average%s.", say.Count(int(count.Calls), "run"),
			say.Number(count.MeanMS), rowsOf(count))
	}
	if short {
		f.Explanation += " Each run is short: there are many of them."
	}
	var cites []waits.Cite
	for _, v := range a.At[:min(len(a.At), 2)] {
		cites = append(cites, citeSession(v))
	}
	s := a.Standing[len(a.Standing)-1]
	f.Evidence = evidenceOf(append(cites, cited, citeCall(s), c.citeThread(s.Process, s.Dump, s.Thread))...)
	f.Advice = adviseStatement(a, short)
	if borrow != nil {
		f.Advice[0] = views.TestLess(borrow, "getConnection", "the database")
	}
	f.References = references(a.Look)
	if a.Look.Postgres() {
		f.References = []string{"PostgreSQL: Using EXPLAIN; pg_stat_statements"}
	}
	place(&f, processesOf(a.Standing))
	return f
}

// borrowed is what a pool does in most of the threads before it hands a connection out; nil: the program asked for the statement.
func borrowed(list []waits.Standing) (most *libs.Borrowing) {
	n := 0
	for _, s := range list {
		if b := libs.Borrows(s.Thread.Stack.Frames); b != nil {
			n, most = n+1, b
		}
	}
	if 2*n <= len(list) {
		return nil
	}
	return most
}

// mostAtOnce is the number of sessions that run it in one look, at most.
func mostAtOnce(a *waits.Asked) (most int) {
	counts := map[*database.Look]int{}
	for _, v := range a.At {
		counts[v.Look]++
		most = max(most, counts[v.Look])
	}
	return most
}

// serverWaits are what a session of PostgreSQL waits for, in words, by the type of its wait event.
var serverWaits = map[string]string{
	"":          "computes: it waits for nothing in the server",
	"IO":        "waits for the server's disk",
	"LWLock":    "waits for the server's own latches, as with too many sessions at once",
	"BufferPin": "waits for a page that another session has pinned",
	"IPC":       "waits for other processes of the server, as parallel workers",
	"Client":    "waits for its client",
	"Timeout":   "waits for a time to pass",
	"Extension": "waits in an extension",
}

// inServer says what most of the sessions do in the server while they run it.
func inServer(a *waits.Asked) string {
	if !a.Look.Postgres() {
		return ""
	}
	counts := map[string]int{}
	best := ""
	for i, v := range a.At {
		k := v.Session.WaitType
		if counts[k]++; i == 0 || counts[k] > counts[best] || counts[k] == counts[best] && k < best {
			best = k
		}
	}
	words, known := serverWaits[best]
	if !known {
		return ""
	}
	return fmt.Sprintf("In %d of %d looks a session %s.", counts[best], len(a.At), words)
}

// rowsOf tells how many rows it reads for those that it gives.
func rowsOf(s sessions.Statement) string {
	if s.Calls == 0 {
		return ""
	}
	text := fmt.Sprintf(", %s rows", say.Number(float64(s.Rows)/float64(s.Calls)))
	switch {
	case s.Examined > 0:
		text += fmt.Sprintf(" of %s read", say.Number(float64(s.Examined)/float64(s.Calls)))
	case s.BlocksRead > 0:
		text += fmt.Sprintf(", %s blocks from disk", say.Number(float64(s.BlocksRead)/float64(s.Calls)))
	}
	return text
}

func adviseStatement(a *waits.Asked, short bool) []analyze.Advice {
	d := dialectOf(a.Look)
	verify := "Collect again under the same load: fewer threads wait for it."
	if short {
		return []analyze.Advice{{
			Action: "Ask once for what many calls ask one by one (a join, an IN list, a cache): have the developers of the calls that the evidence shows above " +
				"the driver do it.",
			Effect: "Fewer round trips to the database.", Risk: codeChange, Verify: verify,
		}}
	}
	return []analyze.Advice{planOf(d, a.Statement, "the statement", verify), {
		Action:  "Bound how long it may run, for the user of the application.",
		Setting: d.run,
		To:      d.runTo,
		Effect:  "A slow statement costs the requests that need it, not all request threads.",
		Risk:    "Runs that take longer and are wanted fail with an error.",
		Verify:  verify,
	}}
}
