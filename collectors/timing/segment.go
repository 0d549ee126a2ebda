package timing

import (
	"slices"

	"casefile/bundle/format/timing"
)

// segment is a stretch in which both clocks ran evenly.
type segment struct {
	samples []sample
	wide    *tunnel // gates of half the round trip: the truth is inside
	narrow  *tunnel // gates of half the time above the fastest: the offset is inside, apart from the constant difference of the ways
	fastest float64 // smallest delay, milliseconds
	// The line by regression.
	slope, level, center float64
}

func (s *segment) end() float64 { return s.samples[len(s.samples)-1].at }

// split cuts samples, in order of time, where no line passes on.
func split(samples []sample) []segment {
	fastest, slack := spreadOf(samples)
	narrow := make([]gate, len(samples))
	for i, s := range samples {
		narrow[i] = s.gate(min(s.delay/2+granularity, (s.delay-fastest)/2+slack))
	}
	var parts []segment
	for from := 0; from < len(samples); {
		to := reach(narrow, from)
		if to < len(narrow) {
			to = jump(narrow, from, to)
		}
		parts = append(parts, newSegment(samples[from:to], narrow[from:to]))
		from = to
	}
	return parts
}

func (s sample) gate(half float64) gate {
	return gate{at: s.at, lo: s.offset - half, hi: s.offset + half}
}

// Slack of narrow gates: what clocks and schedulers of common machines do, in
// milliseconds, and a share of the round trip below which a shift matters to nobody.
const (
	leastSlack = 0.02
	slackShare = 0.05
)

// spreadOf returns the smallest delay and how far above it the fast quarter lies:
// the noise below which no step can be told.
func spreadOf(samples []sample) (fastest, slack float64) {
	delays := make([]float64, len(samples))
	for i, s := range samples {
		delays[i] = s.delay
	}
	slices.Sort(delays)
	return delays[0], max(leastSlack, slackShare*delays[0], 2*(delays[len(delays)/4]-delays[0]))
}

// reach returns the first gate after from that no line through all before it passes.
func reach(gates []gate, from int) int {
	t := newTunnel()
	for i := from; i < len(gates); i++ {
		if !t.add(gates[i]) {
			return i
		}
	}
	return len(gates)
}

// jump returns where the new line begins that gate at belongs to. A small step may
// go unnoticed for some gates: going back from where it showed, the same holds the
// other way round, and the step is where two neighbours differ most.
func jump(gates []gate, from, at int) int {
	back := newTunnel()
	first := at
	for i := at; i > from; i-- {
		g := gates[i]
		if !back.add(gate{at: -g.at, lo: g.lo, hi: g.hi}) {
			break
		}
		first = i
	}
	best, most := at, apart(gates[at-1], gates[at])
	for i := first; i < at; i++ {
		if d := apart(gates[i-1], gates[i]); d > most {
			best, most = i, d
		}
	}
	return best
}

// apart is the distance between two gates; negative where they overlap.
func apart(a, b gate) float64 { return max(b.lo-a.hi, a.lo-b.hi) }

func newSegment(samples []sample, gates []gate) segment {
	s := segment{samples: samples, wide: newTunnel(), narrow: newTunnel(), fastest: samples[0].delay}
	for i, x := range samples {
		s.fastest = min(s.fastest, x.delay)
		s.wide.add(x.gate(x.delay/2 + granularity)) // wider than the narrow one, which a line passes
		s.narrow.add(gates[i])
	}
	s.regress(gates)
	return s
}

// regress lays a line through the samples, each weighted by how sure it is.
func (s *segment) regress(gates []gate) {
	var sw, st, so float64
	weight := func(i int) float64 { w := gates[i].hi - gates[i].lo; return 1 / (w * w) }
	for i, x := range s.samples {
		w := weight(i)
		sw, st, so = sw+w, st+w*x.at, so+w*x.offset
	}
	s.center, s.level = st/sw, so/sw
	var stt, sto float64
	for i, x := range s.samples {
		w, dt := weight(i), x.at-s.center
		stt, sto = stt+w*dt*dt, sto+w*dt*(x.offset-s.level)
	}
	if stt > 0 {
		s.slope = sto / stt
	}
	s.slope = min(max(s.slope, s.narrow.least), s.narrow.most)
	if s.narrow.most-s.narrow.least > maxSlope {
		s.slope = (s.narrow.least + s.narrow.most) / 2 // too short to tell from noise
	}
}

func (s *segment) line(at float64) float64 { return s.level + s.slope*(at-s.center) }

// leastDriftError is how evenly a quartz runs while its temperature moves, in ppm.
const leastDriftError = 0.1

// clock is the offset at a place on the axis.
func (s *segment) clock(at float64) timing.Clock {
	slopeError := max(leastDriftError/1000, s.slope-s.narrow.least, s.narrow.most-s.slope)
	least, most := max(s.wide.least, s.slope-slopeError), min(s.wide.most, s.slope+slopeError)
	if least > most {
		least, most = s.slope, s.slope
	}
	lo, hi := s.wide.bounds(at, least, most)
	bound := (hi - lo) / 2
	for i, x := range s.samples {
		away := at - x.at
		if b := x.delay/2 + granularity + slopeError*max(away, -away); i == 0 || b < bound {
			bound = b
		}
	}
	// All lines together leave less than the best exchange alone. Its bound stays the
	// one that is told: the rest is room for what is not a line.
	return timing.Clock{OffsetMS: (lo + hi) / 2, ErrorMS: max(bound, (hi-lo)/2), DriftPPM: s.slope * 1000, DriftErrorPPM: slopeError * 1000}
}

// contradict reports whether no even clock explains both segments, however the round
// trips were split between the ways.
func contradict(a, b *segment) bool {
	t := newTunnel()
	for _, g := range append(slices.Clone(a.wide.gates), b.wide.gates...) {
		if !t.add(g) {
			return true
		}
	}
	return false
}
