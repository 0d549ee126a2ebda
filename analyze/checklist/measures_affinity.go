package checklist

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
	"casefile/analyze/say"
)

const (
	// together is how near two requests of one user are that belong to one visit, well below the life of a session.
	together = 5 * time.Minute
	// enoughPairs of a user and enoughUsers are needed to tell: one who has two browsers is no pattern.
	enoughPairs = 20
	// stampResolution is that of the times of access logs.
	stampResolution = time.Second
	enoughUsers     = 5
)

// asked is one request of a user, on the reference clock.
type asked struct {
	at   time.Time
	node int
}

// affinity is how often users change the node from one request to the next within a visit: the median over users, in per cent. It is
// judged by the time that the logs of all nodes cover. Logs without a user in common may be of other clusters, or have names that were
// replaced with other keys: they tell nothing.
func affinity(c *analyze.Case) []Reading {
	users, source, shared := visits(c)
	var changes []float64
	requests := 0
	for _, list := range users {
		pairs, changed := changesOf(list)
		if pairs >= enoughPairs {
			changes = append(changes, 100*changed/float64(pairs))
			requests += pairs
		}
	}
	if len(changes) < enoughUsers || !shared {
		return nil
	}
	slices.SortFunc(changes, cmp.Compare[float64])
	median := changes[len(changes)/2]
	return []Reading{{Value: median, At: at(source, "users and nodes of requests"), Text: fmt.Sprintf(
		"half of %s change the node at %s %% of their requests or more (%s looked at)", say.Count(len(changes), "user"), say.Number(median), say.Count(requests, "request"))}}
}

// moment is requests of one user whose order is not known: logs are to the second.
type moment struct {
	at    time.Time
	nodes map[int]float64 // requests
	all   float64
}

// changesOf counts the requests that follow another one of a visit, and how many of them are expected to have changed the node when
// those of one second came in any order.
func changesOf(list []asked) (pairs int, changed float64) {
	slices.SortStableFunc(list, func(a, b asked) int { return a.at.Compare(b.at) })
	var moments []*moment
	for _, r := range list {
		if n := len(moments); n == 0 || r.at.Sub(moments[n-1].at) >= time.Second {
			moments = append(moments, &moment{at: r.at, nodes: map[int]float64{}})
		}
		m := moments[len(moments)-1]
		m.nodes[r.node]++
		m.all++
	}
	for i, m := range moments {
		if m.all > 1 {
			same := 0.0
			for _, k := range m.nodes {
				same += k * (k - 1) / (m.all * (m.all - 1))
			}
			pairs += int(m.all) - 1
			changed += (m.all - 1) * (1 - same)
		}
		if i > 0 && m.at.Sub(moments[i-1].at) <= together {
			same, before := 0.0, moments[i-1]
			for node, k := range m.nodes {
				same += k / m.all * before.nodes[node] / before.all
			}
			pairs++
			changed += 1 - same
		}
	}
	return pairs, changed
}

// visits gives the requests of each user in the time that the logs of all nodes cover, and whether any user came to two nodes.
func visits(c *analyze.Case) (users map[applog.User][]asked, source string, shared bool) {
	type served struct {
		asked
		user applog.User
	}
	var all []served
	var from, to time.Time
	first, nodes := map[applog.User]int{}, 0
	for i, n := range c.Nodes {
		var begin, end time.Time
		for _, j := range n.JVMs {
			for _, a := range j.Access {
				for _, r := range a.Newest() {
					when := n.Clock.Reference(r.Ended)
					if begin.IsZero() || when.Before(begin) {
						begin = when
					}
					if when.After(end) {
						end = when
					}
					if r.User == 0 {
						continue
					}
					source = a.Source
					all = append(all, served{asked{when, i}, r.User})
					if at, known := first[r.User]; !known {
						first[r.User] = i
					} else if at != i {
						shared = true
					}
				}
			}
		}
		if begin.IsZero() {
			continue
		}
		if nodes++; nodes == 1 || begin.After(from) {
			from = begin
		}
		if nodes == 1 || end.Before(to) {
			to = end
		}
	}
	if nodes < 2 {
		return nil, "", false
	}
	users = map[applog.User][]asked{}
	for _, r := range all {
		if !r.at.Before(from.Add(-stampResolution)) && !r.at.After(to.Add(stampResolution)) {
			users[r.user] = append(users[r.user], r.asked)
		}
	}
	return users, source, shared
}
