package timing

import "math"

// An exchange at time t says that the offset lay between lo and hi. If both clocks
// run evenly, the offset is a straight line in time that passes between lo and hi
// of every exchange: a line through a tunnel. What lines there are says how much
// is known of offset and drift; that there is none says that a clock was set.

// gate is one exchange: seconds since the first one, and milliseconds.
type gate struct{ at, lo, hi float64 }

// tunnel holds gates that some line passes, in order of time.
type tunnel struct {
	gates []gate
	// slopes that a line through all gates may have, in milliseconds a second.
	least, most float64
}

// maxSlope is the drift between two clocks that is taken for one. Linux corrects the
// rate of a clock by up to 500 ppm (adjtimex(2)); what runs faster is being set.
const maxSlope = 0.5 // 500 ppm in ms/s

func newTunnel() *tunnel { return &tunnel{least: -maxSlope, most: maxSlope} }

// add takes one more gate, later than all others; false: no line passes it too, and
// the tunnel is as before.
func (t *tunnel) add(g gate) bool {
	least, most := t.least, t.most
	for _, old := range t.gates {
		dt := g.at - old.at
		if dt <= 0 {
			if g.lo > old.hi || g.hi < old.lo {
				return false
			}
			continue
		}
		least = max(least, (g.lo-old.hi)/dt)
		most = min(most, (g.hi-old.lo)/dt)
		if least > most {
			return false
		}
	}
	t.gates, t.least, t.most = append(t.gates, g), least, most
	return true
}

// bounds returns between what the lines lie at a time, given slopes from least to most.
func (t *tunnel) bounds(at, least, most float64) (lo, hi float64) {
	// For a slope s the line is at most min(hi + s*(at-t)): concave in s, so the best
	// slope is found by halving; likewise for lo.
	ceiling := func(s float64) float64 {
		c := math.Inf(1)
		for _, g := range t.gates {
			c = min(c, g.hi+s*(at-g.at))
		}
		return c
	}
	floor := func(s float64) float64 {
		f := math.Inf(-1)
		for _, g := range t.gates {
			f = max(f, g.lo+s*(at-g.at))
		}
		return f
	}
	hi = highest(ceiling, least, most)
	lo = -highest(func(s float64) float64 { return -floor(s) }, least, most)
	return lo, hi
}

// highest is the maximum of a concave function.
func highest(f func(float64) float64, a, b float64) float64 {
	for range 60 {
		l, r := a+(b-a)/3, b-(b-a)/3
		if f(l) < f(r) {
			a = l
		} else {
			b = r
		}
	}
	return max(f(a), f(b), f((a+b)/2))
}
