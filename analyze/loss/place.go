package loss

import (
	"cmp"
	"slices"
	"strings"

	"casefile/analyze/threads"
)

// Place is where threads of one kind wait for one thing, over all dumps.
type Place struct {
	Crew      *threads.Crew // of most of its threads
	Requests  bool          // threads that serve requests wait here
	Kind      Kind
	Text      string // the wait in words: "waits for a permit (Semaphore)"
	Peer      string // the system asked; "" unknown
	Lock      string // class of the lock; "" no lock, or not named
	Site      *threads.Frame
	Sightings []Sighting
	PerDump   []int // threads

	key placeKey
}

type placeKey struct {
	crew       *threads.Crew // nil: request threads of any crew
	kind       Kind
	site, lock string
}

// site is the call of a stack that waits, and whom it asks.
type site struct {
	call *threads.Frame
	peer string
	own  bool
}

// findPlaces puts every waiting sighting into its place.
func (a *Account) findPlaces() {
	of := map[placeKey]*Place{}
	sites := map[*threads.Stack]site{}
	for i := range a.cells {
		c := &a.cells[i]
		if !c.kind.waits() {
			continue
		}
		w := a.Series.Wait(c.Thread)
		at, known := sites[c.Thread.Stack]
		if !known {
			at.call, at.peer, at.own = siteOf(c.Thread, w)
			sites[c.Thread.Stack] = at
		}
		switch {
		case c.kind != Socket:
		case strings.HasPrefix(at.peer, "the database"):
			c.kind = Database
		case !at.own && c.request:
			c.kind = Client
		}
		k := placeKey{kind: c.kind}
		if !c.request {
			k.crew = c.crew
		}
		if at.call != nil {
			k.site = at.call.Func
		}
		if w.Lock != nil {
			k.lock = w.Lock.Class
		}
		p := of[k]
		if p == nil {
			p = &Place{Crew: c.crew, Requests: c.request, Kind: c.kind, Text: w.Text, Peer: at.peer, Lock: k.lock, Site: at.call,
				PerDump: make([]int, len(a.Series.Dumps)), key: k}
			of[k] = p
		}
		p.add(c.Sighting)
		c.place = p
		a.places[c.Thread] = p
	}
}

func (p *Place) add(s Sighting) {
	p.Sightings = append(p.Sightings, s)
	p.PerDump[s.Dump] += s.Count()
}

// siteOf is the program's innermost call, else the call of a library that waits.
// own is false where the server itself waits for its user's client.
func siteOf(t *threads.Thread, w threads.Wait) (at *threads.Frame, peer string, own bool) {
	site, peer, own := threads.CallSite(t.Stack.Frames)
	switch {
	case w.Caller != nil:
		return w.Caller, peer, own
	case own:
		return site, peer, own
	case w.Site != nil:
		return w.Site, peer, own
	case len(t.Stack.Frames) > 0:
		return t.Stack.Frames[0], peer, own
	}
	return nil, peer, own
}

// Places gives all places where threads wait, those with most threads first.
func (a *Account) Places() []*Place {
	seen := map[*Place]bool{}
	var out []*Place
	for i := range a.cells {
		if p := a.cells[i].place; p != nil && !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	sortPlaces(out)
	return out
}

// Unclaimed gives the places as they are without what findings claim.
func (a *Account) Unclaimed() []*Place {
	of := map[*Place]*Place{}
	var out []*Place
	for i := range a.cells {
		c := &a.cells[i]
		if c.place == nil || c.claim != "" {
			continue
		}
		p := of[c.place]
		if p == nil {
			rest := *c.place
			rest.Sightings, rest.PerDump = nil, make([]int, len(a.Series.Dumps))
			p = &rest
			of[c.place] = p
			out = append(out, p)
		}
		p.add(c.Sighting)
	}
	sortPlaces(out)
	return out
}

func sortPlaces(list []*Place) {
	slices.SortStableFunc(list, func(a, b *Place) int {
		return cmp.Or(cmp.Compare(b.Total(), a.Total()), cmp.Compare(a.key.site, b.key.site), cmp.Compare(a.key.kind, b.key.kind))
	})
}

// PlaceOf is where a thread of a dump waits; nil: it does not.
func (a *Account) PlaceOf(t *threads.Thread) *Place { return a.places[t] }

// Total is threads times dumps.
func (p *Place) Total() int {
	n := 0
	for _, k := range p.PerDump {
		n += k
	}
	return n
}

// Peak is the largest number of threads in one dump, and which dump that is.
func (p *Place) Peak() (n, dump int) {
	for i, k := range p.PerDump {
		if k > n {
			n, dump = k, i
		}
	}
	return n, dump
}

// Dumps is how many dumps show at least so many threads in the place.
func (p *Place) Dumps(atLeast int) int {
	n := 0
	for _, k := range p.PerDump {
		if k >= atLeast {
			n++
		}
	}
	return n
}

// Path is the program's calls that all stacks of the place have in common, innermost first: the way up to where they
// split.
func (p *Place) Path() []*threads.Frame {
	var path []*threads.Frame
	for i, s := range p.Sightings {
		own := threads.Calls(s.Thread.Stack.Frames)
		if i == 0 {
			path = own
			continue
		}
		n := 0
		for n < len(path) && n < len(own) && path[n].Func == own[n].Func {
			n++
		}
		path = path[:n]
	}
	return path
}

// Branch is one way by which threads came to a place.
type Branch struct {
	Call  *threads.Frame
	Count int // threads times dumps
}

// Branches are the calls next to the common path, most frequent first; none where all came one way to the end.
func (p *Place) Branches() []Branch {
	n := len(p.Path())
	at := map[string]int{}
	var out []Branch
	for _, s := range p.Sightings {
		own := threads.Calls(s.Thread.Stack.Frames)
		if n >= len(own) {
			continue
		}
		k, seen := at[own[n].Func]
		if !seen {
			k = len(out)
			at[own[n].Func] = k
			out = append(out, Branch{Call: own[n]})
		}
		out[k].Count += s.Count()
	}
	slices.SortStableFunc(out, func(a, b Branch) int { return cmp.Compare(b.Count, a.Count) })
	return out
}

// Standing are the threads of a place that stood in it on one stack over all dumps of the series, without CPU. Proven:
// their CPU was counted.
func (a *Account) Standing(p *Place) (tracks []*threads.Track, proven bool) {
	n := len(a.Series.Dumps)
	if n < 2 {
		return nil, false
	}
	proven = true
	for _, s := range p.Sightings {
		if s.Dump != 0 {
			continue
		}
		tr := a.Series.TrackOf(s.Thread)
		same, sure := a.Series.Stood(tr, 0, n-1)
		if same {
			tracks = append(tracks, tr)
			proven = proven && sure
		}
	}
	return tracks, proven && len(tracks) > 0
}

// Lasting is the share of a place's sightings, dumps after the first, in which the thread had stood there since the
// dump before; known is false where no dump follows another.
func (a *Account) Lasting(p *Place) (share float64, known bool) {
	stood, all := 0, 0
	for _, s := range p.Sightings {
		if s.Dump+1 >= len(a.Series.Dumps) {
			continue
		}
		tr := a.Series.TrackOf(s.Thread)
		all += s.Count()
		if same, _ := a.Series.Stood(tr, s.Dump, s.Dump+1); same {
			stood += s.Count()
		}
	}
	if all == 0 {
		return 0, false
	}
	return float64(stood) / float64(all), true
}
