package capacity

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"

	"casefile/analyze"
	"casefile/analyze/database"
	"casefile/analyze/say"
)

// server is a database server over the looks of one node at it.
type server struct {
	name    string
	port    uint16
	looks   int
	shown   int     // looks in which a session waits for another
	blocked float64 // sessions that do, on average
	at      []analyze.Evidence
}

// serversOf counts by the looks of the node that looked most.
func serversOf(c *analyze.Case) (out []server) {
	byServer := map[string]map[string][]*database.Look{}
	for _, l := range c.Databases {
		if byServer[l.Key()] == nil {
			byServer[l.Key()] = map[string][]*database.Look{}
		}
		byServer[l.Key()][l.Node] = append(byServer[l.Key()][l.Node], l)
	}
	for _, key := range slices.Sorted(maps.Keys(byServer)) {
		var most []*database.Look
		for _, node := range slices.Sorted(maps.Keys(byServer[key])) {
			if list := byServer[key][node]; len(list) > len(most) {
				most = list
			}
		}
		out = append(out, serverOf(most))
	}
	return out
}

func serverOf(looks []*database.Look) server {
	s := server{name: cmp.Or(looks[0].Name(), looks[0].Product()), looks: len(looks)}
	if _, port, err := net.SplitHostPort(looks[0].Server.Address); err == nil {
		n, _ := strconv.ParseUint(port, 10, 16)
		s.port = uint16(n)
	}
	for _, l := range looks {
		n := 0
		for i := range l.Sessions {
			if database.Blocked(&l.Sessions[i]) {
				n++
			}
		}
		if n > 0 {
			s.shown++
			s.at = append(s.at, analyze.Evidence{Entry: l.Source})
		}
		s.blocked += float64(n) / float64(len(looks))
	}
	return s
}

// ofServers are the locks in databases that sessions wait for: all nodes share them. One that nobody waits for shows nowhere, so that how often it
// was held is known from below only.
func ofServers(list []server) (out []Resource) {
	for i := range list {
		s := &list[i]
		if s.shown == 0 {
			continue
		}
		used := lockUsed(s.blocked, s.shown, s.looks)
		queue := queued(s.blocked, s.looks)
		used.High = max(used.High, LockUse(queue.High).High)
		out = append(out, Resource{Name: "a lock in the database at " + s.name, Used: used, At: s.at,
			Text: fmt.Sprintf("%s sessions wait for another on average, in %d of %d looks", say.Number(s.blocked), s.shown, s.looks)})
	}
	return out
}
