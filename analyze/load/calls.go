package load

import (
	"io"

	"casefile/analyze/waits"
	"casefile/bundle"
	format "casefile/bundle/format/waits"
)

// readCalls reads what system call each thread was in at a dump.
func (t *target) readCalls(_ *builder, e bundle.Entry, body io.Reader) error {
	snap, err := format.Read(body)
	if snap == nil || t.jvm == nil || len(snap.Waits) == 0 {
		return err
	}
	table := &waits.Table{Source: e.Path, Taken: snap.Before.Add(snap.After.Sub(snap.Before) / 2), Calls: make([]waits.Call, len(snap.Waits))}
	for i := range snap.Waits {
		table.Calls[i] = callOf(&snap.Waits[i])
	}
	t.jvm.Calls = append(t.jvm.Calls, table)
	return err
}

// readSamples reads how often threads were found in calls between the dumps.
func (t *target) readSamples(_ *builder, e bundle.Entry, body io.Reader) error {
	all, err := format.ReadSamples(body)
	if all == nil || t.jvm == nil || len(all.Samples) == 0 {
		return err
	}
	t.jvm.Samples = &waits.Samples{Source: e.Path, Rounds: all.Rounds, List: make([]waits.Sample, len(all.Samples))}
	for i := range all.Samples {
		k := &all.Samples[i]
		t.jvm.Samples.List[i] = waits.Sample{Call: callOf(&k.Wait), Count: k.Count, Last: k.Last}
	}
	return err
}

// readPeers reads how many threads were at each peer over time.
func (t *target) readPeers(_ *builder, e bundle.Entry, body io.Reader) error {
	if t.jvm == nil {
		return nil
	}
	return joinSeries(&t.jvm.Peers, &t.jvm.PeersSource, e, body)
}

func callOf(w *format.Wait) waits.Call {
	c := waits.Call{NID: w.NID, Name: w.Call, ForRoom: w.Events == format.Out, Line: w.Line}
	switch w.Kind {
	case format.TCP:
		c.Conn = waits.ConnOf(w.Local, w.Remote)
	case format.File:
		c.File = w.Path
	}
	return c
}
