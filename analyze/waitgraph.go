package analyze

import (
	"strings"
	"time"

	"casefile/analyze/threads"
	"casefile/analyze/waits"
)

// WaitsOf gives the wait graph of the case, made once a run; nil: nothing tells more than the dumps alone.
func WaitsOf(p *Pass) *waits.Graph { return waitGraph.Of(p) }

var waitGraph = NewMemo(func(p *Pass) *waits.Graph {
	if p.Case == nil {
		return nil
	}
	var all []*waits.Process
	joined := len(p.Databases) > 0
	clocks := map[string]func(time.Time) time.Time{}
	for _, n := range p.Nodes {
		clocks[n.Name] = n.Clock.Reference
		for _, j := range n.JVMs {
			if j.Dumps != nil && len(j.Dumps.Dumps) > 0 {
				all = append(all, waitingProcess(n, j))
				joined = joined || len(j.Calls) > 0
			}
		}
	}
	if !joined {
		return nil
	}
	return waits.New(all, p.Databases, p.Statements, clocks)
})

// waitingProcess is a JVM as the wait graph sees it.
func waitingProcess(n *Node, j *JVM) *waits.Process {
	w := &waits.Process{
		Node: n.Name, Name: j.Subject(), Series: j.Dumps, Samples: j.Samples,
		Serves: servesRequests(j.Dumps), Mount: func(path string) string { return n.mountOf(j, path) },
		Tables: make([]*waits.Table, len(j.Dumps.Dumps)), Sockets: make([]*waits.Connections, len(j.Dumps.Dumps)),
	}
	for i, d := range j.Dumps.Dumps {
		w.Tables[i] = j.CallsAt(d)
		if s := nearest(j.Sockets, d.Time, func(s Sockets) time.Time { return s.Taken }); s.Snapshot != nil {
			w.Sockets[i] = connectionsOf(s)
		}
	}
	return w
}

// servesRequests reports of a thread whether it serves requests, as the account of lost time counts them.
func servesRequests(s *threads.Series) func(*threads.Thread) bool {
	return func(t *threads.Thread) bool {
		c := s.CrewOf(t)
		return c != nil && c.Requests && (!c.Virtual || s.AtRequest(t))
	}
}

// besideDump is how far from a dump what belongs to it may have been taken.
const besideDump = 5 * time.Second

// CallsAt are the system calls of the threads of a dump; nil: they were not taken.
func (j *JVM) CallsAt(d *threads.Dump) *waits.Table {
	return nearest(j.Calls, d.Time, func(t *waits.Table) time.Time { return t.Taken })
}

// nearest is what was taken next to a dump; the zero value: nothing was.
func nearest[T any](list []T, dump time.Time, taken func(T) time.Time) (best T) {
	most := besideDump
	for _, one := range list {
		if gap := taken(one).Sub(dump).Abs(); gap <= most {
			best, most = one, gap
		}
	}
	return best
}

func connectionsOf(s Sockets) *waits.Connections {
	c := &waits.Connections{Source: s.Source}
	for i, k := range s.Sockets {
		const head = 2 // lines before the first row
		c.List = append(c.List, waits.Connection{
			Conn: waits.ConnOf(k.Local, k.Remote), Listens: k.State == "LISTEN", Line: i + head + 1,
		})
	}
	return c
}

// mountOf names the file system of the node that a path of a process lies on; "" where it has a tree of its own.
func (n *Node) mountOf(j *JVM, path string) (best string) {
	if n.Host == nil || j.Container != "" {
		return ""
	}
	for _, fs := range n.Host.FileSystems {
		under := fs.Mount == "/" || path == fs.Mount || strings.HasPrefix(path, fs.Mount+"/")
		if under && len(fs.Mount) > len(best) {
			best = fs.Mount
		}
	}
	return best
}
