package compare

import (
	"cmp"
	"maps"
	"math"
	"net/netip"
	"slices"

	"casefile/analyze/compare/stats"
	"casefile/analyze/loss"
	calls "casefile/analyze/waits"
	format "casefile/bundle/format/waits"
)

// atPeers is the flow of the time, in seconds, that the threads of a process spent at peers of some kinds. It is counted
// several times a second where a dump shows one moment; the dumps say what the peers are. Nil: they do not.
func (s *subject) atPeers(kinds []loss.Kind) *flow {
	if s.jvm == nil || s.jvm.Peers == nil {
		return nil
	}
	series := s.jvm.Peers
	rounds := series.Values(format.RoundsSoFar)
	var counts [][]float64
	standing := 0.0 // threads that serve nothing and wait there too
	for _, name := range series.Names() {
		if slices.Contains(kinds, s.kindOfPeer(name)) {
			counts = append(counts, series.Values(name))
			standing += s.standingAt(name)
		}
	}
	if len(counts) == 0 || rounds == nil {
		return nil
	}
	f := &flow{}
	last, lastRounds := 0.0, math.NaN()
	for i, at := range series.Times {
		sum := 0.0
		for _, c := range counts {
			if c[i] == c[i] { // not known yet: nobody was there
				sum += c[i]
			}
		}
		switch more := rounds[i] - lastRounds; {
		case len(f.at) == 0:
			f.add(seconds(at), 0)
		case more > 0:
			mean := max(0, (sum-last)/more-standing)
			f.add(seconds(at), mean*(seconds(at)-f.to()))
		default:
			continue
		}
		last, lastRounds = sum, rounds[i]
	}
	return f
}

// kindOfPeer is what most threads that the dumps show at a peer wait for; empty: they show none there.
func (s *subject) kindOfPeer(name string) loss.Kind {
	if s.memo.peers == nil {
		s.memo.peers = s.readPeers()
	}
	if at, ok := format.AddressOf(name); ok {
		return s.memo.peers[calls.ConnOf(at, at).Remote]
	}
	return ""
}

func (s *subject) standingAt(name string) (threads float64) {
	at, ok := format.AddressOf(name)
	all := s.jvm.Samples
	if !ok || all == nil || all.Rounds == 0 {
		return 0
	}
	for _, k := range all.List {
		if k.Conn.Remote == calls.Plain(at) && !s.memo.working[k.NID] {
			threads += float64(k.Count) / float64(all.Rounds)
		}
	}
	return threads
}

// sampledKinds says, for each wait, whether it is counted at peers on both sides: two ways of counting are not compared.
func (p *Pair) sampledKinds() {
	all := slices.Concat(p.before, p.after)
	for _, w := range waitKinds {
		sampled := w.remote && !slices.ContainsFunc(all, func(s *subject) bool { return !s.atPeers(w.kinds).known() })
		for _, s := range all {
			if s.memo.sampled == nil {
				s.memo.sampled = map[string]*flow{}
			}
			if sampled {
				s.memo.sampled[w.name] = s.atPeers(w.kinds)
			}
		}
	}
}

// inWaitAtPeers is how many threads were in a wait, or which share of so many.
func inWaitAtPeers(f *flow, of []float64) (stats.Sample, bool) {
	out, ok := perSecond(f)
	if n := sumOf(of); n > 0 {
		out.Scale = float64(len(of)) / n
	}
	return out, ok
}

// readPeers finds what the peers are by what the dumps show of the threads in calls on their connections.
func (s *subject) readPeers() map[netip.AddrPort]loss.Kind {
	s.memo.working = map[int64]bool{}
	out := map[netip.AddrPort]loss.Kind{}
	if s.waitsOf() == nil {
		return out
	}
	seen := map[netip.AddrPort]map[loss.Kind]int{}
	requests := s.memo.waits.requests
	loss.New(s.jvm.Dumps, s.jvm.GC).Each(func(at loss.Sighting, kind loss.Kind, request bool) {
		if request != requests || kind == loss.Idle {
			return
		}
		s.memo.working[at.Thread.NID] = true
		call, ok := s.jvm.CallsAt(s.jvm.Dumps.Dumps[at.Dump]).Of(at.Thread.NID)
		if !ok || !call.Conn.Known() {
			return
		}
		peer := call.Conn.Remote
		if seen[peer] == nil {
			seen[peer] = map[loss.Kind]int{}
		}
		seen[peer][kind]++
	})
	for peer, kinds := range seen {
		list := slices.Sorted(maps.Keys(kinds))
		out[peer] = slices.MaxFunc(list, func(a, b loss.Kind) int { return cmp.Compare(kinds[a], kinds[b]) })
	}
	return out
}
