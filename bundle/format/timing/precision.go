package timing

import (
	"encoding/json"
	"math"
	"time"
)

// What is written has moments to the microsecond and lengths to a tenth of it, which is finer than two clocks can be read.
// Bounds grow by what that moved, so that they stay bounds.
const (
	momentGrain = time.Microsecond
	grain       = 1e-4 // milliseconds, or microseconds a second
)

func rounded(v float64) float64 { return math.Round(v/grain) / (1 / grain) }

// within is a bound for the rounded value that the bound of the exact one implies. What is rounded stays as it is.
func within(bound, exact float64) float64 {
	const noise = 1e-6 // of numbers that are no binary fractions, in grains
	return math.Ceil((bound+math.Abs(rounded(exact)-exact))/grain-noise) / (1 / grain)
}

// MarshalJSON rounds what is written.
func (p Point) MarshalJSON() ([]byte, error) {
	type plain Point
	p.At, p.OffsetMS, p.RTTMS = p.At.Round(momentGrain), rounded(p.OffsetMS), 2*within(p.RTTMS/2, p.OffsetMS)
	return json.Marshal(plain(p))
}

// MarshalJSON rounds what is written.
func (c Clock) MarshalJSON() ([]byte, error) {
	type plain Clock
	c.OffsetMS, c.ErrorMS = rounded(c.OffsetMS), within(c.ErrorMS, c.OffsetMS)
	c.DriftPPM, c.DriftErrorPPM = rounded(c.DriftPPM), within(c.DriftErrorPPM, c.DriftPPM)
	return json.Marshal(plain(c))
}

// MarshalJSON rounds what is written.
func (q Queue) MarshalJSON() ([]byte, error) {
	type plain Queue
	return json.Marshal(plain{rounded(q.ThereP90), rounded(q.BackP90)})
}

// MarshalJSON rounds what is written.
func (h Hiccup) MarshalJSON() ([]byte, error) {
	type plain Hiccup
	return json.Marshal(plain{h.At.Round(momentGrain), rounded(h.LateMS)})
}
