package timing

import (
	"errors"
	"time"

	"casefile/bundle/format/timing"
)

// Exchange is one question and its answer: sent at T1, received at T2 and answered
// at T3 by the other clock, back at T4. All are wall clock readings. What lies
// between T1 and T4, and between T2 and T3, is taken from the monotonic readings
// where the times carry them, so that a clock that is set in between does no harm.
type Exchange struct {
	T1, T2, T3, T4 time.Time
	// Up1 is T1 and Up2 is T2 by a clock of the same side that is never set, since any
	// moment. With them an Estimator knows when a clock was set. Zero: not known; T1's
	// own monotonic reading then stands for Up1.
	Up1, Up2 time.Duration
}

// Delay is the round trip without the time the other side took.
func (x Exchange) Delay() time.Duration { return x.T4.Sub(x.T1) - x.T3.Sub(x.T2) }

// Offset is by how much the other clock is ahead if both ways took the same time:
// ((T2-T1)+(T3-T4))/2.
func (x Exchange) Offset() time.Duration { return wall(x.T2).Sub(wall(x.T1)) - x.Delay()/2 }

// ErrorBound is half of the round trip: the truth is that close to Offset.
func (x Exchange) ErrorBound() time.Duration { return x.Delay() / 2 }

// wall drops the monotonic reading.
func wall(t time.Time) time.Time { return t.Round(0) }

// Exchanges that cannot have happened as they say.
var (
	errBackwards = errors.New("timing: the answer came before the question was sent: a clock was set")
	errMissing   = errors.New("timing: an exchange without its four times")
)

// longest is the longest round trip that is taken for one.
const longest = time.Minute

// check reports whether the exchange can be.
func (x Exchange) check() error {
	switch {
	case x.T1.IsZero() || x.T2.IsZero() || x.T3.IsZero() || x.T4.IsZero():
		return errMissing
	case x.Delay() < 0 || x.T3.Sub(x.T2) < 0 || x.Delay() > longest:
		return errBackwards
	}
	return nil
}

// fromPoint turns a kept point back into an exchange, to join the phases of a link.
func fromPoint(p timing.Point) Exchange {
	rtt := millis(p.RTTMS)
	t2 := p.At.Add(millis(p.OffsetMS) + rtt/2)
	return Exchange{T1: p.At, T2: t2, T3: t2, T4: p.At.Add(rtt)}
}

func millis(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

func inMillis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
