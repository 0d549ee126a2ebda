package dumps

import (
	"fmt"
	"slices"

	"casefile/analyze/loss"
	"casefile/analyze/rules/views"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

// hurtsGoroutines: goroutines are made for each request, so that a share alone tells little of how long each stands: a service that does
// nothing but ask has all of them there. Many in one place that stay there do, and many who wait long.
func (w *place) hurtsGoroutines(peak int) bool {
	if !w.numbered() {
		return w.Requests && slices.Min(w.PerDump) >= standThreads.Value && w.lost.Share >= waitHalf.Value
	}
	if !w.Requests {
		return false
	}
	return w.remains(peak) || w.waitsLong() || w.lost.Share >= waitHalf.Value && w.crowds(standThreads.Value)
}

// remains reports whether most goroutines of the place are there in all dumps, in the same request.
func (w *place) remains(peak int) bool {
	return peak >= standThreads.Value && len(w.standing) >= standThreads.Value && 2*len(w.standing) >= peak
}

// waitsLong reports whether a good part of the requests is in the place, and each for long, although they change from dump to dump.
func (w *place) waitsLong() bool {
	least := ownStay.Value
	if w.meeting.AtOne() || w.bounded() {
		least = meetStay.Value
	}
	enough := w.stay.Time >= least
	if w.stay.Time == 0 { // without times; dumps are some seconds apart
		enough = w.stay.Intervals >= float64(least)/float64(standSpan.Value)
	}
	return w.Requests && w.stay.Known() && enough && w.lost.Share >= waitAnyShare.Value && w.crowds(waitThreads.Value)
}

// mayStream reports whether the goroutines are in a select of the handler itself for long, nobody is past it, and none has started others: a
// stream of events and a long poll stand like that for as long as their client listens. A plain receive or send does not see that the client
// is gone.
func (w *place) mayStream() bool {
	if w.v.JVM != nil || w.Kind != loss.Queue || !w.remains(w.peak()) && w.stay.Time < streamStay.Value || w.past() {
		return false
	}
	return !slices.ContainsFunc(w.Sightings, func(s views.Sighting) bool {
		return s.Thread.StateText != "select" || !threads.InHandler(s.Thread.Stack.Frames)
	})
}

// crowds reports whether half of the dumps show so many threads in the place, and two at least.
func (w *place) crowds(least int) bool {
	n := w.Dumps(least)
	return n >= 2 && 2*n >= w.v.Dumps()
}

// numbered reports whether the goroutines can be found again in the next dump: at debug=1 they have no numbers.
func (w *place) numbered() bool { return w.Sightings[0].Thread.Num != 0 }

// meets says of goroutines at which object they meet, and how long each is there.
func (w *place) meets() (text string) {
	if w.mayStream() {
		return " A stream of events and a long poll stand like that by design, for as long as their client listens."
	}
	if w.meeting.AtOne() {
		text = fmt.Sprintf(" In each dump they stand at one object (%#x in the fullest), so that it is one thing they all wait for.", w.meeting.Object)
	}
	switch {
	case w.remains(w.peak()):
	case w.waitsLong() && w.stay.Time > 0:
		text += fmt.Sprintf(" They are others from dump to dump, and each stands there for %s or longer on average: no more goroutines were made "+
			"in the time than that.", say.Seconds(w.stay.Time))
	case !w.waitsLong():
		text += " They are others from dump to dump, and the dumps do not tell how long each stands there: the response times of the service do."
	}
	return text
}
