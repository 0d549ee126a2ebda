package compare

import (
	"slices"

	"casefile/analyze/compare/stats"
	"casefile/analyze/jfr"
	"casefile/analyze/loss"
)

// wait is a kind of time that threads spend.
type wait struct {
	name, title string
	kinds       []loss.Kind
	remote      bool // it is for a peer, so that it is counted between the dumps too
}

const onCPU = "cpu"

// waitKinds are the kinds of time by what a measure calls them.
var waitKinds = []wait{
	{name: "lock_wait", title: "waiting for locks", kinds: []loss.Kind{loss.Lock}},
	{name: "connection_wait", title: "waiting for a connection", kinds: []loss.Kind{loss.DBPool, loss.HTTPPool, loss.Pool}},
	{name: "database_wait", title: "waiting for the database", kinds: []loss.Kind{loss.Database}, remote: true},
	{name: "peer_wait", title: "waiting for a peer", kinds: []loss.Kind{loss.Socket, loss.Connect, loss.Member}, remote: true},
	{name: "queue_wait", title: "waiting for a queue, a permit or a result",
		kinds: []loss.Kind{loss.Room, loss.Permit, loss.Future, loss.Others, loss.Queue, loss.Condition, loss.Sleep}},
	{name: "disk_wait", title: "waiting for a disk", kinds: []loss.Kind{loss.Disk, loss.FileLock}},
}

var waitMeasures = waitsMeasures()

// waitsMeasures are three for each kind: the share of the threads' time, and the time by what was done.
func waitsMeasures() (out []Measure) {
	out = append(out, Measure{Name: "busy_threads", Title: "busy request threads", Unit: Count, Best: Lower, Role: Resource,
		Source: "thread dumps", Sampled: "each dump", Grows: true, Least: 1, Between: betweenTails,
		read: func(s *subject) (stats.Sample, bool) { return s.inWait(allWork, false) }})
	for _, w := range waitKinds {
		weight := func(p *Pair) float64 { return p.waitShare(w.name) }
		source, sampled := "thread dumps", "in each dump"
		if w.remote {
			source, sampled = "thread dumps, calls on sockets", "in each dump; at the peers that the dumps name also several times a second"
		}
		out = append(out,
			Measure{Name: w.name, Title: "threads " + w.title, Unit: Share, Best: Lower, Role: Cause, Source: source,
				Sampled: "of the threads that serve requests, or of all workers, " + sampled, Grows: true, Least: 0.03, Between: betweenMeans,
				weight: weight, read: func(s *subject) (stats.Sample, bool) { return s.inWait(w.name, true) }},
			Measure{Name: w.name + "_per_request", Title: "time of a request " + w.title, Unit: SecondsPer, Best: Lower, Role: Cause,
				Source: source + " and access log", Sampled: "share of the busy request threads " + sampled + ", of the mean time of a request",
				PerWork: true, Least: 0.0005, Between: betweenMeans, weight: weight,
				read: func(s *subject) (stats.Sample, bool) { return s.waitPerRequest(w.name) }},
			Measure{Name: w.name + "_per_mb", Title: "thread time " + w.title, Unit: SecondsMB, Best: Lower, Role: Cause,
				Source: source + " and GC log", Sampled: "threads " + sampled + ", by the MB allocated in a second", PerWork: true,
				Least: 0.001, Between: betweenMeans, weight: weight, read: func(s *subject) (stats.Sample, bool) { return s.waitPerMB(w.name) }})
	}
	return append(out, recordedWaits...)
}

// recordedWaits are of flight recordings, which count each wait that was longer than a threshold.
var recordedWaits = []Measure{
	recorded("recorded_lock_wait", "threads blocked on monitors", "lock_wait", jfr.MonitorEnter),
	recorded("recorded_socket_read", "threads in socket reads", "database_wait", jfr.SocketRead),
}

func recorded(name, title, kind string, sample jfr.Kind) Measure {
	return Measure{Name: name, Title: title, Unit: Count, Best: Lower, Role: Cause, Source: "flight recording",
		Sampled: "sum of the events longer than the recording's threshold; its error by their number", Grows: true, Least: 0.05,
		Between: betweenTails, weight: func(p *Pair) float64 { return p.waitShare(kind) },
		read: func(s *subject) (stats.Sample, bool) { return s.recordedWait(sample) }}
}

// waits counts, for each dump, the threads at each kind of time.
type waits struct {
	threads []float64            // of the dump that are counted
	at      map[string][]float64 // by wait
	seconds float64
	// requests: the threads are those that serve requests; else all that have work.
	requests bool
}

const allWork = "work"

// waitsOf reads the dumps of a process; nil: it has none, or nothing that works.
func (s *subject) waitsOf() *waits {
	if s.memo.waits != nil || s.jvm == nil || s.jvm.Dumps == nil {
		return s.memo.waits
	}
	account := loss.New(s.jvm.Dumps, s.jvm.GC)
	n := len(s.jvm.Dumps.Dumps)
	requests := false
	account.Each(func(_ loss.Sighting, _ loss.Kind, request bool) { requests = requests || request })
	w := &waits{threads: make([]float64, n), at: map[string][]float64{}, seconds: account.Span.Seconds(), requests: requests}
	for _, k := range waitKinds {
		w.at[k.name] = make([]float64, n)
	}
	w.at[allWork], w.at[onCPU] = make([]float64, n), make([]float64, n)
	account.Each(func(at loss.Sighting, kind loss.Kind, request bool) {
		if request != requests || !requests && kind == loss.Idle {
			return
		}
		count := float64(at.Count())
		w.threads[at.Dump] += count
		if kind != loss.Idle {
			w.at[allWork][at.Dump] += count
		}
		if kind == loss.Running || kind == loss.CPU {
			w.at[onCPU][at.Dump] += count
		}
		for _, k := range waitKinds {
			if slices.Contains(k.kinds, kind) {
				w.at[k.name][at.Dump] += count
			}
		}
	})
	if sumOf(w.threads) == 0 {
		return nil
	}
	s.memo.waits = w
	return w
}

func sumOf(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

// share is the part of the working threads' time.
func (w *waits) share(name string) float64 {
	work := sumOf(w.at[allWork])
	if work == 0 {
		return 0
	}
	return sumOf(w.at[name]) / work
}

func (s *subject) inWait(name string, share bool) (stats.Sample, bool) {
	w := s.waitsOf()
	if w == nil {
		return stats.Sample{}, false
	}
	if f := s.memo.sampled[name]; f != nil && share {
		return inWaitAtPeers(f, w.threads)
	}
	out := stats.Sample{Num: w.at[name], Seconds: w.seconds}
	if share {
		out.Den = w.threads
	}
	return out, true
}

// waitPerRequest is the part of the mean time of a request that the dumps show in a wait.
func (s *subject) waitPerRequest(name string) (stats.Sample, bool) {
	w := s.waitsOf()
	mean, ok := s.meanLatency()
	if w == nil || !ok || !w.requests {
		return stats.Sample{}, false
	}
	if f := s.memo.sampled[name]; f != nil {
		return per(f, s.requests())
	}
	return stats.Sample{Num: w.at[name], Den: w.at[allWork], Seconds: w.seconds, Scale: mean.Value(), ScaleSE: mean.Error()}, true
}

// waitPerMB is the mean number of threads in a wait by what is allocated in a second.
func (s *subject) waitPerMB(name string) (stats.Sample, bool) {
	w := s.waitsOf()
	rate, ok := perSecond(s.megabytes())
	if w == nil || !ok || s.requests().known() || rate.Value() <= 0 {
		return stats.Sample{}, false
	}
	if f := s.memo.sampled[name]; f != nil {
		return per(f, s.megabytes())
	}
	return stats.Sample{Num: w.at[name], Seconds: w.seconds, Scale: 1 / rate.Value(), ScaleSE: rate.Error()}, true
}

// recordedWait is how many threads on average were in a kind of wait. Waits differ as much as their mean, and come in
// swarms: the error of their sum is taken for twice that of as many independent ones.
func (s *subject) recordedWait(kind jfr.Kind) (stats.Sample, bool) {
	if s.jvm == nil {
		return stats.Sample{}, false
	}
	var sum, over float64
	var n int64
	for _, r := range s.jvm.Recordings {
		over += r.Covered.Seconds()
		for i := range r.Samples {
			if x := &r.Samples[i]; x.Kind == kind {
				sum, n = sum+float64(x.Amount)/1e9, n+x.Count
			}
		}
	}
	if over <= 0 || n == 0 {
		return stats.Sample{}, false
	}
	return stats.Sample{Seconds: over, Given: &stats.Given{Value: sum / over, SE: 2 * sqrt(2/float64(n)), N: int(min(n, 1<<30))}}, true
}

// waitShare is the part of a request's time that a wait takes, on the side where it takes more.
func (p *Pair) waitShare(name string) float64 {
	most := 0.0
	for _, s := range slices.Concat(p.before, p.after) {
		if w := s.waitsOf(); w != nil {
			most = max(most, w.share(name))
		}
	}
	return most
}
