package applog

import (
	"bytes"
	"hash/fnv"
	"time"
)

// Served is one request in short.
type Served struct {
	Ended  time.Time
	Took   time.Duration // 0: the pattern has none
	Class  string        // see [Access.Newest]
	Failed bool          // status 500 and above
	User   User          // who asked; 0: not known, or who had not logged in
}

const (
	maxServed    = 1 << 16 // requests that are kept, the newest ones
	maxClasses   = 256     // of URLs; others are "other"
	classDepth   = 3       // parts of a path that make its class
	otherClass   = "other"
	changingPart = "*"
)

// User is the hash of a name: equal names have equal hashes in all logs, and no name can be had from it.
type User uint32

// userOf hashes a name of the log.
func userOf(name []byte) User {
	switch string(name) {
	case "", "-", "anonymous":
		return 0
	}
	h := fnv.New32a()
	h.Write(name)
	return User(h.Sum32())
}

// served keeps the newest requests in a ring.
type served struct {
	ring    []kept
	next    int
	classes map[string]uint16
	names   []string
}

// kept is a request in 24 bytes: logs have millions.
type kept struct {
	ended  int64 // Unix milliseconds
	took   time.Duration
	class  uint16
	failed bool
	user   User
}

func (s *served) add(ended time.Time, took time.Duration, path []byte, failed bool, user User) {
	k := kept{ended.UnixMilli(), took, s.class(path), failed, user}
	if len(s.ring) < maxServed {
		s.ring = append(s.ring, k)
		return
	}
	s.ring[s.next] = k
	s.next = (s.next + 1) % maxServed
}

// class gives the number of a path's class: its first parts, where one with a digit stands for all of its kind.
func (s *served) class(path []byte) uint16 {
	var room [128]byte
	key := room[:0]
	for depth := 0; depth < classDepth && len(path) > 0; depth++ {
		part, rest, more := bytes.Cut(bytes.TrimPrefix(path, []byte("/")), []byte("/"))
		key = append(key, '/')
		if len(part) > 40 || bytes.ContainsAny(part, "0123456789") {
			key = append(key, changingPart...)
		} else {
			key = append(key, part...)
		}
		path = rest
		if !more {
			break
		}
	}
	if id, ok := s.classes[string(key)]; ok {
		return id
	}
	name := clip(key, maxPath)
	if len(s.names) >= maxClasses {
		name = otherClass
		if id, ok := s.classes[name]; ok {
			return id
		}
	}
	if s.classes == nil {
		s.classes = map[string]uint16{}
	}
	id := uint16(len(s.names))
	s.classes[name] = id
	s.names = append(s.names, name)
	return id
}

// Newest are the newest requests, at most 65536 of them, in the order of the log. Their class is the beginning of the path,
// "/rest/api/*": parts with digits are one. Times are to the millisecond.
func (a *Access) Newest() []Served {
	out := make([]Served, 0, len(a.served.ring))
	for i := range a.served.ring {
		k := &a.served.ring[(a.served.next+i)%len(a.served.ring)]
		out = append(out, Served{time.UnixMilli(k.ended), k.took, a.served.names[k.class], k.failed, k.user})
	}
	return out
}

// finish counts times in the unit that the log was found to have.
func (s *served) finish(unit time.Duration) {
	for i := range s.ring {
		s.ring[i].took /= unit
	}
}

// splitRequest gives method and path of "GET /path?query HTTP/1.1", without the query.
func splitRequest(request []byte) (method, path []byte) {
	method, rest, _ := bytes.Cut(request, []byte(" "))
	path = rest[:max(bytes.LastIndexByte(rest, ' '), 0)]
	path, _, _ = bytes.Cut(path, []byte("?"))
	return method, path
}
