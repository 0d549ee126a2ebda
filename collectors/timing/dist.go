package timing

import (
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"casefile/bundle/format/timing"
)

// dist is a distribution of durations. It is not safe for concurrent use.
type dist struct {
	h           *hdr.Histogram
	least, most time.Duration
	first       time.Duration
	any         bool
	sumDiff     float64 // of neighbours, milliseconds
	last        time.Duration
	diffs       int64
}

// Histograms hold 1 µs to 10 minutes with two significant digits: about 50 KB.
const (
	histLeast  = int64(time.Microsecond)
	histMost   = int64(10 * time.Minute)
	histDigits = 2
)

func newDist() *dist { return &dist{h: hdr.New(histLeast, histMost, histDigits)} }

func (d *dist) add(v time.Duration) {
	v = max(v, 0)
	_ = d.h.RecordValue(min(int64(v), histMost)) // in range by construction
	d.note(v)
}

// addCorrected also counts those who would have come by every step meanwhile.
func (d *dist) addCorrected(v, step time.Duration) {
	v = max(v, 0)
	_ = d.h.RecordCorrectedValue(min(int64(v), histMost), int64(step))
	d.note(v)
}

func (d *dist) note(v time.Duration) {
	if !d.any {
		d.any, d.least, d.most, d.first = true, v, v, v
	} else {
		d.sumDiff += inMillis(max(v-d.last, d.last-v))
		d.diffs++
	}
	d.least, d.most, d.last = min(d.least, v), max(d.most, v), v
}

// jitter is the mean difference between neighbours, in milliseconds.
func (d *dist) jitter() float64 {
	if d.diffs == 0 {
		return 0
	}
	return d.sumDiff / float64(d.diffs)
}

func (d *dist) spread() timing.Spread {
	if !d.any {
		return timing.Spread{}
	}
	at := func(p float64) float64 {
		return inMillis(min(max(time.Duration(d.h.ValueAtPercentile(p)), d.least), d.most))
	}
	return timing.Spread{Count: d.h.TotalCount(), Min: inMillis(d.least), P50: at(50), P90: at(90), P99: at(99), Max: inMillis(d.most)}
}

func (d *dist) timed(name string) timing.Timed {
	return timing.Timed{Name: name, Spread: d.spread(), FirstMS: inMillis(d.first)}
}

// reset forgets all.
func (d *dist) reset() {
	d.h.Reset()
	*d = dist{h: d.h}
}
