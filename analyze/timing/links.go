package timing

import (
	"math"

	"casefile/bundle/format/timing"
)

// Link is one ordered pair of parties with what its exchanges say.
type Link struct {
	From, To  string
	Transport timing.Transport
	// When is the phase with the most exchanges; RTT, Jitter and Queue are of that one.
	When     timing.When
	RTT      timing.Spread
	JitterMS float64
	Queue    *timing.Queue
	// Count and Lost are of all phases.
	Count, Lost int
	// Verdict is of the median round trip, by the limit that the record holds.
	Verdict timing.Verdict
	Limit   *timing.Limit
	// Failure is why there is nothing, or not all.
	Failure string
	// Asymmetry is what third parties tell of it; nil: nothing.
	Asymmetry *Asymmetry
}

// LossPercent is the share of lost exchanges, 0 to 100.
func (l Link) LossPercent() float64 {
	if l.Count == 0 {
		return 0
	}
	return 100 * float64(l.Lost) / float64(l.Count)
}

// confidence95 is the quantile of the normal distribution that 2.5 % exceed.
const confidence95 = 1.96

// LossAtLeast is the lower end of the 95 % interval (Wilson) of the true loss, in percent.
func (l Link) LossAtLeast() float64 {
	if l.Count == 0 || l.Lost == 0 {
		return 0
	}
	n, p, z := float64(l.Count), float64(l.Lost)/float64(l.Count), confidence95
	center := p + z*z/(2*n)
	spread := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return 100 * max(0, (center-spread)/(1+z*z/n))
}

// Dead tells whether no exchange of the link was answered.
func (l Link) Dead() bool { return l.Count > 0 && l.Lost == l.Count }

// Asymmetry bounds by how much the way from From to To is slower than the way back,
// for the fastest messages of each. It follows from the clocks as others see them, so
// it needs a third party with faster links to both.
type Asymmetry struct{ LeastMS, MostMS float64 }

// AtLeast is by how much the two ways differ for certain: above 0 the way there is
// slower, below 0 the way back; 0 when they may be equal.
func (a Asymmetry) AtLeast() float64 {
	switch {
	case a.LeastMS > 0:
		return a.LeastMS
	case a.MostMS < 0:
		return a.MostMS
	}
	return 0
}

// Measured returns all links with their figures, in the order of the record.
func (c *Cluster) Measured() []Link {
	limit := c.limit(timing.MeasureLink)
	var list []Link
	for i := range c.Links {
		list = append(list, c.link(&c.Links[i], limit))
	}
	return list
}

// limit is the threshold that the record holds, else today's.
func (c *Cluster) limit(measure string) *timing.Limit {
	for _, l := range c.Limits {
		if l.Measure == measure {
			return &l
		}
	}
	return timing.LimitFor(measure)
}

func (c *Cluster) link(l *timing.Link, limit *timing.Limit) Link {
	out := Link{From: l.From, To: l.To, Transport: l.Transport, Failure: l.Failure, Limit: limit}
	var most *timing.Phase
	for i := range l.Phases {
		p := &l.Phases[i]
		out.Count += p.Count
		out.Lost += p.Lost
		if most == nil || p.RTT.Count > most.RTT.Count {
			most = p
		}
	}
	if most == nil || most.RTT.Count == 0 {
		return out
	}
	out.When, out.RTT, out.JitterMS, out.Queue = most.When, most.RTT, most.JitterMS, most.Queue
	out.Verdict = limit.Judge(out.RTT.P50)
	out.Asymmetry = c.asymmetry(l)
	return out
}

// asymmetry compares the offset that the link shows, if both ways were equal, with
// what third parties say it is: half of the difference of the ways stands between.
func (c *Cluster) asymmetry(l *timing.Link) *Asymmetry {
	if l.Clock == nil || c.torn {
		return nil
	}
	i, j := c.index[l.From], c.index[l.To]
	hi, back := math.Inf(1), math.Inf(1)
	for k := range c.parties {
		if k != i && k != j {
			hi = min(hi, c.direct[i][k]+c.direct[k][j])
			back = min(back, c.direct[j][k]+c.direct[k][i])
		}
	}
	if math.IsInf(hi, 0) || math.IsInf(back, 0) {
		return nil
	}
	shown, bound := l.Clock.Offset(c.moment().Add(duration(c.rough[i])))
	// The ways differ by no more than the round trip.
	return &Asymmetry{LeastMS: max(2*(shown-hi), -2*bound), MostMS: min(2*(shown+back), 2*bound)}
}
