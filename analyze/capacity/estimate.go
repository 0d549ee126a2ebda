package capacity

import (
	"cmp"
	"math"
	"slices"
	"time"

	"casefile/analyze"
)

// Marks of utilisation.
var (
	Good = analyze.NewLimit(0.7, "1", "used, up to which answers hardly wait", "Atlassian: CPU good up to 70 %; at a queue with one server waits are 2.3 services long there")
	Full = analyze.NewLimit(0.95, "1", "used, from which on nothing more is carried", "what is left is lost to bursts")
	// Told is from when on a utilisation tells where growth ends.
	Told = analyze.NewLimit(0.15, "1", "used by the busiest resource, at least", "below it other resources may end growth first that do not show yet")
	// Grows is how much of the end a resource must have reached for certain to be named.
	Grows = analyze.NewLimit(0.05, "1", "used for certain, and by what grows with the load", "else other programs of the machine use it, or what shows its use is chance; own judgement")
	// Falls is by how much a request may need less each time the load doubles.
	Falls = analyze.NewLimit(0.10, "1", "less of a resource for each request where twice as many come", "threads that are awake need not be woken, and what a JVM does of itself is shared by more: docs/limits.md measured up to 8 % of CPU")
	// GCShare is the time in collections that counts as full use of a heap.
	GCShare = analyze.NewLimit(0.20, "1", "time in collections that counts as a heap in full use", "GC log analysers: 10 % is the mark of overhead; it doubles fast from there")
)

// AtOnce is how many requests a disk without an arm may serve at the same time as fast as one.
var AtOnce = analyze.NewLimit(32.0, "requests", "that a disk without an arm may serve at once", "Serial ATA: native command queuing has 32 entries; NVMe has more")

// Resource is one thing that requests use.
type Resource struct {
	Name string // "CPU", "request threads"
	Node string // "" shared by all
	Used Range  // 0 to 1; above 1 it is wanted more than it can give
	// Fixed is the part of Used.Low that may not grow with the requests, or go: other programs of the machine, casefile's capture among them.
	Fixed float64
	// Taken is what is used at most together with what only waits for another resource; it needs the resource too while the load stays as it is.
	Taken float64
	Text  string // the figures behind it
	But   string // what has to hold for more of it to help; "" nothing
	At    []analyze.Evidence
	// Each says that every node has one of its own: a further node brings another.
	Each bool
}

// nearness is how much of the end is reached: what is used, at least what grows with the load. It is 1 over the growth that is left.
func (r *Resource) nearness() Range { return Range{max(0, r.Used.Low-r.Fixed), r.Used.High} }

// taken is what is used, with what waits for another resource.
func (r *Resource) taken() Range { return Range{r.Used.Low, max(r.Used.High, r.Taken)} }

// Lost is what happens to a resource of the other nodes when one dies.
type Lost struct {
	Resource
	Then Range
}

// Estimate is what a capture tells of the capacity of a cluster.
type Estimate struct {
	Nodes int
	// Rate is requests a second of all nodes together over the capture; 0: access logs do not tell it. Requests is how many were counted, and
	// Silent are nodes that serve requests without a log of them.
	Rate      float64
	Silent    []string
	Requests  int
	Resources []Resource // the nearest to its end first
	// First ends growth; nil: nothing was measured, or too little was used to tell.
	First *Resource
	// Near are others that may be used as much as the first: the bounds overlap.
	Near []*Resource
	// Looks is the number of dumps, and Unseen the share of the time for which a lock may be held that none of them shows.
	Looks  int
	Unseen float64
	Growth Range // until something is full, between [Full] and all of it; also where nothing is named
	Easy   Range // until answers wait, at [Good]
	// Carries is requests a second at Growth; zero: no access log tells it.
	Carries Range
	// Loads are the requests a second of several captures, and All what they carry by each of them; the low end above the high one: they do not agree.
	Loads []float64
	All   Range
	// Shared is the share of the busy time of request threads in what all nodes share, at most.
	Shared float64
	// Further is the capacity with one more node, in times of now; Helps: the first resource grows with it.
	Further Range
	Helps   bool
	// After is what each node's own resources would be used when another node dies, most used first.
	After []Lost
	// Elsewhere is where most of the requests' time goes that no resource counts.
	Elsewhere Elsewhere
	// Single are points of which there is one.
	Single []string
	// Longest is the longest stop of a JVM in the capture, and Evicted the time after which its cluster gives it up; 0 not known.
	Longest, Evicted time.Duration
}

// Of estimates.
func Of(c *analyze.Case, r *analyze.Result) *Estimate {
	m := measure(c, r)
	e := &Estimate{Nodes: len(c.Nodes), Silent: m.silent, Requests: m.total.requests, Resources: m.resources(), Looks: m.looks, Unseen: m.unseen,
		Shared: shared(r), Single: single(c), Elsewhere: elsewhere(r)}
	if len(m.silent) == 0 {
		e.Rate = m.total.rate()
	}
	slices.SortStableFunc(e.Resources, func(a, b Resource) int { return cmp.Compare(b.nearness().Middle(), a.nearness().Middle()) })
	e.Longest, e.Evicted = stops(c)
	e.grow(m.total.doubt(), m.hidden)
	if e.Nodes > 0 {
		e.Further = FurtherNode(e.Nodes, e.Shared)
	}
	if e.Nodes > 1 {
		for _, x := range e.Resources {
			if x.Each {
				then := AfterLoss(e.Nodes, x.taken(), e.others(x))
				then.Low = lightened(x.Used.Low, then.Low)
				e.After = append(e.After, Lost{x, then})
			}
		}
		slices.SortStableFunc(e.After, func(a, b Lost) int { return cmp.Compare(b.Then.Middle(), a.Then.Middle()) })
	}
	return e
}

// grow names what ends growth, and how far off that is: the nearest end of all resources, as each must bear the load, and of a lock that no dump shows.
func (e *Estimate) grow(doubt, hidden float64) {
	e.Growth, e.Easy = Range{math.Inf(1), math.Inf(1)}, Range{math.Inf(1), math.Inf(1)}
	for i := range e.Resources {
		x := &e.Resources[i]
		full, easy := Growth(x.Used, x.Fixed, Range{Full.Value, 1}), Growth(x.Used, x.Fixed, Range{Good.Value, Good.Value})
		e.Growth = Range{min(e.Growth.Low, full.Low), min(e.Growth.High, full.High)}
		e.Easy = Range{min(e.Easy.Low, easy.Low), min(e.Easy.High, easy.High)}
	}
	e.Growth.High, e.Easy.High = lighter(e.Growth.High), lighter(e.Easy.High)
	if hidden > 0 {
		e.Growth.Low, e.Easy.Low = min(e.Growth.Low, Full.Value/hidden), min(e.Easy.Low, Good.Value/hidden)
	}
	if e.Rate > 0 {
		e.Carries = Range{e.Rate * max(1, e.Growth.Low) * (1 - doubt), e.Rate * max(1, e.Growth.High) * (1 + doubt)}
	}
	first := slices.IndexFunc(e.Resources, func(x Resource) bool {
		near := x.nearness()
		return near.Low >= Grows.Value && near.Middle() >= max(Told.Value, e.Unseen)
	})
	if first < 0 {
		return
	}
	e.First = &e.Resources[first]
	e.Helps = e.First.Each
	for i := range e.Resources {
		if x := &e.Resources[i]; i != first && x.Used.High > e.First.nearness().Middle() {
			e.Near = append(e.Near, x)
		}
	}
}

// lighter is a growth that is larger where requests need less the more of them come: use = times * (1 - Falls)^log2(times), turned round.
func lighter(growth float64) float64 {
	if growth <= 1 {
		return growth
	}
	return math.Pow(growth, 1/(1+math.Log2(1-Falls.Value)))
}

// lightened is what is used where so much of now would become so much, and requests need less.
func lightened(now, then float64) float64 {
	if now <= 0 || then <= now {
		return then
	}
	return then * math.Pow(1-Falls.Value, math.Log2(then/now))
}

// Together joins what captures of the same nodes at several loads tell: the busiest one, and the requests a second that all of them allow.
func Together(list []*Estimate) *Estimate {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *Estimate) int { return cmp.Compare(a.Rate, b.Rate) })
	e := *list[len(list)-1]
	for _, one := range list {
		if one.Rate <= 0 {
			continue
		}
		if e.Loads = append(e.Loads, one.Rate); len(e.Loads) == 1 {
			e.All = one.Carries
		}
		e.All = Range{max(e.All.Low, one.Carries.Low), min(e.All.High, one.Carries.High)}
	}
	return &e
}

// others are what the same resource of each other node is used by requests; of several on one node the most used one.
func (e *Estimate) others(x Resource) (out []Range) {
	seen := map[string]bool{x.Node: true}
	for _, y := range e.Resources { // most used first
		if y.Name == x.Name && !seen[y.Node] {
			seen[y.Node] = true
			out = append(out, Range{y.Used.Low - y.Fixed, y.taken().High})
		}
	}
	return out
}
