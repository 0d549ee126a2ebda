package timing

import (
	"time"

	"casefile/bundle/format/timing"
)

// pointsKept is how many points of a run go into the record.
const pointsKept = 16

// Tally sums up one run of exchanges with one party, for any transport. It is not
// safe for concurrent use.
type Tally struct {
	transport timing.Transport
	started   time.Time
	sent      int
	answered  int
	refused   int
	rtt       *dist
	estimator Estimator
}

// NewTally starts a run at a moment of the own clock.
func NewTally(transport timing.Transport, started time.Time) *Tally {
	return &Tally{transport: transport, started: started, rtt: newDist()}
}

// Sent counts a question.
func (t *Tally) Sent() { t.sent++ }

// Answered takes the exchange of a question that was Sent.
func (t *Tally) Answered(x Exchange) {
	t.answered++
	if err := t.estimator.Add(x); err != nil {
		t.refused++
		return
	}
	t.rtt.add(x.Delay())
}

// Measured sums up; the offset is that of the end.
func (t *Tally) Measured(ended time.Time) *timing.Measured {
	m := &timing.Measured{Transport: t.transport, Started: wall(t.started), Ended: wall(ended),
		Count: t.sent, Lost: max(0, t.sent-t.answered), Refused: t.refused,
		RTT: t.rtt.spread(), JitterMS: t.rtt.jitter(), Queue: t.estimator.Queue(), Points: t.estimator.Points(pointsKept)}
	if c, known := t.estimator.At(ended); known {
		c.At = wall(c.At)
		m.Clock = &c
	}
	return m
}
