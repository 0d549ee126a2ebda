package sessions

import (
	"net/netip"
	"slices"
	"time"
)

// Version is the format version that Write puts into a file.
const Version = 1

// Snapshot is one look at one server.
type Snapshot struct {
	Version int    `json:"version"`
	Server  Server `json:"server"`
	// Taken is the middle of the look, TookMS how long all of it took, as the client sees it.
	Taken  time.Time `json:"taken"`
	TookMS float64   `json:"took_ms"`
	// Own is the connection that asked.
	Own Own `json:"own"`
	// Hidden is what the role may not see, or the server does not have.
	Hidden []Hidden `json:"hidden,omitempty"`
	// Databases are counters since the server's start or their last reset.
	Databases []Database `json:"databases,omitempty"`
	// LeftOut counts sessions beyond MaxSessions; those that wait, work or hold a transaction come first.
	LeftOut  int       `json:"left_out,omitempty"`
	Sessions []Session `json:"sessions"`
}

// Server is who was asked.
type Server struct {
	// Name is that of the folder of its entries.
	Name string `json:"name"`
	// Product is one of the kinds of bundle/format/jdbc: "postgresql", "mysql", "mariadb".
	Product string `json:"product"`
	Version string `json:"version"` // as the server says it
	// Address is the host:port that was asked, as the configuration has it.
	Address string `json:"address"`
	// Listens is the address and port at which the server itself says it was reached; empty: it does not say.
	Listens string `json:"listens,omitempty"`
	// Database is the one that was logged in to.
	Database string `json:"database,omitempty"`
	// Identity is the same for all who asked the same server since its start, whatever the address: nodes that look at
	// one server see the same sessions. Empty: not known.
	Identity string `json:"identity,omitempty"`
	// Standby says that the server only replays another's changes.
	Standby bool `json:"standby,omitempty"`
}

// Own is the connection that asked, which is among the sessions too.
type Own struct {
	ID int64 `json:"id,omitempty"`
	// Local is its end on the node as the node sees it, Seen as the server does, both host:port.
	Local string `json:"local,omitempty"`
	Seen  string `json:"seen,omitempty"`
}

// Translated reports whether something between node and server has connections of its own: a pooler, a proxy, address
// translation. The clients of the sessions are then not the sockets of the services, unless they took another way.
// False where it cannot be told.
func (s *Snapshot) Translated() bool {
	local, seen := AddrPort(s.Own.Local), AddrPort(s.Own.Seen)
	switch {
	case local.IsValid() && seen.IsValid():
		return local != seen
	case s.Own.Local == "" || s.Own.Seen == "":
		return false
	}
	return Port(s.Own.Local) != Port(s.Own.Seen) // the server writes names for addresses
}

// Hidden is one thing that cannot be seen.
type Hidden struct {
	What string `json:"what"` // "statements and clients of other users"
	Why  string `json:"why,omitempty"`
	// Grant is the statement or setting that shows it.
	Grant string `json:"grant,omitempty"`
}

// Session is one connection to the server, or one of its own workers.
type Session struct {
	// ID is what ends the session: pg_terminate_backend(ID), KILL ID.
	ID int64 `json:"id"`
	// Kind is empty for a client; else what the server calls its worker ("autovacuum worker").
	Kind string `json:"kind,omitempty"`
	// Client is host:port; the host alone or a word ("localhost") where there is no port; empty: not visible, or none.
	Client      string `json:"client,omitempty"`
	User        string `json:"user,omitempty"`
	Database    string `json:"database,omitempty"`
	Application string `json:"application,omitempty"`
	State       State  `json:"state,omitempty"` // empty: not visible
	// TransactionSince is zero outside of a transaction. QuerySince is when the present statement began, or the last one
	// of a session that runs none. StateSince is when State became what it is.
	TransactionSince time.Time `json:"transaction_since,omitzero"`
	QuerySince       time.Time `json:"query_since,omitzero"`
	StateSince       time.Time `json:"state_since,omitzero"`
	// WaitType and WaitEvent are the server's own words: "Lock"/"transactionid", "IO"/"DataFileRead",
	// "Client"/"ClientRead"; for MySQL and MariaDB the thread state ("Waiting for table metadata lock").
	WaitType  string `json:"wait_type,omitempty"`
	WaitEvent string `json:"wait_event,omitempty"`
	// BlockedBy are the sessions that hold, or wait before this one for, what it waits for. PreparedTransaction among
	// them is no session.
	BlockedBy []int64 `json:"blocked_by,omitempty"`
	// Lock is what it waits for.
	Lock *Lock `json:"lock,omitempty"`
	// Statement is the present one, or the last one of a session that runs none. Digest is the server's own name for it,
	// as in Statements. Cut: the server keeps no more of it.
	Statement string `json:"statement,omitempty"`
	Digest    string `json:"digest,omitempty"`
	Cut       bool   `json:"cut,omitempty"`
	// Rows is how many row locks or changed rows its transaction holds (MySQL, MariaDB); 0: none, or not known.
	Rows int64 `json:"rows_locked,omitempty"`

	// Line is that of the file that was read, from 1 on.
	Line int `json:"-"`
}

// PreparedTransaction is what blocks where no session does: a transaction that was prepared and never ended.
const PreparedTransaction int64 = 0

// State is what a session does.
type State string

// States; others of PostgreSQL ("fastpath function call", "disabled") stay as they are.
const (
	Active            State = "active"
	Idle              State = "idle"
	IdleInTransaction State = "idle in transaction"
	IdleInAborted     State = "idle in transaction (aborted)"
)

// InTransaction reports whether the session runs nothing and holds a transaction.
func (s State) InTransaction() bool { return s == IdleInTransaction || s == IdleInAborted }

// Lock is what a session waits for.
type Lock struct {
	// Relation is the table: as the statement would name it, schema.table. For a wait for another's transaction
	// (a row lock of PostgreSQL) it is the table whose row it is, where that is known.
	Relation string `json:"relation,omitempty"`
	Index    string `json:"index,omitempty"` // whose entry is locked (MySQL, MariaDB)
	// Type is the server's word for what is locked: "transactionid", "tuple", "relation", "RECORD", "TABLE".
	Type  string    `json:"type,omitempty"`
	Mode  string    `json:"mode,omitempty"` // "ShareLock", "X,REC_NOT_GAP"
	Since time.Time `json:"since,omitzero"`
}

// Database is the counters of one database; Name is empty for those of the whole server.
type Database struct {
	Name   string             `json:"name,omitempty"`
	Values map[string]float64 `json:"values"`
}

// Names of counters; a server has some of them. All but Connections, Running and RowLockWaiting only grow.
const (
	Connections     = "connections"
	Running         = "running" // sessions that run a statement
	Commits         = "commits"
	Rollbacks       = "rollbacks"
	BlocksRead      = "blocks_read"        // from disk or the system's cache
	BlocksHit       = "blocks_hit"         // found in the server's own cache
	Deadlocks       = "deadlocks"          // that the server found and broke
	TempFiles       = "temp_files"         // written because the memory of a statement did not do
	TempBytes       = "temp_bytes"         // in them
	ReadSeconds     = "read_seconds"       // in reads of files, where track_io_timing is on
	IdleInTxSeconds = "idle_in_tx_seconds" // of all sessions together, idle in a transaction
	Queries         = "queries"
	SlowQueries     = "slow_queries" // longer than long_query_time
	RowLockWaits    = "row_lock_waits"
	RowLockSeconds  = "row_lock_seconds" // waited for them, all together
	RowLockWaiting  = "row_lock_waiting" // sessions at this moment
)

// AddrPort is a host:port whose host is an address; not valid: it is none.
func AddrPort(text string) netip.AddrPort {
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// Port is that of a host:port; 0: there is none.
func Port(text string) uint16 {
	if a := AddrPort(text); a.IsValid() {
		return a.Port()
	}
	a, err := netip.ParseAddrPort("0.0.0.0" + text[max(0, lastColon(text)):])
	if err != nil {
		return 0
	}
	return a.Port()
}

func lastColon(text string) int {
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] == ':' {
			return i
		}
	}
	return len(text)
}

// Addr is the client as an address and port; not valid: it is a name, a word or not visible.
func (s *Session) Addr() netip.AddrPort { return AddrPort(s.Client) }

// Find gives the session of an id; nil: it is not there.
func (s *Snapshot) Find(id int64) *Session {
	i := slices.IndexFunc(s.Sessions, func(c Session) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &s.Sessions[i]
}
