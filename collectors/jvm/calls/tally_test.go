package calls

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"casefile/bundle/format/waits"
)

// Connections of a process that opens more than the table holds become one row of their peer.
func TestTallyFolds(t *testing.T) {
	ta := newTally()
	now := time.Now()
	peer := netip.MustParseAddrPort("10.0.0.5:5432")
	ta.begin(now)
	all := waits.MaxSamples + 10
	for i := range all {
		if i == waits.MaxSamples-1 {
			now = now.Add(2 * foldAfter)
			for range mostSkipped + 2 {
				ta.begin(now)
			}
		}
		f := found{tid: 7, call: call{name: "read", fd: 5}, link: fmt.Sprintf("socket:[%d]", i)}
		r := ta.at(&thread{found: f})
		if r == nil {
			t.Fatalf("no room for the %dth", i)
		}
		local := netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), uint16(i))
		r.object.Object = waits.Object{Kind: waits.TCP, Local: local, Remote: peer}
		ta.see(r, 1)
	}
	s := ta.Samples(1)
	sum := 0
	for _, k := range s.Samples {
		sum += k.Count
		if k.Remote != peer {
			t.Errorf("%+v", k)
		}
	}
	if first := s.Samples[0]; sum != all || s.LeftOut > 0 || len(s.Samples) > 20 || first.Local.IsValid() ||
		first.Count < waits.MaxSamples-1 || first.FD != waits.NoFD {
		t.Errorf("%d found in %d rows, left out %d, first %+v", sum, len(s.Samples), s.LeftOut, first)
	}
}

// Files are not folded: what has no room is counted.
func TestTallyIsBounded(t *testing.T) {
	ta := newTally()
	ta.begin(time.Now())
	for i := range waits.MaxSamples + 3 {
		f := found{tid: 7, call: call{name: "fsync", fd: 5}, link: fmt.Sprintf("/data/%d", i)}
		if r := ta.at(&thread{found: f}); r != nil {
			ta.see(r, 1)
		}
	}
	if s := ta.Samples(1); len(s.Samples) != waits.MaxSamples || s.LeftOut != 3 || s.Samples[0].Path == "" {
		t.Errorf("%d rows, left out %d", len(s.Samples), s.LeftOut)
	}
}
