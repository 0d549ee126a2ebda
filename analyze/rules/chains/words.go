package chains

import (
	"casefile/analyze/database"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/waits"
	"casefile/bundle/format/sessions"
)

// lockPhrase names a lock, of which the table makes the kind.
func lockPhrase(l *sessions.Lock) say.Phrase { return say.As(waits.LockWords(l), waits.LockWords(l)) }

func sessionPhrase(v *waits.Vertex) say.Phrase {
	if v.Session.Kind != "" {
		return say.As(waits.SessionName(v.Session), v.Session.Kind)
	}
	return say.As(waits.SessionName(v.Session), "session <id>")
}

// ownerPhrase names whose connection a session is: "n2 shop, most likely exec-7 in ExportJob.run".
func ownerPhrase(v *waits.Vertex) say.Phrase {
	o := v.Owner
	if o.Process == nil {
		return say.Phrase{}
	}
	process := say.As(o.Process.Short(), "<process>")
	if o.Thread == nil {
		return process
	}
	sure := ""
	if o.Sure < waits.Exact {
		sure = "most likely "
	}
	text := say.Text("%s, %s%s", process, sure, views.NameOf(o.Thread.Name))
	if at := waits.At(o.Process, o.Thread); at != "" {
		text = say.Text("%s in %s", text, at)
	}
	return text
}

// references are what the server's own manual says.
func references(l *database.Look) []string {
	if l.Postgres() {
		return []string{"PostgreSQL: Explicit Locking; The Statistics Collector, pg_stat_activity; pg_blocking_pids"}
	}
	return []string{"MySQL: InnoDB Locking; Using InnoDB Transaction and Locking Information"}
}
