package capacity

import (
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/loss"
	record "casefile/bundle/format/timing"
)

// shared is the share of busy request time in the database and in calls of other members, which all nodes have in common.
func shared(r *analyze.Result) float64 {
	var common, busy float64
	for _, s := range r.Loss {
		for _, p := range s.Parts {
			switch p.Kind {
			case loss.Idle:
				continue
			case loss.Database, loss.Member, loss.FileLock:
				common += p.Seconds
			}
			busy += p.Seconds
		}
	}
	if busy == 0 {
		return 0
	}
	return common / busy
}

// single names what there is one of.
func single(c *analyze.Case) (out []string) {
	databases, shares := map[string]bool{}, map[string]bool{}
	for _, n := range c.Nodes {
		if n.Timing == nil {
			continue
		}
		for _, p := range n.Timing.Databases {
			databases[p.Target] = true
		}
		for _, p := range n.Timing.Storage {
			if p.Limit != nil && p.Limit.Measure == record.MeasureSharedHome {
				shares[p.Target] = true
			}
		}
	}
	if len(c.Nodes) == 1 {
		out = append(out, "the node itself")
	}
	for target := range databases {
		if len(databases) == 1 {
			out = append(out, "the database at "+target)
		}
	}
	for target := range shares {
		if len(shares) == 1 {
			out = append(out, "the shared home at "+target)
		}
	}
	slices.Sort(out)
	return out
}

// evictions is how long a member of a product's cluster may be silent: Hazelcast's max no heartbeat in Confluence, three leader checks of 10 s in
// Elasticsearch, broker.session.timeout.ms of Kafka.
var evictions = map[string]time.Duration{"confluence": 30 * time.Second, "elasticsearch": 30 * time.Second, "kafka": 9 * time.Second}

func stops(c *analyze.Case) (longest, evicted time.Duration) {
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			if d, ok := evictions[j.App]; ok {
				evicted = d
			}
			for _, l := range j.GC {
				longest = max(longest, time.Duration(l.Summary().PauseMaxMS*float64(time.Millisecond)))
			}
		}
	}
	return longest, evicted
}
