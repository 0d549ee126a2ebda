package database

import (
	"cmp"
	"net/netip"
	"strings"
	"time"

	"casefile/bundle/format/jdbc"
	"casefile/bundle/format/sessions"
)

// Session is one connection to a server, as the server sees it.
type Session = sessions.Session

// Look is what one server said at one moment.
type Look struct {
	Source string // the entry
	Node   string // that asked
	*sessions.Snapshot
}

// Product is the server's name for people.
func (l *Look) Product() string {
	switch l.Server.Product {
	case jdbc.PostgreSQL:
		return "PostgreSQL"
	case jdbc.MySQL:
		return "MySQL"
	case jdbc.MariaDB:
		return "MariaDB"
	}
	return "the database"
}

// Postgres reports whether the server is PostgreSQL.
func (l *Look) Postgres() bool { return l.Server.Product == jdbc.PostgreSQL }

// Key is the same for all looks at one server.
func (l *Look) Key() string {
	return cmp.Or(l.Server.Identity, l.Server.Product+" "+l.Server.Address)
}

// Name is how the server is called: the host and port that was asked.
func (l *Look) Name() string { return cmp.Or(l.Server.Address, l.Server.Name) }

// SameServer reports whether two looks are at one server: it says so, or they have a session with one number and one
// client, which two servers hardly have.
func SameServer(a, b *Look) bool {
	if a.Server.Identity != "" && b.Server.Identity != "" {
		return OneServer(a.Server, b.Server)
	}
	for i := range a.Sessions {
		s := &a.Sessions[i]
		if o := b.Find(s.ID); o != nil && s.Addr().IsValid() && o.Addr() == s.Addr() {
			return true
		}
	}
	return false
}

// OneServer reports whether two names are of one server, by its identity, else by the address that was asked.
func OneServer(a, b sessions.Server) bool {
	if a.Identity != "" && b.Identity != "" {
		return a.Identity == b.Identity
	}
	return a.Product == b.Product && a.Address == b.Address
}

// Visible counts the sessions whose state the role could see.
func (l *Look) Visible() (n int) {
	for i := range l.Sessions {
		if l.Sessions[i].State != "" {
			n++
		}
	}
	return n
}

// Age is how long ago something began at the moment of the look; false: it is not known.
func (l *Look) Age(since time.Time) (time.Duration, bool) {
	if since.IsZero() {
		return 0, false
	}
	return max(0, l.Taken.Sub(since)), true
}

// Blocked reports whether another session keeps this one from going on.
func Blocked(s *Session) bool { return len(s.BlockedBy) > 0 }

// Waited is how long a session has waited for others, as far as the server tells; 0: it does not wait.
func (l *Look) Waited(s *Session) time.Duration {
	if !Blocked(s) {
		return 0
	}
	if s.Lock != nil {
		if age, ok := l.Age(s.Lock.Since); ok {
			return age
		}
	}
	age, _ := l.Age(s.QuerySince) // it has waited since then, at most
	return age
}

// AwaitsClient reports whether the session can go on only when its client does: it keeps a transaction open and runs
// nothing, or its client does not take its rows.
func AwaitsClient(s *Session) bool {
	return s.State.InTransaction() || s.State == sessions.Active && s.WaitEvent == "ClientWrite"
}

// Table is the relation of a lock without the schema that most have; "" unknown.
func Table(l *sessions.Lock) string {
	if l == nil {
		return ""
	}
	return strings.TrimPrefix(l.Relation, "public.")
}

// rowTypes are what servers call locks of rows, or of their owners' transactions.
var rowTypes = []string{"transactionid", "tuple", "record", "row"}

// OfRow reports whether a lock is one of rows.
func OfRow(l *sessions.Lock) bool {
	if l == nil {
		return false
	}
	for _, t := range rowTypes {
		if strings.EqualFold(l.Type, t) {
			return true
		}
	}
	return false
}

// Client is the address that a session comes from; not valid: it has none, or the role may not see it.
func Client(s *Session) netip.AddrPort { return s.Addr() }

// Counted is what the statements of a server took over the capture.
type Counted struct {
	Source string
	*sessions.Statements
}

// Squeeze puts a statement on one line and cuts it to so many bytes.
func Squeeze(statement string, most int) string {
	text := strings.Join(strings.Fields(statement), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most-3], "") + "..."
	}
	return text
}
