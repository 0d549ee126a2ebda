package analyze

import (
	"net/netip"
	"time"

	"casefile/analyze/threads"
)

// servingThreads is the size from which on a full pool may be what serves the requests that lie unread.
const servingThreads = 3

// socketsNear is how far from a dump a look at the sockets may be.
const socketsNear = 5 * time.Second

// inferServing finds the pools that serve requests in a server that no list knows: none of their threads is free, while requests lie
// unread on the process's own ports.
func inferServing(c *Case) {
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			if j.Dumps == nil || len(j.Dumps.Dumps) < 2 || !j.leavesUnread() {
				continue
			}
			serving := false
			for _, crew := range j.Dumps.Crews() {
				serving = serving || crew.Requests && j.Dumps.NeverFree(crew)
			}
			if !serving {
				j.inferServing()
			}
		}
	}
}

// inferServing takes the largest of them.
func (j *JVM) inferServing() {
	for _, crew := range j.Dumps.Crews() { // largest first
		if !crew.Runtime && !crew.Virtual && crew.MaxSize() >= servingThreads && j.Dumps.NeverFree(crew) {
			j.Dumps.Serve(crew)
			return
		}
	}
}

// leavesUnread reports whether requests lie unread in the sockets of the process whenever it was looked at, and mostly some that lay there
// the time before.
func (j *JVM) leavesUnread() bool {
	var before map[netip.AddrPort]bool
	stayed := 0
	for _, d := range j.Dumps.Dumps {
		look := j.socketsAt(d)
		if look == nil {
			return false
		}
		now := look.unread()
		if len(now) == 0 {
			return false
		}
		for at := range now {
			if before[at] {
				stayed++
				break
			}
		}
		before = now
	}
	return 2*stayed >= len(j.Dumps.Dumps)-1
}

func (j *JVM) socketsAt(d *threads.Dump) (best *Sockets) {
	nearest := socketsNear
	for i := range j.Sockets {
		if gap := j.Sockets[i].Taken.Sub(d.Time).Abs(); gap <= nearest {
			best, nearest = &j.Sockets[i], gap
		}
	}
	return best
}

// unread are the far ends of connections to the process's own ports from which it has not read what came.
func (s *Sockets) unread() map[netip.AddrPort]bool {
	listens := map[uint16]bool{}
	for _, k := range s.Sockets {
		if k.State == "LISTEN" {
			listens[k.Local.Port()] = true
		}
	}
	out := map[netip.AddrPort]bool{}
	for _, k := range s.Sockets {
		if listens[k.Local.Port()] && k.RecvQ > 0 && (k.State == "ESTABLISHED" || k.State == "CLOSE_WAIT") {
			out[k.Remote] = true
		}
	}
	return out
}
