package waits

import (
	"net/netip"
	"time"

	"casefile/analyze/threads"
)

// Conn is a TCP connection as one of its ends sees it.
type Conn struct{ Local, Remote netip.AddrPort }

// ConnOf makes a connection; IPv4 addresses that are mapped to IPv6 are those of IPv4.
func ConnOf(local, remote netip.AddrPort) Conn { return Conn{Plain(local), Plain(remote)} }

// Plain takes the mapping to IPv6 and the zone from an address.
func Plain(a netip.AddrPort) netip.AddrPort {
	if !a.IsValid() {
		return a
	}
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// Known reports whether there is a connection.
func (c Conn) Known() bool { return c.Local.IsValid() && c.Remote.IsValid() }

// Reverse is the same connection from its other end.
func (c Conn) Reverse() Conn { return Conn{c.Remote, c.Local} }

// Cite is a place in the evidence.
type Cite struct {
	Entry    string
	From, To int // lines; 0: the whole
	Text     string
}

// Call is the system call that a thread was in just before its dump and just after.
type Call struct {
	NID  int64 // of the thread, as in the dump
	Name string
	Conn Conn   // zero: no connection
	File string // path; empty: no file
	// ForRoom: a poll that waits for room to write, or for the end of a connect.
	ForRoom bool
	Line    int
}

// Reads reports whether the call waits for bytes of the other end.
func (c Call) Reads() bool {
	switch c.Name {
	case "read", "readv", "recvfrom", "recvmsg", "poll", "ppoll":
		return !c.ForRoom
	}
	return false
}

// OnDisk reports whether the call waits for a file's data.
func (c Call) OnDisk() bool {
	if c.File == "" {
		return false
	}
	switch c.Name {
	case "read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "pwrite64", "pwritev", "pwritev2",
		"fsync", "fdatasync", "sync_file_range", "ftruncate", "fallocate", "msync", "sendfile", "copy_file_range":
		return true
	}
	return false
}

// Table is the calls of the threads of a process at one dump.
type Table struct {
	Source string
	Taken  time.Time // on the node's clock
	Calls  []Call

	byThread map[int64]int
}

// Of gives the call of a thread.
func (t *Table) Of(nid int64) (Call, bool) {
	if t == nil || nid < 0 {
		return Call{}, false
	}
	if t.byThread == nil {
		t.byThread = make(map[int64]int, len(t.Calls))
		for i, c := range t.Calls {
			t.byThread[c.NID] = i
		}
	}
	i, ok := t.byThread[nid]
	if !ok {
		return Call{}, false
	}
	return t.Calls[i], true
}

// Connections are the TCP sockets of a process at one dump.
type Connections struct {
	Source string
	List   []Connection
}

// Connection is one of them.
type Connection struct {
	Conn
	Listens bool
	Line    int
}

// Sample is how often a thread was found in a call between the dumps, and when for the last time, on the node's clock.
type Sample struct {
	Call
	Count int
	Last  time.Time
}

// Samples are those of one capture.
type Samples struct {
	Source string
	Rounds int // how often was looked
	List   []Sample
}

// lastAt is the sample of the thread that was seen last at a connection; nil: none was, or two were at once.
func (s *Samples) lastAt(c Conn) (best *Sample) {
	if s == nil {
		return nil
	}
	tied := false
	for i := range s.List {
		k := &s.List[i]
		switch {
		case k.Conn != c:
		case best == nil || k.Last.After(best.Last):
			best, tied = k, false
		case k.Last.Equal(best.Last) && k.NID != best.NID:
			tied = true
		}
	}
	if tied {
		return nil
	}
	return best
}

// Process is one captured process with what was seen of its threads' calls.
type Process struct {
	Node, Name string
	Series     *threads.Series
	// Serves reports whether a thread belongs to those that serve requests.
	Serves func(*threads.Thread) bool
	// Tables and Sockets are parallel to the dumps of the series; nil where there are none.
	Tables  []*Table
	Sockets []*Connections
	Samples *Samples
	// Mount names the file system of a path, "" where it is not known; nil: of none.
	Mount func(path string) string
}

// Label names the process among those of all nodes: "n2 4711-confluence".
func (p *Process) Label() string {
	if p.Node == "" {
		return p.Name
	}
	return p.Node + " " + p.Name
}

func (p *Process) table(dump int) *Table {
	if dump < 0 || dump >= len(p.Tables) {
		return nil
	}
	return p.Tables[dump]
}

func (p *Process) sockets(dump int) *Connections {
	if dump < 0 || dump >= len(p.Sockets) {
		return nil
	}
	return p.Sockets[dump]
}

// serves reports whether a thread serves requests.
func (p *Process) serves(t *threads.Thread) bool { return p.Serves != nil && p.Serves(t) }

// CallOf gives the call that a thread was in at a dump.
func (p *Process) CallOf(dump int, t *threads.Thread) (Call, bool) {
	if t == nil || t.Identity == nil || t.Virtual { // a virtual thread's carrier is elsewhere
		return Call{}, false
	}
	return p.table(dump).Of(t.NID)
}
