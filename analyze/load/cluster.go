package load

import (
	"fmt"
	"io"

	"casefile/analyze"
	"casefile/bundle"
	"casefile/bundle/format/tasks"
	"casefile/bundle/format/timing"
)

// readTiming reads what was measured between the nodes. The record of the start
// counts only where that of the end is missing.
func (b *builder) readTiming(e bundle.Entry, body io.Reader) error {
	rec, err := timing.Read(body)
	if err == nil && (e.Path == timing.RecordFile || b.c.Timing == nil) {
		b.c.Timing = rec
	}
	return err
}

// readProbes reads what a node measured on itself: probes.json and the series of hiccups next to it.
func (n *nodeParts) readProbes(e bundle.Entry, name string, body io.Reader) error {
	switch {
	case name == timing.ProbesFile:
		measured, err := timing.ReadNode(body)
		if err == nil {
			n.Timing, n.TimingSource = measured, e.Path
		}
		return err
	case name == timing.LinksFile:
		rec, err := timing.Read(body)
		if err == nil {
			n.links = rec.Links
		}
		return err
	case timing.HiccupSeries.Match(name):
		var source string
		return joinSeries(&n.Hiccups, &source, e, body)
	}
	return nil
}

// finishTiming gives each node its own part of the record where it sent none, and the clock of the record where
// the manifest has none: a cut bundle.
func (b *builder) finishTiming() {
	b.joinLinks()
	rec := b.c.Timing
	if rec == nil {
		return
	}
	for i := range rec.Nodes {
		if n := b.nodes[rec.Nodes[i].Name]; n != nil && n.Timing == nil {
			n.Timing, n.TimingSource = &rec.Nodes[i], timing.RecordFile
		}
	}
	for i := range rec.Links {
		l := &rec.Links[i]
		n := b.nodes[l.To]
		if n == nil || l.From != rec.Reference || l.Clock == nil || n.Clock != (analyze.Clock{}) {
			continue
		}
		offset, bound := l.Clock.Offset(rec.Started)
		n.Clock = analyze.Clock{Offset: millis(offset), Error: millis(bound)}
	}
}

// joinLinks completes the record of a cluster whose joiner was killed with what the
// nodes measured of each other. Without any record the clock of one of them is the
// reference.
func (b *builder) joinLinks() {
	rec := b.c.Timing
	if rec != nil && !rec.Ended.IsZero() {
		return
	}
	for _, n := range b.c.Nodes { // in the order of the input
		links := b.nodes[n.Name].links
		if len(links) == 0 {
			continue
		}
		if rec == nil {
			rec = &timing.Record{Version: timing.Version, Reference: n.Name, Started: b.c.Started, Ended: b.c.Ended}
		}
		rec.Links = append(rec.Links, links...)
	}
	b.c.Timing = rec
}

// readLook reads the states of all threads that were taken instead of a dump.
func (t *target) readLook(_ *builder, e bundle.Entry, body io.Reader) error {
	if t.jvm == nil {
		return nil
	}
	snap, err := tasks.Read(body)
	if err != nil {
		return fmt.Errorf("states of threads: %w", err)
	}
	look := analyze.Look{Time: snap.Started, Source: e.Path, Threads: len(snap.Tasks)}
	const head = 2 // lines before the first row
	for i, k := range snap.Tasks {
		thread := analyze.LookThread{Name: k.Comm, NID: k.NID, State: k.State, Wchan: k.Wchan, CPU: k.CPU, Line: head + 1 + i}
		switch k.State {
		case 'T', 't':
			look.Stopped++
		case 'D':
			look.Disk++
		case 'R':
			look.Running = append(look.Running, thread)
		}
		if k.Comm == "VM Thread" {
			look.VM = thread
		}
	}
	t.jvm.Looks = append(t.jvm.Looks, look)
	return nil
}
