// Package timing measures from cluster/timing.json and the nodes' probes.json what
// rules ask: how far clocks are apart, which links are slow, lossy or lopsided, when
// machines stalled, and how long databases, folders and name servers took.
//
// Every figure that compares clocks comes with bounds that hold: a rule that says
// "at least" may rely on it. Milliseconds everywhere.
package timing

import (
	"casefile/bundle/format/timing"
)

// Cluster is what was measured between the parties of a capture.
type Cluster struct {
	*timing.Record
	// Source is the entry it was read from.
	Source string

	parties []string
	rough   []float64 // offset of each against the reference, without bounds
	index   map[string]int
	// direct[i][j] is how far ahead of i's clock j's is at most, by their own link; all
	// is the same by every way from i to j.
	direct, all [][]float64
	// torn: the links contradict each other, so clocks were set or ran unevenly in
	// between; then all is direct.
	torn bool
}

// Node is what one node measured on itself.
type Node struct {
	*timing.Node
	Source string
}

// New takes a record that was read.
func New(source string, rec *timing.Record) *Cluster {
	c := &Cluster{Record: rec, Source: source, index: map[string]int{}}
	c.bounds()
	return c
}
