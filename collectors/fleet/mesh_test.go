package fleet

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"casefile/bundle"
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
		if l.Clock == nil || math.Abs(l.Clock.OffsetMS-truth) > l.Clock.ErrorMS || l.Clock.ErrorMS > 250 || l.Transport != wire.UDP {
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

// A node speaks for itself, of the peers it was told of, and of no more than it may.
func TestForeignLinksAreNotTaken(t *testing.T) {
	m := &member{Node: Node{Name: "n1"}, dir: "n1", peers: &wire.Order{Peers: []wire.Peer{{Name: "n2"}}}}
	s := measured{dir: "n1"}
	for _, path := range []string{"nodes/n1/timing/" + wire.LinksFile, "nodes/n1/timing/" + wire.ProbesFile} {
		if s.peek(bundle.Entry{Path: path}) == nil {
			t.Errorf("%s is not looked at", path)
		}
	}
	if s.peek(bundle.Entry{Path: "nodes/n2/timing/" + wire.LinksFile}) != nil || s.peek(bundle.Entry{Path: wire.RecordFile}) != nil {
		t.Error("a node speaks for another")
	}
	rec := &wire.Record{Reference: "n1", Links: []wire.Link{{From: "n3", To: "n2"}, {From: "n1", To: "n3"}, {From: "n1", To: "n2"}}}
	if err := wire.Write(s.peek(bundle.Entry{Path: "nodes/n1/timing/" + wire.LinksFile}), rec); err != nil {
		t.Fatal(err)
	}
	s.read(m)
	for _, l := range m.links {
		if l.From != "n1" || l.To != "n2" {
			t.Errorf("%+v", l)
		}
	}
	if len(m.links) == 0 {
		t.Error("its own links are lost")
	}
	var flood limited
	for range 10 {
		if n, err := flood.Write(make([]byte, wire.MaxNodeBytes/4)); n != wire.MaxNodeBytes/4 || err != nil {
			t.Fatal(n, err)
		}
	}
	if flood.Len() > wire.MaxNodeBytes {
		t.Errorf("%d bytes kept", flood.Len())
	}
}
