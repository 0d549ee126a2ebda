// Package analyze is the analysis side: a Case holds what was captured on all
// nodes, parsed; rules look at it and report findings; Run puts them in order.
//
// Data flows one way: load makes the Case, rules read it, report prints it.
package analyze

import (
	"time"

	"casefile/analyze/gc"
	"casefile/analyze/host"
	"casefile/analyze/profile"
	"casefile/analyze/threads"
	"casefile/bundle/format/hsperf"
	"casefile/bundle/format/series"
)

// Case is one capture, or one heap of loose files.
type Case struct {
	ID      string
	Cluster string
	Started time.Time
	Ended   time.Time
	Nodes   []*Node
	// Gaps is what was to be captured and is not there.
	Gaps []Gap
	// Problems are inputs that could not be read, each with file and place.
	Problems []string
}

// Gap is a line of the coverage ledger that is a gap.
type Gap struct{ Node, Target, Item, Reason, Fix string }

// Node is one machine. Times of its evidence are on its own clock.
type Node struct {
	Name      string
	Clock     Clock
	Host      *host.Facts // nil: not captured
	JVMs      []*JVM
	Services  []*Service
	Collected int
	Failed    int
}

// Clock is the node's clock against the reference: it reads reference time plus
// Offset, give or take Error.
type Clock struct{ Offset, Error time.Duration }

// Reference maps a time of the node to the reference clock.
func (c Clock) Reference(t time.Time) time.Time { return t.Add(-c.Offset) }

// JVM is one captured JVM, or what loose files tell about one.
type JVM struct {
	Node *Node
	// Target names it within the node, "4711-confluence"; for loose files the file's name.
	Target string
	PID    int
	App    string
	// Version of the JVM, e.g. "17.0.15+6".
	Version string
	Options []string // command line up to the main class
	Flags   map[string]Flag
	// FlagsSource and OptionsSource are the entries they were read from.
	FlagsSource, OptionsSource string

	Dumps    *threads.Series // nil: none
	DumpInfo []threads.Summary
	GC       []*gc.Log      // from log files, or one from counters
	Counters *series.Series // hsperfdata over time; nil: none
	Process  *series.Series // figures of /proc/PID over time; nil: none
	// Perf is the newest whole hsperfdata file; nil: none.
	Perf       *hsperf.Snapshot
	PerfSource string
	// CountersSource and ProcessSource are the first entries of those series.
	CountersSource, ProcessSource string
}

// Subject is how findings name a JVM.
func (j *JVM) Subject() string { return j.Target }

// Flag is one line of VM.flags -all: its value and where that came from
// ("default", "command line", "ergonomic", "management", ...).
type Flag struct {
	Value, Origin string
	Line          int
}

// Service is one captured Go service.
type Service struct {
	Node       *Node
	Target     string
	Name       string
	Goroutines *threads.Series
	DumpInfo   []threads.Summary
	Profiles   []*profile.Profile
	Process    *series.Series
}

// JVMs lists the JVMs of all nodes.
func (c *Case) JVMs() []*JVM {
	var all []*JVM
	for _, n := range c.Nodes {
		all = append(all, n.JVMs...)
	}
	return all
}
