package fleet

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	wire "casefile/bundle/format/timing"
)

// Every node measures every other one, whatever their clocks show.
func TestNodesMeasureEachOther(t *testing.T) {
	t.Parallel()
	skews := map[string]time.Duration{"n1": 0, "n2": 3200 * time.Millisecond, "n3": -500 * time.Millisecond}
	c := newCluster(t, "n1", "n2", "n3")
	for name, skew := range skews {
		c.agent(name, dumper{skew: skew})
	}
	r := c.run(t.Context())
	if r.err != nil {
		t.Fatal(r.err)
	}
	r.only()
	seen := map[string]bool{}
	for _, l := range timingOf(t, r).Links {
		if l.From == admin {
			continue
		}
		seen[l.From+" "+l.To] = true
		truth := float64((skews[l.To] - skews[l.From]).Milliseconds())
		if l.Clock == nil || math.Abs(l.Clock.OffsetMS-truth) > l.Clock.ErrorMS || l.Clock.ErrorMS > 100 || l.Transport != wire.UDP {
			t.Errorf("%s to %s, truth %v ms: %+v", l.From, l.To, truth, l.Clock)
		}
		var whens []wire.When
		for _, p := range l.Phases {
			if whens = append(whens, p.When); p.RTT.Count == 0 || p.RTT.Max <= 0 || p.Clock == nil {
				t.Errorf("%s to %s, %s: %+v", l.From, l.To, p.When, p)
			}
		}
		if want := []wire.When{wire.Before, wire.During, wire.After}; !slices.Equal(whens, want) {
			t.Errorf("%s to %s: phases %v", l.From, l.To, whens)
		}
	}
	if len(seen) != 6 {
		t.Errorf("measured %v", seen)
	}
}

// In a large cluster the traffic grows with the number of nodes, and the record
// says so.
func TestLargeMesh(t *testing.T) {
	f := &fleet{key: make([]byte, wire.KeySize), o: Options{Plan: shortPlan()}}
	for i := range 100 {
		m := &member{f: f, Node: Node{Name: fmt.Sprintf("n%d", i), Address: Address{Kind: Agent, Host: "h:7443"}}}
		m.place.UDP = 7443
		f.members = append(f.members, m)
	}
	f.introduce(f.members)
	for _, m := range f.members {
		if m.peers == nil || len(m.peers.Peers) > 16 || m.peers.Validate() != nil {
			t.Fatalf("%s asks %+v", m.Name, m.peers)
		}
	}
	if len(f.notes) != 1 {
		t.Errorf("%q", f.notes)
	}
}
