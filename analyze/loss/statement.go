package loss

import (
	"cmp"
	"slices"
	"time"

	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// Statement is an account in figures, for people and programs.
type Statement struct {
	Node    string `json:"node"`
	Subject string `json:"subject"`
	From    string `json:"from,omitempty"` // RFC 3339, without a zone where none is known
	// SpanSeconds is the time between the first dump and the last; 0: one dump, or no times. Seconds are 0 then, and
	// shares are of threads.
	SpanSeconds float64 `json:"span_s"`
	Dumps       int     `json:"dumps"`
	// RequestThreads is the mean number of threads that serve requests, idle ones among them.
	RequestThreads       float64 `json:"request_threads"`
	RequestThreadSeconds float64 `json:"request_thread_seconds"`
	Parts                []Part  `json:"parts"` // of request threads; they sum to the whole
	Pools                []Crew  `json:"pools,omitempty"`
}

func stampOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return say.Instant(t)
}

// Crew is the same of workers that serve no requests.
type Crew struct {
	Name          string  `json:"name"`
	Threads       float64 `json:"threads"`
	ThreadSeconds float64 `json:"thread_seconds"`
	Parts         []Part  `json:"parts"`
}

// Part is one kind of time in one place.
type Part struct {
	Kind      Kind    `json:"kind"`
	Where     string  `json:"where,omitempty"`
	Seconds   float64 `json:"seconds"`
	Share     float64 `json:"share"` // of the whole
	ClaimedBy string  `json:"claimed_by,omitempty"`
	Fault     bool    `json:"fault,omitempty"` // a finding at warning or above holds it for lost
}

// Lost is the share of the time that was neither idle nor on CPU, and how much of that findings claim, notes among them.
func Lost(parts []Part) (lost, claimed float64) {
	for _, p := range parts {
		if p.Kind.works() {
			continue
		}
		lost += p.Share
		if p.ClaimedBy != "" {
			claimed += p.Share
		}
	}
	return lost, claimed
}

// works reports whether time of a kind is no wait: at work, or without any.
func (k Kind) works() bool { return k == Idle || k == CPU || k == Running }

// Waited are the shares of the time that was neither idle nor on CPU: what findings at warning or above hold for lost, and the rest; and
// the largest part of the rest. A service that asks others all the time waits all the time and loses nothing.
func Waited(parts []Part) (lost, rest float64, largest Part) {
	of := map[string]*Part{}
	for _, p := range parts {
		switch {
		case p.Kind.works():
			continue
		case p.Fault:
			lost += p.Share
			continue
		}
		rest += p.Share
		k := string(p.Kind) + " " + p.Where
		if of[k] == nil {
			of[k] = &Part{Kind: p.Kind, Where: p.Where, ClaimedBy: p.ClaimedBy}
		}
		if of[k].Share += p.Share; of[k].Share > largest.Share {
			largest = *of[k]
		}
	}
	return lost, rest, largest
}

// State gives the account in figures. Crews smaller than minCrew, and those that were idle all the time, are left out.
func (a *Account) State(node, subject string) *Statement {
	s := &Statement{Node: node, Subject: subject, From: stampOf(a.From), SpanSeconds: a.Span.Seconds(), Dumps: len(a.Series.Dumps), Parts: []Part{}}
	requests := a.split(func(c *cell) bool { return c.request })
	s.RequestThreads, s.RequestThreadSeconds, s.Parts = requests.Threads, requests.ThreadSeconds, requests.Parts
	for _, crew := range a.Series.Crews() {
		if crew.Runtime || crew.MaxSize() < minCrew {
			continue
		}
		c := a.split(func(c *cell) bool { return c.crew == crew && !c.request })
		if len(c.Parts) == 0 || len(c.Parts) == 1 && c.Parts[0].Kind == Idle {
			continue
		}
		c.Name = crew.Name
		s.Pools = append(s.Pools, c)
	}
	return s
}

// minCrew is the number of threads from which on a crew has an account of its own.
const minCrew = 2

type partKey struct {
	kind  Kind
	where string
	claim string
	fault bool
}

// split divides the time of some cells into parts.
func (a *Account) split(keep func(*cell) bool) (c Crew) {
	c.Parts = []Part{}
	sums := map[partKey]float64{}
	threadsOf := map[*threads.Track]bool{}
	all := 0.0
	stalled := time.Duration(0)
	crews := map[*threads.Crew]bool{}
	for i := range a.cells {
		x := &a.cells[i]
		if !keep(x) {
			continue
		}
		n := float64(x.Count())
		all += n
		k := partKey{kind: x.kind, claim: x.claim, fault: x.fault}
		if x.place != nil {
			k.where = x.place.Where()
		}
		sums[k] += n
		if tr := a.Series.TrackOf(x.Thread); tr != nil {
			threadsOf[tr] = true
		}
		crews[x.crew] = true
	}
	if all == 0 {
		return c
	}
	for crew := range crews {
		stalled += a.stalls[crew]
	}
	a.divideRunning(sums, threadsOf, stalled)
	a.addStops(sums)
	c.Threads = all / float64(len(a.Series.Dumps))
	c.ThreadSeconds = c.Threads * a.Span.Seconds()
	for k, n := range sums {
		if n > 0 {
			c.Parts = append(c.Parts, Part{Kind: k.kind, Where: k.where, ClaimedBy: k.claim, Fault: k.fault, Share: n / all, Seconds: n / all * c.ThreadSeconds})
		}
	}
	slices.SortFunc(c.Parts, func(x, y Part) int {
		return cmp.Or(cmp.Compare(y.Share, x.Share), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Where, y.Where), cmp.Compare(x.ClaimedBy, y.ClaimedBy), compareBool(x.Fault, y.Fault))
	})
	return c
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return 1
	}
	return -1
}

// divideRunning splits the time that dumps show as RUNNABLE by what was counted of its threads: CPU, waiting for a CPU,
// allocation stalls.
func (a *Account) divideRunning(sums map[partKey]float64, list map[*threads.Track]bool, stalled time.Duration) {
	if a.Span <= 0 {
		return
	}
	var cpu, delay time.Duration
	known, delayed := false, false
	for tr := range list {
		if used, source := tr.CPU(tr.First, tr.Last); source != threads.NoCPU {
			cpu, known = cpu+used, true
		}
		if d := tr.Starved(tr.First, tr.Last); d >= 0 {
			delay, delayed = delay+d, true
		}
	}
	running := 0.0
	for k, n := range sums {
		if k.kind == Running {
			running += n
		}
	}
	if !known || running == 0 {
		return
	}
	per := a.perSighting()
	onCPU := min(running, cpu.Seconds()/per)
	stall := min(running-onCPU, stalled.Seconds()/per)
	wanted := 0.0
	if delayed {
		wanted = min(running-onCPU-stall, delay.Seconds()/per)
	}
	for k, n := range sums {
		if k.kind != Running {
			continue
		}
		share := n / running
		sums[partKey{CPU, k.where, k.claim, k.fault}] += share * onCPU
		sums[partKey{Stall, k.where, cmp.Or(k.claim, a.claims[Stall]), k.fault || a.faults[Stall]}] += share * stall
		sums[partKey{Runnable, k.where, cmp.Or(k.claim, a.claims[Runnable]), k.fault || a.faults[Runnable]}] += share * wanted
		sums[k] -= share * (onCPU + stall + wanted)
	}
}

// addStops takes the share of the time in which the JVM stood from all that was not idle: no dump is ever taken while
// it stands.
func (a *Account) addStops(sums map[partKey]float64) {
	if a.Span <= 0 {
		return
	}
	inGC := min(1, a.stops.GC.Seconds()/a.Span.Seconds())
	inSafepoint := min(1-inGC, a.stops.Safepoint.Seconds()/a.Span.Seconds())
	if inGC+inSafepoint == 0 {
		return
	}
	busy := 0.0
	for k, n := range sums {
		if k.kind != Idle {
			busy += n
			sums[k] = n * (1 - inGC - inSafepoint)
		}
	}
	sums[partKey{kind: GC, claim: a.claims[GC], fault: a.faults[GC]}] += busy * inGC
	sums[partKey{kind: Safepoint, claim: a.claims[Safepoint], fault: a.faults[Safepoint]}] += busy * inSafepoint
}

// Where names the place in short: "Cache in Cache.get", "ReportPool.borrow below Report.render".
func (p *Place) Where() string {
	at := ""
	if p.Site != nil {
		at = say.Short(p.Site.Func)
	}
	if p.Lock != "" {
		return LockAt(p.Lock, at)
	}
	return at
}

// LockAt names a lock by its class and by the short name of the method that takes it: "Object in Cache.get".
func LockAt(class, method string) string { return shortClass(class) + " in " + method }
