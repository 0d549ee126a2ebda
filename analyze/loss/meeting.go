package loss

import (
	"slices"
	"strings"
	"time"

	"casefile/analyze/threads"
)

// Meeting is how goroutines meet at one object, by its address: others in each dump perhaps, but for the same thing.
type Meeting struct {
	Object uint64  // at which most stand in the dump with most of them; 0: the dumps give none
	Share  float64 // of the place's goroutines that stand with most others of their dump at one object
}

// meetShare is the share from which on goroutines meet at one object: some may be on their way to it.
const meetShare = 0.8

// AtOne reports whether most goroutines meet there.
func (m Meeting) AtOne() bool { return m.Share >= meetShare }

// Meeting says whether the goroutines of a place meet at one object, dump by dump.
func (p *Place) Meeting() (m Meeting) {
	at := make([]map[uint64]int, len(p.PerDump))
	for _, s := range p.Sightings {
		if s.Thread.Object == 0 {
			continue
		}
		if at[s.Dump] == nil {
			at[s.Dump] = map[uint64]int{}
		}
		at[s.Dump][s.Thread.Object]++
	}
	together, largest := 0, 1
	for _, objects := range at {
		most := 1
		for object, n := range objects {
			if n > most {
				most = n
			}
			if n > largest {
				largest, m.Object = n, object
			}
		}
		if most > 1 {
			together += most
		}
	}
	if all := p.Total(); all > 0 {
		m.Share = float64(together) / float64(all)
	}
	return m
}

// Stay is how long each request is in a place on average, at least.
type Stay struct {
	Time      time.Duration // 0: the dumps have no times
	Intervals float64       // the same in times between two dumps; 0: nothing tells
}

// Known reports whether anything tells how long it is.
func (s Stay) Known() bool { return s.Intervals > 0 }

// spareNumbers are goroutine ids that may be given out between two dumps without a new goroutine: each P takes 16 at a time
// (runtime/proc.go, _GoidCacheBatch).
const spareNumbers = 16

// Stay tells by Little's law how long requests are in a place: as many as stand there on average, by as many as come in the time. A server
// of HTTP or gRPC makes a new goroutine for each request at least - HTTP/1 one that watches the connection - and goroutines are numbered in
// the order in which they are made: no more requests have come than numbers were given, by as many as each request is seen to need.
func (a *Account) Stay(p *Place) (s Stay) {
	last := len(a.Series.Dumps) - 1
	if last < 1 || slices.ContainsFunc(p.Sightings, func(s Sighting) bool { return !byGoroutine(s.Thread) }) {
		return s
	}
	from, to := highest(a.Series.Dumps[0]), highest(a.Series.Dumps[last])
	if to < from {
		return s
	}
	made := float64(to-from) + spareNumbers
	mean := float64(p.Total()) / float64(last+1) * a.needed(p)
	s.Intervals = mean * float64(last) / made
	s.Time = time.Duration(mean / made * float64(a.Span))
	return s
}

// needed is how many goroutines each request in a place has made, or was made for it, on average: those that it has started and that still
// are, and its own where a dump shows it for the first time. 1 at least.
func (a *Account) needed(p *Place) float64 {
	waits := numbersOf(p)
	n := 0
	for i := range a.cells {
		if c := &a.cells[i]; c.Thread.Parent != 0 && waits[c.Dump][c.Thread.Parent] {
			n++
		}
	}
	later, fresh := 0, 0
	for _, s := range p.Sightings {
		if s.Dump == 0 {
			continue
		}
		later++
		if a.Series.TrackOf(s.Thread).First == s.Dump {
			fresh++
		}
	}
	own := 0.0
	if later > 0 {
		own = float64(fresh) / float64(later)
	}
	return max(1, float64(n)/float64(len(p.Sightings))+own)
}

// numbersOf are the numbers of a place's goroutines, dump by dump.
func numbersOf(p *Place) []map[int64]bool {
	numbers := make([]map[int64]bool, len(p.PerDump))
	for _, s := range p.Sightings {
		if numbers[s.Dump] == nil {
			numbers[s.Dump] = map[int64]bool{}
		}
		numbers[s.Dump][s.Thread.Num] = true
	}
	return numbers
}

// highest is the largest number of a goroutine.
func highest(d *threads.Dump) (n int64) {
	for _, t := range d.Threads {
		n = max(n, t.Num)
	}
	return n
}

// serving are the methods that a server's goroutine begins with of which each request makes one, or has one made.
var serving = []string{"net/http.(*conn).serve", "net/http.(*http2serverConn).runHandler", "golang.org/x/net/http2.(*serverConn).runHandler",
	"google.golang.org/grpc.(*Server).serveStreams.", "google.golang.org/grpc.(*Server).handleStream"}

// byGoroutine reports whether each request on such a stack is known to cost a goroutine.
func byGoroutine(t *threads.Thread) bool {
	frames := t.Stack.Frames
	if t.Num == 0 || len(frames) == 0 {
		return false
	}
	begun := frames[len(frames)-1].Func
	return slices.ContainsFunc(serving, func(s string) bool { return strings.HasPrefix(begun, s) })
}

// Made are the goroutines that those of a place have started and that are at work, in the dumps that show both.
func (a *Account) Made(p *Place) (list []Sighting) {
	waits := numbersOf(p)
	for i := range a.cells {
		if c := &a.cells[i]; c.kind != Idle && c.Thread.Parent != 0 && waits[c.Dump][c.Thread.Parent] && !watches(c.Thread) {
			list = append(list, c.Sighting)
		}
	}
	return list
}

// watches reports whether a goroutine is the server's own.
func watches(t *threads.Thread) bool { return strings.HasPrefix(t.Name, "net/http.") }
