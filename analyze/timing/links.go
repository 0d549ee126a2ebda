package timing

import (
	"math"

	"casefile/bundle/format/timing"
)

// Link is one ordered pair of parties with what its exchanges say.
type Link struct {
	From, To  string
	Transport timing.Transport
	// When is the phase that tells how the link is: during the capture, else the one with
	// most round trips. RTT, Jitter and Queue are of that one.
	When     timing.When
	RTT      timing.Spread
	JitterMS float64
	Queue    *timing.Queue
	// Loss is that of all phases, UDP that of the phases by UDP in which anything came back:
	// where nothing ever does, a firewall drops it, which says nothing about the way.
	Loss, UDP Loss
	// Verdict is of the median round trip, by the limit that the record holds.
	Verdict timing.Verdict
	Limit   *timing.Limit
	// Failure is why there is nothing, or not all.
	Failure string
	// Asymmetry is what third parties tell of it; nil: nothing.
	Asymmetry *Asymmetry
}

// Loss is how many exchanges got no answer.
type Loss struct{ Lost, Sent int }

// Plus adds another's exchanges.
func (l Loss) Plus(o Loss) Loss { return Loss{l.Lost + o.Lost, l.Sent + o.Sent} }

// Percent is the share of lost exchanges, 0 to 100.
func (l Loss) Percent() float64 {
	if l.Sent == 0 {
		return 0
	}
	return 100 * float64(l.Lost) / float64(l.Sent)
}

// confidence95 is the quantile of the normal distribution that 2.5 % exceed.
const confidence95 = 1.96

// AtLeast is the lower end of the 95 % interval (Wilson) of the true loss, in percent.
func (l Loss) AtLeast() float64 {
	if l.Sent == 0 || l.Lost == 0 {
		return 0
	}
	n, p, z := float64(l.Sent), float64(l.Lost)/float64(l.Sent), confidence95
	center := p + z*z/(2*n)
	spread := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return 100 * max(0, (center-spread)/(1+z*z/n))
}

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
	for _, p := range l.Phases {
		loss := Loss{p.Lost, p.Count}
		out.Loss = out.Loss.Plus(loss)
		if p.Transport == timing.UDP && p.Lost < p.Count {
			out.UDP = out.UDP.Plus(loss)
		}
	}
	p := typical(l.Phases)
	if p == nil || p.RTT.Count == 0 {
		return out
	}
	out.Transport = p.Transport
	out.When, out.RTT, out.JitterMS, out.Queue = p.When, p.RTT, p.JitterMS, p.Queue
	out.Verdict = limit.Judge(out.RTT.P50)
	out.Asymmetry = c.asymmetry(l)
	return out
}

// Enough is how many round trips prove something of a link.
const Enough = 10

// typical is the phase that tells how a link is; nil: there is none.
func typical(phases []timing.Phase) (best *timing.Phase) {
	for i := range phases {
		p := &phases[i]
		if p.When == timing.During && p.RTT.Count >= Enough {
			return p
		}
		if best == nil || p.RTT.Count > best.RTT.Count {
			best = p
		}
	}
	return best
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
