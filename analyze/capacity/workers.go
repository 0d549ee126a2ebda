package capacity

import (
	"fmt"
	"math"

	"casefile/analyze"
	"casefile/analyze/loss"
	"casefile/analyze/say"
)

// workers are pools of threads whose results requests wait for: they end growth when all of their threads are at work. A pool whose workers do more
// than requests wait for works for others as well, and one that grows with its work has no end here; so those count that requests can have filled:
// no more of its threads at work than requests that wait, as each waits for one.
func (p *process) workers() (out []Resource) {
	waiting := p.kinds[loss.Future]
	if waiting == 0 {
		return nil
	}
	most := sampled(waiting, p.s.Dumps).High
	for _, crew := range p.s.Pools {
		if crew.ThreadSeconds <= 0 || crew.Threads < 1 {
			continue
		}
		idle := 0.0
		for _, part := range crew.Parts {
			if part.Kind == loss.Idle || part.Kind == loss.Queue {
				idle += part.Seconds
			}
		}
		busy := crew.Threads * (1 - idle/crew.ThreadSeconds)
		if busy <= 0 || busy > most {
			continue
		}
		size := int(crew.Threads + 0.5)
		looks := sampled(busy, p.s.Dumps)
		queue := queued(max(0, waiting-busy), p.s.Dumps)
		used := Range{min(1, max(looks.Low/crew.Threads, QueueUse(size, queue.Low).Low)), min(1, looks.High/crew.Threads)}
		if waiting <= busy { // nobody was seen to queue
			used.High = min(used.High, max(busy/crew.Threads, unqueued(size, p.s.Dumps)))
		}
		used.High = max(used.Low, used.High)
		x := p.resource("the workers "+crew.Name, used, "%s of %s at work on average, %s requests wait for their results", say.Number(busy), say.Number(crew.Threads), say.Number(waiting))
		x.But = "More workers help only where what they do bears more at once."
		out = append(out, x)
	}
	return out
}

// Elsewhere is the largest part of the requests' time that goes to something of which nothing tells how much it bears.
type Elsewhere struct {
	Kind  loss.Kind
	Where string
	Share float64 // of the time at work
}

// elsewhereWords name what answers.
var elsewhereWords = map[loss.Kind]string{loss.Socket: "answers of another service", loss.Connect: "connections to another service", loss.Member: "answers of other members",
	loss.Database: "answers of the database", loss.Future: "results of other threads", loss.Disk: "files", loss.FileLock: "locks of files", loss.Process: "other programs"}

// elsewhere goes by parts that dumps show often enough.
func elsewhere(r *analyze.Result) (most Elsewhere) {
	const (
		enough = 4.0 // threads seen, over all dumps
		much   = 0.3
	)
	type part struct {
		kind  loss.Kind
		where string
	}
	seconds, seen, busy := map[part]float64{}, map[part]float64{}, 0.0
	for _, s := range r.Loss {
		for _, p := range s.Parts {
			if p.Kind == loss.Idle || s.SpanSeconds <= 0 {
				continue
			}
			busy += p.Seconds
			if elsewhereWords[p.Kind] != "" {
				k := part{p.Kind, p.Where}
				seconds[k] += p.Seconds
				seen[k] += p.Seconds / s.SpanSeconds * float64(s.Dumps)
			}
		}
	}
	for k, n := range seconds {
		share := n / max(busy, n)
		if seen[k] >= enough && share >= much && (share > most.Share || share == most.Share && k.where < most.Where) {
			most = Elsewhere{k.kind, k.where, share}
		}
	}
	return most
}

// sentence says where that time goes, and what would tell more.
func (e *Elsewhere) sentence() string {
	if e.Share == 0 {
		return ""
	}
	where, ask := "", "capture that too, or this at several loads (casefile check quiet.tar.zst noon.tar.zst peak.tar.zst)"
	if e.Where != "" {
		where = ", in " + e.Where
	}
	if e.Kind == loss.Database {
		ask = "casefile check --use-app-credentials shows what its sessions wait for"
	}
	return fmt.Sprintf("%s of the time of requests at work goes to %s%s. How much more that bears is not seen here: %s.", say.Percent(math.Round(100*e.Share)/100), elsewhereWords[e.Kind], where, ask)
}
