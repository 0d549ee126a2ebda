package chains

import (
	"fmt"

	"casefile/analyze"
	"casefile/analyze/database"
	"casefile/analyze/say"
	"casefile/analyze/threads"
	"casefile/analyze/waits"
	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/sessions"
)

// dialect is how one product ends sessions and bounds waits. Sources: the manuals of PostgreSQL 12 to 18, MySQL 8 and
// MariaDB 10.6 to 11.
type dialect struct {
	kill     string // of a session, by its number
	lock     string // the setting that bounds the wait for a lock
	lockTo   string
	idle     string // that ends a session which is idle in its transaction; empty: there is none
	idleTo   string
	run      string // that bounds a statement
	runTo    string
	plan     string // shows the plan of a statement without running it
	prepared string // ends a prepared transaction
}

var dialects = map[string]dialect{
	jdbc.PostgreSQL: {"SELECT pg_terminate_backend(%d)", "lock_timeout", "5s", "idle_in_transaction_session_timeout", "60s",
		"statement_timeout", "30s", "EXPLAIN (from 16 on EXPLAIN (GENERIC_PLAN))", "SELECT gid, prepared FROM pg_prepared_xacts, then ROLLBACK PREPARED"},
	jdbc.MySQL:   {"KILL %d", "innodb_lock_wait_timeout", "5", "", "", "max_execution_time", "30000 (ms; of SELECT statements)", "EXPLAIN", "XA RECOVER, then XA ROLLBACK"},
	jdbc.MariaDB: {"KILL %d", "innodb_lock_wait_timeout", "5", "idle_transaction_timeout", "60", "max_statement_time", "30 (seconds)", "EXPLAIN", "XA RECOVER, then XA ROLLBACK"},
}

func dialectOf(l *database.Look) dialect {
	if d, ok := dialects[l.Server.Product]; ok {
		return d
	}
	return dialects[jdbc.PostgreSQL]
}

// adviseHolder says what to do about a session that keeps others waiting: first what cures it, then what bounds it, last
// what ends it now.
func adviseHolder(h *waits.Holder) (out []analyze.Advice) {
	v := h.Best()
	d := dialectOf(v.Look)
	verify := "Collect again under the same load: no session waits for another one for a second."
	switch s := v.Session; {
	case s.ID == sessions.PreparedTransaction:
		return []analyze.Advice{{
			Action: "Find the prepared transaction, and have its transaction manager end it: " + d.prepared + " only when that manager has forgotten it.",
			Effect: "Its locks are free, and the sessions behind it go on.",
			Risk:   "Rolled back by hand, it is undone here although other databases of the same transaction may have committed it.",
			Verify: verify,
		}}
	case s.State.InTransaction():
		out = append(out, shorten(v, verify))
		if d.idle != "" {
			out = append(out, boundIdle(d, v.Look))
		}
	default:
		out = append(out, planOf(d, s.Statement, "the holder's statement", verify))
	}
	return append(out, boundLock(d, verify), terminate(d, v))
}

// shorten advises to end the transaction of a session before its thread does what it does now.
func shorten(v *waits.Vertex, verify string) analyze.Advice {
	a := analyze.Advice{Effect: "The rows are locked for the time of the statements alone.", Risk: codeChange, Verify: verify}
	o := v.Owner
	switch {
	case o.Thread != nil:
		doing := say.Brief(o.Process.Series.Wait(o.Thread).Text)
		a.Action = fmt.Sprintf("Commit before %s: the thread %s there while its transaction is open. Do what is slow before the first "+
			"change or after the commit.", waits.At(o.Process, o.Thread), doing)
	case o.Process != nil:
		a.Action = fmt.Sprintf("Find where %s leaves this transaction open after %s: each way out, errors too, must commit or roll back; have "+
			"its pool log connections that are kept long.", o.Process.Label(), waits.Verb(v.Session.Statement))
	default:
		a.Action = fmt.Sprintf("Find who leaves this transaction open after %s: its client is %s (%s).", waits.Verb(v.Session.Statement),
			orUnknown(v.Session.Client), orUnknown(v.Session.Application))
	}
	return a
}

func orUnknown(text string) string {
	if text == "" {
		return "not known"
	}
	return text
}

// boundIdle has the server end sessions that are idle in their transactions.
func boundIdle(d dialect, l *database.Look) analyze.Advice {
	return analyze.Advice{
		Action:  "Have the server end sessions that keep a transaction open and do nothing, for the user of the application.",
		Setting: d.idle, To: d.idleTo,
		Effect:   "A forgotten transaction holds its locks for that long at most.",
		Risk:     "Work that rightly pauses longer in its transaction is rolled back, and its thread gets an error.",
		Rollback: l.Product() + ": set it to 0 again; it holds for new sessions.",
		Verify:   "No session is idle in transaction for longer.",
	}
}

// boundLock has those that wait give up.
func boundLock(d dialect, verify string) analyze.Advice {
	return analyze.Advice{
		Action:  "Have statements that wait for a lock give up before their users do, for the user of the application.",
		Setting: d.lock, To: d.lockTo,
		Effect:   "One lock costs the requests that need its rows, not all request threads.",
		Risk:     "Requests that would have got the lock later fail with an error, and must be tried again.",
		Rollback: "Set it back; it holds for new sessions.",
		Verify:   verify,
	}
}

// terminate ends the session, as the last resort.
func terminate(d dialect, v *waits.Vertex) analyze.Advice {
	return analyze.Advice{
		Action: "As a last resort, when it cannot end by itself: " + fmt.Sprintf(d.kill, v.Session.ID) + ". First see that it is still this " +
			"session, and no backup or change of the schema.",
		Effect:      "The sessions behind it go on at once.",
		Risk:        "All that its transaction has done is rolled back, which may take as long as it took, and its thread gets an error.",
		Verify:      "The session is gone, and nothing waits for it.",
		Alternative: true,
	}
}

// planOf advises to look at the plan of a statement.
func planOf(d dialect, text, which, verify string) analyze.Advice {
	if text == "" {
		text = which
	}
	return analyze.Advice{
		Action: fmt.Sprintf("Look at the plan of %s, on a copy or at a quiet time: %s %s. A scan of the whole table for few rows wants an index on "+
			"the columns of its WHERE and JOIN; many rows in one statement want parts of it.", which, d.plan, database.Squeeze(text, 200)),
		Effect: "The statement takes less, and holds what it locks for less long.",
		Risk:   "An index costs each write to the table; create it without locking (PostgreSQL: CREATE INDEX CONCURRENTLY).",
		Verify: verify,
	}
}

// keepsOpen names the calls of the program that keep a transaction open, innermost first.
func keepsOpen(t *threads.Thread) string {
	const most = 3
	var names []string
	for _, f := range threads.Calls(t.Stack.Frames) {
		if len(names) == most {
			break
		}
		names = append(names, say.Short(f.Func))
	}
	if len(names) == 0 {
		return say.Short(t.Stack.Top())
	}
	return say.List(names)
}
