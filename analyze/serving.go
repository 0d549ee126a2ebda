package analyze

import (
	"net/netip"
	"slices"
	"time"

	"casefile/analyze/threads"
	"casefile/bundle/format/sockets"
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
			if j.Dumps == nil || len(j.Dumps.Dumps) < 2 {
				continue
			}
			serving, busy := false, false
			for _, crew := range j.Dumps.Crews() {
				serving = serving || crew.Requests && j.Dumps.NeverFree(crew)
				busy = busy || crew.Requests && !loops(crew)
			}
			switch {
			case !serving && j.leavesUnread():
				j.inferServing(func(*threads.Crew) bool { return true })
			case !busy && j.connected():
				j.inferServing(j.calledByServer)
			}
		}
	}
}

// inferServing takes the largest of them that may be it.
func (j *JVM) inferServing(may func(*threads.Crew) bool) {
	for _, crew := range j.Dumps.Crews() { // largest first
		if may(crew) && !crew.Runtime && !crew.Virtual && crew.MaxSize() >= servingThreads && j.Dumps.NeverFree(crew) {
			j.Dumps.Serve(crew)
			return
		}
	}
}

// loops reports whether the crew is event loops, which read requests and hand them on.
func loops(crew *threads.Crew) bool {
	tr := crew.Threads[0]
	return threads.Loop(tr.Obs[tr.Last].Stack.Frames) == "event loop"
}

// calledByServer reports whether a server gave the crew's threads all that they are at: its event loops read the requests, and whoever waits
// stands in the queue of its pool, on no stack.
func (j *JVM) calledByServer(crew *threads.Crew) bool {
	for _, tr := range crew.Threads {
		for _, t := range tr.Obs {
			if t != nil && !threads.CalledByServer(t.Stack.Frames) {
				return false
			}
		}
	}
	return true
}

// connected reports whether clients had connections open to the process's own ports whenever it was looked at.
func (j *JVM) connected() bool {
	for _, d := range j.Dumps.Dumps {
		if look := j.socketsAt(d); look == nil || len(look.inbound()) < servingThreads {
			return false
		}
	}
	return true
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
	out := map[netip.AddrPort]bool{}
	for _, k := range s.inbound() {
		if k.RecvQ > 0 {
			out[k.Remote] = true
		}
	}
	return out
}

// inbound are the connections to the process's own ports.
func (s *Sockets) inbound() (list []sockets.Socket) {
	listens := map[uint16]bool{}
	for _, k := range s.Sockets {
		if k.State == "LISTEN" {
			listens[k.Local.Port()] = true
		}
	}
	for _, k := range s.Sockets {
		if listens[k.Local.Port()] && (k.State == "ESTABLISHED" || k.State == "CLOSE_WAIT") {
			list = append(list, k)
		}
	}
	return list
}

// Unserved counts the connections that wait for the process at its own ports: those that it has not accepted, and those of which it has not read
// what came. Port is that with most of the first, or a port of the second; line that of the table, from 1, 0 where none waits.
func (s *Sockets) Unserved() (n int, port uint16, line int) {
	const head = 2 // lines before the first row
	most := int64(0)
	for i, k := range s.Sockets {
		if k.State == "LISTEN" && k.RecvQ > most { // the kernel's queue of those to be accepted
			most, port, line = k.RecvQ, k.Local.Port(), i+head+1
		}
		if k.State == "LISTEN" {
			n += int(k.RecvQ)
		}
	}
	for _, k := range s.inbound() {
		if k.RecvQ == 0 {
			continue
		}
		if n++; line == 0 {
			port, line = k.Local.Port(), slices.Index(s.Sockets, k)+head+1
		}
	}
	return n, port, line
}
