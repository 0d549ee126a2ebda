package fleet

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"casefile/bundle"
	"casefile/bundle/format/entries"
	wire "casefile/bundle/format/timing"
	"casefile/bundle/redact"
)

// admin is the name of this machine among the parties: its clock is the reference.
const admin = "admin"

// writeStart puts the clocks into the bundle before anything else: should this
// process be killed, what the nodes had sent has one time axis all the same.
func (f *fleet) writeStart() {
	rec := wire.Record{Version: wire.Version, Reference: admin, Started: f.start}
	for _, m := range f.members {
		rec.Links = append(rec.Links, m.link())
	}
	f.write(wire.StartFile, rec)
}

// write adds a record; one that cannot be written costs nothing else.
func (f *fleet) write(name string, rec wire.Record) {
	text, err := json.MarshalIndent(rec, "", " ")
	if err == nil {
		err = f.w.Add(bundle.Entry{Path: name, Collector: entries.CollectorTiming, Started: f.start}, redact.JSON, text)
	}
	if err != nil {
		f.w.Cover(bundle.Coverage{Node: admin, Collector: entries.CollectorFleet, Item: name, Status: bundle.Failed, Cause: entries.CauseOf(err), Reason: err.Error(), Fix: "free space where the bundle is written"})
	}
}

// writeTiming puts the clocks, links and rounds into the bundle.
func (f *fleet) writeTiming() {
	rec := wire.Record{Version: wire.Version, Reference: admin, Started: f.start, Ended: time.Now()}
	for _, m := range f.members {
		rec.Links = append(rec.Links, m.link())
	}
	for _, m := range f.members {
		rec.Links = append(rec.Links, m.links...)
		if m.own.Version > 0 {
			rec.Nodes = append(rec.Nodes, m.own)
		}
	}
	f.thin(rec.Links)
	rec.Limits, rec.Notes = wire.Limits(), f.notes
	rec.Rounds = f.rounds()
	f.w.Update(func(man *bundle.Manifest) { f.clocks(man) })
	f.write(wire.RecordFile, rec)
}

// clocks fills in the clock model of each node.
func (f *fleet) clocks(man *bundle.Manifest) {
	for _, m := range f.members {
		i := slices.IndexFunc(man.Nodes, func(n bundle.Node) bool { return n.Name == m.Name })
		if i < 0 {
			man.Nodes = append(man.Nodes, bundle.Node{Name: m.Name})
			i = len(man.Nodes) - 1
		}
		n := &man.Nodes[i]
		n.OS, n.Arch, n.Kernel, n.Labels = m.hello.OS, m.hello.Arch, m.kernel, m.Labels
		m.mu.Lock()
		if c, ok := m.clock.At(f.start); ok {
			n.OffsetMS, n.ErrorMS, n.DriftPPM = c.OffsetMS, c.ErrorMS, c.DriftPPM
		}
		m.mu.Unlock()
	}
}

var dumpPath = regexp.MustCompile(`^nodes/[^/]+/(?:jvm/[^/]+/threads/dump-(\d+)\.txt|go/[^/]+/goroutines/(\d+)\.txt)$`)

// rounds tells when each node really began each round of dumps.
func (f *fleet) rounds() []wire.Round {
	var rounds []wire.Round
	for k := range f.o.Plan.Dumps {
		rounds = append(rounds, wire.Round{Number: k + 1, Due: f.o.Plan.Due(f.start, k)})
	}
	for _, e := range f.w.Manifest().Entries {
		found := dumpPath.FindStringSubmatch(e.Path)
		if found == nil || e.Reference.IsZero() {
			continue
		}
		k, err := strconv.Atoi(found[1] + found[2])
		if err != nil || k < 1 || k > len(rounds) {
			continue
		}
		rounds[k-1].Starts = append(rounds[k-1].Starts, wire.Start{Node: e.Node, At: e.Reference, ErrorMS: e.ReferenceErrorMS})
	}
	for i := range rounds {
		rounds[i].Measure()
	}
	return rounds
}

// link sums up the exchanges with a node.
func (m *member) link() wire.Link {
	l := wire.Link{From: admin, To: m.Name, Transport: wire.HTTP}
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.clock.At(m.f.start); ok {
		l.Clock = &c
	}
	l.Phases = m.phases
	switch {
	case m.err != nil:
		l.Failure = m.err.Error()
	case m.late != nil:
		l.Failure = fmt.Sprintf("ended early: %v", m.late)
	}
	return l
}
