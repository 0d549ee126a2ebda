package capacity

import (
	"math"
	"time"

	"casefile/analyze"
	"casefile/analyze/applog"
)

// traffic is the requests that access logs tell of.
type traffic struct {
	requests int
	seconds  float64 // over which they were counted
	perSec   float64
	// busy is requests in work on average, by Little's law: their rate times how long they took; zero: the logs do not tell how long.
	busy Range
}

func (t *traffic) rate() float64 { return t.perSec }

// doubt is the relative error of what a request needs, from so many of them that differ as much as random ones do.
func (t *traffic) doubt() float64 {
	if t.requests == 0 {
		return 0
	}
	return min(0.5, sure/math.Sqrt(float64(t.requests)))
}

func (t *traffic) add(o traffic) {
	t.requests += o.requests
	t.seconds = max(t.seconds, o.seconds)
	t.perSec += o.perSec
	t.busy = Range{t.busy.Low + o.busy.Low, t.busy.High + o.busy.High}
}

// trafficOf counts the requests of a JVM within the capture.
func trafficOf(c *analyze.Case, n *analyze.Node, j *analyze.JVM) (all traffic) {
	for _, a := range j.Access {
		all.add(trafficIn(a, c.Started.Add(n.Clock.Offset), c.Ended.Add(n.Clock.Offset)))
	}
	return all
}

// trafficIn counts within whole seconds, which is what most logs write. A server that writes its log in blocks, as Tomcat does, has not written
// the last seconds when it is read: then what is missing there is no quiet.
func trafficIn(a *applog.Access, from, to time.Time) (t traffic) {
	const (
		second = time.Second
		gaps   = 10 // mean distances between requests that do not stay out by chance
	)
	if part := from.Truncate(second); part.Before(from) {
		from = part.Add(second)
	}
	to = to.Truncate(second)
	newest := a.Newest()
	var last time.Time
	n := 0
	for _, s := range newest {
		if !s.Ended.Before(from) && s.Ended.Before(to) {
			n++
			if s.Ended.After(last) {
				last = s.Ended.Truncate(second)
			}
		}
	}
	if n == 0 {
		return t
	}
	if written := last.Sub(from); to.Sub(last) > 2*second && float64(to.Sub(last)) > gaps*float64(written)/float64(n) && written > second {
		to = last
	}
	var took, steps time.Duration
	timed := 0
	for _, s := range newest {
		if s.Ended.Before(from) || !s.Ended.Before(to) {
			continue
		}
		t.requests++
		took += s.Took
		steps += max(a.TookUnit, time.Microsecond)
		if s.Took > 0 {
			timed++
		}
	}
	t.seconds = to.Sub(from).Seconds()
	if t.seconds <= 0 {
		return traffic{}
	}
	t.perSec = float64(t.requests) / t.seconds
	if timed > 0 && a.TookKnown {
		t.busy = Range{took.Seconds() / t.seconds, (took + steps).Seconds() / t.seconds}
	}
	return t
}
