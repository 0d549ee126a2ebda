package capacity

import (
	"cmp"
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
	// GCShare is the time in collections that counts as full use of a heap.
	GCShare = analyze.NewLimit(0.20, "1", "time in collections that counts as a heap in full use", "GC log analysers: 10 % is the mark of overhead; it doubles fast from there")
)

// Resource is one thing that requests use.
type Resource struct {
	Name string // "CPU", "request threads"
	Node string // "" shared by all
	Used Range  // 0 to 1; above 1 it is wanted more than it can give
	Text string // the figures behind it
	At   []analyze.Evidence
	// Each says that every node has one of its own: a further node brings another.
	Each bool
}

// Lost is what happens to a resource of the other nodes when one dies.
type Lost struct {
	Resource
	Then Range
}

// Estimate is what a capture tells of the capacity of a cluster.
type Estimate struct {
	Nodes int
	// Rate is requests a second of all nodes together over the capture; 0: no access log tells it.
	Rate      float64
	Resources []Resource // most used first
	// First ends growth; nil: nothing was measured, or too little was used to tell.
	First  *Resource
	Growth Range // to [Full]
	Easy   Range // to [Good]
	// Shared is the share of the busy time of request threads in what all nodes share, at most.
	Shared float64
	// Further is the capacity with one more node, in times of now; Helps: the first resource grows with it.
	Further Range
	Helps   bool
	// Losses are the resources of each node that would be full when another node dies.
	Losses []Lost
	// Single are points of which there is one.
	Single []string
	// Longest is the longest stop of a JVM in the capture, and Evicted the time after which its cluster gives it up; 0 not known.
	Longest, Evicted time.Duration
}

// Of estimates.
func Of(c *analyze.Case, r *analyze.Result) *Estimate {
	e := &Estimate{Nodes: len(c.Nodes), Rate: rate(c), Resources: resources(c, r), Shared: shared(r), Single: single(c)}
	slices.SortStableFunc(e.Resources, func(a, b Resource) int { return cmp.Compare(b.Used.High, a.Used.High) })
	e.Longest, e.Evicted = stops(c)
	if len(e.Resources) > 0 && e.Resources[0].Used.High >= Told.Value {
		e.First = &e.Resources[0]
		e.Growth, e.Easy = Growth(e.First.Used, Full.Value), Growth(e.First.Used, Good.Value)
		e.Helps = e.First.Each
	}
	if e.Nodes > 0 {
		e.Further = FurtherNode(e.Nodes, e.Shared)
	}
	if e.Nodes > 1 {
		for _, x := range e.Resources {
			if then := AfterLoss(e.Nodes, x.Used, e.others(x)); x.Each && then.High >= Full.Value {
				e.Losses = append(e.Losses, Lost{x, then})
			}
		}
		slices.SortStableFunc(e.Losses, func(a, b Lost) int { return cmp.Compare(b.Then.High, a.Then.High) })
	}
	return e
}

// others are what the same resource of each other node is used; of several on one node the most used one.
func (e *Estimate) others(x Resource) (out []Range) {
	seen := map[string]bool{x.Node: true}
	for _, y := range e.Resources { // most used first
		if y.Name == x.Name && !seen[y.Node] {
			seen[y.Node] = true
			out = append(out, y.Used)
		}
	}
	return out
}
