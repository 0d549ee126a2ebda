package loss

import (
	"slices"
	"time"

	"casefile/analyze/gc"
	"casefile/analyze/threads"
)

// Sighting is one thread in one dump.
type Sighting struct {
	Dump   int
	Thread *threads.Thread
}

// Count is the number of threads that the sighting stands for: above 1 in Go profiles only.
func (s Sighting) Count() int { return max(1, int(s.Thread.Count)) }

// Account is where the time of a process's threads went over a series.
type Account struct {
	Series *threads.Series
	From   time.Time     // of the first dump; zero: the dumps have no time
	Span   time.Duration // from the first dump to the last; 0 unknown, or one dump

	cells  []cell
	stops  Stops
	stalls map[*threads.Crew]time.Duration
	claims map[Kind]string // of parts that are of no thread in a dump
	faults map[Kind]bool   // of those claimed by a finding that holds them for a fault
	places map[*threads.Thread]*Place
}

// cell is one sighting with what it is counted for.
type cell struct {
	Sighting
	crew    *threads.Crew
	kind    Kind
	request bool
	place   *Place // of waits
	claim   string
	fault   bool // a finding holds it for a fault
}

// New makes the account of a series; the logs are those of the same process.
func New(s *threads.Series, logs []*gc.Log) *Account {
	a := &Account{Series: s, claims: map[Kind]string{}, faults: map[Kind]bool{}, places: map[*threads.Thread]*Place{}, stalls: map[*threads.Crew]time.Duration{}}
	n := len(s.Dumps)
	if n == 0 {
		return a
	}
	a.From, a.Span = s.Dumps[0].Time, s.Span(0, n-1)
	total := 0
	for _, d := range s.Dumps {
		total += len(d.Threads)
	}
	a.cells = make([]cell, 0, total)
	for i, d := range s.Dumps {
		for _, t := range d.Threads {
			c := s.CrewOf(t)
			if c == nil || c.Runtime {
				continue
			}
			request := c.Requests && (!c.Virtual || s.AtRequest(t))
			a.cells = append(a.cells, cell{Sighting: Sighting{i, t}, crew: c, kind: kindOf(s.Wait(t)), request: request})
		}
	}
	a.stops = stopsIn(logs, a.From, a.Span)
	a.readStalls(logs)
	a.findPlaces()
	return a
}

// Claim notes that a finding explains the time of these threads in their dumps. What is claimed stays with its first
// claimer.
func (a *Account) Claim(id string, list []*threads.Thread) {
	mine := make(map[*threads.Thread]bool, len(list))
	for _, t := range list {
		mine[t] = true
	}
	for i := range a.cells {
		if c := &a.cells[i]; c.claim == "" && c.kind != Idle && mine[c.Thread] {
			c.claim = id
		}
	}
}

// Fault notes that a finding at warning or above holds the time of these threads in their dumps for lost, and all time of some kinds: whoever
// claimed it first.
func (a *Account) Fault(list []*threads.Thread, kinds ...Kind) {
	mine := make(map[*threads.Thread]bool, len(list))
	for _, t := range list {
		mine[t] = true
	}
	for _, k := range kinds {
		a.faults[k] = true
	}
	for i := range a.cells {
		c := &a.cells[i]
		c.fault = c.fault || mine[c.Thread] || slices.Contains(kinds, c.kind)
	}
}

// ClaimKind notes that a finding explains all time of some kinds: of collections, safepoints, or of threads that had no
// CPU.
func (a *Account) ClaimKind(id string, kinds ...Kind) {
	for _, k := range kinds {
		if a.claims[k] == "" {
			a.claims[k] = id
		}
	}
	for i := range a.cells {
		if c := &a.cells[i]; c.claim == "" && slices.Contains(kinds, c.kind) {
			c.claim = id
		}
	}
}

// Each calls f for each thread of each dump with what its time went to; request says that it serves requests.
func (a *Account) Each(f func(s Sighting, kind Kind, request bool)) {
	for i := range a.cells {
		f(a.cells[i].Sighting, a.cells[i].kind, a.cells[i].request)
	}
}

// perSighting is the time that one thread in one dump stands for.
func (a *Account) perSighting() float64 { return a.Span.Seconds() / float64(len(a.Series.Dumps)) }
