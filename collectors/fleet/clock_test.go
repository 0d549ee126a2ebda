package fleet

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	wire "casefile/bundle/format/timing"
)

// Nodes whose clocks are wrong: the offset is found within its own bound, and what
// they captured stands at its true time.
func TestClocksAreAligned(t *testing.T) {
	skews := map[string]time.Duration{"n1": 0, "n2": 3200 * time.Millisecond, "n3": -500 * time.Millisecond}
	c := newCluster(t, "n1", "n2", "n3")
	for name, skew := range skews {
		c.agent(name, dumper{skew: skew})
	}
	r := c.run(t.Context())
	if r.err != nil {
		t.Fatal(r.err)
	}
	r.complete("n1", "n2", "n3")
	for _, n := range r.Reader.Manifest.Nodes {
		wrong := math.Abs(n.OffsetMS - float64(skews[n.Name].Milliseconds()))
		if n.ErrorMS <= 0 || n.ErrorMS > 250 || wrong > n.ErrorMS {
			t.Errorf("%s: offset %v, bound %v, truth %v", n.Name, n.OffsetMS, n.ErrorMS, skews[n.Name])
		}
	}
	for name, skew := range skews {
		for _, e := range r.dumps(name) {
			wrong := e.Reference.Sub(e.Started.Add(-skew)).Abs()
			if e.Reference.IsZero() || float64(wrong)/float64(time.Millisecond) > e.ReferenceErrorMS {
				t.Errorf("%s: %v on the reference clock, wrong by %v, bound %v ms", e.Path, e.Reference, wrong, e.ReferenceErrorMS)
			}
		}
	}
	for _, round := range timingOf(t, r).Rounds {
		if len(round.Starts) != 3 {
			t.Errorf("round %d: %+v", round.Number, round.Starts)
		}
		for _, s := range round.Starts {
			// A busy machine may be late, but never early; with a clock that is not allowed for
			// one of the two that are wrong would be.
			if early := float64(round.Due.Sub(s.At)) / float64(time.Millisecond); early > s.ErrorMS {
				t.Errorf("round %d of %s: %v ms before it was due, give or take %v", round.Number, s.Node, early, s.ErrorMS)
			}
		}
	}
}

// timingOf is the record of clocks, links and rounds in a bundle.
func timingOf(t testing.TB, r *outcome) (rec wire.Record) {
	t.Helper()
	raw, err := r.Reader.ReadEntry(t.Context(), wire.RecordFile, 1<<24)
	if err == nil {
		err = json.Unmarshal(raw, &rec)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rec
}
