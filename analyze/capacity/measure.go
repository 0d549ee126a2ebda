package capacity

import (
	"fmt"
	"math"
	"slices"
	"time"

	"casefile/analyze"
	"casefile/analyze/gc"
	"casefile/analyze/loss"
	"casefile/analyze/rules/cite"
	"casefile/analyze/say"
	record "casefile/bundle/format/timing"
)

// rate counts the requests that access logs tell of within the capture.
func rate(c *analyze.Case) float64 {
	span := c.Ended.Sub(c.Started).Seconds()
	if span <= 0 {
		return 0
	}
	n := 0
	for _, node := range c.Nodes {
		from, to := c.Started.Add(node.Clock.Offset), c.Ended.Add(node.Clock.Offset)
		for _, j := range node.JVMs {
			for _, a := range j.Access {
				for _, s := range a.Newest() {
					if !s.Ended.Before(from) && s.Ended.Before(to) {
						n++
					}
				}
			}
		}
	}
	return float64(n) / span
}

func resources(c *analyze.Case, r *analyze.Result) (out []Resource) {
	for _, n := range c.Nodes {
		if n.Host == nil {
			continue
		}
		if b := n.Host.CPU.Busy; b.Known() {
			out = append(out, Resource{Name: "CPU", Node: n.Name, Used: Range{b.Mean / 100, max(b.Mean, b.P95) / 100}, Each: true,
				Text: fmt.Sprintf("%s busy on average", say.Percent(b.Mean/100)), At: cite.Known(cite.Ref(b.Ref, "busy"))})
		}
		for _, d := range n.Host.Disks {
			if b := d.BusyPercent; b.Known() && b.Mean >= 100*Told.Value {
				out = append(out, Resource{Name: "disk " + d.Name, Node: n.Name, Used: Range{b.Mean / 100, max(b.Mean, b.P95) / 100}, Each: true,
					Text: fmt.Sprintf("%s of the time with a request in flight", say.Percent(b.Mean/100)), At: cite.Known(cite.Ref(b.Ref, "busy"))})
			}
		}
	}
	for _, s := range r.Loss {
		out = append(out, ofProcess(c, s)...)
	}
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			out = append(out, ofHeap(j)...)
		}
	}
	return out
}

// ofProcess are what the account of a process's request threads tells: the threads, the pool of connections, one lock, the database.
func ofProcess(c *analyze.Case, s *loss.Statement) (out []Resource) {
	j := find(c, s)
	if s.RequestThreadSeconds <= 0 || s.SpanSeconds <= 0 {
		return nil
	}
	add := func(name string, used Range, format string, args ...any) {
		out = append(out, Resource{Name: name, Node: s.Node, Used: used, Each: true, Text: fmt.Sprintf(format, args...)})
	}
	kinds, locks := map[loss.Kind]float64{}, map[string]float64{} // threads on average
	for _, p := range s.Parts {
		kinds[p.Kind] += p.Seconds / s.SpanSeconds
		if p.Kind == loss.Lock {
			locks[p.Where] += p.Seconds / s.SpanSeconds
		}
	}
	busy := max(0, s.RequestThreads-kinds[loss.Idle])
	size, source := s.RequestThreads, "as many as the dumps show"
	var pool int
	if j != nil {
		set := j.Settings()
		if t := set.Threads(); t != nil && float64(t.MaxThreads) >= busy {
			size, source = float64(t.MaxThreads), t.Setting
		}
		if len(set.Pools) == 1 {
			pool = set.Pools[0].Max
		}
	}
	// an average of a few dumps: the standard error of counts that come and go
	spread := math.Sqrt(busy / float64(max(1, s.Dumps)))
	if size > 0 {
		add("request threads", Range{max(0, busy-spread) / size, min(1, (busy+spread)/size)}, "%s of %s at work on average (%s)",
			say.Number(busy), say.Number(size), source)
	}
	if waiting := kinds[loss.DBPool]; waiting > 0 {
		add("database connections", Range{1, 1 + waiting/max(1, float64(pool))}, "%s threads wait for one on average", say.Number(waiting))
	} else if pool > 0 {
		use := kinds[loss.Database]
		add("database connections", Range{use / float64(pool), (use + math.Sqrt(use/float64(max(1, s.Dumps)))) / float64(pool)}, "%s of %d in a call on average", say.Number(use), pool)
	}
	worst, most := "", 0.0
	for where, waiting := range locks {
		if waiting > most || waiting == most && where < worst {
			worst, most = where, waiting
		}
	}
	if most > 0 {
		add("the lock at "+worst, LockUse(most), "%s threads wait for it on average", say.Number(most))
	}
	return out
}

func find(c *analyze.Case, s *loss.Statement) *analyze.JVM {
	for _, n := range c.Nodes {
		for _, j := range n.JVMs {
			if n.Name == s.Node && j.Subject() == s.Subject {
				return j
			}
		}
	}
	return nil
}

// ofHeap goes by the share of time in collections, which grows with the load; its bounds are the whole log and its worst minute.
func ofHeap(j *analyze.JVM) (out []Resource) {
	for _, l := range j.GC {
		percent, ok := l.Throughput()
		if !ok || l.Collector == gc.Go {
			continue
		}
		share := 1 - percent/100
		worst := share
		if w, ok := l.WorstWindow(time.Minute, 0, l.Span); ok {
			worst = max(share, w.Share())
		}
		out = append(out, Resource{Name: "heap and collections", Node: j.Node.Name, Used: Range{share / GCShare.Value, worst / GCShare.Value}, Each: true,
			Text: fmt.Sprintf("collections take %s of the time", say.Percent(share)), At: []analyze.Evidence{{Entry: l.Source}}})
	}
	return out
}

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
